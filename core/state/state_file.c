/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a container's state; see state_file.h. */
#include <config.h>

#include "core/state/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"

static int state_file_write_all(int fd, const char *text, size_t length, uint64_t offset)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = pwrite(fd, text + done, length - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO; /* a file system that stores nothing and says no more */
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

/* Overwrites the file in place and truncates it to the new length. */
static int state_file_overwrite(int dir_fd, const char *name, const char *text, size_t length,
				struct warden_error *err)
{
	_cleanup_close_ int fd =
		openat(dir_fd, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat status;

	if (fd < 0)
		return warden_error_errno(err, "open %s", name);
	if (state_file_write_all(fd, text, length, 0) < 0)
		return warden_error_errno(err, "write %s", name);
	if (fstat(fd, &status) < 0 ||
	    (status.st_size > (off_t)length && ftruncate(fd, (off_t)length) < 0))
		return warden_error_errno(err, "truncate %s", name);
	return 0;
}

/* Exchanges the two files; the next write overwrites the old one. A rename over a file, or a write
 * to a truncated one, makes ext4 write to the disk at once (auto_da_alloc in its manual), which
 * costs a run more than everything else here. */
static int state_file_exchange(int dir_fd, const char *name, const char *with)
{
	if (renameat2(dir_fd, with, dir_fd, name, RENAME_EXCHANGE) == 0)
		return 0;
	/* There is no old file yet, or the file system does not support it. */
	return errno == ENOENT || errno == EINVAL ? renameat(dir_fd, with, dir_fd, name) : -1;
}

int state_file_replace(int dir_fd, const char *name, const char *fresh, const char *text,
		       size_t length, struct warden_error *err)
{
	if (state_file_overwrite(dir_fd, fresh, text, length, err) < 0)
		return -1;
	if (state_file_exchange(dir_fd, name, fresh) < 0)
		return warden_error_errno(err, "replace %s", name);
	return 0;
}

int state_file_write_at(int dir_fd, const char *name, uint64_t offset, const char *text,
			size_t length, struct warden_error *err)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return warden_error_errno(err, "open %s", name);
	if (state_file_write_all(fd, text, length, offset) < 0)
		return warden_error_errno(err, "write %s", name);
	return 0;
}

static int state_file_read_all(int fd, char *text, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, text + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO; /* the file became shorter */
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

char *state_file_read(int dir_fd, const char *name, size_t *length, struct warden_error *err)
{
	_cleanup_close_ int fd =
		openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	struct stat status;

	if (fd < 0) {
		warden_error_errno(err, "open %s", name);
		return NULL;
	}
	if (fstat(fd, &status) < 0) {
		warden_error_errno(err, "stat %s", name);
		return NULL;
	}
	if (!S_ISREG(status.st_mode)) {
		warden_error_set(err, "%s is not a regular file", name);
		return NULL;
	}
	text = calloc(1, (size_t)status.st_size + 1);
	if (!text || state_file_read_all(fd, text, (size_t)status.st_size) < 0) {
		warden_error_errno(err, "read %s", name);
		return NULL;
	}
	*length = (size_t)status.st_size;
	return take_pointer(text);
}
