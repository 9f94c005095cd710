/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of files, created from the entries of archives. Nothing is written through a link that
 * is an entry's last part, and nothing outside of the root. */
#ifndef CLIENT_UNPACK_UNPACK_TREE_H
#define CLIENT_UNPACK_UNPACK_TREE_H

#include "client/unpack/place.h"
#include "client/unpack/source.h"
#include "lib/name_set.h"

struct tree_time {
	char *name; /* of a directory */
	struct timespec times[2];
};

struct unpack_tree {
	int root_fd;
	bool owners;             /* files get the owners of the archive, else those of the caller */
	bool keep_setuid;        /* keep set-id bits of programs */
	bool private;            /* modes of the archive are ignored: only the caller has access */
	struct tree_time *times; /* of directories, set after their content is written */
	size_t n_times;
	/* Files whose owner a container with a user namespace does not have, and the first of them.
	 */
	uint64_t n_foreign;
	char foreign[512];
	/* Device nodes, fifos and sockets, the first of them, and all their names. */
	uint64_t n_left_out;
	char left_out[512];
	struct name_set left_out_names;
};

/* Creates the file of an entry and replaces an existing one. `name` comes from place_name. */
int unpack_tree_add(struct unpack_tree *tree, struct unpack_source *source,
		    struct archive_entry *entry, const char *name, struct warden_error *err);
/* Whether the entry is of a kind that is left out: a device node, a fifo or a socket. */
bool unpack_tree_is_left_out(struct archive_entry *entry);
/* Sets the times of the directories. */
int unpack_tree_finish(struct unpack_tree *tree, struct warden_error *err);
void unpack_tree_free(struct unpack_tree *tree);

/* Removes a file or a directory with its content; not an error if it is absent. */
int unpack_tree_remove(struct unpack_tree *tree, const char *name, struct warden_error *err);
/* Removes the content of a directory; not an error if it is absent. */
int unpack_tree_empty(struct unpack_tree *tree, const char *name, struct warden_error *err);
/* Removes a file that is not a directory, such as a link to one. */
int unpack_tree_make_way(struct unpack_tree *tree, const char *name, struct warden_error *err);

/* Adds all entries of a tar. An empty tar is an error. */
int unpack_tree_add_tar(struct unpack_tree *tree, int fd, struct progress *progress,
			struct warden_error *err);

#endif
