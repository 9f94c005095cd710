# SPDX-License-Identifier: Apache-2.0
"""Forwards of host ports (net_in) with real traffic. All hosts are the case's own namespaces."""

import signal
import socket
import subprocess

import expect
import hosts
import kernel
import warden
from case import case

OUTSIDE, GATEWAY = "192.0.2.2", "192.0.2.1"
OTHER, OTHER_GATEWAY = "198.51.100.2", "198.51.100.1"
UDP = 1
SHARED = {"network": {"own_table": False}}  # the case changes the daemon's table


def _serve(w, handle, protocol, port):
    """A server in the container that answers with the address of its client."""
    job = w.spawn_ready(handle, f"probe serve-{protocol} {port}")
    expect.contains(w.c.info(handle).job_ids, job, "the server runs")


def _forward(w, handle, host_port, container_port, protocol=None):
    request = warden.NetInRequest(
        handle=handle, host_port=host_port, container_port=container_port, protocol=protocol
    )
    return w.c.call(request)


def _probe(w, handle, attempt):
    return w.run(handle, f"probe {attempt}").strip()


@case(backend="linux")
def tcp_from_outside_reaches_the_container(w):
    outside = w.host("out0", GATEWAY, OUTSIDE)
    handle = w.create()
    _serve(w, handle, "tcp", 8080)
    expect.equal(outside.fetch(GATEWAY, 8000), "ECONNREFUSED", "before")
    _forward(w, handle, 8000, 8080)
    expect.equal(outside.fetch(GATEWAY, 8000), OUTSIDE, "who asks is not hidden")
    expect.equal(outside.fetch(GATEWAY, 8080), "ECONNREFUSED", "another port")
    expect.equal(outside.fetch(GATEWAY, 8001), "ECONNREFUSED", "another port")
    expect.equal(outside.ask(GATEWAY, 8000), "ECONNREFUSED", "UDP to the same port")
    expect.equal(outside.fetch(w.c.info(handle).container_ip, 8080), "EHOSTUNREACH", "its own address")


@case(backend="linux")
def udp_from_outside_reaches_the_container(w):
    outside = w.host("out0", GATEWAY, OUTSIDE)
    handle = w.create()
    _serve(w, handle, "udp", 5353)
    expect.equal(outside.ask(GATEWAY, 8053), "ECONNREFUSED", "before")
    _forward(w, handle, 8053, 5353, UDP)
    expect.equal(outside.ask(GATEWAY, 8053), OUTSIDE)
    expect.equal(outside.fetch(GATEWAY, 8053), "ECONNREFUSED", "TCP to the same port")


@case(backend="linux")
def datagrams_are_forwarded_even_if_some_arrived_before_the_forward(w):
    outside = w.host("out0", GATEWAY, OUTSIDE)
    one, two = w.create(), w.create()
    for handle in (one, two):
        _serve(w, handle, "udp", 5353)
    addresses = {handle: w.c.info(handle).container_ip for handle in (one, two)}

    def ask():
        return outside.call(hosts.ask, GATEWAY, 8053, 2.0, 4000)

    expect.equal(ask(), "ECONNREFUSED")
    _forward(w, one, 8053, 5353, UDP)
    expect.equal(ask(), OUTSIDE)
    expect.contains(kernel.read("/proc/self/net/nf_conntrack"), f"src={addresses[one]}")
    rule = warden.NetInRequest(handle="", host_port=8053, protocol=UDP)
    w.c.call(warden.NetRemoveRequest(handle=one, in_=[rule]))
    _forward(w, two, 8053, 5353, UDP)
    expect.equal(ask(), OUTSIDE)
    expect.contains(kernel.read("/proc/self/net/nf_conntrack"), f"src={addresses[two]}")


