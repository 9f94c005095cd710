/* SPDX-License-Identifier: Apache-2.0 */
/* Spawn starts a job and answers with its id; Run is Spawn and Link in one. The job is in the
 * snapshot before the backend is asked to start it, so its id is never given to another. */
#include <config.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/job.h"
#include "core/log.h"
#include "core/request.h"
#include "core/server.h"
#include "core/snapshot.h"
#include "core/util.h"

struct start {
	struct operation operation;
	struct request *request;
	struct job *job;
	bool run; /* Run, not Spawn */
	struct warden_spawn spawn;
	const ProtobufCBinaryData *script; /* the request's */
	int reads[STORES];
};

/* The message of Run is Spawn's, field for field. */
_Static_assert(sizeof(Warden__RunRequest) == sizeof(Warden__SpawnRequest), "run and spawn differ");

static void fill_rlimits(struct warden_rlimit *limits, const Warden__ResourceLimits *asked)
{
	const struct {
		bool has;
		uint64_t value;
	} fields[WARDEN_RLIMITS] = {
		[WARDEN_RLIMIT_AS] = {asked->has_as, asked->as},
		[WARDEN_RLIMIT_CORE] = {asked->has_core, asked->core},
		[WARDEN_RLIMIT_CPU] = {asked->has_cpu, asked->cpu},
		[WARDEN_RLIMIT_DATA] = {asked->has_data, asked->data},
		[WARDEN_RLIMIT_FSIZE] = {asked->has_fsize, asked->fsize},
		[WARDEN_RLIMIT_LOCKS] = {asked->has_locks, asked->locks},
		[WARDEN_RLIMIT_MEMLOCK] = {asked->has_memlock, asked->memlock},
		[WARDEN_RLIMIT_MSGQUEUE] = {asked->has_msgqueue, asked->msgqueue},
		[WARDEN_RLIMIT_NICE] = {asked->has_nice, asked->nice},
		[WARDEN_RLIMIT_NOFILE] = {asked->has_nofile, asked->nofile},
		[WARDEN_RLIMIT_NPROC] = {asked->has_nproc, asked->nproc},
		[WARDEN_RLIMIT_RSS] = {asked->has_rss, asked->rss},
		[WARDEN_RLIMIT_RTPRIO] = {asked->has_rtprio, asked->rtprio},
		[WARDEN_RLIMIT_SIGPENDING] = {asked->has_sigpending, asked->sigpending},
		[WARDEN_RLIMIT_STACK] = {asked->has_stack, asked->stack},
	};

	for (size_t i = 0; i < WARDEN_RLIMITS; i++)
		if (fields[i].has)
			limits[i] = (struct warden_rlimit){fields[i].value, true};
}

