/* SPDX-License-Identifier: Apache-2.0 */
/* Reads archives and compressed files through libarchive. */
#ifndef CLIENT_UNPACK_SOURCE_H
#define CLIENT_UNPACK_SOURCE_H

#include <archive.h>
#include <archive_entry.h>

#include "client/unpack/progress.h"
#include "warden/backend.h"

/* No locale is set, so that names keep their bytes: in a UTF-8 locale libarchive would normalise
 * them. */
struct unpack_source {
	struct archive *archive;
	struct archive *bytes; /* the decompressed bytes of a layer; or NULL */
	char *buffer;          /* of `bytes` */
	uint64_t n_bytes;
	unsigned int padding; /* zero bytes that were added at the end */
	unsigned int pads;    /* padding bytes that the last entry requires */
	struct progress *progress;
};

/* Opens a tar with any supported compression. The descriptor stays the caller's; it is read from
 * the beginning if it can seek. */
int unpack_source_open_tar(struct unpack_source *source, int fd, struct progress *progress,
			   struct warden_error *err);
/* Likewise a layer, whose last block may be incomplete, as umoci writes it. */
int unpack_source_open_layer(struct unpack_source *source, int fd, struct progress *progress,
			     struct warden_error *err);
/* Likewise a file of any content; unpack_source_read returns its decompressed bytes. */
int unpack_source_open_raw(struct unpack_source *source, int fd, struct progress *progress,
			   struct warden_error *err);
void unpack_source_close(struct unpack_source *source);

/* Reads the next entry's header. Returns 1, 0 at the end, or -1. */
int unpack_source_next(struct unpack_source *source, struct archive_entry **entry,
		       struct warden_error *err);
/* Reads bytes of a raw source. Returns their number, 0 at the end, or -1. */
ssize_t unpack_source_read(struct unpack_source *source, void *buffer, size_t size,
			   struct warden_error *err);
/* Reads a block of the entry's content and its offset. Returns 1, 0 at the end, or -1. */
int unpack_source_block(struct unpack_source *source, const void **data, size_t *size,
			off_t *offset, struct warden_error *err);

#endif
