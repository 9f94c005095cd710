/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be executed; see job_command.h. All that is allocated lives until exec. */
#include "wshd/keeper/job_command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The whole block, with a NUL behind it. */
static char *block_read(int fd, size_t *length)
{
	char *block = malloc(WSHD_COMMAND_MAX + 1);
	ssize_t got = 1;

	*length = 0;
	while (block && got > 0 && *length < WSHD_COMMAND_MAX) {
		got = pread(fd, block + *length, WSHD_COMMAND_MAX - *length, (off_t)*length);
		*length += got > 0 ? (size_t)got : 0;
	}
	if (!block || got < 0)
		return NULL;
	block[*length] = '\0';
	return block;
}

/* The next text of the block, or NULL at its end. */
static char *block_next(char **at, const char *end)
{
	char *text = *at;

	if (text >= end)
		return NULL;
	*at += strlen(text) + 1;
	return text;
}

static bool texts_take(char **texts, unsigned n, char **at, const char *end)
{
	for (unsigned i = 0; i < n; i++)
		if (!(texts[i] = block_next(at, end)))
			return false;
	texts[n] = NULL;
	return true;
}

static bool room_make(struct job_command *command, unsigned n_args, unsigned n_env)
{
	command->args = calloc((size_t)n_args + 1, sizeof(char *));
	command->env = calloc((size_t)n_env + COMMAND_ENV_ROOM + 1, sizeof(char *));
	command->n_env = n_env;
	return command->args && command->env;
}

bool job_command_read(struct job_command *command, int fd, const struct wshd_command *wire)
{
	char *at, *end;
	size_t length;

	errno = EBADMSG;
	if (wire->n_args > WSHD_COMMAND_MAX || wire->n_env > WSHD_COMMAND_MAX)
		return false;
	at = block_read(fd, &length);
	if (!at || !room_make(command, wire->n_args, wire->n_env))
		return false;
	end = at + length;
	command->user = block_next(&at, end);
	command->directory = block_next(&at, end);
	command->cpus = block_next(&at, end);
	errno = EBADMSG;
	return command->cpus && texts_take(command->args, wire->n_args, &at, end) &&
	       texts_take(command->env, wire->n_env, &at, end);
}

bool job_command_default(struct job_command *command)
{
	command->user = command->directory = command->cpus = "";
	return room_make(command, 0, 0);
}

static bool env_has(const struct job_command *command, const char *name)
{
	size_t length = strlen(name);

	for (unsigned i = 0; i < command->n_env; i++)
		if (strncmp(command->env[i], name, length) == 0 && command->env[i][length] == '=')
			return true;
	return false;
}

static bool env_add(struct job_command *command, const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + 2;
	char *text;

	if (env_has(command, name))
		return true;
	text = malloc(size);
	if (!text)
		return false;
	snprintf(text, size, "%s=%s", name, value);
	command->env[command->n_env++] = text;
	command->env[command->n_env] = NULL;
	return true;
}

bool job_command_add_env(struct job_command *command, const struct account *account,
			 const char *lang)
{
	const char *path = account->uid == 0 ? "/sbin:/bin:/usr/sbin:/usr/bin" : "/bin:/usr/bin";

	return env_add(command, "HOME", account->home) && env_add(command, "USER", account->name) &&
	       env_add(command, "PATH", path) && env_add(command, "LANG", lang);
}

static void execute_one(const char *program, char **env)
{
	char *args[] = {(char *)program, NULL};

	execve(program, args, env);
}

void job_command_execute(const struct job_command *command, const char *shell)
{
	if (command->args[0]) {
		environ = command->env; /* whose PATH counts */
		execvp(command->args[0], command->args);
		return;
	}
	if (*shell == '/')
		execute_one(shell, command->env);
	execute_one("/bin/bash", command->env);
	if (errno == ENOENT || errno == ENOTDIR)
		execute_one("/bin/sh", command->env);
}
