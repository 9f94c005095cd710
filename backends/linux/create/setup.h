/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The set-up of a container has three parties: the worker that runs `create`, the set-up child that
 * the spawner forks for it, and the container's first process before its exec. This header defines
 * the messages between worker and set-up child, and the state of the set-up child. Its list of
 * steps is in setup_child.c; each step is in the file of its subject.
 *
 * The worker sends `struct setup_parameters`, a `struct setup_layer` for each layer, the texts
 * (with the lengths given in the parameters; a text of length 0 is not sent) and a `struct
 * setup_bind` for each bind mount. The set-up child sends SETUP_STARTED with descriptors as soon as
 * the first process exists, so that the worker makes cgroups and links while the child makes the
 * mounts; SETUP_HOOK when a hook is due, and waits for `go` (any message); SETUP_READY when all is
 * mounted. Then it waits for another `go`, lets the first process exec, and sends SETUP_DONE.
 * SETUP_NOTE may be sent at any time, SETUP_TRACE before the last one, SETUP_FAILED instead of any
 * other event. Either side gives up when the other closes its end, so nothing outlives a worker or
 * a daemon that dies.
 */
#ifndef BACKENDS_LINUX_CREATE_SETUP_H
#define BACKENDS_LINUX_CREATE_SETUP_H

#include <limits.h>

#include "backends/linux/linux.h"

enum {
	SETUP_LAYERS_MAX = 64,
};

/* A layer of the container's root file system. */
struct setup_layer {
	char path[PATH_MAX];
};

struct setup_parameters {
	char id[32];
	char path[PATH_MAX];   /* the container's directory */
	char rootfs[PATH_MAX]; /* the topmost layer, for messages */
	char hostname[65];     /* the kernel's maximum is 64 */
	size_t n_layers;       /* at least 1 */
	uint64_t tmpfs_bytes,
		tmpfs_inodes; /* 0: the writable layer is in the directory; the kernel's default */
	uint64_t shm_bytes;   /* 0: backend->shm_bytes */
	size_t hosts_length;  /* of the additional lines of /etc/hosts */
	size_t resolv_length; /* of /etc/resolv.conf; 0: use the host's */
	size_t working_dir_length; /* of the image's working directory; 0: none */
	uint32_t base;             /* host id of container root; 0 without a user namespace */
	bool nested;               /* it may run a warden; see nested.h */
	uint32_t uid;              /* of vcap, inside */
	struct in_addr host_ip, container_ip;
	uid_t client_uid;
	gid_t client_gid;
	size_t n_binds;
	uint32_t project; /* of the writable layer's files; 0: none */
	bool no_new_privs;
	bool prepares; /* SETUP_READY brings what an adoption needs; see linux_adopt.c */
};

struct setup_bind {
	bool writable;
	char src_path[PATH_MAX];
	char dst_path[PATH_MAX];
};

enum setup_event {
	SETUP_BEGUN, /* with a pidfd of the set-up child */
	SETUP_PROGRESS,
	SETUP_STARTED,
	SETUP_HOOK,
	SETUP_READY,
	SETUP_DONE,
	SETUP_NOTE,
	SETUP_TRACE,
	SETUP_FAILED,
};

struct setup_reply {
	enum setup_event event;
	pid_t pid; /* SETUP_STARTED: of the first process */
	int hook;  /* SETUP_HOOK: enum hook */
	struct warden_error
		error; /* SETUP_FAILED: the reason; SETUP_NOTE, SETUP_TRACE: a line for the log */
};

/* The descriptors sent with SETUP_STARTED. */
enum { STARTED_PIDFD, STARTED_NETNS, STARTED_RTNL, STARTED_FDS };

/* The descriptors sent with SETUP_READY if the container is prepared: its root, and its UTS
 * namespace. */
enum { READY_ROOT, READY_UTS, READY_FDS };

/* The state of a set-up child. The child serves one container and exits afterwards, so nothing is
 * freed: its exit closes all descriptors and thereby removes its namespaces. */
struct setup {
	const struct linux_backend *backend;
	int socket; /* to the worker */
	struct setup_parameters parameters;
	struct setup_layer *layers;         /* topmost first */
	char *hosts, *resolv, *working_dir; /* texts; NULL: none */
	struct setup_bind *binds;
	int *bind_sources; /* clones of the binds' sources, not attached yet */

	int layer_fds[SETUP_LAYERS_MAX]; /* copies of the layers' mounts, not attached yet */
	int directory_fd; /* the container's directory, in the set-up's mount namespace */
	int cgroup_fd;    /* its cgroup on v2, or -1 */
	int listen_fd;    /* where wshd listens */
	int namespace_fd; /* the container's user namespace, or -1 */
	int init_fd;      /* to the first process */
	int init_far_fd;  /* the first process's end; closed after the fork */
	pid_t init_pid;
	int init_pidfd;
	int netns_fd, rtnl_fd;
	int uts_fd;  /* of a container that is prepared; else -1 */
	time_t told; /* CLOCK_MONOTONIC seconds of the last SETUP_PROGRESS */
	int root_fd; /* the container's root */
	int dev_fd, proc_fd, sys_fd;

	uint32_t image_uid, image_gid; /* of a vcap that exists in the rootfs; 0: none */
	uint32_t fuse_gid;             /* inside */
};

/* The main function of a set-up child; never returns. */
void setup_child_run(const struct linux_backend *backend, int socket, int directory_fd,
		     int cgroup_fd) __attribute__((noreturn));

/* Tells the worker that the set-up goes on; at most once a second. `setup` is a struct setup. */
void setup_progress(void *setup);

/* Sends a line for the log to the worker. */
void setup_note(struct setup *setup, const struct warden_error *note);

#endif
