# SPDX-License-Identifier: Apache-2.0
"""The addresses of the host and of other containers, and the kernel's table of neighbours, which all network namespaces
share, as a container finds them without a rule that opens them."""

import json
import os
import re
import socket

import expect
import hosts
import kernel
import warden
from case import case
from listener import Listener

OUTSIDE, GATEWAY = "192.0.2.2", "192.0.2.1"
OTHER, OTHER_GATEWAY = "198.51.100.2", "198.51.100.1"
ALIASES = ("203.0.113.7", "127.9.9.9")
PORT, FORWARDED = 7777, 8000
UDP, ALL = 1, 3
NOTHING = {"connections": 0, "bytes": 0, "datagrams": 0, "echos": 0}


def _mac(address):
    """The hardware address that a link has for this one."""
    return "0a:57:" + ":".join(f"{byte:02x}" for byte in socket.inet_aton(address))


def _addresses():
    """All IPv4 addresses of the host, and those that reach it by broadcast."""
    seen = [each for link in json.loads(hosts.ip("-j", "-4", "address")) for each in link["addr_info"]]
    return {each["local"] for each in seen}, {each.get("broadcast", "255.255.255.255") for each in seen}


def _counter(path, protocol, name):
    """A counter of a network namespace."""
    names, values = (line.split() for line in kernel.read(path).splitlines() if line.startswith(f"{protocol}:"))
    return int(values[names.index(name)])


def _attempt(w, handle, addresses, broadcasts, port, **fields):
    """Connects, sends datagrams and pings to each address; as root also by frames that no route inside sees."""
    info = w.c.info(handle)
    link = f"w-{os.path.basename(w.path_of(handle))}-1"
    each = f"ping -n -q -c 1 -W 1 $1 & echo data >/dev/tcp/$1/{port}; echo data >/dev/udp/$1/{port}; wait"
    script = f"for a in {' '.join(addresses)}; do timeout 5 bash -c '{each}' - $a & done; wait;"
    for address in broadcasts:
        script += f"probe_datagrams datagrams {info.container_ip} {address} 1 {port};"
        script += f"probe_datagrams datagrams 0.0.0.0 {address} 1 {port};"
    if fields.get("privileged"):
        frame = f"probe_datagrams frame {link} {_mac(info.container_ip)} {_mac(info.host_ip)} {info.container_ip}"
        script += "".join(f"{frame} {address} {port};" for address in (*addresses, *broadcasts))
    w.run(handle, f"({script}) >/dev/null 2>&1; true", **fields)


def _world(w):
    """A host with several links and addresses, and two other containers."""
    w.host("out0", GATEWAY, OUTSIDE)
    w.host("out1", OTHER_GATEWAY, OTHER)
    for address in ALIASES:
        hosts.ip("address", "add", f"{address}/32", "dev", "lo")
    return w.create(), w.create()


def _end_world():
    for address in ALIASES:
        hosts.ip("address", "delete", f"{address}/32", "dev", "lo")


@case(backend="linux", limit=120)
def no_address_of_the_host_is_reached_without_a_rule(w):
    """Each address of the host: of its links, aliases of loopback, the ends of other containers' links, broadcasts."""
    _world(w)
    handle = w.create(seccomp="unconfined")
    addresses, broadcasts = _addresses()
    expect.true(len(addresses) >= 8 and len(broadcasts) >= 3, "addresses", (addresses, broadcasts))
    own = "/proc/self/net/snmp"
    before = _counter(own, "Icmp", "InEchos")

    def seen(listener):
        return {**listener.seen(), "echos": _counter(own, "Icmp", "InEchos") - before}

    try:
        with Listener(PORT) as listener:
            for privileged in (False, True):
                _attempt(w, handle, addresses, broadcasts, PORT, privileged=privileged)
                expect.equal(seen(listener), NOTHING, f"privileged: {privileged}")
            # The control: with a rule for each address all but loopback is reached.
            reached = [address for address in addresses if not address.startswith("127.")]
            rules = [warden.NetOutRequest(handle="", network=address, protocol=ALL) for address in reached]
            w.c.call(warden.NetReplaceRequest(handle=handle, out=rules))
            _attempt(w, handle, addresses, (), PORT)
            n = len(reached)
            wanted = {"connections": n, "bytes": 5 * n, "datagrams": n, "echos": n}
            expect.eventually(lambda: listener.bytes >= 5 * n, "what is sent arrives")
            expect.equal(seen(listener), wanted)
    finally:
        _end_world()


