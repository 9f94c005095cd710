# SPDX-License-Identifier: Apache-2.0
"""Bandwidth, measured over the link."""

import os
import signal
import socket
import subprocess
import time

import warden
from case import case
import expect

NO_RATE = 4294967295
HOST_ACCESS = {"network": {"allow_host_access": True}}

# Bytes a second and bytes: slow enough for a busy machine, long enough to be measured.
RATE, BURST = 1_500_000, 30_000
SIZE = 3_000_000
# The beginning of a transfer is not measured: the burst, and the content of the queues.
HEAD = 600_000


def _receive(connection):
    """Bytes a second of received data, without its beginning."""
    total, start, counted = 0, None, 0
    while data := connection.recv(65536):
        total += len(data)
        if start is not None:
            counted += len(data)
        elif total >= HEAD:
            start = time.monotonic()
    return counted / (time.monotonic() - start)


def _send(connection, size):
    """Bytes a second of sent data, without its beginning, as counted by the receiver."""
    connection.sendall(b"x" * HEAD)
    connection.recv(1)
    start = time.monotonic()
    connection.sendall(b"x" * (size - HEAD))
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)
    return (size - HEAD) / (time.monotonic() - start)


def _listener(w, handle):
    return socket.create_server((w.c.info(handle).host_ip, 0))


def _measure_out(w, handle, size=SIZE):
    with _listener(w, handle) as listener:
        address, port = listener.getsockname()
        job = w.c.spawn(handle, f"head -c {size} /dev/zero > /dev/tcp/{address}/{port}")
        listener.settimeout(20)
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(20)
            rate = _receive(connection)
    w.c.link(handle, job)
    return rate


def _measure_in(w, handle, size=SIZE):
    with _listener(w, handle) as listener:
        address, port = listener.getsockname()
        script = f"exec 3<>/dev/tcp/{address}/{port}; head -c {HEAD} <&3 >/dev/null; echo -n x >&3; cat <&3 >/dev/null; echo -n x >&3"
        job = w.c.spawn(handle, script)
        listener.settimeout(20)
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(20)
            rate = _send(connection, size)
    w.c.link(handle, job)
    return rate


def _about(measure, limit, what):
    """The rate is within 15 %. A machine that was suspended meanwhile has two more tries."""
    for _ in range(2):
        if limit * 0.85 <= measure() <= limit * 1.15:
            return
    expect.between(measure(), limit * 0.85, limit * 1.15, f"bytes a second {what}, of {limit}")


@case(backend="linux", config=HOST_ACCESS, alone=True)
def it_holds_in_both_directions(w):
    handle = w.create()
    seen = w.c.limit_bandwidth(handle, RATE, BURST)
    expect.equal((seen.rate, seen.burst), (RATE, BURST))
    _about(lambda: _measure_out(w, handle), RATE, "out of the container")
    _about(lambda: _measure_in(w, handle), RATE, "into the container")


@case(backend="linux", config=HOST_ACCESS, alone=True)
def it_holds_after_a_restart_and_can_be_raised_and_lifted(w):
    handle = w.create()
    w.c.limit_bandwidth(handle, RATE // 2, BURST)
    w.disconnect()
    w.daemon.restart(signal.SIGKILL)
    _about(lambda: _measure_out(w, handle, SIZE // 2), RATE // 2, "out of the container")
    w.c.limit_bandwidth(handle, RATE, BURST)
    _about(lambda: _measure_in(w, handle), RATE, "into the container")
    seen = w.c.limit_bandwidth(handle, NO_RATE, NO_RATE)
    expect.equal((seen.rate, seen.burst), (NO_RATE, NO_RATE))
    for rate in (_measure_out(w, handle, 20_000_000), _measure_in(w, handle, 20_000_000)):
        expect.between(rate, RATE * 4, 1 << 40, "bytes a second without a limit")


@case(backend="linux", config=HOST_ACCESS)
def full_packets_pass_with_a_burst_below_one(w):
    handle = w.create()
    seen = w.c.limit_bandwidth(handle, 1_000_000, 1000)
    expect.equal((seen.rate, seen.burst), (1_000_000, 1000))
    with _listener(w, handle) as listener:
        address, port = listener.getsockname()
        job = w.c.spawn(handle, f"head -c 100000 /dev/zero > /dev/tcp/{address}/{port}")
        listener.settimeout(20)
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(20)
            received = b"".join(iter(lambda: connection.recv(65536), b""))
    expect.equal(len(received), 100000)
    w.c.link(handle, job)


@case(backend="linux")
def info_and_limit_report_it(w):
    handle, other = w.create(), w.create()
    w.c.limit_bandwidth(handle, 200_000, 20_000)
    for _ in range(2):
        seen = w.c.info(handle).bandwidth_stat
        expect.equal((seen.in_rate, seen.in_burst, seen.out_rate, seen.out_burst), (200_000, 20_000) * 2)
        limits = w.c.call(warden.LimitRequest(handle=handle)).limits
        expect.equal((limits.bandwidth_rate, limits.bandwidth_burst), (200_000, 20_000))
        limits = w.c.call(warden.LimitRequest(handle=other)).limits
        expect.equal((limits.bandwidth_rate, limits.bandwidth_burst), (NO_RATE, NO_RATE))
        w.disconnect()
        w.daemon.restart()
    w.c.limit_bandwidth(handle, NO_RATE, 2000)
    seen = w.c.info(handle).bandwidth_stat
    expect.equal((seen.in_rate, seen.in_burst, seen.out_rate, seen.out_burst), (NO_RATE,) * 4)


@case(backend="linux")
def the_largest_and_the_smallest_that_are_allowed_work(w):
    handle = w.create()
    for rate, burst in ((1, 1514), (NO_RATE - 1, NO_RATE - 1), (1, NO_RATE), (NO_RATE - 1, 1514)):
        seen = w.c.limit_bandwidth(handle, rate, burst)
        expect.equal((seen.rate, seen.burst), (rate, burst))


@case(backend="linux")
def a_removed_queue_is_restored_after_a_restart(w):
    handle = w.create()
    id_ = os.path.basename(w.path_of(handle))
    w.c.limit_bandwidth(handle, 200_000, 20_000)
    for link in (f"w-{id_}-0", f"w-{id_}-2"):
        subprocess.run(["tc", "qdisc", "delete", "dev", link, "root"], check=True)
    limits = w.c.call(warden.LimitRequest(handle=handle)).limits
    expect.equal(limits.bandwidth_rate, NO_RATE)
    w.disconnect()
    w.daemon.restart()
    limits = w.c.call(warden.LimitRequest(handle=handle)).limits
    expect.equal(limits.bandwidth_rate, 200_000)


@case(backend="linux", config=HOST_ACCESS)
def traffic_is_counted_as_the_container_sees_it(w):
    handle = w.create()
    before = w.c.info(handle).network_stat
    _measure_out(w, handle, 2_000_000)
    after = w.c.info(handle).network_stat
    expect.between(after.tx_bytes - before.tx_bytes, 2_000_000, 2_600_000, "bytes that were sent")
    expect.between(after.rx_bytes - before.rx_bytes, 1000, 600_000, "bytes of acknowledgements")
    expect.between(after.tx_packets - before.tx_packets, 20, 2000, "packets that were sent")
