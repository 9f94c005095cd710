/* SPDX-License-Identifier: Apache-2.0 */
/* A job's resource limits. */
#ifndef WSHD_KEEPER_RLIMITS_H
#define WSHD_KEEPER_RLIMITS_H

#include "proto/wshd_protocol.h"

/* Sets the limits of this process. If a requested limit cannot be set, prints an error on standard
 * error and exits with 255. A default is clamped to the hard limit. */
void rlimits_set(const struct wshd_spawn *spawn);

/* Sets the limits of a shell, which no request has: a crash runs no program of core_pattern. */
void rlimits_set_shell(void);

#endif
