/* SPDX-License-Identifier: Apache-2.0 */
/* See source.h. Only the needed formats and filters are enabled: some of the others start
 * programs. */
#include <config.h>

#include "client/unpack/source.h"

#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"

enum { BLOCK_SIZE = 128 * 1024, TAR_BLOCK = 512 };

static int source_fail(struct unpack_source *source, struct warden_error *err)
{
	const char *text = archive_error_string(source->archive);

	return warden_error_set(err, "%s", text ? text : "cannot be read");
}

static void source_show_progress(const struct unpack_source *source)
{
	struct archive *file = source->bytes ? source->bytes : source->archive;

	progress_show(source->progress, (uint64_t)archive_filter_bytes(file, -1));
}

/* Failures are ignored: a file with an unsupported filter is not recognised. */
static void source_support_filters(struct archive *archive)
{
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_lzma(archive);
	archive_read_support_filter_zstd(archive);
	archive_read_support_filter_lz4(archive);
}

static int source_open(struct unpack_source *source, int fd, struct progress *progress,
		       int (*support_format)(struct archive *archive), struct warden_error *err)
{
	source->progress = progress;
	source->archive = archive_read_new();
	if (!source->archive)
		return warden_error_set(err, "no memory");
	source_support_filters(source->archive);
	if (lseek(fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
		return warden_error_errno(err, "seek to its beginning");
	if (support_format(source->archive) != ARCHIVE_OK ||
	    archive_read_open_fd(source->archive, fd, BLOCK_SIZE) != ARCHIVE_OK)
		return source_fail(source, err);
	return 0;
}

int unpack_source_open_tar(struct unpack_source *source, int fd, struct progress *progress,
			   struct warden_error *err)
{
	return source_open(source, fd, progress, archive_read_support_format_tar, err);
}

int unpack_source_open_raw(struct unpack_source *source, int fd, struct progress *progress,
			   struct warden_error *err)
{
	struct archive_entry *entry;

	if (source_open(source, fd, progress, archive_read_support_format_raw, err) < 0)
		return -1;
	return unpack_source_next(source, &entry, err) < 0 ? -1 : 0;
}

/* Reads the decompressed bytes, and at their end zeroes up to a whole block. */
static la_ssize_t source_read_padded(struct archive *archive, void *data, const void **buffer)
{
	struct unpack_source *source = data;
	la_ssize_t size = archive_read_data(source->bytes, source->buffer, BLOCK_SIZE);

	*buffer = source->buffer;
	if (size < 0) {
		archive_set_error(archive, EIO, "%s", archive_error_string(source->bytes));
		return -1;
	}
	if (size == 0 && source->n_bytes % TAR_BLOCK != 0) {
		size = source->padding = TAR_BLOCK - (unsigned int)(source->n_bytes % TAR_BLOCK);
		memset(source->buffer, 0, (size_t)size);
	}
	source->n_bytes += (uint64_t)size;
	return size;
}

int unpack_source_open_layer(struct unpack_source *source, int fd, struct progress *progress,
			     struct warden_error *err)
{
	if (unpack_source_open_raw(source, fd, progress, err) < 0)
		return -1;
	source->bytes = source->archive;
	source->archive = archive_read_new();
	source->buffer = malloc(BLOCK_SIZE);
	if (!source->archive || !source->buffer)
		return warden_error_set(err, "no memory");
	if (archive_read_support_format_tar(source->archive) != ARCHIVE_OK ||
	    archive_read_open(source->archive, source, NULL, source_read_padded, NULL) !=
		    ARCHIVE_OK)
		return source_fail(source, err);
	return 0;
}

void unpack_source_close(struct unpack_source *source)
{
	archive_read_free(source->archive); /* both were only read */
	archive_read_free(source->bytes);
	free(source->buffer);
	*source = (struct unpack_source){0};
}

int unpack_source_next(struct unpack_source *source, struct archive_entry **entry,
		       struct warden_error *err)
{
	int result = archive_read_next_header(source->archive, entry);

	source_show_progress(source);
	if (result == ARCHIVE_EOF && source->padding > source->pads)
		return warden_error_set(err, "its last file is cut short");
	if (result == ARCHIVE_EOF)
		return 0;
	/* ARCHIVE_WARN: a name could not be converted and is returned unchanged. */
	if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
		return source_fail(source, err);
	source->pads = (unsigned int)(-archive_entry_size(*entry) & (TAR_BLOCK - 1));
	return 1;
}

ssize_t unpack_source_read(struct unpack_source *source, void *buffer, size_t size,
			   struct warden_error *err)
{
	la_ssize_t result = archive_read_data(source->archive, buffer, size);

	source_show_progress(source);
	return result < 0 ? source_fail(source, err) : (ssize_t)result;
}

int unpack_source_block(struct unpack_source *source, const void **data, size_t *size,
			off_t *offset, struct warden_error *err)
{
	la_int64_t place;
	int result = archive_read_data_block(source->archive, data, size, &place);

	source_show_progress(source);
	*offset = (off_t)place;
	if (result == ARCHIVE_EOF)
		return 0;
	return result == ARCHIVE_OK ? 1 : source_fail(source, err);
}
