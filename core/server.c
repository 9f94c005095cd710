/* SPDX-License-Identifier: Apache-2.0 */
/* Starts, runs and drains the daemon; see server.h. */
#include <config.h>

#include "core/server.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/audit.h"
#include "core/backend/backend_call.h"
#include "core/container/container.h"
#include "core/container/container_subject.h"
#include "core/health/http.h"
#include "core/hung_work.h"
#include "core/job/cpu_lease.h"
#include "core/job/job.h"
#include "core/log.h"
#include "core/notify.h"
#include "core/reload.h"
#include "core/state/journal.h"
#include "core/state/snapshot.h"
#include "core/syslog.h"
#include "core/wire/connection.h"
#include "core/wire/request.h"

enum {
	/* How long a drain waits for containers that are being removed; the next daemon removes the
	 * rest. */
	LEAVING_MS = 5000,
	/* After how long without progress a drain closes a client that does not read its answer. */
	UNREAD_MS = 5000,
	/* When a drain first says what it waits for, and the least time between two such lines. */
	DRAIN_FIRST_MS = 1000,
	DRAIN_NEXT_MS = 3000,
};

/* Workers mostly wait in system calls, so there are more of them than processors. */
enum {
	OPERATION_WORKERS = 16,
	OUTPUT_WORKERS = 8,
	SEND_WORKERS = 4,
	REMOVE_WORKERS = 2,
	REMOVE_NICE = 10,
};

static void server_drop_container(struct server *server, struct container *c)
{
	if (c->backend && server->container_klass->detach)
		BACKEND_CALL_VOID(server->container_klass, c->id, detach, c->backend);
	registry_remove(&server->registry, c);
	c->owns_network = c->owns_uid = c->owns_slot =
		false; /* the container lives on and keeps them */
	container_free(c);
}

/* The next daemon goes on with those that are being destroyed. */
static void server_detach_containers(struct server *server)
{
	struct container *c;

	while ((c = TAILQ_FIRST(&server->registry.listed)))
		server_drop_container(server, c);
	while ((c = LIST_FIRST(&server->ending)))
		server_drop_container(server, c);
}

static void server_on_saved(struct operation *operation, int result, struct warden_error *err)
{
	struct server *server = operation->container->server;

	if (result < 0)
		log_write(WARDEN_LOG_ERROR, "%s: %s", operation->container->id, err->message);
	free(operation);
	if (--server->saving == 0)
		uv_stop(&server->loop);
}

/* Stores the whole snapshot of each container, unless it hangs, then stops the loop. */
static void server_save_containers(struct server *server)
{
	struct container *c;

	server->saving = 1;
	TAILQ_FOREACH(c, &server->registry.listed, listed) {
		struct operation *operation =
			c->alive && !c->destroy.ending && !(server->hung.left && c->running)
				? calloc(1, sizeof(*operation))
				: NULL;

		if (!operation)
			continue; /* its last change is already on disk, or waits for what hangs */
		operation->run = snapshot_store;
		operation->done = server_on_saved;
		operation->make_snapshot = snapshot_whole_text;
		server->saving++;
		container_queue(c, operation);
	}
	if (--server->saving == 0)
		uv_stop(&server->loop);
}

static void server_on_leaving_timer(uv_timer_t *timer)
{
	struct server *server = timer->data;

	timer_stop(&server->leaving_timer);
	server->leaving = 0;
	server_drain_step(server);
}

static void server_stop(struct server *server)
{
	timer_stop(&server->leaving_timer);
	timer_stop(&server->unread_timer);
	timer_stop(&server->drain_timer);
	server->stopped = true;
	server_save_containers(server);
}

void server_drain_step(struct server *server)
{
	if (!server->draining || server->stopped || !TAILQ_EMPTY(&server->connections) ||
	    server->creating > 0)
		return;
	if (server->leaving > 0) {
		if (!server->leaving_timer)
			server->leaving_timer =
				timer_start(server, LEAVING_MS, server_on_leaving_timer, server);
		return;
	}
	server_stop(server);
}

