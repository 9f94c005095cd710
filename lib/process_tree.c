/* SPDX-License-Identifier: Apache-2.0 */
/* Signals all descendants of a process; see process_tree.h. A pid may be reused between the listing
 * and the signal. So each process is opened, checked again through that descriptor, which always
 * refers to the same process, and signalled through it. */
#include "lib/process_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Rounds of killing without stopping first, then rounds of stopping before the rest is killed. */
enum { QUICK_ROUNDS = 2, STOP_ROUNDS = 20 };

/* Attempts to find all of them in a state in which no signal is missed, and rounds of stopping in
 * each attempt. */
enum { SETTLE_TRIES = 12, SETTLE_ROUNDS = 8 };

/* The pause between two rounds in milliseconds, doubled each time from the first to the last. */
enum { PAUSE_FIRST = 2, PAUSE_LAST = 256 };

/* The pause between two rounds of stopping in microseconds; none before the first few rounds. */
enum { STOP_QUICK_ROUNDS = 4, STOP_PAUSE_FIRST = 250, STOP_PAUSE_LAST = 8000 };

struct process {
	pid_t pid, parent;
	char state;
	bool below;            /* descends from the root */
	uint64_t reaped_ticks; /* cpu time of children that it has reaped */
	uint64_t blocked;      /* bit N-1: signal N is blocked, of the first 31 */
};

struct process_list {
	struct process *all;
	size_t n, room;
};

/* Parses fields 16, 17 and 32 of proc_pid_stat(5); `at` points to field 5. */
static void process_tree_parse_figures(char *at, struct process *process)
{
	for (int field = 5; field <= 32; field++) {
		uint64_t value = strtoull(at, &at, 10);

		if (field == 16 || field == 17)
			process->reaped_ticks += value;
		else if (field == 32)
			process->blocked = value;
	}
}

/* Reads `path`, the `stat` of a process. The name in field 2 may contain parentheses; the last one
 * ends it. */
static bool process_tree_read_stat(int fd, const char *path, struct process *process)
{
	char text[512];
	const char *rest;
	char *end;
	int file = openat(fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (file < 0)
		return false; /* it has ended meanwhile */
	got = read(file, text, sizeof(text) - 1);
	close(file);
	if (got <= 0)
		return false;
	text[got] = '\0';
	rest = strrchr(text, ')');
	if (!rest || rest[1] != ' ' || rest[2] == '\0' || rest[3] != ' ')
		return false;
	process->state = rest[2];
	process->parent = (pid_t)strtol(rest + 4, &end, 10);
	process->reaped_ticks = 0;
	process_tree_parse_figures(end, process);
	return *end == ' ';
}

static int process_tree_open_process(int proc_fd, pid_t pid)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", pid);
	return openat(proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool process_tree_list_add(struct process_list *list, const struct process *process)
{
	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : 128;
		struct process *all = realloc(list->all, room * sizeof(*all));

		if (!all)
			return false;
		list->all = all;
		list->room = room;
	}
	list->all[list->n++] = *process;
	return true;
}

static bool process_tree_add_entry(int proc_fd, const char *name, struct process_list *list)
{
	struct process process = {.pid = (pid_t)strtol(name, NULL, 10)};
	char path[32];

	if (process.pid <= 0)
		return true; /* no process */
	snprintf(path, sizeof(path), "%d/stat", process.pid);
	return !process_tree_read_stat(proc_fd, path, &process) ||
	       process_tree_list_add(list, &process);
}

static int process_tree_read_list(int proc_fd, struct process_list *list)
{
	/* Its own open file: other forks read through the same descriptor and would share its
	 * offset. */
	int fd = openat(proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool fits = true;

	if (!directory) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	list->n = 0;
	while (fits && (entry = readdir(directory)))
		fits = process_tree_add_entry(proc_fd, entry->d_name, list);
	closedir(directory);
	return fits ? 0 : -1;
}

static int process_tree_compare_parents(const void *left, const void *right)
{
	const struct process *a = left, *b = right;

	return (a->parent > b->parent) - (a->parent < b->parent);
}

/* The first process with this parent, in a list that is sorted by parent. */
static size_t process_tree_first_child(const struct process_list *list, pid_t parent)
{
	size_t low = 0, high = list->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->all[middle].parent < parent)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Marks the children of `parent` and appends them to the queue. Returns the queue's length. */
static size_t process_tree_mark_children(struct process_list *list, pid_t parent, size_t *queue,
					 size_t queued, process_tree_skip *skip, const void *data)
{
	for (size_t i = process_tree_first_child(list, parent);
	     i < list->n && list->all[i].parent == parent; i++) {
		if (list->all[i].below || (skip && skip(list->all[i].pid, data)))
			continue;
		list->all[i].below = true;
		queue[queued++] = i;
	}
	return queued;
}

static int process_tree_mark_descendants(struct process_list *list, pid_t root,
					 process_tree_skip *skip, const void *data)
{
	size_t *queue = calloc(list->n + 1, sizeof(*queue));
	size_t queued;

	if (!queue)
		return -1;
	if (list->n > 0)
		qsort(list->all, list->n, sizeof(*list->all), process_tree_compare_parents);
	queued = process_tree_mark_children(list, root, queue, 0, skip, data);
	for (size_t i = 0; i < queued; i++)
		queued = process_tree_mark_children(list, list->all[queue[i]].pid, queue, queued,
						    NULL, NULL);
	free(queue);
	return 0;
}

/* A process that has ended, or whose pid is reused, needs no signal. */
static void process_tree_signal_process(int proc_fd, pid_t root, const struct process *process,
					int signal)
{
	struct process now = {.pid = process->pid};
	int fd = process_tree_open_process(proc_fd, process->pid);

	if (fd < 0)
		return;
	/* If its parent has ended it is now a child of the root. */
	if (process_tree_read_stat(fd, "stat", &now) &&
	    (now.parent == process->parent || now.parent == root) &&
	    syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) < 0 && errno == ENOSYS)
		kill(process->pid, signal);
	close(fd);
}

/* Whether it is marked and not a zombie. */
static bool process_tree_is_alive(const struct process *process)
{
	return process->below && process->state != 'Z' && process->state != 'X';
}

/* Returns how many processes there were. */
static int process_tree_signal_marked(int proc_fd, pid_t root, const struct process_list *list,
				      int signal)
{
	int n = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (!process_tree_is_alive(&list->all[i]))
			continue;
		process_tree_signal_process(proc_fd, root, &list->all[i], signal);
		n++;
	}
	return n;
}

