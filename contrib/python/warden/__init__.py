# SPDX-License-Identifier: Apache-2.0
"""A client of wardend that needs only Python's standard library (3.10 or newer).

    import warden

    with warden.Client() as client:
        handle = client.create(grace_time=60)
        result = client.run(handle, "echo hello; exit 3")
        print(result.exit_status, result.stdout)      # 3 b'hello\\n'
        client.destroy(handle)

Each request of the protocol is a method of `Client` with the protocol's field names as keyword
arguments (`in_` and `as_` for the two that Python reserves), and a coroutine of `AsyncClient`. An error of the daemon
is raised as `WardenError`. To pipeline requests, `send` them and `receive` the answers, which arrive in the same order.

Messages and enums have the protocol's names, nested ones too: `JobEnd.Reason.EXITED`. Nested ones have a short
name as well, `Reason`. Where a method takes an enum, the value's name does: `protocol="udp"`.

Texts (handles, paths, networks) are `str`; a name that is not UTF-8 is kept by surrogate escapes, as
in `os.fsdecode`. Scripts, files and output are `bytes`; what is written may be given as `str` too.
Times are seconds, sizes bytes. doc/python.md of the sources has examples.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import inspect
import math
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, Optional, ParamSpec, TypeVar, Union, cast

from . import messages, resume
from .messages import *  # pylint: disable=wildcard-import,unused-wildcard-import
from .messages import ERROR_TYPE, TYPES
from .wire import Message, ProtocolError, as_bytes

__all__ = messages.__all__ + [
    "AsyncClient",
    "Client",
    "DEFAULT_SOCKET",
    "FrameReader",
    "Message",
    "ProtocolError",
    "WardenError",
    "encode_frame",
    "job",
]

DEFAULT_SOCKET = "/run/warden/warden.sock"

# For how many seconds a client tries to reach a daemon that restarts.
RECONNECT = 60.0

# Longer answers than this are refused: what a daemon with the default output limit sends is far below.
MAX_FRAME = 1 << 30


class WardenError(Exception):
    """The daemon's answer to a request that failed; `str()` of it is the daemon's text."""

    def __init__(self, message: str, data: Optional[str] = None, backtrace: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.data = data
        self.backtrace = list(backtrace)


_NUMBER_OF_REQUEST: dict[type[Message], int] = {request: number for number, request, _ in TYPES}
_RESPONSE_OF_NUMBER: dict[int, type[Message]] = {number: response for number, _, response in TYPES}


# --- frames ---------------------------------------------------------------------------------------


def encode_frame(request: Message) -> bytes:
    """The frame that carries a request: length in decimal, CR LF, payload, CR LF."""
    payload = Envelope(type=_NUMBER_OF_REQUEST[type(request)], payload=request.encode()).encode()
    return b"%d\r\n%s\r\n" % (len(payload), payload)


def decode_response(payload: bytes) -> Union[Message, WardenError]:
    """Decodes a frame's payload: a response, or an error instead."""
    envelope = Envelope.decode(payload)
    if envelope.type == ERROR_TYPE:
        error = ErrorResponse.decode(envelope.payload)
        return WardenError(error.message or "", error.data, error.backtrace)
    response = _RESPONSE_OF_NUMBER.get(envelope.type)
    if response is None:
        raise ProtocolError(f"answer of the unknown type {envelope.type}")
    return response.decode(envelope.payload)


class FrameReader:
    """Splits received bytes, in pieces of any size, into payloads; does no I/O."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Adds received bytes."""
        self._buffer += data

    def next(self) -> Optional[bytes]:
        """The next payload, or None until more has been fed."""
        end = self._buffer.find(b"\r\n", 0, 32)
        if end < 0:
            if len(self._buffer) >= 32:
                raise ProtocolError("frame without a length")
            return None
        digits = bytes(self._buffer[:end])
        if not digits.isdigit() or int(digits) > MAX_FRAME:
            raise ProtocolError(f"frame with the length {digits!r}")
        start, stop = end + 2, end + 2 + int(digits)
        if len(self._buffer) < stop + 2:
            return None
        if self._buffer[stop : stop + 2] != b"\r\n":
            raise ProtocolError("frame without CR LF at its end")
        payload = bytes(self._buffer[start:stop])
        del self._buffer[: stop + 2]
        return payload


# --- requests as methods --------------------------------------------------------------------------
#
# Each function below builds a request from the arguments of a method and says what the method
# returns; `Client` has them as methods that wait, `AsyncClient` as coroutines.

Text = Union[str, "os.PathLike[str]"]
Rlimits = Union[ResourceLimits, Mapping[str, int], None]
Binds = Iterable[Union[BindMount, tuple[str, str, Union[BindMode, str]]]]
Properties = Union[Mapping[str, str], Iterable[tuple[str, str]]]
Environment = Union[Mapping[str, str], Iterable[str]]  # pairs, or texts such as NAME=VALUE
Chunks = Union[bytes, Iterable[bytes]]

_T = TypeVar("_T")
_M = TypeVar("_M", bound=Message)
_J = TypeVar("_J", SpawnRequest, RunRequest)
_E = TypeVar("_E", bound=enum.IntEnum)
_P = ParamSpec("_P")


@dataclass(frozen=True)
class _Call(Generic[_T]):
    """A request, and the function that makes the method's result from the answer."""

    request: Message
    take: Callable[[Any], _T]


def _answered(request: Message, answer: type[_M], take: Callable[[_M], _T]) -> _Call[_T]:
    """A call whose answer is of this type."""
    return _Call(request, take)


def _nothing(_: Any) -> None:
    return None


def _enum(name: str, kind: type[_E], value: Union[_E, str, int, None]) -> Optional[_E]:
    """A value of an enum, from its name too. A number may be one that a newer daemon knows."""
    if not isinstance(value, str):
        return cast(Optional[_E], value)
    try:
        return kind[value.upper()]
    except KeyError:
        known = ", ".join(kind.__members__).lower()
        raise ValueError(f"{name}: {value!r} is none of {known}") from None


