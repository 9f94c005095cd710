# SPDX-License-Identifier: Apache-2.0
"""Pause freezes the processes of a container, Resume continues them."""

import os
import signal
import time

import warden
from case import case
import expect

COUNT = "i=0; while :; do echo $((i += 1)) > count; sleep 0.005; done"


def _pause(w, handle):
    w.c.call(warden.PauseRequest(handle=handle))


def _resume(w, handle):
    w.c.call(warden.ResumeRequest(handle=handle))


def _cpu(w, handle):
    return w.c.info(handle).cpu_stat.usage


@case
def info_reports_that_it_is_paused(w):
    handle = w.create()
    expect.equal(w.c.info(handle).paused, False)
    for _ in range(2):
        _pause(w, handle)
        expect.equal(w.c.info(handle).paused, True)
    for _ in range(2):
        _resume(w, handle)
        expect.equal(w.c.info(handle).paused, False)
    expect.equal(w.run(handle, "echo hi"), "hi\n")


@case
def no_job_starts_while_paused(w):
    handle = w.create()
    _pause(w, handle)
    expect.error("the container is paused", w.c.run, handle, "echo hi")
    expect.error("the container is paused", w.c.spawn, handle, "echo hi")
    _resume(w, handle)
    expect.equal(w.run(handle, "echo hi"), "hi\n")


@case
def it_survives_a_restart(w):
    handle = w.create()
    # The last ones are asked for before wshd has come to start them.
    jobs = [w.c.spawn(handle, "sleep 0.3; exit 5") for _ in range(4)]
    _pause(w, handle)
    for number in (signal.SIGKILL, signal.SIGTERM):
        w.disconnect()
        w.daemon.restart(number)
        expect.equal((w.c.info(handle).state, w.c.info(handle).paused), ("active", True))
    _resume(w, handle)
    w.disconnect()
    w.daemon.restart()
    expect.equal(w.c.info(handle).paused, False)
    expect.equal([w.c.link(handle, job).exit_status for job in jobs], [5] * 4)


@case
def a_paused_container_is_stopped_and_then_is_not_paused(w):
    for kill in (False, True):
        handle = w.create()
        job = w.spawn_ready(handle, "trap 'exit 6' TERM; echo ready; while :; do sleep 0.01; done")
        _pause(w, handle)
        with expect.within(8, "the stop of a paused container"):
            w.c.stop(handle, kill=kill)
        expect.equal((w.c.info(handle).state, w.c.info(handle).paused), ("stopped", False))
        expect.equal(w.c.link(handle, job).exit_status, 255 if kill else 6)
        expect.error_like("^Container state must be one of 'active', current", _pause, w, handle)
        _resume(w, handle)


@case
def a_paused_container_is_destroyed(w):
    for restart in (False, True):
        handle = w.create()
        w.c.spawn(handle, "sleep 1000")
        _pause(w, handle)
        if restart:
            w.disconnect()
            w.daemon.restart()
        with expect.within(8, "the destroy of a paused container"):
            w.c.destroy(handle)
    expect.equal(w.c.list(), [])


@case
def pause_of_an_unknown_handle_is_an_error(w):
    expect.error("unknown handle", _pause, w, "none")
    expect.error("unknown handle", _resume, w, "none")


@case(backend="linux")
def nothing_runs_while_paused(w):
    handle = w.create()
    w.c.spawn(handle, COUNT)
    expect.eventually(lambda: w.run(handle, "cat count 2>/dev/null || echo 0") > "1\n", "some work")
    _pause(w, handle)
    before = _cpu(w, handle)
    time.sleep(0.3)
    expect.equal(_cpu(w, handle), before, "cpu time of a frozen container")
    _resume(w, handle)
    expect.eventually(lambda: _cpu(w, handle) > before, "work that goes on")


@case(backend="linux")
def a_paused_container_whose_daemon_dies_is_removed_when_it_is_damaged(w):
    handle = w.create()
    w.c.spawn(handle, "sleep 1000")
    path = w.path_of(handle)
    _pause(w, handle)
    w.disconnect()
    w.daemon.kill()
    os.unlink(f"{path}/snapshot.json")
    w.daemon.start()
    expect.equal(w.c.list(), [])
    expect.eventually(lambda: not os.path.exists(path), "its removal")
