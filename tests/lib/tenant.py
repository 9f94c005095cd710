# SPDX-License-Identifier: Apache-2.0
"""A client that sends random requests about its own containers, and compares each answer with a model of them.

Every request of it can be repeated: it goes on over restarts until it is answered, and now and then it disconnects
before an answer. What was acknowledged is in the model, and must be true until it is taken back.
"""

import collections
import queue
import random
import time
from dataclasses import dataclass, field

import expect
import warden
from case import Skip

MIB = 1 << 20
ANSWERED = 90  # seconds until every request is answered, on a machine as fast as that of expect.py
CONTAINERS = 3  # of a tenant at once
JOBS = 8  # of a container at once
TRANSIENT = ("the daemon is about to end", "current state is 'unreachable'", "could be frozen")
GOES_ON = "yet and the daemon ends: the "  # a stop or destroy that the next daemon completes

# A script, and its status, stdout, stderr and reason.
ENDS = (
    (b"true", 0, b"", b"", warden.Reason.EXITED),
    (b"echo out; echo err >&2; exit 3", 3, b"out\n", b"err\n", warden.Reason.EXITED),
    (b"echo before; sleep 0.4; echo after; exit 4", 4, b"before\nafter\n", b"", warden.Reason.EXITED),
    (b"sleep 2; echo late >&2; exit 5", 5, b"", b"late\n", warden.Reason.EXITED),
    (b"head -c 300000 /dev/zero; exit 6", 6, bytes(300000), b"", warden.Reason.EXITED),
    (b"seq 1 20000", 0, b"".join(b"%d\n" % i for i in range(1, 20001)), b"", warden.Reason.EXITED),
    (b"echo killed; kill -9 $$", 255, b"killed\n", b"", warden.Reason.SIGNAL),
    (b"(sleep 0.3; echo child) & exit 7", 7, b"child\n", b"", warden.Reason.EXITED),
)


def _text(message):
    """A message with the fields that are set."""
    if isinstance(message, warden.WardenError):
        return f"error {str(message)!r}"
    fields = {name: value for name, value in vars(message).items() if value not in (None, [])}
    fields.pop("info", None)
    return f"{type(message).__name__}({', '.join(f'{name}={repr(value)[:60]}' for name, value in fields.items())})"


@dataclass
class Job:
    """A job that was acknowledged and not collected."""

    end: tuple
    kept: bool


@dataclass
class Container:
    """What was acknowledged about a container."""

    handle: str
    properties: dict
    id: str = ""
    host_ip: str = ""
    paused: bool = False
    stopped: bool = False
    limits: dict = field(default_factory=dict)
    ports: dict = field(default_factory=dict)  # port of the host -> port of the container
    files: dict = field(default_factory=dict)
    jobs: dict = field(default_factory=dict)


class Shared:
    """What all tenants of a soak share: the log of operations, what is one container's alone, and whether to end."""

    def __init__(self, seed):
        self.seed = seed
        self.log = collections.deque(maxlen=400)
        self.taken = {}  # ("port", 61001) or ("address", "10.254.0.1") -> handle
        self.kills = 0  # of the daemon so far
        self.spawner_until = 0.0  # until this time requests may have met a spawner that was killed
        self.ids = queue.SimpleQueue()  # of containers, for the leak check
        self.failure = ""
        self.suspects = []  # ids of the containers of the client that has failed
        self.counts = collections.Counter()
        self._start = time.monotonic()

    def note(self, who, text):
        """Adds an operation to the log."""
        self.log.append(f"{time.monotonic() - self._start:8.3f} {who:>5}  {text[:200]}")

    def fail(self, who, error, ids=()):
        """Remembers the first failure, with the last operations of this client and of all, and the containers' ids."""
        if self.failure:
            return
        self.suspects = list(ids)
        lines = list(self.log)
        own = [line for line in lines if f" {who:>5}  " in line][-25:]
        self.failure = "\n".join(
            (f"seed {self.seed}, client {who}: {type(error).__name__}: {error}", "its last operations:", *own)
            + ("the last of all:", *lines[-40:])
        )


