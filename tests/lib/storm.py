# SPDX-License-Identifier: Apache-2.0
"""A client that sends random requests about handles that it shares with others, and heeds no answer."""

import random
import time

import warden

HANDLES = ("a", "b", "c", "d")
SCRIPTS = (
    "true",
    "echo out; echo err >&2; exit 3",
    "trap '' TERM; sleep 0.4",
    "head -c 300000 /dev/zero",
    "while :; do echo 0123456789; done",
    "sleep 30",
    "sleep 30 >/dev/null 2>&1 &",
    "kill -9 $$",
)


class Client:
    """Sends requests that a generator chooses, some without waiting for the answer."""

    def __init__(self, w, seed):
        self.w = w
        self.random = random.Random(seed)
        self.connection = None
        self.sent = 0

    def _handle(self):
        return self.random.choice(HANDLES)

    def _job(self):
        return self.random.randrange(1, 40)

    def _spawn(self, kind):
        chosen = self.random
        fields = {}
        if chosen.random() < 0.3:
            fields["request_id"] = f"id{chosen.randrange(6)}"
        if chosen.random() < 0.4:
            fields.update(argv=["sh", "-c", chosen.choice(SCRIPTS)], stdin=chosen.random() < 0.5)
        elif chosen.random() < 0.3:
            fields.update(argv=["cat"], stdin=True, terminal=chosen.random() < 0.3 or None)
        else:
            fields.update(script=chosen.choice(SCRIPTS).encode())
        return kind(
            handle=self._handle(),
            keep=chosen.random() < 0.3,
            discard_output=chosen.random() < 0.2,
            output_policy=chosen.randrange(3),
            output_limit=chosen.choice((1, 1000, 100_000)),
            lease_cpu=chosen.random() < 0.1,
            wall_time_us=chosen.choice((0, 200_000)),
            **fields,
        )

    def _pair(self):
        sides = [warden.SpawnRequest(handle=self._handle(), argv=["cat"]) for _ in range(2)]
        return warden.SpawnPairRequest(handle=self._handle(), first=sides[0], second=sides[1])

    def _create(self):
        chosen = self.random
        return warden.CreateRequest(
            handle=self._handle(),
            grace_time=chosen.choice((0, 1, 300)),
            ttl=chosen.choice((None, None, 1)),
            request_id=chosen.choice((None, "one", "two")),
        )

    def _request(self):
        chosen = self.random
        handle, job = self._handle(), self._job()
        makers = (
            self._create,
            self._create,
            lambda: self._spawn(warden.SpawnRequest),
            lambda: self._spawn(warden.SpawnRequest),
            lambda: self._spawn(warden.RunRequest),
            self._pair,
            lambda: warden.LinkRequest(handle=handle, job_id=job),
            lambda: warden.StreamRequest(handle=handle, job_id=job),
            lambda: warden.AttachRequest(handle=handle, job_id=job),
            lambda: warden.CollectRequest(handle=handle, job_id=job),
            lambda: warden.JobsRequest(handle=handle),
            lambda: warden.JobSignalRequest(handle=handle, job_id=job, signal=chosen.choice((15, 9, 2))),
            lambda: warden.JobResizeRequest(handle=handle, job_id=job, rows=10, columns=10),
            lambda: warden.JobInputRequest(
                handle=handle, job_id=job, data=b"x" * chosen.choice((0, 10, 300_000)), end=chosen.random() < 0.3
            ),
            lambda: warden.InfoRequest(handle=handle),
            warden.InfoManyRequest,
            warden.ListRequest,
            warden.EventsRequest,
            lambda: warden.StopRequest(
                handle=handle, kill=chosen.random() < 0.7, background=chosen.random() < 0.5
            ),
            lambda: warden.DestroyRequest(handle=handle),
            lambda: warden.PauseRequest(handle=handle),
            lambda: warden.ResumeRequest(handle=handle),
            lambda: warden.NetInRequest(handle=handle),
            lambda: warden.LimitCpuRequest(handle=handle, limit_in_shares=chosen.choice((None, 100, 2000))),
            lambda: warden.LimitMemoryRequest(handle=handle, limit_in_bytes=chosen.choice((None, 1 << 30))),
            lambda: warden.TarInRequest(handle=handle, dst_path=b"x"),
            lambda: warden.TarDataRequest(data=b"y" * 700, end=chosen.random() < 0.5),
            lambda: warden.TarOutRequest(handle=handle, src_path=b"."),
            lambda: warden.FileWriteRequest(handle=handle, path=b"file", data=b"z" * 5000),
            lambda: warden.FileReadRequest(handle=handle, path=b"file"),
            lambda: warden.FileListRequest(handle=handle, path=b"."),
            lambda: warden.FileWatchRequest(handle=handle, path=b"."),
        )
        return chosen.choice(makers)()

    def _step(self):
        chosen = self.random
        if self.connection is None or chosen.random() < 0.25:
            self.close()
            self.connection = self.w.raw()
            self.connection.socket.settimeout(chosen.choice((0.01, 0.05, 0.3)))
        for _ in range(chosen.choice((1, 1, 2, 5))):
            self.connection.send(warden.encode_frame(self._request()))
            self.sent += 1
        if chosen.random() < 0.7:
            self.connection.payload()

    def close(self):
        """Disconnects, even if requests are in progress."""
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def run(self, end, most):
        """Runs until this time, or for this many requests."""
        while time.monotonic() < end and self.sent < most:
            try:
                self._step()
            except (OSError, warden.ProtocolError):
                self.close()  # it takes no more, says nothing in time, or is gone
        self.close()
