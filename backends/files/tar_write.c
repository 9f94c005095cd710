/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a tree as a tar stream: the walk is that of a copy whose target is the stream; see tar.h.
 */
#include <config.h>

#include "backends/files/tar.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/files/copy_private.h"
#include "backends/files/tar_format.h"

/* The largest numbers that a header can hold; larger ones go into pax records. */
#define ID_LIMIT   UINT64_C(07777777)
#define SIZE_LIMIT UINT64_C(077777777777)

/* The stream cannot continue. Always returns -1. */
static int tar_write_fail(struct copy_state *copy, const char *what)
{
	copy->has_error = true;
	return warden_error_errno(copy->err, "%s", what);
}

static int tar_write_bytes(struct copy_state *copy, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = copy_is_cancelled(copy) ? 0 : write(copy->stream_fd, at, size);

		if (n == 0 || copy_is_cancelled(copy)) {
			errno = ECANCELED;
			return tar_write_fail(copy, "write the stream");
		}
		if (n < 0 && errno != EINTR)
			return tar_write_fail(copy, "write the stream");
		at += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int tar_write_zeros(struct copy_state *copy, uint64_t size)
{
	static const char zeros[16 * TAR_BLOCK];

	while (size > 0) {
		size_t part = size < sizeof(zeros) ? (size_t)size : sizeof(zeros);

		if (tar_write_bytes(copy, zeros, part) < 0)
			return -1;
		size -= part;
	}
	return 0;
}

static int tar_write_padding(struct copy_state *copy, uint64_t size)
{
	return tar_write_zeros(copy, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

/* Appends a component to the name of the current entry. */
static int tar_write_append_name(struct copy_state *copy, const char *part)
{
	size_t used = copy->stream_name_used, length = strlen(part);
	char *grown;

	if (used + length + 2 > copy->stream_name_size) {
		grown = realloc(copy->stream_name, 2 * (used + length + 2));
		if (!grown)
			return tar_write_fail(copy, "name an entry of the stream");
		copy->stream_name = grown;
		copy->stream_name_size = 2 * (used + length + 2);
	}
	if (used > 0)
		copy->stream_name[used++] = '/';
	memcpy(copy->stream_name + used, part, length + 1);
	copy->stream_name_used = used + length;
	return 0;
}

/* Builds the path of an entry of the current directory in the stream. */
static int tar_write_make_name(struct copy_state *copy, const char *name, bool directory)
{
	copy->stream_name_used = 0;
	if (copy->depth > 0 && *copy->stream_base &&
	    tar_write_append_name(copy, copy->stream_base) < 0)
		return -1;
	for (size_t i = 1; i < copy->depth; i++)
		if (tar_write_append_name(copy, copy->names + copy->levels[i - 1].next) < 0)
			return -1;
	if (tar_write_append_name(copy, name) < 0)
		return -1;
	return directory ? tar_write_append_name(copy, "") : 0;
}

static void tar_write_format_octal(char *field, size_t size, uint64_t number)
{
	snprintf(field, size, "%0*" PRIo64, (int)size - 1, number);
}

/* Fills a header. Values that are too large for it are cut; pax records before it hold them. */
static void tar_write_fill_header(const struct copy_state *copy, struct tar_header *header,
				  char type, const char *name, const char *link,
				  const struct stat *st, uint64_t size)
{
	uint64_t uid = copy_guard_id(&copy->request->source.guard, st->st_uid),
		 gid = copy_guard_id(&copy->request->source.guard, st->st_gid);
	char checksum[8];

	memset(header, 0, sizeof(*header));
	memcpy(header->name, name, strnlen(name, sizeof(header->name)));
	if (link)
		memcpy(header->link, link, strnlen(link, sizeof(header->link)));
	tar_write_format_octal(header->mode, sizeof(header->mode),
			       copy_mode(copy, st->st_mode) & 07777);
	tar_write_format_octal(header->uid, sizeof(header->uid), uid > ID_LIMIT ? ID_LIMIT : uid);
	tar_write_format_octal(header->gid, sizeof(header->gid), gid > ID_LIMIT ? ID_LIMIT : gid);
	tar_write_format_octal(header->size, sizeof(header->size),
			       size > SIZE_LIMIT ? SIZE_LIMIT : size);
	tar_write_format_octal(header->mtime, sizeof(header->mtime),
			       st->st_mtime < 0 || (uint64_t)st->st_mtime > SIZE_LIMIT
				       ? 0
				       : (uint64_t)st->st_mtime);
	header->type = type;
	memcpy(header->magic, "ustar", sizeof(header->magic));
	memcpy(header->version, "00", sizeof(header->version));
	tar_write_format_octal(header->device_major, sizeof(header->device_major), 0);
	tar_write_format_octal(header->device_minor, sizeof(header->device_minor), 0);
	snprintf(checksum, sizeof(checksum), "%06" PRIo32, tar_checksum(header));
	checksum[7] = ' ';
	memcpy(header->checksum, checksum, sizeof(header->checksum));
}

/* Formats a pax record "LENGTH KEY=VALUE\n", where LENGTH counts itself, or only returns its length
 * if `out` is NULL. */
static size_t tar_write_format_record(char *out, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, length = rest;
	char digits[24];

	while (length != rest + (size_t)snprintf(digits, sizeof(digits), "%zu", length))
		length = rest + strlen(digits);
	/* The NUL is overwritten by the next record. */
	if (out)
		sprintf(out, "%zu %s=%s\n", length, key, value);
	return length;
}

struct pax_record {
	const char *key;
	const char *value; /* NULL: not needed */
};

static int tar_write_records(struct copy_state *copy, const struct pax_record *records, size_t n,
			     const struct stat *st)
{
	struct tar_header header;
	size_t length = 0, at = 0;
	char *text;
	int result;

	for (size_t i = 0; i < n; i++)
		if (records[i].value)
			length += tar_write_format_record(NULL, records[i].key, records[i].value);
	if (length == 0)
		return 0;
	text = malloc(length + 1);
	if (!text)
		return tar_write_fail(copy, "describe an entry of the stream");
	for (size_t i = 0; i < n; i++)
		if (records[i].value)
			at += tar_write_format_record(text + at, records[i].key, records[i].value);
	tar_write_fill_header(copy, &header, TAR_PAX, "pax_header", NULL, st, length);
	result = tar_write_bytes(copy, &header, sizeof(header));
	if (result == 0)
		result = tar_write_bytes(copy, text, length);
	if (result == 0)
		result = tar_write_padding(copy, length);
	free(text);
	return result;
}

static const char *tar_write_number_over(uint64_t number, uint64_t most, char text[24])
{
	if (number <= most)
		return NULL;
	snprintf(text, 24, "%" PRIu64, number);
	return text;
}

static int tar_write_header(struct copy_state *copy, char type, const char *link,
			    const struct stat *st, uint64_t size)
{
	const char *name = copy->stream_name;
	struct tar_header header;
	char size_text[24], uid_text[24], gid_text[24];
	const struct pax_record records[] = {
		{"path", strlen(name) > sizeof(header.name) ? name : NULL},
		{"linkpath", link && strlen(link) > sizeof(header.link) ? link : NULL},
		{"size", tar_write_number_over(size, SIZE_LIMIT, size_text)},
		{"uid",
		 tar_write_number_over(copy_guard_id(&copy->request->source.guard, st->st_uid),
				       ID_LIMIT, uid_text)},
		{"gid",
		 tar_write_number_over(copy_guard_id(&copy->request->source.guard, st->st_gid),
				       ID_LIMIT, gid_text)},
	};

	if (tar_write_records(copy, records, sizeof(records) / sizeof(records[0]), st) < 0)
		return -1;
	tar_write_fill_header(copy, &header, type, name, link, st, size);
	return tar_write_bytes(copy, &header, sizeof(header));
}

/* Reports a file that has lost bytes which its header promised. */
static int tar_write_report_shrunk(struct copy_state *copy, const char *name)
{
	int result;

	warden_error_set(&copy->refusal, "it became shorter meanwhile");
	errno = ESTALE;
	result = copy_failed_source(copy, "read", name);
	copy->refusal = (struct warden_error){0};
	return result;
}

/* Writes exactly as many bytes as the header says: zeros replace bytes that cannot be read. */
static int tar_write_data(struct copy_state *copy, const struct copy_item *item)
{
	uint64_t size = (uint64_t)item->stat.st_size, done = 0;
	ssize_t got = 0;

	while (done < size) {
		uint64_t left = size - done;

		got = pread(item->fd, copy->buffer, left < COPY_BUFFER ? left : COPY_BUFFER,
			    (off_t)done);
		if (got < 0 && errno == EINTR && !copy_is_cancelled(copy))
			continue;
		if (got < 0 && copy_failed_source(copy, "read", item->name) < 0)
			return -1;
		if (got <= 0)
			break;
		if (tar_write_bytes(copy, copy->buffer, (size_t)got) < 0)
			return -1;
		copy_count(&copy->progress->bytes, (uint64_t)got);
		done += (uint64_t)got;
	}
	if (done < size && got == 0 && tar_write_report_shrunk(copy, item->name) < 0)
		return -1;
	if (tar_write_zeros(copy, size - done) < 0)
		return -1;
	return tar_write_padding(copy, size);
}

/* Whether the size of a file may be wrong, as those in /proc (0) and /sys (a page, without blocks)
 * are. */
static bool tar_write_doubts_size(const struct stat *st)
{
	return st->st_size == 0 || (st->st_blocks == 0 && st->st_size < COPY_BUFFER);
}

/* Reads a whole file into the buffer. Returns the bytes, or -1 with errno: EFBIG if there are more
 * than the buffer holds. */
static ssize_t tar_write_read_whole(struct copy_state *copy, int fd)
{
	size_t length = 0;
	char more;

	while (length <= COPY_BUFFER) {
		size_t left = COPY_BUFFER - length;
		ssize_t got = pread(fd, left > 0 ? copy->buffer + length : &more,
				    left > 0 ? left : 1, (off_t)length);

		if (got == 0)
			return (ssize_t)length;
		if (got < 0 && (errno != EINTR || copy_is_cancelled(copy)))
			return -1;
		length += got > 0 ? (size_t)got : 0;
	}
	errno = EFBIG;
	return -1;
}

/* Writes a file that must be read before its size is known. */
static int tar_write_unsized(struct copy_state *copy, const struct copy_item *item)
{
	ssize_t length = tar_write_read_whole(copy, item->fd);

	if (length < 0)
		return copy_failed_source(copy, "read", item->name);
	if (tar_write_header(copy, TAR_FILE, NULL, &item->stat, (uint64_t)length) < 0 ||
	    tar_write_bytes(copy, copy->buffer, (size_t)length) < 0 ||
	    tar_write_padding(copy, (uint64_t)length) < 0)
		return -1;
	copy_count(&copy->progress->bytes, (uint64_t)length);
	copy_count(&copy->progress->files, 1);
	return 0;
}

int tar_put_directory(struct copy_state *copy, const char *name, const struct stat *st)
{
	if (tar_write_make_name(copy, name, true) < 0)
		return -1;
	return tar_write_header(copy, TAR_DIRECTORY, NULL, st, 0);
}

int tar_put_item(struct copy_state *copy, const char *name, const struct copy_item *item)
{
	int result = tar_write_make_name(copy, name, false);

	if (result == 0 && !item->link && tar_write_doubts_size(&item->stat))
		return tar_write_unsized(copy, item);
	if (result == 0 && item->link)
		result = tar_write_header(copy, TAR_SYMLINK, item->link, &item->stat, 0);
	else if (result == 0)
		result = tar_write_header(copy, TAR_FILE, NULL, &item->stat,
					  (uint64_t)item->stat.st_size);
	if (result == 0 && !item->link)
		result = tar_write_data(copy, item);
	if (result == 0)
		copy_count(item->link ? &copy->progress->links : &copy->progress->files, 1);
	return result;
}

static int tar_write_run(struct copy_state *copy, void *data)
{
	int result;

	copy->streams = true;
	copy->stream_fd = *(const int *)data;
	result = copy_to_tar_stream(copy);
	if (result == 0)
		result = tar_write_zeros(copy, UINT64_C(2) * TAR_BLOCK);
	free(copy->stream_name);
	return result;
}

int tar_write(const struct copy_request *request, int fd, struct warden_error *err)
{
	return copy_run(request, tar_write_run, &fd, err);
}
