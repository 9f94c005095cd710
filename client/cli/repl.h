/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that are read one a line: what the files of that share. */
#ifndef CLIENT_CLI_REPL_H
#define CLIENT_CLI_REPL_H

#include <stdbool.h>
#include <stddef.h>

/* The words of a line, cut as a shell does: blanks divide, quotes and backslashes hold together, a
 * word that begins with # ends it. */
struct line_words {
	char **words; /* ends in NULL */
	size_t n;
	size_t last_start; /* in the line, of the last word */
	bool open;         /* a quote is not closed, or a backslash stands at the end */
	char *text;        /* what the words point into */
};

/* Cuts a line. With `for_completion` there is a last word, empty where the line ends in a blank. 0,
 * or -1: no memory. */
int line_cut(struct line_words *words, const char *line, size_t length, bool for_completion);
void line_free(struct line_words *words);

/* A prompt with history and completion. */
struct prompt;
struct prompt *prompt_new(void);
/* The next line, valid until the next call; NULL: the end. */
const char *prompt_read(struct prompt *prompt);
void prompt_free(struct prompt *prompt);

#endif
