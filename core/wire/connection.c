/* SPDX-License-Identifier: Apache-2.0 */
/* Client connections: splits input into frames for the dispatcher, writes output segment by
 * segment; see connection.h. */
#include <config.h>

#include "core/wire/connection.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/container/prepared_room.h"
#include "core/log.h"
#include "core/server.h"
#include "core/transfer/upload.h"
#include "core/wire/request.h"
#include "lib/patient.h"

enum {
	INPUT_MOST = 262144, /* bytes that are buffered while a request runs */
	FILE_BLOCK = 65536,  /* bytes of a file that are written from memory */
	GATHER = 16,         /* pieces of memory written at once */
	/* Of connections that have so many bytes of a file to send. The kernel doubles it, since it
	 * also counts its own structures. */
	LARGE_ANSWER = 1 << 20,
	SEND_BUFFER = 2 << 20,
	/* A client that is denied access keeps its connection for this long, so that its request
	 * does not fail before it has read why; at most so many of them do. */
	LINGER_MS = 1000,
	LINGER_MAX = 64,
};

bool segment_add_memory(struct segment_list *list, uint8_t *data, size_t length)
{
	struct segment *segment = data ? malloc(sizeof(*segment)) : NULL;

	if (!segment) {
		free(data);
		return false;
	}
	*segment = (struct segment){.data = data, .length = length, .fd = -1};
	TAILQ_INSERT_TAIL(list, segment, link);
	return true;
}

bool segment_add_file(struct segment_list *list, int fd, uint64_t offset, uint64_t length)
{
	struct segment *segment = malloc(sizeof(*segment));

	if (!segment) {
		close(fd);
		return false;
	}
	*segment = (struct segment){.fd = fd, .offset = offset, .left = length};
	TAILQ_INSERT_TAIL(list, segment, link);
	return true;
}

static void connection_free_segment(struct segment *segment)
{
	if (segment->fd >= 0)
		close(segment->fd);
	free(segment->data);
	free(segment);
}

void segments_free(struct segment_list *list)
{
	struct segment *segment;

	while ((segment = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, segment, link);
		connection_free_segment(segment);
	}
}

/* Counts what the connection holds in its account. */
static void connection_count_held(struct connection *connection)
{
	const struct segment *segment;
	uint64_t held = connection->parser.length;

	held = held > CLIENT_ACCOUNT_FREE ? held - CLIENT_ACCOUNT_FREE : 0;
	TAILQ_FOREACH(segment, &connection->output, link)
		held += segment->length;
	connection->account->bytes += held - connection->held;
	connection->held = held;
}

static void connection_free_if_done(struct connection *connection)
{
	struct server *server = connection->server;

	if (!connection->handle_closed || connection->writing)
		return;
	if (connection->account) {
		connection->account->bytes -= connection->held;
		connection->account->send_buffers -= connection->send_buffer;
		connection->account->connections--;
	}
	segments_free(&connection->output);
	frame_parser_free(&connection->parser);
	free(connection);
	server->drain_step(server);
}

static void connection_on_closed(uv_handle_t *handle)
{
	struct connection *connection = handle->data;

	connection->handle_closed = true;
	connection_free_if_done(connection);
}

static void connection_on_poll_closed(uv_handle_t *handle)
{
	free(handle);
}

static void connection_stop_hangup(struct connection *connection)
{
	if (!connection->hangup)
		return;
	uv_close((uv_handle_t *)connection->hangup, connection_on_poll_closed);
	connection->hangup = NULL;
	close(connection->hangup_fd);
}

/* Ends what a worker sends. The socket is closed when the worker has let go of it. */
static void connection_shut_down(struct connection *connection)
{
	uv_read_stop((uv_stream_t *)&connection->pipe);
	shutdown(connection->sender.socket_fd, SHUT_RDWR); /* else the worker's next call fails */
}

void connection_close(struct connection *connection)
{
	struct request *request = connection->request;
	bool was_oldest = grace_oldest_connection(connection->server) == connection;

	if (connection->closed)
		return;
	connection->closed = true;
	connection->closing = true;
	connection->request = NULL;
	connection->server->lingering -= connection->lingers;
	timer_stop(&connection->turn);
	connection_stop_hangup(connection);
	if (request)
		request_abandon(request);
	if (connection->upload)
		upload_abandon(connection->upload);
	TAILQ_REMOVE(&connection->server->connections, connection, link);
	grace_connection_closed(connection, was_oldest);
	if (connection->sending)
		connection_shut_down(connection);
	else
		uv_close((uv_handle_t *)&connection->pipe, connection_on_closed);
}

