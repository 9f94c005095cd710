# SPDX-License-Identifier: Apache-2.0
"""Destroys and stops that cannot end: what is in the way is named, nothing is given away, and they end when it goes."""

import contextlib
import glob
import os
import signal
import time

import warden
from case import Skip, case
import expect
import kernel
import prometheus
import web

NO_LIMIT = {"server": {"destroy_timeout": 0}}
SHORT = {"server": {"destroy_timeout": 1}}
REASON = "(move /.* into /.*/tmp|remove the mount at /.*): "
ONE_NETWORK = {"network": {"pool_start_address": "10.254.0.0", "pool_size": 1, "release_delay": 0}}


@contextlib.contextmanager
def _blocked(w, handle):
    """The container's directory cannot be moved into the depot's tmp."""
    w.skip_for_module("the case needs to know the daemon's user")
    path, tmp = w.path_of(handle), f"{w.daemon.depot}/tmp"
    if w.linux:
        kernel.mount(path, path, None, kernel.MS_BIND)
    else:
        os.chmod(tmp, 0o500)
    try:
        yield
    finally:
        if w.linux:
            kernel.umount(path)
        else:
            os.chmod(tmp, 0o700)


def _stuck(w, handle):
    """The info of a container whose destroy waits for something."""

    def asked():
        info = w.c.info(handle)
        return info if info.state == "destroying" and info.destroy_waits_for else None

    return expect.eventually(asked, "the reason why the destroy waits", seconds=30)


def _directories(w):
    depot = w.daemon.depot
    return (set(w.entries()) - {"tmp"}) | {f"tmp/{name}" for name in os.listdir(f"{depot}/tmp")}


def _all_gone(w):
    expect.eventually(lambda: not _directories(w), "an empty depot", seconds=30)


@case(config=SHORT, limit=60)
def past_the_limit_the_request_is_told_what_is_in_the_way_and_the_destroy_goes_on(w):
    handle = w.create(handle="h")
    with _blocked(w, handle):
        expect.error_like(f"is not destroyed after 1 s: .* waits for {REASON}", w.c.destroy, handle)
        expect.matches(_stuck(w, handle).destroy_waits_for, f"{REASON}.*")
        expect.equal(w.c.list(), [handle])
        expect.error_like("current state is 'destroying'", w.c.spawn, handle, "true")
        expect.error("container with handle: h already exists.", w.c.create, handle="h")
        expect.equal(w.daemon.log().count("its destroy waits for "), 1, "lines in the log")
    _all_gone(w)
    expect.eventually(lambda: w.c.list() == [], "the end of the destroy")
    expect.error("unknown handle", w.c.info, handle)
    w.create(handle="h")


@case(config=NO_LIMIT, limit=60)
def a_second_destroy_joins_the_first(w):
    handle = w.create()
    clients = [w.client() for _ in range(2)]
    with _blocked(w, handle):
        clients[0].send(warden.DestroyRequest(handle=handle))
        _stuck(w, handle)
        clients[1].send(warden.DestroyRequest(handle=handle))
        time.sleep(0.2)
        expect.equal(w.c.list(), [handle])
    for client in clients:
        expect.equal(client.receive(), warden.DestroyResponse())
    expect.equal(_directories(w), set())


@case(config=NO_LIMIT, limit=60)
def a_drain_does_not_wait_for_it_and_the_next_daemon_goes_on(w):
    handle = w.create()
    client = w.client()
    with _blocked(w, handle):
        client.send(warden.DestroyRequest(handle=handle))
        _stuck(w, handle)
        w.daemon.process.send_signal(signal.SIGUSR2)
        expect.error_like(f"is not destroyed yet and the daemon ends: .* waits for {REASON}", client.receive)
        expect.equal(w.daemon.wait(), 0)
        w.disconnect()
        w.daemon.start()
        expect.matches(_stuck(w, handle).destroy_waits_for, f"{REASON}.*")
        expect.equal(w.c.list(), [handle])
    _all_gone(w)


@case(limit=60)
def one_that_a_kill_interrupts_between_its_stop_and_its_end_is_completed(w):
    w.skip_for_module("the case kills the daemon")
    handle = w.create()
    w.spawn_ready(handle, "trap '' TERM; echo ready; while :; do sleep 0.05; done")
    w.client().send(warden.DestroyRequest(handle=handle))
    expect.eventually(lambda: w.c.info(handle).state == "destroying", "the state destroying")
    snapshot = glob.glob(f"{w.daemon.depot}/*/snapshot.json")[0]
    expect.eventually(lambda: '"destroying"' in kernel.read(snapshot), "the state on disk")
    w.disconnect()
    w.daemon.kill()
    w.daemon.start()
    expect.true(w.c.list() in ([], [handle]), "the container or none")
    for _ in range(20):
        try:
            expect.equal(w.c.info(handle).state, "destroying")
        except warden.WardenError as error:
            expect.equal(str(error), "unknown handle")
    _all_gone(w)
    expect.eventually(lambda: w.c.list() == [], "the end of the destroy")


