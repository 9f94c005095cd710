# SPDX-License-Identifier: Apache-2.0
"""What agents of the host find in a container's directory (`container_path`)."""

import json
import os
import signal
import stat
import subprocess

import expect
from case import case


def _snapshot(w, handle):
    with open(f"{w.path_of(handle)}/snapshot.json", encoding="utf-8") as file:
        return json.load(file)


@case(module=False)
def what_a_container_writes_is_below_tmp_rootfs(w):
    handle = w.create()
    path = w.c.info(handle).container_path
    w.run(handle, "echo staged > file; mkdir folder; echo deep > folder/file")
    home = f"{path}/tmp/rootfs" + ("/home/vcap" if w.linux else "")
    for name, content in (("file", "staged\n"), ("folder/file", "deep\n")):
        with open(f"{home}/{name}", encoding="utf-8") as file:
            expect.equal(file.read(), content)
    expect.true(not os.path.lexists(f"{path}/rootfs"), "no rootfs misleads an agent")
    if w.linux:
        expect.true(stat.S_ISDIR(os.lstat(f"{path}/mnt").st_mode), "mnt is there")
        expect.equal(os.listdir(f"{path}/mnt"), [], "the mount is not the host's")


@case(backend="linux")
def changes_of_the_root_and_removals_are_below_tmp_rootfs(w):
    handle = w.create()
    w.run(handle, "rm /etc/hostname; echo changed > /etc/motd; ln -s motd /etc/link", privileged=True)
    etc = f"{w.c.info(handle).container_path}/tmp/rootfs/etc"
    with open(f"{etc}/motd", encoding="utf-8") as file:
        expect.equal(file.read(), "changed\n")
    expect.equal(os.readlink(f"{etc}/link"), "motd")
    w.disconnect()
    w.daemon.restart(signal.SIGKILL)
    w.run(handle, "echo later > /etc/later", privileged=True)
    expect.true(os.path.exists(f"{etc}/later"), "after a restart too")


@case(module=False)
def bin_wsh_runs_commands(w):
    handle = w.create()
    path = w.c.info(handle).container_path
    command = [f"{path}/bin/wsh", "--socket", f"{path}/run/wshd.sock", "/bin/echo", "inside"]
    seen = subprocess.run(command, capture_output=True, check=False)
    expect.equal((seen.returncode, seen.stdout, seen.stderr), (0, b"inside\n", b""))


@case(module=False)
def the_snapshot_has_jobs_by_id_and_ports(w):
    handle = w.create(handle="a/b")
    first = _snapshot(w, handle)
    expect.equal((first["state"], first["jobs"], first["resources"]["ports"]), ("active", {}, []))
    expect.equal((first["resources"]["handle"], first["events"]), ("a/b", []))
    job, other = w.c.spawn(handle, "sleep 1000"), w.c.spawn(handle, "exit 3")
    expect.equal(sorted(_snapshot(w, handle)["jobs"]), [str(job), str(other)])
    expect.eventually(lambda: w.c.info(handle).job_ids == [job], "the other's end")
    expect.eventually(lambda: _snapshot(w, handle)["jobs"][str(other)].get("end"), "which is in the snapshot")
    expect.equal(_snapshot(w, handle)["jobs"][str(other)]["end"]["exit_status"], 3)
    w.c.link(handle, other)
    expect.eventually(lambda: list(_snapshot(w, handle)["jobs"]) == [str(job)], "it is collected")
    ports = [w.c.net_in(handle).host_port, w.c.net_in(handle).host_port]
    seen = _snapshot(w, handle)
    expect.equal((seen["resources"]["ports"], list(seen["jobs"])), (ports, [str(job)]))
    w.c.stop(handle)
    seen = _snapshot(w, handle)
    expect.equal((seen["state"], seen["jobs"][str(job)].get("end", {}).get("signal")), ("stopped", signal.SIGTERM))


@case(module=False)
def a_snapshot_of_a_daemon_that_ended_has_all_jobs_by_id(w):
    handle = w.create(grace_time=-1)
    jobs = [w.c.spawn(handle, f"echo {n}; exit {n}") for n in range(20)]
    expect.eventually(lambda: not w.c.info(handle).job_ids, "the end of all")
    expect.equal(list(_snapshot(w, handle)["jobs"]), [str(job) for job in jobs[4:]], "the latest")
    path = w.path_of(handle)
    w.disconnect()
    w.daemon.stop(signal.SIGUSR2)
    with open(f"{path}/snapshot.json", encoding="utf-8") as file:
        expect.equal(list(json.load(file)["jobs"]), [str(job) for job in jobs])
    w.daemon.start()
    for n, job in enumerate(jobs):
        expect.result(w.c.link(handle, job), n, f"{n}\n".encode())
