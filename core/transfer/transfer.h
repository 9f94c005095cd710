/* SPDX-License-Identifier: Apache-2.0 */
/* File transfers, from the request until the backend reports the end: copies between container and
 * host, and data through the client's connection. All functions run on the loop thread. */
#ifndef CORE_TRANSFER_TRANSFER_H
#define CORE_TRANSFER_TRANSFER_H

#include <sys/queue.h>

#include "core/container/container.h"
#include "proto/warden.pb-c.h"

struct transfer {
	LIST_ENTRY(transfer) link; /* of its container */
	struct operation operation;
	struct container *container;
	struct warden_transfer parameters; /* owns the paths and data_fd */
	char *owner;                       /* requested owner of copied files, malloc'd, or NULL */
	/* Before the backend begins, parameters.data_fd is made as a file that holds `data` (NULL:
	 * empty). */
	bool uses_file;
	const ProtobufCBinaryData *data;
	/* The daemon's end of the socket pair whose other end is parameters.data_fd, or NULL. */
	uv_pipe_t *pipe;
	struct report_box *box; /* of the backend's reports, or NULL */
	bool started;           /* its operation is done: the backend has begun, or begin failed */
	bool finished;          /* the backend has reported the end, or never will */
	bool cancelled;         /* transfer_cancel was called */
	bool abandoned;         /* ended without waiting for the backend's event */
	bool failed;
	struct warden_error err; /* if failed */
	/* As the backend reported it; its error is in `err`. */
	struct warden_transfer_end end;
	/* The transfer has ended; must free it with transfer_free. */
	void (*ended)(struct transfer *transfer);
	/* Optional. The box has reports. */
	void (*reported)(struct transfer *transfer);
	/* Optional. The backend has begun. */
	void (*begun)(struct transfer *transfer);
	struct request *request; /* waits for the end, or NULL */
	void *stream;            /* the struct upload or struct download of `pipe` or `box` */
};

/* Makes a transfer of the request's container. `path` and `host_path` (NULL: none) are fields of
 * the request, the names are for errors. NULL and `err`. */
struct transfer *transfer_new(struct request *request, enum warden_transfer_kind kind,
			      const ProtobufCBinaryData *path, const char *path_field,
			      const ProtobufCBinaryData *host_path, const char *host_path_field,
			      struct warden_error *err);
/* Also closes its pipe, box and data_fd. */
void transfer_free(struct transfer *transfer);

/* Makes the socket pair; -1 and `err`. */
int transfer_open_pipe(struct transfer *transfer, struct warden_error *err);
/* Pending writes end with UV_ECANCELED. */
void transfer_close_pipe(struct transfer *transfer);

/* Makes the box for the reports of a list, a watch or a copy; -1 and `err`. */
int transfer_open_box(struct transfer *transfer, struct warden_error *err);

/* Queues the backend's transfer on a worker; `ended` is called in any case. */
void transfer_start(struct transfer *transfer, void (*ended)(struct transfer *transfer));

/* Asks the backend to cancel the transfer; `ended` follows. */
void transfer_cancel(struct transfer *transfer);

/* Cancels, or ends at once, all transfers of a container; for a destroy and for the daemon's end.
 */
void transfers_cancel(const struct container *container);
void transfers_abandon(struct container *container);

/* Handles the backend's event that transfer `id` has ended; `error` is NULL on success. */
void transfer_event(struct container *container, uint64_t id, const char *error,
		    const struct warden_transfer_end *end);

/* Handles the event that transfer `id` has reports. */
void transfer_reported(struct container *container, uint64_t id);

/* Usable as `ended`: answers the waiting request with an empty answer or the error. */
void transfer_answer(struct transfer *transfer);
/* The handler's cancel. */
bool transfer_request_cancel(struct request *request);

#endif
