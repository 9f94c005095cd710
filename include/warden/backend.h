/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a backend of wardend is: a module (a shared object that wardend loads with dlopen(3)) that
 * exports one `const struct warden_container_klass warden_container_klass`. This header is all that
 * a backend needs; it calls into the daemon through `struct warden_host` alone, so a module has no
 * undefined functions of the daemon's.
 *
 * Who owns what. The core owns every state: handles, references, grace time, the pools of networks,
 * ports, uids and slots, jobs and their output, snapshots. A backend makes containers, starts jobs
 * in them, signals and removes them. It keeps nothing that `restore` cannot rebuild: the daemon may
 * be killed (SIGKILL) between any two instructions.
 *
 * Threads. `setup` and `teardown` run on the daemon's main thread while no other thread runs. Every
 * other operation runs on a worker thread: one at a time for a container, many containers at once.
 * An operation may block for as long as a system call does, never until a program ends or a client
 * acts; what happens later is told through an event of `struct warden_host`, which may be called
 * from any thread at any time between `setup` and `teardown`.
 *
 * Errors. An operation that returns `int` returns 0, or -1 and fills `*err` (warden_error_set) with
 * a text that names the operation and the object. What an operation that fails has made, it has
 * removed again.
 *
 * Strings are UTF-8 and end in NUL; pointers in parameters are the core's and valid only during the
 * call. Descriptors in parameters are borrowed (dup them to keep them); all descriptors are
 * close-on-exec.
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

/* Raised whenever a struct or the meaning of an operation in this header changes. */
#define WARDEN_BACKEND_ABI 1

/* The order is that of severity; `logging.level` names them in lower case. */
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
	WARDEN_RLIMITS, /* how many there are */
};

#define WARDEN_RLIMIT_INFINITY UINT64_MAX

struct warden_rlimit {
	uint64_t value; /* soft and hard alike; WARDEN_RLIMIT_INFINITY: none */
	/* True: a client asked for it, and a job for which it cannot be set ends with 255 and a
	 * line on its stderr. False: a default, clamped to what can be set. */
	bool requested;
};

/* Programs of the operator's that create runs, on the host and as the daemon; see hooks.* in
 * warden.conf(5). NULL where there is none. */
struct warden_hooks {
	const char *parent_before_clone;
	const char *parent_after_clone;
	const char *child_before_pivot;
	const char *child_after_pivot;
};

/* The daemon's settings that concern a backend; from warden.conf(5), checked. Valid from setup to
 * teardown. */
struct warden_settings {
	const char *depot_path;  /* absolute; exists, mode 0700 */
	const char *rootfs_path; /* absolute; checked to be a directory where klass->needs_rootfs */
	bool user_namespace;
	bool allow_nested_warden;
	bool disk_quota_enabled;
	uint32_t range_start; /* first host uid and gid of the containers' ranges */
	struct in_addr
		pool_network;   /* first address of the pool of /30 networks; network byte order */
	uint32_t pool_networks; /* how many /30 networks follow each other from there */
	uint32_t mtu;
	const char *const *allow_networks; /* each an address, CIDR or A-B; ends in NULL */
	bool allow_host_access;
	const char *const *dns_servers; /* ends in NULL */
	struct warden_hooks hooks;
};

/* What a backend may call. Thread-safe. A container is named by its id, so an event about one that
 * is gone is no harm: the core ignores it. All pointers that are passed are copied before the call
 * returns. */
struct warden_job_end;
struct warden_transfer_end;

struct warden_host {
	size_t size; /* of this struct */
	void *core;  /* the daemon's; first argument of each call is the host itself */

	const struct warden_settings *settings;

