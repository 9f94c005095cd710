/* SPDX-License-Identifier: Apache-2.0 */
/* Spawn starts a job and answers with its id; Run is Spawn and Link in one. */
#include <config.h>

#include "core/job/job_start.h"

/* RunRequest has the same fields as SpawnRequest and is read as one. */
_Static_assert(sizeof(Warden__RunRequest) == sizeof(Warden__SpawnRequest), "run and spawn differ");

static void spawn_answer_id(struct request *request, struct job *const *jobs)
{
	Warden__SpawnResponse answer = WARDEN__SPAWN_RESPONSE__INIT;

	answer.job_id = jobs[0]->id;
	request_answer(request, &answer.base);
}

static void spawn_wait_for_end(struct request *request, struct job *job)
{
	struct warden_error err;

	if (!request->connection)
		request_fail_text(request, "the client has left");
	else if (job_wait(job, request, WAITER_LINK, NULL, &err) < 0)
		request_fail(request, &err);
}

static void spawn_wait_for_first(struct request *request, struct job *const *jobs)
{
	spawn_wait_for_end(request, jobs[0]);
}

static void spawn_repeat_id(struct request *request, struct container *container,
			    const ProtobufCMessage *answer)
{
	(void)container;
	request_answer(request, answer);
}

/* Waits for the job of the first Run, which is kept because it has a request_id. */
static void spawn_repeat_wait(struct request *request, struct container *container,
			      const ProtobufCMessage *answer)
{
	const Warden__SpawnResponse *first = (const void *)answer;
	struct job *job = job_find(container, first->job_id);

	if (job)
		spawn_wait_for_end(request, job);
	else
		request_fail_text(request, "no such job");
}

static const struct idempotence_use spawn_use = {&warden__spawn_response__descriptor,
						 spawn_repeat_id};
static const struct idempotence_use run_use = {&warden__spawn_response__descriptor,
					       spawn_repeat_wait};

static int spawn_start(struct request *request, const struct idempotence_use *use,
		       void (*started)(struct request *request, struct job *const *jobs),
		       struct warden_error *err)
{
	const Warden__SpawnRequest *message = (const void *)request->message;
	struct idempotent *entry;
	int known = idempotence_begin(
		request, message->has_request_id ? &message->request_id : NULL, use, &entry, err);

	if (known != 0)
		return known < 0 ? -1 : 0;
	if (job_start(request, &message, 1, entry, started, err) == 0)
		return 0;
	idempotence_fail(entry, err);
	return -1;
}

/* Scripts of the host find the job in the snapshot. One that a run waits for is soon gone. */
static int spawn_run(struct request *request, struct warden_error *err)
{
	request->container->changed = true;
	return spawn_start(request, &spawn_use, spawn_answer_id, err);
}

static int spawn_run_and_wait(struct request *request, struct warden_error *err)
{
	Warden__RunRequest *message = (void *)request->message;

	if (message->has_request_id && message->request_id.len > 0)
		message->keep = message->has_keep = true;
	return spawn_start(request, &run_use, spawn_wait_for_first, err);
}

const struct request_handler spawn_request = {
	.type = WARDEN__MESSAGE__TYPE__Spawn,
	.name = "spawn",
	.message = &warden__spawn_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE,
	.run = spawn_run,
};

const struct request_handler run_request = {
	.type = WARDEN__MESSAGE__TYPE__Run,
	.name = "run",
	.message = &warden__run_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE,
	.waits = true,
	.run = spawn_run_and_wait,
	.cancel = job_waiter_cancel,
	.written = job_waiter_written,
};
