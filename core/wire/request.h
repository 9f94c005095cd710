/* SPDX-License-Identifier: Apache-2.0 */
/* A request from its frame to its answer. To add one: a file in core/requests/ that ends in its
 * request_klass, a line in dispatch.c, a line in the build. */
#ifndef CORE_WIRE_REQUEST_H
#define CORE_WIRE_REQUEST_H

#include "core/container/container.h"
#include "core/server.h"
#include "core/wire/connection.h"
#include "proto/warden.pb-c.h"

struct request_klass {
	int type; /* of Warden__Message__Type; an answer has it too */
	const char *name;
	const ProtobufCMessageDescriptor *message;
	/* States in which the container that field 1 names may be; 0: it names none. */
	unsigned states;
	bool waits; /* for a job's end: what a drain ends */
	/* Answers, now or later; -1 and `err`: the dispatcher answers. */
	int (*run)(struct request *request, struct warden_error *err);
	/* Optional: the client has left. True: nothing refers to the request any more, it is freed.
	 * False, or NULL: it runs to its end, and its answer goes nowhere. */
	bool (*cancel)(struct request *request);
	/* Optional: the answer has been written (true), or never will be. */
	void (*written)(struct request *request, bool whole);
};

struct request {
	const struct request_klass *klass;
	struct server *server;
	struct connection *connection; /* NULL: the client has left */
	struct container *container;   /* as field 1 names it */
	ProtobufCMessage *message;
	void *data;        /* the klass's; not freed here */
	uint64_t begun_ns; /* of uv_hrtime */
	bool answered;
	bool admitting; /* the backend is asked whether it may begin */
};

/* Takes a frame's payload; 0, or -1 and `err` where the connection must close. */
int dispatch(struct connection *connection, const uint8_t *payload, size_t size,
	     struct warden_error *err);

/* Answers and ends the request, which may not be touched afterwards. */
void request_answer(struct request *request, const ProtobufCMessage *answer);
void request_answer_empty(struct request *request);
void request_fail(struct request *request, const struct warden_error *err);
void request_fail_text(struct request *request, const char *text);
/* As request_answer, for an answer that is already encoded; the segments are taken. */
void request_answer_segments(struct request *request, struct segment_list *payload);

/* Sends a part of the answer, encoded; the request goes on, and `written` is called. Takes the
 * segments. */
void request_send_part(struct request *request, struct segment_list *payload);

/* All that was sent is written, or the connection has closed. */
void request_written(struct request *request, bool whole);
/* The client has left. */
void request_abandon(struct request *request);

/* The table of requests, for those that go through all. */
const struct request_klass *const *request_klasses(size_t *n);

/* An error frame without a request. */
void connection_send_error(struct connection *connection, const char *text);

/* A bytes field, checked to be UTF-8 without NUL; NULL and `err` otherwise, naming `field`.
 * malloc'd. */
char *request_text(const ProtobufCBinaryData *bytes, const char *field, size_t max,
		   struct warden_error *err);

/* In the order of their numbers. */
extern const struct request_klass create_request;
extern const struct request_klass stop_request;
extern const struct request_klass destroy_request;
extern const struct request_klass info_request;
extern const struct request_klass spawn_request;
extern const struct request_klass link_request;
extern const struct request_klass run_request;
extern const struct request_klass stream_request;
extern const struct request_klass net_in_request;
extern const struct request_klass net_out_request;
extern const struct request_klass copy_in_request;
extern const struct request_klass copy_out_request;
extern const struct request_klass limit_memory_request;
extern const struct request_klass limit_disk_request;
extern const struct request_klass limit_bandwidth_request;
extern const struct request_klass limit_cpu_request;
extern const struct request_klass ping_request;
extern const struct request_klass list_request;
extern const struct request_klass echo_request;
extern const struct request_klass net_list_request;
extern const struct request_klass net_remove_request;
extern const struct request_klass net_replace_request;
extern const struct request_klass limit_request;
extern const struct request_klass pause_request;
extern const struct request_klass resume_request;
extern const struct request_klass info_many_request;
extern const struct request_klass tar_in_request;
extern const struct request_klass tar_data_request;
extern const struct request_klass tar_out_request;
extern const struct request_klass file_read_request;
extern const struct request_klass file_write_request;
extern const struct request_klass file_list_request;
extern const struct request_klass file_remove_request;
extern const struct request_klass file_watch_request;
extern const struct request_klass job_input_request;
extern const struct request_klass job_signal_request;
extern const struct request_klass job_resize_request;
extern const struct request_klass attach_request;
extern const struct request_klass jobs_request;
extern const struct request_klass spawn_pair_request;
extern const struct request_klass collect_request;
extern const struct request_klass events_request;
extern const struct request_klass status_request;

#endif
