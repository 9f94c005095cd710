# SPDX-License-Identifier: Apache-2.0
# Generated from proto/warden.proto by scripts/generate-python: do not edit.
"""The messages of warden's protocol, one dataclass each; absent fields are None, or empty lists."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import ClassVar, Optional

from .wire import Kind, Message, field


@dataclass
class Envelope(Message):
    """The content of a frame: the number of a message type, and the encoded message of that type."""

    #: A Type. Declared as a number because protobuf-c rejects a frame with an enum value that it does not know,
    #: while the daemon answers such a request with an Error.
    type: int = field(1, Kind.INT, required=True)
    payload: bytes = field(2, Kind.DATA, required=True)


@dataclass
class ErrorResponse(Message):
    """The answer to a request that failed."""

    message: Optional[str] = field(2, Kind.TEXT)
    data: Optional[str] = field(4, Kind.TEXT)
    backtrace: list[str] = field(3, Kind.TEXT, repeated=True)


@dataclass
class Property(Message):
    """A label of a container: a pair of texts."""

    key: str = field(1, Kind.TEXT, required=True)
    value: str = field(2, Kind.TEXT, required=True)


@dataclass
class Limits(Message):
    """Limits of a container. In a request, an absent limit stays as it is. In an answer, all limits in force;
    a limit that this host does not have is absent.
    """

    #: memory and memory+swap together, as LimitMemory
    memory_bytes: Optional[int] = field(1, Kind.UINT)
    #: the container is not swapped
    swap_off: Optional[bool] = field(2, Kind.BOOL)
    #: as LimitCpu
    cpu_shares: Optional[int] = field(3, Kind.UINT)
    #: percent of one core (250: two and a half cores); 0: none
    cpu_quota: Optional[int] = field(4, Kind.UINT)
    #: "0-2,4"; empty: all
    cpus: Optional[str] = field(5, Kind.TEXT)
    #: 0: none
    processes: Optional[int] = field(6, Kind.UINT)
    #: as LimitDisk's byte_hard; 0: none
    disk_bytes: Optional[int] = field(7, Kind.UINT)
    #: as LimitDisk's inode_hard; 0: none
    disk_inodes: Optional[int] = field(8, Kind.UINT)
    #: bytes per second, both directions; with bandwidth_burst
    bandwidth_rate: Optional[int] = field(9, Kind.UINT)
    bandwidth_burst: Optional[int] = field(10, Kind.UINT)
    #: 1 to 10,000; default 100
    io_weight: Optional[int] = field(11, Kind.UINT)
    #: bytes per second on the depot's device; 0: none
    io_read_rate: Optional[int] = field(12, Kind.UINT)
    io_write_rate: Optional[int] = field(13, Kind.UINT)


class BindMode(enum.IntEnum):
    """Values of `CreateRequest.BindMount`."""

    RO = 0
    RW = 1


@dataclass
class BindMount(Message):
    """A directory or file of the host that is mounted in the container at `dst_path`, read-only or writable."""

    RO: ClassVar[BindMode] = BindMode.RO
    RW: ClassVar[BindMode] = BindMode.RW

    src_path: str = field(1, Kind.TEXT, required=True)
    dst_path: str = field(2, Kind.TEXT, required=True)
    mode: BindMode = field(3, Kind.ENUM, required=True, enum=BindMode)


@dataclass
class CreateRequest(Message):
    """Creates a container."""

    bind_mounts: list[BindMount] = field(1, Kind.MESSAGE, repeated=True, message=BindMount)
    grace_time: Optional[int] = field(2, Kind.UINT32)
    handle: Optional[str] = field(3, Kind.TEXT)
    network: Optional[str] = field(4, Kind.TEXT)
    rootfs: Optional[str] = field(5, Kind.TEXT)
    #: directories instead of rootfs, topmost first
    layers: list[str] = field(100, Kind.TEXT, repeated=True)
    #: the writable layer lies on a tmpfs of this size
    tmpfs_bytes: Optional[int] = field(101, Kind.UINT)
    tmpfs_inodes: Optional[int] = field(102, Kind.UINT)
    #: NAME=VALUE, of every job
    env: list[str] = field(103, Kind.TEXT, repeated=True)
    properties: list[Property] = field(104, Kind.MESSAGE, repeated=True, message=Property)
    #: seconds after which it is destroyed, even if in use
    ttl: Optional[int] = field(105, Kind.UINT32)
    hostname: Optional[str] = field(106, Kind.TEXT)
    #: lines of /etc/hosts: "ADDRESS NAME..."
    hosts: list[str] = field(107, Kind.TEXT, repeated=True)
    dns_servers: list[str] = field(108, Kind.TEXT, repeated=True)
    #: size of /dev/shm
    shm_bytes: Optional[int] = field(109, Kind.UINT)
    #: a repeated request with the same id gets the same answer
    request_id: Optional[str] = field(110, Kind.TEXT)
    limits: Optional[Limits] = field(111, Kind.MESSAGE, message=Limits)
    #: profile of system calls of its jobs
    seccomp: Optional[str] = field(136, Kind.TEXT)
    #: of every job: setuid programs give no rights
    no_new_privs: Optional[bool] = field(137, Kind.BOOL)


@dataclass
class CreateResponse(Message):
    """The handle of the new container."""

    handle: str = field(1, Kind.TEXT, required=True)


@dataclass
class StopRequest(Message):
    """Ends the processes of a container."""

    handle: str = field(1, Kind.TEXT, required=True)
    background: Optional[bool] = field(10, Kind.BOOL)
    kill: Optional[bool] = field(20, Kind.BOOL)


@dataclass
class StopResponse(Message):
    """Has no fields."""


@dataclass
class DestroyRequest(Message):
    """Removes a container."""

    handle: str = field(1, Kind.TEXT, required=True)


@dataclass
class DestroyResponse(Message):
    """Has no fields."""


@dataclass
class InfoRequest(Message):
    """Asks for the state and the figures of a container."""

    handle: str = field(1, Kind.TEXT, required=True)


@dataclass
class MemoryStat(Message):
    """memory.stat of the container's control group. A figure that the kernel does not report is absent."""

    cache: Optional[int] = field(1, Kind.UINT)
    rss: Optional[int] = field(2, Kind.UINT)
    mapped_file: Optional[int] = field(3, Kind.UINT)
    pgpgin: Optional[int] = field(4, Kind.UINT)
    pgpgout: Optional[int] = field(5, Kind.UINT)
    swap: Optional[int] = field(6, Kind.UINT)
    pgfault: Optional[int] = field(7, Kind.UINT)
    pgmajfault: Optional[int] = field(8, Kind.UINT)
    inactive_anon: Optional[int] = field(9, Kind.UINT)
    active_anon: Optional[int] = field(10, Kind.UINT)
    inactive_file: Optional[int] = field(11, Kind.UINT)
    active_file: Optional[int] = field(12, Kind.UINT)
    unevictable: Optional[int] = field(13, Kind.UINT)
    hierarchical_memory_limit: Optional[int] = field(14, Kind.UINT)
    hierarchical_memsw_limit: Optional[int] = field(15, Kind.UINT)
    total_cache: Optional[int] = field(16, Kind.UINT)
    total_rss: Optional[int] = field(17, Kind.UINT)
    total_mapped_file: Optional[int] = field(18, Kind.UINT)
    total_pgpgin: Optional[int] = field(19, Kind.UINT)
    total_pgpgout: Optional[int] = field(20, Kind.UINT)
    total_swap: Optional[int] = field(21, Kind.UINT)
    total_pgfault: Optional[int] = field(22, Kind.UINT)
    total_pgmajfault: Optional[int] = field(23, Kind.UINT)
    total_inactive_anon: Optional[int] = field(24, Kind.UINT)
    total_active_anon: Optional[int] = field(25, Kind.UINT)
    total_inactive_file: Optional[int] = field(26, Kind.UINT)
    total_active_file: Optional[int] = field(27, Kind.UINT)
    total_unevictable: Optional[int] = field(28, Kind.UINT)


