/* SPDX-License-Identifier: Apache-2.0 */
/* wshd's command line; proto/wshd_protocol.h documents the options. */
#ifndef WSHD_WSHD_OPTIONS_H
#define WSHD_WSHD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct wshd_options {
	int fd;
	const char *title;
	uid_t uid;
	uint64_t bounding;
	int nice; /* 0: not changed */
	const char *lang;
	const char *fake; /* directory of a fake container; NULL: a real one */
	bool subreaper, no_new_privs;
	int score_fd; /* 0: none */
	int job_score;
};

/* False if an option is unknown, missing or not a number. The texts are copies that are never
 * freed. */
bool wshd_options_parse(struct wshd_options *options, char **argv);

#endif
