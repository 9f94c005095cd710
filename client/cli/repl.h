/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that are read one a line: declarations that repl.c, prompt.c and line.c share. */
#ifndef CLIENT_CLI_REPL_H
#define CLIENT_CLI_REPL_H

#include <stdbool.h>
#include <stddef.h>

/* The words of a line, split as in a shell: at blanks outside of quotes and backslashes; a word
 * that begins with # begins a comment. */
struct line_words {
	char **words; /* ends in NULL */
	size_t n;
	size_t last_start; /* offset of the last word in the line */
	bool open;         /* a quote is not closed, or the line ends in a backslash */
	char *text;        /* the memory of the words */
};

/* Splits a line. With `for_completion` a line that ends in a blank has an empty last word.
 * Returns 0, or -1: no memory. */
int line_cut(struct line_words *words, const char *line, size_t length, bool for_completion);
void line_free(struct line_words *words);

/* A prompt with history and completion. prompt_new returns NULL if there is no memory. */
struct prompt;
struct prompt *prompt_new(void);
/* Reads a line, valid until the next call; NULL: end of input. */
const char *prompt_read(struct prompt *prompt);
void prompt_free(struct prompt *prompt);

#endif
