/* SPDX-License-Identifier: Apache-2.0 */
/* Errors of the kernel that prove something about a file, and those that prove nothing. */
#ifndef LIB_TRANSIENT_H
#define LIB_TRANSIENT_H

#include <errno.h>
#include <stdbool.h>

/* Whether an error says that a file is absent or is not what it should be. Any other (EMFILE,
 * ENOMEM, EIO, ESTALE and so on) may be gone at the next attempt and must not be taken for that. 0
 * stands for content that is wrong. */
static inline bool transient_is_not(int number)
{
	return number == 0 || number == ENOENT || number == ENOTDIR || number == ELOOP ||
	       number == EISDIR || number == EBADMSG || number == ENXIO || number == ENODEV;
}

#endif
