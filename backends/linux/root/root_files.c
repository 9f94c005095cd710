/* SPDX-License-Identifier: Apache-2.0 */
/* Files in a container's root; see root_files.h. accounts.c writes the accounts, resolv_conf.c
 * makes the content of resolv.conf. */
#include "backends/linux/root/root_files.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/linux/root/bind_mount.h"
#include "backends/linux/root/mount_api.h"
#include "backends/linux/root/resolv_conf.h"
#include "lib/cleanup.h"
#include "lib/inside.h"

#define FILES_MAX ((size_t)64 * 1024 * 1024)

/* The file may grow meanwhile, or say no size. A byte more than a file may have shows that it is
 * larger. */
static int root_files_grow(struct text *text, size_t *size)
{
	size_t doubled = *size > 0 ? 2 * *size : 4096;
	size_t wanted = doubled > FILES_MAX ? FILES_MAX + 1 : doubled;
	char *grown;

	if (text->length < *size)
		return 0;
	if (*size > FILES_MAX) {
		errno = EFBIG;
		return -1;
	}
	grown = realloc(text->bytes, wanted);
	if (!grown)
		return -1;
	text->bytes = grown;
	*size = wanted;
	return 0;
}

static int root_files_read_all(int fd, struct text *text)
{
	size_t size = 0;

	text->length = 0;
	while (root_files_grow(text, &size) == 0) {
		ssize_t came = read(fd, text->bytes + text->length, size - text->length);

		if (came < 0 && errno == EINTR)
			continue;
		if (came <= 0)
			return (int)came;
		text->length += (size_t)came;
	}
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

int root_files_directory(const struct setup *setup, const char *path, struct warden_error *err)
{
	const struct inside_maker maker = {.make = inside_make_directory};
	char directory[PATH_MAX];
	int fd;

	/* With the dot it must be a directory. */
	snprintf(directory, sizeof(directory), "%s/.", path);
	fd = inside_open_or_make(setup->root_fd, directory, RESOLVE_IN_ROOT, &maker);
	if (fd < 0)
		warden_error_errno(err, "make directory /%s in rootfs %s", path,
				   setup->parameters.rootfs);
	return fd;
}

/* A job says why it cannot enter it, so a failure is a line of the log. */
int root_files_make_working_dir(struct setup *setup, struct warden_error *err)
{
	struct warden_error reason, note;
	int fd;

	(void)err;
	if (!setup->working_dir)
		return 0;
	fd = bind_mount_open_directory(setup, setup->working_dir, &reason);
	if (fd >= 0) {
		close(fd); /* opened O_PATH */
		return 0;
	}
	warden_error_set(&note, "the image's working_dir %.256s is not made: %s",
			 setup->working_dir, reason.message);
	setup_note(setup, &note);
	return 0;
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
	bool has_name;
	int length, result;

	inet_ntop(AF_INET, &p->container_ip, address, sizeof(address));
	has_name = strcmp(p->hostname, p->id) != 0;
	length = asprintf(&text, "127.0.0.1 localhost\n%s %s%s%s\n%s", address, p->hostname,
			  has_name ? " " : "", has_name ? p->id : "",
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

/* The content of /etc/resolv.conf; the caller frees `bytes`, which may be NULL. */
static int root_files_make_resolv(struct setup *setup, struct text *text, struct warden_error *err)
{
	if (!setup->resolv)
		return resolv_conf_make(setup, text, err);
	text->length = setup->parameters.resolv_length;
	text->bytes = malloc(text->length);
	if (!text->bytes)
		return warden_error_errno(err, "make resolv.conf");
	memcpy(text->bytes, setup->resolv, text->length);
	return 0;
}

static int root_files_replace_resolv(const struct setup *setup, const struct text *text,
				     struct warden_error *err)
{
	return root_files_replace(setup, "resolv.conf", text->bytes ? text->bytes : "",
				  text->length, err);
}

int root_files_write(struct setup *setup, struct warden_error *err)
{
	struct text resolv;
	int result;

	if (root_files_write_names(setup, err) < 0 ||
	    root_files_make_resolv(setup, &resolv, err) < 0)
		return -1;
	result = root_files_replace_resolv(setup, &resolv, err);
	free(resolv.bytes);
	return result;
}

static bool root_files_are_same(const struct text *a, const struct text *b)
{
	return a->length == b->length &&
	       (a->length == 0 || memcmp(a->bytes, b->bytes, a->length) == 0);
}

int root_files_update(struct setup *setup, bool names, struct warden_error *err)
{
	struct text resolv = {.bytes = NULL}, old;
	int result = 0;

	if ((names && root_files_write_names(setup, err) < 0) ||
	    root_files_read(setup->root_fd, "the container", "etc/resolv.conf", &old, err) < 0)
		return -1;
	if (root_files_make_resolv(setup, &resolv, err) < 0)
		result = -1;
	else if (!root_files_are_same(&resolv, &old))
		result = root_files_replace_resolv(setup, &resolv, err);
	free(resolv.bytes);
	free(old.bytes);
	return result;
}
