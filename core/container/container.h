/* SPDX-License-Identifier: Apache-2.0 */
/* A container as the core sees it. Its operations run on workers, one at a time, in the order in
 * which they were queued. All functions here run on the loop thread. */
#ifndef CORE_CONTAINER_CONTAINER_H
#define CORE_CONTAINER_CONTAINER_H

#include <sys/queue.h>
#include <uv.h>

#include "core/container/create_options.h"
#include "core/log_limit.h"
#include "core/workers.h"
#include "warden/backend.h"

struct connection;
struct container;
struct creation;
struct job;
struct job_log_write;
struct labels;
struct prepared_source;
struct recovery;
struct request;
struct server;
struct stock;
struct trace;
struct transfer;

enum container_state {
	STATE_BORN = 1,
	STATE_ACTIVE = 2,
	STATE_STOPPED = 4,
	STATE_DESTROYED = 8, /* its destroy is answered; its files are being removed */
	STATE_DESTROYING = 16,
	STATE_ANY = 31,         /* those above */
	STATE_UNREACHABLE = 32, /* recovered and does not answer; see recovery.h */
};

#define GRACE_NEVER UINT32_MAX

/* Work of a worker for a container. */
struct operation {
	TAILQ_ENTRY(operation) link;
	struct work work;
	struct container *container;
	bool removes;              /* it removes files and may last long: runs in that pool */
	bool needs_no_backend;     /* runs even after a destroy took the backend's container */
	char *snapshot;            /* the text for snapshot_store, freed after `done` */
	bool stores_jobs;          /* `run` calls snapshot_store even if there is no snapshot */
	struct job_log_write *log; /* records for snapshot_store */
	bool no_memory;            /* what snapshot_store shall write could not be made */
	/* Optional. Loop thread, right before `run`, which calls snapshot_store: makes `snapshot`;
	 * see snapshot_text. */
	char *(*make_snapshot)(const struct container *container);
	void *data; /* the owner's */
	/* Optional. Loop thread, right before `run`, when all earlier operations are done. -1:
	 * `run` is not called. It may set `snapshot`. */
	int (*prepare)(struct operation *operation, struct warden_error *err);
	/* Worker thread. */
	int (*run)(struct operation *operation, struct warden_error *err);
	/* Loop thread; frees the operation. `result` is the result of `prepare` or `run`, or -1 if
	 * a destroy cancelled the operation. */
	void (*done)(struct operation *operation, int result, struct warden_error *err);
	int result;
	struct warden_error err;
};

TAILQ_HEAD(operation_list, operation);

/* A reference of a connection: the grace time of the container does not begin while there is one.
 */
struct reference {
	LIST_ENTRY(reference) of_container, of_connection;
	struct connection *connection;
	struct container *container;
};

/* A request that waits for the end of a stop or a destroy. */
struct container_waiter {
	TAILQ_ENTRY(container_waiter) link;
	struct request *request;
	uint64_t since; /* uv_now */
};

TAILQ_HEAD(container_waiter_list, container_waiter);

/* A signal of a stop. It is a part of the container, so that a stop needs no memory. */
struct stop_signal {
	struct operation operation;
	bool queued; /* or it runs */
};

/* See rules.h. */
struct rules {
	struct warden_in_rule *in;
	size_t n_in;
	struct warden_out_rule *out; /* the first match applies */
	size_t n_out;
};

/* See state/job_log.h. */
struct job_log {
	char *pending; /* records that wait to be written */
	size_t length;
	uint32_t *forget; /* jobs that the backend may forget then */
	size_t n_forget;
	struct job_files *remove; /* likewise */
	size_t n_remove;
	uint64_t size, whole; /* bytes of the file, now and when it was last written as a whole */
	bool current;         /* snapshot.json names the log, which has all but `pending` */
	bool incomplete;      /* a record is missing in `pending` */
};

struct container {
	LIST_ENTRY(container) by_handle, by_id;
	TAILQ_ENTRY(container) listed, idle;
	bool handle_known, is_listed, is_idle;

	struct server *server;
	char id[12];
	char *handle;
	char *path;
	char *name; /* of its directory in the depot, or in the depot's tmp after the destroy */
	int dir_fd;
	struct warden_identity identity;
	bool owns_network, owns_uid, owns_slot;
	/* Made before a create asked for it; its directory is in the depot's tmp. See prepared.h.
	 */
	bool prepared;
	struct stock *stock;             /* in which it waits; else NULL */
	bool is_leaving_stock;           /* it is removed without having been handed out */
	struct prepared_source *sources; /* what it was made from; NULL: not known */

