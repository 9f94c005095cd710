/* SPDX-License-Identifier: Apache-2.0 */
/* Reads wshd's command line; see wshd_options.h. */
#include "wshd/wshd_options.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Parses an unsigned number of at most `max`: no option takes a negative one. */
static bool wshd_options_parse_number(const char *text, int base, uint64_t max, uint64_t *number)
{
	char *end;

	if (*text < '0' || (*text > '9' && base == 10))
		return false;
	errno = 0;
	*number = strtoull(text, &end, base);
	return errno == 0 && *end == '\0' && *number <= max;
}

/* The process title overwrites the arguments, so texts are copied. */
static bool wshd_options_copy_text(const char *text, const char **copy)
{
	*copy = strdup(text);
	return *copy != NULL;
}

static bool wshd_options_set(struct wshd_options *options, const char *name, const char *value)
{
	uint64_t number;

	if (strcmp(name, "--title") == 0)
		return wshd_options_copy_text(value, &options->title);
	if (strcmp(name, "--lang") == 0)
		return wshd_options_copy_text(value, &options->lang);
	if (strcmp(name, "--fake") == 0)
		return wshd_options_copy_text(value, &options->fake);
	if (strcmp(name, "--bounding") == 0)
		return wshd_options_parse_number(value, 16, UINT64_MAX, &options->bounding);
	if (!wshd_options_parse_number(value, 10, INT_MAX, &number))
		return false;
	if (strcmp(name, "--fd") == 0)
		options->fd = (int)number;
	else if (strcmp(name, "--uid") == 0)
		options->uid = (uid_t)number;
	else if (strcmp(name, "--nice") == 0)
		options->nice = (int)number;
	else if (strcmp(name, "--score-fd") == 0)
		options->score_fd = (int)number;
	else if (strcmp(name, "--job-score") == 0)
		options->job_score = (int)number;
	else
		return false;
	return true;
}

bool wshd_options_parse(struct wshd_options *options, char **argv)
{
	*options = (struct wshd_options){.fd = -1, .lang = "en_US.UTF-8"};

	while (*argv) {
		if (strcmp(*argv, "--subreaper") == 0) {
			options->subreaper = true;
			argv++;
		} else if (strcmp(*argv, "--no-new-privs") == 0) {
			options->no_new_privs = true;
			argv++;
		} else if (argv[1] && wshd_options_set(options, argv[0], argv[1])) {
			argv += 2;
		} else {
			return false;
		}
	}
	return options->fd >= 0 && options->title;
}
