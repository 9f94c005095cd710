/* SPDX-License-Identifier: Apache-2.0 */
/* See source.h. Only formats and filters that are meant are switched on: some of the others start
 * programs. */
#include <config.h>

#include "client/unpack/source.h"

#include <unistd.h>

#include "core/util.h"

enum { BLOCK_SIZE = 128 * 1024 };

static int failed(struct source *source, struct warden_error *err)
{
	const char *text = archive_error_string(source->archive);

	return warden_error_set(err, "%s", text ? text : "cannot be read");
}

/* A filter that this libarchive lacks is one that no file is recognised by. */
static void support_filters(struct archive *archive)
{
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_lzma(archive);
	archive_read_support_filter_zstd(archive);
	archive_read_support_filter_lz4(archive);
}

static int source_open(struct source *source, int fd, struct progress *progress,
		       int (*support_format)(struct archive *archive), struct warden_error *err)
{
	source->progress = progress;
	source->archive = archive_read_new();
	if (!source->archive)
		return warden_error_set(err, "no memory");
	support_filters(source->archive);
	if (lseek(fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
		return warden_error_errno(err, "go to its beginning");
	if (support_format(source->archive) != ARCHIVE_OK ||
	    archive_read_open_fd(source->archive, fd, BLOCK_SIZE) != ARCHIVE_OK)
		return failed(source, err);
	return 0;
}

int source_open_tar(struct source *source, int fd, struct progress *progress,
		    struct warden_error *err)
{
	return source_open(source, fd, progress, archive_read_support_format_tar, err);
}

int source_open_raw(struct source *source, int fd, struct progress *progress,
		    struct warden_error *err)
{
	struct archive_entry *entry;

	if (source_open(source, fd, progress, archive_read_support_format_raw, err) < 0)
		return -1;
	return source_next(source, &entry, err) < 0 ? -1 : 0;
}

void source_close(struct source *source)
{
	archive_read_free(source->archive); /* was only read from */
	source->archive = NULL;
}

int source_next(struct source *source, struct archive_entry **entry, struct warden_error *err)
{
	int result = archive_read_next_header(source->archive, entry);

	progress_show(source->progress, (uint64_t)archive_filter_bytes(source->archive, -1));
	if (result == ARCHIVE_EOF)
		return 0;
	/* A warning tells of a name that could not be converted, and comes as it is. */
	return result == ARCHIVE_OK || result == ARCHIVE_WARN ? 1 : failed(source, err);
}

ssize_t source_read(struct source *source, void *buffer, size_t size, struct warden_error *err)
{
	la_ssize_t result = archive_read_data(source->archive, buffer, size);

	progress_show(source->progress, (uint64_t)archive_filter_bytes(source->archive, -1));
	return result < 0 ? failed(source, err) : (ssize_t)result;
}

int source_block(struct source *source, const void **data, size_t *size, off_t *offset,
		 struct warden_error *err)
{
	la_int64_t place;
	int result = archive_read_data_block(source->archive, data, size, &place);

	progress_show(source->progress, (uint64_t)archive_filter_bytes(source->archive, -1));
	*offset = (off_t)place;
	if (result == ARCHIVE_EOF)
		return 0;
	return result == ARCHIVE_OK ? 1 : failed(source, err);
}
