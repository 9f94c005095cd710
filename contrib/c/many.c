/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a script in several containers at once, in one thread: the calls of libwarden that do not
 * wait, in a loop of one's own. Each container has its connection. Build it with
 *
 *	cc -o many many.c $(pkg-config --cflags --libs libwarden)
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <warden/client.h>

enum { MOST = 64 };

struct worker {
	struct warden_client *client;
	const char *script;
	unsigned number;
	int status; /* of the script; -1: none yet */
};

static void print_result(void *data, uint64_t id, const struct warden_message *answer, bool last)
{
	struct worker *worker = data;
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

static void run_script(void *data, uint64_t id, const struct warden_message *answer, bool last)
{
	struct worker *worker = data;
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
		warden_client_submit(worker->client, request, print_result, worker);
	warden_message_free(request);
}

static int start(struct worker *worker)
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
		 warden_client_submit(worker->client, request, run_script, worker) != 0)
		result = 0;
	warden_message_free(request);
	return result;
}

/* Waits for whoever is not ready; how many there are. */
static size_t wait_for_all(struct worker *workers, size_t n)
{
	struct pollfd fds[MOST];
	size_t busy = 0;

	for (size_t i = 0; i < n; i++) {
		bool pending = warden_client_pending(workers[i].client) > 0;

		/* poll passes over a negative descriptor */
		fds[i].fd = pending ? warden_client_fd(workers[i].client) : -1;
		fds[i].events = warden_client_events(workers[i].client);
		busy += pending;
	}
	if (busy == 0 || poll(fds, n, -1) < 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (fds[i].fd >= 0 && fds[i].revents)
			warden_client_process(workers[i].client); /* tells print_result */
	return busy;
}

int main(int argc, char **argv)
{
	struct worker workers[MOST] = {{0}};
	size_t n = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	int status = EXIT_SUCCESS;

	if (n < 1 || n > MOST) {
		fprintf(stderr, "Usage: many COUNT SCRIPT, COUNT from 1 to %d\n", MOST);
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < n; i++) {
		workers[i].number = (unsigned)i + 1;
		workers[i].script = argv[2];
		if (start(&workers[i]) < 0)
			return EXIT_FAILURE;
	}
	while (wait_for_all(workers, n) > 0)
		;
	for (size_t i = 0; i < n; i++) {
		if (workers[i].status != 0)
			status = EXIT_FAILURE;
		warden_client_free(workers[i].client);
	}
	return status;
}
