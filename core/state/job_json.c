/* SPDX-License-Identifier: Apache-2.0 */
/* A job as JSON; see job_json.h. */
#include <config.h>

#include "core/state/job_json.h"

#include <stdlib.h>

#include "core/job/cpu_lease.h"
#include "core/job/output_syslog.h"
#include "core/server.h"
#include "core/state/json_bytes.h"
#include "lib/cleanup.h"

/* Names of a job's figures, for reading and writing. */
static const struct {
	const char *name;
	size_t offset;
} figures[] = {
	{"wall_us", offsetof(struct warden_job_end, wall_us)},
	{"user_us", offsetof(struct warden_job_end, user_us)},
	{"system_us", offsetof(struct warden_job_end, system_us)},
	{"peak_memory", offsetof(struct warden_job_end, peak_memory)},
	{"minor_faults", offsetof(struct warden_job_end, minor_faults)},
	{"major_faults", offsetof(struct warden_job_end, major_faults)},
	{"voluntary_switches", offsetof(struct warden_job_end, voluntary_switches)},
	{"involuntary_switches", offsetof(struct warden_job_end, involuntary_switches)},
	{"read_bytes", offsetof(struct warden_job_end, read_bytes)},
	{"written_bytes", offsetof(struct warden_job_end, written_bytes)},
	{"peak_processes", offsetof(struct warden_job_end, peak_processes)},
};

/* NULL: no memory. */
static json_t *job_json_end(const struct warden_job_end *end)
{
	json_t *json =
		json_pack("{s:i, s:i, s:i, s:b, s:o}", "reason", (int)end->reason, "exit_status",
			  end->exit_status, "signal", end->signal, "own_cgroup", end->own_cgroup,
			  "start_error", json_bytes(end->start_error));

	for (size_t i = 0; json && i < ARRAY_SIZE(figures); i++) {
		const void *value = (const char *)end + figures[i].offset;

		/* JSON has no unsigned 64-bit: WARDEN_UNKNOWN is -1 here. */
		if (json_object_set_new(json, figures[i].name,
					json_integer((json_int_t) * (const uint64_t *)value)) < 0) {
			json_decref(json);
			json = NULL;
		}
	}
	return json;
}

json_t *job_to_json(const struct job *job)
{
	json_t *json =
		json_pack("{s:I, s:b, s:b, s:b, s:b, s:b, s:i, s:I, s:I, s:i, s:o, s:o}", "id",
			  (json_int_t)job->id, "discard_output", job->discard, "over_limit",
			  job->over_limit, "keep", job->keep, "terminal", job->terminal, "stdin",
			  job->has_input, "output_policy", (int)job->output_policy, "output_limit",
			  (json_int_t)job->output_limit, "started_us", (json_int_t)job->started_us,
			  "leased_cpu", job->leased_cpu, "command", json_bytes(job->command),
			  "user", json_bytes(job->user));

	if (!json)
		return NULL;
	if ((job->wall_time_us > 0 &&
	     json_object_set_new(json, "wall_time_us",
				 json_integer((json_int_t)job->wall_time_us)) < 0) ||
	    (job->log_tag && json_object_set_new(json, "log_tag", json_bytes(job->log_tag)) < 0) ||
	    (job->settled &&
	     (json_object_set_new(json, "end", job_json_end(&job->end)) < 0 ||
	      json_object_set_new(json, "end_sequence",
				  json_integer((json_int_t)job->end_sequence)) < 0))) {
		json_decref(json);
		return NULL;
	}
	return json;
}

/* The first of the last `most` jobs that were not collected; NULL: there is none. */
static struct job *job_json_first(const struct container *c, size_t most)
{
	struct job *job, *first = NULL;
	size_t n = 0;

	TAILQ_FOREACH_REVERSE(job, &c->jobs, job_list, link) {
		if (job->collected)
			continue;
		first = job;
		if (++n == most)
			break;
	}
	return first;
}

json_t *jobs_to_json(const struct container *c, size_t most)
{
	json_t *jobs = json_object();
	char id[16];

	for (struct job *job = job_json_first(c, most); jobs && job; job = TAILQ_NEXT(job, link)) {
		if (job->collected)
			continue;
		snprintf(id, sizeof(id), "%u", job->id);
		if (json_object_set_new(jobs, id, job_to_json(job)) < 0) {
			json_decref(jobs);
			jobs = NULL;
		}
		job->shown = true;
	}
	return jobs;
}

