# SPDX-License-Identifier: Apache-2.0
"""Recovery: a start destroys no container whose first process lives, whatever it finds in the depot."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess

from case import case
import expect
import kernel
import prometheus
import warden
import web

STATE_ERROR = "Container state must be one of 'active', current state is 'unreachable'"


def _kill(w):
    w.daemon.kill()
    w.disconnect()  # later: no grace time begins


def _start_with_files(w, number):
    """Starts the daemon with a limit of open files."""
    w.daemon.wrapper = ["prlimit", f"--nofile={number}:{number}"]
    w.daemon.start()
    w.daemon.wrapper = []


@contextlib.contextmanager
def _stopped(pid):
    kernel.halt(pid)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def _entries(path):
    names = os.listdir(path) if os.path.isdir(path) else []
    return {name for name in names if not name.startswith(".")}


def _states(w):
    return {handle: w.c.info(handle).state for handle in w.c.list()}


def _await_state(w, handle, state):
    expect.eventually(lambda: w.c.info(handle).state == state, f"{handle} is {state}", 15)


@case(module=False, slow=True, limit=90)
def two_hundred_jobs_of_a_container_outlive_two_kills(w):
    handle = w.create()
    jobs = [w.c.spawn(handle, f"until [ -e end ]; do sleep 1; done; echo {n}; exit {n}") for n in range(200)]
    for _ in range(2):
        _kill(w)
        w.daemon.start()
        expect.equal(w.c.list(), [handle])
        _await_state(w, handle, "active")
        expect.equal(len(w.c.info(handle).job_ids), 200)
    w.run(handle, "touch end")
    for n, job in enumerate(jobs):
        expect.result(w.c.link(handle, job), n, b"%d\n" % n)


@case(module=False)
def a_container_that_does_not_answer_is_unreachable_until_it_does(w):
    handle, other = w.create(handle="h", grace_time=0), w.create()
    job = w.c.spawn(handle, "echo before; sleep 0.5; echo after; exit 7")
    init = w.init_of(handle)
    with _stopped(init):
        _kill(w)
        w.daemon.start()
        events = w.client()
        events.send(warden.EventsRequest())
        expect.equal(events.receive().kind, warden.EventsResponse.SUBSCRIBED)
        expect.equal(_states(w), {"h": "unreachable", other: "active"})
        info = w.c.info("h")
        expect.equal(info.state_reason, "wshd does not answer")
        expect.equal(info.host_ip is not None, True)
        expect.error(STATE_ERROR, w.c.run, "h", "true")
        expect.error(STATE_ERROR.replace("active", "born, active, stopped, destroying, destroyed", 1), w.c.link, "h", job)
        expect.error("container with handle: h already exists.", w.create, handle="h")
        expect.contains(w.daemon.log(), "unreachable, handle h: wshd does not answer")
        w.disconnect()  # its grace time of 0 s does not begin
        expect.never(lambda: "h" not in w.c.list(), "it goes", 0.5)
        events = w.client()
        events.send(warden.EventsRequest())
        events.receive()
    expect.equal(events.receive().kind, warden.EventsResponse.REACHABLE)
    expect.equal(w.c.info("h").state, "active")
    expect.result(w.c.link("h", job), 7, b"before\nafter\n")
    expect.equal(w.run("h", "echo hi"), "hi\n")


def _figures(port):
    return prometheus.Page(web.ask(port, "/metrics", timeout=20).body).values("warden_containers", "state")


def _events(w, n):
    """The last `n` events so far."""
    last = w.client().call(warden.EventsRequest()).sequence
    client = w.client()
    client.send(warden.EventsRequest(after=last - n))
    return [client.receive() for _ in range(n + 1)][1:]


@case(module=False, daemon=False)
def unreachable_containers_are_counted_and_each_is_an_event(w):
    port = web.start(w)
    handles = [w.create() for _ in range(3)]
    with contextlib.ExitStack() as stack:
        for handle in handles[:2]:
            stack.enter_context(_stopped(w.init_of(handle)))
        _kill(w)
        w.daemon.start()
        figures = _figures(port)
        expect.equal((figures["unreachable"], figures["active"]), (2, 1))
        events = _events(w, 2)
        expect.equal({event.kind for event in events}, {warden.EventsResponse.UNREACHABLE})
        expect.equal({event.handle for event in events}, set(handles[:2]))
    expect.eventually(lambda: set(_states(w).values()) == {"active"}, "all are active")
    expect.eventually(lambda: _figures(port)["unreachable"] == 0, "none is counted")
    expect.equal({event.kind for event in _events(w, 2)}, {warden.EventsResponse.REACHABLE})


@case(module=False)
def an_unreachable_container_can_be_destroyed(w):
    handles = [w.create(handle=f"h{n}") for n in range(3)]
    w.c.spawn("h0", "sleep 1000 & sleep 1000")
    inits = [w.init_of(handle) for handle in handles]
    with contextlib.ExitStack() as stack:
        for init in inits:
            stack.enter_context(_stopped(init))
        _kill(w)
        w.daemon.start()
        expect.equal(set(_states(w).values()), {"unreachable"})
        for handle in handles:
            w.c.destroy(handle)
        expect.equal(w.c.list(), [])
        for init in inits:
            expect.eventually(lambda pid=init: kernel.gone(pid), "the end of its first process")


@case(module=False)
def an_unreachable_container_whose_first_process_dies_is_removed(w):
    init = w.init_of(w.create())
    with _stopped(init):
        _kill(w)
        w.daemon.start()
        expect.equal(set(_states(w).values()), {"unreachable"})
        os.kill(init, signal.SIGKILL)
        expect.eventually(lambda: not w.c.list(), "it goes", 10)


@case(module=False)
def a_container_stays_unreachable_over_further_restarts(w):
    handle = w.create()
    job = w.c.spawn(handle, "sleep 0.3; echo out; exit 3")
    with _stopped(w.init_of(handle)):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGUSR2):
            w.disconnect()
            w.daemon.restart(number)
            expect.equal(_states(w), {handle: "unreachable"})
    _await_state(w, handle, "active")
    expect.result(w.c.link(handle, job), 3, b"out\n")


@case(module=False)
def a_container_that_runs_out_of_time_while_it_is_unreachable_goes(w):
    with _stopped(w.init_of(w.create(ttl=3))):
        _kill(w)
        w.daemon.start()
        expect.equal(set(_states(w).values()), {"unreachable"})
        expect.eventually(lambda: not w.c.list(), "it goes", 10)


@case(module=False, slow=True)
def what_is_damaged_is_set_aside_and_can_be_repaired(w):
    damages = (b"", b"{", b"[]", b"null", b"\xff\xfe", b"x" * 100_000, b'{"version": 99}', "directory", "cut")
    for damage in damages:
        bad, alive = w.create(), w.create()
        address = w.c.info(bad).host_ip
        network = address.rpartition(".")[0] + f".{int(address.rpartition('.')[2]) - 1}"
        job = w.c.spawn(bad, "sleep 0.5; echo out; exit 4")
        init = w.init_of(bad)
        path = f"{w.daemon.depot}/{bad}/snapshot.json"
        _kill(w)
        with open(path, "rb") as file:
            whole = file.read()
        os.unlink(path)
        if damage == "directory":
            os.mkdir(path)
        else:
            _write(path, whole[:-10] if damage == "cut" else damage)
        for _ in range(2):
            w.daemon.start()
            expect.equal(_states(w), {alive: "active"}, f"with {damage!r}")
            expect.equal(_entries(f"{w.daemon.depot}/damaged"), {bad})
            expect.error(f"Could not acquire network: {network}", w.create, network=network)
            expect.contains(w.command("doctor").stdout.decode(), "set aside")
            expect.true(not kernel.gone(init), "its first process lives")
            _kill(w)
        path = f"{w.daemon.depot}/damaged/{bad}/snapshot.json"
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        _write(path, whole)
        os.rename(os.path.dirname(path), f"{w.daemon.depot}/{bad}")
        os.rmdir(f"{w.daemon.depot}/damaged")
        w.daemon.start()
        expect.equal(_states(w), {bad: "active", alive: "active"})
        expect.result(w.c.link(bad, job), 4, b"out\n")
        w.c.destroy(bad)
        w.c.destroy(alive)


def _slot(directory):
    return re.search(r"^slot=(\d+)$", kernel.read(f"{directory}/etc/config"), re.MULTILINE)[1]


@case(module=False, config={"user": {"pool_size": 3}})
def uid_slot_and_ports_of_what_is_set_aside_are_given_to_nobody(w):
    bad, alive = w.create(), w.create()
    ports = (w.c.net_in(bad, host_port=9999).host_port, w.c.net_in(bad).host_port)
    directory, aside = (f"{w.daemon.depot}/{place}{bad}" for place in ("", "damaged/"))
    slot = _slot(directory)
    _kill(w)
    whole = kernel.read(f"{directory}/snapshot.json")
    _write(f"{directory}/snapshot.json", whole.replace('"version":1', '"version":99').encode())
    for _ in range(2):
        w.daemon.start()
        expect.equal(_entries(f"{w.daemon.depot}/damaged"), {bad})
        for port in ports:
            expect.error(f"host_port {port}: another container has it", w.c.net_in, alive, host_port=port)
        expect.lacks(ports, w.c.net_in(alive).host_port)
        fresh = w.create()
        expect.true(_slot(f"{w.daemon.depot}/{fresh}") != slot, "another slot")
        expect.error("no uid available", w.create)
        w.c.destroy(fresh)
        _kill(w)
    _write(f"{aside}/snapshot.json", whole.encode())
    os.rename(aside, directory)
    os.rmdir(f"{w.daemon.depot}/damaged")
    w.daemon.start()
    expect.equal(_states(w), {bad: "active", alive: "active"})
    w.c.destroy(bad)
    for port in ports:
        expect.equal(w.c.net_in(alive, host_port=port).host_port, port)


@case(module=False)
def a_copy_of_a_containers_directory_is_set_aside(w):
    for name in ("0copy", "zcopy", "00000000000", "vvvvvvvvvvv"):
        handle = w.create()
        job = w.c.spawn(handle, "sleep 0.5; echo out; exit 5")
        _kill(w)
        subprocess.run(["cp", "-a", "--", handle, name], cwd=w.daemon.depot, check=True, stderr=subprocess.DEVNULL)
        w.daemon.start()
        expect.equal(_states(w), {handle: "active"})
        expect.equal(_entries(f"{w.daemon.depot}/damaged"), {name})
        expect.result(w.c.link(handle, job), 5, b"out\n")
        w.c.destroy(handle)
        shutil.rmtree(f"{w.daemon.depot}/damaged")
        _kill(w)
        w.daemon.start()


@case(module=False)
def what_is_no_container_neither_stops_the_start_nor_is_it_removed(w):
    handle = w.create()
    _kill(w)
    depot = w.daemon.depot
    _write(f"{depot}/aquota.user", b"q")
    os.symlink("/", f"{depot}/link")
    os.mkdir(f"{depot}/lost+found", 0o000)
    os.makedirs(f"{depot}/backup/of/something")
    _write(f"{depot}/backup/file", b"kept")
    w.daemon.start()
    expect.equal(_states(w), {handle: "active"})
    _kill(w)
    w.daemon.start()
    expect.equal(_entries(depot), {handle, "tmp", "damaged", "aquota.user", "link", "lost+found"})
    expect.equal(kernel.read(f"{depot}/damaged/backup/file"), "kept")
    shutil.rmtree(f"{depot}/damaged")
    os.rmdir(f"{depot}/lost+found")
    os.unlink(f"{depot}/link")
    os.unlink(f"{depot}/aquota.user")


def _create_until_refused(w):
    """Creates containers until there are too few descriptors; returns their handles."""
    created = []
    while len(created) < 40:
        try:
            created.append(w.create())
        except warden.WardenError as refused:
            expect.matches(str(refused), "too many open files: .*")
            return created
    return expect.fail("a create is refused", f"{len(created)} containers")


@case(module=False)
def too_few_descriptors_at_a_start_destroy_nothing(w):
    handles = [w.create() for _ in range(16)]
    jobs = {handle: w.c.spawn(handle, f"sleep 1; echo {handle}") for handle in handles}
    _kill(w)
    _start_with_files(w, 110 if w.linux else 80)
    states = _states(w)
    expect.equal(list(states), handles)
    unreachable = [handle for handle, state in states.items() if state == "unreachable"]
    expect.true(unreachable, "some are unreachable", states)
    expect.matches(w.c.info(unreachable[0]).state_reason, "too many open files: .*")
    created = _create_until_refused(w)
    w.c.destroy(unreachable[0])
    _kill(w)
    w.daemon.start()
    handles.remove(unreachable[0])
    expect.equal(_states(w), {handle: "active" for handle in handles + created})
    for handle in handles:
        expect.result(w.c.link(handle, jobs[handle]), 0, f"{handle}\n".encode())


@case(module=False)
def work_is_refused_before_descriptors_run_out(w):
    w.disconnect()
    w.daemon.stop()
    _start_with_files(w, 200)
    handles = []
    with contextlib.suppress(warden.WardenError):
        while len(handles) < 100:
            handles.append(w.create())
    expect.between(len(handles), 5, 60, "containers that are made before creates are refused")
    expect.error_like("too many open files: ", w.create)
    expect.equal(w.client().info(handles[0]).state, "active")
    for handle in handles:
        w.c.destroy(handle)
    expect.eventually(lambda: _entries(f"{w.daemon.depot}/tmp") == set(), "an empty tmp")
    expect.equal(w.run(w.create(), "echo hi"), "hi\n")


@case(module=False)
def dead_containers_are_not_counted_as_recovered(w):
    dead, alive = w.create(), w.create()
    init = w.init_of(dead)
    _kill(w)
    os.kill(init, signal.SIGKILL)
    expect.eventually(lambda: kernel.gone(init), "its end")
    w.daemon.start()
    expect.contains(w.daemon.log(), " 1 container recovered")
    expect.equal(w.c.list(), [alive])


@case(module=False)
def the_command_shows_unreachable_containers(w):
    handle = w.create(handle="h")
    with _stopped(w.init_of(handle)):
        _kill(w)
        w.daemon.start()
        expect.contains(w.command("list", "-l").stdout.decode(), "unreachable")
        shown = json.loads(w.command("info", "--json", "h").stdout)
        expect.equal((shown["state"], shown["state_reason"]), ("unreachable", "wshd does not answer"))
        expect.contains(w.command("info", "h").stdout.decode(), "wshd does not answer")
        expect.contains(w.command("doctor").stdout.decode(), "unreachable")
