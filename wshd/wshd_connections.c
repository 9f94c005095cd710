/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections; see wshd_connections.h. What a connection has to be told is never queued: it follows
 * from what the connection knows (`listed`, the `told` bits of the jobs) and is sent while its
 * socket takes packets.
 */
#include "wshd/wshd_connections.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/packet.h"
#include "wshd/job_table.h"
#include "wshd/wshd_stop.h"

/* Packets that are taken before others have their turn. */
enum { PACKETS_MAX = 512 };

struct client {
	struct wshd_source source;
	unsigned slot;
	bool greeted, watching;
	bool blocked; /* its socket is full */
	bool listing;
	uint64_t listed; /* number of the last job that its list has */
	bool stopping;   /* waits for WSHD_EMPTY */
	bool empty;      /* is to be told WSHD_EMPTY */
};

static void client_close(struct wshd *wshd, struct client *client)
{
	wshd->clients[client->slot] = NULL;
	wshd_source_close(wshd, &client->source);
	free(client);
}

/* False when it cannot be sent now: when the socket takes it again it is tried again. A connection
 * whose other end is closed goes when all that was sent through it is read. */
static bool client_send(struct wshd *wshd, struct client *client, const void *message,
			size_t length, const int *fds, size_t n_fds)
{
	if (packet_send(client->source.fd, message, length, fds, n_fds, MSG_DONTWAIT) == 0)
		return true;
	client->blocked = true;
	if (errno == EAGAIN)
		wshd_source_modify(wshd, &client->source, EPOLLIN | EPOLLOUT);
	else if (errno != EPIPE && errno != ECONNRESET)
		wshd->retry = true; /* no memory, too many descriptors on their way: passes */
	return false;
}

static bool send_plain(struct wshd *wshd, struct client *client, enum wshd_type type)
{
	struct wshd_request message = {.header.type = type};

	return client_send(wshd, client, &message, sizeof(message), NULL, 0);
}

static bool send_job(struct wshd *wshd, struct client *client, const struct wshd_job *job)
{
	struct wshd_listed_job message = {
		.header = {.type = WSHD_JOB, .job_id = job->end.header.job_id},
	};
	int all[WSHD_SPAWN_FDS], fds[WSHD_SPAWN_FDS];
	size_t n;

	memset(all, 0xff, sizeof(all)); /* -1: none */
	all[WSHD_FD_STDIN_WRITE] = job->stdin_fd;
	all[WSHD_FD_STDOUT_READ] = job->stdout_fd;
	all[WSHD_FD_STDERR_READ] = job->stderr_fd;
	n = packet_gather_fds(all, fds, &message.present);
	return client_send(wshd, client, &message, sizeof(message), fds, n);
}

static bool send_list(struct wshd *wshd, struct client *client)
{
	for (struct wshd_job *job = wshd->jobs; job; job = job->next) {
		if (job->shell || job->forgotten || job->number <= client->listed)
			continue;
		if (!send_job(wshd, client, job))
			return false;
		client->listed = job->number;
	}
	if (!send_plain(wshd, client, WSHD_LIST_END))
		return false;
	client->listing = false;
	return true;
}

static bool send_ended(struct wshd *wshd, struct client *client)
{
	uint32_t bit = UINT32_C(1) << client->slot;

	for (struct wshd_job *job = wshd->jobs; job; job = job->next) {
		if (!job->ended || job->shell || job->forgotten || (job->told & bit))
			continue;
		if (!client_send(wshd, client, &job->end, sizeof(job->end), NULL, 0))
			return false;
		job->told |= bit;
	}
	return true;
}

static void client_tell(struct wshd *wshd, struct client *client)
{
	if (client->blocked || (client->listing && !send_list(wshd, client)) ||
	    (client->watching && !send_ended(wshd, client)))
		return;
	if (client->empty && send_plain(wshd, client, WSHD_EMPTY))
		client->empty = false;
}

void wshd_connections_report(struct wshd *wshd)
{
	for (unsigned i = 0; i < WSHD_CLIENTS; i++)
		if (wshd->clients[i])
			client_tell(wshd, wshd->clients[i]);
}

