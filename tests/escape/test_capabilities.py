# SPDX-License-Identifier: Apache-2.0
"""Capabilities of jobs and of the daemon's processes (CVE-2022-24769, CVE-2022-29162, CVE-2016-8867: ambient and
inheritable ones; CVE-2014-8989, CVE-2022-36109: groups), and user namespaces in which one would have all of them."""

import os
import stat
import struct

import expect
import kernel
from case import case

SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
# chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, net_raw, sys_chroot, setfcap
DEFAULT = sum(1 << number for number in (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 31))
NET_ADMIN, NET_RAW, SETUID, SYS_ADMIN = 1 << 12, 1 << 13, 1 << 7, 1 << 21


def _sets(status):
    lines = dict(line.split(":\t", 1) for line in status.splitlines())
    return {name: int(lines[name], 16) for name in SETS} | {
        "Groups": lines["Groups"].split(),
        "NoNewPrivs": int(lines["NoNewPrivs"]),
    }


def _inside(w, handle, **fields):
    return _sets(w.run(handle, "cat /proc/self/status", **fields))


@case(backend="linux")
def jobs_have_few_capabilities_and_users_none(w):
    """CVE-2022-24769: inheritable and ambient capabilities; CVE-2022-36109: supplementary groups."""
    handle = w.create()
    root = _inside(w, handle, privileged=True)
    expect.equal([root[name] for name in SETS], [0, DEFAULT, DEFAULT, DEFAULT, 0])
    for fields in ({}, {"user": "1234"}, {"user": "nobody"}, {"no_new_privs": True}):
        user = _inside(w, handle, **fields)
        expect.equal([user[name] for name in SETS], [0, 0, 0, DEFAULT, 0], str(fields))
        expect.equal(user["Groups"], [])
        expect.equal(user["NoNewPrivs"], int(bool(fields.get("no_new_privs"))))


@case(backend="linux", config={"linux": {"capabilities": ["kill", "net_admin"]}})
def the_configured_capabilities_are_all_that_root_has(w):
    """The control of the bounding set: one with CAP_NET_ADMIN, and an empty one."""
    handle = w.create()
    expect.equal(_inside(w, handle, privileged=True)["CapEff"], 1 << 5 | NET_ADMIN)
    expect.equal(_inside(w, handle)["CapEff"], 0)
    expect.contains(w.daemon.log(), "linux.capabilities: root in containers has net_admin")
    w.run(handle, "ip link set lo down && ip link set lo up", privileged=True)
    w.daemon.settings["linux"]["capabilities"] = ["none"]
    w.daemon.restart()
    w.disconnect()
    expect.equal(_inside(w, w.create(), privileged=True)["CapBnd"], 0)


@case(backend="linux")
def root_inside_cannot_configure_the_network(w):
    """CAP_NET_ADMIN opens links, addresses, nf_tables and tc to root inside."""
    handle = w.create()
    name = f"w-{os.path.basename(w.path_of(handle))}"
    seen = w.c.run(handle, f"ip link set {name}-1 down; ip addr add 192.0.2.9/32 dev lo", privileged=True)
    expect.equal(seen.stderr.count(b"not permitted"), 2, str(seen.stderr))
    addresses = w.run(handle, "ip -o addr; ip -o link", privileged=True)
    expect.lacks(addresses, "192.0.2.9")
    expect.contains(addresses, "UP")


@case(backend="linux")
def files_give_rights_inside_and_none_with_no_new_privs(w):
    """Setuid root and cap_net_raw+ep; the control: without no_new_privs they give just that."""
    handle = w.create()
    strict = w.create(no_new_privs=True)
    for one in (handle, strict):
        w.run(one, "cp /bin/probe_rights /bin/suid; cp /bin/suid /bin/capable; chmod 4755 /bin/suid; "
              "probe_rights capable /bin/capable", privileged=True)  # fmt: skip
    expect.equal(_sets(w.run(handle, "/bin/suid status"))["CapEff"], DEFAULT)
    expect.equal(_sets(w.run(handle, "/bin/capable status"))["CapEff"], NET_RAW)
    for one, fields in ((handle, {"no_new_privs": True}), (strict, {})):
        for name in ("suid", "capable"):
            expect.equal(_sets(w.run(one, f"/bin/{name} status", **fields))["CapEff"], 0, name)


