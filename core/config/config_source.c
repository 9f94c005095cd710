/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the configuration's files; see config_source.h. The parser never opens a file: it would end
 * the process at a directory, block at a FIFO, and resolve relative names from the wrong directory.
 * The tokens are split only as far as needed to distinguish numbers, strings and comments. */
#include <config.h>

#include "core/config/config_source.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/config_number.h"
#include "lib/cleanup.h"

#define MAX_FILE  (1024L * 1024)
#define MAX_TEXT  (4L * 1024 * 1024)
#define MAX_FILES 256
#define MAX_DEPTH 10

/* The origin of a line of the whole text. */
struct source_origin {
	unsigned file; /* index into files */
	unsigned line;
};

struct config_source {
	char *text;
	size_t length, size;
	struct source_origin *origins;
	size_t n_lines, n_origins;
	char **files;
	unsigned n_files;
};

/* The state at the beginning of a line. */
enum source_state { STATE_PLAIN, STATE_COMMENT, STATE_STRING };

/* The state of reading a file. */
struct source_reader {
	struct config_source *source;
	const char *path;
	unsigned file, line, depth; /* `file`: its index in source->files */
	enum source_state state;
	unsigned begun; /* line in which the comment or string begins */
	struct warden_error *err;
};

static int __attribute__((format(printf, 2, 3)))
config_source_fail(const struct source_reader *reader, const char *format, ...)
{
	char text[sizeof(reader->err->message)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args); /* err->message is no longer than this */
	va_end(args);
	return warden_error_set(reader->err, "%s:%u: %s", reader->path, reader->line, text);
}

/* Appends a line (without its newline) to the whole text. */
static int config_source_append_line(struct source_reader *reader, const char *line, size_t length)
{
	struct config_source *source = reader->source;

	if (source->length + length + 2 > MAX_TEXT)
		return config_source_fail(reader, "the configuration is larger than %ld bytes",
					  MAX_TEXT);
	if (source->length + length + 2 > source->size) {
		size_t size = source->size * 2 + length + 4096;
		char *text = realloc(source->text, size);

		if (!text)
			return warden_error_errno(reader->err, "read the configuration");
		source->text = text;
		source->size = size;
	}
	if (source->n_lines == source->n_origins) {
		size_t count = source->n_origins * 2 + 64;
		struct source_origin *origins =
			reallocarray(source->origins, count, sizeof(*origins));

		if (!origins)
			return warden_error_errno(reader->err, "read the configuration");
		source->origins = origins;
		source->n_origins = count;
	}
	memcpy(source->text + source->length, line, length);
	source->length += length;
	source->text[source->length++] = '\n';
	source->text[source->length] = '\0';
	source->origins[source->n_lines++] = (struct source_origin){reader->file, reader->line};
	return 0;
}

/* Appends a path to the files. Returns its index, or -1. */
static int config_source_append_file(struct config_source *source, const char *path,
				     struct warden_error *err)
{
	char **files = reallocarray(source->files, source->n_files + 1, sizeof(*files));

	if (!files)
		return warden_error_errno(err, "read %s", path);
	source->files = files;
	files[source->n_files] = strdup(path);
	if (!files[source->n_files])
		return warden_error_errno(err, "read %s", path);
	return (int)source->n_files++;
}

/* Reads the whole content of a regular file. NULL and `why`, a text that follows the file's name,
 * on failure. */
static char *config_source_read_content(const char *path, size_t *length, struct warden_error *why)
{
	/* O_NONBLOCK: open must not block at a FIFO; fstat then refuses it. */
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	_cleanup_free_ char *content = NULL;
	struct stat st;
	ssize_t got = 1;

	*length = 0;
	if (fd < 0 || fstat(fd, &st) < 0) {
		warden_error_errno(why, "cannot be read");
		return NULL;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > MAX_FILE) {
		if (S_ISREG(st.st_mode))
			warden_error_set(why, "is larger than %ld bytes", MAX_FILE);
		else
			warden_error_set(why, "is not a regular file");
		return NULL;
	}
	content = malloc(MAX_FILE);
	while (content && got > 0 && *length < MAX_FILE) {
		got = read(fd, content + *length, MAX_FILE - *length);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			*length += (size_t)got;
	}
	if (!content || got < 0) {
		warden_error_errno(why, "cannot be read");
		return NULL;
	}
	return take_pointer(content);
}

