/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon: one loop thread that owns every state, and worker threads that run the backend's
 * operations. All functions of the core are the loop thread's unless they say otherwise. */
#ifndef CORE_SERVER_H
#define CORE_SERVER_H

#include <sys/queue.h>
#include <uv.h>

#include "core/backend/backend_events.h"
#include "core/config/config.h"
#include "core/container/registry.h"
#include "core/health/metrics.h"
#include "warden/backend.h"

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
	int http_fd;       /* bound, or -1: until http_open has it */
	struct http *http; /* see http.h; NULL: it is off */
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
	struct backend_events events; /* of the backend's, from any thread */

	int depot_fd, tmp_fd;
	struct pool *networks, *uids, *slots;
	struct ports *ports;
	struct registry registry;
	struct idempotent_list request_ids[REQUEST_ID_BUCKETS]; /* see idempotence.h */
	uint64_t last_id;                                       /* of a container: microseconds */
	uint32_t last_job_id;
	uint64_t last_end_sequence;   /* of a job's end */
	struct cpu_leases *leases;    /* of cpus; see cpu_lease.h */
	struct syslog_client *syslog; /* for the lines of jobs; NULL: there is none */
	uint64_t last_transfer_id;
	struct journal *journal;
	uint64_t last_serial;               /* of a connection */
	struct connection_list connections; /* in the order of their coming */
	struct container_list idle;         /* whose grace timers run */
	uint32_t creating;                  /* containers whose create is not answered yet */
	uint32_t leaving;                   /* containers that are not gone yet */
	uv_timer_t *leaving_timer;
	uint32_t saving; /* snapshots that a drain waits for */
	struct metrics metrics;
	uv_timer_t *unread_timer; /* closes clients that read nothing while a drain waits */
	bool serving;             /* what was there is recovered: from now on a drain may begin */
	bool ends;                /* a drain was asked for before that */
	bool draining, stopped;
	bool failed; /* the backend cannot go on: a drain that ends in an error */
};

/* Runs the daemon until it is told to drain; containers live on. Takes `http_fd`, of http_bind. */
int server_run(struct config *config, const struct warden_container_klass *container_klass,
	       int http_fd, struct warden_error *err);

/* The `drain_step` of a server: ends a drain that is complete. */
void server_drain_step(struct server *server);

/* Drains, because the backend cannot go on. */
void server_fail(struct server *server);

/* Makes depot and pools ready for server_run; see pools.c. */
int pools_open(struct server *server, struct warden_error *err);
void pools_close(struct server *server);

/* See backend_host.c: fills server->settings and server->host; the callback of server->events. */
void backend_host_init(struct server *server);
void backend_host_handle_events(uv_async_t *async);

/* See recovery.c: finds the containers of an earlier daemon and removes what is left of dead ones.
 * Returns when all are known. */
int recovery_run(struct server *server, struct warden_error *err);

/* See listener.c. */
int listener_open(struct server *server, struct warden_error *err);
void listener_close(struct server *server);

#endif
