# SPDX-License-Identifier: Apache-2.0
"""Outbound rules (net_out) with real traffic, allowed and denied. All hosts are the case's own namespaces."""

import os
import re
import signal
import socket
import subprocess

import expect
import hosts
import warden
from case import case

OUTSIDE, GATEWAY = "192.0.2.2", "192.0.2.1"
OTHER, OTHER_GATEWAY = "198.51.100.2", "198.51.100.1"
BROADCAST = "10.254.0.3"
UDP, ICMP, ALL = 1, 2, 3
REFUSED = ("EHOSTUNREACH", "ECONNREFUSED")


class Net:
    """A container between two hosts that answer on some ports."""

    def __init__(self, w, ports=(80,)):
        self.w = w
        self.hosts = w.host("out0", GATEWAY, OUTSIDE), w.host("out1", OTHER_GATEWAY, OTHER)
        for host in self.hosts:
            for port in ports:
                host.serve_tcp(port)
                host.serve_udp(port)
        self.handle = w.create()

    def allow(self, **fields):
        self.w.c.net_out(self.handle, **fields)

    def tcp(self, address, port=80):
        return self.w.run(self.handle, f"probe connect {address} {port}").strip() == "ok"

    def udp(self, address, port=80):
        return self.w.run(self.handle, f"probe ask-udp {address} {port}").strip() == "ok"

    def ping(self, address):
        return self.w.c.run(self.handle, f"ping -c 1 -W 2 {address}").exit_status == 0

    def all(self, address, port=80):
        return self.tcp(address, port), self.udp(address, port), self.ping(address)


@case(backend="linux")
def an_address_and_a_port(w):
    net = Net(w, ports=(80, 81))
    expect.equal((net.all(OUTSIDE), net.all(OTHER)), ((False,) * 3,) * 2, "before")
    net.allow(network=OUTSIDE, port=80)
    expect.equal(net.all(OUTSIDE), (True, False, False))
    expect.equal((net.tcp(OUTSIDE, 81), net.tcp(OTHER)), (False, False))
    expect.equal(w.run(net.handle, f"nc {OUTSIDE} 80 < /dev/null"), f"{GATEWAY}\n", "masqueraded")


@case(backend="linux")
def a_network_without_a_port_is_all_of_tcp(w):
    net = Net(w, ports=(80, 65535))
    net.allow(network="192.0.2.0/24")
    expect.equal(net.all(OUTSIDE), (True, False, False))
    expect.equal((net.tcp(OUTSIDE, 65535), net.tcp(OTHER)), (True, False))


@case(backend="linux")
def a_port_without_a_network_is_everywhere(w):
    net = Net(w, ports=(80, 81))
    net.allow(port=80)
    expect.equal((net.tcp(OUTSIDE), net.tcp(OTHER)), (True, True))
    expect.equal((net.tcp(OUTSIDE, 81), net.udp(OUTSIDE)), (False, False))


@case(backend="linux")
def a_range_of_addresses_is_exact(w):
    net = Net(w)
    for last in (3, 4, 9, 10):
        net.hosts[0].run("ip", "address", "add", f"192.0.2.{last}/24", "dev", "eth0")
    net.allow(network="192.0.2.4-192.0.2.9", port=80)
    seen = [net.tcp(f"192.0.2.{last}") for last in (2, 3, 4, 9, 10)]
    expect.equal(seen, [False, False, True, True, False])


@case(backend="linux")
def a_range_of_ports_is_exact(w):
    net = Net(w, ports=(79, 80, 85, 90, 91))
    net.allow(network=OUTSIDE, port=1, port_range="80:90")
    net.allow(network=OUTSIDE, port_range="79:85", protocol=UDP)
    expect.equal([net.tcp(OUTSIDE, port) for port in (79, 80, 85, 90, 91)], [False, True, True, True, False])
    expect.equal([net.udp(OUTSIDE, port) for port in (79, 80, 85, 90, 91)], [True, True, True, False, False])


