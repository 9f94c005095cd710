# SPDX-License-Identifier: Apache-2.0
"""The HTTP health check: every request is answered by 200 while the daemon works, and
hostile clients cannot prevent that."""

import os
import re
import signal
import socket
import subprocess

from case import case
import expect
import kernel
import warden
import web

KIB = 1 << 10


def _well(port):
    answer = web.ask(port)
    expect.equal((answer.status, answer.body), (200, b""), "the answer to a health check")


def _tcp_sockets(pid):
    """The daemon's TCP sockets, as readlink names them."""
    lines = kernel.read(f"/proc/{pid}/net/tcp").splitlines()[1:]
    lines += kernel.read(f"/proc/{pid}/net/tcp6").splitlines()[1:]
    inodes = {f"socket:[{line.split()[9]}]" for line in lines}
    return [name for name in kernel.descriptors(pid).values() if name in inodes]


@case(daemon=False)
def every_path_is_answered_by_200(w):
    port = web.start(w)
    for path in ("/", "/health", "/a/b?c=d", "/%00%ff", "/metricsx", "/../etc/passwd"):
        answer = web.ask(port, path)
        expect.equal((answer.status, answer.body), (200, b""), path)


@case(daemon=False)
def every_method_is_answered_by_200(w):
    port = web.start(w)
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "FROBNICATE"):
        body = b"x" * 100 if method in ("POST", "PUT") else None
        answer = web.ask(port, "/", method, body)
        expect.equal((answer.status, answer.body), (200, b""), method)
    head = web.ask(port, "/", "HEAD")
    expect.equal((head.status, head.body), (200, b""), "HEAD")


