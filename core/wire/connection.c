/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of clients: what comes is cut into frames and handed to the dispatcher, what goes out
 * is written piece by piece; see connection.h. */
#include <config.h>

#include "core/wire/connection.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/log.h"
#include "core/server.h"
#include "core/transfer/upload.h"
#include "core/wire/request.h"

enum { FILE_BLOCK = 262144 };

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

static void segment_free(struct segment *segment)
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
		segment_free(segment);
	}
}

static void free_if_done(struct connection *connection)
{
	struct server *server = connection->server;

	if (!connection->handle_gone || connection->writing)
		return;
	segments_free(&connection->output);
	frame_parser_free(&connection->parser);
	free(connection);
	server->drain_step(server);
}

static void on_closed(uv_handle_t *handle)
{
	struct connection *connection = handle->data;

	connection->handle_gone = true;
	free_if_done(connection);
}

static void free_poll(uv_handle_t *handle)
{
	free(handle);
}

static void stop_hangup(struct connection *connection)
{
	if (!connection->hangup)
		return;
	uv_close((uv_handle_t *)connection->hangup, free_poll);
	connection->hangup = NULL;
	close(connection->hangup_fd);
}

void connection_close(struct connection *connection)
{
	struct request *request = connection->request;
	bool was_oldest = TAILQ_FIRST(&connection->server->connections) == connection;

	if (connection->closed)
		return;
	connection->closed = true;
	connection->closing = true;
	connection->request = NULL;
	timer_stop(&connection->turn);
	stop_hangup(connection);
	if (request)
		request_abandon(request);
	if (connection->upload)
		upload_abandon(connection->upload);
	TAILQ_REMOVE(&connection->server->connections, connection, link);
	grace_connection_closed(connection, was_oldest);
	uv_close((uv_handle_t *)&connection->pipe, on_closed);
}

static void write_next(struct connection *connection);

static void fail(struct connection *connection, const char *what, int result)
{
	log_write(WARDEN_LOG_DEBUG, "client: %s: %s", what, uv_strerror(result));
	connection_close(connection);
}

/* The front segment, or the block of it that was read, is written. */
static void on_written(uv_write_t *write, int status)
{
	struct connection *connection = write->data;
	struct segment *segment = TAILQ_FIRST(&connection->output);

	connection->writing = false;
	connection->progress = true;
	if (connection->closed) {
		free_if_done(connection);
		return;
	}
	if (status < 0) {
		fail(connection, "write", status);
		return;
	}
	if (segment->fd < 0 || segment->left == 0) {
		TAILQ_REMOVE(&connection->output, segment, link);
		segment_free(segment);
	}
	write_next(connection);
}

static void write_bytes(struct connection *connection, uint8_t *data, size_t length)
{
	uv_buf_t buffer = uv_buf_init((char *)data, (unsigned)length);
	int result;

	connection->writing = true;
	connection->write.data = connection;
	result = uv_write(&connection->write, (uv_stream_t *)&connection->pipe, &buffer, 1,
			  on_written);
	if (result < 0) {
		connection->writing = false;
		fail(connection, "write", result);
	}
}

static void on_file_read(uv_fs_t *read)
{
	struct connection *connection = read->data;
	struct segment *segment = TAILQ_FIRST(&connection->output);
	ssize_t got = read->result;

	uv_fs_req_cleanup(read);
	connection->writing = false;
	if (connection->closed) {
		free_if_done(connection);
	} else if (got <= 0) {
		/* The length has been told already: there is no answer but the end. */
		log_write(WARDEN_LOG_ERROR, "read a job's output: %s",
			  got < 0 ? uv_strerror((int)got) : "it is shorter than it was");
		connection_close(connection);
	} else {
		segment->offset += (uint64_t)got;
		segment->left -= (uint64_t)got;
		write_bytes(connection, segment->data, (size_t)got);
	}
}

static void read_file(struct connection *connection, struct segment *segment)
{
	size_t size = segment->left < FILE_BLOCK ? (size_t)segment->left : FILE_BLOCK;
	uv_buf_t buffer;

	if (!segment->data)
		segment->data = malloc(size);
	if (!segment->data) {
		fail(connection, "read a job's output", UV_ENOMEM);
		return;
	}
	buffer = uv_buf_init((char *)segment->data, (unsigned)size);
	connection->read.data = connection;
	connection->writing = true;
	if (uv_fs_read(&connection->server->loop, &connection->read, segment->fd, &buffer, 1,
		       (int64_t)segment->offset, on_file_read) < 0) {
		connection->writing = false;
		fail(connection, "read a job's output", UV_ENOMEM);
	}
}

static void process(struct connection *connection);

static void all_written(struct connection *connection)
{
	struct request *request = connection->request;

	if (request)
		request_written(request, true);
	else if (connection->closing)
		connection_close(connection);
	else
		process(connection);
}

/* Small answers mostly fit the socket's buffer: written at once, without a turn of the loop. */
static void write_at_once(struct connection *connection)
{
	struct segment *segment;

	while ((segment = TAILQ_FIRST(&connection->output)) && segment->fd < 0) {
		uv_buf_t buffer = uv_buf_init((char *)segment->data, (unsigned)segment->length);
		int written = uv_try_write((uv_stream_t *)&connection->pipe, &buffer, 1);

		if (written < (int)segment->length) {
			if (written > 0) {
				segment->length -= (size_t)written;
				memmove(segment->data, segment->data + written, segment->length);
			}
			return;
		}
		TAILQ_REMOVE(&connection->output, segment, link);
		segment_free(segment);
	}
}

