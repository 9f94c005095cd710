# SPDX-License-Identifier: Apache-2.0
"""Capabilities of jobs and of the daemon's processes (CVE-2022-24769, CVE-2022-29162, CVE-2016-8867: ambient and
inheritable ones; CVE-2014-8989, CVE-2022-36109: groups), and user namespaces in which one would have all of them."""

import os

import expect
import kernel
from case import case

SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
# chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, net_raw, sys_chroot, setfcap
DEFAULT = sum(1 << number for number in (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 31))
NET_ADMIN, NET_RAW = 1 << 12, 1 << 13


def _sets(status):
    lines = dict(line.split(":\t", 1) for line in status.splitlines())
    return {name: int(lines[name], 16) for name in SETS} | {
        "Groups": lines["Groups"].split(),
        "NoNewPrivs": int(lines["NoNewPrivs"]),
    }


def _inside(w, handle, **fields):
    return _sets(w.run(handle, "cat /proc/self/status", **fields))


@case(backend="linux")
def jobs_have_few_capabilities_and_users_none(w):
    """CVE-2022-24769: inheritable and ambient capabilities; CVE-2022-36109: supplementary groups."""
    handle = w.create()
    root = _inside(w, handle, privileged=True)
    expect.equal([root[name] for name in SETS], [0, DEFAULT, DEFAULT, DEFAULT, 0])
    for fields in ({}, {"user": "1234"}, {"user": "nobody"}, {"no_new_privs": True}):
        user = _inside(w, handle, **fields)
        expect.equal([user[name] for name in SETS], [0, 0, 0, DEFAULT, 0], str(fields))
        expect.equal(user["Groups"], [])
        expect.equal(user["NoNewPrivs"], int(bool(fields.get("no_new_privs"))))


@case(backend="linux", config={"linux": {"capabilities": ["kill", "net_admin"]}})
def the_configured_capabilities_are_all_that_root_has(w):
    """The control of the bounding set: one with CAP_NET_ADMIN, and an empty one."""
    handle = w.create()
    expect.equal(_inside(w, handle, privileged=True)["CapEff"], 1 << 5 | NET_ADMIN)
    expect.equal(_inside(w, handle)["CapEff"], 0)
    expect.contains(w.daemon.log(), "linux.capabilities: root in containers has net_admin")
    w.run(handle, "ip link set lo down && ip link set lo up", privileged=True)
    w.daemon.settings["linux"]["capabilities"] = ["none"]
    w.daemon.restart()
    w.disconnect()
    expect.equal(_inside(w, w.create(), privileged=True)["CapBnd"], 0)


@case(backend="linux")
def root_inside_cannot_configure_the_network(w):
    """CAP_NET_ADMIN opens links, addresses, nf_tables and tc to root inside."""
    handle = w.create()
    name = f"w-{os.path.basename(w.path_of(handle))}"
    seen = w.c.run(handle, f"ip link set {name}-1 down; ip addr add 192.0.2.9/32 dev lo", privileged=True)
    expect.equal(seen.stderr.count(b"not permitted"), 2, str(seen.stderr))
    addresses = w.run(handle, "ip -o addr; ip -o link", privileged=True)
    expect.lacks(addresses, "192.0.2.9")
    expect.contains(addresses, "UP")


@case(backend="linux")
def files_give_rights_inside_and_none_with_no_new_privs(w):
    """Setuid root and cap_net_raw+ep; the control: without no_new_privs they give just that."""
    handle = w.create()
    strict = w.create(no_new_privs=True)
    for one in (handle, strict):
        w.run(one, "cp /bin/probe_rights /bin/suid; cp /bin/suid /bin/capable; chmod 4755 /bin/suid; "
              "probe_rights capable /bin/capable", privileged=True)  # fmt: skip
    expect.equal(_sets(w.run(handle, "/bin/suid status"))["CapEff"], DEFAULT)
    expect.equal(_sets(w.run(handle, "/bin/capable status"))["CapEff"], NET_RAW)
    for one, fields in ((handle, {"no_new_privs": True}), (strict, {})):
        for name in ("suid", "capable"):
            expect.equal(_sets(w.run(one, f"/bin/{name} status", **fields))["CapEff"], 0, name)


