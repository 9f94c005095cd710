/* SPDX-License-Identifier: Apache-2.0 */
/* etc/config of a container: its id, network, uid and slot; see snapshot.h. */
#include <config.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/server.h"
#include "core/state/snapshot.h"
#include "lib/cleanup.h"
#include "lib/write_whole.h"

enum { CONFIG_MAX = 8192 };

bool identity_is_id(const char *text)
{
	return strlen(text) == 11 && strspn(text, "0123456789abcdefghijklmnopqrstuv") == 11;
}

void identity_set_network(struct warden_identity *identity, struct in_addr network)
{
	identity->network = network;
	identity->host_ip.s_addr = htonl(ntohl(network.s_addr) + 1);
	identity->container_ip.s_addr = htonl(ntohl(network.s_addr) + 2);
}

void identity_set_options(struct container *c)
{
	c->identity.seccomp = c->options.seccomp;
	c->identity.writable_mounts = false;
	for (size_t i = 0; i < c->n_bind_mounts; i++)
		c->identity.writable_mounts |= c->bind_mounts[i].writable;
}

static int identity_print(const struct container *c, char *text, size_t size)
{
	char host[INET_ADDRSTRLEN], container[INET_ADDRSTRLEN], network[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &c->identity.network, network, sizeof(network));
	inet_ntop(AF_INET, &c->identity.host_ip, host, sizeof(host));
	inet_ntop(AF_INET, &c->identity.container_ip, container, sizeof(container));
	return snprintf(text, size,
			"id=%s\n"
			"network=%s\n"
			"network_netmask=255.255.255.252\n"
			"network_host_ip=%s\n"
			"network_host_iface=w-%s-0\n"
			"network_container_ip=%s\n"
			"network_container_iface=w-%s-1\n"
			"user_uid=%u\n"
			"rootfs_path=%s\n"
			"allow_nested_warden=%s\n"
			"slot=%u\n",
			c->id, network, host, c->id, container, c->id, c->identity.uid,
			c->rootfs ? c->rootfs : "",
			c->server->config->server.allow_nested_warden ? "true" : "false",
			c->identity.slot);
}

int identity_write(const struct container *c, struct warden_error *err)
{
	_cleanup_close_ int fd = openat(c->dir_fd, "etc/config",
					O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	char text[CONFIG_MAX];
	int length = identity_print(c, text, sizeof(text));

	if (fd < 0)
		return warden_error_errno(err, "make %s/etc/config", c->path);
	if (length >= (int)sizeof(text))
		return warden_error_set(err, "the path of rootfs %.100s... is too long", c->rootfs);
	if (write_whole(fd, text, (size_t)length) < 0)
		return warden_error_errno(err, "write %s/etc/config", c->path);
	return 0;
}

/* Copies the value of the line `key=value` to `out` and returns it; NULL: there is no such line. */
static const char *identity_value_of(const char *text, const char *key, char *out, size_t size)
{
	size_t length = strlen(key);
	const char *line = text;

	while (line && *line) {
		const char *end = strchrnul(line, '\n');

		if (strncmp(line, key, length) == 0 && line[length] == '=') {
			snprintf(out, size, "%.*s", (int)(end - line - (ptrdiff_t)length - 1),
				 line + length + 1);
			return out;
		}
		line = *end ? end + 1 : NULL;
	}
	return NULL;
}

static bool identity_number_of(const char *text, const char *key, uint32_t *number)
{
	char value[32], *end;
	unsigned long parsed;

	if (!identity_value_of(text, key, value, sizeof(value)))
		return false;
	errno = 0;
	parsed = strtoul(value, &end, 10);
	*number = (uint32_t)parsed;
	return errno == 0 && *value >= '0' && *value <= '9' && *end == '\0' && parsed <= UINT32_MAX;
}

int identity_read(int dir_fd, char *id, struct warden_identity *identity, struct warden_error *err)
{
	_cleanup_close_ int fd =
		openat(dir_fd, "etc/config", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[CONFIG_MAX], value[64];
	struct in_addr network;
	ssize_t got;

	if (fd < 0)
		return warden_error_errno(err, "open etc/config");
	got = read(fd, text, sizeof(text) - 1);
	if (got < 0)
		return warden_error_errno(err, "read etc/config");
	text[got] = '\0';
	if (!identity_value_of(text, "id", value, sizeof(value)) || !identity_is_id(value))
		return warden_error_set(err, "etc/config has no id");
	memcpy(id, value, 12);
	if (!identity_number_of(text, "user_uid", &identity->uid) ||
	    !identity_number_of(text, "slot", &identity->slot) ||
	    !identity_value_of(text, "network", value, sizeof(value)) ||
	    inet_pton(AF_INET, value, &network) != 1)
		return warden_error_set(
			err, "etc/config lacks user_uid, slot or network, or one is invalid");
	identity_set_network(identity, network);
	return 0;
}
