# SPDX-License-Identifier: Apache-2.0
"""Jobs that are attached to, signalled, kept and listed; the reason of their end."""

import expect
import warden
from case import case


def spawn(w, handle, script, **fields):
    """Starts a script with fields that are not the original's."""
    return w.c.call(warden.SpawnRequest(handle=handle, script=script.encode(), **fields)).job_id


def restart(w):
    """The daemon is killed and starts again."""
    w.disconnect()
    w.daemon.restart()


def run(w, handle, script, **fields):
    """Runs a job."""
    return w.c.call(warden.RunRequest(handle=handle, script=script.encode(), **fields))


# Why it ended.


@case
def the_end_is_reported_with_its_figures(w):
    seen = run(w, w.create(), "head -c 10000000 /dev/zero | sha256sum; exit 3")
    expect.equal(seen.end.reason, warden.Reason.EXITED)
    expect.equal(seen.exit_status, 3)
    expect.equal(seen.end.signal, None)
    expect.between(seen.end.wall_us, 1, 20_000_000, "wall_us")
    expect.between(seen.end.user_us + seen.end.system_us, 1, 40_000_000, "user and system time")
    expect.between(seen.end.peak_memory, 100_000, 1 << 30, "peak_memory")
    expect.between(seen.end.minor_faults, 1, 1_000_000, "minor_faults")
    expect.between(seen.end.started_us, 1_600_000_000_000_000, 1 << 62, "started_us")
    expect.between(seen.job_id, 1, 1000, "job_id")


@case
def a_signal_is_a_reason(w):
    seen = run(w, w.create(), "kill -USR1 $$")
    expect.equal((seen.exit_status, seen.end.reason, seen.end.signal), (255, warden.Reason.SIGNAL, 10))


@case
def a_stop_is_the_reason_with_any_status(w):
    handle = w.create()
    killed = w.spawn_ready(handle, "echo ready; exec sleep 1000")
    handles = w.spawn_ready(handle, "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done")
    w.c.stop(handle)
    seen = w.c.link(handle, killed)
    expect.equal((seen.exit_status, seen.end.reason, seen.end.signal), (255, warden.Reason.STOPPED, 15))
    seen = w.c.link(handle, handles)
    expect.equal((seen.exit_status, seen.end.reason), (7, warden.Reason.STOPPED))


@case
def a_destroy_is_a_stop(w):
    handle = w.create()
    job = w.spawn_ready(handle, "echo ready; exec sleep 1000")
    waiting = w.in_thread(w.client().link, handle, job)
    expect.eventually(lambda: "link" in w.daemon.log(), "the link waits")
    w.c.destroy(handle)
    expect.equal(waiting.result().end.reason, warden.Reason.STOPPED)


@case
def the_reason_is_known_after_a_restart(w):
    handle = w.create()
    job = spawn(w, handle, "exit 5")
    expect.eventually(lambda: not w.c.info(handle).job_ids, "the job is over")
    restart(w)
    seen = w.c.link(handle, job)
    expect.equal((seen.exit_status, seen.end.reason), (5, warden.Reason.EXITED))
    expect.between(seen.end.wall_us, 1, 20_000_000, "wall_us")


@case
def ends_are_counted(w):
    handle = w.create()
    ends = [run(w, handle, "true").end.end_sequence for _ in range(3)]
    expect.equal([end - ends[0] for end in ends], [0, 1, 2])
    job = spawn(w, handle, "true")
    expect.eventually(lambda: not w.c.info(handle).job_ids, "the job is over")
    restart(w)
    expect.equal(w.c.link(handle, job).end.end_sequence, ends[0] + 3)
    expect.equal(run(w, handle, "true").end.end_sequence, ends[0] + 4)


# Signals.


@case
def a_signal_reaches_every_process_of_the_job_alone(w):
    handle = w.create()
    other = w.spawn_ready(handle, "echo ready; exec sleep 1000")
    job = w.spawn_ready(
        handle, "trap 'exit 9' USR1; (trap 'echo heard; exit' USR1; echo ready; while :; do sleep 0.01; done) & wait"
    )
    w.c.call(warden.JobSignalRequest(handle=handle, job_id=job, signal=10))
    seen = w.c.link(handle, job)
    expect.equal(seen.exit_status, 9)
    expect.contains(seen.stdout, b"heard")
    expect.contains(w.c.info(handle).job_ids, other)
    w.c.call(warden.JobSignalRequest(handle=handle, job_id=other, signal=9))
    expect.equal(w.c.link(handle, other).end.signal, 9)


