/* SPDX-License-Identifier: Apache-2.0 */
/* Limits what a privileged process may read below a container's root to what the container's root
 * could read: files that belong to the container's ids, and files in its root file system. In
 * another mount (a bind mount of a host directory) only files that everybody, or the container's
 * users, may read. */
#include <config.h>

#include "backends/files/copy_private.h"
#include "lib/cleanup.h"
#include "lib/trusted_path.h"

#include <fcntl.h>
#include <unistd.h>

/* The id that the container sees for an id outside its range. */
enum { OVERFLOW_ID = 65534 };

uint32_t copy_guard_id(const struct copy_guard *guard, uint32_t id)
{
	if (!guard->set)
		return id;
	return id - guard->first < guard->count ? id - guard->first : OVERFLOW_ID;
}

static bool copy_guard_is_root_mount(const struct copy_side *side, int fd)
{
	struct statx root = {0}, here = {0};

	if (statx(side->root_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &root) < 0 ||
	    statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &here) < 0)
		return false;
	return (root.stx_mask & here.stx_mask & STATX_MNT_ID) && root.stx_mnt_id == here.stx_mnt_id;
}

/* Checks that an opened file may be read; -1 with EACCES. */
int copy_guard_check(const struct copy_side *side, int fd, const struct stat *st)
{
	const struct copy_guard *guard = &side->guard;
	mode_t wanted = S_ISDIR(st->st_mode) ? S_IROTH | S_IXOTH : S_IROTH;

	if (!guard->set ||
	    (st->st_uid - guard->first < guard->count && st->st_gid - guard->first < guard->count))
		return 0;
	if (copy_guard_is_root_mount(side, fd) || (st->st_mode & wanted) == wanted)
		return 0;
	errno = EACCES;
	return -1;
}

/* Enters the directories of another mount as the container's root, which has no rights over host
 * files, else as its user. */
static int copy_guard_open_as_container(struct copy_state *copy, const char *path, int flags)
{
	const struct copy_side *side = &copy->request->source;
	const struct copy_identity *const identities[] = {&side->guard.root, &side->guard.user};
	int fd = -1;

	for (size_t i = 0; i < ARRAY_SIZE(identities) && fd < 0; i++) {
		if (copy_become(copy, identities[i]) < 0)
			break;
		fd = copy_path_open(side, path, flags);
		if (fd < 0 && errno != EACCES)
			break;
	}
	if (copy_as_source(copy) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	errno = EPERM;
	return -1;
}

/* Opens a path of the host. */
static int copy_guard_open_trusted(struct copy_state *copy, const char *path, int flags)
{
	const struct copy_identity *as = &copy->request->source.as;
	/* In a client's directory a container may act with the client's uid. Without identities
	 * there is no isolation: all is the process's user's. */
	const struct trusted_owners owners = {
		.link_owner = as->set ? as->uid : copy->process.uid,
		.directory_owner = as->set ? 0 : copy->process.uid,
	};
	_cleanup_close_ int found =
		trusted_path_open(path, flags & O_DIRECTORY, &owners, &copy->refusal);

	if (found < 0 || (flags & O_PATH))
		return take_fd(&found);
	return openat(found, ".", flags | O_NONBLOCK | O_CLOEXEC);
}

/* Opens a path of the source's side; on the host a directory. Returns a descriptor, or -1 with
 * errno. */
int copy_source_open(struct copy_state *copy, const char *path, int flags)
{
	const struct copy_side *side = &copy->request->source;
	char *inside;
	int fd;

	if (side->links == COPY_LINKS_TRUSTED)
		return copy_guard_open_trusted(copy, path, flags);
	fd = copy_path_open(side, path, flags);
	if (fd < 0 || !side->guard.set || copy_guard_is_root_mount(side, fd))
		return fd;
	close(fd);
	if (!(flags & O_PATH))
		return copy_guard_open_as_container(copy, path, flags);
	/* A directory whose entries are looked up: it must be searchable, too. */
	if (asprintf(&inside, "%s/.", path) < 0)
		return -1;
	fd = copy_guard_open_as_container(copy, inside, flags);
	free(inside);
	return fd;
}
