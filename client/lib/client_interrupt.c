/* SPDX-License-Identifier: Apache-2.0 */
/* An interruption of submitted requests: the connection broke because the daemon restarts, and the
 * client connects again without waiting. */
#include <config.h>

#include "client/lib/client_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void client_interrupt_plan(struct warden_client *client)
{
	client->resume_at = client_socket_now_ms() + client_resume_next_pause(client);
}

static bool client_interrupt_has_resumable(const struct warden_client *client)
{
	const struct client_pending *pending;

	STAILQ_FOREACH(pending, &client->pending, link)
	if (!pending->expired && (!pending->sent || client_submitted_is_resumable(pending)))
		return true;
	return false;
}

/* Whether a request is kept. One that was not sent is sent for the first time; nobody waits for one
 * that has expired. */
static bool client_interrupt_keeps(struct client_pending *pending)
{
	if (pending->expired || (pending->sent && !client_submitted_is_resumable(pending)))
		return false;
	pending->sent = false;
	return true;
}

/* Calls the function of a request that is not resumed. */
static void client_interrupt_fail(struct warden_client *client, struct client_pending *pending,
				  const char *text)
{
	if (!pending->expired) {
		client->n_pending--;
		client_fail_lost(client, pending->type, text);
		pending->function(pending->data, pending->id, NULL, true);
	}
	client_submitted_free(pending);
}

/* Requests that functions submit meanwhile come behind those that are kept. */
int client_interrupt_begin(struct warden_client *client)
{
	struct pending_list before = STAILQ_HEAD_INITIALIZER(before);
	struct pending_list lost = STAILQ_HEAD_INITIALIZER(lost);
	char text[sizeof(client->error)];
	struct client_pending *pending;

	if (!client->resumes || !warden_client_is_interrupted(client) ||
	    !client_interrupt_has_resumable(client) ||
	    !client_resume_begin(client, client->reconnect))
		return -1;
	snprintf(text, sizeof(text), "%s", warden_client_error(client));
	client_disconnect(client);
	client->output_start = client->output_end = 0;
	client->interrupted = true;
	client_interrupt_plan(client);
	STAILQ_CONCAT(&before, &client->pending);
	while ((pending = STAILQ_FIRST(&before))) {
		STAILQ_REMOVE_HEAD(&before, link);
		if (client_interrupt_keeps(pending))
			STAILQ_INSERT_TAIL(&client->pending, pending, link);
		else
			STAILQ_INSERT_TAIL(&lost, pending, link);
	}
	while ((pending = STAILQ_FIRST(&lost))) {
		STAILQ_REMOVE_HEAD(&lost, link);
		client_interrupt_fail(client, pending, text);
	}
	client_clear_error(client);
	return 0;
}

/* The attempt failed. */
static int client_interrupt_go_on(struct warden_client *client, enum socket_failure failure)
{
	int number = errno;

	if ((failure == SOCKET_TIMEOUT || client_resume_is_refused(number)) &&
	    client_socket_now_ms() < client->resume_end) {
		client_interrupt_plan(client);
		return 0;
	}
	return client_fail(client, WARDEN_FAILURE_CONNECTION, "connect to %s: %s", client->path,
			   failure == SOCKET_TIMEOUT ? "no answer" : strerror(number));
}

int client_interrupt_step(struct warden_client *client)
{
	const struct socket_wait at_once = {.timeout = 0, .wake_fd = -1, .cancel_fd = -1};
	enum socket_failure failure;

	if (!client->interrupted || client_socket_now_ms() < client->resume_at)
		return 0;
	client->fd = client_socket_connect(client->path, &at_once, &failure);
	if (client->fd < 0)
		return client_interrupt_go_on(client, failure);
	client->connected_at = client_socket_now_ms();
	client->interrupted = false;
	return client_async_queue(client);
}
