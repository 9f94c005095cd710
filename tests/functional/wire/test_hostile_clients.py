# SPDX-License-Identifier: Apache-2.0
"""Hostile or broken clients harm neither the daemon nor other clients."""

import random
import resource
import socket
import time

import warden
from case import case
import expect
import kernel
import wire

MIB = 1 << 20


def _well(w):
    """Expects that the daemon works for a new client."""
    client = w.client()
    client.ping()
    handle = w.create(client)
    expect.result(client.run(handle, "echo well"), 0, b"well\n")
    client.destroy(handle)
    client.close()


def _connections(w):
    """The sockets of the daemon that clients have connected to."""
    rows = [line.split() for line in kernel.read(f"/proc/{w.daemon.pid}/net/unix").splitlines()[1:]]
    accepted = {f"socket:[{row[6]}]" for row in rows if len(row) > 7 and row[7].rstrip("~") == w.daemon.socket}
    return sum(1 for target in kernel.descriptors(w.daemon.pid).values() if target in accepted)


def _all_requests(handle, job):
    return (
        warden.CreateRequest(handle="victim", grace_time=0),
        warden.SpawnRequest(handle=handle, script=b"echo spawned"),
        warden.RunRequest(handle=handle, script=b"sleep 0.1; echo ran"),
        warden.LinkRequest(handle=handle, job_id=job),
        warden.StreamRequest(handle=handle, job_id=job),
        warden.InfoRequest(handle=handle),
        warden.ListRequest(),
        warden.EchoRequest(message=b"x" * 100_000),
        warden.PingRequest(),
        warden.StopRequest(handle=handle, background=True),
        warden.StopRequest(handle=handle),
        warden.DestroyRequest(handle=handle),
    )


@case
def garbage_is_answered_and_does_no_harm(w):
    generator = random.Random(4711)
    for _ in range(200):
        with w.raw() as connection:
            try:
                connection.send(generator.randbytes(generator.randrange(1, 3000)) + b"\r\n")
            except OSError:
                pass  # it was closed in the middle of it
    _well(w)


@case
def garbage_inside_valid_frames_does_no_harm(w):
    generator = random.Random(815)
    for _ in range(300):
        with w.raw() as connection:
            connection.send(wire.frame(generator.randbytes(generator.randrange(0, 200))))
            expect.true(connection.answer() is not None, "an answer")
    _well(w)


@case
def garbage_as_any_request_does_no_harm(w):
    generator = random.Random(42)
    numbers = [number for number, _, _ in warden.TYPES if number not in (11,)]
    connection = w.raw()
    for _ in range(500):
        payload = generator.randbytes(generator.randrange(0, 60))
        try:
            connection.send_frame(generator.choice(numbers), payload)
            answer = connection.answer()
        except BrokenPipeError:  # what came before did not decode
            answer = None
        if answer is None:
            connection = w.raw()
    _well(w)


@case
def mutated_requests_do_no_harm(w):
    generator = random.Random(99)
    handle = w.create()
    requests = _all_requests(handle, 1)[1:9]
    connection = w.raw()
    for _ in range(600):
        frame = bytearray(warden.encode_frame(generator.choice(requests)))
        start = frame.index(b"\r\n") + 2
        for _ in range(generator.randrange(1, 4)):
            frame[generator.randrange(start, len(frame) - 2)] = generator.randrange(256)
        try:
            connection.socket.settimeout(1)
            connection.send(frame)
            answer = connection.answer()
        except (OSError, warden.ProtocolError):
            answer = None
        if answer is None or isinstance(answer, warden.StreamResponse):
            connection.close()
            connection = w.raw()
    connection.close()
    _well(w)


