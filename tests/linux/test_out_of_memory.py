# SPDX-License-Identifier: Apache-2.0
"""A container that runs out of memory under its limit is stopped; other containers are not."""

import signal
import time

import warden
from case import case
import expect

MIB = 1 << 20
EVENT = "out of memory"

# It looks for the end of a line, and keeps what it has seen of it.
HOG = "tail /dev/zero"


def _stopped(w, handle):
    return expect.eventually(lambda: (i := w.c.info(handle)).state == "stopped" and i, "a stopped container")


@case(backend="linux")
def a_container_out_of_memory_gets_an_event_and_is_stopped(w):
    handle, other = w.create(), w.create()
    w.c.limit_memory(handle, 48 * MIB)
    w.c.limit_memory(other, 48 * MIB)
    bystander = w.c.spawn(handle, "trap 'exit 7' TERM; while :; do sleep 0.02; done")
    job = w.c.spawn(handle, f"exec {HOG}")
    expect.equal(_stopped(w, handle).events, [EVENT])
    seen = w.c.link(handle, job)
    expect.equal((seen.exit_status, seen.end.reason), (255, warden.Reason.MEMORY))
    seen = w.c.link(handle, bystander)
    expect.equal((seen.exit_status, seen.end.reason), (7, warden.Reason.STOPPED))
    expect.equal((w.c.info(other).state, w.c.info(other).events), ("active", []))
    expect.equal(w.run(other, "echo hi"), "hi\n")


@case(backend="linux")
def the_job_that_hit_the_limit_reports_its_real_status(w):
    for _ in range(5):
        handle = w.create()
        w.c.limit_memory(handle, 48 * MIB)
        # On a busy machine it may take longer than its time limit: then it gets a signal, and continues.
        seen = w.c.run(handle, f"trap : TERM; {HOG}; s=$?; echo $s; exit $((s - 100))")
        expect.equal((seen.exit_status, seen.stdout), (37, b"137\n"))
        expect.equal(_stopped(w, handle).events, [EVENT])
        w.c.destroy(handle)


@case(backend="linux")
def term_is_sent_100_ms_after_the_event_if_the_job_continues(w):
    handle = w.create()
    w.c.limit_memory(handle, 48 * MIB)
    seen = w.c.run(handle, f"trap 'echo term; exit 9' TERM; ({HOG}); while :; do sleep 0.01; done")
    expect.equal((seen.exit_status, seen.stdout), (9, b"term\n"))
    expect.equal(_stopped(w, handle).events, [EVENT])


@case(backend="linux")
def a_limit_that_was_raised_in_time_is_not_reached(w):
    handle = w.create()
    w.c.limit_memory(handle, 32 * MIB)
    script = "head -c 40000000 /dev/zero > /dev/shm/file; exit 4"
    for size in (512 * MIB, 9223372036854771712):
        w.c.limit_memory(handle, size)
        expect.equal(w.c.run(handle, script).exit_status, 4)
    expect.equal((w.c.info(handle).state, w.c.info(handle).events), ("active", []))


@case(backend="linux")
def a_limit_below_the_memory_in_use_is_refused_and_the_old_one_stays(w):
    handle = w.create()
    w.c.limit_memory(handle, 256 * MIB)
    job = w.spawn_ready(handle, "head -c 40000000 /dev/zero > /dev/shm/file; echo ready; sleep 1000")
    expect.error_like(f"^Failed setting memory limit: {8 * MIB} is less than .* in use", w.c.limit_memory, handle, 8 * MIB)
    expect.equal(w.c.limit_memory(handle), 256 * MIB)
    expect.equal(w.c.info(handle).job_ids, [job])
    expect.equal(w.c.info(handle).events, [])


@case(backend="linux")
def it_is_noticed_after_a_restart(w):
    handle = w.create()
    w.c.limit_memory(handle, 48 * MIB)
    for number in (signal.SIGKILL, signal.SIGTERM):
        w.disconnect()
        w.daemon.restart(number)
        expect.equal(w.c.info(handle).state, "active")
    job = w.c.spawn(handle, f"exec {HOG}")
    expect.equal(_stopped(w, handle).events, [EVENT])
    expect.equal(w.c.link(handle, job).exit_status, 255)


@case(backend="linux")
def it_is_noticed_after_it_happened_without_a_daemon(w):
    handle = w.create()
    w.c.limit_memory(handle, 48 * MIB)
    job = w.c.spawn(handle, f"sleep 0.3; exec {HOG}")
    bystander = w.c.spawn(handle, "sleep 1000")
    w.disconnect()
    w.daemon.kill()
    time.sleep(1.5)
    w.daemon.start()
    expect.equal(_stopped(w, handle).events, [EVENT])
    expect.equal(w.c.link(handle, job).exit_status, 255)
    expect.equal(w.c.link(handle, bystander).exit_status, 255)
    w.disconnect()
    w.daemon.restart()
    expect.equal((w.c.info(handle).state, w.c.info(handle).events), ("stopped", [EVENT]))


@case(backend="linux")
def shm_counts_as_memory(w):
    handle = w.create()
    w.c.limit_memory(handle, 48 * MIB)
    w.c.spawn(handle, "head -c 60000000 /dev/zero > /dev/shm/file; sleep 1000")
    expect.equal(_stopped(w, handle).events, [EVENT])


@case(backend="linux")
def a_destroy_in_the_middle_does_no_harm(w):
    for pause in (0, 0.02, 0.05, 0.1, 0.2):
        handle = w.create()
        w.c.limit_memory(handle, 48 * MIB)
        w.c.spawn(handle, f"({HOG}); sleep 1000")
        time.sleep(pause)
        w.c.destroy(handle)
    expect.equal(w.c.list(), [])
