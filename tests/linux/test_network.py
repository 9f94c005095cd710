# SPDX-License-Identifier: Apache-2.0
"""The network: links, allowed and refused traffic. All hosts are the case's own namespaces."""

import os
import signal
import socket
import subprocess
import time

import daemon
import expect
import hosts
import kernel
from case import case

OUTSIDE = "192.0.2.2"
GATEWAY = "192.0.2.1"
ALLOWED = {"network": {"allow_networks": ["192.0.2.0/24"]}}
SHARED = {"network": {**ALLOWED["network"], "own_table": False}}  # the case changes the daemon's table
REFUSED = ("ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EACCES")


def _ids(w, handle):
    return os.path.basename(w.path_of(handle))


def _probe(w, handle, attempt, privileged=False):
    """The output of the probe, and its duration."""
    start = time.monotonic()
    seen = w.run(handle, f"probe {attempt}", privileged=privileged).strip()
    return seen, time.monotonic() - start


def _refused(w, handle, address, port=80):
    """TCP to this address is rejected by an ICMP message, not dropped."""
    seen, seconds = _probe(w, handle, f"connect {address} {port}")
    expect.contains(REFUSED, seen, f"connecting to {address}:{port}")
    expect.duration(seconds, 1.5, "the rejection")


def _serve_inside(w, handle, port):
    """A server in the container that answers `inside`."""
    job = w.c.spawn(handle, f"while :; do echo inside | nc -l -p {port}; done")
    expect.eventually(lambda: _listens(w, handle, port), "a listener inside")
    return job


def _listens(w, handle, port):
    sockets = w.run(handle, "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; true").splitlines()
    return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A" for line in sockets)


def _fetch(address, port, timeout=3):
    with socket.create_connection((address, port), timeout) as connection:
        return connection.recv(100)


@case(backend="linux")
def the_hosts_links_are_named_by_the_id_and_up(w):
    id_ = _ids(w, w.create())
    for name in (f"w-{id_}-0", f"w-{id_}-2"):
        seen = hosts.ip("-o", "link", "show", "dev", name)
        expect.contains(seen, "mtu 1500")
        expect.contains(seen.split("<")[1].split(">")[0].split(","), "UP")
    expect.contains(hosts.ip("-d", "link", "show", "dev", f"w-{id_}-2"), "ifb")
    expect.contains(hosts.ip("-d", "link", "show", "dev", f"w-{id_}-0"), "veth")


@case(backend="linux")
def addresses_and_routes_are_as_info_says(w):
    handle = w.create()
    id_, info = _ids(w, handle), w.c.info(handle)
    expect.contains(hosts.ip("-4", "-o", "addr", "show", "dev", f"w-{id_}-0"), f"{info.host_ip}/30")
    inside = w.run(handle, "ip -4 -o addr; ip route; ls /sys/class/net", privileged=True)
    expect.contains(inside, f"{info.container_ip}/30")
    expect.contains(inside, f"default via {info.host_ip} dev w-{id_}-1")
    names = w.run(handle, "cat /proc/net/dev | tail -n +3 | sed 's/:.*//' | sort").split()
    expect.equal(names, ["lo", f"w-{id_}-1"])


@case(backend="linux")
def loopback_works_inside(w):
    handle = w.create()
    _serve_inside(w, handle, 7777)
    expect.equal(_probe(w, handle, "connect 127.0.0.1 7777")[0], "ok")
    expect.contains(w.run(handle, "ip link show lo"), "UP")


@case(backend="linux", config={"network": {"mtu": 1400}})
def every_link_has_the_configured_mtu(w):
    handle = w.create()
    id_ = _ids(w, handle)
    for name in (f"w-{id_}-0", f"w-{id_}-2"):
        expect.contains(hosts.ip("-o", "link", "show", "dev", name), "mtu 1400")
    expect.equal(w.run(handle, f"cat /sys/class/net/w-{id_}-1/mtu"), "1400\n")


@case(backend="linux")
def links_are_removed_by_destroy(w):
    handle = w.create()
    id_ = _ids(w, handle)
    w.c.destroy(handle)
    expect.eventually(lambda: id_ not in kernel.read("/proc/self/net/dev"), "no link of the container")


@case(backend="linux")
def outbound_is_denied_with_icmp(w):
    outside = w.host("out0", GATEWAY, OUTSIDE)
    outside.serve_tcp(80)
    handle = w.create()
    expect.equal(_fetch(OUTSIDE, 80), b"192.0.2.1\n", "the host itself reaches the outside")
    _refused(w, handle, OUTSIDE)
    seen = w.c.run(handle, f"ping -c 1 -W 2 {OUTSIDE}")
    expect.equal(seen.exit_status != 0, True, "ping is denied")


