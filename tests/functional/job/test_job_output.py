# SPDX-License-Identifier: Apache-2.0
"""Output over the limit: the job is killed, or output is dropped; and lines for syslog."""

import os
import re
import socket
import time

import expect
import warden
from case import case

LIMIT = 100_000


def restart(w):
    """The daemon is killed and starts again."""
    w.disconnect()
    w.daemon.restart()


def run(w, handle, script, **fields):
    """Runs a script with fields that are not the original's."""
    return w.c.call(warden.RunRequest(handle=handle, script=script.encode(), **fields))


def numbers(last):
    """The output of `seq 1 LAST`."""
    return b"".join(b"%d\n" % n for n in range(1, last + 1))


@case
def a_job_may_have_its_own_limit(w):
    handle = w.create()
    expect.result(run(w, handle, "head -c 100 /dev/zero", output_limit=100), 0, b"\0" * 100)
    seen = run(w, handle, "head -c 101 /dev/zero; sleep 1000", output_limit=100)
    expect.equal(seen.exit_status, 255)
    expect.equal(seen.end.reason, warden.Reason.OUTPUT)


@case
def head_and_tail_are_kept_and_dropped_bytes_are_counted(w):
    handle = w.create()
    whole = numbers(100_000)
    seen = run(
        w,
        handle,
        "seq 1 100000; seq 1 100000 >&2",
        output_policy=warden.OutputPolicy.HEAD_TAIL,
        output_limit=LIMIT,
    )
    expect.equal(seen.exit_status, 0)
    kept = whole[: LIMIT // 2] + whole[-LIMIT // 2 :]
    for name in ("stdout", "stderr"):
        expect.true(getattr(seen, name) == kept, f"{name} is the beginning and the end")
        expect.equal(getattr(seen.end, f"{name}_dropped"), len(whole) - LIMIT)
        expect.equal(getattr(seen.end, f"{name}_dropped_at"), LIMIT // 2)
    expect.equal(seen.info.events, [])


@case
def the_tail_is_kept(w):
    seen = run(
        w,
        w.create(),
        "seq 1 100000",
        output_policy=warden.OutputPolicy.TAIL,
        output_limit=LIMIT,
    )
    whole = numbers(100_000)
    expect.true(seen.stdout == whole[-LIMIT:], "stdout is the end")
    expect.equal((seen.end.stdout_dropped, seen.end.stdout_dropped_at), (len(whole) - LIMIT, 0))


@case
def output_below_the_limit_is_complete_under_every_policy(w):
    handle = w.create()
    for policy in warden.OutputPolicy:
        seen = run(w, handle, "printf 0123456789", output_policy=policy, output_limit=10)
        expect.equal(seen.stdout, b"0123456789")
        expect.equal(seen.end.stdout_dropped, None)


@case
def dropped_output_takes_no_room(w):
    handle = w.create()
    job = w.c.call(
        warden.SpawnRequest(
            handle=handle,
            script=b"head -c 50000000 /dev/zero; echo end; sleep 1000",
            output_policy=warden.OutputPolicy.TAIL,
            output_limit=LIMIT,
        )
    ).job_id
    path = f"{w.path_of(handle)}/jobs/{job}.stdout"
    expect.eventually(lambda: os.path.exists(path) and os.stat(path).st_size == 50_000_004, "all was written")
    expect.between(os.stat(path).st_blocks * 512, 1, LIMIT + (1 << 20), "bytes on disk")
    w.c.stop(handle)
    seen = w.c.link(handle, job)
    expect.equal(seen.stdout[-4:], b"end\n")
    expect.equal(len(seen.stdout), LIMIT)


@case
def a_tail_is_whole_after_a_restart(w):
    handle = w.create()
    script = b"seq 1 50000; while [ ! -e go ]; do sleep 0.01; done; seq 50001 100000"
    job = w.c.call(
        warden.SpawnRequest(
            handle=handle,
            script=script,
            output_policy=warden.OutputPolicy.HEAD_TAIL,
            output_limit=LIMIT,
        )
    ).job_id
    path = f"{w.path_of(handle)}/jobs/{job}.stdout"
    expect.eventually(
        lambda: os.path.exists(path) and os.stat(path).st_size == len(numbers(50_000)), "half was written"
    )
    restart(w)
    w.run(handle, "touch go")
    seen = w.c.link(handle, job)
    whole = numbers(100_000)
    expect.true(seen.stdout == whole[: LIMIT // 2] + whole[-LIMIT // 2 :], "the beginning and the end")
    expect.equal(seen.end.stdout_dropped, len(whole) - LIMIT)


@case
def a_stream_continues_after_dropped_output(w):
    handle = w.create()
    job = w.c.call(
        warden.SpawnRequest(
            handle=handle,
            script=b"seq 1 100000",
            output_policy=warden.OutputPolicy.HEAD_TAIL,
            output_limit=LIMIT,
            keep=True,
        )
    ).job_id
    w.c.link(handle, job)
    seen = list(w.c.stream(handle, job))
    whole = numbers(100_000)
    data = b"".join(part.data for part in seen[:-1])
    expect.true(data == whole[: LIMIT // 2] + whole[-LIMIT // 2 :], "the beginning and the end")
    expect.equal(seen[-1].end.stdout_dropped, len(whole) - LIMIT)


def streamed(w, request):
    """Streams; returns each stream's data, and the pairs of offset and data of stdout."""
    w.c.send(request)
    pieces = []
    while (piece := w.c.receive()).exit_status is None:
        pieces.append(piece)
    data = {name: b"".join(p.data for p in pieces if p.name == name) for name in ("stdout", "stderr")}
    return data["stdout"], data["stderr"], [(p.offset, p.data) for p in pieces if p.name == "stdout"]


@case
def a_stream_begins_behind_its_offsets(w):
    handle = w.create()
    job = w.c.spawn(handle, "seq 1 100000; seq 1 1000 >&2", keep=True)
    w.c.link(handle, job)
    out, err = numbers(100_000), numbers(1000)
    for _ in range(2):
        for kind in (warden.StreamRequest, warden.AttachRequest):
            seen = streamed(w, kind(handle=handle, job_id=job, stdout_offset=12_345, stderr_offset=10))
            expect.true(seen[:2] == (out[12_345:], err[10:]), "the rest")
            seen = streamed(w, kind(handle=handle, job_id=job, stderr_offset=len(err)))
            expect.true(seen[:2] == (out, b""), "stdout alone")
            expect.equal(seen[2][0][0], 0)
            seen = streamed(w, kind(handle=handle, job_id=job, stdout_offset=1 << 40, stderr_offset=(1 << 64) - 1))
            expect.equal(seen[:2], (b"", b""))
        seen = streamed(w, warden.AttachRequest(handle=handle, job_id=job, replay=False, stdout_offset=7))
        expect.true(seen[:2] == (out[7:], b""), "an offset wins over replay")
        restart(w)


@case
def offsets_count_dropped_output(w):
    handle = w.create()
    job = w.c.call(
        warden.SpawnRequest(
            handle=handle,
            script=b"seq 1 100000",
            output_policy=warden.OutputPolicy.HEAD_TAIL,
            output_limit=LIMIT,
            keep=True,
        )
    ).job_id
    w.c.link(handle, job)
    whole = numbers(100_000)
    tail = len(whole) - LIMIT // 2
    for _ in range(2):
        for offset, first in ((0, 0), (10, 10), (LIMIT // 2, tail), (LIMIT, tail), (tail + 5, tail + 5)):
            pieces = streamed(w, warden.StreamRequest(handle=handle, job_id=job, stdout_offset=offset))[2]
            expect.equal(pieces[0][0], first)
            for at, data in pieces:
                expect.true(data == whole[at : at + len(data)], f"the bytes at {at}")
            expect.equal(pieces[-1][0] + len(pieces[-1][1]), len(whole))
        restart(w)


@case
def limits_and_policies_out_of_range_are_named(w):
    handle = w.create()
    for fields, text in (
        ({"output_policy": 3}, "output_policy: 3 is out of range, 0 to 2 are allowed"),
        ({"output_limit": 0}, "output_limit: 0 is out of range, 1 to 1099511627776 are allowed"),
    ):
        expect.error(text, run, w, handle, "true", **fields)


# Lines for syslog.


class Syslog:
    """A socket that receives syslog messages."""

    def __init__(self, path):
        self.path = path
        self.lines = []
        self.open()

    def open(self):
        """Begins to listen."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.bind(self.path)
        os.chmod(self.path, 0o777)
        self._socket.setblocking(False)

    def read(self):
        """All lines so far."""
        while True:
            try:
                self.lines.append(self._socket.recv(65536).decode())
            except BlockingIOError:
                return self.lines

    def await_lines(self, n):
        """Waits for this many lines."""
        expect.eventually(lambda: len(self.read()) >= n, f"{n} lines in syslog: {self.lines}")
        return self.lines

    def close(self):
        """Closes the socket."""
        self._socket.close()
        os.unlink(self.path)


HEAD = r"<%d>[A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d warden\.%s: "


def with_syslog(w):
    """Starts the daemon with the case's own syslog."""
    syslog = Syslog(f"{w.directory}/log.sock")
    w.daemon.settings["server"]["syslog_socket"] = syslog.path
    w.daemon.start()
    return syslog


@case(daemon=False)
def each_line_goes_to_syslog(w):
    syslog = with_syslog(w)
    seen = run(w, w.create(), "echo one; echo two; printf half; echo bad >&2", log_tag="tag")
    expect.result(seen, 0, b"one\ntwo\nhalf", b"bad\n")
    lines = syslog.await_lines(4)
    infos = [line for line in lines if line.startswith("<14>")]
    expect.equal([re.sub(HEAD % (14, "tag"), "", line) for line in infos], ["one", "two", "half"])
    errors = [line for line in lines if line.startswith("<11>")]
    expect.equal([re.sub(HEAD % (11, "tag"), "", line) for line in errors], ["bad"])
    syslog.close()


@case(daemon=False)
def discarded_output_is_sent_to_syslog(w):
    syslog = with_syslog(w)
    seen = run(w, w.create(), "echo one; echo two", log_tag="tag", discard_output=True)
    expect.result(seen, 0, b"")
    expect.equal(seen.end.stdout_dropped, None)
    expect.equal([line.split(": ", 1)[1] for line in syslog.await_lines(2)], ["one", "two"])
    syslog.close()


@case(daemon=False)
def a_long_line_is_sent_in_pieces(w):
    syslog = with_syslog(w)
    run(w, w.create(), "head -c 20000 /dev/zero | tr '\\0' x; echo", log_tag="tag")
    lines = [line.split(": ", 1)[1] for line in syslog.await_lines(3)]
    expect.equal([len(line) for line in lines], [8192, 8192, 20000 - 2 * 8192])
    syslog.close()


@case(daemon=False)
def lines_continue_after_a_restart(w):
    syslog = with_syslog(w)
    handle = w.create()
    job = w.c.call(
        warden.SpawnRequest(
            handle=handle,
            script=b"echo one; printf tw; while [ ! -e go ]; do sleep 0.01; done; echo o; echo three",
            log_tag="tag",
        )
    ).job_id
    syslog.await_lines(1)
    # A line that was sent in the moment of the kill may come twice: the position on disk is behind it then.
    position = f"{w.path_of(handle)}/jobs/{job}.stdout.logged"
    expect.eventually(lambda: os.path.exists(position) and os.path.getsize(position) == 8, "the position is on disk")
    restart(w)
    w.run(handle, "touch go")
    expect.result(w.c.link(handle, job), 0, b"one\ntwo\nthree\n")
    expect.equal([line.split(": ", 1)[1] for line in syslog.await_lines(3)], ["one", "two", "three"])
    time.sleep(0.05)
    expect.equal(len(syslog.read()), 3, "lines, none of them twice")
    syslog.close()


@case(daemon=False)
def a_missing_syslog_delays_no_job(w):
    with_syslog(w).close()
    with expect.within(10, "run"):
        expect.result(run(w, w.create(), "seq 1 1000", log_tag="tag"), 0, numbers(1000))
    expect.contains(w.daemon.log(), "syslog does not take its lines")


@case
def tags_that_syslog_would_misread_are_refused(w):
    handle = w.create()
    for tag in ("a b", "a:b", "a[b", "a\nb", "x" * 65):
        expect.error_like("log_tag", run, w, handle, "true", log_tag=tag)
