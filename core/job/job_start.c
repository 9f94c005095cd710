/* SPDX-License-Identifier: Apache-2.0 */
/* Starts a job for a request; see job_start.h. */
#include <config.h>

#include "core/job/job_start.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/backend/backend_call.h"
#include "core/container/prepared_room.h"
#include "core/descriptors.h"
#include "core/job/cpu_lease.h"
#include "core/log.h"
#include "core/server.h"
#include "core/state/job_log.h"
#include "core/state/journal.h"
#include "core/state/snapshot.h"
#include "lib/cleanup.h"
#include "lib/probe.h"

/* The pipe size of jobs with input, to need fewer wakeups. Not more, since all pipes of an
 * unprivileged user share 64 MiB (pipe(7), pipe-user-pages-soft). */
enum { PIPE_SIZE = 1 << 18 };

/* One of the jobs that are started together. */
struct starting_job {
	struct job *job;
	struct job_options options;
	int input_fd;        /* write end of its standard input, or -1 */
	int reads[STORES];   /* of its output, or -1 */
	char leased_cpu[16]; /* as text */
};

struct job_start {
	struct operation operation;
	struct request *request;
	struct idempotent *entry; /* of the request id, or NULL */
	void (*started)(struct request *request, struct job *const *jobs);
	struct warden_error err; /* why the start failed */
	size_t n;
	struct starting_job jobs[START_MAX];
};

/* Both ends of a job's pipes; -1: no pipe. */
struct job_pipes {
	int script_fd;
	int input[2], output[STORES][2];
};

/* Worker thread. The script is written and sealed before the job starts, so that half a script
 * never runs. */
