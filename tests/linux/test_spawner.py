# SPDX-License-Identifier: Apache-2.0
"""The spawner: a helper process without which the daemon cannot continue."""

import os
import signal

import expect
import kernel
from case import case


def _spawner(w):
    found = [p.pid for p in kernel.descendants(w.daemon.pid) if p.name == "warden-spawner" and p.parent == w.daemon.pid]
    expect.equal(len(found), 1, "spawners")
    return found[0]


@case(backend="linux")
def a_killed_spawner_ends_the_daemon_and_containers_continue(w):
    handle = w.create()
    job = w.c.spawn(handle, "sleep 1; echo done; exit 7")
    os.kill(_spawner(w), signal.SIGKILL)
    w.disconnect()
    expect.equal(w.daemon.wait(), 1)
    expect.contains(w.daemon.log(), "fatal the spawner (process ")
    w.daemon.start()
    expect.result(w.c.link(handle, job), 7, b"done\n")
    expect.equal(w.run(w.create(), "echo again"), "again\n")


@case(backend="linux")
def a_create_in_progress_fails_and_leaves_nothing(w):
    spawner = _spawner(w)
    os.kill(spawner, signal.SIGSTOP)
    creating = w.in_thread(w.client().create, handle="h")
    expect.eventually(lambda: os.listdir(w.daemon.depot) != ["tmp"], "the container's directory")
    os.kill(spawner, signal.SIGKILL)
    expect.error_like("the set-up of|the spawner", creating.result)
    expect.equal(w.daemon.wait(), 1)
    w.daemon.start()
    w.disconnect()
    expect.equal(w.c.list(), [])