static bool config_source_is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '*';
}

static bool config_source_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Skips the rest of a string in this line; NULL if it is refused. */
static const char *config_source_skip_string(struct source_reader *reader, const char *at,
					     const char *end)
{
	for (; at < end && *at != '"'; at++) {
		if (*at != '\\' || at + 1 == end)
			continue;
		at++;
		if (end - at >= 3 && at[0] == 'x' && at[1] == '0' && at[2] == '0') {
			config_source_fail(reader,
					   "\\x00 in a string: a string cannot contain a NUL byte");
			return NULL;
		}
	}
	if (at == end)
		return end;
	reader->state = STATE_PLAIN;
	return at + 1;
}

static const char *config_source_skip_comment(struct source_reader *reader, const char *at,
					      const char *end)
{
	const char *close = memmem(at, (size_t)(end - at), "*/", 2);

	if (!close)
		return end;
	reader->state = STATE_PLAIN;
	return close + 2;
}

/* Skips and checks a number; NULL if it is refused. */
static const char *config_source_skip_number(struct source_reader *reader, const char *at,
					     const char *end)
{
	const char *begin = at;
	struct warden_error why = {0};

	if (*at == '+' || *at == '-')
		at++;
	while (at < end &&
	       (config_source_is_digit(*at) || config_source_is_name(*at) || *at == '.' ||
		((*at == '-' || *at == '+') && (at[-1] == 'e' || at[-1] == 'E'))))
		at++;
	if (config_number_check(begin, (size_t)(at - begin), &why) == 0)
		return at;
	config_source_fail(reader, "%s", why.message);
	return NULL;
}

/* Skips one token outside of strings and comments; NULL if it is refused. */
static const char *config_source_skip_plain(struct source_reader *reader, const char *at,
					    const char *end)
{
	bool pair = end - at >= 2;

	if (*at == '#' || (pair && at[0] == '/' && at[1] == '/'))
		return end;
	if (*at == '"' || (pair && at[0] == '/' && at[1] == '*')) {
		reader->state = *at == '"' ? STATE_STRING : STATE_COMMENT;
		reader->begun = reader->line;
		return at + (*at == '"' ? 1 : 2);
	}
	if (config_source_is_name(*at)) {
		while (at < end && (config_source_is_name(*at) || config_source_is_digit(*at) ||
				    *at == '_' || *at == '-'))
			at++;
		return at;
	}
	if (config_source_is_digit(*at) ||
	    (pair && (*at == '-' || *at == '+') && config_source_is_digit(at[1])))
		return config_source_skip_number(reader, at, end);
	return at + 1;
}

static int config_source_check_line(struct source_reader *reader, const char *line, size_t length)
{
	const char *at = line, *end = line + length;

	while (at && at < end) {
		if (reader->state == STATE_STRING)
			at = config_source_skip_string(reader, at, end);
		else if (reader->state == STATE_COMMENT)
			at = config_source_skip_comment(reader, at, end);
		else
			at = config_source_skip_plain(reader, at, end);
	}
	return at ? 0 : -1;
}

static int config_source_read_file(struct config_source *source, const char *path, unsigned depth,
				   const struct source_reader *from, struct warden_error *err);