/* Stops the running ones and records them, so that they can be continued. Returns how many. */
static int process_tree_stop_marked(int proc_fd, pid_t root, const struct process_list *list,
				    struct process_list *stopped)
{
	int n = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct process *process = &list->all[i];

		if (!process_tree_is_alive(process) || process->state == 'T' ||
		    process->state == 't' || !process_tree_list_add(stopped, process))
			continue;
		process_tree_signal_process(proc_fd, root, process, SIGSTOP);
		n++;
	}
	return n;
}

static int process_tree_list_descendants(int proc_fd, pid_t root, struct process_list *list,
					 process_tree_skip *skip, const void *data)
{
	if (process_tree_read_list(proc_fd, list) < 0)
		return -1;
	return process_tree_mark_descendants(list, root, skip, data);
}

static void process_tree_sleep(int times)
{
	int us = times < 5 ? STOP_PAUSE_FIRST << times : STOP_PAUSE_LAST;
	struct timespec time = {.tv_nsec = us * 1000L};

	nanosleep(&time, NULL); /* a signal shortens it: the next check is earlier */
}

/* Lists all descendants while all are stopped, so that none can fork meanwhile; those in
 * uninterruptible sleep may run on for a while. A process stops only when it gets a processor,
 * which takes a while under load; until then it may be forking. The names in /proc are read before
 * the states, so a child that is born in between is missing from the list; therefore two successive
 * lists must agree. */
static int process_tree_list_stopped(int proc_fd, pid_t root, int rounds, struct process_list *list,
				     struct process_list *stopped, process_tree_skip *skip,
				     const void *data)
{
	int result = process_tree_list_descendants(proc_fd, root, list, skip, data);
	bool agree = false;

	for (int i = 0; result == 0 && i < rounds; i++) {
		bool all = process_tree_stop_marked(proc_fd, root, list, stopped) == 0;

		if (all && agree)
			break;
		agree = all;
		if (!all && i >= STOP_QUICK_ROUNDS)
			process_tree_sleep(i - STOP_QUICK_ROUNDS);
		result = process_tree_list_descendants(proc_fd, root, list, skip, data);
	}
	return result;
}

static void process_tree_continue(int proc_fd, pid_t root, struct process_list *stopped)
{
	for (size_t i = 0; i < stopped->n; i++)
		process_tree_signal_process(proc_fd, root, &stopped->all[i], SIGCONT);
	stopped->n = 0;
}

/* Whether the signal could miss a child of this process; `before` is its state when it was sent
 * SIGSTOP. A shell blocks signals while it forks: if it is stopped there it forks after it is
 * continued, and only then receives its signal. A parent cannot be stopped until its vfork child
 * executes a program or exits. A process that blocks the signal and sleeps is waiting for it
 * (signalfd, sigwait). */
