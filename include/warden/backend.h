/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface between wardend and a backend. A backend is a module (a shared object that wardend
 * loads with dlopen(3)) that exports one `const struct warden_container_klass
 * warden_container_klass`. A module needs this header and nothing else: it calls the daemon through
 * `struct warden_host` alone and has no undefined functions of the daemon.
 *
 * Ownership. The core owns all state: handles, references, grace times, the pools of networks,
 * ports, uids and slots, jobs and their output, snapshots. A backend makes containers, starts jobs
 * in them, signals and removes them. It keeps no state that `restore` cannot rebuild, because the
 * daemon may be killed (SIGKILL) between any two instructions.
 *
 * Threads. `setup` and `teardown` run on the daemon's main thread while no other thread runs. Every
 * other operation runs on a worker thread: one at a time for a container, many containers in
 * parallel. An operation may block for as long as a system call does, but not until a program ends
 * or a client acts. What happens later is reported as an event of `struct warden_host`, which may
 * be called on any thread at any time between `setup` and `teardown`.
 *
 * An operation that runs for more than 10 seconds is logged with its name and container. If the
 * module crashes (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) on a thread that runs an operation, the
 * daemon's last line names the module, the operation and the container. A module leaves the
 * handlers of these signals alone.
 *
 * Errors. An operation that returns `int` returns 0, or -1 after filling `*err` (warden_error_set)
 * with a text that names the operation and the object; if it leaves `*err` empty the error is that
 * the operation failed without a message. An operation that fails removes what it made.
 *
 * Strings are UTF-8 and end in NUL. Pointers in parameters belong to the core and are valid only
 * during the call. Descriptors in parameters are borrowed: dup(2) them to keep them. All
 * descriptors are close-on-exec.
 *
 * Compatibility. WARDEN_BACKEND_ABI rises only if the meaning of an existing item changes. New
 * items are appended, so every struct that crosses the interface begins with `size`: the sizeof of
 * the struct as its writer knows it. A reader uses a member only if WARDEN_HAS says that the
 * writer knew it. The structs of an array have no `size`; the size of an element is beside the
 * array: step through it with WARDEN_ELEMENT, not with `[i]`. The daemon loads a module whose
 * `struct warden_container_klass` is smaller than its own (what the module lacks is NULL or 0) or
 * larger (the tail is ignored). Structs without `size` (warden_error, warden_rlimit,
 * warden_pressure) never change.
 */
#ifndef WARDEN_BACKEND_H
#define WARDEN_BACKEND_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "warden/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The number of this interface. A module with another number is not loaded. */
#define WARDEN_BACKEND_ABI 2

/* True if the writer of `*pointer` knew `member` (pointer is not NULL). */
#define WARDEN_HAS(pointer, member)                                                                \
	((pointer)->size >=                                                                        \
	 (size_t)((const char *)(&(pointer)->member + 1) - (const char *)(pointer)))

/* Element `i` of an array whose elements have `size` bytes each; cast it to the element's type. */
#define WARDEN_ELEMENT(array, size, i) ((const void *)((const char *)(array) + (size) * (i)))

/* A figure that is not known; in a limit: "leave it as it is". */
#define WARDEN_UNKNOWN UINT64_MAX

/* Severity of a line of the log, most severe first. `logging.level` has these names in lower case.
 */
enum warden_log_level {
	WARDEN_LOG_FATAL,
	WARDEN_LOG_ERROR,
	WARDEN_LOG_WARN,
	WARDEN_LOG_INFO,
	WARDEN_LOG_DEBUG,
	WARDEN_LOG_DEBUG1,
	WARDEN_LOG_DEBUG2,
};

/* A resource limit of a job: getrlimit(2). The order is that of the protocol's ResourceLimits. */
enum warden_rlimit_name {
	WARDEN_RLIMIT_AS,
	WARDEN_RLIMIT_CORE,
	WARDEN_RLIMIT_CPU,
	WARDEN_RLIMIT_DATA,
	WARDEN_RLIMIT_FSIZE,
	WARDEN_RLIMIT_LOCKS,
	WARDEN_RLIMIT_MEMLOCK,
	WARDEN_RLIMIT_MSGQUEUE,
	WARDEN_RLIMIT_NICE,
	WARDEN_RLIMIT_NOFILE,
	WARDEN_RLIMIT_NPROC,
	WARDEN_RLIMIT_RSS,
	WARDEN_RLIMIT_RTPRIO,
	WARDEN_RLIMIT_SIGPENDING,
	WARDEN_RLIMIT_STACK,
	WARDEN_RLIMITS, /* their number */
};

#define WARDEN_RLIMIT_INFINITY UINT64_MAX

struct warden_rlimit {
	uint64_t value; /* soft and hard limit; WARDEN_RLIMIT_INFINITY: none */
	/* True: requested by a client; a job for which it cannot be set ends with status 255 and a
	 * line on its stderr. False: a default, lowered to what can be set. */
	bool requested;
};

/* The operator's programs that create runs on the host as the daemon's user; see hooks.* in
 * warden.conf(5). A path, or NULL: no program. */
struct warden_hooks {
	size_t size;
	const char *parent_before_clone;
	const char *parent_after_clone;
	const char *child_before_pivot;
	const char *child_after_pivot;
};

/* The daemon's settings that concern a backend: warden.conf(5), already checked. Valid from setup
 * to teardown. */