@case(backend="linux")
def udp_is_allowed_for_itself(w):
    net = Net(w, ports=(80, 81))
    net.allow(network=OUTSIDE, port=80, protocol=UDP)
    expect.equal(net.all(OUTSIDE), (False, True, False))
    expect.equal((net.udp(OUTSIDE, 81), net.udp(OTHER)), (False, False))


@case(backend="linux")
def icmp_is_allowed_by_type_and_code(w):
    net = Net(w)
    net.allow(network=OUTSIDE, protocol=ICMP, icmp_type=13)
    net.allow(network=OUTSIDE, protocol=ICMP, icmp_type=8, icmp_code=1)
    expect.equal(net.all(OUTSIDE), (False, False, False))
    net.allow(network=OUTSIDE, protocol=ICMP, icmp_type=8, icmp_code=0)
    expect.equal(net.all(OUTSIDE), (False, False, True))
    net.allow(network=OTHER, protocol=ICMP, icmp_type=-1, icmp_code=0)
    expect.equal(net.all(OTHER), (False, False, True))


@case(backend="linux")
def icmp_of_any_type(w):
    net = Net(w)
    net.allow(network=OUTSIDE, protocol=ICMP)
    expect.equal(net.all(OUTSIDE), (False, False, True))
    expect.equal(net.ping(OTHER), False)


@case(backend="linux")
def all_protocols_at_once(w):
    net = Net(w)
    net.allow(network=OUTSIDE, protocol=ALL)
    expect.equal((net.all(OUTSIDE), net.all(OTHER)), ((True,) * 3, (False,) * 3))


@case(backend="linux")
def a_rule_for_everywhere_excludes_host_and_containers(w):
    net = Net(w)
    other = w.create()
    w.spawn_ready(other, "probe serve-tcp 8080")
    net.allow(network="0.0.0.0/0", protocol=ALL)
    expect.equal((net.all(OUTSIDE), net.all(OTHER)), ((True,) * 3,) * 2)
    neighbour = w.c.info(other).container_ip
    expect.equal(hosts.fetch(neighbour, 8080), w.c.info(other).host_ip, "the host reaches it")
    net.allow(port=8080)
    net.allow(network="0.0.0.0-255.255.255.255", protocol=ALL)
    for address in (neighbour, w.c.info(net.handle).host_ip, GATEWAY):
        expect.equal(net.all(address, 8080), (False,) * 3, address)
    expect.equal(w.run(net.handle, f"probe ask-udp {BROADCAST} 8080").strip() == "ok", False, "broadcast")


@case(backend="linux")
def a_rule_that_names_a_container_opens_the_way_to_it(w):
    net = Net(w)
    two, three = w.create(), w.create()
    for other in (two, three):
        for port in (8080, 8081):
            w.spawn_ready(other, f"probe serve-tcp {port}")
            w.spawn_ready(other, f"probe serve-udp {port}")
    info = w.c.info(two)
    own, others = w.c.info(net.handle).container_ip, w.c.info(three).container_ip
    expect.equal(net.all(info.container_ip, 8080), (False,) * 3, "before")
    net.allow(network=info.container_ip, port=8080)
    expect.equal(net.all(info.container_ip, 8080), (True, False, False))
    seen = w.run(net.handle, f"nc {info.container_ip} 8080 < /dev/null")
    expect.equal(seen, f"{own}\n", "the container sees the other one's address")
    expect.equal((net.tcp(info.container_ip, 8081), net.tcp(others, 8080)), (False, False))
    back = w.run(two, f"probe connect {own} 8080").strip()
    expect.contains(REFUSED, back, "the other way")
    net.allow(network=f"{info.container_ip}-{info.container_ip}", port=8081, protocol=UDP)
    expect.equal(net.udp(info.container_ip, 8081), True)
    net.allow(network=f"{info.container_ip}/31", protocol=ALL, log=True)
    expect.equal((net.all(info.container_ip, 8081), net.all(others, 8080)), ((True,) * 3, (False,) * 3))
    w.c.call(warden.NetReplaceRequest(handle=net.handle))
    expect.equal(net.all(info.container_ip, 8080), (False,) * 3, "after")


