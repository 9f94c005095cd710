# SPDX-License-Identifier: Apache-2.0
"""Restart: the daemon ends or is killed; containers and jobs continue, nothing is lost or reported twice."""

import glob
import os
import shutil
import signal
import time

import warden
from case import case
import expect
import kernel

ENDINGS = (signal.SIGKILL, signal.SIGUSR2, signal.SIGTERM)


def _restart(w, number):
    w.disconnect()
    w.daemon.restart(number)


def _depot(w):
    return set(w.entries()) - {"tmp", "damaged"}


@case
def usr2_term_and_int_end_it_with_0(w):
    for number in (signal.SIGUSR2, signal.SIGTERM, signal.SIGINT):
        w.create()
        w.disconnect()
        w.daemon.stop(number)
        w.daemon.start()
    expect.equal(len(w.c.list()), 3)


@case
def a_container_continues_with_its_files(w):
    handle = w.create(handle="a/b")
    w.run(handle, "echo kept > file")
    before = w.c.info(handle)
    init = w.init_of(handle)
    for number in ENDINGS:
        _restart(w, number)
        after = w.c.info(handle)
        expect.equal(after.state, "active")
        expect.equal(
            (after.host_ip, after.container_ip, after.container_path),
            (before.host_ip, before.container_ip, before.container_path),
        )
        expect.equal(w.init_of(handle), init)
        expect.equal(w.run(handle, "cat file"), "kept\n")


@case
def a_running_job_can_be_linked(w):
    handle = w.create()
    for number in ENDINGS:
        job = w.c.spawn(handle, "echo before; sleep 1; echo after; echo err >&2; exit 12")
        time.sleep(0.1)
        _restart(w, number)
        expect.equal(w.c.info(handle).job_ids, [job])
        expect.result(w.c.link(handle, job), 12, b"before\nafter\n", b"err\n")
        expect.error("no such job", w.c.link, handle, job)


@case
def a_running_job_can_be_streamed_from_its_first_byte(w):
    handle = w.create()
    job = w.c.spawn(handle, "echo before; sleep 1; echo after; exit 12")
    time.sleep(0.1)
    _restart(w, signal.SIGKILL)
    responses = list(w.c.stream(handle, job))
    expect.equal(b"".join(r.data or b"" for r in responses), b"before\nafter\n")
    expect.equal(responses[-1].exit_status, 12)


@case
def a_job_that_ended_before_is_kept_until_it_is_collected(w):
    handle = w.create()
    for number in ENDINGS:
        job = w.c.spawn(handle, "echo out; echo err >&2; exit 13")
        expect.eventually(lambda: not w.c.info(handle).job_ids, "the end of the job")
        _restart(w, number)
        expect.equal(w.c.info(handle).job_ids, [])
        expect.result(w.c.link(handle, job), 13, b"out\n", b"err\n")
        expect.error("no such job", w.c.link, handle, job)


@case
def a_job_that_ends_while_no_daemon_runs_is_reported(w):
    handle = w.create()
    job = w.c.spawn(handle, "sleep 0.4; echo out; head -c 100000 /dev/zero; exit 14")
    w.disconnect()
    w.daemon.kill()
    time.sleep(0.8)
    w.daemon.start()
    seen = w.c.link(handle, job)
    expect.equal((seen.exit_status, seen.stdout[:4], len(seen.stdout)), (14, b"out\n", 100004))


@case
def a_job_that_was_collected_is_no_such_job(w):
    handle = w.create()
    job = w.c.spawn(handle, "true")
    w.c.link(handle, job)
    time.sleep(0.1)  # an answer may be lost on its way: so it is noted as collected after it was written
    for number in ENDINGS:
        _restart(w, number)
        expect.error("no such job", w.c.link, handle, job)


@case
def an_end_comes_back_whatever_bytes_tell_of_it(w):
    handle = w.create()
    spawn = warden.SpawnRequest(handle=handle, argv=[b"nosuch\xff" + b"\xc3\xa4" * 400], keep=True)
    job = w.c.call(spawn).job_id
    before = w.c.call(warden.LinkRequest(handle=handle, job_id=job)).end
    expect.equal(before.reason, 8)
    for number in ENDINGS:
        _restart(w, number)
        expect.equal(w.c.call(warden.LinkRequest(handle=handle, job_id=job)).end, before)


@case(backend="linux")
def a_job_of_a_user_that_is_not_utf8_is_kept(w):
    handle = w.create()
    w.run(handle, r"printf 'u\377:x:10077:10077::/tmp:/bin/sh\n' >> /etc/passwd", privileged=True)
    spawn = warden.SpawnRequest(handle=handle, script="sleep 0.5; id -u; exit 3", user=b"u\xff", keep=True)
    job = w.c.call(spawn).job_id
    for number in ENDINGS:
        _restart(w, number)
        listed = w.c.call(warden.JobsRequest(handle=handle)).jobs
        expect.equal([(entry.job_id, entry.user) for entry in listed], [(job, "u\udcff")])
        expect.result(w.c.link(handle, job), 3, b"10077\n")


