/* SPDX-License-Identifier: Apache-2.0 */
/* Writes text, sizes and colours. */
#include <config.h>

#include "client/cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/text.h"

bool text_colours(FILE *file)
{
	const char *term = getenv("TERM");
	const char *off = getenv("NO_COLOR");

	return isatty(fileno(file)) && term && strcmp(term, "dumb") != 0 && !(off && *off);
}

const char *text_colour(FILE *file, const char *code)
{
	return text_colours(file) ? code : "";
}

/* Names and messages come from clients. What could move the cursor, fake a line or hide a part of
 * the text, and what is not UTF-8, is written as \xNN. If `lines` is true line ends and tabs are
 * kept. */
void text_safe(FILE *file, const char *bytes, size_t length, bool lines)
{
	while (length > 0) {
		uint32_t code = 0;
		size_t size = text_decode(bytes, length, &code);
		bool kept = lines && (*bytes == '\n' || *bytes == '\t');
		bool plain = size > 0 && (kept || text_is_plain(code));

		if (size == 0)
			size = 1;
		for (size_t i = 0; i < size; i++)
			fprintf(file, plain ? "%c" : "\\x%02x", (unsigned char)bytes[i]);
		bytes += size;
		length -= size;
	}
}

void text_size(char *buffer, size_t size, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(buffer, size, unit > 0 && value < 100 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

size_t terminal_width(FILE *file)
{
	struct winsize size;

	return ioctl(fileno(file), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int write_all(int fd, const void *bytes, size_t length)
{
	const char *next = bytes;

	while (length > 0) {
		ssize_t written = write(fd, next, length);

		if (written >= 0) {
			next += written;
			length -= (size_t)written;
		} else if (errno == EAGAIN) {
			/* Another process made this pipe or terminal non-blocking. */
			struct pollfd wait = {.fd = fd, .events = POLLOUT};

			if (poll(&wait, 1, -1) < 0 && errno != EINTR)
				return -1;
		} else if (errno != EINTR)
			return -1;
	}
	return 0;
}
