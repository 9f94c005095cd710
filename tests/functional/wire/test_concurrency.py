# SPDX-License-Identifier: Apache-2.0
"""Many requests and clients at the same time."""

import threading
import time

from case import case
import expect
import kernel


def _many(count, function):
    """Calls function(n) in `count` threads; raises the exception of the first that failed."""
    errors = []

    def call(n):
        try:
            function(n)
        except BaseException as error:  # handed on below
            errors.append(error)

    threads = [threading.Thread(target=call, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@case(limit=60, slow=True)
def eight_clients_create_run_and_destroy_at_once(w):
    end = time.monotonic() + 4
    lives = [0] * 8

    def live(n):
        client = w.client()
        while time.monotonic() < end:
            handle = w.create(client)
            expect.result(client.run(handle, f"echo {n}"), 0, b"%d\n" % n)
            client.destroy(handle)
            lives[n] += 1

    w.c.destroy(w.create())
    before = kernel.resident(w.daemon.pid)
    _many(8, live)
    expect.equal(w.c.list(), [])
    expect.true(all(lives), "each client made some", lives)
    if not w.sanitized:
        expect.between(kernel.resident(w.daemon.pid) - before, -4 << 20, 4 << 20, "bytes more")


@case(limit=60)
def eight_clients_work_in_one_container(w):
    handle = w.create()

    def work(n):
        client = w.client()
        for nth in range(20):
            expect.result(client.run(handle, f"echo {n}.{nth}; exit {n}"), n, b"%d.%d\n" % (n, nth))

    _many(8, work)
    expect.equal(w.c.info(handle).job_ids, [])


@case(limit=60)
def creates_at_once_get_different_resources(w):
    handles = []

    def create(_):
        client = w.client()
        for _ in range(5):
            handles.append(w.create(client))

    _many(8, create)
    expect.equal(len(set(handles)), 40, "different handles")
    addresses = {w.c.info(handle).container_ip for handle in handles}
    expect.equal(len(addresses), 40, "different addresses")
    expect.equal(sorted(w.c.list()), sorted(handles))


@case(limit=60)
def one_handle_is_created_once(w):
    made = []

    def create(_):
        client = w.client()
        try:
            made.append(w.create(client, handle="same"))
        except Exception as error:
            expect.equal(str(error), "container with handle: same already exists.")

    for _ in range(10):
        made.clear()
        _many(8, create)
        expect.equal(made, ["same"])
        w.c.destroy("same")


@case(limit=60)
def destroys_and_requests_for_one_container_are_consistent(w):
    for _ in range(10):
        handle = w.create()

        def trouble(n, handle=handle):
            client = w.client()
            try:
                for _ in range(10):
                    if n == 0:
                        time.sleep(0.01)
                        client.destroy(handle)
                    elif n % 2:
                        client.run(handle, "echo x")
                    else:
                        client.info(handle)
            except Exception as error:
                expect.true(
                    str(error) == "unknown handle" or "current state is" in str(error) or str(error) == "no such job",
                    "unknown handle, a state or no such job",
                    repr(error),
                )

        _many(6, trouble)
        expect.equal(w.c.list(), [])


@case(limit=60)
def a_kill_under_load_loses_no_container(w):
    kept = [w.create(handle=f"kept{n}", grace_time=-1) for n in range(5)]
    stop = threading.Event()

    def load(n):
        while not stop.is_set():
            try:
                client = w.client()
                handle = w.create(client, grace_time=0)
                client.run(handle, "echo x")
                client.destroy(handle)
                client.close()
            except (OSError, expect.warden.WardenError):
                time.sleep(0.01)

    loader = threading.Thread(target=_many, args=(4, load))
    loader.start()
    time.sleep(0.7)
    w.daemon.kill()
    stop.set()
    loader.join()
    w.disconnect()
    w.daemon.start()
    left = w.c.list()
    expect.equal([h for h in left if h in kept], kept)
    for handle in kept:
        expect.result(w.c.run(handle, "echo here"), 0, b"here\n")
