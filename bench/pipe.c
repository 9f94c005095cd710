/* SPDX-License-Identifier: Apache-2.0 */
/* Through a job and back: one client sends `cat` its standard input, another one reads what it
 * prints, at the same time. */
#include <config.h>

#include "bench/bench.h"

#include <pthread.h>
#include <stdlib.h>

enum {
	PIECE = 1 << 20, /* bytes a request */
	PIECES = 256,
};

struct reader {
	pthread_t thread;
	const char *socket;
	uint64_t job;
	uint64_t bytes;
};

static struct warden_message *job_request(const char *name, uint64_t job)
{
	struct warden_message *request = warden_message_new(name);

	if (!request || warden_message_set(request, "handle", "pipe") < 0 ||
	    (job && warden_message_set_number(request, "job_id", job) < 0))
		die("out of memory");
	return request;
}

/* Sends the request and frees it. The answer, to be freed. */
static struct warden_message *call(struct warden_client *client, struct warden_message *request)
{
	struct warden_message *answer = warden_client_call(client, request);

	if (!answer)
		die("%s", warden_client_error(client));
	warden_message_free(request);
	return answer;
}

static int count(void *data, const char *name, const void *bytes, size_t length)
{
	struct reader *reader = data;

	(void)name;
	(void)bytes;
	reader->bytes += length;
	return 0;
}

static void *read_all(void *data)
{
	struct reader *reader = data;
	struct warden_client *client = call_connect(reader->socket);
	struct warden_message *request = job_request("attach", reader->job);
	struct warden_message *answer = warden_client_stream(client, request, count, reader);

	if (!answer)
		die("%s", warden_client_error(client));
	warden_message_free(answer);
	warden_message_free(request);
	warden_client_free(client);
	return NULL;
}

static uint64_t start_cat(struct warden_client *client)
{
	struct warden_message *request = job_request("spawn", 0), *answer;
	uint64_t job;

	if (warden_message_set(request, "argv", "cat") < 0 ||
	    warden_message_set_number(request, "stdin", 1) < 0 ||
	    warden_message_set_number(request, "output_limit", (uint64_t)PIECE * PIECES) < 0)
		die("out of memory");
	answer = call(client, request);
	job = warden_message_number(answer, "job_id", 0);
	warden_message_free(answer);
	return job;
}

static void send_all(struct warden_client *client, uint64_t job)
{
	char *piece = calloc(1, PIECE);
	struct warden_message *request;

	if (!piece)
		die("out of memory");
	for (size_t i = 0; i < PIECES; i++) {
		request = job_request("job_input", job);
		if (warden_message_set_bytes(request, "data", piece, PIECE) < 0)
			die("out of memory");
		warden_message_free(call(client, request));
	}
	request = job_request("job_input", job);
	if (warden_message_set_number(request, "end", 1) < 0)
		die("out of memory");
	warden_message_free(call(client, request));
	free(piece);
}

/* Megabytes a second, from the first one sent to the last one read. */
static double measure(const struct target *target)
{
	struct reader reader = {.socket = target->socket};
	double start;

	if (call_create(target->client, "pipe") < 0)
		die("%s: %s", target->name, warden_client_error(target->client));
	reader.job = start_cat(target->client);
	start = now_ms();
	if (pthread_create(&reader.thread, NULL, read_all, &reader) != 0)
		die("a thread cannot be started");
	send_all(target->client, reader.job);
	pthread_join(reader.thread, NULL); /* cannot fail for a thread that was started */
	if (reader.bytes != (uint64_t)PIECE * PIECES)
		die("%s: %llu bytes came through", target->name, (unsigned long long)reader.bytes);
	start = now_ms() - start;
	if (call_destroy(target->client, "pipe") < 0)
		die("%s: %s", target->name, warden_client_error(target->client));
	return (double)reader.bytes / 1e3 / start;
}

void bench_pipe(const struct bench *bench)
{
	double speed[MAX_TARGETS];

	for (size_t i = 0; i < bench->n_targets; i++)
		speed[i] = measure(&bench->targets[i]);
	table_line(bench, "stdin to stdout through cat", "MB/s", speed, "200");
}
