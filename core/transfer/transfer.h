/* SPDX-License-Identifier: Apache-2.0 */
/* A transfer of files as the core knows it, from a request until its end was told by the backend:
 * copies, and what goes through the client's connection. */
#ifndef CORE_TRANSFER_TRANSFER_H
#define CORE_TRANSFER_TRANSFER_H

#include <sys/queue.h>

#include "core/container/container.h"
#include "proto/warden.pb-c.h"

struct transfer {
	LIST_ENTRY(transfer) link; /* of its container */
	struct operation operation;
	struct container *container;
	struct warden_transfer parameters; /* their texts are ours */
	char *owner;                       /* of what is copied out, as it was asked for */
	/* parameters.data_fd, which is ours, is made for it, with `data` (NULL: nothing) in it. */
	bool uses_file;
	const ProtobufCBinaryData *data;
	/* Our end of the stream that parameters.data_fd is the other one of; NULL: there is none.
	 */
	uv_pipe_t *pipe;
	bool given; /* to the backend, which tells the end */
	bool over;  /* the end was told, or there will be none */
	bool cancelled;
	bool abandoned; /* nobody waits for what the backend still has to tell */
	bool failed;
	struct warden_error err; /* why it failed */
	uint64_t size;           /* as the backend told it */
	/* It is over; frees it by transfer_free. */
	void (*ended)(struct transfer *transfer);
	/* Optional: the backend has begun. */
	void (*begun)(struct transfer *transfer);
	struct request *request; /* that waits for it; NULL: none */
	void *stream;            /* whose pipe it is: an upload or a download */
};

/* Makes one; `path` and `host_path` (NULL: none) come from fields of the request. NULL and `err`.
 */
struct transfer *transfer_new(struct request *request, enum warden_transfer_kind kind,
			      const ProtobufCBinaryData *path, const char *path_field,
			      const ProtobufCBinaryData *host_path, const char *host_path_field,
			      struct warden_error *err);
void transfer_free(struct transfer *transfer);

/* Makes the stream; -1 and `err`. */
int transfer_open_pipe(struct transfer *transfer, struct warden_error *err);
/* Writes that are under way are told UV_ECANCELED. */
void transfer_close_pipe(struct transfer *transfer);

/* Gives it to the backend on a worker; `ended` is called in any case. */
void transfer_start(struct transfer *transfer, void (*ended)(struct transfer *transfer));

/* Ends it soon. */
void transfer_cancel(struct transfer *transfer);

/* The container is being destroyed, or the daemon ends. */
void transfers_cancel(const struct container *container);
void transfers_abandon(struct container *container);

/* The backend's event; `error` may be NULL. */
void transfer_event(struct container *container, uint64_t id, const char *error, uint64_t size);

/* For `ended`: answers the request that waits with nothing, or with the error. */
void transfer_answer(struct transfer *transfer);
/* For request_handler. */
bool transfer_request_cancel(struct request *request);

#endif
