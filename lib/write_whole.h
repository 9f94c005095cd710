/* SPDX-License-Identifier: Apache-2.0 */
/* Writes to a file to the end. */
#ifndef LIB_WRITE_WHOLE_H
#define LIB_WRITE_WHOLE_H

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

/* Writes `size` bytes. After a short write, as before the disk is full, the next one says why.
 * Returns 0, or -1 and errno. */
static inline int write_whole(int fd, const void *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = write(fd, (const char *)bytes + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO; /* no file system does that */
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

#endif
