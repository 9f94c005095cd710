# SPDX-License-Identifier: Apache-2.0
"""A create on a hostile image: decoys in /proc, links in place of masks' sources, device nodes, targets over /proc."""

import os
import shutil
import stat
import subprocess

import expect
import kernel
import warden
from canary import Canary
from case import case

REFUSED = ("EPERM", "EACCES", "ENOSYS", "EOPNOTSUPP", "ENOENT", "ESTALE")
MASKS = ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/latency_stats")


def _image(w):
    """A copy of the image that the case may change."""
    rootfs = f"{w.directory}/rootfs"
    shutil.rmtree(rootfs, ignore_errors=True)
    subprocess.run(["cp", "-a", w.rootfs, rootfs], check=True)
    return rootfs


def _kernels_places(w, handle):
    """Where something is mounted on or below /proc, /sys and /dev, and its kind."""
    mounts = [line.split() for line in w.run(handle, "cat /proc/self/mountinfo", privileged=True).splitlines()]
    kinds = [(words[4], words[words.index("-") + 1]) for words in mounts]
    return sorted(place for place in kinds if place[0].startswith(("/proc", "/sys", "/dev")))


@case(backend="linux")
def nothing_is_mounted_over_proc_sys_and_dev(w):
    """CVE-2015-3631, CVE-2019-16884, CVE-2023-28642: targets of mounts below /proc, /sys and /dev, also by links and dots."""
    canary = Canary(w)
    rootfs = _image(w)
    os.symlink("/proc", f"{rootfs}/link")
    os.symlink("../proc/self", f"{rootfs}/tmp/self")
    usual = _kernels_places(w, w.create(rootfs=rootfs))
    targets = ("/proc", "/proc/self", "/proc/sys/kernel", "/sys", "/sys/fs/cgroup", "/dev", "/dev/pts", "/dev/shm", "/./proc",
               "/a/../proc", "/tmp/../proc/1", "//proc//self", "/link", "/link/self/attr", "/tmp/self/attr", "/")  # fmt: skip
    for target in targets:
        try:
            handle = w.create(rootfs=rootfs, bind_mounts=[(canary.path, target, "rw")])
        except warden.WardenError:
            continue
        expect.equal(_kernels_places(w, handle), usual, target)
        w.c.destroy(handle)
    canary.check()


@case(backend="linux", limit=60)
def what_is_written_below_proc_is_no_decoy(w):
    """CVE-2019-19921, CVE-2023-27561, CVE-2025-52881: the image has files and links where a set-up writes to /proc."""
    canary = Canary(w)
    names = ("self/attr/exec", "self/attr/current", "self/uid_map", "self/gid_map", "self/setgroups", "self/oom_score_adj",
             "thread-self/attr/exec", "sys/user/max_user_namespaces", "sys/kernel/shmall", "sys/kernel/sem", "1/oom_score_adj",
             "sys/net/ipv4/ping_group_range", "sys/net/ipv6/conf/all/disable_ipv6", "sysrq-trigger", "kcore", "keys")  # fmt: skip
    for links in (False, True):
        rootfs = _image(w)
        for base in ("proc", "sys"):
            for name in names:
                path = f"{rootfs}/{base}/{name}"
                os.makedirs(os.path.dirname(path), exist_ok=True)
                if links:
                    os.symlink(canary.file, path)
                else:
                    with open(path, "w", encoding="ascii") as file:
                        file.write("decoy")
                    os.chmod(path, 0o666)
        handle = w.create(rootfs=rootfs)
        w.run(handle, "true", privileged=True)
        canary.check()
        for name in names if not links else ():
            expect.equal(kernel.read(f"{rootfs}/proc/{name}"), "decoy", name)
        expect.contains(w.run(handle, "cat /proc/self/status", privileged=True), "Seccomp")
        w.c.destroy(handle)


