# SPDX-License-Identifier: Apache-2.0
"""A client of wardend in one file, on Python's standard library alone (3.10 or newer).

    import warden

    with warden.Client() as client:
        handle = client.create(grace_time=60)
        result = client.run(handle, "echo hello; exit 3")
        print(result.exit_status, result.stdout)      # 3 b'hello\\n'
        client.destroy(handle)

Each request of the protocol is a method of `Client` with the protocol's field names as keyword
arguments, and a coroutine of `AsyncClient`. What the daemon refuses is raised as `WardenError`. To
have several requests on their way at once, `send` them and `receive` the answers, which come in the
same order.

Texts (handles, paths, networks) are `str`; a name that is not UTF-8 is kept by surrogate escapes, as
in `os.fsdecode`. Scripts, files and output are `bytes`; what is written may be given as `str` too.
Times are seconds, sizes bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import enum
import inspect
import math
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Concatenate, Generic, Optional, ParamSpec, TypeVar, Union

__all__ = [
    "AsyncClient",
    "AttachRequest",
    "AttachResponse",
    "BandwidthStat",
    "BindMount",
    "Change",
    "Client",
    "CollectRequest",
    "CollectResponse",
    "CopyInRequest",
    "CopyInResponse",
    "CopyOutRequest",
    "CopyOutResponse",
    "CpuStat",
    "CreateRequest",
    "CreateResponse",
    "DEFAULT_SOCKET",
    "DestroyRequest",
    "DestroyResponse",
    "DiskStat",
    "EchoRequest",
    "EchoResponse",
    "encode_frame",
    "EventKind",
    "EventsRequest",
    "EventsResponse",
    "Fact",
    "FileEntry",
    "FileListRequest",
    "FileListResponse",
    "FileReadRequest",
    "FileReadResponse",
    "FileRemoveRequest",
    "FileRemoveResponse",
    "FileType",
    "FileWatchRequest",
    "FileWatchResponse",
    "FileWriteRequest",
    "FileWriteResponse",
    "FrameReader",
    "InfoEntry",
    "InfoManyRequest",
    "InfoManyResponse",
    "InfoRequest",
    "InfoResponse",
    "Job",
    "job",
    "JobEnd",
    "JobInputRequest",
    "JobInputResponse",
    "JobResizeRequest",
    "JobResizeResponse",
    "JobSignalRequest",
    "JobSignalResponse",
    "JobsRequest",
    "JobsResponse",
    "LimitBandwidthRequest",
    "LimitBandwidthResponse",
    "LimitCpuRequest",
    "LimitCpuResponse",
    "LimitDiskRequest",
    "LimitDiskResponse",
    "LimitMemoryRequest",
    "LimitMemoryResponse",
    "LimitRequest",
    "LimitResponse",
    "Limits",
    "LinkRequest",
    "LinkResponse",
    "ListRequest",
    "ListResponse",
    "MemoryStat",
    "Message",
    "NetInRequest",
    "NetInResponse",
    "NetListRequest",
    "NetListResponse",
    "NetOutRequest",
    "NetOutResponse",
    "NetRemoveRequest",
    "NetRemoveResponse",
    "NetReplaceRequest",
    "NetReplaceResponse",
    "NetworkStat",
    "OutputPolicy",
    "PauseRequest",
    "PauseResponse",
    "PingRequest",
    "PingResponse",
    "Pressure",
    "Property",
    "ProtocolError",
    "Reason",
    "ResourceLimits",
    "ResumeRequest",
    "ResumeResponse",
    "RunRequest",
    "RunResponse",
    "SpawnPairRequest",
    "SpawnPairResponse",
    "SpawnRequest",
    "SpawnResponse",
    "StatusRequest",
    "StatusResponse",
    "StopRequest",
    "StopResponse",
    "StreamRequest",
    "StreamResponse",
    "TarDataRequest",
    "TarDataResponse",
    "TarInRequest",
    "TarInResponse",
    "TarOutRequest",
    "TarOutResponse",
    "WardenError",
]

DEFAULT_SOCKET = "/run/warden/warden.sock"

# Longer answers than this are refused: what a daemon with the default output limit sends is far below.
MAX_FRAME = 1 << 30


class WardenError(Exception):
    """The daemon's answer to a request that failed; `str()` of it is the daemon's text."""

    def __init__(self, message: str, data: Optional[str] = None, backtrace: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.data = data
        self.backtrace = list(backtrace)


class ProtocolError(Exception):
    """What came is no frame, does not decode or is not the answer that was due: the connection is of
    no more use."""


# --- protobuf wire format -------------------------------------------------------------------------


class Kind(enum.Enum):
    """How a field's value stands on the wire."""

    UINT = enum.auto()
    UINT32 = enum.auto()
    INT = enum.auto()
    BOOL = enum.auto()
    TEXT = enum.auto()
    DATA = enum.auto()
    MESSAGE = enum.auto()


# What a number must be in: the wire would carry another one instead.
_RANGE = {
    Kind.UINT: (0, (1 << 64) - 1),
    Kind.UINT32: (0, (1 << 32) - 1),
    Kind.INT: (-(1 << 63), (1 << 63) - 1),
    Kind.BOOL: (0, 1),
}

_VARINT, _LENGTH = 0, 2
_WIRE_TYPE = {
    Kind.UINT: _VARINT,
    Kind.UINT32: _VARINT,
    Kind.INT: _VARINT,
    Kind.BOOL: _VARINT,
    Kind.TEXT: _LENGTH,
    Kind.DATA: _LENGTH,
    Kind.MESSAGE: _LENGTH,
}


@dataclass(frozen=True)
class _Wire:
    """A row of a message's field table."""

    number: int
    kind: Kind
    required: bool = False
    repeated: bool = False
    message: Any = None


def _field(
    number: int, kind: Kind, *, required: bool = False, repeated: bool = False, message: Any = None
) -> Any:
    """Declares a field of a message; absent fields are None, or an empty list where repeated.

    What is required must be there in what is decoded.
    """
    metadata = {"wire": _Wire(number, kind, required, repeated, message)}
    if repeated:
        return dataclasses.field(default_factory=list, metadata=metadata)
    return dataclasses.field(default=None, metadata=metadata)