@case(
    backend="linux",
    config={
        "network": {"allow_host_access": True, "own_table": False},
        "linux": {"capabilities": ["default", "net_admin"]},
    },
)
def a_container_does_not_reach_the_hosts_loopback(w):
    handle = w.create()
    _forward(w, handle, 8000, 8080)
    info = w.c.info(handle)
    send = (
        "ip route del table local local 127.0.0.1 dev lo; ip route del table local local 127.0.0.0/8 dev lo;"
        f"ip route add 127.0.0.1 via {info.host_ip} src {info.container_ip}; probe ask-udp 127.0.0.1 9090"
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 9090))
        receiver.settimeout(0.5)
        expect.equal(w.run(handle, send, privileged=True).split()[-1], "EAGAIN")
        try:
            expect.fail("silence", receiver.recvfrom(100))
        except TimeoutError:
            pass
        # The attempt is a real one: without that rule of the firewall it comes through.
        opened = ["nft", "insert", "rule", "inet", "warden", "check", "ip", "daddr", "127.0.0.0/8", "accept"]
        subprocess.run(opened, check=True)
        w.run(handle, send, privileged=True)
        expect.equal(receiver.recvfrom(100)[1][0], info.container_ip)
    subprocess.run(["nft", "flush", "table", "inet", "warden"], check=True)  # which the daemon puts back


@case(backend="linux")
def a_port_of_the_pool_is_forwarded(w):
    outside = w.host("out0", GATEWAY, OUTSIDE)
    handle = w.create()
    port = w.c.net_in(handle).host_port
    _serve(w, handle, "tcp", port)
    expect.equal(outside.fetch(GATEWAY, port), OUTSIDE)


@case(backend="linux")
def the_host_reaches_a_forward_by_each_of_its_addresses(w):
    w.host("out0", GATEWAY, OUTSIDE)
    handle, other = w.create(), w.create()
    _serve(w, handle, "tcp", 8080)
    _serve(w, handle, "udp", 5353)
    _forward(w, handle, 8000, 8080)
    _forward(w, handle, 8053, 5353, UDP)
    host_ip = w.c.info(handle).host_ip
    for address in (GATEWAY, host_ip, w.c.info(other).host_ip, "127.0.0.1", "127.1.2.3"):
        seen = (hosts.fetch(address, 8000), hosts.ask(address, 8053))
        expected = host_ip if address.startswith("127.") else address
        expect.equal(seen, (expected, expected), f"asked at {address}")
    expect.equal(hosts.fetch("127.0.0.1", 8001), "ECONNREFUSED")


@case(backend="linux")
def traffic_to_the_same_port_elsewhere_is_unchanged(w):
    outside, other = w.host("out0", GATEWAY, OUTSIDE), w.host("out1", OTHER_GATEWAY, OTHER)
    handle = w.create()
    _serve(w, handle, "tcp", 8080)
    other.serve_tcp(8000)
    other.serve_udp(8000)
    _forward(w, handle, 8000, 8080)
    _forward(w, handle, 8000, 8080, UDP)
    expect.equal(outside.fetch(OTHER, 8000), OUTSIDE, "through the host")
    expect.equal(outside.ask(OTHER, 8000), OUTSIDE, "through the host")
    expect.equal(hosts.fetch(OTHER, 8000), OTHER_GATEWAY, "from the host")
    expect.equal(outside.fetch(OTHER_GATEWAY, 8000), OUTSIDE, "the host's other address is its own")


@case(backend="linux")
def containers_cannot_connect_to_a_forward(w):
    w.host("out0", GATEWAY, OUTSIDE)
    one, two = w.create(), w.create()
    _serve(w, two, "tcp", 8080)
    _serve(w, two, "udp", 8080)
    _forward(w, two, 8000, 8080)
    _forward(w, two, 8000, 8080, UDP)
    for handle in (one, two):
        for address in (GATEWAY, w.c.info(handle).host_ip):
            expect.equal(_probe(w, handle, f"connect {address} 8000"), "EHOSTUNREACH", f"{address}")
            expect.equal(_probe(w, handle, f"ask-udp {address} 8000"), "EHOSTUNREACH", f"{address}")
    w.c.net_out(one, network=GATEWAY, port=8000)
    expect.equal(_probe(w, one, f"connect {GATEWAY} 8000"), "ECONNREFUSED", "the host's own port")
    w.c.net_out(one, network=w.c.info(two).container_ip, port=8080)
    expect.equal(_probe(w, one, f"connect {w.c.info(two).container_ip} 8080"), "ok", "the container itself")
    expect.equal(hosts.fetch(GATEWAY, 8000), GATEWAY)