@case(backend="linux", limit=120, slow=True)
def a_forward_is_no_way_in_from_inside(w):
    """Hairpin: a container connects to the host's address and port that another one, or itself, has by net_in."""
    other, third = _world(w)
    addresses, broadcasts = _addresses()
    own = f"/proc/{w.init_of(other)}/net/snmp"
    for protocol in (None, UDP):
        w.c.call(warden.NetInRequest(handle=other, host_port=FORWARDED, container_port=PORT, protocol=protocol))
    w.spawn_ready(other, f"probe serve-tcp {PORT}")
    w.spawn_ready(other, f"probe serve-udp {PORT}")
    outside = w.host("out2", "203.0.113.129", "203.0.113.130")

    def taken():
        return _counter(own, "Tcp", "PassiveOpens"), _counter(own, "Udp", "InDatagrams")

    # What it sends to its own broadcasts stays inside, on no port that is served.
    expect.equal(taken(), (0, 0))
    try:
        # A rule for everywhere names nobody; one for the host's address opens the host's own port alone.
        for rules in ({}, {"port": FORWARDED}, {"network": GATEWAY, "protocol": ALL}):
            for handle in (other, third):
                if rules:
                    w.c.net_out(handle, **rules)
                for privileged in (False, True):
                    fields = {"privileged": privileged, "seccomp": "unconfined"}
                    _attempt(w, handle, addresses, broadcasts, FORWARDED, **fields)
                    expect.equal(taken(), (0, 0), f"{rules}, privileged: {privileged}")
        # The control: the forward works from outside and from the host.
        expect.equal(outside.fetch("203.0.113.129", FORWARDED), "203.0.113.130")
        expect.equal(outside.ask("203.0.113.129", FORWARDED), "203.0.113.130")
        expect.equal(hosts.fetch(GATEWAY, FORWARDED), GATEWAY)
        expect.equal(taken(), (2, 1))
    finally:
        _end_world()


def _neighbours():
    """The neighbours on containers' links, and how often the table that all namespaces share was full."""
    seen = [each for each in json.loads(hosts.ip("-j", "neighbour")) if each["dev"].startswith("w-")]
    table = hosts.ip("-s", "ntable", "show", "name", "arp_cache")
    entries = sorted((each["dst"], each["dev"], each.get("lladdr"), *each["state"]) for each in seen)
    return entries, int(re.search(r"table_fulls (\d+)", table)[1])


@case(backend="linux", limit=120)
def the_hosts_neighbours_stay_and_are_found(w):
    """One table of neighbours for all namespaces: gratuitous and forged ARP, datagrams to 800,000 addresses and groups."""
    other = w.create()
    handle = w.create(seccomp="unconfined")
    info, neighbour = w.c.info(handle), w.c.info(other)
    link = f"w-{os.path.basename(w.path_of(handle))}-1"
    before = _neighbours()
    expect.equal([entry[3:] for entry in before[0]], [("PERMANENT",)] * 2)
    for sender in (_mac(info.container_ip), _mac(neighbour.container_ip), "0a:01:02:03:04:05"):
        for source in (_mac(info.container_ip), sender):
            for address in (info.container_ip, info.host_ip, neighbour.container_ip, GATEWAY):
                w.run(handle, f"probe_datagrams arp {link} {source} {sender} {address} 400", privileged=True)
    expect.equal(_neighbours(), before)
    host = w.host("out0", GATEWAY, OUTSIDE)
    for last in range(10, 110):
        host.run("ip", "address", "add", f"192.0.2.{last}/24", "dev", "eth0")
    host.serve_tcp(PORT)
    for privileged in (False, True):
        handle = w.create()
        before = _neighbours()
        address = w.c.info(handle).container_ip
        floods = (f"{source} {first} 100000 9" for source in ("0.0.0.0", address)
                  for first in ("10.254.0.0", "192.0.2.0", "224.0.0.0", "239.0.0.0"))  # fmt: skip
        script = ";".join(f"probe_datagrams datagrams {flood}" for flood in floods)
        w.spawn_ready(handle, f"while :; do {script}; done", privileged=privileged)
        # Meanwhile the host finds each neighbour of its own.
        hosts.ip("neighbour", "flush", "dev", "out0")
        found = [hosts.fetch(f"192.0.2.{last}", PORT) for last in range(10, 110)]
        expect.equal(set(found), {GATEWAY}, "the host's neighbours answer")
        expect.equal(_neighbours(), before)
        w.c.stop(handle, kill=True)
