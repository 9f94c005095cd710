/* SPDX-License-Identifier: Apache-2.0 */
/* The top of a copy: finds what the two paths of a request name, decides what is copied where, and
 * reports the result. copy_walk.c copies what lies below. */
#include <config.h>

#include "backends/files/copy.h"
#include "backends/files/copy_private.h"
#include "lib/cleanup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/random.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The mode of a directory that is made because the target's last component is missing. */
enum { MADE_DIRECTORY_MODE = 0755 };

/* The kind of file that the source's path names. */
struct copy_source {
	struct copy_path path;
	int parent_fd; /* holds path.last; -1 if the content of a directory is meant */
	int fd;        /* of a directory, else -1 */
	struct stat stat;
	bool content;
};

/* The target: `name` in `fd`, or `fd` itself if `name` is NULL. */
struct copy_target {
	struct copy_path path;
	int fd;
	const char *name;
	bool fresh; /* `fd` was made */
};

static void copy_source_free(struct copy_source *source)
{
	copy_path_free(&source->path);
	if (source->parent_fd >= 0)
		close(source->parent_fd); /* opened O_PATH */
	if (source->fd >= 0)
		close(source->fd); /* opened for reading */
}

static void copy_target_free(struct copy_target *target)
{
	copy_path_free(&target->path);
	if (target->fd >= 0)
		close(target->fd); /* nothing is written through a directory's descriptor */
}

/* Reports a failure that leaves nothing to copy; always returns -1. */
static int copy_top_fail_source(struct copy_state *copy, const char *what)
{
	copy_failed_source(copy, what, NULL);
	return -1;
}

static int copy_top_fail_target(struct copy_state *copy, const char *what)
{
	copy_failed_target(copy, what, NULL);
	return -1;
}

/* Checks an opened source directory, which the guard may refuse. -1 with errno. */
static int copy_top_check_directory(const struct copy_side *side, struct copy_source *source)
{
	if (source->fd < 0 || fstat(source->fd, &source->stat) < 0)
		return -1;
	return copy_guard_check(side, source->fd, &source->stat);
}

/* Opens a source that ends in `/`: links are followed, and it must be a directory. */
static int copy_top_find_content(struct copy_state *copy, const struct copy_side *side,
				 struct copy_source *source)
{
	source->content = true;
	source->fd = copy_source_open(copy, side->path, O_RDONLY | O_DIRECTORY);
	return copy_top_check_directory(side, source);
}

/* Sets why a source cannot be copied. Returns -1 with errno. */
static int copy_top_refuse(struct copy_state *copy, const char *reason)
{
	warden_error_set(&copy->refusal, "%s", reason);
	errno = ENOTSUP;
	return -1;
}

/* A link to what its reader has open would be copied as one that leads to another file. */
static int copy_top_check_link(struct copy_state *copy, const struct copy_source *source)
{
	static const char streams[] = "/proc/self/fd";
	char text[sizeof(streams)];
	ssize_t length =
		readlinkat(source->parent_fd, source->path.last, text, sizeof(streams) - 1);
	struct statfs status;

	if (length == sizeof(streams) - 1 && memcmp(text, streams, sizeof(streams) - 1) == 0)
		return copy_top_refuse(copy,
				       "it is a stream of the process that opens it; \"-\" is "
				       "standard input");
	if (fstatfs(source->parent_fd, &status) == 0 && status.f_type == PROC_SUPER_MAGIC)
		return copy_top_refuse(copy, "it is a link of /proc");
	return 0;
}

/* Other kinds are skipped in a tree, but a source that is one cannot be copied. */
static int copy_top_check_kind(struct copy_state *copy, const struct copy_source *source)
{
	char reason[64];

	if (S_ISREG(source->stat.st_mode))
		return 0;
	if (S_ISLNK(source->stat.st_mode))
		return copy_top_check_link(copy, source);
	snprintf(reason, sizeof(reason), "it is %s", copy_kind(source->stat.st_mode));
	return copy_top_refuse(copy, reason);
}

