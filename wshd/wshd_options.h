/* SPDX-License-Identifier: Apache-2.0 */
/* wshd's command line; its meaning is told in wshd_protocol.h. */
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
	int nice; /* 0: left as it is */
	const char *lang;
	const char *fake; /* NULL: a container */
	bool subreaper;
};

/* False where something is unknown, missing or no number. The texts are copies. */
bool wshd_options_parse(struct wshd_options *options, char **argv);

#endif
