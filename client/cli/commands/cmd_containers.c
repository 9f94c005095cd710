/* SPDX-License-Identifier: Apache-2.0 */
/* Commands for many containers: the handles of `list`, and the tables of info_many. */
#include <config.h>

#include "client/cli/cli.h"

#include <inttypes.h>
#include <string.h>

const char *state_colour(const char *state)
{
	if (strcmp(state, "active") == 0)
		return GREEN;
	return strcmp(state, "stopped") == 0 || strcmp(state, "paused") == 0 ? YELLOW : RED;
}

struct warden_message *containers_get(struct invocation *invocation,
				      const struct warden_message *request)
{
	struct warden_message *answer = warden_client_call(invocation->client, request);

	if (!answer)
		client_failed(invocation);
	return answer;
}

/* Adds a row with a container's info, or with the error instead. */
static void cmd_containers_add_row(struct table *table, const char *handle, size_t length,
				   const struct warden_message *info, const char *error)
{
	const char *state, *address;
	char memory[32] = "-";

	table_add(table, handle, length);
	if (!info) {
		table_addf(table, "%s", error ? error : "gone");
		table_colour(table, RED);
		for (int i = 0; i < 3; i++)
			table_addf(table, "-");
		return;
	}
	state = warden_message_bytes(info, "state", 0, NULL);
	address = warden_message_bytes(info, "container_ip", 0, NULL);
	if (state && warden_message_number(info, "paused", 0))
		state = "paused";
	if (warden_message_count(info, "memory_stat.total_rss"))
		text_size(memory, sizeof(memory),
			  warden_message_number(info, "memory_stat.total_rss", 0));
	table_addf(table, "%s", state ? state : "-");
	table_colour(table, state_colour(state ? state : ""));
	table_addf(table, "%s", address ? address : "-");
	table_addf(table, "%zu", warden_message_count(info, "job_ids"));
	table_addf(table, "%s", memory);
}

void print_containers(const struct warden_message *answer)
{
	static const char *const titles[] = {"HANDLE", "STATE",   "ADDRESS",
					     ">JOBS",  ">MEMORY", NULL};
	struct table *table = table_new(titles);

	for (size_t i = 0; i < warden_message_count(answer, "entries"); i++) {
		const struct warden_message *entry = warden_message_child(answer, "entries", i);
		size_t length;
		const char *handle = warden_message_bytes(entry, "handle", 0, &length);

		cmd_containers_add_row(table, handle, length,
				       warden_message_child(entry, "info", 0),
				       warden_message_bytes(entry, "error", 0, NULL));
	}
	table_print(table, stdout, terminal_width(stdout));
}

struct warden_message *containers_select(const struct invocation *invocation,
					 const struct warden_message *from, const char *name)
{
	struct warden_message *request = warden_message_new(name);

	for (size_t i = 0; request && i < warden_message_count(from, "properties"); i++) {
		const struct warden_message *old = warden_message_child(from, "properties", i);
		struct warden_message *new = warden_message_add(request, "properties");

		if (!new ||
		    warden_message_set(new, "key", warden_message_bytes(old, "key", 0, NULL)) < 0 ||
		    warden_message_set(new, "value", warden_message_bytes(old, "value", 0, NULL)) <
			    0) {
			warden_message_free(request);
			request = NULL;
		}
	}
	if (!request)
		complain(invocation, "out of memory");
	return request;
}

/* list with --long (as a table or as JSON) or --format: an info_many request with the same
 * conditions. */
static int cmd_containers_list_infos(struct invocation *invocation)
{
	struct warden_message *request = containers_select(invocation, invocation->requests[0],
							   "info_many"),
			      *answer;
	int status = 0;

	if (!request)
		return STATUS_FAILED;
	answer = containers_get(invocation, request);
	warden_message_free(request);
	if (!answer)
		return STATUS_FAILED;
	if (invocation->format || invocation->json)
		status = print_answer(invocation, answer);
	else
		print_containers(answer);
	warden_message_free(answer);
	return status;
}

int cmd_list(struct invocation *invocation)
{
	struct warden_message *list;
	int status = client_open(invocation);

	if (status != 0)
		return status;
	if (invocation->format || (invocation->detailed && !invocation->quiet))
		return cmd_containers_list_infos(invocation);
	list = warden_client_call(invocation->client, invocation->requests[0]);
	if (!list)
		return client_failed(invocation);
	status = print_answer(invocation, list);
	warden_message_free(list);
	return status;
}

/* Reports the handles without info, and returns STATUS_FAILED if there are any. */
static int cmd_containers_report_errors(const struct invocation *invocation,
					const struct warden_message *answer)
{
	int status = 0;

	for (size_t i = 0; i < warden_message_count(answer, "entries"); i++) {
		const struct warden_message *entry = warden_message_child(answer, "entries", i);
		const char *error = warden_message_bytes(entry, "error", 0, NULL);

		if (!error)
			continue;
		complain(invocation, "%s: %s", warden_message_bytes(entry, "handle", 0, NULL),
			 error);
		status = STATUS_FAILED;
	}
	return status;
}

/* Prints all of a single container's info. */
static int cmd_containers_info_one(struct invocation *invocation)
{
	size_t length;
	const char *handle = warden_message_bytes(invocation->requests[0], "handles", 0, &length);
	struct warden_message *request = request_with_handle(invocation, "info", handle, length);
	struct warden_message *answer;
	int status = request ? 0 : STATUS_FAILED;

	if (!request)
		return status;
	warden_message_free(invocation->requests[0]);
	invocation->requests[0] = request; /* --format finds the handle there */
	answer = warden_client_call(invocation->client, request);
	if (!answer)
		return client_failed(invocation);
	status = print_answer(invocation, answer);
	warden_message_free(answer);
	return status;
}

int cmd_info(struct invocation *invocation)
{
	struct warden_message *request = invocation->requests[0], *answer;
	size_t handles = warden_message_count(request, "handles");
	size_t properties = warden_message_count(request, "properties");
	int status;

	status = client_open(invocation);
	if (status != 0)
		return status;
	if (handles == 1 && properties == 0)
		return cmd_containers_info_one(invocation);
	answer = containers_get(invocation, request);
	if (!answer)
		return STATUS_FAILED;
	if (invocation->json || invocation->format)
		status = print_answer(invocation, answer);
	else
		print_containers(answer);
	/* A container selected by a property may be destroyed meanwhile; that is no error. */
	if (status == 0 && handles > 0)
		status = cmd_containers_report_errors(invocation, answer);
	warden_message_free(answer);
	return status;
}
