/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that the files of wsh share. All end the program with a message if they fail. */
#ifndef WSHD_SHELL_WSH_H
#define WSHD_SHELL_WSH_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/wshd_protocol.h"

/* The command to run. */
struct wsh_command {
	const char *user; /* empty: the default */
	char **args;      /* NULL-terminated; empty: the user's shell */
	bool terminal;    /* it gets a new terminal, as large as that of wsh */
};

/* wsh_connection.c: connects to the socket of wshd at `path`. */
int wsh_connection_open(const char *path);
/* Sends the command. `streams`: its stdin, stdout and stderr; not used with a terminal. */
void wsh_connection_start(int connection, const struct wsh_command *command, const int *streams);
/* Receives the master of the command's terminal. */
int wsh_connection_take_terminal(int connection);
/* Sends a signal to the command. */
void wsh_connection_signal(int connection, int signal);
/* Reads the end of the command; `*status` is the exit status of wsh. Always true. */
bool wsh_connection_read(int connection, int *status);

/* wsh_terminal.c: the terminal of wsh. False if stdin or stdout is not a terminal. */
bool wsh_terminal_open(void);
/* Makes the terminal raw until wsh exits. */
void wsh_terminal_raw(void);
/* The size of the terminal; 0 and 0 if it has none. */
void wsh_terminal_size(struct wshd_window *window);
/* Sets the size of `master` to that of the terminal. */
void wsh_terminal_resize(int master);

/* Prints `what` and errno and exits with 255. */
void wsh_die(const char *what) __attribute__((noreturn));

#endif
