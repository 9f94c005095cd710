/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol between wshd, the first process of a container, and its clients: a backend of the
 * daemon, and wsh. Also wshd's command line.
 *
 * The socket is SOCK_SEQPACKET: a message is one of the structs below, whole, with exactly as many
 * descriptors (SCM_RIGHTS) as its comment says. All begin with a struct wshd_header. A message of
 * another length or number of descriptors closes the connection; wshd answers an unknown type with
 * WSHD_REFUSED. wshd keeps no queue: it derives its reports from its state whenever the socket
 * takes another message, so a client that does not read costs it nothing, and one that reconnects
 * misses nothing.
 *
 * Both sides run on one machine and may be of different versions: an older wshd lives on when the
 * daemon is replaced. So a struct never changes; an addition gets its own type and raises
 * WSHD_VERSION.
 *
 *     wshd --fd N --title TEXT [--uid N] [--bounding MASK] [--nice N] [--lang TEXT]
 *          [--fake DIRECTORY] [--subreaper] [--no-new-privs] [--score-fd N --job-score N]
 *
 *     --fd N           the listening socket
 *     --title TEXT     the command line that ps shows: "wshd: ID"
 *     --uid N          uid and gid of vcap, the user of jobs that are not privileged
 *     --bounding MASK  hexadecimal: the capabilities (bit N: number N) that a job can ever have
 *     --nice N         niceness of wshd, and so of the jobs
 *     --lang TEXT      LANG of the jobs; default en_US.UTF-8
 *     --fake DIR       no isolation: jobs run in DIR as wshd's user, with an empty environment
 *     --subreaper      adopt orphans although wshd is not the first process
 *     --no-new-privs   all jobs are as with WSHD_NO_NEW_PRIVS
 *     --score-fd N     oom_score_adj of wshd, for reading and writing
 *     --job-score N    oom_score_adj of the jobs and their keepers
 */
#ifndef PROTO_WSHD_PROTOCOL_H
#define PROTO_WSHD_PROTOCOL_H

#include <stdint.h>

enum { WSHD_VERSION = 1 };

/* A signal (SIGUSR1) that process 1 blocks from before its exec and never takes: it is pending from
 * the first stop that forbids forks on. A job that cannot fork then says nothing of its limit of
 * processes. */
enum { WSHD_STOP_MARK = 10 };

/* The socket, below the container's directory. */
#define WSHD_SOCKET "run/wshd.sock"

enum wshd_type {
	/* Both ways, the first message of each end: struct wshd_hello. */
	WSHD_HELLO = 1,

	/* From the client. */
	WSHD_SPAWN = 16, /* struct wshd_spawn and its descriptors; no answer */
	WSHD_SIGNAL,     /* struct wshd_signal: to every process of a job; SIGKILL leaves none */
	WSHD_FORGET,     /* struct wshd_request: the end of this job is stored */
	WSHD_LIST,       /* struct wshd_request: answered by WSHD_JOB each, then WSHD_LIST_END */
	WSHD_WATCH,      /* struct wshd_request: report the end of each job on this connection */
	WSHD_STOP,  /* struct wshd_signal: to every process but wshd and the keepers; WSHD_EMPTY
		       answers once when none is left. SIGKILL leaves none. */
	WSHD_END,   /* struct wshd_request: as WSHD_STOP with SIGKILL, then wshd ends too */
	WSHD_SHELL, /* struct wshd_shell; from then on the connection belongs to that job */
	WSHD_CLOSE_INPUT, /* struct wshd_request: the standard input of this job is complete */
	WSHD_RESIZE,      /* struct wshd_resize: of a job's terminal */
	WSHD_FILTER,      /* struct wshd_filter, 1 descriptor: system calls of a job, or of all */

	/* From wshd. */
	WSHD_JOB = 64, /* struct wshd_listed_job and its descriptors */
	WSHD_LIST_END, /* struct wshd_request */
	WSHD_ENDED,    /* struct wshd_ended: once for each job and watching connection */
	WSHD_EMPTY,    /* struct wshd_request */
	WSHD_REFUSED,  /* struct wshd_refused: a type that is unknown, a job that cannot be kept */
	WSHD_TERMINAL, /* struct wshd_request, 1 descriptor: the master of the shell's terminal */
};

