# SPDX-License-Identifier: Apache-2.0
"""A container uses up what it can: the host, the daemon and a second container go on. Each load is limited in count and
time, and the daemon with its containers in memory."""

import os

import expect
import kernel
import warden
from case import Skip, case
from memory_group import daemon_in

MIB = 1 << 20
NO_LIMIT = 9223372036854771712

# 150 processes that each keep 4 MiB.
BOMB = "exec probe_exhaust memory 150 4096 15"


def _kills(w, handle):
    return w.c.info(handle).oom_kills or 0


def _explode(w, handle, **fields):
    """Starts the bomb and waits until the kernel has killed processes of it."""
    job = w.c.spawn(handle, BOMB, **fields)
    expect.eventually(lambda: _kills(w, handle) >= 3, "three processes were killed", 40)
    return job


def _serves(w):
    """A second container is made and runs."""
    other = w.create()
    expect.equal(w.run(other, "echo fine"), "fine\n")
    w.c.destroy(other)


@case(backend="linux", daemon=False, limit=120)
def a_container_without_a_limit_reaches_its_bound_alone(w):
    """150 processes of 4 MiB in a container without limits; the kernel's first victim was the daemon."""
    with daemon_in(w, 512):
        for privileged in (False, True):
            handle, other = w.create(), w.create()
            bystander = w.c.spawn(other, "sleep 60")
            expect.equal(w.c.limit_memory(handle), NO_LIMIT)
            job = _explode(w, handle, privileged=privileged)
            _serves(w)
            seen = w.c.info(handle)
            expect.equal((seen.state, seen.events), ("active", []))
            expect.equal(w.c.limit_memory(handle), NO_LIMIT)
            w.c.destroy(handle)
            expect.equal(_kills(w, other), 0)
            expect.equal(w.c.info(other).job_ids, [bystander])
            w.c.destroy(other)
            expect.true(job and w.daemon.alive, "the daemon lives")


@case(
    backend="linux",
    daemon=False,
    limit=120,
    long=True,
    config={"linux": {"memory_bound": "none", "memory_bound_all": "none"}},
)
def without_bounds_the_kernel_kills_in_the_container_first(w):
    """The same without any bound: the score of a container's processes is higher than the daemon's."""
    with daemon_in(w, 384):
        for privileged in (False, True):
            handle = w.create()
            _explode(w, handle, privileged=privileged)
            expect.equal(w.c.info(handle).state, "active")
            w.c.destroy(handle)
            expect.true(w.daemon.alive, "the daemon lives")
            _serves(w)


def _exhaust(w, handle, arguments, **fields):
    """Starts an attempt, which keeps what it has got for some seconds; returns the job, how many it made and the error
    that ended it."""
    job = w.c.spawn(handle, f"exec probe_exhaust {arguments}", **fields)
    with warden.Client(w.daemon.socket, timeout=60 * expect.SLOWNESS) as watcher:
        line = next((chunk.data for chunk in watcher.stream(handle, job) if chunk.data), b"0 killed")
    made, why = line.decode().split()
    return job, int(made), why


def _try_as_both(w, arguments, check, others):
    """As user and as root: the attempt is bounded, the container lives and a second one has `others` of the kind."""
    for privileged in (False, True):
        handle, other = w.create(), w.create()
        _, made, why = _exhaust(w, handle, arguments, privileged=privileged)
        check(made, why)
        seen = w.run(other, f"probe_exhaust {others}", privileged=privileged).strip()
        expect.equal(seen, f"{others.split()[1]} ok", "a second container")
        _serves(w)
        expect.equal(w.c.info(handle).state, "active")
        w.c.destroy(handle)
        w.c.destroy(other)
    expect.true(w.daemon.alive, "the daemon lives")


@case(backend="linux", limit=90, config={"linux": {"process_limit": 200}})
def a_fork_bomb_is_bounded(w):
    """Processes that make processes, up to the limit of the container."""
    for privileged in (False, True):
        handle = w.create()
        w.c.spawn(handle, "exec probe_exhaust fork 20 0 8", privileged=privileged)
        expect.eventually(lambda: w.c.info(handle).processes >= 150, "the bomb has grown", 20)
        _serves(w)
        expect.between(w.c.info(handle).processes, 1, 200, "processes")
        with expect.within(20, "a destroy"):
            w.c.destroy(handle)


@case(backend="linux", daemon=False, limit=120, config={"linux": {"memory_bound": str(128 * MIB)}})
def memory_behind_descriptors_is_bounded(w):
    """Memory that is in no process: memory files, pipes and sockets, up to the bound of the container."""
    with daemon_in(w, 768):
        for attempt, others in (("memfd 100 4096 3", "memfd 2 64"), ("pipe 2000 0 2", "pipe 20"), ("socket 2000 0 2", "socket 20")):
            count = int(attempt.split()[1])
            _try_as_both(w, attempt, lambda made, why, n=count: expect.between(made, 0, n - 1, why), others)


@case(backend="linux", daemon=False, limit=120, config={"linux": {"memory_bound": str(128 * MIB)}})
def what_outlives_its_process_is_bounded(w):
    """/dev/shm and System V objects stay when their processes are killed; root and user fill them, the container
    still runs jobs."""
    with daemon_in(w, 768):
        for privileged in (False, True):
            handle = w.create()
            for attempt in ("shm 100 4096", "sysvshm 100 4096", "sysvmsg 5000", "sysvsem 2000"):
                _, made, why = _exhaust(w, handle, attempt, privileged=privileged)
                expect.contains(("ENOSPC", "ENOMEM", "EINVAL"), why, f"{attempt}: {made}")
                expect.between(made, 1, int(attempt.split()[1]) - 1, attempt)
            expect.equal(w.run(handle, "echo fine", privileged=privileged), "fine\n")
            expect.equal(w.c.info(handle).state, "active")
            _serves(w)
            w.c.destroy(handle)


