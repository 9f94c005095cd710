/* SPDX-License-Identifier: Apache-2.0 */
/* Varints of protobuf, for answers that are composed of memory and files. */
#ifndef LIB_VARINT_H
#define LIB_VARINT_H

#include <stddef.h>
#include <stdint.h>

/* Writes `value` to `out`, which has room for ten bytes. Returns the number of bytes written. */
static inline size_t varint_put(uint8_t *out, uint64_t value)
{
	size_t n = 0;

	for (; value > 127; value >>= 7)
		out[n++] = (uint8_t)(value | 128);
	out[n++] = (uint8_t)value;
	return n;
}

#endif
