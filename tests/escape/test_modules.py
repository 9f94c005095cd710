# SPDX-License-Identifier: Apache-2.0
"""Modules that the kernel loads for who asks: each socket family, file system and kind of link that nobody has used yet is
more of the kernel within reach, and a program of the host (/proc/sys/kernel/modprobe) that runs as its root."""

import contextlib
import os
import socket

import expect
import kernel
from case import Skip, case

MODULES, MODPROBE = "/proc/modules", "/proc/sys/kernel/modprobe"
LINKS = ("dummy", "vcan", "wireguard", "gre", "sit", "macvlan", "vxlan", "bond", "team", "warden_canary")
# Sockets of these families are for jobs.
FAMILIES = {socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK}


def _script():
    """What makes a kernel look for a module: families, requests, disciplines, file systems; by programs links, rules, devices."""
    script = "probe_modules; "
    script += "".join(f"ip link add canary type {kind}; tc qdisc add dev lo root {kind};" for kind in LINKS)
    script += "iptables -L -n; iptables-legacy -t nat -L -n; nft list ruleset; modprobe dummy; insmod /bin/true;"
    script += "for d in net/tun ppp fuse kvm vhost-net loop-control; do cat /dev/$d; done; mknod d c 10 200; cat d;"
    script += "ls /dev/char /sys/module /proc/modules; ip -6 addr add fe80::7/64 dev lo; ping -c 1 -W 1 ::1;"
    return f"({script}) >/tmp/tried 2>/dev/null </dev/null; head -n 1 /tmp/tried"


def _attempts(w):
    """All of it as user and as root, under the default profile."""
    handle = w.create()
    for privileged in (False, True):
        expect.true(int(w.run(handle, _script(), privileged=privileged)) > 400, "attempts")


def _names():
    return {line.split()[0] for line in kernel.read(MODULES).splitlines()}


@case(backend="linux", limit=120)
def no_module_is_loaded_for_a_container(w):
    """socket(AF_*), ioctl, mount -t, ip link add type, tc, iptables, line disciplines: the host's list of modules stays."""
    w.c.destroy(w.create())  # what the daemon itself asks for
    before = _names()  # none where the kernel has no modules: then it is the families that stay closed
    _attempts(w)
    expect.equal(_names() - before, set(), "modules that were loaded")
    handle = w.create()
    for privileged in (False, True):
        script = "for f in $(seq 1 46); do for t in 2 3 5; do echo $f $(probe socket $f $t 0); done; done"
        opened = {line.split()[0] for line in w.run(handle, script, privileged=privileged).splitlines() if line.endswith("ok")}
        expect.equal({int(family) for family in opened} - FAMILIES, set(), "families of sockets")


@contextlib.contextmanager
def _marking_modprobe(w):
    """Makes a program that leaves a mark the kernel's modprobe; yields a function that returns what it was asked for."""
    if not os.environ.get("WARDEN_VM"):
        raise Skip("modprobe is the machine's: only in the virtual machine")
    marks = f"{w.directory}/marks"
    program = w.file("modprobe", f'#!/bin/sh\necho "$@" >>{marks}\nexit 1\n', 0o755)
    before = kernel.read(MODPROBE)
    try:
        with open(MODPROBE, "w", encoding="ascii") as file:
            file.write(program)
        yield lambda: kernel.read(marks).split("\n")[:-1]
    finally:
        with open(MODPROBE, "w", encoding="ascii") as file:
            file.write(before)


@case(backend="linux", limit=180)
def modprobe_does_not_run_for_a_container(w):
    """The same with a program in place of modprobe, which is not asked; the control: for an unconfined job it is."""
    handle = w.create()
    w.run(handle, "true")
    with _marking_modprobe(w) as asked:
        _attempts(w)
        expect.equal(asked(), [], "what modprobe was asked for")
        unconfined = w.create(seccomp="unconfined")
        w.run(unconfined, "probe_modules")
        expect.eventually(lambda: "8021q" in " ".join(asked()) or len(asked()) > 10, "it is asked")
