/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the mounted hierarchies of control groups, and the daemon's own group in each. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/linux/cgroup/cgroup_private.h"
#include "lib/cleanup.h"

static const struct {
	const char *name;
	unsigned bit;
} controllers[] = {
	{"memory", CGROUP_MEMORY},   {"cpu", CGROUP_CPU},   {"cpuacct", CGROUP_CPUACCT},
	{"devices", CGROUP_DEVICES}, {"pids", CGROUP_PIDS}, {"freezer", CGROUP_FREEZER},
	{"cpuset", CGROUP_CPUSET},   {"io", CGROUP_IO},     {"blkio", CGROUP_IO},
};

const char *cgroup_controllers_text(unsigned bits, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(controllers) && length < size; i++) {
		if (bits & controllers[i].bit)
			length += (size_t)snprintf(text + length, size - length, "%s%s",
						   length ? ", " : "", controllers[i].name);
		bits &= ~controllers[i].bit; /* one name per controller */
	}
	return text;
}

/* Words are separated by commas, spaces or line ends. */
unsigned cgroup_controllers_parse(const char *text)
{
	static const char dividers[] = ", \n";
	unsigned bits = 0;

	for (text += strspn(text, dividers); *text; text += strspn(text, dividers)) {
		size_t length = strcspn(text, dividers);

		for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
			if (strlen(controllers[i].name) == length &&
			    strncmp(text, controllers[i].name, length) == 0)
				bits |= controllers[i].bit;
		text += length;
	}
	return bits;
}

/* Decodes a path of mountinfo in place: \040 stands for a space, and so on. */
static void cgroup_find_unescape(char *path)
{
	char *to = path;

	for (const char *from = path; *from; to++) {
		if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

char *cgroup_own_path(bool v2, unsigned wanted)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/cgroup", "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;

		if (!path)
			continue;
		*names++ = '\0';
		*path++ = '\0';
		if (v2 ? strcmp(line, "0") != 0 || *names
		       : !(cgroup_controllers_parse(names) & wanted))
			continue;
		path[strcspn(path, "\n")] = '\0';
		return strdup(path);
	}
	return NULL;
}

/* The daemon's path relative to the mount's root; NULL if it lies elsewhere (a namespace shows
 * "/.."). */
static const char *cgroup_find_relative_path(const char *path, const char *root)
{
	size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);

	if (!path || strncmp(path, root, length) != 0 || (path[length] && path[length] != '/') ||
	    strncmp(path, "/..", 3) == 0)
		return NULL;
	return strcmp(path, "/") == 0 ? "" : path + length;
}

/* Adds a mount from the fields of its line. */
static int cgroup_find_add_mount(struct cgroup_mount *mount, char *root, char *mount_point, bool v2,
				 unsigned bits, struct warden_error *err)
{
	cgroup_find_unescape(root);
	cgroup_find_unescape(mount_point);
	mount->v2 = v2;
	mount->controllers = bits;
	mount->own_path = cgroup_own_path(v2, bits);
	mount->own = cgroup_find_relative_path(mount->own_path, root);
	mount->reachable = mount->own;
	if (!mount->own)
		mount->own = ""; /* use the top of the mount */
	mount->mount_point = strdup(mount_point);
	if (!mount->mount_point)
		return warden_error_errno(err, "control groups at %s", mount_point);
	return 0;
}

/* Splits a line of mountinfo; false if it is no control group. */
static bool cgroup_find_split_line(char *line, char **root, char **mount_point, bool *v2,
				   char **options)
{
	char *fields[5], *save = NULL, *rest = strstr(line, " - ");

	if (!rest)
		return false;
	*rest = '\0';
	rest += 3;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		fields[i] = strtok_r(i == 0 ? line : NULL, " ", &save);
		if (!fields[i])
			return false;
	}
	*root = fields[3];
	*mount_point = fields[4];
	*v2 = strncmp(rest, "cgroup2 ", 8) == 0;
	*options = strrchr(rest, ' ');
	return *options && (*v2 || strncmp(rest, "cgroup ", 7) == 0);
}

int cgroup_mounts_find(struct cgroup_mount *mounts, size_t max, size_t *n, struct warden_error *err)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/mountinfo", "re");
	_cleanup_free_ char *line = NULL;
	char *root, *mount_point, *options;
	unsigned seen = 0;
	size_t size = 0;
	bool v2, seen_v2 = false;

	*n = 0;
	if (!file)
		return warden_error_errno(err, "open /proc/self/mountinfo");
	while (*n < max && getline(&line, &size, file) > 0) {
		unsigned bits;

		if (!cgroup_find_split_line(line, &root, &mount_point, &v2, &options))
			continue;
		bits = v2 ? 0 : cgroup_controllers_parse(options);
		if (v2 ? seen_v2 : (bits & ~seen) == 0)
			continue;
		if (cgroup_find_add_mount(&mounts[(*n)++], root, mount_point, v2, bits, err) < 0)
			return -1;
		seen |= bits;
		seen_v2 |= v2;
	}
	return 0;
}

void cgroup_mounts_free(struct cgroup_mount *mounts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(mounts[i].mount_point);
		free(mounts[i].own_path);
	}
}