@case(backend="linux", limit=60)
def the_source_of_a_mask_is_the_hosts(w):
    """CVE-2025-31133, CVE-2025-52565: /dev/null, /dev/pts and /dev/console of the image are links, files or fifos."""
    canary = Canary(w)
    before = kernel.read("/proc/sys/kernel/core_pattern")
    for made in ("link", "canary", "file", "fifo", "directory"):
        rootfs = _image(w)
        for name in ("null", "console", "pts", "ptmx", "zero", "tty", "shm", "full"):
            path = f"{rootfs}/dev/{name}"
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            elif os.path.lexists(path):
                os.unlink(path)
            if made == "fifo":
                os.mkfifo(path)
            elif made == "directory":
                os.mkdir(path)
            elif made == "file":
                with open(path, "w", encoding="ascii") as file:
                    file.write("decoy")
            else:
                os.symlink(canary.file if made == "canary" else "/proc/sys/kernel/core_pattern", path)
        try:
            handle = w.create(rootfs=rootfs)
        except warden.WardenError:
            canary.check()
            continue
        root = f"/proc/{w.init_of(handle)}/root"
        for path in (*MASKS, "/dev/null"):
            if os.path.lexists(f"{root}{path}"):
                seen = os.lstat(f"{root}{path}")
                expect.true(stat.S_ISCHR(seen.st_mode), f"{path} with a {made} in the image", seen)
                expect.equal((os.major(seen.st_rdev), os.minor(seen.st_rdev)), (1, 3), path)
        w.c.run(handle, "echo canary > /dev/null; echo canary > /dev/console; echo canary > /dev/pts/0", privileged=True)
        w.c.run(handle, argv=["/bin/sh", "-c", "echo canary > /dev/console; true"], terminal=True, privileged=True)
        canary.check()
        w.c.destroy(handle)
    expect.equal(kernel.read("/proc/sys/kernel/core_pattern"), before)


@case(backend="linux")
def no_device_can_be_made_or_used(w):
    """Device nodes of disks and memory in the image, and made by root; the control: the host opens the same node."""
    rootfs = _image(w)
    nodes = {"memory": ("c", 1, 1), "zero": ("c", 1, 5), "disk": ("b", 8, 0), "loop": ("b", 7, 0)}
    for name, (kind, major, minor) in nodes.items():
        subprocess.run(["mknod", "-m", "666", f"{rootfs}/tmp/{name}", kind, str(major), str(minor)], check=True)
    handle = w.create(rootfs=rootfs)
    for privileged in (False, True):
        for name, (kind, major, minor) in nodes.items():
            for flags in (0, 2):
                seen = w.run(handle, f"probe open /tmp/{name} {flags}", privileged=privileged).strip()
                expect.contains(REFUSED, seen, name)
            for place in ("/tmp", "/dev", "/dev/shm"):
                made = f"{place}/made-{name}"
                seen = w.run(handle, f"probe mknod {made} {kind} {major} {minor}; probe open {made} 0", privileged=privileged)
                expect.contains(REFUSED, seen.split()[1], made)
    found = [f"{parent}/{name}" for parent, _, names in os.walk(w.path_of(handle)) for name in names
             if stat.S_IFMT(os.lstat(f"{parent}/{name}").st_mode) in (stat.S_IFBLK,)]  # fmt: skip
    expect.equal(found, [], "devices in its layer")
    os.close(os.open(f"{rootfs}/tmp/zero", os.O_RDONLY))


@case(backend="linux")
def a_file_handle_opens_nothing(w):
    """The "shocker" of 2014: root opens a file of the host by its handle, found over a bind mount."""
    canary = Canary(w)
    shared = w.make_directory("shared", 0o777)
    w.file("shared/file", "x")
    handle = w.create(bind_mounts=[(shared, "/shared", "rw"), (canary.path, "/canary", "ro")])
    for privileged in (False, True):
        for fields in ({}, {"seccomp": "unconfined"}):
            for place in ("/shared file", "/canary secret", "/ etc", "/proc self"):
                seen = w.run(handle, f"probe handle {place}", privileged=privileged, **fields).strip()
                expect.contains(REFUSED, seen, f"{place} {fields}")


@case(backend="linux")
def a_directory_that_leaves_a_mount_leads_nowhere(w):
    """CVE-2015-2925: the working directory of a job is moved out of its bind mount by another container."""
    outer = w.make_directory("outer", 0o777)
    for name in ("inner", "inner/deep"):
        os.mkdir(f"{outer}/{name}")
        os.chmod(f"{outer}/{name}", 0o777)
    canary = Canary(w)
    w.file("outer/secret", canary.secret)
    victim, mover = w.create(bind_mounts=[(f"{outer}/inner", "/m", "rw")]), w.create(bind_mounts=[(outer, "/outer", "rw")])
    for privileged in (False, True):
        job = w.spawn_ready(
            victim,
            "cd /m/deep; echo; until [ -e /m/moved ]; do sleep 0.02; done; for p in . .. ../.. ../../.. ../../../..; do "
            f"ls $p; cat $p/secret; cat $p{canary.file}; cat $p/canary/secret; done 2>/dev/null; pwd -P; true",
            privileged=privileged,
        )
        w.run(mover, "mv /outer/inner/deep /outer/deep && touch /outer/inner/moved", privileged=True)
        seen = w.c.link(victim, job)
        canary.check(seen.stdout.decode())
        expect.lacks(seen.stdout.decode(), "wardend")
        w.run(mover, "mv /outer/deep /outer/inner/deep; rm /outer/inner/moved", privileged=True)
