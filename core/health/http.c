/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server; see http.h. libmicrohttpd has its own epoll descriptor, which the loop watches,
 * and works only while it is called from here: so nothing needs a lock. */
#include <config.h>

#include "core/health/http.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/health/http_library.h"
#include "core/health/scraper.h"
#include "core/log.h"
#include "core/server.h"
#include "lib/cleanup.h"

enum {
	BACKLOG = 128,
	/* Beyond the first of these the longest idle connection makes room for a new one. */
	PEERS_WANTED = 96,
	PEERS_MAX = 128,
	/* Without a byte from or to the client. Of one who leaves within a request the library may
	 * not hear before: its events are edges, and what comes together is one. */
	TIMEOUT_S = 5,
	PEER_MEMORY = 16 * 1024, /* of a connection: request line and headers */
	BODY_MAX = 64 * 1024,    /* of a request, read and dropped */
	BLOCK = 8 * 1024,        /* of a page of metrics: what is put together at a time */
};

/* A connection. */
struct peer {
	TAILQ_ENTRY(peer) link;
	int fd; /* libmicrohttpd's */
	bool busy, shut;
};

TAILQ_HEAD(peer_list, peer);

/* A request. */
struct visit {
	TAILQ_ENTRY(visit) link;
	struct MHD_Connection *connection;
	size_t body; /* bytes of it that came */
	bool waits;  /* suspended, until there is a page of metrics */
	bool waited;
};

TAILQ_HEAD(visit_list, visit);

struct http {
	struct server *server;
	const struct http_library *library;
	struct MHD_Daemon *daemon;
	struct MHD_Response *well;
	struct scraper *scraper;
	struct visit_list waiting;
	uv_poll_t poll;
	uv_timer_t timer;
	int closing;            /* handles that are not closed yet */
	struct peer_list peers; /* in the order of their coming */
	unsigned n_peers;
};

static void __attribute__((format(printf, 2, 0)))
log_line(void *data, const char *format, va_list args)
{
	char line[512]; /* of the library's, which ends each in a newline */

	(void)data;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	log_write(WARDEN_LOG_DEBUG, "health_check_server: %s", line);
}

/* The longest idle one; where all are at work, the oldest. */
static struct peer *find_oldest(struct http *http)
{
	struct peer *peer;

	TAILQ_FOREACH(peer, &http->peers, link)
		if (!peer->shut && !peer->busy)
			return peer;
	TAILQ_FOREACH(peer, &http->peers, link)
		if (!peer->shut)
			return peer;
	return NULL;
}

/* Many that send nothing, or little, must not keep one out that asks whether the daemon is well. */
static void make_room(struct http *http)
{
	struct peer *oldest = http->n_peers > PEERS_WANTED ? find_oldest(http) : NULL;

	if (!oldest)
		return;
	oldest->shut = true;
	shutdown(oldest->fd, SHUT_RDWR); /* fails where the client has left: then it ends as well */
}

static void on_peer(void *data, struct MHD_Connection *connection, void **context,
		    enum MHD_ConnectionNotificationCode code)
{
	struct http *http = data;
	struct peer *peer = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		peer = *context = calloc(1, sizeof(*peer));
		if (!peer)
			return; /* it makes room for nobody */
		peer->fd =
			http->library
				->get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
				->connect_fd;
		TAILQ_INSERT_TAIL(&http->peers, peer, link);
		http->n_peers++;
		make_room(http);
	} else if (peer) {
		TAILQ_REMOVE(&http->peers, peer, link);
		http->n_peers--;
		free(peer);
		*context = NULL;
	}
}

static struct peer *peer_of(const struct http *http, struct MHD_Connection *connection)
{
	return http->library->get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;
}

static ssize_t read_page(void *data, uint64_t position, char *out, size_t size)
{
	size_t n = metrics_reader_read(data, out, size);

	(void)position; /* the reader knows */
	return n > 0 ? (ssize_t)n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void end_reading(void *reader)
{
	metrics_reader_free(reader);
}

static enum MHD_Result send_page(const struct http *http, struct MHD_Connection *connection,
				 struct metrics_page *page)
{
	const struct http_library *library = http->library;
	struct metrics_reader *reader = metrics_reader_new(page);
	struct MHD_Response *response;
	enum MHD_Result result;

	if (!reader)
		return MHD_NO;
	response = library->create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_page,
							  reader, end_reading);
	if (!response) {
		metrics_reader_free(reader);
		return MHD_NO;
	}
	result = library->add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
					      "text/plain; version=0.0.4; charset=utf-8");
	if (result == MHD_YES)
		result = library->queue_response(connection, MHD_HTTP_OK, response);
	library->destroy_response(response); /* the connection has its own reference */
	return result;
}

/* The connection rests until there is a page. */
static enum MHD_Result answer_metrics(struct http *http, struct visit *visit)
{
	struct metrics_page *page = scraper_page(http->scraper);
	struct peer *peer = peer_of(http, visit->connection);

	if (peer)
		peer->busy = true;
	if (page)
		return send_page(http, visit->connection, page);
	if (visit->waited || !scraper_begin(http->scraper))
		return MHD_NO; /* no memory */
	visit->waits = true;
	TAILQ_INSERT_TAIL(&http->waiting, visit, link);
	http->library->suspend_connection(visit->connection);
	return MHD_YES;
}

static void wake(struct http *http)
{
	struct visit *visit;

	while ((visit = TAILQ_FIRST(&http->waiting))) {
		TAILQ_REMOVE(&http->waiting, visit, link);
		visit->waits = false;
		visit->waited = true;
		http->library->resume_connection(visit->connection);
	}
}

static enum MHD_Result begin_visit(struct MHD_Connection *connection, void **context)
{
	struct visit *visit = calloc(1, sizeof(*visit));

