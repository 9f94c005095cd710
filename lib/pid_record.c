/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a container's first process; see pid_record.h. */
#include "lib/pid_record.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/write_whole.h"

#ifndef PID_FS_MAGIC
#define PID_FS_MAGIC 0x50494446
#endif

#define PID_FILE   "run/wshd.pid"
#define START_FILE "run/wshd.start"

/* The length of a UUID. */
enum { BOOT_ID_LENGTH = 36 };

/* The content of run/wshd.start. */
struct pid_record {
	uint64_t ticks;
	char boot[BOOT_ID_LENGTH + 1];
	uint64_t inode; /* 0: not recorded */
};

/* Reads the beginning of a file as text. -1 with errno. */
static int pid_record_read_text(int directory, const char *path, char *text, size_t size)
{
	_cleanup_close_ int fd = openat(directory, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

	if (length < 0)
		return -1;
	text[length] = '\0';
	return 0;
}

/* Reads when a process started. -1 with errno. */
static int pid_record_read_ticks(pid_t pid, uint64_t *ticks)
{
	char path[64], text[1024];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (pid_record_read_text(AT_FDCWD, path, text, sizeof(text)) < 0)
		return -1;
	/* The second field is a name that may hold blanks and parentheses; the 22nd is the time. */
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at && sscanf(at, " %" SCNu64, ticks) == 1)
		return 0;
	errno = EBADMSG;
	return -1;
}

/* The inode of a pidfd, or 0 if it is not unique: all pidfds that do not lie on pidfs share one. */
static uint64_t pid_record_unique_inode(int pidfd)
{
	struct statfs fs;
	struct stat status;

	if (fstatfs(pidfd, &fs) < 0 || fs.f_type != PID_FS_MAGIC || fstat(pidfd, &status) < 0)
		return 0;
	return status.st_ino;
}

static bool pid_record_has_ended(int pidfd)
{
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};
	int n;

	/* A lack of memory is not the process's end. */
	while ((n = poll(&poll_fd, 1, 0)) < 0 && (errno == EINTR || errno == ENOMEM))
		;
	return n != 0;
}

/* Describes a process that lives. What is read belongs to the process of `pidfd` only if that one
 * still lives afterwards. err->number is ESRCH if it has ended. */
static int pid_record_describe(pid_t pid, int pidfd, struct pid_record *record,
			       struct warden_error *err)
{
	int result;

	*record = (struct pid_record){0};
	if (pid_record_read_text(AT_FDCWD, "/proc/sys/kernel/random/boot_id", record->boot,
				 sizeof(record->boot)) < 0)
		return warden_error_errno(err, "read the boot id");
	record->inode = pid_record_unique_inode(pidfd);
	result = pid_record_read_ticks(pid, &record->ticks);
	if (result < 0)
		warden_error_errno(err, "read when process %d started", pid);
	if (!pid_record_has_ended(pidfd))
		return result;
	warden_error_set(err, "the container's first process has ended early");
	err->number = ESRCH;
	return -1;
}

static int pid_record_replace_file(int directory, const char *path, const char *text,
				   struct warden_error *err)
{
	char new[64];
	_cleanup_close_ int fd = -1;

	snprintf(new, sizeof(new), "%s.new", path);
	fd = openat(directory, new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return warden_error_errno(err, "make %s", new);
	if (write_whole(fd, text, strlen(text)) < 0)
		return warden_error_errno(err, "write %s", new);
	if (renameat(directory, new, directory, path) < 0)
		return warden_error_errno(err, "rename %s to %s", new, path);
	return 0;
}

int pid_record_write(int directory_fd, pid_t pid, int pidfd, struct warden_error *err)
{
	struct pid_record record;
	char inode[24] = "", text[128];

	if (pid_record_describe(pid, pidfd, &record, err) < 0)
		return -1;
	if (record.inode != 0)
		snprintf(inode, sizeof(inode), " %" PRIu64, record.inode);
	snprintf(text, sizeof(text), "%" PRIu64 " %s%s\n", record.ticks, record.boot, inode);
	if (pid_record_replace_file(directory_fd, START_FILE, text, err) < 0)
		return -1;
	snprintf(text, sizeof(text), "%d\n", pid);
	return pid_record_replace_file(directory_fd, PID_FILE, text, err);
}

void pid_record_remove(int directory_fd)
{
	unlinkat(directory_fd, PID_FILE, 0); /* the rest is removed with the directory */
	unlinkat(directory_fd, START_FILE, 0);
}

/* -1 with errno: ENOENT if there is no record, EBADMSG if it is damaged. */
static int pid_record_read(int directory, pid_t *pid, struct pid_record *record)
{
	char text[128], start[128];

	if (pid_record_read_text(directory, PID_FILE, text, sizeof(text)) < 0 ||
	    pid_record_read_text(directory, START_FILE, start, sizeof(start)) < 0)
		return -1;
	if (sscanf(text, "%d", pid) != 1 || *pid <= 1) {
		errno = EINVAL;
		return -1;
	}
	record->inode = 0;
	if (sscanf(text, "%d", pid) == 1 && *pid > 1 &&
	    sscanf(start, "%" SCNu64 " %36s %" SCNu64, &record->ticks, record->boot,
		   &record->inode) >= 2)
		return 0;
	errno = EBADMSG;
	return -1;
}

/* A release that recorded the inode on every kernel wrote the one of all pidfds if there is no
 * pidfs: it identifies no process then. */
static bool pid_record_matches(const struct pid_record *recorded, const struct pid_record *living)
{
	return recorded->ticks == living->ticks && strcmp(recorded->boot, living->boot) == 0 &&
	       (recorded->inode == 0 || living->inode == 0 || recorded->inode == living->inode);
}

/* ESRCH: the process of the record has ended. */
static int pid_record_open_process(pid_t pid, const struct pid_record *recorded,
				   struct warden_error *err)
{
	_cleanup_close_ int pidfd = pidfd_open(pid, 0);
	struct pid_record living;

	if (pidfd < 0)
		return warden_error_errno(err, "open process %d", pid);
	if (pid_record_describe(pid, pidfd, &living, err) < 0)
		return -1;
	if (pid_record_matches(recorded, &living))
		return take_fd(&pidfd);
	warden_error_set(err, "process %d is another one", pid);
	err->number = ESRCH;
	return -1;
}

int pid_record_open(int directory_fd, pid_t *pid, struct warden_error *err)
{
	struct pid_record recorded;
	int pidfd;

	if (pid_record_read(directory_fd, pid, &recorded) < 0) {
		warden_error_errno(err, "read %s and %s", PID_FILE, START_FILE);
		if (err->number == ENOENT)
			err->number = ESRCH;
		pidfd = -1;
	} else {
		pidfd = pid_record_open_process(*pid, &recorded, err);
	}
	if (pidfd < 0)
		*pid = 0;
	return pidfd;
}
