# SPDX-License-Identifier: Apache-2.0
"""Profiles of system calls: who chooses them, what they permit, and what outlives the daemon."""

import json
import re
import shutil

import expect
import warden
from case import Skip, case

# An own socket of each family: 1 is unix, 2 the Internet.
_SOCKETS = "probe socket 1 1 0; probe socket 2 1 0"


def _sockets(w, handle, **fields):
    return w.run(handle, _SOCKETS, **fields).split()


@case(backend="linux")
def a_job_has_the_profile_of_its_container_or_its_own(w):
    """The container's profile is the default of its jobs, the configured one that of containers."""
    judge, usual = w.create(seccomp="judge"), w.create()
    expect.equal((w.c.info(judge).seccomp, w.c.info(usual).seccomp), ("judge", "default"))
    expect.equal(_sockets(w, judge), ["ok", "EPERM"])
    expect.equal(_sockets(w, judge, seccomp="default"), ["ok", "ok"])
    expect.equal(_sockets(w, usual), ["ok", "ok"])
    expect.equal(_sockets(w, usual, seccomp="judge"), ["ok", "EPERM"])
    for handle in (judge, usual):
        expect.equal(w.run(handle, "probe unshare 0x10000000").strip(), "EPERM")
        expect.equal(w.run(handle, "probe unshare 0x10000000", seccomp="unconfined").strip(), "ENOSPC")


@case(backend="linux")
def a_recovered_container_keeps_its_profile(w):
    """It is in the snapshot; filters come from the daemon that starts the job."""
    judge = w.create(seccomp="judge")
    w.daemon.restart()
    w.disconnect()
    expect.equal(w.c.info(judge).seccomp, "judge")
    expect.equal(_sockets(w, judge), ["ok", "EPERM"])
    expect.equal(_sockets(w, judge, seccomp="default"), ["ok", "ok"])


@case(backend="linux", config={"linux": {"seccomp_default": "judge"}})
def the_configured_profile_is_that_of_containers_without_one(w):
    """linux.seccomp_default."""
    handle = w.create()
    expect.equal(w.c.info(handle).seccomp, "judge")
    expect.equal(_sockets(w, handle), ["ok", "EPERM"])


@case(backend="linux")
def an_unknown_profile_is_an_error_that_lists_those_there_are(w):
    """Of create and of jobs."""
    text = "seccomp: there is no profile strict, but there are: default, judge, unconfined"
    expect.error(text, w.create, seccomp="strict")
    handle = w.create()
    expect.error(text, w.c.run, handle, "true", seccomp="strict")
    expect.equal(w.run(handle, "echo fine"), "fine\n")


@case(backend="linux", config={"linux": {"setuid_modes": "always"}})
def setuid_modes_can_be_allowed_everywhere(w):
    """linux.setuid_modes always."""
    source = w.make_directory("shared", 0o777)
    handle = w.create(bind_mounts=[(source, "/shared", "rw")])
    expect.equal(w.run(handle, "cp /bin/cat /shared; chmod 4755 /shared/cat; stat -c %a /shared/cat"), "4755\n")


@case(backend="linux", config={"linux": {"setuid_modes": "never"}})
def setuid_modes_can_be_refused_everywhere(w):
    """linux.setuid_modes never."""
    handle = w.create()
    expect.equal(w.run(handle, "cp /bin/cat x; chmod 4755 x 2>/dev/null; stat -c %a x"), "755\n")


@case(backend="linux", config={"server": {"allow_nested_warden": True}})
def a_container_that_may_run_a_warden_has_no_filter(w):
    """It needs what a filter refuses; info, doctor and a create that names a profile say so."""
    handle = w.create()
    expect.equal(w.c.info(handle).seccomp, "off: server.allow_nested_warden")
    expect.equal(w.run(handle, "grep Seccomp: /proc/self/status"), "Seccomp:\t0\n")
    text = "seccomp: profile judge: filters are off: server.allow_nested_warden"
    expect.error(text, w.create, seccomp="judge")
    expect.error(text, w.c.run, handle, "true", seccomp="judge")
    expect.contains(w.command("doctor").stdout.decode(), "a job may use every system call of the kernel")


@case(backend="fake")
def a_fake_container_has_no_profile_but_the_default(w):
    """It filters nothing, so it must not answer success for a profile."""
    text = "seccomp: a fake container filters no system calls, so it has no profile judge"
    expect.error(text, w.create, seccomp="judge")
    handle = w.create(seccomp="default")
    expect.error(text, w.c.run, handle, "true", seccomp="judge")
    expect.equal(w.run(handle, "echo fine", seccomp="default"), "fine\n")