@dataclass
class CpuStat(Message):
    """`usage` is in nanoseconds, `user` and `system` in ticks of USER_HZ."""

    usage: Optional[int] = field(1, Kind.UINT)
    user: Optional[int] = field(2, Kind.UINT)
    system: Optional[int] = field(3, Kind.UINT)


@dataclass
class DiskStat(Message):
    """Disk space and inodes that the container's files use."""

    bytes_used: Optional[int] = field(1, Kind.UINT)
    inodes_used: Optional[int] = field(2, Kind.UINT)


@dataclass
class BandwidthStat(Message):
    """Rates in bytes per second, bursts in bytes; 4294967295: no limit. `in` is towards the container."""

    in_rate: Optional[int] = field(1, Kind.UINT)
    in_burst: Optional[int] = field(2, Kind.UINT)
    out_rate: Optional[int] = field(3, Kind.UINT)
    out_burst: Optional[int] = field(4, Kind.UINT)


@dataclass
class Pressure(Message):
    """Pressure stall information: hundredths of a percent of the last 10, 60 and 300 s, and the total in
    microseconds (kernel: Documentation/accounting/psi.rst).
    """

    avg10: Optional[int] = field(1, Kind.UINT)
    avg60: Optional[int] = field(2, Kind.UINT)
    avg300: Optional[int] = field(3, Kind.UINT)
    total: Optional[int] = field(4, Kind.UINT)


@dataclass
class NetworkStat(Message):
    """Counters of the container's interface, seen from inside."""

    rx_bytes: Optional[int] = field(1, Kind.UINT)
    rx_packets: Optional[int] = field(2, Kind.UINT)
    tx_bytes: Optional[int] = field(3, Kind.UINT)
    tx_packets: Optional[int] = field(4, Kind.UINT)


@dataclass
class InfoResponse(Message):
    """The state and the figures of a container."""

    state: Optional[str] = field(10, Kind.TEXT)
    events: list[str] = field(20, Kind.TEXT, repeated=True)
    host_ip: Optional[str] = field(30, Kind.TEXT)
    container_ip: Optional[str] = field(31, Kind.TEXT)
    container_path: Optional[str] = field(32, Kind.TEXT)
    memory_stat: Optional[MemoryStat] = field(40, Kind.MESSAGE, message=MemoryStat)
    cpu_stat: Optional[CpuStat] = field(41, Kind.MESSAGE, message=CpuStat)
    disk_stat: Optional[DiskStat] = field(42, Kind.MESSAGE, message=DiskStat)
    bandwidth_stat: Optional[BandwidthStat] = field(43, Kind.MESSAGE, message=BandwidthStat)
    job_ids: list[int] = field(44, Kind.UINT, repeated=True)
    properties: list[Property] = field(100, Kind.MESSAGE, repeated=True, message=Property)
    hostname: Optional[str] = field(101, Kind.TEXT)
    #: since 1970
    created_us: Optional[int] = field(102, Kind.UINT)
    #: seconds
    ttl_left: Optional[int] = field(103, Kind.UINT32)
    paused: Optional[bool] = field(104, Kind.BOOL)
    #: it may run a warden: no user namespace
    nested: Optional[bool] = field(105, Kind.BOOL)
    #: bytes
    peak_memory: Optional[int] = field(106, Kind.UINT)
    oom_kills: Optional[int] = field(107, Kind.UINT)
    processes: Optional[int] = field(108, Kind.UINT)
    limits: Optional[Limits] = field(109, Kind.MESSAGE, message=Limits)
    network_stat: Optional[NetworkStat] = field(110, Kind.MESSAGE, message=NetworkStat)
    cpu_some: Optional[Pressure] = field(111, Kind.MESSAGE, message=Pressure)
    memory_some: Optional[Pressure] = field(112, Kind.MESSAGE, message=Pressure)
    memory_full: Optional[Pressure] = field(113, Kind.MESSAGE, message=Pressure)
    io_some: Optional[Pressure] = field(114, Kind.MESSAGE, message=Pressure)
    io_full: Optional[Pressure] = field(115, Kind.MESSAGE, message=Pressure)
    #: as given to Create
    env: list[str] = field(116, Kind.TEXT, repeated=True)
    rootfs: Optional[str] = field(117, Kind.TEXT)
    #: why it is unreachable
    state_reason: Optional[str] = field(118, Kind.TEXT)
    #: state destroying: what is in its way
    destroy_waits_for: Optional[str] = field(119, Kind.TEXT)
    #: profile of system calls of its jobs, or why there is none
    seccomp: Optional[str] = field(120, Kind.TEXT)
    #: bytes
    memory_bound: Optional[int] = field(121, Kind.UINT)
    terminals: Optional[int] = field(122, Kind.UINT)
    #: size of /dev/shm
    shm_bytes: Optional[int] = field(123, Kind.UINT)
    #: of a process, unless its job has a limit of its own
    open_files: Optional[int] = field(124, Kind.UINT)
    #: bytes a job writes, unless it has a limit of its own
    output_limit: Optional[int] = field(125, Kind.UINT)
    #: of every job
    no_new_privs: Optional[bool] = field(126, Kind.BOOL)
    #: the most files that it may have
    inode_bound: Optional[int] = field(127, Kind.UINT)


