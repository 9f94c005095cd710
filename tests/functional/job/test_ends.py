# SPDX-License-Identifier: Apache-2.0
"""Requests that coincide with the end of a job, of a client or of the daemon."""

import os
import signal
import socket
import time

import warden
from case import Skip, case
import expect
import kernel

ENDLESS = "while :; do echo 0123456789012345678901234567890123456789; echo x >&2; done"


def _connections(w):
    return sum(1 for target in kernel.descriptors(w.daemon.pid).values() if target.startswith("socket:"))


@case(module=False)
def a_job_that_a_stop_overtakes_at_its_start_ends_stopped(w):
    handle = w.create()
    init = w.init_of(handle)
    kernel.halt(init)  # it starts the job only after the stop
    job = w.c.spawn(handle, "sleep 3151")
    w.c.stop(handle, background=True, kill=True)
    time.sleep(0.2)
    os.kill(init, signal.SIGCONT)
    seen = w.c.link(handle, job)
    expect.equal((seen.exit_status, seen.end.reason), (255, warden.Reason.STOPPED))
    expect.equal((seen.end.start_error, seen.stderr), (None, b""))


def _most_processes(init):
    """The limit of processes of a container, by its process 1."""
    for line in kernel.read(f"/proc/{init}/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        for root in ("/sys/fs/cgroup/pids", "/sys/fs/cgroup"):
            file = f"{root}{path}/pids.max"
            if controllers in ("pids", "") and os.path.exists(file):
                return kernel.read(file).strip()
    raise Skip("no control group for pids")


@case(backend="linux")
def a_stop_right_after_a_create_leaves_its_mark(w):
    """Process 1 may not have begun to run its own program then."""
    for _ in range(20):
        init = w.init_of(w.create())
        status = dict(line.split(":\t", 1) for line in kernel.read(f"/proc/{init}/status").splitlines())
        blocked = int(status["SigBlk"], 16)
        expect.true(blocked >> (signal.SIGUSR1 - 1) & 1, "SIGUSR1 waits", status["SigBlk"])


@case(backend="linux", limit=60)
def a_job_that_is_read_long_after_a_stop_does_not_start(w):
    for restarts in (False, True):
        handle = w.create()
        init = w.init_of(handle)
        before = _most_processes(init)
        kernel.halt(init)
        job = w.c.spawn(handle, "touch /tmp/started; sleep 3152")
        with expect.within(20, "a stop"):
            w.c.stop(handle, kill=True)
        expect.equal(w.c.link(handle, job).exit_status, 255)
        if restarts:
            w.disconnect()
            w.daemon.restart()
        expect.equal(_most_processes(init), "0", "until process 1 has read everything")
        os.kill(init, signal.SIGCONT)
        expect.eventually(lambda: _most_processes(init) == before, "processes are allowed")
        expect.equal(os.path.exists(f"/proc/{init}/root/tmp/started"), False, "the job has started")
        expect.eventually(lambda: w.c.info(handle).state == "stopped", "its state")


@case(limit=60)
def jobs_that_write_go_on_over_drains(w):
    handle = w.create()
    for fields in ({"discard_output": True}, {"output_policy": 2, "output_limit": 100_000}):
        for _ in range(3):
            w.c.spawn(handle, ENDLESS, **fields)
    for _ in range(6):
        w.disconnect()
        w.daemon.restart(signal.SIGTERM)
        expect.equal(len(w.c.info(handle).job_ids), 6)
    w.c.stop(handle, kill=True)


@case
def a_collect_behind_an_input_that_the_job_leaves_unread(w):
    handle = w.create()
    argv = ["sh", "-c", "exec 3<&0; sleep 20 <&3 >/dev/null 2>&1 3<&- & exec 3<&-; sleep 0.3; exit 4"]
    job = w.c.call(warden.SpawnRequest(handle=handle, argv=argv, stdin=True, keep=True)).job_id
    raw = w.raw()
    raw.send(
        warden.encode_frame(warden.JobInputRequest(handle=handle, job_id=job, data=b"x" * 2_000_000))
        + warden.encode_frame(warden.CollectRequest(handle=handle, job_id=job))
    )
    raw.expect_error("the job does not read its standard input any more")
    expect.equal(raw.answer(), warden.CollectResponse())
    expect.error("no such job", w.c.link, handle, job)


@case
def a_client_that_ended_its_side_and_left_is_not_kept(w):
    handle = w.create()
    job = w.c.spawn(handle, "sleep 100")
    before = _connections(w)
    requests = (
        warden.LinkRequest(handle=handle, job_id=job),
        warden.AttachRequest(handle=handle, job_id=job),
        warden.StreamRequest(handle=handle, job_id=job),
        warden.EventsRequest(),
    )
    for request in requests:
        raw = w.raw()
        raw.send(warden.encode_frame(request))
        raw.socket.shutdown(socket.SHUT_WR)
        expect.eventually(lambda: _connections(w) > before, "the connection")
        time.sleep(0.05)
        raw.close()
        expect.eventually(lambda: _connections(w) == before, "the end of the connection")


@case
def a_drain_does_not_wait_for_a_client_that_reads_nothing(w):
    raw = w.raw()
    raw.send(warden.encode_frame(warden.EchoRequest(message=b"x" * 8_000_000)))
    expect.eventually(lambda: b"echo" in w.daemon.log().encode(), "the request")
    w.daemon.stop(signal.SIGTERM)


@case(limit=90, module=False)
def a_daemon_that_gets_a_signal_while_it_starts_ends(w):
    handles = [w.create() for _ in range(8)]
    w.disconnect()
    w.daemon.kill()
    for n in range(24):
        w.daemon.launch()
        time.sleep(0.004 * n * expect.SLOWNESS)
        w.daemon.process.send_signal(signal.SIGTERM)
        status = w.daemon.wait()
        expect.true(status in (0, -signal.SIGTERM), "it ends with 0, or before it can catch a signal", status)
    w.daemon.start()
    expect.equal(w.c.list(), handles)


@case(limit=60, slow=True, long=True)
def a_stop_continues_after_a_kill(w):
    handle = w.create()
    job = w.spawn_ready(handle, "trap '' TERM; echo ready; while :; do sleep 0.05; done")
    w.c.stop(handle, background=True)
    expect.eventually(lambda: w.c.info(handle).state == "stopped", "the state")
    time.sleep(0.2)
    w.disconnect()
    w.daemon.restart(signal.SIGKILL)
    expect.equal(w.c.info(handle).state, "stopped")
    w.c.stop(handle)
    expect.equal(w.c.info(handle).job_ids, [])
    expect.equal(w.c.link(handle, job).exit_status, 255)


@case(backend="fake", config={"fake": {"delay_ms": 300}})
def the_end_of_an_input_that_was_answered_survives_a_kill(w):
    handle = w.create()
    job = w.c.call(warden.SpawnRequest(handle=handle, argv=["cat"], stdin=True)).job_id
    request = warden.JobInputRequest(handle=handle, job_id=job, data=b"all\n", end=True)
    sender = w.in_thread(w.c.call, request)
    time.sleep(0.1)
    other = w.raw()
    other.send(warden.encode_frame(warden.InfoRequest(handle=handle)))
    sender.result()
    w.disconnect()
    w.daemon.restart(signal.SIGKILL)
    expect.result(w.c.link(handle, job), 0, b"all\n")


@case
def hellos_that_arrived_while_no_daemon_ran_are_read(w):
    handle = w.create()
    for _ in range(4):
        jobs = [w.c.spawn(handle, f"sleep 0.2; echo {n}") for n in range(6)]
        w.disconnect()
        w.daemon.kill()
        time.sleep(0.4)
        w.daemon.start()
        for n, job in enumerate(jobs):
            expect.result(w.c.link(handle, job), 0, b"%d\n" % n)
