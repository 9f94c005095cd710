/* SPDX-License-Identifier: Apache-2.0 */
/* `warden destroy` and `warden stop`: one request for each of several containers, which are named
 * or selected by a property. */
#include <config.h>

#include "client/cli/cli.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
	EACH_REQUEST,   /* is sent for each handle */
	EACH_HANDLES,   /* has the fields `handles` and `properties` */
	IN_FLIGHT = 64, /* requests without an answer, as each may take the grace of a stop */
};

struct each {
	struct invocation *invocation;
	const struct warden_message *handles; /* has the field `handles` */
	size_t in_flight;
	bool is_selected; /* by property or --all: one that is gone meanwhile is no error */
	int status;
};

struct each_call {
	struct each *each;
	size_t index;
};

static const char *cmd_each_handle(const struct each *each, size_t index, size_t *length)
{
	return warden_message_bytes(each->handles, "handles", index, length);
}

/* Sets the request's handle, which --format finds there, too. */
static int cmd_each_set_handle(const struct each *each, size_t index)
{
	size_t length;
	const char *handle = cmd_each_handle(each, index, &length);

	return warden_message_set_bytes(each->invocation->requests[EACH_REQUEST], "handle", handle,
					length);
}

static int cmd_each_print(const struct each *each, size_t index,
			  const struct warden_message *answer)
{
	if (cmd_each_set_handle(each, index) == 0)
		return print_answer(each->invocation, answer);
	complain(each->invocation, "out of memory");
	return STATUS_FAILED;
}

static void cmd_each_on_answer(void *data, uint64_t id, const struct warden_message *answer,
			       bool last)
{
	struct each_call *call = data;
	struct each *each = call->each;
	struct invocation *invocation = each->invocation;
	const char *error = warden_client_error(invocation->client);

	(void)id;
	(void)last;
	each->in_flight--;
	if (answer) {
		if (cmd_each_print(each, call->index, answer) != 0)
			each->status = STATUS_FAILED;
	} else if (strcmp(error, "unknown handle") != 0 || !each->is_selected) {
		if (warden_message_count(each->handles, "handles") == 1)
			complain(invocation, "%s", error);
		else
			complain(invocation, "%s: %s", cmd_each_handle(each, call->index, NULL),
				 error);
		each->status = STATUS_FAILED;
	}
	free(call);
}

static int cmd_each_submit(struct each *each, size_t index)
{
	struct invocation *invocation = each->invocation;
	struct each_call *call = malloc(sizeof(*call));

	if (!call || cmd_each_set_handle(each, index) < 0) {
		complain(invocation, "out of memory");
		free(call);
		return -1;
	}
	*call = (struct each_call){each, index};
	if (warden_client_submit(invocation->client, invocation->requests[EACH_REQUEST],
				 cmd_each_on_answer, call) == 0) {
		client_failed(invocation);
		free(call);
		return -1;
	}
	each->in_flight++;
	return 0;
}

static int cmd_each_send(struct each *each)
{
	struct warden_client *client = each->invocation->client;
	size_t n = warden_message_count(each->handles, "handles"), next = 0;

	while (next < n || each->in_flight > 0) {
		struct pollfd wait = {warden_client_fd(client), 0, 0};

		while (next < n && each->in_flight < IN_FLIGHT)
			if (cmd_each_submit(each, next++) < 0)
				return STATUS_FAILED;
		wait.events = warden_client_events(client);
		if (poll(&wait, 1, warden_client_wait_time(client)) >= 0 &&
		    warden_client_process(client) < 0)
			break; /* the functions were called */
	}
	return each->status;
}

/* Of several handles one that is unknown may be a mistyped word: then no request is sent. */
static int cmd_each_check(const struct each *each)
{
	const struct invocation *invocation = each->invocation;
	bool destroys = invocation->command->run == cmd_destroy;
	size_t n = warden_message_count(each->handles, "handles"), unknown = 0;
	struct warden_message *list;

	if (n < 2 || invocation->force)
		return 0;
	list = call_list(invocation);
	if (!list)
		return client_failed(invocation);
	for (size_t i = 0; i < n; i++) {
		const char *handle = cmd_each_handle(each, i, NULL);

		if (list_has(list, handle))
			continue;
		unknown++;
		complain(invocation, "%s: unknown handle%s", handle,
			 destroys && strchr(handle, '/') ? "; file-remove removes files" : "");
	}
	warden_message_free(list);
	if (unknown > 0)
		complain(invocation, "none was %s", destroys ? "destroyed" : "stopped");
	return unknown > 0 ? STATUS_FAILED : 0;
}

/* Asks for the handles that --all or --property select; NULL after an error message. */
static struct warden_message *cmd_each_select(struct invocation *invocation)
{
	struct warden_message *request =
		containers_select(invocation, invocation->requests[EACH_HANDLES], "list");
	struct warden_message *list =
		request ? warden_client_call(invocation->client, request) : NULL;

	if (request && !list)
		client_failed(invocation);
	warden_message_free(request);
	return list;
}

static int cmd_each_run(struct invocation *invocation)
{
	struct warden_message *request = invocation->requests[EACH_HANDLES], *list = NULL;
	size_t handles = warden_message_count(request, "handles");
	bool selects = invocation->all || warden_message_count(request, "properties") > 0;
	struct each each = {.invocation = invocation,
			    .handles = request,
			    .is_selected = selects || invocation->force};
	int status;

	if (handles == 0 && !selects)
		return usage_error(invocation, "needs HANDLE, --property or --all");
	if (handles > 0 && selects)
		return usage_error(invocation, "takes handles, or --property or --all");
	status = client_open(invocation);
	if (status == 0 && selects) {
		each.handles = list = cmd_each_select(invocation);
		status = list ? 0 : STATUS_FAILED;
	} else if (status == 0) {
		status = cmd_each_check(&each);
	}
	if (status == 0)
		status = cmd_each_send(&each);
	warden_message_free(list);
	return status;
}

int cmd_destroy(struct invocation *invocation)
{
	return cmd_each_run(invocation);
}

int cmd_stop(struct invocation *invocation)
{
	return cmd_each_run(invocation);
}
