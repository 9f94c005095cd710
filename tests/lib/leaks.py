# SPDX-License-Identifier: Apache-2.0
"""The leak check: finds what a case has left on the machine.

A snapshot maps a kind of object to the set of existing objects. An object that exists after the case but
not before it has leaked. As root the case has its own network, mount and IPC namespaces, so all links,
mounts, rules and IPC objects in them belong to the case.
"""

import contextlib
import glob
import os
import re
import shutil
import subprocess
import time

import kernel


def _mounts(pid):
    lines = kernel.read(f"/proc/{pid}/mountinfo").splitlines()
    return {" ".join(line.split()[2:5]) for line in lines}


def _links():
    lines = kernel.read("/proc/self/net/dev").splitlines()[2:]
    return {line.split(":", 1)[0].strip() for line in lines}


def _rules():
    """The nftables ruleset without counters."""
    if os.geteuid() != 0 or not shutil.which("nft"):
        return set()
    ruleset = subprocess.run(
        ["nft", "list", "ruleset"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    ).stdout
    # Elements that expire are the state of rate limits. Of a table's owner nft shows one of the processes that have it.
    ruleset = re.sub(r" # progname \S+", "", ruleset)
    lines = (line for line in ruleset.splitlines() if "expires" not in line)
    return {re.sub(r"packets \d+ bytes \d+", "", line).strip() for line in lines}


def container_groups():
    """Paths of the containers' cgroups in all hierarchies."""
    found = set()
    for root in cgroup_roots():
        for path, names, _ in os.walk(root):
            if os.path.basename(path) == "warden":
                found.update(f"{path}/{name}" for name in names)
                names.clear()
    return found


def remove_groups(lines):
    """Removes the cgroups among the findings, as the end of the case's namespaces does not remove them."""
    for line in lines:
        if line.startswith("cgroup /"):
            with contextlib.suppress(OSError):
                os.rmdir(line.removeprefix("cgroup ").split(",")[0])


def cgroup_roots():
    """Mount points of the cgroup hierarchies."""
    roots = []
    for line in kernel.read("/proc/self/mountinfo").splitlines():
        fields = line.split()
        if fields[fields.index("-") + 1] in ("cgroup", "cgroup2"):
            roots.append(fields[4])
    return roots


def _groups(ids):
    return {path for path in container_groups() if any(path.endswith(id_) for id_ in ids)}


def _ipc_objects():
    found = set()
    for kind in ("shm", "sem", "msg"):
        lines = kernel.read(f"/proc/sysvipc/{kind}").splitlines()[1:]
        found.update(f"{kind} {' '.join(line.split()[:2])}" for line in lines)
    return found


def _depot(path):
    """The contents of the depot, without its empty directory `tmp` and the files of the linux backend."""
    found = set(glob.glob(f"{glob.escape(path)}/*")) | set(glob.glob(f"{glob.escape(path)}/.*"))
    found -= {f"{path}/tmp", f"{path}/.firewall.sock", f"{path}/.ip_forward"}
    return found | set(glob.glob(f"{glob.escape(path)}/tmp/*"))


def _machine(ids):
    """Objects that can leak with or without a daemon."""
    return {
        "mount": _mounts("self"),
        "link": _links(),
        "nft rule": _rules(),
        "cgroup": _groups(ids),
        "IPC object": _ipc_objects(),
    }


def without_daemon(ids):
    """A snapshot while no daemon runs: it includes all processes of the case."""
    return {**_machine(ids), "process": {p.pid for p in kernel.descendants(os.getpid())}}


def _descriptor_kind(target):
    # Inode numbers of sockets and pipes change; only the number of descriptors is compared.
    return re.sub(r":?\[\d+\]", "", target).removesuffix(" (deleted)")


# The linux backend keeps a pool of netlink sockets for its workers, opened on first use.
_POOLED_SOCKETS = 24


def _pooled_sockets(pid):
    """The daemon's netlink sockets as in /proc/PID/fd; empty if there are more than the pool has."""
    inodes = {line.split()[-1] for line in kernel.read(f"/proc/{pid}/net/netlink").splitlines()[1:]}
    names = {f"socket:[{inode}]" for inode in inodes} & set(kernel.descriptors(pid).values())
    return names if len(names) <= _POOLED_SOCKETS else set()


def descriptors(pid):
    """The daemon's descriptors as a set of lines, numbered for each kind."""
    kinds = {}
    pooled = _pooled_sockets(pid)
    # libuv keeps a descriptor of "/" in reserve after it has run out of descriptors; a sanitizer keeps its file open.
    for target in kernel.descriptors(pid).values():
        if target == "/" or target in pooled or os.path.basename(target).startswith("sanitizer."):
            continue
        kind = _descriptor_kind(target)
        kinds[kind] = kinds.get(kind, 0) + 1
    return {f"{kind} ({nth})" for kind, count in kinds.items() for nth in range(1, count + 1)}


def _is_started_again(each, below):
    """A spawner, or the firewall's holder, that was killed is started again as another process."""
    return each.name == "warden-holder" or each.name == "warden-spawner" and any(p.pid == each.parent and p.name == "warden-zygote" for p in below)


def with_daemon(daemon, ids):
    """A snapshot while the daemon runs."""
    below = kernel.descendants(os.getpid())
    spaces = set().union(*(kernel.namespaces(p.pid) for p in below)) if below else set()
    return {
        **_machine(ids),
        "mount of the daemon": _mounts(daemon.pid),
        "process": {p.pid for p in below if not _is_started_again(p, below)},
        "namespace": spaces,
        "descriptor of the daemon": descriptors(daemon.pid),
        "file": _depot(daemon.depot),
    }


def _describe(kind, items):
    if kind == "process":
        return [f"process {kernel.process(pid) or pid}" for pid in sorted(items)]
    return [f"{kind} {item}" for item in sorted(items)]


def difference(before, after):
    """A line for each object that is only in `after`."""
    lines = []
    for kind, items in after.items():
        lines += _describe(kind, items - before.get(kind, set()))
    return lines


def settle(before, take, seconds=40.0, expected=None):
    """Takes snapshots until nothing is left over or the time is up, as the daemon removes much after its
    answer; returns the difference but for lines with the text `expected`."""
    end = time.monotonic() + seconds
    pause = 0.002
    while True:
        lines = [line for line in difference(before, take()) if not expected or expected not in line]
        if not lines or time.monotonic() >= end:
            return lines
        time.sleep(pause)
        pause = min(pause * 2, 0.2)
