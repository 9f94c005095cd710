/* SPDX-License-Identifier: Apache-2.0 */
/* The jobs that wshd remembers: from their start until the daemon has stored how they ended. */
#ifndef WSHD_JOB_TABLE_H
#define WSHD_JOB_TABLE_H

#include "proto/packet.h"
#include "wshd/wshd.h"

struct wshd_job {
	struct wshd_job *next;
	uint64_t number;           /* in the order of their start */
	bool shell;                /* of a connection of its own: nobody else is told */
	pid_t keeper;              /* 0: gone */
	struct wshd_source socket; /* to the keeper */
	int stdout_fd, stderr_fd;
	int stdin_fd; /* write end; -1: none, or closed */
	bool ended, forgotten;
	bool own_group; /* it has control groups of its own */
	uint32_t told;  /* bit N: the client in slot N knows that it ended */
	struct wshd_ended end;
};

/* Starts what a WSHD_SPAWN asks for; descriptors that it keeps are taken out of the packet. 0, or
 * an errno when the job cannot even be remembered. Whatever else fails is how the job ended. */
int job_table_spawn(struct wshd *wshd, struct packet *packet);

/* Starts a shell, whose keeper takes over `connection` (the caller closes its own). 0 or errno. */
int job_table_shell(struct wshd *wshd, struct packet *packet, int connection);

/* The job with this id, or NULL. */
struct wshd_job *job_table_find(const struct wshd *wshd, uint32_t id);

/* Has the keeper send the signal to every process of the job; `type`: WSHD_SIGNAL or WSHD_STOP. */
void job_table_signal(const struct wshd_job *job, enum wshd_type type, int signal);

/* The job's terminal has another size. */
void job_table_resize(const struct wshd_job *job, const struct wshd_window *window);

/* The job's standard input is complete. */
void job_table_close_input(struct wshd_job *job);

/* The end of the job is stored. */
void job_table_forget(struct wshd *wshd, struct wshd_job *job);

/* A child of wshd has ended: perhaps a keeper. */
void job_table_reaped(struct wshd *wshd, pid_t pid, int status);

/* Whether a child of wshd is a keeper that sends signals on: a process_tree_skip over a struct
 * wshd. One whose job is forgotten may be about to leave what is below it to wshd; it blocks all
 * signals that do not end it. */
bool job_table_is_kept_by(pid_t pid, const void *wshd);

#endif