@case(backend="linux", limit=120)
def files_in_memory_are_bounded(w):
    """100,000 empty files in /dev/shm, and in a root that is a tmpfs with a limit of files."""
    for privileged in (False, True):
        handle = w.create(tmpfs_bytes=64 * MIB, tmpfs_inodes=2000)
        _, made, why = _exhaust(w, handle, "shm 100000 0", privileged=privileged)
        expect.equal((why, made < 65536), ("ENOSPC", True), f"{made} files in /dev/shm")
        seen = w.run(handle, "mkdir /tmp/x && cd /tmp/x && probe_exhaust files 100000 0", privileged=privileged).split()
        expect.equal((seen[1], int(seen[0]) < 2000), ("ENOSPC", True), f"{seen} in the root")
        _serves(w)
        w.c.destroy(handle)


@case(backend="linux", limit=120)
def terminals_inotify_and_message_queues_are_bounded(w):
    """The host has one count of terminals for all; inotify instances and message queues are counted by user."""
    _try_as_both(w, "pty 600 0 3", lambda made, why: expect.equal((made <= 256, why), (True, "ENOSPC"), made), "pty 5")
    _try_as_both(
        w, "inotify 600 0 3", lambda made, why: expect.equal((made < 600, why), (True, "EMFILE"), made), "inotify 5"
    )
    _try_as_both(w, "mqueue 600 0 3", lambda made, why: expect.between(made, 1, 300, why), "mqueue 3")


@case(backend="linux")
def info_names_the_bounds(w):
    """The bounds that hold without a request are in the answer to info."""
    seen = w.c.info(w.create(shm_bytes=1 << 20))
    expect.equal((seen.shm_bytes, seen.terminals, seen.open_files), (1 << 20, 256, 1024))
    expect.equal(seen.output_limit, 10485760)
    expect.between(seen.memory_bound, 8 * MIB, NO_LIMIT - 1, "memory_bound")
    expect.between(w.c.info(w.create()).shm_bytes, 4096, seen.memory_bound // 4, "shm_bytes")


def _score(pid):
    return int(kernel.read(f"/proc/{pid}/oom_score_adj"))


@case(backend="linux", daemon=False, limit=120, config={"linux": {"memory_bound": str(32 * MIB)}})
def process_1_of_a_container_is_killed_last(w):
    """Memory runs out that is in no process; the kernel kills small ones until it is enough."""
    with daemon_in(w, 512):
        for privileged in (False, True):
            handle = w.create()
            own = _score(w.init_of(handle))
            seen = int(w.run(handle, "cat /proc/self/oom_score_adj", privileged=privileged))
            expect.between(own - _score(w.daemon.pid), 1, 2000, "the score of process 1 above the daemon's")
            expect.between(seen - own, 300, 1000, "a job's score above that of process 1")
            score = "/proc/$$/oom_score_adj"
            lowered = f"for n in -1000 0 {own - 1} {own}; do echo $n >{score}; done; cat {score}"
            seen = int(w.c.run(handle, lowered, privileged=privileged).stdout)
            expect.between(seen, own, 1000, "what a job has made of its score")
            w.c.spawn(handle, "exec probe_exhaust keepers 1 1024 1", privileged=privileged)
            # How many depends on the kernel's choice: if it takes the one that makes the others, they are few.
            expect.eventually(
                lambda h=handle: _kills(w, h) >= 50 or (_kills(w, h) > 0 and not w.c.info(h).job_ids),
                "processes were killed until it was enough",
                40,
            )
            expect.eventually(lambda h=handle: not w.c.info(h).job_ids, "the job has ended", 40)
            expect.equal(w.run(handle, "echo fine", privileged=privileged), "fine\n")
            seen = w.c.info(handle)
            expect.equal((seen.state, seen.events), ("active", []))
            w.c.destroy(handle)


def _tcp_figure(pid, above, name):
    """A figure of the TCP buffers of a group of a process, or of that above it."""
    groups = [line.split(":", 2) for line in kernel.read(f"/proc/{pid}/cgroup").splitlines()]
    paths = [path for _, names, path in groups if "memory" in names.split(",")]
    for line in kernel.read("/proc/self/mountinfo").splitlines() if paths else []:
        fields = line.split()
        if fields[fields.index("-") + 1] == "cgroup" and "memory" in fields[-1].split(","):
            path = os.path.normpath(f"{fields[4]}/{os.path.relpath(paths[0], fields[3])}/{'../' * above}")
            if os.path.exists(f"{path}/memory.kmem.tcp.{name}"):
                return int(kernel.read(f"{path}/memory.kmem.tcp.{name}"))
    raise Skip("needs cgroup v1 that counts the buffers of TCP")


@case(backend="linux", limit=60, config={"linux": {"memory_bound": str(32 * MIB)}})
def buffers_of_tcp_are_bounded(w):
    """cgroup v1 counts them apart from memory: 500 connections whose buffers are full."""
    for fields in ({}, {"privileged": True}, {"own_cgroup": True}):
        handle = w.create()
        init = w.init_of(handle)
        expect.equal(_tcp_figure(init, 1, "limit_in_bytes"), 8 * MIB)
        w.c.spawn(handle, "exec probe_exhaust tcp 500 0 3", **fields)
        expect.eventually(lambda i=init: _tcp_figure(i, 1, "max_usage_in_bytes") > 4 * MIB, "the buffers grow", 20)
        # Above the limit the kernel still gives each socket its least.
        expect.between(_tcp_figure(init, 1, "max_usage_in_bytes"), 4 * MIB, 24 * MIB, f"{fields}: bytes of buffers")
        _serves(w)
        w.c.destroy(handle)
