/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a destroyed container, on a worker: they are moved into the depot's tmp, then
 * removed. Either fails as long as something is in its way, and is then tried again. */
#include <config.h>

#include "core/container/destroy_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/server.h"
#include "core/workers.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/remove_tree.h"

/* Whether the directory is not in the depot any more; somebody else may have removed it. */
static bool destroy_files_are_missing(const struct container *c)
{
	return faccessat(c->server->depot_fd, c->name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	       errno == ENOENT;
}

/* Fails if mountinfo has a mount at or below the directory. Paths with blanks are escaped in it,
 * and not found here. */
static int destroy_files_find_mount(FILE *mounts, const char *directory, struct warden_error *err)
{
	_cleanup_free_ char *line = NULL;
	size_t room = 0, length = strlen(directory);
	char target[PATH_MAX];

	while (getline(&line, &room, mounts) > 0) {
		if (sscanf(line, "%*s %*s %*s %*s %4095s", target) != 1 ||
		    strncmp(target, directory, length) != 0 ||
		    (target[length] != '/' && target[length] != '\0'))
			continue;
		errno = EBUSY;
		return warden_error_errno(err, "remove the mount at %s", target);
	}
	return 0;
}

/* The files below a mount could not be removed later, when the request is answered. If mountinfo
 * cannot be read, a removal that fails is tried again all the same. */
static int destroy_files_check_mounts(const struct container *c, struct warden_error *err)
{
	_cleanup_fclose_ FILE *mounts = fopen("/proc/self/mountinfo", "re");
	_cleanup_free_ char *directory = NULL;
	char link[64], depot[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", c->server->depot_fd);
	length = readlink(link, depot, sizeof(depot) - 1);
	if (!mounts || length < 0 ||
	    asprintf(&directory, "%.*s/%s", (int)length, depot, c->name) < 0)
		return 0;
	return destroy_files_find_mount(mounts, directory, err);
}

int destroy_files_move(const struct container *c, struct warden_error *err)
{
	const struct server *server = c->server;
	char place[32];

	if (destroy_files_check_mounts(c, err) < 0)
		return -1;

	snprintf(place, sizeof(place), "tmp/%s", c->id);
	for (int tries = 0; tries < 2; tries++) {
		if (renameat(server->depot_fd, c->name, server->depot_fd, place) == 0)
			return 1;
		if (errno != ENOENT)
			break;
		if (destroy_files_are_missing(c))
			return 0;
		if (mkdirat(server->depot_fd, "tmp", 0700) < 0 && errno != EEXIST)
			break;
		errno = ENOENT;
	}
	return warden_error_errno(err, "move %s into %s/tmp", c->path, server->settings.depot_path);
}

/* How long a removal works before it rests, and how many times as long it rests. */
#define REMOVAL_TURN_US 4000
#define REMOVAL_RESTS   3

struct destroy_files_pace {
	const struct workers *workers;
	uint64_t turn_us;   /* the turn's begin */
	uint64_t queued_us; /* destroy_files_queued_us at that time */
};

/* How long this thread has waited for a processor, which is no work. 0 if the kernel does not
 * count it. */
static uint64_t destroy_files_queued_us(void)
{
	_cleanup_close_ int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	unsigned long long queued_ns;
	char text[96];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return sscanf(text, "%*u %llu", &queued_ns) == 1 ? queued_ns / 1000 : 0;
}

static void destroy_files_begin_turn(struct destroy_files_pace *pace)
{
	pace->queued_us = destroy_files_queued_us();
	pace->turn_us = clock_monotonic_us();
}

/* Worker thread. Removal keeps processors and the file system's journal busy: it leaves most of
 * both to running containers. At the end of the daemon the next one removes the rest. */
static bool destroy_files_proceed(void *data)
{
	struct destroy_files_pace *pace = data;
	uint64_t passed = clock_monotonic_us() - pace->turn_us, queued, worked;

	if (passed >= REMOVAL_TURN_US) {
		queued = destroy_files_queued_us() - pace->queued_us;
		worked = passed > queued ? passed - queued : 0;
		if (worked > 10 * REMOVAL_TURN_US)
			worked = 10 * REMOVAL_TURN_US;
		usleep((useconds_t)(REMOVAL_RESTS * worked));
		destroy_files_begin_turn(pace);
	}
	return !workers_must_hurry(pace->workers);
}

/* Removes everything but the identity, which tells the next daemon what the container holds. */
static int destroy_files_empty(int parent_fd, const char *name, struct destroy_files_pace *pace,
			       struct warden_error *err)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		warden_error_errno(err, "open %s", name);
		if (fd >= 0)
			close(fd);
		return err->number == ENOENT ? 0 : -1;
	}
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    strcmp(entry->d_name, "etc") != 0 &&
		    remove_tree_while(fd, entry->d_name, destroy_files_proceed, pace, err) < 0)
			return -1;
	return 0;
}

int destroy_files_remove(const struct container *c, const char *name, struct warden_error *err)
{
	_cleanup_close_ int tmp_fd =
		openat(c->server->depot_fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct destroy_files_pace pace = {.workers = c->server->remove_workers};
	struct warden_error reason;

	if (tmp_fd < 0 && errno == ENOENT)
		return 0;
	if (tmp_fd < 0)
		return warden_error_errno(err, "open %s/tmp", c->server->settings.depot_path);
	destroy_files_begin_turn(&pace);
	if (destroy_files_empty(tmp_fd, name, &pace, &reason) == 0 &&
	    remove_tree(tmp_fd, name, &reason) == 0)
		return 0;
	warden_error_set(err, "remove %s/tmp/%s: %s", c->server->settings.depot_path, name,
			 reason.message);
	err->number = reason.number;
	return -1;
}
