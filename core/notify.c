/* SPDX-License-Identifier: Apache-2.0 */
/* Readiness and status for the service manager, by the protocol of sd_notify(3). */
#include <config.h>

#include "core/notify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/text.h"

/* A connected datagram socket; -1: there is no service manager to notify. */
static int notify_fd = -1;

/* Fills a socket address: `@NAME` is in the abstract namespace, `/PATH` is a file. Returns its
 * length, or 0 if the name is invalid. */
static socklen_t notify_make_address(const char *name, struct sockaddr_un *address)
{
	size_t length = strlen(name);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if ((*name != '@' && *name != '/') || length < 2 || length >= sizeof(address->sun_path))
		return 0;
	memcpy(address->sun_path, name, length);
	if (*name == '@')
		address->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (*name == '/'));
}

int notify_open(struct warden_error *err)
{
	const char *variable = getenv("NOTIFY_SOCKET");
	_cleanup_free_ char *name = variable && *variable ? strdup(variable) : NULL;
	_cleanup_close_ int fd = -1;
	struct sockaddr_un address;
	socklen_t length;

	if (!variable || !*variable)
		return 0;
	if (!name)
		return warden_error_errno(err, "NOTIFY_SOCKET");
	unsetenv("NOTIFY_SOCKET"); /* cannot fail for this name */
	length = notify_make_address(name, &address);
	if (length == 0)
		return warden_error_set(err, "NOTIFY_SOCKET=%s: not a socket address", name);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, length) < 0)
		return warden_error_errno(err, "connect to NOTIFY_SOCKET=%s", name);
	notify_close();
	notify_fd = take_fd(&fd);
	return 0;
}

/* Sends assignments, one per line. */
static int notify_send_text(const char *text, size_t length, struct warden_error *err)
{
	ssize_t sent;

	if (notify_fd < 0)
		return 0;
	do
		sent = send(notify_fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? warden_error_errno(err, "send to NOTIFY_SOCKET") : 0;
}

/* Sends `prefix`, then the text as one line. */
static int __attribute__((format(printf, 3, 0), nonnull))
notify_send_status(struct warden_error *err, const char *prefix, const char *format, va_list args)
{
	char text[512], message[1024];
	size_t length = (size_t)snprintf(message, sizeof(message), "%s", prefix);

	vsnprintf(text, sizeof(text), format, args); /* human-readable: may be cut */
	length += text_escape(message + length, sizeof(message) - length, text, strlen(text));
	return notify_send_text(message, length, err);
}

int notify_ready(struct warden_error *err, const char *format, ...)
{
	va_list args;
	int result;

	va_start(args, format);
	result = notify_send_status(err, "READY=1\nSTATUS=", format, args);
	va_end(args);
	return result;
}

int notify_status(struct warden_error *err, const char *format, ...)
{
	va_list args;
	int result;

	va_start(args, format);
	result = notify_send_status(err, "STATUS=", format, args);
	va_end(args);
	return result;
}

int notify_reloading(struct warden_error *err)
{
	char text[64];
	int length = snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
			      clock_monotonic_us());

	return notify_send_text(text, (size_t)length, err);
}

int notify_stopping(struct warden_error *err)
{
	static const char text[] = "STOPPING=1";

	return notify_send_text(text, sizeof(text) - 1, err);
}

void notify_close(void)
{
	if (notify_fd >= 0)
		close(notify_fd); /* datagrams are sent at once */
	notify_fd = -1;
}