@case
def a_job_whose_end_nobody_saw_has_no_figures(w):
    handle = w.create()
    job = w.c.call(warden.SpawnRequest(handle=handle, script="sleep 60", keep=True)).job_id
    os.kill(w.init_of(handle), signal.SIGKILL)
    end = w.c.call(warden.LinkRequest(handle=handle, job_id=job)).end
    figures = (end.wall_us, end.user_us, end.system_us, end.peak_memory, end.read_bytes, end.peak_processes)
    expect.equal((end.reason, figures), (2, (None,) * 6))


@case(limit=120)
def hundreds_of_jobs_come_back_with_their_ends(w):
    handle = w.create()
    jobs = {}
    for number in range(300):
        if number % 20 == 0:
            w.run(handle, "true")  # until wshd has taken those before
        script = f"exit {number % 200}" if number % 10 else f"sleep 1; exit {number % 200}"
        jobs[w.c.call(warden.SpawnRequest(handle=handle, script=script, keep=True)).job_id] = number % 200
    collected = sorted(jobs)[1::10] + sorted(jobs)[2::10]
    for job in collected:
        w.c.link(handle, job)
        w.c.call(warden.CollectRequest(handle=handle, job_id=job))
        del jobs[job]
    log = glob.glob(f"{w.daemon.depot}/*/jobs.log")[0]
    expect.eventually(lambda: f'{{"gone":{collected[-1]},' in kernel.read(log), "the last is recorded as collected")
    for number in ENDINGS:
        _restart(w, number)
        listed = w.c.call(warden.JobsRequest(handle=handle)).jobs
        expect.equal([entry.job_id for entry in listed], sorted(jobs))
        for job, status in jobs.items():
            expect.equal(w.c.link(handle, job).exit_status, status)


@case(backend="fake", daemon=False, config={"fake": {"delay_ms": 200}})
def a_job_that_did_not_start_is_no_such_job(w):
    w.daemon.environment["UV_THREADPOOL_SIZE"] = "1"
    w.daemon.start()
    handle, other = w.create(), w.create()
    spawn = warden.SpawnRequest(handle=handle, script="true", user="nobody-knows", request_id="once")
    busy = [w.client() for _ in range(6)]
    w.c.send(spawn)
    for client in busy:  # the one worker is with these in between
        client.send(warden.InfoRequest(handle=other))
    expect.error_like("user: ", w.c.receive)
    w.disconnect()
    w.daemon.kill()
    w.daemon.start()
    expect.equal(w.c.call(warden.JobsRequest(handle=handle)).jobs, [])
    expect.error_like("user: ", w.c.call, spawn)


@case
def output_over_many_kills_is_whole(w):
    handle = w.create()
    script = "for i in $(seq 1 3000); do echo line $i; [ $((i % 60)) = 0 ] && sleep 0.05; done; exit 3"
    job = w.c.spawn(handle, script)
    for _ in range(8):
        _restart(w, signal.SIGKILL)
        time.sleep(0.1)
    seen = w.c.link(handle, job)
    expect.equal(seen.stdout, b"".join(b"line %d\n" % n for n in range(1, 3001)))
    expect.equal(seen.exit_status, 3)


@case
def ids_continue_after_those_recovered(w):
    handle = w.create()
    jobs = [w.c.spawn(handle, "sleep 1000") for _ in range(3)]
    _restart(w, signal.SIGKILL)
    expect.equal(w.c.spawn(handle, "true"), jobs[-1] + 1)


@case
def resources_of_a_recovered_container_are_not_given_again(w):
    one, two = w.create(), w.create(network="10.254.0.16")
    _restart(w, signal.SIGKILL)
    expect.error("Could not acquire network: 10.254.0.16", w.create, network="10.254.0.17")
    expect.error(f"container with handle: {one} already exists.", w.create, handle=one)
    expect.equal(w.c.info(w.create()).host_ip, "10.254.0.5")
    expect.equal(w.c.info(two).host_ip, "10.254.0.17")


@case
def events_persist_after_a_restart(w):
    w.daemon.settings["server"]["job_output_limit"] = 100
    _restart(w, signal.SIGTERM)
    handle = w.create()
    w.c.run(handle, "head -c 1000 /dev/zero")
    _restart(w, signal.SIGKILL)
    expect.equal(w.c.info(handle).events, ["command exceeded maximum output"])


