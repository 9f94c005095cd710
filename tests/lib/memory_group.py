# SPDX-License-Identifier: Apache-2.0
"""A control group with a limit of memory, in which a case starts its daemon: what the daemon and its containers use
together is bounded, so that an attempt to exhaust memory cannot reach the machine."""

import contextlib
import os
import time

import case
import kernel

_LIMITS = ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.max", "memory.swap.max")


def _own_group():
    """The path of this process's group where memory is, and that of the hierarchy."""
    groups = {}
    for line in kernel.read("/proc/self/cgroup").splitlines():
        _, names, path = line.split(":", 2)
        groups.update({name: path for name in names.split(",")})
    for line in kernel.read("/proc/self/mountinfo").splitlines():
        fields = line.split()
        kind, options = fields[fields.index("-") + 1], fields[-1].split(",")
        name = "memory" if "memory" in groups else ""
        if (kind == "cgroup" and name in options) if name else kind == "cgroup2":
            return os.path.normpath(f"{fields[4]}/{os.path.relpath(groups[name], fields[3])}"), fields[4]
    raise case.Skip("no control group of memory is mounted")


def _write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _enable(own, root):
    """The nearest group from `own` up on v2 that can limit the memory of groups below it."""
    wanted = " ".join(f"+{name}" for name in kernel.read(f"{root}/cgroup.controllers").split())
    while True:
        try:
            _write(f"{own}/cgroup.subtree_control", wanted)
            return own
        except OSError:
            if own == root:
                raise
            own = os.path.dirname(own)


def _make(mebibytes):
    own, root = _own_group()
    if os.path.exists(f"{root}/cgroup.controllers"):
        own = _enable(own, root)
    path = f"{own}/warden-test-{os.getpid()}"
    os.mkdir(path)
    for name in _LIMITS:
        if os.path.exists(f"{path}/{name}"):
            _write(f"{path}/{name}", "0" if name == "memory.swap.max" else str(mebibytes << 20))
    return path


def _remove(path):
    for _ in range(200):
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(f"{path}/wardend")
        try:
            os.rmdir(path)
            return
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.05)
    os.rmdir(path)


@contextlib.contextmanager
def daemon_in(w, mebibytes):
    """Starts the daemon of `w` in a new group with that limit, whose path is the value. At the end the containers are
    destroyed, the daemon is stopped and the group removed."""
    path = _make(mebibytes)
    # It enters the group alone: on v2 it could not divide a group that has other processes.
    w.daemon.wrapper = ["/bin/sh", "-c", f'echo $$ > {path}/cgroup.procs && exec "$0" "$@"']
    try:
        w.daemon.start()
        yield path
    finally:
        w.destroy_all()
        if w.daemon.alive:
            w.daemon.stop()
        w.daemon.wrapper = []
        _remove(path)
