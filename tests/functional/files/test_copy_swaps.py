# SPDX-License-Identifier: Apache-2.0
"""A process in the container exchanges directories and files for links that lead out, as fast as it can,
while files are copied: no file of the host is read or changed."""

import ctypes
import io
import mmap
import os
import signal
import struct
import tarfile
import time

import expect
import warden
from case import case

SECONDS = 2


class Swapper:
    """A process that exchanges two names below the container's home; it works from outside, where it
    can do what a process of the container could."""

    def __init__(self, w, handle, one, other):
        root = f"/proc/{w.init_of(handle)}/root/home/vcap" if w.linux else w.home_of(handle)
        self._count = mmap.mmap(-1, 8)
        self._pid = os.fork()
        if self._pid == 0:
            self._swap(f"{root}/{one}".encode(), f"{root}/{other}".encode())
        expect.eventually(self.count, "the first swaps", 10)
        self.end = time.monotonic() + SECONDS

    def _swap(self, one, other):
        libc = ctypes.CDLL(None)
        exchange, here, n = 2, -100, 0
        while True:
            for _ in range(500):
                n += libc.renameat2(here, one, here, other, exchange) == 0
            self._count[:8] = struct.pack("Q", n)

    def count(self):
        """The number of swaps so far."""
        return struct.unpack("Q", self._count[:8])[0]

    @property
    def goes_on(self):
        """Whether it shall continue."""
        return time.monotonic() < self.end

    def stop(self):
        """Ends it and expects enough swaps: few prove nothing."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def outside(w):
    """A directory of the host that every user may change, with a secret in it."""
    path = w.make_directory("outside", 0o777)
    w.file("outside/secret", "SECRET", 0o666)
    w.file("outside/f", "SECRET", 0o666)
    return path


def check(path):
    """Expects that the directory is unchanged."""
    expect.equal(sorted(os.listdir(path)), ["f", "secret"])
    for name in ("f", "secret"):
        with open(f"{path}/{name}", encoding="utf-8") as file:
            expect.equal(file.read(), "SECRET")


def attempt(w, request):
    """Returns the answer, or None for an error, which is allowed."""
    try:
        return w.c.call(request)
    except warden.WardenError:
        return None


def attack(w, moves):
    """Calls each of `moves(handle)` again and again while `d/x`, a directory, is exchanged for a link to
    the host's directory, and `d/f` for one to a file in there."""
    canary = outside(w)
    handle = w.create()
    w.run(handle, f"mkdir -p d/x d/y; echo in > d/x/f; echo in > d/f; ln -s {canary} d/link; ln -s {canary}/f d/flink")
    done = 0
    for one, other in (("d/x", "d/link"), ("d/f", "d/flink")):
        swapper = Swapper(w, handle, one, other)
        try:
            while swapper.goes_on:
                done += moves(handle)
        finally:
            swapper.stop()
        expect.true(swapper.count() >= 1000, "1,000 swaps", swapper.count())
    check(canary)
    expect.between(done, 1, 1 << 40, "moves that worked")


def files_in(directory):
    """The content of all files below a directory; links are not followed."""
    for parent, _, names in os.walk(directory):
        for name in names:
            if not os.path.islink(f"{parent}/{name}"):
                with open(f"{parent}/{name}", encoding="utf-8") as file:
                    yield file.read()


@case
def copies_out_contain_no_file_of_the_host(w):
    target = w.make_directory("target")
    n = 0

    def moves(handle):
        nonlocal n
        n += 1
        copies = [
            attempt(w, warden.CopyOutRequest(handle=handle, src_path=source, dst_path=f"{target}/{n}-{i}"))
            for i, source in enumerate(("d", "d/x/", "d/x/f", "d/f"))
        ]
        return sum(copy is not None for copy in copies)

    attack(w, moves)
    expect.equal(set(files_in(target)), {"in\n"})


@case
def copies_in_change_no_file_of_the_host(w):
    source = w.make_directory("source")
    os.mkdir(f"{source}/x")
    w.file("source/x/f", "in\n")
    w.file("source/x/new", "in\n")
    w.file("source/f", "in\n")

    def moves(handle):
        copies = [
            attempt(w, warden.CopyInRequest(handle=handle, src_path=one, dst_path=target))
            for one, target in (
                (f"{source}/x/", "d/x"), (f"{source}/x", "d"), (f"{source}/f", "d/x/f"), (f"{source}/f", "d/f"),
                (f"{source}/f", "d/x/"),
            )
        ]  # fmt: skip
        return sum(copy is not None for copy in copies)

    attack(w, moves)


@case
def streams_contain_and_change_no_file_of_the_host(w):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name in ("x/f", "x/new", "f"):
            member = tarfile.TarInfo(name)
            member.size = 3
            tar.addfile(member, io.BytesIO(b"in\n"))

    def pack(handle):
        w.c.send(warden.TarOutRequest(handle=handle, src_path="d"))
        data = b""
        while True:
            answer = w.c.receive()
            if answer.end:
                break
            data += answer.data
        expect.lacks(data, b"SECRET")

    def moves(handle):
        try:
            pack(handle)
            w.c.call(warden.TarInRequest(handle=handle, dst_path="d"))
            w.c.call(warden.TarDataRequest(data=stream.getvalue(), end=True))
        except warden.WardenError:
            return 0
        return 1

    attack(w, moves)


@case
def single_files_read_and_change_no_file_of_the_host(w):
    def moves(handle):
        answers = [
            attempt(w, warden.FileReadRequest(handle=handle, path=path)) for path in ("d/f", "d/x/f", "d/x/secret")
        ]
        for answer in answers:
            if answer is not None:
                expect.contains((b"in\n", b"new"), answer.data)
        listed = attempt(w, warden.FileListRequest(handle=handle, path="d/x"))
        if listed is not None:
            expect.lacks([entry.name for entry in listed.entries], "secret")
        for path in ("d/f", "d/x/f", "d/x/new"):
            answers.append(attempt(w, warden.FileWriteRequest(handle=handle, path=path, data=b"new")))
            attempt(w, warden.FileWriteRequest(handle=handle, path=path, data=b"new", offset=0))
        for path in ("d/x/secret", "d/x/new"):
            attempt(w, warden.FileRemoveRequest(handle=handle, path=path))
        return sum(answer is not None for answer in answers)

    attack(w, moves)
