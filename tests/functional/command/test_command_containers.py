# SPDX-License-Identifier: Apache-2.0
"""Commands for containers other than create, run and destroy: tables, limits, rules, files, events."""

import io
import json
import os
import signal
import subprocess
import tarfile

import command
import expect
from case import case


@case
def every_option_of_create_reaches_the_daemon(w):
    arguments = ["--property", "tier=front", "--property", "n=1", "-e", "A=1", "--hostname", "web", "--ttl", "1000"]
    command.ok(w, "create", "h", *arguments)
    info = w.c.info("h")
    expect.equal([(p.key, p.value) for p in info.properties], [("tier", "front"), ("n", "1")])
    expect.equal((info.hostname, info.env), ("web", ["A=1"]))
    expect.between(info.ttl_left, 900, 1000, "ttl_left")
    command.ok(w, "create", "other", "--property", "tier=back")
    expect.equal(command.ok(w, "list", "--property", "tier=front"), "h\n")
    expect.equal(command.ok(w, "list", "--format", "{handle} {state}", "--property", "tier=back"), "other active\n")


def _info(w, handle):
    """The lines of `warden info` by their labels."""
    return {line[:18].rstrip(): line[18:] for line in command.ok(w, "info", handle).splitlines()}


@case
def info_shows_what_is_set(w):
    arguments = ["--property", "tier=front", "--property", "n=1", "-e", "A=1", "--hostname", "web", "--ttl", "1000"]
    command.ok(w, "create", "h", *arguments, "--processes", "100", "--cpu-quota", "50", "--memory", "64M")
    first = w.c.spawn("h", "sleep 100")
    second = w.c.spawn("h", "sleep 100")
    seen = _info(w, "h")
    for label, pattern in (
        ("state", "active"),
        ("hostname", "web"),
        ("properties", "tier=front, n=1"),
        ("environment", "A=1"),
        ("created", r"\d\d:\d\d:\d\d|\d{4}-\d\d-\d\d \d\d:\d\d"),
        ("time left", r"9\d\d s|1000 s"),
        ("container ip", r"10\.[\d.]+"),
        ("jobs", f"{first}, {second}"),
        ("processes", r"\d+"),
        ("process limit", "100"),
        ("cpu quota", "50 %"),
        ("memory limit", r"64\.0 MiB"),
        ("memory rss", r"[\d.]+ \S+"),
    ):
        expect.matches(seen.get(label, f"no line {label}"), pattern)
    command.ok(w, "pause", "h")
    expect.equal(_info(w, "h")["state"], "paused")
    command.ok(w, "resume", "h")
    w.c.stop("h", kill=True)
    seen = _info(w, "h")
    expect.equal((seen["state"], "jobs" in seen), ("stopped", False))


@case
def info_has_no_lines_for_unset_fields(w):
    w.create(handle="h")
    seen = _info(w, "h")
    for label in ("properties", "environment", "time left", "nested", "events", "cpu quota", "cpus", "oom kills",
                  "swap off", "disk limit", "io read rate"):  # fmt: skip
        expect.true(label not in seen, f"no line {label}", seen)


@case
def many_containers_are_a_table(w):
    for handle in ("one", "two", "three"):
        w.create(handle=handle)
    lines = command.ok(w, "info-many", "one", "three", "nobody").splitlines()
    expect.matches(lines[0], r"HANDLE +STATE +ADDRESS +JOBS +MEMORY")
    expect.matches(lines[1], r"one +active +10\..*")
    expect.matches(lines[2], r"three +active +10\..*")
    expect.matches(lines[3], r"nobody +unknown handle +- +- +-")
    expect.equal(len(command.ok(w, "info-many").splitlines()), 4)
    seen = json.loads(command.ok(w, "info", "one", "two", "--json"))
    expect.equal([entry["info"]["state"] for entry in seen["entries"]], ["active"] * 2)
    expect.equal(command.ok(w, "info-many", "--format", "{handle} {container_ip}").count("10."), 3)


