# SPDX-License-Identifier: Apache-2.0
"""Disk limits on a depot whose file system has project quota, and errors on one without."""

import contextlib
import os
import shutil
import signal
import subprocess

import warden
from case import Skip, case
import expect
import kernel

KIB, MIB = 1 << 10, 1 << 20


def _has_quota(w, handle):
    try:
        w.c.limit_disk(handle, byte=0)
    except warden.WardenError as error:
        expect.contains(str(error), "disk quota: the depot's file system enforces none")
        return False
    return True


def _container(w, **fields):
    handle = w.create(**fields)
    if not _has_quota(w, handle):
        raise Skip("needs a depot with disk quota")
    return handle


def _write(w, handle, size, name="file", privileged=False):
    script = f"dd if=/dev/zero of=/home/vcap/{name} bs=65536 count={size // 65536}"
    return w.c.run(handle, script, privileged=privileged)


def _exceeded(seen):
    expect.true(seen.exit_status != 0, "a writer that fails", seen)
    # XFS reports the latter for a project: xfs_quota(8).
    expect.matches(seen.stderr.decode(), ".*(Disk quota exceeded|No space left on device).*")


@case(backend="linux")
def without_quota_the_error_names_the_missing_feature(w):
    handle = w.create()
    if _has_quota(w, handle):
        return
    expect.equal(w.c.limit_disk(handle), warden.LimitDiskResponse())
    expect.error_like("^disk quota: .*prjquota", w.c.limit_disk, handle, byte=MIB)
    for name in ("disk_bytes", "disk_inodes"):
        limits = warden.Limits(**{name: MIB})
        for request in (warden.CreateRequest(limits=limits), warden.LimitRequest(handle=handle, limits=limits)):
            expect.error_like(f"^{name}: disk quota: .*prjquota", w.c.call, request)
    expect.equal(w.c.list(), [handle])


@case(backend="linux")
def disk_limits_on_a_tmpfs_are_an_error(w):
    if not _has_quota(w, w.create()):
        raise Skip("needs a depot with disk quota")
    handle = w.c.call(warden.CreateRequest(tmpfs_bytes=8 * MIB)).handle
    w.note_ids()
    expect.error_like("^disk quota: .*tmpfs", w.c.limit_disk, handle, byte=MIB)
    expect.equal(w.c.info(handle).disk_stat, None)


@case(backend="linux", limit=120)
def every_user_gets_an_error_over_the_limit(w):
    handle = _container(w)
    for privileged in (False, True):
        seen = w.c.limit_disk(handle, byte=2 * MIB)
        expect.equal((seen.block_hard, seen.byte_hard), (2048, 2 * MIB))
        expect.equal(_write(w, handle, MIB, privileged=privileged).exit_status, 0)
        _exceeded(_write(w, handle, 4 * MIB, privileged=privileged))
        expect.equal(w.c.limit_disk(handle, byte=16 * MIB).byte, 16 * MIB)
        expect.equal(_write(w, handle, 4 * MIB, privileged=privileged).exit_status, 0)
        expect.equal(w.c.limit_disk(handle, block=0).block, 0)
        expect.equal(_write(w, handle, 20 * MIB, privileged=privileged).exit_status, 0)
        w.run(handle, "rm -f /home/vcap/file", privileged=True)


@case(backend="linux", limit=120)
def it_survives_a_restart_and_ends_with_the_container(w):
    handle = _container(w)
    w.c.limit_disk(handle, byte=2 * MIB, inode=500, block_soft=1024, inode_soft=400)
    w.disconnect()
    w.daemon.restart(signal.SIGKILL)
    seen = w.c.limit_disk(handle)
    expect.equal((seen.byte, seen.inode, seen.block_soft, seen.inode_soft), (2 * MIB, 500, 1024, 400))
    _exceeded(_write(w, handle, 4 * MIB))
    limits = w.c.call(warden.LimitRequest(handle=handle)).limits
    expect.equal((limits.disk_bytes, limits.disk_inodes), (2 * MIB, 500))
    w.c.limit_disk(handle, byte=KIB, inode=1)  # with these the next one of the number could not be made
    w.c.destroy(handle)
    w.daemon.stop()
    w.disconnect()
    w.daemon.start()
    again = w.create()
    seen = w.c.limit_disk(again)
    expect.equal((seen.byte, seen.inode, seen.block_soft, seen.inode_soft), (0, 1000000, 0, 0))


@case(backend="linux", limit=120)
def inodes_are_limited(w):
    handle = _container(w)
    used = w.c.info(handle).disk_stat.inodes_used
    w.c.limit_disk(handle, inode=used + 10)
    seen = w.c.run(handle, "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do : > /home/vcap/f$i || exit 1; done")
    _exceeded(seen)


@case(backend="linux", limit=120, config={"linux": {"inode_bound": 300}})
def every_container_has_a_bound_of_inodes(w):
    """The control: a limit of inodes replaces the bound, and 0 is the bound again."""
    handle = w.create()
    bound = w.c.info(handle).inode_bound
    if not _has_quota(w, handle):
        expect.equal(bound, None)
        raise Skip("needs a depot with disk quota")
    expect.equal((bound, w.c.limit_disk(handle).inode), (300, 300))
    script = "mkdir -p /tmp/x && for i in $(seq 400); do : > /tmp/x/$i || exit 1; done"
    for privileged in (False, True):
        _exceeded(w.c.run(handle, script, privileged=privileged))
        w.run(handle, "rm -rf /tmp/x", privileged=True)
    expect.equal(w.c.limit_disk(handle, inode=1000).inode, 1000)
    w.run(handle, script)
    w.run(handle, "rm -rf /tmp/x", privileged=True)
    other = w.create()
    w.disconnect()
    w.daemon.settings["linux"]["inode_bound"] = 350
    w.daemon.restart(signal.SIGKILL)
    bounds = w.c.info(handle).inode_bound, w.c.info(other).inode_bound, w.c.info(w.create()).inode_bound
    expect.equal(bounds, (1000, 300, 350), "each is what is in force")
    expect.equal((w.c.limit_disk(handle).inode, w.c.limit_disk(handle, inode=0).inode), (1000, 350))
    _exceeded(w.c.run(handle, script))