	char *rootfs; /* if there are several layers, the topmost */
	struct create_options options;
	uint64_t created_us;                   /* since 1970, for display */
	uint64_t created_clock_us;             /* on the clock of ttl_clock_us */
	bool nested;                           /* may run a nested warden */
	struct warden_bind_mount *bind_mounts; /* owns its strings */
	size_t n_bind_mounts;
	uid_t client_uid;
	gid_t client_gid;
	struct log_limit log_limit; /* of lines that its jobs cause */
	uint32_t grace_time;        /* seconds, or GRACE_NEVER */
	struct rules rules;         /* in force; the container holds the host ports of `in` */

	enum container_state state;
	struct warden_limits limits;   /* as requested; see limits.h */
	struct warden_limits in_force; /* as last reported by the backend */
	bool in_force_known;
	bool paused;
	struct creation *creation; /* set while the create runs */
	struct recovery *recovery; /* until a container of an earlier daemon answers; recovery.h */
	bool alive;                /* the backend can do more with it than destroy */
	void *backend;             /* the backend's container */
	const char *events[5];     /* static strings, each once */
	size_t n_events;

	LIST_HEAD(, reference) references;
	uint64_t created_serial; /* connections up to this one were open when it was created */
	uv_timer_t *grace_timer;
	uv_timer_t *ttl_timer;

	TAILQ_HEAD(, idempotent) request_ids; /* see idempotence.h */
	size_t n_request_ids;

	TAILQ_HEAD(job_list, job) jobs;
	TAILQ_HEAD(, job) unsettled_jobs;
	size_t n_unsettled_jobs;
	unsigned large_pipes; /* see output_store.c */
	void *jobs_by_id;     /* a tree of tsearch(3) */
	struct job_log job_log;
	LIST_HEAD(, transfer) transfers;
	struct operation_list operations;
	bool running; /* a worker runs an operation */
	bool saving;  /* a save is queued; see container_save */
	bool changed; /* what is stored next is the snapshot too, not only records */

	struct {
		bool started, empty;
		bool interrupted; /* an earlier daemon began a stop; recovery continues it */
		int signal;       /* the last that was sent */
		int pending;      /* signals that are not done */
		struct stop_signal term, kill;
		unsigned kills;        /* how often KILL was sent */
		uint64_t due;          /* uv_now when the next step is due; 0: none */
		uv_timer_t *oom_timer; /* set after the container ran out of memory, until it is
					  stopped */
		struct container_waiter_list waiting;
	} stop;
	struct {
		bool started;
		bool was_active; /* when it started */
		bool preparing;  /* the snapshot, the last info and a stop come first */
		bool ending;     /* the backend's destroy is queued: no operation may follow */
		bool op_done;    /* the backend's destroy has returned */
		bool ended;      /* no process is left */
		bool gone;       /* the backend holds nothing of it any more */
		bool renamed;    /* its directory is not in the depot any more */
		bool moved;      /* it is in the depot's tmp, under the container's id */
		bool answered;   /* its handle is forgotten */
		bool stuck;      /* a step has failed or is late: nobody waits for it */
		bool busy;       /* `operation` is queued or runs */
		unsigned tries;  /* of a step that failed */
		uint64_t since;  /* uv_now */
		uint64_t retry;  /* uv_now of the next try; 0: none */
		struct operation operation; /* a part of the container: no memory is needed */
		struct container_waiter_list waiting;
		struct trace *trace; /* NULL: none */
	} destroy;
	LIST_ENTRY(container) ending; /* of the server: its stop or destroy is not complete */
	bool is_ending;
	char waits_for[256];     /* what its stop or destroy waits for; empty: nothing unusual */
	struct labels *labels;   /* its properties for the journal, or NULL */
	bool scraped;            /* the scraper has asked for its figures, see scraper.h */
	struct warden_info info; /* the last figures, for answers after it is destroyed */
};

const char *container_state_name(enum container_state state);

/* Makes a container in memory only. `id` NULL: a new id. `handle` NULL: the id. NULL: no memory. */
struct container *container_new(struct server *server, const char *id, const char *handle);

