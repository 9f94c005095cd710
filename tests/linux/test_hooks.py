# SPDX-License-Identifier: Apache-2.0
"""The operator's hooks: when they run, their environment, and a create whose hook fails."""

import os
import time

import expect
import kernel
from case import case

NAMES = ("parent_before_clone", "parent_after_clone", "child_before_pivot", "child_after_pivot")


def _hook(w, name, body):
    """Writes a script that has the case's directory in the variable D; returns its path."""
    return w.file(f"hook-{name}", f"#!/bin/sh\nD={w.directory}\n{body}\n", 0o755)


def _start(w, **bodies):
    """The daemon with these hooks."""
    w.daemon.settings["hooks"] = {name: _hook(w, name, body) for name, body in bodies.items()}
    w.daemon.start()


def _no_trace(w):
    expect.equal(w.c.list(), [])
    expect.equal(w.entries(), ["tmp"])
    expect.lacks(kernel.read("/proc/net/dev"), "w-")


@case(backend="linux", daemon=False)
def each_runs_once_in_order_with_the_containers_variables(w):
    _start(w, **{name: f"echo {name} >> $D/order; env > $D/env-{name}; id -u >> $D/uids" for name in NAMES})
    handle = w.create(grace_time=-1)
    w.run(handle, "true")
    info = w.c.info(handle)
    expect.equal(kernel.read(f"{w.directory}/order").split(), list(NAMES))
    expect.equal(kernel.read(f"{w.directory}/uids").split(), ["0"] * 4)
    for name in NAMES:
        env = dict(line.split("=", 1) for line in kernel.read(f"{w.directory}/env-{name}").splitlines())
        expect.equal(env["id"], os.path.basename(info.container_path))
        expect.equal(env["network_container_ip"], info.container_ip)
        expect.equal(env["rootfs_path"], w.rootfs)
        expect.equal(env["container_path"], info.container_path)
        expect.equal(env.get("PID"), None if name == NAMES[0] else str(w.init_of(handle)), name)
        for none in ("NOTIFY_SOCKET", "ASAN_OPTIONS", "LANG"):
            expect.true(none not in env, f"{none} of the daemon is not there")


@case(backend="linux", daemon=False)
def they_see_the_host_and_have_no_descriptor_of_the_daemons(w):
    _start(w, **{name: f"ls /proc/self/fd | wc -l > $D/fds-{name}; readlink /proc/self/ns/mnt > $D/mnt-{name}" for name in NAMES})
    w.create()
    for name in NAMES:
        expect.equal(kernel.read(f"{w.directory}/mnt-{name}").strip(), os.readlink("/proc/self/ns/mnt"))
        # Its three, the one of ls, and the shell's script are all there can be.
        expect.between(int(kernel.read(f"{w.directory}/fds-{name}")), 3, 5)


@case(backend="linux", daemon=False)
def each_finds_the_parts_of_the_container_that_exist_by_then(w):
    _start(
        w,
        parent_after_clone="grep -q $network_host_iface: /proc/net/dev && grep -qx $PID $container_path/run/wshd.pid || exit 1",
        child_before_pivot="test -d /proc/$PID/root$container_path/mnt/etc || exit 1\necho hook >> /proc/$PID/root$container_path/mnt/etc/hosts",
        child_after_pivot="grep -qx hook /proc/$PID/root/etc/hosts && test -e /proc/$PID/root/dev/null || exit 1",
    )
    expect.equal(w.run(w.create(), "tail -n 1 /etc/hosts"), "hook\n")


@case(backend="linux", daemon=False)
def a_failed_hook_fails_the_create_with_its_stderr(w):
    for name in NAMES:
        _start(w, **{name: "echo out; echo no good: $id >&2; exit 3"})
        path = f"{w.directory}/hook-{name}"
        expect.error_like(rf"^hook {name} \({path}\) exited with status 3: no good: \w{{11}}$", w.create)
        _no_trace(w)
        w.disconnect()
        w.daemon.stop()
        _start(w, **{name: "kill -9 $$"})
        expect.error_like(rf"^hook {name} .* was ended by signal 9", w.create)
        w.disconnect()
        w.daemon.stop()
    w.daemon.settings["hooks"] = {}
    w.daemon.start()
    w.run(w.create(), "true")


@case(backend="linux", daemon=False)
def a_flood_on_stderr_is_truncated_to_one_line(w):
    _start(w, child_after_pivot="printf 'a\\nb\\033[1m' >&2; head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 1")
    expect.error_like(r"status 1: a b\?\[1mx{600,700}$", w.create)
    _no_trace(w)


@case(backend="linux", daemon=False)
def a_background_process_of_a_hook_delays_nothing(w):
    _start(w, parent_before_clone="sleep 8 & echo $! >> $D/pids; exit 0")
    start = time.monotonic()
    w.run(w.create(), "true")
    expect.true(time.monotonic() - start < 7, "the create does not wait for it")
    for pid in kernel.read(f"{w.directory}/pids").split():
        os.kill(int(pid), 9)


@case(backend="linux", daemon=False)
def a_hook_without_stderr_is_named_with_its_status(w):
    _start(w, parent_before_clone="exit 3")
    expect.error_like("exited with status 3$", w.c.create)
    _no_trace(w)


@case(backend="linux", daemon=False, limit=60, slow=True, long=True)
def slow_hooks_delay_no_other_client_and_end_after_ten_seconds(w):
    _start(w, parent_after_clone="case $network_host_ip in 10.254.0.1) ;; *) sleep 100 & wait;; esac")
    first = w.create(grace_time=-1)
    threads = [w.in_thread(w.client(timeout=50).create) for _ in range(20)]  # more than there are workers
    for _ in range(20):
        w.run(first, "true")
    expect.true(not any(thread.done for thread in threads), "they still wait")
    for thread in threads:
        expect.error_like("took more than 10 s", thread.result, 50)
    expect.equal(w.c.list(), [first])


@case(backend="linux", daemon=False)
def a_daemon_that_is_killed_meanwhile_leaves_nothing(w):
    _start(w, child_before_pivot="touch $D/here; sleep 2")
    thread = w.in_thread(w.client().create)
    expect.eventually(lambda: os.path.exists(f"{w.directory}/here"), "the hook runs")
    w.note_ids()
    w.daemon.kill()
    w.disconnect()
    expect.true(isinstance(_failure(thread), Exception), "the create has failed")
    w.daemon.start()
    _no_trace(w)


@case(backend="linux", daemon=False)
def a_drain_lets_a_create_with_hooks_end(w):
    _start(w, child_before_pivot="touch $D/here; sleep 1")
    thread = w.in_thread(w.client().create, grace_time=-1, handle="kept")
    expect.eventually(lambda: os.path.exists(f"{w.directory}/here"), "the hook runs")
    w.daemon.stop()
    expect.equal(thread.result(), "kept")
    w.disconnect()
    w.daemon.start()
    w.run("kept", "true")


def _failure(thread):
    try:
        return thread.result()
    except Exception as error:
        return error