@dataclass
class ResourceLimits(Message):
    """Limits of a job, soft and hard, with the names and units of getrlimit(2)."""

    as_: Optional[int] = field(1, Kind.UINT)
    core: Optional[int] = field(2, Kind.UINT)
    cpu: Optional[int] = field(3, Kind.UINT)
    data: Optional[int] = field(4, Kind.UINT)
    fsize: Optional[int] = field(5, Kind.UINT)
    locks: Optional[int] = field(6, Kind.UINT)
    memlock: Optional[int] = field(7, Kind.UINT)
    msgqueue: Optional[int] = field(8, Kind.UINT)
    nice: Optional[int] = field(9, Kind.UINT)
    nofile: Optional[int] = field(10, Kind.UINT)
    nproc: Optional[int] = field(11, Kind.UINT)
    rss: Optional[int] = field(12, Kind.UINT)
    rtprio: Optional[int] = field(13, Kind.UINT)
    sigpending: Optional[int] = field(14, Kind.UINT)
    stack: Optional[int] = field(15, Kind.UINT)


class OutputPolicy(enum.IntEnum):
    """How output beyond the limit is handled."""

    KILL = 0  # every process of the job is killed
    HEAD_TAIL = 1  # the first and the last half of the limit are kept
    TAIL = 2  # the last bytes are kept


@dataclass
class SpawnRequest(Message):
    """Starts a job. RunRequest has the same fields."""

    handle: str = field(1, Kind.TEXT, required=True)
    #: required without argv
    script: Optional[bytes] = field(2, Kind.DATA)
    privileged: Optional[bool] = field(3, Kind.BOOL)
    rlimits: Optional[ResourceLimits] = field(4, Kind.MESSAGE, message=ResourceLimits)
    discard_output: Optional[bool] = field(5, Kind.BOOL)
    log_tag: Optional[str] = field(6, Kind.TEXT)
    #: instead of a script; the first is looked up in PATH
    argv: list[str] = field(100, Kind.TEXT, repeated=True)
    #: NAME=VALUE, over those of image and container
    env: list[str] = field(101, Kind.TEXT, repeated=True)
    working_dir: Optional[str] = field(102, Kind.TEXT)
    #: USER or USER:GROUP, names or numbers
    user: Optional[str] = field(103, Kind.TEXT)
    #: limits; absent or 0: none
    wall_time_us: Optional[int] = field(104, Kind.UINT)
    cpu_time_us: Optional[int] = field(105, Kind.UINT)
    nice: Optional[int] = field(106, Kind.INT)
    #: "0-2,4"
    cpus: Optional[str] = field(107, Kind.TEXT)
    #: a cpu that no other job with a lease gets
    lease_cpu: Optional[bool] = field(108, Kind.BOOL)
    #: bytes, of the job alone
    memory_limit: Optional[int] = field(109, Kind.UINT)
    process_limit: Optional[int] = field(110, Kind.UINT)
    #: its own control group: figures start at 0 and include every descendant
    own_cgroup: Optional[bool] = field(111, Kind.BOOL)
    #: standard input is written by JobInput
    stdin: Optional[bool] = field(112, Kind.BOOL)
    #: its three descriptors are a terminal
    terminal: Optional[bool] = field(113, Kind.BOOL)
    rows: Optional[int] = field(114, Kind.UINT32)
    columns: Optional[int] = field(115, Kind.UINT32)
    #: link answers until Collect
    keep: Optional[bool] = field(116, Kind.BOOL)
    output_policy: Optional[OutputPolicy] = field(117, Kind.ENUM, enum=OutputPolicy)
    #: bytes, instead of job_output_limit
    output_limit: Optional[int] = field(118, Kind.UINT)
    #: a repeated request with the same id gets the same answer
    request_id: Optional[str] = field(119, Kind.TEXT)
    #: address randomisation off
    no_aslr: Optional[bool] = field(120, Kind.BOOL)
    no_swap: Optional[bool] = field(121, Kind.BOOL)
    #: up to the memory
    stack_unlimited: Optional[bool] = field(122, Kind.BOOL)
    #: profile of system calls, instead of the container's
    seccomp: Optional[str] = field(123, Kind.TEXT)
    #: setuid programs give no rights
    no_new_privs: Optional[bool] = field(124, Kind.BOOL)


@dataclass
class SpawnResponse(Message):
    """The number of the new job."""

    job_id: int = field(1, Kind.UINT32, required=True)


