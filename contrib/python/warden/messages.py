# SPDX-License-Identifier: Apache-2.0
# Generated from proto/warden.proto by scripts/generate-python: do not edit.
"""The messages of warden's protocol, one dataclass each; absent fields are None, or empty lists."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import ClassVar, Optional

from .wire import Kind as WireKind
from .wire import Message, field


@dataclass
class Envelope(Message):
    """The content of a frame: the number of a message type, and the encoded message of that type."""

    class Type(enum.IntEnum):
        """What a payload is: X stands for XRequest in a request, and for XResponse in its answer."""

        Error = 1
        Create = 11
        Stop = 12
        Destroy = 13
        Info = 14
        Spawn = 21
        Link = 22
        Run = 23
        Stream = 24
        NetIn = 31
        NetOut = 32
        CopyIn = 41
        CopyOut = 42
        LimitMemory = 51
        LimitDisk = 52
        LimitBandwidth = 53
        LimitCpu = 54
        Ping = 91
        List = 92
        Echo = 93
        NetList = 201
        NetRemove = 202
        NetReplace = 203
        Limit = 210
        Pause = 211
        Resume = 212
        InfoMany = 220
        TarIn = 230
        TarData = 231
        TarOut = 232
        FileRead = 235
        FileWrite = 236
        FileList = 237
        FileRemove = 238
        FileWatch = 239
        JobInput = 240
        JobSignal = 241
        JobResize = 242
        Attach = 243
        Jobs = 244
        SpawnPair = 245
        Collect = 246
        Events = 250
        Status = 260

    #: A Type. Declared as a number because protobuf-c rejects a frame with an enum value that it does not know,
    #: while the daemon answers such a request with an Error.
    type: int = field(1, WireKind.INT32, required=True)
    payload: bytes = field(2, WireKind.DATA, required=True)


@dataclass
class ErrorResponse(Message):
    """The answer to a request that failed."""

    message: Optional[str] = field(2, WireKind.TEXT)
    data: Optional[str] = field(4, WireKind.TEXT)
    backtrace: list[str] = field(3, WireKind.TEXT, repeated=True)


@dataclass
class Property(Message):
    """A label of a container: a pair of texts."""

    key: str = field(1, WireKind.TEXT, required=True)
    value: str = field(2, WireKind.TEXT, required=True)


@dataclass
class Limits(Message):
    """Limits of a container. In a request, an absent limit stays as it is. In an answer, all limits in force; a
    limit that this host does not have is absent.
    """

    #: memory and memory+swap together, as LimitMemory
    memory_bytes: Optional[int] = field(1, WireKind.UINT)
    #: the container is not swapped
    swap_off: Optional[bool] = field(2, WireKind.BOOL)
    #: as LimitCpu
    cpu_shares: Optional[int] = field(3, WireKind.UINT)
    #: percent of one core (250: two and a half cores); 0: none
    cpu_quota: Optional[int] = field(4, WireKind.UINT)
    #: "0-2,4"; empty: all
    cpus: Optional[str] = field(5, WireKind.TEXT)
    #: 0: none
    processes: Optional[int] = field(6, WireKind.UINT)
    #: as LimitDisk's byte_hard; 0: none
    disk_bytes: Optional[int] = field(7, WireKind.UINT)
    #: as LimitDisk's inode_hard; 0: none
    disk_inodes: Optional[int] = field(8, WireKind.UINT)
    #: bytes per second, both directions; with bandwidth_burst
    bandwidth_rate: Optional[int] = field(9, WireKind.UINT)
    bandwidth_burst: Optional[int] = field(10, WireKind.UINT)
    #: 1 to 10,000; default 100
    io_weight: Optional[int] = field(11, WireKind.UINT)
    #: bytes per second on the depot's device; 0: none
    io_read_rate: Optional[int] = field(12, WireKind.UINT)
    io_write_rate: Optional[int] = field(13, WireKind.UINT)


@dataclass
class CreateRequest(Message):
    """Creates a container."""

    @dataclass
    class BindMount(Message):
        """A directory or file of the host that is mounted in the container at `dst_path`, read-only or writable."""

        class Mode(enum.IntEnum):
            """Whether the container may write."""

            RO = 0
            RW = 1

        RO: ClassVar[Mode] = Mode.RO
        RW: ClassVar[Mode] = Mode.RW

        src_path: str = field(1, WireKind.TEXT, required=True)
        dst_path: str = field(2, WireKind.TEXT, required=True)
        mode: Mode = field(3, WireKind.ENUM, required=True, enum=Mode)

    bind_mounts: list[BindMount] = field(1, WireKind.MESSAGE, repeated=True, message=BindMount)
    grace_time: Optional[int] = field(2, WireKind.UINT32)
    handle: Optional[str] = field(3, WireKind.TEXT)
    network: Optional[str] = field(4, WireKind.TEXT)
    rootfs: Optional[str] = field(5, WireKind.TEXT)
    #: directories instead of rootfs, topmost first
    layers: list[str] = field(100, WireKind.TEXT, repeated=True)
    #: the writable layer lies on a tmpfs of this size
    tmpfs_bytes: Optional[int] = field(101, WireKind.UINT)
    tmpfs_inodes: Optional[int] = field(102, WireKind.UINT)
    #: NAME=VALUE, of every job
    env: list[str] = field(103, WireKind.TEXT, repeated=True)
    properties: list[Property] = field(104, WireKind.MESSAGE, repeated=True, message=Property)
    #: seconds after which it is destroyed, even if in use
    ttl: Optional[int] = field(105, WireKind.UINT32)
    hostname: Optional[str] = field(106, WireKind.TEXT)
    #: lines of /etc/hosts: "ADDRESS NAME..."
    hosts: list[str] = field(107, WireKind.TEXT, repeated=True)
    dns_servers: list[str] = field(108, WireKind.TEXT, repeated=True)
    #: size of /dev/shm
    shm_bytes: Optional[int] = field(109, WireKind.UINT)
    #: a repeated request with the same id gets the same answer
    request_id: Optional[str] = field(110, WireKind.TEXT)
    limits: Optional[Limits] = field(111, WireKind.MESSAGE, message=Limits)
    #: profile of system calls of its jobs
    seccomp: Optional[str] = field(136, WireKind.TEXT)
    #: of every job: setuid programs give no rights
    no_new_privs: Optional[bool] = field(137, WireKind.BOOL)


@dataclass
class CreateResponse(Message):
    """The handle of the new container."""

    handle: str = field(1, WireKind.TEXT, required=True)


@dataclass
class StopRequest(Message):
    """Ends the processes of a container."""

    handle: str = field(1, WireKind.TEXT, required=True)
    background: Optional[bool] = field(10, WireKind.BOOL)
    kill: Optional[bool] = field(20, WireKind.BOOL)


@dataclass
class StopResponse(Message):
    """Has no fields."""


@dataclass
class DestroyRequest(Message):
    """Removes a container."""

    handle: str = field(1, WireKind.TEXT, required=True)


@dataclass
class DestroyResponse(Message):
    """Has no fields."""


@dataclass
class InfoRequest(Message):
    """Asks for the state and the figures of a container."""

    handle: str = field(1, WireKind.TEXT, required=True)


@dataclass
class InfoResponse(Message):
    """The state and the figures of a container."""

    @dataclass
    class MemoryStat(Message):
        """memory.stat of the container's control group. A figure that the kernel does not report is absent."""

        cache: Optional[int] = field(1, WireKind.UINT)
        rss: Optional[int] = field(2, WireKind.UINT)
        mapped_file: Optional[int] = field(3, WireKind.UINT)
        pgpgin: Optional[int] = field(4, WireKind.UINT)
        pgpgout: Optional[int] = field(5, WireKind.UINT)
        swap: Optional[int] = field(6, WireKind.UINT)
        pgfault: Optional[int] = field(7, WireKind.UINT)
        pgmajfault: Optional[int] = field(8, WireKind.UINT)
        inactive_anon: Optional[int] = field(9, WireKind.UINT)
        active_anon: Optional[int] = field(10, WireKind.UINT)
        inactive_file: Optional[int] = field(11, WireKind.UINT)
        active_file: Optional[int] = field(12, WireKind.UINT)
        unevictable: Optional[int] = field(13, WireKind.UINT)
        hierarchical_memory_limit: Optional[int] = field(14, WireKind.UINT)
        hierarchical_memsw_limit: Optional[int] = field(15, WireKind.UINT)
        total_cache: Optional[int] = field(16, WireKind.UINT)
        total_rss: Optional[int] = field(17, WireKind.UINT)
        total_mapped_file: Optional[int] = field(18, WireKind.UINT)
        total_pgpgin: Optional[int] = field(19, WireKind.UINT)
        total_pgpgout: Optional[int] = field(20, WireKind.UINT)
        total_swap: Optional[int] = field(21, WireKind.UINT)
        total_pgfault: Optional[int] = field(22, WireKind.UINT)
        total_pgmajfault: Optional[int] = field(23, WireKind.UINT)
        total_inactive_anon: Optional[int] = field(24, WireKind.UINT)
        total_active_anon: Optional[int] = field(25, WireKind.UINT)
        total_inactive_file: Optional[int] = field(26, WireKind.UINT)
        total_active_file: Optional[int] = field(27, WireKind.UINT)
        total_unevictable: Optional[int] = field(28, WireKind.UINT)

    @dataclass
    class CpuStat(Message):
        """`usage` is in nanoseconds, `user` and `system` in ticks of USER_HZ."""

        usage: Optional[int] = field(1, WireKind.UINT)
        user: Optional[int] = field(2, WireKind.UINT)
        system: Optional[int] = field(3, WireKind.UINT)

    @dataclass
    class DiskStat(Message):
        """Disk space and inodes that the container's files use."""

        bytes_used: Optional[int] = field(1, WireKind.UINT)
        inodes_used: Optional[int] = field(2, WireKind.UINT)

    @dataclass
    class BandwidthStat(Message):
        """Rates in bytes per second, bursts in bytes; 4294967295: no limit. `in` is towards the container."""

        in_rate: Optional[int] = field(1, WireKind.UINT)
        in_burst: Optional[int] = field(2, WireKind.UINT)
        out_rate: Optional[int] = field(3, WireKind.UINT)
        out_burst: Optional[int] = field(4, WireKind.UINT)

    @dataclass
    class Pressure(Message):
        """Pressure stall information: hundredths of a percent of the last 10, 60 and 300 s, and the total in
        microseconds (kernel: Documentation/accounting/psi.rst).
        """

        avg10: Optional[int] = field(1, WireKind.UINT)
        avg60: Optional[int] = field(2, WireKind.UINT)
        avg300: Optional[int] = field(3, WireKind.UINT)
        total: Optional[int] = field(4, WireKind.UINT)

    @dataclass
    class NetworkStat(Message):
        """Counters of the container's interface, seen from inside."""

        rx_bytes: Optional[int] = field(1, WireKind.UINT)
        rx_packets: Optional[int] = field(2, WireKind.UINT)
        tx_bytes: Optional[int] = field(3, WireKind.UINT)
        tx_packets: Optional[int] = field(4, WireKind.UINT)

    state: Optional[str] = field(10, WireKind.TEXT)
    events: list[str] = field(20, WireKind.TEXT, repeated=True)
    host_ip: Optional[str] = field(30, WireKind.TEXT)
    container_ip: Optional[str] = field(31, WireKind.TEXT)
    container_path: Optional[str] = field(32, WireKind.TEXT)
    memory_stat: Optional[MemoryStat] = field(40, WireKind.MESSAGE, message=MemoryStat)
    cpu_stat: Optional[CpuStat] = field(41, WireKind.MESSAGE, message=CpuStat)
    disk_stat: Optional[DiskStat] = field(42, WireKind.MESSAGE, message=DiskStat)
    bandwidth_stat: Optional[BandwidthStat] = field(43, WireKind.MESSAGE, message=BandwidthStat)
    job_ids: list[int] = field(44, WireKind.UINT, repeated=True)
    properties: list[Property] = field(100, WireKind.MESSAGE, repeated=True, message=Property)
    hostname: Optional[str] = field(101, WireKind.TEXT)
    #: since 1970
    created_us: Optional[int] = field(102, WireKind.UINT)
    #: seconds
    ttl_left: Optional[int] = field(103, WireKind.UINT32)
    paused: Optional[bool] = field(104, WireKind.BOOL)
    #: it may run a warden: no user namespace
    nested: Optional[bool] = field(105, WireKind.BOOL)
    #: bytes
    peak_memory: Optional[int] = field(106, WireKind.UINT)
    oom_kills: Optional[int] = field(107, WireKind.UINT)
    processes: Optional[int] = field(108, WireKind.UINT)
    limits: Optional[Limits] = field(109, WireKind.MESSAGE, message=Limits)
    network_stat: Optional[NetworkStat] = field(110, WireKind.MESSAGE, message=NetworkStat)
    cpu_some: Optional[Pressure] = field(111, WireKind.MESSAGE, message=Pressure)
    memory_some: Optional[Pressure] = field(112, WireKind.MESSAGE, message=Pressure)
    memory_full: Optional[Pressure] = field(113, WireKind.MESSAGE, message=Pressure)
    io_some: Optional[Pressure] = field(114, WireKind.MESSAGE, message=Pressure)
    io_full: Optional[Pressure] = field(115, WireKind.MESSAGE, message=Pressure)
    #: as given to Create
    env: list[str] = field(116, WireKind.TEXT, repeated=True)
    rootfs: Optional[str] = field(117, WireKind.TEXT)
    #: why it is unreachable
    state_reason: Optional[str] = field(118, WireKind.TEXT)
    #: state destroying: what is in its way
    destroy_waits_for: Optional[str] = field(119, WireKind.TEXT)
    #: profile of system calls of its jobs, or why there is none
    seccomp: Optional[str] = field(120, WireKind.TEXT)
    #: bytes
    memory_bound: Optional[int] = field(121, WireKind.UINT)
    terminals: Optional[int] = field(122, WireKind.UINT)
    #: size of /dev/shm
    shm_bytes: Optional[int] = field(123, WireKind.UINT)
    #: of a process, unless its job has a limit of its own
    open_files: Optional[int] = field(124, WireKind.UINT)
    #: bytes a job writes, unless it has a limit of its own
    output_limit: Optional[int] = field(125, WireKind.UINT)
    #: of every job
    no_new_privs: Optional[bool] = field(126, WireKind.BOOL)
    #: the most files that it may have
    inode_bound: Optional[int] = field(127, WireKind.UINT)


