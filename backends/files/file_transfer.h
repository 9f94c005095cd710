/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transfers of files (container_klass->transfer): each is a process of its own, forked by the
 * backend's spawner, which does what its request says and answers how that ended. Here is what the
 * two say to each other, the list of those that run for a container, and the process itself
 * (file_transfer_child.c). How a backend gets a process, and who may what, is the backend's.
 *
 * Their connection is the transfer's life: when the daemon's end closes, or is shut down to cancel
 * it, the process gives up, and is gone after TRANSFER_PATIENCE_S at the latest.
 */
#ifndef BACKENDS_FILES_FILE_TRANSFER_H
#define BACKENDS_FILES_FILE_TRANSFER_H

#include <limits.h>
#include <pthread.h>

#include "backends/files/copy.h"
#include "lib/watcher.h"
#include "warden/backend.h"

enum { TRANSFER_PATIENCE_S = 2 };

/* What a relative path in the container stands behind, at most. */
enum { TRANSFER_HOME_MAX = 64 };

struct file_transfer_request {
	enum warden_transfer_kind kind;
	char path[TRANSFER_HOME_MAX + PATH_MAX]; /* from root_fd */
	char host_path[PATH_MAX];
	/* Who writes in the container, who touches the host's side, who gets what is made there. */
	struct copy_identity inside, client, owner;
	struct copy_guard guard; /* of what is read inside */
	uint64_t offset, length; /* as in struct warden_transfer */
	mode_t mode;
	bool recursive;
};

enum transfer_event { TRANSFER_NOTE, TRANSFER_DONE, TRANSFER_FAILED };

struct file_transfer_reply {
	enum transfer_event event;
	struct warden_error error; /* TRANSFER_FAILED; TRANSFER_NOTE: for the log */
	uint64_t size;             /* TRANSFER_DONE: of a file */
};

/* Puts the parameters into a request; `home` is what a relative path in the container is
 * below. -1 and `err`: one is too long. */
int file_transfer_fill(struct file_transfer_request *request,
		       const struct warden_transfer *transfer, const char *home,
		       struct warden_error *err);

/* The whole of a transfer's process, single-threaded: receives a struct file_transfer_request from
 * `socket`. The descriptors are taken; data_fd may be -1. */
void file_transfer_child_run(int socket, int root_fd, int data_fd) __attribute__((noreturn));

/* Those that run for a container. */
struct file_transfers {
	const struct warden_host *host;
	struct watcher *watcher;
	const char *id;        /* the container's, which outlives this */
	pthread_mutex_t mutex; /* for all that follows */
	pthread_cond_t changed;
	struct file_transfer *first;
	void (*ended)(void *data); /* not NULL: no more of them, and call it when none is left */
	void *data;
};

void file_transfers_init(struct file_transfers *transfers, const struct warden_host *host,
			 struct watcher *watcher, const char *id);
/* What is left, when the watcher is gone already, is cut off. */
void file_transfers_free(struct file_transfers *transfers);

/* Sends the request to a process at the other end of `socket`, which is taken, and passes on what
 * comes of it: host->transfer_ended is called unless this fails. */
int file_transfers_add(struct file_transfers *transfers, uint64_t transfer_id, int socket,
		       const struct file_transfer_request *request, struct warden_error *err);

/* See container_klass->transfer_cancel. */
void file_transfers_cancel(struct file_transfers *transfers, uint64_t transfer_id);

/* Cancels all and calls `ended` when none is left: at once, or on the watcher's thread. It may free
 * `transfers`. */
void file_transfers_end(struct file_transfers *transfers, void (*ended)(void *data), void *data);

/* Cancels all and waits until none is left. Not on the watcher's thread. */
void file_transfers_wait(struct file_transfers *transfers);

#endif
