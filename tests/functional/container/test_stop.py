# SPDX-License-Identifier: Apache-2.0
"""Stop: how processes end, when it is answered, and the state afterwards."""

import ctypes
import os
import time

import warden
from case import case
import expect
import kernel

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207  # linux/ptrace.h


def _processes(text):
    """Processes below this case whose command line has this text."""
    return [str(p) for p in kernel.descendants(os.getpid()) if text in str(p)]


def _started(text):
    expect.eventually(lambda: _processes(text), f"a process {text}")


@case
def an_idle_container_stops_at_once(w):
    handle = w.create()
    with expect.within(1, "stop"):
        w.c.stop(handle)
    expect.equal(w.c.info(handle).state, "stopped")


@case
def term_ends_a_job_at_once(w):
    handle = w.create()
    job = w.c.spawn(handle, "sleep 3141")
    _started("sleep 3141")
    with expect.within(2, "stop"):
        w.c.stop(handle)
    expect.equal(_processes("sleep 3141"), [])
    expect.equal(w.c.link(handle, job).exit_status, 255)


@case(limit=60)
def term_reaches_processes_that_are_just_forked(w):
    handle = w.create()
    for i in range(120):
        w.c.spawn(handle, "sleep 1000; true")
        time.sleep(i * 37 % 40 / 10000)  # somewhere between the shell's start and its child's
        with expect.within(5, f"stop {i}"):
            w.c.stop(handle)
        w.c.destroy(handle)
        handle = w.create()


@case
def a_job_that_handles_term_reports_its_own_status(w):
    handle = w.create()
    job = w.spawn_ready(handle, "trap 'echo bye; exit 23' TERM; echo ready; while :; do sleep 0.05; done")
    w.c.stop(handle)
    seen = w.c.link(handle, job)
    expect.equal((seen.exit_status, seen.stdout), (23, b"ready\nbye\n"))


@case(limit=40, slow=True)
def stop_gives_processes_ten_seconds_before_kill(w):
    handle = w.create()
    stubborn = w.spawn_ready(handle, "trap '' TERM; echo ready; while :; do sleep 0.05; done")
    gentle = w.spawn_ready(handle, "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done")
    with expect.within(12, "stop", least=9.5):
        w.c.stop(handle)
    expect.equal(w.c.link(handle, stubborn).exit_status, 255)
    expect.equal(w.c.link(handle, gentle).exit_status, 7)
    expect.equal(w.c.info(handle).state, "stopped")


@case
def kill_ends_all_at_once(w):
    handle = w.create()
    job = w.c.spawn(handle, "trap '' TERM; sleep 3142; sleep 3142")
    _started("sleep 3142")
    with expect.within(2, "stop with kill"):
        w.c.stop(handle, kill=True)
    expect.equal(_processes("sleep 3142"), [])
    expect.equal(w.c.link(handle, job).exit_status, 255)


@case(backend="fake", limit=60)
def a_kill_ends_all_although_wshd_is_held(w):
    handle = w.create()
    job = w.c.spawn(handle, "sleep 3153")
    _started("sleep 3153")
    init = w.init_of(handle)
    ptrace = ctypes.CDLL(None).ptrace
    expect.equal(ptrace(PTRACE_SEIZE, init, None, None), 0)
    expect.equal(ptrace(PTRACE_INTERRUPT, init, None, None), 0)
    try:
        with expect.within(20, "stop with kill"):
            w.c.stop(handle, kill=True)
        expect.equal([str(p) for p in kernel.descendants(init) if "sleep" in str(p)], [])
        seen = w.c.link(handle, job)
        expect.equal((seen.exit_status, seen.end.reason), (255, warden.Reason.STOPPED))
    finally:
        ptrace(PTRACE_DETACH, init, None, None)


@case(module=False, limit=60)
def a_destroy_ends_although_wshd_is_stopped(w):
    handle = w.create()
    w.c.spawn(handle, "sleep 3154")
    _started("sleep 3154")
    kernel.halt(w.init_of(handle))
    with expect.within(20, "destroy"):
        w.c.destroy(handle)
    expect.equal(_processes("sleep 3154"), [])


@case(limit=40, slow=True, long=True)
def background_is_answered_at_once(w):
    handle = w.create()
    job = w.spawn_ready(handle, "trap '' TERM; echo ready; while :; do sleep 0.05; done")
    with expect.within(1, "stop in the background"):
        w.c.stop(handle, background=True)
    with expect.within(12, "the end of the job", least=8.5):
        expect.equal(w.c.link(handle, job).exit_status, 255)
    expect.eventually(lambda: w.c.info(handle).state == "stopped", "the state stopped")


