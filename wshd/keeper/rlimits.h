/* SPDX-License-Identifier: Apache-2.0 */
/* A job's resource limits. */
#ifndef WSHD_KEEPER_RLIMITS_H
#define WSHD_KEEPER_RLIMITS_H

#include "proto/wshd_protocol.h"

/* Sets them for this process. One that was asked for and cannot be set is told on standard error,
 * and ends the process with 255; a default is clamped to what can be set. */
void rlimits_set(const struct wshd_spawn *spawn);

#endif
