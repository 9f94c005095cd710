/* SPDX-License-Identifier: Apache-2.0 */
/* What most commands do: connect, send one request, print its answer. */
#include <config.h>

#include "client/command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONNECT_TIMEOUT = 10 * 1000,
	/* Of what does not wait for a job. Hooks of a create may take 40 s, a stop that destroy
	 * begins with 10 s. */
	ANSWER_TIMEOUT = 60 * 1000,
};

void complain(const struct invocation *invocation, const char *format, ...)
{
	const char *name = invocation->command ? invocation->command->name : NULL;
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	fflush(stdout); /* what was printed before comes before; main looks for its error */
	fprintf(stderr, "warden%s%s: ", name ? " " : "", name ? name : "");
	if (text)
		text_safe(stderr, text, strlen(text), true);
	fprintf(stderr, "\n");
	free(text);
}

int client_failed(const struct invocation *invocation)
{
	complain(invocation, "%s", warden_client_error(invocation->client));
	return STATUS_FAILED;
}

int client_open(struct invocation *invocation)
{
	invocation->client = warden_client_new();
	if (!invocation->client) {
		complain(invocation, "out of memory");
		return STATUS_FAILED;
	}
	warden_client_set_timeout(invocation->client, CONNECT_TIMEOUT);
	if (warden_client_connect(invocation->client, invocation->socket_path) < 0) {
		int number = errno;

		client_failed(invocation);
		if (number == ENOENT || number == ECONNREFUSED)
			fprintf(stderr, "Is wardend running? --socket or WARDEN_SOCKET name its "
					"socket.\n");
		return STATUS_FAILED;
	}
	warden_client_set_timeout(invocation->client,
				  invocation->command->waits ? -1 : ANSWER_TIMEOUT);
	return 0;
}

int print_answer(struct invocation *invocation, const struct warden_message *answer)
{
	if (invocation->json && json_print(stdout, answer) < 0) {
		complain(invocation, "the answer cannot be written as JSON");
		return STATUS_FAILED;
	}
	if (!invocation->json && invocation->command->print)
		invocation->command->print(answer);
	return 0;
}

int call_prepare(struct invocation *invocation)
{
	int status = 0;

	if (invocation->command->words == WORDS_HANDLE_FIRST)
		status = set_script_words(invocation, invocation->requests[0]);
	return status != 0 ? status : client_open(invocation);
}

int call_run(struct invocation *invocation)
{
	struct warden_message *answer;
	int status = call_prepare(invocation);

	if (status != 0)
		return status;
	answer = warden_client_call(invocation->client, invocation->requests[0]);
	if (!answer)
		return client_failed(invocation);
	status = print_answer(invocation, answer);
	warden_message_free(answer);
	return status;
}
