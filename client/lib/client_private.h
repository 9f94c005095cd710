/* SPDX-License-Identifier: Apache-2.0 */
/* The connection, shared by the files of the library. */
#ifndef CLIENT_LIB_CLIENT_PRIVATE_H
#define CLIENT_LIB_CLIENT_PRIVATE_H

#include "client/lib/client_frame.h"
#include "client/lib/client_socket.h"
#include "client/lib/message.h"

#include <sys/queue.h>

/* A submitted request whose last answer has not come. */
struct client_pending {
	STAILQ_ENTRY(client_pending) link;
	uint64_t id;
	const struct message_type *type;
	warden_answer_function function;
	void *data;
	int timeout;      /* milliseconds */
	int64_t deadline; /* of the monotonic clock, in milliseconds; -1: none */
	bool expired; /* the function was called for the last time; late answers are discarded */
};

STAILQ_HEAD(pending_list, client_pending);

struct warden_client {
	int fd;
	struct socket_wait wait;
	size_t frame_limit;
	struct client_frame input;
	char *path;           /* of the socket; NULL: not connected yet */
	int reconnect;        /* milliseconds; 0: never */
	int64_t connected_at; /* of the monotonic clock, in milliseconds, as `resume_end` */
	int64_t resume_end;   /* of the attempts to connect again; 0: none were made */
	int resume_pause;     /* before the next attempt, milliseconds */
	enum warden_failure failure;
	char *refusal; /* the daemon's error text, of any length; NULL: see `error` */
	char error[512];

	/* Of what was submitted: in the order of the answers, and the bytes that were not sent. */
	struct pending_list pending;
	size_t n_pending; /* without those that have expired */
	uint64_t last_id;
	uint8_t *output;
	size_t output_start, output_end, output_capacity;
};

/* Sets the failure and its text; closes the connection if the failure leaves it unusable.
 * Returns -1. */
int client_fail(struct warden_client *client, enum warden_failure failure, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void client_clear_error(struct warden_client *client);
void client_disconnect(struct warden_client *client);

/* Connects to client->path. */
int client_connect(struct warden_client *client);

/* client_resume.c: calls, and repeats the request if the connection breaks and it may be
 * repeated. */
struct warden_message *client_resume_call(struct warden_client *client,
					  const struct warden_message *request);
/* Whether the request is a run that is split into spawn and link, each of which can be repeated;
 * and the call of it. */
bool client_resume_splits(const struct warden_client *client, const struct warden_message *request);
struct warden_message *client_resume_run(struct warden_client *client,
					 const struct warden_message *run);

/* Encodes a request without the frame's header, in a buffer that the caller frees. NULL: no
 * memory. */
uint8_t *client_encode(const struct message_type *type, const struct warden_message *request,
		       size_t *size);

/* Decodes the answer in a frame's payload; NULL after client_fail. */
struct warden_message *client_decode(struct warden_client *client, const uint8_t *payload,
				     size_t length);

/* Whether this is the last answer to a request of its type. */
bool client_is_last(const struct message_type *type, const struct warden_message *answer);

/* Frees the pending requests without a call of their functions, and the output. */
void client_pending_free(struct warden_client *client);

#endif
