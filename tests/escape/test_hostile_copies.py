# SPDX-License-Identifier: Apache-2.0
"""Copies, streams and files of a container that works against them from inside: names that lead out, links that are
swapped meanwhile, programs that wait to be run, files that never end."""

import io
import os
import subprocess
import tarfile
import threading
import time

import expect
import kernel
import warden
from canary import Canary
from case import case

MIB = 1 << 20
SECONDS = 2


def _tar_out(client, handle, path):
    client.send(warden.TarOutRequest(handle=handle, src_path=path))
    data = b""
    while True:
        answer = client.receive()
        data += answer.data or b""
        if answer.end or not answer.data:
            return data


def _requests(handle, inside, outside):
    """Every way of moving files between the host and this name of the container."""
    return (
        warden.CopyOutRequest(handle=handle, src_path=inside, dst_path=outside),
        warden.CopyOutRequest(handle=handle, src_path=f"{inside}/", dst_path=outside),
        warden.CopyInRequest(handle=handle, src_path=f"{outside}.in", dst_path=inside),
        warden.CopyInRequest(handle=handle, src_path=f"{outside}.in/", dst_path=f"{inside}/"),
        warden.FileReadRequest(handle=handle, path=inside),
        warden.FileReadRequest(handle=handle, path=f"{inside}/secret"),
        warden.FileWriteRequest(handle=handle, path=inside, data=b"changed"),
        warden.FileWriteRequest(handle=handle, path=f"{inside}/secret", data=b"changed"),
        warden.FileListRequest(handle=handle, path=inside),
        warden.FileRemoveRequest(handle=handle, path=f"{inside}/secret", recursive=True),
    )


def _texts(directory):
    """The content of all files below a directory of the host, and the names of its links' targets."""
    for parent, folders, names in os.walk(directory):
        for name in (*folders, *names):
            path = f"{parent}/{name}"
            if os.path.isfile(path) and not os.path.islink(path):
                yield kernel.read(path)


def _move_all(w, handle, inside, outside):
    """Makes all requests; returns what came out and how many worked."""
    seen, worked = [], 0
    for request in _requests(handle, inside, outside):
        try:
            seen.append(repr(w.c.call(request)))
            worked += 1
        except warden.WardenError:
            pass
    try:
        seen.append(repr(_tar_out(w.c, handle, inside)))
    except warden.WardenError:
        pass
    return seen, worked


def _host_side(w):
    outside = w.make_directory("outside")
    w.make_directory("outside.in")
    w.file("outside.in/file", "from the host")
    return outside


@case(backend="linux", limit=60)
def names_that_lead_out_lead_nowhere(w):
    """CVE-2015-5350, CVE-2024-28185, CVE-2021-41089: copies to and from links, dots, /proc/1/root; canary's owner and mode."""
    canary = Canary(w)
    outside = _host_side(w)
    handle = w.create()
    w.run(handle, f"mkdir -p /tmp/t /tmp/p && cd /tmp/t && ln -s {canary.path} abs && ln -s {canary.file} file && "
                  f"ln -s ../../../../../../../..{canary.path} dots && ln -s /proc/1/root{canary.path} one && "
                  "ln -s /proc/self/cwd cwd && "
                  f"ln -s {os.path.dirname(canary.path)} parent && rm -rf /home/vcap && ln -s {canary.path} /home/vcap",
          privileged=True)  # fmt: skip
    names = [canary.path, canary.file, f"/proc/1/root{canary.path}", f"/proc/self/cwd{canary.path}"]
    names += [f"/tmp/t/../../../../..{canary.path}"]
    names += [f"/tmp/t/{name}" for name in ("abs", "file", "dots", "one", "cwd", "parent", "parent/canary", "abs/secret")]
    names += ["/home/vcap", "~/secret", "/home/vcap/secret", f"../../../../..{canary.path}"]
    for name in names:
        seen, _ = _move_all(w, handle, name, outside)
        canary.check(*seen, *_texts(outside))
    # The second copy through what the first has brought.
    kept = w.make_directory("kept")
    w.c.call(warden.CopyOutRequest(handle=handle, src_path="/tmp/t/", dst_path=kept))
    expect.equal(os.readlink(f"{kept}/abs"), canary.path)
    change = "cd /tmp/t && rm -rf abs && mkdir abs && echo changed > abs/secret && echo changed > abs/made"
    w.run(handle, change, privileged=True)
    for source, target in (("/tmp/t/", kept), ("/tmp/t/abs/", f"{kept}/abs/"), ("/tmp/t/abs/secret", f"{kept}/dots/secret")):
        try:
            w.c.call(warden.CopyOutRequest(handle=handle, src_path=source, dst_path=target))
        except warden.WardenError:
            pass
    canary.check(*_texts(kept))
    # The control: the host itself, by the same names.
    expect.equal(kernel.read(f"{kept}/file"), canary.secret)


