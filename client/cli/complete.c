/* SPDX-License-Identifier: Apache-2.0 */
/* Completion: candidates for the last word of a command line, from the table and from the
 * daemon. Used by shells and by the prompt. */
#include <config.h>

#include "client/cli/cli.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ASK_TIMEOUT = 1000 }; /* milliseconds */

/* The words before the last one, parsed. */
struct complete_line {
	const struct cli_command *command;
	const struct option *value_of; /* the last word is this option's value */
	const char *handle, *socket;   /* NULL: not given */
	size_t positionals;            /* number of positional words */
	bool inside;                   /* the last word belongs to the container's command line */
};

struct complete_sink {
	const char *word; /* the prefix of the candidates */
	complete_function function;
	void *data;
};

static void complete_offer(const struct complete_sink *sink, const char *text,
			   const char *description)
{
	if (strncmp(text, sink->word, strlen(sink->word)) == 0)
		sink->function(sink->data, text, description);
}

static const struct option *complete_find_option(const struct cli_command *command,
						 const char *word)
{
	size_t index;

	if (word[1] == '-')
		return command_find_option(command, word + 2, strlen(word + 2), &index);
	return word[2] == '\0' ? command_find_option(command, word + 1, 1, &index) : NULL;
}

/* Finds the option that the n-th positional word sets; NULL: none. */
static const struct option *complete_find_positional(const struct cli_command *command, size_t n)
{
	const struct option *option;

	if (command->words == WORDS_COMMAND_ONLY)
		return NULL;
	for (size_t i = 0; (option = command_option(command, i)) != NULL; i++)
		if (option->positional && (option->repeated || n-- == 0))
			return option;
	return NULL;
}

static void complete_note_value(struct complete_line *line, const struct option *option,
				const char *value)
{
	if (strcmp(option->name, "handle") == 0)
		line->handle = value;
	else if (strcmp(option->name, "socket") == 0)
		line->socket = value;
}

static void complete_note_word(struct complete_line *line, const char *word)
{
	const struct option *option;

	if (!line->command) {
		line->command = command_find(word);
		return;
	}
	option = complete_find_positional(line->command, line->positionals);
	if (option)
		complete_note_value(line, option, word);
	else
		line->inside = true;
	line->positionals++;
}

static void complete_read_line(struct complete_line *line, char *const *words, size_t n)
{
	for (size_t i = 0; i < n && !line->inside; i++) {
		const struct option *option;

		if (words[i][0] != '-' || words[i][1] == '\0') {
			complete_note_word(line, words[i]);
			continue;
		}
		if (strcmp(words[i], "--") == 0) {
			line->inside = line->command && line->command->words != WORDS_NONE;
			continue;
		}
		option = complete_find_option(line->command, words[i]);
		if (!option || !option->argument)
			continue;
		if (i + 1 == n)
			line->value_of = option;
		else
			complete_note_value(line, option, words[++i]);
	}
}

/* Sends a request and frees it; returns the answer, or NULL if there is no daemon or it fails:
 * then there are no candidates. */
static struct warden_message *complete_call(const struct complete_line *line,
					    struct warden_message *request)
{
	struct warden_client *client = request ? warden_client_new() : NULL;
	struct warden_message *answer = NULL;

	if (client) {
		warden_client_set_timeout(client, ASK_TIMEOUT);
		if (warden_client_connect(client, line->socket) == 0)
			answer = warden_client_call(client, request);
	}
	warden_client_free(client);
	warden_message_free(request);
	return answer;
}

static void complete_offer_handles(const struct complete_line *line,
				   const struct complete_sink *sink)
{
	struct warden_message *answer = complete_call(line, warden_message_new("list"));

	for (size_t i = 0; answer && i < warden_message_count(answer, "handles"); i++)
		complete_offer(sink, warden_message_bytes(answer, "handles", i, NULL), "container");
	warden_message_free(answer);
}

static void complete_offer_jobs(const struct complete_line *line, const struct complete_sink *sink)
{
	struct warden_message *request = warden_message_new("jobs"), *answer;

	if (!line->handle || !request || warden_message_set(request, "handle", line->handle) < 0) {
		warden_message_free(request);
		return;
	}
	answer = complete_call(line, request);
	for (size_t i = 0; answer && i < warden_message_count(answer, "jobs"); i++) {
		const struct warden_message *job = warden_message_child(answer, "jobs", i);
		const char *command = warden_message_bytes(job, "command", 0, NULL);
		char number[24];

		snprintf(number, sizeof(number), "%" PRIu64,
			 warden_message_number(job, "job_id", 0));
		complete_offer(sink, number, command ? command : "job");
	}
	warden_message_free(answer);
}