def _bind_mount(bind: Union[BindMount, tuple[str, str, Union[BindMode, str]]]) -> BindMount:
    if isinstance(bind, BindMount):
        return bind
    src_path, dst_path, mode = bind
    return BindMount(
        src_path=os.fspath(src_path), dst_path=dst_path, mode=cast(BindMode, _enum("mode", BindMode, mode))
    )


def _resource_limits(rlimits: Rlimits) -> Optional[ResourceLimits]:
    if rlimits is None or isinstance(rlimits, ResourceLimits):
        return rlimits
    no_limit = (1 << 64) - 1  # of the module resource it is -1
    return ResourceLimits(
        **{"as_" if name == "as" else name: no_limit if n == -1 else n for name, n in rlimits.items()}
    )


def _properties(properties: Properties) -> list[Property]:
    pairs = properties.items() if isinstance(properties, Mapping) else properties
    return [Property(key=key, value=value) for key, value in pairs]


def _environment(env: Environment) -> list[str]:
    if isinstance(env, Mapping):
        return [f"{name}={value}" for name, value in env.items()]
    return _texts("env", env)


def _texts(name: str, values: Iterable[Text]) -> list[str]:
    """Refuses a single text, which would be treated as a list of its letters."""
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{name} must be a list, not {values!r}")
    return [os.fspath(value) for value in values]


def _microseconds(name: str, seconds: float) -> int:
    """Rounds a value above 0 up to at least 1, since 0 is no limit."""
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{name}: {seconds} is no number of seconds")
    return math.ceil(seconds * 1_000_000)


def _ping() -> _Call[None]:
    """Checks that the daemon answers."""
    return _Call(PingRequest(), _nothing)


def _echo(message: Union[str, bytes]) -> _Call[bytes]:
    """Sends a message and returns the daemon's copy of it."""
    return _answered(EchoRequest(message=as_bytes(message)), EchoResponse, lambda answer: answer.message)


def _status() -> _Call[StatusResponse]:
    """The daemon's version and settings, and the host features that it uses."""
    return _answered(StatusRequest(), StatusResponse, lambda answer: answer)


def _list(*, properties: Properties = ()) -> _Call[list[str]]:
    """The handles of all containers, or of those with all these properties; oldest first."""
    return _answered(ListRequest(properties=_properties(properties)), ListResponse, lambda answer: answer.handles)


def _create(
    *,
    handle: Optional[str] = None,
    grace_time: Optional[int] = None,
    network: Optional[str] = None,
    rootfs: Optional[Text] = None,
    bind_mounts: Binds = (),
    layers: Iterable[Text] = (),
    tmpfs_bytes: Optional[int] = None,
    tmpfs_inodes: Optional[int] = None,
    env: Environment = (),
    properties: Properties = (),
    ttl: Optional[int] = None,
    hostname: Optional[str] = None,
    hosts: Iterable[str] = (),
    dns_servers: Iterable[str] = (),
    shm_bytes: Optional[int] = None,
    no_new_privs: Optional[bool] = None,
    request_id: Optional[str] = None,
    limits: Optional[Limits] = None,
    seccomp: Optional[str] = None,
) -> _Call[str]:
    """Makes a container and returns its handle.

    `grace_time`: seconds until it is destroyed after the last connection that references it has
    closed; -1: never. `bind_mounts`: `BindMount`s, or tuples of source, target and "ro" or "rw". `layers`:
    directories of the root file system, topmost first, instead of `rootfs`. `tmpfs_bytes`: its
    files are in memory, at most this much. `env`: variables of every job. `properties`: labels.
    `ttl`: seconds after which it is destroyed, even in use. `hosts`: lines of /etc/hosts.
    `request_id`: a repeated request with the same id has the same answer. `seccomp`: the profile of
    system calls of its jobs.
    """
    request = CreateRequest(
        bind_mounts=[_bind_mount(bind) for bind in bind_mounts],
        grace_time=0xFFFFFFFF if grace_time == -1 else grace_time,
        handle=handle,
        network=network,
        rootfs=None if rootfs is None else os.fspath(rootfs),
        layers=_texts("layers", layers),
        tmpfs_bytes=tmpfs_bytes,
        tmpfs_inodes=tmpfs_inodes,
        env=_environment(env),
        properties=_properties(properties),
        ttl=ttl,
        hostname=hostname,
        hosts=_texts("hosts", hosts),
        dns_servers=_texts("dns_servers", dns_servers),
        shm_bytes=shm_bytes,
        no_new_privs=no_new_privs,
        request_id=request_id,
        limits=limits,
        seccomp=seccomp,
    )
    return _answered(request, CreateResponse, lambda answer: answer.handle)


def _stop(handle: str, *, background: Optional[bool] = None, kill: Optional[bool] = None) -> _Call[None]:
    """Ends the container's processes: TERM, and KILL for those left after ten seconds.

    `background`: returns at once. `kill`: KILL at once.
    """
    return _Call(StopRequest(handle=handle, background=background, kill=kill), _nothing)


def _destroy(handle: str) -> _Call[None]:
    """Stops the container and removes it completely."""
    return _Call(DestroyRequest(handle=handle), _nothing)


def _info(handle: str) -> _Call[InfoResponse]:
    """The container's state and figures."""
    return _answered(InfoRequest(handle=handle), InfoResponse, lambda answer: answer)


def _info_many(*handles: str, properties: Properties = ()) -> _Call[list[InfoEntry]]:
    """Info of many containers: the named ones, those with all these properties, or all."""
    request = InfoManyRequest(handles=list(handles), properties=_properties(properties))
    return _answered(request, InfoManyResponse, lambda answer: answer.entries)


def _pause(handle: str) -> _Call[None]:
    """Freezes every process of the container."""
    return _Call(PauseRequest(handle=handle), _nothing)


def _resume(handle: str) -> _Call[None]:
    """Continues a paused container."""
    return _Call(ResumeRequest(handle=handle), _nothing)


