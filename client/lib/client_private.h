/* SPDX-License-Identifier: Apache-2.0 */
/* The connection, shared by the files of the library. */
#ifndef CLIENT_LIB_CLIENT_PRIVATE_H
#define CLIENT_LIB_CLIENT_PRIVATE_H

#include "client/lib/client_frame.h"
#include "client/lib/client_socket.h"
#include "client/lib/message.h"

#include <sys/queue.h>

/* The output of a job that the program has: bytes of stdout and of stderr. */
struct stream_position {
	uint64_t had[2];
	uint64_t counted[2]; /* in this connection, for a daemon that reports no offsets */
};

/* A submitted request whose last answer has not come. */
struct client_pending {
	STAILQ_ENTRY(client_pending) link;
	uint64_t id;
	const struct message_type *type;
	bool sent; /* in this connection, or in the output */
	/* To send it, again after an interruption; NULL: it is sent once. */
	struct warden_message *request;
	bool splits; /* a run that is sent as spawn and link */
	struct warden_message *spawn;
	uint64_t job;                    /* of such a run; 0: the spawn is not answered */
	struct stream_position position; /* of a stream */
	bool subscribed;                 /* to events: the first answer has come */
	uint64_t after;                  /* the number of the last event that the program has */
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
	const struct message_type *sent_type; /* of the last request of warden_client_send */
	enum warden_failure failure;
	char *refusal; /* the daemon's error text, of any length; NULL: see `error` */
	char error[512];

	/* Of what was submitted: in the order of the answers, and the bytes that were not sent. */
	struct pending_list pending;
	size_t n_pending; /* without those that have expired */
	uint64_t last_id;
	bool resumes;     /* warden_client_set_resume */
	bool interrupted; /* the connection broke; the next attempt to connect is at `resume_at` */
	int64_t resume_at;
	struct client_pending *holding; /* the run behind which requests wait; NULL: none */
	uint8_t *output;
	size_t output_start, output_end, output_capacity;
};

/* Sets the failure and its text; closes the connection if the failure leaves it unusable.
 * Returns -1. */
int client_fail(struct warden_client *client, enum warden_failure failure, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The connection is lost. A request that ran and cannot be resumed gets its own text, others
 * `otherwise`, which is not client->error. Returns -1. */
int client_fail_lost(struct warden_client *client, const struct message_type *type,
		     const char *otherwise);
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

/* Begins an interruption of at most `limit` milliseconds unless the last one goes on; false: its
 * time is over. client_resume_next_pause returns the milliseconds until the next attempt. */
bool client_resume_begin(struct warden_client *client, int limit);
int client_resume_next_pause(struct warden_client *client);
/* Whether an error of connect, a number, is one of a daemon that restarts. */
bool client_resume_is_refused(int number);

/* Whether the effect is the same if the request is executed once more. */
bool client_resume_is_repeatable(const struct warden_message *request);
/* The requests that a run is split into, and its answer, made from that to link. NULL: no memory.
 */
struct warden_message *client_resume_new_spawn(const struct warden_message *run);
struct warden_message *client_resume_new_link(const struct warden_message *run, uint64_t job);
struct warden_message *client_resume_new_run_answer(const struct warden_message *link,
						    uint64_t job);

/* A stream: the names of its offsets; whether it begins with the output of now; the request for the
 * output behind a position; how many bytes of a piece the program has. */
extern const char *const stream_offset_fields[2];
bool client_resume_is_from_now(const struct warden_message *request);
struct warden_message *client_resume_new_stream(const struct warden_message *request,
						struct stream_position *position);
size_t client_resume_skip(struct stream_position *position, const struct warden_message *answer);

/* client_submitted.c: a pending request with `request`. client_submitted_holds: requests behind it
 * are not sent yet. client_submitted_take adapts an answer for the program; 1: there is nothing for
 * it, -1: no memory. client_submitted_free takes any. */
void client_submitted_init(struct client_pending *pending);
bool client_submitted_is_resumable(const struct client_pending *pending);
bool client_submitted_holds(const struct client_pending *pending);
struct warden_message *client_submitted_new_request(struct client_pending *pending);
int client_submitted_take(struct client_pending *pending, struct warden_message **answer);
void client_submitted_free(struct client_pending *pending);

/* client_interrupt.c: the connection of submitted requests has broken. Keeps those that are
 * resumed and fails the others; -1: none is resumed, or the time is over. */
int client_interrupt_begin(struct warden_client *client);
/* Connects again if the time for it has come. -1: the time is over. */
int client_interrupt_step(struct warden_client *client);

/* client_async.c: appends the requests to the output that are not sent and may be. */
int client_async_queue(struct warden_client *client);

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
