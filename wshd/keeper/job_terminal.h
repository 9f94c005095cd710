/* SPDX-License-Identifier: Apache-2.0 */
/* A job's terminal as its keeper serves it: what comes through the job's pipe is typed, what is
 * printed goes out through the other one. So the daemon knows pipes alone. */
#ifndef WSHD_KEEPER_JOB_TERMINAL_H
#define WSHD_KEEPER_JOB_TERMINAL_H

#include <poll.h>

#include "wshd/pty.h"
#include "wshd/relay.h"

/* Entries of poll(2). */
enum { SESSION_POLLS = 4 };

struct job_terminal {
	struct relay input, output; /* to and from the terminal's master */
	int slave;
	unsigned left; /* how often output is moved still; counts from the hang-up on */
	bool ending;
};

/* Takes the terminal and both pipes. False and errno when it cannot. */
bool job_terminal_begin(struct job_terminal *session, const struct pty *terminal, int input,
			int output);

/* The job's first process has ended: what was printed until then still goes out, then all others
 * lose the terminal. */
void job_terminal_hang_up(struct job_terminal *session);

/* Fills in what to wait for, SESSION_POLLS entries, and moves what can be moved. */
void job_terminal_poll(const struct job_terminal *session, struct pollfd *fds);
void job_terminal_move(struct job_terminal *session, const struct pollfd *fds);

void job_terminal_resize(const struct job_terminal *session, const struct wshd_window *window);

/* Whether there still comes something out of it. */
bool job_terminal_is_open(const struct job_terminal *session);

#endif