void wshd_connections_retry(struct wshd *wshd)
{
	wshd->retry = false;
	for (unsigned i = 0; i < WSHD_CLIENTS; i++)
		if (wshd->clients[i])
			wshd->clients[i]->blocked = false;
	wshd_connections_report(wshd);
}

void wshd_connections_report_empty(struct wshd *wshd)
{
	for (unsigned i = 0; i < WSHD_CLIENTS; i++) {
		struct client *client = wshd->clients[i];

		if (!client || !client->stopping)
			continue;
		client->stopping = false;
		client->empty = true;
		client_tell(wshd, client);
	}
}

/* Said at once and only once, so it needs no state: a client that does not read is told nothing. */
static void refuse(const struct client *client, const struct packet *packet, int number)
{
	struct wshd_refused message = {
		.header = {.type = WSHD_REFUSED, .job_id = packet->message.header.job_id},
		.refused = packet->message.header.type,
		.error = number,
	};

	packet_send(client->source.fd, &message, sizeof(message), NULL, 0, MSG_DONTWAIT);
}

static bool take_hello(struct wshd *wshd, struct client *client, struct packet *packet)
{
	struct wshd_hello hello = {.header.type = WSHD_HELLO, .version = WSHD_VERSION};

	(void)packet; /* each type is the same in all versions */
	client->greeted = true;
	client_send(wshd, client, &hello, sizeof(hello), NULL, 0); /* fits, or nobody is there */
	return true;
}

static bool take_spawn(struct wshd *wshd, struct client *client, struct packet *packet)
{
	int number;

	if (!packet_place(packet, packet->message.spawn.present, WSHD_FDS_REQUIRED))
		return false;
	number = job_table_spawn(wshd, packet);
	if (number != 0)
		refuse(client, packet, number);
	return true;
}

static bool take_signal(struct wshd *wshd, struct client *client, struct packet *packet)
{
	const struct wshd_job *job = job_table_find(wshd, packet->message.header.job_id);

	(void)client;
	if (job)
		job_table_signal(job, WSHD_SIGNAL, packet->message.signal.signal);
	return true;
}

static bool take_forget(struct wshd *wshd, struct client *client, struct packet *packet)
{
	struct wshd_job *job = job_table_find(wshd, packet->message.header.job_id);

	(void)client;
	if (job)
		job_table_forget(wshd, job);
	return true;
}

static bool take_close_input(struct wshd *wshd, struct client *client, struct packet *packet)
{
	struct wshd_job *job = job_table_find(wshd, packet->message.header.job_id);

	(void)client;
	if (job)
		job_table_close_input(job);
	return true;
}

static bool take_resize(struct wshd *wshd, struct client *client, struct packet *packet)
{
	const struct wshd_job *job = job_table_find(wshd, packet->message.header.job_id);

	(void)client;
	if (job)
		job_table_resize(job, &packet->message.resize.window);
	return true;
}

static bool take_list(struct wshd *wshd, struct client *client, struct packet *packet)
{
	(void)packet;
	client->listing = true;
	client->listed = 0;
	client_tell(wshd, client);
	return true;
}

static bool take_watch(struct wshd *wshd, struct client *client, struct packet *packet)
{
	(void)packet;
	client->watching = true;
	client_tell(wshd, client);
	return true;
}

static bool take_stop(struct wshd *wshd, struct client *client, struct packet *packet)
{
	client->stopping = true;
	wshd_stop_begin(wshd, packet->message.signal.signal);
	return true;
}

static bool take_end(struct wshd *wshd, struct client *client, struct packet *packet)
{
	(void)client;
	(void)packet;
	wshd->ending = true;
	wshd_stop_begin(wshd, SIGKILL);
	return true;
}

static bool shell_fits(const struct packet *packet)
{
	bool terminal = packet->message.shell.flags & WSHD_SHELL_TERMINAL;

	return packet->n_fds == WSHD_COMMAND_FDS + (terminal ? 0 : WSHD_STREAM_FDS);
}

