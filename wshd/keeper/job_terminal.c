/* SPDX-License-Identifier: Apache-2.0 */
/* A job's terminal; see job_terminal.h. */
#include "wshd/keeper/job_terminal.h"

#include <fcntl.h>
#include <unistd.h>

/* After the end of the first process others may go on printing for ever: what a terminal can hold
 * is far less than so many buffers. */
enum { LAST_MOVES = 256 };

bool job_terminal_begin(struct job_terminal *session, const struct pty *terminal, int input,
			int output)
{
	int keys = fcntl(terminal->master, F_DUPFD_CLOEXEC, 0);

	/* Keys that nobody reads must not stop the output; the pipes are others' as well, and are
	 * written to no more than they take. */
	if (keys < 0 || input < 0 || output < 0 ||
	    fcntl(terminal->master, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return false;
	/* Our own descriptor of the job's side keeps the terminal from looking closed, whatever the
	 * job does. */
	session->slave = terminal->slave;
	relay_init(&session->input, input, keys);
	relay_init(&session->output, terminal->master, output);
	return true;
}

/* Closes the terminal as soon as nothing is in it: asking for that also makes the kernel pass on
 * what was just written. */
static void session_end(struct job_terminal *session)
{
	struct pollfd master = {.fd = session->output.from, .events = POLLIN};

	if (session->left > 0 &&
	    (relay_holds(&session->output) || (poll(&master, 1, 0) > 0 && master.revents & POLLIN)))
		return;
	relay_close(&session->input);
	relay_close(&session->output);
	close(session->slave);
}

void job_terminal_hang_up(struct job_terminal *session)
{
	session->ending = true;
	session->left = LAST_MOVES;
	session_end(session);
}

void job_terminal_poll(const struct job_terminal *session, struct pollfd *fds)
{
	relay_poll(&session->input, fds);
	relay_poll(&session->output, fds + SESSION_POLLS / 2);
}

void job_terminal_move(struct job_terminal *session, const struct pollfd *fds)
{
	relay_move(&session->input, fds);
	relay_move(&session->output, fds + SESSION_POLLS / 2);
	if (!session->ending || !job_terminal_is_open(session))
		return;
	session->left--;
	session_end(session);
}

void job_terminal_resize(const struct job_terminal *session, const struct wshd_window *window)
{
	if (session->output.from >= 0)
		pty_resize(session->output.from, window);
}

bool job_terminal_is_open(const struct job_terminal *session)
{
	return session->output.to >= 0;
}