@dataclass
class ResourceLimits(Message):
    """Limits of a job, soft and hard, with the names and units of getrlimit(2)."""

    as_: Optional[int] = field(1, WireKind.UINT)
    core: Optional[int] = field(2, WireKind.UINT)
    cpu: Optional[int] = field(3, WireKind.UINT)
    data: Optional[int] = field(4, WireKind.UINT)
    fsize: Optional[int] = field(5, WireKind.UINT)
    locks: Optional[int] = field(6, WireKind.UINT)
    memlock: Optional[int] = field(7, WireKind.UINT)
    msgqueue: Optional[int] = field(8, WireKind.UINT)
    nice: Optional[int] = field(9, WireKind.UINT)
    nofile: Optional[int] = field(10, WireKind.UINT)
    nproc: Optional[int] = field(11, WireKind.UINT)
    rss: Optional[int] = field(12, WireKind.UINT)
    rtprio: Optional[int] = field(13, WireKind.UINT)
    sigpending: Optional[int] = field(14, WireKind.UINT)
    stack: Optional[int] = field(15, WireKind.UINT)


class OutputPolicy(enum.IntEnum):
    """How output beyond the limit is handled."""

    KILL = 0  # every process of the job is killed
    HEAD_TAIL = 1  # the first and the last half of the limit are kept
    TAIL = 2  # the last bytes are kept