/* Stats any other source, links not followed, and opens it if it is a directory. */
static int copy_top_find_entry(struct copy_state *copy, const struct copy_side *side,
			       struct copy_source *source)
{
	source->parent_fd = copy_source_open(copy, source->path.parent, O_PATH | O_DIRECTORY);
	if (source->parent_fd < 0 ||
	    fstatat(source->parent_fd, source->path.last, &source->stat, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (!S_ISDIR(source->stat.st_mode))
		return copy_top_check_kind(copy, source);
	source->fd = openat(source->parent_fd, source->path.last,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return copy_top_check_directory(side, source);
}

static int copy_top_find_source(struct copy_state *copy, struct copy_source *source)
{
	const struct copy_side *side = &copy->request->source;
	int result;

	if (copy_path_split(side->path, &source->path) < 0)
		return copy_top_fail_source(copy, "find source");
	if (copy_as_source(copy) < 0)
		return -1;
	if (source->path.slash)
		result = copy_top_find_content(copy, side, source);
	else
		result = copy_top_find_entry(copy, side, source);
	return result == 0 ? 0 : copy_top_fail_source(copy, "open source");
}

/* Makes the target's last component, a directory, and opens it. */
static int copy_top_make_target(struct copy_state *copy, struct copy_target *target, mode_t mode)
{
	_cleanup_close_ int parent_fd = take_fd(&target->fd);

	target->fd = copy_make_directory(parent_fd, target->path.last, mode);
	if (target->fd < 0)
		return copy_top_fail_target(copy, "make target directory");
	target->fresh = true;
	target->name = NULL;
	return 0;
}

/* Finds the target. If it is missing its parent must exist. */
static int copy_top_find_target(struct copy_state *copy, struct copy_target *target)
{
	const struct copy_side *side = &copy->request->target;

	if (copy_path_split(side->path, &target->path) < 0)
		return copy_top_fail_target(copy, "find target");
	if (copy_as_target(copy) < 0)
		return -1;
	target->fd = copy_path_directory(side, side->path);
	if (target->fd >= 0)
		return 0;
	/* A directory is required and this is none, or it cannot be entered. */
	if (errno != ENOENT && (errno != ENOTDIR || target->path.slash))
		return copy_top_fail_target(copy, "open target");
	target->fd = copy_path_directory(side, target->path.parent);
	if (target->fd < 0)
		return copy_top_fail_target(copy, "open parent of target");
	target->name = target->path.last;
	return 0;
}

/* Sets the owner of the target if this copy made it. */
static int copy_top_set_target_owner(struct copy_state *copy, const struct copy_target *target)
{
	if (!target->fresh || copy_set_owner(copy, target->fd) == 0)
		return 0;
	return copy_top_fail_target(copy, "set the owner of target");
}

/* Makes messages name the entry in the target rather than the target. */
static int copy_top_name_below_target(struct copy_state *copy, const struct copy_source *source)
{
	const char *path = copy->request->target.path;
	const char *slash = path[strlen(path) - 1] == '/' ? "" : "/";
	char *text;

	if (asprintf(&text, "%s%s%s", path, slash, source->path.last) < 0)
		return copy_top_fail_target(copy, "name target");
	free(copy->target_base);
	copy->target_base = text;
	return 0;
}

/* Copies the content of a directory into the target, or the directory itself under its name there.
 */
static int copy_top_copy_directory(struct copy_state *copy, struct copy_source *source,
				   struct copy_target *target)
{
	mode_t mode = copy_mode(copy, source->stat.st_mode);
	int fd;

	if (target->name &&
	    copy_top_make_target(copy, target, source->content ? mode : MADE_DIRECTORY_MODE) < 0)
		return -1;
	if (source->content)
		return copy_walk(copy, take_fd(&source->fd), &source->stat, take_fd(&target->fd),
				 target->fresh);
	if (copy_top_set_target_owner(copy, target) < 0 ||
	    copy_top_name_below_target(copy, source) < 0)
		return -1;
	fd = copy_place_directory(target->fd, source->path.last, mode, &target->fresh);
	if (fd < 0)
		return copy_top_fail_target(copy, "make directory");
	return copy_walk(copy, take_fd(&source->fd), &source->stat, fd, target->fresh);
}

/* Nothing was opened. An entry of a tree may vanish; the source itself is missing then. */
static int copy_top_fail_if_vanished(struct copy_state *copy, const struct copy_source *source)
{
	mode_t mode = source->stat.st_mode;

	if (copy->has_error || (!S_ISREG(mode) && !S_ISLNK(mode)))
		return 0;
	errno = ENOENT;
	return copy_top_fail_source(copy, "open source");
}

/* Copies a file or a link under its own name into a directory, else under the target's name. */
static int copy_top_copy_entry(struct copy_state *copy, const struct copy_source *source,
			       struct copy_target *target)
{
	struct copy_item item;
	int result;

	if (copy_as_source(copy) < 0)
		return -1;
	result = copy_item_open(copy, source->parent_fd, source->path.last, source->stat.st_mode,
				&item);
	if (result != 1)
		return result == 0 ? copy_top_fail_if_vanished(copy, source) : -1;
	result = copy_as_target(copy);
	if (result == 0 && target->name && target->path.slash)
		result = copy_top_make_target(copy, target, MADE_DIRECTORY_MODE);
	if (result == 0)
		result = copy_top_set_target_owner(copy, target);
	if (result == 0 && !target->name)
		result = copy_top_name_below_target(copy, source);
	if (result == 0)
		result = copy_item_write(copy, target->fd,
					 target->name ? target->name : source->path.last, true,
					 &item);
	copy_item_close(&item);
	return result;
}

/* As copy_top_copy_directory and copy_top_copy_entry, into a tar stream. */
static int copy_top_stream_source(struct copy_state *copy, struct copy_source *source)
{
	struct copy_item item;
	int result;

	copy->stream_base = source->content ? "" : source->path.last;
	if (source->fd >= 0) {
		if (!source->content &&
		    tar_put_directory(copy, source->path.last, &source->stat) < 0)
			return -1;
		return copy_walk(copy, take_fd(&source->fd), &source->stat, -1, false);
	}
	result = copy_item_open(copy, source->parent_fd, source->path.last, source->stat.st_mode,
				&item);
	if (result != 1)
		return result == 0 ? copy_top_fail_if_vanished(copy, source) : -1;
	result = copy_item_write(copy, -1, source->path.last, true, &item);
	copy_item_close(&item);
	return result;
}

int copy_to_tar_stream(struct copy_state *copy)
{
	struct copy_source source = {.parent_fd = -1, .fd = -1};
	int result = copy_top_find_source(copy, &source);

	if (result == 0)
		result = copy_top_stream_source(copy, &source);
	copy_source_free(&source);
	return result;
}

static int copy_top_copy(struct copy_state *copy, void *unused)
{
	struct copy_source source = {.parent_fd = -1, .fd = -1};
	struct copy_target target = {.fd = -1};
	int result = copy_top_find_source(copy, &source);

	(void)unused;
	if (result == 0)
		result = copy_top_find_target(copy, &target);
	if (result == 0 && source.fd >= 0)
		result = copy_top_copy_directory(copy, &source, &target);
	else if (result == 0)
		result = copy_top_copy_entry(copy, &source, &target);
	copy_source_free(&source);
	copy_target_free(&target);
	return result;
}

/* Appends to the error how many more failures there were. */
static int copy_top_report_failures(struct copy_state *copy)
{
	uint64_t more = atomic_load(&copy->progress->failed) - copy->failed_before;
	struct warden_error first = *copy->err;

	if (more <= 1)
		return more == 0 ? 0 : -1;
	warden_error_set(copy->err, "%s (and %llu more)", first.message,
			 (unsigned long long)more - 1);
	copy->err->number = first.number;
	return -1;
}

static int copy_top_run(struct copy_state *copy, int (*work)(struct copy_state *copy, void *data),
			void *data)
{
	int result;

	copy->source_base = strdup(copy->request->source.path);
	copy->target_base = strdup(copy->request->target.path);
	if (!copy->source_base || !copy->target_base ||
	    getrandom(&copy->token, sizeof(copy->token), 0) != sizeof(copy->token))
		return warden_error_errno(copy->err, "begin copy");
	result = copy_identity_begin(copy);
	if (result == 0)
		result = work(copy, data);
	if (copy_identity_restore(copy) < 0)
		result = -1;
	return result;
}

int copy_run(const struct copy_request *request, int (*work)(struct copy_state *copy, void *data),
	     void *data, struct warden_error *err)
{
	struct copy_state *copy = calloc(1, sizeof(*copy));
	mode_t mask;
	int result;

	if (!copy)
		return warden_error_errno(err, "begin copy");
	copy->request = request;
	copy->progress = request->progress ? request->progress : &copy->own_progress;
	copy->failed_before = atomic_load(&copy->progress->failed);
	copy->err = err;
	copy->batch_used = 0;
	mask = umask(0);
	result = copy_top_run(copy, work, data);
	umask(mask);
	if (copy_top_report_failures(copy) < 0)
		result = -1;
	copy_walk_free(copy);
	free(copy->source_base);
	free(copy->target_base);
	free(copy);
	return result;
}

int copy_tree(const struct copy_request *request, struct warden_error *err)
{
	return copy_run(request, copy_top_copy, NULL, err);
}
