# SPDX-License-Identifier: Apache-2.0
"""A listener on the host that counts what reaches it."""

import selectors
import socket
import threading


class Listener:
    """Counts what arrives for a port by TCP and UDP at any address of the host."""

    def __init__(self, port):
        self.connections = self.bytes = self.datagrams = 0
        self._selector = selectors.DefaultSelector()
        self._listener, self._datagrams = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
        self._wake, self._awake = socket.socketpair()
        for each in (self._listener, self._datagrams):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            each.bind(("0.0.0.0", port))
        self._listener.listen(64)
        for each in (self._listener, self._datagrams, self._awake):
            self._selector.register(each, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._wake.send(b"x")
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._wake.close()
        self._selector.close()

    def _run(self):
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._awake:
                    return
                if key.fileobj is self._listener:
                    self._selector.register(self._listener.accept()[0], selectors.EVENT_READ)
                    self.connections += 1
                elif key.fileobj is self._datagrams:
                    self._datagrams.recv(100)
                    self.datagrams += 1
                else:
                    self._read(key.fileobj)

    def _read(self, connection):
        try:
            got = len(connection.recv(4096))
        except OSError:
            got = 0
        self.bytes += got
        if got == 0:
            self._selector.unregister(connection)
            connection.close()

    def seen(self):
        """All that has arrived."""
        return {"connections": self.connections, "bytes": self.bytes, "datagrams": self.datagrams}