@dataclass
class LinkRequest(Message):
    """Waits for the end of a job."""

    handle: str = field(1, Kind.TEXT, required=True)
    job_id: int = field(2, Kind.UINT32, required=True)


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
    """How a job ended, and its figures. A figure that is not known is absent."""

    EXITED: ClassVar[Reason] = Reason.EXITED
    SIGNAL: ClassVar[Reason] = Reason.SIGNAL
    WALL_TIME: ClassVar[Reason] = Reason.WALL_TIME
    CPU_TIME: ClassVar[Reason] = Reason.CPU_TIME
    MEMORY: ClassVar[Reason] = Reason.MEMORY
    OUTPUT: ClassVar[Reason] = Reason.OUTPUT
    STOPPED: ClassVar[Reason] = Reason.STOPPED
    START_FAILED: ClassVar[Reason] = Reason.START_FAILED

    reason: Optional[Reason] = field(1, Kind.ENUM, enum=Reason)
    signal: Optional[int] = field(2, Kind.INT)
    start_error: Optional[str] = field(3, Kind.TEXT)
    wall_us: Optional[int] = field(4, Kind.UINT)
    user_us: Optional[int] = field(5, Kind.UINT)
    system_us: Optional[int] = field(6, Kind.UINT)
    #: bytes
    peak_memory: Optional[int] = field(7, Kind.UINT)
    minor_faults: Optional[int] = field(8, Kind.UINT)
    major_faults: Optional[int] = field(9, Kind.UINT)
    voluntary_switches: Optional[int] = field(10, Kind.UINT)
    involuntary_switches: Optional[int] = field(11, Kind.UINT)
    read_bytes: Optional[int] = field(12, Kind.UINT)
    written_bytes: Optional[int] = field(13, Kind.UINT)
    peak_processes: Optional[int] = field(14, Kind.UINT)
    #: the figures are those of its own control group
    own_cgroup: Optional[bool] = field(15, Kind.BOOL)
    #: bytes missing in stdout ...
    stdout_dropped: Optional[int] = field(16, Kind.UINT)
    #: ... after this many bytes
    stdout_dropped_at: Optional[int] = field(17, Kind.UINT)
    stderr_dropped: Optional[int] = field(18, Kind.UINT)
    stderr_dropped_at: Optional[int] = field(19, Kind.UINT)
    #: number of this end among the ends of all jobs
    end_sequence: Optional[int] = field(20, Kind.UINT)
    #: since 1970
    started_us: Optional[int] = field(21, Kind.UINT)


@dataclass
class LinkResponse(Message):
    """How a job ended, and its whole output."""

    exit_status: Optional[int] = field(1, Kind.UINT32)
    stdout: Optional[bytes] = field(2, Kind.DATA)
    stderr: Optional[bytes] = field(3, Kind.DATA)
    info: Optional[InfoResponse] = field(4, Kind.MESSAGE, message=InfoResponse)
    end: Optional[JobEnd] = field(100, Kind.MESSAGE, message=JobEnd)


@dataclass
class RunRequest(Message):
    """Starts a job and waits for its end. SpawnRequest has the same fields."""

    handle: str = field(1, Kind.TEXT, required=True)
    #: required without argv
    script: Optional[bytes] = field(2, Kind.DATA)
    privileged: Optional[bool] = field(3, Kind.BOOL)
    rlimits: Optional[ResourceLimits] = field(4, Kind.MESSAGE, message=ResourceLimits)
    discard_output: Optional[bool] = field(5, Kind.BOOL)
    log_tag: Optional[str] = field(6, Kind.TEXT)
    #: instead of a script; the first is looked up in PATH
    argv: list[str] = field(100, Kind.TEXT, repeated=True)
    #: NAME=VALUE, over those of image and container
    env: list[str] = field(101, Kind.TEXT, repeated=True)
    working_dir: Optional[str] = field(102, Kind.TEXT)
    #: USER or USER:GROUP, names or numbers
    user: Optional[str] = field(103, Kind.TEXT)
    #: limits; absent or 0: none
    wall_time_us: Optional[int] = field(104, Kind.UINT)
    cpu_time_us: Optional[int] = field(105, Kind.UINT)
    nice: Optional[int] = field(106, Kind.INT)
    #: "0-2,4"
    cpus: Optional[str] = field(107, Kind.TEXT)
    #: a cpu that no other job with a lease gets
    lease_cpu: Optional[bool] = field(108, Kind.BOOL)
    #: bytes, of the job alone
    memory_limit: Optional[int] = field(109, Kind.UINT)
    process_limit: Optional[int] = field(110, Kind.UINT)
    #: its own control group: figures start at 0 and include every descendant
    own_cgroup: Optional[bool] = field(111, Kind.BOOL)
    #: standard input is written by JobInput
    stdin: Optional[bool] = field(112, Kind.BOOL)
    #: its three descriptors are a terminal
    terminal: Optional[bool] = field(113, Kind.BOOL)
    rows: Optional[int] = field(114, Kind.UINT32)
    columns: Optional[int] = field(115, Kind.UINT32)
    #: link answers until Collect
    keep: Optional[bool] = field(116, Kind.BOOL)
    output_policy: Optional[OutputPolicy] = field(117, Kind.ENUM, enum=OutputPolicy)
    #: bytes, instead of job_output_limit
    output_limit: Optional[int] = field(118, Kind.UINT)
    #: a repeated request with the same id gets the same answer
    request_id: Optional[str] = field(119, Kind.TEXT)
    #: address randomisation off
    no_aslr: Optional[bool] = field(120, Kind.BOOL)
    no_swap: Optional[bool] = field(121, Kind.BOOL)
    #: up to the memory
    stack_unlimited: Optional[bool] = field(122, Kind.BOOL)
    #: profile of system calls, instead of the container's
    seccomp: Optional[str] = field(123, Kind.TEXT)
    #: setuid programs give no rights
    no_new_privs: Optional[bool] = field(124, Kind.BOOL)


@dataclass
class RunResponse(Message):
    """How a job ended, and its whole output."""

    exit_status: Optional[int] = field(1, Kind.UINT32)
    stdout: Optional[bytes] = field(2, Kind.DATA)
    stderr: Optional[bytes] = field(3, Kind.DATA)
    info: Optional[InfoResponse] = field(4, Kind.MESSAGE, message=InfoResponse)
    end: Optional[JobEnd] = field(100, Kind.MESSAGE, message=JobEnd)
    job_id: Optional[int] = field(101, Kind.UINT32)


@dataclass
class StreamRequest(Message):
    """Asks for the output of a job as it is written."""

    handle: str = field(1, Kind.TEXT, required=True)
    job_id: int = field(2, Kind.UINT32, required=True)
    #: start behind so many bytes instead of with the first one
    stdout_offset: Optional[int] = field(100, Kind.UINT)
    stderr_offset: Optional[int] = field(101, Kind.UINT)


@dataclass
class StreamResponse(Message):
    """A part of a job's output (`name` is "stdout" or "stderr"); the last answer has `exit_status` instead."""

    name: Optional[str] = field(1, Kind.TEXT)
    data: Optional[bytes] = field(2, Kind.DATA)
    exit_status: Optional[int] = field(3, Kind.UINT32)
    info: Optional[InfoResponse] = field(4, Kind.MESSAGE, message=InfoResponse)
    end: Optional[JobEnd] = field(100, Kind.MESSAGE, message=JobEnd)
    #: bytes of the stream before `data`
    offset: Optional[int] = field(101, Kind.UINT)


