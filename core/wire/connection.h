/* SPDX-License-Identifier: Apache-2.0 */
/* A client's connection. It runs one request at a time; the next begins when the answer is written.
 * A client that does not read thus holds at most one answer in memory, and parts that are in a file
 * are read as they are sent. */
#ifndef CORE_WIRE_CONNECTION_H
#define CORE_WIRE_CONNECTION_H

#include <sys/queue.h>
#include <uv.h>

#include "core/container/container.h"
#include "core/wire/access.h"
#include "core/wire/client_account.h"
#include "core/wire/file_sender.h"
#include "core/wire/frame.h"

struct request;

/* A piece of an answer: a block of memory or a range of a file. It owns both. */
struct segment {
	TAILQ_ENTRY(segment) link;
	uint8_t *data;
	size_t length;
	int fd;                /* of the file; -1: the segment is `data` */
	uint64_t offset, left; /* of the file: next byte to send, bytes still to send */
};

TAILQ_HEAD(segment_list, segment);

struct connection {
	TAILQ_ENTRY(connection) link;
	struct server *server;
	uint64_t serial;
	uv_pipe_t pipe;
	uid_t uid;
	gid_t gid;
	pid_t pid;
	enum access_class access;
	bool outdated; /* `access` has changed; closes now */
	struct client_account *account;
	uint64_t held;        /* bytes of input and output, as counted in the account */
	uint64_t send_buffer; /* likewise, of a larger send buffer; 0: it has the usual one */
	struct frame_parser parser;
	LIST_HEAD(, reference) references;
	struct request *request; /* the current one, or NULL */
	struct upload *upload;   /* the current tar_in, or NULL; see upload.h */
	struct segment_list output;
	uv_write_t write;
	uv_fs_t read;
	struct file_sender sender;
	bool sending;      /* `sender` runs: the socket must stay open */
	uv_timer_t *turn;  /* starts the next request, which is buffered already */
	uv_poll_t *hangup; /* active while a request waits and the socket is not read */
	int hangup_fd; /* of `hangup`; a duplicate, since a loop watches a descriptor only once */
	bool writing;  /* a write, a read of a file or the sender is pending */
	bool progress; /* the client has read output since the server's last check; see server.c */
	bool reading;  /* uv_read_start is active */
	bool ended;    /* the client sends no more */
	bool lingers;  /* denied access; closes soon */
	bool closing;  /* closes when all output is written, or is closed */
	bool closed;   /* uv_close was called; freed when `writing` is false */
	bool handle_closed;
	bool processing; /* guards against recursion when requests are answered at once */
};

/* Append to a list, whose owner frees its segments with segments_free. Both take `data` or `fd`,
 * also on failure. False: no memory. */
bool segment_add_memory(struct segment_list *list, uint8_t *data, size_t length);
bool segment_add_file(struct segment_list *list, int fd, uint64_t offset, uint64_t length);
void segments_free(struct segment_list *list);

/* Accepts a pending client from the listener. */
void connection_accept(struct server *server);

/* Sends the segments and takes them. When all output is written, request_written is called for the
 * current request. */
void connection_send(struct connection *connection, struct segment_list *segments);

/* The current request has ended. Starts the next one, which begins only after the caller has
 * returned to the loop. */
void connection_start_next_request(struct connection *connection);

/* Closes at once and abandons the current request and upload; the struct is freed later. */
void connection_close(struct connection *connection);

/* For a drain: takes no more from the client and closes when it has answered what the client has
 * sent, so that no request is left in doubt. */
void connection_close_when_read(struct connection *connection);

/* Closes the connections whose class of access is another one with the settings in force. */
void access_review(struct server *server);

/* See grace.c. The first of the open connections that count for grace times, or NULL. */
const struct connection *grace_oldest_connection(const struct server *server);
void grace_connection_opened(struct connection *connection);
void grace_connection_closed(struct connection *connection, bool was_oldest);

#endif