# What a file is given, as hexadecimal numbers: permitted, inheritable, effective or not; and what a user then has.
EVERYTHING = (1 << 41) - 1
FILES = {
    "net_raw+ei": (0, NET_RAW, 1, 0),
    "setuid+ep": (SETUID, 0, 1, SETUID),
    "all+p": (EVERYTHING, EVERYTHING, 0, 0),
    "sys_admin+ep": (SYS_ADMIN, 0, 1, None),  # the kernel refuses to run it
    "all+ep": (EVERYTHING, 0, 1, None),
}


def _give_files(w, handle, directory):
    """Gives a copy of probe_rights in this directory each of the capabilities."""
    for name, (permitted, inheritable, effective, _) in FILES.items():
        path = f"{directory}/{name}"
        script = f"cp /bin/probe_rights {path} && probe_rights capabilities {path} {permitted} {inheritable} {effective}"
        expect.equal(w.run(handle, script, privileged=True), "ok\n", name)
        seen = w.run(handle, f"probe_rights capabilities {path} {permitted} {inheritable} {effective}")
        expect.equal(seen, "EPERM\n", f"a user gives {name}")


def _run_outside(path):
    """The capabilities that nobody of the host has by this file if he is given it open."""
    file, (reading, writing) = os.open(path, os.O_RDONLY), os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(writing, 1)
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            os.execve(file, ["probe_rights", "status"], {})
        finally:
            os._exit(1)
    os.close(writing)
    with open(reading, encoding="ascii") as output:
        sets = _sets(output.read())
    expect.equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0, path)
    os.close(file)
    return sets


@case(backend="linux")
def capabilities_of_files_are_none_of_the_hosts(w):
    """cap_net_raw+ei, cap_setuid+ep and all of them on files: at most the bounding set inside, and nothing on the host."""
    shared = w.make_directory("shared", 0o777)
    handle = w.create(bind_mounts=[(shared, "/shared", "rw")])
    for directory in ("/bin", "/shared"):
        _give_files(w, handle, directory)
    for name, (*_, wanted) in FILES.items():
        seen = w.c.run(handle, f"exec /bin/{name} status")
        if wanted is None:
            expect.equal((seen.exit_status, seen.stdout), (126, b""), name)
            continue
        sets = _sets(seen.stdout.decode())
        expect.equal((sets["CapEff"], sets["CapInh"], sets["CapAmb"]), (wanted, 0, 0), name)
        expect.equal(sets["CapPrm"] & ~DEFAULT, 0, f"{name} beyond the bounding set")
        expect.equal(_sets(w.run(handle, f"/bin/{name} status", no_new_privs=True))["CapPrm"], 0, name)
        # In a bind mount they give nothing inside either: it is nosuid.
        expect.equal(_sets(w.run(handle, f"/shared/{name} status"))["CapPrm"], 0, name)
    for name in FILES:
        path = f"{shared}/{name}"
        # Revision 3, with the container's root: to any other root, the host's too, the file has none.
        revision, owner = struct.unpack("<I16xI", os.getxattr(path, "security.capability"))
        expect.equal((revision >> 24, owner % 65536), (3, 0), path)
        expect.true(owner >= w.range_start, "no root of the host gave them", path)
        sets = _run_outside(path)
        expect.equal((sets["CapPrm"], sets["CapEff"]), (0, 0), path)
    # The control: in the depot, which nobody may enter, root inside is root on the disk.
    path = next(f"{where}/setuid+ep" for where, _, names in os.walk(w.path_of(handle)) if "setuid+ep" in names)
    expect.equal(_run_outside(path)["CapEff"], SETUID)
    expect.equal(stat.S_IMODE(os.stat(w.daemon.depot).st_mode), 0o700)


