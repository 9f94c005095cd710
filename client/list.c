/* SPDX-License-Identifier: Apache-2.0 */
/* `warden list`: the handles, or a table with what info knows of each. */
#include <config.h>

#include "client/command.h"

#include <inttypes.h>
#include <string.h>

/* The info of one container; NULL when it is gone by now, or with `*failed`. */
static struct warden_message *info_get(struct invocation *invocation, const char *handle,
				       size_t length, bool *failed)
{
	struct warden_message *request = warden_message_new("info");
	struct warden_message *answer = NULL;

	*failed = !request || warden_message_set_bytes(request, "handle", handle, length) < 0;
	if (*failed)
		complain(invocation, "out of memory");
	else
		answer = warden_client_call(invocation->client, request);
	if (!*failed && !answer &&
	    warden_client_failure(invocation->client) != WARDEN_FAILURE_REFUSED) {
		client_failed(invocation);
		*failed = true;
	}
	warden_message_free(request);
	return answer;
}

static void print_row(const char *handle, size_t length, size_t width,
		      const struct warden_message *info)
{
	const char *state = warden_message_bytes(info, "state", 0, NULL);
	const char *address = warden_message_bytes(info, "container_ip", 0, NULL);
	char memory[32] = "-";

	if (warden_message_count(info, "memory_stat.total_rss"))
		text_size(memory, sizeof(memory),
			  warden_message_number(info, "memory_stat.total_rss", 0));
	text_safe(stdout, handle, length, false);
	printf("%*s  ", length < width ? (int)(width - length) : 0, "");
	print_state(state ? state : "-", 8);
	printf("  %-15s  %4zu  %9s\n", address ? address : "-",
	       warden_message_count(info, "job_ids"), memory);
}

static size_t widest(const struct warden_message *list)
{
	size_t width = strlen("HANDLE");

	for (size_t i = 0; i < warden_message_count(list, "handles"); i++) {
		size_t length;

		warden_message_bytes(list, "handles", i, &length);
		if (length > width && length <= 40)
			width = length;
	}
	return width;
}

static int print_table(struct invocation *invocation, const struct warden_message *list)
{
	size_t width = widest(list);
	bool failed = false;

	printf("%-*s  %-8s  %-15s  %4s  %9s\n", (int)width, "HANDLE", "STATE", "ADDRESS", "JOBS",
	       "MEMORY");
	for (size_t i = 0; !failed && i < warden_message_count(list, "handles"); i++) {
		size_t length;
		const char *handle = warden_message_bytes(list, "handles", i, &length);
		struct warden_message *info = info_get(invocation, handle, length, &failed);

		if (info)
			print_row(handle, length, width, info);
		warden_message_free(info);
	}
	return failed ? STATUS_FAILED : 0;
}

int list_run(struct invocation *invocation)
{
	struct warden_message *list;
	int status = client_open(invocation);

	if (status != 0)
		return status;
	list = warden_client_call(invocation->client, invocation->requests[0]);
	if (!list)
		return client_failed(invocation);
	if (invocation->detailed && !invocation->json)
		status = print_table(invocation, list);
	else
		status = print_answer(invocation, list);
	warden_message_free(list);
	return status;
}
