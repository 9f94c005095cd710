/* SPDX-License-Identifier: Apache-2.0 */
/* Files in a container's root; see root_files.h. accounts.c writes the accounts, resolv_conf.c
 * makes the content of resolv.conf. */
#include "backends/linux/root/root_files.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/linux/root/mount_api.h"
#include "backends/linux/root/resolv_conf.h"
#include "lib/cleanup.h"

#define FILES_MAX ((size_t)1024 * 1024)

static int root_files_read_all(int fd, struct text *text)
{
	text->length = 0;
	text->bytes = malloc(FILES_MAX + 1);
	if (!text->bytes)
		return -1;
	while (text->length <= FILES_MAX) {
		ssize_t came = read(fd, text->bytes + text->length, FILES_MAX + 1 - text->length);

		if (came < 0 && errno == EINTR)
			continue;
		if (came < 0)
			return -1;
		if (came == 0)
			return 0;
		text->length += (size_t)came;
	}
	errno = EFBIG;
	return -1;
}

int root_files_read(int directory, const char *of, const char *path, struct text *text,
		    struct warden_error *err)
{
	/* Non-blocking, in case it is a fifo. */
	_cleanup_close_ int fd = mount_open_below(directory, path, O_RDONLY | O_NONBLOCK | O_NOCTTY,
						  0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	struct stat status;

	text->bytes = NULL;
	text->length = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : warden_error_errno(err, "open /%s of %s", path, of);
	if (fstat(fd, &status) < 0)
		return warden_error_errno(err, "stat /%s of %s", path, of);
	if (!S_ISREG(status.st_mode))
		return warden_error_set(err, "/%s of %s is not a regular file", path, of);
	if (root_files_read_all(fd, text) < 0) {
		warden_error_errno(err, "read /%s of %s", path, of);
		free(text->bytes);
		text->bytes = NULL;
		return -1;
	}
	return 0;
}

static int root_files_open_directory(const struct setup *setup, const char *path)
{
	return mount_open_below(setup->root_fd, path, O_PATH | O_DIRECTORY, 0,
				RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

/* Makes the last component of a path. */
static int root_files_make_directory(const struct setup *setup, const char *path)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	_cleanup_close_ int above = -1;

	snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) : 1,
		 slash ? path : ".");
	above = root_files_open_directory(setup, parent);
	return above < 0 ? -1 : mkdirat(above, slash ? slash + 1 : path, 0755);
}

int root_files_directory(const struct setup *setup, const char *path, struct warden_error *err)
{
	int fd = root_files_open_directory(setup, path);

	if (fd < 0 && errno == ENOENT && root_files_make_directory(setup, path) == 0)
		fd = root_files_open_directory(setup, path);
	if (fd < 0)
		warden_error_errno(err, "make directory /%s in rootfs %s", path,
				   setup->parameters.rootfs);
	return fd;
}

int root_files_replace(const struct setup *setup, const char *name, const char *bytes,
		       size_t length, struct warden_error *err)
{
	const char *rootfs = setup->parameters.rootfs;
	_cleanup_close_ int etc = root_files_directory(setup, "etc", err);
	_cleanup_close_ int fd = -1;

	if (etc < 0)
		return -1;
	if (unlinkat(etc, name, 0) < 0 && errno != ENOENT)
		return warden_error_errno(err, "replace /etc/%s of rootfs %s", name, rootfs);
	fd = openat(etc, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return warden_error_errno(err, "make /etc/%s in rootfs %s", name, rootfs);
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return warden_error_errno(err, "write /etc/%s", name);
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

static int root_files_write_hosts(struct setup *setup, struct warden_error *err)
{
	const struct setup_parameters *p = &setup->parameters;
	char address[INET_ADDRSTRLEN], *text;
	int length, result;

	inet_ntop(AF_INET, &p->container_ip, address, sizeof(address));
	length = asprintf(&text, "127.0.0.1 localhost\n%s %s\n%s", address, p->hostname,
			  setup->hosts ? setup->hosts : "");
	if (length < 0)
		return warden_error_errno(err, "make /etc/hosts");
	result = root_files_replace(setup, "hosts", text, (size_t)length, err);
	free(text);
	return result;
}

static int root_files_write_names(struct setup *setup, struct warden_error *err)
{
	char text[sizeof(setup->parameters.hostname) + 1];
	int length = snprintf(text, sizeof(text), "%s\n", setup->parameters.hostname);

	if (root_files_replace(setup, "hostname", text, (size_t)length, err) < 0)
		return -1;
	return root_files_write_hosts(setup, err);
}

int root_files_write(struct setup *setup, struct warden_error *err)
{
	struct text resolv;
	int result;

	if (root_files_write_names(setup, err) < 0)
		return -1;
	if (setup->resolv)
		return root_files_replace(setup, "resolv.conf", setup->resolv,
					  setup->parameters.resolv_length, err);
	if (resolv_conf_make(setup, &resolv, err) < 0)
		return -1;
	result = root_files_replace(setup, "resolv.conf", resolv.bytes ? resolv.bytes : "",
				    resolv.length, err);
	free(resolv.bytes);
	return result;
}