static int job_start_make_script(const struct job_options *options, struct warden_error *err)
{
	_cleanup_close_ int fd = memfd_create("script", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t done = 0;

	if (fd < 0)
		return warden_error_errno(err, "make a memfd for the script");
	while (done < options->script_length) {
		ssize_t n = write(fd, options->script + done, options->script_length - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return warden_error_errno(err, "write a script of %zu bytes",
						  options->script_length);
		done += (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0)
		return warden_error_errno(err, "seal a script");
	return take_fd(&fd);
}

static void job_pipes_init(struct job_pipes *pipes)
{
	memset(pipes, 0xff, sizeof(*pipes)); /* -1 everywhere */
}

static void job_pipes_close_pair(int *fds)
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(take_fd(&fds[i]));
}

static void job_pipes_close(struct job_pipes *pipes)
{
	if (pipes->script_fd >= 0)
		close(take_fd(&pipes->script_fd));
	job_pipes_close_pair(pipes->input);
	for (int i = 0; i < STORES; i++)
		job_pipes_close_pair(pipes->output[i]);
}

static int job_pipes_make_pipe(int *fds, uint32_t job_id, struct warden_error *err)
{
	if (pipe2(fds, O_CLOEXEC) < 0)
		return warden_error_errno(err, "make a pipe of job %u", job_id);
	return 0;
}

/* `joined`: the job's standard output is the other job's input. */
static int job_pipes_make(struct job_pipes *pipes, const struct starting_job *starting, bool joined,
			  struct warden_error *err)
{
	uint32_t id = starting->job->id;

	if (!starting->options.argv) {
		pipes->script_fd = job_start_make_script(&starting->options, err);
		if (pipes->script_fd < 0)
			return -1;
	}
	if ((starting->options.input || joined) && job_pipes_make_pipe(pipes->input, id, err) < 0)
		return -1;
	if (!joined && job_pipes_make_pipe(pipes->output[STORE_STDOUT], id, err) < 0)
		return -1;
	/* If the limit of the user is reached, the pipes keep their size. */
	if (starting->options.input) {
		fcntl(pipes->input[1], F_SETPIPE_SZ, PIPE_SIZE);
		fcntl(pipes->output[STORE_STDOUT][1], F_SETPIPE_SZ, PIPE_SIZE);
	}
	return job_pipes_make_pipe(pipes->output[STORE_STDERR], id, err);
}

static void job_start_fill_spawn(struct warden_spawn *spawn, const struct starting_job *starting,
				 const struct job_pipes *pipes)
{
	const struct job_options *options = &starting->options;

	*spawn = (struct warden_spawn){
		.size = sizeof(*spawn),
		.job_id = starting->job->id,
		.script_fd = pipes->script_fd,
		.argv = (const char *const *)options->argv,
		.env = (const char *const *)options->env,
		.working_dir = options->working_dir,
		.user = options->user,
		.privileged = options->privileged,
		.stdin_read_fd = pipes->input[0],
		.stdin_write_fd = pipes->input[1],
		.terminal = options->terminal,
		.rows = options->rows,
		.columns = options->columns,
		.wall_time_us = options->wall_time_us,
		.cpu_time_us = options->cpu_time_us,
		.nice = options->nice,
		.cpus = *starting->leased_cpu ? starting->leased_cpu : options->cpus,
		.memory_limit = options->memory_limit,
		.process_limit = options->process_limit,
		.own_cgroup = options->own_cgroup,
		.no_aslr = options->no_aslr,
		.no_swap = options->no_swap,
		.stack_unlimited = options->stack_unlimited,
		.stdout_read_fd = pipes->output[STORE_STDOUT][0],
		.stdout_write_fd = pipes->output[STORE_STDOUT][1],
		.stderr_read_fd = pipes->output[STORE_STDERR][0],
		.stderr_write_fd = pipes->output[STORE_STDERR][1],
		.rlimits = options->rlimits,
		.n_rlimits = WARDEN_RLIMITS,
		.seccomp = options->seccomp,
		.no_new_privs = options->no_new_privs,
	};
}

/* Connects the standard output of each job to the standard input of the other. Only the jobs keep
 * descriptors of these pipes. */
static void job_start_join_pair(struct warden_spawn *spawns, const struct job_pipes *pipes)
{
	for (int i = 0; i < START_MAX; i++) {
		spawns[i].stdin_write_fd = -1;
		spawns[i].stdout_read_fd = -1;
		spawns[i].stdout_write_fd = pipes[1 - i].input[1];
	}
}

/* Takes the daemon's ends of the pipes. */
static void job_start_keep_ends(struct starting_job *starting, struct job_pipes *pipes, bool joined)
{
	starting->input_fd = joined ? -1 : take_fd(&pipes->input[1]);
	for (int i = 0; i < STORES; i++)
		starting->reads[i] = take_fd(&pipes->output[i][0]);
}

/* The second job of a pair failed to start: kill the first one. The client only receives the error
 * of the second. */
static void job_start_kill_first(struct container *c, uint32_t job_id)
{
	const struct warden_container_klass *container_klass = c->server->container_klass;
	struct warden_error err;

	if ((container_klass->job_signal
		     ? BACKEND_CALL(container_klass, c->id, job_signal, &err, c->backend, job_id,
				    SIGKILL)
		     : BACKEND_CALL(container_klass, c->id, stop, &err, c->backend, SIGKILL)) < 0)
		log_write(WARDEN_LOG_ERROR, "%s: kill job %u: %s", c->id, job_id, err.message);
}

/* Says in an error which job of a pair it is about: "first.FIELD: ..." if the error begins with a
 * field, else "first: ...". */
static void job_start_name_job(const struct job_start *start, size_t i, struct warden_error *err)
{
	const char *name = i == 0 ? "first" : "second";
	const struct warden_error cause = *err;
	size_t field = strspn(cause.message, "abcdefghijklmnopqrstuvwxyz_");

	if (start->n == 1)
		return;
	warden_error_set(err, "%s%s%s", name, cause.message[field] == ':' ? "." : ": ",
			 cause.message);
	err->number = cause.number;
}

static int job_start_spawn_all(struct job_start *start, struct job_pipes *pipes,
			       struct warden_error *err)
{
	struct container *c = start->operation.container;
	struct warden_spawn spawns[START_MAX];

	for (size_t i = 0; i < start->n; i++) {
		if (job_pipes_make(&pipes[i], &start->jobs[i], start->n > 1, err) < 0)
			return -1;
		job_start_fill_spawn(&spawns[i], &start->jobs[i], &pipes[i]);
	}
	if (start->n > 1)
		job_start_join_pair(spawns, pipes);
	if (snapshot_store(&start->operation, err) < 0)
		return -1;
	for (size_t i = 0; i < start->n; i++)
		if (BACKEND_CALL(c->server->container_klass, c->id, spawn, err, c->backend,
				 &spawns[i]) < 0) {
			job_start_name_job(start, i, err);
			if (i > 0)
				job_start_kill_first(c, start->jobs[0].job->id);
			return -1;
		}
	return 0;
}

/* Worker thread: creates script and pipes, stores the jobs, then calls the backend. */
static int job_start_run(struct operation *operation, struct warden_error *err)
{
	struct job_start *start = (struct job_start *)operation;
	struct job_pipes pipes[START_MAX];
	int result;

	for (size_t i = 0; i < START_MAX; i++)
		job_pipes_init(&pipes[i]);
	result = job_start_spawn_all(start, pipes, err);
	for (size_t i = 0; i < start->n; i++) {
		if (result == 0)
			job_start_keep_ends(&start->jobs[i], &pipes[i], start->n > 1);
		job_pipes_close(&pipes[i]);
	}
	return result;
}

static void job_start_free(struct job_start *start)
{
	for (size_t i = 0; i < start->n; i++)
		job_options_free(&start->jobs[i].options);
	free(start);
}

/* Removes a job that did not start. A client that guessed its id and waits for it is answered. */
static void job_start_drop_job(struct job *job)
{
	job_log_drop(job->container, job->id);
	job_log_forget(job->container, job->id);
	job->collected = true;
	job->container->changed |= job->shown;
	job->end.exit_status = -1;
	job->ended = true;
	job_read(job, -1, -1); /* may free the job */
}

static void job_start_answer_failure(struct job_start *start)
{
	request_fail(start->request, &start->err);
	job_start_free(start);
}

static void job_start_forget_done(struct operation *operation, int result, struct warden_error *err)
{
	if (result < 0 && !operation->container->destroy.started)
		log_write(WARDEN_LOG_ERROR, "%s: %s", operation->container->id, err->message);
	job_start_answer_failure((struct job_start *)operation);
}

/* The failure is answered after it is stored that the jobs are gone, so that no later daemon
 * finds them. */
static void job_start_failed(struct job_start *start, const struct warden_error *err)
{
	struct operation *operation = &start->operation;
	struct container *c = operation->container;

	start->err = *err;
	for (size_t i = 0; i < start->n; i++)
		job_start_drop_job(start->jobs[i].job);
	idempotence_fail(start->entry, err);
	if (!c->alive || c->destroy.ending) {
		job_start_answer_failure(start);
		return;
	}
	operation->run = snapshot_store;
	operation->done = job_start_forget_done;
	container_queue(c, operation);
}

static void job_start_done(struct operation *operation, int result, struct warden_error *err)
{
	struct job_start *start = (struct job_start *)operation;
	struct container *c = operation->container;
	struct job *jobs[START_MAX];

	if (result < 0) {
		job_start_failed(start, err);
		return;
	}
	for (size_t i = 0; i < start->n; i++) {
		struct starting_job *starting = &start->jobs[i];
		struct job *job = jobs[i] = starting->job;

		log_write(WARDEN_LOG_INFO, "%s: job %u started", c->id, job->id);
		PROBE2(job_start, c->id, job->id);
		job_stdin_open(job, starting->input_fd);
		journal_job(job, WARDEN__EVENTS_RESPONSE__KIND__JOB_STARTED, NULL);
		c->server->metrics.jobs_started++;
		job_read(job, starting->reads[STORE_STDOUT], starting->reads[STORE_STDERR]);
	}
	idempotence_keep(start->entry);
	start->started(start->request, jobs);
	job_start_free(start);
}

void job_start_undo(struct job *job)
{
	Warden__SpawnResponse answer = WARDEN__SPAWN_RESPONSE__INIT;
	struct container *c = job->container;
	struct warden_job_end none;

	answer.job_id = job->id;
	if (idempotence_withdraw(c, &answer.base)) {
		job_start_drop_job(job);
		container_save_jobs(c);
		return;
	}
	job_end_init(&none);
	job_end(job, &none);
	job_read(job, -1, -1);
}

/* Refuses options that the backend or a pair does not support. */
static int job_start_check_backend(const struct warden_container_klass *container_klass,
				   const struct job_options *options, bool joined,
				   struct warden_error *err)
{
	if (options->terminal && !container_klass->job_resize)
		return warden_error_set(err, "terminal: not supported by the backend %s",
					container_klass->name);
	if (options->input && !container_klass->job_close_input)
		return warden_error_set(err, "stdin: not supported by the backend %s",
					container_klass->name);
	if (joined && options->input)
		return warden_error_set(err,
					"%s: the standard input of a pair is the other's output",
					options->terminal ? "terminal" : "stdin");
	if (joined && !options->argv)
		return warden_error_set(err,
					"script: a pair's standard input is the other's output, "
					"use argv");
	return 0;
}

static int job_start_prepare(struct job_start *start, struct starting_job *starting,
			     const Warden__SpawnRequest *message, struct warden_error *err)
{
	struct server *server = start->request->server;
	struct container *c = start->request->container;
	struct job_options *options = &starting->options;
	const struct job_defaults defaults = {
		.env = {c->options.image.env, c->options.env},
		.working_dir = c->options.image.working_dir,
		.user = c->options.image.user,
		.rlimits = server->config->server.container_rlimits,
		.output_limit = server->config->server.job_output_limit,
		.no_new_privs = c->options.no_new_privs,
		.knows_no_new_privs = c->options.knows_no_new_privs,
	};
	int cpu = -1;

	if (job_options_read(options, message, &defaults, err) < 0)
		return -1;
	if (job_start_check_backend(server->container_klass, options, start->n > 1, err) < 0)
		return -1;
	if (options->lease_cpu) {
		cpu = cpu_lease_take(server, options->cpus, err);
		if (cpu < 0)
			return -1;
		snprintf(starting->leased_cpu, sizeof(starting->leased_cpu), "%d", cpu);
	}
	starting->job = job_new(c, server->last_job_id + 1);
	if (!starting->job) {
		cpu_lease_give(server, cpu);
		return warden_error_set(err, "no memory for a job");
	}
	server->last_job_id++;
	starting->job->leased_cpu = cpu;
	if (!job_configure(starting->job, options))
		return warden_error_set(err, "no memory for a job");
	return 0;
}

/* A repeated request with the same id is answered with the id of this job. */
static int job_start_promise_id(const struct job_start *start, struct warden_error *err)
{
	Warden__SpawnResponse answer = WARDEN__SPAWN_RESPONSE__INIT;

	answer.job_id = start->jobs[0].job->id;
	return idempotence_promise(start->entry, start->request->container, &answer.base, err);
}

/* Records the jobs, then the promise: a later daemon must not find a promised job that it does not
 * know. */
static int job_start_record(const struct job_start *start, struct warden_error *err)
{
	for (size_t i = 0; i < start->n; i++)
		job_log_put(start->jobs[i].job);
	if (job_start_promise_id(start, err) == 0)
		return 0;
	for (size_t i = 0; i < start->n; i++)
		job_log_drop(start->request->container, start->jobs[i].job->id);
	return -1;
}

int job_start(struct request *request, const Warden__SpawnRequest *const *messages, size_t n,
	      struct idempotent *entry,
	      void (*started)(struct request *request, struct job *const *jobs),
	      struct warden_error *err)
{
	struct job_start *start;
	size_t i = 0;
	int result;

	if (request->container->paused)
		return warden_error_set(err, "the container is paused");
	if (prepared_room_check(request->server, request->container->client_uid,
				DESCRIPTORS_JOB * (unsigned)n, err) < 0)
		return -1;
	start = calloc(1, sizeof(*start));
	if (!start)
		return warden_error_set(err, "no memory for a job");
	start->request = request;
	start->entry = entry;
	start->started = started;
	start->n = n;
	do { /* `n` is at least 1 */
		result = job_start_prepare(start, &start->jobs[i], messages[i], err);
		if (result < 0)
			job_start_name_job(start, i, err);
	} while (++i < n && result == 0);
	if (result == 0)
		result = job_start_record(start, err);
	if (result < 0) {
		for (i = 0; i < n; i++)
			if (start->jobs[i].job)
				job_free(start->jobs[i].job);
		job_start_free(start);
		return -1;
	}
	start->operation.run = job_start_run;
	start->operation.done = job_start_done;
	start->operation.stores_jobs = true;
	container_queue(request->container, &start->operation);
	return 0;
}