class NetInProtocol(enum.IntEnum):
    """Values of `NetInRequest`."""

    TCP = 0
    UDP = 1


@dataclass
class NetInRequest(Message):
    """Forwards a port of the host to a port of the container."""

    TCP: ClassVar[NetInProtocol] = NetInProtocol.TCP
    UDP: ClassVar[NetInProtocol] = NetInProtocol.UDP

    handle: str = field(1, Kind.TEXT, required=True)
    host_port: Optional[int] = field(3, Kind.UINT32)
    container_port: Optional[int] = field(2, Kind.UINT32)
    protocol: Optional[NetInProtocol] = field(100, Kind.ENUM, enum=NetInProtocol)


@dataclass
class NetInResponse(Message):
    """Both ports of a forward."""

    host_port: int = field(1, Kind.UINT32, required=True)
    container_port: int = field(2, Kind.UINT32, required=True)


class Protocol(enum.IntEnum):
    """Values of `NetOutRequest`."""

    TCP = 0
    UDP = 1
    ICMP = 2
    ALL = 3


@dataclass
class NetOutRequest(Message):
    """Allows traffic out of the container."""

    TCP: ClassVar[Protocol] = Protocol.TCP
    UDP: ClassVar[Protocol] = Protocol.UDP
    ICMP: ClassVar[Protocol] = Protocol.ICMP
    ALL: ClassVar[Protocol] = Protocol.ALL

    handle: str = field(1, Kind.TEXT, required=True)
    network: Optional[str] = field(2, Kind.TEXT)
    port: Optional[int] = field(3, Kind.UINT32)
    port_range: Optional[str] = field(4, Kind.TEXT)
    protocol: Optional[Protocol] = field(5, Kind.ENUM, enum=Protocol)
    icmp_type: Optional[int] = field(6, Kind.INT)
    icmp_code: Optional[int] = field(7, Kind.INT)
    log: Optional[bool] = field(8, Kind.BOOL)


@dataclass
class NetOutResponse(Message):
    """Has no fields."""


@dataclass
class CopyInRequest(Message):
    """Copies from the host into the container."""

    handle: str = field(1, Kind.TEXT, required=True)
    src_path: str = field(2, Kind.TEXT, required=True)
    dst_path: str = field(3, Kind.TEXT, required=True)
    #: also answers with the progress
    progress: Optional[bool] = field(100, Kind.BOOL)


@dataclass
class CopyInResponse(Message):
    """Progress of the copy, if the request has `progress`. The last answer has no field."""

    files: Optional[int] = field(100, Kind.UINT)
    bytes: Optional[int] = field(101, Kind.UINT)


@dataclass
class CopyOutRequest(Message):
    """Copies from the container to the host."""

    handle: str = field(1, Kind.TEXT, required=True)
    src_path: str = field(2, Kind.TEXT, required=True)
    dst_path: str = field(3, Kind.TEXT, required=True)
    owner: Optional[str] = field(4, Kind.TEXT)
    #: also answers with the progress
    progress: Optional[bool] = field(100, Kind.BOOL)
    #: setuid and setgid bits too
    keep_modes: Optional[bool] = field(101, Kind.BOOL)


@dataclass
class CopyOutResponse(Message):
    """Progress of the copy, if the request has `progress`. The last answer has no field."""

    files: Optional[int] = field(100, Kind.UINT)
    bytes: Optional[int] = field(101, Kind.UINT)


@dataclass
class LimitMemoryRequest(Message):
    """Sets the limit of memory and of memory and swap together. Without a number: reads it."""

    handle: str = field(1, Kind.TEXT, required=True)
    limit_in_bytes: Optional[int] = field(2, Kind.UINT)


@dataclass
class LimitMemoryResponse(Message):
    """The limit in force."""

    limit_in_bytes: Optional[int] = field(1, Kind.UINT)


@dataclass
class LimitCpuRequest(Message):
    """Sets the cpu shares. Without a number: reads them."""

    handle: str = field(1, Kind.TEXT, required=True)
    limit_in_shares: Optional[int] = field(2, Kind.UINT)


@dataclass
class LimitCpuResponse(Message):
    """The shares in force."""

    limit_in_shares: Optional[int] = field(1, Kind.UINT)


@dataclass
class LimitDiskRequest(Message):
    """Sets the disk limits. Without a number: reads them. Blocks have 1 KiB; 0: no limit."""

    handle: str = field(1, Kind.TEXT, required=True)
    block_limit: Optional[int] = field(10, Kind.UINT)
    block: Optional[int] = field(11, Kind.UINT)
    block_soft: Optional[int] = field(12, Kind.UINT)
    block_hard: Optional[int] = field(13, Kind.UINT)
    inode_limit: Optional[int] = field(20, Kind.UINT)
    inode: Optional[int] = field(21, Kind.UINT)
    inode_soft: Optional[int] = field(22, Kind.UINT)
    inode_hard: Optional[int] = field(23, Kind.UINT)
    byte_limit: Optional[int] = field(30, Kind.UINT)
    byte: Optional[int] = field(31, Kind.UINT)
    byte_soft: Optional[int] = field(32, Kind.UINT)
    byte_hard: Optional[int] = field(33, Kind.UINT)


@dataclass
class LimitDiskResponse(Message):
    """The disk limits in force."""

    block_limit: Optional[int] = field(10, Kind.UINT)
    block: Optional[int] = field(11, Kind.UINT)
    block_soft: Optional[int] = field(12, Kind.UINT)
    block_hard: Optional[int] = field(13, Kind.UINT)
    inode_limit: Optional[int] = field(20, Kind.UINT)
    inode: Optional[int] = field(21, Kind.UINT)
    inode_soft: Optional[int] = field(22, Kind.UINT)
    inode_hard: Optional[int] = field(23, Kind.UINT)
    byte_limit: Optional[int] = field(30, Kind.UINT)
    byte: Optional[int] = field(31, Kind.UINT)
    byte_soft: Optional[int] = field(32, Kind.UINT)
    byte_hard: Optional[int] = field(33, Kind.UINT)


@dataclass
class LimitBandwidthRequest(Message):
    """Sets the bandwidth of both directions, in bytes per second and bytes."""

    handle: str = field(1, Kind.TEXT, required=True)
    rate: int = field(2, Kind.UINT, required=True)
    burst: int = field(3, Kind.UINT, required=True)


