/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the entries of a tar stream, with the headers that describe them. Does not touch files. */
#ifndef BACKENDS_FILES_TAR_ENTRY_H
#define BACKENDS_FILES_TAR_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "backends/files/tar_sparse.h"
#include "warden/backend.h"

enum { TAR_BUFFER = 64 * 1024 };

/* A buffered stream. */
struct tar_stream {
	int fd;
	uint64_t at;                /* bytes consumed so far */
	const _Atomic bool *cancel; /* read(2) fails with ECANCELED if it is set; NULL: none */
	size_t begin, end;          /* the unread part of buffer */
	char buffer[TAR_BUFFER];
};

/* An entry. */
struct tar_entry {
	char *name, *link; /* link "" if there is none */
	/* TAR_FILE, also for types that are not known, TAR_HARD_LINK to TAR_FIFO, or
	 * TAR_GNU_CONTINUED. */
	char type;
	uint32_t mode;
	int64_t mtime;
	uint32_t mtime_ns;
	uint64_t size;            /* of the data that follow in the stream, padded to a block */
	struct tar_sparse sparse; /* of a TAR_FILE */
};

/* Reads the next entry. Returns 1, and the caller frees the entry and reads or skips its data; 0 at
 * the end of the stream; -1 and `err` if it is no tar stream or damaged. */
int tar_entry_next(struct tar_stream *stream, struct tar_entry *entry, struct warden_error *err);
void tar_entry_free(struct tar_entry *entry);

/* Reads at most `size` bytes; 0 at the end of the stream. -1 with errno. */
ssize_t tar_stream_read(struct tar_stream *stream, void *data, size_t size);
/* Reads `size` bytes. Returns 1, 0 if the stream ends before the first byte, or -1 and `err`. */
int tar_stream_read_whole(struct tar_stream *stream, void *data, size_t size,
			  struct warden_error *err);
/* Skips bytes. -1 with errno, which is 0 if the stream has ended. */
int tar_stream_skip(struct tar_stream *stream, uint64_t size);

/* Parses a field of a header: octal, with blanks around it, or GNU's binary form. False: neither,
 * or too large. */
bool tar_entry_parse_number(const char *field, size_t size, int64_t *number);
/* Parses a decimal number of at most INT64_MAX, which is the whole text. */
bool tar_entry_parse_size(const char *text, uint64_t *size);

/* The bytes that pad data of `size` bytes to a whole block. */
static inline uint64_t tar_padding(uint64_t size)
{
	return (512 - size % 512) % 512;
}

#endif
