# SPDX-License-Identifier: Apache-2.0
"""Network rules: refused ones, stored ones, and the order of ports. Traffic: test_forwards.py, test_outbound.py."""

import signal

import warden
from case import case
import expect

TCP, UDP, ICMP, ALL = range(4)
PORTS = {"port": {"pool_start_port": 40000, "pool_size": 1000}}
STATE = "Container state must be one of 'active', current state is 'stopped'"


def _in(**fields):
    return warden.NetInRequest(handle="", **fields)


def _out(**fields):
    return warden.NetOutRequest(handle="", **fields)


def _list(w, handle):
    """The rules as tuples: (protocol, host_port, container_port), and outbound ones as their fields."""
    seen = w.c.call(warden.NetListRequest(handle=handle))
    inbound = [(rule.protocol, rule.host_port, rule.container_port) for rule in seen.in_]
    outbound = [
        (rule.network, rule.protocol, rule.port_range or rule.port, rule.icmp_type, rule.icmp_code, bool(rule.log))
        for rule in seen.out
    ]
    return inbound, outbound


def _target(w, host_port, container_port):
    """The container's port of a forward. Without its own network a container listens on the host's port."""
    return container_port if w.linux else host_port


@case(config=PORTS)
def a_port_of_the_pool_is_handed_out_for_both_sides(w):
    handle = w.create()
    seen = w.c.net_in(handle)
    expect.equal((seen.host_port, seen.container_port), (40000, 40000))
    seen = w.c.net_in(handle, container_port=8080)
    expect.equal((seen.host_port, seen.container_port), (40001, _target(w, 40001, 8080)))


@case(config=PORTS)
def a_given_port_is_used_as_it_is(w):
    handle = w.create()
    seen = w.c.net_in(handle, host_port=9999)
    expect.equal((seen.host_port, seen.container_port), (9999, 9999))
    seen = w.c.net_in(handle, host_port=40000, container_port=80)
    expect.equal((seen.host_port, seen.container_port), (40000, _target(w, 40000, 80)))
    expect.equal(w.c.net_in(handle).host_port, 40001, "the pool does not hand out what was named")


@case(config=PORTS)
def a_port_of_another_container_is_refused(w):
    one, two = w.create(), w.create()
    pooled = w.c.net_in(one).host_port
    w.c.net_in(one, host_port=9999)
    for port in (pooled, 9999):
        expect.error(f"host_port {port}: another container has it", w.c.net_in, two, host_port=port)
    request = warden.NetInRequest(handle=two, host_port=9999, protocol=UDP)
    expect.error("host_port 9999: another container has it", w.c.call, request)
    expect.equal(_list(w, two), ([], []))


@case
def the_same_forward_twice_is_one(w):
    handle = w.create()
    for _ in range(2):
        w.c.net_in(handle, host_port=9999)
    expect.equal(_list(w, handle)[0], [(TCP, 9999, 9999)])
    w.c.call(warden.NetInRequest(handle=handle, host_port=9999, protocol=UDP))
    expect.equal(_list(w, handle)[0], [(TCP, 9999, 9999), (UDP, 9999, 9999)])


@case(backend="linux")
def one_host_port_cannot_have_two_container_ports(w):
    handle = w.create()
    w.c.net_in(handle, host_port=9999)
    text = "host_port 9999 (TCP) goes to container_port 9999 already"
    expect.error(text, w.c.net_in, handle, host_port=9999, container_port=80)
    expect.equal(_list(w, handle)[0], [(TCP, 9999, 9999)])


@case
def invalid_ports_are_refused(w):
    handle = w.create()
    for port in (0, 65536, 70000, 4294967295):
        text = f"must be from 1 to 65535, not {port}"
        expect.error(f"host_port {text}", w.c.net_in, handle, host_port=port)
        expect.error(f"container_port {text}", w.c.net_in, handle, container_port=port)
    request = warden.NetInRequest(handle=handle, protocol=ICMP)
    expect.error("protocol must be 0 (TCP) or 1 (UDP), not 2", w.c.call, request)
    expect.equal(_list(w, handle), ([], []))


