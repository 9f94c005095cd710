# SPDX-License-Identifier: Apache-2.0
"""Jobs by the `warden` command: options as of docker, streams, figures."""

import json
import os
import signal
import subprocess

import command
import expect
import kernel
import warden
from case import case


def _popen(w, *arguments, **keywords):
    return subprocess.Popen([w.build.path("warden"), *arguments], env=w.program_environment(), **keywords)


@case
def dockers_options_are_taken(w):
    w.create(handle="h")
    arguments = ["-e", "A=1 2", "-e", "HOME_OF_CASE", "-w", "/"]
    script = 'printf "%s|%s|%s" "$A" "$HOME_OF_CASE" "$PWD"'
    seen = w.command(
        "run", "h", *arguments, "--", "sh", "-c", script, environment={"HOME_OF_CASE": "mine"}
    )
    expect.equal((seen.returncode, seen.stderr), (0, b""))
    expect.equal(seen.stdout.decode().split("|")[:2], ["1 2", "mine"])
    if w.linux:
        expect.equal(seen.stdout, b"1 2|mine|/")
        expect.equal(command.ok(w, "run", "h", "-u", "root", "--", "id", "-un"), "root\n")


@case
def a_reached_time_limit_is_reported(w):
    w.create(handle="h")
    seen = w.command("run", "h", "--timeout", "0.1", "--", "sleep", "100")
    expect.equal((seen.returncode, seen.stderr), (137, b"warden run: its time is over\n"))
    seen = json.loads(command.ok(w, "run", "h", "--json", "--timeout", "0.1", "--", "sleep", "100"))
    expect.equal((seen["reason"], seen["exit_status"]), ("wall_time", 255))


@case
def json_is_one_object_for_a_job_with_input_too(w):
    w.create(handle="h")
    for arguments in (["run", "h"], ["exec"]):
        arguments = [*arguments, "-i"]
        seen = w.command(*arguments, "--json", "--", "cat", stdin=b"in")
        expect.equal((seen.returncode, seen.stderr), (0, b""))
        seen = json.loads(seen.stdout)
        expect.equal((seen["stdout"], seen["stderr"], seen["exit_status"], seen["reason"]), ("in", "", 0, "exited"))
        seen = w.command(*arguments, "--format", "{stdout}|{exit_status}", "--", "cat", stdin=b"in")
        expect.equal((seen.stdout, seen.stderr), (b"in|0\n", b""))
    seen = json.loads(command.ok(w, "run", "h", "-t", "--json", "--", "tty"))
    expect.matches(seen["stdout"], "^/dev/pts/[0-9]+\r\n$")


