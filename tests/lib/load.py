# SPDX-License-Identifier: Apache-2.0
"""What the cases of tests/load share."""

import collections
import os

import expect
import kernel
import warden


def processes(w):
    """The number of the daemon's processes and of all others of the case, by name."""
    found = kernel.descendants(os.getpid())
    return collections.Counter(process.name for process in found if process.state not in "ZX")


def nothing_is_left(w, before):
    """No container, process or file is left. The daemon is started again, so that the leak check at the end knows
    nothing of containers."""
    w.disconnect()
    expect.equal(w.c.list(), [])
    expect.eventually(lambda: not processes(w) - before, "no process more than before", 30)
    expect.eventually(lambda: set(os.listdir(w.daemon.depot)) <= {"tmp"}, "an empty depot", 60)
    expect.eventually(lambda: not os.listdir(f"{w.daemon.depot}/tmp"), "an empty tmp of the depot", 60)
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
