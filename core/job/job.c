/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a job; see job.h. */
#include <config.h>

#include "core/job/job.h"

#include <search.h>
#include <signal.h>
#include <stdlib.h>

#include "core/backend/backend_call.h"
#include "core/container/container_subject.h"
#include "core/job/cpu_lease.h"
#include "core/log.h"
#include "core/server.h"
#include "core/state/journal.h"
#include "lib/clock.h"
#include "lib/probe.h"

static int job_compare_ids(const void *a, const void *b)
{
	const struct job *left = a, *right = b;

	return left->id < right->id ? -1 : left->id > right->id;
}

struct job *job_new(struct container *c, uint32_t id)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->container = c;
	job->id = id;
	if (!tsearch(job, &c->jobs_by_id, job_compare_ids)) {
		free(job);
		return NULL;
	}
	job->output_limit = c->server->config->server.job_output_limit;
	job->leased_cpu = -1;
	job_stdin_init(&job->input);
	TAILQ_INIT(&job->waiters);
	for (int i = 0; i < STORES; i++)
		output_store_init(&job->stores[i], job, i);
	TAILQ_INSERT_TAIL(&c->jobs, job, link);
	TAILQ_INSERT_TAIL(&c->unsettled_jobs, job, unsettled);
	c->n_unsettled_jobs++;
	return job;
}

static const char *job_choose_user(const struct job_options *options)
{
	if (options->user)
		return options->user;
	return options->privileged ? "root" : "vcap";
}

bool job_configure(struct job *job, const struct job_options *options)
{
	job->started_us = clock_now_us();
	job->discard = options->discard_output;
	job->keep = options->keep;
	job->terminal = options->terminal;
	job->has_input = options->input;
	job->output_policy = options->output_policy;
	job->output_limit = options->output_limit;
	job->wall_time_us = options->wall_time_us;
	job->command = job_options_command(options);
	job->user = strdup(job_choose_user(options));
	if (options->log_tag)
		job->log_tag = strdup(options->log_tag);
	return job->command && job->user && (job->log_tag || !options->log_tag);
}

void job_free(struct job *job)
{
	job_stdin_close(job);
	cpu_lease_give(job->container->server, job->leased_cpu);
	for (int i = 0; i < STORES; i++)
		output_store_close(&job->stores[i]);
	job_set_settled(job);
	TAILQ_REMOVE(&job->container->jobs, job, link);
	tdelete(job, &job->container->jobs_by_id, job_compare_ids);
	free(job->command);
	free(job->user);
	free(job->log_tag);
	free(job->record);
	free(job);
}

struct job *job_find(const struct container *c, uint32_t id)
{
	const struct job wanted = {.id = id};
	struct job *const *found = tfind(&wanted, &c->jobs_by_id, job_compare_ids);

	return found && !(*found)->collected ? *found : NULL;
}

void job_set_settled(struct job *job)
{
	if (job->settled)
		return;
	job->settled = true;
	timer_stop(&job->deadline);
	TAILQ_REMOVE(&job->container->unsettled_jobs, job, unsettled);
	job->container->n_unsettled_jobs--;
}

uint32_t job_exit_status(const struct job *job)
{
	if (!job->ended || job->over_limit || job->end.exit_status < 0)
		return 255;
	return (uint32_t)job->end.exit_status;
}

void job_read(struct job *job, int stdout_fd, int stderr_fd)
{
	output_store_read(&job->stores[STORE_STDOUT], stdout_fd);
	output_store_read(&job->stores[STORE_STDERR], stderr_fd);
	job->started = true;
	job_deadline_start(job);
	job_step(job);
}

static void job_operation_done(struct operation *operation, int result, struct warden_error *err)
{
	if (result < 0 && !operation->container->destroy.started)
		log_write(WARDEN_LOG_ERROR, "%s: %s", operation->container->id, err->message);
	free(operation);
}

static int job_kill_run(struct operation *operation, struct warden_error *err)
{
	struct container *c = operation->container;
	const struct warden_container_klass *container_klass = c->server->container_klass;

	if (!container_klass->job_signal)
		return BACKEND_CALL(container_klass, c->id, stop, err, c->backend, SIGKILL);
	return BACKEND_CALL(container_klass, c->id, job_signal, err, c->backend,
			    (uint32_t)(uintptr_t)operation->data, SIGKILL);
}

static void job_queue_kill(struct job *job)
{
	struct operation *operation = calloc(1, sizeof(*operation));

	if (!operation || !job->container->alive) {
		free(operation);
		return;
	}
	operation->run = job_kill_run;
	operation->done = job_operation_done;
	operation->data = (void *)(uintptr_t)job->id;
	container_queue(job->container, operation);
}

/* SIGKILL ended the job's process, or the last process of a shell, which reports 128 + SIGKILL. */
static bool job_was_killed(const struct warden_job_end *end)
{
	return (end->reason == WARDEN_END_SIGNAL && end->signal == SIGKILL) ||
	       (end->reason == WARDEN_END_EXITED && end->exit_status == 128 + SIGKILL);
}