@dataclass
class SpawnRequest(Message):
    """Starts a job. RunRequest has the same fields."""

    handle: str = field(1, WireKind.TEXT, required=True)
    #: required without argv
    script: Optional[bytes] = field(2, WireKind.DATA)
    privileged: Optional[bool] = field(3, WireKind.BOOL)
    rlimits: Optional[ResourceLimits] = field(4, WireKind.MESSAGE, message=ResourceLimits)
    discard_output: Optional[bool] = field(5, WireKind.BOOL)
    log_tag: Optional[str] = field(6, WireKind.TEXT)
    #: instead of a script; the first is looked up in PATH
    argv: list[str] = field(100, WireKind.TEXT, repeated=True)
    #: NAME=VALUE, over those of image and container
    env: list[str] = field(101, WireKind.TEXT, repeated=True)
    working_dir: Optional[str] = field(102, WireKind.TEXT)
    #: USER or USER:GROUP, names or numbers
    user: Optional[str] = field(103, WireKind.TEXT)
    #: limits; absent or 0: none
    wall_time_us: Optional[int] = field(104, WireKind.UINT)
    cpu_time_us: Optional[int] = field(105, WireKind.UINT)
    nice: Optional[int] = field(106, WireKind.INT32)
    #: "0-2,4"
    cpus: Optional[str] = field(107, WireKind.TEXT)
    #: a cpu that no other job with a lease gets
    lease_cpu: Optional[bool] = field(108, WireKind.BOOL)
    #: bytes, of the job alone
    memory_limit: Optional[int] = field(109, WireKind.UINT)
    process_limit: Optional[int] = field(110, WireKind.UINT)
    #: its own control group: figures start at 0 and include every descendant
    own_cgroup: Optional[bool] = field(111, WireKind.BOOL)
    #: standard input is written by JobInput
    stdin: Optional[bool] = field(112, WireKind.BOOL)
    #: its three descriptors are a terminal
    terminal: Optional[bool] = field(113, WireKind.BOOL)
    rows: Optional[int] = field(114, WireKind.UINT32)
    columns: Optional[int] = field(115, WireKind.UINT32)
    #: link answers until Collect
    keep: Optional[bool] = field(116, WireKind.BOOL)
    output_policy: Optional[OutputPolicy] = field(117, WireKind.ENUM, enum=OutputPolicy)
    #: bytes, instead of job_output_limit
    output_limit: Optional[int] = field(118, WireKind.UINT)
    #: a repeated request with the same id gets the same answer
    request_id: Optional[str] = field(119, WireKind.TEXT)
    #: address randomisation off
    no_aslr: Optional[bool] = field(120, WireKind.BOOL)
    no_swap: Optional[bool] = field(121, WireKind.BOOL)
    #: up to the memory
    stack_unlimited: Optional[bool] = field(122, WireKind.BOOL)
    #: profile of system calls, instead of the container's
    seccomp: Optional[str] = field(123, WireKind.TEXT)
    #: setuid programs give no rights
    no_new_privs: Optional[bool] = field(124, WireKind.BOOL)


@dataclass
class SpawnResponse(Message):
    """The number of the new job."""

    job_id: int = field(1, WireKind.UINT32, required=True)


@dataclass
class LinkRequest(Message):
    """Waits for the end of a job."""

    handle: str = field(1, WireKind.TEXT, required=True)
    job_id: int = field(2, WireKind.UINT32, required=True)


@dataclass
class JobEnd(Message):
    """How a job ended, and its figures. A figure that is not known is absent."""

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

    EXITED: ClassVar[Reason] = Reason.EXITED
    SIGNAL: ClassVar[Reason] = Reason.SIGNAL
    WALL_TIME: ClassVar[Reason] = Reason.WALL_TIME
    CPU_TIME: ClassVar[Reason] = Reason.CPU_TIME
    MEMORY: ClassVar[Reason] = Reason.MEMORY
    OUTPUT: ClassVar[Reason] = Reason.OUTPUT
    STOPPED: ClassVar[Reason] = Reason.STOPPED
    START_FAILED: ClassVar[Reason] = Reason.START_FAILED

    reason: Optional[Reason] = field(1, WireKind.ENUM, enum=Reason)
    signal: Optional[int] = field(2, WireKind.INT32)
    start_error: Optional[str] = field(3, WireKind.TEXT)
    wall_us: Optional[int] = field(4, WireKind.UINT)
    user_us: Optional[int] = field(5, WireKind.UINT)
    system_us: Optional[int] = field(6, WireKind.UINT)
    #: bytes
    peak_memory: Optional[int] = field(7, WireKind.UINT)
    minor_faults: Optional[int] = field(8, WireKind.UINT)
    major_faults: Optional[int] = field(9, WireKind.UINT)
    voluntary_switches: Optional[int] = field(10, WireKind.UINT)
    involuntary_switches: Optional[int] = field(11, WireKind.UINT)
    read_bytes: Optional[int] = field(12, WireKind.UINT)
    written_bytes: Optional[int] = field(13, WireKind.UINT)
    peak_processes: Optional[int] = field(14, WireKind.UINT)
    #: the figures are those of its own control group
    own_cgroup: Optional[bool] = field(15, WireKind.BOOL)
    #: bytes missing in stdout ...
    stdout_dropped: Optional[int] = field(16, WireKind.UINT)
    #: ... after this many bytes
    stdout_dropped_at: Optional[int] = field(17, WireKind.UINT)
    stderr_dropped: Optional[int] = field(18, WireKind.UINT)
    stderr_dropped_at: Optional[int] = field(19, WireKind.UINT)
    #: number of this end among the ends of all jobs
    end_sequence: Optional[int] = field(20, WireKind.UINT)
    #: since 1970
    started_us: Optional[int] = field(21, WireKind.UINT)


