/* SPDX-License-Identifier: Apache-2.0 */
/* Parses the maps of sparse files; see tar_sparse.h. The sender is untrusted: a map is checked as a
 * whole before a byte is written. */
#include <config.h>

#include "backends/files/tar_sparse.h"

#include <stdlib.h>
#include <string.h>

#include "backends/files/tar_entry.h"
#include "backends/files/tar_format.h"

enum {
	NUMBERS_MAX = 2 * 128 * 1024, /* of a map: 2 MiB */
	FIELD = 12,                   /* bytes of a number in the old form */
	HEADER_MAP = 386,             /* where the map is in the header */
	HEADER_NUMBERS = 8,
	HEADER_MORE = 482, /* not 0: a block of the map follows */
	HEADER_SIZE = 483,
	BLOCK_NUMBERS = 42,
	BLOCK_MORE = 504,
	DIGITS_MAX = 20,
};

static int tar_sparse_damaged(struct warden_error *err)
{
	return warden_error_set(err, "the map of a sparse file in the tar stream is damaged");
}

static int tar_sparse_add(struct tar_sparse *sparse, uint64_t number, struct warden_error *err)
{
	if (sparse->n_numbers == NUMBERS_MAX)
		return warden_error_set(err,
					"a sparse file in the tar stream has more than %d "
					"parts",
					NUMBERS_MAX / 2);
	/* Grows at powers of two. */
	if ((sparse->n_numbers & (sparse->n_numbers - 1)) == 0) {
		size_t n = sparse->n_numbers ? sparse->n_numbers * 2 : 2;
		uint64_t *grown = reallocarray(sparse->numbers, n, sizeof(*grown));

		if (!grown)
			return warden_error_errno(err, "read the map of a sparse file");
		sparse->numbers = grown;
	}
	sparse->numbers[sparse->n_numbers++] = number;
	return 0;
}

static int tar_sparse_add_text(struct tar_sparse *sparse, const char *text,
			       struct warden_error *err)
{
	uint64_t number;

	if (!tar_entry_parse_size(text, &number))
		return tar_sparse_damaged(err);
	return tar_sparse_add(sparse, number, err);
}

/* Form 0.1: all numbers in one record, with commas between them. */
static int tar_sparse_add_list(struct tar_sparse *sparse, const char *value,
			       struct warden_error *err)
{
	char text[DIGITS_MAX + 1];

	while (*value) {
		size_t length = strcspn(value, ",");

		if (length > DIGITS_MAX)
			return tar_sparse_damaged(err);
		memcpy(text, value, length);
		text[length] = '\0';
		if (tar_sparse_add_text(sparse, text, err) < 0)
			return -1;
		value += length + (value[length] == ',');
	}
	return 0;
}

int tar_sparse_set_record(struct tar_sparse *sparse, const char *key, const char *value,
			  struct warden_error *err)
{
	bool is_offset = strcmp(key, "offset") == 0;

	sparse->is_set = true;
	if (strcmp(key, "size") == 0 || strcmp(key, "realsize") == 0)
		return tar_entry_parse_size(value, &sparse->size) ? 0 : tar_sparse_damaged(err);
	if (strcmp(key, "map") == 0)
		return tar_sparse_add_list(sparse, value, err);
	if (is_offset || strcmp(key, "numbytes") == 0) {
		if (is_offset != (sparse->n_numbers % 2 == 0))
			return tar_sparse_damaged(err);
		return tar_sparse_add_text(sparse, value, err);
	}
	if (strcmp(key, "major") == 0) {
		sparse->is_in_data = strcmp(value, "1") == 0;
		if (!sparse->is_in_data && strcmp(value, "0") != 0)
			return warden_error_set(err,
						"the tar stream has a sparse file of an "
						"unknown form: %.20s",
						value);
	}
	/* "numblocks" says what is counted, and all minor versions of a form are alike. */
	return 0;
}

