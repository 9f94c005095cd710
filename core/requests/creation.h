/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A create under way, for the files that share its work: create.c (the request, and the steps of a
 * create), create_room.c (its share of the pools, and waiting for it) and create_adopt.c (taking
 * over a prepared container). All functions run on the loop thread unless they say otherwise.
 */
#ifndef CORE_REQUESTS_CREATION_H
#define CORE_REQUESTS_CREATION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/container/container.h"
#include "core/wire/request.h"
#include "warden/backend.h"

struct creation {
	struct operation operation;
	struct request *request;  /* NULL: a container is prepared */
	struct stock *stock;      /* for this one; else NULL */
	struct idempotent *entry; /* NULL: the request has no request_id */
	/* Holds what the container had before it took over the parts of a prepared one; NULL: it
	 * did not. */
	struct container *shell;
	TAILQ_ENTRY(creation) waiting; /* for room */
	uint64_t room_needed;          /* removals of prepared containers until it goes on */
	uint64_t began;                /* uv_hrtime */
	struct trace *trace;           /* NULL: none */
	bool gave_way;                 /* a prepared container was removed for it */
	bool moved;                    /* a prepared container's directory is in the depot */
	bool image_read;
	struct warden_create parameters;
	unsigned tries; /* ids that were taken by others */
	bool pending;   /* the backend's create returned 1: create_event follows */
	bool made;      /* the container's directory */
	bool left;      /* and it cannot be removed */
	bool ended;     /* create_event was called; a failure is in the operation's `err` */
	bool failed;    /* the backend's create; it may have left a container to destroy */
	bool init_died; /* the container's first process has ended meanwhile */
};

/* create.c */

/* Begins the steps of a container that has its share of the pools. */
void create_begin(struct creation *creation);

/* Forgets what a failed attempt left, so that create_begin can be called again. */
void create_reset(struct creation *creation);

/* Goes on after the backend has made, or adopted, the container. */
void create_finish(struct creation *creation);

/* Answers and frees it. */
void create_end(struct creation *creation, int result, const struct warden_error *err);

/* Worker thread. */
int create_admit(const struct creation *creation, struct warden_error *err);
int create_read_image(struct creation *creation, struct warden_error *err);
void create_fill_parameters(struct warden_create *parameters, const struct container *container);

/* create_room.c */

/* Takes what the container has not yet of its share of the pools. */
int create_room_take(struct container *container, const Warden__CreateRequest *asked,
		     struct warden_error *err);

/* Takes it and begins; or lets the create wait until a prepared container is removed. */
int create_room_begin(struct creation *creation, struct warden_error *err);

/* Lets a create that failed for want of what a prepared container may have begin again without
 * one, once. False: it has failed. */
bool create_room_retry(struct creation *creation, const struct warden_error *err);

/* create_adopt.c */

/* The container takes over what was made of a prepared one. */
void create_adopt_take_over(struct creation *creation, struct container *prepared);

/* Lets the backend set what the request asks for. If it cannot, the create begins as if there were
 * no prepared container. */
void create_adopt_begin(struct creation *creation);

/* The registered container gives a prepared one its parts back, which is removed. */
void create_adopt_give_back(struct creation *creation);

/* The same, because of `err`; the create begins as if there were no prepared container. False: it
 * cannot. */
bool create_adopt_begin_anew(struct creation *creation, struct warden_error *err);

#endif
