# SPDX-License-Identifier: Apache-2.0
"""Info: state, addresses, jobs and figures."""

import dataclasses

from case import case
import expect

NO_LIMIT = 4294967295


@case
def every_field_is_there(w):
    handle = w.create()
    info = w.c.info(handle)
    expect.equal((info.state, info.events, info.job_ids), ("active", [], []))
    expect.equal((info.host_ip, info.container_ip), ("10.254.0.1", "10.254.0.2"))
    expect.equal(info.container_path, f"{w.daemon.depot}/{handle}")


@case
def job_ids_are_those_of_jobs_that_are_not_over(w):
    handle = w.create()
    short, long = w.c.spawn(handle, "sleep 0.4"), w.c.spawn(handle, "sleep 1000")
    expect.equal(w.c.info(handle).job_ids, [short, long])
    expect.eventually(lambda: w.c.info(handle).job_ids == [long], "the end of the short one")
    w.c.stop(handle, kill=True)
    expect.equal(w.c.info(handle).job_ids, [])


@case(needs="info")
def the_figures_of_memory_are_plausible(w):
    handle = w.create()
    w.c.spawn(handle, "x=$(head -c 3000000 /dev/zero | tr '\\0' x); sleep 1000")
    memory = expect.eventually(
        lambda: (m := w.c.info(handle).memory_stat) and (m.rss or 0) > 1_000_000 and m, "resident memory of a job"
    )
    expect.between(memory.rss, 1_000_000, 1 << 30, "rss")
    if w.linux:
        expect.between(memory.hierarchical_memory_limit or (1 << 63) - 1, 1 << 40, 1 << 64, "limit")


@case(needs="info")
def the_figures_of_the_cpu_grow(w):
    handle = w.create()
    before = w.c.info(handle).cpu_stat
    w.run(handle, "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done")
    after = w.c.info(handle).cpu_stat
    expect.true(after.usage is not None, "a usage", after)
    expect.between(after.usage, (before.usage or 0) + (50_000_000 if w.linux else 0), 10**11, "ns of cpu time")
    if w.linux:
        ticks = (after.user + after.system) * 10_000_000
        expect.between(ticks, after.usage // 2, after.usage * 2, "user and system, in ns")


@case(backend="fake")
def figures_of_the_fake_backend_are_stable(w):
    handle = w.create()
    one, two = w.c.info(handle), w.c.info(handle)
    expect.equal(dataclasses.asdict(one), dataclasses.asdict(two))
    for stat in (one.memory_stat, one.cpu_stat, one.disk_stat, one.bandwidth_stat):
        expect.true(stat is not None, "all figures are there", one)


@case(backend="fake")
def bandwidth_without_a_limit_is_the_largest_number(w):
    seen = w.c.info(w.create()).bandwidth_stat
    expect.equal(dataclasses.astuple(seen), (NO_LIMIT,) * 4)


@case
def info_of_a_stopped_container_has_the_same_addresses(w):
    handle = w.create()
    before = w.c.info(handle)
    w.c.stop(handle)
    after = w.c.info(handle)
    expect.equal(
        (after.host_ip, after.container_ip, after.container_path),
        (before.host_ip, before.container_ip, before.container_path),
    )


@case
def a_thousand_infos_are_cheap(w):
    handle = w.create()
    with expect.within(5, "1,000 infos"):
        for _ in range(1000):
            w.c.info(handle)