@case
def half_a_frame_is_waited_for_and_dropped_with_its_connection(w):
    halves = []
    frame = warden.encode_frame(warden.EchoRequest(message=b"x" * 1000))
    for length in range(0, len(frame), 25):
        connection = w.raw()
        connection.send(frame[:length])
        halves.append(connection)
    _well(w)
    expect.true(_connections(w) >= len(halves), "open connections", _connections(w))
    for connection in halves:
        connection.close()
    expect.eventually(lambda: _connections(w) < 10, "few connections")
    _well(w)


@case
def an_announced_frame_of_64_mib_takes_no_memory(w):
    before = kernel.resident(w.daemon.pid)
    connections = []
    for _ in range(50):
        connection = w.raw()
        connection.send(b"67108864\r\nxxxx")
        connections.append(connection)
    _well(w)
    limit = before + 16 * MIB if not w.sanitized else before + 256 * MIB
    expect.between(kernel.resident(w.daemon.pid), 0, limit, "bytes resident")


@case(limit=60)
def a_thousand_connections_are_served(w):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    connections = [w.raw() for _ in range(1000)]
    for connection in connections:
        connection.send_frame(91)
    for connection in connections:
        expect.equal(connection.answer(), warden.PingResponse())
    _well(w)
    for connection in connections:
        connection.close()
    expect.eventually(lambda: _connections(w) < 10, "few connections")


