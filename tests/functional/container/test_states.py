# SPDX-License-Identifier: Apache-2.0
"""The states in which each request is allowed, and its error in another."""

import warden
from case import case
import expect


@case
def spawn_and_run_need_an_active_container(w):
    handle = w.create()
    w.c.stop(handle)
    text = "Container state must be one of 'active', current state is 'stopped'"
    expect.error(text, w.c.spawn, handle, "true")
    expect.error(text, w.c.run, handle, "true")
    expect.equal(w.c.info(handle).state, "stopped")


@case
def info_and_stop_need_an_active_or_stopped_container(w):
    handle = w.create()
    expect.equal(w.c.info(handle).state, "active")
    w.c.stop(handle)
    w.c.stop(handle)
    expect.equal(w.c.info(handle).state, "stopped")


@case
def link_and_stream_work_in_any_state(w):
    handle = w.create()
    job = w.c.spawn(handle, "echo out; exit 5")
    w.c.stop(handle)
    expect.equal(w.c.link(handle, job).exit_status in (5, 255), True, "a status")
    expect.error("no such job", w.c.link, handle, job)
    expect.error("no such job", lambda: list(w.c.stream(handle, job)))


@case
def destroy_works_in_any_state(w):
    for stop in (False, True):
        handle = w.create()
        if stop:
            w.c.stop(handle)
        w.c.destroy(handle)
        expect.error("unknown handle", w.c.info, handle)


@case(backend="fake", config={"fake": {"delay_ms": 700}})
def a_container_that_is_being_made_has_no_handle_yet_or_is_born(w):
    other = w.client()
    other.send(warden.CreateRequest(handle="h"))
    w.c.ping()
    expect.error_like(
        "^(unknown handle|Container state must be one of 'active, stopped', current state is 'born')$",
        w.c.info,
        "h",
    )
    other.receive()


@case(limit=60)
def the_state_persists_after_a_restart(w):
    active, stopped = w.create(), w.create()
    w.c.stop(stopped)
    w.disconnect()
    w.daemon.restart()
    expect.equal(w.c.info(active).state, "active")
    expect.equal(w.c.info(stopped).state, "stopped")
    expect.error(
        "Container state must be one of 'active', current state is 'stopped'", w.c.spawn, stopped, "true"
    )
