/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that the backend may call (struct warden_host), and the handling of its events on
 * the loop thread. */
#include <config.h>

#include <stdlib.h>

#include "core/backend/backend_struct.h"
#include "core/container/container.h"
#include "core/job/job.h"
#include "core/log.h"
#include "core/log_limit.h"
#include "core/server.h"
#include "core/state/job_log.h"
#include "core/state/journal.h"
#include "core/state/recovery.h"
#include "core/transfer/transfer.h"

/* Events that are handled before clients are served again, so that a container that causes events
 * without end does not delay them. */
enum { EVENTS_A_TURN = 256 };

/* Lines of a container that the backend writes, of which a container can cause any number. Those
 * with one hash share a limit, so that no list of containers is needed on any thread. */
enum { LOG_LIMITS = 256 };

static struct backend_host_limit {
	struct log_limit limit;
	/* Nobody waits for it, so a fork may leave it set. */
	atomic_bool busy;
	char id[12]; /* of the last line; only while `busy` is one's own */
} log_limits[LOG_LIMITS];

static struct backend_host_limit *backend_host_find_limit(const char *id)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	while (*id)
		hash = (hash ^ (unsigned char)*id++) * 16777619u;
	return &log_limits[hash % LOG_LIMITS];
}

static void __attribute__((format(printf, 3, 0)))
backend_host_log_limited(const char *id, enum warden_log_level level, const char *format,
			 va_list args)
{
	struct backend_host_limit *limit = backend_host_find_limit(id);

	if (!log_enabled(level))
		return;
	if (!atomic_exchange(&limit->busy, true)) {
		snprintf(limit->id, sizeof(limit->id), "%s", id);
		atomic_store(&limit->busy, false);
	}
	log_vwrite_limited(&limit->limit, id, level, format, args);
}

void backend_host_flush_log(void)
{
	for (size_t i = 0; i < LOG_LIMITS; i++) {
		struct backend_host_limit *limit = &log_limits[i];
		char id[sizeof(limit->id)];

		if (atomic_load(&limit->limit.suppressed) == 0 ||
		    atomic_exchange(&limit->busy, true))
			continue; /* the next time */
		memcpy(id, limit->id, sizeof(id));
		atomic_store(&limit->busy, false);
		log_limit_flush(&limit->limit, id);
	}
}

static void __attribute__((format(printf, 4, 5)))
backend_host_log(const struct warden_host *host, enum warden_log_level level, const char *id,
		 const char *format, ...)
{
	va_list args;

	(void)host;
	va_start(args, format);
	if (id)
		backend_host_log_limited(id, level, format, args);
	else
		log_vwrite(level, NULL, format, args);
	va_end(args);
}

/* Aborts if the container_klass does not declare the option with this type: a bug in the backend.
 */
static const struct config_option *backend_host_find_option(const struct warden_host *host,
							    const char *name,
							    enum warden_option_type type)
{
	const struct server *server = host->core;

	for (size_t i = 0; i < server->config->n_options; i++) {
		const struct config_option *option = &server->config->options[i];

		if (strcmp(option->option->name, name) == 0 && option->option->type == type)
			return option;
	}
	log_write(WARDEN_LOG_FATAL,
		  "backend %s reads option %s, which it does not declare with this type",
		  server->container_klass->name, name);
	abort();
}

static bool backend_host_option_bool(const struct warden_host *host, const char *name)
{
	return backend_host_find_option(host, name, WARDEN_OPTION_BOOL)->number != 0;
}

static int64_t backend_host_option_integer(const struct warden_host *host, const char *name)
{
	return backend_host_find_option(host, name, WARDEN_OPTION_INTEGER)->number;
}

static const char *backend_host_option_string(const struct warden_host *host, const char *name)
{
	return backend_host_find_option(host, name, WARDEN_OPTION_STRING)->text;
}

static const char *const *backend_host_option_strings(const struct warden_host *host,
						      const char *name)
{
	static const char *const none[] = {NULL};
	const struct config_option *option =
		backend_host_find_option(host, name, WARDEN_OPTION_STRINGS);

	return option->texts ? (const char *const *)option->texts : none;
}

static void backend_host_add_event(const struct warden_host *host, const char *id,
				   struct backend_event *event)
{
	struct server *server = host->core;

	snprintf(event->id, sizeof(event->id), "%s", id);
	backend_events_add(&server->events, event);
}

static void backend_host_created(const struct warden_host *host, const char *id, void *container,
				 const struct warden_error *err)
{
	struct backend_event event = {.type = EVENT_CREATED, .container = container};

	if (!container) {
		event.error = strdup(err->message); /* if NULL, Create reports no memory */
		event.number = err->number;
	}
	backend_host_add_event(host, id, &event);
}

static void backend_host_create_failed(const struct warden_host *host, const char *id,
				       void *container, const struct warden_error *err)
{
	struct backend_event event = {
		.type = EVENT_CREATE_FAILED,
		.container = container,
		.error = strdup(err->message), /* if NULL, Create reports no memory */
	};

	backend_host_add_event(host, id, &event);
}

