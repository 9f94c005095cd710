/* SPDX-License-Identifier: Apache-2.0 */
/* The prompt: libedit with completion and a history file. */
#include <config.h>

#include "client/cli/cli.h"
#include "client/cli/repl.h"
#include "lib/cleanup.h"
#include "lib/shared_library.h"

#include <dirent.h>
#include <histedit.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { HISTORY_SIZE = 1000 };

#define EDIT_FUNCTIONS(X)                                                                          \
	X(el_cursor)                                                                               \
	X(el_deletestr)                                                                            \
	X(el_end)                                                                                  \
	X(el_gets)                                                                                 \
	X(el_init)                                                                                 \
	X(el_insertstr)                                                                            \
	X(el_line)                                                                                 \
	X(el_set)                                                                                  \
	X(el_source)                                                                               \
	X(history)                                                                                 \
	X(history_end)                                                                             \
	X(history_init)

/* Only the prompt needs libedit and what it needs itself: they are loaded by prompt_new. */
static struct {
	EDIT_FUNCTIONS(SHARED_LIBRARY_MEMBER)
} libedit;

struct prompt {
	EditLine *edit;
	History *history;
	char *history_file; /* NULL: HOME is not set */
	struct sigaction old_interrupt;
};

/* A list of candidates. */
struct prompt_candidates {
	char **texts;
	size_t n, capacity;
};

static char *prompt_text(EditLine *edit)
{
	static char text[] = "warden> ";

	(void)edit;
	return text;
}

static void prompt_add_candidate(void *data, const char *text, const char *description)
{
	struct prompt_candidates *candidates = data;

	(void)description;
	if (candidates->n == candidates->capacity) {
		size_t capacity = candidates->capacity ? candidates->capacity * 2 : 64;
		char **grown = reallocarray(candidates->texts, capacity, sizeof(*grown));

		if (!grown)
			return; /* no memory: one candidate less */
		candidates->texts = grown;
		candidates->capacity = capacity;
	}
	candidates->texts[candidates->n] = strdup(text);
	if (candidates->texts[candidates->n])
		candidates->n++;
}

static void prompt_free_candidates(struct prompt_candidates *candidates)
{
	for (size_t i = 0; i < candidates->n; i++)
		free(candidates->texts[i]);
	free(candidates->texts);
}

/* Adds the files whose path begins with the word; directories end with a slash. */
static void prompt_add_files(struct prompt_candidates *candidates, const char *word,
			     bool directories)
{
	const char *slash = strrchr(word, '/'), *name = slash ? slash + 1 : word;
	char *path = slash ? strndup(word, (size_t)(slash - word) + 1) : strdup("");
	DIR *dir = path ? opendir(*path ? path : ".") : NULL;
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct stat status;
		bool is_directory;
		char *text;

		if (strncmp(entry->d_name, name, strlen(name)) != 0 ||
		    (entry->d_name[0] == '.' && *name != '.'))
			continue;
		is_directory = fstatat(dirfd(dir), entry->d_name, &status, 0) == 0 &&
			       S_ISDIR(status.st_mode);
		if (directories && !is_directory)
			continue;
		if (asprintf(&text, "%s%s%s", path, entry->d_name, is_directory ? "/" : "") < 0)
			continue; /* no memory: one candidate less */
		prompt_add_candidate(candidates, text, "");
		free(text);
	}
	if (dir)
		closedir(dir);
	free(path);
}

/* The length of the prefix that all candidates share. */
static size_t prompt_common_prefix(const struct prompt_candidates *candidates)
{
	size_t length = strlen(candidates->texts[0]);

	for (size_t i = 1; i < candidates->n; i++) {
		size_t j = 0;

		while (j < length && candidates->texts[i][j] == candidates->texts[0][j])
			j++;
		length = j;
	}
	return length;
}

/* Replaces the typed part of a word by a text, with backslashes before special characters. */
static int prompt_replace_word(EditLine *edit, size_t typed, const char *text, size_t length,
			       bool whole)
{
	char *escaped = malloc(2 * length + 2), *to = escaped;
	int result;

	if (!escaped)
		return CC_ERROR;
	for (size_t i = 0; i < length; i++) {
		if (strchr(" \t'\"\\#", text[i]))
			*to++ = '\\';
		*to++ = text[i];
	}
	if (whole && (length == 0 || text[length - 1] != '/'))
		*to++ = ' ';
	*to = '\0';
	libedit.el_deletestr(edit, (int)typed);
	result = libedit.el_insertstr(edit, escaped);
	free(escaped);
	return result < 0 ? CC_ERROR : CC_REFRESH;
}

/* NULL: no memory. */
static char *prompt_shown_candidate(const char *text)
{
	return table_escape(text, strlen(text));
}

static void prompt_print_candidates(const struct prompt_candidates *candidates)
{
	size_t width = 1, columns, screen = terminal_width(stdout);

	for (size_t i = 0; i < candidates->n; i++) {
		char *text = prompt_shown_candidate(candidates->texts[i]);

		if (text && table_columns(text) + 2 > width)
			width = table_columns(text) + 2;
		free(text);
	}
	columns = screen > width ? screen / width : 1;
	for (size_t i = 0; i < candidates->n; i++) {
		char *text = prompt_shown_candidate(candidates->texts[i]);

		if (i % columns == 0)
			putchar('\n');
		if (text)
			printf("%s%*s", text, (int)(width - table_columns(text)), "");
		free(text);
	}
	putchar('\n');
	fflush(stdout);
}

