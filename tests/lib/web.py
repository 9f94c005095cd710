# SPDX-License-Identifier: Apache-2.0
"""The daemon's HTTP server: on a free port of the loopback interface, and a client for it."""

import encodings.idna  # noqa: F401  (imported now, as the case's user may be unable to read it later)
import http.client
import socket
from dataclasses import dataclass

import expect


@dataclass(frozen=True)
class Answer:
    """An answer of the server."""

    status: int
    type: str
    body: bytes


def free_port(family=socket.AF_INET, host="127.0.0.1"):
    """A port that is free at this moment."""
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def configure(w, host="127.0.0.1", **settings):
    """Configures a port for the case's daemon, which must not run yet; returns the port."""
    port = free_port(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    w.daemon.settings["health_check_server"] = {"host": host, "port": port, **settings}
    return port


def start(w, **settings):
    """Starts the case's daemon with its HTTP server; returns the port."""
    port = configure(w, **settings)
    w.daemon.start()
    return port


def ask(port, path="/", method="GET", body=None, headers=None, host="127.0.0.1", timeout=10):
    """Sends one request over a new connection; returns the answer."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout * expect.SLOWNESS)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers.get("Content-Type", ""), response.read())
    finally:
        connection.close()


def refused(port, host="127.0.0.1"):
    """Whether the connection is refused."""
    try:
        socket.create_connection((host, port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


class Raw:
    """A connection for arbitrary bytes."""

    def __init__(self, port, timeout=10.0):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout * expect.SLOWNESS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Closes the connection."""
        self.socket.close()

    def send(self, data):
        """Sends bytes; returns False if the server has closed the connection."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def rest(self):
        """Receives until the server closes the connection."""
        received = b""
        while True:
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionResetError:
                return received
            if not data:
                return received
            received += data

    @property
    def ended(self):
        """Whether the server has closed the connection; False if it has sent data or nothing."""
        self.socket.setblocking(False)
        try:
            return self.socket.recv(1 << 16) == b""
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True