void connection_close_when_read(struct connection *connection)
{
	int fd;

	if (connection->closing || uv_fileno((uv_handle_t *)&connection->pipe, &fd) < 0 ||
	    shutdown(fd, SHUT_RD) < 0)
		connection_close(connection);
}

static void connection_write_next(struct connection *connection);

static void connection_fail(struct connection *connection, const char *what, int result)
{
	log_write(WARDEN_LOG_DEBUG, "client: %s: %s", what, uv_strerror(result));
	connection_close(connection);
}

/* Removes what is written from the front of the output. */
static void connection_drop_written(struct connection *connection, size_t written)
{
	struct segment *segment;

	while ((segment = TAILQ_FIRST(&connection->output)) && segment->fd < 0 &&
	       written >= segment->length) {
		written -= segment->length;
		TAILQ_REMOVE(&connection->output, segment, link);
		connection_free_segment(segment);
	}
	if (written > 0) {
		segment->length -= written;
		memmove(segment->data, segment->data + written, segment->length);
	}
}

/* The front segment is written, or one block of it if it is in a file. */
static void connection_on_written(uv_write_t *write, int status)
{
	struct connection *connection = write->data;
	struct segment *segment = TAILQ_FIRST(&connection->output);

	connection->writing = false;
	connection->progress = true;
	if (connection->closed) {
		connection_free_if_done(connection);
		return;
	}
	if (status < 0) {
		connection_fail(connection, "write", status);
		return;
	}
	if (segment->fd < 0 || segment->left == 0) {
		TAILQ_REMOVE(&connection->output, segment, link);
		connection_free_segment(segment);
	}
	connection_count_held(connection);
	connection_write_next(connection);
}

static void connection_write_bytes(struct connection *connection, uint8_t *data, size_t length)
{
	uv_buf_t buffer = uv_buf_init((char *)data, (unsigned)length);
	int result;

	connection->writing = true;
	connection->write.data = connection;
	result = uv_write(&connection->write, (uv_stream_t *)&connection->pipe, &buffer, 1,
			  connection_on_written);
	if (result < 0) {
		connection->writing = false;
		connection_fail(connection, "write", result);
	}
}

static void connection_on_file_read(uv_fs_t *read)
{
	struct connection *connection = read->data;
	struct segment *segment = TAILQ_FIRST(&connection->output);
	ssize_t got = read->result;

	uv_fs_req_cleanup(read);
	connection->writing = false;
	if (connection->closed) {
		connection_free_if_done(connection);
	} else if (got <= 0) {
		/* The frame's length is sent already, so an error answer is impossible: close. */
		log_write(WARDEN_LOG_ERROR, "read a job's output: %s",
			  got < 0 ? uv_strerror((int)got) : "unexpected end of file");
		connection_close(connection);
	} else {
		segment->offset += (uint64_t)got;
		segment->left -= (uint64_t)got;
		connection_write_bytes(connection, segment->data, (size_t)got);
	}
}

/* What sendfile(2) cannot send at the moment goes through memory: libuv waits until the client
 * reads. */
static void connection_read_file(struct connection *connection, struct segment *segment)
{
	size_t size = segment->left < FILE_BLOCK ? (size_t)segment->left : FILE_BLOCK;
	uv_buf_t buffer;

	if (!segment->data)
		segment->data = malloc(size);
	if (!segment->data) {
		connection_fail(connection, "read a job's output", UV_ENOMEM);
		return;
	}
	buffer = uv_buf_init((char *)segment->data, (unsigned)size);
	connection->read.data = connection;
	connection->writing = true;
	if (uv_fs_read(&connection->server->loop, &connection->read, segment->fd, &buffer, 1,
		       (int64_t)segment->offset, connection_on_file_read) < 0) {
		connection->writing = false;
		connection_fail(connection, "read a job's output", UV_ENOMEM);
	}
}

