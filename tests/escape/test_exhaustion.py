# SPDX-License-Identifier: Apache-2.0
"""A container uses up what it can: the host, the daemon and a second container go on. Each load is limited in count and
time, and the daemon with its containers in memory."""

import expect
from case import case
from memory_group import daemon_in

MIB = 1 << 20
NO_LIMIT = 9223372036854771712

# 150 processes that each keep 4 MiB.
BOMB = "exec probe_exhaust memory 150 4096 15"


def _kills(w, handle):
    return w.c.info(handle).oom_kills or 0


def _explode(w, handle, **fields):
    """Starts the bomb and waits until the kernel has killed processes of it."""
    job = w.c.spawn(handle, BOMB, **fields)
    expect.eventually(lambda: _kills(w, handle) >= 3, "three processes were killed", 40)
    return job


def _serves(w):
    """A second container is made and runs."""
    other = w.create()
    expect.equal(w.run(other, "echo fine"), "fine\n")
    w.c.destroy(other)


@case(backend="linux", daemon=False, limit=120)
def a_container_without_a_limit_reaches_its_bound_alone(w):
    """150 processes of 4 MiB in a container without limits; the kernel's first victim was the daemon."""
    with daemon_in(w, 512):
        for privileged in (False, True):
            handle, other = w.create(), w.create()
            bystander = w.c.spawn(other, "sleep 60")
            expect.equal(w.c.limit_memory(handle), NO_LIMIT)
            job = _explode(w, handle, privileged=privileged)
            _serves(w)
            seen = w.c.info(handle)
            expect.equal((seen.state, seen.events), ("active", []))
            expect.equal(w.c.limit_memory(handle), NO_LIMIT)
            w.c.destroy(handle)
            expect.equal(_kills(w, other), 0)
            expect.equal(w.c.info(other).job_ids, [bystander])
            w.c.destroy(other)
            expect.true(job and w.daemon.alive, "the daemon lives")


@case(backend="linux", daemon=False, limit=120, config={"linux": {"memory_bound": "none", "memory_bound_all": "none"}})
def without_bounds_the_kernel_kills_in_the_container_first(w):
    """The same without any bound: the score of a container's processes is higher than the daemon's."""
    with daemon_in(w, 384):
        for privileged in (False, True):
            handle = w.create()
            _explode(w, handle, privileged=privileged)
            _serves(w)
            expect.equal(w.c.info(handle).state, "active")
            w.c.destroy(handle)
            expect.true(w.daemon.alive, "the daemon lives")
