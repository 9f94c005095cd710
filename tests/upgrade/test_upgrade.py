# SPDX-License-Identifier: Apache-2.0
"""Upgrade: the daemon of an earlier release ends, and that of this tree takes over its containers and jobs."""

import contextlib
import signal
import socket
import subprocess
import time

import command
import expect
import warden
from case import case

ENDINGS = (signal.SIGKILL, signal.SIGTERM)
LINES = 1500
SCRIPT = (
    f"for i in $(seq 1 {LINES}); do echo line $i; [ $((i % 100)) = 0 ] && "
    "{ echo part $i >&2; sleep 0.2; }; done; exit 7"
)
STDOUT = b"".join(b"line %d\n" % i for i in range(1, LINES + 1))
STDERR = b"".join(b"part %d\n" % i for i in range(100, LINES + 1, 100))
BUSY = 120  # seconds on a busy machine


@contextlib.contextmanager
def _programs_of(w, build):
    """Settings for the daemon of another build, in the block."""
    settings, own = w.daemon.settings, w.build
    server, backend = settings["server"], settings[w.backend]
    kept = dict(server), dict(backend)
    w.daemon.build = build
    server["backend_path"], backend["wshd"] = build.modules, build.path("wshd")
    yield
    w.daemon.build = own
    server.clear(), backend.clear()
    server.update(kept[0]), backend.update(kept[1])


def _start_old(w):
    with _programs_of(w, w.build.old):
        w.daemon.start()


def _upgrade(w, number):
    w.disconnect()
    w.daemon.restart(number)


def _again(w):
    """Destroys all, and starts the old daemon for the next round."""
    for handle in w.c.list():
        w.c.destroy(handle)
    expect.equal(w.c.list(), [])
    w.disconnect()
    w.daemon.stop()
    _start_old(w)


@case(daemon=False, limit=180)
def running_jobs_lose_no_byte_and_no_end(w):
    _start_old(w)
    for number in ENDINGS:
        jobs = {}
        for n in range(4):
            handle = w.create(handle=f"h{n}", grace_time=-1)
            jobs[handle] = w.c.spawn(handle, SCRIPT)
        time.sleep(0.7)
        _upgrade(w, number)
        expect.equal(w.c.list(), list(jobs))
        for handle, job in jobs.items():
            seen = w.c.link(handle, job)
            expect.equal((seen.exit_status, seen.end.reason), (7, warden.Reason.EXITED))
            expect.true(seen.stdout == STDOUT, f"{len(STDOUT)} bytes", f"{len(seen.stdout)} bytes")
            expect.equal(seen.stderr, STDERR)
            expect.equal(w.run(handle, "echo new"), "new\n")
        _again(w)


@case(daemon=False, limit=180)
def jobs_that_ended_before_or_meanwhile_are_told(w):
    _start_old(w)
    for number in ENDINGS:
        handle = w.create(handle="h", grace_time=-1)
        ended = w.c.spawn(handle, "echo ended; echo err >&2; exit 3")
        kept = w.c.spawn(handle, "echo kept; exit 4", keep=True)
        killed = w.c.spawn(handle, "kill -9 $$")
        failed = w.c.spawn(handle, argv=["/no/such"])
        expect.eventually(lambda: not w.c.info(handle).job_ids, "the end of all")
        w.c.link(handle, kept)
        meanwhile = w.c.spawn(handle, "sleep 0.4; head -c 100000 /dev/zero; exit 5")
        w.disconnect()
        w.daemon.kill() if number == signal.SIGKILL else w.daemon.stop(number)
        time.sleep(1)
        w.daemon.start()
        expect.result(w.c.link(handle, ended), 3, b"ended\n", b"err\n")
        expect.result(w.c.link(handle, kept), 4, b"kept\n")
        w.c.collect(handle, kept)
        seen = w.c.link(handle, killed)
        expect.equal((seen.end.reason, seen.end.signal), (warden.Reason.SIGNAL, signal.SIGKILL))
        expect.equal(w.c.link(handle, failed).end.reason, warden.Reason.START_FAILED)
        seen = w.c.link(handle, meanwhile)
        expect.equal((seen.exit_status, seen.stdout == bytes(100000)), (5, True))
        expect.equal(w.c.jobs(handle), [])
        expect.true(w.c.spawn(handle, "true") > meanwhile, "numbers go on")
        _again(w)


@case(daemon=False, limit=180)
def input_terminals_and_signals_reach_jobs_of_the_old_daemon(w):
    _start_old(w)
    for number in ENDINGS:
        handle = w.create(handle="h", grace_time=-1)
        cat = w.c.spawn(handle, argv=["cat"], stdin=True)
        w.c.job_input(handle, cat, b"before\n")
        resized = 'read a; stty size; until [ "$(stty size)" = "10 20" ]; do sleep 0.05; done; read b; stty size'
        shell = w.c.spawn(handle, argv=["sh", "-c", resized], terminal=True)
        trap = w.spawn_ready(handle, "exec 2>/dev/null; trap 'echo got; exit 6' USR1; echo ready; while :; do sleep 0.05; done")
        _upgrade(w, number)
        w.c.job_input(handle, cat, b"after\n")
        w.c.job_input(handle, cat, end=True)
        expect.result(w.c.link(handle, cat), 0, b"before\nafter\n")
        w.c.job_input(handle, shell, b"x\n")
        with warden.Client(w.daemon.socket, timeout=BUSY) as client:
            output = b""
            for answer in client.attach(handle, shell):
                output += answer.data or b""
                if b"24 80" in output:
                    break
        w.c.job_resize(handle, shell, 10, 20)
        w.c.job_input(handle, shell, b"y\n")
        expect.contains(w.c.link(handle, shell).stdout, b"10 20")
        w.c.job_signal(handle, trap, signal.SIGUSR1)
        expect.result(w.c.link(handle, trap), 6, b"ready\ngot\n")
        _again(w)


