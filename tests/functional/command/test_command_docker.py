# SPDX-License-Identifier: Apache-2.0
"""What users of docker and podman type means the same here, or is answered with what to type."""

import json
import os
import subprocess

import command
import expect
from case import case


@case
def a_word_that_is_a_handle_is_not_run_by_exec(w):
    w.create(handle="sh")
    text = (
        "there is a container sh: `warden run sh -- COMMAND` runs a command in it, "
        "`warden exec -- sh ...` runs sh in a new one"
    )
    for words in (["sh", "-c", "echo hi"], ["sh"], ["-e", "A=1", "sh", "--", "ls"]):
        command.usage_error(w, text, "exec", *words)
    expect.equal(command.ok(w, "exec", "--", "sh", "-c", "echo hi"), "hi\n")
    expect.equal(command.ok(w, "exec", "echo", "sh"), "sh\n")
    expect.equal(w.c.list(), ["sh"])


@case
def ps_and_ls_show_containers_or_what_is_in_one(w):
    w.create(handle="one", properties=[("tier", "front")])
    w.create(handle="two")
    job = w.c.spawn("one", "sleep 100")
    for words in (["ps"], ["ps", "-a"], ["container", "ls"], ["ls"], ["info"], ["list", "-l", "-a"]):
        lines = command.ok(w, *words).splitlines()
        expect.equal([line.split()[0] for line in lines], ["HANDLE", "one", "two"], " ".join(words))
    for words in (["ps", "-q"], ["ps", "-aq"], ["ls", "-q"], ["list", "-lq"]):
        expect.equal(command.ok(w, *words), "one\ntwo\n", " ".join(words))
    expect.equal(command.ok(w, "ps", "-q", "--property", "tier=front"), "one\n")
    expect.equal(command.ok(w, "ps", "one").splitlines()[1].split()[0], str(job))
    expect.contains(command.ok(w, "ls", "one", "/" if w.linux else "."), "MODE")
    command.usage_error(w, "unexpected argument 'two'", "ps", "one", "two")
    command.usage_error(w, "--property: one alone", "ps", "--property", "tier=front", "--property", "a=b")
    for words in (["ps", "-q", "one"], ["ps", "--property", "a=b", "one"], ["ls", "-q", "one"]):
        command.usage_error(w, "--quiet and --property are for the table of containers", *words)
    command.usage_error(w, "'container' needs a command", "container")


@case
def destroy_takes_several_containers(w):
    for handle in ("a", "b", "c", "d", "e"):
        w.create(handle=handle, properties=[("tier", "back" if handle == "e" else "front")])
    text = "warden destroy: /nobody: unknown handle; file-remove removes files\nwarden destroy: none was destroyed\n"
    command.failure(w, text, "rm", "a", "/nobody")
    expect.equal(w.c.list(), ["a", "b", "c", "d", "e"])
    command.ok(w, "destroy", "a", "b")
    command.ok(w, "rm", "-f", "c", "nobody")
    command.ok(w, "rm", "-f", "nobody")
    expect.equal(w.c.list(), ["d", "e"])
    command.usage_error(w, "takes handles, or --property or --all", "destroy", "--all", "d")
    command.usage_error(w, "needs HANDLE, --property or --all", "rm")
    command.ok(w, "destroy", "--property", "tier=back")
    expect.equal(w.c.list(), ["d"])
    command.ok(w, "destroy", "--property", "tier=back")
    w.create(handle="f")
    command.ok(w, "destroy", "--all")
    expect.equal(w.c.list(), [])
    command.ok(w, "destroy", "--all")


def _states(w, *handles):
    return [w.c.info(handle).state for handle in handles]


