/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections; see wshd_connections.h. Messages are never queued. What is still to be sent follows
 * from what was sent already (`listed`, the `reported` bits of the jobs) and is sent while the
 * socket takes packets.
 */
#include "wshd/wshd_connections.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/packet.h"
#include "wshd/job_table.h"
#include "wshd/wshd_stop.h"

/* Packets that are read from one connection before the others get their turn. */
enum { PACKETS_MAX = 512 };

struct wshd_connection {
	struct wshd_source source;
	unsigned slot; /* index in wshd->connections; bit in `reported` of jobs */
	bool waits;    /* for memory, to be added to epoll */
	bool greeted;  /* WSHD_HELLO was received */
	bool greeting; /* WSHD_HELLO is to be sent */
	bool refusing; /* `refused` is to be sent; nothing is read before */
	struct wshd_refused refused;
	bool watching;   /* gets the ends of jobs */
	bool blocked;    /* the last message could not be sent */
	bool listing;    /* a WSHD_LIST is not answered completely */
	uint64_t listed; /* number of the last job that was sent for it */
	bool stopping;   /* waits for WSHD_EMPTY */
	bool empty;      /* WSHD_EMPTY is to be sent */
};

static void wshd_connection_close(struct wshd *wshd, struct wshd_connection *connection)
{
	wshd->connections[connection->slot] = NULL;
	wshd_source_close(wshd, &connection->source);
	free(connection);
}

/* Waits for what the connection can do next. */
static void wshd_connection_await(struct wshd *wshd, struct wshd_connection *connection)
{
	wshd_source_modify(wshd, &connection->source,
			   (connection->refusing ? 0 : EPOLLIN) |
				   (connection->blocked ? EPOLLOUT : 0));
}

/* Sends a packet. False if that fails now; it is sent again when the socket takes packets or after
 * RETRY_MS. A connection whose peer is closed stays until all packets of the peer are read. */
static bool wshd_connection_send(struct wshd *wshd, struct wshd_connection *connection,
				 const void *message, size_t length, const int *fds, size_t n_fds)
{
	if (packet_send(connection->source.fd, message, length, fds, n_fds, MSG_DONTWAIT) == 0)
		return true;
	connection->blocked = true;
	if (errno == EAGAIN)
		wshd_connection_await(wshd, connection);
	else if (errno == EPIPE || errno == ECONNRESET)
		connection->refusing = false; /* nobody reads it any more */
	else
		wshd->retry = true; /* no memory or too many descriptors in flight: temporary */
	return false;
}

static bool wshd_connection_send_type(struct wshd *wshd, struct wshd_connection *connection,
				      enum wshd_type type)
{
	struct wshd_request message = {.header.type = type};

	return wshd_connection_send(wshd, connection, &message, sizeof(message), NULL, 0);
}

static bool wshd_connection_send_job(struct wshd *wshd, struct wshd_connection *connection,
				     const struct wshd_job *job)
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
	return wshd_connection_send(wshd, connection, &message, sizeof(message), fds, n);
}

static bool wshd_connection_send_list(struct wshd *wshd, struct wshd_connection *connection)
{
	for (struct wshd_job *job = wshd->jobs; job; job = job->next) {
		if (job->shell || job->forgotten || job->number <= connection->listed)
			continue;
		if (!wshd_connection_send_job(wshd, connection, job))
			return false;
		connection->listed = job->number;
	}
	if (!wshd_connection_send_type(wshd, connection, WSHD_LIST_END))
		return false;
	connection->listing = false;
	return true;
}

static bool wshd_connection_send_ends(struct wshd *wshd, struct wshd_connection *connection)
{
	uint32_t bit = UINT32_C(1) << connection->slot;

	for (struct wshd_job *job = wshd->jobs; job; job = job->next) {
		if (!job->ended || job->shell || job->forgotten || (job->reported & bit))
			continue;
		if (!wshd_connection_send(wshd, connection, &job->end, sizeof(job->end), NULL, 0))
			return false;
		job->reported |= bit;
	}
	return true;
}

static bool wshd_connection_send_hello(struct wshd *wshd, struct wshd_connection *connection)
{
	struct wshd_hello hello = {
		.header.type = WSHD_HELLO,
		.version = WSHD_VERSION,
		.features = WSHD_TAKES_FILTERS,
	};

	connection->greeting =
		!wshd_connection_send(wshd, connection, &hello, sizeof(hello), NULL, 0);
	return !connection->greeting;
}

