# SPDX-License-Identifier: Apache-2.0
"""Jobs with a terminal, by the `warden` command on a terminal."""

import command
import expect
from case import case


@case
def a_terminal_is_the_jobs_own_with_t(w):
    w.create(handle="h")
    script = "stty size; tty; read -r line; echo \"<$line>\"; exit 5"
    with command.Terminal(w, "run", "-it", "h", "--", "sh", "-c", script, rows=33, columns=77) as terminal:
        terminal.expect(r"33 77\r\n")
        terminal.expect(r"/dev/\S+\r\n")
        terminal.type("hello\r")
        terminal.expect(r"hello\r\n<hello>\r\n")
        expect.equal(terminal.status(), 5)


@case
def keys_and_the_window_size_reach_the_job(w):
    w.create(handle="h")
    script = "trap 'echo interrupted' INT; trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done"
    with command.Terminal(w, "run", "-it", "h", "--", "bash", "-c", script) as terminal:
        terminal.expect("ready")
        terminal.type("\x03")
        terminal.expect("interrupted")
        terminal.resize(40, 120)
        terminal.expect("40 120")
        w.c.stop("h", kill=True)
        expect.equal(terminal.status(), 137)


@case
def a_terminal_shows_why_its_job_ended(w):
    w.create(handle="h")
    for words, text, status in (
        (["--", "sh", "-c", "kill -TERM $$"], "SIGTERM ended it", 143),
        (["--timeout", "0.2", "--", "sleep", "100"], "its time is over", 137),
        (["--output-limit", "10", "--", "echo", "0123456789"], "its output is over the limit", 137),
    ):
        for options in (["-it"], ["-t"]):
            for arguments in (["run", *options, "h", *words], ["exec", *options, *words]):
                with command.Terminal(w, *arguments) as terminal:
                    terminal.expect(f"warden {arguments[0]}: {text}\r\n")
                    expect.equal(terminal.status(), status, arguments)


@case
def it_without_a_terminal_is_refused_before_anything_starts(w):
    w.create(handle="h")
    job = command.ok(w, "spawn", "-it", "h", "--", "sleep", "100").strip()
    for words in (["run", "-it", "h", "--", "true"], ["exec", "-it", "--", "true"], ["attach", "-it", "h", job]):
        text = "-it needs a terminal on standard input; -i alone sends the input to the job"
        command.usage_error(w, text, *words)
    expect.equal((w.c.list(), w.c.info("h").job_ids), (["h"], [int(job)]))
    command.ok(w, "kill", "h", job, "KILL")


@case
def attach_leaves_a_terminal_by_its_keys(w):
    w.create(handle="h")
    job = command.ok(w, "spawn", "-it", "h", "--", "sh", "-c", "echo ready; read x; echo $x; exit 7").strip()
    with command.Terminal(w, "attach", "-it", "h", job) as terminal:
        terminal.expect("ready")
        terminal.type("\x10\x11")
        expect.equal(terminal.status(), 0)
    with command.Terminal(w, "attach", "-it", "h", job) as terminal:
        terminal.expect("ready")
        terminal.type("on\r")
        terminal.expect("on\r\n")
        expect.equal(terminal.status(), 7)


@case
def exec_on_a_terminal_cleans_up(w):
    with command.Terminal(w, "exec", "-it", "--", "sh", "-c", "echo ready; read x; exit 6") as terminal:
        terminal.expect("ready")
        terminal.type("\r")
        expect.equal(terminal.status(), 6)
    expect.equal(w.c.list(), [])
