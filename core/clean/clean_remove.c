/* SPDX-License-Identifier: Apache-2.0 */
/* Removes an entry of the depot with what is mounted in it; see clean_private.h. */
#include <config.h>

#include <mntent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "core/clean/clean_private.h"
#include "lib/remove_tree.h"

/* Lists the mounts at `path` and below, in the order in which they were made. */
static char **clean_remove_find_mounts(const char *path, size_t *n)
{
	FILE *file = setmntent("/proc/self/mounts", "re");
	size_t length = strlen(path);
	char **found = NULL, **grown;
	const struct mntent *mount;

	*n = 0;
	while (file && (mount = getmntent(file))) {
		const char *at = mount->mnt_dir;

		if (strncmp(at, path, length) != 0 || (at[length] && at[length] != '/'))
			continue;
		grown = reallocarray(found, *n + 1, sizeof(*grown));
		if (!grown)
			break; /* the directory of the mount cannot be removed, which is reported */
		found = grown;
		found[*n] = strdup(at);
		if (!found[*n])
			break;
		++*n;
	}
	if (file)
		endmntent(file);
	return found;
}

static void clean_remove_mount(const struct clean_entry *entry, const char *path, bool dry_run,
			       struct clean_report *report)
{
	enum warden_clean_result result = dry_run ? WARDEN_CLEAN_FOUND : WARDEN_CLEAN_REMOVED;
	struct warden_error err = {0};

	if (!dry_run && umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0) {
		warden_error_errno(&err, "umount %s", path);
		result = WARDEN_CLEAN_FAILED;
	}
	clean_report_add(report, result, "mount", path, entry->id, err.message);
}

void clean_depot_remove(const struct clean_entry *entry, bool dry_run, struct clean_report *report)
{
	enum warden_clean_result result = dry_run ? WARDEN_CLEAN_FOUND : WARDEN_CLEAN_REMOVED;
	struct warden_error err = {0};
	size_t n;
	char **mounts = clean_remove_find_mounts(entry->path, &n);

	while (n-- > 0) {
		clean_remove_mount(entry, mounts[n], dry_run, report);
		free(mounts[n]);
	}
	free(mounts);
	if (!dry_run && remove_tree(entry->parent_fd, entry->name, &err) < 0)
		result = WARDEN_CLEAN_FAILED;
	clean_report_add(report, result, entry->fd < 0 ? "file" : "directory", entry->path,
			 entry->id, err.message);
}
