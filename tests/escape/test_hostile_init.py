# SPDX-License-Identifier: Apache-2.0
"""A process 1 that is hostile, in place of wshd: what it sends, what it lists, what it leaves unsaid. The daemon has one
error for each such container and serves the others; its descriptors and its memory are as before."""

import contextlib
import re
import signal
import threading
import time

import expect
import kernel
import warden
from case import case

MIB = 1 << 20
# Not one answer: a request that needs process 1 ends with the container.
SILENT = ("deaf", "hello")
MESSAGES = ("close", "empty", "short", "long", "unknown-0", "unknown-16", "unknown-9999", "unasked", "flood-200000")
LISTS = ("numbers", "list-200000", "steps-4000", "endless", "pipes-20000")


class _Others:
    """Another client with another container, all the while."""

    def __init__(self, w, handle):
        self.served, self.slowest, self.error = 0, 0.0, ""
        self._world, self._handle, self._goes_on = w, handle, True
        self._thread = threading.Thread(target=self._run)

    def _serve(self, client):
        while self._goes_on:
            start = time.monotonic()
            client.ping()
            expect.equal(client.run(self._handle, "echo fine").stdout, b"fine\n")
            self.slowest = max(self.slowest, time.monotonic() - start)
            self.served += 1

    def _run(self):
        try:
            while self._goes_on:
                with contextlib.suppress(OSError), warden.Client(self._world.daemon.socket, timeout=60) as client:
                    self._serve(client)  # until the daemon is restarted
        except Exception as error:  # reported by the case
            self.error = repr(error)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._goes_on = False
        self._thread.join()


@contextlib.contextmanager
def _serves_others(w, neighbour, what):
    before = kernel.resident(w.daemon.pid)
    with _Others(w, neighbour) as others:
        yield
        expect.eventually(lambda: others.served >= 3 or others.error, f"others are served: {what}", 20)
    expect.equal(others.error, "", what)
    expect.duration(others.slowest, 2, f"a job of another container beside {what}")
    grown = kernel.resident(w.daemon.pid) - before
    expect.true(grown < 24 * MIB, f"the daemon's memory stays: {what}", f"{grown / MIB:.1f} MiB more")


def _start_hostile(w):
    """A container with wshd, then a daemon whose containers have the hostile process."""
    neighbour = w.create(grace_time=-1)
    w.daemon.settings["linux"]["wshd"] = f"{w.rootfs}/bin/probe_init"
    w.daemon.restart()
    w.disconnect()
    return neighbour


def _provoke(w, handle):
    """Requests that reach process 1, each from a client that gives up."""
    requests = (
        warden.SpawnRequest(handle=handle, script=b"true"),
        warden.RunRequest(handle=handle, script=b"true"),
        warden.RunRequest(handle=handle, script=b"true", terminal=True, privileged=True),
        warden.InfoRequest(handle=handle),
        warden.JobsRequest(handle=handle),
    )
    for request in requests:
        with warden.Client(w.daemon.socket, timeout=0.3) as client, contextlib.suppress(warden.WardenError, OSError):
            client.call(request)


def _end(w, handle):
    with expect.within(10, "stop and destroy"):
        with contextlib.suppress(warden.WardenError):
            w.c.stop(handle, kill=True)
        if handle in w.c.list():
            w.c.destroy(handle)


def _killed(pid):
    """Whether a process has got SIGKILL; it may wait in its exit for its own file server."""
    pending = re.search(r"ShdPnd:\t([0-9a-f]+)", kernel.read(f"/proc/{pid}/status"))
    return kernel.gone(pid) or (pending is not None and bool(int(pending[1], 16) & 1 << signal.SIGKILL - 1))


@case(backend="linux", limit=120)
def what_process_1_sends_harms_its_container_alone(w):
    """Messages of process 1: none, empty, short, long, unknown, unasked, 200,000 ends of jobs that never were."""
    neighbour = _start_hostile(w)
    created = []
    for kind in (*SILENT, *MESSAGES):
        with _serves_others(w, neighbour, kind):
            try:
                handle = w.create(hostname=kind)
            except warden.WardenError:
                continue
            created.append(kind)
            _provoke(w, handle)
            _end(w, handle)
        expect.equal(w.c.list(), [neighbour])
    expect.true(len(created) >= 9, "9 of 11 containers at least", created)


@case(backend="linux", limit=120)
def descriptors_of_process_1_are_checked(w):
    """SCM_RIGHTS: files, directories, sockets, terminals, epoll, FUSE, wrong ends, 0 to 253 of them, asked and unasked."""
    neighbour = _start_hostile(w)
    created = []
    for number in range(14):
        with _serves_others(w, neighbour, f"descriptors {number}"):
            try:
                handle = w.create(hostname=f"descriptors-{number}", grace_time=-1)
            except warden.WardenError:
                continue
            created.append(number)
            _provoke(w, handle)
            init = w.init_of(handle)
            w.daemon.restart()
            w.disconnect()
            if number == 13:
                # One that waits in close(2) for the container's file server does not come to this.
                expect.eventually(lambda init=init: _killed(init), "process 1 is killed as hostile")
            time.sleep(0.2)
            _end(w, handle)
        expect.equal(w.c.list(), [neighbour])
    expect.true(len(created) >= 12, "12 of 14 containers at least", created)


@case(backend="linux", limit=120, long=True)
def what_process_1_lists_is_bounded(w):
    """Jobs that process 1 lists to a new daemon: without end, with pipes, with numbers that leave none for others."""
    neighbour = _start_hostile(w)
    for kind in LISTS:
        handle = w.create(hostname=kind, grace_time=-1)
        last = w.c.spawn(neighbour, "true")
        w.daemon.restart()
        w.disconnect()
        with _serves_others(w, neighbour, kind):
            time.sleep(1)
            expect.true(len(kernel.descriptors(w.daemon.pid)) < 500, f"descriptors of the daemon: {kind}")
            expect.between(w.c.spawn(neighbour, "true"), last + 1, last + (1 << 17), f"number of a job after {kind}")
            _provoke(w, handle)
            _end(w, handle)
        expect.equal(w.c.list(), [neighbour])
