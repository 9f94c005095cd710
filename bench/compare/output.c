/* SPDX-License-Identifier: Apache-2.0 */
/* A job's output as one client receives it, beside sendfile(2) of as many bytes through a socket to
 * a reader, in turn. */
#include <config.h>

#include "bench/compare/results.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"

#define OUTPUT_BYTES ((size_t)256 << 20)

enum { OUTPUT_PIECE = 1 << 20 };

static double output_rate(double milliseconds)
{
	return (double)OUTPUT_BYTES / 1e3 / milliseconds;
}

static int output_count(void *data, const char *name, const void *bytes, size_t length)
{
	size_t *sum = data;

	(void)name;
	(void)bytes;
	*sum += length;
	return 0;
}

static struct warden_message *output_request(const char *name)
{
	struct warden_message *request = warden_message_new(name);

	if (!request || warden_message_set(request, "handle", "output") < 0)
		bench_die("out of memory");
	return request;
}

/* From the spawn of a job that writes zeros to the end of its output. */
static double output_of_job(const struct bench_target *target)
{
	struct warden_message *spawn = output_request("spawn"), *stream = output_request("stream");
	struct warden_message *job, *end;
	double begin = bench_now_ms();
	size_t sum = 0;
	char script[64];

	snprintf(script, sizeof(script), "exec head -c %zu /dev/zero", OUTPUT_BYTES);
	if (warden_message_set(spawn, "script", script) < 0)
		bench_die("out of memory");
	job = warden_client_call(target->client, spawn);
	if (!job || warden_message_set_number(stream, "job_id",
					      warden_message_number(job, "job_id", 0)) < 0)
		bench_die("%s: %s", target->name, warden_client_error(target->client));
	end = warden_client_stream(target->client, stream, output_count, &sum);
	if (!end || sum != OUTPUT_BYTES)
		bench_die("%s: %zu bytes of output: %s", target->name, sum,
			  warden_client_error(target->client));
	warden_message_free(spawn);
	warden_message_free(stream);
	warden_message_free(job);
	warden_message_free(end);
	return output_rate(bench_now_ms() - begin);
}

static void __attribute__((noreturn)) output_send_file(int fd)
{
	int file = memfd_create("output", MFD_CLOEXEC);
	off_t offset = 0;
	char go;

	if (file < 0 || ftruncate(file, (off_t)OUTPUT_BYTES) < 0 || read(fd, &go, 1) != 1)
		_exit(1);
	while ((size_t)offset < OUTPUT_BYTES)
		if (sendfile(fd, file, &offset, OUTPUT_BYTES - (size_t)offset) <= 0)
			_exit(1);
	_exit(0);
}

static double output_of_sendfile(char *buffer)
{
	size_t sum = 0;
	int pair[2];
	double begin;
	ssize_t got;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		bench_die("a socket pair cannot be made");
	pid = fork();
	if (pid == 0)
		output_send_file(pair[1]);
	close(pair[1]);
	begin = bench_now_ms();
	if (pid < 0 || write(pair[0], "", 1) != 1)
		bench_die("fork failed");
	while ((got = read(pair[0], buffer, OUTPUT_PIECE)) > 0)
		sum += (size_t)got;
	begin = bench_now_ms() - begin;
	close(pair[0]);
	waitpid(pid, NULL, 0); /* the sum says whether it failed */
	if (sum != OUTPUT_BYTES)
		bench_die("sendfile fails");
	return output_rate(begin);
}

void bench_output(const struct bench *bench)
{
	size_t rounds = bench->rounds < 5 ? bench->rounds : 5;
	double rates[MAX_TARGETS + 1][5];
	char *buffer = malloc(OUTPUT_PIECE);
	struct results_key key = {"output", "output", "sendfile", "MB/s", 0, 1};

	if (!buffer)
		bench_die("out of memory");
	for (size_t t = 0; t < bench->n_targets; t++)
		if (bench_call_create(bench->targets[t].client, "output") < 0)
			bench_die("%s: %s", bench->targets[t].name,
				  warden_client_error(bench->targets[t].client));
	for (size_t round = 0; round < rounds; round++) {
		for (size_t t = 0; t < bench->n_targets; t++)
			rates[t][round] = output_of_job(&bench->targets[t]);
		rates[bench->n_targets][round] = output_of_sendfile(buffer);
	}
	free(buffer);
	for (size_t t = 0; t <= bench->n_targets; t++) {
		key.subject = t < bench->n_targets ? bench->targets[t].name : "sendfile";
		results_add(&key, rates[t], rounds);
		if (t < bench->n_targets)
			bench_call_destroy(bench->targets[t].client, "output");
	}
}
