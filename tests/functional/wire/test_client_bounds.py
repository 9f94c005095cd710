# SPDX-License-Identifier: Apache-2.0
"""What the clients of one user hold together is bounded; the daemon's own user may have 16 times the settings."""

import os
import re
import socket
import time

import expect
import kernel
import warden
from case import case

MIB = 1 << 20
OWN = 16  # times the settings


def _raw_error(connection):
    """The text of the error that a connection has been sent, or an empty text."""
    connection.socket.settimeout(0.05)
    try:
        answer = connection.answer()
    except (TimeoutError, OSError):
        return ""
    return str(answer) if isinstance(answer, warden.WardenError) else ""


def _send_all(connection, data):
    try:
        connection.socket.settimeout(5)
        connection.send(data)
    except OSError:
        pass  # refused in the middle of it


@case(config={"clients": {"buffer_limit": MIB}})
def unfinished_frames_of_a_user_are_bounded(w):
    w.c.ping()
    before = kernel.resident(w.daemon.pid)
    connections = [w.raw() for _ in range(40)]
    for connection in connections:
        _send_all(connection, b"67108864\r\n" + bytes(2 * MIB))
    limit = (OWN + 12) * MIB if not w.sanitized else 400 * MIB
    expect.between(kernel.resident(w.daemon.pid) - before, -MIB, limit, "bytes more")
    errors = [text for text in map(_raw_error, connections) if text]
    expect.true(len(errors) >= 30, "most are refused", len(errors))
    text = f"too many bytes: requests and unread answers of uid {os.geteuid()} take"
    expect.matches(errors[0], rf"{text} \d+ bytes, more than clients.buffer_limit allows")
    w.client().ping()
    for connection in connections:
        connection.close()
    data = b"x" * (4 * MIB)
    expect.eventually(lambda: w.client().call(warden.EchoRequest(message=data)).message == data, "room again")


@case(config={"clients": {"buffer_limit": 65536}})
def one_connection_alone_may_send_the_largest_frame(w):
    data = b"x" * (20 * MIB)
    expect.true(w.c.call(warden.EchoRequest(message=data)).message == data, "the same bytes", "others")


@case(config={"clients": {"buffer_limit": MIB}})
def unread_answers_of_a_user_are_bounded(w):
    w.c.ping()
    before = kernel.resident(w.daemon.pid)
    frame = warden.encode_frame(warden.EchoRequest(message=b"x" * (2 * MIB)))
    connections = [w.raw() for _ in range(40)]
    for connection in connections:
        _send_all(connection, frame)
    w.client().ping()
    limit = (OWN + 16) * MIB if not w.sanitized else 400 * MIB
    expect.between(kernel.resident(w.daemon.pid) - before, -MIB, limit, "bytes more")
    for connection in connections:
        connection.close()
    expect.contains(w.daemon.log(), "more than clients.buffer_limit allows")


@case(config={"clients": {"connection_limit": 1}})
def connections_of_a_user_are_bounded(w):
    clients = [w.client() for _ in range(OWN)]
    for client in clients:
        client.ping()
    with w.raw() as one_more:
        text = rf"too many connections: uid {os.geteuid()} has {OWN}, more than clients.connection_limit allows"
        one_more.expect_error(text)
        expect.equal(one_more.answer(), None)
    clients.pop().close()

    def served():
        with w.raw() as client:
            client.send_frame(91)
            return isinstance(client.answer(), warden.PingResponse)

    expect.eventually(served, "a further client is served")
    clients[0].ping()


@case(config={"clients": {"request_limit": 1}})
def requests_of_a_user_are_bounded(w):
    handle = w.create()
    waiting = [w.raw() for _ in range(OWN)]
    for connection in waiting:
        connection.send_frame(23, warden.RunRequest(handle=handle, script=b"sleep 1000").encode())
    text = rf"too many requests: uid {os.geteuid()} has {OWN} in progress, more than clients.request_limit allows"
    with w.raw() as connection:

        def refused():
            connection.send_frame(91)
            return re.fullmatch(text, str(connection.answer()))

        expect.eventually(refused, "a further request is refused")
        waiting.pop().close()
        connection.send_frame(91)
        expect.eventually(lambda: not refused(), "it goes on")
    for connection in waiting:
        connection.close()


