/* SPDX-License-Identifier: Apache-2.0 */
/* Copies wshd for containers; see wshd_memfd.h. */
#include "backends/linux/create/wshd_memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/linux/root/mount_api.h"
#include "lib/cleanup.h"

/* Missing in older headers. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define PROGRAM_MODE 0111

static int wshd_memfd_copy(int from, int to, const char *path, struct warden_error *err)
{
	struct stat status;
	off_t left;

	if (fstat(from, &status) < 0)
		return warden_error_errno(err, "stat %s", path);
	if (!S_ISREG(status.st_mode) || !(status.st_mode & 0111))
		return warden_error_set(err, "linux.wshd: %s is not an executable file", path);
	for (left = status.st_size; left > 0;) {
		ssize_t sent = sendfile(to, from, NULL, (size_t)left);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return warden_error_errno(err, "copy %s", path);
		if (sent == 0)
			return warden_error_set(err, "copy %s: the file was truncated meanwhile",
						path);
		left -= sent;
	}
	if (fchmod(to, PROGRAM_MODE) < 0)
		return warden_error_errno(err, "set the mode of the copy of %s", path);
	return 0;
}

static int wshd_memfd_make(int from, const char *path, struct warden_error *err)
{
	_cleanup_close_ int to = memfd_create("wshd", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (to < 0 && errno == EINVAL) /* before Linux 6.3 */
		to = memfd_create("wshd", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (to < 0)
		return warden_error_errno(err, "make a memfd for %s", path);
	if (wshd_memfd_copy(from, to, path, err) < 0)
		return -1;
	if (fcntl(to, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return warden_error_errno(err, "seal the copy of %s", path);
	return take_fd(&to);
}

static int wshd_memfd_make_mount(int from, const char *path, struct warden_error *err)
{
	static const struct mount_option options[] = {
		{"source", "wshd"}, {"mode", "0700"}, {NULL, NULL}};
	_cleanup_close_ int mount =
		mount_make("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
	_cleanup_close_ int to = -1;
	int program;

	if (mount < 0)
		return -1;
	to = openat(mount, "wshd", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	if (to < 0)
		return warden_error_errno(err, "make a copy of %s", path);
	if (wshd_memfd_copy(from, to, path, err) < 0)
		return -1;
	/* While open for writing it can neither be protected nor executed (EBUSY, ETXTBSY). */
	close(take_fd(&to));
	if (mount_set(mount, MOUNT_ATTR_RDONLY, -1, false) < 0)
		return warden_error_errno(err, "protect the copy of %s", path);
	program = openat(mount, "wshd", O_PATH | O_CLOEXEC);
	if (program < 0)
		return warden_error_errno(err, "open the copy of %s", path);
	return program;
}

int wshd_memfd_load(const struct warden_host *host, const char *path, struct warden_error *err)
{
	_cleanup_close_ int from = open(path, O_RDONLY | O_CLOEXEC);
	int program;

	if (from < 0)
		return warden_error_errno(err, "linux.wshd: open %s", path);
	program = wshd_memfd_make(from, path, err);
	if (program >= 0 || err->number != EACCES)
		return program;
	host->log(host, WARDEN_LOG_WARN, NULL,
		  "%s; sysctl vm.memfd_noexec forbids it: containers execute wshd from a read-only "
		  "file system instead",
		  err->message);
	if (lseek(from, 0, SEEK_SET) < 0)
		return warden_error_errno(err, "read %s again", path);
	return wshd_memfd_make_mount(from, path, err);
}