/* Worker thread. Written whole and sealed before the job starts: half a script never runs. */
static int make_script(const ProtobufCBinaryData *script, struct warden_error *err)
{
	_cleanup_close_ int fd = memfd_create("script", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t done = 0;

	if (fd < 0)
		return warden_error_errno(err, "make a memfd for the script");
	while (done < script->len) {
		ssize_t n = write(fd, script->data + done, script->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return warden_error_errno(err, "write a script of %zu bytes", script->len);
		done += (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0)
		return warden_error_errno(err, "seal a script");
	return take_fd(&fd);
}

static void close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Worker thread: script, pipes, snapshot, then the backend. */
static int start_run(struct operation *operation, struct warden_error *err)
{
	struct start *start = (struct start *)operation;
	struct container *c = operation->container;
	_cleanup_close_ int script = make_script(start->script, err);
	int pipes[STORES][2] = {{-1, -1}, {-1, -1}};
	int result = -1;

	if (script < 0)
		return -1;
	if (pipe2(pipes[0], O_CLOEXEC) < 0 || pipe2(pipes[1], O_CLOEXEC) < 0) {
		warden_error_errno(err, "make the pipes of job %u", start->job->id);
	} else if (snapshot_store(operation, err) == 0) {
		start->spawn.script_fd = script;
		start->spawn.stdout_read_fd = pipes[STORE_STDOUT][0];
		start->spawn.stdout_write_fd = pipes[STORE_STDOUT][1];
		start->spawn.stderr_read_fd = pipes[STORE_STDERR][0];
		start->spawn.stderr_write_fd = pipes[STORE_STDERR][1];
		result = c->server->klass->spawn(c->backend, &start->spawn, err);
	}
	for (int i = 0; i < STORES; i++) {
		start->reads[i] = pipes[i][0];
		close_all(&pipes[i][1], 1);
		if (result < 0)
			close_all(&pipes[i][0], 1);
	}
	return result;
}

/* Nothing runs: the job was never there, but for who guessed its id. */
static void start_failed(struct start *start, const struct warden_error *err)
{
	struct container *c = start->operation.container;
	struct job *job = start->job;
	uint32_t id = job->id;

	job->collected = true;
	job->end.exit_status = -1;
	job->ended = true;
	job_read(job, -1, -1); /* may free the job */
	job_store_end(c, id);
	request_fail(start->request, err);
}

static void start_done(struct operation *operation, int result, struct warden_error *err)
{
	struct start *start = (struct start *)operation;
	struct request *request = start->request;
	struct job *job = start->job;

	if (result < 0) {
		start_failed(start, err);
	} else {
		log_write(WARDEN_LOG_INFO, "%s: job %u started", job->container->id, job->id);
		job_read(job, start->reads[STORE_STDOUT], start->reads[STORE_STDERR]);
		if (!start->run) {
			Warden__SpawnResponse answer = WARDEN__SPAWN_RESPONSE__INIT;

			answer.job_id = job->id;
			request_answer(request, &answer.base);
		} else if (!request->connection) {
			request_fail_text(request, "the client has left");
		} else if (job_wait(job, request, false, err) < 0) {
			request_fail(request, err);
		}
	}
	free(start);
}

static int begin(struct request *request, bool run, struct warden_error *err)
{
	const Warden__SpawnRequest *message = (const void *)request->message;
	struct container *c = request->container;
	struct server *server = request->server;
	struct start *start;

	if (!message->has_script)
		return warden_error_set(err, "Please specify script.");
	if (message->has_log_tag)
		return warden_error_set(err, "log_tag: not supported yet");
	start = calloc(1, sizeof(*start));
	if (start)
		start->job = job_new(c, server->last_job_id + 1, message->discard_output);
	if (!start || !start->job) {
		free(start);
		return warden_error_set(err, "no memory for a job");
	}
	server->last_job_id++;
	start->request = request;
	start->run = run;
	start->script = &message->script;
	start->spawn.job_id = start->job->id;
	start->spawn.privileged = message->privileged;
	memcpy(start->spawn.rlimits, server->config->server.container_rlimits,
	       sizeof(start->spawn.rlimits));
	if (message->rlimits)
		fill_rlimits(start->spawn.rlimits, message->rlimits);
	start->operation.run = start_run;
	start->operation.done = start_done;
	start->operation.needs_snapshot = true;
	container_queue(c, &start->operation);
	return 0;
}

static int spawn_run(struct request *request, struct warden_error *err)
{
	return begin(request, false, err);
}

static int run_run(struct request *request, struct warden_error *err)
{
	return begin(request, true, err);
}

const struct request_klass spawn_request = {
	.type = WARDEN__MESSAGE__TYPE__Spawn,
	.name = "spawn",
	.message = &warden__spawn_request__descriptor,
	.states = STATE_ACTIVE,
	.run = spawn_run,
};

const struct request_klass run_request = {
	.type = WARDEN__MESSAGE__TYPE__Run,
	.name = "run",
	.message = &warden__run_request__descriptor,
	.states = STATE_ACTIVE,
	.waits = true,
	.run = run_run,
	.cancel = waiter_cancel,
	.written = waiter_written,
};