/* Makes the paths of a new container's directory from its id. False: no memory. */
bool container_set_path(struct container *container);

/* Exchanges what was made of two containers that are not registered: id, directory, identity, share
 * of the pools, and the backend's container. Each keeps the place of its directory. */
void container_exchange(struct container *a, struct container *b);

/* Gives a registered container that is not made yet another id, with the paths of it; its handle
 * stays. False: no memory. */
bool container_rename(struct container *container);

/* Returns the container's network, uid and slot to the pools and frees it. Its queue must be empty.
 */
void container_free(struct container *container);

/* Queues an operation. container_cancel_operations calls `done` with -1 for all that have not
 * begun. */
void container_queue(struct container *container, struct operation *operation);
void container_cancel_operations(struct container *container);

/* References and grace time; see grace.c. grace_update starts or stops the timer after a change. */
void container_reference(struct container *container, struct connection *connection);
void grace_update(struct container *container);
void grace_begin_return_time(struct server *server);
void grace_stop(struct container *container);

/* The time to live, if there is one; see ttl.c. ttl_clock_us is the monotonic clock. */
void ttl_start(struct container *container);
void ttl_stop(struct container *container);
uint64_t ttl_left_us(const struct container *container);
uint64_t ttl_clock_us(void);

/* container_event records an event once, in memory and in the snapshot; `text` is static.
 * container_note_event records it in memory only; false: it is known already. */
void container_event(struct container *container, const char *text);
bool container_note_event(struct container *container, const char *text);
/* Queues a write of the snapshot that no request waits for; errors are logged. container_save_jobs
 * writes only the records that wait (see state/job_log.h). A save that is queued and has not begun
 * is the same for all that ask meanwhile. */
void container_save(struct container *container);
void container_save_jobs(struct container *container);

/* Reports the end of a create that the backend continued by itself: its container, also if it has
 * failed and could not undo all, or NULL; if it has failed, the error with its errno. */
void create_event(struct container *container, void *backend, bool failed, const char *error,
		  int number);

/* The first process of a container that is being made has ended: the create fails. */
void create_note_death(struct container *container);

/* Makes a container for a stock; prepared_made reports the end. */
int create_prepare(struct server *server, struct stock *stock, const Warden__CreateRequest *shape,
		   uid_t uid, gid_t gid, struct warden_error *err);
/* Lets creates go on that wait for room. */
void create_resume(struct server *server);

/* Stop and destroy; see container_stop.c and container_destroy.c. `request`, which may be NULL, is
 * answered at the end. */
void container_stop(struct container *container, int signal, struct request *request);
void container_destroy(struct container *container, struct request *request);
/* container_out_of_memory: a process was killed for lack of memory. If a client set a memory limit
 * the container is stopped, after the job that hit the limit has reported its end;
 * container_job_ended reports that end. container_ran_out: such a stop is about to begin. */
void container_out_of_memory(struct container *container);
void container_job_ended(struct container *container);
bool container_ran_out(const struct container *container);
/* Continue a stop or a destroy after an event that it may wait for. */
void stop_step(struct container *container);
void destroy_step(struct container *container);
/* The next step of a stop is due. */
void stop_on_due(struct container *container);
/* The backend says what a stop or destroy waits for; empty: nothing any more. */
void container_set_waits_for(struct container *container, const char *text);
/* Nothing and nobody waits for this destroy any more. */
void destroy_set_stuck(struct container *container);
/* Watches a container whose stop or destroy is not complete: the server's timer calls its steps
 * when they are due, and fails requests that have waited too long; see ending.c. ending_remove does
 * nothing while a stop or destroy goes on. */
void ending_add(struct container *container);
void ending_remove(struct container *container);
/* Removes a container that recovery found dead. */
void container_discard(struct container *container);

/* Answers and frees all waiters. */
void container_waiters_answer(struct container_waiter_list *list);
/* Fails and frees those that wait since `since` (uv_now) or longer. */
void container_waiters_fail(struct container_waiter_list *list, uint64_t since, const char *text);
/* False: no memory. */
bool container_waiters_add(struct container_waiter_list *list, struct request *request);

/* A one-shot timer that calls back with `data` in its data field. timer_start returns NULL if there
 * is no memory; see timer.c. */
uv_timer_t *timer_start(struct server *server, uint64_t ms, uv_timer_cb fired, void *data);
void timer_stop(uv_timer_t **timer);

#endif
