# SPDX-License-Identifier: Apache-2.0
"""wardend --clean: what the kernel has of containers without a directory."""

import contextlib
import json
import os
import shutil
import subprocess

import daemon
import expect
import kernel
import leaks
from case import case
from test_clean import clean, kill_init


def _run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=10).stdout


def _groups(container):
    return {path for path in leaks.container_groups() if path.endswith(container)}


def _names():
    return {line.split(":")[0].strip() for line in kernel.read("/proc/self/net/dev").splitlines()[2:]}


def _links(container):
    return {name for name in _names() if container in name}


def _alias(name):
    return json.loads(_run("ip", "-j", "link", "show", name))[0]["ifalias"]


def _table():
    seen = subprocess.run(["nft", "list", "table", "inet", "warden"], check=False, capture_output=True, text=True)
    return seen.stdout


@case(backend="linux")
def all_that_the_kernel_has_of_a_lost_container_is_removed(w):
    lost, kept = w.create(), w.create()
    w.c.net_in(lost)
    w.c.net_out(lost, network="203.0.113.0/24", port=80)
    container, other = (os.path.basename(w.path_of(handle)) for handle in (lost, kept))
    address = w.c.info(lost).container_ip
    w.c.spawn(lost, "sleep 1000")
    path, init = w.path_of(lost), w.init_of(lost)
    w.disconnect()
    w.daemon.kill()
    shutil.rmtree(path)
    before = (_groups(container), _links(container), _table())
    expect.true(all(before) and address in before[2], "they are there")
    status, objects, _ = clean(w, "--dry-run")
    expect.equal(status, 0)
    expect.equal((_groups(container), _links(container), _table()), before, "after a dry run")
    wanted = {"processes", "link", "control group", "firewall element"}
    expect.true({("found", kind, container) for kind in wanted} <= objects, objects)
    status, objects, errors = clean(w)
    expect.equal((status, errors), (0, ""))
    expect.true({("removed", kind, container) for kind in wanted} <= objects, objects)
    expect.equal((_groups(container), kernel.process(init)), (set(), None))
    expect.eventually(lambda: not _links(container), "its links are gone")
    expect.true(container not in _table() and address not in _table(), _table())
    expect.true(_groups(other) and len(_links(other)) == 2 and other in _table(), "the other is whole")
    w.daemon.start()
    w.run(kept, "true")


@case(backend="linux")
def what_is_left_of_a_dead_container_without_a_directory_is_removed(w):
    handle = w.create()
    path = w.path_of(handle)
    kill_init(w, handle)
    shutil.rmtree(path)
    status, objects, _ = clean(w)
    expect.equal(status, 0)
    expect.true(("removed", "table", None) in objects, objects)
    container = os.path.basename(path)
    expect.equal((_groups(container), _table()), (set(), ""))
    expect.eventually(lambda: not _links(container), "its links are gone")


@case(backend="linux")
def a_mount_in_a_dead_containers_directory_is_removed_with_it(w):
    handle = w.create()
    path = w.path_of(handle)
    os.makedirs(f"{path}/with blank")
    _run("mount", "-t", "tmpfs", "none", f"{path}/with blank")
    kill_init(w, handle)
    status, objects, _ = clean(w)
    container = os.path.basename(path)
    expect.equal(status, 0)
    expect.true({("removed", "mount", container), ("removed", "directory", container)} <= objects, objects)
    expect.true(not os.path.exists(path), "the directory is gone")


@case(backend="linux")
def what_is_of_another_depot_or_not_marked_stays(w):
    lost = w.create()
    path, init, container = w.path_of(lost), w.init_of(lost), os.path.basename(w.path_of(lost))
    w.disconnect()
    w.daemon.kill()
    shutil.rmtree(path)
    groups = _groups(container)
    marks = {group: os.getxattr(group, "trusted.warden.depot") for group in groups}
    for group in groups:
        os.setxattr(group, "trusted.warden.depot", b"warden 1:2:3 /another/depot")
    alias = {name: _alias(name) for name in _links(container)}
    for name in alias:
        _run("ip", "link", "set", name, "alias", "warden 1:2:3 /another/depot")
    try:
        expect.equal(clean(w, "--force")[:2], (0, set()), "another depot's")
        for group in groups:
            os.removexattr(group, "trusted.warden.depot")
        for name in alias:
            _run("ip", "link", "set", name, "alias", "")
        status, objects, _ = clean(w, "--force")
        expect.equal((status, {result for result, _, _ in objects}), (0, {"kept"}), "not marked")
        expect.equal((_groups(container), len(_links(container))), (groups, 2), "what is left")
        expect.true(kernel.process(init), "it lives")
    finally:
        for group, mark in marks.items():
            os.setxattr(group, "trusted.warden.depot", mark)
        for name, mark in alias.items():
            _run("ip", "link", "set", name, "alias", mark)
    expect.equal(clean(w)[0], 0)
    expect.eventually(lambda: not kernel.process(init), "its end")