@case(backend="linux")
def the_way_to_a_container_outlives_a_restart(w):
    one, two = w.create(), w.create()
    w.spawn_ready(two, "probe serve-tcp 8080")
    attempt = f"probe connect {w.c.info(two).container_ip} 8080"
    w.c.net_out(one, network=w.c.info(two).container_ip, port=8080)
    for number in (signal.SIGTERM, signal.SIGKILL):
        w.disconnect()
        w.daemon.restart(number)
        expect.equal(w.run(one, attempt).strip(), "ok")


@case(backend="linux")
def a_network_with_containers_in_it_names_them(w):
    net = Net(w)
    other = w.create()
    w.spawn_ready(other, "probe serve-tcp 8080")
    address = w.c.info(other).container_ip
    net.allow(network="10.0.0.0/8", port=8080)
    expect.equal((net.tcp(address, 8080), net.ping(address)), (True, False))


@case(backend="linux")
def a_rule_that_names_an_address_of_the_host_opens_it(w):
    net = Net(w)
    host_ip = w.c.info(net.handle).host_ip
    with socket.create_server(("0.0.0.0", 9090)), socket.create_server(("0.0.0.0", 9091)):
        for address in (host_ip, GATEWAY):
            net.allow(network=address, port=9090)
            expect.equal(net.all(address, 9090), (True, False, False), address)
            expect.equal(net.tcp(address, 9091), False, f"another port of {address}")
        expect.equal(net.tcp(OTHER_GATEWAY, 9090), False, "another address of the host")
        net.allow(network=GATEWAY, protocol=ICMP)
        expect.equal((net.ping(GATEWAY), net.ping(host_ip)), (True, False))
        net.allow(network="127.0.0.0/8", protocol=ALL)
        expect.equal(w.run(net.handle, "probe connect 127.0.0.1 9090").strip(), "ECONNREFUSED", "its own loopback")


@case(backend="linux")
def a_network_with_the_host_in_it_opens_it_and_says_so(w):
    net = Net(w)

    def said():
        return [line for line in w.daemon.log().splitlines() if "net_out:" in line]

    net.allow(network="0.0.0.0/0", protocol=ALL)
    net.allow(network=GATEWAY, port=9091)
    net.allow(network="192.0.2.4/31", port=9090)
    expect.equal(said(), [])
    with socket.create_server(("0.0.0.0", 9090)):
        expect.equal(net.tcp(GATEWAY, 9090), False)
        net.allow(network="192.0.2.0/24", port=9090)
        expect.equal(net.tcp(GATEWAY, 9090), True)
    text = "net_out: {} includes the host's address {} ({}){}: the container reaches what listens there"
    expect.contains(said()[0], text.format("192.0.2.0-192.0.2.255", GATEWAY, "out0", ""))
    expect.contains(said()[0], net.handle)
    net.allow(network="192.0.2.0/24", port=9091)
    net.allow(network="192.0.2.6/31", port=9090)
    net.allow(network="10.254.0.0/16", port=9090)
    link = f"w-{os.path.basename(w.path_of(net.handle))}-0"
    expect.contains(said()[-1], text.format("10.254.0.0-10.254.255.255", w.c.info(net.handle).host_ip, link, ""))
    net.allow(network="128.0.0.0/1", port=9090)
    expect.contains(said()[-1], " and 1 more of its addresses: ")
    expect.true(len(said()) <= 4, "at most a line for each rule", said())


@case(backend="linux")
def link_local_addresses_of_the_host_are_named_by_themselves(w):
    handle = w.create()
    hosts.ip("address", "add", "169.254.169.254/32", "dev", "lo")
    try:
        with socket.create_server(("169.254.169.254", 9090)):
            attempt = "probe connect 169.254.169.254 9090"
            w.c.net_out(handle, network="169.0.0.0/8", protocol=ALL)
            expect.contains(REFUSED, w.run(handle, attempt).strip())
            w.c.net_out(handle, network="169.254.169.254", port=9090)
            expect.equal(w.run(handle, attempt).strip(), "ok")
    finally:
        hosts.ip("address", "delete", "169.254.169.254/32", "dev", "lo")


