# SPDX-License-Identifier: Apache-2.0
"""InfoMany: Info of many containers in one answer."""

import warden
from case import case
import expect


def _many(w, *handles):
    return w.c.call(warden.InfoManyRequest(handles=list(handles))).entries


@case
def without_handles_it_returns_all_containers(w):
    expect.equal(_many(w), [])
    handles = [w.create(handle=f"h{n}") for n in range(5)]
    job = w.c.spawn("h3", "sleep 1000")
    seen = _many(w)
    expect.equal([entry.handle for entry in seen], handles)
    expect.equal([entry.info.state for entry in seen], ["active"] * 5)
    expect.equal([entry.info.job_ids for entry in seen], [[], [], [], [job], []])
    expect.equal([entry.info.container_path for entry in seen], [w.path_of(handle) for handle in handles])


@case
def requested_handles_are_answered_in_that_order(w):
    for name in ("a", "b", "c"):
        w.create(handle=name)
    w.c.stop("b")
    seen = _many(w, "c", "none", "b", "c")
    expect.equal([entry.handle for entry in seen], ["c", "none", "b", "c"])
    expect.equal([entry.error for entry in seen], [None, "unknown handle", None, None])
    expect.equal([entry.info and entry.info.state for entry in seen], ["active", None, "stopped", "active"])


@case
def containers_with_all_the_properties_are_returned(w):
    one, two = warden.Property(key="a", value="1"), warden.Property(key="b", value="2")
    for name, properties in (("none", []), ("one", [one]), ("both", [two, one])):
        w.c.call(warden.CreateRequest(handle=name, properties=properties))
    w.note_ids()
    for wanted, names in (([one], ["one", "both"]), ([one, two], ["both"]), ([two], ["both"])):
        seen = w.c.call(warden.InfoManyRequest(properties=wanted)).entries
        expect.equal([entry.handle for entry in seen], names)
    expect.error_like("not both", w.c.call, warden.InfoManyRequest(handles=["one"], properties=[one]))


@case
def an_unknown_handle_is_an_entry_with_an_error(w):
    w.create(handle="a")
    connection = w.raw()
    connection.send_frame(220, b"\x0a\x02\xff\xfe")
    connection.expect_error("handles must be .*")
    connection.expect_alive()


@case
def containers_that_are_destroyed_meanwhile_do_no_harm(w):
    for _ in range(10):
        w.create()
    stop = []

    def look():
        client = w.client()
        while not stop:
            for entry in client.call(warden.InfoManyRequest()).entries:
                expect.true(entry.info is not None or entry.error == "unknown handle", "an info or an error", entry)

    thread = w.in_thread(look)
    for handle in w.c.list():
        w.c.destroy(handle)
    stop.append(True)
    thread.result()


@case
def a_client_that_disconnects_does_no_harm(w):
    for n in range(5):
        w.create(handle=f"h{n}", grace_time=-1)
    for _ in range(20):
        connection = w.raw()
        connection.send_frame(220)
        connection.close()
    expect.equal(len(_many(w)), 5)


@case
def too_many_handles_are_refused(w):
    w.create(handle="h")
    expect.equal(len(w.c.call(warden.InfoManyRequest(handles=["h"] * 100)).entries), 100)
    expect.error(
        "handles: 16385 are given, at most 16384 are allowed",
        w.c.call,
        warden.InfoManyRequest(handles=["h"] * 16385),
    )