static void backend_host_job_ended(const struct warden_host *host, const char *id, uint32_t job_id,
				   const struct warden_job_end *end)
{
	struct backend_event event = {.type = EVENT_JOB_ENDED, .job_id = job_id};

	job_end_init(&event.end);
	backend_struct_read(&event.end, sizeof(event.end), end, end->size);

	backend_host_add_event(host, id, &event);
}

static void backend_host_empty(const struct warden_host *host, const char *id)
{
	struct backend_event event = {.type = EVENT_EMPTY};

	backend_host_add_event(host, id, &event);
}

static void backend_host_oom(const struct warden_host *host, const char *id)
{
	struct backend_event event = {.type = EVENT_OOM};

	backend_host_add_event(host, id, &event);
}

static void backend_host_init_died(const struct warden_host *host, const char *id)
{
	struct backend_event event = {.type = EVENT_INIT_DIED};

	backend_host_add_event(host, id, &event);
}

static void backend_host_transfer_ended(const struct warden_host *host, const char *id,
					uint64_t transfer_id, const struct warden_transfer_end *end)
{
	struct backend_event event = {.type = EVENT_TRANSFER_ENDED, .transfer_id = transfer_id};

	backend_struct_read(&event.transfer_end, sizeof(event.transfer_end), end, end->size);
	event.transfer_end.error = NULL; /* it is valid only during this call */
	if (end->error) {
		event.error = strdup(end->error);
		if (!event.error)
			abort(); /* without its error the failed transfer would look complete */
	}
	backend_host_add_event(host, id, &event);
}

/* Wakes the loop for a transfer whose reports it is to take. */
static void backend_host_add_reported(const struct warden_host *host, const char *id,
				      uint64_t transfer_id, bool wake)
{
	struct backend_event event = {.type = EVENT_TRANSFER_REPORTED, .transfer_id = transfer_id};

	if (wake)
		backend_host_add_event(host, id, &event);
}

static void backend_host_file_entry(const struct warden_host *host, const char *id,
				    uint64_t transfer_id, const struct warden_file_entry *entry)
{
	struct server *server = host->core;
	struct warden_file_entry known = {.type = WARDEN_FILE_TYPE_OTHER};

	(void)id; /* the list is taken when the transfer has ended */
	backend_struct_read(&known, sizeof(known), entry, entry->size);
	transfer_reports_add_entry(&server->transfer_reports, transfer_id, &known);
}

static void backend_host_file_change(const struct warden_host *host, const char *id,
				     uint64_t transfer_id, const struct warden_file_change *change)
{
	struct server *server = host->core;
	struct warden_file_change known = {0};

	backend_struct_read(&known, sizeof(known), change, change->size);
	backend_host_add_reported(
		host, id, transfer_id,
		transfer_reports_add_change(&server->transfer_reports, transfer_id, &known));
}

static void backend_host_copy_progress(const struct warden_host *host, const char *id,
				       uint64_t transfer_id,
				       const struct warden_copy_progress *progress)
{
	struct server *server = host->core;
	struct warden_copy_progress known = {0};

	backend_struct_read(&known, sizeof(known), progress, progress->size);
	backend_host_add_reported(
		host, id, transfer_id,
		transfer_reports_add_progress(&server->transfer_reports, transfer_id, &known));
}

static void backend_host_gone(const struct warden_host *host, const char *id)
{
	struct backend_event event = {.type = EVENT_GONE};

	backend_host_add_event(host, id, &event);
}

static void backend_host_ended(const struct warden_host *host, const char *id)
{
	struct backend_event event = {.type = EVENT_ENDED};

	backend_host_add_event(host, id, &event);
}

static void backend_host_waits_for(const struct warden_host *host, const char *id, const char *text)
{
	struct backend_event event = {.type = EVENT_WAITS, .error = strdup(text)};

	if (event.error) /* else the core says that it waits for the backend */
		backend_host_add_event(host, id, &event);
}

static void __attribute__((format(printf, 2, 3)))
backend_host_failed(const struct warden_host *host, const char *format, ...)
{
	struct backend_event event = {.type = EVENT_FAILED};
	va_list args;

	va_start(args, format);
	log_vwrite(WARDEN_LOG_FATAL, NULL, format, args);
	va_end(args);
	backend_host_add_event(host, "", &event);
}