@dataclass
class LinkResponse(Message):
    """How a job ended, and its whole output."""

    exit_status: Optional[int] = field(1, WireKind.UINT32)
    stdout: Optional[bytes] = field(2, WireKind.DATA)
    stderr: Optional[bytes] = field(3, WireKind.DATA)
    info: Optional[InfoResponse] = field(4, WireKind.MESSAGE, message=InfoResponse)
    end: Optional[JobEnd] = field(100, WireKind.MESSAGE, message=JobEnd)


@dataclass
class RunRequest(Message):
    """Starts a job and waits for its end. SpawnRequest has the same fields."""

    handle: str = field(1, WireKind.TEXT, required=True)
    #: required without argv
    script: Optional[bytes] = field(2, WireKind.DATA)
    privileged: Optional[bool] = field(3, WireKind.BOOL)
    rlimits: Optional[ResourceLimits] = field(4, WireKind.MESSAGE, message=ResourceLimits)
    discard_output: Optional[bool] = field(5, WireKind.BOOL)
    log_tag: Optional[str] = field(6, WireKind.TEXT)
    #: instead of a script; the first is looked up in PATH
    argv: list[str] = field(100, WireKind.TEXT, repeated=True)
    #: NAME=VALUE, over those of image and container
    env: list[str] = field(101, WireKind.TEXT, repeated=True)
    working_dir: Optional[str] = field(102, WireKind.TEXT)
    #: USER or USER:GROUP, names or numbers
    user: Optional[str] = field(103, WireKind.TEXT)
    #: limits; absent or 0: none
    wall_time_us: Optional[int] = field(104, WireKind.UINT)
    cpu_time_us: Optional[int] = field(105, WireKind.UINT)
    nice: Optional[int] = field(106, WireKind.INT32)
    #: "0-2,4"
    cpus: Optional[str] = field(107, WireKind.TEXT)
    #: a cpu that no other job with a lease gets
    lease_cpu: Optional[bool] = field(108, WireKind.BOOL)
    #: bytes, of the job alone
    memory_limit: Optional[int] = field(109, WireKind.UINT)
    process_limit: Optional[int] = field(110, WireKind.UINT)
    #: its own control group: figures start at 0 and include every descendant
    own_cgroup: Optional[bool] = field(111, WireKind.BOOL)
    #: standard input is written by JobInput
    stdin: Optional[bool] = field(112, WireKind.BOOL)
    #: its three descriptors are a terminal
    terminal: Optional[bool] = field(113, WireKind.BOOL)
    rows: Optional[int] = field(114, WireKind.UINT32)
    columns: Optional[int] = field(115, WireKind.UINT32)
    #: link answers until Collect
    keep: Optional[bool] = field(116, WireKind.BOOL)
    output_policy: Optional[OutputPolicy] = field(117, WireKind.ENUM, enum=OutputPolicy)
    #: bytes, instead of job_output_limit
    output_limit: Optional[int] = field(118, WireKind.UINT)
    #: a repeated request with the same id gets the same answer
    request_id: Optional[str] = field(119, WireKind.TEXT)
    #: address randomisation off
    no_aslr: Optional[bool] = field(120, WireKind.BOOL)
    no_swap: Optional[bool] = field(121, WireKind.BOOL)
    #: up to the memory
    stack_unlimited: Optional[bool] = field(122, WireKind.BOOL)
    #: profile of system calls, instead of the container's
    seccomp: Optional[str] = field(123, WireKind.TEXT)
    #: setuid programs give no rights
    no_new_privs: Optional[bool] = field(124, WireKind.BOOL)


@dataclass
class RunResponse(Message):
    """How a job ended, and its whole output."""

    exit_status: Optional[int] = field(1, WireKind.UINT32)
    stdout: Optional[bytes] = field(2, WireKind.DATA)
    stderr: Optional[bytes] = field(3, WireKind.DATA)
    info: Optional[InfoResponse] = field(4, WireKind.MESSAGE, message=InfoResponse)
    end: Optional[JobEnd] = field(100, WireKind.MESSAGE, message=JobEnd)
    job_id: Optional[int] = field(101, WireKind.UINT32)


@dataclass
class StreamRequest(Message):
    """Asks for the output of a job as it is written."""

    handle: str = field(1, WireKind.TEXT, required=True)
    job_id: int = field(2, WireKind.UINT32, required=True)
    #: start behind so many bytes instead of with the first one
    stdout_offset: Optional[int] = field(100, WireKind.UINT)
    stderr_offset: Optional[int] = field(101, WireKind.UINT)


@dataclass
class StreamResponse(Message):
    """A part of a job's output (`name` is "stdout" or "stderr"); the last answer has `exit_status` instead."""

    name: Optional[str] = field(1, WireKind.TEXT)
    data: Optional[bytes] = field(2, WireKind.DATA)
    exit_status: Optional[int] = field(3, WireKind.UINT32)
    info: Optional[InfoResponse] = field(4, WireKind.MESSAGE, message=InfoResponse)
    end: Optional[JobEnd] = field(100, WireKind.MESSAGE, message=JobEnd)
    #: bytes of the stream before `data`
    offset: Optional[int] = field(101, WireKind.UINT)


@dataclass
class NetInRequest(Message):
    """Forwards a port of the host to a port of the container."""

    class Protocol(enum.IntEnum):
        """What is forwarded; absent: TCP."""

        TCP = 0
        UDP = 1

    TCP: ClassVar[Protocol] = Protocol.TCP
    UDP: ClassVar[Protocol] = Protocol.UDP

    handle: str = field(1, WireKind.TEXT, required=True)
    host_port: Optional[int] = field(3, WireKind.UINT32)
    container_port: Optional[int] = field(2, WireKind.UINT32)
    protocol: Optional[Protocol] = field(100, WireKind.ENUM, enum=Protocol)


@dataclass
class NetInResponse(Message):
    """Both ports of a forward."""

    host_port: int = field(1, WireKind.UINT32, required=True)
    container_port: int = field(2, WireKind.UINT32, required=True)


