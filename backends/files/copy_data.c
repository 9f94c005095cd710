/* SPDX-License-Identifier: Apache-2.0 */
/* Copies the content of a file by the cheapest way that both file systems support, up to the size
 * that the file had when it was opened, or to its end if that size is 0; holes stay holes. */
#include <config.h>

#include "backends/files/copy_private.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

/* Bytes per system call: a cancel is seen between two. */
enum { CHUNK = 8 * 1024 * 1024 };

/* Ways to copy a range, best first. Each returns the bytes copied, 0 at the end of the file, or -1
 * with errno. */
static ssize_t copy_data_by_copy_file_range(struct copy_state *copy, int in, int out, off_t at,
					    size_t size)
{
	off_t in_at = at, out_at = at;

	(void)copy;
	return copy_file_range(in, &in_at, out, &out_at, size, 0);
}

static ssize_t copy_data_by_sendfile(struct copy_state *copy, int in, int out, off_t at,
				     size_t size)
{
	off_t in_at = at;

	(void)copy;
	if (lseek(out, at, SEEK_SET) < 0)
		return -1;
	return sendfile(out, in, &in_at, size);
}

static ssize_t copy_data_by_buffer(struct copy_state *copy, int in, int out, off_t at, size_t size)
{
	ssize_t count = pread(in, copy->buffer, size < COPY_BUFFER ? size : COPY_BUFFER, at);

	for (ssize_t done = 0; done < count;) {
		ssize_t n = pwrite(out, copy->buffer + done, (size_t)(count - done), at + done);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			done += n;
	}
	return count;
}

static ssize_t (*const ways[])(struct copy_state *, int, int, off_t, size_t) = {
	copy_data_by_copy_file_range,
	copy_data_by_sendfile,
	copy_data_by_buffer,
};

/* Whether another way may work after this error. */
static bool copy_data_is_refused(int number)
{
	return number == EXDEV || number == EINVAL || number == ENOSYS || number == EOPNOTSUPP ||
	       number == EPERM || number == ETXTBSY || number == EBADF;
}

/* Copies [at, end). `*reached` is where the copy ended: before `end` if the file has become
 * shorter. */
static int copy_data_range(struct copy_state *copy, int in, int out, off_t at, off_t end,
			   off_t *reached)
{
	size_t way = end - at <= COPY_BUFFER ? 2 : 0;

	while (at < end) {
		off_t left = end - at;
		ssize_t n = ways[way](copy, in, out, at, left < CHUNK ? (size_t)left : CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (way == 2 || !copy_data_is_refused(errno)))
			return -1;
		/* Some file systems report an end to the first ways that read(2) does not. */
		if (n <= 0 && way == 2)
			break;
		if (n <= 0) {
			way++;
			continue;
		}
		at += n;
		copy_count(&copy->progress->bytes, (uint64_t)n);
		copy_report_progress(copy);
		if (copy_is_cancelled(copy)) {
			errno = ECANCELED;
			return -1;
		}
	}
	*reached = at;
	return 0;
}

/* Finds the next data at or after `at`; false if there are none before `size`. */
static bool copy_data_find_next(int in, off_t at, off_t size, off_t *begin, off_t *end)
{
	*begin = lseek(in, at, SEEK_DATA);
	if (*begin < 0 && errno == ENXIO)
		return false;
	*end = *begin < 0 ? -1 : lseek(in, *begin, SEEK_HOLE);
	/* A file system that does not report holes: all is data. */
	if (*begin < 0)
		*begin = at;
	if (*end < 0 || *end > size)
		*end = size;
	return *begin < size;
}

static int copy_data_sparse(struct copy_state *copy, int in, int out, off_t size, off_t *reached)
{
	off_t at = 0, begin, end;
	struct stat now;

	/* First, so that an impossible size fails before anything is written. */
	if (ftruncate(out, size) < 0)
		return -1;
	while (at < size && copy_data_find_next(in, at, size, &begin, &end)) {
		copy_count(&copy->progress->bytes, (uint64_t)(begin - at));
		if (copy_data_range(copy, in, out, begin, end, &at) < 0)
			return -1;
		if (at < end) {
			*reached = at;
			return 0;
		}
	}
	/* The end of a file that has become shorter looks like a hole. */
	if (fstat(in, &now) < 0)
		return -1;
	if (now.st_size < size)
		size = now.st_size > at ? now.st_size : at;
	copy_count(&copy->progress->bytes, (uint64_t)(size - at));
	*reached = size;
	return 0;
}

/* Shares the source's blocks if the file system can. This clones the current file: bytes that were
 * appended since it was opened are cut off. False: the caller has to copy. */
static bool copy_data_share_blocks(struct copy_state *copy, int in, int out, off_t size,
				   off_t *reached)
{
	struct stat st;

	if (size <= COPY_BUFFER || ioctl(out, FICLONE, in) < 0)
		return false;
	if (fstat(out, &st) < 0 || (st.st_size > size && ftruncate(out, size) < 0))
		return false;
	*reached = st.st_size < size ? st.st_size : size;
	copy_count(&copy->progress->bytes, (uint64_t)*reached);
	return true;
}

/* Files of /proc say that they are empty. Reads to the end. */
static int copy_data_unsized(struct copy_state *copy, int in, int out)
{
	off_t at = 0;

	for (;;) {
		ssize_t n = copy_data_by_buffer(copy, in, out, at, COPY_BUFFER);

		if (n == 0)
			return 0;
		at += n > 0 ? n : 0;
		copy_count(&copy->progress->bytes, n > 0 ? (uint64_t)n : 0);
		if (copy_is_cancelled(copy))
			errno = ECANCELED;
		else if (n > 0 && at > COPY_UNSIZED)
			errno = EFBIG;
		else if (n > 0 || errno == EINTR)
			continue;
		return -1;
	}
}

/* Copies the content of a file into a new file. -1 with errno; `*whole` is false if the source has
 * become shorter. */
int copy_data(struct copy_state *copy, int in, int out, const struct stat *source, bool *whole)
{
	off_t size = source->st_size, reached = 0;
	struct stat now;
	int result = 0;

	if (size == 0)
		result = copy_data_unsized(copy, in, out);
	else if (!copy_data_share_blocks(copy, in, out, size, &reached)) {
		if (source->st_blocks < size / 512)
			result = copy_data_sparse(copy, in, out, size, &reached);
		else
			result = copy_data_range(copy, in, out, 0, size, &reached);
	}
	*whole = reached == size;
	/* Files of /sys always say that they have a page, which takes no blocks. */
	if (!*whole && source->st_blocks == 0)
		*whole = fstat(in, &now) == 0 && now.st_size >= size;
	if (result == 0 && reached < size)
		result = ftruncate(out, reached);
	return result;
}
