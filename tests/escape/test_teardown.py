# SPDX-License-Identifier: Apache-2.0
"""Hard links from a container to files that are not its own, and the removal of a container that is made a trap: what
is the host's, or another container's, is as it was."""

import os
import shutil

import expect
import kernel
from canary import Canary
from case import case


def _links(path):
    return os.lstat(path).st_nlink


@case(backend="linux")
def no_hard_link_leads_to_a_file_of_the_host(w):
    """Hard links of the host's files, of other mounts and of other containers' files; those of an own file work."""
    shared, readable = w.make_directory("shared", 0o777), w.make_directory("readable")
    canaries = [w.file("shared/canary", "x", 0o666), w.file("readable/canary", "x", 0o666)]
    program = os.path.realpath(f"{w.rootfs}/bin/probe")
    other = w.create()
    w.run(other, "echo secret > /tmp/canary; chmod 666 /tmp/canary")
    canaries += [program, f"/proc/{w.init_of(other)}/root/tmp/canary"]
    handle = w.create(bind_mounts=[(shared, "/shared", "rw"), (readable, "/readable", "ro")])
    sources = ("/shared/canary", "/readable/canary", "/proc/1/exe", "/proc/self/exe", "/proc/1/root/bin/probe",
               "/proc/self/fd/3", "/etc/hosts", "/dev/null", "/sys/kernel/notes")  # fmt: skip
    for privileged in (False, True):
        for source in sources:
            for target in ("/tmp/link", "/shared/link", "/dev/shm/link", "/readable/link"):
                own_mount = target.startswith("/shared") and source.startswith("/shared")
                if own_mount or source == "/etc/hosts" and target == "/tmp/link":
                    continue
                w.c.run(handle, f"exec 3<{source}; ln {source} {target}; ln -L {source} {target}", privileged=privileged)
    expect.equal([_links(path) for path in canaries], [1] * 4, "links of the host's files")
    # The control: within one mount it works, for those who own the file or may write it.
    w.run(handle, "ln /shared/canary /shared/link && touch /tmp/a && ln /tmp/a /tmp/b")
    expect.equal(_links(canaries[0]), 2)


def _mounts():
    return sorted(" ".join(line.split()[2:5]) for line in kernel.read("/proc/self/mountinfo").splitlines())


def _tree(path):
    """All names below a directory with what identifies them."""
    found = {}
    for parent, folders, names in os.walk(path):
        for name in (*folders, *names):
            seen = os.lstat(f"{parent}/{name}")
            found[f"{parent}/{name}"] = (seen.st_ino, seen.st_mode, seen.st_uid, seen.st_gid, seen.st_nlink)
    return found


TRAPS = (
    "rm -rf /home/vcap; ln -s {0} /home/vcap; mkdir -p /tmp/a; ln -s {0} /tmp/a/link; ln -s / /tmp/a/root",
    "for d in /etc /var /opt /mnt; do mv $d $d.old; ln -s {0} $d; done; ln -s /source /tmp/source",
    "cd /tmp; mkdir -p $(printf 'd/%.0s' $(seq 300)) e; ln -s {0} $(printf 'd/%.0s' $(seq 300))x; chmod 0 e",
    "mkdir /tmp/m; ln -s {0} '/tmp/m/a\nb'; ln -s /proc/1/root /tmp/m/p; mkfifo /tmp/m/f; chmod 000 /tmp",
)


def _spring(w, canary, source, privileged):
    """A container that has made its tree a trap, with jobs that hold its files and go on swapping names."""
    handle = w.create(bind_mounts=[(source, "/source", "rw"), (canary.path, "/canary", "ro")], grace_time=-1)
    for trap in TRAPS:
        w.c.run(handle, trap.format(canary.path), privileged=privileged)
    place = "/dev/shm/swaps" if privileged else "/dev/shm/vcap"
    swap = f"mkdir -p {place} && cd {place} && mkdir -p one && ln -sfn {canary.path} two && echo && exec probe swap one two 600"
    w.spawn_ready(handle, swap, privileged=privileged)
    w.spawn_ready(handle, "cd /source && exec 5</source/kept && echo && exec sleep 600", privileged=privileged)
    return handle


@case(backend="linux", limit=120, long=True)
def a_removal_follows_no_name_that_a_container_has_made(w):
    """CVE-2020-2024: a container is destroyed while it is in use and swaps links, by a daemon, after a kill, by --clean."""
    canary = Canary(w)
    source = w.make_directory("source", 0o777)
    w.file("source/kept", "kept", 0o666)
    before, mounts = _tree(source), _mounts()
    for privileged in (False, True):
        for end in ("destroy", "kill and destroy", "dies while no daemon runs"):
            handle = _spring(w, canary, source, privileged)
            path, init = w.path_of(handle), w.init_of(handle)
            if end != "destroy":
                w.daemon.kill()
                w.disconnect()
                if end.startswith("dies"):
                    os.kill(init, 9)
                w.daemon.start()
            if not end.startswith("dies"):
                w.c.destroy(handle)
            expect.eventually(lambda path=path: not os.path.exists(path), f"its directory is removed: {end}", 30)
            expect.equal(_tree(source), before, f"the source of the mount: {end}")
            expect.equal(_mounts(), mounts, f"mounts of the host: {end}")
            canary.check()


@case(backend="linux", limit=60)
def a_link_in_place_of_a_containers_directory_is_not_followed(w):
    """The directory of a container that is gone is a link, or has links in place of its parts, when a daemon starts."""
    canary = Canary(w)
    other = w.create(grace_time=-1)
    for name in ("", "bin", "etc", "jobs", "mnt", "run", "tmp", "tmp/rootfs", "tmp/work"):
        handle = w.create(grace_time=-1)
        path, init = w.path_of(handle), w.init_of(handle)
        place, aside = f"{path}/{name}".rstrip("/"), f"{w.directory}/aside"
        w.disconnect()
        w.daemon.kill()
        os.kill(init, 9)
        if os.path.isdir(place):
            os.rename(place, aside)
        os.symlink(canary.path, place)
        w.daemon.start()
        canary.check()
        if os.path.islink(place):
            w.daemon.kill()
            os.unlink(place)
            if os.path.exists(aside):
                os.rename(aside, place)
            w.daemon.start()
        shutil.rmtree(aside, ignore_errors=True)
        expect.eventually(lambda path=path: not os.path.exists(path), f"the dead container is removed: {name}")
        expect.equal(w.c.list(), [other])
        canary.check()


@case(backend="linux", limit=60)
def the_store_of_jobs_is_not_inside(w):
    """CVE-2026-48750: the directory of a job's output is swapped for a link: none of it is in the container."""
    handle = w.create()
    mark = "output-of-this-job"
    job = w.c.spawn(handle, f"echo {mark}; sleep 0.1; grep -rl {mark} / --exclude-dir=proc --exclude-dir=sys 2>/dev/null; true",
                    privileged=True)  # fmt: skip
    seen = w.c.link(handle, job)
    expect.equal(seen.stdout.decode(), f"{mark}\n", "files inside with the output")
    inside = w.run(handle, "cat /proc/self/mountinfo", privileged=True)
    own = [line.split()[3] for line in inside.splitlines() if w.daemon.depot in line]
    expect.equal([root for root in own if "/jobs" in root or root.endswith("/etc")], [], "mounts of the depot")