struct warden_settings {
	size_t size;
	/* Absolute; exists, mode 0700. A backend may keep files in it whose names begin with a dot.
	 */
	const char *depot_path;
	const char *rootfs_path; /* absolute; a directory if the klass sets needs_rootfs */
	bool user_namespace;
	bool allow_nested_warden;
	bool disk_quota_enabled;
	uint32_t range_start;        /* first host uid and gid of the containers' ranges */
	struct in_addr pool_network; /* first address of the pool of /30 networks; network order */
	uint32_t pool_networks;      /* number of consecutive /30 networks from there on */
	uint32_t mtu;                /* bytes; 0: the kernel's default */
	/* Each an address, CIDR or A-B; ends with NULL. Read it in setup alone: a reload calls
	 * klass->allow_networks with its new value. */
	const char *const *allow_networks;
	bool allow_host_access;
	const char *const *dns_servers; /* addresses; ends with NULL */
	const struct warden_hooks *hooks;
	uint32_t create_timeout;  /* seconds a create may make no progress; 0: any time */
	uint32_t connection_mark; /* the bit of a connection's mark that allowed connections have */
	uint32_t max_connections; /* tracked connections of a container; 0: any number */
	bool own_table;           /* no other program can change the firewall's table */
	bool trace;               /* log the time of each step of a create and a destroy */
};

struct warden_job_end;
struct warden_transfer_end;
struct warden_file_entry;
struct warden_file_change;
struct warden_copy_progress;

/* The functions of the daemon that a backend may call, on any thread at any time between setup and
 * teardown. The first argument of each is the host itself. `id` names a container; an event for a
 * container that no longer exists is ignored. All arguments are copied before the call returns. No
 * function blocks. */
struct warden_host {
	size_t size;
	void *core; /* private to the daemon */

	const struct warden_settings *settings;