/* Reads the file of an @include line. 1: done, 0: the line is not an @include, -1: failure. */
static int config_source_try_include(struct source_reader *reader, const char *line, size_t length)
{
	static const char word[] = "@include";
	const char *end = line + length, *name, *close, *slash;
	const char *file = reader->path;
	_cleanup_free_ char *path = NULL;

	while (line < end && (*line == ' ' || *line == '\t'))
		line++;
	if ((size_t)(end - line) < sizeof(word) - 1 || memcmp(line, word, sizeof(word) - 1) != 0)
		return 0;
	name = line + sizeof(word) - 1;
	while (name < end && (*name == ' ' || *name == '\t'))
		name++;
	close = name < end && *name == '"' ? memchr(name + 1, '"', (size_t)(end - name - 1)) : NULL;
	if (!close || close == name + 1)
		return config_source_fail(reader,
					  "@include must be followed by a file's name in quotes");
	for (end = end - 1; end > close; end--)
		if (*end != ' ' && *end != '\t' && *end != '\r')
			return config_source_fail(reader, "nothing may follow @include \"FILE\"");
	name++;
	slash = strrchr(file, '/');
	if (asprintf(&path, "%.*s%.*s", *name == '/' || !slash ? 0 : (int)(slash - file) + 1, file,
		     (int)(close - name), name) < 0) {
		path = NULL;
		return warden_error_errno(reader->err, "read the configuration");
	}
	if (reader->depth == MAX_DEPTH || reader->source->n_files == MAX_FILES)
		return config_source_fail(reader, "@include: at most %d files, %d deep", MAX_FILES,
					  MAX_DEPTH);
	return config_source_read_file(reader->source, path, reader->depth + 1, reader,
				       reader->err) < 0
		       ? -1
		       : 1;
}

static int config_source_read_line(struct source_reader *reader, const char *line, size_t length)
{
	int included = 0;

	reader->line++;
	if (reader->state == STATE_PLAIN)
		included = config_source_try_include(reader, line, length);
	if (included != 0)
		return included < 0 ? -1 : 0;
	if (config_source_check_line(reader, line, length) < 0)
		return -1;
	return config_source_append_line(reader, line, length);
}

/* Refuses an unterminated comment or string; the parser's error would name the last line. */
static int config_source_check_end(struct source_reader *reader)
{
	if (reader->state == STATE_PLAIN)
		return 0;
	reader->line = reader->begun;
	return config_source_fail(reader, "a %s that begins here is not terminated",
				  reader->state == STATE_STRING ? "string" : "comment");
}

static int config_source_read_file(struct config_source *source, const char *path, unsigned depth,
				   const struct source_reader *from, struct warden_error *err)
{
	struct source_reader reader = {.source = source, .path = path, .depth = depth, .err = err};
	struct warden_error why;
	size_t length;
	_cleanup_free_ char *content = config_source_read_content(path, &length, &why);
	int file;

	if (!content && from)
		return config_source_fail(from, "%s %s", path, why.message);
	if (!content)
		return warden_error_set(err, "%s %s", path, why.message);
	file = config_source_append_file(source, path, err);
	if (file < 0)
		return -1;
	reader.file = (unsigned)file;
	for (const char *at = content, *end = content + length; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;

		if (memchr(at, '\0', (size_t)(stop - at))) {
			reader.line++;
			return config_source_fail(&reader, "a NUL byte: the file is not text");
		}
		if (config_source_read_line(&reader, at, (size_t)(stop - at)) < 0)
			return -1;
		at = stop + 1;
	}
	return config_source_check_end(&reader);
}

struct config_source *config_source_read(const char *file, struct warden_error *err)
{
	struct config_source *source = calloc(1, sizeof(*source));

	if (!source) {
		warden_error_errno(err, "read %s", file);
		return NULL;
	}
	if (config_source_read_file(source, file, 1, NULL, err) < 0) {
		config_source_free(source);
		return NULL;
	}
	return source;
}

void config_source_free(struct config_source *source)
{
	if (!source)
		return;
	for (unsigned i = 0; i < source->n_files; i++)
		free(source->files[i]);
	free(source->files);
	free(source->origins);
	free(source->text);
	free(source);
}

const char *config_source_text(const struct config_source *source)
{
	return source->text ? source->text : "";
}

void config_source_locate(const struct config_source *source, unsigned line, const char **file,
			  unsigned *number)
{
	const struct source_origin *origin;

	*file = source->files[0];
	*number = 1;
	if (source->n_lines == 0)
		return;
	if (line < 1)
		line = 1;
	if (line > source->n_lines)
		line = (unsigned)source->n_lines;
	origin = &source->origins[line - 1];
	*file = source->files[origin->file];
	*number = origin->line;
}
