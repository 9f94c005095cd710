/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server; see http.h. The loop watches libmicrohttpd's epoll descriptor, and the library
 * works only while it is called from here, so no lock is needed. */
#include <config.h>

#include "core/health/http.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/health/http_library.h"
#include "core/health/scraper.h"
#include "core/health/ui.h"
#include "core/log.h"
#include "core/server.h"
#include "lib/cleanup.h"

enum {
	BACKLOG = 128,
	/* Beyond PEERS_WANTED a new connection closes the one that has been idle longest. */
	PEERS_WANTED = 96,
	PEERS_MAX = 128,
	/* Without a byte from or to the client. The library may miss a disconnect within a request
	 * until then: its epoll events are edge-triggered, and coinciding ones are reported once.
	 */
	TIMEOUT_S = 5,
	PEER_MEMORY = 16 * 1024, /* of a connection: request line and headers */
	BODY_MAX = 64 * 1024,    /* of a request, read and discarded */
	BLOCK = 8 * 1024,        /* of a page of metrics: bytes formatted at a time */
};

/* A connection. */
struct peer {
	TAILQ_ENTRY(peer) link;
	int fd;    /* owned by libmicrohttpd */
	bool busy; /* a request for metrics is in progress */
	bool shut;
};

TAILQ_HEAD(peer_list, peer);

/* A request. */
struct visit {
	TAILQ_ENTRY(visit) link;
	struct MHD_Connection *connection;
	size_t body; /* bytes of it received */
	bool waits;  /* suspended until figures are ready */
	bool waited;
};

TAILQ_HEAD(visit_list, visit);

struct http {
	struct server *server;
	const struct http_library *library;
	struct MHD_Daemon *daemon;
	struct MHD_Response *well, *ui_page;
	struct ui *ui; /* NULL: off */
	struct scraper *scraper;
	struct visit_list waiting;
	uv_poll_t poll;
	uv_timer_t timer;
	int closing;            /* handles that are not closed yet */
	struct peer_list peers; /* oldest first */
	unsigned n_peers;
};

static void __attribute__((format(printf, 2, 0)))
http_log_line(void *data, const char *format, va_list args)
{
	char line[512]; /* the library ends each line in a newline */

	(void)data;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	log_write(WARDEN_LOG_DEBUG, "health_check_server: %s", line);
}

/* Returns the oldest idle connection; if all are busy, the oldest. NULL if all are shut down. */
static struct peer *http_find_oldest_peer(struct http *http)
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

/* Shuts down an old connection, so that many silent or slow clients cannot block a health check. */
static void http_make_room(struct http *http)
{
	struct peer *oldest = http->n_peers > PEERS_WANTED ? http_find_oldest_peer(http) : NULL;

	if (!oldest)
		return;
	oldest->shut = true;
	shutdown(oldest->fd, SHUT_RDWR); /* fails if the client has disconnected, which is fine */
}

static void http_on_peer(void *data, struct MHD_Connection *connection, void **context,
			 enum MHD_ConnectionNotificationCode code)
{
	struct http *http = data;
	struct peer *peer = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		peer = *context = calloc(1, sizeof(*peer));
		if (!peer)
			return; /* it is then never shut down for another */
		peer->fd =
			http->library
				->get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
				->connect_fd;
		TAILQ_INSERT_TAIL(&http->peers, peer, link);
		http->n_peers++;
		http_make_room(http);
	} else if (peer) {
		TAILQ_REMOVE(&http->peers, peer, link);
		http->n_peers--;
		free(peer);
		*context = NULL;
	}
}

static struct peer *http_get_peer(const struct http *http, struct MHD_Connection *connection)
{
	return http->library->get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;
}

static ssize_t http_read_page(void *data, uint64_t position, char *out, size_t size)
{
	size_t n = metrics_reader_read(data, out, size);

	(void)position; /* the reader keeps its own position */
	return n > 0 ? (ssize_t)n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void http_free_reader(void *reader)
{
	metrics_reader_free(reader);
}

static enum MHD_Result http_send_page(const struct http *http, struct MHD_Connection *connection,
				      struct metrics_page *page)
{
	const struct http_library *library = http->library;
	struct metrics_reader *reader = metrics_reader_new(page);
	struct MHD_Response *response;
	enum MHD_Result result;

	if (!reader)
		return MHD_NO;
	response = library->create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, http_read_page,
							  reader, http_free_reader);
	if (!response) {
		metrics_reader_free(reader);
		return MHD_NO;
	}
	result = library->add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
					      "text/plain; version=0.0.4; charset=utf-8");
	if (result == MHD_YES)
		result = library->queue_response(connection, MHD_HTTP_OK, response);
	library->destroy_response(response); /* the connection holds its own reference */
	return result;
}