	/* Writes a line to the daemon's log. `id` may be NULL. */
	void (*log)(const struct warden_host *host, enum warden_log_level level, const char *id,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

	/* The value of a key of the backend's own group (klass->options), or its default. A name
	 * that options does not list, or another type, is a programmer's error and ends the daemon.
	 * Strings are the core's and stay valid until teardown. */
	bool (*option_bool)(const struct warden_host *host, const char *name);
	int64_t (*option_integer)(const struct warden_host *host, const char *name);
	const char *(*option_string)(const struct warden_host *host,
				     const char *name); /* NULL: not set */
	const char *const *(*option_strings)(const struct warden_host *host,
					     const char *name); /* ends in NULL */

	/* The first process of a job has ended (or never began). Told once for each job, also after
	 * a restart and until `job_forget`. What still comes through the job's pipes is read by the
	 * core until their end. */
	void (*job_ended)(const struct warden_host *host, const char *id, uint32_t job_id,
			  const struct warden_job_end *end);

	/* A create that returned 1 has ended: with what it would have given as `*container`, or
	 * with NULL and `err`. */
	void (*created)(const struct warden_host *host, const char *id, void *container,
			const struct warden_error *err);

	/* A transfer has ended; see klass->transfer. Told once for each, before container_gone. */
	void (*transfer_ended)(const struct warden_host *host, const char *id, uint64_t transfer_id,
			       const struct warden_transfer_end *end);

	/* Answers a `stop`: no process but the container's own (init, keepers) is left in it. */
	void (*container_empty)(const struct warden_host *host, const char *id);

	/* The kernel ended a process of the container because its memory limit was reached. */
	void (*oom)(const struct warden_host *host, const char *id);

	/* The container's first process has ended although nobody destroyed it. No job of it runs
	 * any more. */
	void (*init_died)(const struct warden_host *host, const char *id);

	/* Answers a `destroy`: nothing of the container is left but its directory; its id, slot,
	 * network and uid may be used again. The container's pointer has been freed. */
	void (*container_gone)(const struct warden_host *host, const char *id);

	/* The backend cannot go on (a helper process of its own was killed, say). The text is
	 * logged; the daemon drains and ends with an error, so that whoever supervises it starts it
	 * anew. Containers live on. */
	void (*failed)(const struct warden_host *host, const char *format, ...)
		__attribute__((format(printf, 2, 3)));
};

/* How a job ended. Figures that a backend cannot tell are WARDEN_UNKNOWN. */
#define WARDEN_UNKNOWN UINT64_MAX

/* Why a job ended, as far as the backend can tell; its numbers are the protocol's JobEnd.Reason. */
enum warden_end_reason {
	WARDEN_END_EXITED = 1,
	WARDEN_END_SIGNAL = 2,
	WARDEN_END_WALL_TIME = 3, /* its wall_time_us was reached, and every process of it killed */
	WARDEN_END_CPU_TIME = 4,  /* likewise cpu_time_us */
	WARDEN_END_MEMORY = 5,    /* the kernel killed a process of it for a memory limit */
	WARDEN_END_OUTPUT = 6,    /* the core's */
	WARDEN_END_STOPPED = 7,   /* the core's */
	WARDEN_END_START_FAILED = 8, /* with a start_error */
};

struct warden_job_end {
	enum warden_end_reason reason;
	/* Exit status 0 to 255, or -1: none (killed by a signal, or it could not start). */
	int exit_status;
	int signal; /* that ended it, or 0 */
	/* Why it could not start; empty: it started. */
	char start_error[256];
	/* Sums over the job's first process and all descendants that have ended. */
	uint64_t wall_us, user_us, system_us;
	uint64_t
		peak_memory; /* bytes: the largest ru_maxrss, or the peak of the job's own cgroup */
	uint64_t minor_faults, major_faults;
	uint64_t voluntary_switches, involuntary_switches;
	uint64_t read_bytes, written_bytes; /* from and to storage */
	uint64_t peak_processes;            /* the largest number at once */
	/* The figures are those of a cgroup of the job's own: they count from zero and cover every
	 * descendant, also one that nobody waited for. */
	bool own_cgroup;
};

struct warden_bind_mount {
	const char *src_path; /* on the host, absolute */
	const char *dst_path; /* in the container, absolute */
	bool writable;
};

/* What names a container and the pools' share that is its own. Written to the container's directory
 * before `create` is called, so `restore` always gets it again. */
struct warden_identity {
	const char *id; /* 11 characters of 0-9a-v; unique; fit for names of links and cgroups */
	/* The container's directory, mode 0700, owned by the daemon. At `create` it holds `etc/`
	 * and `run/` alone. The path is not to be kept: the directory may move; `dir_fd` stays
	 * valid until the container is gone. */
	const char *path;
	int dir_fd;
	uint32_t slot; /* 0 to 4095: of a range of 65,536 host uids and gids from
			  settings->range_start on */
	uint32_t uid;  /* vcap's uid and gid inside the container */
	/* A /30: network byte order. */
	struct in_addr network, host_ip, container_ip;
};

/* Limits of a container. WARDEN_UNKNOWN (for the bool: -1, for text: NULL) is "leave it as it is"
 * in a request and "cannot be told here" in an answer. */
struct warden_limits {
	uint64_t memory_bytes; /* memory and memory+swap together; 9223372036854771712: none */
	int swap_off;          /* 1: nothing of the container is swapped */
	uint64_t cpu_shares;   /* cgroup v1's cpu.shares, also on v2; default 1024 */
	uint64_t cpu_quota;    /* percent of one core; 0: none */
	const char *cpus;   /* as cpuset.cpus: "0-2,4"; empty: all. In an answer: static, or kept by
			       the container until the next call */
	uint64_t processes; /* 0: none */
	uint64_t disk_block_soft, disk_block_hard; /* blocks of 1 KiB; 0: none */
	uint64_t disk_inode_soft, disk_inode_hard; /* 0: none */
	uint64_t bandwidth_rate, bandwidth_burst;  /* bytes/s and bytes, both directions; rate
						      4294967295: none */
	uint64_t io_weight;                        /* 1 to 10,000; default 100 */
	uint64_t io_read_rate, io_write_rate;      /* bytes/s on the depot's device; 0: none */
};

/* Sets all members to WARDEN_UNKNOWN. */
static inline void warden_limits_init(struct warden_limits *limits)
{
	memset(limits, 0xff, sizeof(*limits));
	limits->cpus = NULL;
}

enum warden_protocol { /* the protocol's numbers */
		       WARDEN_TCP = 0,
		       WARDEN_UDP = 1,
		       WARDEN_ICMP = 2,
		       WARDEN_ALL = 3,
};

/* Traffic to host_port of an address of the host's own goes to container_port. */
struct warden_in_rule {
	enum warden_protocol protocol; /* WARDEN_TCP or WARDEN_UDP */
	uint16_t host_port, container_port;
};

/* Traffic out of the container that is allowed. Addresses in network byte order, inclusive. */
struct warden_out_rule {
	struct in_addr first, last;
	enum warden_protocol protocol;
	uint16_t first_port, last_port; /* 0 and 65535: any */
	int icmp_type, icmp_code;       /* -1: any */
	bool log;                       /* the kernel logs new connections: prefix "warden-i-ID " */
};

struct warden_rules {
	const struct warden_in_rule *in;
	size_t n_in;
	const struct warden_out_rule *out; /* the first is tried first */
	size_t n_out;
};

/* A line of /etc/hosts of the container beside its own. */
struct warden_host_name {
	const char *address, *names; /* names: separated by a blank; checked by the core */
};

struct warden_create {
	struct warden_identity identity;
	const char *rootfs_path; /* absolute; a directory when it was looked at */
	/* Instead of rootfs_path (which is then the topmost): directories, topmost first; absolute.
	 */
	const char *const *layers;
	size_t n_layers; /* 0: rootfs_path alone */
	/* The writable layer lies on a tmpfs of its own; 0: in the container's directory. */
	uint64_t tmpfs_bytes, tmpfs_inodes; /* inodes 0: the kernel's default */
	const char *hostname;               /* NULL: the id */
	const struct warden_host_name *hosts;
	size_t n_hosts;
	const char *const *dns_servers; /* NULL: as settings->dns_servers */
	uint64_t shm_bytes;             /* of /dev/shm; 0: the backend's default */
	const struct warden_bind_mount *bind_mounts;
	size_t n_bind_mounts;
	/* Of the client that asks (SO_PEERCRED): sources of bind mounts are opened with its rights.
	 */
	uid_t client_uid;
	gid_t client_gid;
};

struct warden_spawn {
	uint32_t job_id;
	/* The script: a sealed memfd, offset 0; standard input of /bin/bash (/bin/sh where there is
	 * no bash). -1 where there is argv. */
	int script_fd;
	/* The command instead of a script, ends in NULL; a name without a slash is looked up in the
	 * job's PATH inside the container. NULL: the script. */
	const char *const *argv;
	/* NAME=VALUE, ends in NULL: over the environment that every job has. The names are unique.
	 */
	const char *const *env;
	const char *working_dir; /* absolute in the container; NULL: the user's home. Not there: the
				    job does not start */
	/* USER or USER:GROUP, names (of the container's /etc/passwd and /etc/group) or numbers;
	 * NULL: vcap, or root when `privileged`. A user without an entry needs a number; its group
	 * is then that number, its home "/". Supplementary groups: none. */
	const char *user;
	bool privileged; /* root instead of vcap */
	/* A pipe for its standard input, or -1: /dev/null (of a command). Whoever outlives the
	 * daemon keeps a copy of the write end until the core closes the input (job_close_input); a
	 * stdin_write_fd of -1 beside a stdin_read_fd: another job writes it, nobody keeps a copy.
	 */
	int stdin_read_fd, stdin_write_fd;
	/* Its three descriptors are a terminal of the container's own, its controlling one, of this
	 * size. What it prints goes to stdout_write_fd, what comes from stdin_read_fd is typed;
	 * when that ends the terminal hangs up only with the job. */
	bool terminal;
	uint16_t rows, columns;
	/* Limits; 0: none. When one is reached every process of the job is killed, also while no
	 * daemon runs. cpu_time_us counts user and system time of the job's processes together; the
	 * kill comes at most 3 ms late. */
	uint64_t wall_time_us, cpu_time_us;
	int nice;              /* added to the container's; -20 to 19 */
	const char *cpus;      /* as cpuset.cpus, for sched_setaffinity(2); NULL: the container's */
	uint64_t memory_limit; /* bytes, of the job's cgroup; 0: none */
	uint64_t process_limit; /* likewise */
	bool own_cgroup; /* a cgroup of its own, for the figures; implied by the two limits above */
	bool no_aslr, no_swap, stack_unlimited;
	/* Write ends of the job's pipes, and their read ends: whoever outlives the daemon keeps
	 * copies of these. A stdout_read_fd of -1: another job reads it, nobody keeps a copy. */
	int stdout_write_fd, stderr_write_fd;
	int stdout_read_fd, stderr_read_fd;
	struct warden_rlimit rlimits[WARDEN_RLIMITS];
};

/* A job that `restore` found. */
struct warden_restored_job {
	uint32_t job_id;
	/* Read ends of its pipes, which the core owns from now on; checked to be pipes. -1: gone,
	 * nothing comes. */
	int stdout_fd, stderr_fd;
	int stdin_fd; /* write end of its standard input, likewise; -1: it has none, or it was
			 closed */
};

struct warden_restored {
	bool alive; /* false: only `destroy` may be called for this container */
	/* An array from malloc(3), which the core frees, or NULL. Ends are told by job_ended, after
	 * restore returned. */
	struct warden_restored_job *jobs;
	size_t n_jobs;
};

/* MemoryStat of the protocol, in its order (see doc/protocol.md); WARDEN_UNKNOWN: not told. */
enum { WARDEN_MEMORY_STATS = 28 };

/* Pressure stall information: hundredths of a percent, and microseconds in total. */
struct warden_pressure {
	uint64_t avg10, avg60, avg300, total;
};

struct warden_info {
	uint64_t memory[WARDEN_MEMORY_STATS];
	uint64_t cpu_usage_ns;
	uint64_t cpu_user_ticks, cpu_system_ticks; /* USER_HZ */
	uint64_t disk_bytes, disk_inodes;
	uint64_t in_rate, in_burst, out_rate,
		out_burst; /* bytes/s and bytes; 4294967295: no limit */
	uint64_t peak_memory, oom_kills, processes;
	uint64_t rx_bytes, rx_packets, tx_bytes, tx_packets; /* as the container sees them */
	struct warden_pressure cpu_some, memory_some, memory_full, io_some, io_full;
};

/* Something about this machine, for people. Strings are valid only during the call. */
struct warden_fact {
	const char *name;   /* what was looked at, such as "user namespaces" */
	const char *value;  /* what was found */
	bool good;          /* nothing is lacking */
	const char *effect; /* of what is lacking, or NULL */
	const char *remedy; /* what an operator can do about it, or NULL */
};

/* Takes a fact; `data` is what was passed with the function. */
typedef void (*warden_fact_function)(void *data, const struct warden_fact *fact);

/* What moves files between a container and the rest of the world. */
enum warden_transfer_kind {
	/* A file, link or tree from host_path to path, or the other way round, as `rsync -r -p
	 * --links` would: doc/protocol.md, "CopyIn, CopyOut". */
	WARDEN_COPY_IN,
	WARDEN_COPY_OUT,
	/* A tar stream, read from data_fd to its end, unpacked below `path`, the last component of
	 * which is made when it is missing; or path written to data_fd as one. */
	WARDEN_TAR_IN,
	WARDEN_TAR_OUT,
	/* Bytes of a file from `offset` on, at most `length`, into data_fd. The end tells the size
	 * of the file. */
	WARDEN_FILE_READ,
	/* All of data_fd into a file from `offset` on; WARDEN_UNKNOWN: the file is replaced, at
	 * once and whole. A new one gets `mode`. */
	WARDEN_FILE_WRITE,
	/* A FileListResponse (proto/warden.proto), encoded, of at most `length` bytes, into
	 * data_fd.
	 */
	WARDEN_FILE_LIST,
	/* A file, a link, an empty directory, or a whole one where `recursive`. */
	WARDEN_FILE_REMOVE,
	/* Changes in a directory or of a file, each a struct warden_change with its name behind it,
	 * written to data_fd as they happen. The first is WATCHING; the end is that of what is
	 * watched. */
	WARDEN_FILE_WATCH,
};

/* How far a copy is; see struct warden_transfer. */
struct warden_copied {
	uint64_t files; /* that are complete, links among them */
	uint64_t bytes; /* of files, holes among them */
};

struct warden_change {
	uint32_t change; /* of FileWatchResponse.Change in proto/warden.proto */
	uint32_t name_length;
};

/*
 * A transfer. No symbolic link, whoever swaps it and whenever, may lead out of the container on its
 * side. What is written in the container is written with vcap's rights and belongs to vcap; what is
 * read there is read with the rights of the container's root. On the host's side the client's
 * rights decide, and no link is followed in a path that is written to.
 */
struct warden_transfer {
	uint64_t id; /* unique in the daemon */
	enum warden_transfer_kind kind;
	const char *path;      /* in the container; a relative one is below vcap's home */
	const char *host_path; /* of a copy: absolute */
	/* Of the client that asks (SO_PEERCRED). */
	uid_t client_uid;
	gid_t client_gid;
	/* WARDEN_COPY_OUT: who owns the result, where the daemon may give files away. */
	uid_t owner_uid;
	gid_t owner_gid;
	/* WARDEN_TAR_IN, _OUT, WARDEN_FILE_WATCH: a stream, the other end of which is the client's,
	 * who may be slow. WARDEN_FILE_READ, _WRITE, _LIST: an empty file, or one with the data, at
	 * offset 0. WARDEN_COPY_IN, _OUT: -1, or a stream for what a client wants to know on the
	 * way, into which a backend may write a struct warden_copied now and then and at the end;
	 * what cannot be written at once is left out. */
	int data_fd;
	uint64_t offset, length;
	mode_t mode;
	bool recursive;
};

struct warden_transfer_end {
	/* NULL: all is done. Else what could not be done, to what, as the client is told. */
	const char *error;
	uint64_t size; /* WARDEN_FILE_READ: of the whole file */
};

/* A key of the backend's own group in the configuration; the group bears the klass's name. */
enum warden_option_type {
	WARDEN_OPTION_BOOL,
	WARDEN_OPTION_INTEGER,
	WARDEN_OPTION_STRING,
	WARDEN_OPTION_STRINGS, /* an array */
};

struct warden_option {
	const char *name;
	enum warden_option_type type;
	int64_t min, max; /* of an integer */
	int64_t number;   /* default of an integer or bool */
	/* Default of a string; NULL: not set. Of an array, whose default is empty: the words that
	 * may stand in it, with spaces between them; NULL: any. */
	const char *text;
	const char *meaning; /* a sentence for people */
};

/* No capability's bit. */
#define WARDEN_CAPABILITIES_NONE (UINT64_C(1) << 63)

/*
 * A backend. `container` is what `create` or `restore` returned; it is freed by the backend before
 * it reports `container_gone`, or in `detach`.
 */
struct warden_container_klass {
	size_t size;  /* sizeof(struct warden_container_klass) */
	unsigned abi; /* WARDEN_BACKEND_ABI */
	const char *name;
	const char *description;             /* a sentence for people */
	const struct warden_option *options; /* ends with an entry whose name is NULL; NULL: none */
	bool needs_rootfs; /* settings->rootfs_path and a create's rootfs must be directories */
	/* Containers have the network of the host: what listens on a port inside listens on the
	 * host, so a forward goes from a host port to the same one. */
	bool host_network;
	/* The Linux capabilities that the operations use, and that containers without a user
	 * namespace of their own are given: bit N for capability N of <linux/capability.h>. All
	 * others the daemon gives up for good before `setup`, for itself and what it starts. 0: it
	 * keeps what it has; WARDEN_CAPABILITIES_NONE: it keeps none. */
	uint64_t capabilities;

