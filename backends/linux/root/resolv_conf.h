/* SPDX-License-Identifier: Apache-2.0 */
/* The content of a container's /etc/resolv.conf. */
#ifndef BACKENDS_LINUX_ROOT_RESOLV_CONF_H
#define BACKENDS_LINUX_ROOT_RESOLV_CONF_H

#include "backends/linux/root/root_files.h"

/* Logs which of the configured name servers are no addresses. */
void resolv_conf_check(const struct warden_host *host);

/* Makes the text from the configured servers, else from the host's servers that a container can
 * reach. The caller frees `text->bytes`, which may be NULL. */
int resolv_conf_make(struct setup *setup, struct text *text, struct warden_error *err);

#endif
