/* SPDX-License-Identifier: Apache-2.0 */
/* The directories of a depot that are or were containers'; see clean_private.h. Of the depot itself
 * these are the directories with an id. What is in `tmp` (destroyed containers) and `damaged` (set
 * aside by a start) was put there by a daemon. */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clean/clean_private.h"
#include "core/state/depot_lock.h"
#include "core/state/set_aside.h"
#include "core/state/snapshot.h"
#include "lib/cleanup.h"

static const char *const folders[CLEAN_FOLDERS] = {".", "tmp", SET_ASIDE_DIRECTORY};

/* The id of the identity in the directory, or that which its name begins with. */
static void clean_depot_find_id(const char *name, int fd, char id[12])
{
	struct warden_identity identity;
	struct warden_error err;

	id[0] = '\0';
	if (fd >= 0 && identity_read(fd, id, &identity, &err) == 0)
		return;
	snprintf(id, 12, "%s", name);
	if (!identity_is_id(id) || (strlen(name) > 11 && strchr("-_.", name[11]) == NULL))
		id[0] = '\0';
}

static bool clean_depot_is_candidate(const char *name, int folder)
{
	if (name[0] == '.') /* the directory, its parent, and files of a backend */
		return false;
	return folder > 0 || (strcmp(name, folders[1]) != 0 && strcmp(name, folders[2]) != 0);
}

static int clean_depot_add(struct clean_depot *depot, int folder, const char *name,
			   struct warden_error *err)
{
	_cleanup_close_ int fd =
		openat(depot->fds[folder], name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct clean_entry *grown, entry = {.parent_fd = depot->fds[folder]};

	if (fd < 0 && errno != ENOTDIR && errno != ELOOP)
		return errno == ENOENT ? 0 : warden_error_errno(err, "open %s", name);
	clean_depot_find_id(name, fd, entry.id);
	if (folder == 0 && (!*entry.id || fd < 0))
		return 0; /* not a daemon's */
	grown = reallocarray(depot->entries, depot->n + 1, sizeof(*grown));
	if (!grown)
		return warden_error_set(err, "no memory");
	depot->entries = grown;
	entry.name = strdup(name);
	if (!entry.name || asprintf(&entry.path, "%s%s%s/%s", depot->path, folder > 0 ? "/" : "",
				    folder > 0 ? folders[folder] : "", name) < 0) {
		free(entry.name);
		return warden_error_set(err, "no memory");
	}
	entry.fd = take_fd(&fd);
	grown[depot->n++] = entry;
	return 0;
}

static int clean_depot_read_folder(struct clean_depot *depot, int folder, struct warden_error *err)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	int fd, result = 0;

	depot->fds[folder] = openat(folder == 0 ? AT_FDCWD : depot->fds[0],
				    folder == 0 ? depot->path : folders[folder],
				    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (depot->fds[folder] < 0)
		return folder > 0 && errno == ENOENT
			       ? 0
			       : warden_error_errno(err, "open %s of depot %s", folders[folder],
						    depot->path);
	if (folder == 0 && depot_lock(depot->fds[0], depot->path, err) < 0)
		return -1;
	fd = openat(depot->fds[folder], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		warden_error_errno(err, "read %s of depot %s", folders[folder], depot->path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while (result == 0 && (errno = 0, entry = readdir(dir)))
		if (clean_depot_is_candidate(entry->d_name, folder))
			result = clean_depot_add(depot, folder, entry->d_name, err);
	if (result == 0 && errno != 0)
		return warden_error_errno(err, "read %s of depot %s", folders[folder], depot->path);
	return result;
}

int clean_depot_open(struct clean_depot *depot, const char *path, struct warden_error *err)
{
	int result = 0;

	*depot = (struct clean_depot){.path = realpath(path, NULL)};
	for (int i = 0; i < CLEAN_FOLDERS; i++)
		depot->fds[i] = -1;
	if (!depot->path)
		return warden_error_errno(err, "open depot %s", path);
	for (int i = 0; result == 0 && i < CLEAN_FOLDERS; i++)
		result = clean_depot_read_folder(depot, i, err);
	return result;
}

void clean_depot_close(struct clean_depot *depot)
{
	for (size_t i = 0; i < depot->n; i++) {
		cleanup_close(&depot->entries[i].fd);
		free(depot->entries[i].name);
		free(depot->entries[i].path);
	}
	free(depot->entries);
	for (int i = 0; i < CLEAN_FOLDERS; i++)
		cleanup_close(&depot->fds[i]);
	free(depot->path);
}
