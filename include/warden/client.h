/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libwarden: talks to wardend over its socket. A client holds one connection; a message is a
 * request or an answer, whose fields are named as in doc/protocol.md.
 *
 *	struct warden_client *client = warden_client_new();
 *	struct warden_message *request = warden_message_new("create");
 *	struct warden_message *answer = NULL;
 *
 *	warden_message_set(request, "grace_time", "60");
 *	if (warden_client_connect(client, NULL) == 0)
 *		answer = warden_client_call(client, request);
 *	if (answer)
 *		puts(warden_message_bytes(answer, "handle", 0, NULL));
 *	else
 *		fprintf(stderr, "%s\n", warden_client_error(client));
 *
 * Build with `pkg-config --cflags --libs libwarden`; doc/protocol.md tells what the requests do.
 *
 * Waiting. warden_client_call and its like wait for the answer: warden_client_set_timeout bounds
 *how long, and warden_client_set_wake_fd lets somebody else end the wait. A program with a loop of
 *its own takes warden_client_submit and its companions instead, which never wait.
 *
 * Threads. A client and a message belong to one thread at a time; different ones need no locks.
 *
 * ABI. Functions and the members of structs and enums stay as they are for the life of
 * libwarden.so.1; there may come more. New requests and fields need no new functions.
 */
#ifndef WARDEN_CLIENT_H
#define WARDEN_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Where wardend listens unless it is configured otherwise. */
#define WARDEN_DEFAULT_SOCKET "/run/warden/warden.sock"

struct warden_client;
struct warden_message;

/* Why the last call of a client failed. */
enum warden_failure {
	WARDEN_FAILURE_NONE,
	WARDEN_FAILURE_REFUSED,  /* the daemon answered with an error; the connection goes on */
	WARDEN_FAILURE_ARGUMENT, /* what the caller passed; nothing was sent */
	WARDEN_FAILURE_MEMORY,
	/* While an answer was waited for: it may still come, and be received. While a request was
	 * sent: the connection is closed. */
	WARDEN_FAILURE_TIMEOUT,
	WARDEN_FAILURE_WOKEN, /* the wake descriptor became readable */
	/* After any of these the connection is closed. */
	WARDEN_FAILURE_CONNECTION, /* no daemon, or it went away */
	WARDEN_FAILURE_PROTOCOL,   /* what came is no answer of a wardend */
	WARDEN_FAILURE_STOPPED,    /* the function of warden_client_stream returned non-zero */
};

/* A client without a connection; NULL when there is no memory. Free it with warden_client_free,
 * which takes NULL too. */
struct warden_client *warden_client_new(void);
void warden_client_free(struct warden_client *client);

/* Connects, after closing an earlier connection. NULL: the path in the environment's WARDEN_SOCKET,
 * else WARDEN_DEFAULT_SOCKET. A path of any length will do. 0, or -1. */
int warden_client_connect(struct warden_client *client, const char *socket_path);

/* The text for people of what failed last (the daemon's own where it refused), and its kind. The
 * text is valid until the next call. */
const char *warden_client_error(const struct warden_client *client);
enum warden_failure warden_client_failure(const struct warden_client *client);

/* How long connecting, sending a request and waiting for the first byte of an answer, and for each
 * further one, may take; in milliseconds, -1 (the default): for ever. */
void warden_client_set_timeout(struct warden_client *client, int milliseconds);

/* A descriptor, borrowed, that ends any wait when it becomes readable: a signalfd, a pipe. -1, the
 * default: none. */
void warden_client_set_wake_fd(struct warden_client *client, int fd);

/* The longest answer that is taken, in bytes; the default is 1 GiB. Memory is only used for what
 * has really come. */
void warden_client_set_frame_limit(struct warden_client *client, size_t bytes);

/* The connection's descriptor, or -1; it stays the client's. */
int warden_client_fd(const struct warden_client *client);

/* Sends a request; any number may be sent before their answers are received, which come in the same
 * order. 0, or -1. */
int warden_client_send(struct warden_client *client, const struct warden_message *request);

/* Receives the next answer, which the caller frees. NULL: the daemon refused the request, or the
 * call failed. */
struct warden_message *warden_client_receive(struct warden_client *client);

/* Sends a request and receives its answer. */
struct warden_message *warden_client_call(struct warden_client *client,
					  const struct warden_message *request);

/* Takes a piece of a job's output; `name` is "stdout" or "stderr". Non-zero ends the stream, and
 * with it the connection. */
typedef int (*warden_stream_function)(void *data, const char *name, const void *bytes,
				      size_t length);

/* Sends a "stream" or "attach" request, hands the output to `function` as it comes, and returns the
 * last answer (exit_status and info), which the caller frees, or NULL. */
struct warden_message *warden_client_stream(struct warden_client *client,
					    const struct warden_message *request,
					    warden_stream_function function, void *data);