static void write_next(struct connection *connection)
{
	struct segment *segment;

	write_at_once(connection);
	segment = TAILQ_FIRST(&connection->output);
	if (!segment)
		all_written(connection);
	else if (segment->fd < 0)
		write_bytes(connection, segment->data, segment->length);
	else
		read_file(connection, segment);
}

void connection_send(struct connection *connection, struct segment_list *segments)
{
	TAILQ_CONCAT(&connection->output, segments, link);
	if (!connection->writing)
		write_next(connection);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer);

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct connection *connection = handle->data;
	size_t size = 0;

	(void)suggested;
	buffer->base = (char *)frame_room(&connection->parser, &size);
	buffer->len = size;
}

static void on_hangup(uv_poll_t *poll, int status, int events)
{
	(void)status; /* whatever it is: nobody reads the answer */
	(void)events;
	connection_close(poll->data);
}

/* Without memory or descriptors the client is missed when its answer is written. */
static void watch_hangup(struct connection *connection)
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
	/* Nothing is ever prioritized in such a socket; that it hangs up is always told. */
	uv_poll_start(poll, UV_PRIORITIZED, on_hangup);
}

/* Whoever waits is let go when the client leaves, which nobody reads any more. */
static void update_hangup(struct connection *connection)
{
	bool wanted = !connection->reading && !connection->closing && connection->request &&
		      connection->request->handler->cancel;

	if (wanted && !connection->hangup)
		watch_hangup(connection);
	else if (!wanted)
		stop_hangup(connection);
}

/* While a request runs no more than one frame's worth is kept; the socket holds the rest back. */
static void update_reading(struct connection *connection)
{
	bool wanted = !connection->ended && !connection->closing &&
		      (!connection->request ||
		       connection->parser.length - connection->parser.consumed < FILE_BLOCK);

	if (wanted && !connection->reading)
		uv_read_start((uv_stream_t *)&connection->pipe, give_room, on_read);
	else if (!wanted && connection->reading)
		uv_read_stop((uv_stream_t *)&connection->pipe);
	connection->reading = wanted;
	update_hangup(connection);
}

/* Answers what is no frame, then closes. */
static void refuse(struct connection *connection, const struct warden_error *err)
{
	log_write(WARDEN_LOG_WARN, "client (uid %u): %s", connection->uid, err->message);
	connection->closing = true;
	update_reading(connection);
	connection_send_error(connection, err->message);
}

/* Whole frames become requests, one after the other. */
static void process(struct connection *connection)
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
	if (result < 0 && !connection->closing)
		refuse(connection, &err);
	else if (result == 0 && connection->ended && !connection->request && !connection->closed)
		connection_close(connection);
	if (!connection->closed)
		update_reading(connection);
}

static void on_turn(uv_timer_t *timer)
{
	struct connection *connection = timer->data;

	timer_stop(&connection->turn);
	process(connection);
}

/* An answer may be given from the midst of anything, where a request that frees what is being
 * worked with must not begin. */
static void take_turn(struct connection *connection)
{
	connection->turn = timer_start(connection->server, 0, on_turn, connection);
	if (!connection->turn)
		connection_close(connection);
}

void connection_start_next_request(struct connection *connection)
{
	if (connection->server->draining)
		connection->closing = true;
	if (connection->closing)
		connection_close(connection);
	else if (connection->parser.length == connection->parser.consumed)
		process(connection);
	else if (!connection->processing && !connection->turn)
		take_turn(connection);
}

/* A client may shut down its sending side and still read: then it is not gone. */
static bool is_gone(const struct connection *connection)
{
	struct pollfd poll_fd = {.events = 0};

	if (uv_fileno((const uv_handle_t *)&connection->pipe, &poll_fd.fd) < 0)
		return true;
	return poll(&poll_fd, 1, 0) != 0;
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
	struct connection *connection = stream->data;

	(void)buffer;
	if (got > 0) {
		frame_added(&connection->parser, (size_t)got);
		process(connection);
		return;
	}
	if (got == 0)
		return;
	connection->ended = true;
	if (got != UV_EOF ||
	    (is_gone(connection) && connection->request && connection->request->handler->cancel)) {
		connection_close(connection);
		return;
	}
	process(connection);
}

static void identify(struct connection *connection)
{
	struct ucred peer = {.uid = (uid_t)-1, .gid = (gid_t)-1};
	socklen_t length = sizeof(peer);
	int fd;

	/* Whoever cannot be told is nobody: bind mounts are then opened with no rights. */
	if (uv_fileno((uv_handle_t *)&connection->pipe, &fd) == 0)
		(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length);
	connection->uid = peer.uid;
	connection->gid = peer.gid;
}

void connection_accept(struct server *server)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection) {
		log_write(WARDEN_LOG_ERROR, "no memory for a client");
		return;
	}
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
	identify(connection);
	grace_connection_opened(connection);
	update_reading(connection);
}