/* Sends the refusal that waits, then reads again. */
static bool wshd_connection_send_refused(struct wshd *wshd, struct wshd_connection *connection)
{
	if (!wshd_connection_send(wshd, connection, &connection->refused,
				  sizeof(connection->refused), NULL, 0))
		return false;
	connection->refusing = false;
	wshd_connection_await(wshd, connection);
	return true;
}

static void wshd_connection_send_pending(struct wshd *wshd, struct wshd_connection *connection)
{
	if (connection->blocked ||
	    (connection->greeting && !wshd_connection_send_hello(wshd, connection)) ||
	    (connection->refusing && !wshd_connection_send_refused(wshd, connection)) ||
	    (connection->listing && !wshd_connection_send_list(wshd, connection)) ||
	    (connection->watching && !wshd_connection_send_ends(wshd, connection)))
		return;
	if (connection->empty && wshd_connection_send_type(wshd, connection, WSHD_EMPTY))
		connection->empty = false;
}

void wshd_connections_report(struct wshd *wshd)
{
	for (unsigned i = 0; i < WSHD_CONNECTIONS; i++)
		if (wshd->connections[i])
			wshd_connection_send_pending(wshd, wshd->connections[i]);
}

/* Reads its packets from now on, or from the next try. */
static void wshd_connection_register(struct wshd *wshd, struct wshd_connection *connection)
{
	connection->waits = !wshd_source_add(wshd, &connection->source, EPOLLIN);
	if (connection->waits)
		wshd->retry = true;
}

void wshd_connections_retry(struct wshd *wshd)
{
	wshd_source_modify(wshd, &wshd->listening, EPOLLIN);
	for (unsigned i = 0; i < WSHD_CONNECTIONS; i++) {
		if (!wshd->connections[i])
			continue;
		if (wshd->connections[i]->waits)
			wshd_connection_register(wshd, wshd->connections[i]);
		wshd->connections[i]->blocked = false;
	}
	wshd_connections_report(wshd);
}

void wshd_connections_report_empty(struct wshd *wshd)
{
	for (unsigned i = 0; i < WSHD_CONNECTIONS; i++) {
		struct wshd_connection *connection = wshd->connections[i];

		if (!connection || !connection->stopping)
			continue;
		connection->stopping = false;
		connection->empty = true;
		wshd_connection_send_pending(wshd, connection);
	}
}

/* Until the error is sent no other packet of the connection is read, so that none is lost. */
static void wshd_connection_refuse(struct wshd *wshd, struct wshd_connection *connection,
				   const struct packet *packet, int number)
{
	connection->refused = (struct wshd_refused){
		.header = {.type = WSHD_REFUSED, .job_id = packet->message.header.job_id},
		.refused = packet->message.header.type,
		.error = number,
	};
	connection->refusing = true;
	wshd_connection_send_pending(wshd, connection);
	if (connection->refusing)
		wshd_connection_await(wshd, connection);
}

static bool wshd_connection_hello(struct wshd *wshd, struct wshd_connection *connection,
				  struct packet *packet)
{
	(void)packet; /* no message differs between versions */
	connection->greeted = true;
	connection->greeting = true;
	wshd_connection_send_pending(wshd, connection);
	return true;
}

static bool wshd_connection_spawn(struct wshd *wshd, struct wshd_connection *connection,
				  struct packet *packet)
{
	int number;

	if (!packet_place(packet, packet->message.spawn.present, WSHD_FDS_REQUIRED))
		return false;
	number = job_table_spawn(wshd, packet);
	if (number != 0)
		wshd_connection_refuse(wshd, connection, packet, number);
	return true;
}

static bool wshd_connection_signal(struct wshd *wshd, struct wshd_connection *connection,
				   struct packet *packet)
{
	struct wshd_job *job = job_table_find(wshd, packet->message.header.job_id);

	(void)connection;
	if (job)
		job_table_signal(wshd, job, WSHD_SIGNAL, packet->message.signal.signal);
	return true;
}

static bool wshd_connection_forget(struct wshd *wshd, struct wshd_connection *connection,
				   struct packet *packet)
{
	struct wshd_job *job = job_table_find(wshd, packet->message.header.job_id);

	(void)connection;
	if (job)
		job_table_forget(wshd, job);
	return true;
}