@case(backend="linux")
def a_container_whose_depot_is_another_directory_now_is_kept_without_force(w):
    lost = w.create()
    init, container = w.init_of(lost), os.path.basename(w.path_of(lost))
    w.disconnect()
    w.daemon.kill()
    os.rename(w.daemon.depot, f"{w.daemon.depot}.old")  # as if its file system were not mounted
    os.mkdir(w.daemon.depot, 0o700)
    status, objects, _ = clean(w)
    expect.equal((status, {result for result, _, _ in objects}), (0, {"kept"}))
    expect.true(kernel.process(init), "it lives")
    expect.equal(clean(w, "--force")[0], 0)
    expect.true(not kernel.process(init) and not _groups(container), "force ends it")
    shutil.rmtree(f"{w.daemon.depot}.old")


@case(backend="linux")
def names_that_are_like_ours_stay(w):
    w.daemon.stop()
    tables = ("inet warden2", "ip warden")
    for table in tables:
        _run("nft", "add", "table", *table.split())
    _run("ip", "link", "add", "w-other-0", "type", "ifb")
    _run("ip", "link", "add", "w-1abcdefghij-2", "type", "veth", "peer", "name", "w-1abcdefghij-1")
    try:
        expect.equal(clean(w, "--force")[0], 0)
        expect.true(all(table in _run("nft", "list", "tables") for table in tables), "the tables stay")
        expect.true({"w-other-0", "w-1abcdefghij-2"} <= _names(), "the links stay")
    finally:
        for table in tables:
            _run("nft", "delete", "table", *table.split())
        for link in ("w-other-0", "w-1abcdefghij-2"):
            _run("ip", "link", "delete", link)


def _forwarding(*value):
    with open("/proc/sys/net/ipv4/ip_forward", "w" if value else "r", encoding="ascii") as file:
        return file.write(*value) if value else file.read().strip()


@case(backend="linux")
def forwarding_that_the_daemon_turned_on_is_turned_off_with_force_alone(w):
    w.daemon.stop()
    for before, after in (("0", "0"), ("1", "1")):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{w.daemon.depot}/.ip_forward")
        _forwarding(before)
        w.daemon.start()
        w.disconnect()
        w.daemon.restart()  # which finds it on
        w.daemon.stop()
        setting = {each for each in clean(w)[1] if each[1] == "setting"}
        expect.equal((setting, _forwarding()), (set(), "1"), "without --force")
        status, objects, errors = clean(w, "--force")
        removed = ("removed", "setting", None) in objects
        expect.equal((status, errors, removed, _forwarding()), (0, "", before == "0", after))
    _forwarding("1")


@case(backend="linux")
def forwarding_is_turned_on_although_the_depot_takes_no_record(w):
    w.daemon.stop()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{w.daemon.depot}/.ip_forward")
    os.mkdir(f"{w.daemon.depot}/.ip_forward")
    _forwarding("0")
    try:
        w.daemon.start()
        expect.equal(_forwarding(), "1")
        expect.contains(w.daemon.log(), ".ip_forward: Is a directory; a clean will leave net.ipv4.ip_forward on")
    finally:
        os.rmdir(f"{w.daemon.depot}/.ip_forward")
        _forwarding("1")


@case(backend="linux")
def forwarding_stays_if_the_record_is_of_another_boot_or_a_daemon_runs(w):
    record = f"{w.daemon.depot}/.ip_forward"
    w.daemon.stop()
    _forwarding("0")
    w.daemon.start()
    w.disconnect()
    w.daemon.stop()
    text = kernel.read(record)
    with open(record, "w", encoding="ascii") as file:
        file.write(text.replace("boot ", "boot 0"))
    clean(w, "--force")
    expect.equal(_forwarding(), "1")
    with open(record, "w", encoding="ascii") as file:
        file.write(text)
    expect.true(("found", "setting", None) in clean(w, "--force", "--dry-run")[1], "a dry run names it")
    expect.equal(_forwarding(), "1", "after a dry run")
    w.daemon.start()
    expect.equal(clean(w, "--force")[0], 1, "a daemon holds the depot")
    expect.equal(_forwarding(), "1", "while a daemon runs")


@case(backend="linux")
def a_clean_of_one_depot_leaves_the_daemon_of_another_alone(w):
    handle = w.create()
    container = os.path.basename(w.path_of(handle))
    before = (_groups(container), _links(container), _table())
    directory = w.make_directory("second")
    w.make_directory("second/depot", 0o700)
    os.makedirs(f"{directory}/depot/tmp/1abcdefghij")
    settings = daemon.merge(w.daemon.settings, {"server": {"container_depot_path": f"{directory}/depot"}})
    w.file("second.conf", daemon.render(settings))
    seen = w.program("wardend", "-c", f"{w.directory}/second.conf", "--clean", "--force")
    lines = [line for line in seen.stdout.decode().splitlines() if not line.startswith("kept control group")]
    expect.equal((seen.returncode, lines[1:]), (0, [f"removed directory {directory}/depot/tmp/1abcdefghij"]))
    expect.contains(lines[0], "kept table inet warden: another wardend has containers in this network namespace")
    expect.equal((_groups(container), _links(container), _table()), before, "what the other has")
    w.run(handle, "true")