@case(backend="linux", limit=120, slow=True, long=True)
def links_that_are_swapped_during_copies_lead_nowhere(w):
    """CVE-2018-15664, CVE-2019-18466, CVE-2023-0778, CVE-2026-41568: the container swaps links during every kind of copy."""
    canary = Canary(w)
    outside = _host_side(w)
    handle = w.create()
    for privileged in (False, True):
        for number, (real, link) in enumerate((("mkdir -p x y; echo in > x/secret", canary.path), ("echo in > x", canary.file))):
            place = f"/tmp/{int(privileged)}{number}"
            seconds = SECONDS * max(1, round(expect.SLOWNESS / 4))
            script = f"mkdir {place} && cd {place} && {real} && ln -s {link} l && echo && exec probe swap x l {seconds}"
            job = w.spawn_ready(handle, script, privileged=privileged)
            end, seen, worked = time.monotonic() + seconds, [], 0
            while time.monotonic() < end:
                more, count = _move_all(w, handle, f"{place}/x", outside)
                seen, worked = (seen + more)[-500:], worked + count
                canary.check(*more)
            swaps = int(w.c.link(handle, job).stdout.split()[0])
            expect.true(swaps >= 1000 and worked >= 3, "1,000 swaps, and copies that work", f"{swaps}, {worked}")
            canary.check(*seen, *_texts(outside))


FOLDERS = ("bin", "usr/bin", "sbin", "usr/sbin", "usr/local/bin")
PROGRAMS = ("gzip", "tar", "rsync", "nsenter", "newuidmap", "xz", "zstd", "getent", "iptables", "nft", "ip", "mount")


