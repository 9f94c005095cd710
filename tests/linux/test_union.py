# SPDX-License-Identifier: Apache-2.0
"""How a container's root is made from its layers: overlay, and its replacements (linux.union)."""

import glob
import os
import shutil
import signal

import expect
import kernel
from case import case

BIND = {"linux": {"union": "bind"}}


def _listing(path):
    """All entries below a directory, with owners and modes."""
    found = []
    for directory, names, files in os.walk(path):
        for name in names + files:
            status = os.lstat(f"{directory}/{name}")
            found.append((f"{directory}/{name}", status.st_uid, status.st_gid, status.st_mode, status.st_size))
    return sorted(found)


def _own_rootfs(w):
    """A root file system that may be changed: the run's programs, and empty directories."""
    rootfs = w.make_directory("rootfs")
    for name in sorted(os.listdir(w.rootfs)):
        source, target = f"{w.rootfs}/{name}", f"{rootfs}/{name}"
        if os.path.islink(source):
            os.symlink(os.readlink(source), target)
        elif name in ("bin", "lib", "lib64", "usr"):
            shutil.copytree(source, target, symlinks=True)
        else:
            os.mkdir(target)
    return rootfs


@case(backend="linux")
def overlay_is_used_if_it_works(w):
    handle = w.create()
    expect.equal(w.run(handle, "stat -f -c %T / 2>/dev/null || true; grep ' / ' /proc/mounts | cut -d' ' -f3").split()[-1], "overlay")
    expect.lacks(w.daemon.log(), "removing it")  # what the probe made was gone before tmp was looked through


@case(backend="linux", config=BIND)
def with_binds_the_directories_that_programs_write_to_are_writable(w):
    before = _listing(w.rootfs)
    handle, other = w.create(), w.create()
    writable = w.run(handle, "for d in etc home root run sbin tmp var; do [ -d /$d -a ! -L /$d ] && echo $d; done; true").split()
    expect.contains(writable, "etc")
    for name in writable:
        w.run(handle, f"echo mine > /{name}/file && mkdir -p /{name}/d/e && rm -r /{name}/d", privileged=True)
        expect.equal(w.run(handle, f"cat /{name}/file", privileged=True), "mine\n")
        expect.true(w.c.run(other, f"cat /{name}/file", privileged=True).exit_status != 0, "it is not another's")
    expect.equal(_listing(w.rootfs), before)
    w.daemon.restart(signal.SIGKILL)
    w.disconnect()
    expect.equal(w.run(handle, "cat /etc/file"), "mine\n")


@case(backend="linux", config=BIND)
def with_binds_the_rest_is_read_only_for_root_too(w):
    handle = w.create()
    for attempt in ("touch /file", "touch /usr/file", "rm -rf /usr/bin", "mount -o remount,rw /", "umount /etc"):
        expect.true(w.c.run(handle, attempt, privileged=True).exit_status != 0, attempt)
    w.run(handle, "test -e /usr/bin && test -e /etc/passwd")


@case(backend="linux", config=BIND)
def with_binds_everything_else_is_as_with_overlay(w):
    source = w.make_directory("source", 0o777)
    handle = w.create(hostname="h", bind_mounts=[(source, "/mnt" if os.path.isdir(f"{w.rootfs}/mnt") else "/var/mnt", "rw")])
    expect.equal(w.run(handle, "id -un; pwd; hostname; cat /etc/hostname; echo x > f; stat -c %U f"), "vcap\n/home/vcap\nh\nh\nvcap\n")
    expect.equal(w.run(handle, "stat -c %U:%G:%a /etc/passwd /tmp", privileged=True), "root:root:644\nroot:root:1777\n")
    w.run(handle, "echo x > /dev/null && test -d /proc/1 && test -d /sys/class && ! touch /sys/x 2> /dev/null")