def _encode_varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _decode_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ProtocolError("message ends within a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & ((1 << 64) - 1), at
    raise ProtocolError("number of more than ten bytes")


def _as_bytes(value: Union[str, bytes, bytearray]) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return bytes(value)


def _encode_value(name: str, wire: _Wire, value: Any) -> bytes:
    if _WIRE_TYPE[wire.kind] == _VARINT:
        lowest, highest = _RANGE[wire.kind]
        if not lowest <= value <= highest:
            raise ValueError(f"{name}: {value} is out of range, {lowest} to {highest} are allowed")
        return _encode_varint(int(value))
    payload: bytes = value.encode() if wire.kind is Kind.MESSAGE else _as_bytes(value)
    return _encode_varint(len(payload)) + payload


def _decode_value(wire: _Wire, value: Any) -> Any:
    if wire.kind is Kind.INT:
        return value - (1 << 64) if value >> 63 else value
    if wire.kind is Kind.BOOL:
        return bool(value)
    if wire.kind is Kind.TEXT:
        return value.decode("utf-8", "surrogateescape")
    if wire.kind is Kind.MESSAGE:
        return wire.message.decode(value)
    return value


def _split(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Yields number, wire type and raw value of each field of an encoded message."""
    at = 0
    while at < len(data):
        key, at = _decode_varint(data, at)
        number, wire_type = key >> 3, key & 7
        if wire_type == _VARINT:
            value: Any
            value, at = _decode_varint(data, at)
        else:
            if wire_type == _LENGTH:
                length, at = _decode_varint(data, at)
            elif wire_type in (1, 5):
                length = 8 if wire_type == 1 else 4
            else:
                raise ProtocolError(f"field {number} has the unknown wire type {wire_type}")
            if length > len(data) - at:
                raise ProtocolError(f"message ends within field {number}")
            value = data[at : at + length]
            at += length
        yield number, wire_type, value


_M = TypeVar("_M", bound="Message")


class Message:
    """A message of the protocol: a dataclass whose fields are its field table."""

    _table: ClassVar[dict[int, tuple[str, _Wire]]]

    @classmethod
    def _fields(cls) -> dict[int, tuple[str, _Wire]]:
        if "_table" not in vars(cls):
            rows = ((f.name, f.metadata["wire"]) for f in dataclasses.fields(cls))
            cls._table = {wire.number: (name, wire) for name, wire in rows}
        return cls._table

    def encode(self) -> bytes:
        """Its encoded form. A field that is None is left out."""
        out = []
        for number, (name, wire) in self._fields().items():
            value = getattr(self, name)
            if value is None:
                continue
            key = _encode_varint(number << 3 | _WIRE_TYPE[wire.kind])
            for item in value if wire.repeated else (value,):
                out.append(key + _encode_value(name, wire, item))
        return b"".join(out)

    @classmethod
    def decode(cls: type[_M], data: bytes) -> _M:
        """The message that `data` encodes; fields that it does not know are skipped."""
        message = cls()
        table = cls._fields()
        for number, wire_type, raw in _split(data):
            if number not in table:
                continue
            name, wire = table[number]
            if wire_type != _WIRE_TYPE[wire.kind]:
                raise ProtocolError(f"{cls.__name__}.{name} has the wrong wire type {wire_type}")
            value = _decode_value(wire, raw)
            if wire.repeated:
                getattr(message, name).append(value)
            else:
                setattr(message, name, value)
        for name, wire in table.values():
            if wire.required and getattr(message, name) is None:
                raise ProtocolError(f"{cls.__name__} without {name}")
        return message


# --- the messages ---------------------------------------------------------------------------------


@dataclass
class Envelope(Message):
    """What a frame holds: a type and the message of that type."""

    type: int = _field(1, Kind.UINT, required=True)
    payload: bytes = _field(2, Kind.DATA, required=True)


@dataclass
class ErrorResponse(Message):
    """Answers a request that failed."""

    message: Optional[str] = _field(2, Kind.TEXT)
    backtrace: list[str] = _field(3, Kind.TEXT, repeated=True)
    data: Optional[str] = _field(4, Kind.TEXT)


class OutputPolicy(enum.IntEnum):
    """What becomes of output over the limit."""

    KILL = 0  # every process of the job is killed
    HEAD_TAIL = 1  # the first and the last half of the limit are kept
    TAIL = 2  # the last bytes are kept


@dataclass
class Property(Message):
    """A pair of texts, such as a label of a container."""

    key: str = _field(1, Kind.TEXT, required=True)
    value: str = _field(2, Kind.TEXT, required=True)


@dataclass
class Limits(Message):
    """Limits of a container. In a request: what is absent stays as it is. In an answer: all that are
    in force; absent is what this host cannot tell.
    """

    memory_bytes: Optional[int] = _field(1, Kind.UINT)
    swap_off: Optional[bool] = _field(2, Kind.BOOL)
    cpu_shares: Optional[int] = _field(3, Kind.UINT)
    cpu_quota: Optional[int] = _field(4, Kind.UINT)
    cpus: Optional[str] = _field(5, Kind.TEXT)
    processes: Optional[int] = _field(6, Kind.UINT)
    disk_bytes: Optional[int] = _field(7, Kind.UINT)
    disk_inodes: Optional[int] = _field(8, Kind.UINT)
    bandwidth_rate: Optional[int] = _field(9, Kind.UINT)
    bandwidth_burst: Optional[int] = _field(10, Kind.UINT)
    io_weight: Optional[int] = _field(11, Kind.UINT)
    io_read_rate: Optional[int] = _field(12, Kind.UINT)
    io_write_rate: Optional[int] = _field(13, Kind.UINT)


@dataclass
class Pressure(Message):
    """Pressure stall information: hundredths of a percent of the last 10, 60 and 300 s, and the total
    in microseconds (kernel: Documentation/accounting/psi.rst).
    """

    avg10: Optional[int] = _field(1, Kind.UINT)
    avg60: Optional[int] = _field(2, Kind.UINT)
    avg300: Optional[int] = _field(3, Kind.UINT)
    total: Optional[int] = _field(4, Kind.UINT)


@dataclass
class NetworkStat(Message):
    """Of the container's interface, seen from inside."""

    rx_bytes: Optional[int] = _field(1, Kind.UINT)
    rx_packets: Optional[int] = _field(2, Kind.UINT)
    tx_bytes: Optional[int] = _field(3, Kind.UINT)
    tx_packets: Optional[int] = _field(4, Kind.UINT)


class Reason(enum.IntEnum):
    """Why a job ended."""

    EXITED = 1
    SIGNAL = 2
    WALL_TIME = 3
    CPU_TIME = 4
    MEMORY = 5
    OUTPUT = 6
    STOPPED = 7
    START_FAILED = 8


@dataclass
class JobEnd(Message):
    """How a job ended, and its figures. What cannot be told is absent."""

    reason: Optional[int] = _field(1, Kind.UINT)
    signal: Optional[int] = _field(2, Kind.INT)
    start_error: Optional[str] = _field(3, Kind.TEXT)
    wall_us: Optional[int] = _field(4, Kind.UINT)
    user_us: Optional[int] = _field(5, Kind.UINT)
    system_us: Optional[int] = _field(6, Kind.UINT)
    peak_memory: Optional[int] = _field(7, Kind.UINT)
    minor_faults: Optional[int] = _field(8, Kind.UINT)
    major_faults: Optional[int] = _field(9, Kind.UINT)
    voluntary_switches: Optional[int] = _field(10, Kind.UINT)
    involuntary_switches: Optional[int] = _field(11, Kind.UINT)
    read_bytes: Optional[int] = _field(12, Kind.UINT)
    written_bytes: Optional[int] = _field(13, Kind.UINT)
    peak_processes: Optional[int] = _field(14, Kind.UINT)
    own_cgroup: Optional[bool] = _field(15, Kind.BOOL)
    stdout_dropped: Optional[int] = _field(16, Kind.UINT)
    stdout_dropped_at: Optional[int] = _field(17, Kind.UINT)
    stderr_dropped: Optional[int] = _field(18, Kind.UINT)
    stderr_dropped_at: Optional[int] = _field(19, Kind.UINT)
    end_sequence: Optional[int] = _field(20, Kind.UINT)
    started_us: Optional[int] = _field(21, Kind.UINT)


@dataclass
class BindMount(Message):
    """A directory or file of the host that a container sees at `dst_path`; mode is `RO` or `RW`."""

    RO: ClassVar[int] = 0
    RW: ClassVar[int] = 1

    src_path: str = _field(1, Kind.TEXT, required=True)
    dst_path: str = _field(2, Kind.TEXT, required=True)
    mode: int = _field(3, Kind.UINT, required=True)


@dataclass
class CreateRequest(Message):
    """Makes a container."""

    bind_mounts: list[BindMount] = _field(1, Kind.MESSAGE, repeated=True, message=BindMount)
    grace_time: Optional[int] = _field(2, Kind.UINT32)
    handle: Optional[str] = _field(3, Kind.TEXT)
    network: Optional[str] = _field(4, Kind.TEXT)
    rootfs: Optional[str] = _field(5, Kind.TEXT)
    layers: list[str] = _field(100, Kind.TEXT, repeated=True)
    tmpfs_bytes: Optional[int] = _field(101, Kind.UINT)
    tmpfs_inodes: Optional[int] = _field(102, Kind.UINT)
    env: list[str] = _field(103, Kind.TEXT, repeated=True)
    properties: list[Property] = _field(104, Kind.MESSAGE, repeated=True, message=Property)
    ttl: Optional[int] = _field(105, Kind.UINT32)
    hostname: Optional[str] = _field(106, Kind.TEXT)
    hosts: list[str] = _field(107, Kind.TEXT, repeated=True)
    dns_servers: list[str] = _field(108, Kind.TEXT, repeated=True)
    shm_bytes: Optional[int] = _field(109, Kind.UINT)
    request_id: Optional[str] = _field(110, Kind.TEXT)
    limits: Optional[Limits] = _field(111, Kind.MESSAGE, message=Limits)


@dataclass
class CreateResponse(Message):
    """Names the container that was made."""

    handle: str = _field(1, Kind.TEXT, required=True)


@dataclass
class StopRequest(Message):
    """Ends a container's processes."""

    handle: str = _field(1, Kind.TEXT, required=True)
    background: Optional[bool] = _field(10, Kind.BOOL)
    kill: Optional[bool] = _field(20, Kind.BOOL)


@dataclass
class StopResponse(Message):
    """Has no fields."""


@dataclass
class DestroyRequest(Message):
    """Removes a container."""

    handle: str = _field(1, Kind.TEXT, required=True)


@dataclass
class DestroyResponse(Message):
    """Has no fields."""


@dataclass
class InfoRequest(Message):
    """Asks for a container's state and figures."""

    handle: str = _field(1, Kind.TEXT, required=True)


@dataclass
class MemoryStat(Message):
    """memory.stat of the container's cgroup; what the kernel does not tell is None."""

    cache: Optional[int] = _field(1, Kind.UINT)
    rss: Optional[int] = _field(2, Kind.UINT)
    mapped_file: Optional[int] = _field(3, Kind.UINT)
    pgpgin: Optional[int] = _field(4, Kind.UINT)
    pgpgout: Optional[int] = _field(5, Kind.UINT)
    swap: Optional[int] = _field(6, Kind.UINT)
    pgfault: Optional[int] = _field(7, Kind.UINT)
    pgmajfault: Optional[int] = _field(8, Kind.UINT)
    inactive_anon: Optional[int] = _field(9, Kind.UINT)
    active_anon: Optional[int] = _field(10, Kind.UINT)
    inactive_file: Optional[int] = _field(11, Kind.UINT)
    active_file: Optional[int] = _field(12, Kind.UINT)
    unevictable: Optional[int] = _field(13, Kind.UINT)
    hierarchical_memory_limit: Optional[int] = _field(14, Kind.UINT)
    hierarchical_memsw_limit: Optional[int] = _field(15, Kind.UINT)
    total_cache: Optional[int] = _field(16, Kind.UINT)
    total_rss: Optional[int] = _field(17, Kind.UINT)
    total_mapped_file: Optional[int] = _field(18, Kind.UINT)
    total_pgpgin: Optional[int] = _field(19, Kind.UINT)
    total_pgpgout: Optional[int] = _field(20, Kind.UINT)
    total_swap: Optional[int] = _field(21, Kind.UINT)
    total_pgfault: Optional[int] = _field(22, Kind.UINT)
    total_pgmajfault: Optional[int] = _field(23, Kind.UINT)
    total_inactive_anon: Optional[int] = _field(24, Kind.UINT)
    total_active_anon: Optional[int] = _field(25, Kind.UINT)
    total_inactive_file: Optional[int] = _field(26, Kind.UINT)
    total_active_file: Optional[int] = _field(27, Kind.UINT)
    total_unevictable: Optional[int] = _field(28, Kind.UINT)


@dataclass
class CpuStat(Message):
    """`usage` is in nanoseconds, `user` and `system` in ticks of USER_HZ."""

    usage: Optional[int] = _field(1, Kind.UINT)
    user: Optional[int] = _field(2, Kind.UINT)
    system: Optional[int] = _field(3, Kind.UINT)


@dataclass
class DiskStat(Message):
    """What the container's files take."""

    bytes_used: Optional[int] = _field(1, Kind.UINT)
    inodes_used: Optional[int] = _field(2, Kind.UINT)


@dataclass
class BandwidthStat(Message):
    """Rates in bytes a second, bursts in bytes; 4294967295: no limit. `in` is towards the container."""

    in_rate: Optional[int] = _field(1, Kind.UINT)
    in_burst: Optional[int] = _field(2, Kind.UINT)
    out_rate: Optional[int] = _field(3, Kind.UINT)
    out_burst: Optional[int] = _field(4, Kind.UINT)


@dataclass
class InfoResponse(Message):
    """A container's state and figures."""

    state: Optional[str] = _field(10, Kind.TEXT)
    events: list[str] = _field(20, Kind.TEXT, repeated=True)
    host_ip: Optional[str] = _field(30, Kind.TEXT)
    container_ip: Optional[str] = _field(31, Kind.TEXT)
    container_path: Optional[str] = _field(32, Kind.TEXT)
    memory_stat: Optional[MemoryStat] = _field(40, Kind.MESSAGE, message=MemoryStat)
    cpu_stat: Optional[CpuStat] = _field(41, Kind.MESSAGE, message=CpuStat)
    disk_stat: Optional[DiskStat] = _field(42, Kind.MESSAGE, message=DiskStat)
    bandwidth_stat: Optional[BandwidthStat] = _field(43, Kind.MESSAGE, message=BandwidthStat)
    job_ids: list[int] = _field(44, Kind.UINT, repeated=True)
    properties: list[Property] = _field(100, Kind.MESSAGE, repeated=True, message=Property)
    hostname: Optional[str] = _field(101, Kind.TEXT)
    created_us: Optional[int] = _field(102, Kind.UINT)
    ttl_left: Optional[int] = _field(103, Kind.UINT32)
    paused: Optional[bool] = _field(104, Kind.BOOL)
    nested: Optional[bool] = _field(105, Kind.BOOL)
    peak_memory: Optional[int] = _field(106, Kind.UINT)
    oom_kills: Optional[int] = _field(107, Kind.UINT)
    processes: Optional[int] = _field(108, Kind.UINT)
    limits: Optional[Limits] = _field(109, Kind.MESSAGE, message=Limits)
    network_stat: Optional[NetworkStat] = _field(110, Kind.MESSAGE, message=NetworkStat)
    cpu_some: Optional[Pressure] = _field(111, Kind.MESSAGE, message=Pressure)
    memory_some: Optional[Pressure] = _field(112, Kind.MESSAGE, message=Pressure)
    memory_full: Optional[Pressure] = _field(113, Kind.MESSAGE, message=Pressure)
    io_some: Optional[Pressure] = _field(114, Kind.MESSAGE, message=Pressure)
    io_full: Optional[Pressure] = _field(115, Kind.MESSAGE, message=Pressure)
    env: list[str] = _field(116, Kind.TEXT, repeated=True)
    rootfs: Optional[str] = _field(117, Kind.TEXT)


@dataclass
class ResourceLimits(Message):
    """Limits of a job, soft and hard alike, named and counted as in getrlimit(2)."""

    as_: Optional[int] = _field(1, Kind.UINT)
    core: Optional[int] = _field(2, Kind.UINT)
    cpu: Optional[int] = _field(3, Kind.UINT)
    data: Optional[int] = _field(4, Kind.UINT)
    fsize: Optional[int] = _field(5, Kind.UINT)
    locks: Optional[int] = _field(6, Kind.UINT)
    memlock: Optional[int] = _field(7, Kind.UINT)
    msgqueue: Optional[int] = _field(8, Kind.UINT)
    nice: Optional[int] = _field(9, Kind.UINT)
    nofile: Optional[int] = _field(10, Kind.UINT)
    nproc: Optional[int] = _field(11, Kind.UINT)
    rss: Optional[int] = _field(12, Kind.UINT)
    rtprio: Optional[int] = _field(13, Kind.UINT)
    sigpending: Optional[int] = _field(14, Kind.UINT)
    stack: Optional[int] = _field(15, Kind.UINT)


@dataclass
class SpawnRequest(Message):
    """Starts a job."""

    handle: str = _field(1, Kind.TEXT, required=True)
    script: Optional[bytes] = _field(2, Kind.DATA)
    privileged: Optional[bool] = _field(3, Kind.BOOL)
    rlimits: Optional[ResourceLimits] = _field(4, Kind.MESSAGE, message=ResourceLimits)
    discard_output: Optional[bool] = _field(5, Kind.BOOL)
    log_tag: Optional[str] = _field(6, Kind.TEXT)
    argv: list[str] = _field(100, Kind.TEXT, repeated=True)
    env: list[str] = _field(101, Kind.TEXT, repeated=True)
    working_dir: Optional[str] = _field(102, Kind.TEXT)
    user: Optional[str] = _field(103, Kind.TEXT)
    wall_time_us: Optional[int] = _field(104, Kind.UINT)
    cpu_time_us: Optional[int] = _field(105, Kind.UINT)
    nice: Optional[int] = _field(106, Kind.INT)
    cpus: Optional[str] = _field(107, Kind.TEXT)
    lease_cpu: Optional[bool] = _field(108, Kind.BOOL)
    memory_limit: Optional[int] = _field(109, Kind.UINT)
    process_limit: Optional[int] = _field(110, Kind.UINT)
    own_cgroup: Optional[bool] = _field(111, Kind.BOOL)
    stdin: Optional[bool] = _field(112, Kind.BOOL)
    terminal: Optional[bool] = _field(113, Kind.BOOL)
    rows: Optional[int] = _field(114, Kind.UINT32)
    columns: Optional[int] = _field(115, Kind.UINT32)
    keep: Optional[bool] = _field(116, Kind.BOOL)
    output_policy: Optional[int] = _field(117, Kind.UINT)
    output_limit: Optional[int] = _field(118, Kind.UINT)
    request_id: Optional[str] = _field(119, Kind.TEXT)
    no_aslr: Optional[bool] = _field(120, Kind.BOOL)
    no_swap: Optional[bool] = _field(121, Kind.BOOL)
    stack_unlimited: Optional[bool] = _field(122, Kind.BOOL)


@dataclass
class SpawnResponse(Message):
    """Names the job that was started."""

    job_id: int = _field(1, Kind.UINT32, required=True)


@dataclass
class LinkRequest(Message):
    """Waits for a job's end."""

    handle: str = _field(1, Kind.TEXT, required=True)
    job_id: int = _field(2, Kind.UINT32, required=True)


@dataclass
class LinkResponse(Message):
    """How a job ended, and all its output."""

    exit_status: Optional[int] = _field(1, Kind.UINT32)
    stdout: Optional[bytes] = _field(2, Kind.DATA)
    stderr: Optional[bytes] = _field(3, Kind.DATA)
    info: Optional[InfoResponse] = _field(4, Kind.MESSAGE, message=InfoResponse)
    end: Optional[JobEnd] = _field(100, Kind.MESSAGE, message=JobEnd)


@dataclass
class RunRequest(SpawnRequest):
    """Starts a job and waits for its end."""


@dataclass
class RunResponse(LinkResponse):
    """As LinkResponse."""

    job_id: Optional[int] = _field(101, Kind.UINT32)


@dataclass
class StreamRequest(LinkRequest):
    """Asks for a job's output as it comes."""


@dataclass
class StreamResponse(Message):
    """A piece of a job's output (`name` is "stdout" or "stderr"), or, with `exit_status`, its end."""

    name: Optional[str] = _field(1, Kind.TEXT)
    data: Optional[bytes] = _field(2, Kind.DATA)
    exit_status: Optional[int] = _field(3, Kind.UINT32)
    info: Optional[InfoResponse] = _field(4, Kind.MESSAGE, message=InfoResponse)
    end: Optional[JobEnd] = _field(100, Kind.MESSAGE, message=JobEnd)


@dataclass
class NetInRequest(Message):
    """Forwards a TCP port of the host to the container."""

    handle: str = _field(1, Kind.TEXT, required=True)
    host_port: Optional[int] = _field(3, Kind.UINT32)
    container_port: Optional[int] = _field(2, Kind.UINT32)
    protocol: Optional[int] = _field(100, Kind.UINT)


@dataclass
class NetInResponse(Message):
    """Both ends of a forward."""

    host_port: int = _field(1, Kind.UINT32, required=True)
    container_port: int = _field(2, Kind.UINT32, required=True)


@dataclass
class NetOutRequest(Message):
    """Allows the container connections to other hosts."""

    TCP: ClassVar[int] = 0
    UDP: ClassVar[int] = 1
    ICMP: ClassVar[int] = 2
    ALL: ClassVar[int] = 3

    handle: str = _field(1, Kind.TEXT, required=True)
    network: Optional[str] = _field(2, Kind.TEXT)
    port: Optional[int] = _field(3, Kind.UINT32)
    port_range: Optional[str] = _field(4, Kind.TEXT)
    protocol: Optional[int] = _field(5, Kind.UINT)
    icmp_type: Optional[int] = _field(6, Kind.INT)
    icmp_code: Optional[int] = _field(7, Kind.INT)
    log: Optional[bool] = _field(8, Kind.BOOL)


@dataclass
class NetOutResponse(Message):
    """Has no fields."""


@dataclass
class CopyInRequest(Message):
    """Copies from the host into the container."""

    handle: str = _field(1, Kind.TEXT, required=True)
    src_path: str = _field(2, Kind.TEXT, required=True)
    dst_path: str = _field(3, Kind.TEXT, required=True)
    progress: Optional[bool] = _field(100, Kind.BOOL)


@dataclass
class CopyInResponse(Message):
    """Says how far the copy is; one without fields is the last."""

    files: Optional[int] = _field(100, Kind.UINT)
    bytes: Optional[int] = _field(101, Kind.UINT)


@dataclass
class CopyOutRequest(Message):
    """Copies from the container to the host."""

    handle: str = _field(1, Kind.TEXT, required=True)
    src_path: str = _field(2, Kind.TEXT, required=True)
    dst_path: str = _field(3, Kind.TEXT, required=True)
    owner: Optional[str] = _field(4, Kind.TEXT)
    progress: Optional[bool] = _field(100, Kind.BOOL)


@dataclass
class CopyOutResponse(Message):
    """Says how far the copy is; one without fields is the last."""

    files: Optional[int] = _field(100, Kind.UINT)
    bytes: Optional[int] = _field(101, Kind.UINT)


@dataclass
class LimitMemoryRequest(Message):
    """Sets (or, without a number, asks for) the limit of memory and memory + swap."""

    handle: str = _field(1, Kind.TEXT, required=True)
    limit_in_bytes: Optional[int] = _field(2, Kind.UINT)


@dataclass
class LimitMemoryResponse(Message):
    """The limit in force."""

    limit_in_bytes: Optional[int] = _field(1, Kind.UINT)


@dataclass
class LimitCpuRequest(Message):
    """Sets (or, without a number, asks for) the cpu shares."""

    handle: str = _field(1, Kind.TEXT, required=True)
    limit_in_shares: Optional[int] = _field(2, Kind.UINT)


@dataclass
class LimitCpuResponse(Message):
    """The shares in force."""

    limit_in_shares: Optional[int] = _field(1, Kind.UINT)


@dataclass
class LimitDiskResponse(Message):
    """The disk limits in force; blocks are of 1 KiB, 0 is none."""

    block_limit: Optional[int] = _field(10, Kind.UINT)
    block: Optional[int] = _field(11, Kind.UINT)
    block_soft: Optional[int] = _field(12, Kind.UINT)
    block_hard: Optional[int] = _field(13, Kind.UINT)
    inode_limit: Optional[int] = _field(20, Kind.UINT)
    inode: Optional[int] = _field(21, Kind.UINT)
    inode_soft: Optional[int] = _field(22, Kind.UINT)
    inode_hard: Optional[int] = _field(23, Kind.UINT)
    byte_limit: Optional[int] = _field(30, Kind.UINT)
    byte: Optional[int] = _field(31, Kind.UINT)
    byte_soft: Optional[int] = _field(32, Kind.UINT)
    byte_hard: Optional[int] = _field(33, Kind.UINT)


@dataclass
class LimitDiskRequest(LimitDiskResponse):
    """Sets (or, without a number, asks for) the disk limits."""

    handle: str = _field(1, Kind.TEXT, required=True)


@dataclass
class LimitBandwidthResponse(Message):
    """The bandwidth in force, bytes a second and bytes."""

    rate: int = _field(1, Kind.UINT, required=True)
    burst: int = _field(2, Kind.UINT, required=True)


@dataclass
class LimitBandwidthRequest(Message):
    """Sets the bandwidth of both directions."""

    handle: str = _field(1, Kind.TEXT, required=True)
    rate: int = _field(2, Kind.UINT, required=True)
    burst: int = _field(3, Kind.UINT, required=True)


@dataclass
class PingRequest(Message):
    """Has no fields."""


@dataclass
class PingResponse(Message):
    """Has no fields."""


@dataclass
class ListRequest(Message):
    """Lists the containers that have all these properties."""

    properties: list[Property] = _field(100, Kind.MESSAGE, repeated=True, message=Property)


@dataclass
class ListResponse(Message):
    """Names the containers, in the order of their creation."""

    handles: list[str] = _field(1, Kind.TEXT, repeated=True)


@dataclass
class EchoRequest(Message):
    """Asks for the same message back."""

    message: bytes = _field(1, Kind.DATA, required=True)


@dataclass
class EchoResponse(Message):
    """The same message."""

    message: bytes = _field(1, Kind.DATA, required=True)


@dataclass
class NetListRequest(Message):
    """The rules of a container, in the order in which they are tried."""

    handle: str = _field(1, Kind.TEXT, required=True)


@dataclass
class NetListResponse(Message):
    """Answers `NetListRequest`."""

    in_: list[NetInRequest] = _field(1, Kind.MESSAGE, repeated=True, message=NetInRequest)
    out: list[NetOutRequest] = _field(2, Kind.MESSAGE, repeated=True, message=NetOutRequest)


@dataclass
class NetRemoveRequest(Message):
    """Takes back the rules that are equal to those given; one that is not there: an error, and nothing
    is changed.
    """

    handle: str = _field(1, Kind.TEXT, required=True)
    in_: list[NetInRequest] = _field(2, Kind.MESSAGE, repeated=True, message=NetInRequest)
    out: list[NetOutRequest] = _field(3, Kind.MESSAGE, repeated=True, message=NetOutRequest)


@dataclass
class NetRemoveResponse(Message):
    """Has no fields."""


@dataclass
class NetReplaceRequest(Message):
    """Sets all rules at once; ports that are absent in `in` come from the pool."""

    handle: str = _field(1, Kind.TEXT, required=True)
    in_: list[NetInRequest] = _field(2, Kind.MESSAGE, repeated=True, message=NetInRequest)
    out: list[NetOutRequest] = _field(3, Kind.MESSAGE, repeated=True, message=NetOutRequest)


@dataclass
class NetReplaceResponse(Message):
    """Answers `NetReplaceRequest`."""

    in_: list[NetInResponse] = _field(1, Kind.MESSAGE, repeated=True, message=NetInResponse)


@dataclass
class LimitRequest(Message):
    """All or none."""

    handle: str = _field(1, Kind.TEXT, required=True)
    limits: Optional[Limits] = _field(2, Kind.MESSAGE, message=Limits)


@dataclass
class LimitResponse(Message):
    """Answers `LimitRequest`."""

    limits: Optional[Limits] = _field(1, Kind.MESSAGE, message=Limits)


@dataclass
class PauseRequest(Message):
    """Freezes every process of a container."""

    handle: str = _field(1, Kind.TEXT, required=True)


@dataclass
class PauseResponse(Message):
    """Has no fields."""


@dataclass
class ResumeRequest(Message):
    """Lets a paused container go on."""

    handle: str = _field(1, Kind.TEXT, required=True)


@dataclass
class ResumeResponse(Message):
    """Has no fields."""


@dataclass
class InfoManyRequest(Message):
    """Info of many containers; without handles: of all."""

    handles: list[str] = _field(1, Kind.TEXT, repeated=True)
    properties: list[Property] = _field(2, Kind.MESSAGE, repeated=True, message=Property)


@dataclass
class InfoEntry(Message):
    """A container's info, or why there is none."""

    handle: str = _field(1, Kind.TEXT, required=True)
    info: Optional[InfoResponse] = _field(2, Kind.MESSAGE, message=InfoResponse)
    error: Optional[str] = _field(3, Kind.TEXT)


@dataclass
class InfoManyResponse(Message):
    """Answers `InfoManyRequest`."""

    entries: list[InfoEntry] = _field(1, Kind.MESSAGE, repeated=True, message=InfoEntry)


@dataclass
class TarInRequest(Message):
    """Unpacks a tar stream below dst_path, which is made when missing; the data follows by TarData on
    the same connection.
    """

    handle: str = _field(1, Kind.TEXT, required=True)
    dst_path: str = _field(2, Kind.TEXT, required=True)


@dataclass
class TarInResponse(Message):
    """Has no fields."""


@dataclass
class TarDataRequest(Message):
    """The answer to the one with `end` comes when everything is unpacked."""

    data: Optional[bytes] = _field(1, Kind.DATA)
    end: Optional[bool] = _field(2, Kind.BOOL)


@dataclass
class TarDataResponse(Message):
    """Has no fields."""


@dataclass
class TarOutRequest(Message):
    """Answers chunks of a tar stream (pax), then one answer with `end`."""

    handle: str = _field(1, Kind.TEXT, required=True)
    src_path: str = _field(2, Kind.TEXT, required=True)


@dataclass
class TarOutResponse(Message):
    """Answers `TarOutRequest`."""

    data: Optional[bytes] = _field(1, Kind.DATA)
    end: Optional[bool] = _field(2, Kind.BOOL)


@dataclass
class FileReadRequest(Message):
    """Asks for what is in a file."""

    handle: str = _field(1, Kind.TEXT, required=True)
    path: str = _field(2, Kind.TEXT, required=True)
    offset: Optional[int] = _field(3, Kind.UINT)
    length: Optional[int] = _field(4, Kind.UINT)


@dataclass
class FileReadResponse(Message):
    """Answers `FileReadRequest`."""

    data: bytes = _field(1, Kind.DATA, required=True)
    size: int = _field(2, Kind.UINT, required=True)


@dataclass
class FileWriteRequest(Message):
    """Writes a file."""

    handle: str = _field(1, Kind.TEXT, required=True)
    path: str = _field(2, Kind.TEXT, required=True)
    data: bytes = _field(3, Kind.DATA, required=True)
    mode: Optional[int] = _field(4, Kind.UINT32)
    offset: Optional[int] = _field(5, Kind.UINT)


@dataclass
class FileWriteResponse(Message):
    """Has no fields."""


@dataclass
class FileListRequest(Message):
    """Asks for what is in a directory."""

    handle: str = _field(1, Kind.TEXT, required=True)
    path: str = _field(2, Kind.TEXT, required=True)


class FileType(enum.IntEnum):
    """What a file is."""

    FILE = 1
    DIRECTORY = 2
    SYMLINK = 3
    OTHER = 4


@dataclass
class FileEntry(Message):
    """A file of a directory."""

    name: str = _field(1, Kind.TEXT, required=True)
    type: int = _field(2, Kind.UINT, required=True)
    mode: Optional[int] = _field(3, Kind.UINT32)
    size: Optional[int] = _field(4, Kind.UINT)
    modified_us: Optional[int] = _field(5, Kind.INT)
    uid: Optional[int] = _field(6, Kind.UINT32)
    gid: Optional[int] = _field(7, Kind.UINT32)
    target: Optional[str] = _field(8, Kind.TEXT)


@dataclass
class FileListResponse(Message):
    """Answers `FileListRequest`."""

    entries: list[FileEntry] = _field(1, Kind.MESSAGE, repeated=True, message=FileEntry)


@dataclass
class FileRemoveRequest(Message):
    """Removes a file or a directory."""

    handle: str = _field(1, Kind.TEXT, required=True)
    path: str = _field(2, Kind.TEXT, required=True)
    recursive: Optional[bool] = _field(3, Kind.BOOL)


@dataclass
class FileRemoveResponse(Message):
    """Has no fields."""


@dataclass
class FileWatchRequest(Message):
    """Answers changes in a directory or of a file until the connection closes or the container goes."""

    handle: str = _field(1, Kind.TEXT, required=True)
    path: str = _field(2, Kind.TEXT, required=True)


class Change(enum.IntEnum):
    """What happened to a file."""

    CREATED = 1
    MODIFIED = 2
    REMOVED = 3
    ATTRIBUTES = 4
    MISSED = 5  # some changes were lost: look again
    ENDED = 6  # the last answer: what was watched is gone
    WATCHING = 7  # the first answer


@dataclass
class FileWatchResponse(Message):
    """Answers `FileWatchRequest`."""

    change: int = _field(1, Kind.UINT, required=True)
    name: Optional[str] = _field(2, Kind.TEXT)


@dataclass
class JobInputRequest(Message):
    """Writes to the standard input of a job; answered once the job's pipe has taken all of it."""

    handle: str = _field(1, Kind.TEXT, required=True)
    job_id: int = _field(2, Kind.UINT32, required=True)
    data: Optional[bytes] = _field(3, Kind.DATA)
    end: Optional[bool] = _field(4, Kind.BOOL)


@dataclass
class JobInputResponse(Message):
    """Has no fields."""


@dataclass
class JobSignalRequest(Message):
    """Sends a signal to every process of a job."""

    handle: str = _field(1, Kind.TEXT, required=True)
    job_id: int = _field(2, Kind.UINT32, required=True)
    signal: int = _field(3, Kind.UINT32, required=True)


@dataclass
class JobSignalResponse(Message):
    """Has no fields."""


@dataclass
class JobResizeRequest(Message):
    """Changes the size of a job's terminal."""

    handle: str = _field(1, Kind.TEXT, required=True)
    job_id: int = _field(2, Kind.UINT32, required=True)
    rows: int = _field(3, Kind.UINT32, required=True)
    columns: int = _field(4, Kind.UINT32, required=True)


@dataclass
class JobResizeResponse(Message):
    """Has no fields."""


@dataclass
class AttachRequest(Message):
    """As Stream, but the job is not collected by it."""

    handle: str = _field(1, Kind.TEXT, required=True)
    job_id: int = _field(2, Kind.UINT32, required=True)
    replay: Optional[bool] = _field(3, Kind.BOOL)


@dataclass
class AttachResponse(Message):
    """Answers `AttachRequest`."""

    name: Optional[str] = _field(1, Kind.TEXT)
    data: Optional[bytes] = _field(2, Kind.DATA)
    exit_status: Optional[int] = _field(3, Kind.UINT32)
    info: Optional[InfoResponse] = _field(4, Kind.MESSAGE, message=InfoResponse)
    end: Optional[JobEnd] = _field(100, Kind.MESSAGE, message=JobEnd)


@dataclass
class JobsRequest(Message):
    """Asks for the jobs of a container."""

    handle: str = _field(1, Kind.TEXT, required=True)


@dataclass
class Job(Message):
    """A job that can be asked about."""

    job_id: int = _field(1, Kind.UINT32, required=True)
    running: bool = _field(2, Kind.BOOL, required=True)
    command: Optional[str] = _field(3, Kind.TEXT)
    user: Optional[str] = _field(4, Kind.TEXT)
    started_us: Optional[int] = _field(5, Kind.UINT)
    stdout_bytes: Optional[int] = _field(6, Kind.UINT)
    stderr_bytes: Optional[int] = _field(7, Kind.UINT)
    kept: Optional[bool] = _field(8, Kind.BOOL)
    terminal: Optional[bool] = _field(9, Kind.BOOL)
    stdin: Optional[bool] = _field(10, Kind.BOOL)
    exit_status: Optional[int] = _field(11, Kind.UINT32)
    end: Optional[JobEnd] = _field(12, Kind.MESSAGE, message=JobEnd)


@dataclass
class JobsResponse(Message):
    """Answers `JobsRequest`."""

    jobs: list[Job] = _field(1, Kind.MESSAGE, repeated=True, message=Job)


@dataclass
class SpawnPairRequest(Message):
    """Two jobs, the standard output of each the standard input of the other; both start together or
    none.
    """

    handle: str = _field(1, Kind.TEXT, required=True)
    first: SpawnRequest = _field(2, Kind.MESSAGE, required=True, message=SpawnRequest)
    second: SpawnRequest = _field(3, Kind.MESSAGE, required=True, message=SpawnRequest)


@dataclass
class SpawnPairResponse(Message):
    """Answers `SpawnPairRequest`."""

    first_job_id: int = _field(1, Kind.UINT32, required=True)
    second_job_id: int = _field(2, Kind.UINT32, required=True)


@dataclass
class CollectRequest(Message):
    """A job that was kept is no longer needed."""

    handle: str = _field(1, Kind.TEXT, required=True)
    job_id: int = _field(2, Kind.UINT32, required=True)


@dataclass
class CollectResponse(Message):
    """Has no fields."""


@dataclass
class EventsRequest(Message):
    """Answers events as they happen until the connection closes. Absent conditions match all."""

    handles: list[str] = _field(1, Kind.TEXT, repeated=True)
    properties: list[Property] = _field(2, Kind.MESSAGE, repeated=True, message=Property)
    after: Optional[int] = _field(3, Kind.UINT)


class EventKind(enum.IntEnum):
    """What happened to a container."""

    SUBSCRIBED = 1  # the first answer; its sequence number is the last one given out
    CREATED = 2
    JOB_STARTED = 3
    JOB_ENDED = 4
    OOM = 5
    LIMIT_REACHED = 6
    STOPPED = 7
    DESTROYED = 8
    MISSED = 9  # `missed` events were dropped because the client did not read


@dataclass
class EventsResponse(Message):
    """Answers `EventsRequest`."""

    kind: int = _field(1, Kind.UINT, required=True)
    sequence: int = _field(2, Kind.UINT, required=True)
    time_us: Optional[int] = _field(3, Kind.UINT)
    handle: Optional[str] = _field(4, Kind.TEXT)
    job_id: Optional[int] = _field(5, Kind.UINT32)
    exit_status: Optional[int] = _field(6, Kind.UINT32)
    reason: Optional[int] = _field(7, Kind.UINT)
    detail: Optional[str] = _field(8, Kind.TEXT)
    missed: Optional[int] = _field(9, Kind.UINT)


@dataclass
class StatusRequest(Message):
    """Has no fields."""


@dataclass
class Fact(Message):
    """What was found out about a host."""

    name: str = _field(1, Kind.TEXT, required=True)
    value: str = _field(2, Kind.TEXT, required=True)
    good: bool = _field(3, Kind.BOOL, required=True)
    effect: Optional[str] = _field(4, Kind.TEXT)
    remedy: Optional[str] = _field(5, Kind.TEXT)


@dataclass
class StatusResponse(Message):
    """What the daemon is and what it uses of this host."""

    version: str = _field(1, Kind.TEXT, required=True)
    backend: str = _field(2, Kind.TEXT, required=True)
    facts: list[Fact] = _field(3, Kind.MESSAGE, repeated=True, message=Fact)


ERROR_TYPE = 1

# Type number, request and response.
TYPES: tuple[tuple[int, type[Message], type[Message]], ...] = (
    (11, CreateRequest, CreateResponse),
    (12, StopRequest, StopResponse),
    (13, DestroyRequest, DestroyResponse),
    (14, InfoRequest, InfoResponse),
    (21, SpawnRequest, SpawnResponse),
    (22, LinkRequest, LinkResponse),
    (23, RunRequest, RunResponse),
    (24, StreamRequest, StreamResponse),
    (31, NetInRequest, NetInResponse),
    (32, NetOutRequest, NetOutResponse),
    (41, CopyInRequest, CopyInResponse),
    (42, CopyOutRequest, CopyOutResponse),
    (51, LimitMemoryRequest, LimitMemoryResponse),
    (52, LimitDiskRequest, LimitDiskResponse),
    (53, LimitBandwidthRequest, LimitBandwidthResponse),
    (54, LimitCpuRequest, LimitCpuResponse),
    (91, PingRequest, PingResponse),
    (92, ListRequest, ListResponse),
    (93, EchoRequest, EchoResponse),
    (201, NetListRequest, NetListResponse),
    (202, NetRemoveRequest, NetRemoveResponse),
    (203, NetReplaceRequest, NetReplaceResponse),
    (210, LimitRequest, LimitResponse),
    (211, PauseRequest, PauseResponse),
    (212, ResumeRequest, ResumeResponse),
    (220, InfoManyRequest, InfoManyResponse),
    (230, TarInRequest, TarInResponse),
    (231, TarDataRequest, TarDataResponse),
    (232, TarOutRequest, TarOutResponse),
    (235, FileReadRequest, FileReadResponse),
    (236, FileWriteRequest, FileWriteResponse),
    (237, FileListRequest, FileListResponse),
    (238, FileRemoveRequest, FileRemoveResponse),
    (239, FileWatchRequest, FileWatchResponse),
    (240, JobInputRequest, JobInputResponse),
    (241, JobSignalRequest, JobSignalResponse),
    (242, JobResizeRequest, JobResizeResponse),
    (243, AttachRequest, AttachResponse),
    (244, JobsRequest, JobsResponse),
    (245, SpawnPairRequest, SpawnPairResponse),
    (246, CollectRequest, CollectResponse),
    (250, EventsRequest, EventsResponse),
    (260, StatusRequest, StatusResponse),
)

_NUMBER_OF_REQUEST = {request: number for number, request, _ in TYPES}
_RESPONSE_OF_NUMBER = {number: response for number, _, response in TYPES}


# --- frames ---------------------------------------------------------------------------------------


def encode_frame(request: Message) -> bytes:
    """The frame that carries a request: length in decimal, CR LF, payload, CR LF."""
    payload = Envelope(type=_NUMBER_OF_REQUEST[type(request)], payload=request.encode()).encode()
    return b"%d\r\n%s\r\n" % (len(payload), payload)


def decode_response(payload: bytes) -> Union[Message, WardenError]:
    """What a frame's payload says: a response, or the error that takes its place."""
    envelope = Envelope.decode(payload)
    if envelope.type == ERROR_TYPE:
        error = ErrorResponse.decode(envelope.payload)
        return WardenError(error.message or "", error.data, error.backtrace)
    response = _RESPONSE_OF_NUMBER.get(envelope.type)
    if response is None:
        raise ProtocolError(f"answer of the unknown type {envelope.type}")
    return response.decode(envelope.payload)


class FrameReader:
    """Cuts what comes from a connection into payloads, whatever way it comes (no I/O in here)."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Takes what was read."""
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
Binds = Iterable[Union[BindMount, tuple[str, str, str]]]
Properties = Union[Mapping[str, str], Iterable[tuple[str, str]]]
Environment = Union[Mapping[str, str], Iterable[str]]  # pairs, or texts such as NAME=VALUE
Chunks = Union[bytes, Iterable[bytes]]

_T = TypeVar("_T")
_P = ParamSpec("_P")


@dataclass(frozen=True)
class _Call(Generic[_T]):
    """A request, and how its method's result comes from the answer."""

    request: Message
    take: Callable[[Any], _T]


def _answered(request: Message, answer: type[_M], take: Callable[[_M], _T]) -> _Call[_T]:
    """A call whose answer is of this type."""
    return _Call(request, take)


def _nothing(_: Any) -> None:
    return None


def _bind_mount(bind: Union[BindMount, tuple[str, str, str]]) -> BindMount:
    if isinstance(bind, BindMount):
        return bind
    src_path, dst_path, mode = bind
    modes = {"ro": BindMount.RO, "rw": BindMount.RW}
    return BindMount(src_path=src_path, dst_path=dst_path, mode=modes[mode])


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
    """One text alone would pass for a list of its letters."""
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{name} must be a list, not {values!r}")
    return [os.fspath(value) for value in values]


def _microseconds(name: str, seconds: Optional[float]) -> Optional[int]:
    """0 would be no limit, so what is above it stays so."""
    if seconds is None:
        return None
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{name}: {seconds} is no number of seconds")
    return math.ceil(seconds * 1_000_000)


def _ping() -> _Call[None]:
    """Asks whether the daemon answers."""
    return _Call(PingRequest(), _nothing)


def _echo(message: Union[str, bytes]) -> _Call[bytes]:
    """The same message, as the daemon sends it back."""
    return _answered(EchoRequest(message=_as_bytes(message)), EchoResponse, lambda answer: answer.message)


def _status() -> _Call[StatusResponse]:
    """What the daemon is and what it uses of its host."""
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
    request_id: Optional[str] = None,
    limits: Optional[Limits] = None,
) -> _Call[str]:
    """Makes a container and returns its handle.

    `grace_time`: seconds that it lives on after the last connection that references it has closed;
    -1: for ever. `bind_mounts`: `BindMount`s, or tuples of source, target and "ro" or "rw". `layers`:
    directories of the root file system, topmost first, instead of `rootfs`. `tmpfs_bytes`: what it
    writes lies in memory, so much at most. `env`: variables of every job. `properties`: labels.
    `ttl`: seconds after which it is destroyed, whoever uses it. `hosts`: lines of /etc/hosts.
    `request_id`: the same request with the same id again has the same answer.
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
        request_id=request_id,
        limits=limits,
    )
    return _answered(request, CreateResponse, lambda answer: answer.handle)


def _stop(handle: str, *, background: Optional[bool] = None, kill: Optional[bool] = None) -> _Call[None]:
    """Ends the container's processes: TERM, and KILL for what is left after ten seconds.

    `background`: returns at once. `kill`: KILL at once.
    """
    return _Call(StopRequest(handle=handle, background=background, kill=kill), _nothing)


def _destroy(handle: str) -> _Call[None]:
    """Stops the container and removes all of it."""
    return _Call(DestroyRequest(handle=handle), _nothing)


def _info(handle: str) -> _Call[InfoResponse]:
    """The container's state and figures."""
    return _answered(InfoRequest(handle=handle), InfoResponse, lambda answer: answer)


def _info_many(*handles: str, properties: Properties = ()) -> _Call[list[InfoEntry]]:
    """Info of many containers, of all where none is named, or of those with all these properties."""
    request = InfoManyRequest(handles=list(handles), properties=_properties(properties))
    return _answered(request, InfoManyResponse, lambda answer: answer.entries)


def _pause(handle: str) -> _Call[None]:
    """Freezes every process of the container."""
    return _Call(PauseRequest(handle=handle), _nothing)


def _resume(handle: str) -> _Call[None]:
    """Lets a paused container go on."""
    return _Call(ResumeRequest(handle=handle), _nothing)


_JOB_DOC = """

    What runs is `script`, for the container's shell, or `argv`, a command. It runs as `user` (`vcap`
    where that is None; root when `privileged`) in `working_dir` with the variables `env`.

    Limits: `timeout` and `cpu_time` in seconds, `memory_limit` (bytes) and `process_limit` of the job
    alone, `rlimits` (a `ResourceLimits`, or a mapping from names as in getrlimit(2): `{"nofile":
    100}`), `output_limit` with an `OutputPolicy`, or `discard_output`. `cpus` as "0-2,4"; `lease_cpu`:
    one that no other job with this has. `own_cgroup`: its figures cover every descendant. `no_aslr`,
    `no_swap`, `stack_unlimited`: for even measurements.

    `stdin`: it reads what `job_input` writes. `terminal`: it has a terminal of `rows` and `columns`.
    `keep`: `link` answers again and again, until `collect`. `log_tag`: each line of output goes to
    syslog under this tag, too. `request_id`: the same request with the same id again has the same
    answer.
    """


def _job_request(
    request: type[SpawnRequest],
    handle: str,
    script: Union[str, bytes, None],
    argv: Iterable[Text],
    env: Environment,
    timeout: Optional[float],
    cpu_time: Optional[float],
    rlimits: Rlimits,
    fields: Mapping[str, Any],
) -> SpawnRequest:
    return request(
        handle=handle,
        script=None if script is None else _as_bytes(script),
        argv=_texts("argv", argv),
        env=_environment(env),
        wall_time_us=_microseconds("timeout", timeout),
        cpu_time_us=_microseconds("cpu_time", cpu_time),
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
    stdin: Optional[bool] = None,
    terminal: Optional[bool] = None,
    rows: Optional[int] = None,
    columns: Optional[int] = None,
    keep: Optional[bool] = None,
    discard_output: Optional[bool] = None,
    output_limit: Optional[int] = None,
    output_policy: Optional[OutputPolicy] = None,
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
    stdin: Optional[bool] = None,
    terminal: Optional[bool] = None,
    rows: Optional[int] = None,
    columns: Optional[int] = None,
    keep: Optional[bool] = None,
    discard_output: Optional[bool] = None,
    output_limit: Optional[int] = None,
    output_policy: Optional[OutputPolicy] = None,
    log_tag: Optional[str] = None,
    request_id: Optional[str] = None,
) -> _Call[RunResponse]:
    """Runs a job to its end: its exit status (255 where there is none), its output and its figures."""
    given = dict(locals())
    fields = {name: given[name] for name in _PLAIN_JOB_FIELDS}
    request = _job_request(RunRequest, handle, script, argv, env, timeout, cpu_time, rlimits, fields)
    return _answered(request, RunResponse, lambda answer: answer)


# Those that go into the request as they are.
_PLAIN_JOB_FIELDS = (
    "user privileged working_dir memory_limit process_limit own_cgroup nice cpus lease_cpu no_aslr no_swap "
    "stack_unlimited stdin terminal rows columns keep discard_output output_limit output_policy log_tag request_id"
).split()

for _function in (_spawn, _run):
    _function.__doc__ = f"{_function.__doc__}{_JOB_DOC}"


def _spawn_pair(handle: str, first: SpawnRequest, second: SpawnRequest) -> _Call[tuple[int, int]]:
    """Starts two jobs (see `job`), the output of each the input of the other; returns their numbers."""
    request = SpawnPairRequest(handle=handle, first=first, second=second)
    return _answered(request, SpawnPairResponse, lambda answer: (answer.first_job_id, answer.second_job_id))


def _link(handle: str, job_id: int) -> _Call[LinkResponse]:
    """Waits for a job's end: its exit status (255 where there is none), its output and its figures."""
    return _answered(LinkRequest(handle=handle, job_id=job_id), LinkResponse, lambda answer: answer)


def _jobs(handle: str) -> _Call[list[Job]]:
    """The jobs of the container that can be asked about."""
    return _answered(JobsRequest(handle=handle), JobsResponse, lambda answer: answer.jobs)


def _job_input(
    handle: str, job_id: int, data: Union[str, bytes] = b"", *, end: Optional[bool] = None
) -> _Call[None]:
    """Writes to the standard input of a job; returns when the job's pipe has taken all of it.

    `end`: closes it behind the data.
    """
    request = JobInputRequest(handle=handle, job_id=job_id, data=_as_bytes(data) or None, end=end)
    return _Call(request, _nothing)


def _job_signal(handle: str, job_id: int, signal: int) -> _Call[None]:
    """Sends a signal to every process of a job."""
    return _Call(JobSignalRequest(handle=handle, job_id=job_id, signal=int(signal)), _nothing)


def _job_resize(handle: str, job_id: int, rows: int, columns: int) -> _Call[None]:
    """Changes the size of a job's terminal."""
    return _Call(JobResizeRequest(handle=handle, job_id=job_id, rows=rows, columns=columns), _nothing)


def _collect(handle: str, job_id: int) -> _Call[None]:
    """Lets a job go that was kept."""
    return _Call(CollectRequest(handle=handle, job_id=job_id), _nothing)


def _net_in(
    handle: str,
    *,
    host_port: Optional[int] = None,
    container_port: Optional[int] = None,
    protocol: Optional[int] = None,
) -> _Call[NetInResponse]:
    """Forwards a port of the host to the container; without `host_port` one of the pool.

    `protocol`: 0 is TCP, 1 is UDP.
    """
    request = NetInRequest(
        handle=handle, host_port=host_port, container_port=container_port, protocol=protocol
    )
    return _answered(request, NetInResponse, lambda answer: answer)


def _net_out(
    handle: str,
    *,
    network: Optional[str] = None,
    port: Optional[int] = None,
    port_range: Optional[str] = None,
    protocol: Optional[int] = None,
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
        protocol=protocol,
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
    """Takes back the rules that are equal to these, all of them or none."""
    return _Call(NetRemoveRequest(handle=handle, in_=list(in_), out=list(out)), _nothing)


def _net_replace(
    handle: str, *, in_: Iterable[NetInRequest] = (), out: Iterable[NetOutRequest] = ()
) -> _Call[list[NetInResponse]]:
    """Puts these rules in the place of all; the ports of `in_`. The first of `out` is tried first."""
    request = NetReplaceRequest(handle=handle, in_=list(in_), out=list(out))
    return _answered(request, NetReplaceResponse, lambda answer: answer.in_)


def _limit(handle: str, limits: Optional[Limits] = None) -> _Call[Limits]:
    """Sets limits, all or none of those given; returns those in force."""
    request = LimitRequest(handle=handle, limits=limits)
    return _answered(request, LimitResponse, lambda answer: answer.limits or Limits())


def _limit_memory(handle: str, limit_in_bytes: Optional[int] = None) -> _Call[Optional[int]]:
    """Sets the memory limit where one is given; returns the one in force."""
    request = LimitMemoryRequest(handle=handle, limit_in_bytes=limit_in_bytes)
    return _answered(request, LimitMemoryResponse, lambda answer: answer.limit_in_bytes)


def _limit_cpu(handle: str, limit_in_shares: Optional[int] = None) -> _Call[Optional[int]]:
    """Sets the cpu shares where they are given; returns those in force."""
    request = LimitCpuRequest(handle=handle, limit_in_shares=limit_in_shares)
    return _answered(request, LimitCpuResponse, lambda answer: answer.limit_in_shares)


def _limit_disk(handle: str, **limits: int) -> _Call[LimitDiskResponse]:
    """Sets disk limits (names as in `LimitDiskResponse`); returns those in force."""
    return _answered(LimitDiskRequest(handle=handle, **limits), LimitDiskResponse, lambda answer: answer)


def _limit_bandwidth(handle: str, rate: int, burst: int) -> _Call[LimitBandwidthResponse]:
    """Limits both directions to `rate` bytes a second with bursts of `burst` bytes."""
    request = LimitBandwidthRequest(handle=handle, rate=rate, burst=burst)
    return _answered(request, LimitBandwidthResponse, lambda answer: answer)


def _copy_in(handle: str, src_path: Text, dst_path: str) -> _Call[None]:
    """Copies a file or directory of the host into the container."""
    return _Call(CopyInRequest(handle=handle, src_path=os.fspath(src_path), dst_path=dst_path), _nothing)


def _copy_out(handle: str, src_path: str, dst_path: Text, *, owner: Optional[str] = None) -> _Call[None]:
    """Copies a file or directory of the container to the host, for `owner` (USER or USER:GROUP)."""
    request = CopyOutRequest(handle=handle, src_path=src_path, dst_path=os.fspath(dst_path), owner=owner)
    return _Call(request, _nothing)


def _file_read(
    handle: str, path: str, *, offset: Optional[int] = None, length: Optional[int] = None
) -> _Call[bytes]:
    """What is in a file of the container, or a part of it."""
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
    request = FileWriteRequest(handle=handle, path=path, data=_as_bytes(data), mode=mode, offset=offset)
    return _Call(request, _nothing)


def _file_list(handle: str, path: str) -> _Call[list[FileEntry]]:
    """What is in a directory of the container, by name; of a file: the file itself."""
    return _answered(FileListRequest(handle=handle, path=path), FileListResponse, lambda answer: answer.entries)


def _file_remove(handle: str, path: str, *, recursive: Optional[bool] = None) -> _Call[None]:
    """Removes a file, or with `recursive` a directory and all that is in it."""
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
    """Gives a method the name, the text and the arguments of what builds its request."""
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
    """

    def __init__(self, path: Optional[Text] = None, timeout: Optional[float] = None) -> None:
        self.path = _path_of(path)
        self._frames = FrameReader()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(self.path)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; what it waits for is left alone."""
        self._socket.close()

    def fileno(self) -> int:
        """The socket's descriptor, for select and its like."""
        return self._socket.fileno()

    def settimeout(self, timeout: Optional[float]) -> None:
        """Changes the bound of each wait."""
        self._socket.settimeout(timeout)

    # Frames.

    def send(self, *requests: Message) -> None:
        """Sends requests without waiting for an answer; `receive` gets the answers in this order."""
        self._socket.sendall(b"".join(encode_frame(request) for request in requests))

    def receive(self) -> Any:
        """The next answer; raises it where it is a WardenError."""
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
        self.send(request)
        return _check_type(request, self.receive())

    def _answers(self, request: Message, is_over: Callable[[Any], bool]) -> Iterator[Any]:
        """Yields answer after answer; who leaves in the middle gives the connection up."""
        over = False
        self.send(request)
        try:
            while not over:
                response = _check_type(request, self.receive())
                over = is_over(response)
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

    def stream(self, handle: str, job_id: int) -> Iterator[StreamResponse]:
        """Yields a job's output from its first byte on as it comes; the last item has `exit_status`.

        The connection is taken until then: a loop that is left early closes it.
        """
        return self._answers(StreamRequest(handle=handle, job_id=job_id), _is_stream_over)

    def attach(self, handle: str, job_id: int, *, replay: Optional[bool] = None) -> Iterator[AttachResponse]:
        """As `stream`, but the job is not collected; with `replay` False it begins with what comes."""
        return self._answers(AttachRequest(handle=handle, job_id=job_id, replay=replay), _is_stream_over)

    def events(
        self, *handles: str, properties: Properties = (), after: Optional[int] = None
    ) -> Iterator[EventsResponse]:
        """Yields what happens to containers, of all where none is named; the first is `SUBSCRIBED`.

        `after`: begins behind this sequence number, as far as that is still known. It ends with the
        connection: a loop that is left closes it.
        """
        return self._answers(_events_request(handles, properties, after), _is_never_over)

    def file_watch(self, handle: str, path: str) -> Iterator[FileWatchResponse]:
        """Yields changes in a directory or of a file; a loop that is left closes the connection."""
        return self._answers(FileWatchRequest(handle=handle, path=path), _is_watch_over)

    def copy_in_telling(self, handle: str, src_path: Text, dst_path: str) -> Iterator[CopyInResponse]:
        """Copies as `copy_in` does and yields how far it is; the last item has neither files nor bytes."""
        request = CopyInRequest(handle=handle, src_path=os.fspath(src_path), dst_path=dst_path, progress=True)
        return self._answers(request, _is_copy_over)

    def copy_out_telling(
        self, handle: str, src_path: str, dst_path: Text, *, owner: Optional[str] = None
    ) -> Iterator[CopyOutResponse]:
        """Copies as `copy_out` does and yields how far it is; the last item has neither files nor bytes."""
        dst_path = os.fspath(dst_path)
        request = CopyOutRequest(handle=handle, src_path=src_path, dst_path=dst_path, owner=owner, progress=True)
        return self._answers(request, _is_copy_over)

    def tar_in(self, handle: str, dst_path: str, data: Chunks) -> None:
        """Unpacks a tar, bytes or pieces of them, below a directory of the container."""
        self.call(TarInRequest(handle=handle, dst_path=dst_path))
        for piece in _pieces(data):
            self.call(TarDataRequest(data=piece))
        self.call(TarDataRequest(end=True))

    def tar_out(self, handle: str, src_path: str) -> Iterator[bytes]:
        """Yields the pieces of a tar of a file or directory of the container."""
        for answer in self._answers(TarOutRequest(handle=handle, src_path=src_path), _is_tar_over):
            if answer.data:
                yield answer.data

    @contextlib.contextmanager
    def container(self, **fields: Any) -> Iterator[str]:
        """A container for a `with` block, destroyed at its end; the arguments are those of `create`."""
        handle = self.create(**fields)
        try:
            yield handle
        finally:
            # Over a connection of its own: this one may be in the middle of an answer.
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
    connection up.
    """

    def __init__(self, path: Optional[Text] = None, timeout: Optional[float] = None) -> None:
        self.path = _path_of(path)
        self.timeout = timeout
        self._frames = FrameReader()
        self._lock = asyncio.Lock()
        self._reader: Optional[asyncio.StreamReader] = None
        self._writer: Optional[asyncio.StreamWriter] = None

    async def connect(self) -> AsyncClient:
        """Connects; `async with` does it too."""
        self._frames = FrameReader()
        opening = asyncio.open_unix_connection(self.path)
        self._reader, self._writer = await asyncio.wait_for(opening, self.timeout)
        return self

    async def __aenter__(self) -> AsyncClient:
        return await self.connect()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connection; what it waits for is left alone."""
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
            self._give_up()  # an answer that nobody waits for any more may still come
            raise

    async def call(self, request: Message) -> Any:
        """Sends a request and returns its answer."""
        async with self._lock:
            return await self._exchange(request)

    async def _answers(self, request: Message, is_over: Callable[[Any], bool]) -> AsyncIterator[Any]:
        """Yields answer after answer; who leaves in the middle gives the connection up."""
        over = False
        async with self._lock:
            try:
                await self._send(request)
                while not over:
                    response = _check_type(request, await asyncio.wait_for(self._receive(), self.timeout))
                    over = is_over(response)
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

    def stream(self, handle: str, job_id: int) -> AsyncIterator[StreamResponse]:
        """As `Client.stream`."""
        return self._answers(StreamRequest(handle=handle, job_id=job_id), _is_stream_over)

    def attach(
        self, handle: str, job_id: int, *, replay: Optional[bool] = None
    ) -> AsyncIterator[AttachResponse]:
        """As `Client.attach`."""
        return self._answers(AttachRequest(handle=handle, job_id=job_id, replay=replay), _is_stream_over)

    def events(
        self, *handles: str, properties: Properties = (), after: Optional[int] = None
    ) -> AsyncIterator[EventsResponse]:
        """As `Client.events`."""
        return self._answers(_events_request(handles, properties, after), _is_never_over)

    def file_watch(self, handle: str, path: str) -> AsyncIterator[FileWatchResponse]:
        """As `Client.file_watch`."""
        return self._answers(FileWatchRequest(handle=handle, path=path), _is_watch_over)

    def copy_in_telling(self, handle: str, src_path: Text, dst_path: str) -> AsyncIterator[CopyInResponse]:
        """As `Client.copy_in_telling`."""
        request = CopyInRequest(handle=handle, src_path=os.fspath(src_path), dst_path=dst_path, progress=True)
        return self._answers(request, _is_copy_over)

    def copy_out_telling(
        self, handle: str, src_path: str, dst_path: Text, *, owner: Optional[str] = None
    ) -> AsyncIterator[CopyOutResponse]:
        """As `Client.copy_out_telling`."""
        dst_path = os.fspath(dst_path)
        request = CopyOutRequest(handle=handle, src_path=src_path, dst_path=dst_path, owner=owner, progress=True)
        return self._answers(request, _is_copy_over)

    async def tar_in(self, handle: str, dst_path: str, data: Chunks) -> None:
        """As `Client.tar_in`."""
        async with self._lock:
            await self._exchange(TarInRequest(handle=handle, dst_path=dst_path))
            for piece in _pieces(data):
                await self._exchange(TarDataRequest(data=piece))
            await self._exchange(TarDataRequest(end=True))

    async def tar_out(self, handle: str, src_path: str) -> AsyncIterator[bytes]:
        """As `Client.tar_out`."""
        async for answer in self._answers(TarOutRequest(handle=handle, src_path=src_path), _is_tar_over):
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