@case(config=PORTS)
def an_empty_pool_is_an_error(w):
    handle, other = w.create(), w.create()
    rules = [_in() for _ in range(999)]
    w.c.call(warden.NetReplaceRequest(handle=handle, in_=rules))
    expect.equal(w.c.net_in(other).host_port, 40999)
    expect.error("no port available", w.c.net_in, other)
    request = warden.NetReplaceRequest(handle=other, in_=[_in(host_port=9999), _in()])
    expect.error("no port available", w.c.call, request)
    expect.equal(_list(w, other)[0], [(TCP, 40999, 40999)])
    w.c.net_in(handle, host_port=9999)  # what had failed holds nothing
    w.c.destroy(handle)
    expect.equal(w.c.net_in(other).host_port, 40000, "given back with the container")


@case(config=PORTS)
def ports_are_free_once_destroy_is_answered(w):
    for _ in range(20):
        handle = w.create()
        w.c.net_in(handle, host_port=9999)
        w.c.net_in(handle, host_port=40005)
        w.c.destroy(handle)


@case(config=PORTS)
def a_returned_port_is_used_last(w):
    one, two = w.create(), w.create()
    expect.equal(w.c.net_in(one).host_port, 40000)
    w.c.destroy(one)
    expect.equal(w.c.net_in(two).host_port, 40001)


@case(config={"port": {"pool_start_port": 40000, "pool_size": 999}}, daemon=False)
def under_1000_ports_the_daemon_does_not_start(w):
    w.daemon.launch()
    expect.equal(w.daemon.wait(), 1, "exit status")
    expect.contains(w.daemon.log(), "Insufficient non-ephemeral ports available (expected >= 1000, got: 999)")


@case(config=PORTS)
def ports_and_rules_persist_after_a_restart(w):
    handle, other = w.create(), w.create()
    w.c.net_in(handle, container_port=8080)
    w.c.call(warden.NetInRequest(handle=handle, host_port=9999, protocol=UDP))
    w.c.net_out(handle, network="192.0.2.0/24", port=80, log=True)
    w.c.net_out(handle, network="192.0.2.7", protocol=ICMP, icmp_type=8, icmp_code=0)
    before = _list(w, handle)
    for number in (signal.SIGKILL, signal.SIGTERM):
        w.disconnect()
        w.daemon.restart(number)
        expect.equal(_list(w, handle), before)
        expect.error("host_port 40000: another container has it", w.c.net_in, other, host_port=40000)
        expect.error("host_port 9999: another container has it", w.c.net_in, other, host_port=9999)
    expect.equal(w.c.net_in(other).host_port, 40001)


@case
def net_out_needs_a_network_or_port(w):
    handle = w.create()
    text = "Please specify network, port, and/or port_range."
    expect.error(text, w.c.net_out, handle)
    expect.error(text, w.c.net_out, handle, network="")
    expect.error(text, w.c.net_out, handle, protocol=ICMP, icmp_type=8)
    expect.error(text, w.c.net_out, handle, protocol=ALL)


@case
def a_port_range_must_ascend(w):
    handle = w.create()
    for ports in ("90:80", "80:80"):
        text = "Port range maximum must be greater than minimum"
        expect.error(text, w.c.net_out, handle, network="192.0.2.1", port_range=ports)
    for ports in ("80", ":", "80:", ":80", "80-90", "80:90:100", " 80:90", "80:90 ", "-1:5", "1:65536", "a:b"):
        text = f"port_range must be A:B with ports up to 65535, not '{ports}'"
        expect.error(text, w.c.net_out, handle, port_range=ports)
    expect.error_like("port_range", w.c.net_out, handle, port_range="1" * 100)
    expect.equal(_list(w, handle), ([], []))


@case
def invalid_networks_are_refused(w):
    handle = w.create()
    for network in ("x", "192.0.2", "192.0.2.256", "192.0.2.0/33", "192.0.2.0/", "192.0.2.9-192.0.2.3", "::1", "1.2.3.4,5"):
        text = f"network must be an address, CIDR or A-B, not '{network}'"
        expect.error(text, w.c.net_out, handle, network=network)
    expect.error_like("network", w.c.net_out, handle, network="1" * 200)
    expect.error_like("network must be UTF-8", w.c.net_out, handle, network="192.0.2.1\0")


