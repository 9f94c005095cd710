/* SPDX-License-Identifier: Apache-2.0 */
/* The socket that clients connect to, and the pid file. The socket's path exists from the first
 * start on: a daemon that ends leaves it, and the next one replaces it by rename. In between
 * clients are refused, and try again. */
#include <config.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/activation.h"
#include "core/log.h"
#include "core/server.h"
#include "core/wire/connection.h"
#include "lib/cleanup.h"

enum { BACKLOG = 1024 };

static int listener_set_address(struct sockaddr_un *address, const char *path,
				struct warden_error *err)
{
	if (strlen(path) >= sizeof(address->sun_path))
		return warden_error_set(
			err, "server.unix_domain_path %s has %zu bytes, at most %zu are allowed",
			path, strlen(path), sizeof(address->sun_path) - 1);
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(address->sun_path, path, strlen(path));
	return 0;
}

/* Checks that the path is free, or the socket of a daemon that has ended. */
static int listener_check_path(const struct sockaddr_un *address, struct warden_error *err)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat status;

	if (fd < 0)
		return warden_error_errno(err, "make a socket");
	if (lstat(address->sun_path, &status) < 0)
		return errno == ENOENT ? 0 : warden_error_errno(err, "stat %s", address->sun_path);
	if (!S_ISSOCK(status.st_mode))
		return warden_error_set(err, "%s exists and is not a socket", address->sun_path);
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		return warden_error_set(err, "another daemon listens on %s", address->sun_path);
	if (errno != ECONNREFUSED && errno != ENOENT)
		return warden_error_errno(err, "connect to %s", address->sun_path);
	return 0;
}

/* The address at which the socket is made, in the same directory: the path with a `~` behind it, or
 * instead of its last character if an address has no more room. */
static struct sockaddr_un listener_address_beside(const struct sockaddr_un *address)
{
	struct sockaddr_un beside = *address;
	size_t length = strlen(beside.sun_path);

	beside.sun_path[length + 1 < sizeof(beside.sun_path) ? length : length - 1] = '~';
	return beside;
}

static int listener_bind(const struct config *config, struct warden_error *err)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address, beside;

	if (fd < 0)
		return warden_error_errno(err, "make a socket");
	if (listener_set_address(&address, config->server.unix_domain_path, err) < 0 ||
	    listener_check_path(&address, err) < 0)
		return -1;
	beside = listener_address_beside(&address);
	if (unlink(beside.sun_path) < 0 && errno != ENOENT)
		return warden_error_errno(err, "remove %s", beside.sun_path);
	if (bind(fd, (struct sockaddr *)&beside, sizeof(beside)) < 0)
		return warden_error_errno(err, "listen on %s", beside.sun_path);
	if ((config->server.unix_domain_uid != UINT32_MAX ||
	     config->server.unix_domain_gid != UINT32_MAX) &&
	    lchown(beside.sun_path, config->server.unix_domain_uid,
		   config->server.unix_domain_gid) < 0)
		return warden_error_errno(err,
					  "set server.unix_domain_owner and "
					  "server.unix_domain_group of %s",
					  beside.sun_path);
	/* No client can connect before listen(), so chmod is in time. A umask would affect the
	 * files that workers create. */
	if (chmod(beside.sun_path, config->server.unix_domain_permissions) < 0)
		return warden_error_errno(err, "set the mode of %s", beside.sun_path);
	if (listen(fd, BACKLOG) < 0)
		return warden_error_errno(err, "listen on %s", beside.sun_path);
	if (rename(beside.sun_path, address.sun_path) < 0)
		return warden_error_errno(err, "rename %s to %s", beside.sun_path,
					  address.sun_path);
	return take_fd(&fd);
}

static void listener_on_connection(uv_stream_t *stream, int status)
{
	struct server *server = stream->data;

	if (status < 0)
		log_write(WARDEN_LOG_ERROR, "accept a client: %s", uv_strerror(status));
	else
		connection_accept(server);
}

static int listener_write_pidfile(const char *path, struct warden_error *err)
{
	FILE *file = fopen(path, "we");
	bool written = file && fprintf(file, "%d\n", getpid()) > 0;

	if (file && fclose(file) != 0)
		written = false;
	return written ? 0 : warden_error_errno(err, "write server.pidfile %s", path);
}

int listener_open(struct server *server, struct warden_error *err)
{
	int fd = activation_take();
	int result;

	if (fd < 0)
		fd = listener_bind(server->config, err);
	if (fd < 0)
		return -1;
	uv_pipe_init(&server->loop, &server->listener, 0); /* cannot fail */
	server->listener.data = server;
	result = uv_pipe_open(&server->listener, fd);
	if (result == 0)
		result = uv_listen((uv_stream_t *)&server->listener, BACKLOG,
				   listener_on_connection);
	if (result < 0)
		return warden_error_set(err, "listen on %s: %s",
					server->config->server.unix_domain_path,
					uv_strerror(result));
	if (server->config->server.pidfile)
		return listener_write_pidfile(server->config->server.pidfile, err);
	return 0;
}

void listener_close(struct server *server)
{
	const struct config *config = server->config;

	if (uv_is_closing((uv_handle_t *)&server->listener))
		return;
	uv_close((uv_handle_t *)&server->listener, NULL);
	if (config->server.pidfile)
		unlink(config->server.pidfile); /* likewise */
}
