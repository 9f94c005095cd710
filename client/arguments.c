/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a command line by the table of commands. */
#include <config.h>

#include "client/command.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int usage_error(const struct invocation *invocation, const char *format, ...)
{
	const char *name = invocation->command ? invocation->command->name : NULL;
	va_list args;

	fprintf(stderr, "warden%s%s: ", name ? " " : "", name ? name : "");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	if (name)
		fprintf(stderr, "`warden help %s` tells more\n", name);
	else
		fprintf(stderr, "`warden help` tells more\n");
	return STATUS_USAGE;
}

/* Groups of one request share its message. */
static size_t request_index(const struct command *command, size_t group)
{
	size_t index = 0;

	for (size_t i = 1; i <= group; i++)
		if (command->groups[i].request && command->groups[i - 1].request &&
		    strcmp(command->groups[i].request, command->groups[i - 1].request) != 0)
			index++;
	return index;
}

static int make_requests(struct invocation *invocation)
{
	const struct command *command = invocation->command;

	for (size_t i = 0; i < MAX_GROUPS; i++) {
		const char *request = command->groups[i].request;
		struct warden_message **slot = &invocation->requests[request_index(command, i)];

		if (!request || *slot)
			continue;
		*slot = warden_message_new(request);
		if (!*slot) {
			complain(invocation, "out of memory");
			return STATUS_FAILED;
		}
	}
	return 0;
}

/* The options that a command takes, its own before those of every command; NULL past the last. */
static const struct option *option_at(const struct invocation *invocation, size_t index)
{
	for (size_t i = 0; invocation->command && i < MAX_GROUPS; i++)
		for (const struct option *option = invocation->command->groups[i].options;
		     option && option->name; option++)
			if (index-- == 0)
				return option;
	for (const struct option *option = global_options; option->name; option++)
		if (index-- == 0)
			return option;
	return NULL;
}

struct warden_message *option_request(const struct invocation *invocation,
				      const struct option *option)
{
	const struct command *command = invocation->command;

	for (size_t i = 0; i < MAX_GROUPS; i++)
		for (const struct option *o = command->groups[i].options; o && o->name; o++)
			if (o == option)
				return invocation->requests[request_index(command, i)];
	return NULL;
}

static bool is_seen(const struct invocation *invocation, size_t index)
{
	return (invocation->seen >> index & 1) != 0;
}

static int option_apply(struct invocation *invocation, size_t index, const char *text)
{
	const struct option *option = option_at(invocation, index);

	invocation->seen |= (uint64_t)1 << index;
	return option->set ? option->set(invocation, option, text)
			   : set_field(invocation, option, text);
}

/* Complains about an option that does not exist and names the one that was probably meant. */
static int unknown_option(const struct invocation *invocation, const char *name)
{
	const struct option *option;
	struct near near;

	near_begin(&near, name);
	for (size_t i = 0; (option = option_at(invocation, i)) != NULL; i++)
		near_consider(&near, option->name);
	if (near.best)
		return usage_error(invocation, "unknown option --%s; did you mean --%s?", name,
				   near.best);
	return usage_error(invocation, "unknown option --%s", name);
}

/* The option that a word such as --name=value or -l names, or NULL. */
static const struct option *option_of_word(const struct invocation *invocation, const char *word,
					   size_t length, size_t *index)
{
	const struct option *option;

	for (*index = 0; (option = option_at(invocation, *index)) != NULL; (*index)++) {
		if (word[1] != '-' && word[1] == option->letter && length == 2)
			return option;
		if (word[1] == '-' && strlen(option->name) == length - 2 &&
		    memcmp(option->name, word + 2, length - 2) == 0)
			return option;
	}
	return NULL;
}

/* Takes the option at argv[*i] and moves on to its last word. */
static int take_option(struct invocation *invocation, char **argv, int *i)
{
	char *word = argv[*i];
	size_t length = strcspn(word, "="), index;
	const struct option *option = option_of_word(invocation, word, length, &index);
	const char *value = word[length] == '=' ? word + length + 1 : NULL;

	if (!option && word[1] == '-') {
		word[length] = '\0';
		return unknown_option(invocation, word + 2);
	}
	if (!option)
		return usage_error(invocation, "unknown option %s", word);
	if (option->argument && !value) {
		value = argv[*i + 1];
		if (!value)
			return usage_error(invocation, "--%s needs its %s", option->name,
					   option->argument);
		(*i)++;
	}
	if (!option->argument && value && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
		return usage_error(invocation, "--%s is true or false, not '%s'", option->name,
				   value);
	return option_apply(invocation, index, value ? value : "true");
}

/* The first option that may stand without its name and was not given; false: none. */
static bool next_positional(const struct invocation *invocation, size_t *index)
{
	const struct option *option;

	if (invocation->command->words == WORDS_COMMAND_ONLY)
		return false;
	for (*index = 0; (option = option_at(invocation, *index)) != NULL; (*index)++)
		if (option->positional && !is_seen(invocation, *index))
			return true;
	return false;
}

/* Takes the word at argv[*i], or from there on a command line. */
static int take_word(struct invocation *invocation, int argc, char **argv, int *i)
{
	size_t index;

	if (next_positional(invocation, &index))
		return option_apply(invocation, index, argv[*i]);
	if (invocation->command->words == WORDS_NONE)
		return usage_error(invocation, "'%s' is one word too many", argv[*i]);
	invocation->words = argv + *i;
	invocation->n_words = (size_t)(argc - *i);
	*i = argc;
	return 0;
}

static int check_required(const struct invocation *invocation)
{
	const struct option *option;

	for (size_t i = 0; (option = option_at(invocation, i)) != NULL; i++)
		if (option->required && !is_seen(invocation, i))
			return usage_error(invocation, "needs %s (--%s)", option->argument,
					   option->name);
	return 0;
}

static int take_command(struct invocation *invocation, const char *name)
{
	struct near near;

	invocation->command = command_find(name);
	if (invocation->command)
		return make_requests(invocation);
	near_begin(&near, name);
	for (const struct command *command = commands; command->name; command++)
		near_consider(&near, command->name);
	if (near.best)
		return usage_error(invocation, "unknown command '%s'; did you mean '%s'?", name,
				   near.best);
	return usage_error(invocation, "unknown command '%s'", name);
}

int arguments_parse(struct invocation *invocation, int argc, char **argv)
{
	bool options = true; /* until `--` */
	int status = 0;

	for (int i = 1; i < argc && status == 0; i++) {
		if (options && strcmp(argv[i], "--") == 0)
			options = false;
		else if (options && argv[i][0] == '-' && argv[i][1] != '\0')
			status = take_option(invocation, argv, &i);
		else if (!invocation->command)
			status = take_command(invocation, argv[i]);
		else
			status = take_word(invocation, argc, argv, &i);
	}
	if (status != 0 || invocation->help || invocation->version || !invocation->command)
		return status;
	return check_required(invocation);
}
