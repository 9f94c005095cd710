/* SPDX-License-Identifier: Apache-2.0 */
/* The map of a sparse file in a tar stream, in each form that GNU tar has written: which parts of
 * the file follow as data. All else is holes. */
#ifndef BACKENDS_FILES_TAR_SPARSE_H
#define BACKENDS_FILES_TAR_SPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "warden/backend.h"

struct tar_stream;
struct tar_header;

struct tar_chunk {
	uint64_t offset, size;
};

struct tar_sparse {
	bool is_set;      /* else the file is not sparse */
	bool is_in_data;  /* the data begin with the map */
	uint64_t size;    /* of the file, with its holes */
	size_t n_numbers; /* of the map: an offset and a size of each chunk */
	uint64_t *numbers;
};

/* How the keys of pax records begin. */
#define TAR_SPARSE_KEY "GNU.sparse."

/* Applies a pax record, but for the name. `key` is without TAR_SPARSE_KEY. 0, or -1 and `err`. */
int tar_sparse_set_record(struct tar_sparse *sparse, const char *key, const char *value,
			  struct warden_error *err);
/* Reads the map of the old form, which begins in the header and goes on behind it. */
int tar_sparse_read_header(struct tar_sparse *sparse, struct tar_stream *stream,
			   const struct tar_header *header, struct warden_error *err);
/* Reads the map if it is in the data, of which `*size` bytes are left then, and checks it. */
int tar_sparse_finish(struct tar_sparse *sparse, struct tar_stream *stream, uint64_t *size,
		      struct warden_error *err);
void tar_sparse_free(struct tar_sparse *sparse);

static inline size_t tar_sparse_chunks(const struct tar_sparse *sparse)
{
	return sparse->n_numbers / 2;
}

static inline struct tar_chunk tar_sparse_chunk(const struct tar_sparse *sparse, size_t i)
{
	return (struct tar_chunk){sparse->numbers[2 * i], sparse->numbers[2 * i + 1]};
}

#endif
