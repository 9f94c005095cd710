/* SPDX-License-Identifier: Apache-2.0 */
/* The content of a container's /etc/resolv.conf. */
#ifndef LINUX_RESOLV_H
#define LINUX_RESOLV_H

#include "backends/linux/files.h"

/* The configured servers; else what the host uses, as far as it can be reached from a container.
 * The caller frees `text->bytes`, which may be NULL. */
int resolv_make(struct setup *setup, struct text *text, struct warden_error *err);

#endif