static void server_on_unread_timer(uv_timer_t *timer);

static void server_start_unread_timer(struct server *server)
{
	server->unread_timer = timer_start(server, UNREAD_MS, server_on_unread_timer, server);
}

static void server_on_unread_timer(uv_timer_t *timer)
{
	struct server *server = timer->data;
	struct connection *connection, *next;

	timer_stop(&server->unread_timer);
	server_start_unread_timer(
		server); /* first, since closing the last connection stops the timer */
	for (connection = TAILQ_FIRST(&server->connections); connection; connection = next) {
		next = TAILQ_NEXT(connection, link);
		if (connection->writing && !connection->progress)
			connection_close(connection);
		else
			connection->progress = false;
	}
}

static size_t __attribute__((format(printf, 4, 5)))
server_append_text(char *text, size_t size, size_t at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (at < size)
		at += (size_t)vsnprintf(text + at, size - at, format, args);
	va_end(args);
	return at;
}

/* Describes what a drain waits for: requests by name, and containers that are being removed. */
static void server_describe_drain(const struct server *server, char *text, size_t size)
{
	const struct container *found[4];
	const struct connection *connection;
	size_t at = 0, n = 0, leaving = registry_find_leaving(&server->registry, found, 4);

	text[0] = '\0';
	TAILQ_FOREACH(connection, &server->connections, link)
		n++;
	if (n > 0)
		at = server_append_text(text, size, at, "%zu request%s:", n, n == 1 ? "" : "s");
	n = 0;
	TAILQ_FOREACH(connection, &server->connections, link)
		if (++n <= 4)
			at = server_append_text(text, size, at, "%s %s", n == 1 ? "" : ",",
						connection->request
							? connection->request->handler->name
							: "an answer that is not read");
	if (n > 4)
		at = server_append_text(text, size, at, ", ...");
	if (leaving > 0)
		at = server_append_text(text, size, at, "%sthe removal of", n > 0 ? "; " : "");
	for (size_t i = 0; i < leaving && i < 4; i++)
		at = server_append_text(text, size, at, " %s", found[i]->id);
	if (leaving > 4)
		at = server_append_text(text, size, at, " and %zu more", leaving - 4);
	if (at == 0 && server->creating > 0)
		server_append_text(text, size, at, "%" PRIu32 " creates", server->creating);
}

static void server_on_drain_timer(uv_timer_t *timer)
{
	struct server *server = timer->data;
	char text[sizeof(server->drain_waits)];

	timer_stop(&server->drain_timer);
	server_describe_drain(server, text, sizeof(text));
	if (strcmp(text, server->drain_waits) != 0)
		log_write(WARDEN_LOG_INFO, "draining: waits for %s", text);
	memcpy(server->drain_waits, text, sizeof(text));
	server->drain_timer = timer_start(server, DRAIN_NEXT_MS, server_on_drain_timer, server);
}

/* Whether the connection of the request is closed without an answer. One that is not yet admitted
 * is refused by then, if the client relies on an answer. */
static bool server_drain_may_close(struct request *request)
{
	if (!request->handler->waits || (request->admitting && request->handler->drain))
		return false;
	return !request->handler->drain || !request->handler->drain(request);
}

/* Begins a drain. During recovery only `ends` is set; the drain begins when recovery is
 * complete. */
static void server_drain(struct server *server)
{
	struct connection *connection, *next;
	struct warden_error err;

	server->ends = true;
	if (server->draining || !server->serving)
		return;
	server->draining = true;
	server->drain_since = uv_now(&server->loop);
	log_write(WARDEN_LOG_INFO, "draining: containers live on");
	if (notify_stopping(&err) < 0)
		log_write(WARDEN_LOG_WARN, "%s", err.message);
	listener_close(server);
	http_close(server);
	prepared_renew(server);
	for (connection = TAILQ_FIRST(&server->connections); connection; connection = next) {
		next = TAILQ_NEXT(connection, link);
		if (!connection->request)
			connection_close_when_read(connection);
		else if (server_drain_may_close(connection->request))
			connection_close(connection);
	}
	server_start_unread_timer(server);
	hung_work_watch(server);
	server->drain_timer = timer_start(server, DRAIN_FIRST_MS, server_on_drain_timer, server);
	server_drain_step(server);
}

