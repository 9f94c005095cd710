/* SPDX-License-Identifier: Apache-2.0 */
/* A client's connection: one request at a time, the next when its answer has been written; so what
 * a client does not read costs one answer at most, of which the part that lies in a file is read as
 * it is sent. */
#ifndef CORE_WIRE_CONNECTION_H
#define CORE_WIRE_CONNECTION_H

#include <sys/queue.h>
#include <uv.h>

#include "core/container/container.h"
#include "core/wire/frame.h"

struct request;

/* A piece of an answer: memory, which is the connection's from then on, or a range of a file. */
struct segment {
	TAILQ_ENTRY(segment) link;
	uint8_t *data;
	size_t length;
	int fd; /* -1: memory; else the connection's */
	uint64_t offset, left;
};

TAILQ_HEAD(segment_list, segment);

struct connection {
	TAILQ_ENTRY(connection) link;
	struct server *server;
	uint64_t serial;
	uv_pipe_t pipe;
	uid_t uid;
	gid_t gid;
	struct frame_parser parser;
	LIST_HEAD(, reference) references;
	struct request *request; /* that runs */
	struct upload *upload;   /* a tar_in that goes on; see upload.h */
	struct segment_list output;
	uv_write_t write;
	uv_fs_t read;
	uv_timer_t *turn;  /* the next request, which has come already, is about to begin */
	uv_poll_t *hangup; /* of a client that is not read from, whose request waits */
	int hangup_fd;     /* of `hangup`; a copy, since a loop takes each but once */
	bool writing;      /* a write or a read of a file is under way */
	bool progress;     /* some of it was taken since the server looked last; see server.c */
	bool reading;      /* what comes is taken */
	bool ended;        /* the client sends no more */
	bool closing;      /* closed, or as soon as all is written */
	bool closed;       /* uv_close was called; it may wait for `writing` */
	bool handle_gone;
	bool processing; /* guards against a loop of requests that are answered at once */
};

/* The list's owner frees what is in it with segments_free. */
bool segment_add_memory(struct segment_list *list, uint8_t *data, size_t length);
bool segment_add_file(struct segment_list *list, int fd, uint64_t offset, uint64_t length);
void segments_free(struct segment_list *list);

/* Takes a client that waits at the listener. */
void connection_accept(struct server *server);

/* Sends the segments, which are taken; when all is written the request, if there is one, hears
 * request_written. */
void connection_send(struct connection *connection, struct segment_list *segments);

/* The request has ended: the next one may begin, not before the caller has returned to the loop. */
void connection_start_next_request(struct connection *connection);

void connection_close(struct connection *connection);

/* See grace.c. */
void grace_connection_opened(struct connection *connection);
void grace_connection_closed(struct connection *connection, bool was_oldest);

#endif
