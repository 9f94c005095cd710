/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of wsh, the command that runs something in a container by way of its wshd. */
#ifndef WSHD_WSH_WSH_H
#define WSHD_WSH_WSH_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/wshd_protocol.h"

/* What is to be run. */
struct wsh_command {
	const char *user; /* empty: the default */
	char **args;      /* end in NULL; none: the user's shell */
	bool terminal;    /* it gets a terminal of its own, as big as ours */
};

/* wsh_connection.c. Each ends wsh with a message when it cannot do what it is to do. */
int wsh_connection_open(const char *path);
/* `streams`: stdin, stdout and stderr of the process; not used with a terminal. */
void wsh_connection_start(int connection, const struct wsh_command *command, const int *streams);
/* The terminal's master. */
int wsh_connection_take_terminal(int connection);
void wsh_connection_signal(int connection, int signal);
/* True when the process has ended; then `*status` is what wsh exits with. */
bool wsh_connection_read(int connection, int *status);

/* wsh_terminal.c: the terminal that wsh was started from. */
bool wsh_terminal_is_there(void);
/* Passes keys on unchanged from now on, until wsh ends, however that comes. */
void wsh_terminal_raw(void);
void wsh_terminal_size(struct wshd_window *window);
/* Gives `master` our size. */
void wsh_terminal_resize(int master);

void die(const char *what) __attribute__((noreturn));

#endif