_JOB_DOC = """

    The job runs `script` in the container's shell, or `argv`, a command, as `user` (default: `vcap`;
    root if `privileged`) in `working_dir` with the variables `env`.

    Limits: `timeout` and `cpu_time` in seconds (or the protocol's `wall_time_us` and `cpu_time_us`), `memory_limit`
    (bytes) and `process_limit` of the job, `rlimits` (a `ResourceLimits`, or a mapping from names as in
    getrlimit(2): `{"nofile": 100}`), `output_limit` with an `OutputPolicy`, or `discard_output`. `cpus` as "0-2,4";
    `lease_cpu`: one cpu that no other job with this option has. `own_cgroup`: its figures cover every descendant.
    `no_aslr`, `no_swap`, `stack_unlimited`: for even measurements. `seccomp`: a profile of system calls, instead of
    the container's.
    `no_new_privs`: setuid programs give it no rights.

    `stdin`: it reads what `job_input` writes. `terminal`: it has a terminal of `rows` and `columns`.
    `keep`: `link` can be repeated until `collect`. `log_tag`: each line of output goes to
    syslog under this tag, too. `request_id`: a repeated request with the same id has the same answer.
    """


def _job_request(
    request: type[_J],
    handle: str,
    script: Union[str, bytes, None],
    argv: Iterable[Text],
    env: Environment,
    timeout: Optional[float],
    cpu_time: Optional[float],
    rlimits: Rlimits,
    fields: Mapping[str, Any],
) -> _J:
    fields = dict(fields)
    for seconds, name, field in ((timeout, "timeout", "wall_time_us"), (cpu_time, "cpu_time", "cpu_time_us")):
        if seconds is not None and fields.get(field) is not None:
            raise TypeError(f"{name} and {field} are the same limit: give one of them")
        if seconds is not None:
            fields[field] = _microseconds(name, seconds)
    fields["output_policy"] = _enum("output_policy", OutputPolicy, fields.get("output_policy"))
    return request(
        handle=handle,
        script=None if script is None else as_bytes(script),
        argv=_texts("argv", argv),
        env=_environment(env),
        rlimits=_resource_limits(rlimits),
        **fields,
    )


def job(
    script: Union[str, bytes, None] = None,
    *,
    argv: Iterable[Text] = (),
    env: Environment = (),
    timeout: Optional[float] = None,
    cpu_time: Optional[float] = None,
    rlimits: Rlimits = None,
    **fields: Any,
) -> SpawnRequest:
    """A job for `spawn_pair`; the arguments are those of `spawn`."""
    return _job_request(SpawnRequest, "", script, argv, env, timeout, cpu_time, rlimits, fields)


def _spawn(
    handle: str,
    script: Union[str, bytes, None] = None,
    *,
    argv: Iterable[Text] = (),
    user: Optional[str] = None,
    privileged: Optional[bool] = None,
    env: Environment = (),
    working_dir: Optional[str] = None,
    timeout: Optional[float] = None,
    cpu_time: Optional[float] = None,
    wall_time_us: Optional[int] = None,
    cpu_time_us: Optional[int] = None,
    memory_limit: Optional[int] = None,
    process_limit: Optional[int] = None,
    rlimits: Rlimits = None,
    own_cgroup: Optional[bool] = None,
    nice: Optional[int] = None,
    cpus: Optional[str] = None,
    lease_cpu: Optional[bool] = None,
    no_aslr: Optional[bool] = None,
    no_swap: Optional[bool] = None,
    stack_unlimited: Optional[bool] = None,
    seccomp: Optional[str] = None,
    no_new_privs: Optional[bool] = None,
    stdin: Optional[bool] = None,
    terminal: Optional[bool] = None,
    rows: Optional[int] = None,
    columns: Optional[int] = None,
    keep: Optional[bool] = None,
    discard_output: Optional[bool] = None,
    output_limit: Optional[int] = None,
    output_policy: Union[OutputPolicy, str, None] = None,
    log_tag: Optional[str] = None,
    request_id: Optional[str] = None,
) -> _Call[int]:
    """Starts a job in the container and returns its number."""
    given = dict(locals())
    fields = {name: given[name] for name in _PLAIN_JOB_FIELDS}
    request = _job_request(SpawnRequest, handle, script, argv, env, timeout, cpu_time, rlimits, fields)
    return _answered(request, SpawnResponse, lambda answer: answer.job_id)


def _run(
    handle: str,
    script: Union[str, bytes, None] = None,
    *,
    argv: Iterable[Text] = (),
    user: Optional[str] = None,
    privileged: Optional[bool] = None,
    env: Environment = (),
    working_dir: Optional[str] = None,
    timeout: Optional[float] = None,
    cpu_time: Optional[float] = None,
    wall_time_us: Optional[int] = None,
    cpu_time_us: Optional[int] = None,
    memory_limit: Optional[int] = None,
    process_limit: Optional[int] = None,
    rlimits: Rlimits = None,
    own_cgroup: Optional[bool] = None,
    nice: Optional[int] = None,
    cpus: Optional[str] = None,
    lease_cpu: Optional[bool] = None,
    no_aslr: Optional[bool] = None,
    no_swap: Optional[bool] = None,
    stack_unlimited: Optional[bool] = None,
    seccomp: Optional[str] = None,
    no_new_privs: Optional[bool] = None,
    stdin: Optional[bool] = None,
    terminal: Optional[bool] = None,
    rows: Optional[int] = None,
    columns: Optional[int] = None,
    keep: Optional[bool] = None,
    discard_output: Optional[bool] = None,
    output_limit: Optional[int] = None,
    output_policy: Union[OutputPolicy, str, None] = None,
    log_tag: Optional[str] = None,
    request_id: Optional[str] = None,
) -> _Call[RunResponse]:
    """Runs a job and waits for its end: exit status (255 if there is none), output and figures."""
    given = dict(locals())
    fields = {name: given[name] for name in _PLAIN_JOB_FIELDS}
    request = _job_request(RunRequest, handle, script, argv, env, timeout, cpu_time, rlimits, fields)
    return _answered(request, RunResponse, lambda answer: answer)


# Those that go into the request as they are.
_PLAIN_JOB_FIELDS = (
    "user privileged working_dir wall_time_us cpu_time_us memory_limit process_limit own_cgroup nice cpus lease_cpu "
    "no_aslr no_swap stack_unlimited seccomp no_new_privs stdin terminal rows columns keep discard_output output_limit "
    "output_policy log_tag request_id"
).split()

for _function in (_spawn, _run):
    _function.__doc__ = f"{_function.__doc__}{_JOB_DOC}"


