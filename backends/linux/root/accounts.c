/* SPDX-License-Identifier: Apache-2.0 */
/* The container's user vcap; see accounts.h. passwd and group are read and written as text: the C
 * library's functions could load NSS modules. */
#include "backends/linux/root/accounts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/linux/root/root_files.h"
#include "lib/cleanup.h"

#define VCAP      "vcap"
#define FUSE      "fuse"
#define VCAP_HOME "home/" VCAP

/* The largest gid of a group made here: the end of the system range. */
#define SYSTEM_GROUP_MAX 999

/* Finds the next line from `at` on, without its newline; false if there is none. */
static bool accounts_next_line(const struct text *text, size_t *at, const char **line,
			       size_t *length)
{
	const char *end;

	if (*at >= text->length)
		return false;
	*line = text->bytes + *at;
	end = memchr(*line, '\n', text->length - *at);
	*length = end ? (size_t)(end - *line) : text->length - *at;
	*at += *length + 1;
	return true;
}

static bool accounts_line_names(const char *line, size_t length, const char *name)
{
	size_t n = strlen(name);

	return length > n && memcmp(line, name, n) == 0 && line[n] == ':';
}

/* Reads field number `field` (from 0) as an id of a container; 0 if it is none. */
static uint32_t accounts_read_number(const char *line, size_t length, unsigned field)
{
	uint32_t number = 0;
	size_t i = 0;

	for (; i < length && field > 0; i++)
		if (line[i] == ':')
			field--;
	for (; i < length && line[i] != ':'; i++) {
		if (line[i] < '0' || line[i] > '9')
			return 0;
		number = number * 10 + (uint32_t)(line[i] - '0');
		if (number >= ID_RANGE)
			return 0;
	}
	return number;
}

/* Reads passwd of the topmost layer that has one; a device 0:0 in a layer hides the file of lower
 * layers (whiteout). */
static int accounts_read_passwd(const struct setup *setup, struct text *passwd,
				struct warden_error *err)
{
	for (size_t i = 0; i < setup->parameters.n_layers; i++) {
		int layer = setup->layer_fds[i];
		struct stat status;

		if (fstatat(layer, "etc/passwd", &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISCHR(status.st_mode))
			break;
		if (root_files_read(layer, setup->layers[i].path, "etc/passwd", passwd, err) < 0)
			return -1;
		if (passwd->bytes)
			return 0;
	}
	*passwd = (struct text){.bytes = NULL};
	return 0;
}

int accounts_find(struct setup *setup, struct warden_error *err)
{
	struct text passwd;
	const char *line;
	size_t at = 0, length;

	if (accounts_read_passwd(setup, &passwd, err) < 0)
		return -1;
	while (accounts_next_line(&passwd, &at, &line, &length)) {
		if (!accounts_line_names(line, length, VCAP))
			continue;
		setup->image_uid = accounts_read_number(line, length, 2);
		setup->image_gid = accounts_read_number(line, length, 3);
		break;
	}
	free(passwd.bytes);
	return 0;
}

/* Returns the largest unused gid of the system range. */
static uint32_t accounts_find_free_group(const struct text *group)
{
	bool taken[SYSTEM_GROUP_MAX + 1] = {false};
	const char *line;
	size_t at = 0, length;
	uint32_t gid = SYSTEM_GROUP_MAX;

	while (accounts_next_line(group, &at, &line, &length)) {
		uint32_t number = accounts_read_number(line, length, 2);

		if (number <= SYSTEM_GROUP_MAX)
			taken[number] = true;
	}
	while (gid > 1 && taken[gid])
		gid--;
	return gid;
}

/* Finds the group of /dev/fuse; writes a line for it if there is none. */
static void accounts_find_fuse(struct setup *setup, const struct text *group, FILE *stream)
{
	const char *line;
	size_t at = 0, length;

	while (accounts_next_line(group, &at, &line, &length))
		if (accounts_line_names(line, length, FUSE)) {
			setup->fuse_gid = accounts_read_number(line, length, 2);
			return;
		}
	setup->fuse_gid = accounts_find_free_group(group);
	fprintf(stream, FUSE ":x:%u:\n", setup->fuse_gid);
}

/* Copies all lines except vcap's. */
static void accounts_copy_other_lines(const struct text *text, FILE *stream)
{
	const char *line;
	size_t at = 0, length;

	while (accounts_next_line(text, &at, &line, &length))
		if (!accounts_line_names(line, length, VCAP)) {
			fwrite(line, 1, length, stream);
			fputc('\n', stream);
		}
}

/* Rewrites a file: its lines except vcap's, then the output of `add`. */
static int accounts_rewrite(struct setup *setup, const char *name,
			    void (*add)(struct setup *, const struct text *, FILE *),
			    struct warden_error *err)
{
	struct text old, new = {.bytes = NULL};
	char path[32];
	FILE *stream;
	int result = -1;

	snprintf(path, sizeof(path), "etc/%s", name);
	if (root_files_read(setup->root_fd, setup->parameters.rootfs, path, &old, err) < 0)
		return -1;
	stream = open_memstream(&new.bytes, &new.length);
	if (stream) {
		accounts_copy_other_lines(&old, stream);
		add(setup, &old, stream);
	}
	if (!stream || fclose(stream) != 0)
		warden_error_errno(err, "make /%s", path);
	else
		result = root_files_replace(setup, name, new.bytes, new.length, err);
	free(new.bytes);
	free(old.bytes);
	return result;
}

/* The password field is '*' and not 'x': without a line in shadow, 'x' would lock the account for
 * su. */
static void accounts_add_user(struct setup *setup, const struct text *old, FILE *stream)
{
	uint32_t uid = setup->parameters.uid;

	if (old->length == 0)
		fprintf(stream, "root:*:0:0:root:/root:/bin/sh\n");
	fprintf(stream, VCAP ":*:%u:%u::/" VCAP_HOME ":/bin/bash\n", uid, uid);
}

static void accounts_add_groups(struct setup *setup, const struct text *old, FILE *stream)
{
	if (old->length == 0)
		fprintf(stream, "root:x:0:\n");
	accounts_find_fuse(setup, old, stream);
	fprintf(stream, VCAP ":x:%u:\n", setup->parameters.uid);
}

static int accounts_make_home(struct setup *setup, struct warden_error *err)
{
	const struct setup_parameters *p = &setup->parameters;
	uid_t owner = p->base + p->uid;
	_cleanup_close_ int above = root_files_directory(setup, "home", err);
	_cleanup_close_ int home = above < 0 ? -1 : root_files_directory(setup, VCAP_HOME, err);
	struct stat status;

	if (home < 0)
		return -1;
	if (fstat(home, &status) < 0)
		return warden_error_errno(err, "stat /" VCAP_HOME);
	if (status.st_uid == owner && status.st_gid == owner)
		return 0;
	if (fchownat(home, "", owner, owner, AT_EMPTY_PATH) < 0)
		return warden_error_errno(err, "give /" VCAP_HOME " to " VCAP);
	return 0;
}

int accounts_write(struct setup *setup, struct warden_error *err)
{
	if (accounts_rewrite(setup, "passwd", accounts_add_user, err) < 0 ||
	    accounts_rewrite(setup, "group", accounts_add_groups, err) < 0)
		return -1;
	return accounts_make_home(setup, err);
}
