/* SPDX-License-Identifier: Apache-2.0 */
/* Directories that are set aside; see set_aside.h. */
#include <config.h>

#include "core/state/set_aside.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"
#include "core/pools/pool.h"
#include "core/rules/rules.h"
#include "core/server.h"
#include "core/state/snapshot.h"
#include "lib/cleanup.h"

/* How many directories of one name are kept. */
enum { SAME_NAME_MAX = 1000, SUFFIX_SIZE = 12 /* a dot, a number, the NUL */ };

struct set_aside {
	LIST_ENTRY(set_aside) link;
	char id[12]; /* empty: unknown */
};

/* Numbers that a container owns stay its own. */
static void set_aside_take_pools(struct server *server, const struct warden_identity *identity)
{
	uint64_t now = uv_now(&server->loop);

	/* -1: not in the pool, or taken. */
	(void)pool_take_value(server->networks, now, ntohl(identity->network.s_addr));
	(void)pool_take_value(server->uids, now, identity->uid);
	(void)pool_take_value(server->slots, now, identity->slot);
}

static void set_aside_add(struct server *server, int parent_fd, const char *name)
{
	_cleanup_close_ int fd =
		openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct set_aside *aside = calloc(1, sizeof(*aside));
	struct warden_identity identity = {0};
	struct snapshot_claims claims;
	struct warden_error err;
	bool known;

	if (!aside) {
		log_write(WARDEN_LOG_ERROR, "%s: no memory to reserve what it names", name);
		return;
	}
	LIST_INSERT_HEAD(&server->set_aside, aside, link);
	known = fd >= 0 && identity_read(fd, aside->id, &identity, &err) == 0;
	if (!known && identity_is_id(name))
		memcpy(aside->id, name, sizeof(aside->id));
	if (fd < 0)
		return;
	snapshot_read_claims(fd, &claims);
	if (known || claims.has_identity)
		set_aside_take_pools(server, known ? &identity : &claims.identity);
	rules_reserve_ports(server, &claims.rules);
	rules_free(&claims.rules);
}

/* Makes and opens DEPOT/damaged. */
static int set_aside_open(const struct server *server, bool make, struct warden_error *err)
{
	int fd;

	if (make && mkdirat(server->depot_fd, SET_ASIDE_DIRECTORY, 0700) < 0 && errno != EEXIST)
		return warden_error_errno(err, "make %s/" SET_ASIDE_DIRECTORY,
					  server->settings.depot_path);
	fd = openat(server->depot_fd, SET_ASIDE_DIRECTORY,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		warden_error_errno(err, "open %s/" SET_ASIDE_DIRECTORY,
				   server->settings.depot_path);
	return fd;
}

/* Moves it to its own name, or to NAME.1 and so on if that is taken. */
static int set_aside_move(const struct server *server, int to_fd, const char *name, char *new,
			  size_t size, struct warden_error *err)
{
	int result = -1;

	snprintf(new, size, "%s", name);
	errno = EEXIST;
	for (unsigned i = 1; i <= SAME_NAME_MAX && result < 0 && errno == EEXIST; i++) {
		result = renameat2(server->depot_fd, name, to_fd, new, RENAME_NOREPLACE);
		if (result < 0 && errno == EEXIST)
			snprintf(new, size, "%.*s.%u", (int)size - SUFFIX_SIZE, name, i);
	}
	return result < 0 ? warden_error_errno(err, "move %s/%s to " SET_ASIDE_DIRECTORY "/",
					       server->settings.depot_path, name)
			  : 0;
}

void set_aside_directory(struct server *server, const char *name, const char *reason)
{
	struct warden_error err;
	char new[NAME_MAX + 1];
	_cleanup_close_ int to_fd = set_aside_open(server, true, &err);

	if (to_fd >= 0 && set_aside_move(server, to_fd, name, new, sizeof(new), &err) == 0) {
		log_write(WARDEN_LOG_ERROR, "%s/%s: %s; it is set aside as %s/%s",
			  server->settings.depot_path, name, reason, SET_ASIDE_DIRECTORY, new);
		set_aside_add(server, to_fd, new);
		return;
	}
	log_write(WARDEN_LOG_ERROR, "%s/%s: %s; it stays where it is: %s",
		  server->settings.depot_path, name, reason, err.message);
	set_aside_add(server, server->depot_fd, name);
}

void set_aside_reserve(struct server *server)
{
	struct warden_error err;
	int fd = set_aside_open(server, false, &err);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		else if (err.number != ENOENT)
			log_write(WARDEN_LOG_ERROR, "%s", err.message);
		return;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		log_write(WARDEN_LOG_WARN, "%s/" SET_ASIDE_DIRECTORY "/%s is set aside",
			  server->settings.depot_path, entry->d_name);
		set_aside_add(server, fd, entry->d_name);
	}
	closedir(dir); /* opened for reading: nothing to lose */
}

bool set_aside_has_id(const struct server *server, const char *id)
{
	const struct set_aside *aside;

	LIST_FOREACH(aside, &server->set_aside, link)
		if (strcmp(aside->id, id) == 0)
			return true;
	return false;
}

size_t set_aside_count(const struct server *server)
{
	const struct set_aside *aside;
	size_t n = 0;

	LIST_FOREACH(aside, &server->set_aside, link)
		n++;
	return n;
}

void set_aside_free(struct server *server)
{
	struct set_aside *aside;

	while ((aside = LIST_FIRST(&server->set_aside))) {
		LIST_REMOVE(aside, link);
		free(aside);
	}
}
