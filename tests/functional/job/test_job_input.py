# SPDX-License-Identifier: Apache-2.0
"""Standard input that is sent after the start, and jobs that exchange their output."""

import hashlib
import os

import expect
import warden
from case import case


def spawn(w, handle, *argv, **fields):
    """Starts a command."""
    return w.c.call(warden.SpawnRequest(handle=handle, argv=list(argv), **fields)).job_id


def type_(client, handle, job, data=None, end=None):
    """Sends standard input and waits until the job's pipe has taken it."""
    client.call(warden.JobInputRequest(handle=handle, job_id=job, data=data, end=end))


def restart(w):
    """The daemon is killed and starts again."""
    w.disconnect()
    w.daemon.restart()


@case
def input_is_read_until_its_end(w):
    handle = w.create()
    job = spawn(w, handle, "cat", stdin=True)
    type_(w.c, handle, job, b"one\n")
    type_(w.c, handle, job, b"")
    type_(w.c, handle, job, b"two\0\xff", end=True)
    expect.result(w.c.link(handle, job), 0, b"one\ntwo\0\xff")


@case
def a_command_without_input_reads_nothing(w):
    handle = w.create()
    job = spawn(w, handle, "cat", keep=True)
    expect.result(w.c.link(handle, job), 0)
    expect.error_like("has no standard input to write to", type_, w.c, handle, job, b"x")
    expect.error("no such job", type_, w.c, handle, 999, b"x")


@case
def a_script_has_no_input(w):
    request = warden.SpawnRequest(handle=w.create(), script=b"cat", stdin=True)
    expect.error_like("stdin: a script is its job's standard input", w.c.call, request)


@case
def input_that_exceeds_the_pipe_waits_for_the_job(w):
    handle = w.create()
    job = spawn(w, handle, "sh", "-c", "while [ ! -e go ]; do sleep 0.01; done; sha256sum", stdin=True)
    data = os.urandom(8 << 20)
    with w.client() as client:
        sender = w.in_thread(type_, client, handle, job, data, True)
        w.run(handle, "touch go")
        sender.result()
    expect.equal(w.c.link(handle, job).stdout.split()[0].decode(), hashlib.sha256(data).hexdigest())


@case
def input_of_two_clients_is_not_mixed(w):
    handle = w.create()
    job = spawn(w, handle, "cat", stdin=True, output_limit=100_000_000)
    pieces = [bytes([65 + n]) * 300_000 for n in range(6)]
    threads = [w.in_thread(type_, w.client(), handle, job, piece) for piece in pieces]
    for thread in threads:
        thread.result()
    type_(w.c, handle, job, end=True)
    seen = w.c.link(handle, job).stdout
    expect.equal(len(seen), 1_800_000)
    expect.equal(sorted(seen[n : n + 300_000] for n in range(0, len(seen), 300_000)), pieces)


@case
def input_for_a_job_that_closed_its_input_is_an_error(w):
    handle = w.create()
    job = spawn(w, handle, "sh", "-c", "exec <&-; echo closed; exec sleep 1000", stdin=True)
    with w.client() as client:
        next(client.stream(handle, job))

    def refused():
        try:
            type_(w.c, handle, job, b"x" * 10)
        except warden.WardenError as error:
            return str(error)
        return None

    # The keeper may close its own end a moment after the job does.
    text = expect.eventually(refused, "an error")
    expect.contains(text, "does not read its standard input any more")
    expect.error(f"the standard input of job {job} is closed", type_, w.c, handle, job, b"x")


@case
def a_client_that_waits_is_answered_when_the_job_ends(w):
    handle = w.create()
    job = spawn(w, handle, "sleep", "1000", stdin=True)
    sender = w.in_thread(expect.error_like, "does not read", type_, w.client(), handle, job, b"x" * (4 << 20))
    expect.eventually(lambda: "job_input" in w.daemon.log(), "the input waits")
    w.c.call(warden.JobSignalRequest(handle=handle, job_id=job, signal=9))
    sender.result()


@case
def a_client_may_leave_while_it_waits(w):
    handle = w.create()
    job = spawn(w, handle, "sh", "-c", "while [ ! -e go ]; do sleep 0.01; done; wc -c", stdin=True)
    client = w.client()
    client.send(warden.JobInputRequest(handle=handle, job_id=job, data=b"x" * (4 << 20)))
    expect.eventually(lambda: "job_input" in w.daemon.log(), "the input waits")
    client.close()
    w.run(handle, "touch go")
    type_(w.c, handle, job, b"last", end=True)
    expect.between(int(w.c.link(handle, job).stdout), 4, (4 << 20) + 4, "bytes that were read")


@case
def input_stays_open_over_a_restart(w):
    handle = w.create()
    job = spawn(w, handle, "cat", stdin=True)
    type_(w.c, handle, job, b"before\n")
    restart(w)
    type_(w.c, handle, job, b"after\n", end=True)
    expect.result(w.c.link(handle, job), 0, b"before\nafter\n")