@case(backend="linux")
def a_rule_for_everywhere_excludes_the_metadata_of_clouds(w):
    net = Net(w)
    net.hosts[0].run("ip", "address", "add", "169.254.169.254/32", "dev", "eth0")
    hosts.ip("route", "add", "169.254.169.254", "via", OUTSIDE)
    net.allow(port=80)
    net.allow(network="0.0.0.0/0", protocol=ALL)
    expect.equal((net.tcp(OUTSIDE), net.all("169.254.169.254")), (True, (False,) * 3))
    net.allow(network="169.254.169.254", port=80)
    expect.equal(net.all("169.254.169.254"), (True, False, False))


@case(backend="linux")
def a_rule_applies_to_one_container(w):
    net = Net(w)
    other = w.create()
    net.allow(network="0.0.0.0/0", protocol=ALL)
    expect.contains(REFUSED, w.run(other, f"probe connect {OUTSIDE} 80").strip())
    w.c.destroy(net.handle)
    again = w.create(network=None)
    expect.contains(REFUSED, w.run(again, f"probe connect {OUTSIDE} 80").strip())


@case(backend="linux", config={"network": {"release_delay": 0, "pool_network": "10.254.0.0/30"}})
def the_next_container_with_the_address_has_no_rules(w):
    net = Net(w)
    net.allow(network="0.0.0.0/0", protocol=ALL, log=True)
    w.c.net_in(net.handle, host_port=8000)
    expect.equal(net.tcp(OUTSIDE), True)
    w.c.destroy(net.handle)
    net.handle = expect.eventually(lambda: _try_create(w), "the network is free again")
    expect.equal(net.all(OUTSIDE), (False,) * 3)
    expect.equal(hosts.fetch(GATEWAY, 8000), "ECONNREFUSED")


def _try_create(w):
    try:
        return w.create()
    except warden.WardenError:
        return None


@case(backend="linux")
def overlapping_rules_are_combined(w):
    net = Net(w, ports=(80, 81, 82))
    net.allow(network="192.0.2.0/24", port_range="80:81")
    net.allow(network="0.0.0.0/0", port_range="81:82")
    net.allow(network=OUTSIDE, protocol=ICMP)
    expect.equal([net.tcp(OUTSIDE, port) for port in (80, 81, 82)], [True, True, True])
    expect.equal([net.tcp(OTHER, port) for port in (80, 81, 82)], [False, True, True])
    expect.equal((net.ping(OUTSIDE), net.ping(OTHER)), (True, False))
    rule = warden.NetOutRequest(handle="", network="192.0.2.0/24", port_range="80:81")
    w.c.call(warden.NetRemoveRequest(handle=net.handle, out=[rule]))
    expect.equal([net.tcp(OUTSIDE, port) for port in (80, 81, 82)], [False, True, True])


@case(backend="linux")
def replaced_rules_hold_and_no_others(w):
    net = Net(w, ports=(80, 81))
    net.allow(network=OUTSIDE, port=80)
    rules = [warden.NetOutRequest(handle="", network=OTHER, port=port) for port in (80, 81)]
    w.c.call(warden.NetReplaceRequest(handle=net.handle, out=rules))
    expect.equal((net.tcp(OUTSIDE), net.tcp(OTHER), net.tcp(OTHER, 81)), (False, True, True))


@case(backend="linux", config={"network": {"own_table": False}})  # it is flushed
def rules_persist_over_restarts_and_are_restored(w):
    net = Net(w)
    net.allow(network=OUTSIDE, port=80, log=True)
    for number in (signal.SIGTERM, signal.SIGKILL):
        w.disconnect()
        w.daemon.restart(number)
        expect.equal((net.all(OUTSIDE), net.tcp(OTHER)), ((True, False, False), False))
    subprocess.run(["nft", "flush", "ruleset"], check=True)
    expect.eventually(lambda: "log-10.254" in _table(), "the table is put back")
    expect.equal((net.all(OUTSIDE), net.tcp(OTHER)), ((True, False, False), False))
    w.disconnect()
    w.daemon.kill()
    subprocess.run(["nft", "flush", "ruleset"], check=True)
    w.daemon.start()
    expect.equal((net.all(OUTSIDE), net.tcp(OTHER)), ((True, False, False), False))
    expect.contains(_table(), f'log prefix "warden-i-{net.handle} "')


