/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of a container; see container_processes.h. */
#include "backends/linux/run/container_processes.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/run/linux_container.h"
#include "lib/cleanup.h"

/* Number of processes opened before the cgroups are read again. */
#define BATCH ((size_t)256)

/* The pids in the container's cgroups at one read, sorted. */
struct container_pids {
	pid_t *pids;
	size_t n;
};

static int container_processes_compare_pids(const void *one, const void *other)
{
	pid_t a = *(const pid_t *)one, b = *(const pid_t *)other;

	return (a > b) - (a < b);
}

static int container_processes_read_list(const struct linux_container *container,
					 struct container_pids *list, struct warden_error *err)
{
	list->pids = NULL;
	list->n = 0;
	if (cgroup_pids(container->cgroup, &list->pids, &list->n, err) < 0)
		return -1;
	if (list->n > 0)
		qsort(list->pids, list->n, sizeof(*list->pids), container_processes_compare_pids);
	return 0;
}

static bool container_processes_list_has(const struct container_pids *list, pid_t pid)
{
	return list->n > 0 && bsearch(&pid, list->pids, list->n, sizeof(*list->pids),
				      container_processes_compare_pids) != NULL;
}

int container_processes_program(pid_t pid, struct program_identity *program)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (stat(path, &status) < 0)
		return -1;
	program->device = status.st_dev;
	program->inode = status.st_ino;
	return 0;
}

static bool container_processes_is_own(const struct linux_container *container, pid_t pid)
{
	struct program_identity program;

	if (pid == container->init_pid)
		return true;
	return container->program.inode != 0 && container_processes_program(pid, &program) == 0 &&
	       program.device == container->program.device &&
	       program.inode == container->program.inode;
}

/* Signals some processes of the first list; keeps their pidfds in `found` or closes them. The
 * cgroups were read again after the pidfds were opened: a pid in both lists either belongs to the
 * opened process, or that process has ended and the signal has no effect. */
static void container_processes_signal_batch(const struct linux_container *container,
					     const pid_t *pids, int *fds, size_t n, int signal,
					     const struct container_pids *again,
					     struct container_processes *found)
{
	for (size_t i = 0; i < n; i++) {
		bool own = container_processes_is_own(container, pids[i]);

		if (!own)
			found->seen = true;
		if (fds[i] < 0)
			continue;
		if (own || !container_processes_list_has(again, pids[i])) {
			close(fds[i]);
			continue;
		}
		if (signal > 0)
			pidfd_send_signal(fds[i], signal, NULL, 0); /* ESRCH: it has ended */
		if (found->n < PROCESSES_MAX)
			found->fds[found->n++] = fds[i];
		else
			close(fds[i]);
	}
}

int container_processes_signal(const struct linux_container *container, int signal,
			       struct container_processes *found, struct warden_error *err)
{
	struct container_pids list, again;
	int result = 0;

	found->n = 0;
	found->seen = false;
	if (container_processes_read_list(container, &list, err) < 0)
		return -1;
	for (size_t at = 0; at < list.n && result == 0; at += BATCH) {
		size_t n = list.n - at < BATCH ? list.n - at : BATCH;
		int fds[BATCH];

		for (size_t i = 0; i < n; i++)
			fds[i] = list.pids[at + i] == container->init_pid
					 ? -1
					 : pidfd_open(list.pids[at + i], 0);
		result = container_processes_read_list(container, &again, err);
		container_processes_signal_batch(container, list.pids + at, fds, n, signal, &again,
						 found);
		free(again.pids);
	}
	free(list.pids);
	return result;
}

void container_processes_kill_all(const struct linux_container *container)
{
	struct warden_error err; /* ignored: a removal that fails is retried */
	struct container_pids list, again;

	if (container_processes_read_list(container, &list, &err) < 0)
		return;
	for (size_t i = 0; i < list.n; i++) {
		_cleanup_close_ int fd = pidfd_open(list.pids[i], 0);

		if (fd < 0 || container_processes_read_list(container, &again, &err) < 0)
			continue;
		if (container_processes_list_has(&again, list.pids[i]))
			pidfd_send_signal(fd, SIGKILL, NULL, 0); /* ESRCH: it has ended */
		free(again.pids);
	}
	free(list.pids);
}

void container_processes_describe(const struct linux_container *container, char *text, size_t size)
{
	enum { NAMED = 8 };
	struct warden_error err; /* ignored: the text then names none */
	struct container_pids list;
	size_t length;

	if (container_processes_read_list(container, &list, &err) < 0 || list.n == 0) {
		snprintf(text, size, "processes that do not end");
		return;
	}
	length = (size_t)snprintf(text, size, "%zu processes that do not end: ", list.n);
	for (size_t i = 0; i < list.n && i < NAMED && length < size; i++)
		length += (size_t)snprintf(text + length, size - length, "%s%d", i ? ", " : "",
					   list.pids[i]);
	if (list.n > NAMED && length < size)
		snprintf(text + length, size - length, " ...");
	free(list.pids);
}

void container_processes_close(struct container_processes *processes)
{
	for (size_t i = 0; i < processes->n; i++)
		close(processes->fds[i]);
	processes->n = 0;
}
