/* SPDX-License-Identifier: Apache-2.0 */
/* Shared declarations of the copy engine. A function that returns int returns -1 if the whole copy
 * must end (`copy->err` is filled), unless its comment says `errno`; a failure of one entry is
 * recorded by copy_failed_..., and the walk continues. */
#ifndef BACKENDS_FILES_COPY_PRIVATE_H
#define BACKENDS_FILES_COPY_PRIVATE_H

#include "backends/files/copy.h"

#include <sys/stat.h>

enum {
	COPY_BUFFER = 256 * 1024, /* a file up to this size is copied by one read and one write */
	COPY_LISTING = 64 * 1024, /* bytes of directory entries per system call */
	COPY_BATCH = 32,          /* entries opened between two changes of identity */
	COPY_OPEN_LEVELS = 128,   /* directories above the current one that stay open */
	COPY_LEVELS = 64 * 1024,  /* more nested directories are taken for a loop */
	COPY_NAMES = 64 * 1024 * 1024,   /* bytes of names of pending directories */
	COPY_WARNINGS = 20,              /* reported one by one; further ones are only counted */
	COPY_UNSIZED = 64 * 1024 * 1024, /* of a file that says it is empty: it may never end */
};

/* The size of the names that files have until they are complete. */
enum { COPY_TEMPORARY_SIZE = 64 };

/* A directory that is being copied; the walk is a stack of them. */
struct copy_level {
	int source_fd, target_fd; /* -1: closed for now; reopened as ".." of its child */
	struct stat source, target;
	bool fresh;         /* made by this copy */
	bool exact;         /* it has a default ACL: files get another mode than is given to open */
	bool listed;        /* its files are copied and its subdirectories are in copy->names */
	size_t names, next; /* in copy->names: its first subdirectory, and the next to enter */
};

/* A file or link between the two halves of its copy. */
struct copy_item {
	const char *name;
	int fd;           /* of a file, else -1 */
	struct stat stat; /* of a file; of a link for a stream */
	char *link;       /* target of a symbolic link, else NULL */
};

struct copy_state {
	const struct copy_request *request;
	struct copy_progress *progress, own_progress;
	uint64_t failed_before; /* progress->failed when the copy began */
	struct warden_error *err;
	bool has_error;              /* err holds the first failure */
	struct warden_error refusal; /* a link of the source that was not followed; else empty */
	unsigned warnings;
	char *source_base, *target_base; /* the paths with which messages begin */

	struct copy_identity process;        /* of the process; never `set` */
	const struct copy_identity *current; /* in effect now */

	struct stat top;             /* the top directory of the target: never copied as a source */
	bool named_temporaries;      /* the target's file system has no O_TMPFILE */
	bool link_by_proc;           /* names are given through /proc: a capability is missing */
	uint64_t token, temporaries; /* make temporary names unique */
	bool replaces_trees;         /* files and links replace directories that are not empty */
	bool replaced_directory;     /* they have replaced one */

	/* If `streams`: the target is a tar stream. */
	bool streams;
	int stream_fd;
	const char *stream_base; /* prefix of all names; "": none */
	char *stream_name;       /* of the current entry */
	size_t stream_name_used, stream_name_size;

	struct copy_level *levels;
	size_t depth, levels_size;
	char *names; /* of pending subdirectories, each with its NUL; a stack like levels */
	size_t names_used, names_size;
	struct copy_item batch[COPY_BATCH];
	size_t batch_used;
	char listing[COPY_LISTING] __attribute__((aligned(8)));
	char buffer[COPY_BUFFER];
};

/* A path, split. */
struct copy_path {
	char *parent; /* everything before the last component, or "." or "/" if that is empty */
	char *last;   /* empty if the path is "/" */
	bool slash;   /* ends in `/`, or in `.` or `..`: a directory is meant */
};

/* copy.c: calls `work` after setting up the identities of the request, and restores the process's
 * afterwards. */
int copy_run(const struct copy_request *request, int (*work)(struct copy_state *copy, void *data),
	     void *data, struct warden_error *err);
/* Copies the source to the tar stream. */
int copy_to_tar_stream(struct copy_state *copy);

