# SPDX-License-Identifier: Apache-2.0
"""Links and streams: any number may wait for one job, and each gets its whole output."""

import time

import warden
from case import case
import expect


def _collect(responses):
    """Collects a stream: its last response, stdout and stderr."""
    output = {"stdout": b"", "stderr": b""}
    end = None
    for response in responses:
        if response.exit_status is None:
            output[response.name] += response.data
        else:
            end = response
    return end, output["stdout"], output["stderr"]


def _stream(w, handle, job):
    client = w.client()
    return w.in_thread(lambda: _collect(client.stream(handle, job)))


def _link(w, handle, job):
    client = w.client()
    return w.in_thread(lambda: client.link(handle, job))


@case
def a_link_waits_for_the_end(w):
    handle = w.create()
    job = w.c.spawn(handle, "sleep 0.5; echo out; exit 8")
    with expect.within(3, "link", least=0.3):
        expect.result(w.c.link(handle, job), 8, b"out\n")


@case
def a_link_after_the_end_gets_everything(w):
    handle = w.create()
    job = w.c.spawn(handle, "echo out; echo err >&2; exit 8")
    expect.eventually(lambda: not w.c.info(handle).job_ids, "the end of the job")
    expect.result(w.c.link(handle, job), 8, b"out\n", b"err\n")


@case
def a_collected_job_is_no_such_job(w):
    handle = w.create()
    job = w.c.spawn(handle, "true")
    w.c.link(handle, job)
    expect.error("no such job", w.c.link, handle, job)
    expect.error("no such job", lambda: list(w.c.stream(handle, job)))


@case
def an_unknown_job_is_no_such_job(w):
    handle = w.create()
    for job in (0, 1, 2, 4294967295):
        expect.error("no such job", w.c.link, handle, job)
        expect.error("no such job", lambda job=job: list(w.c.stream(handle, job)))


@case
def a_job_of_another_container_is_no_such_job(w):
    one, two = w.create(), w.create()
    job = w.c.spawn(one, "echo mine")
    expect.error("no such job", w.c.link, two, job)
    expect.result(w.c.link(one, job), 0, b"mine\n")


@case
def a_stream_answers_while_output_is_written(w):
    handle = w.create()
    job = w.c.spawn(handle, "for i in 1 2 3; do echo out$i; sleep 0.3; done; echo err >&2; exit 2")
    seen = []
    start = time.monotonic()
    for response in w.c.stream(handle, job):
        seen.append((time.monotonic() - start, response))
    first = seen[0]
    expect.equal((first[1].name, first[1].data, first[1].info), ("stdout", b"out1\n", None))
    expect.duration(first[0], 0.3, "the first piece")
    expect.equal(len(seen) >= 5, True, "a piece for each write")
    end = seen[-1][1]
    expect.equal((end.name, end.data, end.exit_status), (None, None, 2))
    expect.equal(end.info.state, "active")
    expect.equal(_collect(r for _, r in seen)[1:], (b"out1\nout2\nout3\n", b"err\n"))


@case
def a_stream_of_a_silent_job_has_only_the_end(w):
    handle = w.create()
    (end,) = list(w.c.stream(handle, w.c.spawn(handle, "exit 4")))
    expect.equal((end.name, end.data, end.exit_status), (None, None, 4))


@case
def a_stream_after_the_end_gets_everything(w):
    handle = w.create()
    job = w.c.spawn(handle, "echo out; echo err >&2; exit 8")
    expect.eventually(lambda: not w.c.info(handle).job_ids, "the end of the job")
    end, out, err = _collect(w.c.stream(handle, job))
    expect.equal((end.exit_status, out, err), (8, b"out\n", b"err\n"))


