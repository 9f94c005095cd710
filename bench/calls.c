/* SPDX-License-Identifier: Apache-2.0 */
/* Single requests with their time. The request is built before the clock starts. */
#include <config.h>

#include "bench/bench.h"

#include <stdio.h>
#include <time.h>

double bench_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

struct warden_client *bench_call_connect(const char *socket)
{
	struct warden_client *client = warden_client_new();

	if (!client)
		bench_die("out of memory");
	warden_client_set_timeout(client, 60 * 1000);
	if (warden_client_connect(client, socket) < 0)
		bench_die("%s", warden_client_error(client));
	return client;
}

static struct warden_message *bench_call_request(const char *name, const char *handle)
{
	struct warden_message *request = warden_message_new(name);

	if (!request || (handle && warden_message_set(request, "handle", handle) < 0))
		bench_die("out of memory");
	return request;
}

/* Sends the request and frees it. Returns milliseconds, or -1 on failure. */
static double bench_call_timed(struct warden_client *client, struct warden_message *request,
			       uint64_t *exit_status)
{
	double start = bench_now_ms();
	struct warden_message *answer = warden_client_call(client, request);
	double time = answer ? bench_now_ms() - start : -1;

	if (answer && exit_status)
		*exit_status = warden_message_number(answer, "exit_status", 0);
	warden_message_free(answer);
	warden_message_free(request);
	return time;
}

double bench_call_ping(struct warden_client *client)
{
	return bench_call_timed(client, bench_call_request("ping", NULL), NULL);
}

double bench_call_create(struct warden_client *client, const char *handle)
{
	return bench_call_timed(client, bench_call_request("create", handle), NULL);
}

double bench_call_destroy(struct warden_client *client, const char *handle)
{
	return bench_call_timed(client, bench_call_request("destroy", handle), NULL);
}

double bench_call_copy_in(struct warden_client *client, const char *handle, const char *source,
			  const char *target)
{
	struct warden_message *request = bench_call_request("copy_in", handle);

	if (warden_message_set(request, "src_path", source) < 0 ||
	    warden_message_set(request, "dst_path", target) < 0)
		bench_die("out of memory");
	return bench_call_timed(client, request, NULL);
}

static double bench_call_true(struct warden_client *client, const char *handle, const char *field)
{
	struct warden_message *request = bench_call_request("run", handle);
	uint64_t status = 0;
	double time;

	if (warden_message_set(request, field, "true") < 0)
		bench_die("out of memory");
	time = bench_call_timed(client, request, &status);
	if (time >= 0 && status != 0)
		bench_die("`true` ended with %u", (unsigned)status);
	return time;
}

double bench_call_run(struct warden_client *client, const char *handle)
{
	return bench_call_true(client, handle, "script");
}

double bench_call_run_program(struct warden_client *client, const char *handle)
{
	return bench_call_true(client, handle, "argv");
}

double bench_call_fields(struct warden_client *client, const char *name, const char *const *fields)
{
	struct warden_message *request = bench_call_request(name, NULL);

	for (; fields[0]; fields += 2)
		if (warden_message_set(request, fields[0], fields[1]) < 0)
			bench_die("%s: %s cannot be set", name, fields[0]);
	return bench_call_timed(client, request, NULL);
}
