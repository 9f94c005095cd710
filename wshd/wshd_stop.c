/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends all processes of a container; see wshd_stop.h. A keeper ends its descendants; a process that
 * outlives its keeper is a child of wshd. A keeper exits when it has no descendants, so the
 * container is empty when wshd has no children.
 */
#include "wshd/wshd_stop.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/process_tree.h"
#include "wshd/job_table.h"
#include "wshd/wshd_connections.h"

/* A process that is forked while /proc is read may be missing from one list. */
enum { CLEAR_ROUNDS = 2 };

static void wshd_stop_signal_keepers(struct wshd *wshd, int signal)
{
	for (struct wshd_job *job = wshd->jobs; job; job = job->next)
		job_table_signal(wshd, job, WSHD_STOP, signal);
}

void wshd_stop_begin(struct wshd *wshd, int signal)
{
	if (signal == SIGKILL) {
		wshd->killing = true; /* the event loop calls wshd_stop_continue */
		wshd->round = 0;
	}
	wshd_stop_reap(wshd);
	wshd_stop_signal_keepers(wshd, signal);
	/* Without children the search of /proc is not needed. */
	if (signal != SIGKILL && waitid(P_ALL, 0, NULL, WEXITED | WNOHANG | WNOWAIT) == 0)
		process_tree_stop(wshd->proc_fd, getpid(), signal, job_table_is_keeper, wshd);
}

void wshd_stop_kill_orphans(struct wshd *wshd)
{
	wshd->orphaned = true; /* the event loop calls wshd_stop_continue */
	wshd->clear = 0;
	if (!wshd->killing)
		wshd->round = 0;
}

int wshd_stop_continue(struct wshd *wshd)
{
	int n;

	if (!wshd->killing && !wshd->orphaned)
		return -1;
	n = process_tree_kill(wshd->proc_fd, getpid(), wshd->round,
			      wshd->killing ? job_table_is_keeper : job_table_has_keeper, wshd);
	wshd->clear = n == 0 ? wshd->clear + 1 : 0;
	if (wshd->clear >= CLEAR_ROUNDS)
		wshd->orphaned = false;
	return process_tree_pause(wshd->round++);
}

void wshd_stop_reap(struct wshd *wshd)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0)
		if (WIFSTOPPED(status))
			job_table_stopped(wshd, pid);
		else if (job_table_reaped(wshd, pid, status))
			wshd_stop_kill_orphans(wshd);
	if (pid == 0)
		return; /* others still run */
	if (wshd->ending)
		exit(0);
	wshd->killing = wshd->orphaned = false;
	wshd_connections_report_empty(wshd);
}

/* The kernel marks a signal as pending before the sender goes on, so the mark is seen by whoever
 * meets the limit that is set next. */
bool wshd_stop_is_marked(int proc_fd)
{
	static const char pending[] = "\nShdPnd:\t"; /* of the whole process, hexadecimal */
	int fd = openat(proc_fd, "1/status", O_RDONLY | O_CLOEXEC);
	char text[4096];
	ssize_t got;
	const char *at;

	if (fd < 0)
		return false;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	at = strstr(text, pending);
	return at && strtoull(at + strlen(pending), NULL, 16) >> (WSHD_STOP_MARK - 1) & 1;
}
