/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a script in a new container and prints its output: shows the functions of libwarden that
 * block. Build it with
 *
 *	cc -o run run.c $(pkg-config --cflags --libs libwarden)
 */
#include <stdio.h>
#include <stdlib.h>
#include <warden/client.h>

static int run_fail(const struct warden_client *client)
{
	fprintf(stderr, "%s\n", warden_client_error(client));
	return EXIT_FAILURE;
}

static struct warden_message *run_create(struct warden_client *client)
{
	struct warden_message *request = warden_message_new("create");
	struct warden_message *answer = NULL;

	/* Grace time 0: the daemon destroys the container as soon as this connection is closed. */
	if (request && warden_message_set(request, "grace_time", "0") == 0)
		answer = warden_client_call(client, request);
	warden_message_free(request);
	return answer;
}

static struct warden_message *run_script(struct warden_client *client, const char *handle,
					 const char *script)
{
	struct warden_message *request = warden_message_new("run");
	struct warden_message *answer = NULL;

	if (request && warden_message_set(request, "handle", handle) == 0 &&
	    warden_message_set(request, "script", script) == 0)
		answer = warden_client_call(client, request);
	warden_message_free(request);
	return answer;
}

int main(int argc, char **argv)
{
	struct warden_client *client = warden_client_new();
	struct warden_message *container, *result;
	const char *output;
	size_t length;
	int status;

	if (argc != 2 || !client) {
		fprintf(stderr, "Usage: run SCRIPT\n");
		return EXIT_FAILURE;
	}
	if (warden_client_connect(client, NULL) < 0)
		return run_fail(client);
	container = run_create(client);
	if (!container)
		return run_fail(client);
	result = run_script(client, warden_message_bytes(container, "handle", 0, NULL), argv[1]);
	warden_message_free(container);
	if (!result)
		return run_fail(client);
	output = warden_message_bytes(result, "stdout", 0, &length);
	fwrite(output, 1, length, stdout);
	status = (int)warden_message_number(result, "exit_status", 0);
	warden_message_free(result);
	warden_client_free(client);
	return status;
}