@case(config={"clients": {"connection_limit": 7}})
def the_status_shows_bounds_and_the_user_with_most(w):
    clients = [w.client() for _ in range(3)]
    for client in clients:
        client.ping()
    (fact,) = [fact for fact in w.c.call(warden.StatusRequest()).facts if fact.name == "bounds of clients"]
    expect.equal(
        fact.value,
        f"7 connections, 2048 requests, 64 MiB of each user, root 16 times as much; uid {os.geteuid()} has 4, 1 and 0",
    )


# Lines of the log.


def _count(w, text):
    return w.daemon.log().count(text)


@case(config={"logging": {"level": "info"}})
def mistakes_of_a_client_cause_few_lines(w):
    start = time.monotonic()
    for _ in range(500):
        try:
            w.c.info("unknown")
        except warden.WardenError:
            pass
    for _ in range(200):
        with w.raw() as connection:
            connection.send(b"x\r\n")
            connection.answer()
    most = 10 * (time.monotonic() - start + 2)

    def logged():
        return _count(w, "unknown handle") + _count(w, "Invalid frame")

    def told():
        return sum(int(n) for n in re.findall(r"client \(uid \d+\): (\d+) lines suppressed", w.daemon.log()))

    expect.between(logged(), 1, most, "lines")
    expect.eventually(lambda: logged() + told() == 700, "lines that tell the rest", 30)


@case(daemon=False)
def a_job_whose_lines_syslog_does_not_take_causes_few_lines(w):
    w.daemon.settings["logging"]["level"] = "info"
    w.daemon.settings["server"]["syslog_socket"] = f"{w.directory}/syslog"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as full:
        full.bind(f"{w.directory}/syslog")
        w.daemon.start()
        start = time.monotonic()
        handle = w.create()
        script = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done"
        w.c.run(handle, script, log_tag="t")
        text = "syslog does not take its lines"
        expect.between(_count(w, text), 1, 10 * (time.monotonic() - start + 2), "lines")
        w.c.destroy(handle)


# The audit log.


def _audit(w, text):
    return [line.split("audit ", 1)[1] for line in text.splitlines() if " audit " in line]


def _everything(w):
    handle = w.create(handle='a "quoted"\nhandle')
    w.c.run(handle, "true")
    w.c.spawn(handle, "sleep 1000")
    w.c.limit_memory(handle, 1 << 30)
    w.c.list()
    w.c.info(handle)
    try:
        w.c.run("unknown", "true")
    except warden.WardenError:
        pass
    w.c.stop(handle, kill=True)
    w.c.destroy(handle)


def _expected():
    who = f"uid={os.geteuid()} pid={os.getpid()}"
    handle = 'handle="a \\"quoted\\"\\nhandle"'
    lines = [f'{who} request=create {handle} result="ok"']
    lines += [f'{who} request=run {handle} result="begun"', f'{who} request=run {handle} result="ok"']
    lines += [f'{who} request={name} {handle} result="ok"' for name in ("spawn", "limit_memory")]
    lines += [f'{who} request=run handle="unknown" result="unknown handle"']
    return lines + [f'{who} request={name} {handle} result="ok"' for name in ("stop", "destroy")]


@case(config={"logging": {"level": "error"}})
def each_change_has_a_line_in_the_audit_log(w):
    _everything(w)
    expect.eventually(lambda: _audit(w, w.daemon.log()) == _expected(), "the lines of all requests")


@case(daemon=False)
def the_audit_log_has_a_file_of_its_own(w):
    path = f"{w.directory}/audit"
    w.daemon.settings["logging"]["audit_file"] = path
    w.daemon.start()
    _everything(w)
    expect.eventually(lambda: _audit(w, kernel.read(path)) == _expected(), "the lines of all requests")
    expect.lacks(w.daemon.log(), " audit uid=")


@case(config={"logging": {"audit": False}})
def the_audit_log_can_be_off(w):
    _everything(w)
    w.c.ping()
    expect.lacks(w.daemon.log(), " audit uid=")


@case
def a_client_that_leaves_is_in_the_audit_log(w):
    handle = w.create(handle="h")
    with w.raw() as connection:
        connection.send_frame(23, warden.RunRequest(handle=handle, script=b"sleep 1000").encode())
        expect.eventually(lambda: 'request=run handle="h" result="begun"' in w.daemon.log(), "its begin")
    expect.eventually(lambda: 'request=run handle="h" result="the client has left"' in w.daemon.log(), "its end")
