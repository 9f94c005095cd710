# SPDX-License-Identifier: Apache-2.0
"""Events as subscribers receive them."""

import expect
import warden
from case import case

KIND = warden.EventKind


class Subscription:
    """A connection that receives events."""

    def __init__(self, w, **fields):
        self.client = w.client()
        self.client.send(warden.EventsRequest(**fields))
        self.first = self.client.receive()
        expect.equal(self.first.kind, KIND.SUBSCRIBED)

    def take(self, n):
        """The next `n` events."""
        return [self.client.receive() for _ in range(n)]


def kinds(events):
    """Kinds of the events, by name."""
    return [KIND(event.kind).name for event in events]


@case
def every_change_of_a_container_is_an_event(w):
    subscription = Subscription(w)
    handle = w.create(handle="told")
    job = w.c.spawn(handle, "exit 3")
    w.c.link(handle, job)
    w.c.stop(handle)
    w.c.destroy(handle)
    events = subscription.take(5)
    expect.equal(kinds(events), ["CREATED", "JOB_STARTED", "JOB_ENDED", "STOPPED", "DESTROYED"])
    expect.equal({event.handle for event in events}, {"told"})
    expect.equal([event.job_id for event in events], [None, job, job, None, None])
    expect.equal((events[2].exit_status, events[2].reason), (3, warden.Reason.EXITED))
    numbers = [event.sequence for event in events]
    expect.equal(numbers, list(range(numbers[0], numbers[0] + 5)), "sequence numbers")
    expect.equal(subscription.first.sequence, numbers[0] - 1)
    times = [event.time_us for event in events]
    expect.equal(times, sorted(times))
    expect.between(times[0], 1_600_000_000_000_000, 1 << 62, "time_us")


@case(config={"server": {"job_output_limit": 1000}})
def too_much_output_is_a_limit_event(w):
    handle = w.create()
    subscription = Subscription(w)
    job = w.c.spawn(handle, "exec yes")
    w.c.link(handle, job)
    events = subscription.take(3)
    expect.equal(kinds(events), ["JOB_STARTED", "LIMIT_REACHED", "JOB_ENDED"])
    expect.equal((events[1].job_id, events[1].detail), (job, "output"))
    expect.equal(events[2].reason, warden.Reason.OUTPUT)


@case
def only_selected_events_are_sent(w):
    wanted = w.create(handle="wanted", properties={"app": "a"})
    other = w.create(handle="other", properties={"app": "b"})
    by_handle = Subscription(w, handles=["wanted", "later"])
    by_property = Subscription(w, properties=[warden.Property(key="app", value="a")])
    for handle in (other, wanted):
        w.run(handle, "true")
    w.create(handle="later")
    events = by_handle.take(3)
    expect.equal([event.handle for event in events], ["wanted", "wanted", "later"])
    expect.equal([event.handle for event in by_property.take(2)], ["wanted", "wanted"])


@case
def a_subscription_may_begin_after_an_event(w):
    handle = w.create()
    subscription = Subscription(w)
    for _ in range(3):
        w.run(handle, "true")
    first = subscription.take(6)
    again = Subscription(w, after=first[1].sequence)
    expect.equal([event.sequence for event in again.take(4)], [event.sequence for event in first[2:]])
    number = first[-1].sequence + 1000
    expect.error_like(f"after: there is no event {number} yet", w.c.call, warden.EventsRequest(after=number))


@case(slow=True)
def a_slow_subscriber_gets_the_number_of_missed_events(w):
    handle = w.create()
    start = Subscription(w).first.sequence
    for _ in range(520):
        w.run(handle, "true")
    late = Subscription(w, after=start)
    (missed,) = late.take(1)
    expect.equal(missed.kind, KIND.MISSED)
    last = late.first.sequence
    expect.equal(missed.missed, last - 1024 - start)
    (event,) = late.take(1)
    expect.equal(event.sequence, missed.sequence + 1)
    expect.equal(missed.sequence, last - 1024)


@case
def events_before_the_daemons_start_are_missed_without_a_number(w):
    w.run(w.create(), "true")
    before = Subscription(w)
    w.disconnect()
    w.daemon.restart()
    late = Subscription(w, after=before.first.sequence)
    expect.true(late.first.sequence > before.first.sequence, "numbers go on")
    (missed,) = late.take(1)
    expect.equal((missed.kind, missed.missed), (KIND.MISSED, None))


@case
def many_subscribers_connect_and_disconnect(w):
    for _ in range(50):
        subscription = Subscription(w)
        subscription.client.close()
    handle = w.create()
    subscriptions = [Subscription(w) for _ in range(20)]
    w.run(handle, "true")
    for subscription in subscriptions:
        expect.equal(kinds(subscription.take(2)), ["JOB_STARTED", "JOB_ENDED"])


@case
def a_drain_does_not_wait_for_subscribers(w):
    Subscription(w)
    with expect.within(5, "drain"):
        w.daemon.stop()
