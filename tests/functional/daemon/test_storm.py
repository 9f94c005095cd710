# SPDX-License-Identifier: Apache-2.0
"""Many clients send random requests and disconnect at any moment, and the daemon is killed meanwhile."""

import threading
import time

import warden
from case import case
import expect
import storm


def _storm(w, seed, clients=6, seconds=2.0, most=300):
    end = time.monotonic() + seconds
    made = [storm.Client(w, seed * 100 + n) for n in range(clients)]
    threads = [threading.Thread(target=client.run, args=(end, most)) for client in made]
    for thread in threads:
        thread.start()
    return made, threads


def _nothing_is_left(w):
    w.note_ids()
    with w.client() as client:
        for handle in client.list():
            try:
                client.destroy(handle)
            except warden.WardenError as error:
                expect.equal(str(error), "unknown handle")
        expect.equal(client.list(), [])


@case(limit=120, slow=True)
def a_storm_of_requests_over_kills_leaves_nothing(w):
    for seed in range(3):
        _, threads = _storm(w, seed)
        for _ in range(2):
            time.sleep(0.7)
            w.note_ids()
            expect.true(w.daemon.alive, "the daemon is well", w.daemon.sudden_end())
            w.daemon.restart()
        for thread in threads:
            thread.join()
        expect.true(w.daemon.alive, "the daemon is well", w.daemon.sudden_end())
    _nothing_is_left(w)


@case(limit=120, slow=True)
def a_storm_of_requests_over_drains_leaves_nothing(w):
    for seed in range(10, 12):
        _, threads = _storm(w, seed)
        time.sleep(1.2)
        w.note_ids()
        w.daemon.stop(seconds=40)
        w.daemon.start()
        for thread in threads:
            thread.join()
    _nothing_is_left(w)