@case(backend="linux", limit=60)
def no_program_of_a_container_runs_on_the_host(w):
    """CVE-2019-14271, CVE-2026-41567, CVE-2022-1227, CVE-2019-1002101: libraries and programs of the image wait to be run."""
    canary = Canary(w)
    outside = _host_side(w)
    rootfs = f"{w.directory}/rootfs"
    subprocess.run(["cp", "-a", w.rootfs, rootfs], check=True)
    script = f"#!/bin/sh\necho ran-$0 >>{canary.file}\nid -u >>/tmp/ran\n"
    for name in (f"{folder}/{program}" for folder in FOLDERS for program in PROGRAMS):
        os.makedirs(os.path.dirname(f"{rootfs}/{name}"), exist_ok=True)
        if os.path.lexists(f"{rootfs}/{name}"):
            os.unlink(f"{rootfs}/{name}")
        with open(f"{rootfs}/{name}", "w", encoding="ascii") as file:
            file.write(script)
        os.chmod(f"{rootfs}/{name}", 0o755)
    for library in ("libnss_files.so.2", "libnss_evil.so.2", "libc.so.6.evil"):
        for folder in ("lib", "usr/lib", "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib64"):
            if os.path.isdir(f"{rootfs}/{folder}"):
                with open(f"{rootfs}/{folder}/{library}", "w", encoding="ascii") as file:
                    file.write("no library")
    for name, text in (("nsswitch.conf", "passwd: evil files\nhosts: evil\n"), ("warden.conf", "server: {};\n")):
        with open(f"{rootfs}/etc/{name}", "w", encoding="ascii") as file:
            file.write(text)
    handle = w.create(rootfs=rootfs)
    w.c.run(handle, argv=["/bin/probe", "open", "/etc/passwd", "0"], user="vcap:vcap")
    _move_all(w, handle, "/etc", outside)
    _move_all(w, handle, "/tmp/new", outside)
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("x"))
    for content in (data.getvalue(), b"\x1f\x8b" + bytes(100), b"\xfd7zXZ\0" + bytes(100)):
        try:
            w.c.tar_in(handle, "/tmp", [content])
        except warden.WardenError:
            pass
    w.c.net_in(handle)
    w.c.limit_memory(handle, 256 * MIB)
    w.daemon.restart()
    w.disconnect()
    w.c.info(handle)
    expect.true(not os.path.exists(f"/proc/{w.init_of(handle)}/root/tmp/ran"), "none of them ran, inside neither")
    w.c.destroy(handle)
    canary.check()


TRAPS = {
    "fifo": "mkfifo x",
    "socket": "nc -lU x & sleep 0.3",
    "sparse": "truncate -s 8191P x || truncate -s 15T x",
    "deep": "d=$(printf 'd/%.0s' $(seq 1000)); mkdir -p x/$d; cd x/$d; mkdir -p $d; ln -s / x",
    "newlines": "mkdir x; cd x; for i in 1 2 3; do touch \"a\nb$i\" \"-rf\" \"$(printf '\\033[2J')\"; done",
    "growing": "while :; do head -c 1000000 /dev/zero >> x; sleep 0.01; done & sleep 0.2",
    "loops": "ln -s x x; mkdir y; ln -s ../y y/y; ln -s . z",
}


@case(backend="linux", limit=120, long=True)
def files_that_never_end_hold_nobody_up(w):
    """A fifo, a socket, a file that grows or has 8 EiB, 2,000 nested directories, names with newlines: copies and destroy end."""
    outside = _host_side(w)
    other = w.create()
    for privileged in (False, True):
        for name, trap in TRAPS.items():
            handle = w.create(tmpfs_bytes=64 * MIB)
            script = f"mkdir /tmp/t; chmod 777 /tmp/t; cd /tmp/t; {trap}; echo >/tmp/ready; sleep 100"
            w.c.spawn(handle, script, privileged=privileged)
            expect.eventually(lambda h=handle: w.run(h, "ls /tmp/ready 2>/dev/null; true") != "", f"trap {name}", 20)
            served = []

            def serve(served=served):
                with warden.Client(w.daemon.socket, timeout=60) as client:
                    for _ in range(5):
                        start = time.monotonic()
                        served.append((client.run(other, "echo fine").stdout, time.monotonic() - start))

            thread = threading.Thread(target=serve)
            thread.start()
            with warden.Client(w.daemon.socket, timeout=1) as client:
                for request in _requests(handle, "/tmp/t/x", outside)[:6]:
                    try:
                        client.call(request)
                    except (warden.WardenError, OSError):
                        break
            thread.join()
            expect.equal([out for out, _ in served], [b"fine\n"] * 5, name)
            expect.duration(max(taken for _, taken in served), 2, f"a job of another container beside {name}")
            with expect.within(10, f"destroy with {name}"):
                w.c.destroy(handle)
            used = int(subprocess.run(["du", "-sk", outside], check=True, capture_output=True).stdout.split()[0])
            subprocess.run(["rm", "-rf", outside], check=True)
            os.mkdir(outside)
            expect.true(used < 80 * 1024, f"what the host got from {name}", f"{used} KiB")
