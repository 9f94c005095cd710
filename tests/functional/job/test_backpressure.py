# SPDX-License-Identifier: Apache-2.0
"""More requests for a container than its wshd reads at the moment: they wait, none is lost."""

import os
import signal

import expect
import kernel
import warden
from case import case


def flood(w, handle, job, times=400):
    """Sends harmless signals until wshd's socket is full and more of them wait in the daemon."""
    w.c.send(*(warden.JobSignalRequest(handle=handle, job_id=job, signal=signal.SIGCONT) for _ in range(times)))
    for _ in range(times):
        expect.equal(w.c.receive(), warden.JobSignalResponse())


@case
def six_hundred_jobs_may_be_started_one_right_after_the_other(w):
    handle = w.create()
    for _ in range(3):
        w.c.send(*(warden.SpawnRequest(handle=handle, script=b"exit %d" % (n % 100)) for n in range(200)))
        jobs = [w.c.receive().job_id for _ in range(200)]
        w.c.send(*(warden.LinkRequest(handle=handle, job_id=job) for job in jobs))
        expect.equal([w.c.receive().exit_status for _ in jobs], [n % 100 for n in range(200)])


@case
def what_is_sent_to_a_wshd_that_stands_still_arrives_when_it_goes_on(w):
    handle = w.create()
    init = w.init_of(handle)
    waiting = w.c.call(warden.SpawnRequest(handle=handle, argv=["cat"], stdin=True)).job_id
    kernel.halt(init)
    try:
        flood(w, handle, waiting)
        jobs = [w.c.spawn(handle, f"echo {n}; exit {n}") for n in range(20)]
        w.c.call(warden.JobInputRequest(handle=handle, job_id=waiting, data=b"typed\n", end=True))
    finally:
        os.kill(init, signal.SIGCONT)
    expect.result(w.c.link(handle, waiting), 0, b"typed\n")
    for n, job in enumerate(jobs):
        expect.result(w.c.link(handle, job), n, b"%d\n" % n)


@case
def a_job_that_a_killed_daemon_did_not_send_is_started_by_the_repeated_request(w):
    handle = w.create()
    init = w.init_of(handle)
    waiting = w.c.spawn(handle, "exec sleep 1000")
    request = warden.SpawnRequest(handle=handle, script=b"echo ran >> runs; exit 5", request_id=b"once")
    kernel.halt(init)
    try:
        flood(w, handle, waiting)
        unsent = w.c.call(request).job_id
        w.disconnect()
        w.daemon.kill()
    finally:
        os.kill(init, signal.SIGCONT)
    w.daemon.start()
    expect.error("no such job", w.c.link, handle, unsent)
    expect.equal(w.c.info(handle).job_ids, [waiting])
    again = w.c.call(request).job_id
    expect.equal(w.c.call(request).job_id, again, "the promise of the second")
    expect.result(w.c.link(handle, again), 5)
    expect.equal(w.c.run(handle, "cat runs").stdout, b"ran\n")


@case(backend="linux", long=True)
def a_container_whose_wshd_stands_still_is_destroyed_with_what_waits_for_it(w):
    handle = w.create()
    job = w.c.spawn(handle, "sleep 1000")
    kernel.halt(w.init_of(handle))
    flood(w, handle, job)
    w.c.spawn(handle, "echo never")
    w.c.destroy(handle)
    expect.equal(w.c.list(), [])