struct wshd_header {
	uint32_t type;   /* enum wshd_type */
	uint32_t job_id; /* 0 if there is none */
};

enum wshd_features {
	WSHD_TAKES_FILTERS = 1, /* WSHD_FILTER, WSHD_CONFINED, WSHD_OWN_FILTER */
};

struct wshd_hello {
	struct wshd_header header;
	uint32_t version;
	uint32_t features; /* enum wshd_features, of wshd */
};

/* A message without other fields. */
struct wshd_request {
	struct wshd_header header;
};

struct wshd_signal {
	struct wshd_header header;
	int32_t signal; /* 1 to 64 */
	uint32_t reserved;
};

enum { WSHD_RLIMITS = 15 }; /* as enum warden_rlimit_name */

enum wshd_spawn_flags {
	WSHD_PRIVILEGED = 1,    /* root instead of vcap, if the block names no user */
	WSHD_NO_ASLR = 2,       /* addresses are not randomised */
	WSHD_ON_TERMINAL = 4,   /* a terminal instead of the three pipes: bytes from the first are
				   typed, output goes to the second */
	WSHD_CONFINED = 8,      /* under the container's filter; without it, it does not start */
	WSHD_OWN_FILTER = 16,   /* likewise under the filter that came before it */
	WSHD_NO_NEW_PRIVS = 32, /* setuid programs give no rights: PR_SET_NO_NEW_PRIVS */
};

/* The descriptors of WSHD_SPAWN, in this order; some are optional. */
enum wshd_spawn_fd {
	WSHD_FD_BLOCK,       /* a command block, see below; missing: the default shell */
	WSHD_FD_SCRIPT,      /* standard input of the shell */
	WSHD_FD_STDIN_READ,  /* a pipe instead; if both are missing: /dev/null */
	WSHD_FD_STDIN_WRITE, /* wshd keeps it until WSHD_CLOSE_INPUT */
	WSHD_FD_STDOUT_WRITE,
	WSHD_FD_STDERR_WRITE,
	WSHD_FD_STDOUT_READ, /* wshd keeps these until WSHD_FORGET; the first is optional */
	WSHD_FD_STDERR_READ,
	WSHD_FD_CPU,   /* cpu time of the job's own cgroup: cpuacct.usage or cpu.stat */
	WSHD_FD_GROUP, /* its directory on v2 */
	WSHD_FD_TASKS, /* its `tasks` files on v1 */
	WSHD_SPAWN_FDS = WSHD_FD_TASKS + 3,
};

enum { WSHD_TASKS = WSHD_SPAWN_FDS - WSHD_FD_TASKS };

/* A job requires these. */
enum {
	WSHD_FDS_REQUIRED =
		1 << WSHD_FD_STDOUT_WRITE | 1 << WSHD_FD_STDERR_WRITE | 1 << WSHD_FD_STDERR_READ,
};

/* The longest command block. */
enum { WSHD_COMMAND_MAX = 8 << 20 };

/* The command. The command block is a memfd with texts, each ending in NUL: the user (USER or
 * USER:GROUP, names or numbers), the working directory and the cpus (as cpuset.cpus), which may be
 * empty for the default; then n_args arguments (none: a shell), then n_env NAME=VALUE. */
struct wshd_command {
	uint32_t n_args, n_env;
};

/* The size of a terminal. */
struct wshd_window {
	uint16_t rows, columns;
};

struct wshd_resize {
	struct wshd_header header;
	struct wshd_window window;
	uint32_t reserved;
};

struct wshd_spawn {
	struct wshd_header header;
	uint32_t flags;     /* enum wshd_spawn_flags */
	uint32_t present;   /* bit N: descriptor N of enum wshd_spawn_fd is present */
	uint32_t requested; /* bit N: a client requested limit N; else it is a default */
	int32_t nice;       /* added to wshd's */
	uint64_t rlimits[WSHD_RLIMITS];     /* soft and hard; UINT64_MAX: unlimited */
	uint64_t wall_time_us, cpu_time_us; /* after which the whole job is killed; 0: never */
	struct wshd_command command;
	struct wshd_window window; /* with WSHD_ON_TERMINAL */
};

