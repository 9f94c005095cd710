# SPDX-License-Identifier: Apache-2.0
"""wsh: runs commands through the container's own socket, with a terminal and without."""

import fcntl
import os
import pty
import select
import struct
import termios
import time

import expect
import kernel
from case import case


def _wsh(w, handle, *arguments, stdin=b"", timeout=20):
    socket = f"{w.path_of(handle)}/run/wshd.sock"
    return w.program("wsh", "--socket", socket, *arguments, stdin=stdin, timeout=timeout)


class Terminal:
    """wsh on the case's own terminal."""

    def __init__(self, w, handle, *arguments, rows=33, columns=111):
        socket = f"{w.path_of(handle)}/run/wshd.sock"
        self.master, slave = pty.openpty()
        self.resize(rows, columns, slave)
        self.process = w.start_session(
            w.build.path("wsh"),
            "--socket",
            socket,
            *arguments,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env=w.program_environment(),
        )
        os.close(slave)
        self.seen = ""

    def resize(self, rows, columns, descriptor=None):
        """Changes the window's size."""
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.master if descriptor is None else descriptor, termios.TIOCSWINSZ, size)

    def type(self, text):
        """Types."""
        os.write(self.master, text.encode())

    def read_until(self, text, seconds=10):
        """Reads until `text` was printed."""
        end = time.monotonic() + seconds
        while text not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            if not ready:
                expect.fail(f"{text!r} on the terminal within {seconds} s", repr(self.seen))
            try:
                data = os.read(self.master, 65536)
            except OSError:
                data = b""
            if not data:
                expect.fail(f"{text!r} on the terminal", repr(self.seen))
            self.seen += data.decode(errors="replace")
        self.seen = self.seen.split(text, 1)[1]

    def close(self):
        """Waits for its end; its exit status."""
        status = self.process.wait(10)
        os.close(self.master)
        return status


@case
def a_command_runs_with_pipes(w):
    handle = w.create()
    seen = _wsh(w, handle, "/bin/sh", "-c", "cat; echo out; echo err >&2; exit 9", stdin=b"typed\n")
    expect.equal((seen.returncode, seen.stdout, seen.stderr), (9, b"typed\nout\n", b"err\n"))


@case
def a_shell_reads_commands_from_a_pipe(w):
    seen = _wsh(w, w.create(), stdin=b"echo $((6 * 7))\nexit 4\n")
    expect.equal((seen.returncode, seen.stdout), (4, b"42\n"))


@case
def arguments_reach_the_command_unchanged(w):
    seen = _wsh(w, w.create(), "/bin/sh", "-c", 'printf "<%s>" "$@"', "x", "a b", "", "$HOME", "*", "-v", "ü")
    expect.equal(seen.stdout.decode(), "<a b><><$HOME><*><-v><ü>")


@case
def large_input_and_output_arrive_complete(w):
    data = os.urandom(3_000_000)
    seen = _wsh(w, w.create(), "cat", stdin=data)
    expect.equal((seen.returncode, len(seen.stdout), seen.stdout == data), (0, len(data), True))


@case
def a_missing_command_is_reported(w):
    handle = w.create()
    seen = _wsh(w, handle, "/no/such/command")
    expect.equal(seen.returncode, 127)
    expect.contains(seen.stderr, b"/no/such/command")
    expect.equal(_wsh(w, handle, "/").returncode, 126)


@case
def a_signal_that_ends_the_command_is_the_status(w):
    expect.equal(_wsh(w, w.create(), "/bin/sh", "-c", "kill -9 $$").returncode, 137)


@case
def usage_and_a_missing_socket_are_reported(w):
    expect.equal(w.program("wsh", "--frobnicate").returncode, 2)
    seen = w.program("wsh", "--socket", f"{w.directory}/nowhere", "true")
    expect.equal(seen.returncode, 125)
    expect.contains(seen.stderr, b"nowhere")


@case(backend="linux")
def it_runs_as_root_or_as_the_requested_user(w):
    handle = w.create()
    expect.equal(_wsh(w, handle, "id", "-u").stdout, b"0\n")
    expect.equal(_wsh(w, handle, "--user", "vcap", "/bin/sh", "-c", "id -u; pwd").stdout, b"10000\n/home/vcap\n")
    seen = _wsh(w, handle, "--user", "nobody-at-all", "id")
    expect.equal(seen.returncode != 0, True)
    expect.contains(seen.stderr, b"nobody-at-all")


@case
def a_terminal_is_a_terminal_inside(w):
    terminal = Terminal(w, w.create(), "/bin/sh", "-c", "test -t 0 && test -t 1 && test -t 2 && echo yes; exit 6")
    terminal.read_until("yes")
    expect.equal(terminal.close(), 6)


@case
def a_shell_on_a_terminal_reads_typed_commands(w):
    terminal = Terminal(w, w.create())
    terminal.type("echo $((6 * 7))x\n")
    terminal.read_until("42x")
    terminal.type("exit 5\n")
    expect.equal(terminal.close(), 5)


@case
def the_window_size_is_passed_and_follows(w):
    terminal = Terminal(w, w.create(), "/bin/bash", "--norc")
    terminal.type("stty size; echo do''ne\n")
    terminal.read_until("33 111")
    terminal.read_until("done")
    terminal.resize(44, 122)
    # Keys may overtake the size, which a signal reports.
    terminal.type("until stty size | grep '44 122'; do sleep 0.02; done\n")
    terminal.read_until("44 122\r\n")
    terminal.type("exit\n")
    expect.equal(terminal.close(), 0)


@case
def control_c_interrupts_the_command_and_not_the_shell(w):
    terminal = Terminal(w, w.create(), "/bin/bash", "--norc")
    terminal.type("echo rea''dy; sleep 1000\n")
    terminal.read_until("ready")
    time.sleep(0.2)
    terminal.type("\x03")
    terminal.type("echo aft''er $?\n")
    terminal.read_until("after 130")
    terminal.type("exit\n")
    terminal.close()


@case
def it_works_without_a_daemon(w):
    handle = w.create(grace_time=-1)
    path = w.path_of(handle)
    w.disconnect()
    w.daemon.kill()
    seen = w.program("wsh", "--socket", f"{path}/run/wshd.sock", "echo", "still")
    expect.equal((seen.returncode, seen.stdout), (0, b"still\n"))
    w.daemon.start()


@case
def a_killed_wsh_leaves_no_shell_behind(w):
    handle = w.create()
    terminal = Terminal(w, handle, "/bin/sh", "-c", "echo ready; exec sleep 1414")
    terminal.read_until("ready")
    terminal.process.kill()
    terminal.process.wait()
    os.close(terminal.master)
    expect.eventually(
        lambda: not [p for p in kernel.descendants(os.getpid()) if "sleep 1414" in str(p)], "the end of its command"
    )