@dataclass
class NetOutRequest(Message):
    """Allows traffic out of the container."""

    class Protocol(enum.IntEnum):
        """What is allowed."""

        TCP = 0
        UDP = 1
        ICMP = 2
        ALL = 3

    TCP: ClassVar[Protocol] = Protocol.TCP
    UDP: ClassVar[Protocol] = Protocol.UDP
    ICMP: ClassVar[Protocol] = Protocol.ICMP
    ALL: ClassVar[Protocol] = Protocol.ALL

    handle: str = field(1, WireKind.TEXT, required=True)
    network: Optional[str] = field(2, WireKind.TEXT)
    port: Optional[int] = field(3, WireKind.UINT32)
    port_range: Optional[str] = field(4, WireKind.TEXT)
    protocol: Optional[Protocol] = field(5, WireKind.ENUM, enum=Protocol)
    icmp_type: Optional[int] = field(6, WireKind.INT32)
    icmp_code: Optional[int] = field(7, WireKind.INT32)
    log: Optional[bool] = field(8, WireKind.BOOL)


@dataclass
class NetOutResponse(Message):
    """Has no fields."""


@dataclass
class CopyInRequest(Message):
    """Copies from the host into the container."""

    handle: str = field(1, WireKind.TEXT, required=True)
    src_path: str = field(2, WireKind.TEXT, required=True)
    dst_path: str = field(3, WireKind.TEXT, required=True)
    #: also answers with the progress
    progress: Optional[bool] = field(100, WireKind.BOOL)


@dataclass
class CopyInResponse(Message):
    """Progress of the copy, if the request has `progress`. The last answer has only what was not copied, if
    anything.
    """

    files: Optional[int] = field(100, WireKind.UINT)
    bytes: Optional[int] = field(101, WireKind.UINT)
    #: left out: fifos, sockets, devices, what is in file systems of the kernel
    skipped: Optional[int] = field(102, WireKind.UINT)
    #: vanished or changed while they were copied
    vanished: Optional[int] = field(103, WireKind.UINT)


@dataclass
class CopyOutRequest(Message):
    """Copies from the container to the host."""

    handle: str = field(1, WireKind.TEXT, required=True)
    src_path: str = field(2, WireKind.TEXT, required=True)
    dst_path: str = field(3, WireKind.TEXT, required=True)
    owner: Optional[str] = field(4, WireKind.TEXT)
    #: also answers with the progress
    progress: Optional[bool] = field(100, WireKind.BOOL)
    #: setuid and setgid bits too
    keep_modes: Optional[bool] = field(101, WireKind.BOOL)


@dataclass
class CopyOutResponse(Message):
    """Progress of the copy, if the request has `progress`. The last answer has only what was not copied, if
    anything.
    """

    files: Optional[int] = field(100, WireKind.UINT)
    bytes: Optional[int] = field(101, WireKind.UINT)
    #: left out: fifos, sockets, devices, what is in file systems of the kernel
    skipped: Optional[int] = field(102, WireKind.UINT)
    #: vanished or changed while they were copied
    vanished: Optional[int] = field(103, WireKind.UINT)


@dataclass
class LimitMemoryRequest(Message):
    """Sets the limit of memory and of memory and swap together. Without a number: reads it."""

    handle: str = field(1, WireKind.TEXT, required=True)
    limit_in_bytes: Optional[int] = field(2, WireKind.UINT)


@dataclass
class LimitMemoryResponse(Message):
    """The limit in force."""

    limit_in_bytes: Optional[int] = field(1, WireKind.UINT)


@dataclass
class LimitCpuRequest(Message):
    """Sets the cpu shares. Without a number: reads them."""

    handle: str = field(1, WireKind.TEXT, required=True)
    limit_in_shares: Optional[int] = field(2, WireKind.UINT)


@dataclass
class LimitCpuResponse(Message):
    """The shares in force."""

    limit_in_shares: Optional[int] = field(1, WireKind.UINT)


@dataclass
class LimitDiskRequest(Message):
    """Sets the disk limits. Without a number: reads them. Blocks have 1 KiB; 0: no limit."""

    handle: str = field(1, WireKind.TEXT, required=True)
    block_limit: Optional[int] = field(10, WireKind.UINT)
    block: Optional[int] = field(11, WireKind.UINT)
    block_soft: Optional[int] = field(12, WireKind.UINT)
    block_hard: Optional[int] = field(13, WireKind.UINT)
    inode_limit: Optional[int] = field(20, WireKind.UINT)
    inode: Optional[int] = field(21, WireKind.UINT)
    inode_soft: Optional[int] = field(22, WireKind.UINT)
    inode_hard: Optional[int] = field(23, WireKind.UINT)
    byte_limit: Optional[int] = field(30, WireKind.UINT)
    byte: Optional[int] = field(31, WireKind.UINT)
    byte_soft: Optional[int] = field(32, WireKind.UINT)
    byte_hard: Optional[int] = field(33, WireKind.UINT)


@dataclass
class LimitDiskResponse(Message):
    """The disk limits in force."""

    block_limit: Optional[int] = field(10, WireKind.UINT)
    block: Optional[int] = field(11, WireKind.UINT)
    block_soft: Optional[int] = field(12, WireKind.UINT)
    block_hard: Optional[int] = field(13, WireKind.UINT)
    inode_limit: Optional[int] = field(20, WireKind.UINT)
    inode: Optional[int] = field(21, WireKind.UINT)
    inode_soft: Optional[int] = field(22, WireKind.UINT)
    inode_hard: Optional[int] = field(23, WireKind.UINT)
    byte_limit: Optional[int] = field(30, WireKind.UINT)
    byte: Optional[int] = field(31, WireKind.UINT)
    byte_soft: Optional[int] = field(32, WireKind.UINT)
    byte_hard: Optional[int] = field(33, WireKind.UINT)


@dataclass
class LimitBandwidthRequest(Message):
    """Sets the bandwidth of both directions, in bytes per second and bytes."""

    handle: str = field(1, WireKind.TEXT, required=True)
    rate: int = field(2, WireKind.UINT, required=True)
    burst: int = field(3, WireKind.UINT, required=True)


@dataclass
class LimitBandwidthResponse(Message):
    """The bandwidth in force."""

    rate: int = field(1, WireKind.UINT, required=True)
    burst: int = field(2, WireKind.UINT, required=True)


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
    properties: list[Property] = field(100, WireKind.MESSAGE, repeated=True, message=Property)


@dataclass
class ListResponse(Message):
    """The handles, in the order of creation."""

    handles: list[str] = field(1, WireKind.TEXT, repeated=True)


@dataclass
class EchoRequest(Message):
    """Asks for the same message back."""

    message: bytes = field(1, WireKind.DATA, required=True)


@dataclass
class EchoResponse(Message):
    """The message of the request."""

    message: bytes = field(1, WireKind.DATA, required=True)


@dataclass
class NetListRequest(Message):
    """Asks for the rules of a container."""

    handle: str = field(1, WireKind.TEXT, required=True)


@dataclass
class NetListResponse(Message):
    """The rules, in the order in which they are tried: the newest first. Their `handle` is empty."""

    in_: list[NetInRequest] = field(1, WireKind.MESSAGE, repeated=True, message=NetInRequest)
    out: list[NetOutRequest] = field(2, WireKind.MESSAGE, repeated=True, message=NetOutRequest)


