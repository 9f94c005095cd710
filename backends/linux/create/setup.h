/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The set-up of a container as its three parties see it: the worker that runs `create`, the set-up
 * child that the spawner forks for it, and the container's first process before its exec. Here is
 * what they say to each other and what the set-up child knows; its steps are in setup_child.c, each
 * of them in the file of its subject.
 *
 * The worker sends `struct setup_parameters`, a path for each layer, the texts (each of the length
 * that the parameters tell; none of length 0) and a `struct setup_bind` for each bind mount. The
 * set-up child answers SETUP_STARTED with descriptors once the first process is there, so that
 * cgroups and links are made while it goes on with the mounts; SETUP_HOOK where a hook's turn is,
 * and waits for `go` (any message); SETUP_READY when all is mounted;
 * then it waits for another `go`, lets the first process exec, and ends with
 * SETUP_DONE. SETUP_NOTE may come at any time, SETUP_FAILED instead of any other. Whoever sees the
 * other's end closed gives up: so nothing outlives a worker or a daemon that dies.
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
	char hostname[65];     /* the kernel's longest */
	size_t n_layers;       /* at least 1 */
	uint64_t tmpfs_bytes,
		tmpfs_inodes; /* 0: the writable layer lies in the directory; default */
	uint64_t shm_bytes;   /* 0: the kernel's default */
	size_t hosts_length;  /* of the lines of /etc/hosts beside its own */
	size_t resolv_length; /* of /etc/resolv.conf; 0: as the host has it */
	uint32_t base;        /* host id of container root; 0 without a user namespace */
	bool nested;          /* it may run a warden of its own */
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

/* The descriptors that come with SETUP_STARTED. */
enum { STARTED_PIDFD, STARTED_NETNS, STARTED_RTNL, STARTED_FDS };

/* What a set-up child knows. It is forked for one container and ends with it, so nothing is freed:
 * its end closes all descriptors and, by them, removes its namespaces. */
struct setup {
	const struct linux_backend *backend;
	int socket; /* to the worker */
	struct setup_parameters parameters;
	struct setup_layer *layers; /* topmost first */
	char *hosts, *resolv;       /* texts; NULL: none */
	struct setup_bind *binds;
	int *bind_sources; /* clones of the binds' sources, not attached yet */
	int *bind_users;   /* user namespaces that map each one's owner to vcap, or -1 */

	int layer_fds[SETUP_LAYERS_MAX]; /* copies of the layers' mounts, not attached yet */
	int directory_fd; /* the container's directory, in the set-up's mount namespace */
	int cgroup_fd;    /* its group on v2, or -1 */
	int listen_fd;    /* where wshd listens */
	int namespace_fd; /* the container's user namespace, or -1 */
	int init_fd;      /* to the first process */
	int init_far_fd;  /* the first process's end; closed once it is there */
	pid_t init_pid;
	int init_pidfd;
	int netns_fd, rtnl_fd;
	int root_fd; /* the container's root */
	int dev_fd, proc_fd, sys_fd;

	uint32_t image_uid, image_gid; /* of a vcap that the rootfs has already; 0: none */
	uint32_t fuse_gid;             /* inside */
};

/* The whole of a set-up child; never returns. */
void setup_child_run(const struct linux_backend *backend, int socket, int directory_fd,
		     int cgroup_fd) __attribute__((noreturn));

/* Sends the worker a line for the log. */
void setup_note(struct setup *setup, const struct warden_error *note);

#endif