	/* Writes a line to the daemon's log. `id`: of the container that it is about, whose lines
	 * are at most 10 a second, or NULL. */
	void (*log)(const struct warden_host *host, enum warden_log_level level, const char *id,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

	/* The value of a key of the backend's own group of the configuration (klass->options), or
	 * its default. Ends the daemon if `name` is not in klass->options or has another type.
	 * Strings belong to the core and are valid until teardown. option_string returns NULL if
	 * the key has neither value nor default; option_strings returns an array that ends with
	 * NULL. */
	bool (*option_bool)(const struct warden_host *host, const char *name);
	int64_t (*option_integer)(const struct warden_host *host, const char *name);
	const char *(*option_string)(const struct warden_host *host, const char *name);
	const char *const *(*option_strings)(const struct warden_host *host, const char *name);

	/* The first process of a job has ended, or could not be started. Report it once for each
	 * job, and after a restart again until `job_forget`. The core reads the job's pipes to
	 * their end. */
	void (*job_ended)(const struct warden_host *host, const char *id, uint32_t job_id,
			  const struct warden_job_end *end);

	/* A create that returned WARDEN_CREATE_PENDING is complete: `container` is the backend's
	 * container, or NULL and `err` says why it failed. */
	void (*created)(const struct warden_host *host, const char *id, void *container,
			const struct warden_error *err);

	/* A transfer has ended. Report it once for each, before container_gone. */
	void (*transfer_ended)(const struct warden_host *host, const char *id, uint64_t transfer_id,
			       const struct warden_transfer_end *end);

	/* Answers a `stop`: only the container's own processes (init, keepers) are left in it. */
	void (*container_empty)(const struct warden_host *host, const char *id);

	/* The kernel killed a process of the container because its memory limit was reached. */
	void (*oom)(const struct warden_host *host, const char *id);

	/* The container's first process has ended although the container was not destroyed. None of
	 * its jobs runs any more. */
	void (*init_died)(const struct warden_host *host, const char *id);

	/* Answers a `destroy`: all is removed but the container's directory. Its id, slot, network
	 * and uid may be used again; the backend has freed its container. */
	void (*container_gone)(const struct warden_host *host, const char *id);

	/* The backend cannot continue (for example, a helper process was killed). The core logs the
	 * text, drains and exits with an error so that its supervisor starts it again. Containers
	 * live on. */
	void (*failed)(const struct warden_host *host, const char *format, ...)
		__attribute__((format(printf, 2, 3)));

	/* The reports of a transfer come before its transfer_ended; one for a transfer that has
	 * ended is ignored.
	 *
	 * An entry of a WARDEN_FILE_LIST. Entries are reported in strcmp order of their names. */
	void (*file_entry)(const struct warden_host *host, const char *id, uint64_t transfer_id,
			   const struct warden_file_entry *entry);

	/* A change seen by a WARDEN_FILE_WATCH. The core keeps a bounded number of changes for a
	 * slow client and reports WARDEN_CHANGE_MISSED in place of those that it drops; equal
	 * changes in a row become one. The call never waits for the client, so a backend that can
	 * see changes without end must itself limit how many it reports a second. */
	void (*file_change)(const struct warden_host *host, const char *id, uint64_t transfer_id,
			    const struct warden_file_change *change);

	/* Progress of a WARDEN_COPY_IN or WARDEN_COPY_OUT that has `report_progress`:
	 * periodically, and once at its end. */
	void (*copy_progress)(const struct warden_host *host, const char *id, uint64_t transfer_id,
			      const struct warden_copy_progress *progress);

	/* Optional. After `destroy`: no process of the container is left, also none of its own. The
	 * core then answers the client, which otherwise waits for container_gone. */
	void (*processes_ended)(const struct warden_host *host, const char *id);

	/* Optional. A stop or destroy that does not end: what it waits for, such as "process 12,
	 * which does not end" or the error of the last try. An empty text: nothing any more. */
	void (*waits_for)(const struct warden_host *host, const char *id, const char *text);

	/* As `created`, for a create that failed and could not undo all: the core calls destroy on
	 * `container`. */
	void (*create_failed)(const struct warden_host *host, const char *id, void *container,
			      const struct warden_error *err);
};

/* Why a job ended, as far as the backend knows. The numbers are those of the protocol's
 * JobEnd.Reason. */
enum warden_end_reason {
	WARDEN_END_EXITED = 1,
	WARDEN_END_SIGNAL = 2,
	WARDEN_END_WALL_TIME = 3,    /* wall_time_us was reached; all its processes were killed */
	WARDEN_END_CPU_TIME = 4,     /* cpu_time_us was reached; all its processes were killed */
	WARDEN_END_MEMORY = 5,       /* the kernel killed a process because of a memory limit */
	WARDEN_END_OUTPUT = 6,       /* set by the core */
	WARDEN_END_STOPPED = 7,      /* set by the core */
	WARDEN_END_START_FAILED = 8, /* see start_error */
};

/* How a job ended. A figure that is not known is WARDEN_UNKNOWN. */
struct warden_job_end {
	size_t size;
	enum warden_end_reason reason;
	int exit_status;       /* 0 to 255; -1: killed by a signal, or not started */
	int signal;            /* the signal that ended it, or 0 */
	char start_error[256]; /* why it could not be started; empty: it was */
	/* Sums over the job's first process and all descendants that have ended. */
	uint64_t wall_us, user_us, system_us;
	uint64_t peak_memory; /* bytes: largest ru_maxrss, or the peak of the job's own cgroup */
	uint64_t minor_faults, major_faults;
	uint64_t voluntary_switches, involuntary_switches;
	uint64_t read_bytes, written_bytes; /* storage I/O */
	uint64_t peak_processes;            /* largest number at the same time */
	/* True: the figures are those of the job's own cgroup. They start at zero and include every
	 * descendant, also one that was never waited for. */
	bool own_cgroup;
};

/* A directory or file of the host that is mounted in the container. */
struct warden_bind_mount {
	const char *src_path; /* on the host, absolute */
	const char *dst_path; /* in the container, absolute */
	bool writable;
};

/* The names and numbers that belong to one container. The core writes them to the container's
 * directory before it calls `create`, so `restore` always gets the same. */
struct warden_identity {
	size_t size;
	const char *id; /* 11 characters of 0-9a-v; unique; usable in names of links and cgroups */
	/* The container's directory, mode 0700, owned by the daemon. At `create` it contains only
	 * `etc/` and `run/`. Do not keep the path: the directory may be renamed. `dir_fd` is valid
	 * until container_gone. */
	const char *path;
	int dir_fd;
	/* 0 to 4095: the container's 65,536 host uids and gids begin at settings->range_start +
	 * 65,536 * slot. */
	uint32_t slot;
	uint32_t uid; /* vcap's uid and gid inside the container */
	/* A /30 network and its two addresses; network byte order. */
	struct in_addr network, host_ip, container_ip;
	/* What the client chose for all jobs of the container; the same at `create` and `restore`.
	 * The name of a profile of system calls, valid until container_gone; NULL: the default. */
	const char *seccomp;
	bool writable_mounts; /* it has bind mounts that it may write to */
};

/* Limits of a container. WARDEN_UNKNOWN (swap_off: -1; cpus: NULL) means "leave it as it is" in a
 * request and "not known" in an answer. */
struct warden_limits {
	size_t size;
	uint64_t memory_bytes; /* memory and memory+swap together; 9223372036854771712: none */
	int swap_off;          /* 1: nothing of the container is swapped */
	uint64_t cpu_shares;   /* cgroup v1's cpu.shares, also on v2; default 1024 */
	uint64_t cpu_quota;    /* percent of one core; 0: none */
	/* As cpuset.cpus: "0-2,4"; empty: all. In an answer the text is static, or kept by the
	 * container until the next call. */
	const char *cpus;
	uint64_t processes;                        /* 0: none */
	uint64_t disk_block_soft, disk_block_hard; /* blocks of 1 KiB; 0: none */
	uint64_t disk_inode_soft, disk_inode_hard; /* 0: none */
	uint64_t bandwidth_rate, bandwidth_burst;  /* bytes/s and bytes, both directions; rate
						      4294967295: none */
	uint64_t io_weight;                        /* 1 to 10,000; default 100 */
	uint64_t io_read_rate, io_write_rate;      /* bytes/s on the depot's device; 0: none */
};

/* Sets every member to "leave it as it is". */
static inline void warden_limits_init(struct warden_limits *limits)
{
	memset(limits, 0xff, sizeof(*limits));
	limits->size = sizeof(*limits);
	limits->cpus = NULL;
}

/* The numbers are those of NetOutRequest.Protocol in warden.proto. */
enum warden_protocol {
	WARDEN_TCP = 0,
	WARDEN_UDP = 1,
	WARDEN_ICMP = 2,
	WARDEN_ALL = 3,
};

/* Forwards traffic to `host_port` of any address of the host to `container_port`. */
struct warden_in_rule {
	enum warden_protocol protocol; /* WARDEN_TCP or WARDEN_UDP */
	uint16_t host_port, container_port;
};

/* Allows traffic out of the container. Addresses are in network byte order, ranges inclusive. */
struct warden_out_rule {
	struct in_addr first, last;
	enum warden_protocol protocol;
	uint16_t first_port, last_port; /* 0 and 65535: any */
	int icmp_type, icmp_code;       /* -1: any */
	bool log;                       /* the kernel logs new connections: prefix "warden-i-ID " */
};

/* All rules of a container. */
struct warden_rules {
	size_t size;
	const struct warden_in_rule *in;
	size_t n_in, in_size;
	const struct warden_out_rule *out; /* first match wins */
	size_t n_out, out_size;
};

/* An additional line of the container's /etc/hosts. */
struct warden_host_name {
	const char *address, *names; /* names: separated by blanks; checked by the core */
};

/* Parameters of `create`. */
struct warden_create {
	size_t size;
	const struct warden_identity *identity;
	const char *rootfs_path; /* absolute; was a directory when the core checked it */
	/* Read-only directories that together are the root file system, topmost first; absolute. If
	 * there are any, rootfs_path is the topmost. */
	const char *const *layers;
	size_t n_layers; /* 0: rootfs_path alone */
	/* Size of a tmpfs for the writable layer; 0: it lies in the container's directory. */
	uint64_t tmpfs_bytes, tmpfs_inodes; /* inodes 0: the kernel's default */
	const char *hostname;               /* NULL: the id, which else is a further name */
	const struct warden_host_name *hosts;
	size_t n_hosts, host_size;
	const char *const *dns_servers; /* ends with NULL; NULL: settings->dns_servers */
	uint64_t shm_bytes;             /* size of /dev/shm; 0: the backend's default */
	const struct warden_bind_mount *bind_mounts;
	size_t n_bind_mounts, bind_mount_size;
	/* The client's credentials (SO_PEERCRED). Sources of bind mounts are opened with its
	 * rights.
	 */
	uid_t client_uid;
	gid_t client_gid;
	/* No process of the container gains rights by executing a setuid program:
	 * PR_SET_NO_NEW_PRIVS. */
	bool no_new_privs;
	/* Absolute in the container: where jobs of its image begin. Made if it is missing, and
	 * owned by the container's root. NULL: none. */
	const char *working_dir;
	/* The container is kept for a create to come, which calls `adopt`: hostname, hosts and
	 * dns_servers are not known yet. */
	bool prepares;
};

/* Returned by `create`: it continues by itself, and host->created reports its end. */
enum { WARDEN_CREATE_PENDING = 1 };

/* Parameters of `spawn`. */
struct warden_spawn {
	size_t size;
	uint32_t job_id;
	/* The script: a sealed memfd at offset 0, standard input of /bin/bash (/bin/sh if there is
	 * no bash). -1 if there is argv. */
	int script_fd;
	/* The command instead of a script; ends with NULL. A name without a slash is searched in
	 * the job's PATH inside the container. NULL: the script. */
	const char *const *argv;
	/* NAME=VALUE, unique names, added to the environment of every job; ends with NULL. */
	const char *const *env;
	/* Absolute in the container; NULL: the user's home. If it does not exist the job does not
	 * start. */
	const char *working_dir;
	/* USER or USER:GROUP, names (of the container's /etc/passwd and /etc/group) or numbers;
	 * NULL: vcap, or root if `privileged`. A user without an entry must be a number; its group
	 * has the same number and its home is "/". No supplementary groups. */
	const char *user;
	bool privileged; /* root instead of vcap */
	/* A pipe for standard input, or -1: /dev/null (only with argv). The process that outlives
	 * the daemon keeps a copy of the write end until job_close_input. If stdin_write_fd is -1
	 * while stdin_read_fd is not, another job writes to the pipe and no copy is kept. */
	int stdin_read_fd, stdin_write_fd;
	/* True: the job's three descriptors are a new terminal of the container, its controlling
	 * terminal, of this size. Its output is written to stdout_write_fd; bytes from
	 * stdin_read_fd are typed. The end of stdin_read_fd does not hang it up. */
	bool terminal;
	uint16_t rows, columns;
	/* Limits in microseconds; 0: none. If one is reached every process of the job is killed,
	 * also while no daemon runs. cpu_time_us is user and system time of all processes of the
	 * job; the kill is at most 3 ms late. */
	uint64_t wall_time_us, cpu_time_us;
	int nice;              /* -20 to 19, added to the container's */
	const char *cpus;      /* as cpuset.cpus, for sched_setaffinity(2); NULL: the container's */
	uint64_t memory_limit; /* bytes, of the job's own cgroup; 0: none */
	uint64_t process_limit; /* of the job's own cgroup; 0: none */
	bool own_cgroup; /* a cgroup of its own for figures; implied by the two limits above */
	bool no_aslr, no_swap, stack_unlimited;
	/* The write ends of the job's output pipes, and their read ends: the process that outlives
	 * the daemon keeps copies of the read ends. If stdout_read_fd is -1 another job reads the
	 * pipe and no copy is kept. */
	int stdout_write_fd, stderr_write_fd;
	int stdout_read_fd, stderr_read_fd;
	/* By enum warden_rlimit_name. `n_rlimits` may be greater than the module's WARDEN_RLIMITS:
	 * limits that the module does not know are the core's to refuse. */
	const struct warden_rlimit *rlimits;
	size_t n_rlimits;
	/* The name of a profile of system calls; NULL: the container's. A name that the backend
	 * does not know is an error of spawn, which lists those that there are. */
	const char *seccomp;
	bool no_new_privs; /* as in struct warden_create, for this job; also set if the container's
			      is */
};

/* The previous state of a container, for `restore`. */
enum warden_restore_state {
	WARDEN_RESTORE_BORN = 1,    /* its create was not completed */
	WARDEN_RESTORE_ACTIVE = 2,  /* it ran */
	WARDEN_RESTORE_STOPPED = 3, /* it was stopped */
};

/* A job that `restore` found. */
struct warden_restored_job {
	uint32_t job_id;
	/* The read ends of its output pipes, now owned by the core; the backend has checked that
	 * they are pipes. -1: closed, no more output. */
	int stdout_fd, stderr_fd;
	/* The write end of its standard input, now owned by the core; -1: none, or closed. */
	int stdin_fd;
};

/* The result of `restore`. The core sets `size` and zeroes the rest. */
struct warden_restored {
	size_t size;
	bool alive; /* false: only `destroy` may be called for this container */
	/* An array from malloc(3), freed by the core, or NULL. Their ends are reported by job_ended
	 * after restore has returned. */
	struct warden_restored_job *jobs;
	size_t n_jobs, job_size;
	/* With `alive` false: the container's first process lives, or this cannot be told now, and
	 * the container does not answer. The core calls `reconnect` until it does, and `destroy` at
	 * any time. There are no jobs. */
	bool unreachable;
	char reason[256]; /* with `unreachable`: why, a text for people */
	/* Set by the core for the call: the numbers of the jobs that it knows. What a container
	 * lists may be false: the pipes of other jobs need not be taken, nor very many of them. */
	const uint32_t *known_jobs;
	size_t n_known_jobs;
};

/* The figures of memory.stat, in bytes or counts, as the protocol's MemoryStat names them (kernel:
 * Documentation/admin-guide/cgroup-v1/memory.rst). TOTAL includes the groups below. */
enum warden_memory_stat {
	WARDEN_MEMORY_CACHE,
	WARDEN_MEMORY_RSS,
	WARDEN_MEMORY_MAPPED_FILE,
	WARDEN_MEMORY_PGPGIN,
	WARDEN_MEMORY_PGPGOUT,
	WARDEN_MEMORY_SWAP,
	WARDEN_MEMORY_PGFAULT,
	WARDEN_MEMORY_PGMAJFAULT,
	WARDEN_MEMORY_INACTIVE_ANON,
	WARDEN_MEMORY_ACTIVE_ANON,
	WARDEN_MEMORY_INACTIVE_FILE,
	WARDEN_MEMORY_ACTIVE_FILE,
	WARDEN_MEMORY_UNEVICTABLE,
	WARDEN_MEMORY_LIMIT,       /* hierarchical_memory_limit */
	WARDEN_MEMORY_MEMSW_LIMIT, /* hierarchical_memsw_limit */
	WARDEN_MEMORY_TOTAL_CACHE,
	WARDEN_MEMORY_TOTAL_RSS,
	WARDEN_MEMORY_TOTAL_MAPPED_FILE,
	WARDEN_MEMORY_TOTAL_PGPGIN,
	WARDEN_MEMORY_TOTAL_PGPGOUT,
	WARDEN_MEMORY_TOTAL_SWAP,
	WARDEN_MEMORY_TOTAL_PGFAULT,
	WARDEN_MEMORY_TOTAL_PGMAJFAULT,
	WARDEN_MEMORY_TOTAL_INACTIVE_ANON,
	WARDEN_MEMORY_TOTAL_ACTIVE_ANON,
	WARDEN_MEMORY_TOTAL_INACTIVE_FILE,
	WARDEN_MEMORY_TOTAL_ACTIVE_FILE,
	WARDEN_MEMORY_TOTAL_UNEVICTABLE,
	WARDEN_MEMORY_STATS, /* their number; never grows */
};

/* Pressure stall information (kernel: Documentation/accounting/psi.rst): hundredths of a percent of
 * the last 10, 60 and 300 seconds, and microseconds in total. */
struct warden_pressure {
	uint64_t avg10, avg60, avg300, total;
};

/* Figures of a container. The core sets `size` and every other number to WARDEN_UNKNOWN. */
struct warden_info {
	size_t size;
	uint64_t memory[WARDEN_MEMORY_STATS];
	uint64_t cpu_usage_ns;
	uint64_t cpu_user_ticks, cpu_system_ticks; /* USER_HZ */
	uint64_t disk_bytes, disk_inodes;
	/* Bandwidth in force: bytes/s and bytes; 4294967295: no limit. */
	uint64_t in_rate, in_burst, out_rate, out_burst;
	uint64_t peak_memory, oom_kills, processes;
	uint64_t rx_bytes, rx_packets, tx_bytes, tx_packets; /* seen from inside */
	struct warden_pressure cpu_some, memory_some, memory_full, io_some, io_full;
	/* The profile of system calls of jobs that name none, or "off: " and why there is no
	 * filter; valid until teardown. The core sets it to NULL: not known. */
	const char *seccomp;
	/* Bounds without a request: bytes of memory that no limit of the client's lowers,
	 * terminals, the size of /dev/shm of a create that does not say one. */
	uint64_t memory_bound, terminals, shm_bytes;
	uint64_t inode_bound; /* the most files that it may have now */
};

/* A finding about this machine, for people. Strings are valid only during the call. */
struct warden_fact {
	size_t size;
	const char *name;   /* what was checked, such as "user namespaces" */
	const char *value;  /* what was found */
	bool good;          /* nothing is missing */
	const char *effect; /* the consequence of what is missing, or NULL */
	const char *remedy; /* what an operator can do about it, or NULL */
};

/* Receives a fact. `data` is what was passed with the function. */
typedef void (*warden_fact_function)(void *data, const struct warden_fact *fact);

/* The kinds of file transfers between a container and its surroundings. */
enum warden_transfer_kind {
	/* Copy a file, link or tree from host_path to path, or back, as `rsync -r -p --links` does:
	 * protocol.md, "CopyIn, CopyOut". */
	WARDEN_COPY_IN,
	WARDEN_COPY_OUT,
	/* Unpack the tar stream that data_fd carries below `path`, whose last component is made if
	 * it is missing; or write `path` to data_fd as a tar stream. */
	WARDEN_TAR_IN,
	WARDEN_TAR_OUT,
	/* Copy at most `length` bytes of a file, from `offset` on, to data_fd. */
	WARDEN_FILE_READ,
	/* Write all of data_fd to a file from `offset` on. If offset is WARDEN_UNKNOWN the file is
	 * replaced atomically. A new file gets `mode`. */
	WARDEN_FILE_WRITE,
	/* Report the entries of a directory, or the file itself, by host->file_entry. If the names
	 * and targets plus 64 bytes per entry exceed `length` bytes the transfer fails (EFBIG). */
	WARDEN_FILE_LIST,
	/* Remove a file, a link or an empty directory; with `recursive` a tree. */
	WARDEN_FILE_REMOVE,
	/* Report changes in a directory or of a file by host->file_change until what is watched is
	 * removed or the transfer is cancelled. The first report is WARDEN_CHANGE_WATCHING. */
	WARDEN_FILE_WATCH,
};

/* The numbers are those of FileListResponse.Entry.Type in warden.proto. */
enum warden_file_type {
	WARDEN_FILE_TYPE_FILE = 1,
	WARDEN_FILE_TYPE_DIRECTORY = 2,
	WARDEN_FILE_TYPE_SYMLINK = 3,
	WARDEN_FILE_TYPE_OTHER = 4,
};

/* An entry of a directory. Names may hold any byte but NUL and '/'. */
struct warden_file_entry {
	size_t size;
	const char *name;
	enum warden_file_type type;
	mode_t mode;         /* permission bits */
	uint64_t bytes;      /* size */
	int64_t modified_us; /* since 1970 */
	uint32_t uid, gid;   /* inside the container */
	const char *target;  /* of a symlink, else NULL */
};

/* The numbers are those of FileWatchResponse.Change in warden.proto. */
enum warden_change_kind {
	WARDEN_CHANGE_CREATED = 1,
	WARDEN_CHANGE_MODIFIED = 2,
	WARDEN_CHANGE_REMOVED = 3,
	WARDEN_CHANGE_ATTRIBUTES = 4,
	WARDEN_CHANGE_MISSED = 5,   /* changes were lost */
	WARDEN_CHANGE_WATCHING = 7, /* the watch is set up: later changes are reported */
};

/* A change in a watched directory, or of a watched file. */
struct warden_file_change {
	size_t size;
	enum warden_change_kind kind;
	const char *name; /* in the directory; NULL: the directory or file itself */
};

/* Progress of a copy. */
struct warden_copy_progress {
	size_t size;
	uint64_t files; /* complete files and links */
	uint64_t bytes; /* of file data, including holes */
};

/*
 * A transfer. On the container's side no symbolic link may lead out of the container, even if a
 * path is replaced during the transfer. Files in the container are written with vcap's rights and
 * belong to vcap, and are read with the rights of the container's root. On the host's side the
 * client's rights decide, and no link is followed in a path that is written to.
 */
struct warden_transfer {
	size_t size;
	uint64_t id; /* unique in the daemon */
	enum warden_transfer_kind kind;
	const char *path;      /* in the container; a relative path is below vcap's home */
	const char *host_path; /* of a copy: absolute */
	/* The client's credentials (SO_PEERCRED). */
	uid_t client_uid;
	gid_t client_gid;
	/* WARDEN_COPY_OUT: the owner of the result, if the daemon may change owners. */
	uid_t owner_uid;
	gid_t owner_gid;
	/* WARDEN_TAR_IN, WARDEN_TAR_OUT: a stream whose other end is the client, which may be slow.
	 * WARDEN_FILE_READ, WARDEN_FILE_WRITE: a file, empty or with the data, at offset 0.
	 * Otherwise -1. */
	int data_fd;
	uint64_t offset, length;
	mode_t mode;
	bool recursive;
	bool report_progress; /* of a copy */
	/* WARDEN_COPY_OUT, WARDEN_TAR_OUT: with setuid and setgid bits. Without it a container
	 * cannot leave a program with its owner's rights. */
	bool keep_modes;
};

/* How a transfer ended. */
struct warden_transfer_end {
	size_t size;
	const char *error;   /* NULL: success; else the text for the client: operation and object */
	uint64_t file_bytes; /* WARDEN_FILE_READ: size of the whole file */
	/* Of a copy or a tar stream that succeeded, what is not in it: fifos, sockets, devices and
	 * file systems of the kernel; entries that vanished or changed meanwhile. */
	uint64_t skipped, vanished;
};

/* A directory of the depot that is or was a container's. */
struct warden_clean_container {
	const char *id; /* empty: it cannot be read */
	int dir_fd;
	/* Filled in: its processes run, or it cannot be told, so that the core keeps the
	 * directory. */
	bool lives;
};

enum warden_clean_result {
	WARDEN_CLEAN_FOUND, /* of a dry run: it would be removed */
	WARDEN_CLEAN_REMOVED,
	WARDEN_CLEAN_KEPT,   /* the reason says why */
	WARDEN_CLEAN_FAILED, /* the reason is the error */
};

/* A clean: containers with a directory in the depot, and what to do with what is left of others. */
struct warden_clean {
	size_t size;
	bool dry_run; /* change nothing */
	bool force;   /* end containers that live, too */
	/* Every container with a directory in the depot, in any order; an id may be there twice. */
	struct warden_clean_container *containers;
	size_t n_containers, container_size;
	/* Reports an object: its kind ("link", "process" ...), name and, if known, id. `reason` may
	 * be NULL. Texts are copied. */
	void (*report)(void *data, enum warden_clean_result result, const char *kind,
		       const char *name, const char *id, const char *reason);
	void *data;
};

enum warden_option_type {
	WARDEN_OPTION_BOOL,
	WARDEN_OPTION_INTEGER,
	WARDEN_OPTION_STRING,
	WARDEN_OPTION_STRINGS, /* an array */
};

/* What an integer of the configuration counts: it may then be written as a string with a unit, such
 * as "10M" or "1.5s". */
enum warden_option_unit {
	WARDEN_UNIT_NONE,
	WARDEN_UNIT_BYTES,
	WARDEN_UNIT_SECONDS, /* fractions are rounded up */
	WARDEN_UNIT_MILLISECONDS,
};

/* A key of the backend's own group in the configuration. The group has the backend's name. */
struct warden_option {
	const char *name;
	enum warden_option_type type;
	int64_t min, max; /* of an integer */
	int64_t number;   /* default of an integer or bool */
	/* Default of a string; NULL: none. Of an array (its default is empty): the words that it
	 * may contain, separated by spaces; NULL: any. */
	const char *text;
	const char *meaning;          /* a sentence for people */
	enum warden_option_unit unit; /* of an integer */
};

/* klass->capabilities: no capability is kept. */
#define WARDEN_CAPABILITIES_NONE (UINT64_C(1) << 63)

/*
 * A backend. `backend` is what setup returned. `container` is what `create` or `restore` returned;
 * the backend frees it before it reports `container_gone`, or in `detach`.
 */
struct warden_container_klass {
	size_t size;             /* sizeof(struct warden_container_klass) */
	unsigned abi;            /* WARDEN_BACKEND_ABI */
	const char *name;        /* of the backend and its group in the configuration */
	const char *description; /* a sentence for people */
	/* Keys of the configuration; NULL if n_options is 0. */
	const struct warden_option *options;
	size_t n_options, option_size;
	bool needs_rootfs; /* settings->rootfs_path and a create's rootfs must be directories */
	/* Containers share the host's network: a port on which a job listens is a port of the host,
	 * so a forward must use the same number on both sides. */
	bool host_network;
	/* The Linux capabilities that the operations use, and that containers without a user
	 * namespace are given: bit N is capability N of <linux/capability.h>. The daemon gives up
	 * all others before `setup`, for itself and what it starts. 0: it keeps all;
	 * WARDEN_CAPABILITIES_NONE: it keeps none. */
	uint64_t capabilities;

