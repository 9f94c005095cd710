# SPDX-License-Identifier: Apache-2.0
"""The spawner, which forks set-ups of containers and transfers, and its parent, which forks spawners."""

import os
import signal
import time

import expect
import kernel
import warden
from case import case


def _helper(w, name):
    """The pid of the one process of this name; a fresh child bears its parent's name until it executes."""
    found = {p.pid: p.parent for p in kernel.descendants(w.daemon.pid) if p.name == name}
    first = [pid for pid, parent in found.items() if parent not in found]
    expect.equal(len(first), 1, f"processes named {name}")
    return first[0]


def _kill(pid):
    os.kill(pid, signal.SIGKILL)
    expect.eventually(lambda: kernel.gone(pid), f"the end of process {pid}")


@case
def one_that_is_killed_is_started_again_and_containers_live_on(w):
    handle = w.create()
    job = w.c.spawn(handle, "sleep 1; echo done; exit 7")
    for _ in range(3):
        _kill(_helper(w, "warden-spawner"))
        source = w.file("source", "text\n")
        w.c.copy_in(handle, source, "copied")
        expect.equal(w.run(handle, "cat copied"), "text\n")
    expect.result(w.c.link(handle, job), 7, b"done\n")
    expect.equal(w.run(w.create(), "echo again"), "again\n")


@case(backend="linux")
def the_log_names_the_one_that_was_killed_and_the_new_one(w):
    spawner = _helper(w, "warden-spawner")
    _kill(spawner)
    w.create()
    new = _helper(w, "warden-spawner")
    expect.contains(w.daemon.log(), f"the spawner (process {spawner}) was killed; process {new} is the new one")


@case(backend="linux")
def without_its_parent_it_goes_on_and_without_both_creates_fail(w):
    handle = w.create()
    zygote, spawner = _helper(w, "warden-zygote"), _helper(w, "warden-spawner")
    os.kill(zygote, signal.SIGKILL)
    expect.eventually(lambda: f"parent (process {zygote}) was killed" in w.daemon.log(), "a line in the log")
    expect.equal(w.run(w.create(), "echo second"), "second\n")
    _kill(spawner)
    text = expect.error_like("the spawner", w.create)
    expect.contains(text, f"(process {spawner}) and its parent (process {zygote}) have ended: restart the daemon")
    expect.equal(w.run(handle, "echo first"), "first\n")
    w.disconnect()
    w.daemon.restart()
    expect.equal(w.run(handle, "echo restored"), "restored\n")
    expect.equal(w.run(w.create(), "echo third"), "third\n")


@case(backend="linux")
def a_create_that_is_under_way_names_it_or_succeeds_with_the_next_one(w):
    spawner = _helper(w, "warden-spawner")
    kernel.halt(spawner)
    creating = w.in_thread(w.client().create, handle="h")
    expect.eventually(lambda: w.entries() != ["tmp"], "the container's directory")
    time.sleep(0.3)
    os.kill(spawner, signal.SIGKILL)
    try:
        expect.equal(creating.result(), "h")  # the request was not sent before
    except warden.WardenError as error:
        expect.contains(str(error), "or the spawner that was to start it, was killed")
        expect.equal(w.c.list(), [])
    expect.equal(w.run(w.create(), "echo next"), "next\n")
