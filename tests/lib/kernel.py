# SPDX-License-Identifier: Apache-2.0
"""System calls that Python's library does not have, and information about processes from /proc."""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import time

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x1, 0x2, 0x20, 0x1000, 0x4000, 1 << 18

# File systems without files of the machine.
_KERNELS_OWN = {"proc", "sysfs", "cgroup", "cgroup2", "devpts", "devtmpfs", "mqueue", "bpf", "debugfs", "tracefs"}

_PR_SET_CHILD_SUBREAPER = 36
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags):
    """unshare(2)."""
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(fd, flags):
    """setns(2)."""
    _checked(_libc.setns(ctypes.c_int(fd), ctypes.c_int(flags)), "setns")


def mount(source, target, fstype=None, flags=0, data=None):
    """mount(2)."""
    texts = [None if text is None else os.fsencode(text) for text in (source, target, fstype, data)]
    arguments = (texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3])
    _checked(_libc.mount(*arguments), f"mount {source} on {target}")


def umount(target):
    """umount2(2) with MNT_DETACH."""
    _checked(_libc.umount2(os.fsencode(target), 2), f"umount {target}")


def become_subreaper():
    """Makes this process the parent of orphans among its descendants."""
    _checked(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def loopback_up():
    """Sets the interface lo up; in a new network namespace it is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(control, _SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def name():
    """The kernel and the version of control groups, as the table of escape cases names them."""
    version = ".".join(os.uname().release.split(".")[:2])
    with open("/proc/self/mounts", encoding="utf-8", errors="replace") as mounts:
        options = [line.split()[3].split(",") for line in mounts if line.split()[2] == "cgroup"]
    return f"Linux {version}, cgroup v{1 if any('memory' in words for words in options) else 2}"


def filesystem_type(path):
    """The name of the file system that holds `path`."""
    device = os.stat(path).st_dev
    name = f"{os.major(device)}:{os.minor(device)}"
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        for line in mounts:
            fields = line.split()
            if fields[2] == name:
                return fields[fields.index("-") + 1]
    return ""


_FLAGS = {"nosuid": 0x2, "nodev": 0x4, "noexec": 0x8, "noatime": 0x400, "nodiratime": 0x800, "relatime": 1 << 21}


def make_read_only(kept):
    """Makes all mounts with files of the machine read-only, except the one at `kept`."""
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        lines = mounts.readlines()
    for line in lines:
        fields = line.split()
        kind, options = fields[fields.index("-") + 1], fields[5].split(",")
        target = fields[4].encode().decode("unicode_escape")
        if kind in _KERNELS_OWN or target in (kept, "/sys/fs/cgroup") or "rw" not in options:
            continue
        flags = sum(_FLAGS.get(option, 0) for option in options)
        mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | flags)


def read(path):
    """The text of a file; empty if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


class Process:
    """A process as in /proc/PID/stat."""

    def __init__(self, pid, stat):
        name, rest = stat.rsplit(")", 1)
        fields = rest.split()
        self.pid = pid
        self.name = name.split("(", 1)[1]
        self.state = fields[0]
        self.parent = int(fields[1])
        self.session = int(fields[3])

    def __str__(self):
        command = read(f"/proc/{self.pid}/cmdline").replace("\0", " ").strip()
        return f"{self.pid} {command or self.name} ({self.state}, parent {self.parent})"


def process(pid):
    """The process with this pid, or None."""
    stat = read(f"/proc/{pid}/stat")
    return Process(pid, stat) if stat else None


def gone(pid):
    """Whether the process has ended, even if it is not reaped yet."""
    found = process(pid)
    return found is None or found.state in "ZX"


def halt(pid):
    """SIGSTOP, and waits until the process stands still: a signal alone may take effect some system calls later."""
    os.kill(pid, signal.SIGSTOP)
    for _ in range(4000):
        if process(pid).state in "TZX":
            return
        time.sleep(0.005)
    raise TimeoutError(f"process {pid} does not halt: state {process(pid).state}")


def processes():
    """All processes by pid."""
    found = (process(int(entry)) for entry in os.listdir("/proc") if entry.isdigit())
    return {p.pid: p for p in found if p is not None}


def descendants(pid):
    """All descendants of a process, without zombies."""
    every = processes()
    children = {}
    for each in every.values():
        children.setdefault(each.parent, []).append(each)
    found, todo = [], [pid]
    while todo:
        for child in children.get(todo.pop(), []):
            todo.append(child.pid)
            if child.state != "Z":
                found.append(child)
    return found


def transfers(pid):
    """The pids of the processes that move files for the daemon `pid`."""
    return [each.pid for each in descendants(pid) if each.name == "warden-transfer"]


def children(pid):
    """The pids of the children of a process."""
    listed = read(f"/proc/{pid}/task/{pid}/children")
    if listed or os.path.exists(f"/proc/{pid}/task/{pid}/children"):
        return [int(child) for child in listed.split()]
    return [p.pid for p in processes().values() if p.parent == pid]


def end_descendants(pid, seconds=5.0):
    """Kills all descendants of `pid` until none is left."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        left = [p for p in descendants(pid) if p.pid != os.getpid()]
        if not left:
            return
        for each in left:
            try:
                os.kill(each.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        time.sleep(0.01)


def descriptors(pid):
    """The target of each descriptor of the process, as in /proc/PID/fd."""
    found = {}
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            try:
                found[int(fd)] = os.readlink(f"/proc/{pid}/fd/{fd}")
            except OSError:
                pass
    except OSError:
        pass
    return found


def resident(pid):
    """Resident memory of the process in bytes (VmRSS)."""
    for line in read(f"/proc/{pid}/status").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def namespaces(pid):
    """The namespaces of the process."""
    found = set()
    try:
        for name in os.listdir(f"/proc/{pid}/ns"):
            try:
                found.add(os.readlink(f"/proc/{pid}/ns/{name}"))
            except OSError:
                pass
    except OSError:
        pass
    return found