static bool wshd_connection_close_input(struct wshd *wshd, struct wshd_connection *connection,
					struct packet *packet)
{
	struct wshd_job *job = job_table_find(wshd, packet->message.header.job_id);

	(void)connection;
	if (job)
		job_table_close_input(job);
	return true;
}

static bool wshd_connection_resize(struct wshd *wshd, struct wshd_connection *connection,
				   struct packet *packet)
{
	struct wshd_job *job = job_table_find(wshd, packet->message.header.job_id);

	(void)connection;
	if (job)
		job_table_resize(wshd, job, &packet->message.resize.window);
	return true;
}

/* If the filter cannot be kept, the job that was to get it is refused: it does not find it. */
static bool wshd_connection_filter(struct wshd *wshd, struct wshd_connection *connection,
				   struct packet *packet)
{
	const struct wshd_filter *message = &packet->message.filter;

	if (!call_filter_take(message->header.job_id ? &wshd->job_filter : &wshd->filter, message,
			      packet->fds[0]))
		wshd_connection_refuse(wshd, connection, packet, errno);
	return true;
}

static bool wshd_connection_list(struct wshd *wshd, struct wshd_connection *connection,
				 struct packet *packet)
{
	(void)packet;
	connection->listing = true;
	connection->listed = 0;
	wshd_connection_send_pending(wshd, connection);
	return true;
}

static bool wshd_connection_watch(struct wshd *wshd, struct wshd_connection *connection,
				  struct packet *packet)
{
	(void)packet;
	connection->watching = true;
	wshd_connection_send_pending(wshd, connection);
	return true;
}

static bool wshd_connection_stop(struct wshd *wshd, struct wshd_connection *connection,
				 struct packet *packet)
{
	connection->stopping = true;
	wshd_stop_begin(wshd, packet->message.signal.signal);
	return true;
}

static bool wshd_connection_end(struct wshd *wshd, struct wshd_connection *connection,
				struct packet *packet)
{
	(void)connection;
	(void)packet;
	wshd->ending = true;
	wshd_stop_begin(wshd, SIGKILL);
	return true;
}

static bool wshd_connection_shell_fits(const struct packet *packet)
{
	bool terminal = packet->message.shell.flags & WSHD_SHELL_TERMINAL;

	return packet->n_fds == WSHD_COMMAND_FDS + (terminal ? 0 : WSHD_STREAM_FDS);
}

/* Starts a shell. Its keeper inherits the connection; returning false closes it in wshd. */
static bool wshd_connection_shell(struct wshd *wshd, struct wshd_connection *connection,
				  struct packet *packet)
{
	int number;

	if (!wshd_connection_shell_fits(packet))
		return false;
	number = job_table_start_shell(wshd, packet, connection->source.fd);
	if (number == 0)
		return false;
	wshd_connection_refuse(wshd, connection, packet, number);
	return true;
}

/* For each request type its exact size and its handler. A wrong size, or a handler that returns
 * false, closes the connection. */
static const struct {
	enum wshd_type type;
	size_t length;
	int n_fds; /* -1: the handler checks it */
	bool (*take)(struct wshd *wshd, struct wshd_connection *connection, struct packet *packet);
} requests[] = {
	{WSHD_HELLO, sizeof(struct wshd_hello), 0, wshd_connection_hello},
	{WSHD_SPAWN, sizeof(struct wshd_spawn), -1, wshd_connection_spawn},
	{WSHD_SIGNAL, sizeof(struct wshd_signal), 0, wshd_connection_signal},
	{WSHD_FORGET, sizeof(struct wshd_request), 0, wshd_connection_forget},
	{WSHD_LIST, sizeof(struct wshd_request), 0, wshd_connection_list},
	{WSHD_WATCH, sizeof(struct wshd_request), 0, wshd_connection_watch},
	{WSHD_STOP, sizeof(struct wshd_signal), 0, wshd_connection_stop},
	{WSHD_END, sizeof(struct wshd_request), 0, wshd_connection_end},
	{WSHD_SHELL, sizeof(struct wshd_shell), -1, wshd_connection_shell},
	{WSHD_CLOSE_INPUT, sizeof(struct wshd_request), 0, wshd_connection_close_input},
	{WSHD_RESIZE, sizeof(struct wshd_resize), 0, wshd_connection_resize},
	{WSHD_FILTER, sizeof(struct wshd_filter), 1, wshd_connection_filter},
};

