# SPDX-License-Identifier: Apache-2.0
"""What clients need to go on over a restart of the daemon: which requests may be repeated, when to try to
connect again, and what of a job's output or of the events is there already."""

from __future__ import annotations

import dataclasses
import time
import uuid
from typing import Any, Optional, Union

from .messages import (
    AttachRequest,
    CopyInRequest,
    CopyOutRequest,
    EventKind,
    EventsRequest,
    FileWatchRequest,
    JobsResponse,
    LinkRequest,
    LinkResponse,
    RunRequest,
    RunResponse,
    SpawnRequest,
    StreamRequest,
    TarDataRequest,
    TarInRequest,
    TarOutRequest,
)
from .wire import Message

# Errors of connecting that a daemon that restarts causes.
GONE = (ConnectionRefusedError, ConnectionResetError, FileNotFoundError, BlockingIOError)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.5
# A connection that lasted so many seconds does not belong to the same interruption.
_SETTLED = 5.0


class Attempts:
    """The attempts of a client to reach the daemon again.

    Their time counts from the first break of an interruption, so that a daemon that dies of each repetition
    is not tried for ever.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._connected: Optional[float] = None
        self._end: Optional[float] = None
        self._pause = _FIRST_PAUSE

    @property
    def allowed(self) -> bool:
        """Whether the client has been connected, and may connect again."""
        return self.limit > 0 and self._connected is not None

    def succeed(self) -> None:
        """The client has connected."""
        self._connected = time.monotonic()

    def begin(self, timeout: Optional[float]) -> bool:
        """The connection has broken; returns whether there is time left for attempts."""
        now = time.monotonic()
        if self._end is None or now - (self._connected or 0) >= _SETTLED:
            self._end = now + (self.limit if timeout is None else min(timeout, self.limit))
            self._pause = _FIRST_PAUSE
            return True
        return now < self._end

    def explains(self, error: Exception) -> bool:
        """Whether an error only means that the daemon restarts: it is gone, or about to end, or has not reached
        the container yet."""
        if isinstance(error, ConnectionError):
            return True
        if str(error) == "the daemon is about to end":
            return True
        return self._end is not None and "current state is 'unreachable'" in str(error)

    def pause(self) -> float:
        """Seconds to wait before the next attempt."""
        pause, self._pause = self._pause, min(2 * self._pause, _LONGEST_PAUSE)
        return pause

    @property
    def over(self) -> bool:
        """Whether the time has passed."""
        return self._end is not None and time.monotonic() >= self._end


def is_repeatable(request: Message) -> bool:
    """Whether the effect is the same if the request is executed once more."""
    return isinstance(request, LinkRequest) or bool(getattr(request, "request_id", None))


def is_split(request: Message) -> bool:
    """Whether the request is a run that is sent as spawn and link, each of which can be repeated."""
    return isinstance(request, RunRequest) and not request.request_id


def spawn_of(run: RunRequest) -> SpawnRequest:
    """The spawn request for the job of a run."""
    fields: dict[str, Any] = {field.name: getattr(run, field.name) for field in dataclasses.fields(run)}
    fields["request_id"] = uuid.uuid4().hex
    return SpawnRequest(**fields)


def run_response(link: LinkResponse, job_id: int) -> RunResponse:
    """The answer to run, from that to link."""
    fields = {field.name: getattr(link, field.name) for field in dataclasses.fields(link)}
    return RunResponse(**fields, job_id=job_id)


class Output:
    """How much of a job's output a stream or attach request has had, in bytes of each stream."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._had = {"stdout": request.stdout_offset or 0, "stderr": request.stderr_offset or 0}
        self._counted: dict[str, int] = {}  # in this connection, for a daemon that reports no offsets
        self._from_now = isinstance(request, AttachRequest) and request.replay is False

    @property
    def needs_sizes(self) -> bool:
        """Whether it begins behind what there is now, so that a later request has to name the offsets."""
        return self._from_now and self._request.stdout_offset is None

    def take_sizes(self, jobs: JobsResponse) -> None:
        """Begins behind the output that these jobs have."""
        for job in jobs.jobs:
            if job.job_id == self._request.job_id:
                self._had = {"stdout": job.stdout_bytes or 0, "stderr": job.stderr_bytes or 0}

    def request(self) -> Message:
        """The request for what comes behind."""
        self._counted = dict(self._had) if self._from_now else {}
        offsets = {f"{name}_offset": had for name, had in self._had.items() if had or self._from_now}
        changed: Message = dataclasses.replace(self._request, **offsets)
        return changed

    def take(self, answer: Any) -> bool:
        """Removes from an answer what was there before; False: nothing is left of it."""
        if answer.name is None or answer.data is None:
            return True
        at = self._counted.get(answer.name, 0) if answer.offset is None else answer.offset
        had, end = self._had.get(answer.name, 0), at + len(answer.data)
        self._counted[answer.name] = end
        self._had[answer.name] = max(had, end)
        if at < had:
            answer.data = answer.data[had - at :]
            answer.offset = None if answer.offset is None else had
        return bool(answer.data)


class Events:
    """Which events an events request has had."""

    def __init__(self, request: EventsRequest) -> None:
        self._request = request
        self._after = request.after
        self._subscribed = False

    def request(self) -> Message:
        """The request for what comes behind."""
        changed: Message = dataclasses.replace(self._request, after=self._after)
        return changed

    def take(self, answer: Any) -> bool:
        """Notes the number of an event; False: it is the first answer once more, after a restart."""
        if answer.kind != EventKind.SUBSCRIBED:
            self._after = answer.sequence
            return True
        again, self._subscribed = self._subscribed, True
        if self._after is None:
            self._after = answer.sequence
        return not again


def position_of(request: Message) -> Optional[Union[Output, Events]]:
    """What is there already of the answers to a request; None: it cannot be continued."""
    if isinstance(request, EventsRequest):
        return Events(request)
    return Output(request) if isinstance(request, (StreamRequest, AttachRequest)) else None


# Requests that run for a while, may be repeated, and cannot be continued where they were.
_LOST = {
    CopyInRequest: "copy_in",
    CopyOutRequest: "copy_out",
    FileWatchRequest: "file_watch",
    TarDataRequest: "tar_in",
    TarInRequest: "tar_in",
    TarOutRequest: "tar_out",
}


def explained(request: Message, broken: Exception) -> Exception:
    """The error for a request that is not repeated: its own text if the connection was lost while it ran."""
    name = _LOST.get(type(request))
    if name is None or not isinstance(broken, ConnectionError):
        return broken
    return ConnectionError(f"{name}: the connection to the daemon was lost while it ran; it may be repeated")
