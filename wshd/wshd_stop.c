/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends everything in a container; see wshd_stop.h. A keeper ends what is below it; what outlived
 * its keeper has become a child of wshd. A keeper leaves when nothing is below it, so the container
 * is empty when wshd has no child.
 */
#include "wshd/wshd_stop.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/process_tree.h"
#include "wshd/job_table.h"
#include "wshd/wshd_connections.h"

static void signal_keepers(const struct wshd *wshd, int signal)
{
	for (const struct wshd_job *job = wshd->jobs; job; job = job->next)
		job_table_signal(job, WSHD_STOP, signal);
}

void wshd_stop_begin(struct wshd *wshd, int signal)
{
	if (signal == SIGKILL) {
		wshd->killing = true; /* in rounds, from the loop */
		wshd->round = 0;
	}
	wshd_stop_reap(wshd);
	signal_keepers(wshd, signal);
	/* Where no child is left there is nothing to search. */
	if (signal != SIGKILL && waitid(P_ALL, 0, NULL, WEXITED | WNOHANG | WNOWAIT) == 0)
		process_tree_stop(wshd->proc_fd, getpid(), signal, job_table_is_kept_by, wshd);
}

int wshd_stop_continue(struct wshd *wshd)
{
	if (!wshd->killing)
		return -1;
	process_tree_kill(wshd->proc_fd, getpid(), wshd->round, job_table_is_kept_by, wshd);
	return process_tree_pause(wshd->round++);
}

void wshd_stop_reap(struct wshd *wshd)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		job_table_reaped(wshd, pid, status);
	if (pid == 0)
		return; /* there are others */
	if (wshd->ending)
		exit(0);
	wshd->killing = false;
	wshd_connections_report_empty(wshd);
}