@case
def stop_takes_several_containers(w):
    for handle in ("a", "b", "c", "d", "e"):
        w.create(handle=handle, properties=[("tier", "back" if handle == "c" else "front")])
    w.c.spawn("a", "sleep 100")
    text = "warden stop: a/b: unknown handle\nwarden stop: none was stopped\n"
    command.failure(w, text, "stop", "--kill", "a", "a/b")
    command.failure(w, "warden stop: unknown handle\n", "stop", "nobody")
    expect.equal(_states(w, "a", "b"), ["active"] * 2)
    expect.equal(sorted(command.ok(w, "stop", "a", "--format", "{handle}", "b").split()), ["a", "b"])
    expect.equal(_states(w, "a", "b", "c"), ["stopped", "stopped", "active"])
    command.ok(w, "stop", "--kill", "--property", "tier=back")
    expect.equal(_states(w, "c", "d"), ["stopped", "active"])
    command.usage_error(w, "takes handles, or --property or --all", "stop", "--all", "d")
    command.usage_error(w, "needs HANDLE, --property or --all", "stop")
    command.ok(w, "stop", "-a")
    expect.equal(_states(w, "d", "e"), ["stopped"] * 2)
    for words in (["-t", "5"], ["-t5"], ["--time", "5"], ["--timeout=5"]):
        command.usage_error(w, "ten seconds between TERM and KILL; --kill sends KILL at once", "stop", *words, "a")
    command.usage_error(w, "`warden kill HANDLE JOB SIGNAL`", "stop", "-s", "HUP", "a")


@case
def kill_takes_several_containers_or_a_job(w):
    for handle in ("a", "b", "c", "7"):
        w.create(handle=handle)
    job = w.c.spawn("a", "trap 'exit 7' USR1; while :; do sleep 0.02; done")
    expect.eventually(lambda: w.c.info("a").processes != 0, "it runs")
    command.failure(w, "warden job-signal: no such job\n", "kill", "a", "9999")
    text = "warden stop: KILL: unknown handle\nwarden stop: none was stopped\n"
    command.failure(w, text, "kill", "a", "KILL")
    command.usage_error(w, "a container gets TERM and KILL alone", "kill", "-s", "HUP", "a", "b")
    command.usage_error(w, "'NOTHING' is not a signal", "kill", "a", str(job), "NOTHING")
    for words in (["a", str(job), "KILL", "b"], ["-s", "KILL", "a", str(job), "b"], ["--job-id", str(job), "a", "KILL", "b"]):
        command.usage_error(w, "unexpected argument 'b'", "kill", *words)
    command.usage_error(w, "needs HANDLE", "kill")
    expect.equal(_states(w, "a", "b", "c", "7"), ["active"] * 4)
    command.ok(w, "kill", "--job-id", str(job), "a", "USR1")
    expect.equal(w.command("link", "a", str(job)).returncode, 7)
    command.ok(w, "kill", "-s", "TERM", "a", "b", "7")
    expect.equal(_states(w, "a", "b", "c", "7"), ["stopped", "stopped", "active", "stopped"])
    command.ok(w, "kill", "c")
    expect.equal(_states(w, "c"), ["stopped"])


@case(limit=60, long=True)
def many_containers_are_destroyed_at_once(w):
    for _ in range(100 if not w.linux else 20):
        w.create()
    command.ok(w, "destroy", "-a")
    expect.equal(w.c.list(), [])


@case
def logs_prints_what_a_job_has_written(w):
    w.create(handle="h")
    first = command.ok(w, "spawn", "h", "--", "sh", "-c", "echo 1; echo 2 >&2; exec sleep 100").strip()
    expect.eventually(lambda: len(w.command("logs", "h").stdout + w.command("logs", "h").stderr) == 4, "output")
    seen = w.command("logs", "h", first)
    expect.equal((seen.returncode, seen.stdout, seen.stderr), (0, b"1\n", b"2\n"))
    with expect.within(10, "logs of a job that goes on"):
        answers = [json.loads(line) for line in command.ok(w, "--json", "logs", "h", first).splitlines()]
        expect.equal(sorted(each["name"] for each in answers), ["stderr", "stdout"])
        expect.equal(sorted(command.ok(w, "--format", "{name}", "logs", "h", first).split()), ["stderr", "stdout"])
    second = command.ok(w, "spawn", "h", "--", "sh", "-c", "echo last; sleep 0.3; echo end; exit 5").strip()
    expect.equal(command.ok(w, "logs", "-f", "h"), "last\nend\n")
    expect.equal(command.ok(w, "logs", "h"), "last\nend\n")
    seen = w.command("link", "h", second)
    expect.equal((seen.returncode, seen.stdout), (5, b"last\nend\n"))
    command.failure(w, "warden logs: there is no such job; one that was collected has no output here\n",
                    "logs", "h", second)
    command.usage_error(w, "'x' is not a valid JOB", "logs", "h", "x")
    command.ok(w, "kill", "h", first, "KILL")


