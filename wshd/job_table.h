/* SPDX-License-Identifier: Apache-2.0 */
/* The jobs of wshd, from their start until the daemon has stored how they ended (WSHD_FORGET). */
#ifndef WSHD_JOB_TABLE_H
#define WSHD_JOB_TABLE_H

#include "proto/packet.h"
#include "wshd/wshd.h"

/* Messages that the keeper's socket did not take yet. Signals are a set, as pending signals of a
 * process are: bit N-1 is signal N. Those of a stop count last. */
struct wshd_unsent {
	uint64_t signals, stops;
	struct wshd_window window;
	bool resize, forget;
};

struct wshd_job {
	struct wshd_job *next;
	uint64_t number; /* ascending in the order of start */
	bool shell;      /* started by WSHD_SHELL: only its own connection receives its end */
	pid_t keeper;    /* 0: it has ended */
	struct wshd_source socket; /* connected to the keeper */
	int stdout_fd, stderr_fd;  /* read ends of its pipes; -1: none */
	int stdin_fd;              /* write end; -1: none, or closed */
	bool ended;                /* `end` is valid, apart from its job id, which always is */
	bool forgotten;            /* the daemon has stored its end */
	bool unread; /* its keeper has ended; there was no memory to read its report */
	int status;  /* with `unread`: of the keeper */
	struct wshd_unsent unsent;
	bool own_group;    /* it has its own control groups */
	unsigned stops;    /* how often its keeper was stopped */
	uint32_t reported; /* bit N: its end was sent to the connection in slot N */
	struct wshd_ended end;
};

/* Starts the job of a WSHD_SPAWN; takes the descriptors that it keeps out of the packet. Returns 0,
 * or an errno if the job cannot be added to the list. All other failures are reported as the job's
 * end (WSHD_START_FAILED). */
int job_table_spawn(struct wshd *wshd, struct packet *packet);

/* Adds a job that could not be started, for the reason `number` (errno), so that its end is
 * reported like any other. False if that fails. */
bool job_table_refuse(struct wshd *wshd, uint32_t id, int number);

/* Starts the shell of a WSHD_SHELL. Its keeper inherits `connection`; the caller closes its copy.
 * Returns 0 or an errno. */
int job_table_start_shell(struct wshd *wshd, struct packet *packet, int connection);

/* The job with this id, or NULL. */
struct wshd_job *job_table_find(const struct wshd *wshd, uint32_t id);

/* Makes the keeper send the signal to every process of the job. `type`: WSHD_SIGNAL or WSHD_STOP.
 */
void job_table_signal(struct wshd *wshd, struct wshd_job *job, enum wshd_type type, int signal);

/* Changes the size of the job's terminal, if it has one. */
void job_table_resize(struct wshd *wshd, struct wshd_job *job, const struct wshd_window *window);

/* Sends and reads again what failed for want of memory. */
void job_table_retry(struct wshd *wshd);

/* Closes the job's standard input: the job reads its end. */
void job_table_close_input(struct wshd_job *job);

/* The daemon has stored the end of the job, so it is not reported any more. May free the job. */
void job_table_forget(struct wshd *wshd, struct wshd_job *job);

/* A child of wshd has ended; if it is a keeper, the end of its job is settled. Returns whether it
 * is a keeper that was killed: nobody keeps the job's limits, and its processes are children of
 * wshd. */
bool job_table_reaped(struct wshd *wshd, pid_t pid, int status);

/* A child of wshd was stopped; a keeper goes on. Only root inside can have done it: a keeper that
 * is stopped again and again is killed. */
void job_table_stopped(struct wshd *wshd, pid_t pid);

/* Whether a child of wshd is a keeper that forwards signals to its job: a process_tree_skip over a
 * struct wshd. The keeper of a forgotten job is not: it may exit at any time and leave its
 * processes to wshd. It blocks all signals that do not end it. */
bool job_table_is_keeper(pid_t pid, const void *wshd);

/* Whether a child of wshd is a keeper, that of a forgotten job included: a process_tree_skip. */
bool job_table_has_keeper(pid_t pid, const void *wshd);

#endif