@case(daemon=False, limit=180)
def settings_of_containers_stay(w):
    _start_old(w)
    for number in ENDINGS:
        handle = w.create(
            handle="a/b", grace_time=-1, properties={"k": "v"}, env={"NAME": "value"}, hostname="host", ttl=1000
        )
        if w.linux:
            w.c.limit_memory(handle, 256 << 20)
            w.c.limit_cpu(handle, 512)
            w.c.limit_bandwidth(handle, 100000, 20000)
        w.c.net_out(handle, network="192.0.2.0/24", port=80)
        port = w.c.net_in(handle).host_port
        stopped = w.create(handle="stopped", grace_time=-1)
        w.c.stop(stopped)
        paused = w.create(handle="paused", grace_time=-1)
        w.c.pause(paused)
        before = w.c.info(handle), w.c.limit(handle), w.c.net_list(handle)
        _upgrade(w, number)
        after = w.c.info(handle), w.c.limit(handle), w.c.net_list(handle)
        expect.equal(after[1:], before[1:])
        for name in ("state", "host_ip", "container_ip", "container_path", "properties", "hostname", "created_us", "env"):
            expect.equal(getattr(after[0], name), getattr(before[0], name), name)
        expect.true(after[0].ttl_left <= before[0].ttl_left, "its time to live goes on")
        expect.equal(w.run(handle, "echo $NAME"), "value\n")
        expect.equal(w.c.info(stopped).state, "stopped")
        expect.equal(w.c.info(paused).paused, True)
        w.c.resume(paused)
        expect.equal(w.run(paused, "echo on"), "on\n")
        other = w.create(grace_time=-1)
        expect.true(w.c.info(other).host_ip not in (after[0].host_ip, w.c.info(stopped).host_ip), "its own network")
        expect.error(f"host_port {port}: another container has it", w.c.net_in, other, host_port=port)
        _again(w)


@case(daemon=False, limit=180)
def a_request_that_is_repeated_to_the_new_daemon_starts_nothing(w):
    _start_old(w)
    for number in ENDINGS:
        create = warden.CreateRequest(handle="h", grace_time=(1 << 32) - 1, request_id="c")
        w.c.call(create)
        spawn = warden.SpawnRequest(handle="h", script="sleep 1000", request_id="s")
        job = w.c.call(spawn).job_id
        _upgrade(w, number)
        expect.equal(w.c.call(spawn).job_id, job)
        expect.equal(w.c.call(create).handle, "h")
        expect.equal(w.c.info("h").job_ids, [job])
        w.note_ids()
        _again(w)


@case(daemon=False, limit=180)
def commands_that_wait_go_on(w):
    _start_old(w)
    for number in ENDINGS:
        handle = w.create(handle="h", grace_time=-1)
        job, attached = (w.c.spawn(handle, SCRIPT) for _ in range(2))
        lines = (
            ("run", handle, "--script", SCRIPT),
            ("stream", handle, str(job)),
            ("attach", handle, str(attached)),
            ("exec", "--script", SCRIPT),
        )
        running = [command.start(w, *line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for line in lines]
        expect.eventually(lambda: len(w.c.list()) == 2, "exec's container")
        w.note_ids()
        time.sleep(0.8)
        _upgrade(w, number)
        for line, process in zip(lines, running):
            seen = process.communicate(timeout=BUSY)
            expect.equal((process.returncode, seen[1]), (7, STDERR), line[0])
            expect.true(seen[0] == STDOUT, f"{len(STDOUT)} bytes of {line[0]}", f"{len(seen[0])} bytes")
        _again(w)


@case(daemon=False, limit=180)
def the_old_daemon_that_sends_all_output_again_is_understood(w):
    _start_old(w)
    handle = w.create(handle="h", grace_time=-1)
    job, python = (w.c.spawn(handle, SCRIPT) for _ in range(2))
    lines = (("stream", handle, str(job)), ("exec", "--grace-time", "60", "--script", SCRIPT))
    running = [command.start(w, *line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for line in lines]
    expect.eventually(lambda: len(w.c.list()) == 2, "exec's container")
    w.note_ids()
    w.disconnect()
    with warden.Client(w.daemon.socket, timeout=BUSY) as client:
        thread = w.in_thread(lambda: list(client.stream(handle, python)))
        for _ in range(2):
            time.sleep(0.8)
            with _programs_of(w, w.build.old):
                w.daemon.restart()
        answers = thread.result(BUSY)
    expect.true(b"".join(a.data for a in answers if a.name == "stdout") == STDOUT, "all of it once")
    for line, process in zip(lines, running):
        seen = process.communicate(timeout=BUSY)
        expect.equal((process.returncode, seen[1]), (7, STDERR), line[0])
        expect.true(seen[0] == STDOUT, f"{len(STDOUT)} bytes of {line[0]}", f"{len(seen[0])} bytes")


@case(daemon=False, backend="linux", limit=180)
def established_connections_go_on(w):
    _start_old(w)
    for number in ENDINGS:
        handle = w.create(grace_time=-1)
        w.c.spawn(handle, "nc -l -p 8000 >/tmp/got")
        listening = "cat /proc/net/tcp /proc/net/tcp6; true"
        expect.eventually(lambda handle=handle: ":1F40" in w.run(handle, listening), "it listens")
        with socket.create_connection((w.c.info(handle).container_ip, 8000), 5) as connection:
            connection.send(b"before\n")
            _upgrade(w, number)
            connection.send(b"after\n")
            got = "cat /tmp/got"
            expect.eventually(lambda handle=handle: w.run(handle, got) == "before\nafter\n", "both arrive")
        _again(w)