static bool wshd_connection_handle(struct wshd *wshd, struct wshd_connection *connection,
				   struct packet *packet)
{
	uint32_t type = packet->message.header.type;

	if (!connection->greeted && type != WSHD_HELLO)
		return false;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (requests[i].type != type)
			continue;
		if (packet->length != requests[i].length ||
		    (requests[i].n_fds >= 0 && packet->n_fds != (size_t)requests[i].n_fds))
			return false;
		return requests[i].take(wshd, connection, packet);
	}
	wshd_connection_refuse(wshd, connection, packet, EOPNOTSUPP);
	return true;
}

/* The descriptors of the packet are lost. */
static void wshd_connection_refuse_fds(struct wshd *wshd, struct wshd_connection *connection,
				       const struct packet *packet)
{
	if (packet->message.header.type != WSHD_SPAWN ||
	    !job_table_refuse(wshd, packet->message.header.job_id, EMFILE))
		wshd_connection_refuse(wshd, connection, packet, EMFILE);
}

/* Reads and handles one packet. False if there is none now, or if the connection is closed. */
static bool wshd_connection_receive(struct wshd *wshd, struct wshd_connection *connection)
{
	struct packet packet;
	bool goes_on;
	int got;

	if (connection->refusing)
		return false;
	got = packet_receive(connection->source.fd, &packet, MSG_DONTWAIT);
	if (got < 0 && packet_is_temporary(errno)) {
		if (errno != EAGAIN)
			poll(NULL, 0, WSHD_PAUSE_MS); /* epoll reports the packet again at once */
		return false;
	}
	if (got < 0 && errno == EMFILE && connection->greeted) {
		wshd_connection_refuse_fds(wshd, connection, &packet);
		return true;
	}
	goes_on = got == 1 && wshd_connection_handle(wshd, connection, &packet);
	if (got == 1)
		packet_close(&packet);
	if (!goes_on)
		wshd_connection_close(wshd, connection);
	return goes_on;
}

/* Handles all packets that have arrived, so that the requests of a previous daemon come before the
 * WSHD_LIST of its successor. A socket's buffer holds no more than PACKETS_MAX packets. */
static void wshd_connection_on_ready(struct wshd *wshd, struct wshd_source *source, uint32_t events)
{
	struct wshd_connection *connection =
		(struct wshd_connection *)source; /* its first member */

	if (events & (EPOLLHUP | EPOLLERR))
		connection->refusing = false; /* nobody reads it any more */
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
		connection->blocked = false;
		wshd_connection_await(wshd, connection);
		wshd_connection_send_pending(wshd, connection);
	}
	for (int i = 0; i < PACKETS_MAX && wshd_connection_receive(wshd, connection); i++)
		;
}

/* No descriptor or no memory: epoll would report it again at once. */
static void wshd_connections_pause(struct wshd *wshd)
{
	wshd_source_modify(wshd, &wshd->listening, 0);
	wshd->retry = true;
}

/* Accepts a client for a free slot. The memory comes first: to the daemon a connection that closes
 * is the end of the container. */
static void wshd_connection_accept(struct wshd *wshd, unsigned slot)
{
	struct wshd_connection *connection = calloc(1, sizeof(*connection));
	int fd = connection ? accept4(wshd->listening.fd, NULL, NULL, SOCK_CLOEXEC) : -1;

	if (fd < 0) {
		if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
			wshd_connections_pause(wshd);
		free(connection);
		return;
	}
	connection->source = (struct wshd_source){.fd = fd, .ready = wshd_connection_on_ready};
	connection->slot = slot;
	for (struct wshd_job *job = wshd->jobs; job; job = job->next)
		job->reported &= ~(UINT32_C(1) << slot);
	wshd->connections[slot] = connection;
	wshd_connection_register(wshd, connection);
}

void wshd_connections_accept(struct wshd *wshd, struct wshd_source *listening, uint32_t events)
{
	unsigned slot = 0;
	int fd;

	(void)events;
	while (slot < WSHD_CONNECTIONS && wshd->connections[slot])
		slot++;
	if (slot < WSHD_CONNECTIONS) {
		wshd_connection_accept(wshd, slot);
		return;
	}
	fd = accept4(listening->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd); /* too many */
	else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
		wshd_connections_pause(wshd);
}
