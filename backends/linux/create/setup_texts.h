/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of a create that become parts of files in the container's /etc. */
#ifndef BACKENDS_LINUX_CREATE_SETUP_TEXTS_H
#define BACKENDS_LINUX_CREATE_SETUP_TEXTS_H

#include <stddef.h>

#include "warden/backend.h"

struct setup_texts {
	char *hosts;  /* additional lines of /etc/hosts */
	char *resolv; /* /etc/resolv.conf; empty: the usual one */
	size_t hosts_length, resolv_length;
};

/* setup_texts_free frees them, also after a failure. */
int setup_texts_make(struct setup_texts *texts, const struct warden_create *create,
		     struct warden_error *err);
void setup_texts_free(struct setup_texts *texts);

#endif
