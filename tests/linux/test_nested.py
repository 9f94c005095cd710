# SPDX-License-Identifier: Apache-2.0
"""A warden in a container (server.allow_nested_warden)."""

import os
import subprocess

import daemon
import expect
import kernel
from case import case

NESTED = {"server": {"allow_nested_warden": True}}
INNER = "/tmp/inner"


@case(backend="linux", config=NESTED)
def info_log_and_etc_config_report_that_it_is_nested(w):
    handle = w.create()
    expect.equal(w.c.info(handle).nested, True)
    expect.contains(w.daemon.log(), "allow_nested_warden: new containers have no user namespace")
    expect.contains(kernel.read(f"{w.path_of(handle)}/etc/config"), "allow_nested_warden=true")
    w.daemon.settings["server"]["allow_nested_warden"] = False
    w.daemon.restart()
    w.disconnect()
    expect.equal(w.c.info(handle).nested, True)
    expect.equal(w.c.info(w.create()).nested, False)
    w.run(handle, "true")


@case(backend="linux", config=NESTED)
def it_has_no_user_namespace_and_no_masks(w):
    handle = w.create()
    expect.equal(os.readlink(f"/proc/{w.init_of(handle)}/ns/user"), os.readlink("/proc/self/ns/user"))
    w.run(handle, "echo 1 > /proc/sys/net/ipv4/ip_forward && cat /proc/interrupts > /dev/null", privileged=True)
    expect.true(w.c.run(handle, "echo 1 > /proc/sys/net/ipv4/ip_forward").exit_status != 0, "vcap may not")


@case(backend="linux", config=NESTED)
def its_own_control_groups_are_below_tmp_warden_cgroup(w):
    handle = w.create()
    group = f"instance-{os.path.basename(w.path_of(handle))}"
    names = w.run(handle, "ls /tmp/warden/cgroup").split()
    if os.path.exists("/sys/fs/cgroup/memory"):
        for name in ("cpu", "cpuacct", "devices", "memory"):
            expect.contains(names, name)
    for name in names:
        w.run(handle, f"mkdir /tmp/warden/cgroup/{name}/inner", privileged=True)
        found = [path for path, _, _ in os.walk("/sys/fs/cgroup") if f"/{group}/" in path and path.endswith("/inner")]
        expect.true(found, f"{group}/inner in {name}", found)
        w.run(handle, f"rmdir /tmp/warden/cgroup/{name}/inner", privileged=True)


@case(backend="linux")
def without_it_there_are_no_control_groups(w):
    expect.equal(w.run(w.create(), "ls -d /tmp/warden || echo none"), "none\n")


def _inner_settings(w, user_namespace):
    return {
        "server": {
            "backend_path": w.build.modules,
            "unix_domain_path": f"{INNER}/warden.sock",
            "container_depot_path": f"{INNER}/depot",
            "container_rootfs_path": "/srv/rootfs",
            "container_grace_time": -1,
            "user_namespace": user_namespace,
        },
        "health_check_server": {"port": 0},
        "logging": {"level": "debug", "file": f"{INNER}/log"},
        "network": {"pool_network": "10.253.0.0/24"},
        "user": {"range_start": 500000000, "pool_start_uid": 20000},  # none of the outer ones
        "linux": {"wshd": w.build.path("wshd")},
    }


# Starts the inner daemon, runs the commands of a case, and ends it.
START = """
set -e
%(mount)s
export LD_LIBRARY_PATH=%(libraries)s
%(wardend)s -c /srv/inner.conf < /dev/null > /tmp/inner/output 2>&1 &
for i in $(seq 200); do [ -S /tmp/inner/warden.sock ] && break; sleep 0.05; done
export WARDEN_SOCKET=/tmp/inner/warden.sock
warden() { %(warden)s "$@"; }
warden create --handle inner || { cat /tmp/inner/output /tmp/inner/log >&2; exit 1; }
%(commands)s
warden destroy inner
kill $!
wait $! || true
"""

RUN = """
warden run inner --script 'id -un; cut -d: -f1 /proc/1/comm; ls /home'
warden run inner --privileged --script 'id -u; cat /sys/class/net/w-*-1/mtu'
"""

LIMITED = """
warden limit inner --memory 48M --processes 100 >/dev/null
for file in container/memory.max container/memory.limit_in_bytes pids.max; do
	cat /tmp/warden/cgroup/*/warden/instance-*/$file 2>/dev/null || true
done
warden run inner --script 'tail /dev/zero' || true
for i in $(seq 200); do [ "$(warden info --format '{state}' inner)" = stopped ] && break; sleep 0.05; done
warden info --format '{events}' inner
"""


def _maps_tmpfs():
    """Whether the ids of a tmpfs can be mapped, as a depot's are; else the depot is on the host's file system."""
    return tuple(map(int, os.uname().release.split(".")[:2])) >= (6, 3)


def _run_inside(w, name, commands, user_namespace):
    """What the commands print in a container in which a daemon runs."""
    programs = os.path.dirname(w.build.modules)
    conf = w.file(f"{name}.conf", daemon.render(_inner_settings(w, user_namespace)))
    inner = w.make_directory(name)
    binds = [(path, path, "ro") for path in ("/usr", "/lib", "/lib64", programs, w.build.directory) if os.path.exists(path)]
    binds += [(w.rootfs, "/srv/rootfs", "ro"), (conf, "/srv/inner.conf", "ro"), (inner, INNER, "rw")]
    handle = w.create(bind_mounts=binds)
    script = START % {
        "libraries": w.build.directory,
        "wardend": w.build.path("wardend"),
        "warden": w.build.path("warden"),
        "commands": commands,
        "mount": "mount -t tmpfs none /tmp/inner" if _maps_tmpfs() else "",
    }
    seen = w.c.run(handle, script, privileged=True)
    expect.equal(seen.exit_status, 0, seen.stderr.decode())
    w.c.destroy(handle)
    return seen.stdout.decode()


@case(backend="linux", config=NESTED, limit=90, slow=True)
def a_warden_in_a_container_runs_a_container(w):
    for number, user_namespace in enumerate((False, True)):
        seen = _run_inside(w, f"inner{number}", RUN, user_namespace)
        expect.equal(seen, "inner\nvcap\nwshd\nvcap\n0\n1500\n")


@case(backend="linux", config=NESTED, limit=90, slow=True)
def a_warden_in_a_container_limits_its_containers(w):
    seen = _run_inside(w, "limited", LIMITED, True).splitlines()
    limits = [str(48 << 20)] + ["100"]
    expect.equal(seen, ["inner", *limits, "out of memory"])
