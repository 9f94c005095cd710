/* SPDX-License-Identifier: Apache-2.0 */
/* The upper limit of the capabilities of jobs. */
#ifndef WSHD_PRIVILEGES_H
#define WSHD_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>

/* Limits the capabilities that an exec can gain to `bounding` (bit N: capability N), and those of
 * wshd to what it uses. All children inherit the limits. False and errno on failure. */
bool privileges_limit(uint64_t bounding);

#endif
