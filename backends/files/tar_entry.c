/* SPDX-License-Identifier: Apache-2.0 */
/* Parses headers of tar streams; see tar_entry.h. The sender is untrusted: every number is checked
 * and every text is limited. */
#include <config.h>

#include "backends/files/tar_entry.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/files/tar_format.h"

enum {
	PAX_MAX = 1024 * 1024, /* pax records of an entry */
	NAME_MAX_ = 64 * 1024, /* a name or a link */
};

/* Fills the buffer. Returns the bytes read, 0 at the end of the stream, or -1 with errno. */
static ssize_t tar_stream_fill_buffer(struct tar_stream *stream)
{
	ssize_t got;

	do {
		if (stream->cancel && atomic_load_explicit(stream->cancel, memory_order_relaxed)) {
			errno = ECANCELED;
			return -1;
		}
		got = read(stream->fd, stream->buffer, sizeof(stream->buffer));
	} while (got < 0 && errno == EINTR);
	stream->begin = 0;
	stream->end = got > 0 ? (size_t)got : 0;
	return got;
}

ssize_t tar_stream_read(struct tar_stream *stream, void *data, size_t size)
{
	size_t there;

	if (stream->begin == stream->end) {
		ssize_t got = tar_stream_fill_buffer(stream);

		if (got <= 0)
			return got;
	}
	there = stream->end - stream->begin;
	if (size > there)
		size = there;
	memcpy(data, stream->buffer + stream->begin, size);
	stream->begin += size;
	stream->at += size;
	return (ssize_t)size;
}

int tar_stream_skip(struct tar_stream *stream, uint64_t size)
{
	while (size > 0) {
		size_t there = stream->end - stream->begin;

		if (there == 0) {
			ssize_t got = tar_stream_fill_buffer(stream);

			if (got <= 0) {
				errno = got < 0 ? errno : 0;
				return -1;
			}
			continue;
		}
		if (there > size)
			there = (size_t)size;
		stream->begin += there;
		stream->at += there;
		size -= there;
	}
	return 0;
}

int tar_stream_read_whole(struct tar_stream *stream, void *data, size_t size,
			  struct warden_error *err)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = tar_stream_read(stream, (char *)data + done, size - done);

		if (got < 0)
			return warden_error_errno(err, "read the stream");
		if (got == 0 && done == 0)
			return 0;
		if (got == 0)
			return warden_error_set(err,
						"the tar stream ends at byte %llu, within a "
						"header",
						(unsigned long long)stream->at);
		done += (size_t)got;
	}
	return 1;
}

/* GNU's binary form sets the top bit of a number of 95 bits; a negative one begins with 0xff. */
bool tar_entry_parse_number(const char *field, size_t size, int64_t *number)
{
	const unsigned char *at = (const unsigned char *)field;
	uint64_t value = 0;
	size_t i = 0;

	if (at[0] == 0x80) {
		for (i = 1; i < size; i++) {
			if (value >> 55)
				return false;
			value = value << 8 | at[i];
		}
		*number = (int64_t)value;
		return true;
	}
	if (at[0] == 0xff) {
		for (i = 1; i < size && i + 8 < size; i++)
			if (at[i] != 0xff)
				return false;
		for (value = UINT64_MAX; i < size; i++)
			value = value << 8 | at[i];
		*number = (int64_t)value;
		return *number < 0;
	}
	while (i < size && at[i] == ' ')
		i++;
	for (; i < size && at[i] >= '0' && at[i] <= '7'; i++) {
		if (value >> 60)
			return false;
		value = value << 3 | (at[i] - (unsigned)'0');
	}
	*number = (int64_t)value;
	return i == size || at[i] == ' ' || at[i] == '\0';
}

static bool tar_entry_is_zero(const struct tar_header *header)
{
	const char *bytes = (const char *)header;

	return bytes[0] == '\0' && memcmp(bytes, bytes + 1, TAR_BLOCK - 1) == 0;
}

/* Checks the checksum; some old writers summed up signed bytes. */
static bool tar_entry_is_header(const struct tar_header *header)
{
	const signed char *bytes = (const signed char *)header;
	size_t from = offsetof(struct tar_header, checksum);
	int64_t stored, sum = 0;

	if (!tar_entry_parse_number(header->checksum, sizeof(header->checksum), &stored))
		return false;
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= from && i < from + sizeof(header->checksum) ? ' ' : bytes[i];
	return stored == tar_checksum(header) || stored == sum;
}