@case(backend="linux", limit=120)
def create_sets_it_and_info_reports_the_use(w):
    limits = warden.Limits(disk_bytes=3 * MIB, disk_inodes=1000)
    _container(w)
    handle = w.c.call(warden.CreateRequest(limits=limits)).handle
    w.note_ids()
    before = w.c.info(handle).disk_stat
    expect.equal(_write(w, handle, MIB).exit_status, 0)
    w.run(handle, "sync")
    after = w.c.info(handle).disk_stat
    expect.between(after.bytes_used - before.bytes_used, MIB, MIB + 64 * KIB, "bytes used")
    expect.between(after.inodes_used - before.inodes_used, 1, 64, "inodes used")
    _exceeded(_write(w, handle, 4 * MIB, "other"))


@case(backend="linux", limit=120)
def each_container_has_its_own_limits(w):
    one, two = _container(w), w.create()
    w.c.limit_disk(one, byte=MIB)
    expect.equal(w.c.limit_disk(two).byte, 0)
    expect.equal(_write(w, two, 4 * MIB).exit_status, 0)
    _exceeded(_write(w, one, 4 * MIB))


@case(backend="linux", limit=120)
def a_number_that_no_file_system_holds_is_refused(w):
    handle = _container(w)
    expect.error_like("^disk quota: ", w.c.limit_disk, handle, block=(1 << 64) - 2)
    expect.error_like("^disk quota: ", w.c.limit_disk, handle, block=1 << 54)
    expect.equal(w.c.limit_disk(handle).block, 0)


@case(backend="linux", limit=120)
def root_inside_cannot_leave_its_project(w):
    handle = _container(w, bind_mounts=[("/usr", "/mnt", "ro")])
    w.c.limit_disk(handle, byte=2 * MIB)
    chattr = "LD_LIBRARY_PATH=/mnt/lib/$(uname -m)-linux-gnu:/mnt/lib /mnt/bin/chattr"
    seen = w.c.run(handle, f"mkdir /tmp/d; {chattr} -p 0 /tmp/d; echo $?; {chattr} -P /tmp/d; echo $?", privileged=True)
    expect.equal(seen.stdout, b"1\n1\n", f"exit status of chattr, which says {seen.stderr}")
    _exceeded(w.c.run(handle, "dd if=/dev/zero of=/tmp/d/file bs=65536 count=60", privileged=True))


# File systems that the depot's is not, each on a loop device of the case's own.


@contextlib.contextmanager
def _depot_on(w, mkfs, options):
    """Makes and mounts a file system for the daemon's depot."""
    directory = w.make_directory("other")
    image = f"{w.directory}/image"
    with open(image, "wb") as file:
        file.truncate(400 * MIB)
    if not shutil.which(mkfs[0]):
        raise Skip(f"needs {mkfs[0]}")
    subprocess.run([*mkfs, image], capture_output=True, check=True)
    if subprocess.run(["mount", "-o", f"loop,{options}", image, directory], capture_output=True, check=False).returncode:
        raise Skip("needs a kernel with disk quota")
    w.daemon.settings["server"]["container_depot_path"] = f"{directory}/depot"
    os.mkdir(w.daemon.depot, 0o700)
    w.daemon.start()
    try:
        yield
    finally:
        w.destroy_all()
        w.daemon.stop()
        w.disconnect()
        kernel.umount(directory)


@case(backend="linux", daemon=False, limit=120)
def user_quota_limits_vcaps_files(w):
    mkfs = ["mkfs.ext4", "-q", "-O", "quota", "-E", "quotatype=usrquota"]
    with _depot_on(w, mkfs, "usrquota"):
        handle = w.create()
        expect.equal(w.c.limit_disk(handle, byte=2 * MIB).byte, 2 * MIB)
        _exceeded(_write(w, handle, 4 * MIB))
        expect.between(w.c.info(handle).disk_stat.bytes_used, MIB, 2 * MIB, "bytes used")
        other = w.create()
        expect.equal(_write(w, other, 4 * MIB).exit_status, 0)
        w.disconnect()
        w.daemon.restart()
        expect.equal(w.c.limit_disk(handle).byte, 2 * MIB)
        w.c.destroy(handle)


@case(backend="linux", daemon=False, limit=120)
def xfs_limits_projects_too(w):
    with _depot_on(w, ["mkfs.xfs", "-q"], "pquota"):
        handle = w.create()
        expect.equal(w.c.limit_disk(handle, byte=2 * MIB).byte, 2 * MIB)
        for privileged in (False, True):
            _exceeded(_write(w, handle, 4 * MIB, privileged=privileged))
            w.run(handle, "rm -f /home/vcap/file", privileged=True)
        expect.equal(w.c.limit_disk(handle, byte=16 * MIB).byte, 16 * MIB)
        expect.equal(_write(w, handle, 4 * MIB).exit_status, 0)
