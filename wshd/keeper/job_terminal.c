/* SPDX-License-Identifier: Apache-2.0 */
/* Relays between a job's terminal and its pipes; see job_terminal.h. */
#include "wshd/keeper/job_terminal.h"

#include <fcntl.h>
#include <unistd.h>

/* Reads after the end of the first process. The buffer of a terminal is much smaller than this many
 * relay buffers; without a limit other processes could print for ever. */
enum { LAST_MOVES = 256 };

bool job_terminal_start(struct job_terminal *session, const struct pty *terminal, int input,
			int output)
{
	int keys = fcntl(terminal->master, F_DUPFD_CLOEXEC, 0);

	/* The master is non-blocking, so that input that the job does not read does not block its
	 * output. The pipes are shared with the daemon and stay blocking; relay.c handles that. */
	if (keys < 0 || input < 0 || output < 0 ||
	    fcntl(terminal->master, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return false;
	/* While the slave is open here, the master does not report a hang-up if the job closes its
	 * own descriptors. */
	session->slave = terminal->slave;
	relay_init(&session->input, input, keys);
	relay_init(&session->output, terminal->master, output);
	return true;
}

/* Closes the terminal if its output is read or the limit of reads is reached. poll(2) also makes
 * the kernel flush what was just written to the slave. */
static void job_terminal_close_if_drained(struct job_terminal *session)
{
	struct pollfd master = {.fd = session->output.from, .events = POLLIN};

	if (session->left > 0 && (relay_has_data(&session->output) ||
				  (poll(&master, 1, 0) > 0 && master.revents & POLLIN)))
		return;
	relay_close(&session->input);
	relay_close(&session->output);
	close(session->slave);
}

void job_terminal_hang_up(struct job_terminal *session)
{
	session->ending = true;
	session->left = LAST_MOVES;
	job_terminal_close_if_drained(session);
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
	job_terminal_close_if_drained(session);
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
