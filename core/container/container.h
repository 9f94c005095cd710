/* SPDX-License-Identifier: Apache-2.0 */
/* A container as the core knows it. Its operations run on workers one at a time, in the order in
 * which they were queued. */
#ifndef CORE_CONTAINER_CONTAINER_H
#define CORE_CONTAINER_CONTAINER_H

#include <sys/queue.h>
#include <uv.h>

#include "core/container/create_options.h"
#include "warden/backend.h"

struct connection;
struct container;
struct creation;
struct job;
struct labels;
struct request;
struct server;
struct transfer;

enum container_state {
	STATE_BORN = 1,
	STATE_ACTIVE = 2,
	STATE_STOPPED = 4,
	STATE_DESTROYED = 8,
	STATE_ANY = 15,
};

#define GRACE_NEVER UINT32_MAX

/* Something that a worker does for a container. */
struct operation {
	TAILQ_ENTRY(operation) link;
	uv_work_t work;
	struct container *container;
	bool needs_no_backend; /* it runs also when a destroy has taken the backend's container */
	char *snapshot;        /* the text for snapshot_write, freed after `done` */
	/* Optional. Loop thread, right before `run`: makes `snapshot`; see snapshot_text. */
	char *(*make_snapshot)(const struct container *container);
	void *data; /* the owner's */
	/* Optional. Loop thread, right before `run`, when all that was queued earlier is done; -1:
	 * it does not run. It may set `snapshot`. */
	int (*prepare)(struct operation *operation, struct warden_error *err);
	/* Worker thread. */
	int (*run)(struct operation *operation, struct warden_error *err);
	/* Loop thread; frees the operation. `result` is what `run` returned, or -1 where a destroy
	 * overtook it. */
	void (*done)(struct operation *operation, int result, struct warden_error *err);
	int result;
	struct warden_error err;
};

TAILQ_HEAD(operation_list, operation);

/* That a connection keeps a container from its grace time's end. */
struct reference {
	LIST_ENTRY(reference) of_container, of_connection;
	struct connection *connection;
	struct container *container;
};

/* A request that waits until a stop or destroy is complete. */
struct container_waiter {
	TAILQ_ENTRY(container_waiter) link;
	struct request *request;
};

TAILQ_HEAD(container_waiter_list, container_waiter);

/* See rules.h. */
struct rules {
	struct warden_in_rule *in;
	size_t n_in;
	struct warden_out_rule *out; /* the first is tried first */
	size_t n_out;
};

struct container {
	LIST_ENTRY(container) by_handle, by_id;
	TAILQ_ENTRY(container) listed, idle;
	bool handle_known, is_listed, is_idle;

	struct server *server;
	char id[12];
	char *handle;
	char *path;
	char *name; /* of its directory in the depot, or in the depot's tmp once it is destroyed */
	int dir_fd;
	struct warden_identity identity;
	bool owns_network, owns_uid, owns_slot;

	char *rootfs; /* of several layers the topmost */
	struct create_options options;
	uint64_t created_us;                   /* since 1970, for people */
	uint64_t created_clock_us;             /* as ttl_clock_us tells */
	bool nested;                           /* it may run a warden of its own */
	struct warden_bind_mount *bind_mounts; /* their texts are ours */
	size_t n_bind_mounts;
	uid_t client_uid;
	gid_t client_gid;
	uint32_t grace_time; /* seconds, or GRACE_NEVER */
	struct rules rules;  /* in force; it has the host ports of `in` */

	enum container_state state;
	struct warden_limits limits;   /* as asked for; see limits.h */
	struct warden_limits in_force; /* as the backend told last */
	bool in_force_known;
	bool paused;
	struct creation *creation; /* while its create runs */
	bool alive;                /* the backend can do more with it than destroy */
	void *backend;             /* the container_klass's */
	const char *events[2];     /* static texts, each once */
	size_t n_events;

	LIST_HEAD(, reference) references;
	uint64_t created_serial; /* connections up to this one were open when it was created */
	uv_timer_t *grace_timer;
	uv_timer_t *ttl_timer;

	TAILQ_HEAD(, idempotent) request_ids; /* see idempotence.h */
	size_t n_request_ids;

	TAILQ_HEAD(, job) jobs;
	LIST_HEAD(, transfer) transfers;
	struct operation_list operations;
	bool running; /* an operation is on a worker */

	struct {
		bool started, empty;
		bool interrupted; /* one that an earlier daemon began goes on once it is recovered
				   */
		int signal;       /* the last that was sent */
		int pending;      /* operations of it that are not done */
		uv_timer_t *timer;
		uv_timer_t *oom_timer; /* it ran out of memory and is about to be stopped */
		struct container_waiter_list waiting;
	} stop;
	struct {
		bool started, op_done, gone, removed;
		struct container_waiter_list waiting;
	} destroy;
	struct labels *labels;   /* its properties as the journal has them, or NULL */
	bool scraped;            /* asked for its figures, see scraper.h */
	struct warden_info info; /* the last, for those that wait when it is destroyed */
};

const char *container_state_name(enum container_state state);

/* Makes one in memory with a new id; nothing on disk. NULL: no memory. `handle` may be NULL: the
 * id. */
struct container *container_new(struct server *server, const char *id, const char *handle);

/* Gives its pools' share back and frees it. No operation may be left. */
void container_free(struct container *container);

/* Queues an operation; `container_cancel_operations` completes all that have not begun with -1. */
void container_queue(struct container *container, struct operation *operation);
void container_cancel_operations(struct container *container);

/* References and grace time; see grace.c. */
void container_reference(struct container *container, struct connection *connection);
void grace_update(struct container *container);
void grace_stop(struct container *container);

/* The time to live, where it has one; see ttl.c. */
void ttl_start(struct container *container);
void ttl_stop(struct container *container);
uint64_t ttl_left_us(const struct container *container);
uint64_t ttl_clock_us(void);

/* Remembers an event, once, here and on disk; `text` is static. container_note_event only here:
 * false where it was known. */
void container_event(struct container *container, const char *text);
bool container_note_event(struct container *container, const char *text);
/* Writes its snapshot, for nobody who waits. */
void container_save(struct container *container);

/* A create that the backend went on with by itself has ended: with its own container, or NULL and
 * why not. */
void create_event(struct container *container, void *backend, const char *error);

/* Stop and destroy; see container_stop.c and container_destroy.c. The request (NULL: nobody) is
 * answered when it is complete. */
void container_stop(struct container *container, int signal, struct request *request);
void container_destroy(struct container *container, struct request *request);
/* A process of it was ended for want of memory: stops it if that was a limit that somebody set,
 * once the job that hit it has told its own end. container_job_ended: one has.
 * container_ran_out: it is about to be stopped for that. */
void container_out_of_memory(struct container *container);
void container_job_ended(struct container *container);
bool container_ran_out(const struct container *container);
/* Something has happened that a stop may have waited for. */
void stop_step(struct container *container);
void destroy_step(struct container *container);
/* Removes what recovery found to be dead; nobody waits for it. */
void container_discard(struct container *container);

/* Answers and frees all that wait. */
void container_waiters_answer(struct container_waiter_list *list);
/* False: no memory. */
bool container_waiters_add(struct container_waiter_list *list, struct request *request);

/* A timer of one shot that calls back with `container` in its data; see timer.c. */
uv_timer_t *timer_start(struct server *server, uint64_t ms, uv_timer_cb fired, void *data);
void timer_stop(uv_timer_t **timer);

#endif
