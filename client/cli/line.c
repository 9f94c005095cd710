/* SPDX-License-Identifier: Apache-2.0 */
/* Splits a line into words. */
#include <config.h>

#include "client/cli/repl.h"

#include <stdlib.h>
#include <string.h>

static bool line_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Copies the word at `*at` to `to` without quotes; returns the byte behind its NUL. */
static char *line_read_word(struct line_words *words, const char *line, size_t length, size_t *at,
			    char *to)
{
	char quote = 0;

	for (; *at < length && (quote || !line_is_blank(line[*at])); (*at)++) {
		char c = line[*at];

		if (quote && c == quote)
			quote = 0;
		else if (!quote && (c == '\'' || c == '"'))
			quote = c;
		else if (c == '\\' && quote != '\'' && *at + 1 < length &&
			 (!quote || line[*at + 1] == '"' || line[*at + 1] == '\\'))
			*to++ = line[++(*at)];
		else if (c == '\\' && !quote)
			words->open = true;
		else
			*to++ = c;
	}
	words->open = words->open || quote != 0;
	*to++ = '\0';
	return to;
}

int line_cut(struct line_words *words, const char *line, size_t length, bool for_completion)
{
	char *to;

	memset(words, 0, sizeof(*words));
	/* Every word takes at least two bytes of the line, except an empty last one. */
	words->text = malloc(length + 2);
	words->words = calloc(length / 2 + 3, sizeof(*words->words));
	to = words->text;
	if (!words->text || !words->words) {
		line_free(words);
		return -1;
	}
	for (size_t at = 0;;) {
		while (at < length && line_is_blank(line[at]))
			at++;
		if (at == length || line[at] == '#')
			break;
		words->last_start = at;
		words->words[words->n++] = to;
		to = line_read_word(words, line, length, &at, to);
	}
	if (for_completion && !words->open && (length == 0 || line_is_blank(line[length - 1]))) {
		*to = '\0';
		words->last_start = length;
		words->words[words->n++] = to;
	}
	return 0;
}

void line_free(struct line_words *words)
{
	free(words->words);
	free(words->text);
	memset(words, 0, sizeof(*words));
}