@case
def closed_input_stays_closed_after_a_restart(w):
    handle = w.create()
    job = spawn(w, handle, "sh", "-c", "cat; echo end; while [ ! -e go ]; do sleep 0.01; done", stdin=True)
    type_(w.c, handle, job, b"x\n", end=True)
    with w.client() as client:
        seen = b""
        for part in client.stream(handle, job):
            seen += part.data
            if b"end" in seen:
                break
    restart(w)
    expect.error(f"the standard input of job {job} is closed", type_, w.c, handle, job, b"y")
    w.run(handle, "touch go")
    expect.result(w.c.link(handle, job), 0, b"x\nend\n")


# Pairs.


def pair(w, handle, first, second, **fields):
    """Starts two commands, the output of each the input of the other; returns their ids."""
    answer = w.c.call(
        warden.SpawnPairRequest(
            handle=handle,
            first=warden.SpawnRequest(handle="", argv=first, **fields),
            second=warden.SpawnRequest(handle="", argv=second, **fields),
        )
    )
    return answer.first_job_id, answer.second_job_id


@case
def two_jobs_exchange_their_output(w):
    handle = w.create()
    asks = "for i in 1 2 3; do echo $i; read -r answer; echo \"$i -> $answer\" >&2; done"
    answers = "while read -r n; do echo $((n * n)); done; sleep 0.3; exit 4"
    first, second = pair(w, handle, ["sh", "-c", asks], ["sh", "-c", answers])
    one, other = w.c.link(handle, first), w.c.link(handle, second)
    expect.equal(one.stderr, b"1 -> 1\n2 -> 4\n3 -> 9\n")
    expect.equal((one.exit_status, one.stdout), (0, b""))
    expect.equal(other.exit_status, 4)
    expect.true(one.end.end_sequence < other.end.end_sequence, "the one that asks ended first")


@case
def a_job_whose_partner_ended_gets_sigpipe(w):
    handle = w.create()
    first, second = pair(w, handle, ["yes"], ["true"])
    expect.equal(w.c.link(handle, first).end.signal, 13)
    expect.equal(w.c.link(handle, second).exit_status, 0)


@case
def a_pair_that_cannot_start_leaves_nothing(w):
    handle = w.create()
    script = warden.SpawnRequest(handle="", script=b"true")
    command = warden.SpawnRequest(handle="", argv=["true"])
    for first, second, text in (
        (script, command, "first.script: a pair's standard input is the other's output"),
        (command, warden.SpawnRequest(handle="", argv=["true"], stdin=True), "second.stdin: "),
        (command, warden.SpawnRequest(handle="", argv=["true"], nice=20), "second.nice: 20 is out of range"),
        (command, warden.SpawnRequest(handle=""), "second: Please specify script or argv."),
    ):
        request = warden.SpawnPairRequest(handle=handle, first=first, second=second)
        expect.error_like("^" + text, w.c.call, request)
    expect.equal(w.c.info(handle).job_ids, [])


@case
def each_of_a_pair_has_its_own_end(w):
    handle = w.create()
    first, second = pair(w, handle, ["sh", "-c", "read -r x"], ["sleep", "1000"])
    w.c.call(warden.JobSignalRequest(handle=handle, job_id=second, signal=9))
    expect.equal(w.c.link(handle, first).exit_status, 1)
    expect.equal(w.c.link(handle, second).end.signal, 9)


@case
def a_pair_continues_after_a_restart(w):
    handle = w.create()
    first, second = pair(
        w, handle, ["sh", "-c", "while [ ! -e go ]; do sleep 0.01; done; echo hi; read -r x; echo $x >&2"], ["cat"]
    )
    restart(w)
    w.run(handle, "touch go")
    expect.equal(w.c.link(handle, first).stderr, b"hi\n")
    expect.equal(w.c.link(handle, second).exit_status, 0)


# The same request again.


@case
def the_same_request_gives_the_same_job(w):
    handle = w.create()
    request = warden.SpawnRequest(handle=handle, script=b"echo x >> count", request_id="r1")
    first = w.c.call(request).job_id
    expect.equal(w.c.call(request).job_id, first)
    w.c.link(handle, first)
    restart(w)
    expect.equal(w.c.call(request).job_id, first)
    expect.equal(w.run(handle, "cat count"), "x\n")
    other = warden.SpawnRequest(handle=handle, script=b"echo y", request_id="r1")
    expect.error_like("request_id r1 was used", w.c.call, other)


@case
def the_same_run_gives_the_same_answer(w):
    handle = w.create()
    request = warden.RunRequest(handle=handle, script=b"echo x >> count; cat count; exit 6", request_id="r1")
    threads = [w.in_thread(w.client().call, request) for _ in range(4)]
    for thread in threads:
        expect.result(thread.result(), 6, b"x\n")
    restart(w)
    seen = w.c.call(request)
    expect.result(seen, 6, b"x\n")
    w.c.call(warden.CollectRequest(handle=handle, job_id=seen.job_id))
    expect.error("no such job", w.c.call, request)


@case
def an_id_whose_request_failed_is_free(w):
    handle = w.create()
    bad = warden.SpawnRequest(handle=handle, script=b"true", nice=99, request_id="r1")
    expect.error_like("nice: 99", w.c.call, bad)
    good = warden.SpawnRequest(handle=handle, script=b"true", request_id="r1")
    w.c.link(handle, w.c.call(good).job_id)
