# SPDX-License-Identifier: Apache-2.0
"""Limits: each is set, lowered and raised, the answer has the limit in force, and it persists after a restart."""

import signal

import warden
from case import case
import expect

NO_MEMORY = 9223372036854771712
NO_RATE = 4294967295
MIB = 1 << 20


def _limit(w, handle, **limits):
    asked = warden.Limits(**limits) if limits else None
    return w.c.call(warden.LimitRequest(handle=handle, limits=asked)).limits


def _restart(w, number=signal.SIGKILL):
    w.disconnect()
    w.daemon.restart(number)


@case
def memory_is_unlimited_at_first(w):
    handle = w.create()
    expect.equal(w.c.limit_memory(handle), NO_MEMORY)
    expect.equal(w.c.info(handle).memory_stat.hierarchical_memory_limit, NO_MEMORY)


@case
def memory_is_limited_up_and_down(w):
    handle = w.create()
    for mib in (512, 256, 1024, 64, 65, 64):
        expect.equal(w.c.limit_memory(handle, mib * MIB), mib * MIB)
        expect.equal(w.c.limit_memory(handle), mib * MIB)
        expect.equal(w.c.info(handle).memory_stat.hierarchical_memory_limit, mib * MIB)
    expect.equal(w.c.limit_memory(handle, NO_MEMORY), NO_MEMORY)
    expect.equal(w.c.info(handle).memory_stat.hierarchical_memory_limit, NO_MEMORY)
    expect.equal(w.run(handle, "echo hi"), "hi\n")


@case
def memory_is_rounded_down_to_pages(w):
    handle = w.create()
    expect.equal(w.c.limit_memory(handle, 64 * MIB + 4095), 64 * MIB)
    expect.equal(w.c.limit_memory(handle, 64 * MIB + 4097), 64 * MIB + 4096)


@case
def a_limit_above_the_maximum_is_unlimited(w):
    handle = w.create()
    for size in (NO_MEMORY, NO_MEMORY + 4095, 1 << 63, (1 << 64) - 1):
        expect.equal(w.c.limit_memory(handle, 64 * MIB), 64 * MIB)
        expect.equal(w.c.limit_memory(handle, size), NO_MEMORY)


@case
def shares_are_1024_at_first(w):
    expect.equal(w.c.limit_cpu(w.create()), 1024)


@case
def shares_are_set_up_and_down_within_the_kernels_bounds(w):
    handle = w.create()
    for asked, in_force in ((2048, 2048), (500, 500), (3, 3), (2, 2), (1, 2), (0, 2), (262144, 262144), (1024, 1024)):
        expect.equal(w.c.limit_cpu(handle, asked), in_force, f"of {asked}")
        expect.equal(w.c.limit_cpu(handle), in_force, f"of {asked}")
    expect.equal(w.c.limit_cpu(handle, (1 << 64) - 1), 262144)


@case
def limits_persist_after_a_restart(w):
    handle, other = w.create(), w.create()
    w.c.limit_memory(handle, 100 * MIB)
    w.c.limit_cpu(handle, 77)
    for number in (signal.SIGKILL, signal.SIGTERM):
        _restart(w, number)
        expect.equal((w.c.limit_memory(handle), w.c.limit_cpu(handle)), (100 * MIB, 77))
        expect.equal((w.c.limit_memory(other), w.c.limit_cpu(other)), (NO_MEMORY, 1024))
    w.c.limit_memory(handle, 200 * MIB)
    _restart(w)
    expect.equal((w.c.limit_memory(handle), w.c.limit_cpu(handle)), (200 * MIB, 77))


@case
def a_stopped_container_has_limits_and_a_destroyed_one_has_none(w):
    handle = w.create()
    w.c.stop(handle)
    expect.equal(w.c.limit_memory(handle, 64 * MIB), 64 * MIB)
    expect.equal(w.c.limit_cpu(handle, 10), 10)
    w.c.destroy(handle)
    expect.error("unknown handle", w.c.limit_memory, handle)
    expect.error("unknown handle", w.c.limit_cpu, handle)


