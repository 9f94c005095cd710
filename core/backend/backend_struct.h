/* SPDX-License-Identifier: Apache-2.0 */
/* Reads structs that a backend has written, which may be smaller or larger than the daemon's. */
#ifndef CORE_BACKEND_BACKEND_STRUCT_H
#define CORE_BACKEND_BACKEND_STRUCT_H

#include <string.h>

/* Copies a struct of `from_size` bytes to one of `to_size`. A member that the writer did not know
 * keeps the value that it has in `to`; a member that the daemon does not know is ignored. The first
 * member, `size`, is that of `to`. */
static inline void backend_struct_read(void *to, size_t to_size, const void *from, size_t from_size)
{
	memcpy(to, from, from_size < to_size ? from_size : to_size);
	memcpy(to, &to_size, sizeof(to_size));
}

#endif
