# SPDX-License-Identifier: Apache-2.0
"""`warden` without a command: commands one a line, from a pipe or at the prompt of a terminal."""

import os

import command
import expect
import kernel
from case import case


@case
def a_pipe_holds_a_command_a_line(w):
    script = b"create --handle h\n\n# a comment\nrun --handle h --script \"echo 'out  put'; exit 3\"\nlist\n"
    seen = w.command(stdin=script)
    expect.equal((seen.returncode, seen.stdout, seen.stderr), (0, b"h\nout  put\nh\n", b""))


@case
def an_error_ends_it_with_exit_on_error(w):
    lines = b"destroy nobody\nping\n"
    seen = w.command(stdin=lines)
    expect.equal((seen.returncode, seen.stdout), (0, b"pong\n"))
    seen = w.command("--exit-on-error", stdin=lines)
    expect.equal((seen.returncode, seen.stdout), (1, b""))
    expect.equal(seen.stderr, b"warden destroy: unknown handle\n")


@case
def its_connection_keeps_containers(w):
    script = b"create --grace-time 0 h\nrun h -- sleep 0.3\nlist\n"
    expect.equal(w.command(stdin=script).stdout, b"h\n" * 2)
    expect.eventually(lambda: not set(w.entries()) - {"tmp"}, "the container is gone with it")


@case
def a_line_is_split_as_in_a_shell(w):
    w.create(handle="h")
    script = rb"""echo 'a "b"' # c""" + b"\n" + rb"""echo "it's \"q\"" """ + b"\n" + rb"echo a\ b" + b"\necho 'open\nquit\nping\n"
    seen = w.command(stdin=script)
    expect.equal(seen.stdout, b"a \"b\"\nit's \"q\"\na b\n")
    expect.contains(seen.stderr, b"a quote is not closed")


@case
def commands_do_not_read_the_rest(w):
    w.create(handle="h")
    expect.equal(w.command(stdin=b"run -i h -- cat\nping\n").stdout, b"pong\n")


@case(daemon=False)
def it_continues_without_a_daemon(w):
    seen = w.command(stdin=b"ping\nhelp ping\n")
    expect.equal(seen.returncode, 0)
    expect.contains(seen.stdout, b"Usage: warden ping")
    expect.contains(seen.stderr, b"Is wardend running?")


@case
def the_prompt_runs_commands_and_remembers_them(w):
    with command.Terminal(w) as terminal:
        terminal.expect("warden> ")
        terminal.type("create --handle h\r")
        terminal.expect(r"\nh\r\n.*warden> ")
        terminal.type('run --handle h --script "echo $((6 * 7))"\r')
        terminal.expect(r"42\r\n.*warden> ")
        terminal.type("help ping\r")
        terminal.expect("Usage: warden ping.*warden> ")
        terminal.type("\x04")
        expect.equal(terminal.status(), 0)
    history = kernel.read(f"{w.directory}/.warden_history")
    expect.contains(history, "create")
    expect.equal(os.stat(f"{w.directory}/.warden_history").st_mode & 0o077, 0)
    with command.Terminal(w) as terminal:
        terminal.expect("warden> ")
        terminal.type("\x1b[A\r")  # the line before
        terminal.expect("Usage: warden ping.*warden> ")
        terminal.type("quit\r")
        expect.equal(terminal.status(), 0)


@case
def tab_completes(w):
    w.create(handle="first-one")
    with command.Terminal(w) as terminal:
        terminal.expect("warden> ")
        terminal.type("fil\t")
        terminal.expect("fil.*e-")
        terminal.type("\x15info fi\t\r")
        terminal.expect(r"rst-one.*state +.*active.*warden> ")
        terminal.type("limit-\t")
        terminal.expect("limit-bandwidth +limit-cpu|limit-memory +limit-cpu|limit-cpu +limit-disk")
        terminal.type("\x15quit\r")
        expect.equal(terminal.status(), 0)


@case
def an_interrupt_ends_only_the_command(w):
    w.create(handle="h")
    with command.Terminal(w) as terminal:
        terminal.expect("warden> ")
        terminal.type("run h -- sleep 100\r")
        expect.eventually(lambda: w.c.info("h").job_ids, "the job runs")
        terminal.type("\x03")
        terminal.expect("SIGINT ended it.*warden> ")
        terminal.type("some text\x03")
        terminal.expect("warden> ")
        terminal.type("ping\r")
        terminal.expect("pong.*warden> ")
        terminal.type("quit\r")
        expect.equal(terminal.status(), 0)
    w.c.stop("h", kill=True)