@case(backend="linux")
def established_connections_continue_after_their_rule_is_removed(w):
    net = Net(w)
    net.allow(network=OUTSIDE, port=80, protocol=UDP)
    job = w.spawn_ready(net.handle, f"probe ask-udp-again {OUTSIDE} 80 go")
    w.c.call(warden.NetReplaceRequest(handle=net.handle))
    w.run(net.handle, "touch go")
    expect.equal(w.c.link(net.handle, job).stdout, b"ready\nok\n")
    expect.equal(net.udp(OUTSIDE), False, "a new one")


def _table():
    return subprocess.run(["nft", "list", "table", "inet", "warden"], capture_output=True, text=True, check=False).stdout


def _logged(chain):
    """The number of packets that reached a logging chain, to which the case has added a counter."""
    listed = subprocess.run(
        ["nft", "list", "chain", "inet", "warden", chain], capture_output=True, text=True, check=True
    ).stdout
    return int(re.search(r"counter packets (\d+)", listed).group(1))


def _expect_kernel_log(net, address):
    """The kernel drops log lines of other network namespaces without a setting of the whole machine; the machine of this
    run is discarded afterwards."""
    allow = "echo 1 > /proc/sys/net/netfilter/nf_log_all_netns"
    subprocess.run(["nsenter", "--net=/proc/1/ns/net", "sh", "-c", allow], check=True)
    expect.equal(net.tcp(OUTSIDE, 80), True)
    seen = subprocess.run(["dmesg"], capture_output=True, check=True).stdout.decode()
    line = next((line for line in seen.splitlines() if f"warden-i-{net.handle} " in line), "")
    expect.matches(line, f".*SRC={address} DST={OUTSIDE} .*PROTO=TCP .*DPT=80 .*SYN.*")


@case(backend="linux", config={"network": {"own_table": False}})  # a counter is added to it
def new_tcp_connections_of_a_rule_with_log_are_logged(w):
    net = Net(w, ports=(80, 81, 82))
    address = w.c.info(net.handle).container_ip
    expect.lacks(_table(), "warden-i-")
    net.allow(network="192.0.2.0/24", protocol=ALL, log=True)
    net.allow(network=OUTSIDE, port=81)  # newer, so it decides
    net.allow(network=OTHER, port=82, log=True)
    expect.contains(_table(), f'log prefix "warden-i-{net.handle} "')
    subprocess.run(["nft", "insert", "rule", "inet", "warden", f"log-{address}", "counter"], check=True)
    for attempt, expected in (
        (lambda: net.tcp(OUTSIDE, 80), 1),
        (lambda: net.tcp(OUTSIDE, 81), 1),
        (lambda: net.udp(OUTSIDE, 80), 1),
        (lambda: net.ping(OUTSIDE), 1),
        (lambda: net.tcp(OTHER, 82), 2),
    ):
        expect.equal(attempt(), True)
        expect.equal(_logged(f"log-{address}"), expected)
    if "WARDEN_VM" in os.environ:
        _expect_kernel_log(net, address)
    w.c.destroy(net.handle)
    expect.eventually(lambda: "warden-i-" not in _table(), "no chain is left")


@case(backend="linux")
def many_rules_at_once(w):
    net = Net(w)
    rules = [
        warden.NetOutRequest(handle="", network=f"198.51.{n // 200}.{n % 200 + 10}", port_range=f"{n + 1}:{n + 2}")
        for n in range(1000)
    ]
    rules.append(warden.NetOutRequest(handle="", network=OUTSIDE, port=80))
    w.c.call(warden.NetReplaceRequest(handle=net.handle, out=rules))
    expect.equal((net.tcp(OUTSIDE), net.tcp(OTHER)), (True, False))
    w.c.call(warden.NetReplaceRequest(handle=net.handle))
    expect.equal(net.tcp(OUTSIDE), False)