	/* Required. Called once on the main thread before any other thread exists: the only place
	 * to fork helpers. Checks that this machine has what the backend needs and returns
	 * `*backend`. `host` and its settings are valid until teardown. */
	int (*setup)(const struct warden_host *host, void **backend, struct warden_error *err);

	/* Optional. Called once at the end, when no operation runs. Containers live on. */
	void (*teardown)(void *backend);

	/* Optional. Called on a worker thread before a request for a container is carried out, with
	 * the request's name as in the protocol ("create", "run", "net_in" ...). May block. An
	 * error is the answer to the request, which is not carried out. `container` is NULL for a
	 * create. For backends that inject faults in tests. */
	int (*admit)(void *backend, void *container, const char *request, struct warden_error *err);

	/* Required. Makes a container that is ready for use. If it has to wait for a program to end
	 * (see warden_hooks) it returns WARDEN_CREATE_PENDING: it continues by itself, `create`
	 * stays valid until it is done, and host->created reports how it ended. teardown is not
	 * called before that. A create that fails undoes all, or else sets `*container`: the core
	 * then calls destroy on it. err->number is EEXIST only if an object of the host has the
	 * name that the id would give it: the core then tries another id. */
	int (*create)(void *backend, const struct warden_create *create, void **container,
		      struct warden_error *err);

