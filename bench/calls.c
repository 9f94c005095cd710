/* SPDX-License-Identifier: Apache-2.0 */
/* Single requests with their time. The request is made before the clock starts. */
#include <config.h>

#include "bench/bench.h"

#include <stdio.h>
#include <time.h>

double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

struct warden_client *call_connect(const char *socket)
{
	struct warden_client *client = warden_client_new();

	if (!client)
		die("out of memory");
	warden_client_set_timeout(client, 60 * 1000);
	if (warden_client_connect(client, socket) < 0)
		die("%s", warden_client_error(client));
	return client;
}

static struct warden_message *request_new(const char *name, const char *handle)
{
	struct warden_message *request = warden_message_new(name);

	if (!request || (handle && warden_message_set(request, "handle", handle) < 0))
		die("out of memory");
	return request;
}

/* Sends the request and frees it. */
static double timed(struct warden_client *client, struct warden_message *request,
		    uint64_t *exit_status)
{
	double start = now_ms();
	struct warden_message *answer = warden_client_call(client, request);
	double time = answer ? now_ms() - start : -1;

	if (answer && exit_status)
		*exit_status = warden_message_number(answer, "exit_status", 0);
	warden_message_free(answer);
	warden_message_free(request);
	return time;
}

double call_ping(struct warden_client *client)
{
	return timed(client, request_new("ping", NULL), NULL);
}

double call_create(struct warden_client *client, const char *handle)
{
	return timed(client, request_new("create", handle), NULL);
}

double call_destroy(struct warden_client *client, const char *handle)
{
	return timed(client, request_new("destroy", handle), NULL);
}

double call_copy_in(struct warden_client *client, const char *handle, const char *source,
		    const char *target)
{
	struct warden_message *request = request_new("copy_in", handle);

	if (warden_message_set(request, "src_path", source) < 0 ||
	    warden_message_set(request, "dst_path", target) < 0)
		die("out of memory");
	return timed(client, request, NULL);
}

double call_run(struct warden_client *client, const char *handle)
{
	struct warden_message *request = request_new("run", handle);
	uint64_t status = 0;
	double time;

	if (warden_message_set(request, "script", "true") < 0)
		die("out of memory");
	time = timed(client, request, &status);
	if (time >= 0 && status != 0)
		die("`true` ended with %u", (unsigned)status);
	return time;
}
