# SPDX-License-Identifier: Apache-2.0
"""Grace time: how long a container is kept after its last connection closes.

A connection stops the timers, so these cases read the depot instead.
"""

import time

from case import case
import expect


def _there(w):
    w.note_ids()
    return set(w.entries()) - {"tmp"}


def _gone_after(w, low, high, count=0):
    """Expects `count` containers in the depot after this many seconds."""
    start = time.monotonic()
    expect.eventually(lambda: len(_there(w)) == count, f"{count} containers", high + 2)
    expect.duration(time.monotonic() - start, high, "the destroy", least=low)


@case
def zero_destroys_when_the_connection_closes(w):
    w.create(grace_time=0)
    w.disconnect()
    _gone_after(w, 0, 1)


@case
def seconds_count_from_the_close(w):
    w.create(grace_time=1)
    time.sleep(0.5)
    w.disconnect()
    _gone_after(w, 0.8, 2)


@case(config={"server": {"container_grace_time": 1}})
def the_configured_one_applies_if_the_request_has_none(w):
    w.create()
    w.disconnect()
    _gone_after(w, 0.8, 2)


@case(config={"server": {"container_grace_time": 1}})
def the_one_of_the_request_overrides_the_configured_one(w):
    w.create(grace_time=60)
    w.disconnect()
    expect.never(lambda: not _there(w), "the container is gone", 2)


@case(config={"server": {"container_grace_time": 0}})
def minus_one_is_for_ever(w):
    w.create(grace_time=-1)
    w.disconnect()
    expect.never(lambda: not _there(w), "the container is gone", 1)


@case(config={"server": {"container_grace_time": -1}})
def minus_one_may_be_configured(w):
    w.create()
    w.disconnect()
    expect.never(lambda: not _there(w), "the container is gone", 1)


@case
def it_does_not_run_while_a_connection_references_the_container(w):
    w.create(grace_time=0)
    expect.never(lambda: not _there(w), "the container is gone", 0.7)
    w.disconnect()
    _gone_after(w, 0, 1)


@case
def naming_a_handle_is_a_reference(w):
    handle = w.create(grace_time=0)
    other = w.client()
    other.info(handle)
    w.c.close()
    expect.never(lambda: not _there(w), "the container is gone", 0.5)
    other.close()
    _gone_after(w, 0, 1)


@case
def a_connection_that_was_open_at_the_creation_is_a_reference(w):
    other = w.client()
    other.ping()
    w.create(grace_time=0)
    w.c.close()
    expect.never(lambda: not _there(w), "the container is gone", 0.5)
    other.close()
    _gone_after(w, 0, 1)


@case
def any_new_connection_stops_it(w):
    w.create(grace_time=1)
    w.disconnect()
    time.sleep(0.5)
    w.client().ping()
    expect.never(lambda: not _there(w), "the container is gone", 1.5)
    w.disconnect()
    _gone_after(w, 0.8, 2)


@case
def each_container_has_its_own(w):
    w.create(grace_time=0)
    w.create(grace_time=1)
    w.create(grace_time=-1)
    w.disconnect()
    _gone_after(w, 0, 0.8, count=2)
    _gone_after(w, 0.2, 1.5, count=1)
    expect.never(lambda: len(_there(w)) != 1, "the last one is gone", 0.5)


@case
def running_jobs_do_not_lengthen_it(w):
    handle = w.create(grace_time=0)
    w.c.spawn(handle, "sleep 1000")
    w.disconnect()
    _gone_after(w, 0, 2)


@case
def a_container_that_is_destroyed_meanwhile_does_no_harm(w):
    handle = w.create(grace_time=1)
    other = w.client()
    w.c.destroy(handle)
    w.disconnect()
    other.close()
    time.sleep(1.5)
    w.c.ping()


@case(config={"server": {"client_return_time": 0}})
def a_recovered_container_starts_its_own_at_the_start(w):
    w.create(grace_time=1)
    w.create(grace_time=-1)
    w.daemon.kill()
    w.disconnect()
    time.sleep(1.2)
    expect.equal(len(_there(w)), 2)
    w.daemon.start()
    _gone_after(w, 0.5, 2, count=1)


@case(config={"server": {"client_return_time": 2}})
def a_recovered_container_waits_for_its_client(w):
    w.create(grace_time=0)
    w.daemon.kill()
    w.disconnect()
    w.daemon.start()
    start = time.monotonic()
    w.client().ping()
    w.disconnect()  # another client's end does not end it
    other = w.client()
    handle = w.create(other, grace_time=0)
    expect.equal(len(_there(w)), 2)
    other.close()
    expect.eventually(lambda: handle not in _there(w), "the end of the new one")
    expect.eventually(lambda: not _there(w), "the end of the other one", 4)
    expect.duration(time.monotonic() - start, 4, "both", least=1.8)


@case
def two_hundred_end_at_once(w):
    count = 200 if not w.linux else 20
    for _ in range(count):
        w.create(grace_time=0)
    w.disconnect()
    _gone_after(w, 0, 10)