@dataclass
class LimitBandwidthResponse(Message):
    """The bandwidth in force."""

    rate: int = field(1, Kind.UINT, required=True)
    burst: int = field(2, Kind.UINT, required=True)


@dataclass
class PingRequest(Message):
    """Asks whether the daemon answers."""


@dataclass
class PingResponse(Message):
    """Has no fields."""


@dataclass
class ListRequest(Message):
    """Lists the containers that have all these properties."""

    #: those with all of these
    properties: list[Property] = field(100, Kind.MESSAGE, repeated=True, message=Property)


@dataclass
class ListResponse(Message):
    """The handles, in the order of creation."""

    handles: list[str] = field(1, Kind.TEXT, repeated=True)


@dataclass
class EchoRequest(Message):
    """Asks for the same message back."""

    message: bytes = field(1, Kind.DATA, required=True)


@dataclass
class EchoResponse(Message):
    """The message of the request."""

    message: bytes = field(1, Kind.DATA, required=True)


@dataclass
class NetListRequest(Message):
    """Asks for the rules of a container."""

    handle: str = field(1, Kind.TEXT, required=True)


@dataclass
class NetListResponse(Message):
    """The rules, in the order in which they are tried: the newest first. Their `handle` is empty."""

    in_: list[NetInRequest] = field(1, Kind.MESSAGE, repeated=True, message=NetInRequest)
    out: list[NetOutRequest] = field(2, Kind.MESSAGE, repeated=True, message=NetOutRequest)


@dataclass
class NetRemoveRequest(Message):
    """Removes the rules that equal those given. If one of them does not exist the request fails and nothing is
    changed.
    """

    handle: str = field(1, Kind.TEXT, required=True)
    in_: list[NetInRequest] = field(2, Kind.MESSAGE, repeated=True, message=NetInRequest)
    out: list[NetOutRequest] = field(3, Kind.MESSAGE, repeated=True, message=NetOutRequest)


@dataclass
class NetRemoveResponse(Message):
    """Has no fields."""


@dataclass
class NetReplaceRequest(Message):
    """Replaces all rules at once. A host port that is absent in `in` is taken from the pool."""

    handle: str = field(1, Kind.TEXT, required=True)
    in_: list[NetInRequest] = field(2, Kind.MESSAGE, repeated=True, message=NetInRequest)
    #: the first match wins
    out: list[NetOutRequest] = field(3, Kind.MESSAGE, repeated=True, message=NetOutRequest)


@dataclass
class NetReplaceResponse(Message):
    """The ports of the forwards, in the order of the request."""

    in_: list[NetInResponse] = field(1, Kind.MESSAGE, repeated=True, message=NetInResponse)


@dataclass
class LimitRequest(Message):
    """Sets several limits, all or none. Without `limits`: reads them."""

    handle: str = field(1, Kind.TEXT, required=True)
    limits: Optional[Limits] = field(2, Kind.MESSAGE, message=Limits)


@dataclass
class LimitResponse(Message):
    """All limits in force."""

    limits: Optional[Limits] = field(1, Kind.MESSAGE, message=Limits)


@dataclass
class PauseRequest(Message):
    """Freezes every process of a container."""

    handle: str = field(1, Kind.TEXT, required=True)


@dataclass
class PauseResponse(Message):
    """Has no fields."""


@dataclass
class ResumeRequest(Message):
    """Thaws a paused container."""

    handle: str = field(1, Kind.TEXT, required=True)


@dataclass
class ResumeResponse(Message):
    """Has no fields."""


@dataclass
class InfoManyRequest(Message):
    """Asks for the info of several containers, or of all if `handles` is empty."""

    handles: list[str] = field(1, Kind.TEXT, repeated=True)
    #: those with all of these
    properties: list[Property] = field(2, Kind.MESSAGE, repeated=True, message=Property)


@dataclass
class InfoEntry(Message):
    """The info of a container, or the error why there is none."""

    handle: str = field(1, Kind.TEXT, required=True)
    info: Optional[InfoResponse] = field(2, Kind.MESSAGE, message=InfoResponse)
    error: Optional[str] = field(3, Kind.TEXT)


@dataclass
class InfoManyResponse(Message):
    """The infos, in the order of the handles, or of creation."""

    entries: list[InfoEntry] = field(1, Kind.MESSAGE, repeated=True, message=InfoEntry)


@dataclass
class TarInRequest(Message):
    """Starts to unpack a tar stream below `dst_path`, which is made if it is missing. The stream is sent by
    TarData on the same connection.
    """

    handle: str = field(1, Kind.TEXT, required=True)
    dst_path: str = field(2, Kind.TEXT, required=True)


@dataclass
class TarInResponse(Message):
    """Has no fields."""


@dataclass
class TarDataRequest(Message):
    """A part of the stream of TarIn. The answer to the part with `end` means that everything is unpacked."""

    data: Optional[bytes] = field(1, Kind.DATA)
    end: Optional[bool] = field(2, Kind.BOOL)


@dataclass
class TarDataResponse(Message):
    """Has no fields."""


@dataclass
class TarOutRequest(Message):
    """Asks for a file or a tree as a tar stream (pax)."""

    handle: str = field(1, Kind.TEXT, required=True)
    src_path: str = field(2, Kind.TEXT, required=True)
    #: setuid and setgid bits too
    keep_modes: Optional[bool] = field(101, Kind.BOOL)


@dataclass
class TarOutResponse(Message):
    """A part of the stream; the last answer has `end`."""

    data: Optional[bytes] = field(1, Kind.DATA)
    end: Optional[bool] = field(2, Kind.BOOL)


@dataclass
class FileReadRequest(Message):
    """Reads a file."""

    handle: str = field(1, Kind.TEXT, required=True)
    path: str = field(2, Kind.TEXT, required=True)
    offset: Optional[int] = field(3, Kind.UINT)
    #: at most; absent: to the end, up to the frame limit
    length: Optional[int] = field(4, Kind.UINT)


@dataclass
class FileReadResponse(Message):
    """The bytes that were read."""

    data: bytes = field(1, Kind.DATA, required=True)
    #: of the whole file
    size: int = field(2, Kind.UINT, required=True)