@case
def a_protocol_accepts_only_its_own_fields(w):
    handle = w.create()
    where = {"network": "192.0.2.1"}
    expect.error("protocol ALL takes no port", w.c.net_out, handle, protocol=ALL, port=80)
    expect.error("protocol ALL takes no port_range", w.c.net_out, handle, protocol=ALL, port_range="1:9")
    expect.error("protocol ICMP takes no port", w.c.net_out, handle, protocol=ICMP, port=80)
    expect.error("port must be from 1 to 65535, not 0", w.c.net_out, handle, port=0)
    expect.error("port must be from 1 to 65535, not 65536", w.c.net_out, handle, protocol=UDP, port=65536)
    expect.error("icmp_type 8 is for protocol ICMP alone", w.c.net_out, handle, icmp_type=8, **where)
    for value in (-2, 256, 2147483647):
        for field in ("icmp_type", "icmp_code"):
            text = f"{field} must be from 0 to 255, or -1, not {value}"
            expect.error(text, w.c.net_out, handle, protocol=ICMP, **{field: value}, **where)
    text = "protocol must be 0 (TCP), 1 (UDP), 2 (ICMP) or 3 (ALL), not 4"
    expect.error(text, w.c.net_out, handle, protocol=4, **where)
    expect.equal(_list(w, handle), ([], []))


@case
def the_list_has_every_rule_with_the_newest_first(w):
    handle = w.create()
    w.c.net_out(handle, network="192.0.2.77/24")
    w.c.net_out(handle, port=53, protocol=UDP)
    w.c.net_out(handle, network="192.0.2.3-192.0.2.9", port=1, port_range="80:90", log=True)
    w.c.net_out(handle, network="192.0.2.7", protocol=ICMP, icmp_type=8, icmp_code=-1)
    w.c.net_out(handle, network="0.0.0.0/0", protocol=ALL)
    expect.equal(
        _list(w, handle)[1],
        [
            ("0.0.0.0/0", ALL, None, None, None, False),
            ("192.0.2.7", ICMP, None, 8, None, False),
            ("192.0.2.3-192.0.2.9", TCP, "80:90", None, None, True),
            ("0.0.0.0/0", UDP, 53, None, None, False),
            ("192.0.2.0/24", TCP, None, None, None, False),
        ],
    )


@case
def a_repeated_rule_moves_to_the_front(w):
    handle = w.create()
    for port in (1, 2, 1):
        w.c.net_out(handle, port=port)
    expect.equal([rule[2] for rule in _list(w, handle)[1]], [1, 2])


@case(config=PORTS)
def a_list_can_be_sent_as_a_replace(w):
    handle = w.create()
    w.c.net_in(handle, container_port=80)
    w.c.net_out(handle, network="192.0.2.3-192.0.2.9", port_range="80:90", log=True)
    w.c.net_out(handle, network="192.0.2.7", protocol=ICMP, icmp_type=8)
    w.c.net_out(handle, network="192.0.2.8", protocol=ALL)
    seen, before = w.c.call(warden.NetListRequest(handle=handle)), _list(w, handle)
    answer = w.c.call(warden.NetReplaceRequest(handle=handle, in_=seen.in_, out=seen.out))
    expect.equal([(rule.host_port, rule.container_port) for rule in answer.in_], [before[0][0][1:]])
    expect.equal(_list(w, handle), before)


@case(config=PORTS)
def replace_sets_everything_at_once(w):
    handle, other = w.create(), w.create()
    w.c.net_in(handle)
    w.c.net_in(handle, host_port=9999)
    w.c.net_out(handle, port=80)
    rules = [_in(), _in(host_port=9999), _in(host_port=40001, protocol=UDP), _in(container_port=7)]
    answer = w.c.call(warden.NetReplaceRequest(handle=handle, in_=rules, out=[_out(port=2), _out(port=1)]))
    expect.equal([rule.host_port for rule in answer.in_], [40002, 9999, 40001, 40003])
    expect.equal([rule[2] for rule in _list(w, handle)[1]], [2, 1])
    w.c.net_in(other, host_port=40000)  # was taken back
    w.c.call(warden.NetReplaceRequest(handle=handle))
    expect.equal(_list(w, handle), ([], []))
    w.c.net_in(other, host_port=9999)