@dataclass
class NetRemoveRequest(Message):
    """Removes the rules that equal those given. If one of them does not exist the request fails and nothing is
    changed.
    """

    handle: str = field(1, WireKind.TEXT, required=True)
    in_: list[NetInRequest] = field(2, WireKind.MESSAGE, repeated=True, message=NetInRequest)
    out: list[NetOutRequest] = field(3, WireKind.MESSAGE, repeated=True, message=NetOutRequest)


@dataclass
class NetRemoveResponse(Message):
    """Has no fields."""


@dataclass
class NetReplaceRequest(Message):
    """Replaces all rules at once. A host port that is absent in `in` is taken from the pool."""

    handle: str = field(1, WireKind.TEXT, required=True)
    in_: list[NetInRequest] = field(2, WireKind.MESSAGE, repeated=True, message=NetInRequest)
    #: the first match wins
    out: list[NetOutRequest] = field(3, WireKind.MESSAGE, repeated=True, message=NetOutRequest)


@dataclass
class NetReplaceResponse(Message):
    """The ports of the forwards, in the order of the request."""

    in_: list[NetInResponse] = field(1, WireKind.MESSAGE, repeated=True, message=NetInResponse)


@dataclass
class LimitRequest(Message):
    """Sets several limits, all or none. Without `limits`: reads them."""

    handle: str = field(1, WireKind.TEXT, required=True)
    limits: Optional[Limits] = field(2, WireKind.MESSAGE, message=Limits)


@dataclass
class LimitResponse(Message):
    """All limits in force."""

    limits: Optional[Limits] = field(1, WireKind.MESSAGE, message=Limits)


@dataclass
class PauseRequest(Message):
    """Freezes every process of a container."""

    handle: str = field(1, WireKind.TEXT, required=True)


@dataclass
class PauseResponse(Message):
    """Has no fields."""


@dataclass
class ResumeRequest(Message):
    """Thaws a paused container."""

    handle: str = field(1, WireKind.TEXT, required=True)


@dataclass
class ResumeResponse(Message):
    """Has no fields."""


@dataclass
class InfoManyRequest(Message):
    """Asks for the info of several containers, or of all if `handles` is empty."""

    handles: list[str] = field(1, WireKind.TEXT, repeated=True)
    #: those with all of these
    properties: list[Property] = field(2, WireKind.MESSAGE, repeated=True, message=Property)


@dataclass
class InfoManyResponse(Message):
    """The infos, in the order of the handles, or of creation."""

    @dataclass
    class Entry(Message):
        """The info of a container, or the error why there is none."""

        handle: str = field(1, WireKind.TEXT, required=True)
        info: Optional[InfoResponse] = field(2, WireKind.MESSAGE, message=InfoResponse)
        error: Optional[str] = field(3, WireKind.TEXT)

    entries: list[Entry] = field(1, WireKind.MESSAGE, repeated=True, message=Entry)


@dataclass
class TarInRequest(Message):
    """Starts to unpack a tar stream below `dst_path`, which is made if it is missing. The stream is sent by
    TarData on the same connection.
    """

    handle: str = field(1, WireKind.TEXT, required=True)
    dst_path: str = field(2, WireKind.TEXT, required=True)


@dataclass
class TarInResponse(Message):
    """Has no fields."""


@dataclass
class TarDataRequest(Message):
    """A part of the stream of TarIn. The answer to the part with `end` means that everything is unpacked."""

    data: Optional[bytes] = field(1, WireKind.DATA)
    end: Optional[bool] = field(2, WireKind.BOOL)


@dataclass
class TarDataResponse(Message):
    """Answers `TarDataRequest`."""

    #: with `end`: left out, devices, fifos and hard links to them
    skipped: Optional[int] = field(100, WireKind.UINT)


@dataclass
class TarOutRequest(Message):
    """Asks for a file or a tree as a tar stream (pax)."""

    handle: str = field(1, WireKind.TEXT, required=True)
    src_path: str = field(2, WireKind.TEXT, required=True)
    #: setuid and setgid bits too
    keep_modes: Optional[bool] = field(101, WireKind.BOOL)


@dataclass
class TarOutResponse(Message):
    """A part of the stream; the last answer has `end`."""

    data: Optional[bytes] = field(1, WireKind.DATA)
    end: Optional[bool] = field(2, WireKind.BOOL)
    #: with `end`; as in CopyOutResponse
    skipped: Optional[int] = field(100, WireKind.UINT)
    #: with `end`; as in CopyOutResponse
    vanished: Optional[int] = field(101, WireKind.UINT)


@dataclass
class FileReadRequest(Message):
    """Reads a file."""

    handle: str = field(1, WireKind.TEXT, required=True)
    path: str = field(2, WireKind.TEXT, required=True)
    offset: Optional[int] = field(3, WireKind.UINT)
    #: at most; absent: to the end, up to the frame limit
    length: Optional[int] = field(4, WireKind.UINT)


@dataclass
class FileReadResponse(Message):
    """The bytes that were read."""

    data: bytes = field(1, WireKind.DATA, required=True)
    #: of the whole file
    size: int = field(2, WireKind.UINT, required=True)


@dataclass
class FileWriteRequest(Message):
    """Writes a file."""

    handle: str = field(1, WireKind.TEXT, required=True)
    path: str = field(2, WireKind.TEXT, required=True)
    data: bytes = field(3, WireKind.DATA, required=True)
    #: of a new file; default 0644
    mode: Optional[int] = field(4, WireKind.UINT32)
    #: absent: the file is replaced atomically
    offset: Optional[int] = field(5, WireKind.UINT)


@dataclass
class FileWriteResponse(Message):
    """Has no fields."""


@dataclass
class FileListRequest(Message):
    """Lists a directory."""

    handle: str = field(1, WireKind.TEXT, required=True)
    path: str = field(2, WireKind.TEXT, required=True)


@dataclass
class FileListResponse(Message):
    """The entries by name; of a file, the file itself."""

    @dataclass
    class Entry(Message):
        """An entry of a directory."""

        class Type(enum.IntEnum):
            """The type of a file."""

            FILE = 1
            DIRECTORY = 2
            SYMLINK = 3
            OTHER = 4

        FILE: ClassVar[Type] = Type.FILE
        DIRECTORY: ClassVar[Type] = Type.DIRECTORY
        SYMLINK: ClassVar[Type] = Type.SYMLINK
        OTHER: ClassVar[Type] = Type.OTHER

        name: str = field(1, WireKind.TEXT, required=True)
        type: Type = field(2, WireKind.ENUM, required=True, enum=Type)
        mode: Optional[int] = field(3, WireKind.UINT32)
        size: Optional[int] = field(4, WireKind.UINT)
        #: since 1970
        modified_us: Optional[int] = field(5, WireKind.INT)
        #: inside the container
        uid: Optional[int] = field(6, WireKind.UINT32)
        gid: Optional[int] = field(7, WireKind.UINT32)
        #: of a symlink
        target: Optional[str] = field(8, WireKind.TEXT)

    entries: list[Entry] = field(1, WireKind.MESSAGE, repeated=True, message=Entry)


