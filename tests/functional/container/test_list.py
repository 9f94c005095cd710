# SPDX-License-Identifier: Apache-2.0
"""List: the containers and their order."""


import warden
from case import case
import expect


@case
def handles_come_in_the_order_of_creation(w):
    names = ["z", "a", "m", "b"]
    for name in names:
        w.create(handle=name)
    expect.equal(w.c.list(), names)
    w.c.destroy("a")
    w.create(handle="a")
    expect.equal(w.c.list(), ["z", "m", "b", "a"])


@case
def the_order_persists_after_a_restart(w):
    names = ["z", "a", "m", "b"]
    for name in names:
        w.create(handle=name)
    w.disconnect()
    w.daemon.restart()
    expect.equal(w.c.list(), names)


@case(backend="fake", config={"fake": {"delay_ms": 400}})
def a_container_is_shown_once_its_create_has_succeeded(w):
    other = w.client()
    other.send(warden.CreateRequest(handle="h"))
    expect.equal(w.c.list(), [])
    expect.equal(other.receive().handle, "h")
    expect.equal(w.c.list(), ["h"])


@case(backend="fake", config={"fake": {"delay_ms": 400}})
def a_handle_is_in_use_while_its_create_runs(w):
    other = w.client()
    other.send(warden.CreateRequest(handle="h"))
    w.c.ping()
    expect.error("container with handle: h already exists.", w.create, handle="h")
    other.receive()


@case
def ids_count_up(w):
    ids = [w.create() for _ in range(5)]
    digits = "0123456789abcdefghijklmnopqrstuv"
    numbers = [[digits.index(c) for c in id_] for id_ in ids]
    expect.equal(numbers, sorted(numbers), "ids in base 32")
    expect.equal(len(set(ids)), 5, "different ids")
    expect.equal(sorted(set(w.entries()) - {"tmp"}), sorted(ids), "directories")