@case
def unknown_handles_among_several_are_reported(w):
    w.create(handle="h")
    for options, pattern in (
        ([], r"HANDLE .*\nh +active +.*\nnobody +unknown handle .*\n$"),
        (["--json"], r'.*"state": ?"active".*\n$'),
        (["--format", "{handle} {error}"], r"h \nnobody unknown handle\n$"),
    ):
        seen = w.command("info", "h", "nobody", *options)
        expect.equal((seen.returncode, seen.stderr), (1, b"warden info: nobody: unknown handle\n"))
        expect.matches(seen.stdout.decode(), pattern)
    expect.equal(len(command.ok(w, "info", "h", "h").splitlines()), 3)


@case
def top_prints_plain_tables_without_a_terminal(w):
    w.create(handle="h")
    job = w.c.spawn("h", "sleep 100")
    lines = command.ok(w, "top").splitlines()
    expect.matches(lines[0], r"HANDLE +STATE +CPU% +CPU s +MEMORY +PEAK +JOBS .*")
    expect.matches(lines[1], r"h +active +- +[\d.]+ .* 1 .*")
    lines = command.ok(w, "top", "-n", "3", "-d", "0.1").splitlines()
    expect.equal((len(lines), lines[5].split()[2] != "-"), (6, True), lines)
    expect.equal(len(command.ok(w, "top", "-n2", "-d0.1", "--json").splitlines()), 2)
    expect.equal(command.ok(w, "top", "--format", "{handle} {job_ids}"), f"h {job}\n")
    w.c.stop("h", kill=True)


@case
def top_is_live_on_a_terminal(w):
    w.create(handle="h")
    with command.Terminal(w, "top", "-d", "0.1") as terminal:
        terminal.expect(r"\x1b\[\?1049h.*1 containers.*HANDLE.*\r\nh +\x1b\[32mactive")
        w.create(handle="second")
        terminal.expect(r"2 containers.*second")
        terminal.type("q")
        expect.equal(terminal.status(), 0)
        expect.contains(terminal.seen, "\x1b[?1049l")


@case
def pause_and_resume_are_commands(w):
    w.create(handle="h")
    command.ok(w, "pause", "h")
    expect.equal(w.c.info("h").paused, True)
    expect.matches(command.ok(w, "list", "--long").splitlines()[1], r"h +paused .*")
    command.ok(w, "resume", "h")
    expect.equal(w.c.info("h").paused, False)


@case
def limits_are_set_and_shown(w):
    w.create(handle="h")
    expect.equal(command.ok(w, "limit-memory", "h", "64m"), "memory limit      64.0 MiB\n")
    expect.equal(command.ok(w, "limit-cpu", "h", "100"), "cpu shares        100\n")
    expect.equal(command.ok(w, "limit-memory", "h", "--format", "{limit_in_bytes}"), "67108864\n")
    expect.equal(json.loads(command.ok(w, "limit-cpu", "h", "512", "--json")), {"limit_in_shares": 512})
    seen = json.loads(command.ok(w, "limit", "h", "--memory", "128MiB", "--processes", "100", "--json"))["limits"]
    expect.equal((seen["memory_bytes"], seen["cpu_shares"]), (128 << 20, 512))
    text = command.ok(w, "limit", "h")
    expect.contains(text, "memory limit      128 MiB\n")
    expect.matches(text, r".*\ncpu quota +none\ncpus +all\nprocess limit +100\n.*bandwidth rate +unlimited\nbandwidth burst +unlimited\n.*")
    expect.contains(command.ok(w, "info", "h"), "memory limit      128 MiB\n")
    expect.equal(w.command("limit", "h", "--cpu-shares", "x").returncode, 2)
    lines = command.ok(w, "limit-bandwidth", "h", "10m", "1m")
    expect.matches(lines, r"bandwidth rate    10\.0 MiB/s\nbandwidth burst   1\.\d+ MiB\n")
    for words in (["limit", "h"], ["info", "h"]):
        expect.contains(command.ok(w, *words), lines)
    if not w.linux:  # needs quotas
        seen = command.ok(w, "limit-disk", "h", "--byte-hard", "2g", "--byte-soft", "1g", "--inode-hard", "1000")
        expect.equal(seen, "disk limit        2.0 GiB\ndisk soft limit   1.0 GiB\ninode limit       1000\n")
        seen = command.ok(w, "limit-disk", "h", "--byte", "0", "--byte-soft", "0", "--inode", "0")
        expect.equal(seen, "disk limit        none\ninode limit       none\n")