@dataclass
class FileRemoveRequest(Message):
    """Removes a file, an empty directory or, with `recursive`, a tree."""

    handle: str = field(1, WireKind.TEXT, required=True)
    path: str = field(2, WireKind.TEXT, required=True)
    recursive: Optional[bool] = field(3, WireKind.BOOL)


@dataclass
class FileRemoveResponse(Message):
    """Has no fields."""


@dataclass
class FileWatchRequest(Message):
    """Asks for the changes in a directory or of a file, until the connection is closed or the container is
    destroyed.
    """

    handle: str = field(1, WireKind.TEXT, required=True)
    path: str = field(2, WireKind.TEXT, required=True)


@dataclass
class FileWatchResponse(Message):
    """A change."""

    class Change(enum.IntEnum):
        """The change of a file."""

        CREATED = 1
        MODIFIED = 2
        REMOVED = 3
        ATTRIBUTES = 4
        MISSED = 5  # changes were lost: list again
        ENDED = 6  # the last answer: the watched file was removed
        WATCHING = 7  # the first answer

    CREATED: ClassVar[Change] = Change.CREATED
    MODIFIED: ClassVar[Change] = Change.MODIFIED
    REMOVED: ClassVar[Change] = Change.REMOVED
    ATTRIBUTES: ClassVar[Change] = Change.ATTRIBUTES
    MISSED: ClassVar[Change] = Change.MISSED
    ENDED: ClassVar[Change] = Change.ENDED
    WATCHING: ClassVar[Change] = Change.WATCHING

    change: Change = field(1, WireKind.ENUM, required=True, enum=Change)
    #: in the directory
    name: Optional[str] = field(2, WireKind.TEXT)


@dataclass
class JobInputRequest(Message):
    """Writes to the standard input of a job. The answer is sent when the job's pipe has taken all of it."""

    handle: str = field(1, WireKind.TEXT, required=True)
    job_id: int = field(2, WireKind.UINT32, required=True)
    data: Optional[bytes] = field(3, WireKind.DATA)
    #: closes standard input after the data
    end: Optional[bool] = field(4, WireKind.BOOL)
    #: a daemon that ends may answer with a part of the data accepted
    partial: Optional[bool] = field(5, WireKind.BOOL)


@dataclass
class JobInputResponse(Message):
    """Answers `JobInputRequest`."""

    #: bytes; absent: all, and the end
    accepted: Optional[int] = field(1, WireKind.UINT)


@dataclass
class JobSignalRequest(Message):
    """Sends a signal to every process of a job."""

    handle: str = field(1, WireKind.TEXT, required=True)
    job_id: int = field(2, WireKind.UINT32, required=True)
    #: to every process of the job
    signal: int = field(3, WireKind.UINT32, required=True)


@dataclass
class JobSignalResponse(Message):
    """Has no fields."""


@dataclass
class JobResizeRequest(Message):
    """Changes the size of a job's terminal."""

    handle: str = field(1, WireKind.TEXT, required=True)
    job_id: int = field(2, WireKind.UINT32, required=True)
    rows: int = field(3, WireKind.UINT32, required=True)
    columns: int = field(4, WireKind.UINT32, required=True)


@dataclass
class JobResizeResponse(Message):
    """Has no fields."""


@dataclass
class AttachRequest(Message):
    """Asks for the output of a job as it is written, like Stream, but does not collect the job."""

    handle: str = field(1, WireKind.TEXT, required=True)
    job_id: int = field(2, WireKind.UINT32, required=True)
    #: start with the first byte, else with new output
    replay: Optional[bool] = field(3, WireKind.BOOL)
    #: start behind so many bytes, whatever `replay` says
    stdout_offset: Optional[int] = field(100, WireKind.UINT)
    stderr_offset: Optional[int] = field(101, WireKind.UINT)


@dataclass
class AttachResponse(Message):
    """A part of a job's output; the last answer has `exit_status` instead."""

    name: Optional[str] = field(1, WireKind.TEXT)
    data: Optional[bytes] = field(2, WireKind.DATA)
    exit_status: Optional[int] = field(3, WireKind.UINT32)
    info: Optional[InfoResponse] = field(4, WireKind.MESSAGE, message=InfoResponse)
    end: Optional[JobEnd] = field(100, WireKind.MESSAGE, message=JobEnd)
    #: bytes of the stream before `data`
    offset: Optional[int] = field(101, WireKind.UINT)


@dataclass
class JobsRequest(Message):
    """Lists the jobs of a container."""

    handle: str = field(1, WireKind.TEXT, required=True)


@dataclass
class JobsResponse(Message):
    """The jobs by number."""

    @dataclass
    class Job(Message):
        """A job that can be linked or attached."""

        job_id: int = field(1, WireKind.UINT32, required=True)
        running: bool = field(2, WireKind.BOOL, required=True)
        #: the beginning of its script or argv
        command: Optional[str] = field(3, WireKind.TEXT)
        user: Optional[str] = field(4, WireKind.TEXT)
        #: since 1970
        started_us: Optional[int] = field(5, WireKind.UINT)
        stdout_bytes: Optional[int] = field(6, WireKind.UINT)
        stderr_bytes: Optional[int] = field(7, WireKind.UINT)
        kept: Optional[bool] = field(8, WireKind.BOOL)
        terminal: Optional[bool] = field(9, WireKind.BOOL)
        stdin: Optional[bool] = field(10, WireKind.BOOL)
        exit_status: Optional[int] = field(11, WireKind.UINT32)
        end: Optional[JobEnd] = field(12, WireKind.MESSAGE, message=JobEnd)

    jobs: list[Job] = field(1, WireKind.MESSAGE, repeated=True, message=Job)


@dataclass
class SpawnPairRequest(Message):
    """Starts two jobs, each reading the other's standard output on its standard input. Both are started, or none."""

    handle: str = field(1, WireKind.TEXT, required=True)
    #: its handle is ignored
    first: SpawnRequest = field(2, WireKind.MESSAGE, required=True, message=SpawnRequest)
    second: SpawnRequest = field(3, WireKind.MESSAGE, required=True, message=SpawnRequest)


@dataclass
class SpawnPairResponse(Message):
    """The numbers of the two jobs."""

    first_job_id: int = field(1, WireKind.UINT32, required=True)
    second_job_id: int = field(2, WireKind.UINT32, required=True)


@dataclass
class CollectRequest(Message):
    """Discards a job that was started with `keep`."""

    handle: str = field(1, WireKind.TEXT, required=True)
    job_id: int = field(2, WireKind.UINT32, required=True)


@dataclass
class CollectResponse(Message):
    """Has no fields."""


@dataclass
class EventsRequest(Message):
    """Asks for events as they happen, until the connection is closed. An absent condition matches all."""

    handles: list[str] = field(1, WireKind.TEXT, repeated=True)
    properties: list[Property] = field(2, WireKind.MESSAGE, repeated=True, message=Property)
    #: start after this sequence number, if it is still kept
    after: Optional[int] = field(3, WireKind.UINT)