@case
def logs_begins_with_the_last_lines(w):
    w.create(handle="h")
    script = "printf '1\\n2\\n3'; printf 'a\\nb\\n' >&2; exec sleep 100"
    job = w.c.spawn("h", script)

    def seen(*words):
        logs = w.command("logs", *words)
        return logs.returncode, logs.stdout, logs.stderr

    whole = (0, b"1\n2\n3", b"a\nb\n")
    expect.eventually(lambda: seen("h") == whole, "output")
    expect.equal(seen("-n", "2", "h"), (0, b"2\n3", b"a\nb\n"))
    expect.equal(seen("--tail", "1", "h", str(job)), (0, b"3", b"b\n"))
    expect.equal(seen("-n0", "h"), (0, b"", b""))
    for number in ("3", "99", "1000000", "all"):
        expect.equal(seen("--tail", number, "h"), whole, number)
    answers = [json.loads(line) for line in command.ok(w, "--json", "logs", "-n1", "h").splitlines()]
    expect.equal(sorted((each["name"], each["data"], each["offset"]) for each in answers), [("stderr", "b\n", 2), ("stdout", "3", 4)])
    for number in ("x", "", "-1", "1000001", "1 "):
        command.usage_error(w, "is not a number of lines up to 1000000, or all", "logs", f"--tail={number}", "h")
    command.ok(w, "kill", "h", str(job), "KILL")
    job = command.ok(w, "spawn", "--keep", "h", "--", "sh", "-c", "seq 300000; exit 4").strip()
    expect.equal(w.command("link", "h", job).returncode, 4)
    expect.equal(command.ok(w, "logs", "-f", "-n", "3", "h"), "299998\n299999\n300000\n")
    expect.equal(len(command.ok(w, "logs", "-n", "200000", "h").splitlines()), 200000)


@case
def logs_follows_from_the_last_lines(w):
    w.create(handle="h")
    job = command.ok(w, "spawn", "-i", "h", "--", "sh", "-c", "echo 1; echo 2; read x; echo $x").strip()
    expect.eventually(lambda: w.command("logs", "h").stdout == b"1\n2\n", "output")
    with command.start(w, "logs", "-fn1", "h", stdout=subprocess.PIPE) as process:
        expect.equal(process.stdout.readline(), b"2\n")
        command.ok(w, "job-input", "h", job, "--data", "3\n")
        expect.equal((process.stdout.read(), process.wait(10)), (b"3\n", 0))


@case
def kill_ends_a_container_or_signals_a_job(w):
    w.create(handle="h")
    job = w.c.spawn("h", "trap 'exit 7' USR1; while :; do sleep 0.02; done")
    other = w.c.spawn("h", "exec sleep 100")
    expect.eventually(lambda: w.c.info("h").processes != 0, "they run")
    command.usage_error(w, "a container gets TERM and KILL alone", "kill", "-s", "HUP", "h")
    command.ok(w, "kill", "-s", "SIGKILL", "h", str(other))
    expect.equal(w.command("link", "h", str(other)).returncode, 137)
    with expect.within(5, "kill"):
        command.ok(w, "kill", "h")
    expect.equal(w.c.info("h").state, "stopped")
    expect.equal(w.command("link", "h", str(job)).returncode in (137, 143), True)


@case
def cp_copies_in_both_directions(w):
    w.create(handle="h")
    path = w.file("source", "content\n")
    command.ok(w, "cp", path, "h:/tmp/x" if w.linux else "h:x")
    command.ok(w, "cp", "h:/tmp/x" if w.linux else "h:x", f"{w.directory}/back")
    with open(f"{w.directory}/back", encoding="utf-8") as file:
        expect.equal(file.read(), "content\n")
    command.usage_error(w, "one of the two is HANDLE:PATH, not none", "cp", "./a:b", "c")
    command.usage_error(w, "one of the two is HANDLE:PATH, not both", "cp", "a:b", "c:d")


