/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends all processes of a container; see wshd_stop.h. A keeper ends its descendants; a process that
 * outlives its keeper is a child of wshd. A keeper exits when it has no descendants, so the
 * container is empty when wshd has no children.
 */
#include "wshd/wshd_stop.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/process_tree.h"
#include "wshd/job_table.h"
#include "wshd/wshd_connections.h"

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

int wshd_stop_continue(struct wshd *wshd)
{
	if (!wshd->killing)
		return -1;
	process_tree_kill(wshd->proc_fd, getpid(), wshd->round, job_table_is_keeper, wshd);
	return process_tree_pause(wshd->round++);
}

void wshd_stop_reap(struct wshd *wshd)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		job_table_reaped(wshd, pid, status);
	if (pid == 0)
		return; /* others still run */
	if (wshd->ending)
		exit(0);
	wshd->killing = false;
	wshd_connections_report_empty(wshd);
}
