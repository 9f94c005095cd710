# SPDX-License-Identifier: Apache-2.0
"""wardend --clean, also called warden-gc: what belongs to no container is removed, and nothing else."""

import json
import os
import shutil
import signal

import daemon
import expect
import kernel
from case import case


def clean(w, *arguments):
    """Cleans; returns the exit status, the objects as (result, kind, id), and standard error.

    Control groups that others have on this machine are left out.
    """
    w.note_ids()
    seen = w.program("wardend", "-c", w.daemon.config, "--clean", "--json", *arguments, timeout=60)
    objects = {(o["result"], o["kind"], o["id"]) for o in (json.loads(seen.stdout) if seen.stdout else [])}
    foreign = {each for each in objects if each[1] == "control group" and each[2] not in w.ids}
    expect.equal({result for result, _, _ in foreign} - {"kept"}, set(), "what happens to control groups of others")
    return seen.returncode, objects - foreign, seen.stderr.decode()


def kill_init(w, handle):
    """Kills the container's first process after its daemon."""
    init = w.init_of(handle)
    w.disconnect()
    w.daemon.kill()
    os.kill(init, signal.SIGKILL)
    expect.eventually(lambda: not kernel.process(init), "its end")


@case
def a_clean_refuses_while_a_daemon_holds_the_depot_and_names_it(w):
    handle = w.create()
    status, objects, errors = clean(w, "--force")
    expect.equal((status, objects), (1, set()))
    expect.equal(errors, f"wardend: another wardend uses the depot {w.daemon.depot}: process {w.daemon.pid}\n")
    w.run(handle, "true")


@case
def a_living_container_is_kept_with_its_jobs(w):
    handle = w.create()
    job = w.c.spawn(handle, "while ! test -e go; do sleep 0.1; done; echo done")
    container = os.path.basename(w.path_of(handle))
    w.disconnect()
    w.daemon.kill()
    expect.equal(clean(w)[:2], (0, {("kept", "directory", container)}))
    w.daemon.start()
    w.run(handle, "touch go")
    expect.equal(w.c.link(handle, job).stdout, b"done\n")


@case
def force_ends_and_removes_a_living_container(w):
    handle = w.create()
    path, init = w.path_of(handle), w.init_of(handle)
    w.c.spawn(handle, "setsid sleep 1000 & sleep 1000")
    container = os.path.basename(path)
    w.disconnect()
    w.daemon.kill()
    status, objects, _ = clean(w, "--force", "--dry-run")
    expect.equal(status, 0)
    expect.true(("found", "directory", container) in objects, "the dry run finds it")
    expect.true(kernel.process(init), "the dry run ends nothing")
    status, objects, _ = clean(w, "--force")
    expect.equal(status, 0)
    expect.true({("removed", "processes", container), ("removed", "directory", container)} <= objects, objects)
    expect.true(not os.path.exists(path), "the directory is gone")
    expect.eventually(lambda: not kernel.process(init), "its end")
    expect.equal(clean(w)[:2], (0, set()), "a second clean")


@case
def force_ends_a_paused_container(w):
    handle = w.create()
    path, init = w.path_of(handle), w.init_of(handle)
    w.c.spawn(handle, "sleep 1000")
    w.c.pause(handle)
    w.disconnect()
    w.daemon.kill()
    status, objects, errors = clean(w, "--force")
    expect.equal((status, errors), (0, ""))
    expect.true(("removed", "directory", os.path.basename(path)) in objects, objects)
    expect.eventually(lambda: not kernel.process(init), "its end")


@case
def processes_whose_directory_is_gone_are_ended(w):
    gone, kept = w.create(), w.create()
    path, init, container = w.path_of(gone), w.init_of(gone), os.path.basename(w.path_of(gone))
    other = os.path.basename(w.path_of(kept))
    w.c.spawn(gone, "sleep 1000")
    w.disconnect()
    w.daemon.kill()
    shutil.rmtree(path)
    status, objects, _ = clean(w, "--dry-run")
    expect.equal(status, 0)
    expect.true({("found", "processes", container), ("kept", "directory", other)} <= objects, objects)
    expect.true(kernel.process(init), "the dry run ends nothing")
    status, objects, _ = clean(w)
    expect.equal(status, 0)
    expect.true({("removed", "processes", container), ("kept", "directory", other)} <= objects, objects)
    expect.eventually(lambda: not kernel.process(init), "its end")
    w.daemon.start()
    expect.equal(w.c.list(), [kept])
    w.run(kept, "true")


@case
def a_dead_container_is_removed(w):
    handle = w.create()
    path = w.path_of(handle)
    kill_init(w, handle)
    status, objects, _ = clean(w)
    expect.equal(status, 0)
    expect.true(("removed", "directory", os.path.basename(path)) in objects, objects)
    expect.true(not os.path.exists(path), "the directory is gone")