/* Names the format of a stream that is not tar, or returns NULL. */
static const char *tar_entry_guess_format(const struct tar_header *header)
{
	static const struct {
		const char *magic;
		size_t length;
		const char *name;
	} formats[] = {
		{"\x1f\x8b", 2, "gzip"},
		{"BZh", 3, "bzip2"},
		{"\xfd"
		 "7zXZ",
		 5, "xz"},
		{"\x28\xb5\x2f\xfd", 4, "zstd"},
		{"PK\x03\x04", 4, "zip"},
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (memcmp(header, formats[i].magic, formats[i].length) == 0)
			return formats[i].name;
	return NULL;
}

static int tar_entry_refuse(const struct tar_stream *stream, const struct tar_header *header,
			    struct warden_error *err)
{
	const char *format = stream->at == TAR_BLOCK ? tar_entry_guess_format(header) : NULL;

	if (format)
		return warden_error_set(err, "the stream is %s, not tar: uncompress it first",
					format);
	return warden_error_set(err, "no tar header at byte %llu of the stream",
				(unsigned long long)(stream->at - TAR_BLOCK));
}

/* Reads the data of a header that describes the next entry, as text. NULL and `err`. */
static char *tar_entry_read_text(struct tar_stream *stream, uint64_t size, size_t most,
				 struct warden_error *err)
{
	char *text;
	int got;

	if (size > most) {
		warden_error_set(err,
				 "byte %llu of the tar stream: a header of %llu bytes, at most "
				 "%zu are allowed",
				 (unsigned long long)stream->at, (unsigned long long)size, most);
		return NULL;
	}
	text = malloc((size_t)size + 1);
	if (!text) {
		warden_error_errno(err, "read a header of the tar stream");
		return NULL;
	}
	text[size] = '\0';
	got = size > 0 ? tar_stream_read_whole(stream, text, (size_t)size, err) : 1;
	if (got > 0 && tar_stream_skip(stream, tar_padding(size)) == 0)
		return text;
	free(text);
	if (got >= 0)
		warden_error_set(err, "the tar stream ends within a header");
	return NULL;
}

/* Attributes of the next entry from pax and GNU headers. */
struct extension {
	char *name, *link;
	bool has_size, has_mtime;
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_ns;
	char *sparse_name; /* of a sparse file: before any other name */
	struct tar_sparse sparse;
};

static void tar_extension_free(struct extension *extension)
{
	free(extension->name);
	free(extension->link);
	free(extension->sparse_name);
	tar_sparse_free(&extension->sparse);
	*extension = (struct extension){0};
}

static int tar_extension_set_text(char **to, const char *value, size_t length,
				  struct warden_error *err)
{
	if (length > NAME_MAX_ || memchr(value, '\0', length))
		return warden_error_set(err, "a name in the tar stream holds NUL or is too long");
	free(*to);
	*to = strndup(value, length);
	return *to ? 0 : warden_error_errno(err, "read a name of the tar stream");
}

bool tar_entry_parse_size(const char *text, uint64_t *size)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*size = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' && *size <= INT64_MAX;
}

/* Parses seconds with a fraction, perhaps negative. */
static bool tar_entry_parse_time(const char *text, struct extension *extension)
{
	char *end;
	uint32_t scale = 100000000;

	errno = 0;
	extension->mtime = strtoll(text, &end, 10);
	extension->mtime_ns = 0;
	if (errno != 0 || end == text)
		return false;
	if (*end == '.')
		for (end++; *end >= '0' && *end <= '9'; end++, scale /= 10)
			extension->mtime_ns += (uint32_t)(*end - '0') * scale;
	if (*text == '-' && extension->mtime_ns > 0) {
		if (extension->mtime == INT64_MIN)
			return false;
		extension->mtime--;
		extension->mtime_ns = 1000000000 - extension->mtime_ns;
	}
	return *end == '\0';
}

static int tar_extension_set_record(struct extension *extension, const char *key, const char *value,
				    size_t length, struct warden_error *err)
{
	if (strcmp(key, "path") == 0)
		return tar_extension_set_text(&extension->name, value, length, err);
	if (strcmp(key, "linkpath") == 0)
		return tar_extension_set_text(&extension->link, value, length, err);
	if (strcmp(key, TAR_SPARSE_KEY "name") == 0)
		return tar_extension_set_text(&extension->sparse_name, value, length, err);
	if (strncmp(key, TAR_SPARSE_KEY, strlen(TAR_SPARSE_KEY)) == 0)
		return tar_sparse_set_record(&extension->sparse, key + strlen(TAR_SPARSE_KEY),
					     value, err);
	extension->has_size = extension->has_size || strcmp(key, "size") == 0;
	extension->has_mtime = extension->has_mtime || strcmp(key, "mtime") == 0;
	if ((strcmp(key, "size") == 0 && !tar_entry_parse_size(value, &extension->size)) ||
	    (strcmp(key, "mtime") == 0 && !tar_entry_parse_time(value, extension)))
		return warden_error_set(err, "%s in the tar stream is no number: %.64s", key,
					value);
	return 0;
}

