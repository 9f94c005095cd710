# SPDX-License-Identifier: Apache-2.0
"""A job's output: complete, limited, or dropped."""

import fcntl
import hashlib
import os
import struct
import termios
import time

import expect
import kernel
import warden
from case import case

LIMIT = 10_000
SMALL = {"server": {"job_output_limit": LIMIT}}
EXCEEDED = "command exceeded maximum output"


@case
def every_byte_is_kept(w):
    handle = w.create()
    script = "for i in $(seq 0 255); do printf \"\\\\x$(printf %x $i)\"; done"
    expect.result(w.c.run(handle, script), 0, bytes(range(256)))


@case
def the_two_streams_are_kept_apart(w):
    script = "for i in 1 2 3 4 5 6 7 8 9; do echo out$i; echo err$i >&2; done"
    seen = w.c.run(w.create(), script)
    expect.equal(seen.stdout, b"".join(b"out%d\n" % n for n in range(1, 10)))
    expect.equal(seen.stderr, b"".join(b"err%d\n" % n for n in range(1, 10)))


@case
def eight_mib_arrive_complete(w):
    size = 8 << 20
    seen = w.c.run(w.create(), f"yes 0123456789 | head -c {size}")
    expect.equal(seen.exit_status, 0)
    whole = (b"0123456789\n" * (size // 11 + 1))[:size]
    expect.equal(hashlib.sha256(seen.stdout).hexdigest(), hashlib.sha256(whole).hexdigest())


@case(config=SMALL)
def exactly_the_limit_is_fine(w):
    handle = w.create()
    expect.result(w.c.run(handle, f"head -c {LIMIT} /dev/zero"), 0, b"\0" * LIMIT)
    script = f"head -c {LIMIT - 1} /dev/zero; printf x >&2"
    expect.result(w.c.run(handle, script), 0, b"\0" * (LIMIT - 1), b"x")
    expect.equal(w.c.info(handle).events, [])


@case(config=SMALL)
def one_byte_more_ends_the_job(w):
    handle = w.create()
    for script in (
        f"head -c {LIMIT + 1} /dev/zero; sleep 1000",
        f"head -c {LIMIT + 1} /dev/zero >&2; sleep 1000",
        f"head -c {LIMIT} /dev/zero; printf x >&2; sleep 1000",
    ):
        with expect.within(5, "run"):
            seen = w.c.run(handle, script)
        expect.equal(seen.exit_status, 255)
        expect.between(len(seen.stdout) + len(seen.stderr), LIMIT, LIMIT + 65536, "bytes that were read")
        expect.equal(seen.info.events[-1:], [EXCEEDED])
    expect.contains(w.c.info(handle).events, EXCEEDED)
    expect.equal(w.run(handle, "echo fine"), "fine\n")


@case(config=SMALL)
def a_flood_is_bounded(w):
    handle = w.create()
    with expect.within(5, "run"):
        seen = w.c.run(handle, "exec yes")
    expect.equal(seen.exit_status, 255)
    expect.between(len(seen.stdout), LIMIT, LIMIT + 65536, "bytes that were read")


def _sleepers():
    names = (str(p) for p in kernel.descendants(os.getpid()))
    return [name for name in names if "sleep 1000" in name or "sleep 1001" in name]


@case(config=SMALL)
def every_process_of_the_job_is_killed_and_no_other(w):
    handle = w.create()
    bystander = w.c.spawn(handle, "sleep 2; echo alive")
    script = "setsid sleep 1000 & (trap '' TERM HUP; sleep 1001) & sleep 0.2; yes"
    expect.equal(w.c.run(handle, script).exit_status, 255)
    expect.eventually(lambda: not _sleepers(), "the end of them all", 1)
    expect.result(w.c.link(handle, bystander), 0, b"alive\n")


@case(config={"server": {"job_output_limit": 0}})
def with_a_limit_of_0_any_output_ends_the_job(w):
    handle = w.create()
    expect.result(w.c.run(handle, "true"), 0)
    expect.equal(w.c.run(handle, "echo; sleep 1000").exit_status, 255)


@case(config=SMALL)
def discarded_output_has_no_limit_and_no_data(w):
    handle = w.create()
    seen = w.c.run(handle, f"head -c {100 * LIMIT} /dev/zero; echo err >&2; exit 6", discard_output=True)
    expect.result(seen, 6)
    expect.equal(seen.info.events, [])


@case
def discarded_output_is_empty_in_a_stream_too(w):
    handle = w.create()
    job = w.c.spawn(handle, "echo out; echo err >&2; exit 6", discard_output=True)
    (end,) = list(w.c.stream(handle, job))
    expect.equal((end.name, end.data, end.exit_status), (None, None, 6))


@case
def a_line_without_a_newline_arrives_complete(w):
    expect.result(w.c.run(w.create(), "printf abc; printf def >&2"), 0, b"abc", b"def")


@case
def output_that_looks_like_a_frame_is_plain_output(w):
    script = "printf '4\\r\\n\\010\\133\\022\\000\\r\\n'"
    expect.result(w.c.run(w.create(), script), 0, b"4\r\n\x08\x5b\x12\x00\r\n")


@case(limit=60)
def a_container_with_a_flooding_job_does_not_slow_another(w):
    handle = w.create()
    job = w.c.spawn(handle, "yes | head -c 2000000000", discard_output=True)
    other = w.client()
    bystander = w.create(client=other)
    for _ in range(5):
        with expect.within(2, "a run beside a flood"):
            expect.result(other.run(bystander, "echo hi"), 0, b"hi\n")
        time.sleep(0.05)
    w.c.stop(handle, kill=True)
    w.c.link(handle, job)


MIB = 1 << 20


def _large_answer(w, handle):
    """A job that is over, with 8 MiB of output that its links do not collect."""
    script = f"yes 0123456789 | head -c {8 * MIB}"
    job = w.c.call(warden.SpawnRequest(handle=handle, script=script.encode(), keep=True)).job_id
    return job, hashlib.sha256(w.c.link(handle, job).stdout).hexdigest()


def _unread(connection):
    """How many bytes wait in the socket."""
    return struct.unpack("i", fcntl.ioctl(connection.socket, termios.FIONREAD, b"\0" * 4))[0]


def _await_full(connection):
    """Waits until the daemon cannot send more."""
    seen = [-1]

    def full():
        seen.append(_unread(connection))
        return seen[-1] > 0 and seen[-3:] == [seen[-1]] * 3

    expect.eventually(full, "the socket is full")
    return seen[-1]


@case
def output_is_complete_if_the_user_has_too_many_large_pipes(w):
    handle = w.create()
    pipes = []
    try:
        for _ in range(70):
            pipes.append(os.pipe())
            fcntl.fcntl(pipes[-1][0], fcntl.F_SETPIPE_SZ, MIB)
    except PermissionError:
        pass  # refused, as the daemon's will be if it is not root
    try:
        _, digest = _large_answer(w, handle)
    finally:
        for fd in sum(pipes, ()):
            os.close(fd)
    whole = (b"0123456789\n" * (8 * MIB // 11 + 1))[: 8 * MIB]
    expect.equal(digest, hashlib.sha256(whole).hexdigest())


@case
def clients_that_stop_reading_delay_no_other_and_miss_nothing(w):
    handle = w.create()
    job, digest = _large_answer(w, handle)
    stuck = [w.raw() for _ in range(12)]
    for connection in stuck:
        connection.send_frame(22, warden.LinkRequest(handle=handle, job_id=job).encode())
    for connection in stuck:
        _await_full(connection)
    expect.equal(hashlib.sha256(w.c.link(handle, job).stdout).hexdigest(), digest, "another reader")
    for connection in stuck[:6]:
        expect.equal(hashlib.sha256(connection.answer().stdout).hexdigest(), digest)
    for connection in stuck[6:]:
        connection.close()
    expect.result(w.c.run(handle, "echo on"), 0, b"on\n")


@case(config={"clients": {"buffer_limit": MIB}})
def larger_send_buffers_of_a_user_are_bounded(w):
    handle = w.create()
    job, digest = _large_answer(w, handle)
    unread = []
    connections = [w.raw() for _ in range(6)]
    for connection in connections:
        connection.send_frame(22, warden.LinkRequest(handle=handle, job_id=job).encode())
        unread.append(_await_full(connection))
    if any(n > MIB for n in unread):  # else the daemon lacks CAP_NET_ADMIN
        expect.equal([n > MIB for n in unread], [True] + [False] * 5)  # and w.c: half of 16 MiB
    for connection in connections:
        expect.equal(hashlib.sha256(connection.answer().stdout).hexdigest(), digest)