@case
def options_of_create_mean_the_same(w):
    source = w.make_directory("source")
    os.chmod(source, 0o777)  # of root, so that the command would say that nobody inside can write
    command.ok(w, "create", "--name", "h", "-v", f"{source}:/mnt", "--label", "k=v", "--network", "none",
               "--cpus", "1.5", "-p", "8080:80", "-p", "9090:53/udp")
    info = json.loads(command.ok(w, "inspect", "h"))
    expect.equal((info["properties"], info["limits"]["cpu_quota"]), ([{"key": "k", "value": "v"}], 150))
    ports = command.ok(w, "port", "h")
    expect.matches(ports, r"--in container_port=(80|8080),host_port=8080,protocol=tcp\n--in .*host_port=9090,protocol=udp\n")
    command.ok(w, "update", "--cpus", "2", "h")
    expect.contains(command.ok(w, "info", "h"), "200 %")
    command.usage_error(w, "a container never has the host's network", "create", "--network", "host")
    command.usage_error(w, "--cpuset takes a list of cpus", "create", "--cpus", "0-1")


@case
def a_port_that_cannot_be_published_leaves_no_container(w):
    w.create(handle="first")
    w.c.net_in("first", host_port=8080)
    seen = w.command("create", "-p", "8080:80", "second")
    expect.equal((seen.returncode, seen.stdout), (1, b""))
    expect.contains(seen.stderr, b"8080")
    seen = w.command("exec", "-p", "8080:80", "--", "echo", "not reached")
    expect.equal((seen.returncode, seen.stdout), (125, b""))
    expect.contains(seen.stderr, b"8080")
    expect.equal(w.c.list(), ["first"])


@case
def run_detaches_or_collects(w):
    w.create(handle="h")
    job = command.ok(w, "run", "-d", "h", "--", "sh", "-c", "echo $A; exec sleep 100").strip()
    expect.equal(w.c.info("h").job_ids, [int(job)])
    command.ok(w, "kill", "h", job, "KILL")
    seen = w.command("run", "-q", "h", "--timeout", "0.1", "--", "sh", "-c", "echo out; exec sleep 100")
    expect.equal((seen.returncode, seen.stdout, seen.stderr), (137, b"out\n", b""))
    seen = w.command("exec", "--rm", "-q", "--", "sh", "-c", "echo out; echo err >&2; exit 4")
    expect.equal((seen.returncode, seen.stdout, seen.stderr), (4, b"out\n", b"err\n"))


@case
def run_of_an_image_is_answered_by_how_a_container_is_made(w):
    for words in (["ubuntu", "bash"], ["-d", "ubuntu:22.04", "bash"], ["-q", "docker.io/library/ubuntu", "bash"]):
        handle = next(word for word in words if "ubuntu" in word)
        text = (
            "warden run: unknown handle\n"
            f"warden run: there is no container {handle}, and there are no images: `warden create NAME` makes a "
            "container, with --rootfs DIR from an image that `warden-rootfs` has unpacked\n"
        )
        command.failure(w, text, "run", *words)
    expect.equal(command.ok(w, "create", "ubuntu"), "ubuntu\n")
    expect.equal(command.ok(w, "run", "ubuntu", "echo", "hi"), "hi\n")


@case(daemon=False, backend="fake")
def what_is_done_otherwise_is_answered_by_meaning(w):
    for words, text in (
        (["images"], "`warden-rootfs` unpacks one"),
        (["pull", "debian"], "create --rootfs DIR"),
        (["start", "h"], "`warden run HANDLE -- COMMAND` starts a job in it"),
        (["wait", "h"], "`warden link HANDLE JOB`"),
        (["volume", "ls"], "`create -v SRC:DST`"),
        (["run", "--rm", "h", "--", "true"], "`warden exec -- COMMAND`"),
        (["run", "-v", "/a:/b", "h", "--", "true"], "an option of create, and of exec"),
        (["spawn", "--memory", "1g", "h", "--", "true"], "an option of create, and of exec"),
        (["create", "--privileged"], "an option of run, spawn and exec"),
        (["exec", "-d", "--", "true"], "`warden spawn HANDLE -- COMMAND`"),
        (["exec", "--add-host", "a:1.2.3.4", "--", "true"], "--host 'ADDRESS NAME'"),
        (["ps", "--filter", "name=x"], "--property KEY=VALUE"),
        (["jobs", "--filter", "name=x", "h"], "unknown option --filter\n"),
        (["list", "--restart", "no"], "unknown option --restart\n"),
    ):
        command.usage_error(w, text, *words)
    expect.matches(command.ok(w, "version"), r"warden \d.*\n")
    expect.contains(command.ok(w, "help", "rm"), "Usage: warden destroy")
    expect.contains(command.ok(w, "help", "create"), "its other name is --volume")