/* Applies pax records: "LENGTH KEY=VALUE\n", LENGTH counts the whole record. */
static int tar_extension_set_records(struct extension *extension, char *text, size_t size,
				     struct warden_error *err)
{
	while (size > 0) {
		char *end, *value;
		unsigned long length = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;

		if (length == 0 || length > size || *end != ' ' || text[length - 1] != '\n')
			return warden_error_set(err, "a pax header of the tar stream is damaged");
		text[length - 1] = '\0';
		value = memchr(end + 1, '=', (size_t)(text + length - end - 1));
		if (!value)
			return warden_error_set(err, "a pax header of the tar stream is damaged");
		*value++ = '\0';
		if (tar_extension_set_record(extension, end + 1, value,
					     (size_t)(text + length - 1 - value), err) < 0)
			return -1;
		text += length;
		size -= length;
	}
	return 0;
}

static int tar_extension_read_pax(struct tar_stream *stream, struct extension *extension,
				  uint64_t size, struct warden_error *err)
{
	char *text = tar_entry_read_text(stream, size, PAX_MAX, err);
	int result = text ? tar_extension_set_records(extension, text, (size_t)size, err) : -1;

	free(text);
	return result;
}

static int tar_extension_read_long(struct tar_stream *stream, char **to, uint64_t size,
				   struct warden_error *err)
{
	char *text = tar_entry_read_text(stream, size, NAME_MAX_, err);

	if (!text)
		return -1;
	free(*to);
	*to = text;
	return 0;
}

static int tar_extension_skip(struct tar_stream *stream, uint64_t size, struct warden_error *err)
{
	if (tar_stream_skip(stream, size + tar_padding(size)) == 0)
		return 1;
	return warden_error_set(err, "the tar stream ends within a header");
}

/* Reads a header that describes the next entry, or nothing that is unpacked. Returns 1, 0 if this
 * header is an entry itself, or -1 and `err`. */
static int tar_extension_read(struct tar_stream *stream, struct extension *extension, char type,
			      uint64_t size, struct warden_error *err)
{
	switch (type) {
	case TAR_PAX:
	case TAR_SOLARIS_PAX:
		return tar_extension_read_pax(stream, extension, size, err) < 0 ? -1 : 1;
	case TAR_GNU_LONG_NAME:
		return tar_extension_read_long(stream, &extension->name, size, err) < 0 ? -1 : 1;
	case TAR_GNU_LONG_LINK:
		return tar_extension_read_long(stream, &extension->link, size, err) < 0 ? -1 : 1;
	case TAR_GNU_VOLUME_LABEL:
		tar_extension_free(extension); /* what came before describes the label */
		return tar_extension_skip(stream, size, err);
	case TAR_SOLARIS_ACL:
	case TAR_PAX_GLOBAL:
		return tar_extension_skip(stream, size, err);
	default:
		return 0;
	}
}

/* Returns the name in the header; in ustar it may have two parts. NULL if memory is short. */
static char *tar_entry_header_name(const struct tar_header *header)
{
	int prefix = (int)strnlen(header->prefix, sizeof(header->prefix));
	int name = (int)strnlen(header->name, sizeof(header->name));
	char *text;

	if (memcmp(header->magic, "ustar", 6) != 0 || prefix == 0)
		return strndup(header->name, (size_t)name);
	return asprintf(&text, "%.*s/%.*s", prefix, header->prefix, name, header->name) < 0 ? NULL
											    : text;
}

/* A type that is not known is that of a file, as POSIX says. */
static char tar_entry_type(char type)
{
	if (type == TAR_GNU_DUMP_DIRECTORY)
		return TAR_DIRECTORY;
	if ((type >= TAR_FILE && type <= TAR_FIFO) || type == TAR_GNU_CONTINUED)
		return type;
	return TAR_FILE;
}

static void *tar_entry_move_text(char **from)
{
	char *text = *from;

	*from = NULL;
	return text;
}

