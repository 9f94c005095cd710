# SPDX-License-Identifier: Apache-2.0
"""Helpers for cases of the `warden` command."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import expect

# Those that exit with the status of a job.
JOB_COMMANDS = ("run", "exec", "link", "stream", "attach", "shell")


def ok(w, *arguments, **keywords):
    """Runs a command that must succeed without output on stderr; returns its stdout as text."""
    seen = w.command(*arguments, **keywords)
    expect.equal((seen.returncode, seen.stderr), (0, b""), f"warden {' '.join(arguments)}")
    return seen.stdout.decode()


def usage_error(w, text, *arguments):
    """Expects a usage error (status 2) whose message contains this text."""
    seen = w.command(*arguments)
    expect.equal((seen.returncode, seen.stdout), (2, b""), f"warden {' '.join(arguments)}")
    expect.contains(seen.stderr.decode(), text)


def failure(w, text, *arguments, **keywords):
    """Expects that the command fails with exactly this message."""
    seen = w.command(*arguments, **keywords)
    status = 125 if arguments[0] in JOB_COMMANDS else 1
    expect.equal((seen.returncode, seen.stdout), (status, b""), f"warden {' '.join(arguments)}")
    expect.equal(seen.stderr.decode(), text)


def start(w, *arguments, **keywords):
    """Starts a command; the case waits for its end."""
    return subprocess.Popen(
        [w.build.path("warden"), *arguments],
        stdin=subprocess.DEVNULL,
        env=w.program_environment(),
        **keywords,
    )


class Terminal:
    """A command on its own terminal, at which the case types."""

    def __init__(self, w, *arguments, rows=24, columns=80, environment=None, program=()):
        self.seen = ""
        self._at = 0  # end of the text that was expected so far
        with w.starting_session() as leaders:
            pid, self._fd = pty.fork()
            leaders.add(pid)
        if pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            line = [*(program or [w.build.path("warden")]), *arguments]
            env = {**w.program_environment(), "TERM": "xterm", **(environment or {})}
            os.execve(line[0], line, env)
        self.pid = pid
        self._status = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)

    def resize(self, rows, columns):
        """Changes the size of the window."""
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        """Presses keys."""
        os.write(self._fd, text.encode())

    def _read(self, seconds):
        if select.select([self._fd], [], [], seconds)[0]:
            try:
                data = os.read(self._fd, 65536)
            except OSError:  # EIO: the terminal is closed
                return False
            self.seen += data.decode("utf-8", "replace")
            return data != b""
        return True

    def expect(self, pattern, seconds=10):
        """Waits until a regular expression matches behind the previous match; returns the match."""
        end = time.monotonic() + seconds
        while not (match := re.compile(pattern, re.S).search(self.seen, self._at)):
            left = end - time.monotonic()
            if left <= 0 or not self._read(left):
                expect.fail(f"{pattern!r} on the terminal", self.seen[self._at :])
        self._at = match.end()
        return match

    def status(self, seconds=10):
        """Waits for the end; returns the exit status, negative for a signal."""
        end = time.monotonic() + seconds
        while self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                expect.fail(f"an end within {seconds} s", self.seen[self._at :])
            else:
                self._read(0.02)
        with contextlib.suppress(OSError):
            while select.select([self._fd], [], [], 0)[0] and self._read(0):
                pass
        return self._status