enum wshd_filter_flags {
	WSHD_FILTER_LOG = 1, /* the kernel logs what it refuses */
};

/* The longest filter: BPF_MAXINSNS. */
enum { WSHD_FILTER_MAX = 4096 };

/*
 * A filter of system calls: `length` instructions of struct sock_filter in a sealed memfd. With a
 * job_id it is that of the WSHD_SPAWN that follows; without, it is the container's: of shells and
 * of later WSHD_CONFINED jobs.
 */
struct wshd_filter {
	struct wshd_header header;
	uint32_t flags; /* enum wshd_filter_flags */
	uint32_t length;
};

/* A job that is not forgotten. Its descriptors, in the order of enum wshd_spawn_fd: write end of
 * stdin unless it is closed, read ends of stdout and stderr. */
struct wshd_listed_job {
	struct wshd_header header;
	uint32_t present; /* as in struct wshd_spawn */
	uint32_t reserved;
};

enum wshd_shell_flags {
	WSHD_SHELL_TERMINAL = 1, /* its own terminal; the client receives the master */
};

/*
 * Starts a process for wsh. The first descriptor is the command block; without a user the process
 * runs as root, in a fake container as wshd's own user, and without arguments it is the user's
 * shell. With WSHD_SHELL_TERMINAL it is the only descriptor; else three follow: the process's
 * stdin, stdout and stderr. Answers: WSHD_TERMINAL if requested, then WSHD_ENDED. WSHD_SIGNAL goes
 * to the job; when the connection closes every process of the job is killed.
 */
struct wshd_shell {
	struct wshd_header header;
	uint32_t flags; /* enum wshd_shell_flags */
	struct wshd_command command;
	struct wshd_window window; /* of the terminal */
};

enum { WSHD_COMMAND_FDS = 1, WSHD_STREAM_FDS = 3 };

/* Why a job ended: the reasons of enum warden_end_reason that wshd can determine. */
enum wshd_reason {
	WSHD_EXITED = 1,
	WSHD_SIGNALLED = 2,
	WSHD_WALL_TIME = 3,
	WSHD_CPU_TIME = 4,
	WSHD_START_FAILED = 8,
};

enum wshd_ended_flags {
	WSHD_KILLED = 1,    /* its keeper killed it, for any reason */
	WSHD_OWN_GROUP = 2, /* it was started with descriptors of its own control groups */
	WSHD_NO_FORK = 4,   /* it was not started: the limit of processes, or WSHD_STOP_MARK */
};

/* The end of a job: struct warden_job_end in this protocol. */
struct wshd_ended {
	struct wshd_header header;
	uint32_t reason;       /* enum wshd_reason */
	uint32_t flags;        /* enum wshd_ended_flags */
	int32_t exit_status;   /* 0 to 255, or -1: none */
	int32_t signal;        /* the signal that ended it, or 0 */
	char start_error[256]; /* ends in NUL; empty: it started */
	uint64_t wall_us, user_us, system_us;
	uint64_t peak_memory; /* bytes */
	uint64_t minor_faults, major_faults;
	uint64_t voluntary_switches, involuntary_switches;
	uint64_t input_blocks, output_blocks;
};

struct wshd_refused {
	struct wshd_header header; /* job_id of the refused message */
	uint32_t refused;          /* its type */
	int32_t error;             /* errno */
};

/* Any message. */
union wshd_message {
	struct wshd_header header;
	struct wshd_hello hello;
	struct wshd_request request;
	struct wshd_signal signal;
	struct wshd_spawn spawn;
	struct wshd_listed_job job;
	struct wshd_shell shell;
	struct wshd_resize resize;
	struct wshd_filter filter;
	struct wshd_ended ended;
	struct wshd_refused refused;
};

#endif
