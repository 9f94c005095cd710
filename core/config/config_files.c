/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the paths of the configuration, and makes the directories of the daemon. Each error names
 * the key, the path and the reason. */
#include <config.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/config_private.h"
#include "lib/cleanup.h"

/* The parent directory of a path, from malloc; NULL: no memory. */
static char *config_files_parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* Fails with errno; `wish` says what the path must be. */
static int config_files_fail(const struct config *config, const char *key, const char *path,
			     const char *wish, struct warden_error *err)
{
	return config_fail(config, key, err, "%s: %s: %s; it must be %s", key, path,
			   strerror(errno), wish);
}

/* Checks that this process may create files in the directory. */
static int config_files_check_writable(const struct config *config, const char *key,
				       const char *path, struct warden_error *err)
{
	static const char wish[] = "a directory that the daemon can write to";
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		errno = ENOTDIR;
	else if (faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0)
		return 0;
	return config_files_fail(config, key, path, wish, err);
}

/* Checks that the directory is writable, or can be created: its nearest existing ancestor is
 * writable. */
static int config_files_check_makeable(const struct config *config, const char *key,
				       const char *path, struct warden_error *err)
{
	_cleanup_free_ char *at = strdup(path);
	struct stat st;

	while (at && stat(at, &st) < 0 && errno == ENOENT && at[1] != '\0') {
		char *parent = config_files_parent(at);

		free(at);
		at = parent;
	}
	if (!at)
		return warden_error_errno(err, "check %s", path);
	return config_files_check_writable(config, key, at, err);
}

/* Checks the directory of a file that the daemon writes; `path` may be NULL. */
static int config_files_check_parent(const struct config *config, const char *key, const char *path,
				     struct warden_error *err)
{
	_cleanup_free_ char *parent = path ? config_files_parent(path) : NULL;

	struct stat st;

	if (!path)
		return 0;
	if (!parent)
		return warden_error_errno(err, "check %s", path);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return config_files_fail(config, key, path, "a file", err);
	}
	return config_files_check_writable(config, key, parent, err);
}

static int config_files_check_socket(const struct config *config, struct warden_error *err)
{
	static const char key[] = "server.unix_domain_path";
	const char *path = config->server.unix_domain_path;
	_cleanup_free_ char *parent = config_files_parent(path);
	struct stat st;

	if (!parent)
		return warden_error_errno(err, "check %s", path);
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return config_fail(config, key, err, "%s: %s exists and is not a socket", key,
				   path);
	return config_files_check_makeable(config, key, parent, err);
}

static int config_files_check_rootfs(const struct config *config, struct warden_error *err)
{
	static const char key[] = "server.container_rootfs_path";
	const char *path = config->server.container_rootfs_path;
	struct stat st;

	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		errno = ENOTDIR;
	}
	return config_files_fail(config, key, path, "a directory that contains a root file system",
				 err);
}

/* Whether a daemon has used the directory as its depot. */
static bool config_files_was_depot(int dir_fd)
{
	struct stat tmp;

	return fstatat(dir_fd, "tmp", &tmp, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(tmp.st_mode) &&
	       (tmp.st_mode & 077) == 0 && tmp.st_uid == geteuid();
}

/* Whether a new file system has the entry, or the directory itself. */
static bool config_files_is_usual(int dir_fd, const char *name)
{
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return true;
	if (strcmp(name, "lost+found") == 0)
		return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
	return strncmp(name, "aquota.", strlen("aquota.")) == 0;
}

/* Whether the entry shows that the directory is not meant as a depot. Files in a depot do no harm.
 */
static bool config_files_is_strange(int dir_fd, const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode) &&
	       !config_files_was_depot(dir_fd);
}

/* Checks that an existing directory can be a depot. The daemon moves or removes every directory in
 * the depot that is no living container's, so it must not accept a user's directory. */