@case(backend="linux", config=ALLOWED)
def allowed_networks_are_reached_and_masqueraded(w):
    outside = w.host("out0", GATEWAY, OUTSIDE)
    outside.serve_tcp(80)
    handle = w.create()
    expect.equal(w.run(handle, f"nc {OUTSIDE} 80 < /dev/null"), "192.0.2.1\n")
    expect.equal(w.c.run(handle, f"ping -c 1 -W 2 {OUTSIDE}").exit_status, 0)


@case(backend="linux", config={"network": {"allow_networks": ["192.0.2.3-192.0.2.9", "192.0.2.77"]}})
def ranges_and_single_addresses_are_allowed_exactly(w):
    outside = w.host("out0", GATEWAY, OUTSIDE)
    outside.serve_tcp(80)
    for last in (3, 9, 10, 76, 77, 78):
        outside.run("ip", "address", "add", f"192.0.2.{last}/24", "dev", "eth0")
    handle = w.create()
    for last in (3, 9, 77):
        expect.equal(_probe(w, handle, f"connect 192.0.2.{last} 80")[0], "ok", f"192.0.2.{last}")
    for last in (2, 10, 76, 78):
        _refused(w, handle, f"192.0.2.{last}")


def _reload_networks(w, *networks):
    """Allows these networks from now on; returns the lines that the log has since then."""
    before = len(w.daemon.log())
    w.daemon.settings = daemon.merge(w.daemon.settings, {"network": {"allow_networks": list(networks)}})
    w.daemon.write_config(None)
    w.daemon.process.send_signal(signal.SIGHUP)
    expect.eventually(lambda: "need a restart" in w.daemon.log()[before:], "a result")
    return w.daemon.log()[before:]


@case(backend="linux", config={"network": {"allow_networks": ["192.0.2.77"]}})
def sighup_replaces_the_allowed_networks_of_existing_containers(w):
    outside = w.host("out0", GATEWAY, OUTSIDE)
    outside.serve_tcp(80)
    outside.run("ip", "address", "add", "192.0.2.77/24", "dev", "eth0")
    handle = w.create()
    _refused(w, handle, OUTSIDE)
    log = _reload_networks(w, "192.0.2.0-192.0.2.5", "198.51.100.0/24")
    expect.contains(
        log,
        'network.allow_networks: ["192.0.2.77"] -> ["192.0.2.0-192.0.2.5", "198.51.100.0/24"]\n',
    )
    expect.contains(log, "settings reloaded: 1 changed, 0 need a restart")
    expect.equal(_probe(w, handle, f"connect {OUTSIDE} 80")[0], "ok", "the container that was there")
    expect.equal(_probe(w, w.create(), f"connect {OUTSIDE} 80")[0], "ok", "a new container")
    _refused(w, handle, "192.0.2.77")
    _reload_networks(w)
    _refused(w, handle, OUTSIDE)
    expect.contains(_reload_networks(w), "settings reloaded: 0 changed, 0 need a restart")


@case(backend="linux", config={"network": {"own_table": False}})
def a_table_that_is_restored_has_the_networks_of_the_last_sighup(w):
    outside = w.host("out0", GATEWAY, OUTSIDE)
    outside.serve_tcp(80)
    handle = w.create()
    _reload_networks(w, OUTSIDE)
    _nft("delete table inet warden")
    expect.eventually(lambda: "restored" in w.daemon.log(), "the table")
    expect.equal(_probe(w, handle, f"connect {OUTSIDE} 80")[0], "ok")
    _reload_networks(w)  # as the next case finds it


@case(backend="linux")
def the_host_reaches_the_container(w):
    handle = w.create()
    job = _serve_inside(w, handle, 8080)
    address = w.c.info(handle).container_ip
    expect.equal(_fetch(address, 8080), b"inside\n")
    w.c.stop(handle, kill=True)
    w.c.link(handle, job)


@case(backend="linux", config={"network": {"allow_networks": ["192.0.2.2"]}})
def the_container_does_not_reach_the_host(w):
    w.host("out0", GATEWAY, OUTSIDE)
    handle = w.create()
    with socket.create_server(("0.0.0.0", 9090)):
        for address in (w.c.info(handle).host_ip, GATEWAY):
            _refused(w, handle, address, 9090)
            seen = w.c.run(handle, f"ping -c 1 -W 1 {address}")
            expect.equal(seen.exit_status != 0, True, f"ping of {address}")