static void connection_on_sent(struct work *work)
{
	struct file_sender *sender = work->data;
	struct connection *connection = sender->data;
	struct segment *segment = TAILQ_FIRST(&connection->output);

	connection->writing = connection->sending = false;
	connection->progress |= sender->sent > 0;
	segment->offset = sender->offset;
	segment->left = sender->left;
	if (connection->closed) {
		uv_close((uv_handle_t *)&connection->pipe, connection_on_closed);
	} else if (sender->number == ENODATA) {
		/* The frame's length is sent already, so an error answer is impossible: close. */
		log_write(WARDEN_LOG_ERROR, "send a job's output: unexpected end of file");
		connection_close(connection);
	} else if (sender->number != 0) {
		connection_read_file(connection, segment);
	} else {
		if (segment->left == 0) {
			TAILQ_REMOVE(&connection->output, segment, link);
			connection_free_segment(segment);
		}
		connection_write_next(connection);
	}
}

/* Without it a client that reads fast would empty the socket before the daemon has its turn. */
static void connection_enlarge_send_buffer(struct connection *connection, int fd)
{
	const int size = SEND_BUFFER;

	if (connection->send_buffer > 0 ||
	    !client_account_take_send_buffer(connection->server->config, connection->account,
					     2 * SEND_BUFFER))
		return;
	/* The second one if the daemon lacks CAP_NET_ADMIN; it is bounded by net.core.wmem_max. If
	 * it fails too, the buffer stays as it is. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	connection->send_buffer = 2 * SEND_BUFFER;
}

static void connection_send_file(struct connection *connection, const struct segment *segment)
{
	struct file_sender *sender = &connection->sender;

	if (uv_fileno((uv_handle_t *)&connection->pipe, &sender->socket_fd) < 0) {
		connection_fail(connection, "send a job's output", UV_EBADF);
		return;
	}
	if (segment->left >= LARGE_ANSWER)
		connection_enlarge_send_buffer(connection, sender->socket_fd);
	sender->data = connection;
	sender->workers = connection->server->send_workers;
	sender->file_fd = segment->fd;
	sender->offset = segment->offset;
	sender->left = segment->left;
	connection->writing = connection->sending = true;
	file_sender_start(sender, connection_on_sent);
}

static void connection_process_frames(struct connection *connection);

static void connection_on_lingered(uv_timer_t *timer)
{
	connection_close(timer->data);
}

/* True: the connection closes later. */
static bool connection_linger(struct connection *connection)
{
	struct server *server = connection->server;

	if (connection->access != ACCESS_NONE || server->lingering >= LINGER_MAX ||
	    server->draining)
		return false;
	connection->turn = timer_start(server, LINGER_MS, connection_on_lingered, connection);
	connection->lingers = connection->turn != NULL;
	server->lingering += connection->lingers;
	return connection->lingers;
}

static void connection_output_written(struct connection *connection)
{
	struct request *request = connection->request;

	if (request)
		request_written(request, true);
	else if (connection->closing && connection_linger(connection))
		return;
	else if (connection->closing)
		connection_close(connection);
	else
		connection_process_frames(connection);
}

/* A small piece of a file that needs no wait for the disk becomes memory, which saves a turn of a
 * worker. */
static void connection_load_file(struct segment *segment)
{
	size_t size = (size_t)segment->left;

	if (segment->left > FILE_BLOCK)
		return;
	if (!segment->data)
		segment->data = malloc(size);
	if (!segment->data ||
	    !file_sender_read_now(segment->fd, segment->offset, segment->data, size))
		return;
	close(segment->fd);
	segment->fd = -1;
	segment->length = size;
}

/* The pieces of memory at the front of the output. */
static unsigned connection_gather(struct connection *connection, uv_buf_t *buffers, size_t *size)
{
	struct segment *segment;
	unsigned n = 0;

	*size = 0;
	TAILQ_FOREACH(segment, &connection->output, link) {
		if (segment->fd >= 0)
			connection_load_file(segment);
		if (segment->fd >= 0 || n == GATHER)
			break;
		buffers[n++] = uv_buf_init((char *)segment->data, (unsigned)segment->length);
		*size += segment->length;
	}
	return n;
}

/* Writes without waiting as much as the socket's buffer takes. Small answers mostly fit, which
 * saves a turn of the loop. */
static void connection_try_write(struct connection *connection)
{
	uv_buf_t buffers[GATHER];
	size_t size;
	unsigned n;
	int written;

	while ((n = connection_gather(connection, buffers, &size)) > 0) {
		written = uv_try_write((uv_stream_t *)&connection->pipe, buffers, n);
		if (written >= 0)
			connection_drop_written(connection, (size_t)written);
		if (written < (int)size)
			break;
	}
	connection_count_held(connection);
}

static void connection_write_next(struct connection *connection)
{
	struct segment *segment;

	connection_try_write(connection);
	segment = TAILQ_FIRST(&connection->output);
	if (!segment)
		connection_output_written(connection);
	else if (segment->fd < 0)
		connection_write_bytes(connection, segment->data, segment->length);
	else
		connection_send_file(connection, segment);
}

void connection_send(struct connection *connection, struct segment_list *segments)
{
	TAILQ_CONCAT(&connection->output, segments, link);
	connection_count_held(connection);
	if (!connection->writing)
		connection_write_next(connection);
}

static void connection_on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer);