	/* Required. Finds a container of an earlier daemon by its identity. A container whose first
	 * process has surely ended is reported with `restored->alive` and `restored->unreachable`
	 * false and then removed by `destroy`, which must work with any part of it missing; so is
	 * one in the state WARDEN_RESTORE_BORN. Any other that does not answer within some tens of
	 * milliseconds is reported as `unreachable`: never report a container as dead because of a
	 * lack of memory or descriptors, a time-out or an error of a device. If it fails (no
	 * memory) it is called again. */
	int (*restore)(void *backend, const struct warden_identity *identity,
		       enum warden_restore_state state, void **container,
		       struct warden_restored *restored, struct warden_error *err);

	/* Required. Starts a job and returns as soon as the process that starts it has received the
	 * request, without waiting for the job. If the job cannot be started, job_ended reports it
	 * with a start_error. */
	int (*spawn)(void *container, const struct warden_spawn *spawn, struct warden_error *err);

	/* Optional. Sends a signal to every process of a job; SIGKILL leaves no process. NULL: the
	 * core stops the whole container to end one job. */
	int (*job_signal)(void *container, uint32_t job_id, int signal, struct warden_error *err);

	/* Optional. Standard input is complete: closes the copies of its write end. The core closes
	 * its own after this call. NULL: spawn is never asked for standard input. */
	int (*job_close_input)(void *container, uint32_t job_id, struct warden_error *err);