static enum MHD_Result http_send_state(const struct http *http, struct MHD_Connection *connection,
				       struct metrics_page *page)
{
	const char *text = ui_state(http->ui, page);
	struct MHD_Response *response;
	enum MHD_Result result;

	if (!text)
		return MHD_NO; /* no memory */
	response = http->library->create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
							      MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	result = http->library->add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
						    "application/json");
	if (result == MHD_YES)
		result = http->library->add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
							    "no-store");
	if (result == MHD_YES)
		result = http->library->queue_response(connection, MHD_HTTP_OK, response);
	http->library->destroy_response(response); /* the connection holds its own reference */
	return result;
}

/* Sends the current figures in the form of `send`; if there are none, suspends the connection until
 * they are ready, and is then called again. */
static enum MHD_Result http_answer_figures(struct http *http, struct visit *visit,
					   enum MHD_Result (*send)(const struct http *,
								   struct MHD_Connection *,
								   struct metrics_page *))
{
	struct metrics_page *page = scraper_page(http->scraper);
	struct peer *peer = http_get_peer(http, visit->connection);

	if (peer)
		peer->busy = true;
	if (page)
		return send(http, visit->connection, page);
	if (visit->waited || !scraper_begin(http->scraper))
		return MHD_NO; /* no memory */
	visit->waits = true;
	TAILQ_INSERT_TAIL(&http->waiting, visit, link);
	http->library->suspend_connection(visit->connection);
	return MHD_YES;
}

static void http_resume_waiting(struct http *http)
{
	struct visit *visit;

	while ((visit = TAILQ_FIRST(&http->waiting))) {
		TAILQ_REMOVE(&http->waiting, visit, link);
		visit->waits = false;
		visit->waited = true;
		http->library->resume_connection(visit->connection);
	}
}

static enum MHD_Result http_begin_visit(struct MHD_Connection *connection, void **context)
{
	struct visit *visit = calloc(1, sizeof(*visit));

	if (!visit)
		return MHD_NO;
	visit->connection = connection;
	*context = visit;
	return MHD_YES;
}

static enum MHD_Result http_answer(struct http *http, struct visit *visit, const char *url,
				   const char *method)
{
	bool reads = strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
		     strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;

	if (reads && strcmp(url, "/metrics") == 0)
		return http_answer_figures(http, visit, http_send_page);
	if (reads && http->ui && strcmp(url, "/ui/state") == 0)
		return http_answer_figures(http, visit, http_send_state);
	return http->library->queue_response(
		visit->connection, MHD_HTTP_OK,
		reads && http->ui && strcmp(url, "/ui") == 0 ? http->ui_page : http->well);
}

/* The library calls this after the headers, for each piece of a body, and at the end of the
 * request. */
static enum MHD_Result http_on_request(void *data, struct MHD_Connection *connection,
				       const char *url, const char *method, const char *version,
				       const char *body, size_t *size, void **context)
{
	struct http *http = data;
	struct visit *visit = *context;

	(void)version;
	(void)body;
	if (!visit)
		return http_begin_visit(connection, context);
	if (*size > 0) {
		visit->body += *size;
		*size = 0;
		return visit->body <= BODY_MAX ? MHD_YES : MHD_NO;
	}
	return http_answer(http, visit, url, method);
}

static void http_on_request_end(void *data, struct MHD_Connection *connection, void **context,
				enum MHD_RequestTerminationCode code)
{
	struct http *http = data;
	struct visit *visit = take_pointer(*context);
	struct peer *peer = http_get_peer(http, connection);

	(void)code;
	if (peer)
		peer->busy = false;
	if (visit && visit->waits)
		TAILQ_REMOVE(&http->waiting, visit, link);
	free(visit);
}

static void http_on_timer(uv_timer_t *timer);

/* Runs libmicrohttpd's pending work and sets the timer to its next timeout. */
static void http_run_library(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (http->library->run(http->daemon) != MHD_YES)
		log_write(WARDEN_LOG_ERROR,
			  "health_check_server: libmicrohttpd cannot process its events");
	if (http->library->get_timeout(http->daemon, &ms) == MHD_YES)
		uv_timer_start(&http->timer, http_on_timer, ms, 0);
	else
		uv_timer_stop(&http->timer);
}