	/* Required. Called once, on the main thread, before there is any other thread: the only
	 * place to fork helpers. Checks that this machine has what the backend needs; `*backend` is
	 * handed to the others. The host and its settings stay valid until teardown. */
	int (*setup)(const struct warden_host *host, void **backend, struct warden_error *err);

	/* Optional. Called once, at the end, when no operation runs. Containers live on. */
	void (*teardown)(void *backend);

	/* Optional. Called on a worker thread before a request that concerns a container is carried
	 * out, with the request's name as in the protocol ("create", "run", "net_in" ...); may
	 * block, and an error is the answer to that request: nothing was done. `container` is NULL
	 * for a create. For backends that stand in for others in tests. */
	int (*admit)(void *backend, void *container, const char *request, struct warden_error *err);

	/* Required. Makes a container that is usable at once. Where that waits for a program to end
	 * (see warden_hooks) it returns 1: it goes on by itself, what it was given stays valid
	 * until it is done, and host->created tells how it ended. Teardown comes only after that.
	 */
	int (*create)(void *backend, const struct warden_create *create, void **container,
		      struct warden_error *err);

	/* Required. Finds a container of an earlier daemon again by its identity. Fails only where
	 * the daemon cannot go on (no memory): a container that is dead, damaged or was never
	 * completed is reported with `restored->alive` false and removed by `destroy`, which must
	 * cope with any part of it missing. `state` is what the core stored: "born" means that
	 * create was not completed. */
	int (*restore)(void *backend, const struct warden_identity *identity, const char *state,
		       void **container, struct warden_restored *restored,
		       struct warden_error *err);

