# SPDX-License-Identifier: Apache-2.0
"""Destroy removes everything, and requests that wait are answered."""

import os
import signal
import time

import warden
from case import case
import expect
import kernel


@case
def the_handle_is_unknown_from_then_on(w):
    handle = w.create()
    w.c.destroy(handle)
    for call in (w.c.info, w.c.destroy, w.c.stop):
        expect.error("unknown handle", call, handle)
    expect.equal(w.c.list(), [])


@case
def its_directory_is_out_of_the_depot_before_the_answer(w):
    handles = [w.create() for _ in range(5)]
    for handle in handles:
        path = w.path_of(handle)
        w.c.destroy(handle)
        expect.equal(os.path.exists(path), False, f"{path} exists")


@case
def its_processes_end(w):
    handle = w.create()
    w.c.spawn(handle, "trap '' TERM; setsid sleep 2718 & sleep 2718")
    expect.eventually(lambda: any("sleep 2718" in str(p) for p in kernel.descendants(os.getpid())), "the job")
    init = w.init_of(handle)
    w.c.send(warden.DestroyRequest(handle=handle))
    w.c.receive()
    expect.eventually(lambda: kernel.gone(init), "process 1's end")
    left = [str(p) for p in kernel.descendants(os.getpid()) if "sleep 2718" in str(p)]
    expect.equal(left, [])


@case
def destroy_of_an_idle_container_is_answered_fast(w):
    taken = []
    for _ in range(10):
        handle = w.create()
        start = time.monotonic()
        w.c.destroy(handle)
        taken.append(time.monotonic() - start)
    expect.duration(sorted(taken)[5], 0.1, "the median destroy")


@case
def links_and_streams_that_wait_are_answered(w):
    handle = w.create()
    job = w.c.spawn(handle, "echo out; echo err >&2; sleep 1000")
    link, stream = w.client(), w.client()
    link.send(warden.LinkRequest(handle=handle, job_id=job))
    responses = stream.stream(handle, job)
    seen = {next(responses).data, next(responses).data}
    expect.equal(seen, {b"out\n", b"err\n"})
    w.c.destroy(handle)
    answer = link.receive()
    expect.result(answer, 255, b"out\n", b"err\n")
    expect.equal(answer.info.host_ip, "10.254.0.1")
    (end,) = list(responses)
    expect.equal((end.exit_status, end.name, end.data), (255, None, None))
    expect.equal(end.info.host_ip, "10.254.0.1")


@case
def a_run_that_waits_is_answered(w):
    handle = w.create()
    runner = w.client()
    runner.send(warden.RunRequest(handle=handle, script=b"echo out; sleep 1000"))
    expect.eventually(lambda: w.c.info(handle).job_ids, "the job")
    time.sleep(0.1)
    w.c.destroy(handle)
    expect.result(runner.receive(), 255, b"out\n")


@case
def jobs_that_end_at_term_report_their_own_status(w):
    handle = w.create()
    job = w.spawn_ready(handle, "trap 'exit 23' TERM; echo ready; while :; do sleep 0.05; done")
    link = w.client()
    link.send(warden.LinkRequest(handle=handle, job_id=job))
    time.sleep(0.1)
    w.c.destroy(handle)
    expect.equal(link.receive().exit_status, 23)


@case(long=True)
def destroy_overtakes_a_stop_that_waits(w):
    handle = w.create()
    w.spawn_ready(handle, "trap '' TERM; echo ready; while :; do sleep 0.05; done")
    stopper = w.client()
    stopper.send(warden.StopRequest(handle=handle))
    time.sleep(0.2)
    with expect.within(14, "destroy beside a stop"):
        w.c.destroy(handle)
        expect.equal(type(stopper.receive()), warden.StopResponse)


@case
def several_destroys_at_once_are_consistent(w):
    handle = w.create()
    clients = [w.client() for _ in range(4)]
    for client in clients:
        client.send(warden.DestroyRequest(handle=handle))
    answers = []
    for client in clients:
        try:
            answers.append(type(client.receive()))
        except warden.WardenError as error:
            answers.append(str(error))
    expect.contains(answers, warden.DestroyResponse)
    rest = [a for a in answers if a is not warden.DestroyResponse]
    told = all(a == "unknown handle" or "current state is 'destroyed'" in a for a in rest)
    expect.true(told, "the others are told", rest)


@case
def a_client_that_disconnects_does_not_cancel_it(w):
    handle = w.create()
    leaver = w.client()
    leaver.send(warden.DestroyRequest(handle=handle))
    leaver.close()
    expect.eventually(lambda: not w.c.list(), "the end of the container")


@case
def odd_files_in_it_are_removed(w):
    handle = w.create()
    w.run(
        handle,
        "mkdir -p a/b/c d; touch a/b/c/f '-rf' ' ' $'new\\nline'; ln -s / root; ln -s nowhere n; ln a/b/c/f hard;"
        "mkfifo p; chmod 000 d a/b/c/f; chmod 0500 a/b; chmod 000 a",
    )
    w.run(handle, "deep=.; for i in $(seq 300); do mkdir dddddddddd && cd dddddddddd; done; touch bottom")
    w.c.destroy(handle)


@case
def its_files_are_gone_soon(w):
    handle = w.create()
    w.run(handle, "for i in $(seq 2000); do echo $i > f$i; done")
    w.c.destroy(handle)
    expect.eventually(lambda: os.listdir(f"{w.daemon.depot}/tmp") == [], "an empty tmp")


@case(limit=120, slow=True)
def the_removal_of_many_files_holds_up_nobody_else(w):
    other = w.create()
    handles = [w.create() for _ in range(40)]
    for handle in handles:
        junk = f"{w.path_of(handle)}/tmp/junk"
        os.makedirs(junk)
        with open(f"{junk}/file", "wb"):
            pass
        for i in range(3000):
            os.link(f"{junk}/file", f"{junk}/{i}")
    clients = [w.client() for _ in handles]
    for client, handle in zip(clients, handles):
        client.send(warden.DestroyRequest(handle=handle))
    for client in clients:
        client.receive()
    w.run(other, "true")
    left = len(os.listdir(f"{w.daemon.depot}/tmp"))
    expect.true(left > 16, "most are not removed when another's job is done already", left)
    expect.eventually(lambda: os.listdir(f"{w.daemon.depot}/tmp") == [], "an empty tmp", seconds=60)


@case
def a_removal_that_the_daemon_leaves_is_ended_by_the_next(w):
    handle = w.create()
    junk = f"{w.path_of(handle)}/tmp/junk"
    os.makedirs(junk)
    for i in range(5000):
        os.symlink("x", f"{junk}/{i}")
    w.c.destroy(handle)
    w.disconnect()
    w.daemon.restart(signal.SIGTERM)
    expect.eventually(lambda: os.listdir(f"{w.daemon.depot}/tmp") == [], "an empty tmp")