@dataclass
class EventsResponse(Message):
    """An event."""

    class Kind(enum.IntEnum):
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

    SUBSCRIBED: ClassVar[Kind] = Kind.SUBSCRIBED
    CREATED: ClassVar[Kind] = Kind.CREATED
    JOB_STARTED: ClassVar[Kind] = Kind.JOB_STARTED
    JOB_ENDED: ClassVar[Kind] = Kind.JOB_ENDED
    OOM: ClassVar[Kind] = Kind.OOM
    LIMIT_REACHED: ClassVar[Kind] = Kind.LIMIT_REACHED
    STOPPED: ClassVar[Kind] = Kind.STOPPED
    DESTROYED: ClassVar[Kind] = Kind.DESTROYED
    MISSED: ClassVar[Kind] = Kind.MISSED
    UNREACHABLE: ClassVar[Kind] = Kind.UNREACHABLE
    REACHABLE: ClassVar[Kind] = Kind.REACHABLE

    kind: Kind = field(1, WireKind.ENUM, required=True, enum=Kind)
    sequence: int = field(2, WireKind.UINT, required=True)
    #: since 1970
    time_us: Optional[int] = field(3, WireKind.UINT)
    handle: Optional[str] = field(4, WireKind.TEXT)
    job_id: Optional[int] = field(5, WireKind.UINT32)
    exit_status: Optional[int] = field(6, WireKind.UINT32)
    reason: Optional[JobEnd.Reason] = field(7, WireKind.ENUM, enum=JobEnd.Reason)
    detail: Optional[str] = field(8, WireKind.TEXT)
    missed: Optional[int] = field(9, WireKind.UINT)


@dataclass
class StatusRequest(Message):
    """Asks what the daemon is and what it found on its host."""


@dataclass
class StatusResponse(Message):
    """The daemon's version and backend, and what it found on its host."""

    @dataclass
    class Fact(Message):
        """A finding about the host."""

        name: str = field(1, WireKind.TEXT, required=True)
        value: str = field(2, WireKind.TEXT, required=True)
        good: bool = field(3, WireKind.BOOL, required=True)
        #: consequence of what is missing
        effect: Optional[str] = field(4, WireKind.TEXT)
        remedy: Optional[str] = field(5, WireKind.TEXT)

    version: str = field(1, WireKind.TEXT, required=True)
    backend: str = field(2, WireKind.TEXT, required=True)
    facts: list[Fact] = field(3, WireKind.MESSAGE, repeated=True, message=Fact)


# Short names of nested types.
BindMount = CreateRequest.BindMount
BindMode = CreateRequest.BindMount.Mode
MemoryStat = InfoResponse.MemoryStat
CpuStat = InfoResponse.CpuStat
DiskStat = InfoResponse.DiskStat
BandwidthStat = InfoResponse.BandwidthStat
Pressure = InfoResponse.Pressure
NetworkStat = InfoResponse.NetworkStat
Reason = JobEnd.Reason
NetInProtocol = NetInRequest.Protocol
Protocol = NetOutRequest.Protocol
InfoEntry = InfoManyResponse.Entry
FileEntry = FileListResponse.Entry
FileType = FileListResponse.Entry.Type
Change = FileWatchResponse.Change
Job = JobsResponse.Job
EventKind = EventsResponse.Kind
Fact = StatusResponse.Fact

ERROR_TYPE = Envelope.Type.Error

#: Type number, request and response.
TYPES: tuple[tuple[Envelope.Type, type[Message], type[Message]], ...] = (
    (Envelope.Type.Create, CreateRequest, CreateResponse),
    (Envelope.Type.Stop, StopRequest, StopResponse),
    (Envelope.Type.Destroy, DestroyRequest, DestroyResponse),
    (Envelope.Type.Info, InfoRequest, InfoResponse),
    (Envelope.Type.Spawn, SpawnRequest, SpawnResponse),
    (Envelope.Type.Link, LinkRequest, LinkResponse),
    (Envelope.Type.Run, RunRequest, RunResponse),
    (Envelope.Type.Stream, StreamRequest, StreamResponse),
    (Envelope.Type.NetIn, NetInRequest, NetInResponse),
    (Envelope.Type.NetOut, NetOutRequest, NetOutResponse),
    (Envelope.Type.CopyIn, CopyInRequest, CopyInResponse),
    (Envelope.Type.CopyOut, CopyOutRequest, CopyOutResponse),
    (Envelope.Type.LimitMemory, LimitMemoryRequest, LimitMemoryResponse),
    (Envelope.Type.LimitDisk, LimitDiskRequest, LimitDiskResponse),
    (Envelope.Type.LimitBandwidth, LimitBandwidthRequest, LimitBandwidthResponse),
    (Envelope.Type.LimitCpu, LimitCpuRequest, LimitCpuResponse),
    (Envelope.Type.Ping, PingRequest, PingResponse),
    (Envelope.Type.List, ListRequest, ListResponse),
    (Envelope.Type.Echo, EchoRequest, EchoResponse),
    (Envelope.Type.NetList, NetListRequest, NetListResponse),
    (Envelope.Type.NetRemove, NetRemoveRequest, NetRemoveResponse),
    (Envelope.Type.NetReplace, NetReplaceRequest, NetReplaceResponse),
    (Envelope.Type.Limit, LimitRequest, LimitResponse),
    (Envelope.Type.Pause, PauseRequest, PauseResponse),
    (Envelope.Type.Resume, ResumeRequest, ResumeResponse),
    (Envelope.Type.InfoMany, InfoManyRequest, InfoManyResponse),
    (Envelope.Type.TarIn, TarInRequest, TarInResponse),
    (Envelope.Type.TarData, TarDataRequest, TarDataResponse),
    (Envelope.Type.TarOut, TarOutRequest, TarOutResponse),
    (Envelope.Type.FileRead, FileReadRequest, FileReadResponse),
    (Envelope.Type.FileWrite, FileWriteRequest, FileWriteResponse),
    (Envelope.Type.FileList, FileListRequest, FileListResponse),
    (Envelope.Type.FileRemove, FileRemoveRequest, FileRemoveResponse),
    (Envelope.Type.FileWatch, FileWatchRequest, FileWatchResponse),
    (Envelope.Type.JobInput, JobInputRequest, JobInputResponse),
    (Envelope.Type.JobSignal, JobSignalRequest, JobSignalResponse),
    (Envelope.Type.JobResize, JobResizeRequest, JobResizeResponse),
    (Envelope.Type.Attach, AttachRequest, AttachResponse),
    (Envelope.Type.Jobs, JobsRequest, JobsResponse),
    (Envelope.Type.SpawnPair, SpawnPairRequest, SpawnPairResponse),
    (Envelope.Type.Collect, CollectRequest, CollectResponse),
    (Envelope.Type.Events, EventsRequest, EventsResponse),
    (Envelope.Type.Status, StatusRequest, StatusResponse),
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
    "Envelope",
    "ErrorResponse",
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