@case(backend="linux", config={"network": {"allow_host_access": True}})
def with_host_access_a_container_finds_the_hosts_own_port(w):
    w.host("out0", GATEWAY, OUTSIDE)
    one, two = w.create(), w.create()
    _serve(w, two, "tcp", 8080)
    _forward(w, two, 8000, 8080)
    expect.equal(_probe(w, one, f"connect {GATEWAY} 8000"), "ECONNREFUSED")
    with socket.create_server((GATEWAY, 8000)):
        expect.equal(_probe(w, one, f"connect {GATEWAY} 8000"), "ok")


@case(backend="linux")
def a_removed_forward_is_closed(w):
    outside = w.host("out0", GATEWAY, OUTSIDE)
    handle = w.create()
    _serve(w, handle, "tcp", 8080)
    _forward(w, handle, 8000, 8080)
    _forward(w, handle, 8001, 8080)
    rule = warden.NetInRequest(handle="", host_port=8000)
    w.c.call(warden.NetRemoveRequest(handle=handle, in_=[rule]))
    expect.equal(outside.fetch(GATEWAY, 8000), "ECONNREFUSED")
    expect.equal(outside.fetch(GATEWAY, 8001), OUTSIDE)
    w.c.call(warden.NetReplaceRequest(handle=handle, in_=[rule]))
    expect.equal(outside.fetch(GATEWAY, 8001), "ECONNREFUSED")


@case(backend="linux")
def a_reused_port_is_forwarded_to_the_next_container(w):
    outside = w.host("out0", GATEWAY, OUTSIDE)
    for _ in range(3):
        handle = w.create()
        _serve(w, handle, "tcp", 8080)
        _forward(w, handle, 8000, 8080)
        expect.equal(outside.fetch(GATEWAY, 8000), OUTSIDE)
        w.c.destroy(handle)
        expect.equal(outside.fetch(GATEWAY, 8000), "ECONNREFUSED", "after destroy")


@case(backend="linux")
def forwards_hold_over_restarts(w):
    outside = w.host("out0", GATEWAY, OUTSIDE)
    handle = w.create()
    _serve(w, handle, "tcp", 8080)
    _forward(w, handle, 8000, 8080)
    for number in (signal.SIGTERM, signal.SIGKILL):
        w.disconnect()
        w.daemon.stop(number) if number == signal.SIGTERM else w.daemon.kill()
        expect.equal(outside.fetch(GATEWAY, 8000), OUTSIDE, "while no daemon runs")
        w.daemon.start()
        expect.equal(outside.fetch(GATEWAY, 8000), OUTSIDE)
        expect.equal(hosts.fetch("127.0.0.1", 8000), w.c.info(handle).host_ip)


@case(backend="linux", config=SHARED)
def removed_forwards_are_restored(w):
    outside = w.host("out0", GATEWAY, OUTSIDE)
    handle = w.create()
    _serve(w, handle, "tcp", 8080)
    _forward(w, handle, 8000, 8080)
    subprocess.run(["nft", "flush", "ruleset"], check=True)
    expect.eventually(lambda: outside.fetch(GATEWAY, 8000) == OUTSIDE, "the forward while the daemon runs")
    w.disconnect()
    w.daemon.kill()
    subprocess.run(["nft", "flush", "ruleset"], check=True)
    expect.equal(outside.fetch(GATEWAY, 8000), "ECONNREFUSED")
    w.daemon.start()
    expect.equal(outside.fetch(GATEWAY, 8000), OUTSIDE)


@case(backend="linux", config=SHARED)
def rules_that_were_not_stored_are_removed_after_a_restart(w):
    handle, other = w.create(), w.create()
    _forward(w, handle, 8000, 8080)
    own = w.c.info(handle).container_ip
    w.disconnect()
    w.daemon.kill()
    for element in (f"tcp . 8001 : {own} . 8080", "tcp . 8002 : 10.254.99.2 . 8080"):
        subprocess.run(["nft", "add", "element", "inet", "warden", "forwards", f"{{ {element} }}"], check=True)
    w.daemon.start()
    table = subprocess.run(["nft", "list", "map", "inet", "warden", "forwards"], capture_output=True, check=True)
    expect.lacks(table.stdout, b"8001")
    _forward(w, other, 8002, 8080)
    _serve(w, other, "tcp", 8080)
    expect.equal(hosts.fetch("127.0.0.1", 8002), w.c.info(other).host_ip)
