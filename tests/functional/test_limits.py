# SPDX-License-Identifier: Apache-2.0
"""Limits: each is set, lowered, raised, answered as it is in force, and holds after a restart."""

import signal

import warden
from case import case
import expect

NO_MEMORY = 9223372036854771712
MIB = 1 << 20


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
def more_memory_than_there_can_be_is_unlimited(w):
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
def limits_hold_after_a_restart(w):
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
def limits_of_one_are_not_those_of_another(w):
    one, two = w.create(), w.create()
    w.c.limit_memory(one, 64 * MIB)
    w.c.limit_cpu(two, 5)
    expect.equal((w.c.limit_memory(one), w.c.limit_memory(two)), (64 * MIB, NO_MEMORY))
    expect.equal((w.c.limit_cpu(one), w.c.limit_cpu(two)), (1024, 5))


@case
def many_at_once_leave_the_last(w):
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
def the_fake_one_fails_as_configured(w):
    handle = w.create()
    expect.error("fake: limit_memory fails as configured", w.c.limit_memory, handle)
    expect.error("fake: limit_cpu fails as configured", w.c.call, warden.LimitCpuRequest(handle=handle))