	/* Required. Starts a job and returns as soon as whoever starts it has been told; never
	 * waits for it. That a job could not start is told by job_ended with a start_error. */
	int (*spawn)(void *container, const struct warden_spawn *spawn, struct warden_error *err);

	/* Optional. Sends a signal to every process of a job; SIGKILL leaves none. NULL: the core
	 * stops the whole container where it must end one job. */
	int (*job_signal)(void *container, uint32_t job_id, int signal, struct warden_error *err);

	/* Optional. The standard input is complete: whoever keeps a copy of its write end closes
	 * it. The core closes its own after this call. NULL: spawn is never asked for standard
	 * input. */
	int (*job_close_input)(void *container, uint32_t job_id, struct warden_error *err);

	/* Optional. A new size of the job's terminal. NULL: spawn is never asked for a terminal. */
	int (*job_resize)(void *container, uint32_t job_id, uint16_t rows, uint16_t columns,
			  struct warden_error *err);

	/* Optional. The core has stored the end of this job: whoever remembers it for a restart may
	 * forget it. */
	void (*job_forget)(void *container, uint32_t job_id);

	/* Required. Sends `signal` (SIGTERM, later SIGKILL) to every process but the container's
	 * own, and sees to it that container_empty is told as soon as none is left; at once where
	 * there is none. With SIGKILL it leaves none, whatever they do. May be called again while
	 * an earlier one waits; one container_empty is enough. */
	int (*stop)(void *container, int signal, struct warden_error *err);

