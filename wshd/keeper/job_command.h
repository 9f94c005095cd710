/* SPDX-License-Identifier: Apache-2.0 */
/* The command of a job: arguments and environment. */
#ifndef WSHD_KEEPER_JOB_COMMAND_H
#define WSHD_KEEPER_JOB_COMMAND_H

#include <stdbool.h>

#include "proto/wshd_protocol.h"
#include "wshd/keeper/account.h"

struct job_command {
	const char *user;             /* as requested; empty: the default */
	const char *directory, *cpus; /* likewise */
	char **args;                  /* NULL-terminated; empty: the user's shell */
	char **env;                   /* NULL-terminated, with room for COMMAND_ENV_ROOM more */
	unsigned n_env;
};

enum { COMMAND_ENV_ROOM = 8 };

/* Reads a command block. False and errno; EBADMSG if the block is damaged. */
bool job_command_read(struct job_command *command, int fd, const struct wshd_command *wire);

/* The command without a block: a shell that reads its script from standard input. */
bool job_command_set_default(struct job_command *command);

/* Adds HOME, USER, PATH and LANG, except those that the command sets itself. False and errno. */
bool job_command_add_env(struct job_command *command, const struct account *account,
			 const char *lang);

/* Executes the command; returns only on failure, with errno. `shell`: that of the user, or empty.
 */
void job_command_execute(const struct job_command *command, const char *shell);

#endif
