# SPDX-License-Identifier: Apache-2.0
"""What the cases of tests/load share."""

import collections
import os
import time

import expect
import kernel
import warden


def of_the_machine():
    """The load while a time is measured."""
    return f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"


def processes(w):
    """The number of the daemon's processes and of all others of the case, by name."""
    found = kernel.descendants(os.getpid())
    return collections.Counter(process.name for process in found if process.state not in "ZX")


def _shrinks_to_nothing(count, what, seconds=60):
    """Waits until count() is 0, however long that takes, as long as it becomes less within the time."""
    least = count()
    while least:
        end = time.monotonic() + seconds * expect.SLOWNESS
        while (now := count()) >= least:
            expect.true(time.monotonic() < end, f"{what}, or fewer within {seconds} s", f"{now} all the time")
            time.sleep(0.05)
        least = now


def nothing_is_left(w, before):
    """No container, process or file is left. The daemon is started again, so that the leak check at the end knows
    nothing of containers."""
    w.disconnect()
    expect.equal(w.c.list(), [])
    depot = w.daemon.depot
    _shrinks_to_nothing(lambda: (processes(w) - before).total(), "no process more than before")
    _shrinks_to_nothing(lambda: len(set(w.entries()) - {"tmp"}), "an empty depot")
    _shrinks_to_nothing(lambda: len(os.listdir(f"{depot}/tmp")), "an empty tmp of the depot")
    w.disconnect()
    w.daemon.restart()
    expect.equal(w.c.list(), [])


def wait_until_answered(w, seconds=120):
    """Waits until a daemon that was launched answers."""

    def answers():
        expect.true(w.daemon.alive, "the daemon runs", w.daemon.sudden_end())
        try:
            with warden.Client(w.daemon.socket, timeout=seconds * expect.SLOWNESS, reconnect=0) as client:
                client.ping()
        except (ConnectionError, FileNotFoundError):
            return False
        return True

    expect.eventually(answers, "an answer", seconds)