/*
 * Without waiting. Requests are submitted with a function for their answers; the program's loop
 *waits for warden_client_fd with the events that warden_client_events names and then calls
 * warden_client_process, which sends, receives and calls the functions:
 *
 *	warden_client_submit(client, request, answered, data);
 *	while (warden_client_pending(client) > 0) {
 *		struct pollfd wait = {warden_client_fd(client), warden_client_events(client), 0};
 *
 *		if (poll(&wait, 1, -1) < 0 || warden_client_process(client) < 0)
 *			break;
 *	}
 *
 * While requests are under way the calls that wait fail with WARDEN_FAILURE_ARGUMENT. The time-out
 * and the wake descriptor are not looked at.
 */

/* Takes an answer to the request that warden_client_submit gave `id`; most requests have one. The
 * answer is only valid during the call. NULL: the request failed, warden_client_error tells why.
 * `last`: no other follows. The function may submit further requests; it must not process, connect
 * or free the client. */
typedef void (*warden_answer_function)(void *data, uint64_t id, const struct warden_message *answer,
				       bool last);

/* Submits a request, which may be freed at once. The number by which its answers are known, never
 * twice the same; 0: it failed, and the function is not called. */
uint64_t warden_client_submit(struct warden_client *client, const struct warden_message *request,
			      warden_answer_function function, void *data);

/* What the descriptor is to be watched for: POLLIN, and POLLOUT while something is left to be
 * sent. */
short warden_client_events(const struct warden_client *client);

/* How many requests are not answered in full. */
size_t warden_client_pending(const struct warden_client *client);

/* Sends and receives what can be without waiting. 0, or -1: the connection is closed, and the
 * function of each request that was under way was called with NULL. */
int warden_client_process(struct warden_client *client);

/* What a field holds. Text is bytes too. */
enum warden_kind {
	WARDEN_KIND_BOOL,
	WARDEN_KIND_UNSIGNED,
	WARDEN_KIND_SIGNED,
	WARDEN_KIND_CHOICE, /* one of a few names */
	WARDEN_KIND_BYTES,
	WARDEN_KIND_MESSAGE,
};

struct warden_field {
	const char *name;
	enum warden_kind kind;
	bool required;
	bool repeated;
};

/* The names of all requests, in the order of their numbers; NULL past the last. */
const char *warden_request_name(size_t index);

/* An empty answer to the request of that name, to look at its fields. As warden_message_new. */
struct warden_message *warden_message_new_answer(const char *request);

/* An empty request. NULL: no memory (ENOMEM), or no such request (EINVAL). Free it with
 * warden_message_free, which takes NULL too. */
struct warden_message *warden_message_new(const char *request);
void warden_message_free(struct warden_message *message);

/* A request of another name with those fields of a message that have the same numbers in it, as
 * "spawn" and "run" have. As warden_message_new. */
struct warden_message *warden_message_copy(const struct warden_message *message,
					   const char *request);

/* Describes the fields of a message; false past the last. */
bool warden_message_field(const struct warden_message *message, size_t index,
			  struct warden_field *field);

/* Set a field, or add to a repeated one. `field` may name one of a message inside: "rlimits.nofile"
 * makes rlimits where it is absent. 0, or -1 with errno: ENOENT (no such field), EINVAL (not of
 * this kind, or not understood), ERANGE (too large or too small for the field), ENOMEM.
 * warden_message_set understands text: numbers in decimal, `true` and `false`, names of choices;
 * warden_message_set_number takes what is signed as its two's complement. All copy. */
int warden_message_set(struct warden_message *message, const char *field, const char *text);
int warden_message_set_number(struct warden_message *message, const char *field, uint64_t number);
int warden_message_set_bytes(struct warden_message *message, const char *field, const void *bytes,
			     size_t length);

/* Adds a message to a field that holds messages and returns it; it belongs to `message`. NULL with
 * errno as above. */
struct warden_message *warden_message_add(struct warden_message *message, const char *field);

/* Read a field, which may be one of a message inside ("memory_stat.rss"). The count is 0 where it
 * is absent, and more than 1 only where it is repeated; `index` is below it. Absent: 0, NULL. */
size_t warden_message_count(const struct warden_message *message, const char *field);
uint64_t warden_message_number(const struct warden_message *message, const char *field,
			       size_t index);
/* The name of a choice. */
const char *warden_message_choice(const struct warden_message *message, const char *field,
				  size_t index);
/* The bytes belong to the message; a NUL that `length` does not count follows them. `length` may be
 * NULL. */
const char *warden_message_bytes(const struct warden_message *message, const char *field,
				 size_t index, size_t *length);
const struct warden_message *warden_message_child(const struct warden_message *message,
						  const char *field, size_t index);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