/* Runs on Tab. */
static unsigned char prompt_complete_key(EditLine *edit, int key)
{
	const LineInfo *info = libedit.el_line(edit);
	size_t length = (size_t)(info->cursor - info->buffer), prefix;
	struct prompt_candidates candidates = {0};
	struct line_words words;
	int result = CC_ERROR;
	enum complete_files files;

	(void)key;
	if (line_cut(&words, info->buffer, length, true) < 0)
		return CC_ERROR;
	files = complete_words(words.words, words.n, prompt_add_candidate, &candidates);
	if (files != COMPLETE_NO_FILES && words.n > 0)
		prompt_add_files(&candidates, words.words[words.n - 1],
				 files == COMPLETE_DIRECTORIES);
	if (candidates.n > 0) {
		prefix = prompt_common_prefix(&candidates);
		if (candidates.n == 1 || prefix > strlen(words.words[words.n - 1])) {
			result =
				prompt_replace_word(edit, length - words.last_start,
						    candidates.texts[0], prefix, candidates.n == 1);
		} else {
			prompt_print_candidates(&candidates);
			result = CC_REDISPLAY;
		}
	}
	prompt_free_candidates(&candidates);
	line_free(&words);
	return (unsigned char)result;
}

/* Runs on Control-C: discards the line. */
static unsigned char prompt_cancel_key(EditLine *edit, int key)
{
	const LineInfo *info = libedit.el_line(edit);
	int behind = (int)(info->lastchar - info->cursor);

	(void)key;
	fputs("^C\n", stdout);
	fflush(stdout); /* libedit does not write through stdio */
	libedit.el_cursor(edit, behind);
	info = libedit.el_line(edit);
	libedit.el_deletestr(edit, (int)(info->cursor - info->buffer));
	return CC_REDISPLAY;
}

static void prompt_load_history(struct prompt *prompt)
{
	const char *home = getenv("HOME");
	HistEvent event;

	libedit.history(prompt->history, &event, H_SETSIZE, HISTORY_SIZE);
	libedit.history(prompt->history, &event, H_SETUNIQUE, 1);
	if (!home || asprintf(&prompt->history_file, "%s/.warden_history", home) < 0)
		prompt->history_file = NULL;
	if (prompt->history_file)
		libedit.history(prompt->history, &event, H_LOAD,
				prompt->history_file); /* may be absent */
}

/* The history may contain secrets: only the owner may read it. */
static void prompt_save_history(const struct prompt *prompt)
{
	mode_t mask = umask(077);
	HistEvent event;

	if (prompt->history_file)
		libedit.history(prompt->history, &event, H_SAVE, prompt->history_file);
	umask(mask);
}

/* The child that runs a command has the default action instead. */
static void prompt_on_interrupt(int number)
{
	(void)number;
}

/* False, and says why: there is no library. */
static bool prompt_load_library(void)
{
	/* Debian's, and that of those who kept its author's number. */
	static const char *const sonames[] = {"libedit.so.2", "libedit.so.0", NULL};
	const struct shared_library_function functions[] = {
#define X(name) {#name, (void **)&libedit.name},
		EDIT_FUNCTIONS(X)
#undef X
	};
	struct warden_error err;

	if (shared_library_load(sonames, functions, ARRAY_SIZE(functions), &err) == 0)
		return true;
	fprintf(stderr, "warden: the prompt needs libedit: %s\n", err.message);
	return false;
}

struct prompt *prompt_new(void)
{
	struct sigaction action = {.sa_handler = prompt_on_interrupt};
	struct prompt *prompt = prompt_load_library() ? calloc(1, sizeof(*prompt)) : NULL;

	if (!prompt)
		return NULL;
	prompt->edit = libedit.el_init("warden", stdin, stdout, stderr);
	prompt->history = libedit.history_init();
	if (!prompt->edit || !prompt->history) {
		prompt_free(prompt);
		return NULL;
	}
	prompt_load_history(prompt);
	libedit.el_set(prompt->edit, EL_PROMPT, prompt_text);
	libedit.el_set(prompt->edit, EL_EDITOR, "emacs");
	libedit.el_set(prompt->edit, EL_HIST, libedit.history, prompt->history);
	libedit.el_set(prompt->edit, EL_ADDFN, "warden-complete", "complete a word",
		       prompt_complete_key);
	libedit.el_set(prompt->edit, EL_BIND, "^I", "warden-complete", NULL);
	/* Without -isig Control-C would be a signal, which may arrive between two keys. */
	libedit.el_set(prompt->edit, EL_SETTY, "-d", "-isig", NULL);
	libedit.el_set(prompt->edit, EL_ADDFN, "warden-cancel", "drop the line", prompt_cancel_key);
	libedit.el_set(prompt->edit, EL_BIND, "^C", "warden-cancel", NULL);
	libedit.el_set(prompt->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
	libedit.el_source(prompt->edit, NULL); /* ~/.editrc, which may be absent */
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, &prompt->old_interrupt); /* cannot fail for SIGINT */
	return prompt;
}

const char *prompt_read(struct prompt *prompt)
{
	HistEvent event;
	const char *line;
	int length = 0;

	/* Set the terminal before the prompt, so that early input is read as keys. */
	libedit.el_set(prompt->edit, EL_PREP_TERM, 1);
	line = libedit.el_gets(prompt->edit, &length);
	if (line && length > 1)
		libedit.history(prompt->history, &event, H_ENTER, line);
	return line;
}

void prompt_free(struct prompt *prompt)
{
	if (prompt->history) {
		prompt_save_history(prompt);
		libedit.history_end(prompt->history);
	}
	if (prompt->edit)
		libedit.el_end(prompt->edit);
	free(prompt->history_file);
	free(prompt);
}