@case
def a_recovered_container_does_all_that_a_new_one_does(w):
    handle = w.create()
    job = w.spawn_ready(handle, "trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done")
    _restart(w, signal.SIGKILL)
    expect.result(w.c.run(handle, "echo hi"), 0, b"hi\n")
    w.c.stop(handle)
    expect.equal(w.c.link(handle, job).exit_status, 5)
    expect.equal(w.c.info(handle).state, "stopped")
    w.c.destroy(handle)
    expect.equal(w.c.list(), [])


@case
def a_container_whose_first_process_is_dead_is_destroyed(w):
    dead, alive = w.create(), w.create()
    init = w.init_of(dead)
    w.disconnect()
    w.daemon.kill()
    os.kill(init, signal.SIGKILL)
    expect.eventually(lambda: kernel.gone(init), "its end")
    w.daemon.start()
    expect.equal(w.c.list(), [alive])
    expect.eventually(lambda: _depot(w) == {alive}, "the dead one's directory is gone")
    expect.result(w.c.run(alive, "echo hi"), 0, b"hi\n")


@case
def a_directory_without_a_snapshot_is_destroyed(w):
    bare, alive = w.create(), w.create()
    w.disconnect()
    w.daemon.kill()
    os.unlink(f"{w.daemon.depot}/{bare}/snapshot.json")
    w.daemon.start()
    expect.equal(w.c.list(), [alive])
    expect.eventually(lambda: _depot(w) == {alive}, "the bare one's directory is gone")


@case
def a_container_with_half_of_its_files_is_destroyed(w):
    for missing in ("run", "etc", "run/wshd.pid", "run/wshd.sock"):
        handle = w.create()
        init = w.init_of(handle)
        w.disconnect()
        w.daemon.kill()
        os.kill(init, signal.SIGKILL)
        path = f"{w.daemon.depot}/{handle}/{missing}"
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        w.daemon.start()
        expect.equal(w.c.list(), [])
        expect.eventually(lambda: not _depot(w), f"an empty depot after {missing} was missing")


@case
def other_files_in_the_depot_do_not_prevent_the_start(w):
    alive = w.create()
    w.disconnect()
    w.daemon.kill()
    os.mkdir(f"{w.daemon.depot}/0000000000v", 0o700)
    os.mkdir(f"{w.daemon.depot}/1234567890a", 0o700)
    with open(f"{w.daemon.depot}/1234567890a/junk", "w", encoding="utf-8"):
        pass
    w.daemon.start()
    expect.equal(w.c.list(), [alive])
    expect.eventually(lambda: _depot(w) == {alive}, "the rest is gone")


@case
def a_directory_that_was_moved_is_found_at_its_new_place(w):
    handle = w.create(handle="moved")
    job = w.c.spawn(handle, "sleep 1; echo out; exit 6")
    path = w.path_of(handle)
    w.disconnect()
    w.daemon.kill()
    os.rename(path, f"{w.daemon.depot}/elsewhere")
    w.daemon.start()
    expect.equal(w.c.info(handle).container_path, f"{w.daemon.depot}/elsewhere")
    expect.result(w.c.link(handle, job), 6, b"out\n")
    expect.equal(w.run(handle, "echo hi"), "hi\n")


@case
def an_interrupted_removal_is_completed(w):
    handle = w.create()
    path = w.path_of(handle)
    w.c.destroy(handle)
    expect.eventually(lambda: os.listdir(f"{w.daemon.depot}/tmp") == [], "an empty tmp")
    w.disconnect()
    w.daemon.kill()
    os.makedirs(f"{w.daemon.depot}/tmp/{os.path.basename(path)}/rest/deep")
    w.daemon.start()
    expect.eventually(lambda: os.listdir(f"{w.daemon.depot}/tmp") == [], "an empty tmp")


@case
def draining_closes_idle_and_waiting_connections_at_once(w):
    handle = w.create(grace_time=-1)
    job = w.c.spawn(handle, "sleep 2; echo out; exit 9")
    idle = w.raw()
    idle.expect_alive()
    link, stream, run = w.raw(), w.raw(), w.raw()
    link.send_frame(22, warden.LinkRequest(handle=handle, job_id=job).encode())
    stream.send_frame(24, warden.StreamRequest(handle=handle, job_id=job).encode())
    run.send_frame(23, warden.RunRequest(handle=handle, script=b"sleep 2; exit 10").encode())
    expect.eventually(lambda: len(w.c.info(handle).job_ids) == 2, "both jobs")
    (other,) = [id_ for id_ in w.c.info(handle).job_ids if id_ != job]
    with expect.within(1.5, "the drain"):
        w.daemon.stop(signal.SIGUSR2)
    for connection in (idle, link, stream, run):
        connection.expect_closed()
    w.disconnect()
    w.daemon.start()
    expect.result(w.c.link(handle, job), 9, b"out\n")
    expect.result(w.c.link(handle, other), 10)


