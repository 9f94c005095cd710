/* SPDX-License-Identifier: Apache-2.0 */
/* What no job can ever have. */
#ifndef WSHD_PRIVILEGES_H
#define WSHD_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>

/* Limits what an exec can gain to `bounding` (bit N: capability N); wshd, which executes nothing,
 * keeps what it has. All that is forked inherits it. False and errno when it cannot. */
bool privileges_limit(uint64_t bounding);

#endif