@case
def the_reason_of_a_jobs_end_is_reported(w):
    w.create(handle="h")
    seen = w.command("run", "h", "--", "sh", "-c", "kill -TERM $$")
    expect.equal((seen.returncode, seen.stderr), (143, b"warden run: SIGTERM ended it\n"))
    seen = w.command("run", "h", "--output-limit", "10", "--", "echo", "0123456789")
    expect.equal((seen.returncode, seen.stderr), (137, b"warden run: its output is over the limit\n"))
    seen = w.command("exec", "--output-limit", "10", "--", "echo", "0123456789")
    expect.equal((seen.returncode, seen.stderr), (137, b"warden exec: its output is over the limit\n"))
    if w.linux:
        script = "a=x; while :; do a=$a$a; done"
        seen = w.command("run", "h", "--memory-limit", "8m", "--", "bash", "-c", script)
        expect.equal((seen.returncode, seen.stderr), (137, b"warden run: its memory is used up\n"))
        seen = w.command("exec", "--memory", "20m", "--", "bash", "-c", f"({script}); sleep 10")
        expect.equal(seen.returncode, 143)
        expect.contains(seen.stderr, b"warden exec: it was stopped with its container\nwarden exec: out of memory\n")
    job = w.c.spawn("h", "exec sleep 100")
    linked = _popen(w, "link", "h", str(job), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    command.ok(w, "stop", "h", "--kill")
    expect.equal(linked.communicate()[1], b"warden link: it was stopped with its container\n")


def _is_blocked(pid, number):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        [mask] = [line.split()[1] for line in file if line.startswith("SigBlk:")]
    return int(mask, 16) >> (number - 1) & 1


def _run_until_it_waits(w, *arguments, **pipes):
    """Starts a run of one job and waits until an interrupt reaches the command."""
    process = _popen(w, "run", "h", *arguments, **pipes)
    expect.eventually(lambda: w.c.info("h").job_ids, "the job is there")
    expect.eventually(lambda: _is_blocked(process.pid, signal.SIGINT), "the command waits")
    return process


@case(backend="fake", config={"fake": {"delay_ms": 700}})
def an_interrupt_before_the_job_is_known_ends_it(w):
    w.create(handle="h")
    process = _popen(w, "run", "h", "--", "sleep", "1000", stderr=subprocess.PIPE)
    expect.eventually(lambda: _is_blocked(process.pid, signal.SIGINT), "the command asks for the job")
    process.send_signal(signal.SIGINT)
    stderr = process.communicate(timeout=30)[1].decode()
    expect.matches(stderr, r"warden run: SIGINT was sent to job \d+; .*\nwarden run: SIGINT ended it\n")
    expect.equal(process.returncode, -signal.SIGINT)
    expect.equal(w.c.info("h").job_ids, [])


@case
def an_interrupt_of_run_ends_the_job(w):
    w.create(handle="h")
    text = (
        "warden run: SIGINT was sent to job {}; a second one leaves it running\n"
        "warden run: SIGINT ended it\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    for options in ([], ["-i"], ["--quiet"]):
        with _run_until_it_waits(w, *options, "--", "sleep", "100", **pipes) as process:
            [job] = w.c.info("h").job_ids
            process.send_signal(signal.SIGINT)
            lines = text.format(job).splitlines(True)[: 1 if "--quiet" in options else 2]
            seen = (process.communicate(timeout=15)[1].decode(), process.returncode)
            expect.equal(seen, ("".join(lines), -signal.SIGINT))


@case
def a_second_interrupt_of_run_leaves_the_job(w):
    w.create(handle="h")
    script = "trap 'echo caught' INT; echo ready; while :; do sleep 0.05; done"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with _run_until_it_waits(w, "--", "bash", "-c", script, **pipes) as process:
        [job] = w.c.info("h").job_ids
        expect.equal(process.stdout.readline(), b"ready\n")
        process.send_signal(signal.SIGINT)
        expect.equal(process.stdout.readline(), b"caught\n")
        process.send_signal(signal.SIGINT)
        stderr = process.communicate(timeout=15)[1].decode()
        expect.equal(process.returncode, -signal.SIGINT)
    text = f"the job goes on: `warden attach h {job}` follows it, `warden kill h {job}` ends it\n"
    expect.true(stderr.endswith(text), text, stderr)
    expect.equal(w.c.info("h").job_ids, [job])
    command.ok(w, "kill", "h", str(job), "KILL")


@case
def run_ends_and_its_job_goes_on_when_its_output_pipe_is_closed(w):
    w.create(handle="h")
    words = ("run", "h", "--", "sh", "-c", "while sleep 0.02; do echo y; done")
    with command.start(w, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        expect.equal(process.stdout.readline(), b"y\n")
        process.stdout.close()
        expect.equal((process.wait(15), process.stderr.read()), (-signal.SIGPIPE, b""))
    [job] = w.c.info("h").job_ids
    command.ok(w, "kill", "h", str(job), "KILL")


@case
def an_interrupt_of_a_job_that_has_just_ended_gives_its_status(w):
    w.create(handle="h")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    script = "trap 'exit 7' USR1; echo set; while :; do sleep 0.02; done"
    with _run_until_it_waits(w, "--", "bash", "-c", script, **pipes) as process:
        expect.equal(process.stdout.readline(), b"set\n")
        [job] = w.c.info("h").job_ids
        kernel.halt(process.pid)
        command.ok(w, "kill", "h", str(job), "USR1")
        expect.eventually(lambda: not w.c.info("h").job_ids, "the job has ended")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        stderr = process.communicate(timeout=15)[1].decode()
        expect.equal(process.returncode, 7, stderr)
    expect.matches(stderr, r"warden run: SIGINT was not sent: .*\n")


@case
def a_job_that_handles_an_interrupt_gives_its_own_status(w):
    w.create(handle="h")
    script = "trap 'exit 9' INT; echo ready; while :; do sleep 0.05; done"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with _run_until_it_waits(w, "--", "bash", "-c", script, **pipes) as process:
        expect.equal(process.stdout.readline(), b"ready\n")
        process.send_signal(signal.SIGINT)
        expect.equal(process.wait(15), 9)


@case
def input_for_an_unknown_job_is_an_error(w):
    w.create(handle="h")
    command.failure(w, "warden job-input: no such job\n", "job-input", "h", "99")
    command.failure(w, "warden job-input: no such job\n", "job-input", "h", "99", "--end")


@case
def json_of_a_run_is_flat(w):
    w.create(handle="h")
    seen = json.loads(command.ok(w, "run", "h", "--json", "--", "sh", "-c", "echo out; echo err >&2; exit 3"))
    expect.equal((seen["exit_status"], seen["reason"]), (3, "exited"))
    expect.equal((seen["stdout"], seen["stderr"]), ("out\n", "err\n"))
    expect.equal([seen[name] >= 0 for name in ("wall_us", "user_us", "system_us", "peak_memory")], [True] * 4)
    expect.true("signal" not in seen and "end" not in seen, "no signal and no nested end", seen)
    seen = json.loads(command.ok(w, "run", "h", "--json", "--script", "kill -9 $$"))
    expect.equal((seen["signal"], seen["reason"]), (9, "signal"))


@case
def a_missing_command_is_reported(w):
    w.create(handle="h")
    seen = w.command("run", "h", "--", "no-such-command")
    expect.equal((seen.returncode, seen.stdout), (127, b""))
    expect.contains(seen.stderr, b"no-such-command")
    seen = json.loads(command.ok(w, "run", "h", "--json", "--", "no-such-command"))
    expect.equal((seen["reason"], seen["exit_status"]), ("start_failed", 255))
    expect.contains(seen["start_error"], "no-such-command")


@case
def standard_input_is_forwarded_with_i(w):
    w.create(handle="h")
    data = os.urandom(3_000_000)
    for arguments in (["run", "-i", "h", "--", "cat"], ["exec", "-i", "--", "cat"]):
        seen = w.command(*arguments, stdin=data)
        expect.equal((seen.returncode, seen.stdout == data), (0, True), " ".join(arguments))
    expect.equal(command.ok(w, "run", "h", "--", "cat", stdin=b"nobody reads this"), "")


@case
def a_job_that_stops_reading_still_ends(w):
    w.create(handle="h")
    seen = w.command("run", "-i", "h", "--", "head", "-c", "3", stdin=b"x" * 5_000_000)
    expect.equal((seen.returncode, seen.stdout), (0, b"xxx"))


@case
def exec_with_input_ends_with_its_signal_and_leaves_nothing(w):
    with _popen(w, "exec", "-i", "--", "cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(b"ready\n")
        process.stdin.flush()
        expect.equal(process.stdout.readline(), b"ready\n")
        w.note_ids()
        process.send_signal(signal.SIGTERM)
        expect.equal(process.wait(15), -signal.SIGTERM)
    expect.equal(w.c.list(), [])


@case
def ps_shows_jobs(w):
    w.create(handle="h")
    job = w.c.spawn("h", "sleep 100")
    kept = command.ok(w, "spawn", "h", "--keep", "--", "sh", "-c", "exit 4").strip()
    w.c.link("h", int(kept))
    lines = command.ok(w, "ps", "h").splitlines()
    expect.matches(lines[0], r" *JOB +STATE +USER +STARTED +STDOUT +STDERR +FLAGS +COMMAND")
    expect.matches(lines[1], rf" *{job} +running .*sleep 100")
    expect.matches(lines[2], rf" *{kept} +exited 4 .* k +sh -c exit 4")
    seen = command.ok(w, "ps", "h", "--format", "{handle} {job_id} {running} {exit_status} {reason}")
    expect.equal(seen, f"h {job} true  \nh {kept} false 4 exited\n")
    command.ok(w, "collect", "h", kept)
    expect.equal([j["job_id"] for j in json.loads(command.ok(w, "ps", "h", "--json"))["jobs"]], [job])
    command.ok(w, "kill", "h", str(job), "KILL")
    expect.equal(json.loads(command.ok(w, "link", "h", str(job), "--json"))["signal"], 9)


@case
def attach_shares_the_job_and_does_not_collect_it(w):
    w.create(handle="h")
    job = command.ok(w, "spawn", "-i", "h", "--", "sh", "-c", "while read x; do echo got $x; done; exit 3").strip()
    with _popen(w, "attach", "h", job, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as other:
        seen = w.command("attach", "-i", "h", job, stdin=b"one\ntwo\n")
        expect.equal((seen.returncode, seen.stdout), (3, b"got one\ngot two\n"))
        expect.equal((other.wait(10), other.stdout.read()), (3, b"got one\ngot two\n"))
    expect.equal(w.command("link", "h", job).returncode, 3)


@case
def attach_without_a_number_takes_the_only_job_that_runs(w):
    w.create(handle="h")
    text = "warden attach: {} jobs run in h; `warden jobs h` shows their numbers\n"
    command.failure(w, text.format(0), "attach", "h")
    command.failure(w, "warden attach: unknown handle\n", "attach", "nobody")
    command.failure(w, "warden attach: no such job\n", "attach", "h", "0")
    command.ok(w, "link", "h", command.ok(w, "spawn", "--keep", "h", "--", "true").strip())
    command.failure(w, text.format(0), "attach", "h")
    first = command.ok(w, "spawn", "-i", "h", "--", "sh", "-c", "read x; echo $x; exit 3").strip()
    second = w.c.spawn("h", "sleep 100")
    command.failure(w, text.format(2), "attach", "h")
    command.ok(w, "kill", "h", str(second), "KILL")
    w.c.link("h", second)
    seen = w.command("attach", "-i", "h", stdin=b"one\n")
    expect.equal((seen.returncode, seen.stdout, seen.stderr), (3, b"one\n", b""))
    expect.equal(w.command("link", "h", first).returncode, 3)


@case
def input_is_written_piece_by_piece(w):
    w.create(handle="h")
    job = command.ok(w, "spawn", "-i", "h", "--", "cat").strip()
    command.ok(w, "job-input", "h", job, "--data", "one ")
    command.ok(w, "job-input", "h", job, stdin=b"two ")
    path = w.file("input", "three\n")
    command.ok(w, "job-input", "--end", "h", job, "--file", path)
    expect.equal(command.ok(w, "link", "h", job), "one two three\n")


@case
def two_jobs_are_joined(w):
    w.create(handle="h")
    arguments = ["spawn-pair", "h", "--keep", "--", "echo", "hello", ":::", "--keep", "-e", "X=2"]
    arguments += ["--", "sh", "-c", "read line; echo $line $X >&2"]
    first, second = command.ok(w, *arguments).split()
    seen = w.command("link", "h", second)
    expect.equal((seen.returncode, seen.stderr), (0, b"hello 2\n"))
    expect.equal(w.command("link", "h", first).returncode, 0)
    command.usage_error(w, "needs two jobs with ::: between them", "spawn-pair", "h", "--", "true")


@case
def output_over_the_limit_is_dropped_as_asked(w):
    w.create(handle="h")
    arguments = ["--output-limit", "10", "--output-policy", "head-tail", "--script", "printf 12345abcdefgh67890"]
    seen = w.command("run", "h", *arguments)
    expect.equal((seen.returncode, seen.stdout), (0, b"1234567890"))
    expect.equal(seen.stderr, b"warden run: stdout lacks 8 bytes, which were over the limit\n")
