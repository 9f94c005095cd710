/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transfers of files (container_klass->transfer): each runs in its own process, forked by the
 * backend's spawner, which serves one request and replies with the result. This header declares the
 * messages between both, the list of a container's running transfers, and the process itself
 * (file_transfer_child.c). The backend decides how a process is started and with which identities.
 *
 * The connection is the transfer's life: if the daemon's end closes, or is shut down to cancel it,
 * the process gives up, and is gone after TRANSFER_PATIENCE_S at the latest.
 */
#ifndef BACKENDS_FILES_FILE_TRANSFER_H
#define BACKENDS_FILES_FILE_TRANSFER_H

#include <limits.h>
#include <pthread.h>

#include "backends/files/copy.h"
#include "lib/watcher.h"
#include "warden/backend.h"

/* How long a process may take to end after a cancel, in seconds. */
enum { TRANSFER_PATIENCE_S = 2 };

/* The longest directory that a relative path in the container is below. */
enum { TRANSFER_HOME_MAX = 64 };

/* Sent by the daemon, once. */
struct file_transfer_request {
	enum warden_transfer_kind kind;
	char path[TRANSFER_HOME_MAX + PATH_MAX]; /* from root_fd */
	char host_path[PATH_MAX];
	/* The identity that writes in the container, the one that accesses the host's side, and the
	 * owner of what is made on the host's side. */
	struct copy_identity inside, client, owner;
	struct copy_guard guard; /* for reading in the container */
	uint64_t offset, length; /* as in struct warden_transfer */
	mode_t mode;
	bool recursive, report_progress, keep_modes;
};

enum transfer_event {
	TRANSFER_NOTE,
	TRANSFER_DONE,
	TRANSFER_FAILED,
	TRANSFER_ENTRY,
	TRANSFER_CHANGE,
	TRANSFER_PROGRESS,
};

/* Sent by the process: any number of notes and reports, then one end. */
struct file_transfer_reply {
	enum transfer_event event;
	struct warden_error error;  /* TRANSFER_FAILED; TRANSFER_NOTE: for the log */
	uint64_t size;              /* TRANSFER_DONE: of a file */
	uint64_t skipped, vanished; /* TRANSFER_DONE: as in struct warden_transfer_end */
};

/* Sent by the process, without the unused end of `text`. The pointers in the structs are not valid:
 * the receiver sets them to the texts in `text`. */
struct file_transfer_report {
	enum transfer_event event; /* TRANSFER_ENTRY, TRANSFER_CHANGE, TRANSFER_PROGRESS */
	union {
		struct warden_file_entry entry;
		struct warden_file_change change;
		struct warden_copy_progress progress;
	};
	bool has_name, has_target;
	char text[NAME_MAX + 1 + PATH_MAX]; /* the name and the target, each with its NUL */
};

/* Fills a request from the parameters; a relative path in the container is below `home`. -1 and
 * `err` if a path is too long. */
int file_transfer_fill(struct file_transfer_request *request,
		       const struct warden_transfer *transfer, const char *home,
		       struct warden_error *err);

/* Runs a transfer's process, which must have a single thread: receives a struct
 * file_transfer_request from `socket`, serves it and exits. Takes the descriptors; data_fd may be
 * -1. */
void file_transfer_child_run(int socket, int root_fd, int data_fd) __attribute__((noreturn));

/* The running transfers of a container. */
struct file_transfers {
	const struct warden_host *host;
	struct watcher *watcher;
	const char *id;        /* the container's, which outlives this */
	pthread_mutex_t mutex; /* protects the members below */
	pthread_cond_t changed;
	struct file_transfer *first;
	/* Not NULL: new transfers are refused, and it is called when the list is empty. */
	void (*ended)(void *data);
	void *data;
};

void file_transfers_init(struct file_transfers *transfers, const struct warden_host *host,
			 struct watcher *watcher, const char *id);
/* Closes the connections that are left, after the watcher is gone. */
void file_transfers_free(struct file_transfers *transfers);

/* Sends the request to the process at the other end of `socket`, which is taken also on failure,
 * and reports its result: host->transfer_ended is called unless this fails. Any thread. */
int file_transfers_add(struct file_transfers *transfers, uint64_t transfer_id, int socket,
		       const struct file_transfer_request *request, struct warden_error *err);

/* See container_klass->transfer_cancel. */
void file_transfers_cancel(struct file_transfers *transfers, uint64_t transfer_id);

/* Cancels all transfers and calls `ended` when none is left: at once, or on the watcher's thread.
 * It may free `transfers`. */
void file_transfers_end(struct file_transfers *transfers, void (*ended)(void *data), void *data);

/* Cancels all transfers and waits until none is left. Not on the watcher's thread. */
void file_transfers_wait(struct file_transfers *transfers);

#endif