static void connection_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct connection *connection = handle->data;
	size_t size = 0;

	(void)suggested;
	buffer->base = (char *)frame_room(&connection->parser, &size);
	buffer->len = size;
}

static void connection_on_hangup(uv_poll_t *poll, int status, int events)
{
	(void)status; /* an error means the same: the client cannot read the answer */
	(void)events;
	connection_close(poll->data);
}

/* Without memory or descriptors the hang-up is noticed only when the answer is written. */
static void connection_watch_hangup(struct connection *connection)
{
	uv_poll_t *poll = malloc(sizeof(*poll));
	int fd, copy = -1;

	if (poll && uv_fileno((uv_handle_t *)&connection->pipe, &fd) == 0)
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0 || uv_poll_init(&connection->server->loop, poll, copy) < 0) {
		if (copy >= 0)
			close(copy);
		free(poll);
		return;
	}
	poll->data = connection;
	connection->hangup = poll;
	connection->hangup_fd = copy;
	/* A Unix socket never has priority data; poll always reports a hang-up. */
	uv_poll_start(poll, UV_PRIORITIZED, connection_on_hangup);
}

/* Watches for a hang-up while a request that can be cancelled waits and the socket is not read. */
static void connection_update_hangup(struct connection *connection)
{
	bool wanted = !connection->reading && !connection->closing && connection->request &&
		      connection->request->handler->cancel;

	if (wanted && !connection->hangup)
		connection_watch_hangup(connection);
	else if (!wanted)
		connection_stop_hangup(connection);
}

/* While a request runs at most INPUT_MOST bytes are buffered; the rest stays in the socket. */
static void connection_update_reading(struct connection *connection)
{
	bool wanted = !connection->ended && !connection->closing &&
		      (!connection->request ||
		       connection->parser.length - connection->parser.consumed < INPUT_MOST);

	if (wanted && !connection->reading)
		uv_read_start((uv_stream_t *)&connection->pipe, connection_alloc,
			      connection_on_read);
	else if (!wanted && connection->reading)
		uv_read_stop((uv_stream_t *)&connection->pipe);
	connection->reading = wanted;
	connection_update_hangup(connection);
}

/* Answers an invalid frame with an error, then closes. */
static void connection_refuse(struct connection *connection, const struct warden_error *err)
{
	log_write_limited(&connection->account->log_limit, connection->account->name,
			  WARDEN_LOG_WARN, "%s", err->message);
	connection->closing = true;
	connection_update_reading(connection);
	/* An error in the middle of an answer would not be understood. */
	if (connection->request || connection->writing)
		connection_close(connection);
	else
		connection_send_error(connection, err->message);
}

/* Dispatches the whole frames in the buffer until a request is pending. */
static void connection_process_frames(struct connection *connection)
{
	const uint8_t *payload;
	struct warden_error err;
	size_t size;
	int result = 1;

	if (connection->processing)
		return;
	connection->processing = true;
	while (result > 0 && !connection->closing && !connection->request &&
	       TAILQ_EMPTY(&connection->output)) {
		result = frame_next(&connection->parser, &payload, &size, &err);
		if (result > 0 && dispatch_frame(connection, payload, size, &err) < 0)
			result = -1;
	}
	connection->processing = false;
	frame_release(&connection->parser);
	connection_count_held(connection);
	if (result < 0 && !connection->closing)
		connection_refuse(connection, &err);
	else if (result == 0 && connection->ended && !connection->request && !connection->closed)
		connection_close(connection);
	if (!connection->closed)
		connection_update_reading(connection);
}

