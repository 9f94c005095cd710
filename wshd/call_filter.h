/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of system calls, which the daemon makes and a job's process loads. */
#ifndef WSHD_CALL_FILTER_H
#define WSHD_CALL_FILTER_H

#include <stdbool.h>

#include "proto/wshd_protocol.h"

struct call_filter {
	const void *program; /* mapped; NULL: none */
	struct wshd_filter message;
};

/* Replaces the filter by that of a message, whose descriptor the caller keeps. False and errno on
 * failure: the filter is as before. */
bool call_filter_take(struct call_filter *filter, const struct wshd_filter *message, int fd);

/* Forgets the filter. */
void call_filter_drop(struct call_filter *filter);

/* Puts this process under the filter. Needs CAP_SYS_ADMIN or no_new_privs. False and errno on
 * failure. */
bool call_filter_load(const struct call_filter *filter);

#endif