def _status(pid):
    return _sets(kernel.read(f"/proc/{pid}/status"))


@case(backend="linux")
def the_daemons_processes_keep_what_they_use(w):
    """Who takes over the daemon, its helpers or wshd has what these did not drop."""
    handle = w.create()
    job = w.spawn_ready(handle, "echo; sleep 600")
    daemon, init = w.daemon.pid, w.init_of(handle)
    everything = _status(os.getpid())["CapPrm"]
    seen = {"daemon": _status(daemon)}
    for pid in kernel.children(daemon):
        seen[f"{kernel.read(f'/proc/{pid}/comm').strip()} {pid}"] = _status(pid)
    for pid in (init, *kernel.children(init)):
        seen[f"wshd {pid}"] = _status(pid)
    for name, sets in seen.items():
        expect.equal((sets["CapInh"], sets["CapAmb"]), (0, 0), name)
        expect.true(sets["CapPrm"] != everything, f"{name} gave some up", sets)
        # module, rawio, boot, time, mac, audit, syslog, bpf
        expect.equal(sets["CapPrm"] & (3 << 16 | 1 << 22 | 1 << 25 | 3 << 32 | 3 << 29 | 1 << 34 | 1 << 39), 0, name)
    # setpcap, net_raw, sys_chroot, mknod, setfcap
    expect.equal(seen["daemon"]["CapPrm"] & (1 << 8 | NET_RAW | 1 << 18 | 1 << 27 | 1 << 31), 0, "the daemon")
    # Permitted is also what exec gives to a job of root; setpcap, net_raw, ptrace.
    expect.equal(seen[f"wshd {init}"]["CapEff"] & (NET_ADMIN | NET_RAW | 1 << 8 | 1 << 19), 0, "wshd")
    expect.equal(seen[f"wshd {init}"]["CapPrm"] & (NET_ADMIN | 1 << 19), 0, "wshd")
    w.c.stop(handle, kill=True)
    w.c.link(handle, job)


@case(backend="linux")
def nobody_inside_makes_a_user_namespace(w):
    """Bounding set and no_new_privs end at a nested user namespace."""
    handle = w.create(seccomp="unconfined")
    for privileged in (False, True):
        for flags in (0x10000000, 0x10000000 | 0x20000, 0x10000000 | 0x40000000):
            seen = w.run(handle, f"probe unshare {flags}", privileged=privileged).strip()
            expect.contains(("EPERM", "ENOSPC", "ENOSYS"), seen)
        seen = w.c.run(handle, "echo 100 > /proc/sys/user/max_user_namespaces", privileged=privileged)
        expect.true(seen.exit_status != 0, "the limit cannot be raised", seen)
        expect.equal(w.run(handle, "cat /proc/sys/user/max_user_namespaces", privileged=privileged), "0\n")


@case(backend="linux")
def ids_of_containers_are_in_ranges_of_their_own(w):
    """Two containers, or a user of the host, share an id, after a release or a restart too."""
    seen = []
    handles = [w.create(), w.create()]
    w.c.destroy(handles.pop(0))
    handles.append(w.create())
    w.daemon.restart()
    w.disconnect()
    handles.append(w.create())
    for handle in handles:
        inside, first, count = w.run(handle, "cat /proc/self/uid_map").split()
        expect.equal((inside, count), ("0", "65536"))
        seen.append(int(first))
        expect.equal(w.run(handle, "probe_rights become 65536", privileged=True), "EINVAL\n")
    expect.equal(len(set(seen)), len(handles))
    for first in seen:
        expect.equal((first - w.range_start) % 65536, 0)
        expect.true(first >= w.range_start, "in the range", first)
