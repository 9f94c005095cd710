/* SPDX-License-Identifier: Apache-2.0 */
/* Ends the wshd of fake containers for a clean. A wshd whose directory is gone is known by its
 * title and by its working directory, which was in the depot. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "backends/fake/fake.h"
#include "lib/cleanup.h"
#include "lib/pid_record.h"
#include "lib/process_tree.h"

/* How long a wshd may take to end, and the time between two rounds of killing, in milliseconds. */
enum { END_MS = 5000, ROUND_MS = 50 };

#define TITLE   "wshd: "
#define DELETED " (deleted)"

/* Kills the descendants, then wshd, and waits for its end. */
static int fake_clean_kill(pid_t pid, int pidfd, struct warden_error *err)
{
	_cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};

	for (unsigned round = 0; round < END_MS / ROUND_MS; round++) {
		if (proc_fd < 0 || process_tree_kill(proc_fd, pid, round, NULL, NULL) == 0)
			(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0); /* it has ended: poll */
		if (poll(&poll_fd, 1, ROUND_MS) == 1)
			return 0;
	}
	return warden_error_set(err, "process %d does not end", pid);
}

/* Ends a wshd, or reports it in a dry run. Returns whether it lives on. */
static bool fake_clean_end(const struct warden_clean *to, const char *id, pid_t pid, int pidfd)
{
	enum warden_clean_result result = to->dry_run ? WARDEN_CLEAN_FOUND : WARDEN_CLEAN_REMOVED;
	struct warden_error err = {0};

	if (!to->dry_run && fake_clean_kill(pid, pidfd, &err) < 0)
		result = WARDEN_CLEAN_FAILED;
	to->report(to->data, result, "processes", id, id, err.message);
	return result == WARDEN_CLEAN_FAILED;
}

static void fake_clean_directory(const struct warden_clean *to,
				 struct warden_clean_container *container)
{
	struct warden_error err;
	pid_t pid;
	_cleanup_close_ int pidfd = pid_record_open(container->dir_fd, &pid, &err);

	if (pidfd < 0)
		container->lives = err.number != ESRCH; /* if it cannot be told */
	else
		container->lives = !to->force || fake_clean_end(to, container->id, pid, pidfd);
}

/* The id in the title of a wshd; false: the process is none. */
static bool fake_clean_read_id(pid_t pid, char id[12])
{
	char path[64], text[64];
	_cleanup_close_ int fd = -1;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (length <= 0)
		return false;
	text[length] = '\0';
	if (strncmp(text, TITLE, strlen(TITLE)) != 0 || strlen(text) != strlen(TITLE) + 11)
		return false;
	memcpy(id, text + strlen(TITLE), 12);
	return true;
}

/* Whether the process works in a directory of the depot that is removed. */
static bool fake_clean_is_gone(const char *depot, pid_t pid)
{
	char path[64], directory[PATH_MAX];
	size_t length = strlen(depot);
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
	got = readlink(path, directory, sizeof(directory) - 1);
	directory[got > 0 ? got : 0] = '\0';
	return (size_t)got > length + strlen(DELETED) && strncmp(directory, depot, length) == 0 &&
	       directory[length] == '/' && strcmp(directory + got - strlen(DELETED), DELETED) == 0;
}

static void fake_clean_process(const struct warden_clean *to, const char *depot, pid_t pid)
{
	char id[12];
	_cleanup_close_ int pidfd = pidfd_open(pid, 0);

	/* It is read after it was opened: it is that process, if it has not ended. */
	if (pidfd >= 0 && fake_clean_read_id(pid, id) && fake_clean_is_gone(depot, pid))
		(void)fake_clean_end(to, id, pid, pidfd); /* reported */
}

int fake_clean(const struct warden_host *host, const struct warden_clean *to,
	       struct warden_error *err)
{
	_cleanup_free_ char *depot = realpath(host->settings->depot_path, NULL);
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	const struct dirent *entry;

	if (!depot || !proc)
		return warden_error_errno(err, "open %s",
					  depot ? "/proc" : host->settings->depot_path);
	for (size_t i = 0; i < to->n_containers; i++)
		fake_clean_directory(to, (struct warden_clean_container *)((char *)to->containers +
									   to->container_size * i));
	while ((entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			fake_clean_process(to, depot, (pid_t)strtol(entry->d_name, NULL, 10));
	return 0;
}
