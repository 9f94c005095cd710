# SPDX-License-Identifier: Apache-2.0
"""The walk through the points of one operation."""

import json
import os
import subprocess
import time

import case
import warden
import expect
import faults
import leaks
import operations
from operations import BASE, OTHER

KINDS = ("fail", "kill")
_MODES = {"fail": faults.FAIL, "kill": faults.KILL}
_FINDINGS = 40  # after these the walk ends
_RECORDS = 2  # runs without a fault, which find the points
_PATIENCE = 8.0  # seconds until what is left is a leak
# Processes of a daemon that another one has anew.
_HELPERS = ("wardend", "warden-zygote", "warden-spawner", "warden-holder")


def _identity(point):
    return [point.process, point.module, point.call, point.offset]


class Walk:
    """Called as the function of a case."""

    def __init__(self, operation, chance, seconds, text, tally):
        self._operation = operation
        self._random = chance
        self._seconds = seconds
        self._text = text
        self._tally = tally
        self._findings = []
        self._struck = {kind: set() for kind in KINDS}

    def __call__(self, w):
        self._w = w
        self._names = faults.Names(w.build)
        self._faults = faults.Faults(f"{w.directory}/faults")
        os.chmod(self._faults.path, 0o666)
        w.daemon.environment = {**w.daemon.environment, faults.VARIABLE: self._faults.path}
        w.daemon.start()
        self._renew_base()
        end = time.monotonic() + self._seconds
        points = self._record()
        todo = [(point, kind) for point in points for kind in KINDS if kind == "kill" or point.can_fail]
        todo = [pair for pair in todo if self._text in self._names.of(pair[0])]
        self._random.shuffle(todo)
        for point, kind in todo:
            if time.monotonic() >= end or len(self._findings) >= _FINDINGS:
                break
            self._attempt(point, kind)
        self._note(points)
        w.daemon.kill()
        w.daemon.start()  # the runner's leak check begins here
        if self._findings:
            expect.fail("no finding", "\n".join(self._findings)[:1900], f"{len(self._findings)} findings")

    def _note(self, points):
        w = self._w
        line = {"operation": self._operation.name, "backend": w.backend, "known": [_identity(p) for p in points]}
        for kind in KINDS:
            line[kind] = [_identity(p) for p in self._struck[kind]]
        os.write(self._tally, (json.dumps(line) + "\n").encode())

    def _client(self, seconds=20.0):
        return warden.Client(self._w.daemon.socket, timeout=seconds * expect.SLOWNESS, reconnect=0)

    def _take(self):
        w = self._w
        w.note_ids()
        taken = leaks.with_daemon(w.daemon, w.ids)
        below = leaks.kernel.descendants(os.getpid())
        taken["process"] = {p.pid for p in below if p.name not in _HELPERS and p.pid != w.daemon.pid}
        kept = [p.pid for p in below if p.pid in taken["process"]]
        taken["namespace"] = set().union(*(leaks.kernel.namespaces(pid) for pid in kept)) if kept else set()
        del taken["mount of the daemon"]
        return taken

    def _renew_base(self):
        """A container that all attempts share, and what exists with it."""
        with self._client() as client:
            operations.destroy(client, BASE)
            operations.destroy(client, OTHER)
            client.create(handle=BASE, grace_time=600)
            client.run(BASE, "true")
            self._baseline = self._settled(client)
        self._daemon = self._w.daemon.pid

    def _settled(self, client):
        """What exists once the removal behind a destroy has ended."""
        for _ in range(2):
            client.create(handle=OTHER)
            client.run(OTHER, "true")
            client.destroy(OTHER)
        taken = self._take()
        end = time.monotonic() + 10
        while time.monotonic() < end and any(f"{self._w.daemon.depot}/tmp/" in name for name in taken["file"]):
            time.sleep(0.02)
            taken = self._take()
        return taken

    def _record(self):
        self._faults.clear()
        for _ in range(_RECORDS):
            with self._client() as client:
                self._operation.prepare(self._w, client)
                self._faults.arm(faults.RECORD)
                try:
                    self._operation.act(self._w, client)
                except warden.WardenError as error:
                    raise case.Skip(str(error)) from error
                finally:
                    time.sleep(0.1)  # what comes after the answer
                    self._faults.disarm()
            self._serve()
            self._clean()
        return sorted(self._faults.points(), key=_identity)

    def _serve(self):
        if not self._w.daemon.alive:
            self._w.daemon.start()

    def _clean(self):
        with self._client() as client:
            client.ping()
            self._operation.clean(self._w, client)

    def _attempt(self, point, kind):
        nth = 1 if point.seen <= 2 else self._random.randint(1, point.seen // _RECORDS)
        what = f"{self._operation.name}: {kind} {nth} of {self._names.of(point)}"
        answer = "nothing"
        try:
            self._serve()
            with self._client() as client:
                self._operation.prepare(self._w, client)
                self._faults.arm(_MODES[kind], point.key, nth)
                answer = self._act(client)
            struck = self._await_strike()
            if struck:
                self._struck[kind].add(point)
            self._examine(struck, kind, answer)
        except (expect.Failure, warden.WardenError, OSError, subprocess.SubprocessError) as error:
            self._faults.disarm()
            text = " ".join(str(error).split())
            self._findings.append(f"{what}: {answer}: {type(error).__name__} {text}")
            print(f"{self._w.backend} {self._findings[-1]}", flush=True)
            self._start_anew()

    def _await_strike(self):
        """What comes after the answer may be what is struck."""
        time.sleep(0.03)
        return self._faults.disarm()

    def _act(self, client):
        """Does it; returns the answer as text. An error has a text that names something."""
        try:
            self._operation.act(self._w, client)
        except warden.WardenError as error:
            text = str(error)
            if not text or "Success" in text:
                expect.fail("an error that says what is wrong", text)
            return f"error {text!r}"
        except (ConnectionError, EOFError):
            return "the connection was closed"  # as well when there is no memory for an answer
        except (expect.Failure, subprocess.TimeoutExpired) as error:
            if not self._operation.restarts or isinstance(error, subprocess.TimeoutExpired):
                raise
            return "the daemon has ended"
        return "success"

    def _examine(self, struck, kind, answer):
        w = self._w
        killed = kind == "kill" and struck is not None
        if struck and struck.process == "wardend" and killed:
            w.daemon.wait()
        if not w.daemon.alive:
            if not (killed and struck.process == "wardend") and not self._operation.restarts:
                expect.fail("the daemon lives", f"it ended with {w.daemon.process.returncode}")
            w.daemon.wait()
            w.daemon.start()
        with self._client() as client:
            client.ping()
            dead = killed and struck.process == "wshd"
            listed = self._listed(client, 0 if dead or not self._operation.restarts else _PATIENCE)
            if BASE not in listed and not (dead and self._operation.restarts):
                expect.fail("the container is listed", listed)
            state = self._state(client) if BASE in listed else "gone"
            if state != "active" and not dead:
                expect.fail("the container is active", state)
            if not killed:
                self._operation.verify(client, answer)
        if state != "active":
            self._renew_base()
            return
        try:
            self._clean()
            with self._client() as client:
                expect.result(client.run(BASE, "echo next; exit 4"), 4, b"next\n")
        except warden.WardenError:
            if not dead or not self._has_ended():
                raise
            self._renew_base()
            return
        self._look_for_leaks()

    def _has_ended(self):
        """Whether the daemon sees that the container's process 1 was killed, if it was the one of this container."""
        with self._client() as client:
            end = time.monotonic() + _PATIENCE * expect.SLOWNESS
            while client.info(BASE).state == "active" and time.monotonic() < end:
                time.sleep(0.02)
            return client.info(BASE).state != "active"

    @staticmethod
    def _listed(client, seconds):
        """The handles. A start that could not read a snapshot reads it again, and knows no handle before."""
        end = time.monotonic() + seconds * expect.SLOWNESS
        while True:
            listed = client.list()
            if BASE in listed or time.monotonic() >= end:
                return listed
            time.sleep(0.02)

    def _state(self, client):
        """The container's, once the daemon has reached it."""
        end = time.monotonic() + _PATIENCE * expect.SLOWNESS
        while True:
            state = client.info(BASE).state
            if state != "unreachable" or time.monotonic() >= end:
                return state
            time.sleep(0.02)

    def _look_for_leaks(self):
        w = self._w
        if w.daemon.pid != self._daemon:
            self._baseline["descriptor of the daemon"] = self._take()["descriptor of the daemon"]
            self._daemon = w.daemon.pid
        left = leaks.settle(self._baseline, self._take, _PATIENCE * expect.SLOWNESS)
        if left:
            self._baseline = self._take()
            expect.fail("nothing left", left)

    def _start_anew(self):
        """After a finding: another daemon, and the container anew, so that the next finding is another one."""
        try:
            self._w.daemon.kill()
            self._w.daemon.start()
            self._renew_base()
        except (expect.Failure, warden.WardenError, OSError, subprocess.SubprocessError) as error:
            self._findings.append(f"after it: {type(error).__name__} {error}")
            self._w.daemon.kill()
            self._w.daemon.start()
