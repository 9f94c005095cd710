# SPDX-License-Identifier: Apache-2.0
"""Further hosts: network namespaces joined to the case's by a veth pair."""

import errno
import os
import signal
import socket
import subprocess

import kernel


def ip(*arguments):
    """Runs ip(8) in the case's namespace; returns its output."""
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout


def fetch(address, port, timeout=2.0):
    """Returns what a TCP server sends, the name of the error, or `silence`."""
    try:
        with socket.create_connection((address, port), timeout) as connection:
            return connection.recv(100).decode().strip()
    except TimeoutError:
        return "silence"
    except OSError as error:
        return errno.errorcode[error.errno]


def ask(address, port, timeout=2.0, own_port=0):
    """Returns what a UDP server answers, the name of the error, or `silence`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(timeout)
        try:
            asker.bind(("0.0.0.0", own_port))
            asker.connect((address, port))
            asker.send(b"?")
            return asker.recv(100).decode().strip()
        except TimeoutError:
            return "silence"
        except OSError as error:
            return errno.errorcode[error.errno]


class Host:
    """A host with the address `address`, linked to the case's namespace, which has the address `gateway`."""

    def __init__(self, link, gateway, address, prefix=24):
        self.link = link
        self.address = address
        self._processes = []
        self._pid = self._fork(signal.pause, enter=False)
        ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", str(self._pid))
        ip("address", "add", f"{gateway}/{prefix}", "dev", link)
        ip("link", "set", link, "up")
        self.run("ip", "address", "add", f"{address}/{prefix}", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "route", "add", "default", "via", gateway)

    def _fork(self, function, enter=True):
        ready, listening = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                if enter:
                    self._enter()
                else:
                    kernel.unshare(kernel.CLONE_NEWNET)
                os.close(ready)
                function() if not enter else function(listening)
            finally:
                os._exit(0)
        os.close(listening)
        self._processes.append(pid)
        if enter:
            os.read(ready, 1)  # the child has sent a byte or closed the pipe: it listens
        else:
            own = os.readlink("/proc/self/ns/net")
            while os.readlink(f"/proc/{pid}/ns/net") == own:
                pass
        os.close(ready)
        return pid

    def _enter(self):
        with open(f"/proc/{self._pid}/ns/net", "rb") as namespace:
            kernel.setns(namespace.fileno(), kernel.CLONE_NEWNET)

    def run(self, *command, check=True):
        """Runs a program on this host; returns its output."""
        entered = ["nsenter", f"--net=/proc/{self._pid}/ns/net", *command]
        return subprocess.run(entered, check=check, capture_output=True, text=True, timeout=20).stdout

    def serve_tcp(self, port):
        """Starts a server that answers each TCP connection with the address of the client."""

        def serve(listening):
            with socket.create_server(("0.0.0.0", port), reuse_port=True) as listener:
                os.close(listening)
                while True:
                    connection, peer = listener.accept()
                    with connection:
                        connection.sendall(f"{peer[0]}\n".encode())

        self._fork(serve)

    def serve_udp(self, port):
        """Starts a server that answers each datagram with the address of its sender."""

        def serve(listening):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
                receiver.bind(("0.0.0.0", port))
                os.close(listening)
                while True:
                    _, peer = receiver.recvfrom(2048)
                    receiver.sendto(f"{peer[0]}\n".encode(), peer)

        self._fork(serve)

    def call(self, function, *arguments):
        """Calls a function on this host; returns its result as text."""
        read_end, write_end = os.pipe()

        def run(listening):
            os.write(write_end, str(function(*arguments)).encode())
            os.close(listening)

        self._fork(run)
        os.close(write_end)
        with open(read_end, encoding="utf-8") as answer:
            return answer.read()

    def fetch(self, address, port):
        """Calls the function of the same name on this host."""
        return self.call(fetch, address, port)

    def ask(self, address, port):
        """Calls the function of the same name on this host."""
        return self.call(ask, address, port)

    def collect_udp(self, port):
        """Starts a server that collects datagrams; returns a descriptor to read lines `sender text` from."""
        read_end, write_end = os.pipe()
        os.set_blocking(read_end, False)

        def serve(listening):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
                receiver.bind(("0.0.0.0", port))
                os.close(listening)
                while True:
                    data, peer = receiver.recvfrom(2048)
                    os.write(write_end, f"{peer[0]} {data.decode('latin-1')}\n".encode())

        self._fork(serve)
        os.close(write_end)
        return read_end

    def close(self):
        """Removes the host."""
        for pid in reversed(self._processes):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self._processes.clear()
        # The kernel removes the link with the other namespace, but later.
        subprocess.run(["ip", "link", "delete", self.link], check=False, capture_output=True)
