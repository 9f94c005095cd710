# SPDX-License-Identifier: Apache-2.0
"""What containers leave on the host's disk (CVE-2021-41091, CVE-2025-64507, CVE-2021-21284): setuid, setgid and capable
files in the depot, in copies and in tar streams, which a user of the host could execute."""

import fcntl
import io
import os
import signal
import stat
import struct
import tarfile

import expect
import warden
from case import Skip, case

NOBODY = 65534
FS_IOC_GETFLAGS, FS_IOC_SETFLAGS = 0x80086601, 0x40086602
LEAVE = (
    "set -e; mkdir -p {0}; cp /bin/probe_rights {0}/suid; cp /bin/probe_rights {0}/sgid; cp /bin/probe_rights {0}/capable;"
    "chmod 4755 {0}/suid; chmod 2755 {0}/sgid; chmod 755 {0}/capable; mkdir {0}/folder; chmod 2775 {0}/folder;"
    "chmod 777 {0}; probe_rights capable {0}/capable; probe_rights attribute {0}/suid user.mark"
)
NAMES = ("suid", "sgid", "capable")


def _as_nobody(function, *arguments):
    """Whether a user of the host can do it."""
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        try:
            function(*arguments)
            os._exit(0)
        except OSError:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def _stripped(directory):
    """No file below has a set-id bit or an attribute."""
    seen = 0
    for parent, folders, names in os.walk(directory):
        for name in (*folders, *names):
            path = f"{parent}/{name}"
            expect.equal((oct(_mode(path) & 0o6000), os.listxattr(path)), (oct(0), []), path)
            seen += 1
    expect.true(seen >= 4, "files", seen)


@case(backend="linux")
def users_of_the_host_reach_nothing_in_the_depot(w):
    """CVE-2021-41091: setuid, setgid and capable files in the depot; the control: another mode."""
    handle = w.create()
    w.run(handle, LEAVE.format("/left"), privileged=True)
    expect.equal(_mode(w.daemon.depot), 0o700)
    found = [f"{parent}/suid" for parent, _, names in os.walk(w.path_of(handle)) if "suid" in names]
    expect.true(found, "the file lies in the depot", found)
    for path in found:
        for attempt in (os.stat, open, os.listxattr):
            expect.true(not _as_nobody(attempt, path), "nobody is kept out", path)
        expect.true(not _as_nobody(os.link, path, f"{w.directory}/link"), "nobody is kept out", path)
        expect.equal(os.stat(path).st_nlink, 1)
    # The control: the mode of the depot is what keeps them out.
    container = w.path_of(handle)
    for path in (w.daemon.depot, container, f"{container}/tmp", f"{container}/tmp/rootfs"):
        os.chmod(path, 0o755)
    reached = any(_as_nobody(os.stat, path) for path in found)
    os.chmod(w.daemon.depot, 0o700)
    expect.true(reached, "with another mode they reach it", found)


@case(daemon=False)
def a_depot_that_others_may_enter_is_mended_or_refused(w):
    """An operator's depot that has another mode than 0700."""
    os.makedirs(w.daemon.depot)
    os.chmod(w.daemon.depot, 0o755)
    w.daemon.start()
    expect.equal(_mode(w.daemon.depot), 0o700)
    w.create()
    w.disconnect()
    w.daemon.stop()
    os.chmod(w.daemon.depot, 0o755)
    w.daemon.launch()
    expect.equal(w.daemon.wait(), 1)
    with open(f"{w.directory}/output", encoding="utf-8") as output:
        expect.contains(output.read(), "is not empty and not private (mode 0755)")
    os.chmod(w.daemon.depot, 0o700)
    w.daemon.start()


@case(backend="linux")
def copies_out_have_no_privileges_unless_asked_for(w):
    """A copy keeps setuid bits, and root of the host owns the result."""
    handle = w.create()
    w.run(handle, LEAVE.format("/left"), privileged=True)
    plain, kept = w.make_directory("plain"), w.make_directory("kept")
    w.c.call(warden.CopyOutRequest(handle=handle, src_path="/left/", dst_path=plain))
    _stripped(plain)
    w.c.call(warden.CopyOutRequest(handle=handle, src_path="/left/", dst_path=kept, keep_modes=True))
    expect.equal((_mode(f"{kept}/suid"), _mode(f"{kept}/sgid")), (0o4755, 0o2755))
    for name in NAMES:
        expect.equal(os.listxattr(f"{kept}/{name}"), [], name)


def _tar_out(w, handle, **fields):
    """The members of /left as a stream has them."""
    w.c.send(warden.TarOutRequest(handle=handle, src_path="/left", **fields))
    data = b""
    while True:
        answer = w.c.receive()
        data += answer.data or b""
        if answer.end:
            break
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {os.path.basename(member.name): member for member in tar}


