/* SPDX-License-Identifier: Apache-2.0 */
/* A syslog client; see syslog.h. It does not use syslog(3), whose socket cannot be chosen and which
 * blocks if the syslog daemon does not read. */
#include <config.h>

#include "core/syslog.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/cleanup.h"

#define SYSTEM_SOCKET "/dev/log"

struct syslog_client {
	int fd;
	struct sockaddr_un address;
};

struct syslog_client *syslog_client_new(const char *path, struct warden_error *err)
{
	struct syslog_client *client = calloc(1, sizeof(*client));

	if (!path)
		path = SYSTEM_SOCKET;
	if (!client) {
		warden_error_errno(err, "allocate a client of syslog socket %s", path);
		return NULL;
	}
	if (strlen(path) >= sizeof(client->address.sun_path)) {
		warden_error_set(err, "syslog socket %s: the path is longer than %zu bytes", path,
				 sizeof(client->address.sun_path) - 1);
		free(client);
		return NULL;
	}
	client->address.sun_family = AF_UNIX;
	memcpy(client->address.sun_path, path, strlen(path) + 1);
	client->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (client->fd < 0) {
		warden_error_errno(err, "create a syslog socket");
		free(client);
		return NULL;
	}
	return client;
}

void syslog_client_free(struct syslog_client *client)
{
	if (!client)
		return;
	close(client->fd);
	free(client);
}

/* `<14>Jan  2 03:04:05 TAG: ` in the host's time zone; month names are English in any locale. */
static int syslog_format_header(char *out, size_t size, int priority, const char *tag)
{
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t now = time(NULL);
	struct tm tm = {.tm_mday = 1};

	localtime_r(&now, &tm);
	return snprintf(out, size, "<%d>%s %2d %02d:%02d:%02d %s: ", priority, months[tm.tm_mon],
			tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, tag);
}

int syslog_client_send(const struct syslog_client *client, int priority, const char *tag,
		       const char *text, size_t length)
{
	char header[256];
	int header_length = syslog_format_header(header, sizeof(header), priority, tag);
	struct iovec parts[] = {
		{.iov_base = header, .iov_len = (size_t)header_length},
		{.iov_base = (void *)text, .iov_len = length},
	};
	struct msghdr message = {
		.msg_name = (void *)&client->address,
		.msg_namelen = sizeof(client->address),
		.msg_iov = parts,
		.msg_iovlen = ARRAY_SIZE(parts),
	};
	ssize_t sent;

	if (header_length >= (int)sizeof(header)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	do
		sent = sendmsg(client->fd, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -1 : 0;
}