@case
def rules_are_listed_removed_and_replaced(w):
    w.create(handle="h")
    port = command.ok(w, "net-in", "h", "--container-port", "8080", "--format", "{host_port}").strip()
    command.ok(w, "net-out", "h", "--network", "192.0.2.0/24", "--port", "80")
    command.ok(w, "net-out", "h", "--network", "192.0.2.7", "--protocol", "udp", "--port-range", "1:9")
    lines = command.ok(w, "net-list", "h").splitlines()
    expect.contains(lines[0], f"host_port={port}")
    expect.equal((lines[0][:5], lines[1][:6], len(lines)), ("--in ", "--out ", 3))
    # The listed rules are accepted unchanged.
    command.ok(w, "net-remove", "h", *lines[1].split(" ", 1))
    expect.equal(len(command.ok(w, "net-list", "h").splitlines()), 2)
    seen = command.ok(w, "net-replace", "h", "--in", "7070:70/udp", "--out", "network=198.51.100.0/24,port=443,log")
    expect.equal(seen, f"7070 -> {70 if w.linux else 7070}\n")
    rules = json.loads(command.ok(w, "net-list", "h", "--json"))
    (rule,) = rules["in"]
    expect.equal((rule["host_port"], rule["container_port"], rule["protocol"]), (7070, 70 if w.linux else 7070, "udp"))
    (rule,) = rules["out"]
    expect.equal((rule["port"], rule["log"]), (443, True))
    seen = w.command("net-remove", "h", "--out", "network=203.0.113.1,port=1")
    expect.equal((seen.returncode, seen.stdout), (1, b""))


@case
def files_are_read_written_listed_and_removed(w):
    w.create(handle="h")
    base = "/tmp/" if w.linux else ""
    command.ok(w, "file-write", "h", f"{base}file", "--mode", "600", stdin=b"from a pipe\n")
    expect.equal(command.ok(w, "cat", "h", f"{base}file"), "from a pipe\n")
    expect.equal(command.ok(w, "file-read", "h", f"{base}file", "--offset", "5", "--length", "1"), "a")
    command.ok(w, "write", "h", f"{base}file", "--data", "text")
    path = w.file("host", os.urandom(9_000_000))
    command.ok(w, "write", "h", f"{base}large", "--file", path)
    with open(path, "rb") as file:
        expect.equal(w.command("cat", "h", f"{base}large").stdout == file.read(), True, "the large file comes back")
    seen = command.ok(w, "ls", "h", base or ".")
    expect.matches(seen, r"MODE +UID +GID +SIZE +MODIFIED +NAME\n.*-rw------- .* 4 .* file\n.*9000000 .* large\n")
    command.ok(w, "file-remove", "h", f"{base}large")
    command.ok(w, "file-remove", "-r", "h", f"{base}file")
    seen = w.command("cat", "h", f"{base}file")
    expect.equal((seen.returncode, seen.stdout), (1, b""))


@case
def copies_resolve_paths_from_the_commands_directory(w):
    w.create(handle="h")
    source = w.make_directory("source")
    w.file("source/file", "content\n")
    command.ok(w, "copy-in", "h", "source", "copied")
    command.ok(w, "copy-out", "h", "copied/source/", "back")
    with open(f"{w.directory}/back/file", encoding="utf-8") as file:
        expect.equal(file.read(), "content\n")
    seen = w.command("copy-in", "h", f"{source}/no", "x")
    expect.equal((seen.returncode, seen.stdout), (1, b""))
    expect.contains(seen.stderr.decode(), f"{source}/no")