@case(backend="linux", config={"network": {"allow_host_access": True}})
def the_container_reaches_the_host_if_allowed(w):
    handle = w.create()
    with socket.create_server(("0.0.0.0", 9090)):
        expect.equal(_probe(w, handle, f"connect {w.c.info(handle).host_ip} 9090")[0], "ok")


@case(backend="linux", config={"network": {"allow_networks": ["192.0.2.0/24"]}})
def allow_networks_opens_the_host_and_says_so(w):
    expect.lacks(w.daemon.log(), "network.allow_networks")
    w.host("out0", GATEWAY, OUTSIDE)
    handle = w.create()
    with socket.create_server(("0.0.0.0", 9090)):
        expect.equal(_probe(w, handle, f"connect {GATEWAY} 9090")[0], "ok")
        _refused(w, handle, w.c.info(handle).host_ip, 9090)
    warning = f"192.0.2.0/24 includes the host's address {GATEWAY} (out0): containers reach what listens there"
    expect.contains(_reload_networks(w, "192.0.2.0/24", "192.0.2.7"), warning)
    _reload_networks(w, "192.0.2.0/24")
    w.disconnect()
    w.daemon.restart(signal.SIGTERM)
    expect.contains(w.daemon.log(), warning)


@case(backend="linux", config={"network": {"allow_networks": ["10.254.0.0/17", "198.51.100.0/24"]}})
def allow_networks_opens_containers_to_each_other_and_says_so(w):
    warning = "10.254.0.0/17 overlaps the containers' own networks 10.254.0.0-10.254.255.255: every container reaches"
    expect.equal(w.daemon.log().count("network.allow_networks"), 1)
    expect.contains(w.daemon.log(), warning)
    one, two = w.create(), w.create()
    _serve_inside(w, two, 8080)
    expect.equal(_probe(w, one, f"connect {w.c.info(two).container_ip} 8080")[0], "ok")
    expect.equal(w.c.run(one, f"ping -c 1 -W 2 {w.c.info(two).container_ip}").exit_status, 0, "ping")
    _reload_networks(w, "198.51.100.0/24")
    _refused(w, one, w.c.info(two).container_ip, 8080)
    _reload_networks(w, "10.254.0.0/17", "198.51.100.0/24")  # as the next case finds it


@case(backend="linux")
def containers_do_not_reach_each_other(w):
    one, two = w.create(), w.create()
    _serve_inside(w, two, 8080)
    address = w.c.info(two).container_ip
    expect.equal(_fetch(address, 8080), b"inside\n", "the host reaches it")
    _refused(w, one, address, 8080)
    expect.equal(w.c.run(one, f"ping -c 1 -W 1 {address}").exit_status != 0, True, "ping of a neighbour")
    _refused(w, one, w.c.info(two).host_ip, 8080)


@case(backend="linux")
def the_outside_does_not_reach_a_container_by_its_address(w):
    outside = w.host("out0", GATEWAY, OUTSIDE)
    handle = w.create()
    _serve_inside(w, handle, 8080)
    connect = f"exec 3<>/dev/tcp/{w.c.info(handle).container_ip}/8080 && cat <&3"
    seen = outside.run("timeout", "2", "bash", "-c", connect, check=False)
    expect.equal(seen, "")


@case(backend="linux")
def vcap_can_ping(w):
    handle = w.create()
    expect.equal(w.c.run(handle, "ping -c 1 -W 2 127.0.0.1").exit_status, 0)
    expect.equal(w.run(handle, "cat /proc/sys/net/ipv4/ping_group_range").split()[0], "0")


@case(backend="linux", config=ALLOWED)
def there_is_no_ipv6(w):
    w.host("out0", GATEWAY, OUTSIDE)
    handle = w.create()
    id_ = _ids(w, handle)
    expect.equal(hosts.ip("-6", "-o", "addr", "show", "dev", f"w-{id_}-0"), "")
    seen = w.run(handle, "cat /proc/net/if_inet6 2>/dev/null; true")
    expect.equal(seen, "")
    script = f"echo 0 > /proc/sys/net/ipv6/conf/w-{id_}-1/disable_ipv6; ip -6 addr add fe80::1/64 dev w-{id_}-1; true"
    w.run(handle, script, privileged=True)
    expect.equal(hosts.ip("-6", "-o", "addr", "show", "dev", f"w-{id_}-0"), "")
    seen = w.c.run(handle, f"ping -6 -c 1 -W 1 ff02::1%w-{id_}-1", privileged=True)
    expect.equal(seen.exit_status != 0, True, "ping of all IPv6 neighbours")


