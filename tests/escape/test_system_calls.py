# SPDX-License-Identifier: Apache-2.0
"""System calls that reach more of the kernel than jobs need, made in every way that this kernel has."""

import os
import stat

import expect
from case import case

REFUSED = ("EPERM", "ENOSYS")
# What an ordinary user reaches without a filter, on every kernel that is tested.
REACHED = (
    "io_uring_setup",
    "io_uring_register",
    "userfaultfd",
    "keyctl",
    "add_key",
    "request_key",
    "modify_ldt",
    "kcmp",
    "move_pages",
    "set_mempolicy",
    "setns",
    "clone3",
    "personality",
    "ioctl-TIOCSTI",
    "ioctl-TIOCLINUX",
    "ioctl-TIOCSETD",
    "ioctl-SIOCGIFBR",
    "ioctl-SIOCGIFVLAN",
    "socket-vsock",
    "socket-alg",
    "socket-netfilter",
)
# What wshd's own filter, which is no profile, refuses to all.
FOR_ALL = ("open_by_handle_at", "quotactl", "swapon", "reboot", "settimeofday", "syslog", "init_module", "kexec_load")


def _attempts(w, handle, **fields):
    """The results of all attempts, by name and way."""
    seen = {}
    for line in w.run(handle, "probe_syscalls", **fields).splitlines():
        name, way, result = line.split()
        seen[name, way] = result
    expect.true(len(seen) > 150, "all attempts are made", seen)
    return seen


def _check_refused(seen, profile):
    passed = {
        attempt: result
        for attempt, result in seen.items()
        # What stands for "there is no audit system" to those that ask.
        if result not in REFUSED and (attempt[0], result) != ("socket-audit", "EPROTONOSUPPORT")
    }
    expect.equal(passed, {}, f"calls that reach the kernel under {profile}")
    for way in ("native", "high", "x32"):
        expect.equal(seen["1000", way], "ENOSYS", "an unknown call")
        expect.equal(seen["clone3", way], "ENOSYS", "clone3")


@case(backend="linux")
def a_profile_refuses_calls_in_every_way(w):
    """CVE-2019-10063, CVE-2021-41133: high bits, int 0x80, x32, new numbers pass a filter; io_uring, keys, bpf."""
    handle = w.create()
    for profile in ("default", "judge"):
        for privileged in (False, True):
            _check_refused(_attempts(w, handle, seccomp=profile, privileged=privileged), profile)
    # Without a profile the same attempts reach the kernel.
    seen = _attempts(w, handle, seccomp="unconfined")
    for name in REACHED:
        expect.lacks(REFUSED, seen[name, "native"], f"{name} of an unconfined job")
    seen = _attempts(w, handle, seccomp="unconfined", privileged=True)
    for name in FOR_ALL:
        expect.equal(seen[name, "native"], "EPERM", f"{name} of an unconfined job of root")


@case(backend="linux")
def each_kind_of_job_is_filtered(w):
    """CVE-2019-12589: a way to start a process leaves out the filter: scripts, commands, terminals, shells, pairs."""
    handle = w.create()
    script = "grep -E '^Seccomp(_filters)?:' /proc/self/status | cut -f 2 | xargs"
    command = ["/bin/sh", "-c", script]
    for fields in ({}, {"privileged": True}, {"own_cgroup": True}, {"user": "1234:1234"}):
        expect.equal(w.run(handle, script, **fields), "2 2\n", f"mode and filters of a job with {fields}")
        expect.equal(w.c.run(handle, argv=command, **fields).stdout, b"2 2\n")
        expect.equal(w.run(handle, script, seccomp="unconfined", **fields), "2 1\n", "filters of an unconfined job")
        expect.equal(w.run(handle, script, seccomp="judge", **fields), "2 2\n", "filters of a judge's job")
    job = w.c.spawn(handle, argv=command, terminal=True)
    expect.equal(w.c.link(handle, job).stdout.strip(), b"2 2")
    socket = f"{w.path_of(handle)}/run/wshd.sock"
    shell = w.program("wsh", "--socket", socket, *command)
    expect.equal(shell.stdout, b"2 2\n", "filters of a shell")
    w.daemon.restart()
    w.disconnect()
    expect.equal(w.run(handle, script), "2 2\n", "filters after a restart")
    expect.equal(w.program("wsh", "--socket", socket, *command).stdout, b"2 2\n", "of a shell after a restart")


@case(backend="linux")
def no_setuid_file_comes_into_a_writable_bind_mount(w):
    """CVE-2025-64507: a setuid file in a directory of the host is run by a user there, with its owner's rights."""
    setid = stat.S_ISUID | stat.S_ISGID
    attempts = (
        "cp /bin/cat /shared/a; chmod 6755 /shared/a; chmod u+s /shared/a; chmod g+s /shared/a",
        "mkdir -m 2775 /shared/c",
        "probe_modes /shared",
    )
    for seccomp in (None, "judge", "unconfined"):
        for privileged in (False, True):
            source = w.make_directory(f"shared-{seccomp}-{privileged}")
            os.chmod(source, 0o777)
            handle = w.create(bind_mounts=[(source, "/shared", "rw")], seccomp=seccomp)
            for attempt in attempts:
                w.c.run(handle, attempt, privileged=privileged)
            made = [os.path.join(where, name) for where, *names in os.walk(source) for name in sum(names, [])]
            expect.true(len(made) >= 20, "files are made", made)
            found = [path for path in made if os.lstat(path).st_mode & setid]
            if seccomp == "unconfined":
                expect.true(len(found) > 20, "an unconfined job makes setuid files", found)
            else:
                expect.equal(found, [], "setuid files of the host")
    # Without writable bind mounts nobody on the host reaches them.
    handle = w.create(bind_mounts=[(source, "/shared", "ro")])
    expect.equal(w.run(handle, "cp /bin/cat x; chmod 4755 x; stat -c %a x"), "4755\n")
