# SPDX-License-Identifier: Apache-2.0
"""A connection that sends arbitrary bytes, for tests of malformed requests."""

import socket

import expect
import warden


class Raw:
    """Sends any bytes; receives frames and the end of the connection."""

    def __init__(self, path, timeout=10.0):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self._frames = warden.FrameReader()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Closes the connection."""
        self.socket.close()

    def send(self, data):
        """Sends these bytes."""
        self.socket.sendall(data)

    def send_frame(self, number, payload=b""):
        """Sends a message of this type with any payload."""
        self.send(frame(warden.Envelope(type=number, payload=payload).encode()))

    def payload(self):
        """The payload of the next frame; b"" if the daemon has closed the connection."""
        while (payload := self._frames.next()) is None:
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionResetError:
                return b""
            if not data:
                return b""
            self._frames.feed(data)
        return payload

    def answer(self):
        """The next answer: a response or a WardenError; None if the connection is closed."""
        payload = self.payload()
        return warden.decode_response(payload) if payload else None

    def expect_error(self, pattern):
        """Expects an error whose text matches as the next answer."""
        answer = self.answer()
        if not isinstance(answer, warden.WardenError):
            expect.fail(f"an error that matches {pattern!r}", repr(answer))
        expect.matches(str(answer), pattern, "text of the error")

    def expect_closed(self):
        """Expects that the daemon has closed the connection."""
        expect.equal(self.payload(), b"", "after which the connection is closed")

    def expect_alive(self):
        """Expects that the connection still works."""
        self.send_frame(91)
        expect.equal(self.answer(), warden.PingResponse(), "answer to a ping on the same connection")


def frame(payload):
    """The bytes of a frame."""
    return b"%d\r\n%s\r\n" % (len(payload), payload)
