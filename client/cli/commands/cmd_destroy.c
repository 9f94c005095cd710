/* SPDX-License-Identifier: Apache-2.0 */
/* `warden destroy`: one container, several, or those that a property selects. */
#include <config.h>

#include "client/cli/cli.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { IN_FLIGHT = 64 }; /* requests without an answer, as each may take the grace of a stop */

struct destroy {
	struct invocation *invocation;
	const struct warden_message *handles; /* has the field `handles` */
	size_t in_flight;
	bool is_selected; /* by property or --all: one that is gone meanwhile is no error */
	int status;
};

struct destroy_call {
	struct destroy *destroy;
	size_t index;
};

static void cmd_destroy_on_answer(void *data, uint64_t id, const struct warden_message *answer,
				  bool last)
{
	struct destroy_call *call = data;
	struct destroy *destroy = call->destroy;
	struct invocation *invocation = destroy->invocation;
	const char *error = warden_client_error(invocation->client);

	(void)id;
	(void)last;
	destroy->in_flight--;
	if (answer) {
		if (print_answer(invocation, answer) != 0)
			destroy->status = STATUS_FAILED;
	} else if (strcmp(error, "unknown handle") != 0 || !destroy->is_selected) {
		const char *handle =
			warden_message_bytes(destroy->handles, "handles", call->index, NULL);

		if (warden_message_count(destroy->handles, "handles") == 1)
			complain(invocation, "%s", error);
		else
			complain(invocation, "%s: %s", handle, error);
		destroy->status = STATUS_FAILED;
	}
	free(call);
}

static int cmd_destroy_submit(struct destroy *destroy, size_t index)
{
	size_t length;
	const char *handle = warden_message_bytes(destroy->handles, "handles", index, &length);
	struct warden_message *request =
		request_with_handle(destroy->invocation, "destroy", handle, length);
	struct destroy_call *call = malloc(sizeof(*call));
	int result = -1;

	if (request && call) {
		*call = (struct destroy_call){destroy, index};
		if (warden_client_submit(destroy->invocation->client, request,
					 cmd_destroy_on_answer, call) != 0) {
			destroy->in_flight++;
			call = NULL;
			result = 0;
		}
	}
	free(call);
	warden_message_free(request);
	return result;
}

static int cmd_destroy_all(struct destroy *destroy)
{
	struct warden_client *client = destroy->invocation->client;
	size_t n = warden_message_count(destroy->handles, "handles"), next = 0;

	while (next < n || destroy->in_flight > 0) {
		struct pollfd wait = {warden_client_fd(client), 0, 0};

		while (next < n && destroy->in_flight < IN_FLIGHT)
			if (cmd_destroy_submit(destroy, next++) < 0)
				return client_failed(destroy->invocation);
		wait.events = warden_client_events(client);
		if (poll(&wait, 1, warden_client_wait_time(client)) >= 0 &&
		    warden_client_process(client) < 0)
			break; /* the functions were called */
	}
	return destroy->status;
}

/* Of several handles one that is unknown may be a mistyped word: then none is destroyed. */
static int cmd_destroy_check(const struct invocation *invocation,
			     const struct warden_message *handles)
{
	struct warden_message *request, *list;
	size_t n = warden_message_count(handles, "handles"), unknown = 0;

	if (n < 2 || invocation->force)
		return 0;
	request = warden_message_new("list");
	list = request ? warden_client_call(invocation->client, request) : NULL;
	warden_message_free(request);
	if (!list)
		return client_failed(invocation);
	for (size_t i = 0; i < n; i++) {
		const char *handle = warden_message_bytes(handles, "handles", i, NULL);
		bool known = false;

		for (size_t k = 0; !known && k < warden_message_count(list, "handles"); k++)
			known = strcmp(handle, warden_message_bytes(list, "handles", k, NULL)) == 0;
		if (known)
			continue;
		unknown++;
		complain(invocation, "%s: unknown handle%s", handle,
			 strchr(handle, '/') ? "; file-remove removes files" : "");
	}
	warden_message_free(list);
	if (unknown > 0)
		complain(invocation, "none was destroyed");
	return unknown > 0 ? STATUS_FAILED : 0;
}

/* Asks for the handles that --all or --property select; NULL after an error message. */
static struct warden_message *cmd_destroy_select(struct invocation *invocation)
{
	struct warden_message *request = containers_select(invocation, "list");
	struct warden_message *list =
		request ? warden_client_call(invocation->client, request) : NULL;

	if (request && !list)
		client_failed(invocation);
	warden_message_free(request);
	return list;
}

int cmd_destroy(struct invocation *invocation)
{
	struct warden_message *request = invocation->requests[0], *list = NULL;
	size_t handles = warden_message_count(request, "handles");
	bool selects = invocation->all || warden_message_count(request, "properties") > 0;
	struct destroy destroy = {.invocation = invocation,
				  .handles = request,
				  .is_selected = selects || invocation->force};
	int status;

	if (handles == 0 && !selects)
		return usage_error(invocation, "needs HANDLE, --property or --all");
	if (handles > 0 && selects)
		return usage_error(invocation, "takes handles, or --property or --all");
	status = client_open(invocation);
	if (status == 0 && selects) {
		destroy.handles = list = cmd_destroy_select(invocation);
		status = list ? 0 : STATUS_FAILED;
	} else if (status == 0) {
		status = cmd_destroy_check(invocation, request);
	}
	if (status == 0)
		status = cmd_destroy_all(&destroy);
	warden_message_free(list);
	return status;
}