static void complete_offer_commands(const struct complete_sink *sink)
{
	for (const struct cli_command *command = commands; command->name; command++) {
		if (command->hidden)
			continue;
		complete_offer(sink, command->name, command->summary);
		if (command->alias)
			complete_offer(sink, command->alias, command->summary);
	}
}

static void complete_offer_options(const struct cli_command *command,
				   const struct complete_sink *sink)
{
	const struct option *option;
	char name[80];

	for (size_t i = 0; (option = command_option(command, i)) != NULL; i++) {
		snprintf(name, sizeof(name), "--%s", option->name);
		complete_offer(sink, name, option->help);
	}
}

/* Offers the choices of a text such as `one|another`. */
static void complete_offer_choices(const char *choices, const struct complete_sink *sink)
{
	char *copy = strdup(choices), *save = NULL;

	for (char *choice = copy ? strtok_r(copy, "| ", &save) : NULL; choice;
	     choice = strtok_r(NULL, "| ", &save))
		complete_offer(sink, choice, "");
	free(copy);
}

/* Offers a number that was begun with each of the units, which are letters. */
static void complete_offer_units(const struct complete_sink *sink, const char *units)
{
	size_t digits = strspn(sink->word, "0123456789.");
	char text[64];

	for (; digits > 0 && *units; units++) {
		snprintf(text, sizeof(text), "%.*s%c", (int)digits, sink->word, *units);
		complete_offer(sink, text, "");
	}
}

/* Whether the handle names a new container. */
static bool complete_is_new_handle(const struct complete_line *line)
{
	return line->command && strcmp(line->command->name, "create") == 0;
}

/* Whether the handle may be a job as well, as the second word of kill. */
static bool complete_may_be_job(const struct complete_line *line)
{
	return line->command && line->command->rewrite == rewrite_kill && line->positionals == 1;
}

static enum complete_files complete_offer_values(const struct complete_line *line,
						 const struct option *option,
						 const struct complete_sink *sink)
{
	const char *argument = option->argument;

	if (strcmp(argument, "HANDLE") == 0 && !complete_is_new_handle(line)) {
		if (complete_may_be_job(line))
			complete_offer_jobs(line, sink);
		complete_offer_handles(line, sink);
	} else if (strcmp(argument, "JOB") == 0)
		complete_offer_jobs(line, sink);
	else if (strcmp(argument, "FILE") == 0 || strncmp(argument, "SRC:", 4) == 0)
		return COMPLETE_FILES;
	else if (strcmp(argument, "DIR") == 0)
		return COMPLETE_DIRECTORIES;
	else if (strncmp(argument, "SIZE", 4) == 0)
		complete_offer_units(sink, "KMGT");
	else if (strncmp(argument, "TIME", 4) == 0)
		complete_offer_units(sink, "smhd");
	else if (strchr(argument, '|'))
		complete_offer_choices(argument, sink);
	return COMPLETE_NO_FILES;
}

enum complete_files complete_words(char *const *words, size_t n, complete_function function,
				   void *data)
{
	struct complete_line line = {0};
	const struct complete_sink sink = {n > 0 ? words[n - 1] : "", function, data};
	const struct option *option;

	complete_read_line(&line, words, n > 0 ? n - 1 : 0);
	if (line.value_of)
		return complete_offer_values(&line, line.value_of, &sink);
	if (line.inside)
		return COMPLETE_FILES; /* a guess: paths in the container are often the same as on
					  the host */
	if (*sink.word == '-') {
		complete_offer_options(line.command, &sink);
		return COMPLETE_NO_FILES;
	}
	if (!line.command) {
		complete_offer_commands(&sink);
		return COMPLETE_NO_FILES;
	}
	if (line.command->words == WORDS_COMMAND && line.command->run == cmd_help)
		complete_offer_commands(&sink);
	else if (line.command->words == WORDS_COMMAND)
		complete_offer_choices(line.command->usage, &sink);
	option = complete_find_positional(line.command, line.positionals);
	return option ? complete_offer_values(&line, option, &sink) : COMPLETE_NO_FILES;
}

/* Prints a candidate for a shell: the word, a tab, the description. */
static void complete_print_candidate(void *data, const char *text, const char *description)
{
	(void)data;
	text_safe(stdout, text, strlen(text), false);
	putchar('\t');
	text_safe(stdout, description, strlen(description), false);
	putchar('\n');
}

int cmd_complete(struct invocation *invocation)
{
	static const char *const marks[] = {NULL, ":files\n", ":directories\n"};
	enum complete_files files = complete_words(invocation->words, invocation->n_words,
						   complete_print_candidate, NULL);

	if (marks[files])
		fputs(marks[files], stdout);
	return 0;
}