	/* Optional. Resizes the job's terminal. NULL: spawn is never asked for a terminal. */
	int (*job_resize)(void *container, uint32_t job_id, uint16_t rows, uint16_t columns,
			  struct warden_error *err);

	/* Optional. The core has stored the end of this job: it need not be remembered for a
	 * restart any more. */
	void (*job_forget)(void *container, uint32_t job_id);

	/* Required. Sends `signal` (SIGTERM, later SIGKILL) to every process except the container's
	 * own and reports container_empty once none of them is left, at once if there is none.
	 * SIGKILL leaves no process. May be called again while an earlier stop waits; one
	 * container_empty answers all. */
	int (*stop)(void *container, int signal, struct warden_error *err);

	/* Required. Ends every process, starts to remove everything except the container's
	 * directory and reports container_gone when that is done. Cannot fail: the backend tries
	 * again what it cannot remove and reports it by waits_for. A stop may still be waiting,
	 * for processes that do not end. */
	void (*destroy)(void *container);

	/* Optional. Frees the container without touching it: the daemon ends, the container lives
	 * on. */
	void (*detach)(void *container);

	/* Optional. Replaces all rules of the container in one transaction: all or nothing.
	 * Existing connections continue. Called again after a restart with the rules that the core
	 * has stored, which may be those before the last call. No two containers have the same host
	 * port; the host ports of a container are free once `destroy` has returned. NULL: requests
	 * for rules are refused. */
	int (*set_rules)(void *container, const struct warden_rules *rules,
			 struct warden_error *err);