static int config_files_check_content(const struct config *config, const char *key,
				      const char *path, const struct stat *st,
				      struct warden_error *err)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	bool is_private = (st->st_mode & 077) == 0;
	struct dirent *entry;

	if (!dir)
		return config_files_fail(config, key, path, "a directory that the daemon can read",
					 err);
	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		if (config_files_is_usual(dirfd(dir), entry->d_name))
			continue;
		if (!is_private)
			return config_fail(
				config, key, err,
				"%s: %s is not empty and not private (mode %04o); it must be an "
				"empty directory, or a depot with mode 0700",
				key, path, st->st_mode & 07777);
		if (config_files_is_strange(dirfd(dir), entry->d_name))
			return config_fail(
				config, key, err,
				"%s: %s contains the file %s, so it is not a depot; it must "
				"be an empty directory, or a depot",
				key, path, entry->d_name);
	}
	return errno == 0 ? 0 : config_files_fail(config, key, path, "a readable directory", err);
}

int config_files_check_depot(const struct config *config, struct warden_error *err)
{
	static const char key[] = "server.container_depot_path";
	const char *path = config->server.container_depot_path;
	struct stat st;

	if (stat(path, &st) < 0)
		return config_files_check_makeable(config, key, path, err);
	if (config_files_check_writable(config, key, path, err) < 0)
		return -1;
	if (st.st_uid != geteuid())
		return config_fail(config, key, err,
				   "%s: %s belongs to user %u; it must belong to "
				   "the daemon's user, %u",
				   key, path, (unsigned)st.st_uid, (unsigned)geteuid());
	return config_files_check_content(config, key, path, &st, err);
}

static int config_files_check_hook(const struct config *config, const char *key, const char *path,
				   struct warden_error *err)
{
	struct stat st;

	if (!path)
		return 0;
	if (stat(path, &st) == 0) {
		if (!S_ISREG(st.st_mode))
			return config_fail(config, key, err,
					   "%s: %s is not a regular file; it must be a program",
					   key, path);
		if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
			return 0;
	}
	return config_files_fail(config, key, path, "a program", err);
}

int config_check_files(const struct config *config,
		       const struct warden_container_klass *container_klass,
		       struct warden_error *err)
{
	const struct {
		const char *key, *path;
	} hooks[] = {
		{"hooks.parent_before_clone", config->hooks.parent_before_clone},
		{"hooks.parent_after_clone", config->hooks.parent_after_clone},
		{"hooks.child_before_pivot", config->hooks.child_before_pivot},
		{"hooks.child_after_pivot", config->hooks.child_after_pivot},
	};

	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		if (config_files_check_hook(config, hooks[i].key, hooks[i].path, err) < 0)
			return -1;
	if (container_klass->needs_rootfs && config_files_check_rootfs(config, err) < 0)
		return -1;
	if (config_files_check_depot(config, err) < 0 ||
	    config_files_check_socket(config, err) < 0 ||
	    config_files_check_parent(config, "server.pidfile", config->server.pidfile, err) < 0 ||
	    config_files_check_parent(config, "logging.file", config->logging.file, err) < 0 ||
	    config_files_check_parent(config, "logging.audit_file", config->logging.audit_file,
				      err) < 0)
		return -1;
	return 0;
}

/* Makes a directory and its parents. */
static int config_files_make_path(const char *path, mode_t mode, struct warden_error *err)
{
	_cleanup_free_ char *at = strdup(path);

	if (!at)
		return warden_error_errno(err, "make %s", path);
	for (char *slash = strchr(at + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(at, 0755) < 0 && errno != EEXIST)
			return warden_error_errno(err, "make %s", at);
		*slash = '/';
	}
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return warden_error_errno(err, "make %s", path);
	return 0;
}

int config_make_directories(const struct config *config, struct warden_error *err)
{
	const char *depot = config->server.container_depot_path;
	_cleanup_free_ char *parent = config_files_parent(config->server.unix_domain_path);

	if (!parent)
		return warden_error_errno(err, "make the directory of %s",
					  config->server.unix_domain_path);
	if (config_files_make_path(depot, 0700, err) < 0 ||
	    config_files_make_path(parent, 0755, err) < 0)
		return -1;
	if (chmod(depot, 0700) < 0)
		return warden_error_errno(err, "set the mode of %s to 0700", depot);
	return 0;
}