void server_fail(struct server *server)
{
	server->failed = true;
	server_drain(server);
}

static void server_on_signal(uv_signal_t *handle, int signal)
{
	if (signal != SIGHUP)
		server_drain(handle->data);
	else
		reload_begin(handle->data);
}

static void server_watch_signals(struct server *server)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGUSR2, SIGHUP};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uv_signal_init(&server->loop,
			       &server->signals[i]); /* fails only without free descriptors */
		server->signals[i].data = server;
		uv_signal_start(&server->signals[i], server_on_signal, numbers[i]);
	}
}

static void server_close_handle(uv_handle_t *handle, void *unused)
{
	(void)unused;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void server_on_slow_timer(uv_timer_t *timer)
{
	struct server *server = timer->data;
	struct container *c;

	backend_call_log_slow();
	client_accounts_tidy(server);
	TAILQ_FOREACH(c, &server->registry.listed, listed)
		log_limit_flush(&c->log_limit, c->id);
	backend_host_flush_log();
	prepared_tidy(server);
}

/* The timer does not keep the loop running. */
static void server_watch_slow_calls(struct server *server)
{
	uv_timer_init(&server->loop, &server->slow_timer); /* it and the start cannot fail */
	server->slow_timer.data = server;
	uv_timer_start(&server->slow_timer, server_on_slow_timer, BACKEND_CALL_CHECK_MS,
		       BACKEND_CALL_CHECK_MS);
	uv_unref((uv_handle_t *)&server->slow_timer);
}

/* An operator's number of threads of libuv also is that of the operations, which are most of what
 * they are for. */
static unsigned server_operation_workers(void)
{
	const char *text = getenv("UV_THREADPOOL_SIZE");
	long n = text ? strtol(text, NULL, 10) : 0;

	return n < 1 || n > 1024 ? OPERATION_WORKERS : (unsigned)n;
}

/* Starts the pools of threads. After the backend's setup, which forks. */
static int server_start_workers(struct server *server, struct warden_error *err)
{
	server->operation_workers =
		workers_new(&server->loop, "operation", server_operation_workers(), 0, err);
	if (server->operation_workers)
		server->output_workers =
			workers_new(&server->loop, "output", OUTPUT_WORKERS, 0, err);
	if (server->output_workers)
		server->send_workers = workers_new(&server->loop, "send", SEND_WORKERS, 0, err);
	if (server->send_workers)
		server->remove_workers =
			workers_new(&server->loop, "remove", REMOVE_WORKERS, REMOVE_NICE, err);
	return server->remove_workers ? 0 : -1;
}

static int server_serve(struct server *server, struct warden_error *err)
{
	struct warden_error warning;
	char summary[128];

	if (server_start_workers(server, err) < 0)
		return -1;
	server_watch_signals(server);
	server_watch_slow_calls(server);
	if (recovery_run(server, err) < 0 || listener_open(server, err) < 0 ||
	    http_open(server, err) < 0)
		return -1;
	server->serving = true;
	prepared_start(server);
	recovery_summarize(server, summary, sizeof(summary));
	log_write(WARDEN_LOG_INFO, "listening on %s, %s", server->config->server.unix_domain_path,
		  summary);
	if (notify_ready(&warning, "%s", summary) < 0)
		log_write(WARDEN_LOG_WARN, "%s", warning.message);
	if (server->ends)
		server_drain(server);
	uv_run(&server->loop, UV_RUN_DEFAULT);
	if (server->failed)
		return warden_error_set(err, "backend %s has failed: restart the daemon",
					server->container_klass->name);
	return 0;
}

/* Ends the pools. Their work must be done first, since it uses what is freed then; a removal ends
 * early and is left to the next daemon. */
static void server_end_workers(struct server *server)
{
	if (server->hung.left)
		hung_work_exit(server); /* its requests are not complete: nothing can be freed */
	if (server->remove_workers) {
		workers_hurry(server->remove_workers);
		while (workers_are_busy(server->operation_workers) ||
		       workers_are_busy(server->output_workers) ||
		       workers_are_busy(server->send_workers) ||
		       workers_are_busy(server->remove_workers))
			uv_run(&server->loop, UV_RUN_ONCE);
	}
	workers_free(server->operation_workers);
	workers_free(server->output_workers);
	workers_free(server->send_workers);
	workers_free(server->remove_workers);
}

static void server_close_handles(struct server *server)
{
	http_close(server);
	server->stopped = true; /* from now on new output stays in its pipe */
	server_end_workers(server);
	server_detach_containers(server);
	uv_walk(&server->loop, server_close_handle, NULL);
	while (uv_run(&server->loop, UV_RUN_DEFAULT) != 0)
		;
}

static int server_run_backend(struct server *server, struct warden_error *err)
{
	int result;

	result = BACKEND_CALL(server->container_klass, NULL, setup, err, &server->host,
			      &server->backend);
	if (result < 0) {
		server_close_handles(server);
		return -1;
	}
	result = server_serve(server, err);
	server_close_handles(server);
	if (server->container_klass->teardown)
		BACKEND_CALL_VOID(server->container_klass, NULL, teardown, server->backend);
	return result;
}

int server_run(struct config *config, const struct warden_container_klass *container_klass,
	       int http_fd, struct warden_error *err)
{
	struct server *server = calloc(1, sizeof(*server));
	/* With level "off" the log is silent. */
	bool audits =
		config->logging.audit && (config->logging.audit_file || config->logging.level >= 0);
	int result = -1;

	if (!server) {
		if (http_fd >= 0)
			close(http_fd);
		return warden_error_set(err, "no memory");
	}
	server->http_fd = http_fd;
	/* Few arenas: memory passes between the loop and the workers. */
	mallopt(M_ARENA_MAX, 2);
	server->config = config;
	server->container_klass = container_klass;
	server->subjects = container_subjects;
	server->handlers = request_handlers(&server->n_handlers);
	server->drain_step = server_drain_step;
	server->stop = server_stop;
	TAILQ_INIT(&server->connections);
	LIST_INIT(&server->accounts);
	TAILQ_INIT(&server->idle);
	TAILQ_INIT(&server->prepared.stocks);
	TAILQ_INIT(&server->prepared.waiting);
	metrics_init(&server->metrics);
	backend_host_init(server);
	uv_loop_init(&server->loop);
	server->syslog = syslog_client_new(config->server.syslog_socket, err);
	if (audits)
		server->audit = audit_new(&server->loop, log_write_audit);
	server->journal = journal_new();
	if (!server->journal)
		warden_error_set(err, "no memory for the journal");
	if (audits && !server->audit)
		warden_error_set(err, "no memory for the audit log");
	if (server->journal && server->syslog && (server->audit || !audits) &&
	    pools_open(server, err) == 0 &&
	    backend_events_open(&server->events, &server->loop, backend_host_handle_events, err) ==
		    0) {
		server->events.wakeup.data = server;
		result = server_run_backend(server, err);
		backend_events_close(&server->events);
	} else {
		server_close_handles(server);
	}
	/* After the teardown: until then a backend thread may still wake the loop with an event. */
	uv_loop_close(&server->loop); /* all its handles are closed */
	prepared_free(server);
	pools_close(server);
	cpu_lease_free(server);
	journal_free(server->journal);
	client_accounts_free(server);
	audit_free(server->audit);
	syslog_client_free(server->syslog);
	if (server->http_fd >= 0)
		close(server->http_fd);
	free(server);
	return result;
}