@case
def each_container_has_its_own_limits(w):
    one, two = w.create(), w.create()
    w.c.limit_memory(one, 64 * MIB)
    w.c.limit_cpu(two, 5)
    expect.equal((w.c.limit_memory(one), w.c.limit_memory(two)), (64 * MIB, NO_MEMORY))
    expect.equal((w.c.limit_cpu(one), w.c.limit_cpu(two)), (1024, 5))


@case(needs="set_limits")
def of_many_limits_at_once_the_last_one_holds(w):
    handle = w.create()

    def change(start):
        client = w.client()
        for mib in range(start, start + 20):
            client.limit_memory(handle, mib * MIB)
            client.limit_cpu(handle, mib)

    threads = [w.in_thread(change, start) for start in (100, 200, 300)]
    for thread in threads:
        thread.result()
    memory, shares = w.c.limit_memory(handle), w.c.limit_cpu(handle)
    expect.true(memory // MIB in (119, 219, 319) and shares in (119, 219, 319), "the last of one of them", (memory, shares))
    _restart(w)
    expect.equal((w.c.limit_memory(handle), w.c.limit_cpu(handle)), (memory, shares))


@case(backend="fake", config={"fake": {"fail": ["limit_memory", "limit_cpu"]}})
def limits_fail_as_configured_in_the_fake_backend(w):
    handle = w.create()
    expect.error("fake: limit_memory fails as configured", w.c.limit_memory, handle)
    expect.error("fake: limit_cpu fails as configured", w.c.call, warden.LimitCpuRequest(handle=handle))


@case
def the_initial_limits_are_reported(w):
    seen = _limit(w, w.create())
    expect.equal((seen.memory_bytes, seen.swap_off, seen.cpu_shares, seen.cpu_quota), (NO_MEMORY, False, 1024, 0))
    if not w.linux:
        expect.equal((seen.cpus, seen.processes, seen.disk_bytes, seen.disk_inodes), ("", 0, 0, 0))
        expect.equal((seen.bandwidth_rate, seen.bandwidth_burst), (NO_RATE, NO_RATE))
        expect.equal((seen.io_weight, seen.io_read_rate, seen.io_write_rate), (100, 0, 0))


@case
def several_limits_are_set_at_once_and_all_are_answered(w):
    handle = w.create()
    seen = _limit(w, handle, memory_bytes=64 * MIB, cpu_quota=150, processes=100, cpus="0", swap_off=True)
    expect.equal((seen.memory_bytes, seen.cpu_quota, seen.processes), (64 * MIB, 150, 100))
    expect.equal((seen.cpus, seen.swap_off, seen.cpu_shares), ("0", True, 1024))
    seen = _limit(w, handle, cpu_quota=0, cpus="", swap_off=False, processes=0)
    expect.equal((seen.cpu_quota, seen.cpus, seen.swap_off, seen.processes), (0, "", False, 0))
    expect.equal(seen.memory_bytes, 64 * MIB)
    expect.equal(w.run(handle, "echo hi"), "hi\n")


@case
def the_original_requests_and_limit_set_the_same_limits(w):
    handle = w.create()
    w.c.limit_memory(handle, 64 * MIB)
    w.c.limit_cpu(handle, 512)
    seen = _limit(w, handle)
    expect.equal((seen.memory_bytes, seen.cpu_shares), (64 * MIB, 512))
    _limit(w, handle, memory_bytes=65 * MIB, cpu_shares=511)
    expect.equal((w.c.limit_memory(handle), w.c.limit_cpu(handle)), (65 * MIB, 511))


@case
def all_limits_persist_after_a_restart(w):
    handle = w.create()
    before = _limit(w, handle, memory_bytes=64 * MIB, cpu_quota=50, processes=90, cpus="0", swap_off=True, cpu_shares=7)
    for number in (signal.SIGKILL, signal.SIGTERM):
        _restart(w, number)
        expect.equal(_limit(w, handle), before)
        expect.equal(w.c.info(handle).limits, before)


@case
def an_invalid_limit_is_refused_by_its_name(w):
    handle = w.create()
    before = _limit(w, handle)
    bad = {
        "cpu_quota": (1000001, (1 << 64) - 1),
        "cpus": ("x", "0-", "-1", "1-0", "0,,1", "0 1", "0;1", "99999999999", "0" * 300, "\0", "../0"),
        "processes": (4194305, (1 << 64) - 1),
        "io_weight": (0, 10001, (1 << 64) - 1),
    }
    for name, values in bad.items():
        for value in values:
            expect.error_like(f"^{name}", _limit, w, handle, cpu_shares=5, **{name: value})
    expect.equal(_limit(w, handle), before)


@case(needs="set_limits")
def a_bandwidth_that_no_queue_can_have_becomes_the_nearest(w):
    handle = w.create()
    for rate, burst, in_force in (
        (100_000, 1000, (100_000, 1000)),  # less than a packet
        (0, 100_000, (1, 100_000)),
        (0, 0, (1, 1)),
        (100_000, 0, (100_000, 1)),
        (100_000, 1 << 32, (100_000, NO_RATE)),
        (NO_RATE - 1, NO_RATE - 1, (NO_RATE - 1, NO_RATE - 1)),
        (1 << 32, 1, (NO_RATE, NO_RATE)),
        ((1 << 64) - 1, (1 << 64) - 1, (NO_RATE, NO_RATE)),
    ):
        seen = w.c.limit_bandwidth(handle, rate, burst)
        expect.equal((seen.rate, seen.burst), in_force, f"for {rate}, {burst}")
        seen = w.c.info(handle).bandwidth_stat
        expect.equal((seen.in_rate, seen.in_burst, seen.out_rate, seen.out_burst), in_force * 2)
        seen = _limit(w, handle, bandwidth_rate=rate, bandwidth_burst=burst)
        expect.equal((seen.bandwidth_rate, seen.bandwidth_burst), in_force)


@case
def half_of_a_bandwidth_is_refused_by_its_name(w):
    handle = w.create()
    expect.error_like("^bandwidth_burst: is missing", _limit, w, handle, bandwidth_rate=100000)
    expect.error_like("^bandwidth_rate: is missing", _limit, w, handle, bandwidth_burst=100000)


@case
def create_takes_limits(w):
    limits = warden.Limits(memory_bytes=64 * MIB, cpu_shares=100, processes=80, cpu_quota=50)
    handle = w.c.call(warden.CreateRequest(limits=limits)).handle
    w.note_ids()
    for number in (None, signal.SIGKILL):
        if number:
            _restart(w, number)
        seen = _limit(w, handle)
        expect.equal((seen.memory_bytes, seen.cpu_shares, seen.processes, seen.cpu_quota), (64 * MIB, 100, 80, 50))
    expect.equal(w.run(handle, "echo hi"), "hi\n")


@case
def create_with_an_invalid_limit_makes_nothing(w):
    for limits in (warden.Limits(cpus="x"), warden.Limits(memory_bytes=64 * MIB, io_weight=0)):
        expect.error_like("^(cpus|io_weight): ", w.c.call, warden.CreateRequest(handle="h", limits=limits))
    expect.equal(w.c.list(), [])
    expect.equal(w.create(handle="h"), "h")
    expect.equal(w.c.limit_memory("h"), NO_MEMORY)


@case(backend="linux")
def create_with_a_limit_that_the_kernel_refuses_makes_nothing(w):
    limits = warden.Limits(memory_bytes=64 * MIB, cpus="8000")
    expect.error_like("^cpus: there is no such cpu: 8000$", w.c.call, warden.CreateRequest(handle="h", limits=limits))
    expect.equal(w.c.list(), [])
    expect.equal(w.create(handle="h"), "h")


@case(backend="linux")
def all_limits_are_set_or_none(w):
    handle = w.create()
    before = _limit(w, handle, cpu_shares=100, processes=90)
    expect.error_like(
        "^cpus: .*8000", _limit, w, handle, memory_bytes=64 * MIB, cpu_shares=5, processes=20, swap_off=True, cpus="8000"
    )
    expect.equal(_limit(w, handle), before)
    _restart(w)
    expect.equal(_limit(w, handle), before)


@case(backend="linux")
def a_fork_bomb_meets_the_limit_on_processes(w):
    handle = w.create()
    _limit(w, handle, processes=20)
    script = "for i in $(seq 40); do sleep 1000 & done 2>/dev/null; true"
    seen = w.c.call(warden.SpawnRequest(handle=handle, script=script.encode()))
    expect.eventually(lambda: w.c.info(handle).processes == 20, "as many as are allowed")
    _limit(w, handle, processes=25)
    w.c.stop(handle, kill=True)
    expect.equal(w.c.link(handle, seen.job_id).exit_status, 255)
    expect.equal(_limit(w, handle).processes, 25)


@case(backend="linux")
def jobs_run_only_on_the_set_of_cpus(w):
    handle = w.create()
    job = w.spawn_ready(handle, "trap 'grep Cpus_allowed_list /proc/self/status; exit' TERM; echo; while :; do sleep 0.02; done")
    _limit(w, handle, cpus="0")
    expect.matches(w.run(handle, "grep Cpus_allowed_list /proc/self/status"), r"Cpus_allowed_list:\s+0\n")
    w.c.stop(handle)
    expect.matches(w.c.link(handle, job).stdout.decode(), r"\nCpus_allowed_list:\s+0\n")


@case(backend="linux")
def a_quota_of_cpu_holds(w):
    handle = w.create()
    _limit(w, handle, cpu_quota=20)
    seen = w.c.run(handle, "timeout 2 sh -c 'while :; do :; done'; exit 0")
    used = (seen.end.user_us + seen.end.system_us) / 1e6
    expect.between(used, 0.05, 0.7, "seconds of cpu in 2 s with a quota of 20 %")


@case(backend="fake")
def of_several_disk_limits_the_last_name_wins(w):
    handle = w.create()
    seen = w.c.limit_disk(handle)
    expect.equal((seen.block_limit, seen.block, seen.block_soft, seen.block_hard), (0, 0, 0, 0))
    order = ("byte_limit", "byte", "byte_hard", "block_limit", "block", "block_hard")
    for n, name in enumerate(order):
        asked = {earlier: (i + 1) * 1024 * (1024 if earlier.startswith("byte") else 1) for i, earlier in enumerate(order[: n + 1])}
        seen = w.c.limit_disk(handle, **asked)
        expect.equal(seen.block_hard, (n + 1) * 1024, f"up to {name}")
        expect.equal((seen.block, seen.block_limit), (seen.block_hard, seen.block_hard))
        expect.equal((seen.byte, seen.byte_limit, seen.byte_hard), (seen.block_hard * 1024,) * 3)
    expect.equal(w.c.limit_disk(handle, byte=1025).block_hard, 2)
    expect.equal(w.c.limit_disk(handle, byte_soft=1, block_soft=7).block_soft, 7)
    expect.equal(w.c.limit_disk(handle, inode_limit=1, inode=2, inode_hard=3).inode, 3)
    expect.equal(w.c.limit_disk(handle, inode_soft=4).inode_soft, 4)
    _restart(w)
    seen = w.c.limit_disk(handle)
    expect.equal((seen.block_hard, seen.block_soft, seen.inode_hard, seen.inode_soft), (2, 7, 3, 4))
    expect.equal(w.c.limit_disk(handle, block=0, block_soft=0, inode=0, inode_soft=0).byte, 0)


@case(config={"server": {"quota": {"disk_quota_enabled": False}}})
def with_quota_switched_off_limit_disk_has_an_empty_answer(w):
    handle = w.create()
    expect.equal(w.c.limit_disk(handle, byte=1000), warden.LimitDiskResponse())
    expect.error_like("^disk_bytes: .*disk_quota_enabled", _limit, w, handle, disk_bytes=1000)
    expect.error_like("^disk_inodes: .*disk_quota_enabled", _limit, w, handle, disk_inodes=1000)


@case(backend="linux")
def block_io_is_limited_or_the_error_says_why_not(w):
    handle = w.create()
    for name, value, none, why in (
        ("io_weight", 200, 100, "no weights of block I/O"),
        ("io_read_rate", 10 * MIB, 0, "lies on no block device|No such device|no control groups"),
        ("io_write_rate", 10 * MIB, 0, "lies on no block device|No such device|no control groups"),
    ):
        try:
            seen = _limit(w, handle, **{name: value})
        except warden.WardenError as error:
            expect.matches(str(error), f"{name}: .*({why}).*")
            continue
        expect.equal(getattr(seen, name), value)
        _restart(w)
        expect.equal(getattr(_limit(w, handle), name), value)
        expect.equal(getattr(_limit(w, handle, **{name: none}), name), none)
    expect.equal(w.run(handle, "echo hi"), "hi\n")
