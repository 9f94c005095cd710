# SPDX-License-Identifier: Apache-2.0
"""What is walked through: for each operation what comes before it, itself, and what it leaves."""

import io
import os
import signal
import tarfile

import warden
import expect

BASE, OTHER = "base", "other"


class Operation:
    """A request to the container `base`, which exists all the time."""

    needs_other = False  # another container, made for each attempt
    fill = False  # a folder with a file is in that
    backends = ("fake", "linux")
    restarts = False  # the daemon ends and starts in it
    check = None  # called with the client and the answer: fails if that was not true

    def __init__(self, name, act, **properties):
        self.name = name
        self._act = act
        self.__dict__.update(properties)

    def prepare(self, w, client):
        """Before the fault is armed."""
        if self.needs_other:
            client.create(handle=OTHER)
            client.run(OTHER, "true")  # what wshd does behind the create's answer is over then
        if self.fill:
            expect.result(client.run(OTHER, "mkdir folder; printf 12345 >folder/file"), 0)

    def act(self, w, client):
        """Under the fault."""
        return self._act(w, client)

    def verify(self, client, answer):
        """After it: the answer was true."""
        if self.check:
            self.check(client, answer)

    def clean(self, w, client):
        """After it: nothing but the container `base` is left, as it was."""
        destroy(client, OTHER)
        for job in client.call(warden.JobsRequest(handle=BASE)).jobs:
            client.link(BASE, job.job_id)


def destroy(client, handle):
    """Destroys a container that may exist."""
    try:
        client.destroy(handle)
    except warden.WardenError as error:
        if str(error) != "unknown handle":
            raise


def _run(_, client):
    seen = client.run(BASE, "echo out; echo err >&2; exit 3")
    if seen.exit_status == 3:
        expect.result(seen, 3, b"out\n", b"err\n")


def _spawn(_, client):
    client.spawn(BASE, "echo out; exit 3")


def _stop(_, client):
    client.spawn(OTHER, "sleep 600")
    client.stop(OTHER)


def _tar_out(_, client):
    packed = b"".join(client.tar_out(OTHER, "folder"))
    try:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            names = [os.path.basename(member.name) for member in archive if member.isfile()]
    except tarfile.TarError as error:
        expect.fail("a tar", f"{error}, {len(packed)} bytes")
    expect.equal(names, ["file"])


def _file_write(_, client):
    client.file_write(OTHER, "new", b"1234567")
    client.file_write(OTHER, "new", b"x", offset=2)


def _file_read(_, client):
    expect.equal(client.file_read(OTHER, "folder/file"), b"12345")
    expect.equal([entry.name for entry in client.file_list(OTHER, "folder")], ["file"])


def _check_file_write(client, answer):
    """A file is replaced as a whole, and what replaces it is not left beside it."""
    names = [entry.name for entry in client.file_list(OTHER, ".")]
    if answer == "success" or names:
        expect.equal(names, ["new"])
        wanted = [b"12x4567"] if answer == "success" else [b"12x4567", b"1234567"]
        expect.contains(wanted, client.file_read(OTHER, "new"))


def _file_remove(_, client):
    client.file_remove(OTHER, "folder", recursive=True)


def _check_file_remove(client, answer):
    if answer == "success":
        expect.equal(client.file_list(OTHER, "."), [])


def _pause(_, client):
    client.pause(OTHER)
    client.resume(OTHER)


def _check_pause(client, answer):
    """What could not be resumed is resumed later."""
    if client.info(OTHER).paused:
        expect.true(answer != "success", "a container that runs", "it is paused")
        client.resume(OTHER)
    expect.equal(client.run(OTHER, "true").exit_status, 0)


def _check_create(client, answer):
    if answer.startswith("error"):
        expect.lacks(client.list(), OTHER, "containers after a create that failed")


def _check_destroy(client, answer):
    if answer == "success":
        expect.lacks(client.list(), OTHER, "containers after a destroy")


def _check_stop(client, answer):
    if answer == "success":
        expect.equal(client.info(OTHER).state, "stopped")


def _tar_in(_, client):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in ("a", "b"):
            member = tarfile.TarInfo(name)
            member.size = 5
            archive.addfile(member, io.BytesIO(b"12345"))
    client.tar_in(OTHER, "tar/", [packed.getvalue()])


def _copies(w, client):
    source = f"{w.directory}/source"
    if not os.path.exists(source):
        os.makedirs(f"{source}/folder")
        w.file("source/folder/file", "content")
        os.symlink("file", f"{source}/folder/link")
    client.copy_in(OTHER, f"{source}/", "in/")
    client.copy_out(OTHER, "in/folder/file", f"{w.directory}/out")


def _save(w, _):
    w.daemon.process.send_signal(signal.SIGTERM)
    w.daemon.wait(30)


def _recover(w, _):
    w.daemon.start()


class Restart(Operation):
    """The start of a daemon that finds a container with a job."""

    restarts = True

    def prepare(self, w, client):
        client.spawn(BASE, "sleep 0.2; echo out; exit 3")
        if self.name == "recovery":
            w.daemon.kill()


def _other(name, act, **properties):
    return Operation(name, act, needs_other=True, **properties)


OPERATIONS = [
    Operation("create", lambda w, c: c.create(handle=OTHER), check=_check_create),
    Operation("run", _run),
    Operation("spawn", _spawn),
    _other("stop", _stop, check=_check_stop),
    _other("destroy", lambda w, c: c.destroy(OTHER), check=_check_destroy),
    _other("net_in", lambda w, c: c.net_in(OTHER), backends=("linux",)),
    _other("net_out", lambda w, c: c.net_out(OTHER, network="203.0.113.0/24"), backends=("linux",)),
    _other("limit_memory", lambda w, c: c.limit_memory(OTHER, 256 << 20), backends=("linux",)),
    _other("limit_cpu", lambda w, c: c.limit_cpu(OTHER, 512), backends=("linux",)),
    _other("limit_disk", lambda w, c: c.limit_disk(OTHER, byte=1 << 30), backends=("linux",)),
    _other("limit_bandwidth", lambda w, c: c.limit_bandwidth(OTHER, 1 << 20, 1 << 20), backends=("linux",)),
    _other("copies", _copies),
    _other("tar_in", _tar_in),
    _other("tar_out", _tar_out, fill=True),
    _other("file_write", _file_write, check=_check_file_write),
    _other("file_read", _file_read, fill=True),
    _other("file_remove", _file_remove, fill=True, check=_check_file_remove),
    _other("pause", _pause, check=_check_pause),
    Restart("save", _save),
    Restart("recovery", _recover),
]