@case(backend="linux", config=ALLOWED)
def packets_with_a_false_source_address_are_dropped(w):
    outside = w.host("out0", GATEWAY, OUTSIDE)
    received = outside.collect_udp(4444)
    one, two = w.create(), w.create()
    own, neighbour = w.c.info(one), w.c.info(two)
    w.run(one, f"probe udp-from {own.container_ip} {OUTSIDE} 4444", privileged=True)
    expect.eventually(lambda: _lines(received), "the datagram with the true address")
    for source in (neighbour.container_ip, own.host_ip, "198.51.100.7", "192.0.2.9", "127.0.0.1", "10.254.0.0"):
        w.c.run(one, f"probe udp-from {source} {OUTSIDE} 4444", privileged=True)
    expect.never(lambda: _lines(received), "a datagram with a false address", 0.5)
    os.close(received)


def _lines(descriptor):
    try:
        return os.read(descriptor, 65536).decode().splitlines()
    except BlockingIOError:
        return []


@case(backend="linux")
def ip_forward_is_set_and_logged(w):
    expect.equal(kernel.read("/proc/sys/net/ipv4/ip_forward"), "1\n")
    expect.contains(w.daemon.log(), "ip_forward")


@case(backend="linux")
def foreign_tables_are_unchanged(w):
    rules = (
        "add table inet other; add chain inet other c { type filter hook forward priority 0; };"
        "add rule inet other c counter accept"
    )
    subprocess.run(["nft", rules], check=True)
    before = subprocess.run(["nft", "list", "table", "inet", "other"], capture_output=True, check=True).stdout
    w.c.destroy(w.create())
    w.disconnect()
    w.daemon.restart()
    w.c.destroy(w.create())
    after = subprocess.run(["nft", "list", "table", "inet", "other"], capture_output=True, check=True).stdout
    expect.equal(after, before)
    subprocess.run(["nft", "delete", "table", "inet", "other"], check=True)


@case(backend="linux", config=ALLOWED)
def a_foreign_firewall_that_begins_to_drop_is_logged_each_time(w):
    for times in (1, 2):
        for table in ("fw", "marker"):  # once the second is named, the end of the first has been seen
            chain = "{ type filter hook forward priority 0; policy drop; }"
            _nft(f"add table inet {table}; add chain inet {table} forwarded {chain}")
            line = f"chain forwarded of table inet {table} drops"
            expect.eventually(lambda line=line: w.daemon.log().count(line) == times, "a line in the log")
            _nft(f"add rule inet {table} forwarded counter")
            _nft(f"delete table inet {table}")
    expect.equal(w.daemon.log().count("chain forwarded of table inet fw drops"), 2)


@case(backend="linux", config=SHARED)
def own_changes_are_not_treated_as_damage(w):
    handle = w.create()
    for network in ("192.0.2.1", "192.0.2.2"):
        w.c.net_out(handle, network=network, log=True)
    w.c.destroy(handle)
    rules = ["nft", "list", "table", "inet", "warden"]
    expect.eventually(lambda: b"log-" not in subprocess.run(rules, capture_output=True, check=True).stdout, "the end")
    subprocess.run(["nft", "flush", "chain", "inet", "warden", "refuse"], check=True)
    expect.eventually(lambda: "restored" in w.daemon.log(), "the damage is seen")
    expect.equal(w.daemon.log().count("restored"), 1, "lines about a removed part")


def _nft(commands):
    subprocess.run(["nft", commands], check=True)


@case(backend="linux", config=ALLOWED)
def rules_hold_after_a_restart(w):
    outside = w.host("out0", GATEWAY, OUTSIDE)
    outside.serve_tcp(80)
    handle = w.create()
    w.disconnect()
    w.daemon.restart()
    expect.equal(_probe(w, handle, f"connect {OUTSIDE} 80")[0], "ok")
    with socket.create_server(("0.0.0.0", 9090)):
        _refused(w, handle, w.c.info(handle).host_ip, 9090)


@case(backend="linux", config=SHARED)
def removed_rules_are_restored_after_a_restart(w):
    outside = w.host("out0", GATEWAY, OUTSIDE)
    outside.serve_tcp(80)
    handle = w.create()
    w.disconnect()
    w.daemon.kill()
    subprocess.run(["nft", "flush", "ruleset"], check=True)
    w.daemon.start()
    expect.equal(_probe(w, handle, f"connect {OUTSIDE} 80")[0], "ok")
    with socket.create_server(("0.0.0.0", 9090)):
        _refused(w, handle, w.c.info(handle).host_ip, 9090)
