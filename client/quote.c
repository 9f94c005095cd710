/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a script of a command line, so that the shell inside hands every word on as it is. */
#include <config.h>

#include "client/command.h"

#include <stdlib.h>
#include <string.h>

/* `exec`, so that the command is the job itself and its signal or status the job's; standard input
 * is the rest of the script, which is nobody's input. */
static const char before[] = "exec";
static const char behind[] = " </dev/null\n";

/* Appends a word in single quotes, where nothing has a meaning but a single quote. */
static char *append_quoted(char *end, const char *word)
{
	*end++ = ' ';
	*end++ = '\'';
	for (; *word; word++) {
		if (*word == '\'')
			end = stpcpy(end, "'\\'");
		*end++ = *word;
	}
	*end++ = '\'';
	return end;
}

char *quote_words(char *const *words, size_t n, size_t *length)
{
	size_t size = sizeof(before) + sizeof(" --") + sizeof(behind);
	char *script, *end;

	for (size_t i = 0; i < n; i++)
		size += strlen(words[i]) * 4 + 3;
	script = malloc(size);
	if (!script)
		return NULL;
	end = stpcpy(script, before);
	if (words[0][0] == '-')
		end = stpcpy(end, " --"); /* else it would be an option of exec's */
	for (size_t i = 0; i < n; i++)
		end = append_quoted(end, words[i]);
	end = stpcpy(end, behind);
	*length = (size_t)(end - script);
	return script;
}