	/* Required. Ends every process and begins to remove everything but the container's
	 * directory; container_gone is told when that is done. Cannot fail: what cannot be removed
	 * is logged and tried again by the backend. */
	void (*destroy)(void *container);

	/* Optional. Forgets the container without touching it: the daemon ends and the container
	 * lives on. */
	void (*detach)(void *container);

	/* Optional. Sets the rules of the container as a whole, in one transaction: those of before
	 * are gone, all or nothing is changed. Connections that exist go on. Called again after a
	 * restart, with what the core has stored: that may be the set before the last call's. No
	 * two containers have the same host port. Once `destroy` has returned, the host ports of
	 * the container are free for others. NULL: requests for rules are refused. */
	int (*set_rules)(void *container, const struct warden_rules *rules,
			 struct warden_error *err);

	/* Optional. Sets limits, all or none of those given, and fills `in_force` with what holds
	 * now (`limits` may leave everything as it is). Called again after a restart. */
	int (*set_limits)(void *container, const struct warden_limits *limits,
			  struct warden_limits *in_force, struct warden_error *err);

	/* Optional. Freezes every process, the container's own (init, keepers) too, or lets them go
	 * on; returns when that is done. Stop and destroy let it go on first, and so does
	 * `restore`, which needs its first process: the core pauses it again. No job is started
	 * meanwhile. */
	int (*pause)(void *container, bool paused, struct warden_error *err);

