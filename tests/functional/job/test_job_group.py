# SPDX-License-Identifier: Apache-2.0
"""A job's own control groups: limits, figures that cover every descendant, and the reason of its end."""

import glob

import expect
import warden
from case import case

MIB = 1 << 20

# Uses so much memory; awk is in every image.
EAT = "awk 'BEGIN { x = \"x\"; while (length(x) < %d) x = x x; print length(x) }'"


def run(w, handle, script, **fields):
    """Runs a script with fields that are not the original's."""
    return w.c.call(warden.RunRequest(handle=handle, script=script.encode(), **fields))


def groups(w, handle):
    """The control groups of a container's jobs."""
    name = w.path_of(handle).rsplit("/", 1)[1]
    return glob.glob(f"/sys/fs/cgroup/**/warden/instance-{name}/**/job-*", recursive=True)


@case
def memory_over_the_limit_is_a_reason(w):
    handle = w.create()
    seen = run(w, handle, "exec " + EAT % (200 * MIB), memory_limit=32 * MIB)
    if w.backend == "fake":  # checked, not enforced
        expect.equal((seen.exit_status, seen.end.own_cgroup), (0, None))
        return
    expect.equal((seen.exit_status, seen.end.reason, seen.end.signal), (255, warden.Reason.MEMORY, 9))
    expect.between(seen.end.peak_memory, 24 * MIB, 32 * MIB, "peak_memory")
    expect.equal(seen.end.own_cgroup, True)
    expect.equal(w.run(handle, "echo lives"), "lives\n")
    expect.equal(w.c.info(handle).state, "active")


@case(backend="linux")
def memory_of_a_child_counts(w):
    handle = w.create()
    seen = run(w, handle, EAT % (200 * MIB) + "; echo status $?", memory_limit=32 * MIB)
    expect.equal((seen.exit_status, seen.stdout), (0, b"status 137\n"))
    expect.equal(seen.end.reason, warden.Reason.MEMORY)
    script = EAT % (200 * MIB) + "; exit 3"
    seen = w.command("run", "--memory-limit", "32M", handle, "--", "sh", "-c", script)
    expect.equal((seen.returncode, b"its memory is used up" in seen.stderr), (3, True))


@case(backend="linux")
def a_process_limit_holds(w):
    handle = w.create()
    script = "for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; wait"
    seen = run(w, handle, script, process_limit=4, wall_time_us=2_000_000)
    expect.contains(seen.stderr.lower(), b"fork")
    expect.between(seen.end.peak_processes or 4, 4, 4, "peak_processes")


@case(backend="linux")
def figures_cover_processes_that_were_not_waited_for(w):
    handle = w.create()
    # The shell that starts it ignores its end, so no parent collects its time.
    script = """
    work='i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; : >done'
    setsid sh -c "$work" >/dev/null 2>&1 &
    until [ -e done ]; do sleep 0.05; done"""
    own = run(w, handle, script, own_cgroup=True).end
    expect.equal(own.own_cgroup, True)
    expect.between(own.user_us + own.system_us, 20_000, 20_000_000, "cpu time")
    expect.between(own.peak_memory, 65_536, 1 << 30, "peak_memory")


@case(backend="linux")
def figures_count_from_zero(w):
    handle = w.create()
    w.run(handle, "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done")
    seen = run(w, handle, "true", own_cgroup=True).end
    expect.between(seen.user_us + seen.system_us, 1, 100_000, "cpu time")


@case(backend="linux")
def cpu_time_is_limited_by_the_groups_own_count(w):
    handle = w.create()
    seen = run(w, handle, "while :; do :; done", own_cgroup=True, cpu_time_us=300_000)
    expect.equal((seen.exit_status, seen.end.reason), (255, warden.Reason.CPU_TIME))
    expect.between(seen.end.user_us + seen.end.system_us, 300_000, 10_000_000, "cpu time")


@case(backend="linux")
def a_job_sees_no_descriptor_of_its_groups(w):
    handle = w.create()
    argv = [b"ls", b"/proc/self/fd"]
    seen = w.c.call(warden.RunRequest(handle=handle, argv=argv, own_cgroup=True, cpu_time_us=10_000_000))
    expect.equal(seen.stdout, b"0\n1\n2\n3\n")
    # Its keeper, which holds one, is not readable by root of the container.
    seen = w.c.call(
        warden.RunRequest(
            handle=handle,
            argv=[b"sh", b"-c", b"ls /proc/$PPID/fd"],
            privileged=True,
            own_cgroup=True,
            cpu_time_us=10_000_000,
        )
    )
    expect.equal(seen.stdout, b"")


@case(backend="linux")
def groups_are_removed_with_their_jobs(w):
    handle = w.create()
    run(w, handle, "true", own_cgroup=True)
    expect.eventually(lambda: not groups(w, handle), "the groups are removed")
    # One is left behind in there; the next job that is forgotten finds it gone.
    run(w, handle, "setsid sleep 0.3 >/dev/null 2>&1 &", own_cgroup=True)
    expect.true(groups(w, handle), "the groups are there while somebody is in them")

    def removed():
        run(w, handle, "true")
        return not groups(w, handle)

    expect.eventually(removed, "they are removed later")


@case(backend="linux")
def figures_persist_after_kill_9(w):
    handle = w.create()
    fields = {"script": b"sleep 0.5; i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done", "own_cgroup": True}
    job = w.c.call(warden.SpawnRequest(handle=handle, **fields)).job_id
    w.disconnect()
    w.daemon.kill()
    w.daemon.start()
    seen = w.c.link(handle, job)
    expect.equal((seen.exit_status, seen.end.own_cgroup), (0, True))
    expect.between(seen.end.user_us + seen.end.system_us, 20_000, 20_000_000, "cpu time")
    expect.eventually(lambda: not groups(w, handle), "the groups are removed")


@case(backend="linux")
def a_kill_by_the_containers_limit_is_reported_too(w):
    handle = w.create()
    w.c.limit_memory(handle, 64 * MIB)
    seen = w.c.run(handle, "exec " + EAT % (300 * MIB))
    expect.equal((seen.exit_status, seen.end.signal), (255, 9))
    expect.true(
        seen.end.reason in (warden.Reason.MEMORY, warden.Reason.STOPPED), "the reason is the memory or its stop"
    )


@case
def limits_out_of_range_are_refused(w):
    handle = w.create()
    expect.error_like("memory_limit", run, w, handle, "true", memory_limit=1 << 63)
    expect.error_like("process_limit", run, w, handle, "true", process_limit=1 << 40)
