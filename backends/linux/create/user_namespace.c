/* SPDX-License-Identifier: Apache-2.0 */
/* User namespaces and identities; see user_namespace.h. For processes with one thread only:
 * children of the spawner. */
#include "backends/linux/create/user_namespace.h"

#include <fcntl.h>
#include <linux/securebits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/linux/create/capabilities.h"
#include "backends/linux/linux.h"
#include "lib/cleanup.h"
#include "lib/fork.h"

/* The capabilities to access files of other users: capabilities(7), "effect of changing fsuid". */
#define FILE_CAPABILITIES                                                                          \
	(CAPABILITY(CAP_CHOWN) | CAPABILITY(CAP_DAC_OVERRIDE) | CAPABILITY(CAP_DAC_READ_SEARCH) |  \
	 CAPABILITY(CAP_FOWNER) | CAPABILITY(CAP_FSETID) | CAPABILITY(CAP_LINUX_IMMUTABLE) |       \
	 CAPABILITY(CAP_MKNOD))

int user_act_as(uid_t uid, gid_t gid, bool all_capabilities, struct warden_error *err)
{
	setfsgid(gid);
	setfsuid(uid);
	/* These calls return the previous id even on failure, so a second call checks the first. */
	if (setfsgid((gid_t)-1) != (int)gid || setfsuid((uid_t)-1) != (int)uid) {
		errno = EPERM;
		return warden_error_errno(err, "act as user %u, group %u", uid, gid);
	}
	if (capabilities_use(all_capabilities || uid == 0 ? 0 : FILE_CAPABILITIES) < 0)
		return warden_error_errno(err, "set capabilities as user %u", uid);
	return 0;
}

int user_obey_quota(bool obey, struct warden_error *err)
{
	if (capabilities_use(obey ? CAPABILITY(CAP_SYS_RESOURCE) : 0) < 0)
		return warden_error_errno(err, "set capabilities");
	return 0;
}

static int user_set_ids(uid_t id)
{
	return setresgid(id, id, id) < 0 || setresuid(id, id, id) < 0 ? -1 : 0;
}

/* Keeps all capabilities. */
static int user_become(uid_t id, struct warden_error *err)
{
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) < 0 || user_set_ids(id) < 0)
		return warden_error_errno(err, "become user %u", id);
	/* Only the owner of /proc/PID may write the id maps, and a process that is not dumpable
	 * belongs to root. */
	if (prctl(PR_SET_DUMPABLE, 1) < 0)
		return warden_error_errno(err, "make the process of user %u dumpable", id);
	return 0;
}

pid_t user_fork(uid_t owner, uint64_t namespaces, int cgroup_fd, struct warden_error *err)
{
	pid_t pid;

	if (user_become(owner, err) < 0)
		return -1;
	pid = fork_with(CLONE_NEWUSER | namespaces, SIGCHLD, cgroup_fd);
	if (pid == 0)
		return 0;
	if (pid < 0)
		warden_error_errno(err, "make the container's namespaces");
	if (user_set_ids(0) < 0 || prctl(PR_SET_SECUREBITS, 0) < 0)
		return warden_error_errno(err, "become root again");
	return pid;
}

/* Prints a line for each range of ids that is contiguous on both sides. Returns the length. */
static int user_print_map(const struct user_map *map, char *text, size_t size)
{
	uint32_t low = map->one < map->other ? map->one : map->other;
	uint32_t high = map->one < map->other ? map->other : map->one;
	const struct {
		uint32_t from, to, count;
	} runs[] = {
		{0, 0, low},
		{low, high, 1},
		{low + 1, low + 1, high - low - 1},
		{high, low, 1},
		{high + 1, high + 1, map->count - high - 1},
	};
	size_t length = 0;

	if (low == high)
		return snprintf(text, size, "0 %u %u\n", map->first, map->count);
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
		if (runs[i].count > 0)
			length += (size_t)snprintf(text + length, size - length, "%u %u %u\n",
						   runs[i].from, map->first + runs[i].to,
						   runs[i].count);
	return (int)length;
}

static int user_write_map(pid_t pid, const char *file, const struct user_map *map,
			  struct warden_error *err)
{
	char path[64], text[256];
	int length = user_print_map(map, text, sizeof(text));
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return warden_error_errno(err, "open %s", path);
	if (write(fd, text, (size_t)length) != length)
		return warden_error_errno(err, "write %s", path);
	return 0;
}

int user_write_maps(pid_t pid, const struct user_map *uids, const struct user_map *gids,
		    struct warden_error *err)
{
	if (user_write_map(pid, "uid_map", uids, err) < 0)
		return -1;
	return user_write_map(pid, "gid_map", gids, err);
}

void user_read_base(pid_t pid, uint32_t *base)
{
	unsigned inside, outside;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fscanf(file, "%u %u", &inside, &outside) == 2 && inside == 0)
		*base = outside;
	fclose(file);
}

int user_open_namespace(pid_t pid, struct warden_error *err)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		warden_error_errno(err, "open %s", path);
	return fd;
}

/* Makes a user namespace, writes 0 or an errno to `ready`, and waits in the namespace until it is
 * killed or the other end, `near`, is closed: that of a parent that has died. */
static void __attribute__((noreturn)) user_run_placeholder(int near, int ready)
{
	struct pollfd parent = {.fd = ready};
	int number = unshare(CLONE_NEWUSER) < 0 ? errno : 0;

	close(near);
	if (write(ready, &number, sizeof(number)) == sizeof(number) && number == 0)
		while (poll(&parent, 1, -1) <= 0)
			;
	_exit(1);
}

/* Waits for the placeholder's report. Returns 0, or -1 with errno. */
static int user_await_placeholder(int ready)
{
	int number;

	if (TEMP_FAILURE_RETRY(read(ready, &number, sizeof(number))) != sizeof(number))
		number = ECHILD; /* it was killed */
	errno = number;
	return number == 0 ? 0 : -1;
}

int user_namespace_for_mount(const struct user_map *uids, const struct user_map *gids,
			     struct warden_error *err)
{
	_cleanup_close_ int near = -1, far = -1;
	int ready[2], fd = -1;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return warden_error_errno(err, "make a pipe");
	near = ready[0];
	far = ready[1];
	pid = fork_plainly();
	if (pid == 0)
		user_run_placeholder(near, far);
	if (pid < 0)
		return warden_error_errno(err, "fork a process for a user namespace");
	close(take_fd(&far)); /* else the read would not end when the placeholder is killed */
	if (user_await_placeholder(near) < 0)
		warden_error_errno(err, "make a user namespace");
	else if (user_write_maps(pid, uids, gids, err) == 0)
		fd = user_open_namespace(pid, err);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fd;
}