static void connection_on_turn(uv_timer_t *timer)
{
	struct connection *connection = timer->data;

	timer_stop(&connection->turn);
	connection_process_frames(connection);
}

/* A request may be answered deep in a call chain. The next request could free objects that the
 * callers still use, so it begins in its own turn of the loop. */
static void connection_defer_processing(struct connection *connection)
{
	connection->turn = timer_start(connection->server, 0, connection_on_turn, connection);
	if (!connection->turn)
		connection_close(connection);
}

void connection_start_next_request(struct connection *connection)
{
	if (connection->server->draining)
		connection_close_when_read(connection);
	if (connection->closed)
		return;
	if (connection->closing)
		connection_close(connection);
	else if (connection->parser.length == connection->parser.consumed)
		connection_process_frames(connection);
	else if (!connection->processing && !connection->turn)
		connection_defer_processing(connection);
}

/* A client that shut down only its sending side still reads and has not left. */
static bool connection_peer_left(const struct connection *connection)
{
	struct pollfd poll_fd = {.events = 0};

	if (uv_fileno((const uv_handle_t *)&connection->pipe, &poll_fd.fd) < 0)
		return true;
	return poll(&poll_fd, 1, 0) != 0;
}

/* Bytes that are one frame too many for the client's account end the connection. */
static void connection_take_input(struct connection *connection, size_t got)
{
	const struct request *request = connection->request;
	uint64_t own;
	struct warden_error err;

	frame_added(&connection->parser, got);
	connection_count_held(connection);
	own = connection->held + (request ? request->size : 0);
	if (client_account_check_bytes(connection->server->config, connection->account, own, 0,
				       &err) == 0) {
		connection_process_frames(connection);
		return;
	}
	connection_refuse(connection, &err);
}

static void connection_on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
	struct connection *connection = stream->data;

	(void)buffer;
	if (got > 0) {
		connection_take_input(connection, (size_t)got);
		return;
	}
	if (got == 0)
		return;
	connection->ended = true;
	if (got != UV_EOF || (connection_peer_left(connection) && connection->request &&
			      connection->request->handler->cancel)) {
		connection_close(connection);
		return;
	}
	connection_process_frames(connection);
}

/* Finds out who the client is and whether it may talk to the daemon. */
static int connection_admit(struct connection *connection, struct warden_error *err)
{
	const struct config *config = connection->server->config;
	struct access_peer peer = {.uid = (uid_t)-1, .gid = (gid_t)-1};
	int fd;

	if (uv_fileno((uv_handle_t *)&connection->pipe, &fd) == 0)
		access_read_peer(fd, access_needs_groups(config), &peer);
	connection->uid = peer.uid;
	connection->gid = peer.gid;
	connection->pid = peer.pid;
	connection->account = client_account_get(connection->server, peer.uid);
	connection->account->connections++;
	connection->access = access_class_of(config, &peer, err);
	free(peer.groups);
	if (connection->access == ACCESS_NONE ||
	    client_account_check_connections(config, connection->account, err) < 0)
		return -1;
	return prepared_room_check_client(connection->server, peer.uid, err);
}

void connection_accept(struct server *server)
{
	/* libuv accepts nobody else before this client is accepted. */
	struct connection *connection = patient_calloc(sizeof(*connection));
	struct warden_error err;

	connection->server = server;
	connection->serial = ++server->last_serial;
	TAILQ_INIT(&connection->output);
	LIST_INIT(&connection->references);
	frame_parser_init(&connection->parser, server->config->server.frame_limit);
	uv_pipe_init(&server->loop, &connection->pipe, 0); /* cannot fail */
	connection->pipe.data = connection;
	TAILQ_INSERT_TAIL(&server->connections, connection, link);
	if (uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)&connection->pipe) < 0) {
		connection_close(connection);
		return;
	}
	if (connection_admit(connection, &err) < 0) {
		server->metrics.refused_clients++;
		connection_refuse(connection, &err);
		return;
	}
	grace_connection_opened(connection);
	connection_update_reading(connection);
}