static int tar_entry_fill(struct tar_entry *entry, const struct tar_header *header,
			  struct extension *extension, uint64_t size, struct warden_error *err)
{
	int64_t mode, mtime;
	size_t length;

	*entry = (struct tar_entry){.type = tar_entry_type(header->type),
				    .size = extension->has_size ? extension->size : size};
	if (extension->sparse_name) {
		free(extension->name);
		extension->name = tar_entry_move_text(&extension->sparse_name);
	}
	entry->name = extension->name ? tar_entry_move_text(&extension->name)
				      : tar_entry_header_name(header);
	entry->link = extension->link ? tar_entry_move_text(&extension->link)
				      : strndup(header->link, sizeof(header->link));
	if (!entry->name || !entry->link)
		return warden_error_errno(err, "read an entry of the tar stream");
	if (!tar_entry_parse_number(header->mode, sizeof(header->mode), &mode) ||
	    !tar_entry_parse_number(header->mtime, sizeof(header->mtime), &mtime))
		return warden_error_set(err, "%.256s in the tar stream: mode or time is no number",
					entry->name);
	entry->mode = (uint32_t)mode & 07777;
	entry->mtime = extension->has_mtime ? extension->mtime : mtime;
	entry->mtime_ns = extension->has_mtime ? extension->mtime_ns : 0;
	length = strlen(entry->name);
	/* The old format marks directories by a trailing slash. */
	if (entry->type == TAR_FILE && length > 0 && entry->name[length - 1] == '/')
		entry->type = TAR_DIRECTORY;
	/* Links and directories have no data, whatever size they state; pax allows hard links to
	 * have data. */
	if (entry->type == TAR_SYMLINK ||
	    (entry->type == TAR_DIRECTORY && header->type != TAR_GNU_DUMP_DIRECTORY))
		entry->size = 0;
	return 1;
}

/* Reads the map of a sparse file. */
static int tar_entry_fill_sparse(struct tar_entry *entry, struct tar_stream *stream,
				 const struct tar_header *header, struct extension *extension,
				 struct warden_error *err)
{
	entry->sparse = extension->sparse;
	extension->sparse = (struct tar_sparse){0};
	if (header->type == TAR_GNU_SPARSE &&
	    tar_sparse_read_header(&entry->sparse, stream, header, err) < 0)
		return -1;
	if (!entry->sparse.is_set)
		return 0;
	if (entry->type != TAR_FILE)
		return warden_error_set(err, "%.256s in the tar stream: sparse, but no file",
					entry->name);
	return tar_sparse_finish(&entry->sparse, stream, &entry->size, err);
}

/* As tar_entry_next; the caller frees `extension`. */
static int tar_entry_read_next(struct tar_stream *stream, struct tar_entry *entry,
			       struct extension *extension, struct warden_error *err)
{
	struct tar_header header = {0};
	int64_t size;
	int result;

	for (;;) {
		result = tar_stream_read_whole(stream, &header, sizeof(header), err);
		if (result == 0 && (extension->name || extension->link || extension->has_size))
			return warden_error_set(
				err, "the tar stream ends after a header that describes an entry");
		if (result <= 0 || tar_entry_is_zero(&header))
			return result < 0 ? -1 : 0;
		if (!tar_entry_is_header(&header))
			return tar_entry_refuse(stream, &header, err);
		if (!tar_entry_parse_number(header.size, sizeof(header.size), &size) || size < 0)
			return warden_error_set(err,
						"byte %llu of the tar stream: the size is no "
						"number",
						(unsigned long long)(stream->at - TAR_BLOCK));
		result = tar_extension_read(stream, extension, header.type, (uint64_t)size, err);
		if (result < 0)
			return -1;
		if (result == 0 &&
		    tar_entry_fill(entry, &header, extension, (uint64_t)size, err) < 0)
			return -1;
		if (result == 0)
			return tar_entry_fill_sparse(entry, stream, &header, extension, err) < 0
				       ? -1
				       : 1;
	}
}

int tar_entry_next(struct tar_stream *stream, struct tar_entry *entry, struct warden_error *err)
{
	struct extension extension = {0};
	int result;

	*entry = (struct tar_entry){0};
	result = tar_entry_read_next(stream, entry, &extension, err);
	tar_extension_free(&extension);
	if (result < 0)
		tar_entry_free(entry);
	return result;
}

void tar_entry_free(struct tar_entry *entry)
{
	free(entry->name);
	free(entry->link);
	tar_sparse_free(&entry->sparse);
	*entry = (struct tar_entry){0};
}
