# SPDX-License-Identifier: Apache-2.0
"""Creates that hang or run out of something: they fail within their limit and leave nothing."""

import os
import resource
import signal

import warden
from case import case
import expect
import kernel

SHORT = {"server": {"create_timeout": 1}}


def _spawner(w):
    (zygote,) = [p.pid for p in kernel.descendants(w.daemon.pid) if p.name == "warden-zygote"]
    return _spawned_by(zygote)


def _spawned_by(pid):
    (found,) = [p.pid for p in kernel.descendants(pid) if p.name == "warden-spawner" and p.parent == pid]
    return found


def _nothing_is_left(w):
    expect.eventually(lambda: w.entries() == ["tmp"], "an empty depot")
    expect.eventually(lambda: os.listdir(f"{w.daemon.depot}/tmp") == [], "an empty tmp")


@case(backend="linux", config=SHORT)
def a_spawner_that_stands_still_fails_a_create(w):
    spawner = _spawner(w)
    kernel.halt(spawner)
    try:
        expect.error_like("made no progress for 1 s: the spawner stands still", w.c.create, handle="h")
        _nothing_is_left(w)
    finally:
        os.kill(spawner, signal.SIGCONT)
    expect.equal(w.run(w.create(handle="h"), "echo again"), "again\n")


@case(backend="linux", config=SHORT)
def a_spawner_that_stands_still_does_not_keep_the_daemon_from_its_end(w):
    handle = w.create()
    kernel.halt(_spawner(w))
    w.disconnect()
    w.daemon.stop(signal.SIGTERM)
    w.daemon.start()
    expect.equal(w.run(handle, "echo still"), "still\n")


@case(backend="linux", daemon=False, config=SHORT)
def a_set_up_that_stands_still_is_killed(w):
    script = "#!/bin/sh\n[ -e $0.off ] || touch $0.on\nwhile [ ! -e $0.off ]; do sleep 0.01; done\n"
    hook = w.file("hook", script, 0o755)
    w.daemon.settings["hooks"] = {"child_before_pivot": hook}
    w.daemon.start()
    creating = w.in_thread(w.client().create, handle="h")
    expect.eventually(lambda: os.path.exists(f"{hook}.on"), "the hook")
    child = _spawned_by(_spawner(w))
    kernel.halt(child)
    w.file("hook.off")
    expect.error_like("made no progress for 1 s", creating.result)
    expect.true(kernel.gone(child), "the end of the set-up child")
    _nothing_is_left(w)
    expect.equal(w.run(w.create(handle="h"), "echo again"), "again\n")


@case(backend="linux", limit=60)
def one_that_has_too_few_descriptors_tells_so_and_leaves_nothing(w):
    w.c.destroy(w.create())
    limits = resource.prlimit(w.daemon.pid, resource.RLIMIT_NOFILE)
    refused = 0
    for spare in range(60):
        _nothing_is_left(w)
        used = max(kernel.descriptors(w.daemon.pid))
        resource.prlimit(w.daemon.pid, resource.RLIMIT_NOFILE, (used + 1 + spare, limits[1]))
        try:
            w.c.destroy(w.c.create())
            break
        except warden.WardenError as error:
            refused += 1
            expect.contains(str(error).lower(), "too many open files")
        finally:
            resource.prlimit(w.daemon.pid, resource.RLIMIT_NOFILE, limits)
    expect.between(refused, 1, 59, "creates that were refused")
    w.create()
