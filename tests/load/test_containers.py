# SPDX-License-Identifier: Apache-2.0
"""Many containers at once: made, used over a restart, and destroyed."""

import contextlib
import os
import queue
import threading
import time

import expect
import load
import warden
from case import case

CONTAINERS = int(os.environ.get("LOAD_CONTAINERS") or 1000)
CLIENTS = 8


@contextlib.contextmanager
def _timed(w, what):
    start = time.monotonic()
    yield
    seconds = time.monotonic() - start
    print(f"{w.backend} load: {what} {CONTAINERS} containers: {seconds:.2f} s ({load.of_the_machine()})", flush=True)


def _for_each(w, handles, function):
    """Calls function(client, handle) for each handle, by several clients."""
    todo, failed = queue.SimpleQueue(), []
    for handle in handles:
        todo.put(handle)

    def work():
        try:
            with warden.Client(w.daemon.socket, timeout=120 * expect.SLOWNESS, reconnect=0) as client:
                while not failed:
                    function(client, todo.get_nowait())
        except queue.Empty:
            pass
        except Exception as error:  # the case raises it
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


@case(limit=120 + CONTAINERS, slow=True, alone=True)
def all_of_many_containers_are_used_over_a_restart_and_nothing_is_left(w):
    processes = load.processes(w)
    handles = [f"h{number}" for number in range(CONTAINERS)]
    jobs = {}

    def make(client, handle):
        client.create(handle=handle, grace_time=-1)
        jobs[handle] = client.spawn(handle, argv=["cat"], stdin=True)
        client.job_input(handle, jobs[handle], b"before\n")

    def use(client, handle):
        client.job_input(handle, jobs[handle], f"{handle}\n".encode(), end=True)
        expect.result(client.link(handle, jobs[handle]), 0, f"before\n{handle}\n".encode())
        expect.result(client.run(handle, "echo again; exit 3"), 3, b"again\n")

    with _timed(w, "create"):
        _for_each(w, handles, make)
    w.note_ids()
    expect.equal(len(w.c.list()), CONTAINERS)
    w.disconnect()
    w.daemon.kill()
    w.daemon.launch()
    with _timed(w, "restart with"):
        load.wait_until_answered(w)
    expect.equal({entry.info.state for entry in w.c.info_many()}, {"active"})
    expect.equal(sorted(w.c.list()), sorted(handles))
    with _timed(w, "use"):
        _for_each(w, handles, use)
    with _timed(w, "destroy"):
        _for_each(w, handles, lambda client, handle: client.destroy(handle))
    with _timed(w, "remove the files of"):
        load.nothing_is_left(w, processes)