	/* Optional. Starts to move files and returns; how that ended is told by transfer_ended,
	 * once for each transfer for which this returned 0. Several may run side by side, also
	 * beside other operations. `destroy` ends those that run, `detach` leaves none behind.
	 * Where the daemon dies they end too, and nothing half remains under a name of its own. */
	int (*transfer)(void *container, const struct warden_transfer *transfer,
			struct warden_error *err);

	/* Required with transfer. Ends a transfer soon; transfer_ended tells when. One that has
	 * ended is ignored. Called on any thread, also while an operation of the container runs but
	 * for destroy and detach; never blocks. */
	void (*transfer_cancel)(void *container, uint64_t transfer_id);

	/* Optional. Fills in what the backend can tell; the core has set every member to
	 * WARDEN_UNKNOWN. */
	int (*info)(void *container, struct warden_info *info, struct warden_error *err);

	/* Optional. Tells what this machine offers the backend and lacks, and what of it the
	 * backend uses, for `warden doctor`. On a worker thread, with what setup gave; or, in a
	 * `wardend --check-host`, with `backend` NULL on the main thread, without setup before:
	 * then it tries what setup would, leaves nothing behind, and -1 and `err` mean that the
	 * backend cannot run here. A string option may be NULL then. */
	int (*describe)(void *backend, const struct warden_host *host, warden_fact_function tell,
			void *data, struct warden_error *err);
};

/* The name under which a module exports its klass; also one that hides everything else. */
#define WARDEN_BACKEND_SYMBOL "warden_container_klass"
extern const struct warden_container_klass warden_container_klass
	__attribute__((visibility("default")));

#ifdef __cplusplus
}
#endif

#endif
