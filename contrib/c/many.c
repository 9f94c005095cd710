/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a script in several containers at once, in one thread: shows the functions of libwarden that
 * do not block, in an event loop of the program. Each container has its own connection. Build it
 *with
 *
 *	cc -o many many.c $(pkg-config --cflags --libs libwarden)
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <warden/client.h>

enum { MOST = 64 };

struct many_worker {
	struct warden_client *client;
	const char *script;
	unsigned number;
	int status; /* exit status of the script; -1: none yet */
};

static void many_print_result(void *data, uint64_t id, const struct warden_message *answer,
			      bool last)
{
	struct many_worker *worker = data;
	const char *output;
	size_t length;

	(void)id;
	(void)last;
	if (!answer) {
		fprintf(stderr, "%u: %s\n", worker->number, warden_client_error(worker->client));
		return;
	}
	worker->status = (int)warden_message_number(answer, "exit_status", 0);
	output = warden_message_bytes(answer, "stdout", 0, &length);
	printf("%u: status %d: %.*s", worker->number, worker->status, (int)length, output);
}

static void many_run_script(void *data, uint64_t id, const struct warden_message *answer, bool last)
{
	struct many_worker *worker = data;
	struct warden_message *request;

	(void)id;
	(void)last;
	if (!answer) {
		fprintf(stderr, "%u: %s\n", worker->number, warden_client_error(worker->client));
		return;
	}
	request = warden_message_new("run");
	if (request &&
	    warden_message_set(request, "handle",
			       warden_message_bytes(answer, "handle", 0, NULL)) == 0 &&
	    warden_message_set(request, "script", worker->script) == 0)
		warden_client_submit(worker->client, request, many_print_result, worker);
	warden_message_free(request);
}

static int many_start(struct many_worker *worker)
{
	struct warden_message *request = warden_message_new("create");
	int result = -1;

	worker->client = warden_client_new();
	worker->status = -1;
	if (!worker->client || !request)
		fprintf(stderr, "out of memory\n");
	else if (warden_client_connect(worker->client, NULL) < 0)
		fprintf(stderr, "%s\n", warden_client_error(worker->client));
	else if (warden_message_set(request, "grace_time", "0") == 0 &&
		 warden_client_submit(worker->client, request, many_run_script, worker) != 0)
		result = 0;
	warden_message_free(request);
	return result;
}

/* Waits for the next event of a connection and handles it. Returns how many requests are pending.
 */
static size_t many_wait(struct many_worker *workers, size_t n)
{
	struct pollfd fds[MOST];
	size_t busy = 0;

	for (size_t i = 0; i < n; i++) {
		bool pending = warden_client_pending(workers[i].client) > 0;

		/* poll ignores a negative descriptor */
		fds[i].fd = pending ? warden_client_fd(workers[i].client) : -1;
		fds[i].events = warden_client_events(workers[i].client);
		busy += pending;
	}
	if (busy == 0 || poll(fds, n, -1) < 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (fds[i].fd >= 0 && fds[i].revents)
			warden_client_process(
				workers[i].client); /* calls many_run_script or many_print_result */
	return busy;
}

int main(int argc, char **argv)
{
	struct many_worker workers[MOST] = {{0}};
	size_t n = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	int status = EXIT_SUCCESS;

	if (n < 1 || n > MOST) {
		fprintf(stderr, "Usage: many COUNT SCRIPT, COUNT from 1 to %d\n", MOST);
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < n; i++) {
		workers[i].number = (unsigned)i + 1;
		workers[i].script = argv[2];
		if (many_start(&workers[i]) < 0)
			return EXIT_FAILURE;
	}
	while (many_wait(workers, n) > 0)
		;
	for (size_t i = 0; i < n; i++) {
		if (workers[i].status != 0)
			status = EXIT_FAILURE;
		warden_client_free(workers[i].client);
	}
	return status;
}
