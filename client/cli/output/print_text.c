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

/* Names and messages come from clients. Control characters, which could move the cursor or fake
 * a line, are written as \xNN. If `lines` is true line ends and tabs are kept. */
void text_safe(FILE *file, const char *bytes, size_t length, bool lines)
{
	const unsigned char *in = (const unsigned char *)bytes;

	for (size_t i = 0; i < length; i++) {
		bool kept = lines && (in[i] == '\n' || in[i] == '\t');

		if (in[i] == 0xc2 && i + 1 < length && in[i + 1] < 0xa0) {
			/* U+0080 to U+009F are control characters as well. */
			fprintf(file, "\\x%02x\\x%02x", in[i], in[i + 1]);
			i++;
		} else if ((in[i] < 0x20 && !kept) || in[i] == 0x7f) {
			fprintf(file, "\\x%02x", in[i]);
		} else {
			putc(in[i], file);
		}
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
