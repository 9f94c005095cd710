/* SPDX-License-Identifier: Apache-2.0 */
/* Turns net.ipv4.ip_forward on, and off again; see net.h. A record in the depot tells that it was
 * off before, in which boot and which network namespace: elsewhere the record says nothing. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/linux/net/net.h"
#include "backends/linux/net/net_sysctl.h"
#include "lib/cleanup.h"
#include "lib/write_whole.h"

#define FORWARDING_SETTING "/proc/sys/net/ipv4/ip_forward"
#define FORWARDING_RECORD  ".ip_forward"

struct net_forwarding_record {
	char text[128];
};

/* 1 if packets are forwarded, 0 if not. */
static int net_forwarding_read(struct warden_error *err)
{
	_cleanup_close_ int fd = open(FORWARDING_SETTING, O_RDONLY | O_CLOEXEC);
	char now = 0;

	if (fd < 0 || read(fd, &now, 1) != 1)
		return warden_error_errno(err, "read " FORWARDING_SETTING);
	return now != '0';
}

/* The record, if it was written in this boot and this network namespace. */
static int net_forwarding_describe(struct net_forwarding_record *record, struct warden_error *err)
{
	static const char boot[] = "/proc/sys/kernel/random/boot_id";
	_cleanup_close_ int fd = open(boot, O_RDONLY | O_CLOEXEC);
	char id[64];
	ssize_t n = fd < 0 ? -1 : read(fd, id, sizeof(id) - 1);
	struct stat netns;

	if (n < 0)
		return warden_error_errno(err, "read %s", boot);
	if (stat("/proc/self/ns/net", &netns) < 0)
		return warden_error_errno(err, "stat /proc/self/ns/net");
	id[n] = '\0';
	id[strcspn(id, "\n")] = '\0';
	snprintf(record->text, sizeof(record->text), "boot %s netns %" PRIuMAX "\n", id,
		 (uintmax_t)netns.st_ino);
	return 0;
}

/* Opens the depot's record. */
static int net_forwarding_open(const struct warden_host *host, int flags, struct warden_error *err)
{
	const char *depot = host->settings->depot_path;
	_cleanup_close_ int dir = open(depot, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd =
		dir < 0 ? -1 : openat(dir, FORWARDING_RECORD, flags | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		warden_error_errno(err, "open %s/" FORWARDING_RECORD, depot);
	return fd;
}

static int net_forwarding_note(const struct warden_host *host, struct warden_error *err)
{
	_cleanup_close_ int fd = net_forwarding_open(host, O_WRONLY | O_CREAT | O_TRUNC, err);
	struct net_forwarding_record record;

	if (fd < 0 || net_forwarding_describe(&record, err) < 0)
		return -1;
	if (write_whole(fd, record.text, strlen(record.text)) < 0)
		return warden_error_errno(err, "write %s/" FORWARDING_RECORD,
					  host->settings->depot_path);
	return 0;
}

int net_forwarding_enable(const struct warden_host *host, struct warden_error *err)
{
	int on = net_forwarding_read(err);

	if (on != 0)
		return on < 0 ? -1 : 0;
	/* The record is first: one too many does no harm, as it is compared with the setting. A
	 * full disk must not keep the daemon from its containers. */
	if (net_forwarding_note(host, err) < 0)
		host->log(host, WARDEN_LOG_WARN, NULL,
			  "%s; a clean will leave net.ipv4.ip_forward on", err->message);
	if (net_sysctl_write(-1, FORWARDING_SETTING, "1", err) < 0)
		return -1;
	host->log(host, WARDEN_LOG_INFO, NULL,
		  "net.ipv4.ip_forward was off; turned it on: this host now forwards packets");
	return 0;
}

int net_forwarding_check(struct warden_error *err)
{
	int on = net_forwarding_read(err);

	if (on == 0 && faccessat(AT_FDCWD, FORWARDING_SETTING, W_OK, AT_EACCESS) < 0)
		return warden_error_errno(err, "write " FORWARDING_SETTING);
	return on < 0 ? -1 : 0;
}

int net_forwarding_is_ours(const struct warden_host *host, struct warden_error *err)
{
	struct net_forwarding_record wanted, found = {0};
	_cleanup_close_ int fd = net_forwarding_open(host, O_RDONLY, err);

	if (fd < 0)
		return err->number == ENOENT ? 0 : -1;
	if (read(fd, found.text, sizeof(found.text) - 1) < 0)
		return warden_error_errno(err, "read %s/" FORWARDING_RECORD,
					  host->settings->depot_path);
	if (net_forwarding_describe(&wanted, err) < 0)
		return -1;
	return strcmp(found.text, wanted.text) == 0 ? net_forwarding_read(err) : 0;
}

int net_forwarding_disable(const struct warden_host *host, struct warden_error *err)
{
	char path[4096];

	if (net_sysctl_write(-1, FORWARDING_SETTING, "0", err) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/" FORWARDING_RECORD, host->settings->depot_path);
	if (unlink(path) < 0 && errno != ENOENT)
		return warden_error_errno(err, "remove %s", path);
	return 0;
}
