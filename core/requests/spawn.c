/* SPDX-License-Identifier: Apache-2.0 */
/* Spawn starts a job and answers with its id; Run is Spawn and Link in one. */
#include <config.h>

#include "core/start.h"

/* The message of Run is Spawn's, field for field. */
_Static_assert(sizeof(Warden__RunRequest) == sizeof(Warden__SpawnRequest), "run and spawn differ");

static void answer_id(struct request *request, struct job *const *jobs)
{
	Warden__SpawnResponse answer = WARDEN__SPAWN_RESPONSE__INIT;

	answer.job_id = jobs[0]->id;
	request_answer(request, &answer.base);
}

static void wait_for_end(struct request *request, struct job *const *jobs)
{
	struct warden_error err;

	if (!request->connection)
		request_fail_text(request, "the client has left");
	else if (job_wait(jobs[0], request, WAITER_LINK, true, &err) < 0)
		request_fail(request, &err);
}

static int spawn_run(struct request *request, struct warden_error *err)
{
	const Warden__SpawnRequest *message = (const void *)request->message;

	return start_jobs(request, &message, 1, answer_id, err);
}

static int run_run(struct request *request, struct warden_error *err)
{
	const Warden__SpawnRequest *message = (const void *)request->message;

	return start_jobs(request, &message, 1, wait_for_end, err);
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
