# SPDX-License-Identifier: Apache-2.0
"""Other containers and the host as a container finds them: processes, namespaces, sockets without a file, titles."""

import fcntl
import os
import signal
import socket
import stat

import expect
import kernel
from case import case

_NS_GET_USERNS = 0xB701
SPACES = ("net", "mnt", "pid", "ipc", "uts", "cgroup")


@case(backend="linux")
def each_namespace_belongs_to_the_containers_users(w):
    """A network namespace made before the user namespace, in a pool, is the host's: the owner of each namespace."""
    handles = [w.create() for _ in range(3)]
    w.c.destroy(handles.pop(0))
    handles.append(w.create())
    owners = []
    for handle in handles:
        init = w.init_of(handle)
        owner = os.stat(f"/proc/{init}/ns/user").st_ino
        owners.append(owner)
        for space in SPACES:
            expect.true(os.stat(f"/proc/{init}/ns/{space}").st_ino != os.stat(f"/proc/self/ns/{space}").st_ino, space)
            with open(f"/proc/{init}/ns/{space}", "rb") as file:
                found = fcntl.ioctl(file, _NS_GET_USERNS)
            expect.equal(os.fstat(found).st_ino, owner, f"owner of the namespace {space}")
            os.close(found)
    expect.equal(len(set(owners)), len(owners))


@case(backend="linux")
def processes_of_others_are_out_of_reach(w):
    """kill, ptrace, pidfd and /proc/PID/root of each number up to the largest outside, as root and with no filter."""
    victim, handle = w.create(), w.create()
    job = w.spawn_ready(victim, "echo secret > /tmp/secret; echo; exec sleep 600")
    bystander = w.start_session("/bin/sleep", "600")
    targets = [bystander.pid, w.daemon.pid, w.init_of(victim), *(each.pid for each in kernel.descendants(w.init_of(victim)))]
    expect.true(len(targets) >= 5, "targets", targets)
    for privileged in (False, True):
        for pid in targets:
            script = f"kill -9 {pid}; kill -9 -{pid}; cat /proc/{pid}/root/tmp/secret /proc/{pid}/environ"
            script += f"; probe ptrace {pid}; probe pidfd-getfd {pid} 0"
            seen = w.c.run(handle, script, privileged=privileged, seccomp="unconfined")
            if int(w.run(handle, "cat /proc/sys/kernel/ns_last_pid").strip()) < pid:
                expect.equal(set(seen.stdout.split()), {b"ESRCH"}, f"attempts on {pid}")
    # All that it can see, itself spared.
    w.c.run(handle, "kill -9 -1", privileged=True, seccomp="unconfined")
    expect.true(bystander.poll() is None and w.daemon.alive, "processes of the host live")
    expect.equal(w.c.info(victim).job_ids, [job])
    os.kill(bystander.pid, signal.SIGKILL)
    expect.equal(bystander.wait(), -signal.SIGKILL, "the control: the host can")


@case(backend="linux")
def a_socket_without_a_file_is_out_of_reach(w):
    """CVE-2020-15257: abstract sockets of the host belong to its network namespace, and of another container to its."""
    name = f"warden-canary-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{name}")
        listener.listen(8)
        listener.settimeout(0.2)
        handle = w.create()
        for fields in ({}, {"privileged": True}, {"privileged": True, "seccomp": "unconfined"}):
            expect.equal(w.run(handle, f"probe_socket @{name} 00", **fields).strip(), "errno 111")
            expect.lacks(w.run(handle, "cat /proc/net/unix", **fields), "@")
        try:
            listener.accept()
            expect.fail("nobody connects", "a connection")
        except TimeoutError:
            pass
        # The control.
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"\0{name}")
            listener.accept()[0].close()


@case(backend="linux")
def a_socket_of_wshd_is_out_of_reach(w):
    """The socket of process 1, the container's own or another's, is below no directory of a container."""
    shared = w.make_directory("shared", 0o777)
    handle, other = w.create(bind_mounts=[(shared, "/shared", "rw")]), w.create()
    for one in (handle, other):
        path = f"{w.path_of(one)}/run/wshd.sock"
        expect.true(stat.S_ISSOCK(os.lstat(path).st_mode), "the socket", path)
        for privileged in (False, True):
            seen = w.run(handle, f"probe_socket {path} 00; probe_socket /run/wshd.sock 00", privileged=privileged)
            expect.equal(set(seen.splitlines()), {"errno 2"})
    search = "find / -xdev -type s 2>/dev/null; find /proc/1/root /run /shared -type s 2>/dev/null; true"
    found = w.run(handle, search, privileged=True)
    expect.equal(found, "")


@case(backend="linux", limit=60)
def a_title_is_not_believed(w):
    """CVE-2025-54288: a job has the title, name and arguments of another container's process 1, the daemon is killed."""
    handle, other = w.create(grace_time=-1), w.create(grace_time=-1)
    id_ = os.path.basename(w.path_of(other))
    init = w.init_of(other)
    script = f"exec bash -c 'exec -a \"wshd: {id_}\" bash -c \"echo; sleep 600; true\"'"
    for privileged in (False, True):
        w.spawn_ready(handle, script, privileged=privileged)
        w.spawn_ready(handle, f"echo 'wshd: {id_}' > /proc/self/comm; echo; sleep 600", privileged=privileged)
    expect.eventually(lambda: sum(f"wshd: {id_}" in str(each) for each in kernel.processes().values()) >= 3, "impostors")
    for _ in range(2):
        w.daemon.restart()
        w.disconnect()
        expect.equal(sorted(w.c.list()), sorted([handle, other]))
        expect.equal(w.init_of(other), init)
        expect.equal(w.run(other, "echo fine"), "fine\n")
    w.daemon.kill()
    w.disconnect()
    os.kill(init, signal.SIGKILL)
    w.daemon.start()
    expect.eventually(lambda: w.c.list() == [handle], "the other is gone, no impostor stands for it")
    expect.equal(len(w.c.info(handle).job_ids), 4, "jobs of the impostors' container")


@case(backend="linux", limit=120, slow=True)
def who_starts_a_job_is_not_traced(w):
    """CVE-2016-9962: who enters is traced, or its descriptors are listed, while it has those of the host: 200 runs."""
    handle = w.create(seccomp="unconfined")
    mark = os.urandom(8).hex()
    w.file(f"hidden-{mark}", mark)
    for privileged in (False, True):
        job = w.spawn_ready(handle, f"exec probe_spy /dev/shm/end-{privileged}", privileged=privileged)
        for _ in range(100):
            expect.equal(w.run(handle, "exec true", privileged=privileged), "")
        w.run(handle, f"touch /dev/shm/end-{privileged}")
        lines = w.c.link(handle, job).stdout.decode()
        expect.true(lines.count("pipe:") > 20, "descriptors of jobs are seen", lines[-300:])
        for part in (w.directory, mark, "/depot/", "wshd", "cgroup"):
            expect.lacks(lines, part)
        # The control: what is its own it can trace.
        expect.contains(lines, "traced /")