	/* Optional. Sets those of the limits that are given, all or none, and fills `in_force` with
	 * the limits that are in effect. No limit may be given. Called again after a restart. */
	int (*set_limits)(void *container, const struct warden_limits *limits,
			  struct warden_limits *in_force, struct warden_error *err);

	/* Optional. Freezes every process, including the container's own (init, keepers), or thaws
	 * them; returns when that is done. stop, destroy and restore thaw first; after a restore
	 * the core pauses again. No job is started while a container is paused. */
	int (*pause)(void *container, bool paused, struct warden_error *err);

	/* Optional. Starts a transfer and returns. transfer_ended reports its end, once for each
	 * transfer for which this returned 0. Transfers run in parallel with each other and with
	 * other operations. `destroy` ends those that run, `detach` leaves none running. If the
	 * daemon dies they end, and no incomplete file keeps a name that the client asked for. */
	int (*transfer)(void *container, const struct warden_transfer *transfer,
			struct warden_error *err);

	/* Required with transfer. Makes a transfer end soon; transfer_ended reports the end. A
	 * transfer that has ended is ignored. Called on any thread, also while another operation of
	 * the container except destroy and detach runs. Never blocks. */
	void (*transfer_cancel)(void *container, uint64_t transfer_id);

	/* Optional. Fills in the figures that the backend knows. */
	int (*info)(void *container, struct warden_info *info, struct warden_error *err);

