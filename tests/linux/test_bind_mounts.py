# SPDX-License-Identifier: Apache-2.0
"""Bind mounts: content, rights and owners in a container."""

import os
import re
import subprocess

import expect
import kernel
import warden
from case import case


@case(backend="linux")
def a_read_only_one_is_read_and_not_written(w):
    source = w.make_directory("source", 0o777)
    with open(f"{source}/file", "w", encoding="utf-8") as file:
        file.write("from the host\n")
    os.chmod(f"{source}/file", 0o666)
    handle = w.create(bind_mounts=[(source, "/mnt/ro", "ro")])
    expect.equal(w.run(handle, "cat /mnt/ro/file"), "from the host\n")
    for privileged in (False, True):
        for attempt in ("echo x > /mnt/ro/file", "touch /mnt/ro/new", "rm -f /mnt/ro/file", "chmod 600 /mnt/ro/file"):
            seen = w.c.run(handle, attempt, privileged=privileged)
            expect.equal(seen.exit_status != 0, True, attempt)
    expect.equal(kernel.read(f"{source}/file"), "from the host\n")
    expect.equal(os.listdir(source), ["file"])


@case(backend="linux")
def a_writable_one_is_shared_with_the_host(w):
    source = w.make_directory("source", 0o777)
    handle = w.create(bind_mounts=[(source, "/mnt/rw", "rw")])
    w.run(handle, "echo from inside > /mnt/rw/file")
    expect.equal(kernel.read(f"{source}/file"), "from inside\n")
    with open(f"{source}/other", "w", encoding="utf-8") as file:
        file.write("later\n")
    expect.equal(w.run(handle, "cat /mnt/rw/other"), "later\n")


@case(backend="linux")
def a_target_that_is_missing_is_made(w):
    directory, file = w.make_directory("d"), w.file("f", "file\n")
    binds = [(directory, "/made/for/this", "ro"), (file, "/also/made/file", "ro")]
    handle = w.create(bind_mounts=binds)
    expect.equal(w.run(handle, "stat -c %F /made/for/this; cat /also/made/file"), "directory\nfile\n")


@case(backend="linux")
def an_existing_target_is_covered(w):
    source = w.make_directory("d")
    handle = w.create(bind_mounts=[(source, "/etc", "ro")])
    expect.equal(w.run(handle, "ls /etc"), "")


@case(backend="linux")
def several_are_mounted_in_their_order(w):
    outer, inner = w.make_directory("outer"), w.make_directory("inner")
    os.mkdir(f"{outer}/sub")
    with open(f"{inner}/deep", "w", encoding="utf-8"):
        pass
    handle = w.create(bind_mounts=[(outer, "/m", "ro"), (inner, "/m/sub", "ro")])
    expect.equal(w.run(handle, "ls /m /m/sub"), "/m:\nsub\n\n/m/sub:\ndeep\n")


@case(backend="linux")
def its_files_cannot_be_setuid_or_devices(w):
    source = w.make_directory("source", 0o777)
    subprocess.run(["mknod", "-m", "666", f"{source}/null", "c", "1", "3"], check=True)
    handle = w.create(bind_mounts=[(source, "/m", "rw")])
    expect.contains(("EACCES\n", "EPERM\n"), w.run(handle, "probe open /m/null 2", privileged=True))
    (line,) = [line for line in w.run(handle, "cat /proc/self/mounts").splitlines() if line.split()[1] == "/m"]
    for option in ("nosuid", "nodev"):
        expect.contains(line.split()[3].split(","), option)


@case(backend="linux")
def a_directory_of_a_user_of_the_host_belongs_to_vcap_inside(w):
    source = w.make_directory("source")
    os.chown(source, 4321, 4321)
    handle = w.create(bind_mounts=[(source, "/m", "rw")])
    expect.equal(w.run(handle, "stat -c '%U:%G' /m; echo x > /m/file; stat -c %U /m/file"), "vcap:vcap\nvcap\n")
    made = os.stat(f"{source}/file")
    expect.equal((made.st_uid, made.st_gid), (4321, 4321))


@case(backend="linux")
def files_made_by_root_inside_do_not_belong_to_root_outside(w):
    ours, theirs = w.make_directory("ours", 0o777), w.make_directory("theirs", 0o777)
    os.chown(theirs, 4321, 4321)
    handle = w.create(bind_mounts=[(ours, "/ours", "rw"), (theirs, "/theirs", "rw")])
    for name, path in (("ours", ours), ("theirs", theirs)):
        script = f"cd /{name}; cp /bin/busybox evil && chown 0:0 evil; chmod 6755 evil; mkdir -m 7777 d"
        w.c.run(handle, script, privileged=True)
        for entry in os.listdir(path):
            seen = os.stat(f"{path}/{entry}")
            expect.true(seen.st_uid != 0 and seen.st_gid != 0, f"{path}/{entry} is not root's", seen)