static void http_on_timer(uv_timer_t *timer)
{
	http_run_library(timer->data);
}

/* The library processes resumed connections only if it is run. */
static void http_on_page(void *data)
{
	http_resume_waiting(data);
	http_run_library(data);
}

static void http_on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status; /* the library detects errors itself */
	(void)events;
	http_run_library(poll->data);
}

/* Makes the response to every request except one for metrics; monitors expect no body. */
static bool http_make_answer(struct http *http)
{
	static char none[1];

	http->well = http->library->create_response_from_buffer(0, none, MHD_RESPMEM_PERSISTENT);
	return http->well;
}

/* Makes the response with the page, which loads nothing from elsewhere and sends nothing. False: no
 * memory. */
static bool http_make_ui(struct http *http)
{
	static const char *const headers[][2] = {
		{MHD_HTTP_HEADER_CONTENT_TYPE, "text/html; charset=utf-8"},
		{MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
		{"Content-Security-Policy",
		 "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
		 "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
		{"Referrer-Policy", "no-referrer"},
		{"X-Content-Type-Options", "nosniff"},
	};

	if (!http->server->config->health_check_server.ui)
		return true;
	http->ui = ui_new(http->server);
	http->ui_page = http->library->create_response_from_buffer(
		ui_page_length, (void *)(uintptr_t)ui_page, MHD_RESPMEM_PERSISTENT);
	for (size_t i = 0; http->ui_page && i < ARRAY_SIZE(headers); i++)
		if (http->library->add_response_header(http->ui_page, headers[i][0],
						       headers[i][1]) != MHD_YES)
			return false;
	return http->ui && http->ui_page;
}

static bool http_start_library(struct http *http, int fd)
{
	bool v6 = strchr(http->server->config->health_check_server.host, ':') != NULL;
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
			 (v6 ? MHD_USE_IPv6 : 0);

	http->daemon = http->library->start_daemon(
		flags, 0, NULL, NULL, http_on_request, http, MHD_OPTION_EXTERNAL_LOGGER,
		http_log_line, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)PEERS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)PEER_MEMORY,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_NOTIFY_COMPLETED,
		http_on_request_end, http, MHD_OPTION_NOTIFY_CONNECTION, http_on_peer, http,
		MHD_OPTION_END);
	return http->daemon != NULL;
}

static int http_watch_library(struct http *http, struct warden_error *err)
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
	uv_poll_start(&http->poll, UV_READABLE, http_on_poll); /* cannot fail */
	return 0;
}

static void http_free(struct http *http)
{
	if (http->daemon)
		http->library->stop_daemon(http->daemon);
	if (http->well)
		http->library->destroy_response(http->well);
	if (http->ui_page)
		http->library->destroy_response(http->ui_page);
	ui_close(http->ui);
	scraper_free(http->scraper);
	free(http);
}

static int http_init(struct http *http, struct warden_error *err)
{
	struct server *server = http->server;

	if (listen(server->http_fd, BACKLOG) < 0)
		return warden_error_errno(err, "health_check_server: listen on port %u of %s",
					  server->config->health_check_server.port,
					  server->config->health_check_server.host);
	http->scraper = scraper_new(server, http_on_page, http);
	if (!http->scraper || !http_make_answer(http) || !http_make_ui(http) ||
	    !http_start_library(http, server->http_fd))
		return warden_error_set(err, "health_check_server: libmicrohttpd cannot start");
	server->http_fd = -1; /* the library owns it now */
	return http_watch_library(http, err);
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
	if (http_init(http, err) < 0) {
		http_free(http);
		return -1;
	}
	server->http = http;
	return 0;
}

static void http_on_closed(uv_handle_t *handle)
{
	struct http *http = handle->data;

	if (--http->closing == 0)
		http_free(http);
}

void http_close(struct server *server)
{
	struct http *http = take_pointer(server->http);

	if (server->http_fd >= 0)
		close(take_fd(&server->http_fd));
	if (!http)
		return;
	/* The loop must stop watching the descriptor before the library closes it. */
	uv_poll_stop(&http->poll);
	http_resume_waiting(http); /* the library does not stop while a connection is suspended */
	http->library->stop_daemon(take_pointer(http->daemon));
	scraper_free(take_pointer(http->scraper));
	ui_close(take_pointer(http->ui));
	http->closing = 2;
	uv_close((uv_handle_t *)&http->poll, http_on_closed);
	uv_close((uv_handle_t *)&http->timer, http_on_closed);
}
