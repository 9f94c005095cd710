/* SPDX-License-Identifier: Apache-2.0 */
/* Reading archives and compressed files: libarchive, with what this needs of it. */
#ifndef CLIENT_UNPACK_SOURCE_H
#define CLIENT_UNPACK_SOURCE_H

#include <archive.h>
#include <archive_entry.h>

#include "client/unpack/progress.h"
#include "warden/backend.h"

/* No locale is set, so that names come out as their bytes are: in that of UTF-8 libarchive would
 * compose them anew. */
struct unpack_source {
	struct archive *archive;
	struct archive *bytes; /* what a layer is without its compression; or NULL */
	char *buffer;          /* for those */
	uint64_t n_bytes;
	unsigned int padding; /* bytes that were added at the end */
	unsigned int pads;    /* bytes that are to stand behind the last entry */
	struct progress *progress;
};

/* Opens a tar, however it is compressed; the descriptor stays the caller's, and is read from its
 * beginning if it can be. */
int unpack_source_open_tar(struct unpack_source *source, int fd, struct progress *progress,
			   struct warden_error *err);
/* Likewise a layer, whose last file may lack what fills its block up, as umoci writes it. */
int unpack_source_open_layer(struct unpack_source *source, int fd, struct progress *progress,
			     struct warden_error *err);
/* Likewise a file of any content, of which unpack_source_read gives what it is without its
 * compression. */
int unpack_source_open_raw(struct unpack_source *source, int fd, struct progress *progress,
			   struct warden_error *err);
void unpack_source_close(struct unpack_source *source);

/* The next entry. 1, or 0 at the end, or -1. */
int unpack_source_next(struct unpack_source *source, struct archive_entry **entry,
		       struct warden_error *err);
/* Bytes of a raw source; 0 at the end, or -1. */
ssize_t unpack_source_read(struct unpack_source *source, void *buffer, size_t size,
			   struct warden_error *err);
/* A block of the entry's content and its place. 1, or 0 at the end, or -1. */
int unpack_source_block(struct unpack_source *source, const void **data, size_t *size,
			off_t *offset, struct warden_error *err);

#endif
