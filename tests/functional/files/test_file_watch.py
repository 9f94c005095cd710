# SPDX-License-Identifier: Apache-2.0
"""FileWatch: changes as they happen."""

import os
import signal
import time

import expect
import kernel
import warden
from case import case

CREATED, MODIFIED, REMOVED, ATTRIBUTES, MISSED, ENDED, WATCHING = warden.Change


class Watch:
    """A watch on its own connection."""

    def __init__(self, w, handle, path):
        self.client = w.client()
        self.client.send(warden.FileWatchRequest(handle=handle, path=path))
        self.expect((WATCHING, None))

    def next(self):
        """The next answer."""
        answer = self.client.receive()
        return answer.change, answer.name

    def expect(self, *changes):
        """Expects these answers next."""
        expect.equal([self.next() for _ in changes], list(changes))

    def until(self, change):
        """All answers up to this one."""
        seen = []
        while not seen or seen[-1] != change:
            seen.append(self.next())
        return seen


@case
def changes_in_a_directory_are_reported(w):
    handle = w.create()
    w.run(handle, "mkdir d")
    watch = Watch(w, handle, "d")
    w.run(handle, "echo x > d/f")
    watch.expect((CREATED, "f"), (MODIFIED, "f"))
    w.run(handle, "chmod 600 d/f")
    watch.expect((ATTRIBUTES, "f"))
    w.run(handle, "mv d/f d/g; mkdir d/sub; rm d/g")
    watch.expect((REMOVED, "f"), (CREATED, "g"), (CREATED, "sub"), (REMOVED, "g"))
    w.c.call(warden.FileWriteRequest(handle=handle, path="d/h", data=b"x"))
    expect.contains(watch.until((CREATED, "h")), (CREATED, "h"))


@case
def a_file_is_not_reported_before_it_has_its_name(w):
    handle = w.create()
    w.run(handle, "mkdir d")
    watch = Watch(w, handle, "d")
    for data in (b"one", b"two"):
        w.c.call(warden.FileWriteRequest(handle=handle, path="d/f", data=data))
    w.run(handle, "touch 'd/#12'; touch d/end")
    seen = watch.until((CREATED, "end"))
    expect.contains(seen, (CREATED, "f"))
    expect.contains(seen, (CREATED, "#12"))
    w.run(handle, "echo x > 'd/#12'; echo x > d/end")
    seen += watch.until((MODIFIED, "end"))
    expect.contains(seen, (MODIFIED, "#12"))
    expect.equal([name for _, name in seen if name[:1] == "#" and name != "#12"], [])


@case
def changes_of_a_file_are_reported(w):
    handle = w.create()
    w.run(handle, "echo x > f")
    watch = Watch(w, handle, "f")
    w.run(handle, "echo y >> f")
    watch.expect((MODIFIED, None))
    w.run(handle, "rm f")
    watch.until((ENDED, None))
    expect.equal(watch.client.echo("x"), b"x", "the connection goes on")


@case
def a_watch_ends_when_its_path_is_removed(w):
    handle = w.create()
    w.run(handle, "mkdir d e")
    gone, moved = Watch(w, handle, "d"), Watch(w, handle, "e")
    w.run(handle, "rmdir d; mv e f")
    gone.until((ENDED, None))
    moved.until((ENDED, None))
    w.run(handle, "mkdir d")
    lives = Watch(w, handle, "d")
    w.c.stop(handle)
    w.c.destroy(handle)
    lives.until((ENDED, None))


@case
def a_client_that_disconnects_ends_its_watch(w):
    handle = w.create()
    watch = Watch(w, handle, ".")
    expect.equal(len(transfers(w)), 1)
    watch.client.close()
    expect.eventually(lambda: not transfers(w), "the end of its process")


def transfers(w):
    """The processes that move files."""
    return kernel.transfers(w.daemon.pid)


@case(long=True)
def a_slow_client_gets_missed(w):
    handle = w.create()
    w.run(handle, "mkdir d")
    watch = Watch(w, handle, "d")
    (pid,) = transfers(w)
    kernel.halt(pid)
    w.run(handle, "cd d; i=0; while [ $i -lt 9000 ]; do : > $i; : > $((i + 1)); i=$((i + 2)); done; rm *")
    os.kill(pid, signal.SIGCONT)
    watch.until((MISSED, None))
    w.run(handle, "touch d/last")
    watch.until((CREATED, "last"))


@case(limit=90, long=True)
def a_client_that_does_not_read_costs_little_memory_and_delays_no_other(w):
    handle = w.create()
    w.run(handle, "mkdir d")
    watch = Watch(w, handle, "d")
    one, other = "a" * 200, "b" * 200
    before = kernel.resident(w.daemon.pid)
    loop = f"cd d; i=0; while [ $i -lt 20000 ]; do echo x > {one}; echo x > {other}; i=$((i + 1)); done"
    job = w.c.spawn(handle, loop)
    served = 0
    while w.c.call(warden.JobsRequest(handle=handle)).jobs[-1].running:
        expect.equal(w.c.echo("x"), b"x")
        served += 1
        time.sleep(0.02)
    expect.true(served > 0, "requests are answered meanwhile", served)
    expect.result(w.c.link(handle, job), 0)
    grown = kernel.resident(w.daemon.pid) - before
    expect.true(grown < 8 << 20, "the daemon grows by less than 8 MiB", grown)
    watch.until((MISSED, None))
    w.run(handle, "touch d/last")
    watch.until((CREATED, "last"))


@case
def a_path_that_cannot_be_watched_is_an_error(w):
    handle = w.create()
    w.run(handle, "ln -s /nowhere link")
    for path in ("missing", "link", "../../../../../nowhere"):
        request = warden.FileWatchRequest(handle=handle, path=path)
        expect.error_like("watch .*: No such file", w.c.call, request)
    expect.error("unknown handle", w.c.call, warden.FileWatchRequest(handle="nobody", path="x"))


@case
def a_drain_ends_watches_at_once(w):
    handle = w.create()
    watch = Watch(w, handle, ".")
    os.kill(w.daemon.pid, signal.SIGTERM)
    expect.eventually(lambda: not w.daemon.alive, "the daemon's end")
    watch.client.close()
    w.disconnect()
    w.daemon.start()
    w.run(handle, "echo fine")


@case
def a_destroy_ends_a_watch_whose_client_does_not_read(w):
    handle = w.create()
    w.run(handle, "mkdir d")
    watch = Watch(w, handle, "d")
    name = "a_name_that_is_long_enough_to_fill_the_buffers_soon_"
    w.run(handle, f"cd d; i=0; while [ $i -lt 3000 ]; do : > {name}$i; i=$((i + 1)); done; rm *")
    w.c.call(warden.DestroyRequest(handle=handle))
    expect.eventually(lambda: not transfers(w), "the end of its process")
    watch.client.close()