def _spawn_pair(handle: str, first: SpawnRequest, second: SpawnRequest) -> _Call[tuple[int, int]]:
    """Starts two jobs (see `job`), the output of each the input of the other; returns their numbers."""
    request = SpawnPairRequest(handle=handle, first=first, second=second)
    return _answered(request, SpawnPairResponse, lambda answer: (answer.first_job_id, answer.second_job_id))


def _link(handle: str, job_id: int) -> _Call[LinkResponse]:
    """Waits for a job's end: exit status (255 if there is none), output and figures."""
    return _answered(LinkRequest(handle=handle, job_id=job_id), LinkResponse, lambda answer: answer)


def _jobs(handle: str) -> _Call[list[Job]]:
    """The jobs of the container that run or were not collected."""
    return _answered(JobsRequest(handle=handle), JobsResponse, lambda answer: answer.jobs)


def _job_input(
    handle: str,
    job_id: int,
    data: Union[str, bytes] = b"",
    *,
    end: Optional[bool] = None,
    partial: Optional[bool] = None,
) -> _Call[Optional[int]]:
    """Writes to the standard input of a job; returns when the job's pipe has taken all of it.

    `end`: closes it behind the data. `partial`: a daemon that ends may take a part; then the result is how many
    bytes it took, and not None.
    """
    request = JobInputRequest(handle=handle, job_id=job_id, data=as_bytes(data) or None, end=end, partial=partial)
    return _answered(request, JobInputResponse, lambda answer: answer.accepted)


def _job_signal(handle: str, job_id: int, signal: int) -> _Call[None]:
    """Sends a signal to every process of a job."""
    return _Call(JobSignalRequest(handle=handle, job_id=job_id, signal=int(signal)), _nothing)


def _job_resize(handle: str, job_id: int, rows: int, columns: int) -> _Call[None]:
    """Changes the size of a job's terminal."""
    return _Call(JobResizeRequest(handle=handle, job_id=job_id, rows=rows, columns=columns), _nothing)


def _collect(handle: str, job_id: int) -> _Call[None]:
    """Removes a job that was kept."""
    return _Call(CollectRequest(handle=handle, job_id=job_id), _nothing)


def _net_in(
    handle: str,
    *,
    host_port: Optional[int] = None,
    container_port: Optional[int] = None,
    protocol: Union[NetInProtocol, str, int, None] = None,
) -> _Call[NetInResponse]:
    """Forwards a port of the host to the container; without `host_port` one of the pool."""
    request = NetInRequest(
        handle=handle,
        host_port=host_port,
        container_port=container_port,
        protocol=_enum("protocol", NetInProtocol, protocol),
    )
    return _answered(request, NetInResponse, lambda answer: answer)


def _net_out(
    handle: str,
    *,
    network: Optional[str] = None,
    port: Optional[int] = None,
    port_range: Optional[str] = None,
    protocol: Union[Protocol, str, int, None] = None,
    icmp_type: Optional[int] = None,
    icmp_code: Optional[int] = None,
    log: Optional[bool] = None,
) -> _Call[None]:
    """Allows the container connections to other hosts; `protocol` as in `NetOutRequest`."""
    request = NetOutRequest(
        handle=handle,
        network=network,
        port=port,
        port_range=port_range,
        protocol=_enum("protocol", Protocol, protocol),
        icmp_type=icmp_type,
        icmp_code=icmp_code,
        log=log,
    )
    return _Call(request, _nothing)


def _net_list(handle: str) -> _Call[NetListResponse]:
    """The rules of the container, in the order in which they are tried; their handles are empty."""
    return _answered(NetListRequest(handle=handle), NetListResponse, lambda answer: answer)


def _net_remove(
    handle: str, *, in_: Iterable[NetInRequest] = (), out: Iterable[NetOutRequest] = ()
) -> _Call[None]:
    """Removes the rules that are equal to these, all of them or none."""
    return _Call(NetRemoveRequest(handle=handle, in_=list(in_), out=list(out)), _nothing)


def _net_replace(
    handle: str, *, in_: Iterable[NetInRequest] = (), out: Iterable[NetOutRequest] = ()
) -> _Call[list[NetInResponse]]:
    """Replaces all rules by these; returns the ports of `in_`. The first of `out` is tried first."""
    request = NetReplaceRequest(handle=handle, in_=list(in_), out=list(out))
    return _answered(request, NetReplaceResponse, lambda answer: answer.in_)


def _limit(handle: str, limits: Optional[Limits] = None) -> _Call[Limits]:
    """Sets the given limits, all or none; returns those in force."""
    request = LimitRequest(handle=handle, limits=limits)
    return _answered(request, LimitResponse, lambda answer: answer.limits or Limits())


def _limit_memory(handle: str, limit_in_bytes: Optional[int] = None) -> _Call[Optional[int]]:
    """Sets the memory limit if one is given; returns the one in force."""
    request = LimitMemoryRequest(handle=handle, limit_in_bytes=limit_in_bytes)
    return _answered(request, LimitMemoryResponse, lambda answer: answer.limit_in_bytes)


def _limit_cpu(handle: str, limit_in_shares: Optional[int] = None) -> _Call[Optional[int]]:
    """Sets the cpu shares if they are given; returns those in force."""
    request = LimitCpuRequest(handle=handle, limit_in_shares=limit_in_shares)
    return _answered(request, LimitCpuResponse, lambda answer: answer.limit_in_shares)


def _limit_disk(
    handle: str,
    *,
    block_limit: Optional[int] = None,
    block: Optional[int] = None,
    block_soft: Optional[int] = None,
    block_hard: Optional[int] = None,
    inode_limit: Optional[int] = None,
    inode: Optional[int] = None,
    inode_soft: Optional[int] = None,
    inode_hard: Optional[int] = None,
    byte_limit: Optional[int] = None,
    byte: Optional[int] = None,
    byte_soft: Optional[int] = None,
    byte_hard: Optional[int] = None,
) -> _Call[LimitDiskResponse]:
    """Sets the given disk limits, blocks of 1 KiB; returns those in force."""
    return _answered(LimitDiskRequest(**locals()), LimitDiskResponse, lambda answer: answer)