@case
def any_number_wait_early_and_late_and_all_get_everything(w):
    handle = w.create()
    script = "echo first; sleep 0.6; echo middle; sleep 0.6; echo last; echo err >&2; exit 3"
    job = w.c.spawn(handle, script)
    waiters = []
    for _ in range(4):
        waiters += [_stream(w, handle, job) for _ in range(5)]
        links = [_link(w, handle, job) for _ in range(5)]
        waiters += links
        time.sleep(0.25)
    whole = (b"first\nmiddle\nlast\n", b"err\n")
    for waiter in waiters:
        seen = waiter.result()
        if isinstance(seen, tuple):
            expect.equal((seen[0].exit_status, seen[1], seen[2]), (3, *whole))
        else:
            expect.result(seen, 3, *whole)
    expect.error("no such job", w.c.link, handle, job)


@case
def other_clients_may_wait_for_a_run(w):
    handle = w.create()
    w.c.send(warden.RunRequest(handle=handle, script=b"echo a; sleep 0.5; echo b"))
    other = w.client()
    (job,) = expect.eventually(lambda: other.info(handle).job_ids, "the job's id")
    expect.equal(_collect(other.stream(handle, job))[1], b"a\nb\n")
    expect.equal(w.c.receive().stdout, b"a\nb\n")


@case
def a_client_that_disconnects_does_not_change_the_job(w):
    handle = w.create()
    job = w.c.spawn(handle, "echo a; sleep 0.6; echo b; exit 5")
    for kind in (warden.LinkRequest, warden.StreamRequest):
        leaver = w.client()
        leaver.send(kind(handle=handle, job_id=job))
        time.sleep(0.1)
        leaver.close()
    expect.result(w.c.link(handle, job), 5, b"a\nb\n")


@case
def a_run_whose_client_disconnects_continues(w):
    handle = w.create()
    leaver = w.client()
    leaver.send(warden.RunRequest(handle=handle, script=b"echo a; sleep 0.5; echo b; touch done"))
    (job,) = expect.eventually(lambda: w.c.info(handle).job_ids, "the job's id")
    leaver.close()
    expect.result(w.c.link(handle, job), 0, b"a\nb\n")
    expect.equal(w.run(handle, "ls"), "done\n")


@case
def a_job_whose_only_waiter_disconnected_at_its_end_is_not_collected(w):
    handle = w.create()
    job = w.c.spawn(handle, "sleep 0.3; exit 5")
    leaver = w.client()
    leaver.send(warden.LinkRequest(handle=handle, job_id=job))
    time.sleep(0.1)
    leaver.close()
    expect.eventually(lambda: not w.c.info(handle).job_ids, "the end of the job")
    expect.equal(w.c.link(handle, job).exit_status, 5)


@case
def a_slow_reader_of_a_stream_delays_no_other(w):
    handle = w.create()
    size = 5_000_000
    job = w.c.spawn(handle, f"head -c {size} /dev/zero; exit 1")
    slow = w.raw()
    slow.send_frame(24, warden.StreamRequest(handle=handle, job_id=job).encode())
    with expect.within(5, "link beside a stream that nobody reads"):
        seen = w.c.link(handle, job)
    expect.equal((seen.exit_status, len(seen.stdout)), (1, size))
    received = b""
    while True:
        response = slow.answer()
        if response.exit_status is not None:
            break
        received += response.data
    expect.equal((len(received), response.exit_status), (size, 1))


@case
def links_of_different_jobs_end_independently(w):
    handle = w.create()
    slow = w.c.spawn(handle, "sleep 1; echo slow")
    quick = w.c.spawn(handle, "echo quick")
    waiter = _link(w, handle, slow)
    expect.result(w.c.link(handle, quick), 0, b"quick\n")
    expect.equal(w.c.info(handle).job_ids, [slow])
    expect.result(waiter.result(), 0, b"slow\n")


@case
def a_finished_job_that_is_not_collected_does_no_harm(w):
    handle = w.create()
    for _ in range(20):
        w.c.spawn(handle, "echo never read")
    expect.eventually(lambda: not w.c.info(handle).job_ids, "the end of all")
    w.c.destroy(handle)