def _metric(port, name):
    return prometheus.Page(web.ask(port, "/metrics", timeout=20).body).value(name)


@case(backend="linux", daemon=False, config=ONE_NETWORK, limit=60)
def a_mount_in_its_directory_is_in_the_way_until_it_is_gone(w):
    port = web.start(w)
    handle = w.create()
    path = w.path_of(handle)
    os.makedirs(f"{path}/a/b")
    kernel.mount("none", f"{path}/a/b", "tmpfs")
    client = w.client()
    client.send(warden.DestroyRequest(handle=handle))
    expect.equal(_stuck(w, handle).destroy_waits_for, f"remove the mount at {path}/a/b: Device or resource busy")
    expect.eventually(lambda: _metric(port, "warden_destroys_stuck") == 1, "a stuck destroy", seconds=20)
    expect.error("Could not acquire network", w.c.create)
    kernel.umount(f"{path}/a/b")
    expect.equal(client.receive(), warden.DestroyResponse())
    expect.equal(_directories(w), set())
    expect.eventually(lambda: _metric(port, "warden_destroys_stuck") == 0, "no stuck destroy", seconds=20)
    w.create()


@case(backend="linux", daemon=False, config=ONE_NETWORK, limit=60)
def files_that_cannot_be_removed_behind_the_answer_keep_what_it_holds_over_restarts(w):
    w.daemon.start()
    path = w.path_of(w.create())
    w.disconnect()
    w.daemon.kill()
    moved = f"{w.daemon.depot}/tmp/{os.path.basename(path)}"
    os.rename(path, moved)  # as a destroy does before it is answered
    os.makedirs(f"{moved}/a/b")
    kernel.mount("none", f"{moved}/a", "tmpfs")
    for _ in range(2):
        w.daemon.start()
        expect.eventually(lambda: "its destroy waits for remove " in w.daemon.log(), "the reason in the log")
        expect.equal(w.c.list(), [])
        expect.error("Could not acquire network", w.c.create)
        w.disconnect()
        w.daemon.kill()
    w.daemon.start()
    kernel.umount(f"{moved}/a")
    _all_gone(w)
    w.create()


@contextlib.contextmanager
def _frozen(w, handle, pid):
    """Freezes a process in a group below the container's, which the daemon does not thaw."""
    name = os.path.basename(w.path_of(handle))
    groups = glob.glob(f"/sys/fs/cgroup/freezer/**/warden/*{name}", recursive=True)
    if not groups:
        raise Skip("the freezer of cgroup v2 does not keep a process from its end")
    group = groups[0]
    os.mkdir(f"{group}/frozen")
    try:
        with open(f"{group}/frozen/cgroup.procs", "w", encoding="utf-8") as procs:
            procs.write(str(pid))
        _write(f"{group}/frozen/freezer.state", "FROZEN")
        expect.eventually(lambda: kernel.read(f"{group}/frozen/freezer.state") == "FROZEN\n", "a frozen process")
        yield
    finally:
        if os.path.exists(f"{group}/frozen"):
            _write(f"{group}/frozen/freezer.state", "THAWED")


def _write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


@case(backend="linux", config=SHORT, limit=90, slow=True)
def a_process_that_does_not_die_is_named_and_its_container_destroyed_when_it_does(w):
    handle = w.create()
    w.spawn_ready(handle, "echo ready; exec sleep 2719")
    (job,) = [pid for pid in kernel.processes() if kernel.read(f"/proc/{pid}/cmdline") == "sleep\x002719\x00"]
    with _frozen(w, handle, job):
        expect.error_like("is not stopped after 1 s: the stop goes on and waits for ", w.c.stop, handle, kill=True)
        expect.error_like("is not destroyed after 1 s: the destroy goes on and waits for ", w.c.destroy, handle)
        expect.contains(_stuck(w, handle).destroy_waits_for, f"{job}")
        expect.equal(w.c.list(), [handle])
        w.daemon.stop(signal.SIGTERM)
        w.disconnect()
        w.daemon.start()
        expect.contains(_stuck(w, handle).destroy_waits_for, f"{job}")
    _all_gone(w)
    expect.eventually(lambda: w.c.list() == [], "the end of the destroy")