class Tenant:
    """Chooses by its own generator: the same seed makes the same choices as long as the answers are the same."""

    def __init__(self, w, shared, number):
        self.w = w
        self.shared = shared
        self.name = f"t{number}"
        self.random = random.Random(f"{shared.seed}/{number}")
        self.containers = []
        self._client = None
        self._count = 0
        self._unsure = False  # the last request was sent more than once

    # Requests.

    def _connect(self):
        if self._client is None:
            self._client = warden.Client(self.w.daemon.socket, timeout=ANSWERED * expect.SLOWNESS, reconnect=0)
        return self._client

    def _disconnect(self):
        if self._client is not None:
            self._client.close()
        self._client = None

    def _abandon(self, request):
        """Sends a request and disconnects before its answer, or in it."""
        self.shared.note(self.name, f"abandons {_text(request)}")
        self._unsure = True
        try:
            self._connect().send(request)
            time.sleep(self.random.choice((0, 0, 0.005, 0.05)))
        finally:
            self._disconnect()

    def _attempt(self, request):
        """The answer or the error; None if the request is to be repeated."""
        try:
            return self._connect().call(request)
        except warden.WardenError as error:
            self._unsure |= GOES_ON in str(error)
            return None if any(text in str(error) for text in (*TRANSIENT, GOES_ON)) else error
        except (ConnectionError, FileNotFoundError, warden.ProtocolError):
            self._unsure = True
            self._disconnect()
            return None

    def _ask(self, request):
        """Repeats the request until it is answered; returns the answer or the WardenError."""
        self._unsure = False
        if self.random.random() < 0.1:
            try:
                self._abandon(request)
            except OSError:
                pass  # no daemon runs at the moment
        end = time.monotonic() + ANSWERED * expect.SLOWNESS
        self.shared.note(self.name, f"sends {_text(request)}")
        while (answer := self._attempt(request)) is None:
            if self.shared.failure:
                raise Skip("another client has failed")
            if time.monotonic() > end:
                expect.fail(f"an answer within {ANSWERED} s", "none", _text(request))
            time.sleep(0.02)
        self.shared.note(self.name, f"got {_text(answer)}")
        self.shared.counts[type(request).__name__.removesuffix("Request")] += 1
        return answer

    def _call(self, request):
        """Repeats the request until it is answered, which is no error unless the spawner was killed meanwhile."""
        start = time.monotonic()
        while isinstance(answer := self._ask(request), warden.WardenError) and start < self.shared.spawner_until:
            start = time.monotonic()
        if isinstance(answer, warden.WardenError):
            expect.fail("an answer", _text(answer), _text(request))
        return answer

    def _refused(self, error, text):
        """The last request was repeated, as only then it may find that it was done already."""
        expect.equal((str(error), self._unsure), (text, True), "the error, and whether the request was repeated")

    def _id(self):
        self._count += 1
        return f"{self.name}-{self._count}"

    def _take(self, kind, value, handle):
        other = self.shared.taken.setdefault((kind, value), handle)
        expect.equal(other, handle, f"the container that has {kind} {value}")

    def _give_back(self, handle):
        for key in [key for key, owner in list(self.shared.taken.items()) if owner == handle]:
            del self.shared.taken[key]

    # Containers.

    def create(self):
        """Creates one."""
        handle = f"{self.name}/{self._id()}"
        properties = {"owner": self.name, "number": handle}
        made = warden.CreateRequest(
            handle=handle,
            grace_time=(1 << 32) - 1,
            request_id=handle,
            properties=[warden.Property(key=key, value=value) for key, value in properties.items()],
        )
        expect.equal(self._call(made).handle, handle)
        container = Container(handle, properties)
        self.containers.append(container)
        info = self._call(warden.InfoRequest(handle=handle))
        container.host_ip = info.host_ip
        container.id = info.container_path.rsplit("/", 1)[-1]
        self.shared.ids.put(container.id)
        self._take("address", info.host_ip, handle)

    def destroy(self, container):
        """Destroys it: its handle is unknown from then on."""
        self._give_back(container.handle)
        self.containers.remove(container)
        answer = self._ask(warden.DestroyRequest(handle=container.handle))
        if isinstance(answer, warden.WardenError):
            self._refused(answer, "unknown handle")
        answer = self._ask(warden.InfoRequest(handle=container.handle))
        expect.equal(str(answer), "unknown handle")

    def stop(self, container):
        """Stops it: its jobs end."""
        answer = self._ask(warden.StopRequest(handle=container.handle, kill=self.random.random() < 0.8))
        if isinstance(answer, warden.WardenError):
            expect.contains(str(answer), "current state is 'stopped'")
        container.stopped, container.paused = True, False

    def pause(self, container):
        """Pauses or resumes it."""
        request = warden.ResumeRequest if container.paused else warden.PauseRequest
        self._call(request(handle=container.handle))
        container.paused = not container.paused

    # Jobs.

    def _command(self, kind, handle, **fields):
        end = self.random.choice(ENDS)
        return end, kind(handle=handle, script=end[0], request_id=self._id(), **fields)

    def spawn(self, container):
        """Starts a job."""
        kept = self.random.random() < 0.3
        end, request = self._command(warden.SpawnRequest, container.handle, keep=kept)
        container.jobs[self._call(request).job_id] = Job(end, kept)

    def run(self, container):
        """Runs a job; by its request_id it can be repeated, and is kept."""
        end, request = self._command(warden.RunRequest, container.handle)
        seen = self._call(request)
        self._compare(container, end, seen)
        container.jobs[seen.job_id] = Job(end, True)

    def _compare(self, container, end, seen):
        _, status, stdout, stderr, reason = end
        forbidden = seen.end.reason == warden.Reason.START_FAILED or b"wshd: start a keeper: " in seen.stderr
        if container.stopped and forbidden:
            return  # the stop forbade to fork
        if container.stopped:  # it may have been stopped at any byte
            whole = stdout.startswith(seen.stdout) and stderr.startswith(seen.stderr)
            expect.true(whole, "the beginning of its output", (seen.stdout[:200], seen.stderr[:200]))
            return
        what = f"status, reason, stderr and bytes of {end[0]!r}"
        told = (seen.exit_status, seen.end.reason, seen.stderr, len(seen.stdout))
        expect.equal(told, (status, reason, stderr, len(stdout)), what)
        expect.true(seen.stdout == stdout, "its output", seen.stdout[:200])

    def link(self, container):
        """Links a job, which is collected then, once."""
        if container.jobs:
            self._link(container, self.random.choice(list(container.jobs)))

    def _link(self, container, number):
        job = container.jobs[number]
        request = warden.LinkRequest(handle=container.handle, job_id=number)
        kills = self.shared.kills
        seen = self._ask(request)
        if isinstance(seen, warden.WardenError):
            # An answer that this client did not wait for may have collected it.
            expect.equal((str(seen), self._unsure, job.kept), ("no such job", True, False), "the error, repeated, kept")
        else:
            self._compare(container, job.end, seen)
        if job.kept and self.random.random() < 0.5:
            self._compare(container, job.end, self._call(request))
        if job.kept:
            answer = self._ask(warden.CollectRequest(handle=container.handle, job_id=number))
            if isinstance(answer, warden.WardenError):
                self._refused(answer, "no such job")
        del container.jobs[number]
        again = self._ask(request)
        if kills == self.shared.kills or isinstance(again, warden.WardenError):
            expect.equal(str(again), "no such job", "the second link")
        else:  # the daemon was killed in the moment after the answer
            self._compare(container, job.end, again)

    # Settings and files.

    def limit(self, container):
        """Sets a limit."""
        chosen = self.random
        limits = {"cpu_shares": chosen.choice((64, 512, 2048))}
        if chosen.random() < 0.5:
            limits = {"memory_bytes": chosen.choice((256, 512, 1024)) * MIB}
        self._call(warden.LimitRequest(handle=container.handle, limits=warden.Limits(**limits)))
        container.limits.update(limits)

    def net_in(self, container):
        """Forwards a port; which one a request without a number gets is known by its answer alone."""
        answer = self._call(warden.NetInRequest(handle=container.handle))
        self._take("port", answer.host_port, container.handle)
        container.ports[answer.host_port] = answer.container_port

    def write(self, container):
        """Writes a file."""
        path = f"file{self.random.randrange(3)}"
        data = self.random.randbytes(self.random.choice((0, 10, 5000, 70000)))
        self._call(warden.FileWriteRequest(handle=container.handle, path=path, data=data))
        container.files[path] = data

    def verify(self, container):
        """Compares everything with the model."""
        handle = container.handle
        info = self._call(warden.InfoRequest(handle=handle))
        if info.state != "unreachable":
            state = "stopped" if container.stopped else "active"
            expect.equal((info.state, bool(info.paused)), (state, container.paused), f"state of {handle}, paused")
            expect.equal({p.key: p.value for p in info.properties}, container.properties)
        expect.equal(info.host_ip, container.host_ip)
        limits = self._call(warden.LimitRequest(handle=handle))
        limits = getattr(limits, "limits", limits)
        expect.equal({name: getattr(limits, name) for name in container.limits}, container.limits, "limits in force")
        listed = self._call(warden.NetListRequest(handle=handle)).in_
        ports = {forward.host_port: forward.container_port for forward in listed}
        expect.true(container.ports.items() <= ports.items(), f"these forwards {container.ports}", ports)
        jobs = {job.job_id for job in self._call(warden.JobsRequest(handle=handle)).jobs}
        expect.true(set(container.jobs) <= jobs, f"these jobs {list(container.jobs)}", jobs)
        for path, data in {} if container.paused else container.files.items():
            seen = self._call(warden.FileReadRequest(handle=handle, path=path))
            expect.true(seen.data == data, f"the {len(data)} bytes of {path}", f"{len(seen.data or b'')} bytes")

    def verify_list(self):
        """All of its containers are listed, and no other one of its."""
        listed = [h for h in self._call(warden.ListRequest()).handles if h.startswith(f"{self.name}/")]
        expect.equal(sorted(listed), sorted(container.handle for container in self.containers))

    # The whole.

    def _choices(self, container):
        always = [(self.verify, 2), (self.destroy, 1)]
        if container.paused:
            return [*always, (self.pause, 4), (self.stop, 1)]
        if container.stopped:
            return [*always, (self.link, 4), (self.limit, 1), (self.destroy, 2)]
        spawning = [(self.spawn, 8), (self.run, 2)] if len(container.jobs) < JOBS else []
        working = [(self.limit, 2), (self.net_in, 1), (self.write, 3), (self.pause, 1), (self.stop, 1)]
        return [*always, *spawning, (self.link, 8), *working]

    def step(self):
        """One operation."""
        chosen = self.random.random()
        if chosen < 0.03:
            self.verify_list()
        elif not self.containers or (len(self.containers) < CONTAINERS and chosen < 0.15):
            self.create()
        else:
            container = self.random.choice(self.containers)
            operations, weights = zip(*self._choices(container))
            self.random.choices(operations, weights)[0](container)

    def finish(self):
        """Verifies everything, links every job and destroys all."""
        self.verify_list()
        for container in list(self.containers):
            self.verify(container)
            if container.paused:
                self.pause(container)
            for number in list(container.jobs):
                self._link(container, number)
            self.destroy(container)
        self.verify_list()

    def live(self, end):
        """Works until this time, and then finishes."""
        try:
            while time.monotonic() < end and not self.shared.failure:
                self.step()
            self.finish()
        except Skip:
            pass
        except Exception as error:  # the soak reports it
            self.shared.fail(self.name, error, [each.id for each in self.containers])
        finally:
            self._disconnect()