@case(limit=60)
def the_daemon_survives_a_lack_of_descriptors(w):
    _, hard = resource.prlimit(w.daemon.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(w.daemon.pid, resource.RLIMIT_NOFILE, (100, hard))
    connections = []
    for _ in range(200):
        try:
            connection = w.raw()
            connection.socket.setblocking(False)
            connections.append(connection)
        except OSError:
            break
    time.sleep(0.3)
    with expect.within(10, "a daemon that cannot accept does not spin"):
        before = _cpu_ticks(w.daemon.pid)
        time.sleep(1)
        expect.between(_cpu_ticks(w.daemon.pid) - before, 0, 50, "ticks of cpu time in a second")
    for connection in connections:
        connection.close()
    expect.eventually(lambda: _connections(w) < 20, "few connections", 10)
    _well(w)


def _cpu_ticks(pid):
    fields = kernel.read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


@case(limit=60)
def connections_that_come_and_go_leave_nothing(w):
    for _ in range(3000):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(w.daemon.socket)
        connection.close()
    expect.eventually(lambda: _connections(w) < 10, "few connections")
    _well(w)


@case(limit=60, slow=True)
def a_client_that_does_not_read_costs_bounded_memory(w):
    before = kernel.resident(w.daemon.pid)
    connection = w.raw()
    connection.socket.settimeout(2)
    frame = warden.encode_frame(warden.EchoRequest(message=b"x" * MIB))
    sent = 0
    try:
        while sent < 200 * MIB:
            connection.send(frame)
            sent += len(frame)
    except TimeoutError:
        pass
    expect.between(sent, 0, 100 * MIB, "bytes that the daemon took from a client that does not read")
    _well(w)
    limit = 40 * MIB if not w.sanitized else 400 * MIB
    expect.between(kernel.resident(w.daemon.pid) - before, -MIB, limit, "bytes more")


@case(limit=60, slow=True)
def a_stream_that_is_not_read_costs_bounded_memory(w):
    handle = w.create()
    before = kernel.resident(w.daemon.pid)
    readers = []
    job = w.c.spawn(handle, "head -c 9000000 /dev/zero; sleep 1000")
    for _ in range(10):
        reader = w.raw()
        reader.send_frame(24, warden.StreamRequest(handle=handle, job_id=job).encode())
        readers.append(reader)
    time.sleep(1)
    _well(w)
    limit = 16 * MIB if not w.sanitized else 160 * MIB
    expect.between(kernel.resident(w.daemon.pid) - before, -8 * MIB, limit, "bytes more")
    w.c.stop(handle, kill=True)


@case(limit=60, slow=True)
def links_that_are_not_read_cost_bounded_memory(w):
    handle = w.create()
    readers = []
    jobs = [w.c.spawn(handle, "head -c 9000000 /dev/zero") for _ in range(10)]
    expect.eventually(lambda: not w.c.info(handle).job_ids, "the end of all", 20)
    before = kernel.resident(w.daemon.pid)
    for job in jobs:
        reader = w.raw()
        reader.send_frame(22, warden.LinkRequest(handle=handle, job_id=job).encode())
        readers.append(reader)
    time.sleep(1)
    _well(w)
    # An answer is a frame: each client that waits may cost one.
    limit = 120 * MIB if not w.sanitized else 800 * MIB
    expect.between(kernel.resident(w.daemon.pid) - before, -8 * MIB, limit, "bytes more")
    for reader in readers:
        reader.close()
    _well(w)


@case
def endless_pipelining_is_held_back(w):
    handle = w.create()
    connection = w.raw()
    connection.send_frame(23, warden.RunRequest(handle=handle, script=b"sleep 3").encode())
    connection.socket.settimeout(1)
    before = kernel.resident(w.daemon.pid)
    frames = warden.encode_frame(warden.PingRequest()) * 10_000
    sent = 0
    try:
        while sent < 100 * MIB:
            connection.send(frames)
            sent += len(frames)
    except TimeoutError:
        pass
    expect.between(sent, 0, 20 * MIB, "bytes taken while a request runs")
    limit = 20 * MIB if not w.sanitized else 200 * MIB
    expect.between(kernel.resident(w.daemon.pid) - before, -MIB, limit, "bytes more")
    _well(w)


@case
def a_disconnect_after_each_request_does_no_harm(w):
    for nth in range(len(_all_requests("x", 1))):
        keeper = w.client()
        handle = w.create(keeper)
        job = keeper.spawn(handle, "sleep 0.1; echo out")
        request = _all_requests(handle, job)[nth]
        leaver = w.client()
        leaver.send(request)
        leaver.close()
        time.sleep(0.05)
        _well(w)
        if handle in keeper.list():
            keeper.destroy(handle)
        keeper.close()


@case
def a_disconnect_in_the_middle_of_each_request_does_no_harm(w):
    handle = w.create()
    job = w.c.spawn(handle, "sleep 1000")
    for request in _all_requests(handle, job):
        frame = warden.encode_frame(request)
        for length in {1, 3, len(frame) // 2, len(frame) - 2, len(frame) - 1}:
            leaver = w.raw()
            leaver.send(frame[:length])
            leaver.close()
    w.c.ping()
    expect.equal(w.c.info(handle).state, "active")
    expect.equal(w.c.list(), [handle])


@case
def a_reset_in_the_middle_of_an_answer_does_no_harm(w):
    for _ in range(20):
        leaver = w.raw()
        leaver.send(warden.encode_frame(warden.EchoRequest(message=b"x" * 4 * MIB)))
        leaver.socket.recv(100)
        leaver.close()
    _well(w)


GOING = "Container state must be one of 'active', current state is 'stopped'"


@case
def a_create_whose_client_disconnects_is_complete_or_undone(w):
    for n in range(10):
        leaver = w.client()
        leaver.send(warden.CreateRequest(handle=f"h{n}", grace_time=0))
        leaver.close()
    expect.eventually(lambda: w.c.ping() or not w.c.list() or _settled(w), "no half-made container")
    w.disconnect()


def _settled(w):
    """Expects that existing containers are complete; one whose grace time is over may be in destruction."""
    for handle in w.c.list():
        try:
            expect.equal(w.c.run(handle, "true").exit_status, 0)
        except warden.WardenError as error:
            expect.contains(("unknown handle", GOING), str(error))
            return False
    return True


@case
def a_stuck_client_delays_no_other(w):
    stuck = w.raw()
    stuck.send(b"1000\r\nabc")
    taken = []
    client = w.client()
    for _ in range(100):
        start = time.monotonic()
        client.ping()
        taken.append(time.monotonic() - start)
    expect.duration(sorted(taken)[50], 0.1, "the median ping")
