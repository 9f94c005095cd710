/* SPDX-License-Identifier: Apache-2.0 */
/* Finds containers' groups wherever a daemon may have been, and removes those that a clean names.
 * The daemon that made them may have been in another group than this process, so the hierarchies
 * are walked; see cgroup.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup_private.h"
#include "lib/cleanup.h"

#define MOUNTS_MAX 64
#define DEPTH_MAX  32

/* Rounds of killing, and of tries to remove a group that dying processes keep busy; and the time
 * between two, in milliseconds. */
#define ROUNDS   250
#define ROUND_MS 20

/* Processes opened before the group is read again. */
#define BATCH ((size_t)256)

struct cgroup_walk {
	cgroup_clean_found *found;
	void *data;
	char path[PATH_MAX];
	bool in_parent; /* the path ends in CGROUP_PARENT */
	int depth;
};

static bool cgroup_clean_is_container(const char *name)
{
	size_t prefix = strlen(CGROUP_CONTAINER);

	return strncmp(name, CGROUP_CONTAINER, prefix) == 0 && strlen(name) == prefix + 11 &&
	       strspn(name + prefix, "0123456789abcdefghijklmnopqrstuv") == 11;
}

static void cgroup_clean_report(struct cgroup_walk *walk, int parent_fd, const char *name)
{
	_cleanup_close_ int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char mark[DEPOT_MARK_SIZE];
	ssize_t length;
	pid_t *pids;
	size_t n;
	bool busy;

	if (fd < 0)
		return; /* it is gone */
	length = fgetxattr(fd, DEPOT_MARK_ATTRIBUTE, mark, sizeof(mark) - 1);
	mark[length > 0 ? length : 0] = '\0';
	busy = cgroup_tree_pids(parent_fd, name, &pids, &n) < 0 || n > 0;
	free(pids);
	walk->found(walk->data, name + strlen(CGROUP_CONTAINER), walk->path, mark, busy);
}

/* Goes on behind a group that cannot be opened or is too deep: none of ours is. */
static int cgroup_clean_visit(int parent_fd, const char *name, void *data)
{
	struct cgroup_walk *walk = data;
	size_t length = strlen(walk->path), left = sizeof(walk->path) - length;
	bool in_parent = walk->in_parent;
	_cleanup_close_ int fd = -1;

	if (walk->depth >= DEPTH_MAX ||
	    (size_t)snprintf(walk->path + length, left, "/%s", name) >= left) {
		walk->path[length] = '\0';
		return 0;
	}
	if (in_parent && cgroup_clean_is_container(name)) {
		cgroup_clean_report(walk, parent_fd, name);
	} else {
		fd = openat(parent_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		walk->in_parent = strcmp(name, CGROUP_PARENT) == 0;
		walk->depth++;
		if (fd >= 0)
			(void)cgroup_tree_foreach_child(fd, cgroup_clean_visit, walk);
		walk->depth--;
		walk->in_parent = in_parent;
	}
	walk->path[length] = '\0';
	return 0;
}

int cgroup_clean_find(cgroup_clean_found *found, void *data, struct warden_error *err)
{
	struct cgroup_mount mounts[MOUNTS_MAX] = {0};
	size_t n = 0;
	int result = cgroup_mounts_find(mounts, MOUNTS_MAX, &n, err);

	for (size_t i = 0; result == 0 && i < n; i++) {
		struct cgroup_walk walk = {.found = found, .data = data};
		_cleanup_close_ int fd =
			open(mounts[i].mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);

		snprintf(walk.path, sizeof(walk.path), "%s", mounts[i].mount_point);
		if (fd < 0 || cgroup_tree_foreach_child(fd, cgroup_clean_visit, &walk) < 0)
			result = warden_error_errno(err, "read the control groups at %s",
						    mounts[i].mount_point);
	}
	cgroup_mounts_free(mounts, n);
	return result;
}

static void cgroup_clean_pause(void)
{
	const struct timespec time = {.tv_nsec = ROUND_MS * 1000000L};

	nanosleep(&time, NULL); /* a signal makes the next round earlier */
}

void cgroup_clean_thaw(const char *path)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct warden_error ignored; /* only one hierarchy has one of the files */

	if (fd < 0)
		return;
	(void)cgroup_file_write(fd, "freezer.state", "THAWED", &ignored);
	(void)cgroup_file_write(fd, "cgroup.freeze", "0", &ignored);
}

static bool cgroup_clean_has_pid(const pid_t *pids, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* Kills some processes: one that is opened, and in the group before and after that, is the one that
 * was seen. Returns how many the group has, or -1 and errno. */
static ssize_t cgroup_clean_kill_round(const char *path)
{
	_cleanup_free_ pid_t *pids = NULL;
	_cleanup_free_ pid_t *again = NULL;
	int fds[BATCH];
	size_t n, n_again;

	if (cgroup_tree_pids(AT_FDCWD, path, &pids, &n) < 0)
		return -1;
	for (size_t i = 0; i < n && i < BATCH; i++)
		fds[i] = pidfd_open(pids[i], 0);
	if (cgroup_tree_pids(AT_FDCWD, path, &again, &n_again) < 0)
		n_again = 0;
	for (size_t i = 0; i < n && i < BATCH; i++) {
		if (fds[i] < 0)
			continue;
		if (cgroup_clean_has_pid(again, n_again, pids[i]))
			pidfd_send_signal(fds[i], SIGKILL, NULL, 0); /* ESRCH: it has ended */
		close(fds[i]);
	}
	return (ssize_t)n;
}

int cgroup_clean_kill(const char *path, struct warden_error *err)
{
	ssize_t n = 0;

	for (int i = 0; i < ROUNDS; i++) {
		n = cgroup_clean_kill_round(path);
		if (n < 0)
			return warden_error_errno(err, "list processes of %s", path);
		if (n == 0)
			return 0;
		cgroup_clean_pause();
	}
	return warden_error_set(err, "%zd processes of %s do not end", n, path);
}

int cgroup_clean_remove(const char *path, struct warden_error *err)
{
	_cleanup_close_ int base_fd = -1;
	char base[PATH_MAX];
	int result = -1;

	for (int i = 0; i < ROUNDS && result < 0; i++) {
		result = cgroup_tree_remove(AT_FDCWD, path);
		if (result < 0 && errno != EBUSY)
			break;
		if (result < 0)
			cgroup_clean_pause();
	}
	if (result < 0)
		return warden_error_errno(err, "remove control group %s", path);
	snprintf(base, sizeof(base), "%s", path);
	for (int i = 0; i < 2; i++) /* of the container and of all containers */
		*strrchr(base, '/') = '\0';
	base_fd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)cgroup_parent_remove(base_fd); /* it stays while others use it */
	return 0;
}