# What a profile of Docker's form says: an allow list with a condition of each kind.
_DENY = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [
        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28},
        {"name": "socket", "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]},
        {"names": ["sethostname"], "action": "SCMP_ACT_KILL", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"names": ["symlink", "symlinkat"], "action": "SCMP_ACT_ERRNO", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"names": ["link", "linkat"], "action": "SCMP_ACT_ERRNO", "includes": {"minKernel": "99.0"}},
    ],
}


@case(backend="linux")
def a_profile_of_the_operator_has_the_form_of_oci_runtimes(w):
    """linux.seccomp_profiles: actions, errno, arguments, and Docker's conditions."""
    file = w.file("deny.json", json.dumps(_DENY))
    w.daemon.settings.setdefault("linux", {})["seccomp_profiles"] = [f"mine={file}"]
    w.daemon.restart()
    w.disconnect()
    handle = w.create(seccomp="mine")
    expect.equal(w.c.info(handle).seccomp, "mine")
    expect.equal(_sockets(w, handle), ["ok", "EPERM"])
    seen = w.c.run(handle, "mkdir a; ln -s x b; echo x > c; ln c d && echo linked; hostname")
    expect.matches(seen.stderr.decode(), r".*a.*: No space left on device\n.*b.*: Operation not permitted\n")
    expect.contains(seen.stdout.decode(), "linked\n")
    source = w.make_directory("shared", 0o777)
    handle = w.create(bind_mounts=[(source, "/shared", "rw")], seccomp="mine")
    script = "cp /bin/cat /shared; chmod 4755 /shared/cat 2>/dev/null; stat -c %a /shared/cat"
    expect.equal(w.run(handle, script), "755\n")


def _profile(key, value):
    """A profile with one entry, of which a key has that value."""
    entry = {"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", key: value}
    return json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [entry]})


# The shape of Docker's default profile: a list of what is allowed, by architecture, kernel and capability.
_ALLOW = {
    "defaultAction": "SCMP_ACT_ERRNO",
    "defaultErrnoRet": 1,
    "archMap": [
        {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]},
        {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]},
    ],
    "syscalls": [
        {
            "names": (
                "access arch_prctl brk chdir clone clone3 close close_range dup dup2 dup3 execve execveat exit exit_group "
                "faccessat faccessat2 fadvise64 fchdir fcntl fstat futex getcwd getdents64 getegid geteuid getgid getpgrp "
                "getpid getppid getrandom getrlimit getuid ioctl lseek mmap mprotect munmap newfstatat open openat pipe "
                "pipe2 poll pread64 prlimit64 read readlink rseq rt_sigaction rt_sigprocmask rt_sigreturn set_robust_list "
                "set_tid_address stat statfs statx sysinfo umask uname unlink unlinkat vfork wait4 write writev"
            ).split(),
            "action": "SCMP_ACT_ALLOW",
        },
        {"names": ["no_such_call"], "action": "SCMP_ACT_ALLOW", "comment": "newer than libseccomp"},
        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
        {"names": ["symlink", "symlinkat"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["no-such-arch"]}},
        {"names": ["link", "linkat"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"names": ["rename", "renameat", "renameat2"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
        {
            "names": ["personality"],
            "action": "SCMP_ACT_ALLOW",
            "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}],
        },
        {
            "names": ["socket"],
            "action": "SCMP_ACT_ALLOW",
            "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_NE"}, {"index": 1, "value": 9, "op": "SCMP_CMP_LE"}],
        },
        {
            "names": ["unshare"],
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": 38,
            "args": [{"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}],
        },
        *(
            {"names": ["tee"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 2, "value": 3, "op": f"SCMP_CMP_{op}"}]}
            for op in ("LT", "GE", "GT")
        ),
    ],
}


@case(backend="linux")
def a_profile_of_the_shape_of_dockers_default_is_in_force(w):
    """Kernel, architecture and capabilities decide which entries apply; what is not listed is refused."""
    file = w.file("allow.json", json.dumps(_ALLOW))
    w.daemon.settings.setdefault("linux", {})["seccomp_profiles"] = [f"allow={file}"]
    w.daemon.restart()
    w.disconnect()
    handle = w.create(seccomp="allow")
    for script, error in (
        ("mkdir a && echo fine", ""),
        ("echo x > c && mv c d && echo fine", ""),
        ("ln -s x b", "Operation not permitted"),
        ("echo x > e; ln e f", "Operation not permitted"),
        ("chmod 700 .", "Operation not permitted"),
    ):
        seen = w.c.run(handle, script)
        expect.equal(seen.stdout, b"" if error else b"fine\n", f"{script}: {seen.stderr}")
        expect.contains(seen.stderr.decode(), error, script)


@case(backend="linux")
def a_damaged_profile_keeps_the_daemon_from_starting(w):
    """The error names the key, the file and the place."""
    for text, error in (
        ("{", r"deny.json:1: "),
        ('{"defaultAction": "SCMP_ACT_NOTIFY", "syscalls": []}', "action SCMP_ACT_NOTIFY is unknown or not supported"),
        ('{"defaultAction": "SCMP_ACT_ALLOW"}', "syscalls is no array"),
        (
            '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["x"], "action": "SCMP_ACT_KILL"}]}',
            r"syscalls\[0\]: call x is not known",
        ),
        (_profile("errnoRet", "EPERM"), r"syscalls\[0\]: errnoRet is no number"),
        (_profile("errnoRet", 0), "errnoRet is no number from 1 to 4095"),
        (_profile("args", [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]), "an argument has no index from 0 to 5"),
        (_profile("args", [{"index": 0, "value": "1", "op": "SCMP_CMP_EQ"}]), "value or valueTwo of argument 0 is no"),
        (_profile("args", [{"index": 0, "value": 1, "op": "EQ"}]), "op EQ is unknown"),
        (_profile("args", [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}] * 7), "it has more than 6 args"),
        (_profile("names", [5]), "name 0 is no text"),
        (_profile("names", None), "it has no names"),
        ('{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG"], "syscalls": []}', "flag SECCOMP_"),
    ):
        file = w.file("deny.json", text)
        w.daemon.settings.setdefault("linux", {})["seccomp_profiles"] = [f"mine={file}"]
        if w.daemon.alive:
            w.daemon.stop()
        w.daemon.launch()
        expect.true(w.daemon.wait() != 0, "an exit status that is not 0")
        expect.true(re.search(rf"linux.seccomp_profiles: mine: .*{error}", w.daemon.log()), error, w.daemon.log())
    del w.daemon.settings["linux"]["seccomp_profiles"]
    w.daemon.start()


