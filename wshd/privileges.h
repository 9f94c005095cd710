/* SPDX-License-Identifier: Apache-2.0 */
/* The upper limit of the capabilities of jobs. */
#ifndef WSHD_PRIVILEGES_H
#define WSHD_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>

/* Limits the capabilities that an exec can gain to `bounding` (bit N: capability N). All children
 * inherit the limit. wshd keeps its own capabilities, as it executes nothing. False and errno on
 * failure. */
bool privileges_limit(uint64_t bounding);

#endif