/* copy_path.c; -1 with errno. copy_path_free frees the parts also after a failed split. */
int copy_path_split(const char *path, struct copy_path *split);
void copy_path_free(struct copy_path *split);
int copy_path_open(const struct copy_side *side, const char *path, int flags);
int copy_path_directory(const struct copy_side *side, const char *path);

/* copy_identity.c. A failure ends the whole copy. */
int copy_identity_begin(struct copy_state *copy);
int copy_identity_restore(struct copy_state *copy);
int copy_as_source(struct copy_state *copy);
int copy_as_target(struct copy_state *copy);
int copy_become(struct copy_state *copy, const struct copy_identity *as);
uid_t copy_target_uid(const struct copy_state *copy); /* owner of new files */

/* copy_guard.c; -1 with errno. Called with the source's identity. */
int copy_guard_check(const struct copy_side *side, int fd, const struct stat *st);
int copy_source_open(struct copy_state *copy, const char *path, int flags);
uint32_t copy_guard_id(const struct copy_guard *guard, uint32_t id); /* as the container sees it */

/* copy_report.c. `name` is an entry of the current directory; NULL: that directory itself. The
 * copy_failed_ functions use errno and return -1 if the whole copy must end, else 0. */
int copy_failed_source(struct copy_state *copy, const char *what, const char *name);
int copy_failed_target(struct copy_state *copy, const char *what, const char *name);
void copy_report_skipped(struct copy_state *copy, const char *name, mode_t type);
void copy_report_left_out(struct copy_state *copy, const char *name); /* a directory's content */
const char *copy_kind(mode_t type); /* of what is no file, link or directory: "a fifo" */
void copy_report_replaced(struct copy_state *copy); /* the directory `source_base` */
void copy_report_vanished(struct copy_state *copy, const char *name);
bool copy_means_vanished(int number);
bool copy_is_cancelled(const struct copy_state *copy);

/* Notifies the request's owner that the progress figures have changed. */
static inline void copy_report_progress(const struct copy_state *copy)
{
	if (copy->request->changed)
		copy->request->changed(copy->request->changed_data);
}

static inline void copy_count(_Atomic uint64_t *counter, uint64_t by)
{
	atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

/* copy_walk.c */
int copy_walk(struct copy_state *copy, int source_fd, const struct stat *source, int target_fd,
	      bool fresh);
void copy_walk_free(struct copy_state *copy);

/* copy_item.c */
int copy_item_open(struct copy_state *copy, int dir_fd, const char *name, mode_t type,
		   struct copy_item *item);
int copy_item_write(struct copy_state *copy, int dir_fd, const char *name, bool exact,
		    struct copy_item *item);
void copy_item_close(struct copy_item *item);
int copy_make_file(struct copy_state *copy, int dir_fd, mode_t mode,
		   char temporary[COPY_TEMPORARY_SIZE]);
int copy_name_file(struct copy_state *copy, int dir_fd, int fd, const char *temporary,
		   const char *name, int result);

/* copy_place.c; -1 with errno. */
void copy_temporary_name(struct copy_state *copy, char name[COPY_TEMPORARY_SIZE]);
int copy_place_remove_tree(struct copy_state *copy, int dir_fd, const char *name);
int copy_place_rename(struct copy_state *copy, int dir_fd, const char *temporary, const char *name);
int copy_place_file(struct copy_state *copy, int dir_fd, int fd, const char *name);
int copy_place_link(struct copy_state *copy, int dir_fd, const char *text, const char *name);
int copy_place_directory(int dir_fd, const char *name, mode_t mode, bool *fresh);
int copy_make_directory(int dir_fd, const char *name, mode_t mode);
int copy_open_directory(int dir_fd, const char *name);

/* copy_data.c; -1 with errno. */
int copy_data(struct copy_state *copy, int in, int out, const struct stat *source, bool *whole);

/* tar_write.c */
int tar_put_directory(struct copy_state *copy, const char *name, const struct stat *st);
int tar_put_item(struct copy_state *copy, const char *name, const struct copy_item *item);

/* copy_mode.c: permissions and owners; -1 with errno. The descriptors may be O_PATH. */
mode_t copy_mode(const struct copy_state *copy, mode_t mode);
int copy_chmod(int fd, mode_t mode);
int copy_set_owner(const struct copy_state *copy, int fd);

#endif