static int tar_sparse_add_fields(struct tar_sparse *sparse, const char *fields, int n,
				 struct warden_error *err)
{
	for (int i = 0; i < n; i++, fields += FIELD) {
		int64_t number;

		if (i % 2 == 0 && !*fields) /* the rest is not used */
			return 0;
		if (!tar_entry_parse_number(fields, FIELD, &number) || number < 0)
			return tar_sparse_damaged(err);
		if (tar_sparse_add(sparse, (uint64_t)number, err) < 0)
			return -1;
	}
	return 0;
}

int tar_sparse_read_header(struct tar_sparse *sparse, struct tar_stream *stream,
			   const struct tar_header *header, struct warden_error *err)
{
	const char *bytes = (const char *)header;
	char block[TAR_BLOCK];
	int64_t size;
	bool more = bytes[HEADER_MORE];

	sparse->is_set = true;
	if (!tar_entry_parse_number(bytes + HEADER_SIZE, FIELD, &size) || size < 0)
		return tar_sparse_damaged(err);
	sparse->size = (uint64_t)size;
	if (tar_sparse_add_fields(sparse, bytes + HEADER_MAP, HEADER_NUMBERS, err) < 0)
		return -1;
	while (more) {
		int got = tar_stream_read_whole(stream, block, sizeof(block), err);

		if (got <= 0)
			return got < 0 ? -1 : tar_sparse_damaged(err);
		/* A block without a number would let a sender go on for ever. */
		if (!*block || tar_sparse_add_fields(sparse, block, BLOCK_NUMBERS, err) < 0)
			return *block ? -1 : tar_sparse_damaged(err);
		more = block[BLOCK_MORE];
	}
	return 0;
}

/* Reads a line of the data, without its end. */
static int tar_sparse_read_line(struct tar_stream *stream, uint64_t *left, char *line,
				struct warden_error *err)
{
	for (size_t i = 0; i <= DIGITS_MAX && *left > 0; i++) {
		int got = tar_stream_read_whole(stream, line + i, 1, err);

		if (got <= 0)
			return got < 0 ? -1 : tar_sparse_damaged(err);
		--*left;
		if (line[i] == '\n') {
			line[i] = '\0';
			return 0;
		}
	}
	return tar_sparse_damaged(err);
}

/* Form 1.0: the data begin with the number of chunks and the map, a number a line. */
static int tar_sparse_read_map(struct tar_sparse *sparse, struct tar_stream *stream, uint64_t *size,
			       struct warden_error *err)
{
	char line[DIGITS_MAX + 1];
	uint64_t left = *size, n, padding;

	if (tar_sparse_read_line(stream, &left, line, err) < 0)
		return -1;
	if (!tar_entry_parse_size(line, &n) || n > NUMBERS_MAX || sparse->n_numbers > 0)
		return tar_sparse_damaged(err);
	for (uint64_t i = 0; i < 2 * n; i++)
		if (tar_sparse_read_line(stream, &left, line, err) < 0 ||
		    tar_sparse_add_text(sparse, line, err) < 0)
			return -1;
	padding = tar_padding(*size - left);
	if (padding > left || tar_stream_skip(stream, padding) < 0)
		return tar_sparse_damaged(err);
	*size = left - padding;
	return 0;
}

int tar_sparse_finish(struct tar_sparse *sparse, struct tar_stream *stream, uint64_t *size,
		      struct warden_error *err)
{
	uint64_t end = 0, data = 0;

	if (sparse->is_in_data && tar_sparse_read_map(sparse, stream, size, err) < 0)
		return -1;
	if (sparse->n_numbers % 2 != 0)
		return tar_sparse_damaged(err);
	for (size_t i = 0; i < tar_sparse_chunks(sparse); i++) {
		struct tar_chunk chunk = tar_sparse_chunk(sparse, i);

		if (chunk.offset < end || chunk.offset > sparse->size ||
		    chunk.size > sparse->size - chunk.offset)
			return tar_sparse_damaged(err);
		end = chunk.offset + chunk.size;
		data += chunk.size;
	}
	return data == *size ? 0 : tar_sparse_damaged(err);
}

void tar_sparse_free(struct tar_sparse *sparse)
{
	free(sparse->numbers);
	*sparse = (struct tar_sparse){0};
}
