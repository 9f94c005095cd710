/* SPDX-License-Identifier: Apache-2.0 */
/* The next entry of a tar stream, with what headers before it said of it. Knows nothing of files.
 */
#ifndef BACKENDS_FILES_TAR_ENTRY_H
#define BACKENDS_FILES_TAR_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "warden/backend.h"

enum { TAR_BUFFER = 64 * 1024 };

/* Reads the stream: as read(2), whole unless it ends; -1 with errno. */
struct tar_stream {
	int fd;
	uint64_t at;                /* bytes that were taken */
	const _Atomic bool *cancel; /* NULL: none */
	size_t begin, end;          /* what of buffer is not taken yet */
	char buffer[TAR_BUFFER];
};

struct tar_entry {
	char *name, *link; /* malloc'd; link "" where there is none */
	char type;         /* TAR_FILE, never TAR_FILE_OLD or TAR_CONTIGUOUS */
	uint32_t mode;
	int64_t mtime;
	uint32_t mtime_ns;
	uint64_t size; /* of the data that follow in the stream, padded to a block */
};

/* 1: there is one, to be freed; its data are the caller's to read or skip. 0: the stream has ended.
 * -1 and `err`: it is no tar stream, or is damaged. */
int tar_entry_next(struct tar_stream *stream, struct tar_entry *entry, struct warden_error *err);
void tar_entry_free(struct tar_entry *entry);

/* At most `size` bytes; 0: the stream has ended. -1 with errno. */
ssize_t tar_stream_read(struct tar_stream *stream, void *data, size_t size);
/* Passes over bytes; -1 with errno, or 0 in it where the stream has ended. */
int tar_stream_skip(struct tar_stream *stream, uint64_t size);

/* How many bytes fill up the last block of `size`. */
static inline uint64_t tar_padding(uint64_t size)
{
	return (512 - size % 512) % 512;
}

#endif
