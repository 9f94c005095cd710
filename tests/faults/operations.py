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
    backends = ("fake", "linux")
    restarts = False  # the daemon ends and starts in it

    def __init__(self, name, act, **properties):
        self.name = name
        self._act = act
        self.__dict__.update(properties)

    def prepare(self, w, client):
        """Before the fault is armed."""
        if self.needs_other:
            client.create(handle=OTHER)

    def act(self, w, client):
        """Under the fault."""
        return self._act(w, client)

    def verify(self, client, answer):
        """After it: the answer was true."""
        if self.name == "create" and answer.startswith("error"):
            expect.lacks(client.list(), OTHER, "containers after a create that failed")
        if self.name == "destroy" and answer == "success":
            expect.lacks(client.list(), OTHER, "containers after a destroy")
        if self.name == "stop" and answer == "success":
            expect.equal(client.info(OTHER).state, "stopped")

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


def _tar(_, client):
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
    Operation("create", lambda w, c: c.create(handle=OTHER)),
    Operation("run", _run),
    Operation("spawn", _spawn),
    _other("stop", _stop),
    _other("destroy", lambda w, c: c.destroy(OTHER)),
    _other("net_in", lambda w, c: c.net_in(OTHER), backends=("linux",)),
    _other("net_out", lambda w, c: c.net_out(OTHER, network="203.0.113.0/24"), backends=("linux",)),
    _other("limit_memory", lambda w, c: c.limit_memory(OTHER, 256 << 20), backends=("linux",)),
    _other("limit_cpu", lambda w, c: c.limit_cpu(OTHER, 512), backends=("linux",)),
    _other("limit_disk", lambda w, c: c.limit_disk(OTHER, byte=1 << 30), backends=("linux",)),
    _other("limit_bandwidth", lambda w, c: c.limit_bandwidth(OTHER, 1 << 20, 1 << 20), backends=("linux",)),
    _other("copies", _copies),
    _other("tar_in", _tar),
    Restart("save", _save),
    Restart("recovery", _recover),
]
