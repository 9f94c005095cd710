/* SPDX-License-Identifier: Apache-2.0 */
/* Who a container's first process is; see pid_record.h. A number alone is believed by nobody: it
 * may belong to another process by now, of this boot or a later one. */
#include "lib/pid_record.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "lib/cleanup.h"

#define PID_FILE   "run/wshd.pid"
#define START_FILE "run/wshd.start"

/* The length of a UUID. */
#define BOOT_ID 36

/* Reads a short file whole, as text. */
static int read_text(int directory, const char *path, char *text, size_t size)
{
	_cleanup_close_ int fd = openat(directory, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

	if (length < 0)
		return -1;
	text[length] = '\0';
	return 0;
}

/* When a process was started, in ticks since the boot. */
static int start_time(pid_t pid, uint64_t *ticks)
{
	char path[64], text[1024];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_text(AT_FDCWD, path, text, sizeof(text)) < 0)
		return -1;
	/* The name in the second field may hold anything; the start is the 22nd. */
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, " %" SCNu64, ticks) == 1 ? 0 : -1;
}

static int boot_id(char id[BOOT_ID + 1])
{
	return read_text(AT_FDCWD, "/proc/sys/kernel/random/boot_id", id, BOOT_ID + 1);
}

static bool has_ended(int pidfd)
{
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) != 0;
}

/* Replaces a file as a whole. */
static int write_file(int directory, const char *path, const char *text, struct warden_error *err)
{
	char new[64];
	_cleanup_close_ int fd = -1;

	snprintf(new, sizeof(new), "%s.new", path);
	fd = openat(directory, new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return warden_error_errno(err, "make %s", new);
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return warden_error_errno(err, "write %s", new);
	if (renameat(directory, new, directory, path) < 0)
		return warden_error_errno(err, "rename %s to %s", new, path);
	return 0;
}

int pid_record_write(int directory_fd, pid_t pid, int pidfd, struct warden_error *err)
{
	char boot[BOOT_ID + 1], text[128];
	uint64_t ticks;

	if (start_time(pid, &ticks) < 0 || has_ended(pidfd))
		return warden_error_set(err, "the container's first process has ended early");
	if (boot_id(boot) < 0)
		return warden_error_errno(err, "read the boot id");
	snprintf(text, sizeof(text), "%" PRIu64 " %s\n", ticks, boot);
	if (write_file(directory_fd, START_FILE, text, err) < 0)
		return -1;
	snprintf(text, sizeof(text), "%d\n", pid);
	return write_file(directory_fd, PID_FILE, text, err);
}

void pid_record_remove(int directory_fd)
{
	unlinkat(directory_fd, PID_FILE, 0); /* whatever is left goes with the directory */
	unlinkat(directory_fd, START_FILE, 0);
}

/* What is written down: a number, and when its process was started. */
static int read_record(int directory, pid_t *pid, uint64_t *ticks)
{
	char boot[BOOT_ID + 1], recorded[BOOT_ID + 1], text[128];

	if (read_text(directory, PID_FILE, text, sizeof(text)) < 0 ||
	    sscanf(text, "%d", pid) != 1 || *pid <= 0)
		return -1;
	if (read_text(directory, START_FILE, text, sizeof(text)) < 0 ||
	    sscanf(text, "%" SCNu64 " %36s", ticks, recorded) != 2)
		return -1;
	return boot_id(boot) == 0 && strcmp(boot, recorded) == 0 ? 0 : -1;
}

int pid_record_open(int directory_fd, pid_t *pid)
{
	uint64_t recorded, ticks;
	int pidfd;

	if (read_record(directory_fd, pid, &recorded) == 0) {
		pidfd = pidfd_open(*pid, 0);
		/* Looked at after it was opened: it is the same one still. */
		if (pidfd >= 0 && start_time(*pid, &ticks) == 0 && ticks == recorded &&
		    !has_ended(pidfd))
			return pidfd;
		if (pidfd >= 0)
			close(pidfd);
	}
	*pid = 0;
	return -1;
}
