/* SPDX-License-Identifier: Apache-2.0 */
/* Checks host names and lines of /etc/hosts; see hostname.h. */
#include <config.h>

#include "lib/hostname.h"

#include <string.h>

#include "lib/address.h"

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

enum { NAME_MAX_BYTES = 253, LABEL_MAX_BYTES = 63 };

static bool hostname_is_label(const char *text, size_t length, const char *letters)
{
	return length > 0 && length <= LABEL_MAX_BYTES && strspn(text, letters) >= length &&
	       text[0] != '-' && text[length - 1] != '-';
}

static bool hostname_is_name(const char *text, const char *letters)
{
	if (strlen(text) > NAME_MAX_BYTES)
		return false;
	for (;;) {
		size_t length = strcspn(text, ".");

		if (!hostname_is_label(text, length, letters))
			return false;
		if (!text[length])
			return true;
		text += length + 1;
	}
}

bool hostname_is_valid(const char *text)
{
	return hostname_is_name(text, LETTERS_AND_DIGITS "-");
}

bool hostname_split_hosts_line(char *line, char **names)
{
	char *rest, *out, *word = strtok_r(line, " \t", &rest);

	/* Leading blanks are not part of the address. */
	if (!word || word != line || !address_is_ip(word))
		return false;
	*names = out = line + strlen(line) + 1;
	while ((word = strtok_r(NULL, " \t", &rest))) {
		size_t length = strlen(word);

		if (!hostname_is_name(word, LETTERS_AND_DIGITS "-_"))
			return false;
		if (out > *names)
			*out++ = ' ';
		memmove(out, word, length);
		out += length;
	}
	if (out == *names)
		return false;
	*out = '\0';
	return true;
}
