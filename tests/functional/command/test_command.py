# SPDX-License-Identifier: Apache-2.0
"""The `warden` command in scripts."""

import json
import os
import signal
import subprocess
import time

import expect
from case import case


@case
def a_container_is_created_used_and_destroyed_by_the_command(w):
    seen = w.command("create", "--handle", "h", "--grace-time", "60")
    expect.equal((seen.returncode, seen.stdout), (0, b"h\n"))
    seen = w.command("run", "--handle", "h", "--script", "echo out; echo err >&2; exit 7")
    expect.equal((seen.returncode, seen.stdout, seen.stderr), (7, b"out\n", b"err\n"))
    expect.equal(w.command("list").stdout, b"h\n")
    expect.equal(w.command("stop", "--handle", "h").returncode, 0)
    expect.equal(w.command("destroy", "--handle", "h").returncode, 0)
    expect.equal(w.c.list(), [])


@case
def spawn_link_and_stream_work_together(w):
    handle = w.create()
    for name in ("link", "stream"):
        job = w.command("spawn", "--handle", handle, "--script", "echo out; sleep 0.2; echo err >&2; exit 3")
        expect.equal(job.returncode, 0)
        seen = w.command(name, "--handle", handle, "--job-id", job.stdout.decode().strip())
        expect.equal((seen.returncode, seen.stdout, seen.stderr), (3, b"out\n", b"err\n"))


@case
def exec_runs_in_its_own_container(w):
    seen = w.command("exec", "--", "sh", "-c", "echo out; echo err >&2; exit 9")
    expect.equal((seen.returncode, seen.stdout, seen.stderr), (9, b"out\n", b"err\n"))
    expect.equal(w.c.list(), [])


@case
def exec_passes_arguments_unchanged(w):
    arguments = ["a b", "", "$HOME", "*", "-v", "qu'o\"te", "new\nline", "ü"]
    seen = w.command("exec", "--", "sh", "-c", 'printf "<%s>" "$@"', "x", *arguments)
    expect.equal(seen.stdout.decode(), "".join(f"<{a}>" for a in arguments))


@case
def exec_destroys_its_container_on_control_c(w):
    process = subprocess.Popen(
        [w.build.path("warden"), "exec", "--", "sh", "-c", "echo ready; sleep 1000"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=w.program_environment(),
    )
    expect.equal(process.stdout.readline(), b"ready\n")
    process.send_signal(signal.SIGINT)
    expect.equal(process.wait(15) in (130, -signal.SIGINT), True, "status of an interrupted command")
    process.stdout.close()
    expect.eventually(lambda: not w.c.list(), "no container")


@case
def output_of_exec_is_printed_while_it_runs(w):
    process = subprocess.Popen(
        [w.build.path("warden"), "exec", "--", "sh", "-c", "echo first; sleep 2; echo last"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=w.program_environment(),
    )
    process.stdout.readline()
    start = time.monotonic()
    process.stdout.readline()
    expect.duration(time.monotonic() - start, 5, "the time between the lines", least=1)
    expect.equal(process.wait(15), 0)
    process.stdout.close()


@case
def json_is_one_object(w):
    handle = w.create(handle="h")
    expect.equal(json.loads(w.command("info", "--handle", handle, "--json").stdout)["state"], "active")
    seen = w.command("run", "--handle", handle, "--script", "echo out; exit 3", "--json")
    expect.equal(seen.returncode, 0)
    answer = json.loads(seen.stdout)
    expect.equal((answer["exit_status"], answer["stdout"], answer["stderr"]), (3, "out\n", ""))


@case
def errors_are_1_and_usage_errors_2(w):
    seen = w.command("info", "--handle", "nobody")
    expect.equal((seen.returncode, seen.stdout), (1, b""))
    expect.contains(seen.stderr, b"unknown handle")
    for arguments in (("frobnicate",), ("destroy",), ("info", "--frobnicate"), ("create", "--grace-time", "x")):
        seen = w.command(*arguments)
        expect.equal((seen.returncode, seen.stdout), (2, b""), " ".join(arguments))
    seen = w.command("--socket", f"{w.directory}/nowhere", "ping")
    expect.equal(seen.returncode, 1)
    expect.contains(seen.stderr, b"nowhere")


@case
def ping_and_echo_answer(w):
    expect.equal(w.command("ping").returncode, 0)
    seen = w.command("echo", "--message", "hello")
    expect.equal((seen.returncode, seen.stdout), (0, b"hello\n"))


@case
def rlimits_and_bind_mounts_are_options(w):
    source = w.make_directory("source")
    seen = w.command("create", "--handle", "h", "--bind-mount", f"{source}:/mnt/x:ro", "--grace-time", "60")
    expect.equal(seen.returncode, 0, seen.stderr)
    script = "ulimit -n; ulimit -Hn"
    seen = w.command("run", "--handle", "h", "--rlimit", "nofile=77", "--script", script)
    expect.equal(seen.stdout, b"77\n77\n")
    seen = w.command("create", "--bind-mount", "/no/such:/x")
    expect.equal(seen.returncode, 1)
    expect.contains(seen.stderr, b"Source path for bind mount does not exist: /no/such")


@case
def a_shell_takes_commands_from_a_pipe(w):
    handle = w.create()
    seen = w.command("shell", handle, stdin=b"echo $((6 * 7)); exit 5\n")
    expect.equal((seen.returncode, seen.stdout), (5, b"42\n"))


@case
def a_closed_output_pipe_does_not_crash_the_command(w):
    handle = w.create()
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = subprocess.Popen(
        [w.build.path("warden"), "run", "--handle", handle, "--script", "echo out"],
        stdin=subprocess.DEVNULL,
        stdout=write_end,
        stderr=subprocess.PIPE,
        env=w.program_environment(),
    )
    os.close(write_end)
    process.communicate(timeout=10)
    expect.equal(process.returncode in (1, -signal.SIGPIPE, 141), True, f"status {process.returncode}")