void backend_host_init(struct server *server)
{
	const struct config *config = server->config;

	transfer_reports_init(&server->transfer_reports);
	server->hooks = (struct warden_hooks){
		.size = sizeof(server->hooks),
		.parent_before_clone = config->hooks.parent_before_clone,
		.parent_after_clone = config->hooks.parent_after_clone,
		.child_before_pivot = config->hooks.child_before_pivot,
		.child_after_pivot = config->hooks.child_after_pivot,
	};
	server->settings = (struct warden_settings){
		.size = sizeof(server->settings),
		.depot_path = config->server.container_depot_path,
		.rootfs_path = config->server.container_rootfs_path,
		.user_namespace = config->server.user_namespace,
		.allow_nested_warden = config->server.allow_nested_warden,
		.disk_quota_enabled = config->server.disk_quota_enabled,
		.range_start = config->user.range_start,
		.pool_network = config->network.pool_network,
		.pool_networks = config->network.pool_size,
		.mtu = config->network.mtu,
		.allow_networks = (const char *const *)config->network.allow_networks,
		.allow_host_access = config->network.allow_host_access,
		.dns_servers = (const char *const *)config->network.dns_servers,
		.hooks = &server->hooks,
		.create_timeout = (uint32_t)config->server.create_timeout,
		.connection_mark = UINT32_C(1) << config->network.connection_mark_bit,
		.max_connections = config->network.max_connections,
		.own_table = config->network.own_table,
		.trace = config->logging.trace,
	};
	server->host = (struct warden_host){
		.size = sizeof(server->host),
		.core = server,
		.settings = &server->settings,
		.log = backend_host_log,
		.option_bool = backend_host_option_bool,
		.option_integer = backend_host_option_integer,
		.option_string = backend_host_option_string,
		.option_strings = backend_host_option_strings,
		.created = backend_host_created,
		.job_ended = backend_host_job_ended,
		.container_empty = backend_host_empty,
		.oom = backend_host_oom,
		.init_died = backend_host_init_died,
		.transfer_ended = backend_host_transfer_ended,
		.container_gone = backend_host_gone,
		.failed = backend_host_failed,
		.file_entry = backend_host_file_entry,
		.file_change = backend_host_file_change,
		.copy_progress = backend_host_copy_progress,
		.processes_ended = backend_host_ended,
		.waits_for = backend_host_waits_for,
		.create_failed = backend_host_create_failed,
	};
}

/* Ends all jobs after the container's init has died: no process is left, none can be started. */
static void backend_host_end_jobs(struct container *c)
{
	struct job *job, *next;
	struct warden_job_end none;

	if (c->destroy.started)
		return;
	if (c->recovery) {
		recovery_note_death(c);
		return;
	}
	if (c->creation) {
		create_note_death(c);
		return;
	}
	if (c->prepared) {
		prepared_died(c);
		return;
	}
	log_write(WARDEN_LOG_ERROR, "%s: the container's first process has ended", c->id);
	if (c->state == STATE_ACTIVE)
		c->state = STATE_STOPPED;
	c->stop.empty = true;
	job_end_init(&none);
	for (job = TAILQ_FIRST(&c->jobs); job; job = next) {
		next = TAILQ_NEXT(job, link);
		job_end(job, &none);
	}
	stop_step(c);
}

static void backend_host_handle_event(struct container *c, const struct backend_event *event)
{
	struct job *job;

	switch (event->type) {
	case EVENT_CREATED:
		create_event(c, event->container, !event->container, event->error, event->number);
		break;
	case EVENT_CREATE_FAILED:
		create_event(c, event->container, true, event->error, event->number);
		break;
	case EVENT_JOB_ENDED:
		job = job_find(c, event->job_id);
		if (job)
			job_end(job, &event->end);
		else { /* already collected; the backend keeps it until that is stored */
			job_log_forget(c, event->job_id);
			container_save_jobs(c);
		}
		break;
	case EVENT_EMPTY:
		c->stop.empty = true;
		stop_step(c);
		break;
	case EVENT_OOM:
		c->server->metrics.oom_kills++;
		container_out_of_memory(c);
		journal_container(c, WARDEN__EVENTS_RESPONSE__KIND__OOM, NULL);
		break;
	case EVENT_INIT_DIED:
		backend_host_end_jobs(c);
		break;
	case EVENT_TRANSFER_ENDED:
		transfer_event(c, event->transfer_id, event->error, &event->transfer_end);
		break;
	case EVENT_TRANSFER_REPORTED:
		transfer_reported(c, event->transfer_id);
		break;
	case EVENT_GONE:
		c->destroy.ended = c->destroy.gone = true;
		if (c->destroy.tries == 0) /* else it is the core's */
			container_set_waits_for(c, "");
		destroy_step(c);
		break;
	case EVENT_ENDED:
		c->destroy.ended = true;
		if (c->destroy.tries == 0) /* else it is the core's */
			container_set_waits_for(c, "");
		destroy_step(c);
		break;
	case EVENT_WAITS:
		if (c->stop.started || c->destroy.started)
			container_set_waits_for(c, event->error);
		break;
	case EVENT_FAILED:
		break; /* not about a container; see backend_host_handle_events */
	}
}

void backend_host_handle_events(uv_async_t *async)
{
	struct server *server = async->data;

	for (unsigned n = 0; n < EVENTS_A_TURN; n++) {
		struct backend_event *event = backend_events_take(&server->events);
		struct container *c;

		if (!event)
			return;
		c = registry_find_id(&server->registry, event->id);

		if (event->type == EVENT_FAILED)
			server_fail(server);
		else if (c)
			backend_host_handle_event(c, event);
		backend_event_free(event);
	}
	uv_async_send(&server->events.wakeup); /* fails only if the handle is closed */
}