/* A figure that is absent is not known. */
static void job_json_read_figures(struct warden_job_end *end, const json_t *json)
{
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		const json_t *figure = json_object_get(json, figures[i].name);
		void *value = (char *)end + figures[i].offset;

		*(uint64_t *)value = json_is_integer(figure) ? (uint64_t)json_integer_value(figure)
							     : WARDEN_UNKNOWN;
	}
}

static bool job_json_read_end(struct job *job, const json_t *json)
{
	_cleanup_free_ char *start_error = json_bytes_text(json_object_get(json, "start_error"));
	int reason, own_cgroup;

	if (!start_error || json_unpack((json_t *)json, "{s:i, s:i, s:i, s:b}", "reason", &reason,
					"exit_status", &job->end.exit_status, "signal",
					&job->end.signal, "own_cgroup", &own_cgroup) < 0)
		return false;
	job->end.reason = (enum warden_end_reason)reason;
	job->end.own_cgroup = own_cgroup;
	snprintf(job->end.start_error, sizeof(job->end.start_error), "%s", start_error);
	job_json_read_figures(&job->end, json);
	job->ended = job->started = job->end_stored = true;
	job_set_settled(job);
	return true;
}

static bool job_json_read_texts(struct job *job, const json_t *json)
{
	const json_t *log_tag = json_object_get(json, "log_tag");

	job->command = json_bytes_text(json_object_get(json, "command"));
	job->user = json_bytes_text(json_object_get(json, "user"));
	if (!log_tag || json_is_null(log_tag))
		return job->command && job->user;
	job->log_tag = json_bytes_text(log_tag);
	return job->command && job->user && job->log_tag;
}

static bool job_json_read_options(struct job *job, const json_t *json)
{
	int discard, over_limit, keep, terminal, has_input, policy;
	json_int_t limit, started_us;

	if (json_unpack((json_t *)json, "{s:b, s:b, s:b, s:b, s:b, s:i, s:I, s:I, s:i}",
			"discard_output", &discard, "over_limit", &over_limit, "keep", &keep,
			"terminal", &terminal, "stdin", &has_input, "output_policy", &policy,
			"output_limit", &limit, "started_us", &started_us, "leased_cpu",
			&job->leased_cpu) < 0 ||
	    policy < OUTPUT_KILL || policy > OUTPUT_TAIL || limit < 0 || started_us < 0)
		return false;
	job->discard = discard;
	job->over_limit = over_limit;
	job->keep = keep;
	job->terminal = terminal;
	job->has_input = has_input;
	job->output_policy = (enum output_policy)policy;
	job->output_limit = (uint64_t)limit;
	job->started_us = (uint64_t)started_us;
	/* Absent: none, or written by an older release. */
	job->wall_time_us = (uint64_t)json_integer_value(json_object_get(json, "wall_time_us"));
	return job_json_read_texts(job, json);
}

/* Takes the CPU lease again if the job still runs. */
static void job_json_take_lease(struct job *job)
{
	if (job->ended || !cpu_lease_take_cpu(job->container->server, job->leased_cpu))
		job->leased_cpu = -1;
}

bool job_from_json(struct container *c, const json_t *json)
{
	const json_t *end = json_object_get(json, "end");
	struct job *job;
	json_int_t id;

	if (json_unpack((json_t *)json, "{s:I}", "id", &id) < 0 || id < 1 || id > UINT32_MAX ||
	    job_find(c, (uint32_t)id))
		return false;
	job = job_new(c, (uint32_t)id);
	if (!job)
		return false;
	if (!job_json_read_options(job, json) || (end && !job_json_read_end(job, end))) {
		job->leased_cpu = -1; /* not taken */
		return false;
	}
	job->end_sequence = (uint64_t)json_integer_value(json_object_get(json, "end_sequence"));
	if (job->end_sequence > c->server->last_end_sequence)
		c->server->last_end_sequence = job->end_sequence;
	job_json_take_lease(job);
	for (int i = 0; i < STORES; i++) {
		output_store_restore(&job->stores[i]);
		if (job->log_tag)
			output_syslog_restore(&job->stores[i]);
	}
	return true;
}
