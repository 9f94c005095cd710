/* SPDX-License-Identifier: Apache-2.0 */
/* SpawnPair starts two jobs whose standard input and output are connected, such as a judge and the
 * program that it tests. */
#include <config.h>

#include "core/job/job_start.h"

static void spawn_pair_answer_ids(struct request *request, struct job *const *jobs)
{
	Warden__SpawnPairResponse answer = WARDEN__SPAWN_PAIR_RESPONSE__INIT;

	answer.first_job_id = jobs[0]->id;
	answer.second_job_id = jobs[1]->id;
	request_answer(request, &answer.base);
}

static int spawn_pair_run(struct request *request, struct warden_error *err)
{
	const Warden__SpawnPairRequest *message = (const void *)request->message;
	const Warden__SpawnRequest *const both[START_MAX] = {message->first, message->second};

	for (size_t i = 0; i < START_MAX; i++)
		if (both[i]->has_request_id)
			return warden_error_set(err, "request_id: spawn_pair does not support it");
	return job_start(request, both, START_MAX, NULL, spawn_pair_answer_ids, err);
}

const struct request_handler spawn_pair_request = {
	.type = WARDEN__MESSAGE__TYPE__SpawnPair,
	.name = "spawn_pair",
	.message = &warden__spawn_pair_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE,
	.run = spawn_pair_run,
};
