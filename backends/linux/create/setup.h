/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The set-up of a container, shared by the worker that runs `create`, the set-up child that the
 * spawner forks, and the container's first process before its exec: the protocol between worker and
 * set-up child, and the set-up child's state. Its list of steps is in setup_child.c, each step in
 * the file of its subject.
 *
 * The worker sends `struct setup_parameters`, a path for each layer, the texts (their lengths are
 * in the parameters; a text of length 0 is not sent) and a `struct setup_bind` for each bind mount.
 * The set-up child answers SETUP_STARTED with descriptors once the first process exists, so that
 * the worker makes cgroups and links while the set-up child mounts. It sends SETUP_HOOK for each
 * hook and waits for `go` (any message). When all is mounted it sends SETUP_READY, waits for `go`,
 * has the first process exec, and ends with SETUP_DONE. It may send SETUP_NOTE at any time, and
 * SETUP_FAILED instead of any other message. Each side gives up if the other end is closed, so
 * nothing is left if the worker or the daemon dies.
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
	char path[PATH_MAX];                /* the container's directory */
	char rootfs[PATH_MAX];              /* the topmost layer, for messages */
	char hostname[65];                  /* the kernel's longest */
	size_t n_layers;                    /* at least 1 */
	uint64_t tmpfs_bytes, tmpfs_inodes; /* 0: the writable layer is in the container's
					       directory; 0: the kernel's default */
	uint64_t shm_bytes;                 /* 0: the kernel's default */
	size_t hosts_length;                /* of additional lines of /etc/hosts */
	size_t resolv_length; /* of /etc/resolv.conf; 0: derived from the settings or the host */
	uint32_t base;        /* host id of container root; 0 without a user namespace */
	bool nested;          /* it may run its own warden */
	uint32_t uid;         /* vcap's, inside */
	struct in_addr host_ip, container_ip;
	uid_t client_uid;
	gid_t client_gid;
	size_t n_binds;
	uint32_t project; /* of the writable layer's files; 0: none */
};

struct setup_bind {
	bool writable;
	char src_path[PATH_MAX];
	char dst_path[PATH_MAX];
};

enum setup_event {
	SETUP_STARTED,
	SETUP_HOOK,
	SETUP_READY,
	SETUP_DONE,
	SETUP_NOTE,
	SETUP_FAILED,
};

struct setup_reply {
	enum setup_event event;
	pid_t pid;                 /* SETUP_STARTED: of the first process */
	int hook;                  /* SETUP_HOOK: enum hook */
	struct warden_error error; /* SETUP_FAILED; SETUP_NOTE: for the log */
};

/* Indices of the descriptors that are sent with SETUP_STARTED. */
enum { STARTED_PIDFD, STARTED_NETNS, STARTED_RTNL, STARTED_FDS };

/* The state of a set-up child. It is forked for one container and frees nothing: its exit closes
 * all descriptors and so removes its namespaces. */
struct setup {
	const struct linux_backend *backend;
	int socket; /* to the worker */
	struct setup_parameters parameters;
	struct setup_layer *layers; /* topmost first */
	char *hosts, *resolv;       /* texts; NULL: none */
	struct setup_bind *binds;
	int *bind_sources; /* clones of the binds' sources, not attached yet */

	int layer_fds[SETUP_LAYERS_MAX]; /* copies of the layers' mounts, not attached yet */
	int directory_fd; /* the container's directory, in the set-up's mount namespace */
	int cgroup_fd;    /* its group on v2, or -1 */
	int listen_fd;    /* the listening socket of wshd */
	int namespace_fd; /* the container's user namespace, or -1 */
	int init_fd;      /* to the first process */
	int init_far_fd;  /* the first process's end; closed once that exists */
	pid_t init_pid;
	int init_pidfd;
	int netns_fd, rtnl_fd;
	int root_fd; /* the container's root */
	int dev_fd, proc_fd, sys_fd;

	uint32_t image_uid, image_gid; /* ids of vcap in the rootfs; 0: none */
	uint32_t fuse_gid;             /* inside */
};

/* Runs a set-up child; never returns. */
void setup_child_run(const struct linux_backend *backend, int socket, int directory_fd,
		     int cgroup_fd) __attribute__((noreturn));

/* Sends the worker a line for the log. */
void setup_note(struct setup *setup, const struct warden_error *note);

#endif