def _status(pid):
    return _sets(kernel.read(f"/proc/{pid}/status"))


@case(backend="linux")
def the_daemons_processes_keep_what_they_use(w):
    """Who takes over the daemon, its helpers or wshd has what these did not drop."""
    handle = w.create()
    job = w.spawn_ready(handle, "echo; sleep 600")
    daemon, init = w.daemon.pid, w.init_of(handle)
    everything = _status(os.getpid())["CapPrm"]
    seen = {"daemon": _status(daemon)}
    for pid in kernel.children(daemon):
        seen[f"{kernel.read(f'/proc/{pid}/comm').strip()} {pid}"] = _status(pid)
    for pid in (init, *kernel.children(init)):
        seen[f"wshd {pid}"] = _status(pid)
    for name, sets in seen.items():
        expect.equal((sets["CapInh"], sets["CapAmb"]), (0, 0), name)
        expect.true(sets["CapPrm"] != everything, f"{name} gave some up", sets)
        # module, rawio, boot, time, mac, audit, syslog, bpf
        expect.equal(sets["CapPrm"] & (3 << 16 | 1 << 22 | 1 << 25 | 3 << 32 | 3 << 29 | 1 << 34 | 1 << 39), 0, name)
    # setpcap, net_raw, sys_chroot, mknod, setfcap
    expect.equal(seen["daemon"]["CapPrm"] & (1 << 8 | NET_RAW | 1 << 18 | 1 << 27 | 1 << 31), 0, "the daemon")
    # Permitted is also what exec gives to a job of root; setpcap, net_raw, ptrace.
    expect.equal(seen[f"wshd {init}"]["CapEff"] & (NET_ADMIN | NET_RAW | 1 << 8 | 1 << 19), 0, "wshd")
    expect.equal(seen[f"wshd {init}"]["CapPrm"] & (NET_ADMIN | 1 << 19), 0, "wshd")
    w.c.stop(handle, kill=True)
    w.c.link(handle, job)


@case(backend="linux")
def nobody_inside_makes_a_user_namespace(w):
    """Bounding set and no_new_privs end at a nested user namespace."""
    handle = w.create(seccomp="unconfined")
    for privileged in (False, True):
        for flags in (0x10000000, 0x10000000 | 0x20000, 0x10000000 | 0x40000000):
            seen = w.run(handle, f"probe unshare {flags}", privileged=privileged).strip()
            expect.contains(("EPERM", "ENOSPC", "ENOSYS"), seen)
        seen = w.c.run(handle, "echo 100 > /proc/sys/user/max_user_namespaces", privileged=privileged)
        expect.true(seen.exit_status != 0, "the limit cannot be raised", seen)
        expect.equal(w.run(handle, "cat /proc/sys/user/max_user_namespaces", privileged=privileged), "0\n")


@case(backend="linux")
def ids_of_containers_are_in_ranges_of_their_own(w):
    """Two containers, or a user of the host, share an id, after a release or a restart too."""
    seen = []
    handles = [w.create(), w.create()]
    w.c.destroy(handles.pop(0))
    handles.append(w.create())
    w.daemon.restart()
    w.disconnect()
    handles.append(w.create())
    for handle in handles:
        inside, first, count = w.run(handle, "cat /proc/self/uid_map").split()
        expect.equal((inside, count), ("0", "65536"))
        seen.append(int(first))
        expect.equal(w.run(handle, "probe_rights become 65536", privileged=True), "EINVAL\n")
    expect.equal(len(set(seen)), len(handles))
    for first in seen:
        expect.equal((first - w.range_start) % 65536, 0)
        expect.true(first >= w.range_start, "in the range", first)