@case
def invalid_signals_are_refused(w):
    handle = w.create()
    job = spawn(w, handle, "exit 0", keep=True)
    w.c.link(handle, job)
    for number in (0, 65, 1000):
        expect.error(
            f"signal: {number} is out of range, 1 to 64 are allowed",
            w.c.call,
            warden.JobSignalRequest(handle=handle, job_id=job, signal=number),
        )
    expect.error(f"job {job} has ended", w.c.call, warden.JobSignalRequest(handle=handle, job_id=job, signal=9))
    expect.error("no such job", w.c.call, warden.JobSignalRequest(handle=handle, job_id=999, signal=9))
    expect.error(
        f"job {job} has ended", w.c.call, warden.JobResizeRequest(handle=handle, job_id=job, rows=1, columns=1)
    )


# Kept jobs.


@case
def a_kept_job_answers_until_it_is_collected(w):
    handle = w.create()
    job = spawn(w, handle, "echo hello; exit 2", keep=True)
    for _ in range(3):
        expect.result(w.c.link(handle, job), 2, b"hello\n")
    restart(w)
    expect.result(w.c.link(handle, job), 2, b"hello\n")
    w.c.call(warden.CollectRequest(handle=handle, job_id=job))
    expect.error("no such job", w.c.link, handle, job)
    expect.error("no such job", w.c.call, warden.CollectRequest(handle=handle, job_id=job))
    restart(w)
    expect.error("no such job", w.c.link, handle, job)


@case
def a_job_that_runs_is_not_collected(w):
    handle = w.create()
    job = spawn(w, handle, "exec sleep 1000", keep=True)
    expect.error(f"job {job} has not ended", w.c.call, warden.CollectRequest(handle=handle, job_id=job))


# Attach.


def attach(client, handle, job, **fields):
    """All answers to an attach."""
    client.send(warden.AttachRequest(handle=handle, job_id=job, **fields))
    answers = [client.receive()]
    while answers[-1].exit_status is None:
        answers.append(client.receive())
    return answers


@case
def several_attach_and_the_job_stays(w):
    handle = w.create()
    job = w.spawn_ready(handle, "echo one; while [ ! -e go ]; do sleep 0.01; done; echo two")
    threads = [w.in_thread(attach, w.client(), handle, job) for _ in range(3)]
    expect.eventually(lambda: w.daemon.log().count("attach") >= 3, "all are attached")
    w.run(handle, "touch go")
    for thread in threads:
        answers = thread.result()
        expect.equal(b"".join(answer.data or b"" for answer in answers), b"one\ntwo\n")
        expect.equal(answers[-1].end.reason, warden.Reason.EXITED)
    expect.result(w.c.link(handle, job), 0, b"one\ntwo\n")


@case
def an_attach_may_begin_with_new_output(w):
    handle = w.create()
    job = w.spawn_ready(handle, "echo one; while [ ! -e go ]; do sleep 0.01; done; echo two")
    thread = w.in_thread(attach, w.client(), handle, job, replay=False)
    expect.eventually(lambda: "attach" in w.daemon.log(), "it is attached")
    w.run(handle, "touch go")
    expect.equal(b"".join(answer.data or b"" for answer in thread.result()), b"two\n")


# Lists.


@case
def jobs_are_listed(w):
    handle = w.create()
    expect.equal(w.c.call(warden.JobsRequest(handle=handle)).jobs, [])
    runs = w.spawn_ready(handle, "echo ready; exec sleep 1000")
    over = spawn(w, handle, "echo hi; exit 4", privileged=True)
    expect.eventually(lambda: w.c.info(handle).job_ids == [runs], "one job is over")
    first, second = w.c.call(warden.JobsRequest(handle=handle)).jobs
    expect.equal((first.job_id, first.running, first.user), (runs, True, "vcap"))
    expect.equal(first.command, "echo ready; exec sleep 1000")
    expect.equal((first.stdout_bytes, first.exit_status, first.end), (6, None, None))
    expect.equal((second.job_id, second.running, second.user), (over, False, "root"))
    expect.equal((second.exit_status, second.end.reason), (4, warden.Reason.EXITED))
    before = [first.started_us, second.started_us]
    restart(w)
    jobs = w.c.call(warden.JobsRequest(handle=handle)).jobs
    expect.equal([job.started_us for job in jobs], before)
    w.c.link(handle, over)
    expect.eventually(
        lambda: [job.job_id for job in w.c.call(warden.JobsRequest(handle=handle)).jobs] == [runs], "it is collected"
    )


@case
def control_characters_of_a_command_are_escaped(w):
    handle = w.create()
    w.c.call(warden.SpawnRequest(handle=handle, script=b": \x1b[31m\xff\x00\necho second", keep=True))
    (seen,) = w.c.call(warden.JobsRequest(handle=handle)).jobs
    expect.equal(seen.command, ": \\x1b[31m\\xff\\x00")