	/* Optional. Reports what this machine offers to the backend, what is missing and what the
	 * backend uses, for `warden doctor`. Either on a worker thread with the `backend` of setup;
	 * or, in `wardend --check-host` and `--check-config`, on the main thread with `backend`
	 * NULL and without setup: then it tries what setup would do and leaves nothing behind; -1
	 * and `err` mean that the backend cannot run here, and a text that begins with `NAME.KEY`
	 * that an option is wrong. */
	int (*describe)(void *backend, const struct warden_host *host, warden_fact_function report,
			void *data, struct warden_error *err);

	/* Optional. Asks a container again that `restore` or `reconnect` has reported as
	 * `unreachable`, and fills `restored` as `restore` does. If it fails the container is still
	 * unreachable. Returns after some tens of milliseconds at most; the core calls it again,
	 * at growing intervals. NULL: an unreachable container stays so until the next daemon. */
	int (*reconnect)(void *container, struct warden_restored *restored,
			 struct warden_error *err);

	/* Optional. `wardend --clean`: on the main thread, without setup, while no daemon uses the
	 * depot. Removes, with its processes, what the kernel still has of containers of this depot
	 * that have no directory or whose processes have ended; with `force` of all. It must be
	 * sure that an object is of this depot, else it keeps it. What fails is reported, and the
	 * rest is still removed; -1 only if nothing can be told. NULL: the backend cannot clean. */
	int (*clean)(const struct warden_host *host, const struct warden_clean *clean,
		     struct warden_error *err);

	/* Optional. Replaces settings->allow_networks, for existing containers too: all or nothing.
	 * Existing connections continue. Called on a worker thread, also while operations of
	 * containers run, but never twice at once; `networks` is valid during the call. NULL: a
	 * change needs a restart. */
	int (*allow_networks)(void *backend, const char *const *networks, struct warden_error *err);

	/* Optional. Gives a container that was created with `prepares`, and that nothing has used,
	 * what `create` says that a client asks for: hostname, hosts and dns_servers, and the
	 * settings and files of the host that create reads. All else in `create` is as it was when
	 * the container was made, but for identity->path, to which the core moves the directory
	 * afterwards. If it fails the core destroys the container and makes another. NULL: no
	 * container is prepared. */
	int (*adopt)(void *container, const struct warden_create *create, struct warden_error *err);
};

/* The symbol that a module exports. */
#define WARDEN_BACKEND_SYMBOL "warden_container_klass"
extern const struct warden_container_klass warden_container_klass
	__attribute__((visibility("default")));

#ifdef __cplusplus
}
#endif

#endif
