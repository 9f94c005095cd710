# SPDX-License-Identifier: Apache-2.0
"""A soak: random requests of many clients, while the daemon and its spawner are killed, ended and started again.

What it does depends on the seed. Some clients know what must be true of their containers (tests/lib/tenant.py), the
others disturb them (tests/lib/storm.py).
"""

import contextlib
import os
import random
import signal
import threading
import time

import expect
import kernel
import load
import storm
import tenant
import warden
from case import case

SECONDS = float(os.environ.get("SOAK_SECONDS") or 20)
SEED = int(os.environ.get("SOAK_SEED") or time.time())
CLIENTS, DISTURBING = 16, 3


def _kill_spawner(w):
    """Kills none of its children, which have its name: one may be the first process of a container by then."""
    below = kernel.descendants(w.daemon.pid)
    zygotes = {process.pid for process in below if process.name == "warden-zygote"}
    for process in below:
        if process.name == "warden-spawner" and process.parent in zygotes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)


def _disturb(w, shared, chosen):
    """One kill or restart."""
    expect.true(w.daemon.alive, "the daemon is well", w.daemon.sudden_end())
    kind = chosen.choice(("kill", "kill", "end", "spawner"))
    shared.note("all", kind)
    shared.counts[kind] += 1
    if kind == "spawner":
        shared.spawner_until = float("inf")
        _kill_spawner(w)
        shared.spawner_until = time.monotonic() + 2 * expect.SLOWNESS
        return
    shared.kills += kind == "kill"
    if kind == "kill":
        w.daemon.kill()
    else:
        w.daemon.stop(seconds=40 * expect.SLOWNESS)
    time.sleep(chosen.choice((0, 0, 0.3)))
    w.daemon.start()
    shared.note("all", "started")
    expect.true(not os.path.exists(f"{w.daemon.depot}/damaged"), "nothing is set aside", "the log says what")


def _note_ids(w, shared):
    w.note_ids()
    while not shared.ids.empty():
        w.ids.add(shared.ids.get())


def _destroy_the_rest(w):
    """Removes the containers of the clients that disturb."""
    with w.client() as client:
        for handle in client.list():
            try:
                client.destroy(handle)
            except warden.WardenError as error:
                expect.equal(str(error), "unknown handle")


@case(limit=4 * SECONDS + 240, slow=True)
def what_was_acknowledged_is_true_over_kills_and_nothing_is_left(w):
    print(f"{w.backend} soak: seed {SEED}, {SECONDS:g} s", flush=True)
    processes = load.processes(w)
    shared, chosen = tenant.Shared(SEED), random.Random(f"{SEED}/restarts")
    end = time.monotonic() + SECONDS
    tenants = [tenant.Tenant(w, shared, number) for number in range(CLIENTS - DISTURBING)]
    others = [storm.Client(w, f"{SEED}/storm/{number}") for number in range(DISTURBING)]
    threads = [threading.Thread(target=each.live, args=(end,), daemon=True) for each in tenants]
    threads += [threading.Thread(target=each.run, args=(end, 1 << 40), daemon=True) for each in others]
    for thread in threads:
        thread.start()
    try:
        while time.monotonic() < end and not shared.failure:
            time.sleep(chosen.uniform(0.5, 2.5))
            _note_ids(w, shared)
            _disturb(w, shared, chosen)
    except expect.Failure as failure:
        shared.fail("all", failure)
    for thread in threads:
        thread.join()
    print(f"{w.backend} soak: {' '.join(f'{n} {name}' for name, n in sorted(shared.counts.items()))}", flush=True)
    if shared.failure:
        words = [each for each in shared.suspects if each] + [" recovered", "set aside", "removing it", "container is dead"]
        lines = [line for line in w.daemon.log().splitlines() if any(word in line for word in words)]
        raise expect.Failure("\n".join((shared.failure, "the daemon's log of its containers:", *lines[-60:])))
    _note_ids(w, shared)
    _destroy_the_rest(w)
    load.nothing_is_left(w, processes)
