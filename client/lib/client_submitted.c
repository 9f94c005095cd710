/* SPDX-License-Identifier: Apache-2.0 */
/* Submitted requests that outlive the daemon: what is sent for each, again after a restart, and
 * what of an answer the program does not have yet. */
#include <config.h>

#include "client/lib/client_private.h"

#include "proto/warden.pb-c.h"

#include <stdio.h>
#include <stdlib.h>

static bool client_submitted_is_stream(const struct client_pending *pending)
{
	return pending->type->number == WARDEN__MESSAGE__TYPE__Stream ||
	       pending->type->number == WARDEN__MESSAGE__TYPE__Attach;
}

void client_submitted_init(struct client_pending *pending)
{
	for (int i = 0; i < 2; i++)
		pending->position.had[i] =
			warden_message_number(pending->request, stream_offset_fields[i], 0);
	pending->after = warden_message_number(pending->request, "after", 0);
	pending->splits = pending->type->number == WARDEN__MESSAGE__TYPE__Run &&
			  !client_resume_is_repeatable(pending->request);
}

bool client_submitted_is_resumable(const struct client_pending *pending)
{
	if (!pending->request)
		return false;
	if (client_submitted_is_stream(pending))
		return !client_resume_is_from_now(pending->request) ||
		       warden_message_count(pending->request, stream_offset_fields[0]) > 0;
	return pending->splits || pending->type->number == WARDEN__MESSAGE__TYPE__Events ||
	       client_resume_is_repeatable(pending->request);
}

bool client_submitted_holds(const struct client_pending *pending)
{
	return pending->splits && pending->job == 0;
}

/* The spawn of a run keeps its id, so that a repeated one starts nothing twice. */
static struct warden_message *client_submitted_new_spawn(struct client_pending *pending)
{
	if (!pending->spawn)
		pending->spawn = client_resume_new_spawn(pending->request);
	return pending->spawn ? warden_message_copy(pending->spawn, "spawn") : NULL;
}

static struct warden_message *client_submitted_new_events(const struct client_pending *pending)
{
	struct warden_message *copy = warden_message_copy(pending->request, pending->type->name);

	if (!copy || pending->after == 0 ||
	    warden_message_set_number(copy, "after", pending->after) == 0)
		return copy;
	warden_message_free(copy);
	return NULL;
}

struct warden_message *client_submitted_new_request(struct client_pending *pending)
{
	if (client_submitted_is_stream(pending))
		return client_resume_new_stream(pending->request, &pending->position);
	if (pending->type->number == WARDEN__MESSAGE__TYPE__Events)
		return client_submitted_new_events(pending);
	if (!pending->splits)
		return warden_message_copy(pending->request, pending->type->name);
	return pending->job == 0 ? client_submitted_new_spawn(pending)
				 : client_resume_new_link(pending->request, pending->job);
}

/* Removes from a piece of output what the program has. 1: nothing is left of it. */
static int client_submitted_take_piece(struct client_pending *pending,
				       struct warden_message *answer)
{
	size_t length = 0, skip;
	const char *bytes = warden_message_bytes(answer, "data", 0, &length);
	uint64_t offset = warden_message_number(answer, "offset", 0);

	if (warden_message_count(answer, "name") == 0)
		return 0;
	skip = client_resume_skip(&pending->position, answer);
	if (skip == 0)
		return 0;
	if (skip == length)
		return 1;
	if (warden_message_count(answer, "offset") > 0 &&
	    warden_message_set_number(answer, "offset", offset + skip) < 0)
		return -1;
	return warden_message_set_bytes(answer, "data", bytes + skip, length - skip);
}

/* Events have numbers that rise; the first answer has the last number before. 1: another such
 * answer, after a restart. */
static int client_submitted_take_event(struct client_pending *pending,
				       const struct warden_message *answer)
{
	bool again = pending->subscribed;

	if (warden_message_number(answer, "kind", 0) != WARDEN__EVENTS_RESPONSE__KIND__SUBSCRIBED) {
		pending->after = warden_message_number(answer, "sequence", 0);
		return 0;
	}
	pending->subscribed = true;
	if (pending->after == 0)
		pending->after = warden_message_number(answer, "sequence", 0);
	return again;
}

int client_submitted_take(struct client_pending *pending, struct warden_message **answer)
{
	struct warden_message *run;

	if (!pending->request)
		return 0;
	if (client_submitted_is_stream(pending))
		return client_submitted_take_piece(pending, *answer);
	if (pending->type->number == WARDEN__MESSAGE__TYPE__Events)
		return client_submitted_take_event(pending, *answer);
	if (!pending->splits)
		return 0;
	run = client_resume_new_run_answer(*answer, pending->job);
	if (!run)
		return -1;
	warden_message_free(*answer);
	*answer = run;
	return 0;
}

void client_submitted_free(struct client_pending *pending)
{
	warden_message_free(pending->request);
	warden_message_free(pending->spawn);
	free(pending);
}
