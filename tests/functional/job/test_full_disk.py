# SPDX-License-Identifier: Apache-2.0
"""What a job runs into that is no fault of its own: a full disk, and a limit of processes."""

import contextlib
import os

import expect
import kernel
import warden
from case import case

FULL = "output cannot be stored: No space left on device"
FILLER = "aquota.user"  # a file that a depot may have


def small_disk(w, handle, size):
    """Mounts a small file system where the output of the container's jobs is stored; returns its path."""
    path = f"{w.path_of(handle)}/jobs"
    owner = os.stat(w.path_of(handle))
    os.makedirs(path, exist_ok=True)
    kernel.mount("tmpfs", path, "tmpfs", data=f"size={size},mode=700,uid={owner.st_uid},gid={owner.st_gid}")
    return path


@case(backend="linux")  # the mount needs root
def a_job_whose_output_does_not_fit_on_the_disk_is_told_the_cause(w):
    handle = w.create()
    path = small_disk(w, handle, 65536)
    try:
        seen = w.c.call(warden.RunRequest(handle=handle, script=b"head -c 1000000 /dev/zero; sleep 1000"))
        expect.equal(seen.exit_status, 255)
        expect.equal(seen.end.start_error, "its output cannot be stored: No space left on device")
        expect.equal(seen.info.events, [FULL])
        told = w.command("run", handle, "head", "-c", "1000000", "/dev/zero")
        expect.contains(told.stderr, b"its output cannot be stored: No space left on device")
        w.disconnect()
        w.daemon.restart()
        expect.equal(w.c.info(handle).events, [FULL])
    finally:
        kernel.umount(path)
    expect.equal(w.run(handle, "echo room again"), "room again\n")


@case(backend="linux")
def a_job_that_the_limit_of_processes_does_not_let_start_says_so(w):
    handle = w.create()
    w.c.call(warden.LimitRequest(handle=handle, limits=warden.Limits(processes=1)))
    seen = w.c.call(warden.RunRequest(handle=handle, script=b"echo never"))
    expect.equal((seen.exit_status, seen.stdout), (255, b""))
    expect.equal(seen.end.reason, warden.Reason.START_FAILED)
    expect.contains(seen.end.start_error, "the limit of processes is reached")
    expect.equal(seen.stderr.decode(), f"wshd: {seen.end.start_error}\n")
    w.c.call(warden.LimitRequest(handle=handle, limits=warden.Limits(processes=100)))
    expect.equal(w.run(handle, "echo again"), "again\n")


@case(backend="linux", daemon=False, limit=60)
def a_full_disk_of_the_depot_refuses_work_until_there_is_room(w):
    os.mkdir(w.daemon.depot)
    kernel.mount("tmpfs", w.daemon.depot, "tmpfs", data="size=16m,mode=755")
    w.daemon.start()
    handle = w.create()
    filler = f"{w.daemon.depot}/{FILLER}"
    with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    expect.error_like("No space left on device", w.create)
    expect.error_like("No space left on device", w.c.file_write, handle, "file", bytes(100_000))
    expect.equal(w.c.list(), [handle])
    expect.equal(w.c.info(handle).state, "active")
    os.unlink(filler)
    w.c.file_write(handle, "file", bytes(100_000))
    expect.equal(w.run(w.create(), "echo room again"), "room again\n")
    w.disconnect()
    w.daemon.restart()
    expect.equal(w.run(handle, "wc -c <file"), "100000\n")
    w.destroy_all()
    w.daemon.stop()
    kernel.umount(w.daemon.depot)
