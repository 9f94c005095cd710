/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libwarden: talks to wardend over its socket. A client has one connection; a message is a request
 * or an answer, and its fields have the names of doc/protocol.md.
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
 * Build with `pkg-config --cflags --libs libwarden`; doc/protocol.md describes the requests.
 *
 * Waiting. warden_client_connect, _send, _receive, _call and _stream wait for the daemon.
 * warden_client_set_timeout limits the time, warden_client_cancel ends a wait from elsewhere, and
 * warden_client_set_wake_fd ends it when a descriptor becomes readable. A program with an event
 * loop uses warden_client_submit, which never waits.
 *
 * Threads. A client or a message may be used by one thread at a time, without locks; different ones
 * are independent. warden_client_cancel alone may be called from any thread.
 *
 * ABI. Functions and the members of structs and enums do not change during the life of
 * libwarden.so.1; more may be added. New requests and fields need no new functions.
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

/* The socket of wardend unless the configuration names another one. */
#define WARDEN_DEFAULT_SOCKET "/run/warden/warden.sock"

struct warden_client;
struct warden_message;

/* Why the last call of a client failed. */
enum warden_failure {
	WARDEN_FAILURE_NONE,
	WARDEN_FAILURE_REFUSED,  /* the daemon answered with an error; the connection stays open */
	WARDEN_FAILURE_ARGUMENT, /* an invalid argument; nothing was sent */
	WARDEN_FAILURE_MEMORY,
	/* TIMEOUT, WOKEN and CANCELLED: in a wait for an answer the connection stays open, and the
	 * answer can still be received. While a request is sent the connection is closed, because
	 * the daemon has part of it. */
	WARDEN_FAILURE_TIMEOUT,
	WARDEN_FAILURE_WOKEN, /* the wake descriptor became readable */
	/* After CONNECTION, PROTOCOL and STOPPED the connection is closed. */
	WARDEN_FAILURE_CONNECTION, /* no daemon listens, or it closed the connection */
	WARDEN_FAILURE_PROTOCOL,   /* the received data is not an answer of wardend */
	WARDEN_FAILURE_STOPPED,    /* the function of warden_client_stream returned non-zero */
	WARDEN_FAILURE_CANCELLED,  /* warden_client_cancel; as TIMEOUT */
};

/* Returns a client without a connection, or NULL with errno: no memory, or no free descriptor (a
 * client has one besides its connection, for warden_client_cancel). Free it with
 * warden_client_free, which closes the connection and ignores NULL; functions of submitted requests
 * are not called. */
struct warden_client *warden_client_new(void);
void warden_client_free(struct warden_client *client);

/* Closes the previous connection, if any, and connects. If `socket_path` is NULL the path is that
 * of the environment variable WARDEN_SOCKET, else WARDEN_DEFAULT_SOCKET. A path may be longer than
 * a socket address. Returns 0 or -1. */
int warden_client_connect(struct warden_client *client, const char *socket_path);

/* The last call's failure: a text for people (the daemon's own if it refused a request; empty if
 * nothing failed) and its kind. The text belongs to the client and is valid until the next call. */
const char *warden_client_error(const struct warden_client *client);
enum warden_failure warden_client_failure(const struct warden_client *client);

/* Limits how long each of these may take: to connect, to send a request, and to wait for the next
 * bytes of an answer. In milliseconds; -1, the default: no limit. Submitted requests have
 * warden_client_set_deadline instead. */
void warden_client_set_timeout(struct warden_client *client, int milliseconds);

/* Sets for how long the client tries to reach the daemon again when the connection breaks in the
 * middle of a request that may be repeated, in milliseconds; 0: not at all. The default is 60,000:
 * calls go on over a restart of the daemon, which restores containers and jobs. It is limited by
 * warden_client_set_timeout too.
 *
 * warden_client_call repeats `link`, and each request with a `request_id`. A `run` without one is
 * sent as `spawn` with an id that the library makes, then `link`; the program receives the answer
 * to run. warden_client_stream repeats `stream` and `attach` from the byte at which the connection
 * broke, so that the function receives each byte once; an attach without replay first asks by
 * `jobs` how much output there is. Submitted requests: warden_client_set_resume.
 *
 * Other calls fail with WARDEN_FAILURE_CONNECTION; the daemon may have executed the request or not.
 * The error of a copy (`copy_in`, `copy_out`, `tar_in`, `tar_out`) or a `file_watch` says that the
 * connection was lost while it ran. It may be repeated: a copy from its beginning; what changed
 * between two watches is not reported. */
void warden_client_set_reconnect(struct warden_client *client, int milliseconds);