/* Records a limit that ended the job. The output limit is recorded when it is reached. */
static void job_record_limit(const struct job *job)
{
	const char *limit = NULL;

	if (job->end.reason == WARDEN_END_WALL_TIME)
		limit = "wall_time";
	else if (job->end.reason == WARDEN_END_CPU_TIME)
		limit = "cpu_time";
	else if (job->end.reason == WARDEN_END_MEMORY)
		limit = "memory";
	if (limit)
		journal_job(job, WARDEN__EVENTS_RESPONSE__KIND__LIMIT_REACHED, limit);
}

void job_end(struct job *job, const struct warden_job_end *end)
{
	struct container *c = job->container;

	if (job->ended)
		return;
	job->ended = true;
	job->end = *end;
	output_store_explain(job);
	job->end_sequence = ++c->server->last_end_sequence;
	/* A limit of the job itself took effect before the stop. */
	if (job->overdue)
		job->end.reason = WARDEN_END_WALL_TIME;
	else if (c->stop.started && (end->reason == 0 || end->reason == WARDEN_END_EXITED ||
				     end->reason == WARDEN_END_SIGNAL))
		job->end.reason = WARDEN_END_STOPPED;
	else if (container_ran_out(c) && job_was_killed(end))
		job->end.reason = WARDEN_END_MEMORY;
	else if (end->reason == 0)
		job->end.reason = WARDEN_END_SIGNAL; /* it was not observed: the init of the
							container died, and the job with it */
	if (*end->start_error)
		log_write(WARDEN_LOG_WARN, "%s: job %u could not start: %s", c->id, job->id,
			  end->start_error);
	else
		log_write(WARDEN_LOG_INFO, "%s: job %u ended, exit status %d, signal %d", c->id,
			  job->id, end->exit_status, end->signal);
	PROBE3(job_end, c->id, job->id, end->exit_status);
	cpu_lease_give(c->server, job->leased_cpu);
	job->leased_cpu = -1;
	job_record_limit(job);
	container_job_ended(c);
	job_step(job);
}

/* Marks the job as over, closes its input and records its end in the journal. */
static void job_settle(struct job *job)
{
	if (job->settled)
		return;
	job_set_settled(job);
	job_stdin_close(job);
	if (job->collected)
		return; /* it never started */
	journal_job(job, WARDEN__EVENTS_RESPONSE__KIND__JOB_ENDED, NULL);
	job->container->server->metrics.jobs_ended[job_end_reason(job)]++;
}

static bool job_output_is_complete(const struct job *job)
{
	for (int i = 0; i < STORES; i++)
		if (job->stores[i].pipe_fd >= 0 || job->stores[i].working)
			return false;
	return true;
}

void job_step(struct job *job)
{
	struct container *c = job->container;

	if (job->over_limit && !job->kill_sent && !job->settled) {
		job->kill_sent = true;
		job_queue_kill(job);
	}
	if (job->ended && job->started && job_output_is_complete(job))
		job_settle(job);
	job_waiters_step(job); /* may free the job */
	stop_step(c);
	if (c->destroy.op_done)
		destroy_step(c);
}

size_t jobs_count(const struct container *c)
{
	return c->n_unsettled_jobs;
}

size_t jobs_count_all(const struct server *server)
{
	const struct container *c;
	size_t n = 0;

	TAILQ_FOREACH(c, &server->registry.listed, listed)
		n += jobs_count(c);
	return n;
}

static bool jobs_have_workers(const struct container *c)
{
	const struct job *job;

	TAILQ_FOREACH(job, &c->jobs, link)
		if (job->stores[STORE_STDOUT].working || job->stores[STORE_STDERR].working)
			return true;
	return false;
}

bool jobs_are_idle(const struct container *c)
{
	const struct job *job;

	TAILQ_FOREACH(job, &c->jobs, link)
		if (!TAILQ_EMPTY(&job->waiters))
			return false;
	return !jobs_have_workers(c);
}

static void jobs_settle_all(struct container *c)
{
	struct job *job;

	TAILQ_FOREACH(job, &c->jobs, link) {
		for (int i = 0; i < STORES; i++)
			if (!job->stores[i].working)
				output_store_close(&job->stores[i]);
		job_settle(job);
	}
}

/* job_waiters_step may free the job, so get the next one first. */
static void jobs_step_waiters(struct container *c)
{
	struct job *job, *next;

	for (job = TAILQ_FIRST(&c->jobs); job; job = next) {
		next = TAILQ_NEXT(job, link);
		job_waiters_step(job);
	}
}

void jobs_abandon(struct container *c)
{
	log_write(WARDEN_LOG_WARN, "%s: empty, but some jobs did not report their end", c->id);
	jobs_settle_all(c);
	jobs_step_waiters(c);
}

void jobs_finish(struct container *c)
{
	jobs_settle_all(c);
	jobs_step_waiters(c);
}

static void jobs_init(struct container *c)
{
	TAILQ_INIT(&c->jobs);
	TAILQ_INIT(&c->unsettled_jobs);
}

static void jobs_release(struct container *c)
{
	struct job *job;

	while ((job = TAILQ_FIRST(&c->jobs)))
		job_free(job);
}

const struct container_subject jobs_subject = {
	.init = jobs_init,
	.release = jobs_release,
};
