/* SPDX-License-Identifier: Apache-2.0 */
/* Parses a command line by the table of commands. */
#include <config.h>

#include "client/cli/cli.h"

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
		fprintf(stderr, "see `warden help %s`\n", name);
	else
		fprintf(stderr, "see `warden help`\n");
	return STATUS_USAGE;
}

/* The index of a group's request; groups of the same request share its message. */
static size_t arguments_request_index(const struct cli_command *command, size_t group)
{
	size_t index = 0;

	for (size_t i = 1; i <= group; i++)
		if (command->groups[i].request && command->groups[i - 1].request &&
		    strcmp(command->groups[i].request, command->groups[i - 1].request) != 0)
			index++;
	return index;
}

static int arguments_make_requests(struct invocation *invocation)
{
	const struct cli_command *command = invocation->command;

	for (size_t i = 0; i < MAX_GROUPS; i++) {
		const char *request = command->groups[i].request;
		struct warden_message **slot =
			&invocation->requests[arguments_request_index(command, i)];

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

/* Returns the index of the group that contains the option, or -1. */
static int arguments_find_group(const struct cli_command *command, const struct option *option)
{
	for (int i = 0; i < MAX_GROUPS; i++)
		for (const struct option *o = command->groups[i].options; o && o->name; o++)
			if (o == option)
				return i;
	return -1;
}

struct warden_message *option_request(const struct invocation *invocation,
				      const struct option *option)
{
	const struct cli_command *command = invocation->command;
	int group = command ? arguments_find_group(command, option) : -1;
	struct warden_message *request;
	const char *inner;

	if (group < 0 || !command->groups[group].request)
		return NULL;
	request = invocation->requests[arguments_request_index(command, (size_t)group)];
	inner = command->groups[group].inner;
	if (!inner)
		return request;
	if (invocation->second)
		inner = "second";
	return warden_message_add(request, inner); /* returns the existing one if there is one */
}

static int arguments_apply_option(struct invocation *invocation, size_t index, const char *text)
{
	const struct option *option = command_option(invocation->command, index);

	invocation->seen[index] = true;
	if (option->filled && !*text)
		return usage_error(invocation, "--%s: '' is not a valid %s", option->name,
				   option->argument);
	return option->set ? option->set(invocation, option, text)
			   : set_field(invocation, option, text);
}

/* Reports an unknown option and suggests the nearest one, or what stands for it here. */
static int arguments_reject_option(const struct invocation *invocation, const char *name)
{
	const char *answer = habits_option_answer(invocation->command, name, strlen(name));
	const struct option *option;
	struct near near;

	if (answer)
		return usage_error(invocation, "unknown option --%s; %s", name, answer);
	near_begin(&near, name);
	for (size_t i = 0; (option = command_option(invocation->command, i)) != NULL; i++)
		near_consider(&near, option->name);
	if (near.best)
		return usage_error(invocation, "unknown option --%s; did you mean --%s?", name,
				   near.best);
	return usage_error(invocation, "unknown option --%s", name);
}

/* Reads short options such as -it; the last one may have a value: -n 5 or -n5. */
static int arguments_read_letters(struct invocation *invocation, char **argv, int *i, int end)
{
	const char *word = argv[*i];
	int status = 0;

	for (const char *at = word + 1; *at && status == 0; at++) {
		size_t index;
		const struct option *option =
			command_find_option(invocation->command, at, 1, &index);
		const char *value = "true", *answer;

		if (!option) {
			answer = habits_option_answer(invocation->command, at, 1);
			return usage_error(invocation, "unknown option %s%s%s", word,
					   answer ? "; " : "", answer ? answer : "");
		}
		if (option->argument) {
			value = at[1] == '=' ? at + 2 : at + 1;
			if (*value == '\0') {
				if (*i + 1 >= end)
					return usage_error(invocation, "--%s needs its %s",
							   option->name, option->argument);
				value = argv[++*i];
			}
			return arguments_apply_option(invocation, index, value);
		}
		status = arguments_apply_option(invocation, index, value);
	}
	return status;
}

/* Reads the option at argv[*i] and advances `*i` to its last word. */
static int arguments_read_option(struct invocation *invocation, char **argv, int *i, int end)
{
	char *word = argv[*i];
	size_t length = strcspn(word, "="), index;
	const char *value = word[length] == '=' ? word + length + 1 : NULL;
	const struct option *option;

	if (word[1] != '-')
		return arguments_read_letters(invocation, argv, i, end);
	option = command_find_option(invocation->command, word + 2, length - 2, &index);
	if (!option || length == 3) {
		word[length] = '\0';
		return arguments_reject_option(invocation, word + 2);
	}
	if (option->argument && !value) {
		value = *i + 1 < end ? argv[*i + 1] : NULL;
		if (!value)
			return usage_error(invocation, "--%s needs its %s", option->name,
					   option->argument);
		(*i)++;
	}
	if (!option->argument && value && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
		return usage_error(invocation, "--%s is true or false, not '%s'", option->name,
				   value);
	return arguments_apply_option(invocation, index, value ? value : "true");
}

/* Finds the first positional option that was not given yet; false: none. */
static bool arguments_next_positional(const struct invocation *invocation, size_t *index)
{
	const struct option *option;

	if (invocation->command->words == WORDS_COMMAND_ONLY)
		return false;
	for (*index = 0; (option = command_option(invocation->command, *index)) != NULL; (*index)++)
		if (option->positional && (option->repeated || !invocation->seen[*index]))
			return true;
	return false;
}

/* Reads the positional word at argv[*i], or the command line that begins there. */
static int arguments_read_word(struct invocation *invocation, int argc, char **argv, int *i)
{
	size_t index;

	if (arguments_next_positional(invocation, &index))
		return arguments_apply_option(invocation, index, argv[*i]);
	if (invocation->command->words == WORDS_NONE)
		return usage_error(invocation, "unexpected argument '%s'", argv[*i]);
	invocation->words = argv + *i;
	invocation->n_words = (size_t)(argc - *i);
	*i = argc;
	return 0;
}

/* The words so far describe the first job, those behind `:::` the second one. */
static int arguments_begin_second_job(struct invocation *invocation)
{
	struct warden_message *first = warden_message_add(invocation->requests[0], "first");
	const struct option *option;
	int status = first ? set_script_words(invocation, first) : STATUS_FAILED;

	invocation->second = true;
	invocation->has_script = false;
	invocation->words = NULL;
	invocation->n_words = 0;
	for (size_t i = 0; (option = command_option(invocation->command, i)) != NULL; i++)
		if (option_request(invocation, option) != invocation->requests[0])
			invocation->seen[i] = false;
	return status;
}

/* Returns the index of the divider of spawn-pair's command line; argc if there is none or it was
 * passed. */
static int arguments_find_divider(const struct invocation *invocation, int argc, char **argv)
{
	if (invocation->command && strcmp(invocation->command->name, "spawn-pair") == 0 &&
	    !invocation->second)
		for (int i = 1; i < argc; i++)
			if (strcmp(argv[i], PAIR_DIVIDER) == 0)
				return i;
	return argc;
}

static int arguments_check_required(const struct invocation *invocation)
{
	const struct option *option;

	for (size_t i = 0; (option = command_option(invocation->command, i)) != NULL; i++)
		if (option->required && !invocation->seen[i])
			return usage_error(invocation, "needs %s (--%s)", option->argument,
					   option->name);
	return 0;
}

static int arguments_read_command(struct invocation *invocation, const char *name)
{
	struct near near;
	int status;

	invocation->command = command_find(name);
	if (!invocation->command && habits_read_command(invocation, name, &status) &&
	    !invocation->command)
		return status;
	if (invocation->command) {
		/* Option indexes now count from the command's own options. */
		memset(invocation->seen, 0, sizeof(invocation->seen));
		return arguments_make_requests(invocation);
	}
	near_begin(&near, name);
	for (const struct cli_command *command = commands; command->name; command++) {
		if (command->hidden)
			continue;
		near_consider(&near, command->name);
		if (command->alias)
			near_consider(&near, command->alias);
	}
	if (near.best)
		return usage_error(invocation, "unknown command '%s'; did you mean '%s'?", name,
				   near.best);
	return usage_error(invocation, "unknown command '%s'", name);
}

/* Reads the words from `begin` up to `end`. */
static int arguments_read_words(struct invocation *invocation, int begin, int end, char **argv)
{
	bool options = true;      /* until `--` */
	const char *group = NULL; /* a word before the command, as in `container ls` */
	int status = 0;

	for (int i = begin; i < end && status == 0; i++) {
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
			invocation->has_dashes = true;
		} else if (options && argv[i][0] == '-' && argv[i][1] != '\0')
			status = arguments_read_option(invocation, argv, &i, end);
		else if (!invocation->command)
			status = arguments_read_command(invocation, group = argv[i]);
		else
			status = arguments_read_word(invocation, end, argv, &i);
		end = arguments_find_divider(invocation, end, argv);
	}
	if (status == 0 && group && !invocation->command && !invocation->help &&
	    !invocation->version)
		return usage_error(invocation, "'%s' needs a command", group);
	return status;
}

/* Parses the words of another command instead, with the same global options. */
static int arguments_rewrite(struct invocation *invocation, int argc)
{
	const char **words = calloc((size_t)argc + REWRITE_WORDS + 2, sizeof(*words));
	struct invocation fresh = {.socket_path = invocation->socket_path,
				   .format = invocation->format,
				   .reconnect = invocation->reconnect,
				   .json = invocation->json,
				   .exit_on_error = invocation->exit_on_error,
				   .kept = invocation->kept};
	struct invocation old = *invocation; /* the words may be in its requests */
	int status, n = 1;

	if (!words) {
		complain(invocation, "out of memory");
		return STATUS_FAILED;
	}
	words[0] = "warden";
	status = invocation->command->rewrite(invocation, words + 1);
	if (status == 0) {
		while (words[n])
			n++;
		*invocation = fresh;
		status = arguments_parse(invocation, n, (char **)words);
		invocation_clear(&old);
	}
	free(words);
	return status;
}

int arguments_parse(struct invocation *invocation, int argc, char **argv)
{
	int status = arguments_read_words(invocation, 1, argc, argv), divider;

	if (status != 0 || invocation->help || invocation->version || !invocation->command)
		return status;
	divider = arguments_find_divider(invocation, argc, argv);
	if (divider < argc) {
		status = arguments_begin_second_job(invocation);
		if (status == 0)
			status = arguments_read_words(invocation, divider + 1, argc, argv);
	}
	if (status == 0)
		status = arguments_check_required(invocation);
	if (status == 0 && invocation->command->rewrite)
		return arguments_rewrite(invocation, argc);
	return status == 0 && invocation->format ? format_check(invocation) : status;
}

void invocation_clear(struct invocation *invocation)
{
	for (size_t i = 0; i < MAX_REQUESTS; i++)
		warden_message_free(invocation->requests[i]);
	if (invocation->client != invocation->kept)
		warden_client_free(invocation->client);
}

int exit_status(const struct invocation *invocation, int status)
{
	if (status != STATUS_FAILED)
		return status;
	return invocation->command && invocation->command->job ? STATUS_REFUSED : 1;
}

int invocation_run(struct invocation *invocation)
{
	if (invocation->version) {
		printf("warden %s\n", PACKAGE_VERSION);
		return 0;
	}
	if (invocation->help) {
		help_print(stdout, invocation->command);
		return 0;
	}
	if (!invocation->command)
		return repl_run(invocation);
	return invocation->command->run(invocation);
}