/* Sets whether submitted requests go on over a restart of the daemon, too; false is the default,
 * since the program's loop must be that of "Without waiting" below. While there is no connection
 * warden_client_fd is -1, which poll ignores, and afterwards it may be another number: a loop that
 * registers descriptors (epoll, libuv) registers it again when it has changed. Until then
 * warden_client_wait_time is the time until the next attempt, which warden_client_process makes.
 * warden_client_process returns 0, requests can be submitted and deadlines hold. The time of
 * warden_client_set_reconnect limits it; when it is over all requests fail.
 *
 * Requests go on that warden_client_call and warden_client_stream repeat, a run as spawn and link,
 * and `events`: each event has a number, and the next request asks for those behind the last one
 * that the program has. MISSED reports that the daemon does not know all of them any more, as after
 * each restart. An attach without replay goes on only if it names offsets. Others, such as copies
 * and watches, fail with the errors above. Requests that were not sent yet are sent. */
void warden_client_set_resume(struct warden_client *client, bool resume);

/* Whether the last failure only means that the daemon restarts and the request can be repeated: the
 * connection broke, or the daemon is about to end, or after a reconnect it has not reached the
 * container yet (state `unreachable`). False if warden_client_set_reconnect has set 0. */
bool warden_client_is_interrupted(const struct warden_client *client);

/* Connects again to the socket of the last warden_client_connect, for programs that repeat
 * submitted requests themselves. It waits 10 to 500 ms before each attempt, and tries for the time
 * of warden_client_set_reconnect; interruptions with less than 5 s between them share one such
 * time. Returns 0 or -1. */
int warden_client_reconnect(struct warden_client *client);

/* Sets a descriptor, such as a signalfd or a pipe, that ends every wait while it is readable; the
 * failure is WARDEN_FAILURE_WOKEN. It stays the caller's and is not read. -1, the default: none. */
void warden_client_set_wake_fd(struct warden_client *client, int fd);

/* Ends the call that waits, or if none does the next call that has to: it fails with
 * WARDEN_FAILURE_CANCELLED. Once is enough, however often this was called before. So a cancellation
 * is not lost if it comes just before the wait; one that comes just after it ends the next wait.
 * The function may be called from any thread, from a signal handler (it is async-signal-safe and
 * keeps errno) and from the function of warden_client_stream; it cannot fail. The caller makes sure
 * that the client is not freed meanwhile. Submitted requests are not affected. */
void warden_client_cancel(struct warden_client *client);

/* Sets the longest answer that is accepted, in bytes; the default is 1 GiB. Memory is allocated as
 * bytes are received, not by the length that the daemon announces. */
void warden_client_set_frame_limit(struct warden_client *client, size_t bytes);

/* The connection's descriptor, or -1. It belongs to the client. */
int warden_client_fd(const struct warden_client *client);

/* Sends a request. Any number may be sent before their answers are received; answers come in the
 * order of the requests. Returns 0 or -1. */
int warden_client_send(struct warden_client *client, const struct warden_message *request);

/* Receives the next answer. The caller frees it with warden_message_free. NULL: the daemon refused
 * the request, or the call failed. */
struct warden_message *warden_client_receive(struct warden_client *client);

/* Sends a request and receives its answer, as the two functions above. */
struct warden_message *warden_client_call(struct warden_client *client,
					  const struct warden_message *request);

/* Receives a piece of a job's output, valid during the call; `name` is "stdout" or "stderr". If it
 * returns non-zero the stream ends and the connection is closed. */
typedef int (*warden_stream_function)(void *data, const char *name, const void *bytes,
				      size_t length);

/* Sends a "stream" or "attach" request, calls `function` for each piece of output, and returns the
 * last answer (with exit_status and info), which the caller frees; NULL if the call failed. After
 * WARDEN_FAILURE_CANCELLED, _WOKEN or _TIMEOUT further answers can be received. */
struct warden_message *warden_client_stream(struct warden_client *client,
					    const struct warden_message *request,
					    warden_stream_function function, void *data);

/*
 * Without waiting. A request is submitted with a function that receives its answers. The program's
 * event loop polls warden_client_fd for warden_client_events and calls warden_client_process, which
 * sends, receives and calls the functions:
 *
 *	warden_client_submit(client, request, answered, data);
 *	while (warden_client_pending(client) > 0) {
 *		struct pollfd wait = {warden_client_fd(client), warden_client_events(client), 0};
 *
 *		if (poll(&wait, 1, warden_client_wait_time(client)) < 0 ||
 *		     warden_client_process(client) < 0)
 *			break;
 *	}
 *
 * A connection that breaks ends all submitted requests, unless warden_client_set_resume is true.
 * While requests are pending, calls that wait fail with WARDEN_FAILURE_ARGUMENT. The time-out, the
 * wake descriptor and warden_client_cancel have no effect on submitted requests.
 */

/* Receives an answer to the request with the number `id`; most requests have one answer. The answer
 * belongs to the library and is valid during the call. NULL: the request failed;
 * warden_client_error and warden_client_failure describe it. `last`: no further call for this
 * request follows. It runs in the thread that calls warden_client_process. It may submit further
 * requests and set deadlines; it must not process, connect or free the client. */
typedef void (*warden_answer_function)(void *data, uint64_t id, const struct warden_message *answer,
				       bool last);

