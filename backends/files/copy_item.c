/* SPDX-License-Identifier: Apache-2.0 */
/* Files and symbolic links. Each is copied in two halves, since the two sides may have different
 * identities: the source's half opens and reads, the target's half writes and names. */
#include <config.h>

#include "backends/files/copy_private.h"
#include "lib/cleanup.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Opens a file. O_NONBLOCK: a fifo that has replaced it, or a lease, must not block. */
static int copy_item_open_file(struct copy_state *copy, int dir_fd, struct copy_item *item)
{
	item->fd = openat(dir_fd, item->name,
			  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (item->fd < 0 && copy_means_vanished(errno)) {
		copy_report_vanished(copy, item->name);
		return 0;
	}
	if (item->fd < 0 || fstat(item->fd, &item->stat) < 0 ||
	    (S_ISREG(item->stat.st_mode) &&
	     copy_guard_check(&copy->request->source, item->fd, &item->stat) < 0))
		return copy_failed_source(copy, "read", item->name);
	if (S_ISREG(item->stat.st_mode))
		return 1;
	copy_report_vanished(copy, item->name);
	return 0;
}

static int copy_item_read_link(struct copy_state *copy, int dir_fd, struct copy_item *item)
{
	char text[PATH_MAX];
	ssize_t length = readlinkat(dir_fd, item->name, text, sizeof(text));

	if (length < 0 && copy_means_vanished(errno)) {
		copy_report_vanished(copy, item->name);
		return 0;
	}
	if (length == sizeof(text)) {
		errno = ENAMETOOLONG;
		length = -1;
	}
	/* If the link was replaced meanwhile its owner and time may be the new one's: harmless. */
	if (length >= 0 && copy->streams &&
	    fstatat(dir_fd, item->name, &item->stat, AT_SYMLINK_NOFOLLOW) < 0)
		length = -1;
	item->link = length < 0 ? NULL : strndup(text, (size_t)length);
	if (!item->link)
		return copy_failed_source(copy, "read link", item->name);
	return 1;
}

/* The source's half. Returns 1 if there is something to write, 0 if not (this was reported). */
int copy_item_open(struct copy_state *copy, int dir_fd, const char *name, mode_t type,
		   struct copy_item *item)
{
	int result;

	*item = (struct copy_item){.name = name, .fd = -1};
	if (S_ISREG(type))
		result = copy_item_open_file(copy, dir_fd, item);
	else if (S_ISLNK(type))
		result = copy_item_read_link(copy, dir_fd, item);
	else
		result = (copy_report_skipped(copy, name, type), 0);
	if (result != 1)
		copy_item_close(item);
	return result;
}

void copy_item_close(struct copy_item *item)
{
	if (item->fd >= 0)
		close(item->fd); /* opened for reading */
	free(item->link);
	item->fd = -1;
	item->link = NULL;
}

/* Makes a new file in a directory: without a name if the file system supports that, else with the
 * temporary name that is returned. */
int copy_make_file(struct copy_state *copy, int dir_fd, mode_t mode,
		   char temporary[COPY_TEMPORARY_SIZE])
{
	*temporary = '\0';
	if (!copy->named_temporaries) {
		int fd = openat(dir_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
		if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
			return fd;
		copy->named_temporaries = true;
	}
	copy_temporary_name(copy, temporary);
	return openat(dir_fd, temporary, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC,
		      mode);
}

/* Writes content, owner and mode. The mode is set last if writing or chown would clear bits of it,
 * or the directory's default ACL has changed it. */
static int copy_item_fill_file(struct copy_state *copy, const struct copy_item *item, int fd,
			       bool exact)
{
	mode_t mode = copy_mode(copy, item->stat.st_mode);
	bool whole;

	if (copy_data(copy, item->fd, fd, &item->stat, &whole) < 0 || copy_set_owner(copy, fd) < 0)
		return -1;
	if ((exact || (mode & 07000)) && fchmod(fd, mode) < 0)
		return -1;
	if (!whole)
		copy_report_vanished(copy, item->name);
	return 0;
}

/* Closes a new file; a file system that delays writes may report an error here. */
static int copy_item_close_file(int fd, int result)
{
	int saved = errno;

	if (close(fd) < 0 && result == 0)
		return -1;
	errno = saved;
	return result;
}

/* Closes a new file and, if `result` is 0, gives it its name. */
int copy_name_file(struct copy_state *copy, int dir_fd, int fd, const char *temporary,
		   const char *name, int result)
{
	if (result == 0 && !*temporary)
		result = copy_place_file(copy, dir_fd, fd, name);
	result = copy_item_close_file(fd, result);
	if (!*temporary)
		return result;
	if (result == 0)
		return copy_place_rename(copy, dir_fd, temporary, name);
	unlinkat(dir_fd, temporary, 0); /* the first error is reported */
	return -1;
}

static int copy_item_write_file(struct copy_state *copy, int dir_fd, const char *name, bool exact,
				const struct copy_item *item)
{
	char temporary[COPY_TEMPORARY_SIZE];
	int fd = copy_make_file(copy, dir_fd, copy_mode(copy, item->stat.st_mode), temporary);

	if (fd < 0)
		return -1;
	return copy_name_file(copy, dir_fd, fd, temporary, name,
			      copy_item_fill_file(copy, item, fd, exact));
}

/* The target's half: writes under `name` what copy_item_open has opened. `exact`: the directory
 * changes the mode that is given to open. */
int copy_item_write(struct copy_state *copy, int dir_fd, const char *name, bool exact,
		    struct copy_item *item)
{
	int result;

	if (copy->streams)
		return tar_put_item(copy, name, item);
	result = item->link ? copy_place_link(copy, dir_fd, item->link, name)
			    : copy_item_write_file(copy, dir_fd, name, exact, item);

	if (result != 0)
		return copy_failed_target(copy, "write", name);
	copy_count(item->link ? &copy->progress->links : &copy->progress->files, 1);
	copy_report_progress(copy);
	return 0;
}
