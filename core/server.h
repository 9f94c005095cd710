/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon: one loop thread that owns all state, and worker threads that run the backend's
 * operations. Core functions belong to the loop thread unless they say otherwise. */
#ifndef CORE_SERVER_H
#define CORE_SERVER_H

#include <sys/queue.h>
#include <uv.h>

#include "core/backend/backend_events.h"
#include "core/config/config.h"
#include "core/container/prepared.h"
#include "core/container/registry.h"
#include "core/health/metrics.h"
#include "core/hung_work.h"
#include "core/transfer/transfer_reports.h"
#include "core/wire/client_account.h"
#include "core/workers.h"
#include "warden/backend.h"

struct audit;
struct connection;
struct container;
struct container_subject;
struct http;
struct request_handler;

TAILQ_HEAD(connection_list, connection);
TAILQ_HEAD(container_list, container);

enum { REQUEST_ID_BUCKETS = 1024 };

LIST_HEAD(idempotent_list, idempotent);

struct server {
	uv_loop_t loop;
	uv_pipe_t listener;
	uv_signal_t signals[4];
	int http_fd;       /* bound socket until http_open takes it; -1: none */
	struct http *http; /* see http.h; NULL: off */
	struct config *config;
	const struct warden_container_klass *container_klass;
	const struct container_subject *const *subjects; /* see container_subject.h; ends in NULL */
	const struct request_handler *const *handlers;   /* see request_handlers */
	size_t n_handlers;
	/* Checks whether a drain is complete. Called when a connection has closed, a create has
	 * ended or a container is gone; server_drain_step. */
	void (*drain_step)(struct server *server);
	void *backend;
	struct warden_settings settings;
	struct warden_hooks hooks; /* of the settings */
	struct warden_host host;
	struct backend_events events; /* queued by the backend, from any thread */
	struct transfer_reports transfer_reports;

	/* Threads by purpose, while the backend is set up: operations of containers, output of
	 * jobs, removal of directories. What is short and no container's runs on libuv's own. */
	struct workers *operation_workers, *output_workers, *send_workers, *remove_workers;

	int depot_fd, tmp_fd;
	struct pool *networks, *uids, *slots;
	struct ports *ports;
	struct registry registry;
	bool starting;         /* recovery_run runs */
	uint32_t recovering;   /* containers whose recovery is not over */
	uint32_t unasked;      /* those of them that were not asked yet */
	uint32_t unidentified; /* those of them whose network, uid and slot are not known */
	LIST_HEAD(, set_aside) set_aside;                       /* see set_aside.h */
	struct idempotent_list request_ids[REQUEST_ID_BUCKETS]; /* see idempotence.h */
	uint64_t last_id; /* of a container: microseconds since 1970 */
	uint32_t last_job_id;
	uint32_t stored_job_id;       /* the last of the snapshots that the start read */
	uint64_t last_end_sequence;   /* of a job's end */
	struct cpu_leases *leases;    /* of cpus; see cpu_lease.h */
	struct syslog_client *syslog; /* for the log lines of jobs; NULL: none */
	uint64_t last_transfer_id;
	struct journal *journal;
	uint64_t last_serial;                /* of a connection */
	uint32_t lingering;                  /* connections that linger */
	struct client_account_list accounts; /* see client_account.h */
	struct audit *audit;                 /* NULL: off */
	struct connection_list connections;  /* in the order of their accept */
	struct container_list idle;          /* containers whose grace timers run */
	uint64_t return_time_end;            /* of the loop's clock; see grace.c */
	uint32_t creating;                   /* containers whose create is not answered yet */
	struct prepared prepared;
	uint32_t leaving; /* containers that are being destroyed and are not stuck */
	uv_timer_t *leaving_timer;
	LIST_HEAD(, container) ending; /* see ending_add */
	uv_timer_t ending_timer;
	bool ending_timer_ready;
	uint64_t drain_since; /* uv_now */
	uint32_t saving;      /* snapshots that a drain still writes */
	struct metrics metrics;
	uv_timer_t *
		unread_timer; /* closes clients that do not read their answer while a drain waits */
	uv_timer_t slow_timer; /* logs operations of the backend that block */
	bool serving;          /* recovery is complete and the daemon listens; a drain may begin */
	bool ends;             /* a drain was requested, maybe before `serving` */
	bool reloading, reload_again; /* see reload.h */
	bool draining, stopped;
	void (*stop)(struct server *server); /* ends the drain, complete or not */
	struct hung_work hung;
	uv_timer_t *drain_timer; /* logs what a drain waits for */
	char drain_waits[512];   /* as logged last */
	bool failed;             /* the backend has failed: the drain ends in an error */
};

/* Runs the daemon until a drain is complete; containers live on. Takes `http_fd`, the socket of
 * http_bind or -1. Returns 0, or -1 and `err`. */
int server_run(struct config *config, const struct warden_container_klass *container_klass,
	       int http_fd, struct warden_error *err);

/* The `drain_step` of a server: ends a drain that is complete. */
void server_drain_step(struct server *server);

/* Drains because the backend has failed; server_run then returns an error. */
void server_fail(struct server *server);

/* Opens the depot and creates the pools; see pools.c. */
int pools_open(struct server *server, struct warden_error *err);
void pools_close(struct server *server);

/* Fills server->settings and server->host, and the callback of server->events; see
 * backend_host.c. */
void backend_host_init(struct server *server);
void backend_host_handle_events(uv_async_t *async);
/* Logs how many of a container's lines were suppressed that the backend wrote. */
void backend_host_flush_log(void);

/* Finds the containers of an earlier daemon and removes the remains of dead ones. Returns when all
 * are registered. See recovery.c. */
int recovery_run(struct server *server, struct warden_error *err);
/* How many containers were recovered, are unreachable and are set aside, as a text. */
void recovery_summarize(const struct server *server, char *text, size_t size);

/* See listener.c. */
int listener_open(struct server *server, struct warden_error *err);
void listener_close(struct server *server);

#endif