/* Submits a request; the message is copied and may be freed at once. Returns the request's number,
 * which is unique for the client, or 0 if it failed; `function` is then not called. */
uint64_t warden_client_submit(struct warden_client *client, const struct warden_message *request,
			      warden_answer_function function, void *data);

/* Sets how long the submitted request `id` may take from now on to its last answer, in
 * milliseconds; -1, the default: no limit. A call replaces the previous deadline, for instance
 * after each answer of a stream. When it has passed, warden_client_process calls the request's
 * function with NULL and `last`, and the failure WARDEN_FAILURE_TIMEOUT. The daemon is not told: it
 * may still execute the request. The connection stays open for submitted requests, and late answers
 * are discarded; until they have come, calls that wait fail with WARDEN_FAILURE_ARGUMENT, except
 * warden_client_connect. Returns 0, or -1 with WARDEN_FAILURE_ARGUMENT if no pending request has
 * this number. */
int warden_client_set_deadline(struct warden_client *client, uint64_t id, int milliseconds);

/* Milliseconds until the first deadline of the pending requests, or until the next attempt to
 * connect (warden_client_set_resume), as a time-out for poll: 0 if it has passed, -1 if there is
 * none. */
int warden_client_wait_time(const struct warden_client *client);

/* The events to poll the descriptor for: POLLIN, and POLLOUT while there are bytes to send. */
short warden_client_events(const struct warden_client *client);

/* The number of requests whose function has not been called for the last time. */
size_t warden_client_pending(const struct warden_client *client);

/* Sends and receives as much as possible without waiting, and fails requests whose deadline has
 * passed. Returns 0, or -1: the connection is closed, and the function of each pending request was
 * called with NULL. */
int warden_client_process(struct warden_client *client);

/* The type of a field. Text is bytes, too. */
enum warden_kind {
	WARDEN_KIND_BOOL,
	WARDEN_KIND_UNSIGNED,
	WARDEN_KIND_SIGNED,
	WARDEN_KIND_CHOICE, /* a named value of an enumeration */
	WARDEN_KIND_BYTES,
	WARDEN_KIND_MESSAGE,
};

struct warden_field {
	const char *name;
	enum warden_kind kind;
	bool required;
	bool repeated;
};

/* The name of a request by its index, from 0; NULL past the last. */
const char *warden_request_name(size_t index);

/* Returns an empty answer to the request of that name, to inspect its fields. Errors and ownership
 * as for warden_message_new. */
struct warden_message *warden_message_new_answer(const char *request);

/* Returns an empty request. NULL with errno: ENOMEM, or EINVAL (no such request). Free it with
 * warden_message_free, which ignores NULL. */
struct warden_message *warden_message_new(const char *request);
void warden_message_free(struct warden_message *message);

/* Returns a request of another type with a copy of those fields that have the same numbers in both,
 * as in "spawn" and "run". Errors and ownership as for warden_message_new. */
struct warden_message *warden_message_copy(const struct warden_message *message,
					   const char *request);

/* Describes the field at `index`, whether it is set or not; false past the last. The name is
 * static. */
bool warden_message_field(const struct warden_message *message, size_t index,
			  struct warden_field *field);

/* Set a field, or append to a repeated one. `field` may be a path into a nested message, which is
 * created if it is absent: "rlimits.nofile". Values are copied. Return 0, or -1 with errno: ENOENT
 * (no such field), EINVAL (wrong type or syntax), ERANGE (out of the field's range), ENOMEM.
 * warden_message_set parses text: decimal numbers, `true` and `false`, names of choices;
 * warden_message_set_number takes negative numbers in two's complement. */
int warden_message_set(struct warden_message *message, const char *field, const char *text);
int warden_message_set_number(struct warden_message *message, const char *field, uint64_t number);
int warden_message_set_bytes(struct warden_message *message, const char *field, const void *bytes,
			     size_t length);

/* Appends an empty message to a field of messages and returns it; if the field is not repeated and
 * set, returns the existing one. It belongs to `message`. NULL with errno as above. */
struct warden_message *warden_message_add(struct warden_message *message, const char *field);

/* Read a field; `field` may be a path into a nested message ("memory_stat.rss"). The count is 0 if
 * the field is absent, and above 1 only if it is repeated. An absent field, an `index` past the
 * last element and a field of another type read as 0 or NULL. Pointers belong to the message. */
size_t warden_message_count(const struct warden_message *message, const char *field);
uint64_t warden_message_number(const struct warden_message *message, const char *field,
			       size_t index);
/* The name of a choice; NULL also if this library does not know the value. */
const char *warden_message_choice(const struct warden_message *message, const char *field,
				  size_t index);
/* The bytes are followed by a NUL that `length` does not count. `length` may be NULL. */
const char *warden_message_bytes(const struct warden_message *message, const char *field,
				 size_t index, size_t *length);
const struct warden_message *warden_message_child(const struct warden_message *message,
						  const char *field, size_t index);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