static bool process_tree_may_fork(int proc_fd, const struct process *before, int signal, bool again)
{
	struct process now = {.pid = before->pid};
	char path[32];

	snprintf(path, sizeof(path), "%d/stat", before->pid);
	if (!process_tree_read_stat(proc_fd, path, &now) || now.state == 'Z' || now.state == 'X')
		return false;
	if (now.state != 'T' && now.state != 't')
		return true;
	return now.blocked >> (signal - 1) & 1 && !(again && before->state == 'S');
}

static bool process_tree_any_may_fork(int proc_fd, const struct process_list *stopped, int signal,
				      bool again)
{
	for (size_t i = 0; i < stopped->n; i++)
		if (process_tree_may_fork(proc_fd, &stopped->all[i], signal, again))
			return true;
	return false;
}

/* Lists all descendants while all are stopped in a state in which none misses the signal. If they
 * never reach that state they are signalled as they are. */
static int process_tree_list_settled(int proc_fd, pid_t root, int signal, struct process_list *list,
				     struct process_list *stopped, process_tree_skip *skip,
				     const void *data)
{
	for (int i = 0;; i++) {
		int result = process_tree_list_stopped(proc_fd, root, SETTLE_ROUNDS, list, stopped,
						       skip, data);

		if (result < 0 || i == SETTLE_TRIES ||
		    !process_tree_any_may_fork(proc_fd, stopped, signal, i > 0))
			return result;
		process_tree_continue(proc_fd, root, stopped);
		process_tree_sleep(i);
	}
}

int process_tree_signal(int proc_fd, pid_t root, int signal, process_tree_skip *skip,
			const void *data)
{
	struct process_list list = {0};
	int n = process_tree_list_descendants(proc_fd, root, &list, skip, data);

	if (n == 0)
		n = process_tree_signal_marked(proc_fd, root, &list, signal);
	free(list.all);
	return n;
}

int process_tree_stop(int proc_fd, pid_t root, int signal, process_tree_skip *skip,
		      const void *data)
{
	struct process_list list = {0}, stopped = {0};
	int n = process_tree_list_settled(proc_fd, root, signal, &list, &stopped, skip, data);

	if (n == 0)
		n = process_tree_signal_marked(proc_fd, root, &list, signal);
	process_tree_continue(proc_fd, root, &stopped);
	free(list.all);
	free(stopped.all);
	return n;
}

int process_tree_kill(int proc_fd, pid_t root, unsigned round, process_tree_skip *skip,
		      const void *data)
{
	struct process_list list = {0}, stopped = {0};
	int n = round < QUICK_ROUNDS
			? process_tree_list_descendants(proc_fd, root, &list, skip, data)
			: process_tree_list_stopped(proc_fd, root, STOP_ROUNDS, &list, &stopped,
						    skip, data);

	if (n == 0)
		n = process_tree_signal_marked(proc_fd, root, &list, SIGKILL);
	free(list.all);
	free(stopped.all);
	return n;
}

/* The clock id of a process as the kernel encodes it; clock_getcpuclockid would first query the
 * clock. */
static clockid_t process_tree_cpu_clock(pid_t pid)
{
	return (clockid_t)(~(unsigned)pid << 3 | 2U);
}

/* The clocks are read after the whole list: a process that has ended and was reaped meanwhile is
 * missed once, but never counted twice. */
uint64_t process_tree_cpu_us(int proc_fd, pid_t root, unsigned *running)
{
	struct process_list list = {0};
	uint64_t tick_us = 1000000 / (uint64_t)sysconf(_SC_CLK_TCK), sum = 0;

	*running = 0;
	if (process_tree_list_descendants(proc_fd, root, &list, NULL, NULL) == 0)
		for (size_t i = 0; i < list.n; i++) {
			struct timespec used = {0};

			if (!list.all[i].below)
				continue;
			*running += list.all[i].state == 'R' ? 1 : 0;
			if (clock_gettime(process_tree_cpu_clock(list.all[i].pid), &used) == 0)
				sum += (uint64_t)used.tv_sec * 1000000 +
				       (uint64_t)used.tv_nsec / 1000;
			sum += list.all[i].reaped_ticks * tick_us;
		}
	free(list.all);
	return sum;
}

void process_tree_hold(int proc_fd, pid_t root, bool (*then)(void *data), void *data)
{
	struct process_list list = {0}, stopped = {0};

	process_tree_list_stopped(proc_fd, root, STOP_ROUNDS, &list, &stopped, NULL, NULL);
	if (!then(data))
		process_tree_continue(proc_fd, root, &stopped);
	free(list.all);
	free(stopped.all);
}

int process_tree_pause(unsigned round)
{
	return round < 7 ? PAUSE_FIRST << round : PAUSE_LAST;
}
