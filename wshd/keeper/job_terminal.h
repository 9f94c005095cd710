/* SPDX-License-Identifier: Apache-2.0 */
/* A job's terminal. The keeper writes the input from the job's stdin pipe to the terminal and the
 * output of the terminal to its stdout pipe, so the daemon handles only pipes. */
#ifndef WSHD_KEEPER_JOB_TERMINAL_H
#define WSHD_KEEPER_JOB_TERMINAL_H

#include <poll.h>

#include "wshd/pty.h"
#include "wshd/relay.h"

/* Number of poll(2) entries of a terminal. */
enum { SESSION_POLLS = 4 };

struct job_terminal {
	struct relay input, output; /* from the pipe to the master; from the master to the pipe */
	int slave;
	unsigned left; /* reads that remain after the hang-up */
	bool ending;   /* the first process has ended */
};

/* Takes ownership of the terminal and both pipes. False and errno on failure; then the keeper
 * exits. */
bool job_terminal_start(struct job_terminal *session, const struct pty *terminal, int input,
			int output);

/* The job's first process has ended. Forwards what was printed until then and closes the terminal,
 * so that remaining processes get a hang-up. */
void job_terminal_hang_up(struct job_terminal *session);

/* Fills in SESSION_POLLS entries for poll(2). */
void job_terminal_poll(const struct job_terminal *session, struct pollfd *fds);
/* Moves data according to the results of poll(2). */
void job_terminal_move(struct job_terminal *session, const struct pollfd *fds);

/* Changes the size of the terminal, if it is open. */
void job_terminal_resize(const struct job_terminal *session, const struct wshd_window *window);

/* Whether output may still follow. */
bool job_terminal_is_open(const struct job_terminal *session);

#endif