@case
def events_come_as_lines(w):
    with command.start(w, "events", "--json", stdout=subprocess.PIPE) as process:
        first = json.loads(process.stdout.readline())
        expect.equal(first["kind"], "subscribed")
        w.create(handle="h")
        w.c.run("h", "exit 3")
        lines = [json.loads(process.stdout.readline()) for _ in range(3)]
        expect.equal([line["kind"] for line in lines], ["created", "job_started", "job_ended"])
        expect.equal([(line["handle"], line["sequence"] - first["sequence"]) for line in lines],
                     [("h", 1), ("h", 2), ("h", 3)])
        expect.equal((lines[2]["reason"], lines[2]["exit_status"]), ("exited", 3))
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    with command.start(w, "events", "other", stdout=subprocess.PIPE) as process:
        expect.matches(process.stdout.readline().decode(), r" +\d+ subscribed *\n")
        w.c.run("h", "true")
        w.create(handle="other")
        expect.matches(process.stdout.readline().decode(), r"[\d:]+ +\d+ created +other\n")
        process.send_signal(signal.SIGTERM)
        process.wait(10)


@case
def events_go_on_over_a_restart(w):
    with command.start(w, "events", "--json", stdout=subprocess.PIPE) as process:
        kinds = [json.loads(process.stdout.readline())["kind"]]
        w.create(handle="h", grace_time=-1)
        kinds.append(json.loads(process.stdout.readline())["kind"])
        w.disconnect()
        w.daemon.restart()
        w.c.run("h", "exit 3")
        while kinds[-1] != "job_ended":
            kinds.append(json.loads(process.stdout.readline())["kind"])
        kinds = [kind for kind in kinds if kind not in ("unreachable", "reachable")]
        expect.equal(kinds, ["subscribed", "created", "missed", "job_started", "job_ended"])
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def _tar(**files):
    """A tar with these files."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return data.getvalue()


@case
def tars_go_through_the_socket(w):
    w.create(handle="h")
    large = os.urandom(3_000_000)
    command.ok(w, "copy-in", "h", "-", "unpacked", stdin=_tar(small=b"content\n", large=large))
    expect.equal(command.ok(w, "cat", "h", "unpacked/small"), "content\n")
    seen = w.command("copy-out", "h", "unpacked/", "-")
    expect.equal((seen.returncode, seen.stderr), (0, b""))
    with tarfile.open(fileobj=io.BytesIO(seen.stdout)) as tar:
        files = {os.path.basename(entry.name): tar.extractfile(entry).read() for entry in tar if entry.isfile()}
    expect.equal(files == {"small": b"content\n", "large": large}, True, "the tar that comes out")
    seen = w.command("copy-in", "h", "-", "x", stdin=b"no tar at all" * 1000)
    expect.equal((seen.returncode, seen.stdout), (1, b""))
    seen = w.command("copy-out", "h", "nowhere", "-")
    expect.equal((seen.returncode, seen.stdout), (1, b""))


@case
def a_copy_shows_its_progress_on_a_terminal(w):
    w.create(handle="h")
    job = w.c.spawn("h", "sleep 100")
    with command.Terminal(w, "copy-in", "h", "-", "unpacked") as terminal:
        terminal.type("this is no tar\r\x04")
        expect.equal(terminal.status(), 1)
    path = w.file("pipe.sh", f"(sleep 0.5; cat {w.file('x.tar', _tar(file=b'x' * 1000000))}) | warden copy-in h - unpacked")
    environment = {"PATH": f"{w.build.directory}:/usr/bin:/bin"}
    with command.Terminal(w, program=["/bin/sh", path], environment=environment) as terminal:
        terminal.expect(r"copying in \d+ \S+, \S+ \S+/s, \d+\.\d s")
        expect.equal(terminal.status(), 0)
    expect.equal(w.c.info("h").job_ids, [job])
    w.c.stop("h", kill=True)


@case
def changes_of_files_come_as_lines(w):
    w.create(handle="h")
    path = "/home/vcap" if w.linux else "."
    with command.start(w, "watch", "h", path, stdout=subprocess.PIPE) as process:
        expect.equal(process.stdout.readline(), b"watching\n")
        w.c.run("h", "echo x > new")
        while (line := process.stdout.readline()) != b"created new\n":
            expect.true(line, "the change", "the end")
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    with command.start(w, "watch", "h", path, "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        expect.equal(json.loads(process.stdout.readline()), {"change": "watching"})
        w.c.destroy("h")
        expect.equal(process.wait(10) in (0, 1), True, "its end")
