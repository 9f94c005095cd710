# SPDX-License-Identifier: Apache-2.0
"""`warden exec`: its container is destroyed in every case."""

import json
import signal
import subprocess
import time

import command
import expect
from case import case


@case
def it_takes_options_of_create_and_of_run(w):
    arguments = ["--handle", "mine", "--rlimit", "nofile=77", "--script", "ulimit -n; exit 3"]
    seen = json.loads(command.ok(w, "exec", "--json", *arguments))
    expect.equal((seen["handle"], seen["stdout"], seen["exit_status"]), ("mine", "77\n", 3))
    expect.equal(w.c.list(), [])


@case
def a_missing_command_ends_with_127(w):
    seen = w.command("exec", "--", "no-such-command")
    expect.equal((seen.returncode, seen.stdout), (127, b""))
    expect.contains(seen.stderr, b"no-such-command")


@case
def a_file_that_is_no_program_ends_with_126(w):
    w.create(handle="h")
    w.run("h", "printf '#!/no/such\\n' >script; chmod 755 script; printf x >text")
    for file in ("./script", "./text", "/"):
        seen = w.command("run", "h", "--", file)
        expect.equal((file, seen.returncode, seen.stdout), (file, 126, b""))


@case
def a_command_reads_nothing(w):
    expect.equal(command.ok(w, "exec", "--", "cat"), "")


@case
def an_error_of_create_is_reported(w):
    w.create(handle="h")
    text = "warden exec: container with handle: h already exists.\n"
    command.failure(w, text, "exec", "--handle", "h", "--", "true")
    expect.equal(w.c.list(), ["h"])


@case(config={"server": {"job_output_limit": 1000}})
def truncated_output_is_reported(w):
    seen = w.command("exec", "--", "head", "-c", "100000", "/dev/zero")
    expect.equal((seen.returncode, seen.stderr), (137, b"warden exec: its output is over the limit\n"))
    expect.between(len(seen.stdout), 1000, 1000 + 65536)


@case
def a_signal_destroys_the_container(w):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        arguments = ["exec", "--", "sh", "-c", "echo ready; exec sleep 60"]
        with command.start(w, *arguments, stdout=subprocess.PIPE) as process:
            expect.equal(process.stdout.readline(), b"ready\n")
            w.note_ids()
            process.send_signal(number)
            expect.equal(process.wait(15), -number, "status")
        expect.equal(w.c.list(), [])


@case(limit=40, long=True)
def a_second_interrupt_gives_up(w):
    script = "trap '' TERM; echo ready; while :; do sleep 1; done"
    with command.start(w, "exec", "--", "sh", "-c", script, stdout=subprocess.PIPE) as process:
        expect.equal(process.stdout.readline(), b"ready\n")
        w.note_ids()
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        expect.equal(process.poll(), None, "the command's end while destroy waits for the processes")
        with expect.within(3, "giving up"):
            process.send_signal(signal.SIGINT)
            expect.equal(process.wait(10), -signal.SIGINT, "status")
    expect.eventually(lambda: not w.client().list(), "the container is gone all the same", 20)


@case
def it_ends_when_its_output_pipe_is_closed(w):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with command.start(w, "exec", "--", "yes", **pipes) as process:
        expect.equal(process.stdout.readline(), b"y\n")
        w.note_ids()
        process.stdout.close()
        expect.equal(process.wait(15), -signal.SIGPIPE, "status")
        expect.equal(process.stderr.read(), b"")
    expect.equal(w.c.list(), [])


@case
def killing_the_command_destroys_its_container(w):
    arguments = ["exec", "--", "sh", "-c", "echo ready; exec sleep 60"]
    with command.start(w, *arguments, stdout=subprocess.PIPE) as process:
        expect.equal(process.stdout.readline(), b"ready\n")
        w.note_ids()
        process.kill()
    expect.eventually(lambda: not set(w.entries()) - {"tmp"}, "it is gone", 15)


@case(backend="linux")
def dockers_options_are_taken(w):
    script = "hostname; echo $A; pwd; id -un; head -c 3000000 /dev/zero >/var/file 2>/dev/null || echo full"
    arguments = ["--hostname", "judge", "--memory", "64m", "--tmpfs-size", "2m", "--property", "k=v", "--ttl", "100"]
    arguments += ["-e", "A=1 2", "-u", "root", "-w", "/tmp", "--timeout", "20", "--cpu-time", "10.5"]
    expect.equal(command.ok(w, "exec", *arguments, "--", "sh", "-c", script), "judge\n1 2\n/tmp\nroot\nfull\n")
    seen = json.loads(command.ok(w, "exec", "--json", "--cpu-time", "0.1", "--", "sh", "-c", "while :; do :; done"))
    expect.equal((seen["reason"], seen["exit_status"]), ("cpu_time", 255))