@dataclass
class FileWriteRequest(Message):
    """Writes a file."""

    handle: str = field(1, Kind.TEXT, required=True)
    path: str = field(2, Kind.TEXT, required=True)
    data: bytes = field(3, Kind.DATA, required=True)
    #: of a new file; default 0644
    mode: Optional[int] = field(4, Kind.UINT32)
    #: absent: the file is replaced atomically
    offset: Optional[int] = field(5, Kind.UINT)


@dataclass
class FileWriteResponse(Message):
    """Has no fields."""


@dataclass
class FileListRequest(Message):
    """Lists a directory."""

    handle: str = field(1, Kind.TEXT, required=True)
    path: str = field(2, Kind.TEXT, required=True)


class FileType(enum.IntEnum):
    """The type of a file."""

    FILE = 1
    DIRECTORY = 2
    SYMLINK = 3
    OTHER = 4


@dataclass
class FileEntry(Message):
    """An entry of a directory."""

    FILE: ClassVar[FileType] = FileType.FILE
    DIRECTORY: ClassVar[FileType] = FileType.DIRECTORY
    SYMLINK: ClassVar[FileType] = FileType.SYMLINK
    OTHER: ClassVar[FileType] = FileType.OTHER

    name: str = field(1, Kind.TEXT, required=True)
    type: FileType = field(2, Kind.ENUM, required=True, enum=FileType)
    mode: Optional[int] = field(3, Kind.UINT32)
    size: Optional[int] = field(4, Kind.UINT)
    #: since 1970
    modified_us: Optional[int] = field(5, Kind.INT)
    #: inside the container
    uid: Optional[int] = field(6, Kind.UINT32)
    gid: Optional[int] = field(7, Kind.UINT32)
    #: of a symlink
    target: Optional[str] = field(8, Kind.TEXT)


@dataclass
class FileListResponse(Message):
    """The entries by name; of a file, the file itself."""

    entries: list[FileEntry] = field(1, Kind.MESSAGE, repeated=True, message=FileEntry)


@dataclass
class FileRemoveRequest(Message):
    """Removes a file, an empty directory or, with `recursive`, a tree."""

    handle: str = field(1, Kind.TEXT, required=True)
    path: str = field(2, Kind.TEXT, required=True)
    recursive: Optional[bool] = field(3, Kind.BOOL)


@dataclass
class FileRemoveResponse(Message):
    """Has no fields."""


@dataclass
class FileWatchRequest(Message):
    """Asks for the changes in a directory or of a file, until the connection is closed or the container is
    destroyed.
    """

    handle: str = field(1, Kind.TEXT, required=True)
    path: str = field(2, Kind.TEXT, required=True)


class Change(enum.IntEnum):
    """The change of a file."""

    CREATED = 1
    MODIFIED = 2
    REMOVED = 3
    ATTRIBUTES = 4
    MISSED = 5  # changes were lost: list again
    ENDED = 6  # the last answer: the watched file was removed
    WATCHING = 7  # the first answer


@dataclass
class FileWatchResponse(Message):
    """A change."""

    CREATED: ClassVar[Change] = Change.CREATED
    MODIFIED: ClassVar[Change] = Change.MODIFIED
    REMOVED: ClassVar[Change] = Change.REMOVED
    ATTRIBUTES: ClassVar[Change] = Change.ATTRIBUTES
    MISSED: ClassVar[Change] = Change.MISSED
    ENDED: ClassVar[Change] = Change.ENDED
    WATCHING: ClassVar[Change] = Change.WATCHING

    change: Change = field(1, Kind.ENUM, required=True, enum=Change)
    #: in the directory
    name: Optional[str] = field(2, Kind.TEXT)


@dataclass
class JobInputRequest(Message):
    """Writes to the standard input of a job. The answer is sent when the job's pipe has taken all of it."""

    handle: str = field(1, Kind.TEXT, required=True)
    job_id: int = field(2, Kind.UINT32, required=True)
    data: Optional[bytes] = field(3, Kind.DATA)
    #: closes standard input after the data
    end: Optional[bool] = field(4, Kind.BOOL)
    #: a daemon that ends may answer with a part of the data accepted
    partial: Optional[bool] = field(5, Kind.BOOL)


@dataclass
class JobInputResponse(Message):
    """Answers `JobInputRequest`."""

    #: bytes; absent: all, and the end
    accepted: Optional[int] = field(1, Kind.UINT)


@dataclass
class JobSignalRequest(Message):
    """Sends a signal to every process of a job."""

    handle: str = field(1, Kind.TEXT, required=True)
    job_id: int = field(2, Kind.UINT32, required=True)
    #: to every process of the job
    signal: int = field(3, Kind.UINT32, required=True)


@dataclass
class JobSignalResponse(Message):
    """Has no fields."""


@dataclass
class JobResizeRequest(Message):
    """Changes the size of a job's terminal."""

    handle: str = field(1, Kind.TEXT, required=True)
    job_id: int = field(2, Kind.UINT32, required=True)
    rows: int = field(3, Kind.UINT32, required=True)
    columns: int = field(4, Kind.UINT32, required=True)


@dataclass
class JobResizeResponse(Message):
    """Has no fields."""


@dataclass
class AttachRequest(Message):
    """Asks for the output of a job as it is written, like Stream, but does not collect the job."""

    handle: str = field(1, Kind.TEXT, required=True)
    job_id: int = field(2, Kind.UINT32, required=True)
    #: start with the first byte, else with new output
    replay: Optional[bool] = field(3, Kind.BOOL)
    #: start behind so many bytes, whatever `replay` says
    stdout_offset: Optional[int] = field(100, Kind.UINT)
    stderr_offset: Optional[int] = field(101, Kind.UINT)


@dataclass
class AttachResponse(Message):
    """A part of a job's output; the last answer has `exit_status` instead."""

    name: Optional[str] = field(1, Kind.TEXT)
    data: Optional[bytes] = field(2, Kind.DATA)
    exit_status: Optional[int] = field(3, Kind.UINT32)
    info: Optional[InfoResponse] = field(4, Kind.MESSAGE, message=InfoResponse)
    end: Optional[JobEnd] = field(100, Kind.MESSAGE, message=JobEnd)
    #: bytes of the stream before `data`
    offset: Optional[int] = field(101, Kind.UINT)


