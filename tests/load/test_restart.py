# SPDX-License-Identifier: Apache-2.0
"""Restarts with many running jobs: how long until an answer and until all containers have their state again, and that
no job has lost its output or its status."""

import time

import expect
import load
from case import case

JOBS = 200


def _restart(w, what):
    w.disconnect()
    w.daemon.kill()
    start = time.monotonic()
    w.daemon.launch()
    load.wait_until_answered(w)
    answered = time.monotonic()
    expect.eventually(lambda: {entry.info.state for entry in w.c.info_many()} == {"active"}, "all are active", 60)
    print(
        f"{w.backend} load: restart with {what}: an answer after {answered - start:.2f} s, "
        f"all active after {time.monotonic() - start:.2f} s ({load.of_the_machine()})",
        flush=True,
    )


def _spawn(w, handle, n):
    script = f"echo before {n}; until [ -e end ]; do sleep 0.5; done; echo after {n}; exit {n % 200}"
    return w.c.spawn(handle, script)


def _all_jobs_end_right(w, jobs, processes):
    handles = {handle for handle, _ in jobs}
    for handle in handles:
        w.run(handle, "touch end")
    for n, (handle, job) in enumerate(jobs):
        expect.result(w.c.link(handle, job), n % 200, f"before {n}\nafter {n}\n".encode())
    for handle in handles:
        w.c.destroy(handle)
    load.nothing_is_left(w, processes)


@case(limit=300, slow=True, alone=True)
def a_job_in_each_of_many_containers_outlives_two_restarts(w):
    processes = load.processes(w)
    handles = [w.create(grace_time=-1) for _ in range(JOBS)]
    jobs = [(handle, _spawn(w, handle, n)) for n, handle in enumerate(handles)]
    for _ in range(2):
        _restart(w, f"{JOBS} containers with a job each")
    _all_jobs_end_right(w, jobs, processes)


@case(limit=300, slow=True, alone=True)
def many_jobs_of_a_container_outlive_two_restarts(w):
    processes = load.processes(w)
    handle = w.create(grace_time=-1)
    jobs = [(handle, _spawn(w, handle, n)) for n in range(JOBS)]
    for _ in range(2):
        _restart(w, f"{JOBS} jobs of a container")
    _all_jobs_end_right(w, jobs, processes)
