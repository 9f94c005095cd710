/* SPDX-License-Identifier: Apache-2.0 */
/* The command of a job; see job_command.h. Memory is never freed: the process calls exec or exits.
 */
#include "wshd/keeper/job_command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads the whole block and appends a NUL. NULL and errno on failure. */
static char *job_command_read_block(int fd, size_t *length)
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

/* Returns the next text of the block and advances `at`; NULL at the end of the block. */
static char *job_command_next_text(char **at, const char *end)
{
	char *text = *at;

	if (text >= end)
		return NULL;
	*at += strlen(text) + 1;
	return text;
}

static bool job_command_take_texts(char **texts, unsigned n, char **at, const char *end)
{
	for (unsigned i = 0; i < n; i++)
		if (!(texts[i] = job_command_next_text(at, end)))
			return false;
	texts[n] = NULL;
	return true;
}

static bool job_command_allocate(struct job_command *command, unsigned n_args, unsigned n_env)
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
	at = job_command_read_block(fd, &length);
	if (!at || !job_command_allocate(command, wire->n_args, wire->n_env))
		return false;
	end = at + length;
	command->user = job_command_next_text(&at, end);
	command->directory = job_command_next_text(&at, end);
	command->cpus = job_command_next_text(&at, end);
	errno = EBADMSG;
	return command->cpus && job_command_take_texts(command->args, wire->n_args, &at, end) &&
	       job_command_take_texts(command->env, wire->n_env, &at, end);
}

bool job_command_set_default(struct job_command *command)
{
	command->user = command->directory = command->cpus = "";
	return job_command_allocate(command, 0, 0);
}

static bool job_command_has_variable(const struct job_command *command, const char *name)
{
	size_t length = strlen(name);

	for (unsigned i = 0; i < command->n_env; i++)
		if (strncmp(command->env[i], name, length) == 0 && command->env[i][length] == '=')
			return true;
	return false;
}

static bool job_command_add_variable(struct job_command *command, const char *name,
				     const char *value)
{
	size_t size = strlen(name) + strlen(value) + 2;
	char *text;

	if (job_command_has_variable(command, name))
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

	return job_command_add_variable(command, "HOME", account->home) &&
	       job_command_add_variable(command, "USER", account->name) &&
	       job_command_add_variable(command, "PATH", path) &&
	       job_command_add_variable(command, "LANG", lang);
}

static void job_command_execute_program(const char *program, char **env)
{
	char *args[] = {(char *)program, NULL};

	execve(program, args, env);
}

void job_command_execute(const struct job_command *command, const char *shell)
{
	if (command->args[0]) {
		environ = command->env; /* execvp searches the PATH of the job */
		execvp(command->args[0], command->args);
		return;
	}
	if (*shell == '/')
		job_command_execute_program(shell, command->env);
	job_command_execute_program("/bin/bash", command->env);
	if (errno == ENOENT || errno == ENOTDIR)
		job_command_execute_program("/bin/sh", command->env);
}