	if (!visit)
		return MHD_NO;
	visit->connection = connection;
	*context = visit;
	return MHD_YES;
}

/* Called when the head has come, for each piece of a body, and when all has come. */
static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *body,
				  size_t *size, void **context)
{
	struct http *http = data;
	struct visit *visit = *context;

	(void)version;
	(void)body;
	if (!visit)
		return begin_visit(connection, context);
	if (*size > 0) {
		visit->body += *size;
		*size = 0;
		return visit->body <= BODY_MAX ? MHD_YES : MHD_NO;
	}
	if (strcmp(url, "/metrics") == 0 &&
	    (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0))
		return answer_metrics(http, visit);
	return http->library->queue_response(connection, MHD_HTTP_OK, http->well);
}

static void on_request_end(void *data, struct MHD_Connection *connection, void **context,
			   enum MHD_RequestTerminationCode code)
{
	struct http *http = data;
	struct visit *visit = take_pointer(*context);
	struct peer *peer = peer_of(http, connection);

	(void)code;
	if (peer)
		peer->busy = false;
	if (visit && visit->waits)
		TAILQ_REMOVE(&http->waiting, visit, link);
	free(visit);
}

static void on_timer(uv_timer_t *timer);

/* Lets libmicrohttpd do what there is to do. */
static void step(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (http->library->run(http->daemon) != MHD_YES)
		log_write(WARDEN_LOG_ERROR, "health_check_server: libmicrohttpd cannot run");
	if (http->library->get_timeout(http->daemon, &ms) == MHD_YES)
		uv_timer_start(&http->timer, on_timer, ms, 0);
	else
		uv_timer_stop(&http->timer);
}

static void on_timer(uv_timer_t *timer)
{
	step(timer->data);
}

/* Nothing but this call makes the library look at connections that were resumed. */
static void on_page(void *data)
{
	wake(data);
	step(data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status; /* the library finds out what is wrong */
	(void)events;
	step(poll->data);
}

/* The text that every request is answered by. */
static bool make_answers(struct http *http)
{
	static char text[] = "ok\n";

	http->well = http->library->create_response_from_buffer(sizeof(text) - 1, text,
								MHD_RESPMEM_PERSISTENT);
	return http->well &&
	       http->library->add_response_header(http->well, MHD_HTTP_HEADER_CONTENT_TYPE,
						  "text/plain; charset=utf-8") == MHD_YES;
}

static bool start(struct http *http, int fd)
{
	bool v6 = strchr(http->server->config->health_check_server.host, ':') != NULL;
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
			 (v6 ? MHD_USE_IPv6 : 0);

	http->daemon = http->library->start_daemon(
		flags, 0, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, log_line, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)PEERS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)PEER_MEMORY,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_NOTIFY_COMPLETED, on_request_end,
		http, MHD_OPTION_NOTIFY_CONNECTION, on_peer, http, MHD_OPTION_END);
	return http->daemon != NULL;
}

static int watch(struct http *http, struct warden_error *err)
{
	const union MHD_DaemonInfo *info =
		http->library->get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct server *server = http->server;
	int result = uv_poll_init(&server->loop, &http->poll, info->epoll_fd);

	if (result < 0)
		return warden_error_set(err, "health_check_server: watch its sockets: %s",
					uv_strerror(result));
	uv_timer_init(&server->loop, &http->timer); /* cannot fail */
	http->poll.data = http->timer.data = http;
	uv_poll_start(&http->poll, UV_READABLE, on_poll); /* likewise */
	return 0;
}

static void release(struct http *http)
{
	if (http->daemon)
		http->library->stop_daemon(http->daemon);
	if (http->well)
		http->library->destroy_response(http->well);
	scraper_free(http->scraper);
	free(http);
}

static int fill(struct http *http, struct warden_error *err)
{
	struct server *server = http->server;

	if (listen(server->http_fd, BACKLOG) < 0)
		return warden_error_errno(err, "health_check_server: listen on port %u of %s",
					  server->config->health_check_server.port,
					  server->config->health_check_server.host);
	http->scraper = scraper_new(server, on_page, http);
	if (!http->scraper || !make_answers(http) || !start(http, server->http_fd))
		return warden_error_set(err, "health_check_server: libmicrohttpd cannot start");
	server->http_fd = -1; /* the library's */
	return watch(http, err);
}

int http_open(struct server *server, struct warden_error *err)
{
	const struct http_library *library;
	struct http *http;

	if (server->http_fd < 0)
		return 0;
	library = http_library_load(err);
	if (!library)
		return -1;
	http = calloc(1, sizeof(*http));
	if (!http)
		return warden_error_set(err, "no memory for health_check_server");
	http->server = server;
	http->library = library;
	TAILQ_INIT(&http->peers);
	TAILQ_INIT(&http->waiting);
	if (fill(http, err) < 0) {
		release(http);
		return -1;
	}
	server->http = http;
	return 0;
}

static void closed(uv_handle_t *handle)
{
	struct http *http = handle->data;

	if (--http->closing == 0)
		release(http);
}

void http_close(struct server *server)
{
	struct http *http = take_pointer(server->http);

	if (server->http_fd >= 0)
		close(take_fd(&server->http_fd));
	if (!http)
		return;
	/* The loop looks at the descriptor no more before it is closed. */
	uv_poll_stop(&http->poll);
	wake(http); /* the library does not end while a connection rests */
	http->library->stop_daemon(take_pointer(http->daemon));
	scraper_free(take_pointer(http->scraper));
	http->closing = 2;
	uv_close((uv_handle_t *)&http->poll, closed);
	uv_close((uv_handle_t *)&http->timer, closed);
}
