/* SPDX-License-Identifier: Apache-2.0 */
/* Throughput of a job's pipes: one client writes the standard input of `cat` while another one
 * reads its output. */
#include <config.h>

#include "bench/bench.h"

#include <pthread.h>
#include <stdlib.h>

enum {
	PIECE = 1 << 20, /* bytes a request */
	PIECES = 256,
};

struct bench_pipe_reader {
	pthread_t thread;
	const char *socket;
	uint64_t job;
	uint64_t bytes;
};

static struct warden_message *bench_pipe_request(const char *name, uint64_t job)
{
	struct warden_message *request = warden_message_new(name);

	if (!request || warden_message_set(request, "handle", "pipe") < 0 ||
	    (job && warden_message_set_number(request, "job_id", job) < 0))
		bench_die("out of memory");
	return request;
}

/* Sends the request and frees it. Returns the answer; the caller frees it. */
static struct warden_message *bench_pipe_call(struct warden_client *client,
					      struct warden_message *request)
{
	struct warden_message *answer = warden_client_call(client, request);

	if (!answer)
		bench_die("%s", warden_client_error(client));
	warden_message_free(request);
	return answer;
}

static int bench_pipe_count(void *data, const char *name, const void *bytes, size_t length)
{
	struct bench_pipe_reader *reader = data;

	(void)name;
	(void)bytes;
	reader->bytes += length;
	return 0;
}

static void *bench_pipe_read(void *data)
{
	struct bench_pipe_reader *reader = data;
	struct warden_client *client = bench_call_connect(reader->socket);
	struct warden_message *request = bench_pipe_request("attach", reader->job);
	struct warden_message *answer =
		warden_client_stream(client, request, bench_pipe_count, reader);

	if (!answer)
		bench_die("%s", warden_client_error(client));
	warden_message_free(answer);
	warden_message_free(request);
	warden_client_free(client);
	return NULL;
}

static uint64_t bench_pipe_start_cat(struct warden_client *client)
{
	struct warden_message *request = bench_pipe_request("spawn", 0), *answer;
	uint64_t job;

	if (warden_message_set(request, "argv", "cat") < 0 ||
	    warden_message_set_number(request, "stdin", 1) < 0 ||
	    warden_message_set_number(request, "output_limit", (uint64_t)PIECE * PIECES) < 0)
		bench_die("out of memory");
	answer = bench_pipe_call(client, request);
	job = warden_message_number(answer, "job_id", 0);
	warden_message_free(answer);
	return job;
}

static void bench_pipe_send(struct warden_client *client, uint64_t job)
{
	char *piece = calloc(1, PIECE);
	struct warden_message *request;

	if (!piece)
		bench_die("out of memory");
	for (size_t i = 0; i < PIECES; i++) {
		request = bench_pipe_request("job_input", job);
		if (warden_message_set_bytes(request, "data", piece, PIECE) < 0)
			bench_die("out of memory");
		warden_message_free(bench_pipe_call(client, request));
	}
	request = bench_pipe_request("job_input", job);
	if (warden_message_set_number(request, "end", 1) < 0)
		bench_die("out of memory");
	warden_message_free(bench_pipe_call(client, request));
	free(piece);
}

/* Megabytes per second, from the first byte sent to the last byte read. */
static double bench_pipe_measure(const struct bench_target *target)
{
	struct bench_pipe_reader reader = {.socket = target->socket};
	double start;

	if (bench_call_create(target->client, "pipe") < 0)
		bench_die("%s: %s", target->name, warden_client_error(target->client));
	reader.job = bench_pipe_start_cat(target->client);
	start = bench_now_ms();
	if (pthread_create(&reader.thread, NULL, bench_pipe_read, &reader) != 0)
		bench_die("a thread cannot be started");
	bench_pipe_send(target->client, reader.job);
	pthread_join(reader.thread, NULL); /* cannot fail for a thread that was started */
	if (reader.bytes != (uint64_t)PIECE * PIECES)
		bench_die("%s: %llu bytes came through", target->name,
			  (unsigned long long)reader.bytes);
	start = bench_now_ms() - start;
	if (bench_call_destroy(target->client, "pipe") < 0)
		bench_die("%s: %s", target->name, warden_client_error(target->client));
	return (double)reader.bytes / 1e3 / start;
}

void bench_pipe(const struct bench *bench)
{
	double speed[MAX_TARGETS];

	for (size_t i = 0; i < bench->n_targets; i++)
		speed[i] = bench_pipe_measure(&bench->targets[i]);
	bench_table_line(bench, "stdin to stdout through cat", "MB/s", speed, "200");
}