@dataclass
class JobsRequest(Message):
    """Lists the jobs of a container."""

    handle: str = field(1, Kind.TEXT, required=True)


@dataclass
class Job(Message):
    """A job that can be linked or attached."""

    job_id: int = field(1, Kind.UINT32, required=True)
    running: bool = field(2, Kind.BOOL, required=True)
    #: the beginning of its script or argv
    command: Optional[str] = field(3, Kind.TEXT)
    user: Optional[str] = field(4, Kind.TEXT)
    #: since 1970
    started_us: Optional[int] = field(5, Kind.UINT)
    stdout_bytes: Optional[int] = field(6, Kind.UINT)
    stderr_bytes: Optional[int] = field(7, Kind.UINT)
    kept: Optional[bool] = field(8, Kind.BOOL)
    terminal: Optional[bool] = field(9, Kind.BOOL)
    stdin: Optional[bool] = field(10, Kind.BOOL)
    exit_status: Optional[int] = field(11, Kind.UINT32)
    end: Optional[JobEnd] = field(12, Kind.MESSAGE, message=JobEnd)


@dataclass
class JobsResponse(Message):
    """The jobs by number."""

    jobs: list[Job] = field(1, Kind.MESSAGE, repeated=True, message=Job)


@dataclass
class SpawnPairRequest(Message):
    """Starts two jobs, each reading the other's standard output on its standard input. Both are started, or
    none.
    """

    handle: str = field(1, Kind.TEXT, required=True)
    #: its handle is ignored
    first: SpawnRequest = field(2, Kind.MESSAGE, required=True, message=SpawnRequest)
    second: SpawnRequest = field(3, Kind.MESSAGE, required=True, message=SpawnRequest)


@dataclass
class SpawnPairResponse(Message):
    """The numbers of the two jobs."""

    first_job_id: int = field(1, Kind.UINT32, required=True)
    second_job_id: int = field(2, Kind.UINT32, required=True)


@dataclass
class CollectRequest(Message):
    """Discards a job that was started with `keep`."""

    handle: str = field(1, Kind.TEXT, required=True)
    job_id: int = field(2, Kind.UINT32, required=True)


@dataclass
class CollectResponse(Message):
    """Has no fields."""


@dataclass
class EventsRequest(Message):
    """Asks for events as they happen, until the connection is closed. An absent condition matches all."""

    handles: list[str] = field(1, Kind.TEXT, repeated=True)
    properties: list[Property] = field(2, Kind.MESSAGE, repeated=True, message=Property)
    #: start after this sequence number, if it is still kept
    after: Optional[int] = field(3, Kind.UINT)


class EventKind(enum.IntEnum):
    """The kind of an event."""

    SUBSCRIBED = 1  # the first answer; its sequence number is that of the last event
    CREATED = 2
    JOB_STARTED = 3
    JOB_ENDED = 4
    OOM = 5
    LIMIT_REACHED = 6
    STOPPED = 7
    DESTROYED = 8
    MISSED = 9  # `missed` events were dropped because the client read too slowly
    UNREACHABLE = 10  # the daemon has restarted and the container does not answer
    REACHABLE = 11  # it answers again


@dataclass
class EventsResponse(Message):
    """An event."""

    SUBSCRIBED: ClassVar[EventKind] = EventKind.SUBSCRIBED
    CREATED: ClassVar[EventKind] = EventKind.CREATED
    JOB_STARTED: ClassVar[EventKind] = EventKind.JOB_STARTED
    JOB_ENDED: ClassVar[EventKind] = EventKind.JOB_ENDED
    OOM: ClassVar[EventKind] = EventKind.OOM
    LIMIT_REACHED: ClassVar[EventKind] = EventKind.LIMIT_REACHED
    STOPPED: ClassVar[EventKind] = EventKind.STOPPED
    DESTROYED: ClassVar[EventKind] = EventKind.DESTROYED
    MISSED: ClassVar[EventKind] = EventKind.MISSED
    UNREACHABLE: ClassVar[EventKind] = EventKind.UNREACHABLE
    REACHABLE: ClassVar[EventKind] = EventKind.REACHABLE

    kind: EventKind = field(1, Kind.ENUM, required=True, enum=EventKind)
    sequence: int = field(2, Kind.UINT, required=True)
    #: since 1970
    time_us: Optional[int] = field(3, Kind.UINT)
    handle: Optional[str] = field(4, Kind.TEXT)
    job_id: Optional[int] = field(5, Kind.UINT32)
    exit_status: Optional[int] = field(6, Kind.UINT32)
    reason: Optional[Reason] = field(7, Kind.ENUM, enum=Reason)
    detail: Optional[str] = field(8, Kind.TEXT)
    missed: Optional[int] = field(9, Kind.UINT)


@dataclass
class StatusRequest(Message):
    """Asks what the daemon is and what it found on its host."""


@dataclass
class Fact(Message):
    """A finding about the host."""

    name: str = field(1, Kind.TEXT, required=True)
    value: str = field(2, Kind.TEXT, required=True)
    good: bool = field(3, Kind.BOOL, required=True)
    #: consequence of what is missing
    effect: Optional[str] = field(4, Kind.TEXT)
    remedy: Optional[str] = field(5, Kind.TEXT)


@dataclass
class StatusResponse(Message):
    """The daemon's version and backend, and what it found on its host."""

    version: str = field(1, Kind.TEXT, required=True)
    backend: str = field(2, Kind.TEXT, required=True)
    facts: list[Fact] = field(3, Kind.MESSAGE, repeated=True, message=Fact)


ERROR_TYPE = 1

#: Type number, request and response.
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

__all__ = [
    "AttachRequest",
    "AttachResponse",
    "BandwidthStat",
    "BindMode",
    "BindMount",
    "Change",
    "CollectRequest",
    "CollectResponse",
    "CopyInRequest",
    "CopyInResponse",
    "CopyOutRequest",
    "CopyOutResponse",
    "CpuStat",
    "CreateRequest",
    "CreateResponse",
    "DestroyRequest",
    "DestroyResponse",
    "DiskStat",
    "EchoRequest",
    "EchoResponse",
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
    "InfoEntry",
    "InfoManyRequest",
    "InfoManyResponse",
    "InfoRequest",
    "InfoResponse",
    "Job",
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
    "NetInProtocol",
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
    "Protocol",
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
]