@case(daemon=False)
def a_connection_may_ask_many_times(w):
    port = web.start(w)
    with web.Raw(port) as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 99)
        connection.send(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        expect.equal(connection.rest().count(b"HTTP/1.1 200 OK\r\n"), 100, "answers")
    _well(port)


@case(daemon=False)
def it_listens_on_an_ipv6_address(w):
    port = web.start(w, host="::1")
    expect.equal(web.ask(port, host="::1").status, 200)
    expect.equal(web.refused(port), True, "refused on 127.0.0.1")


@case
def port_0_is_off(w):
    w.c.ping()
    expect.equal(_tcp_sockets(w.daemon.pid), [], "TCP sockets of the daemon")
    expect.lacks(kernel.read(f"/proc/{w.daemon.pid}/maps"), "libmicrohttpd")


@case(daemon=False)
def a_port_that_is_taken_is_an_error_with_file_and_line(w):
    with socket.create_server(("127.0.0.1", 0)) as other:
        w.daemon.settings["health_check_server"] = {"port": other.getsockname()[1]}
        w.daemon.write_config()
        seen = subprocess.run(
            [w.build.path("wardend"), "-c", w.daemon.config],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
            env={"PATH": "/usr/bin:/bin"},
        )
    expect.equal(seen.returncode != 0, True, "refused")
    line = kernel.read(w.daemon.config).splitlines().index("health_check_server:") + 3
    expect.matches(
        seen.stderr,
        rf"wardend: .*/warden\.conf:{line}: health_check_server\.port: listen on 127\.0\.0\.1:\d+: "
        r"Address already in use; it must be a port that is free, or 0: off\n",
    )
    expect.equal(os.path.exists(w.daemon.socket), False, "a socket")


@case(daemon=False)
def an_address_that_is_not_of_this_host_is_an_error_with_file_and_line(w):
    w.daemon.settings["health_check_server"] = {"host": "192.0.2.1", "port": 2345}
    w.daemon.launch()
    expect.equal(w.daemon.wait() != 0, True, "refused")
    expect.true(
        re.search(r"warden\.conf:\d+: health_check_server\.host: listen on 192\.0\.2\.1:2345: ", w.daemon.log()),
        "file and line in the log",
        w.daemon.log(),
    )


@case(daemon=False)
def check_config_needs_no_free_port(w):
    web.start(w)
    seen = w.program("wardend", "-c", w.daemon.config, "--check-config")
    expect.equal((seen.returncode, seen.stderr), (0, b""))


@case(daemon=False)
def a_new_daemon_has_the_port_at_once(w):
    port = web.start(w)
    for number in (signal.SIGKILL, signal.SIGUSR2, signal.SIGTERM):
        with web.Raw(port) as connection:
            connection.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            expect.contains(connection.socket.recv(4096), b"200 OK")
            w.daemon.restart(number)  # the old one's end of this connection is in TIME_WAIT
        _well(port)


@case(daemon=False)
def a_drain_closes_it_at_once(w):
    port = web.start(w)
    handle = w.create()
    w.spawn_ready(handle, "trap '' TERM; echo ready; sleep 2")
    stopping = w.client()
    stopping.send(warden.StopRequest(handle=handle))
    expect.eventually(lambda: f"{handle}: stop" in w.daemon.log(), "a stop that has begun")
    with web.Raw(port) as connection:
        w.daemon.process.send_signal(signal.SIGUSR2)
        expect.equal(connection.rest(), b"", "what comes before the end")
        expect.eventually(lambda: web.refused(port), "nobody listens")
        expect.equal(w.daemon.alive, True, "the daemon still waits for the stop")
    expect.equal(w.daemon.wait(), 0, "exit status")
    w.daemon.start()
    _well(port)


@case(daemon=False)
def jobs_do_not_inherit_its_descriptors(w):
    port = web.start(w)
    with web.Raw(port) as connection:
        connection.send(b"GET / HTTP/1.1\r\n")
        _well(port)
        for number in kernel.descriptors(w.daemon.pid):
            flags = re.search(r"flags:\s+(\d+)", kernel.read(f"/proc/{w.daemon.pid}/fdinfo/{number}"))
            if int(number) > 2 and flags is not None:
                expect.true(int(flags.group(1), 8) & os.O_CLOEXEC, f"descriptor {number} is close-on-exec")


@case(daemon=False)
def a_large_body_is_refused(w):
    port = web.start(w)
    for head in (b"Content-Length: 1000000000000", b"Transfer-Encoding: chunked"):
        with web.Raw(port) as connection:
            connection.send(b"POST / HTTP/1.1\r\nHost: h\r\n" + head + b"\r\n\r\n")
            chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
            sent = 0
            while sent < 100 and connection.send(chunk):
                sent += 1
            expect.true(sent < 100, "an end before 6 MiB have come", f"{sent} pieces were taken")
        _well(port)


@case(daemon=False)
def large_headers_are_refused(w):
    port = web.start(w)
    for request in (
        b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * (64 * KIB) + b"\r\n\r\n",
        b"GET /" + b"x" * (64 * KIB) + b" HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(5000)) + b"\r\n",
    ):
        with web.Raw(port) as connection:
            connection.send(request)
            expect.lacks(connection.rest(), b" 200 ")
        _well(port)


@case(daemon=False)
def garbage_does_no_harm(w):
    port = web.start(w)
    for data in (
        b"\0" * 5000,
        b"\r\n" * 1000,
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        bytes(range(256)) * 20,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ):
        with web.Raw(port) as connection:
            connection.send(data)
            connection.socket.shutdown(socket.SHUT_WR)
            _well(port)
    w.c.ping()


@case(daemon=False)
def a_thousand_half_requests_block_no_other_client(w):
    port = web.start(w)
    _well(port)
    before = len(kernel.descriptors(w.daemon.pid))
    connections = []
    try:
        for i in range(1000):
            connection = web.Raw(port)
            connection.send(b"GET / HTTP/1.1\r\nHost: " if i % 2 else b"")
            connections.append(connection)
            if i % 100 == 99:
                _well(port)
        expect.between(len(kernel.descriptors(w.daemon.pid)) - before, 0, 130, "connections that it holds")
        w.c.ping()
    finally:
        for connection in connections:
            connection.close()
    _well(port)


@case(daemon=False, limit=40)
def a_client_that_sends_nothing_is_disconnected(w):
    port = web.start(w)
    with web.Raw(port, timeout=25) as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: h")
        expect.lacks(connection.rest(), b" 200 ")
    _well(port)
