# SPDX-License-Identifier: Apache-2.0
"""release_agent of the control groups of v1: a program that the kernel runs as root of the host, outside of all namespaces,
when a group has become empty (CVE-2022-0492)."""

import contextlib
import os

import expect
import kernel
from case import Skip, case

SYS_ADMIN = {"linux": {"capabilities": ["default", "sys_admin", "mknod", "dac_override"]}}
V1 = ("memory", "cpu", "cpuacct", "cpuset", "devices", "freezer", "blkio", "pids", "net_cls", "rdma", "misc", "none,name=systemd",
      "none,name=warden-canary", "")  # fmt: skip
WHERE = "/tmp/group"


def _hierarchies():
    """Where this machine has hierarchies of v1."""
    mounts = [line.split() for line in kernel.read("/proc/self/mounts").splitlines()]
    return [words[1] for words in mounts if words[2] == "cgroup"]


def _state(ids):
    """What the kernel runs for each hierarchy, and whether for the groups of these containers."""
    seen = {}
    for top in _hierarchies():
        seen[top] = kernel.read(f"{top}/release_agent")
        for where, _, names in os.walk(top):
            if "notify_on_release" in names and any(where.endswith(id_) for id_ in ids):
                seen[where] = kernel.read(f"{where}/notify_on_release")
    return seen


def _script(program):
    """Mounts each kind of hierarchy in each way; in what appears, makes a group that tells of its end, and empties it."""
    script = f"mkdir -p {WHERE}; "
    for options in V1:
        script += f"mount -t cgroup -o '{options}' x {WHERE} && {{ use {WHERE}; umount {WHERE}; }}; "
    script += f"mount -t cgroup2 x {WHERE} && {{ use {WHERE}; umount {WHERE}; }}; "
    script += "for d in /sys/fs/cgroup /sys/fs/cgroup/*; do use $d; done; "
    use = f"""use() {{
        echo {program} > $1/release_agent; echo 1 > $1/notify_on_release; find $1 -name release_agent -o -name cgroup.procs
        mkdir $1/canary && {{ echo {program} > $1/canary/release_agent; echo 1 > $1/canary/notify_on_release
        sh -c "echo \\$\\$ > $1/canary/cgroup.procs"; sleep 0.1; rmdir $1/canary; }}; }}
    """
    return f"{use}{script}"


@contextlib.contextmanager
def _program(w):
    """A program of the host that leaves a mark; yields its path and a function that counts the marks."""
    marks = f"{w.directory}/marks"
    yield w.file("agent", f"#!/bin/sh\nid -u >>{marks}\n", 0o755), lambda: len(kernel.read(marks).split())


@case(backend="linux", limit=60, config=SYS_ADMIN)
def nobody_inside_names_a_release_agent(w):
    """CVE-2022-0492: R mounts v1, named v1 and v2, with CAP_SYS_ADMIN and also after unshare -C; writes to all that appears."""
    handle, plain = w.create(seccomp="unconfined"), w.create()
    ids = [os.path.basename(w.path_of(one)) for one in (handle, plain)]
    with _program(w) as (program, marks):
        before = _state(ids)
        expect.true(len(before) > 4 or not _hierarchies(), "groups of both containers", before)
        script = _script(program)
        for one, fields in ((plain, {}), (plain, {"privileged": True}), (handle, {}), (handle, {"privileged": True})):
            w.c.run(one, script, **fields)
            for flags in ("-C", "-m -C", "-r -m -C", "-U -m -C"):
                w.c.run(one, f"unshare {flags} /bin/sh -c '{script.replace(chr(39), chr(34))}'", **fields)
        for one in (handle, plain):
            w.c.stop(one, kill=True)
        expect.equal(_state(ids), before)
        for one in (handle, plain):
            w.c.destroy(one)
        expect.equal(marks(), 0, "runs of the program")


@case(backend="linux", daemon=False)
def a_release_agent_of_the_hosts_root_runs(w):
    """The control, in the virtual machine: the same done by root of the host runs the program."""
    if not os.environ.get("WARDEN_VM"):
        raise Skip("a release agent is the machine's: only in the virtual machine")
    top = w.make_directory("hierarchy")
    kernel.mount("x", top, "cgroup", data="none,name=warden-canary")
    with _program(w) as (program, marks):
        try:
            for name, text in (("release_agent", program), ("notify_on_release", "1")):
                with open(f"{top}/{name}", "w", encoding="ascii") as file:
                    file.write(text)
            os.mkdir(f"{top}/canary")
            pid = os.fork()
            if pid == 0:
                with open(f"{top}/canary/cgroup.procs", "w", encoding="ascii") as file:
                    file.write("0")
                os._exit(0)
            os.waitpid(pid, 0)
            expect.eventually(lambda: marks() == 1, "the program runs")
        finally:
            with contextlib.suppress(OSError):
                os.rmdir(f"{top}/canary")
            with open(f"{top}/release_agent", "w", encoding="ascii") as file:
                file.write("\n")
            kernel.umount(top)
