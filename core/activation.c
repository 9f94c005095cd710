/* SPDX-License-Identifier: Apache-2.0 */
/* The socket of a service manager; see activation.h. */
#include <config.h>

#include "core/activation.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/cleanup.h"

enum { FIRST_FD = 3 };

static int activation_fd = -1;

/* Parses a variable's number; -1: it is not set or not a number. */
static long activation_number(const char *name)
{
	const char *text = getenv(name);
	char *end;
	long number;

	if (!text || *text < '0' || *text > '9')
		return -1;
	number = strtol(text, &end, 10);
	return *end == '\0' ? number : -1;
}

static int activation_option(int fd, int option)
{
	int value = -1;
	socklen_t length = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &length) < 0 ? -1 : value;
}

static int activation_check_socket(int fd, const char *path, struct warden_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNSPEC};
	socklen_t length = sizeof(address);
	char bound[sizeof(address.sun_path) + 1] = "";

	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return warden_error_errno(err, "descriptor %d of LISTEN_FDS", fd);
	if (address.sun_family != AF_UNIX || activation_option(fd, SO_TYPE) != SOCK_STREAM ||
	    activation_option(fd, SO_ACCEPTCONN) != 1)
		return warden_error_set(
			err, "LISTEN_FDS: descriptor %d is no Unix stream socket that listens", fd);
	if (length > offsetof(struct sockaddr_un, sun_path))
		memcpy(bound, address.sun_path, length - offsetof(struct sockaddr_un, sun_path));
	if (strcmp(bound, path) != 0)
		return warden_error_set(
			err,
			"the service manager's socket is %s, server.unix_domain_path is %s: "
			"make them the same",
			bound, path);
	return 0;
}

int activation_open(const char *path, struct warden_error *err)
{
	long pid = activation_number("LISTEN_PID"), count = activation_number("LISTEN_FDS");
	int flags;

	unsetenv("LISTEN_PID"); /* cannot fail for these names */
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (pid != getpid() || count == 0)
		return 0;
	if (count != 1)
		return warden_error_set(err, "LISTEN_FDS: one socket is expected, not %ld", count);
	if (activation_check_socket(FIRST_FD, path, err) < 0)
		return -1;
	flags = fcntl(FIRST_FD, F_GETFL);
	if (flags < 0 || fcntl(FIRST_FD, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(FIRST_FD, F_SETFD, FD_CLOEXEC) < 0)
		return warden_error_errno(err, "descriptor %d of LISTEN_FDS", FIRST_FD);
	activation_fd = FIRST_FD;
	return 0;
}

int activation_take(void)
{
	return take_fd(&activation_fd);
}