@case(backend="linux", config=BIND)
def with_binds_owners_modes_and_links_are_kept(w):
    rootfs = _own_rootfs(w)
    os.makedirs(f"{rootfs}/var/a/b", exist_ok=True)
    with open(f"{rootfs}/var/a/file", "w", encoding="utf-8") as file:
        file.write("content\n" * 10000)
    os.chown(f"{rootfs}/var/a/file", 123, 456)
    os.chmod(f"{rootfs}/var/a/file", 0o4751)
    os.utime(f"{rootfs}/var/a/file", (1000000000, 1000000000))
    os.symlink("/etc/passwd", f"{rootfs}/var/a/link")
    os.mkfifo(f"{rootfs}/var/a/fifo", 0o640)
    os.chmod(f"{rootfs}/var/a/b", 0o2775)
    handle = w.create(rootfs=rootfs)
    expect.equal(
        w.run(handle, "cd /var/a && stat -c '%n %u %g %a %F' file link fifo b && readlink link && stat -c %Y file && md5sum < file", privileged=True),
        "file 123 456 4751 regular file\nlink 0 0 777 symbolic link\nfifo 0 0 640 fifo\nb 0 0 2775 directory\n"
        "/etc/passwd\n1000000000\n" + os.popen(f"md5sum < {rootfs}/var/a/file").read(),
    )


@case(backend="linux", config=BIND)
def with_binds_a_tmpfs_limits_disk_use(w):
    handle = w.create(tmpfs_bytes=8 << 20)
    expect.equal(w.c.run(handle, "head -c 20000000 /dev/zero > /tmp/big").exit_status, 1)
    rootfs = _own_rootfs(w)
    with open(f"{rootfs}/var/big", "wb") as file:
        file.write(b"x" * (2 << 20))
    expect.error_like("copy the root file system: write big: No space", w.create, rootfs=rootfs, tmpfs_bytes=1 << 20)
    expect.equal(len(w.c.list()), 1)


@case(backend="linux", config=BIND, long=True)
def with_binds_a_daemon_that_is_killed_while_it_copies_leaves_nothing(w):
    rootfs = _own_rootfs(w)
    for number in range(5000):
        with open(f"{rootfs}/var/{number}", "w", encoding="utf-8"):
            pass
    w.in_thread(w.client().create, rootfs=rootfs)
    expect.eventually(lambda: glob.glob(f"{w.daemon.depot}/*/tmp/rootfs/var/*"), "the copy has begun")
    w.note_ids()
    w.daemon.kill()
    w.disconnect()
    w.daemon.start()
    expect.equal(w.c.list(), [])
    expect.equal(w.entries(), ["tmp"])
    expect.eventually(lambda: os.listdir(f"{w.daemon.depot}/tmp") == [], "its directory is gone")


@case(backend="linux", config=BIND)
def with_binds_there_is_one_layer(w):
    expect.error_like("several layers need overlay or aufs", w.create, layers=[w.make_directory("l"), w.rootfs])
    expect.equal(w.c.list(), [])
    expect.equal(w.run(w.create(layers=[w.rootfs]), "echo yes"), "yes\n")


@case(backend="linux", config={"linux": {"union": "bind"}, "server": {"user_namespace": False}})
def with_binds_and_without_user_namespaces_it_is_the_same(w):
    handle = w.create()
    expect.equal(w.run(handle, "echo x > /tmp/f; stat -c %U /tmp/f /etc/passwd"), "vcap\nroot\n")
    expect.true(w.c.run(handle, "touch /usr/file", privileged=True).exit_status != 0, "read-only")


@case(backend="linux", daemon=False)
def an_unusable_or_unknown_union_prevents_the_start(w):
    tries = [("none", {}, 'must be "auto", "overlay", "aufs" or "bind", not "none"'), ("aufs", {}, "set server.user_namespace = false")]
    if "aufs" not in kernel.read("/proc/filesystems"):
        tries.append(("aufs", {"user_namespace": False}, 'linux.union = "aufs": mount aufs'))
    for union, server, text in tries:
        w.daemon.settings["linux"]["union"] = union
        w.daemon.settings["server"].update(server)
        w.daemon.launch()
        expect.true(w.daemon.wait() != 0, "it does not start")
        expect.contains(w.daemon.log(), text)


@case(backend="linux", daemon=False)
def a_forced_overlay_works(w):
    w.daemon.settings["linux"]["union"] = "overlay"
    w.daemon.start()
    w.run(w.create(), "true")
