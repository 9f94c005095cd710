# SPDX-License-Identifier: Apache-2.0
"""Clients over a restart of the daemon: what waits for a job goes on, with each byte once."""

import asyncio
import errno
import os
import signal
import socket
import subprocess
import time

import command
import expect
import warden
from case import case

LINES = 2000
# About five seconds, a part of it on stderr.
SCRIPT = (
    f"for i in $(seq 1 {LINES}); do echo line $i; [ $((i % 100)) = 0 ] && "
    "{ echo part $i >&2; sleep 0.25; }; done; exit 7"
)
STDOUT = b"".join(b"line %d\n" % i for i in range(1, LINES + 1))
STDERR = b"".join(b"part %d\n" % i for i in range(100, LINES + 1, 100))
BUSY = 120  # seconds for a command on a busy machine


def _restart_twice(w, number=signal.SIGKILL):
    for _ in range(2):
        time.sleep(1.2)
        w.disconnect()
        w.daemon.restart(number)


def _start(w, *arguments, **keywords):
    w.skip_for_module("the case needs the command")
    return command.start(w, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **keywords)


def _finish(process, status=7, stdout=STDOUT, stderr=STDERR):
    seen = process.communicate(timeout=BUSY)
    expect.equal(seen[1].decode(), stderr.decode(), "stderr")
    expect.true(seen[0] == stdout, f"{len(stdout)} bytes of stdout", f"{len(seen[0])}: {seen[0][-200:]!r}")
    expect.equal(process.returncode, status)


def _collected(w, handle):
    expect.eventually(lambda: not w.c.jobs(handle), "an empty list of jobs")


@case(limit=150)
def run_goes_on(w):
    handle = w.create()
    for number in (signal.SIGKILL, signal.SIGTERM):
        process = _start(w, "run", handle, "--script", SCRIPT)
        _restart_twice(w, number)
        _finish(process)
        _collected(w, handle)


@case(limit=150)
def link_goes_on(w):
    handle = w.create()
    process = _start(w, "link", handle, str(w.c.spawn(handle, SCRIPT)))
    _restart_twice(w)
    _finish(process)
    _collected(w, handle)


@case(limit=150)
def stream_goes_on_at_the_byte_where_it_broke(w):
    handle = w.create()
    for number in (signal.SIGKILL, signal.SIGTERM):
        process = _start(w, "stream", handle, str(w.c.spawn(handle, SCRIPT)))
        _restart_twice(w, number)
        _finish(process)
        _collected(w, handle)


@case(limit=150)
def attach_goes_on_with_and_without_replay(w):
    handle = w.create()
    job = w.spawn_ready(handle, "echo early; sleep 2; " + SCRIPT)
    whole = _start(w, "attach", handle, str(job))
    new = _start(w, "attach", "--replay=false", handle, str(job))
    _restart_twice(w)
    _finish(whole, stdout=b"early\n" + STDOUT)
    _finish(new)
    expect.equal([entry.job_id for entry in w.c.jobs(handle)], [job])


@case(limit=150)
def exec_goes_on_and_destroys_its_container(w):
    process = _start(w, "exec", "--script", SCRIPT)
    expect.eventually(lambda: len(w.c.list()) == 1, "the container")
    w.note_ids()
    _restart_twice(w)
    _finish(process)
    expect.equal(w.c.list(), [])


