/* SPDX-License-Identifier: Apache-2.0 */
/* What people type who know docker or podman. Names that mean the same are aliases in the tables of
 * commands and options; this file has what warden does in another way. */
#include <config.h>

#include "client/cli/cli.h"

#include <string.h>

/* A command that stands for another one, or the answer that says what to type. */
struct habit {
	const char *words; /* separated by blanks */
	const char *command, *answer;
	bool json, version;
	const char *commands; /* of an option: those that it fits */
};

static const struct habit habits[] = {
	{.words = "inspect", .command = "info", .json = true},
	{.words = "container"}, /* `container ls` is `ls` */
	{.words = "version", .version = true},
	{.words = "images image pull push rmi build buildx tag save load import commit history "
		  "search "
		  "login logout",
	 .answer = "there are no images: `warden-rootfs` unpacks one into a directory, and `create "
		   "--rootfs DIR` uses that"},
	{.words = "start restart",
	 .answer =
		 "a container runs from create to destroy; `warden run HANDLE -- COMMAND` starts a "
		 "job in it"},
	{.words = "wait", .answer = "`warden link HANDLE JOB` waits for a job"},
	{.words = "rename", .answer = "a handle stays; `warden create NAME` gives it"},
	{.words = "diff export",
	 .answer = "`warden copy-out HANDLE PATH -` writes a tar of what a container has"},
	{.words = "network",
	 .answer =
		 "each container has its own network; net-in, net-out and net-list are its rules"},
	{.words = "volume",
	 .answer =
		 "`create -v SRC:DST` mounts a directory of the host; there are no named volumes"},
	{.words = "system", .answer = "`warden status` and `warden doctor` show the host"},
};

/* Options that have no equal in commands of those names. */
static const struct habit options[] = {
	{.words = "add-host",
	 .answer = "--host 'ADDRESS NAME' adds a line to /etc/hosts",
	 .commands = "create exec"},
	{.words = "entrypoint",
	 .answer = "there is none; the command line is what runs",
	 .commands = "create run spawn exec"},
	{.words = "env-file",
	 .answer = "-e NAME=VALUE sets a variable; may be given again",
	 .commands = "create run spawn exec"},
	{.words = "t time timeout",
	 .answer = "processes have ten seconds between TERM and KILL; --kill sends KILL at once",
	 .commands = "stop"},
	{.words = "s signal",
	 .answer = "it sends TERM; `warden kill HANDLE JOB SIGNAL` sends another one to a job",
	 .commands = "stop"},
	{.words = "restart",
	 .answer = "a job that ends is not started again",
	 .commands = "create run spawn exec"},
	{.words = "d detach",
	 .answer = "`warden create` and `warden spawn HANDLE -- COMMAND` leave the command running",
	 .commands = "create exec"},
	{.words = "rm",
	 .answer = "`warden exec -- COMMAND` destroys its container at the end of the command; "
		   "--grace-time 0 of create does when the last connection closes",
	 .commands = "create run"},
	{.words = "filter f",
	 .answer = "--property KEY=VALUE selects containers",
	 .commands = "ps ls list info destroy"},
};

static bool habits_has_word(const char *words, const char *word, size_t length)
{
	for (; *words; words += strspn(words, " ")) {
		size_t size = strcspn(words, " ");

		if (size == length && memcmp(words, word, length) == 0)
			return true;
		words += size;
	}
	return false;
}

bool habits_read_command(struct invocation *invocation, const char *word, int *status)
{
	for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++) {
		const struct habit *habit = &habits[i];

		if (!habits_has_word(habit->words, word, strlen(word)))
			continue;
		*status =
			habit->answer ? usage_error(invocation, "%s: %s", word, habit->answer) : 0;
		invocation->command = habit->command ? command_find(habit->command) : NULL;
		invocation->json = invocation->json || habit->json;
		invocation->version = invocation->version || habit->version;
		return true;
	}
	return false;
}

/* Finds a command other than this one that has the option: of create and run the first. */
static const char *habits_find_owner(const struct cli_command *command, const char *name,
				     size_t length)
{
	static const char *const owners[] = {"create", "run"};

	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		const struct option *option;
		size_t index;

		option = command_find_option(command_find(owners[i]), name, length, &index);
		if (option && strcmp(owners[i], command->name) != 0)
			return owners[i];
	}
	return NULL;
}

const char *habits_option_answer(const struct cli_command *command, const char *name, size_t length)
{
	const char *owner;

	if (!command)
		return NULL;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (habits_has_word(options[i].words, name, length) &&
		    habits_has_word(options[i].commands, command->name, strlen(command->name)))
			return options[i].answer;
	owner = habits_find_owner(command, name, length);
	if (owner && strcmp(owner, "create") == 0 && command->words == WORDS_HANDLE_FIRST)
		return "it belongs to the container: an option of create, and of exec, which makes "
		       "a container for one command";
	if (owner && strcmp(owner, "run") == 0 && strcmp(command->name, "create") == 0)
		return "it belongs to a job: an option of run, spawn and exec";
	return NULL;
}