# Programs of the host, each with what it does to start threads, children, sockets and mappings.
_PROGRAMS = {
    "gcc": "printf 'int main(void){return 0;}' > a.c && gcc -O2 -pthread -o a a.c && ./a && echo fine",
    "clang": "printf 'int main(void){return 0;}' > b.c && clang -o b b.c && ./b && echo fine",
    "python3": "python3 -c 'import socket, subprocess, threading; socket.create_server((\"127.0.0.1\", 0)); "
    "subprocess.run([\"true\"], check=True); "
    "t = threading.Thread(target=print, args=(\"fine\",)); t.start(); t.join()'",
    "node": "node -e 'require(\"net\").createServer().listen(0, function () { this.close(); "
    "require(\"child_process\").execFileSync(\"true\"); console.log(\"fine\"); })'",
    "java": "printf 'class A { public static void main(String[] a) throws Exception { Thread t = new Thread(() -> "
    "System.out.println(\"fine\")); t.start(); t.join(); } }' > A.java && java A.java",
    "go": "printf 'package main\\nfunc main() { c := make(chan int); go func() { c <- 1 }(); <-c }' > c.go && "
    "GOCACHE=$PWD/g go run c.go && echo fine",
    "sqlite3": "sqlite3 d.db 'pragma journal_mode=wal; create table t(x); insert into t values(1);' && echo fine",
    "perl": "perl -e 'print `echo fine`'",
    "git": "git init -q r && echo fine",
}


@case(backend="linux", limit=300)
def programs_run_under_the_default_profile(w):
    """Compilers, interpreters, the JVM and databases that this machine has."""
    try:
        handle = w.create(rootfs="/")
    except warden.WardenError as refused:  # its own file systems may not be layers
        raise Skip(f"no container of the host's programs: {refused}") from refused
    path = "/usr/local/bin:/usr/bin:/bin"
    for name, script in _PROGRAMS.items():
        if not shutil.which(name, path=path):
            continue
        seen = w.c.run(handle, script, env=[f"PATH={path}"])
        expect.true(seen.exit_status == 0 and seen.stdout.strip().endswith(b"fine"), f"{name} runs", seen)
