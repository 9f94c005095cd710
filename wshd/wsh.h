/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of wsh, the command that runs something in a container by way of its wshd. */
#ifndef WSHD_WSH_H
#define WSHD_WSH_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "wshd/protocol.h"

/* What is to be run. */
struct wsh_command {
	const char *user; /* empty: the default */
	char **args;      /* end in NULL; none: the user's shell */
	bool terminal;    /* it gets a terminal of its own, as big as ours */
};

/* wsh_connection.c. Each ends wsh with a message when it cannot do what it is to do. */
int connection_open(const char *path);
/* `streams`: stdin, stdout and stderr of the process; not used with a terminal. */
void connection_start(int connection, const struct wsh_command *command, const int *streams);
/* The terminal's master. */
int connection_take_terminal(int connection);
void connection_signal(int connection, int signal);
/* True when the process has ended; then `*status` is what wsh exits with. */
bool connection_read(int connection, int *status);

/* Moves bytes from one descriptor to another, through a small buffer. */
struct relay {
	int from, to; /* -1: that side is closed */
	size_t start, end;
	char buffer[4096]; /* a pipe that is ready takes so many at once */
};

/* wsh_relay.c */
void relay_init(struct relay *relay, int from, int to);
/* Fills in what to wait for: two entries of poll(2). */
void relay_poll(const struct relay *relay, struct pollfd *fds);
/* Moves what can be moved. False when nothing more will ever come, and all of it is written. */
bool relay_move(struct relay *relay, const struct pollfd *fds);
/* Whether it holds bytes that are not written yet. */
bool relay_holds(const struct relay *relay);

/* wsh_terminal.c: the terminal that wsh was started from. */
bool terminal_is_there(void);
/* Passes keys on unchanged from now on, until wsh ends, however that comes. */
void terminal_raw(void);
void terminal_size(struct wshd_shell *shell);
/* Gives `master` our size. */
void terminal_resize(int master);

void die(const char *what) __attribute__((noreturn));

#endif
