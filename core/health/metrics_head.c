/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's own metrics; see metrics_head.h. Their names are an interface: doc/metrics.md. */
#include <config.h>

#include "core/health/metrics_head.h"

#include <inttypes.h>

#include "core/container/container.h"
#include "core/job/job.h"
#include "core/pools/pool.h"
#include "core/pools/ports.h"
#include "core/server.h"
#include "core/state/set_aside.h"
#include "core/wire/connection.h"
#include "core/wire/request.h"
#include "lib/cleanup.h"

/* printf format and arguments of nanoseconds as seconds, without rounding. */
#define SECONDS         "%" PRIu64 ".%09" PRIu64
#define SECONDS_OF(ns_) (ns_) / 1000000000, (ns_) % 1000000000

static void metrics_head_describe(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void metrics_head_write_value(FILE *out, const char *name, const char *type,
				     const char *help, uint64_t value)
{
	metrics_head_describe(out, name, type, help);
	fprintf(out, "%s %" PRIu64 "\n", name, value);
}

static void metrics_head_write_seconds(FILE *out, const char *name, const char *type,
				       const char *help, uint64_t ns)
{
	metrics_head_describe(out, name, type, help);
	fprintf(out, "%s " SECONDS "\n", name, SECONDS_OF(ns));
}

static void metrics_head_write_build(FILE *out, const struct server *server)
{
	uint64_t now = uv_hrtime();

	metrics_head_describe(out, "warden_build_info", "gauge",
			      "Version and backend of the daemon; always 1.");
	fprintf(out, "warden_build_info{version=\"%s\",backend=\"%s\"} 1\n", PACKAGE_VERSION,
		server->container_klass->name);
	metrics_head_write_seconds(out, "warden_uptime_seconds", "gauge",
				   "Time since the daemon started.",
				   now - server->metrics.started_ns);
}

static void metrics_head_write_containers(FILE *out, const struct server *server)
{
	static const enum container_state states[] = {STATE_BORN,       STATE_ACTIVE,
						      STATE_STOPPED,    STATE_UNREACHABLE,
						      STATE_DESTROYING, STATE_DESTROYED};

	metrics_head_describe(out, "warden_containers", "gauge", "Containers by state.");
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		fprintf(out, "warden_containers{state=\"%s\"} %zu\n",
			container_state_name(states[i]),
			registry_count(&server->registry, states[i]));
	metrics_head_write_value(out, "warden_directories_set_aside", "gauge",
				 "Directories of the depot that could not be understood.",
				 set_aside_count(server));
}

static void metrics_head_write_prepared(FILE *out, const struct server *server)
{
	const struct prepared *prepared = &server->prepared;

	metrics_head_write_value(out, "warden_prepared_containers", "gauge",
				 "Containers that wait for a create.", prepared->n);
	metrics_head_write_value(out, "warden_prepared_hits_total", "counter",
				 "Creates that were given a prepared container.", prepared->hits);
	metrics_head_write_value(out, "warden_prepared_misses_total", "counter",
				 "Creates for which none was ready.", prepared->misses);
	metrics_head_write_value(out, "warden_prepared_made_total", "counter",
				 "Containers that were prepared.", prepared->made);
	metrics_head_write_value(out, "warden_prepared_failures_total", "counter",
				 "Containers that could not be prepared.", prepared->failed);
	metrics_head_write_seconds(out, "warden_prepared_seconds_total", "counter",
				   "Time that it took to prepare them.", prepared->made_ns);
}

static void metrics_head_write_destroys(FILE *out, const struct server *server)
{
	const struct container *c;
	uint64_t running = 0, stuck = 0;

	LIST_FOREACH(c, &server->ending, ending) {
		running += c->destroy.started;
		stuck += c->destroy.stuck;
	}
	metrics_head_write_value(out, "warden_destroys_in_progress", "gauge",
				 "Containers of which something is left to remove.", running);
	metrics_head_write_value(out, "warden_destroys_stuck", "gauge",
				 "Those of them for which something is in the way.", stuck);
}

/* The figures of a request type that metrics_head_write_by_type can print. */
static uint64_t metrics_head_get_begun(const struct metrics_requests *requests)
{
	return requests->begun;
}

static uint64_t metrics_head_get_failed(const struct metrics_requests *requests)
{
	return requests->failed;
}

static uint64_t metrics_head_get_running(const struct metrics_requests *requests)
{
	return requests->begun - requests->ended;
}

static void metrics_head_write_by_type(FILE *out, const struct metrics *metrics, const char *name,
				       const char *type, const char *help,
				       uint64_t (*get)(const struct metrics_requests *requests))
{
	size_t n;
	const struct request_handler *const *handlers = request_handlers(&n);

	metrics_head_describe(out, name, type, help);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s{type=\"%s\"} %" PRIu64 "\n", name, handlers[i]->name,
			get(&metrics->requests[handlers[i]->type]));
}

static void metrics_head_write_histogram(FILE *out, const char *name, const char *type,
					 const struct metrics_requests *requests)
{
	uint64_t sum = 0;

	for (int i = 0; i < METRICS_BUCKETS; i++) {
		sum += requests->buckets[i];
		fprintf(out, "%s_bucket{type=\"%s\",le=\"%g\"} %" PRIu64 "\n", name, type,
			(double)metrics_bounds_ns[i] / 1e9, sum);
	}
	fprintf(out, "%s_bucket{type=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", name, type,
		requests->answered);
	fprintf(out, "%s_sum{type=\"%s\"} " SECONDS "\n", name, type,
		SECONDS_OF(requests->duration_ns));
	fprintf(out, "%s_count{type=\"%s\"} %" PRIu64 "\n", name, type, requests->answered);
}

/* Prints only types that have been answered: a histogram is 18 lines. */
static void metrics_head_write_durations(FILE *out, const struct metrics *metrics)
{
	static const char name[] = "warden_request_duration_seconds";
	size_t n;
	const struct request_handler *const *handlers = request_handlers(&n);

	metrics_head_describe(out, name, "histogram",
			      "Time from a request's arrival to its answer.");
	for (size_t i = 0; i < n; i++)
		if (metrics->requests[handlers[i]->type].answered > 0)
			metrics_head_write_histogram(out, name, handlers[i]->name,
						     &metrics->requests[handlers[i]->type]);
}

static void metrics_head_write_requests(FILE *out, const struct server *server)
{
	const struct metrics *metrics = &server->metrics;
	const struct connection *connection;
	uint64_t connections = 0;

	metrics_head_write_by_type(out, metrics, "warden_requests_total", "counter",
				   "Requests by type.", metrics_head_get_begun);
	metrics_head_write_by_type(out, metrics, "warden_request_errors_total", "counter",
				   "Requests that were answered by an error, by type.",
				   metrics_head_get_failed);
	metrics_head_write_by_type(out, metrics, "warden_requests_in_progress", "gauge",
				   "Requests in progress, by type.", metrics_head_get_running);
	metrics_head_write_durations(out, metrics);
	metrics_head_write_value(out, "warden_refused_frames_total", "counter",
				 "Frames that contained no known request.",
				 metrics->refused_frames);
	metrics_head_write_value(out, "warden_refused_connections_total", "counter",
				 "Connections that were refused: no access, or too many.",
				 metrics->refused_clients);
	TAILQ_FOREACH(connection, &server->connections, link)
		connections++;
	metrics_head_write_value(out, "warden_connections", "gauge", "Open connections of clients.",
				 connections);
	metrics_head_write_value(out, "warden_connections_accepted_total", "counter",
				 "Connections of clients since the daemon started.",
				 server->last_serial);
}

static void metrics_head_write_jobs(FILE *out, const struct server *server)
{
	static const char *const reasons[METRICS_REASONS] = {
		[WARDEN_END_EXITED] = "exited",       [WARDEN_END_SIGNAL] = "signal",
		[WARDEN_END_WALL_TIME] = "wall_time", [WARDEN_END_CPU_TIME] = "cpu_time",
		[WARDEN_END_MEMORY] = "memory",       [WARDEN_END_OUTPUT] = "output",
		[WARDEN_END_STOPPED] = "stopped",     [WARDEN_END_START_FAILED] = "start_failed",
	};
	const struct metrics *metrics = &server->metrics;

	metrics_head_write_value(out, "warden_jobs", "gauge", "Jobs that are not over.",
				 jobs_count_all(server));
	metrics_head_write_value(out, "warden_jobs_started_total", "counter",
				 "Jobs that were started.", metrics->jobs_started);
	metrics_head_describe(out, "warden_jobs_ended_total", "counter",
			      "Jobs that are over, by the reason of their end.");
	for (size_t i = 0; i < METRICS_REASONS; i++)
		if (reasons[i])
			fprintf(out, "warden_jobs_ended_total{reason=\"%s\"} %" PRIu64 "\n",
				reasons[i], metrics->jobs_ended[i]);
	metrics_head_write_value(
		out, "warden_oom_kills_total", "counter",
		"Processes of containers that the kernel killed because memory ran out.",
		metrics->oom_kills);
}

static void metrics_head_write_pools(FILE *out, struct server *server)
{
	const struct {
		const char *name;
		struct pool *pool;
	} pools[] = {
		{"networks", server->networks},
		{"uids", server->uids},
		{"slots", server->slots},
		{"ports", ports_pool(server->ports)},
	};
	uint64_t now = uv_now(&server->loop);

	metrics_head_describe(out, "warden_pool_size", "gauge", "Number of entries of a pool.");
	for (size_t i = 0; i < ARRAY_SIZE(pools); i++)
		fprintf(out, "warden_pool_size{pool=\"%s\"} %" PRIu32 "\n", pools[i].name,
			pool_size(pools[i].pool));
	metrics_head_describe(out, "warden_pool_free", "gauge",
			      "Number of free entries of a pool.");
	for (size_t i = 0; i < ARRAY_SIZE(pools); i++)
		fprintf(out, "warden_pool_free{pool=\"%s\"} %" PRIu32 "\n", pools[i].name,
			pool_available(pools[i].pool, now));
}

/* Prints the standard process_* metrics of Prometheus exporters. */
static void metrics_head_write_process(FILE *out, const struct server *server,
				       const struct process_figures *process)
{
	metrics_head_write_seconds(out, "process_cpu_seconds_total", "counter",
				   "User and system time of the daemon.", process->cpu_us * 1000);
	metrics_head_write_value(out, "process_resident_memory_bytes", "gauge",
				 "Resident memory of the daemon.", process->resident_bytes);
	metrics_head_write_value(out, "process_virtual_memory_bytes", "gauge",
				 "Virtual memory of the daemon.", process->virtual_bytes);
	metrics_head_write_value(out, "process_open_fds", "gauge",
				 "Open descriptors of the daemon.", process->descriptors);
	metrics_head_write_value(out, "process_max_fds", "gauge",
				 "Descriptors that the daemon may open.", process->descriptors_max);
	metrics_head_write_seconds(out, "process_start_time_seconds", "gauge",
				   "When the daemon started, since 1970.",
				   server->metrics.started_us * 1000);
}

void metrics_head_write(FILE *out, struct server *server, const struct process_figures *process)
{
	metrics_head_write_build(out, server);
	metrics_head_write_process(out, server, process);
	metrics_head_write_containers(out, server);
	metrics_head_write_prepared(out, server);
	metrics_head_write_destroys(out, server);
	metrics_head_write_requests(out, server);
	metrics_head_write_jobs(out, server);
	metrics_head_write_pools(out, server);
}
