# SPDX-License-Identifier: Apache-2.0
"""Frames that only root with AF_PACKET can make, seen by listeners on the host's end of the link."""

import os
import socket
import struct
import subprocess

import expect
from case import case

ETH_P_ALL, LLDP, ARP = 0x0003, 0x88CC, 0x0806
FRAMES = 16
# The probe's own datagram, which must pass: it shows that the listener works and that all before it has arrived.
PORT = 4444


class Listener:
    """A packet socket on the host's end of a container's link."""

    def __init__(self, link, protocol):
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
        self._socket.bind((link, protocol))
        self._socket.settimeout(0.05)

    def frames(self):
        """The frames from the container since the last call."""
        found = []
        while True:
            try:
                data, (_, _, kind, _, _) = self._socket.recvfrom(2048)
            except TimeoutError:
                return found
            if kind != socket.PACKET_OUTGOING:
                found.append(data)

    def close(self):
        """Closes the socket."""
        self._socket.close()


class Sender:
    """A container, and what it sends."""

    def __init__(self, w):
        self.w = w
        self.handle = w.create(seccomp="unconfined")  # the default profile refuses packet sockets
        info = w.c.info(self.handle)
        self.ip, self.host_ip = info.container_ip, info.host_ip
        self.id = os.path.basename(w.path_of(self.handle))
        self.mac = "0a:57:" + ":".join(f"{byte:02x}" for byte in socket.inet_aton(self.ip))
        self.listener = Listener(f"w-{self.id}-0", ETH_P_ALL)

    def arrived(self):
        """Sends all frames; returns those that the listener got."""
        script = f"probe_frames w-{self.id}-1 {self.mac} {self.ip}"
        expect.equal(self.w.run(self.handle, script, privileged=True), f"{FRAMES} tried\n")
        self.w.run(self.handle, f"probe udp-from {self.ip} {self.host_ip} {PORT}", privileged=True)
        port, seen = struct.pack("!H", PORT), []
        expect.eventually(
            lambda: seen.extend(self.listener.frames()) or any(port in frame[34:38] for frame in seen),
            "the datagram with the true address",
        )
        return [frame for frame in seen if b"canary" in frame]

    def remove_inner_filter(self):
        """What root with CAP_NET_ADMIN can do."""
        subprocess.run(
            ["nsenter", "-t", str(self.w.init_of(self.handle)), "-n", "tc", "qdisc", "del", "dev", f"w-{self.id}-1", "clsact"],
            check=True,
        )

    def remove_outer_filter(self):
        """The control."""
        subprocess.run(["tc", "filter", "del", "dev", f"w-{self.id}-0", "parent", "ffff:", "prio", "1"], check=True)


@case(backend="linux")
def foreign_frames_reach_no_packet_socket_of_the_host(w):
    """PPPoE, EAPOL, LLDP, MPLS, 802.2, VLAN, IPv6 and forged ARP and IPv4 reach who listens on the host's end."""
    sender = Sender(w)
    expect.equal(sender.arrived(), [])
    sender.remove_inner_filter()
    sender.remove_outer_filter()
    expect.true(len(sender.arrived()) >= FRAMES - 2, "without filters they arrive", "fewer")
    sender.listener.close()


@case(backend="linux")
def foreign_frames_reach_no_protocol_of_the_host(w):
    """The same with CAP_NET_ADMIN, which removes the filter inside: the one outside stands before any protocol."""
    sender = Sender(w)
    sender.remove_inner_filter()
    listeners = [Listener(f"w-{sender.id}-0", protocol) for protocol in (LLDP, ARP)]
    sender.arrived()
    expect.equal([listener.frames() for listener in listeners], [[], []])
    sender.remove_outer_filter()
    sender.arrived()
    for listener in listeners:
        expect.true(listener.frames(), "without the filter they arrive", "none")
        listener.close()
    sender.listener.close()


@case(backend="linux")
def a_limit_of_bandwidth_leaves_the_filter_in_place(w):
    """The redirect that limits bandwidth takes the place of the filter of frames."""
    sender = Sender(w)
    sender.remove_inner_filter()
    listener = Listener(f"w-{sender.id}-0", LLDP)
    w.c.limit_bandwidth(sender.handle, rate=1_000_000, burst=100_000)
    sender.arrived()
    w.c.limit_bandwidth(sender.handle, rate=(1 << 32) - 1, burst=(1 << 32) - 1)
    sender.arrived()
    w.daemon.restart()
    w.disconnect()
    sender.arrived()
    expect.equal(listener.frames(), [])
    listener.close()
    sender.listener.close()
