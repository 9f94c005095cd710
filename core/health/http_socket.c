/* SPDX-License-Identifier: Apache-2.0 */
/* The socket of the HTTP server; see http.h. */
#include <config.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "core/health/http.h"
#include "lib/cleanup.h"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Fills in the address and returns its size. The configuration has checked `host`. */
static socklen_t http_socket_set_address(union address *address, const char *host, uint16_t port)
{
	*address = (union address){0};
	if (inet_pton(AF_INET, host, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons(port);
		return sizeof(address->v4);
	}
	inet_pton(AF_INET6, host, &address->v6.sin6_addr);
	address->v6.sin6_family = AF_INET6;
	address->v6.sin6_port = htons(port);
	return sizeof(address->v6);
}

/* Fails with errno's reason; names the configuration key that causes it. */
static int http_socket_fail(const struct config *config, const char *what, struct warden_error *err)
{
	const char *host = config->health_check_server.host;
	bool of_host = errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT;
	bool v6 = strchr(host, ':') != NULL;

	return config_fail(config,
			   of_host ? "health_check_server.host" : "health_check_server.port", err,
			   "health_check_server.%s: %s %s%s%s:%u: %s; %s",
			   of_host ? "host" : "port", what, v6 ? "[" : "", host, v6 ? "]" : "",
			   config->health_check_server.port, strerror(errno),
			   of_host ? "it must be an address of this host"
				   : "it must be a port that is free, or 0: off");
}

/* A socket that is bound to the configured address and this port; -1 and `err`. */
static int http_socket_bind(const struct config *config, uint16_t port, struct warden_error *err)
{
	_cleanup_close_ int fd = -1;
	const int yes = 1;
	union address address;
	socklen_t length =
		http_socket_set_address(&address, config->health_check_server.host, port);

	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return http_socket_fail(config, "make a socket for", err);
	/* A previous daemon's connections in TIME_WAIT must not block the port. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
	    bind(fd, &address.any, length) < 0)
		return http_socket_fail(config, "listen on", err);
	return take_fd(&fd);
}

int http_bind(const struct config *config, int *fd, struct warden_error *err)
{
	*fd = -1;
	if (config->health_check_server.port == 0)
		return 0;
	*fd = http_socket_bind(config, config->health_check_server.port, err);
	return *fd < 0 ? -1 : 0;
}

int http_check(const struct config *config, struct warden_error *err)
{
	_cleanup_close_ int fd = -1;

	if (config->health_check_server.port == 0)
		return 0;
	fd = http_socket_bind(config, 0, err);
	return fd < 0 ? -1 : 0;
}