@case(limit=150)
def a_session_with_input_goes_on(w):
    handle = w.create()
    process = subprocess.Popen(
        [w.build.path("warden"), "run", "-i", handle, "--", "cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=w.program_environment(),
    )
    for number in (signal.SIGKILL, signal.SIGTERM):
        process.stdin.write(b"before\n")
        process.stdin.flush()
        expect.equal(process.stdout.readline(), b"before\n")
        w.disconnect()
        w.daemon.restart(number)
        process.stdin.write(b"after\n")
        process.stdin.flush()
        expect.equal(process.stdout.readline(), b"after\n")
    process.stdin.close()
    expect.equal(process.stdout.read(), b"")
    expect.equal(process.wait(BUSY), 0)


# Reads slowly, so that input waits in the daemon; in whole pages, as head of busybox takes no less.
SLOW = "for i in $(seq 30); do head -c 98304; sleep 0.1; done; cat"


def _start_with_input(w, handle):
    process = subprocess.Popen(
        [w.build.path("warden"), "run", "-i", handle, "--", "sh", "-c", SLOW],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=w.program_environment(),
    )
    data = os.urandom(1 << 16) * 80
    return data, process, w.in_thread(process.communicate, data, timeout=BUSY)


@case(limit=150)
def input_over_a_stop_of_the_daemon_is_whole(w):
    handle = w.create()
    data, process, thread = _start_with_input(w, handle)
    for _ in range(3):
        time.sleep(0.7)
        w.disconnect()
        w.daemon.restart(signal.SIGTERM)
    stdout, stderr = thread.result(BUSY)
    expect.equal((process.returncode, stderr), (0, b""))
    expect.true(stdout == data, f"{len(data)} bytes", f"{len(stdout)} bytes")


@case(limit=150)
def input_that_a_killed_daemon_may_have_lost_is_told(w):
    handle = w.create()
    data, process, thread = _start_with_input(w, handle)
    time.sleep(0.7)
    w.disconnect()
    w.daemon.restart()
    stdout, stderr = thread.result(BUSY)
    expect.equal(process.returncode, 125)
    expect.equal(
        stderr.decode(), "warden run: the daemon ended before it confirmed the last input; the job goes on\n"
    )
    expect.true(data.startswith(stdout), "the beginning of the input", f"{len(stdout)} bytes")


@case
def without_reconnect_the_command_fails_at_once(w):
    handle = w.create()
    process = _start(w, "run", "--reconnect", "0", handle, "--", "sleep", "1000")
    expect.eventually(lambda: w.c.info(handle).job_ids, "the job")
    w.disconnect()
    w.daemon.restart()
    stderr = process.communicate(timeout=BUSY)[1].decode()
    # Reset: the daemon had not read the request for the output yet.
    reasons = "the daemon closed the connection before it answered|.*: Connection reset by peer"
    expect.matches(stderr, rf"^warden run: ({reasons})\n$")
    expect.equal(process.returncode, 125)


@case
def the_time_to_reconnect_ends(w):
    handle = w.create()
    process = _start(w, "run", "--reconnect", "0.5", handle, "--", "sleep", "1000")
    expect.eventually(lambda: w.c.info(handle).job_ids, "the job")
    w.disconnect()
    w.daemon.kill()
    text = f"warden run: connect to {w.daemon.socket}: Connection refused\n"
    _finish(process, 125, b"", text.encode())
    w.daemon.start()


@case
def a_command_that_starts_while_the_daemon_restarts_waits_for_it(w):
    w.create(handle="h", grace_time=-1)
    w.disconnect()
    for number in (signal.SIGKILL, signal.SIGTERM):
        w.daemon.kill() if number == signal.SIGKILL else w.daemon.stop(number)
        expect.true(os.path.exists(w.daemon.socket), "the socket's path stays")
        process = _start(w, "list", "--reconnect", "60")
        time.sleep(0.3)
        expect.equal(process.poll(), None)
        w.daemon.start()
        _finish(process, 0, b"h\n", b"")


@case
def an_interrupt_ends_the_attempts_to_reconnect(w):
    handle = w.create()
    process = _start(w, "run", handle, "--", "sleep", "1000")
    expect.eventually(lambda: w.c.info(handle).job_ids, "the job")
    w.disconnect()
    w.daemon.kill()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    expect.equal(process.wait(BUSY), -signal.SIGINT)
    process.communicate()
    w.daemon.start()


@case
def a_job_of_a_run_that_was_repeated_started_once(w):
    handle = w.create()
    started = f"{w.home_of(handle)}/started" if not w.linux else None
    process = _start(w, "run", handle, "--script", "echo x >> started; sleep 1; cat started")
    for _ in range(6):
        time.sleep(0.05)
        w.disconnect()
        w.daemon.restart()
    _finish(process, 0, b"x\n", b"")
    if started:
        expect.true(os.path.exists(started), "the file of the job")


@case(backend="fake", config={"fake": {"delay_ms": 700}})
def exec_repeats_a_create_and_a_destroy_that_a_kill_interrupted(w):
    process = _start(w, "exec", "--", "echo", "out")
    time.sleep(0.4)  # the create is under way
    w.daemon.restart()
    expect.eventually(lambda: b"job 1 ended" in w.daemon.log().encode(), "the job's end", 10)
    time.sleep(0.3)  # the destroy is under way
    w.note_ids()
    w.daemon.restart()
    _finish(process, 0, b"out\n", b"")
    expect.equal(w.c.list(), [])


@case
def the_path_of_the_socket_is_never_missing(w):
    seen, over = set(), []

    def connect():
        while not over:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                seen.add(client.connect_ex(w.daemon.socket))

    thread = w.in_thread(connect)
    for number in (signal.SIGKILL, signal.SIGTERM) * 3:
        w.daemon.restart(number)
    over.append(True)
    thread.result()
    expect.equal(seen - {0, errno.ECONNREFUSED, errno.EAGAIN, errno.ECONNRESET}, set())


# The libraries.


def _python_streams(w, call):
    with warden.Client(w.daemon.socket, timeout=BUSY) as client:
        thread = w.in_thread(lambda: list(call(client)))
        for _ in range(2):
            time.sleep(1.2)
            w.daemon.restart()
        answers = thread.result(BUSY)
    for name, output in (("stdout", STDOUT), ("stderr", STDERR)):
        data = b"".join(a.data for a in answers if a.name == name)
        expect.true(data == output, f"{len(output)} bytes of {name}", f"{len(data)} bytes")
    expect.equal(answers[-1].exit_status, 7)


@case(limit=150)
def the_python_client_streams_on(w):
    handle = w.create(grace_time=-1)
    job = w.c.spawn(handle, SCRIPT)
    _python_streams(w, lambda client: client.stream(handle, job))


@case(limit=150)
def the_python_client_attaches_on(w):
    handle = w.create(grace_time=-1)
    job = w.c.spawn(handle, "sleep 1; " + SCRIPT)
    _python_streams(w, lambda client: client.attach(handle, job, replay=False))


@case(limit=150)
def the_python_client_runs_on(w):
    handle = w.create(grace_time=-1)
    with warden.Client(w.daemon.socket, timeout=BUSY) as client:
        thread = w.in_thread(client.run, handle, SCRIPT)
        for _ in range(2):
            time.sleep(1.2)
            w.daemon.restart()
        expect.result(thread.result(BUSY), 7, STDOUT, STDERR)
    w.disconnect()
    _collected(w, handle)


@case(limit=150)
def the_asynchronous_python_client_goes_on(w):
    handle = w.create(grace_time=-1)
    job = w.c.spawn(handle, SCRIPT)

    async def stream():
        async with warden.AsyncClient(w.daemon.socket) as client:
            return b"".join([a.data async for a in client.stream(handle, job) if a.name == "stdout"])

    async def run():
        async with warden.AsyncClient(w.daemon.socket) as client:
            return await client.run(handle, SCRIPT)

    async def both():
        return await asyncio.gather(stream(), run())

    thread = w.in_thread(asyncio.run, both())
    for _ in range(2):
        time.sleep(1.2)
        w.daemon.restart()
    streamed, ran = thread.result(BUSY)
    expect.true(streamed == STDOUT, f"{len(STDOUT)} bytes", f"{len(streamed)} bytes")
    expect.result(ran, 7, STDOUT, STDERR)


@case
def the_python_client_can_be_told_not_to(w):
    handle = w.create(grace_time=-1)
    with warden.Client(w.daemon.socket, reconnect=0) as client:
        thread = w.in_thread(client.run, handle, "sleep 1000")
        expect.eventually(lambda: w.c.info(handle).job_ids, "the job")
        w.daemon.restart()
        try:
            thread.result()
        except ConnectionError:
            return
    expect.fail("ConnectionError", "none")


# The socket of a service manager.


def _listen(w):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    listener.bind(w.daemon.socket)
    listener.listen(64)
    return listener


@case(daemon=False)
def a_passed_socket_is_used_and_left(w):
    with _listen(w) as listener:
        before = os.stat(w.daemon.socket).st_ino
        w.daemon.passed_socket = listener
        w.daemon.start()
        handle = w.create(grace_time=-1)
        expect.equal(w.run(handle, "echo $LISTEN_FDS $LISTEN_PID"), "\n")
        w.disconnect()
        w.daemon.stop()
        # It is the manager's: clients connect and wait for the next daemon.
        with warden.Client(w.daemon.socket, timeout=BUSY) as client:
            thread = w.in_thread(client.list)
            time.sleep(0.2)
            expect.true(not thread.done, "the request waits")
            w.daemon.start()
            expect.equal(thread.result(BUSY), [handle])
        expect.equal(os.stat(w.daemon.socket).st_ino, before)


@case(daemon=False)
def a_passed_socket_of_another_path_is_refused(w):
    with _listen(w) as listener:
        w.daemon.passed_socket = listener
        path, w.daemon.settings["server"]["unix_domain_path"] = w.daemon.socket, f"{w.directory}/other.sock"
        w.daemon.launch()
        expect.equal(w.daemon.wait(), 1)
        text = f"the service manager's socket is {path}, server.unix_domain_path is {w.directory}/other.sock"
        expect.contains(w.daemon.log(), text)


@case(daemon=False)
def a_passed_descriptor_that_is_no_listening_stream_is_refused(w):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_UNIX, kind) as other:
            other.bind(f"{w.directory}/passed-{kind}")
            w.daemon.passed_socket = other
            w.daemon.launch()
            expect.equal(w.daemon.wait(), 1)
            expect.contains(w.daemon.log(), "descriptor 3 is no Unix stream socket that listens")
