/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be executed: arguments and environment. */
#ifndef WSHD_KEEPER_JOB_COMMAND_H
#define WSHD_KEEPER_JOB_COMMAND_H

#include <stdbool.h>

#include "proto/wshd_protocol.h"
#include "wshd/keeper/account.h"

struct job_command {
	const char *user;             /* as asked for; empty: the default */
	const char *directory, *cpus; /* likewise */
	char **args;                  /* end in NULL; none: the user's shell */
	char **env;                   /* end in NULL; room for COMMAND_ENV_ROOM more */
	unsigned n_env;
};

enum { COMMAND_ENV_ROOM = 8 };

/* Reads a command block. False and errno: EBADMSG for one that is damaged. */
bool job_command_read(struct job_command *command, int fd, const struct wshd_command *wire);

/* The command where there is no block: a shell, whose script is its standard input. */
bool job_command_default(struct job_command *command);

/* Adds the variables that each job has, but those that are there already. */
bool job_command_add_env(struct job_command *command, const struct account *account,
			 const char *lang);

/* Executes it; returns when that failed, with errno. `shell`: the user's, may be empty. */
void job_command_execute(const struct job_command *command, const char *shell);

#endif
