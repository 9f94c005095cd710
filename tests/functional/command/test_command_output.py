# SPDX-License-Identifier: Apache-2.0
"""The output of the `warden` command: for people, for programs, and to closed or full outputs."""

import base64
import json
import os
import pty
import re
import subprocess
import unicodedata

import command
import expect
import kernel
from case import case


@case
def run_prints_the_output_unchanged(w):
    w.create(handle="h")
    seen = w.command("run", "h", "--script", r"printf '\000\377x'; printf '\001y' >&2; exit 7")
    expect.equal((seen.returncode, seen.stdout, seen.stderr), (7, b"\0\xffx", b"\1y"))


@case
def a_job_that_a_signal_ends_is_128_and_its_number(w):
    w.create(handle="h")
    for number in (9, 10, 15):
        expect.equal(w.command("run", "h", "--script", f"kill -{number} $$").returncode, 128 + number)


@case
def json_has_invalid_utf_8_in_base64(w):
    w.create(handle="h")
    script = r"printf '\377\000'; printf '\000' >&2"
    seen = json.loads(command.ok(w, "--json", "run", "h", "--script", script))
    expect.equal(base64.b64decode(seen["stdout_base64"]), b"\xff\0")
    expect.equal(seen["stderr"], "\0")


@case
def stream_prints_output_as_it_comes(w):
    w.create(handle="h")
    job = w.c.spawn("h", "echo first; sleep 60")
    with command.start(w, "stream", "h", str(job), stdout=subprocess.PIPE) as process:
        expect.equal(process.stdout.readline(), b"first\n")
        expect.equal(process.poll(), None, "the command's end")
        w.c.stop("h", kill=True)
        expect.equal(process.wait(10), 137)


@case
def stream_with_json_prints_an_object_a_line(w):
    w.create(handle="h")
    job = w.c.spawn("h", "echo out; exit 3")
    lines = [json.loads(line) for line in command.ok(w, "stream", "h", str(job), "--json").splitlines()]
    expect.equal("".join(line.get("data", "") for line in lines), "out\n")
    expect.equal((lines[0]["name"], lines[-1]["exit_status"]), ("stdout", 3))