@case(backend="fake", config={"fake": {"delay_ms": 600}})
def draining_lets_a_request_finish(w):
    connection = w.raw()
    connection.send_frame(11, warden.CreateRequest(handle="h", grace_time=(1 << 32) - 1).encode())
    time.sleep(0.2)
    w.daemon.process.send_signal(signal.SIGUSR2)
    expect.equal(connection.answer(), warden.CreateResponse(handle="h"))
    connection.expect_closed()
    expect.equal(w.daemon.wait(), 0)
    w.disconnect()
    w.daemon.start()
    expect.equal(w.c.list(), ["h"])


@case(backend="fake", config={"fake": {"delay_ms": 600}})
def draining_refuses_input_that_the_job_does_not_have_yet(w):
    handle = w.create()
    job = w.c.call(warden.SpawnRequest(handle=handle, argv=["cat"], stdin=True)).job_id
    connection = w.raw()
    for data in (b"first", b"second"):
        request = warden.JobInputRequest(handle=handle, job_id=job, data=data, partial=True)
        connection.send_frame(240, request.encode())
    time.sleep(0.2)
    w.daemon.process.send_signal(signal.SIGTERM)
    connection.expect_error("^the daemon is about to end$")
    connection.expect_closed()
    expect.equal(w.daemon.wait(), 0)
    w.disconnect()
    w.daemon.start()
    w.c.call(warden.JobInputRequest(handle=handle, job_id=job, data=b"whole", end=True))
    expect.result(w.c.link(handle, job), 0, b"whole")


@case
def a_request_that_lies_unread_when_a_drain_begins_is_refused(w):
    """The daemon is held, so that connection, request and signal reach it together; a signal is handled last."""
    kernel.halt(w.daemon.pid)
    connection = w.raw()
    connection.send_frame(91)
    w.daemon.process.send_signal(signal.SIGTERM)
    w.daemon.process.send_signal(signal.SIGCONT)
    connection.expect_error("^the daemon is about to end$")
    connection.expect_closed()
    expect.equal(w.daemon.wait(), 0)
    w.disconnect()
    w.daemon.start()


@case
def a_draining_daemon_answers_each_request_that_it_was_sent(w):
    """Many clients, one request after the other: when it ends no answer is missing."""
    handle = w.create()
    payload = warden.InfoRequest(handle=handle).encode()
    in_doubt, answered = [], []

    def ask(connection):
        while True:
            try:
                connection.send_frame(14, payload)
            except OSError:
                return  # not sent
            answer = connection.answer()
            (in_doubt if answer is None else answered).append(answer)
            if answer is None:
                return

    threads = [w.in_thread(ask, w.raw()) for _ in range(12)]
    expect.eventually(lambda: len(answered) > 100, "answers")
    w.daemon.stop(signal.SIGTERM)
    for thread in threads:
        thread.result(20)
    w.disconnect()
    expect.equal(in_doubt, [])
    w.daemon.start()


@case
def a_draining_daemon_takes_no_new_connection(w):
    w.c.ping()
    w.disconnect()
    w.daemon.stop(signal.SIGUSR2)
    try:
        w.client()
    except OSError:
        return
    expect.fail("no connection", "one")


@case
def signals_to_the_daemons_process_group_do_not_reach_containers(w):
    handle = w.create(grace_time=-1)
    job = w.c.spawn(handle, "sleep 1; echo out; exit 4")
    time.sleep(0.1)
    w.disconnect()
    os.killpg(w.daemon.pid, signal.SIGINT)
    w.daemon.wait()
    w.daemon.start()
    expect.result(w.c.link(handle, job), 4, b"out\n")
    w.disconnect()
    job = w.c.spawn(handle, "sleep 1; echo out; exit 5")
    w.disconnect()
    os.killpg(w.daemon.pid, signal.SIGKILL)
    w.daemon.process.wait()
    w.daemon.start()
    expect.result(w.c.link(handle, job), 5, b"out\n")


@case
def twenty_containers_are_all_recovered(w):
    handles = [w.create(handle=f"h{n}") for n in range(20)]
    jobs = {handle: w.c.spawn(handle, f"sleep 1; echo {handle}") for handle in handles}
    _restart(w, signal.SIGKILL)
    expect.equal(w.c.list(), handles)
    for handle, job in jobs.items():
        expect.result(w.c.link(handle, job), 0, f"{handle}\n".encode())


@case
def a_kill_right_after_any_answer_loses_nothing(w):
    for n in range(6):
        handle = w.create(handle=f"h{n}", grace_time=-1)
        job = w.c.spawn(handle, f"echo {n}; exit {n}")
        w.daemon.kill()
        w.disconnect()
        w.daemon.start()
        expect.result(w.c.link(handle, job), n, b"%d\n" % n)
        w.c.destroy(handle)
        w.daemon.kill()
        w.disconnect()
        w.daemon.start()
        expect.equal(w.c.list(), [])