def _limit_bandwidth(handle: str, rate: int, burst: int) -> _Call[LimitBandwidthResponse]:
    """Limits both directions to `rate` bytes a second with bursts of `burst` bytes."""
    request = LimitBandwidthRequest(handle=handle, rate=rate, burst=burst)
    return _answered(request, LimitBandwidthResponse, lambda answer: answer)


def _copy_in(handle: str, src_path: Text, dst_path: str) -> _Call[CopyInResponse]:
    """Copies a file or directory of the host into the container; the answer says what was left out."""
    request = CopyInRequest(handle=handle, src_path=os.fspath(src_path), dst_path=dst_path)
    return _answered(request, CopyInResponse, lambda answer: answer)


def _copy_out(
    handle: str,
    src_path: str,
    dst_path: Text,
    *,
    owner: Optional[str] = None,
    keep_modes: Optional[bool] = None,
) -> _Call[CopyOutResponse]:
    """Copies a file or directory of the container to the host, for `owner` (USER or USER:GROUP);
    with `keep_modes` also setuid and setgid bits. The answer says what was left out."""
    dst_path = os.fspath(dst_path)
    request = CopyOutRequest(handle=handle, src_path=src_path, dst_path=dst_path, owner=owner, keep_modes=keep_modes)
    return _answered(request, CopyOutResponse, lambda answer: answer)


def _file_read(
    handle: str, path: str, *, offset: Optional[int] = None, length: Optional[int] = None
) -> _Call[bytes]:
    """The content of a file of the container, or a part of it."""
    request = FileReadRequest(handle=handle, path=path, offset=offset, length=length)
    return _answered(request, FileReadResponse, lambda answer: answer.data)


def _file_write(
    handle: str,
    path: str,
    data: Union[str, bytes],
    *,
    mode: Optional[int] = None,
    offset: Optional[int] = None,
) -> _Call[None]:
    """Replaces a file of the container, or, with an `offset`, writes there."""
    request = FileWriteRequest(handle=handle, path=path, data=as_bytes(data), mode=mode, offset=offset)
    return _Call(request, _nothing)


def _file_list(handle: str, path: str) -> _Call[list[FileEntry]]:
    """The entries of a directory of the container, by name; for a file, the file itself."""
    return _answered(FileListRequest(handle=handle, path=path), FileListResponse, lambda answer: answer.entries)


def _file_remove(handle: str, path: str, *, recursive: Optional[bool] = None) -> _Call[None]:
    """Removes a file, or with `recursive` a directory with its content."""
    return _Call(FileRemoveRequest(handle=handle, path=path, recursive=recursive), _nothing)


# Those that have many answers.


def _is_stream_over(answer: Any) -> bool:
    return answer.exit_status is not None


def _is_copy_over(answer: Any) -> bool:
    return answer.bytes is None


def _is_tar_over(answer: Any) -> bool:
    return bool(answer.end)


def _is_watch_over(answer: Any) -> bool:
    return bool(answer.change == Change.ENDED)


def _is_never_over(_: Any) -> bool:
    return False


def _events_request(handles: Iterable[str], properties: Properties, after: Optional[int]) -> EventsRequest:
    return EventsRequest(handles=list(handles), properties=_properties(properties), after=after)


def _pieces(data: Chunks) -> Iterable[bytes]:
    """Pieces of a tar that fit into frames."""
    size = 1 << 20
    for chunk in (data,) if isinstance(data, bytes) else data:
        for at in range(0, len(chunk), size):
            yield chunk[at : at + size]


def _check_type(request: Message, response: Any) -> Any:
    expected = _RESPONSE_OF_NUMBER[_NUMBER_OF_REQUEST[type(request)]]
    if not isinstance(response, expected):
        raise ProtocolError(f"{type(request).__name__} was answered by {type(response).__name__}")
    return response


# --- the client that waits ------------------------------------------------------------------------