@case(backend="linux")
def tar_streams_have_no_privileges_unless_asked_for(w):
    """A stream has setuid bits and is unpacked by root of the host."""
    handle = w.create()
    w.run(handle, LEAVE.format("/left"), privileged=True)
    for member in _tar_out(w, handle).values():
        expect.equal(oct(member.mode & 0o6000), oct(0), member.name)
        expect.equal([name for name in member.pax_headers if "xattr" in name.lower()], [], member.name)
    members = _tar_out(w, handle, keep_modes=True)
    expect.equal((members["suid"].mode & 0o7777, members["sgid"].mode & 0o7777), (0o4755, 0o2755))


@case(backend="linux")
def files_in_a_writable_bind_mount_are_never_roots(w):
    """CVE-2025-64507: root inside makes files and devices in a client's directory."""
    for owner in (0, NOBODY):
        source = w.make_directory(f"source{owner}", 0o777)
        os.chown(source, owner, owner)
        handle = w.create(bind_mounts=[(source, "/m", "rw")])
        w.c.run(handle, LEAVE.format("/m/x"), privileged=True)
        w.c.run(handle, LEAVE.format("/m/y"))
        w.c.run(handle, "probe mknod /m/node b 8 0; probe mknod /m/node c 1 1; mkfifo /m/fifo", privileged=True)
        for parent, folders, names in os.walk(source):
            for name in (*folders, *names):
                seen = os.lstat(f"{parent}/{name}")
                expect.true(seen.st_uid != 0 and seen.st_gid != 0, "not root's", f"{parent}/{name} {seen}")
                expect.true(not stat.S_ISBLK(seen.st_mode) and not stat.S_ISCHR(seen.st_mode), "no device", name)
        options = [line.split() for line in w.run(handle, "cat /proc/self/mounts").splitlines()]
        options = {words[1]: words[3].split(",") for words in options}
        expect.contains(options["/m"], "nosuid")
        expect.contains(options["/m"], "nodev")
        expect.contains(options["/"], "nodev")


IMMUTABLE, APPEND_ONLY = 0x10, 0x20
# Files, full and empty directories and the root itself.
FLAGGED = ("kept/file", "kept/log", "kept/deep/er/file", "kept/deep/er", "kept/deep", "kept/empty", "kept", "etc", "")
MAKE = "mkdir -p /kept/deep/er /kept/empty; touch /etc/own; for f in file log deep/er/file; do echo kept >/kept/$f; done"


def _flags_of(name):
    return APPEND_ONLY if name in ("kept/log", "kept/empty") else IMMUTABLE


def _flag_outside(top):
    """What nobody inside can do, done by root of the host: flags that keep even root from a removal."""
    for name in FLAGGED:
        file = os.open(f"{top}/{name}", os.O_RDONLY)
        try:
            (flags,) = struct.unpack("i", fcntl.ioctl(file, FS_IOC_GETFLAGS, bytes(4)))
            fcntl.ioctl(file, FS_IOC_SETFLAGS, struct.pack("i", flags | _flags_of(name)))
        except OSError as error:
            raise Skip(f"the depot's file system has no such flags: {error}") from error
        finally:
            os.close(file)


@case(backend="linux", config={"linux": {"capabilities": ["default", "linux_immutable"]}})
def what_is_immutable_is_removed_with_its_container(w):
    """CVE-2018-11084: chattr +i and +a, as root with CAP_LINUX_IMMUTABLE too; a destroy, or the next daemon, removes all."""
    for killed in (False, True):
        handle = w.create(seccomp="unconfined")
        w.run(handle, MAKE, privileged=True)
        script = ";".join(f"probe_rights flags /{name} {_flags_of(name)}" for name in FLAGGED)
        expect.equal(set(w.run(handle, script, privileged=True).split()), {"EPERM"})
        expect.equal(set(w.run(handle, script).split()), {"EPERM"})
        top = f"{w.path_of(handle)}/tmp/rootfs"
        _flag_outside(top)
        for attempt in (lambda path: os.unlink(path), lambda path: os.rename(path, f"{path}2")):
            try:
                attempt(f"{top}/kept/file")
                expect.fail("root of the host is refused", "it removed the file")
            except PermissionError:
                pass
        init = w.init_of(handle)
        if killed:
            w.disconnect()
            w.daemon.kill()
            os.kill(init, signal.SIGKILL)
            w.daemon.start()
        else:
            w.c.destroy(handle)
        expect.eventually(lambda: os.listdir(f"{w.daemon.depot}/tmp") == [], "all is removed", 10)
        expect.equal(w.c.list(), [])
