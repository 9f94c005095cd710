/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of files that entries of archives become, one after the other. Nothing is ever written
 * through a link, and nothing outside of the root. */
#ifndef CLIENT_UNPACK_UNPACK_TREE_H
#define CLIENT_UNPACK_UNPACK_TREE_H

#include "client/unpack/place.h"
#include "client/unpack/source.h"

struct tree_time {
	char *name; /* of a directory */
	struct timespec times[2];
};

struct unpack_tree {
	int root_fd;
	enum place_links links;
	bool owners;             /* files get the owners of the archive, else the caller's */
	bool keep_setuid;        /* of programs */
	bool private;            /* for the caller alone: modes of the archive do not count */
	struct tree_time *times; /* of directories, until what is in them is written */
	size_t n_times;
};

/* Makes the file of an entry in the place of what is there. `name` is clean. */
int unpack_tree_add(struct unpack_tree *tree, struct unpack_source *source,
		    struct archive_entry *entry, const char *name, struct warden_error *err);
/* Gives the directories their times. */
int unpack_tree_finish(struct unpack_tree *tree, struct warden_error *err);
void unpack_tree_free(struct unpack_tree *tree);

/* Removes what is at a name, with all that is in it; if there is nothing, that is fine. */
int unpack_tree_remove(struct unpack_tree *tree, const char *name, struct warden_error *err);
/* Removes all that is in a directory; if there is none, that is fine. */
int unpack_tree_empty(struct unpack_tree *tree, const char *name, struct warden_error *err);
/* Removes what is at a name if it is no directory, but a link to one, for example. */
int unpack_tree_make_way(struct unpack_tree *tree, const char *name, struct warden_error *err);

/* All of a tar, as it is. An empty one is an error. */
int unpack_tree_add_tar(struct unpack_tree *tree, int fd, struct progress *progress,
			struct warden_error *err);

#endif
