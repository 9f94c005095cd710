# SPDX-License-Identifier: Apache-2.0
"""Several requests in transit on one connection."""

import time

import warden
from case import case
import expect


@case
def answers_come_in_the_order_of_the_requests(w):
    w.c.send(*(warden.EchoRequest(message=b"%d" % n) for n in range(200)))
    seen = [w.c.receive().message for _ in range(200)]
    expect.equal(seen, [b"%d" % n for n in range(200)])


@case
def requests_of_one_connection_run_one_after_the_other(w):
    handle = w.create()
    w.c.send(
        warden.RunRequest(handle=handle, script=b"sleep 0.3; echo first"),
        warden.RunRequest(handle=handle, script=b"echo second"),
        warden.ListRequest(),
        warden.DestroyRequest(handle=handle),
        warden.ListRequest(),
    )
    expect.equal(w.c.receive().stdout, b"first\n")
    expect.equal(w.c.receive().stdout, b"second\n")
    expect.equal(w.c.receive(), warden.ListResponse(handles=[handle]))
    expect.equal(w.c.receive(), warden.DestroyResponse())
    expect.equal(w.c.receive(), warden.ListResponse(handles=[]))


@case
def all_requests_of_a_container_may_be_pipelined(w):
    w.c.send(
        warden.CreateRequest(handle="h"),
        warden.SpawnRequest(handle="h", script=b"echo hi"),
        warden.InfoRequest(handle="h"),
        warden.DestroyRequest(handle="h"),
    )
    expect.equal(w.c.receive(), warden.CreateResponse(handle="h"))
    expect.equal(type(w.c.receive()), warden.SpawnResponse)
    expect.equal(w.c.receive().state, "active")
    expect.equal(w.c.receive(), warden.DestroyResponse())


@case
def an_error_does_not_affect_the_other_requests(w):
    w.c.send(warden.PingRequest(), warden.InfoRequest(handle="x"), warden.EchoRequest(message=b"after"))
    expect.equal(w.c.receive(), warden.PingResponse())
    expect.error("unknown handle", w.c.receive)
    expect.equal(w.c.receive(), warden.EchoResponse(message=b"after"))


@case
def a_connection_that_waits_holds_up_no_other(w):
    handle = w.create()
    w.c.send(warden.RunRequest(handle=handle, script=b"sleep 1"))
    other = w.client()
    with expect.within(0.8, "20 requests of another connection"):
        for _ in range(10):
            other.ping()
            expect.equal(other.info(handle).state, "active")
    expect.equal(w.c.receive().exit_status, 0)


@case
def two_connections_may_work_with_one_container(w):
    handle = w.create()
    other = w.client()
    w.c.send(warden.RunRequest(handle=handle, script=b"sleep 0.5; echo one"))
    with expect.within(0.45, "a run beside another one"):
        expect.result(other.run(handle, "echo two"), 0, b"two\n")
    expect.equal(w.c.receive().stdout, b"one\n")


@case
def a_client_that_closes_its_writing_side_gets_its_answers(w):
    handle = w.create()
    connection = w.raw()
    connection.send_frame(23, warden.RunRequest(handle=handle, script=b"sleep 0.2; echo late").encode())
    connection.send_frame(91)
    connection.socket.shutdown(1)
    start = time.monotonic()
    expect.equal(connection.answer().stdout, b"late\n")
    expect.equal(connection.answer(), warden.PingResponse())
    connection.expect_closed()
    expect.duration(time.monotonic() - start, 5, "the close by the daemon")