@case(backend="linux")
def ordinary_permissions_apply(w):
    source = w.make_directory("source", 0o755)
    with open(f"{source}/secret", "w", encoding="utf-8") as file:
        file.write("secret\n")
    os.chmod(f"{source}/secret", 0o600)
    handle = w.create(bind_mounts=[(source, "/m", "rw")])
    for privileged in (False, True):
        expect.equal(w.c.run(handle, "cat /m/secret", privileged=privileged).stdout, b"")
        expect.equal(w.c.run(handle, "touch /m/new", privileged=privileged).exit_status != 0, True)
    expect.equal(os.listdir(source), ["secret"])


@case(backend="linux")
def proc_sys_and_dev_cannot_be_covered(w):
    source = w.make_directory("source")
    for target in ("/proc", "/proc/self", "/sys", "/dev", "/./proc", "/a/../proc", "/dev/shm/x", "/", "/proc/"):
        expect.error_like(".+", w.create, bind_mounts=[(source, target, "rw")])
    expect.equal(w.c.list(), [])


@case(backend="linux")
def a_rootfs_whose_proc_is_a_link_is_refused(w):
    rootfs = f"{w.directory}/rootfs"
    subprocess.run(["cp", "-a", w.rootfs, rootfs], check=True)
    os.symlink("proc", f"{rootfs}/alias")
    source = w.make_directory("source")
    try:
        handle = w.create(rootfs=rootfs, bind_mounts=[(source, "/alias/self", "rw")])
    except warden.WardenError:
        return
    expect.equal(w.run(handle, "stat -f -c %T /proc"), "proc\n")
    expect.equal(w.c.run(handle, "ls /proc/self/status").exit_status, 0)


@case(backend="linux")
def odd_names_work(w):
    for name in ("with space", "with\\backslash", "größer", "-rf", "quo'te\"", "a" * 200):
        source = w.make_directory(name)
        with open(f"{source}/file", "w", encoding="utf-8"):
            pass
        handle = w.create(bind_mounts=[(source, f"/m/{name}", "ro")])
        expect.equal(w.run(handle, "ls /m/*"), "file\n")
        w.c.destroy(handle)


@case(backend="linux")
def twenty_bind_mounts_leave_nothing(w):
    binds = [(w.make_directory(f"d{n}"), f"/m/d{n}", "rw" if n % 2 else "ro") for n in range(20)]
    for _ in range(3):
        handle = w.create(bind_mounts=binds)
        expect.equal(len(w.run(handle, "ls /m").split()), 20)
        w.c.destroy(handle)


@case(backend="linux")
def a_writable_one_in_which_nobody_can_write_is_named_with_the_remedy(w):
    source, file = w.make_directory("source", 0o755), w.file("file", "content\n")
    w.create(bind_mounts=[(source, "/mnt/x", "ro"), (file, "/mnt/f", "ro")])
    expect.lacks(w.daemon.log(), "nobody inside can write")
    handle = w.create(bind_mounts=[(source, "/mnt/x", "rw"), (file, "/mnt/f", "rw")])
    for path in (source, file):
        text = f"bind mount of {path}: it belongs to root, so nobody inside can write there; chown it to an ordinary user"
        expect.contains(w.daemon.log(), text)
    for privileged in (False, True):
        expect.true(w.c.run(handle, "touch /mnt/x/new", privileged=privileged).exit_status != 0, "it is so")
    # The remedy.
    os.chown(source, 4321, 4321)
    handle = w.create(bind_mounts=[(source, "/mnt/x", "rw")])
    w.run(handle, "echo inside > /mnt/x/file")
    expect.equal(kernel.read(f"{source}/file"), "inside\n")
    expect.equal(os.stat(f"{source}/file").st_uid, 4321)
    expect.equal(w.daemon.log().count("nobody inside can write"), 2)


@case(backend="linux")
def no_id_inside_is_root_of_the_host_whatever_the_options(w):
    source, roots = w.make_directory("source", 0o777), w.make_directory("roots", 0o777)
    os.chown(source, 4321, 0)
    os.chown(roots, 0, 4321)
    binds = [(source, "/source", "rw"), (roots, "/roots", "rw")]
    for options in ({}, {"no_new_privs": True}, {"tmpfs_bytes": 1 << 22}, {"seccomp": "unconfined"}):
        handle = w.create(bind_mounts=binds, **options)
        for privileged in (False, True):
            script = "for d in /source /roots; do touch $d/$1; chgrp 0 $d/$1; chown 0 $d/$1; mkdir $d/$1-d; done; true"
            w.c.run(handle, f"set -- {len(os.listdir(source))}; {script}", privileged=privileged)
        w.c.destroy(handle)
    made = [os.stat(f"{path}/{name}") for path in (source, roots) for name in os.listdir(path)]
    expect.true(len(made) >= 16, "files were made", len(made))
    expect.equal([(seen.st_uid, seen.st_gid) for seen in made if 0 in (seen.st_uid, seen.st_gid)], [])
