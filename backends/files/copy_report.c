/* SPDX-License-Identifier: Apache-2.0 */
/* Reports entries that failed, were skipped or vanished: counts them, keeps the first failure as
 * the copy's error, and passes the first few lines to the log. Names come from a container: bytes
 * that are not printable UTF-8 are shown as \ooo, and a long path is shortened to its end. */
#include <config.h>

#include "backends/files/copy_private.h"

#include <string.h>

enum { SHOWN_PATH = 600 };

/* Returns the length of the character at `text`, or 0 if it is not printable. */
static size_t copy_report_character_length(const unsigned char *text)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = {
		{0x80, 0, 0x20}, {0xe0, 0xc0, 0xa0}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

	for (size_t i = 0; i < 4; i++) {
		uint32_t code = text[0] & (unsigned char)~forms[i].mask;

		if ((text[0] & forms[i].mask) != forms[i].lead)
			continue;
		for (size_t k = 1; k <= i; k++) {
			if ((text[k] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (text[k] & 0x3f);
		}
		if (code < forms[i].least || code == 0x7f || code > 0x10ffff ||
		    (code >= 0xd800 && code < 0xe000))
			return 0;
		return i + 1;
	}
	return 0;
}

/* Appends `text` to a buffer of `size` bytes, `used` of them in use; returns the new length. */
static size_t copy_report_append(char *out, size_t size, size_t used, const char *text)
{
	while (*text && used + 5 < size) {
		size_t length = copy_report_character_length((const unsigned char *)text);

		if (length == 0) {
			used += (size_t)snprintf(out + used, size - used, "\\%03o",
						 (unsigned char)*text++);
			continue;
		}
		memcpy(out + used, text, length);
		used += length;
		text += length;
	}
	out[used] = '\0';
	return used;
}

static size_t copy_report_append_component(char *out, size_t size, size_t used, const char *name)
{
	if (used == 0 || out[used - 1] != '/')
		used = copy_report_append(out, size, used, "/");
	return copy_report_append(out, size, used, name);
}

/* Appends the directories between the base and the current one: the nearest that fit. */
static size_t copy_report_append_levels(const struct copy_state *copy, char *out, size_t size,
					size_t used)
{
	size_t room = size / 2, first = copy->depth;

	while (first > 1 && room > strlen(copy->names + copy->levels[first - 2].next) + 1) {
		room -= strlen(copy->names + copy->levels[first - 2].next) + 1;
		first--;
	}
	if (first > 1)
		used = copy_report_append_component(out, size, used, "...");
	for (size_t i = first > 0 ? first : 1; i < copy->depth; i++)
		used = copy_report_append_component(out, size, used,
						    copy->names + copy->levels[i - 1].next);
	return used;
}

/* Formats the path of an entry of the current directory for messages. */
static void copy_report_format_path(const struct copy_state *copy, const char *base,
				    const char *name, char *out, size_t size)
{
	size_t used = copy_report_append(out, size, 0, base);

	used = copy_report_append_levels(copy, out, size, used);
	if (name && copy->depth > 0)
		copy_report_append_component(out, size, used, name);
}

static void copy_report_warn(struct copy_state *copy, const char *text)
{
	if (copy->request->warn && copy->warnings++ < COPY_WARNINGS)
		copy->request->warn(copy->request->warn_data, text);
}

/* Errors that every further entry would meet too. */
static bool copy_report_is_fatal(int number)
{
	return number == ENOSPC || number == EDQUOT || number == ENOMEM || number == EMFILE ||
	       number == ENFILE || number == ECANCELED;
}

static int copy_report_failure(struct copy_state *copy, const char *what, const char *base,
			       const char *name)
{
	int number = errno;
	char path[SHOWN_PATH];
	struct warden_error error = {0};

	copy_report_format_path(copy, base, name, path, sizeof(path));
	errno = number;
	if (copy->refusal.message[0])
		warden_error_set(&error, "%s %s: %s", what, path, copy->refusal.message);
	else
		warden_error_errno(&error, "%s %s", what, path);
	copy_count(&copy->progress->failed, 1);
	copy_report_warn(copy, error.message);
	if (copy_report_is_fatal(number) || !copy->has_error)
		*copy->err = error;
	copy->has_error = true;
	return copy_report_is_fatal(number) ? -1 : 0;
}

int copy_failed_source(struct copy_state *copy, const char *what, const char *name)
{
	return copy_report_failure(copy, what, copy->source_base, name);
}

int copy_failed_target(struct copy_state *copy, const char *what, const char *name)
{
	return copy_report_failure(copy, what, copy->target_base, name);
}

const char *copy_kind(mode_t type)
{
	return S_ISFIFO(type) ? "a fifo" : S_ISSOCK(type) ? "a socket" : "a device";
}

void copy_report_left_out(struct copy_state *copy, const char *name)
{
	char path[SHOWN_PATH], text[SHOWN_PATH + 64];

	copy_count(&copy->progress->skipped, 1);
	copy_report_format_path(copy, copy->source_base, name, path, sizeof(path));
	snprintf(text, sizeof(text), "left out what is in %s: a file system of the kernel", path);
	copy_report_warn(copy, text);
}

void copy_report_skipped(struct copy_state *copy, const char *name, mode_t mode)
{
	char path[SHOWN_PATH], text[SHOWN_PATH + 64];

	copy_count(&copy->progress->skipped, 1);
	copy_report_format_path(copy, copy->source_base, name, path, sizeof(path));
	snprintf(text, sizeof(text), "skipped %s: %s", path, copy_kind(mode));
	copy_report_warn(copy, text);
}

void copy_report_replaced(struct copy_state *copy)
{
	char path[SHOWN_PATH], text[SHOWN_PATH + 64];

	copy_report_format_path(copy, copy->source_base, NULL, path, sizeof(path));
	snprintf(text, sizeof(text), "replaced the directory %s, which was not empty", path);
	copy_report_warn(copy, text);
}

void copy_report_vanished(struct copy_state *copy, const char *name)
{
	char path[SHOWN_PATH], text[SHOWN_PATH + 64];

	copy_count(&copy->progress->vanished, 1);
	copy_report_format_path(copy, copy->source_base, name, path, sizeof(path));
	snprintf(text, sizeof(text), "%s vanished or changed while it was copied", path);
	copy_report_warn(copy, text);
}

/* Whether an open failed because the name is no longer what the directory listing said. */
bool copy_means_vanished(int number)
{
	return number == ENOENT || number == ENOTDIR || number == ELOOP || number == EINVAL ||
	       number == ENXIO || number == ESTALE;
}

bool copy_is_cancelled(const struct copy_state *copy)
{
	return atomic_load_explicit(&copy->progress->cancel, memory_order_relaxed);
}