def _waiting(build: Callable[_P, _Call[_T]]) -> Callable[Concatenate[Client, _P], _T]:
    """The method of `Client` for a request."""

    def method(self: Client, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        made = build(*args, **kwargs)
        return made.take(self.call(made.request))

    _name(method, build)
    return method


def _coroutine(build: Callable[_P, _Call[_T]]) -> Callable[Concatenate[AsyncClient, _P], Coroutine[Any, Any, _T]]:
    """The method of `AsyncClient` for a request."""

    async def method(self: AsyncClient, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        made = build(*args, **kwargs)
        return made.take(await self.call(made.request))

    _name(method, build)
    return method


def _name(method: Any, build: Callable[..., Any]) -> None:
    """Gives a method the name, docstring and arguments of the function that builds its request."""
    method.__name__ = build.__name__.lstrip("_")
    method.__qualname__ = f"Client.{method.__name__}"
    method.__doc__ = build.__doc__
    parameters = list(inspect.signature(build).parameters.values())
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    method.__signature__ = inspect.Signature([own, *parameters])


def _path_of(path: Optional[Text]) -> str:
    return os.fspath(path or os.environ.get("WARDEN_SOCKET") or DEFAULT_SOCKET)


class Client:
    """A connection to wardend.

    `path` is the daemon's socket: WARDEN_SOCKET of the environment, else `DEFAULT_SOCKET`, where it is
    None. `timeout` (seconds, None: no end) bounds each wait for the daemon; when it passes,
    `TimeoutError` is raised and the connection is of no more use. A container lives at least as long as
    a connection that made or named it (see grace_time in the protocol).

    When the daemon restarts, `link`, `run`, `stream`, `attach`, `events` and requests with a `request_id` go on:
    for `reconnect` seconds (and no longer than `timeout`; 0: not at all) the client tries to connect again, and
    repeats the request. Output goes on at the byte where it broke. `run` is sent as spawn and link. Events go on
    behind the last one: `MISSED` says that the daemon does not know all of them any more. Copies and watches
    raise a `ConnectionError` that says that they may be repeated.
    """

    def __init__(
        self, path: Optional[Text] = None, timeout: Optional[float] = None, reconnect: float = RECONNECT
    ) -> None:
        self.path = _path_of(path)
        self._closed = False
        self._attempts = resume.Attempts(reconnect)
        self._connect(timeout)

    def _connect(self, timeout: Optional[float]) -> None:
        self._frames = FrameReader()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(self.path)
        except BaseException:
            self._socket.close()
            raise
        self._attempts.succeed()

    def _reconnect(self, broken: Exception, timeout: Optional[float]) -> None:
        """Tries to reach the daemon again; raises `broken` if that is not wanted."""
        if not self._attempts.allowed or self._closed or not self._attempts.explains(broken):
            raise broken
        self._socket.close()
        if not self._attempts.begin(timeout):
            raise broken
        while True:
            time.sleep(self._attempts.pause())
            if self._closed:
                raise broken
            try:
                return self._connect(timeout)
            except resume.GONE:
                if self._attempts.over:
                    raise

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; jobs continue."""
        self._closed = True
        self._socket.close()

    def fileno(self) -> int:
        """The socket's descriptor, for select and similar calls."""
        return self._socket.fileno()

    def settimeout(self, timeout: Optional[float]) -> None:
        """Changes the time limit of each wait."""
        self._socket.settimeout(timeout)

    # Frames.

    def send(self, *requests: Message) -> None:
        """Sends requests without waiting for an answer; `receive` gets the answers in this order."""
        self._socket.sendall(b"".join(encode_frame(request) for request in requests))

    def receive(self) -> Any:
        """The next answer; raises it if it is a WardenError."""
        while (payload := self._frames.next()) is None:
            data = self._socket.recv(1 << 18)
            if not data:
                raise ConnectionError("wardend closed the connection")
            self._frames.feed(data)
        response = decode_response(payload)
        if isinstance(response, WardenError):
            raise response
        return response

    def call(self, request: Message) -> Any:
        """Sends a request and returns its answer."""
        if self._attempts.limit > 0 and resume.is_split(request):
            spawned = self._call(resume.spawn_of(cast(RunRequest, request)))
            linked = self._call(LinkRequest(handle=cast(RunRequest, request).handle, job_id=spawned.job_id))
            return resume.run_response(linked, spawned.job_id)
        return self._call(request)

    def _call(self, request: Message) -> Any:
        while True:
            timeout = None if self._closed else self._socket.gettimeout()
            try:
                self.send(request)
                return _check_type(request, self.receive())
            except (ConnectionError, WardenError) as broken:
                if not resume.is_repeatable(request):
                    raise resume.explained(request, broken)
                self._reconnect(broken, timeout)

    def _answers(self, request: Message, is_over: Callable[[Any], bool]) -> Iterator[Any]:
        """Yields the answers; leaving early closes the connection."""
        over = False
        position = resume.position_of(request) if self._attempts.limit > 0 else None
        timeout = self._socket.gettimeout()
        if isinstance(position, resume.Output) and position.needs_sizes:
            position.take_sizes(self._call(JobsRequest(handle=cast(AttachRequest, request).handle)))
        try:
            unsent: Optional[Message] = position.request() if position else request
            while not over:
                try:
                    if unsent:
                        self.send(unsent)
                        unsent = None
                    response = _check_type(request, self.receive())
                except (ConnectionError, WardenError) as broken:
                    if not position:
                        raise resume.explained(request, broken)
                    self._reconnect(broken, timeout)
                    unsent = position.request()
                    continue
                over = is_over(response)
                if not position or position.take(response):
                    yield response
        except WardenError:
            over = True  # it stands in the place of an answer
            raise
        finally:
            if not over:
                self.close()

    # Requests.

    ping = _waiting(_ping)
    echo = _waiting(_echo)
    status = _waiting(_status)
    list = _waiting(_list)
    create = _waiting(_create)
    stop = _waiting(_stop)
    destroy = _waiting(_destroy)
    info = _waiting(_info)
    info_many = _waiting(_info_many)
    pause = _waiting(_pause)
    resume = _waiting(_resume)
    spawn = _waiting(_spawn)
    run = _waiting(_run)
    spawn_pair = _waiting(_spawn_pair)
    link = _waiting(_link)
    jobs = _waiting(_jobs)
    job_input = _waiting(_job_input)
    job_signal = _waiting(_job_signal)
    job_resize = _waiting(_job_resize)
    collect = _waiting(_collect)
    net_in = _waiting(_net_in)
    net_out = _waiting(_net_out)
    net_list = _waiting(_net_list)
    net_remove = _waiting(_net_remove)
    net_replace = _waiting(_net_replace)
    limit = _waiting(_limit)
    limit_memory = _waiting(_limit_memory)
    limit_cpu = _waiting(_limit_cpu)
    limit_disk = _waiting(_limit_disk)
    limit_bandwidth = _waiting(_limit_bandwidth)
    copy_in = _waiting(_copy_in)
    copy_out = _waiting(_copy_out)
    file_read = _waiting(_file_read)
    file_write = _waiting(_file_write)
    file_list = _waiting(_file_list)
    file_remove = _waiting(_file_remove)

    def stream(
        self,
        handle: str,
        job_id: int,
        *,
        stdout_offset: Optional[int] = None,
        stderr_offset: Optional[int] = None,
    ) -> Iterator[StreamResponse]:
        """Yields a job's output from its first byte as it arrives; the last item has `exit_status`.

        `stdout_offset`, `stderr_offset`: begins behind so many bytes. The connection is taken until the end: a loop
        that is left early closes it.
        """
        request = StreamRequest(
            handle=handle, job_id=job_id, stdout_offset=stdout_offset, stderr_offset=stderr_offset
        )
        return self._answers(request, _is_stream_over)

    def attach(
        self,
        handle: str,
        job_id: int,
        *,
        replay: Optional[bool] = None,
        stdout_offset: Optional[int] = None,
        stderr_offset: Optional[int] = None,
    ) -> Iterator[AttachResponse]:
        """As `stream`, but the job is not collected; with `replay` False it begins with new output."""
        request = AttachRequest(
            handle=handle, job_id=job_id, replay=replay, stdout_offset=stdout_offset, stderr_offset=stderr_offset
        )
        return self._answers(request, _is_stream_over)

    def events(
        self, *handles: str, properties: Properties = (), after: Optional[int] = None
    ) -> Iterator[EventsResponse]:
        """Yields events of the named containers, or of all; the first is `SUBSCRIBED`.

        `after`: begins behind this sequence number, as far as that is still known. It goes on over a restart
        of the daemon. A loop that is left closes the connection.
        """
        return self._answers(_events_request(handles, properties, after), _is_never_over)

    def file_watch(self, handle: str, path: str) -> Iterator[FileWatchResponse]:
        """Yields changes in a directory or of a file; leaving the loop closes the connection."""
        return self._answers(FileWatchRequest(handle=handle, path=path), _is_watch_over)

    def copy_in_progress(self, handle: str, src_path: Text, dst_path: str) -> Iterator[CopyInResponse]:
        """Copies like `copy_in` and yields the progress; the last item has neither files nor bytes."""
        request = CopyInRequest(handle=handle, src_path=os.fspath(src_path), dst_path=dst_path, progress=True)
        return self._answers(request, _is_copy_over)

    def copy_out_progress(
        self,
        handle: str,
        src_path: str,
        dst_path: Text,
        *,
        owner: Optional[str] = None,
        keep_modes: Optional[bool] = None,
    ) -> Iterator[CopyOutResponse]:
        """Copies like `copy_out` and yields the progress; the last item has neither files nor bytes."""
        dst_path = os.fspath(dst_path)
        request = CopyOutRequest(
            handle=handle, src_path=src_path, dst_path=dst_path, owner=owner, keep_modes=keep_modes, progress=True
        )
        return self._answers(request, _is_copy_over)

    # Their first names.
    copy_in_telling = copy_in_progress
    copy_out_telling = copy_out_progress

    def tar_in(self, handle: str, dst_path: str, data: Chunks) -> TarDataResponse:
        """Unpacks a tar, bytes or pieces of them, below a directory of the container. The answer
        says what was left out."""
        self.call(TarInRequest(handle=handle, dst_path=dst_path))
        for piece in _pieces(data):
            self.call(TarDataRequest(data=piece))
        answer: TarDataResponse = self.call(TarDataRequest(end=True))
        return answer

    def tar_out(self, handle: str, src_path: str, *, keep_modes: Optional[bool] = None) -> Iterator[bytes]:
        """Yields the pieces of a tar of a file or directory of the container."""
        request = TarOutRequest(handle=handle, src_path=src_path, keep_modes=keep_modes)
        for answer in self._answers(request, _is_tar_over):
            if answer.data:
                yield answer.data

    @contextlib.contextmanager
    def container(self, **fields: Any) -> Iterator[str]:
        """A container for a `with` block, destroyed at its end; the arguments are those of `create`."""
        handle = self.create(**fields)
        try:
            yield handle
        finally:
            # Over a separate connection: this one may be in the middle of an answer.
            with contextlib.suppress(WardenError), Client(self.path) as client:
                client.destroy(handle)


# --- asyncio --------------------------------------------------------------------------------------


class AsyncClient:
    """A connection to wardend for asyncio.

        async with warden.AsyncClient() as client:
            handle = await client.create()
            result = await client.run(handle, "echo hello")

    Its methods are those of `Client` as coroutines; what yields there is an asynchronous iterator here.
    Requests of one connection run one after the other: tasks that are to do something at the same time
    take a client each. A call that is cancelled or takes longer than `timeout` seconds gives the
    connection up. It goes on over a restart of the daemon as `Client` does.
    """

    def __init__(
        self, path: Optional[Text] = None, timeout: Optional[float] = None, reconnect: float = RECONNECT
    ) -> None:
        self.path = _path_of(path)
        self.timeout = timeout
        self._attempts = resume.Attempts(reconnect)
        self._frames = FrameReader()
        self._lock = asyncio.Lock()
        self._reader: Optional[asyncio.StreamReader] = None
        self._writer: Optional[asyncio.StreamWriter] = None

    async def connect(self) -> AsyncClient:
        """Connects; `async with` does it too."""
        self._frames = FrameReader()
        opening = asyncio.open_unix_connection(self.path)
        self._reader, self._writer = await asyncio.wait_for(opening, self.timeout)
        self._attempts.succeed()
        return self

    async def _reconnect(self, broken: Exception) -> None:
        """Tries to reach the daemon again; raises `broken` if that is not wanted."""
        if not self._attempts.allowed or not self._attempts.explains(broken):
            raise broken
        self._give_up()
        if not self._attempts.begin(self.timeout):
            raise broken
        while True:
            await asyncio.sleep(self._attempts.pause())
            try:
                await self.connect()
                return
            except resume.GONE:
                if self._attempts.over:
                    raise

    async def __aenter__(self) -> AsyncClient:
        return await self.connect()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connection; jobs continue."""
        writer = self._writer
        self._give_up()
        if writer is not None:
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _give_up(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def _send(self, request: Message) -> None:
        if self._writer is None:
            raise ConnectionError("not connected")
        self._writer.write(encode_frame(request))
        await self._writer.drain()

    async def _receive(self) -> Any:
        while (payload := self._frames.next()) is None:
            if self._reader is None:
                raise ConnectionError("not connected")
            data = await self._reader.read(1 << 18)
            if not data:
                raise ConnectionError("wardend closed the connection")
            self._frames.feed(data)
        response = decode_response(payload)
        if isinstance(response, WardenError):
            raise response
        return response

    async def _exchange(self, request: Message) -> Any:
        try:
            await asyncio.wait_for(self._send(request), self.timeout)
            return _check_type(request, await asyncio.wait_for(self._receive(), self.timeout))
        except WardenError:
            raise
        except BaseException:
            self._give_up()  # the answer may still arrive, but no call waits for it
            raise

    async def call(self, request: Message) -> Any:
        """Sends a request and returns its answer."""
        async with self._lock:
            if self._attempts.limit > 0 and resume.is_split(request):
                spawned = await self._call(resume.spawn_of(cast(RunRequest, request)))
                link = LinkRequest(handle=cast(RunRequest, request).handle, job_id=spawned.job_id)
                return resume.run_response(await self._call(link), spawned.job_id)
            return await self._call(request)

    async def _call(self, request: Message) -> Any:
        while True:
            try:
                return await self._exchange(request)
            except (ConnectionError, WardenError) as broken:
                if not resume.is_repeatable(request):
                    raise resume.explained(request, broken)
                await self._reconnect(broken)

    async def _answers(self, request: Message, is_over: Callable[[Any], bool]) -> AsyncIterator[Any]:
        """Yields the answers; leaving early closes the connection."""
        over = False
        position = resume.position_of(request) if self._attempts.limit > 0 else None
        async with self._lock:
            try:
                if isinstance(position, resume.Output) and position.needs_sizes:
                    position.take_sizes(await self._call(JobsRequest(handle=cast(AttachRequest, request).handle)))
                unsent: Optional[Message] = position.request() if position else request
                while not over:
                    try:
                        if unsent:
                            await self._send(unsent)
                            unsent = None
                        response = _check_type(request, await asyncio.wait_for(self._receive(), self.timeout))
                    except (ConnectionError, WardenError) as broken:
                        if not position:
                            raise resume.explained(request, broken)
                        await self._reconnect(broken)
                        unsent = position.request()
                        continue
                    over = is_over(response)
                    if not position or position.take(response):
                        yield response
            except WardenError:
                over = True  # it stands in the place of an answer
                raise
            finally:
                if not over:
                    self._give_up()

    ping = _coroutine(_ping)
    echo = _coroutine(_echo)
    status = _coroutine(_status)
    list = _coroutine(_list)
    create = _coroutine(_create)
    stop = _coroutine(_stop)
    destroy = _coroutine(_destroy)
    info = _coroutine(_info)
    info_many = _coroutine(_info_many)
    pause = _coroutine(_pause)
    resume = _coroutine(_resume)
    spawn = _coroutine(_spawn)
    run = _coroutine(_run)
    spawn_pair = _coroutine(_spawn_pair)
    link = _coroutine(_link)
    jobs = _coroutine(_jobs)
    job_input = _coroutine(_job_input)
    job_signal = _coroutine(_job_signal)
    job_resize = _coroutine(_job_resize)
    collect = _coroutine(_collect)
    net_in = _coroutine(_net_in)
    net_out = _coroutine(_net_out)
    net_list = _coroutine(_net_list)
    net_remove = _coroutine(_net_remove)
    net_replace = _coroutine(_net_replace)
    limit = _coroutine(_limit)
    limit_memory = _coroutine(_limit_memory)
    limit_cpu = _coroutine(_limit_cpu)
    limit_disk = _coroutine(_limit_disk)
    limit_bandwidth = _coroutine(_limit_bandwidth)
    copy_in = _coroutine(_copy_in)
    copy_out = _coroutine(_copy_out)
    file_read = _coroutine(_file_read)
    file_write = _coroutine(_file_write)
    file_list = _coroutine(_file_list)
    file_remove = _coroutine(_file_remove)

    def stream(
        self,
        handle: str,
        job_id: int,
        *,
        stdout_offset: Optional[int] = None,
        stderr_offset: Optional[int] = None,
    ) -> AsyncIterator[StreamResponse]:
        """As `Client.stream`."""
        request = StreamRequest(
            handle=handle, job_id=job_id, stdout_offset=stdout_offset, stderr_offset=stderr_offset
        )
        return self._answers(request, _is_stream_over)

    def attach(
        self,
        handle: str,
        job_id: int,
        *,
        replay: Optional[bool] = None,
        stdout_offset: Optional[int] = None,
        stderr_offset: Optional[int] = None,
    ) -> AsyncIterator[AttachResponse]:
        """As `Client.attach`."""
        request = AttachRequest(
            handle=handle, job_id=job_id, replay=replay, stdout_offset=stdout_offset, stderr_offset=stderr_offset
        )
        return self._answers(request, _is_stream_over)

    def events(
        self, *handles: str, properties: Properties = (), after: Optional[int] = None
    ) -> AsyncIterator[EventsResponse]:
        """As `Client.events`."""
        return self._answers(_events_request(handles, properties, after), _is_never_over)

    def file_watch(self, handle: str, path: str) -> AsyncIterator[FileWatchResponse]:
        """As `Client.file_watch`."""
        return self._answers(FileWatchRequest(handle=handle, path=path), _is_watch_over)

    def copy_in_progress(self, handle: str, src_path: Text, dst_path: str) -> AsyncIterator[CopyInResponse]:
        """As `Client.copy_in_progress`."""
        request = CopyInRequest(handle=handle, src_path=os.fspath(src_path), dst_path=dst_path, progress=True)
        return self._answers(request, _is_copy_over)

    def copy_out_progress(
        self,
        handle: str,
        src_path: str,
        dst_path: Text,
        *,
        owner: Optional[str] = None,
        keep_modes: Optional[bool] = None,
    ) -> AsyncIterator[CopyOutResponse]:
        """As `Client.copy_out_progress`."""
        dst_path = os.fspath(dst_path)
        request = CopyOutRequest(
            handle=handle, src_path=src_path, dst_path=dst_path, owner=owner, keep_modes=keep_modes, progress=True
        )
        return self._answers(request, _is_copy_over)

    # Their first names.
    copy_in_telling = copy_in_progress
    copy_out_telling = copy_out_progress

    async def tar_in(self, handle: str, dst_path: str, data: Chunks) -> TarDataResponse:
        """As `Client.tar_in`."""
        async with self._lock:
            await self._exchange(TarInRequest(handle=handle, dst_path=dst_path))
            for piece in _pieces(data):
                await self._exchange(TarDataRequest(data=piece))
            answer: TarDataResponse = await self._exchange(TarDataRequest(end=True))
            return answer

    async def tar_out(
        self, handle: str, src_path: str, *, keep_modes: Optional[bool] = None
    ) -> AsyncIterator[bytes]:
        """As `Client.tar_out`."""
        request = TarOutRequest(handle=handle, src_path=src_path, keep_modes=keep_modes)
        async for answer in self._answers(request, _is_tar_over):
            if answer.data:
                yield answer.data

    @contextlib.asynccontextmanager
    async def container(self, **fields: Any) -> AsyncIterator[str]:
        """A container for an `async with` block, destroyed at its end; arguments as of `create`."""
        handle = await self.create(**fields)
        try:
            yield handle
        finally:
            with contextlib.suppress(WardenError):
                async with AsyncClient(self.path) as client:
                    await client.destroy(handle)