@case
def what_was_destroyed_or_set_aside_is_removed_and_strangers_stay(w):
    w.daemon.stop()
    depot = w.daemon.depot
    for name in ("tmp/1abcdefghij", "damaged/1abcdefghik.snapshot", "damaged/some/deep", "lost+found", "mine/deep"):
        os.makedirs(f"{depot}/{name}")
    for name in ("damaged/file", "aquota.user", "mine/file"):
        w.file(f"depot/{name}")
    expect.equal(clean(w)[0], 0)
    expect.equal(sorted(w.entries()), ["aquota.user", "damaged", "lost+found", "mine", "tmp"])
    expect.equal(os.listdir(f"{depot}/tmp") + os.listdir(f"{depot}/damaged"), [])
    for name in ("damaged", "lost+found", "mine"):
        shutil.rmtree(f"{depot}/{name}")
    os.unlink(f"{depot}/aquota.user")


@case
def what_is_set_aside_is_kept_while_its_process_lives(w):
    handle = w.create()
    path, init = w.path_of(handle), w.init_of(handle)
    w.disconnect()
    w.daemon.kill()
    for name in ("etc/config", "snapshot.json"):
        w.file(f"depot/{os.path.basename(path)}/{name}", "damaged")
    os.makedirs(f"{w.daemon.depot}/damaged")
    os.rename(path, f"{w.daemon.depot}/damaged/unknown")
    status, objects, _ = clean(w)
    expect.equal((status, {(result, kind) for result, kind, _ in objects}), (0, {("kept", "directory")}))
    expect.true(kernel.process(init), "it lives")
    status, objects, _ = clean(w, "--force")
    expect.equal((status, {result for result, _, _ in objects}), (0, {"removed"}))
    expect.eventually(lambda: not kernel.process(init), "its end")
    expect.equal(os.listdir(f"{w.daemon.depot}/damaged"), [])
    os.rmdir(f"{w.daemon.depot}/damaged")


@case
def a_container_whose_record_is_damaged_is_kept_without_force(w):
    handle = w.create()
    path, init = w.path_of(handle), w.init_of(handle)
    w.disconnect()
    w.daemon.kill()
    record = kernel.read(f"{path}/run/wshd.pid")
    w.file(f"depot/{os.path.basename(path)}/run/wshd.pid", "damaged")
    status, objects, _ = clean(w)
    expect.equal((status, {(result, kind) for result, kind, _ in objects}), (0, {("kept", "directory")}))
    expect.true(kernel.process(init), "it lives")
    w.file(f"depot/{os.path.basename(path)}/run/wshd.pid", record)
    w.daemon.start()
    w.run(handle, "true")


@case
def a_copy_of_a_living_containers_directory_is_kept_with_it(w):
    handle = w.create()
    path = w.path_of(handle)
    os.makedirs(f"{w.daemon.depot}/damaged")
    for part in ("etc", "run"):
        copy = f"{w.daemon.depot}/damaged/copy/{part}"
        shutil.copytree(f"{path}/{part}", copy, ignore=shutil.ignore_patterns("*.sock"))
    w.disconnect()
    w.daemon.kill()
    expect.equal(clean(w)[0], 0)
    expect.true(os.path.exists(path) and os.path.exists(f"{w.daemon.depot}/damaged/copy"), "both are kept")
    shutil.rmtree(f"{w.daemon.depot}/damaged")
    w.daemon.start()
    w.run(handle, "true")


@case(backend="fake")
def warden_gc_is_another_name_of_it(w):
    w.daemon.stop()
    os.makedirs(f"{w.daemon.depot}/tmp/1abcdefghij")
    os.symlink(w.build.path("wardend"), f"{w.directory}/warden-gc")
    seen = w.program(f"../{os.path.basename(w.directory)}/warden-gc", "-c", w.daemon.config)
    expect.equal(seen.stdout.decode(), f"removed directory {w.daemon.depot}/tmp/1abcdefghij\n")
    expect.equal(w.program("wardend", "--force").returncode, 2, "status of --force without --clean")
    os.unlink(f"{w.directory}/warden-gc")


@case
def a_clean_needs_no_more_of_the_settings_than_the_depot(w):
    w.daemon.stop()
    settings = daemon.merge(
        w.daemon.settings,
        {"server": {"container_rootfs_path": "/nowhere", "pidfile": "/nowhere/pid"}, "user": {"pool_start_uid": 1}},
    )
    w.file("clean.conf", daemon.render(settings))
    seen = w.program("wardend", "-c", f"{w.directory}/clean.conf", "--check-config")
    expect.equal(seen.returncode, 1, "the daemon would not start")
    seen = w.program("wardend", "-c", f"{w.directory}/clean.conf", "--clean", "--force")
    expect.equal((seen.returncode, seen.stderr), (0, b""))