/* Its keeper goes on with the connection, which is none of wshd's any more. */
static bool take_shell(struct wshd *wshd, struct client *client, struct packet *packet)
{
	int number;

	if (!shell_fits(packet))
		return false;
	number = job_table_shell(wshd, packet, client->source.fd);
	if (number == 0)
		return false;
	refuse(client, packet, number);
	return true;
}

/* What each type must bring, and what takes it; false closes the connection. */
static const struct {
	enum wshd_type type;
	size_t length;
	int n_fds; /* -1: told by the message itself */
	bool (*take)(struct wshd *wshd, struct client *client, struct packet *packet);
} requests[] = {
	{WSHD_HELLO, sizeof(struct wshd_hello), 0, take_hello},
	{WSHD_SPAWN, sizeof(struct wshd_spawn), -1, take_spawn},
	{WSHD_SIGNAL, sizeof(struct wshd_signal), 0, take_signal},
	{WSHD_FORGET, sizeof(struct wshd_request), 0, take_forget},
	{WSHD_LIST, sizeof(struct wshd_request), 0, take_list},
	{WSHD_WATCH, sizeof(struct wshd_request), 0, take_watch},
	{WSHD_STOP, sizeof(struct wshd_signal), 0, take_stop},
	{WSHD_END, sizeof(struct wshd_request), 0, take_end},
	{WSHD_SHELL, sizeof(struct wshd_shell), -1, take_shell},
	{WSHD_CLOSE_INPUT, sizeof(struct wshd_request), 0, take_close_input},
	{WSHD_RESIZE, sizeof(struct wshd_resize), 0, take_resize},
};

static bool client_take(struct wshd *wshd, struct client *client, struct packet *packet)
{
	uint32_t type = packet->message.header.type;

	if (!client->greeted && type != WSHD_HELLO)
		return false;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (requests[i].type != type)
			continue;
		if (packet->length != requests[i].length ||
		    (requests[i].n_fds >= 0 && packet->n_fds != (size_t)requests[i].n_fds))
			return false;
		return requests[i].take(wshd, client, packet);
	}
	refuse(client, packet, EOPNOTSUPP);
	return true;
}

/* Takes one packet; false when there is none now, or the connection is closed. */
static bool client_receive(struct wshd *wshd, struct client *client)
{
	struct packet packet;
	bool goes_on;
	int got = packet_receive(client->source.fd, &packet, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return false;
	goes_on = got == 1 && client_take(wshd, client, &packet);
	if (got == 1)
		packet_close(&packet);
	if (!goes_on)
		client_close(wshd, client);
	return goes_on;
}

/* All that has come is taken at once: what an earlier daemon has sent comes before the list that
 * its successor asks for. No socket's buffer holds more than so many packets. */
static void client_ready(struct wshd *wshd, struct wshd_source *source, uint32_t events)
{
	struct client *client = (struct client *)source; /* its first member */

	if (client->blocked && (events & EPOLLOUT)) {
		client->blocked = false;
		wshd_source_modify(wshd, source, EPOLLIN);
		client_tell(wshd, client);
	}
	for (int i = 0; i < PACKETS_MAX && client_receive(wshd, client); i++)
		;
}

static bool client_new(struct wshd *wshd, int fd, unsigned slot)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return false;
	client->source = (struct wshd_source){.fd = fd, .ready = client_ready};
	client->slot = slot;
	if (!wshd_source_add(wshd, &client->source, EPOLLIN)) {
		free(client);
		return false;
	}
	for (struct wshd_job *job = wshd->jobs; job; job = job->next)
		job->told &= ~(UINT32_C(1) << slot);
	wshd->clients[slot] = client;
	return true;
}

void wshd_connections_accept(struct wshd *wshd, struct wshd_source *listening, uint32_t events)
{
	int fd = accept4(listening->fd, NULL, NULL, SOCK_CLOEXEC);
	unsigned slot = 0;

	(void)events;
	if (fd < 0)
		return; /* it has gone again, or there is no descriptor now: level-triggered */
	while (slot < WSHD_CLIENTS && wshd->clients[slot])
		slot++;
	if (slot == WSHD_CLIENTS || !client_new(wshd, fd, slot))
		close(fd);
}