@case
def a_kill_overtakes_a_stop_that_waits(w):
    handle = w.create()
    job = w.spawn_ready(handle, "trap '' TERM; echo ready; while :; do sleep 0.05; done")
    waiting = w.client()
    waiting.send(warden.StopRequest(handle=handle))
    time.sleep(0.2)
    with expect.within(3, "both stops"):
        w.c.stop(handle, kill=True)
        expect.equal(waiting.receive(), warden.StopResponse())
    expect.equal(w.c.link(handle, job).exit_status, 255)


@case
def processes_in_their_own_sessions_end_too(w):
    handle = w.create()
    w.c.run(handle, "setsid sleep 3143 >/dev/null 2>&1 & (setsid setsid sleep 3144 >/dev/null 2>&1 &) & sleep 0.1")
    _started("sleep 3143")
    _started("sleep 3144")
    with expect.within(3, "stop"):
        w.c.stop(handle)
    expect.equal(_processes("sleep 314"), [])


@case
def daemons_that_outlive_their_job_end_too(w):
    handle = w.create()
    expect.result(w.c.run(handle, "(sleep 3145 >/dev/null 2>&1 &)"), 0)
    _started("sleep 3145")
    w.c.stop(handle)
    expect.equal(_processes("sleep 3145"), [])


@case
def a_stopped_process_ends_too(w):
    handle = w.create()
    w.c.spawn(handle, "sleep 3146 & sleep 0.2; kill -STOP $!; kill -STOP $$")
    _started("sleep 3146")
    time.sleep(0.2)
    with expect.within(12, "stop"):
        w.c.stop(handle, kill=True)
    expect.equal(_processes("sleep 3146"), [])


@case(module=False)  # without a process limit it would exhaust the machine
def a_fork_bomb_with_a_limit_ends(w):
    handle = w.create()
    w.c.spawn(handle, "f() { sleep 0.01; f | f & }; f; sleep 3147", rlimits={"nproc": 150} if w.linux else None)
    time.sleep(0.3)
    with expect.within(8, "stop with kill"):
        w.c.stop(handle, kill=True)
    expect.equal(_processes("sleep 3147"), [])


@case
def links_that_wait_are_answered(w):
    handle = w.create()
    job = w.c.spawn(handle, "echo out; sleep 1000")
    client = w.client()
    client.send(warden.LinkRequest(handle=handle, job_id=job))
    stream = w.client().stream(handle, job)
    expect.equal(next(stream).data, b"out\n")
    w.c.stop(handle)
    expect.result(client.receive(), 255, b"out\n")
    expect.equal(list(stream)[-1].exit_status, 255)


@case
def its_answer_comes_after_its_jobs_are_settled(w):
    handle = w.create()
    jobs = [w.c.spawn(handle, "sleep 1000") for _ in range(10)]
    w.c.stop(handle)
    expect.equal(w.c.info(handle).job_ids, [])
    for job in jobs:
        expect.equal(w.c.link(handle, job).exit_status, 255)


@case
def process_1_continues_to_run(w):
    handle = w.create()
    init = w.init_of(handle)
    w.c.stop(handle)
    expect.equal(w.init_of(handle), init)
    expect.equal(kernel.process(init).state in "SR", True, "process 1 lives")


@case
def stopping_again_does_nothing(w):
    handle = w.create()
    for _ in range(3):
        with expect.within(1, "stop"):
            w.c.stop(handle)
        w.c.stop(handle, kill=True)
        w.c.stop(handle, background=True)
    expect.equal(w.c.info(handle).state, "stopped")


@case(limit=40, slow=True, long=True)
def ten_slow_stops_block_no_other_client(w):
    handles = [w.create() for _ in range(10)]
    for handle in handles:
        w.spawn_ready(handle, "trap '' TERM; echo ready; while :; do sleep 0.5; done")
    clients = [w.client() for _ in handles]
    for client, handle in zip(clients, handles):
        client.send(warden.StopRequest(handle=handle))
    time.sleep(0.2)
    other = w.create()
    with expect.within(2, "create, run and destroy beside ten stops"):
        expect.result(w.c.run(other, "echo hi"), 0, b"hi\n")
        w.c.destroy(other)
    for client in clients:
        expect.equal(client.receive(), warden.StopResponse())


@case
def other_containers_continue(w):
    one, two = w.create(), w.create()
    job = w.c.spawn(two, "sleep 0.5; echo still")
    w.c.spawn(one, "sleep 1000")
    w.c.stop(one)
    expect.result(w.c.link(two, job), 0, b"still\n")