@case(config=PORTS)
def a_replace_with_one_bad_rule_changes_nothing(w):
    handle, other = w.create(), w.create()
    w.c.net_in(handle, host_port=9999)
    w.c.net_out(handle, port=80)
    w.c.net_in(other, host_port=7777)
    before = _list(w, handle)
    for text, fields in (
        ("in[1]: host_port must be from 1 to 65535, not 0", {"in_": [_in(), _in(host_port=0)]}),
        ("host_port 7777: another container has it", {"in_": [_in(host_port=8888), _in(host_port=7777)]}),
        ("in[1]: host_port 8888 is given twice", {"in_": [_in(host_port=8888), _in(host_port=8888)]}),
        ("out[0]: port must be from 1 to 65535, not 0", {"in_": [_in(host_port=8888)], "out": [_out(port=0)]}),
        ("in[1024]: at most 1024 rules are allowed for a container", {"in_": [_in()] * 1025}),
    ):
        expect.error(text, w.c.call, warden.NetReplaceRequest(handle=handle, **fields))
        expect.equal(_list(w, handle), before)
    expect.equal(w.c.net_in(other).host_port, 40000, "nothing is held")
    w.c.net_in(other, host_port=8888)


@case(config=PORTS)
def remove_removes_equal_rules(w):
    handle, other = w.create(), w.create()
    port = w.c.net_in(handle, container_port=80).host_port
    w.c.call(warden.NetInRequest(handle=handle, host_port=port, protocol=UDP))
    for allowed in (1, 2, 3):
        w.c.net_out(handle, port=allowed)
    request = warden.NetRemoveRequest(handle=handle, in_=[_in(host_port=port)], out=[_out(port=2)])
    w.c.call(request)
    expect.equal(_list(w, handle)[0], [(UDP, port, port)])
    expect.equal([rule[2] for rule in _list(w, handle)[1]], [3, 1])
    expect.error(f"host_port {port}: another container has it", w.c.net_in, other, host_port=port)
    w.c.call(warden.NetRemoveRequest(handle=handle, in_=[_in(host_port=port, protocol=UDP)]))
    w.c.net_in(other, host_port=port)


@case
def a_remove_with_an_unknown_rule_changes_nothing(w):
    handle = w.create()
    w.c.net_in(handle, host_port=9999)
    w.c.net_out(handle, port=80)
    before = _list(w, handle)
    known = {"in_": [_in(host_port=9999)], "out": [_out(port=80)]}
    for text, fields in (
        ("in[1]: no such rule: host_port 9999 (UDP)", {"in_": [*known["in_"], _in(host_port=9999, protocol=UDP)]}),
        ("in[0]: no such rule: host_port 9999 (TCP)", {"in_": [_in(host_port=9999, container_port=80)]}),
        ("in[0]: host_port is missing", {"in_": [_in()]}),
        ("out[1]: no such rule", {**known, "out": [*known["out"], _out(port=80, log=True)]}),
        ("out[1]: no such rule", {**known, "out": known["out"] * 2}),
    ):
        expect.error(text, w.c.call, warden.NetRemoveRequest(handle=handle, **fields))
        expect.equal(_list(w, handle), before)


@case
def rules_need_an_active_container(w):
    handle = w.create()
    w.c.net_in(handle, host_port=9999)
    w.c.stop(handle)
    expect.error(STATE, w.c.net_in, handle)
    expect.error(STATE, w.c.net_out, handle, port=80)
    expect.error(STATE, w.c.call, warden.NetReplaceRequest(handle=handle))
    expect.equal(_list(w, handle), ([(TCP, 9999, 9999)], []))
    w.c.call(warden.NetRemoveRequest(handle=handle, in_=[_in(host_port=9999)]))
    expect.equal(_list(w, handle), ([], []))
    for request in (warden.NetInRequest, warden.NetOutRequest, warden.NetListRequest):
        expect.error("unknown handle", w.c.call, request(handle="nobody"))


@case(config=PORTS)
def changes_of_many_clients_are_all_applied(w):
    handle = w.create()
    clients = [w.client() for _ in range(8)]

    def change(client):
        return [client.net_in(handle).host_port for _ in range(10)]

    ports = sum((call.result() for call in [w.in_thread(change, client) for client in clients]), [])
    expect.equal(sorted(ports), list(range(40000, 40080)))
    expect.equal(sorted(rule[1] for rule in _list(w, handle)[0]), sorted(ports))


@case(backend="fake", config={"fake": {"fail": ["net_in"]}, **PORTS})
def a_request_that_fails_holds_no_port(w):
    handle = w.create()
    expect.error("fake: net_in fails as configured", w.c.net_in, handle)
    answer = w.c.call(warden.NetReplaceRequest(handle=handle, in_=[_in()]))
    expect.equal(answer.in_[0].host_port, 40000)
