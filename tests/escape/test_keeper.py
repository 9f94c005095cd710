# SPDX-License-Identifier: Apache-2.0
"""The limits of a job hold although its keeper is hindered: it is a process of the container, whose root may signal it."""

import os
import signal

import expect
import kernel
import warden
from case import case


def _children(pid):
    return [int(child) for child in kernel.read(f"/proc/{pid}/task/{pid}/children").split()]


def _is_empty(w, handle, but=0):
    """Waits until only process 1 and `but` others are left."""
    expect.eventually(lambda: w.c.info(handle).processes == 1 + but, "no process of the job is left", 20)


def _run(w, handle, script, **fields):
    with expect.within(20, "the job is over"):
        return w.c.run(handle, script, timeout=1, **fields)


@case(backend="linux", limit=120)
def a_job_whose_root_kills_its_keeper_ends(w):
    """The keeper of a job enforces its limits of time; root inside kills it, also behind processes that leave the
    session and their parents."""
    handle = w.create()
    bystander = w.c.spawn(handle, "exec sleep 100")
    for script in (
        "kill -9 $PPID; sleep 100",
        "kill -9 $PPID; sleep 100 >/dev/null 2>&1 </dev/null &",
        "for i in 1 2 3 4; do (setsid sh -c '(sleep 100 &) ; sleep 100' >/dev/null 2>&1 &); done; kill -9 $PPID; sleep 100",
    ):
        seen = _run(w, handle, script, privileged=True)
        expect.contains((warden.Reason.SIGNAL, warden.Reason.WALL_TIME), seen.end.reason, "reason")
        _is_empty(w, handle, 2)
        seen = _run(w, handle, script)
        expect.contains((warden.Reason.WALL_TIME, warden.Reason.EXITED), seen.end.reason, "reason")
        _is_empty(w, handle, 2)
    expect.equal(w.c.info(handle).job_ids, [bystander])
    expect.equal(w.run(handle, "echo fine"), "fine\n")


@case(backend="linux", limit=120)
def a_job_whose_root_stops_its_keeper_ends(w):
    """A keeper that root inside stops, once or for ever, enforces nothing."""
    handle = w.create()
    bystander = w.c.spawn(handle, "exec sleep 100")
    seen = _run(w, handle, "kill -STOP $PPID; sleep 100", privileged=True)
    expect.equal(seen.end.reason, warden.Reason.WALL_TIME)
    _is_empty(w, handle, 2)
    seen = _run(w, handle, "while :; do kill -STOP $PPID; done", privileged=True)
    expect.contains((warden.Reason.SIGNAL, warden.Reason.WALL_TIME), seen.end.reason, "reason")
    _is_empty(w, handle, 2)
    seen = _run(w, handle, "kill -STOP $PPID; sleep 100")
    expect.equal(seen.end.reason, warden.Reason.WALL_TIME)
    _is_empty(w, handle, 2)
    expect.equal(w.c.info(handle).job_ids, [bystander])


@case(backend="linux", limit=120)
def the_daemon_ends_a_job_that_its_keeper_does_not_end(w):
    """Keeper and process 1 stand still, as a hostile one would, also when the daemon is restarted meanwhile: the
    daemon's own deadline ends the job."""
    for restart in (False, True):
        handle, other = w.create(), w.create()
        # A restart has to be over before the deadline: process 1 ends the job when it runs then.
        job = w.c.spawn(handle, "sleep 100", timeout=10 if restart else 0.5)
        init = w.init_of(handle)
        expect.eventually(lambda: _children(init), "a keeper")
        keeper = _children(init)[0]
        kernel.halt(init)
        kernel.halt(keeper)
        if restart:
            w.daemon.kill()
            os.kill(init, signal.SIGCONT)
            w.daemon.start()
            w.disconnect()
            kernel.halt(init)
        with expect.within(34, "the job is over"):
            seen = w.c.link(handle, job)
        expect.equal(seen.end.reason, warden.Reason.WALL_TIME)
        expect.equal((w.c.info(handle).state, w.c.info(other).state), ("stopped", "active"))
        w.c.destroy(handle)
        w.c.destroy(other)
