/* SPDX-License-Identifier: Apache-2.0 */
/* Help, generated from the table of commands. */
#include <config.h>

#include "client/cli/cli.h"

#include <string.h>

enum { INDENT = 28, WIDTH = 80 };

/* Prints words from the column on, and wraps them with that indent. */
static void help_print_wrapped(FILE *file, const char *text, size_t column)
{
	size_t at = column;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (at > column && at + 1 + word > WIDTH) {
			fprintf(file, "\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			putc(' ', file);
			at++;
		}
		fprintf(file, "%.*s", (int)word, text);
		at += word;
		text += word;
		text += strspn(text, " ");
	}
	putc('\n', file);
}

static void help_print_option(FILE *file, const struct option *option)
{
	char name[96];
	int length;

	if (option->letter)
		length = snprintf(name, sizeof(name), "  -%c, --%s", option->letter, option->name);
	else
		length = snprintf(name, sizeof(name), "  --%s", option->name);
	if (option->argument && length < (int)sizeof(name))
		length += snprintf(name + length, sizeof(name) - (size_t)length, " %s",
				   option->argument);
	fputs(name, file);
	if (length >= INDENT)
		fprintf(file, "\n%*s", INDENT, "");
	else
		fprintf(file, "%*s", INDENT - length, "");
	help_print_wrapped(file, option->help, INDENT);
	if (option->alias)
		fprintf(file, "%*sits other name is --%s\n", INDENT, "", option->alias);
}

static void help_print_details(FILE *file, const char *text)
{
	while (text && *text) {
		char line[512];
		size_t length = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)length, text);
		help_print_wrapped(file, line, 0);
		text += length + (text[length] == '\n');
	}
}

static void help_print_command(FILE *file, const struct cli_command *command)
{
	const struct option *option;

	fprintf(file, "Usage: warden %s%s%s\n\n", command->name, *command->usage ? " " : "",
		command->usage);
	help_print_details(file, command->summary);
	help_print_details(file, command->details);
	if (command->alias)
		fprintf(file, "Its other name is %s.\n", command->alias);
	fprintf(file, "\nOptions:\n");
	for (size_t i = 0; (option = command_option(command, i)) != NULL; i++)
		help_print_option(file, option);
}

static void help_print_section(FILE *file, enum section section)
{
	fprintf(file, "\n%s:\n", section_titles[section]);
	for (const struct cli_command *command = commands; command->name; command++) {
		char name[64];

		if (command->section != section || command->hidden)
			continue;
		snprintf(name, sizeof(name), "%s%s%s", command->name, command->alias ? ", " : "",
			 command->alias ? command->alias : "");
		fprintf(file, "  %-19s", name);
		help_print_wrapped(file, command->summary, 21);
	}
}

static void help_print_commands(FILE *file)
{
	const struct option *option;

	fprintf(file, "Usage: warden [--socket FILE] [--json] COMMAND [OPTIONS]\n\n"
		      "Creates containers through wardend and runs programs in them. Without a "
		      "command,\nreads commands, one a line.\n");
	for (int section = 0; section < SECTIONS; section++)
		help_print_section(file, (enum section)section);
	fprintf(file, "\nOptions of every command:\n");
	for (size_t i = 0; (option = command_option(NULL, i)) != NULL; i++)
		help_print_option(file, option);
	fprintf(file, "\n`warden help COMMAND` prints the help of a command.\n");
}

void help_print(FILE *file, const struct cli_command *command)
{
	if (command)
		help_print_command(file, command);
	else
		help_print_commands(file);
}

int cmd_help(struct invocation *invocation)
{
	const struct cli_command *command = NULL;

	if (invocation->manual) {
		manual_print(stdout);
		return 0;
	}
	if (invocation->n_words > 1)
		return usage_error(invocation, "unexpected argument '%s'", invocation->words[1]);
	if (invocation->n_words == 1) {
		command = command_find(invocation->words[0]);
		if (!command)
			return usage_error(invocation, "unknown command '%s'",
					   invocation->words[0]);
	}
	help_print(stdout, command);
	return 0;
}
