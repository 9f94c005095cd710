/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery of the containers of an earlier daemon. A container that a client may know is never
 * removed while its first process lives: until it answers it is listed as unreachable and asked
 * again. All functions run on the loop thread unless they say otherwise. */
#ifndef CORE_STATE_RECOVERY_H
#define CORE_STATE_RECOVERY_H

#include "core/container/container.h"

/* A container from the time when its directory was found until it answers or is removed. */
struct recovery {
	struct operation operation;
	struct warden_restored restored;
	enum container_state state; /* in which the earlier daemon left it */
	bool in_tmp;                /* it was being destroyed */
	bool removes;               /* it is destroyed, dead or alive: no client knows it, ... */
	bool destroys;              /* ... or one has begun to destroy it and was not answered */
	bool moved;                 /* its directory does not bear its id */
	bool unread;                /* its files cannot be read now */
	bool unidentified;          /* its network, uid and slot are not known yet */
	bool asked;                 /* at least once */
	bool busy;                  /* the operation is queued or runs */
	bool told;                  /* clients were told that it is unreachable */
	bool died;                  /* its first process has ended meanwhile */
	bool open;                  /* counted by the server */
	uint64_t delay_ms;          /* until it is asked again */
	uv_timer_t *timer;
	char reason[256]; /* why it is unreachable */
};

/* Makes the container's recovery. False: no memory. */
bool recovery_new(struct container *container);

/* recovery_load.c. Loads the container of a directory below `parent_fd`, which is the depot or its
 * tmp; the caller frees it or passes it to recovery_ask. It has no share of the pools yet. NULL and
 * `err`: there is none. err->number is then ENOENT if the entry is not the daemon's affair (a file,
 * or nothing), ENOMEM if memory is short, and 0 if the directory is to be set aside or, in tmp,
 * removed. */
struct container *recovery_load(struct server *server, int parent_fd, const char *name,
				struct warden_error *err);

/* Frees a container that was not admitted, which holds none of the ports of its rules. */
void recovery_discard(struct container *container);

/* Opens the container's directory again unless it is open. Any thread. */
int recovery_open_directory(struct container *container, struct warden_error *err);

/* recovery_ask.c. Asks the backend for the container, or reads its files, until it answers. */
void recovery_ask(struct container *container);
/* Its first process has ended. */
void recovery_note_death(struct container *container);
/* Worker thread. Makes the backend find an unreachable container, so that it can be destroyed. */
int recovery_find(struct container *container, struct warden_error *err);
/* Tells clients that a container is unreachable, once. */
void recovery_tell(struct container *container);

/* recovery.c. Gives a container its share of the pools, and enters it in the registry. */
void recovery_admit(struct container *container);
/* Sorts the list of containers by their time of creation. */
void recovery_sort(struct server *server);

#endif