@case(config={"server": {"job_output_limit": 1 << 30}})
def output_of_any_size_takes_little_memory(w):
    size = 100000000
    w.create(handle="h")
    job = w.c.spawn("h", f"head -c {size} /dev/zero")
    with command.start(w, "stream", "h", str(job), stdout=subprocess.PIPE) as process:
        expect.equal(len(process.stdout.read(size // 2)), size // 2)
        (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", kernel.read(f"/proc/{process.pid}/status"))
        expect.equal((len(process.stdout.read()), process.wait(10)), (size // 2, 0))
    expect.true(w.sanitized or int(peak) < 8192, "less than 8 MiB", f"{peak} KiB")


@case
def an_output_that_cannot_be_written_is_an_error(w):
    w.create(handle="h")
    for arguments in (["list"], ["run", "h", "--script", "echo x"], ["info", "h"], ["help"]):
        with open("/dev/full", "wb") as full:
            process = command.start(w, *arguments, stdout=full, stderr=subprocess.PIPE)
            _, stderr = process.communicate()
        expect.equal(process.returncode, 125 if arguments[0] == "run" else 1, f"status of {arguments}")
        expect.contains(stderr.decode(), "No space left on device")


@case
def closed_standard_streams_do_no_harm(w):
    w.create(handle="h")
    line = f'exec "{w.build.path("warden")}" run h --script "echo x; exit 3" <&- >&-'
    environment = w.program_environment()
    seen = subprocess.run(["sh", "-c", line], env=environment, capture_output=True, check=False)
    expect.equal(seen.returncode, 125)
    expect.contains(seen.stderr.decode(), "write the output: Bad file descriptor")


@case
def an_error_of_the_daemon_is_printed_on_stderr(w):
    command.failure(w, "warden destroy: unknown handle\n", "destroy", "nobody")
    w.create(handle="h")
    command.failure(w, "warden create: container with handle: h already exists.\n", "create", "h")


@case
def info_is_a_table_and_json_has_it_all(w):
    w.create(handle="h")
    job = w.c.spawn("h", "sleep 30")
    text = command.ok(w, "info", "h")
    expect.matches(text, r"state +active\nhostname +\S+\ncreated +\S.*\nhost ip +[\d.]+\ncontainer ip +[\d.]+\npath +/.*")
    expect.contains(text, f"\njobs              {job}\n")
    info = json.loads(command.ok(w, "info", "h", "--json"))
    seen = w.c.info("h")
    expect.equal((info["container_path"], info["job_ids"]), (seen.container_path, [job]))
    expect.true("rss" in info["memory_stat"] or "total_rss" in info["memory_stat"], "memory_stat", info)
    w.c.stop("h", kill=True)


@case
def list_has_a_long_form(w):
    w.create(handle="first")
    w.create(handle="second")
    w.c.stop("second")
    lines = command.ok(w, "list", "--long").splitlines()
    expect.matches(lines[0], r"HANDLE +STATE +ADDRESS +JOBS +MEMORY")
    expect.matches(lines[1], r"first +active +10\.[\d.]+ +0 .*")
    expect.matches(lines[2], r"second +stopped +10\.[\d.]+ +0 .*")
    expect.equal(json.loads(command.ok(w, "list", "--json")), {"handles": ["first", "second"]})


@case
def json_has_what_the_table_of_containers_shows(w):
    w.create(handle="first", properties={"tier": "front"})
    w.create(handle="second")
    job = w.c.spawn("first", "sleep 100")
    for words in (["list", "--long"], ["ps"], ["info"], ["info-many"], ["top"]):
        seen = json.loads(command.ok(w, *words, "--json"))["entries"]
        expect.equal([entry["handle"] for entry in seen], ["first", "second"], words)
        info = seen[0]["info"]
        expect.equal((info["state"], info["job_ids"], "container_ip" in info), ("active", [job], True), words)
    (entry,) = json.loads(command.ok(w, "list", "-l", "--property", "tier=front", "--json"))["entries"]
    expect.equal(entry["handle"], "first")
    expect.equal(json.loads(command.ok(w, "list", "-l", "-q", "--json")), {"handles": ["first", "second"]})
    answers = [json.loads(line) for line in command.ok(w, "top", "-n2", "-d0.1", "--json").splitlines()]
    shares = [["cpu_percent" in entry for entry in answer["entries"]] for answer in answers]
    expect.equal(shares, [[False, False], [True, True]])
    w.c.stop("first", kill=True)


def _columns(text):
    """The number of terminal columns that a text needs."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


@case
def columns_are_aligned_by_the_width_that_a_terminal_shows(w):
    for handle in ("plain", "容器一", "e\u0301a", "한국어 ab", "bad\x1b[0m"):
        w.create(handle=handle)
    for environment in ({"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"}):
        lines = command.ok(w, "list", "--long", environment=environment).splitlines()
        expect.equal(len(lines), 6)
        begins = {_columns(line[: line.index("active")]) for line in lines[1:]}
        expect.equal(begins, {_columns(lines[0][: lines[0].index("STATE")])}, "columns of the states")
        expect.equal({_columns(line) for line in lines}, {_columns(lines[0])}, "width of the lines")


@case
def a_table_in_a_pipe_is_not_cut(w):
    w.create(handle="x" * 200)
    lines = command.ok(w, "list", "--long", environment={"COLUMNS": "40", "TERM": "xterm"}).splitlines()
    expect.equal(len(lines), 2)
    expect.contains(lines[1], "x" * 200 + "  active  ")


@case
def names_cannot_write_to_the_terminal(w):
    name = "a\x1b[31m\nb\u0085"
    w.create(handle=name)
    expect.equal(command.ok(w, "list"), "a\\x1b[31m\\x0ab\\xc2\\x85\n")
    expect.equal(json.loads(command.ok(w, "list", "--json")), {"handles": [name]})


def _on_terminal(w, environment, *arguments):
    """The output of a command on a terminal."""
    master, slave = pty.openpty()
    with os.fdopen(master, "rb", buffering=0) as terminal:
        with os.fdopen(slave, "wb", buffering=0) as end:
            env = {**w.program_environment(), **environment}
            subprocess.run([w.build.path("warden"), *arguments], stdout=end, env=env, check=True)
        seen = b""
        try:
            while chunk := terminal.read(65536):
                seen += chunk
        except OSError:  # what a terminal's end is
            pass
    return seen.decode()


@case
def colours_are_for_terminals_alone(w):
    w.create(handle="h")
    expect.lacks(command.ok(w, "info", "h", environment={"TERM": "xterm"}), "\x1b")
    expect.contains(_on_terminal(w, {"TERM": "xterm"}, "info", "h"), "\x1b[32mactive\x1b[0m")
    expect.lacks(_on_terminal(w, {"TERM": "xterm", "NO_COLOR": "1"}, "info", "h"), "\x1b")
    expect.lacks(_on_terminal(w, {"TERM": "dumb"}, "info", "h"), "\x1b")


@case
def ping_and_echo_have_their_answers(w):
    expect.equal(command.ok(w, "ping"), "pong\n")
    expect.equal(command.ok(w, "echo", "a  b\nc"), "a  b\nc\n")
    expect.equal(json.loads(command.ok(w, "ping", "--json")), {})
