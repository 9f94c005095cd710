/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, escapes and edit distance of untrusted text; see text.h. */
#include <config.h>

#include "lib/text.h"

#include <stdio.h>
#include <string.h>

#define LONGEST_WORD 63

size_t text_decode(const char *text, size_t length, uint32_t *code)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first;
	size_t size;

	if (length == 0)
		return 0;
	first = (unsigned char)text[0];
	size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (size == 0 || first > 0xf4 || size > length)
		return 0;
	*code = size == 1 ? first : first & (0x7fU >> size);
	for (size_t i = 1; i < size; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | ((unsigned char)text[i] & 0x3f);
	}
	if (*code < smallest[size] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return size;
}

size_t text_character(const char *text, size_t length)
{
	uint32_t code;

	return text_decode(text, length, &code);
}

bool text_is_utf8(const char *text, size_t length)
{
	while (length > 0) {
		size_t size = text_character(text, length);

		if (size == 0)
			return false;
		text += size;
		length -= size;
	}
	return true;
}

static bool text_is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

bool text_has_control(const char *text, size_t length)
{
	uint32_t code;
	size_t size;

	for (; length > 0 && (size = text_decode(text, length, &code)) > 0;
	     text += size, length -= size)
		if (text_is_control(code))
			return true;
	return false;
}

/* Characters that are not seen, so that two names look the same, or that change what is seen of the
 * text around them: separators, joiners, marks of direction, tags, the byte order mark. */
static const struct {
	uint32_t first, last;
} deceptive[] = {
	{0x00ad, 0x00ad}, {0x061c, 0x061c}, {0x180e, 0x180e}, {0x200b, 0x200f},   {0x2028, 0x202e},
	{0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
};

bool text_is_plain(uint32_t code)
{
	if (text_is_control(code))
		return false;
	for (size_t i = 0; i < sizeof(deceptive) / sizeof(deceptive[0]); i++)
		if (code >= deceptive[i].first && code <= deceptive[i].last)
			return false;
	return true;
}

/* Writes the output form of one character (or one invalid byte) to `piece`. Returns its length. */
static size_t text_escape_piece(char piece[20], const char *text, size_t size, bool plain)
{
	static const char letters[][2] = {{'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}, {'\\', '\\'}};
	size_t length = 0;

	if (plain) {
		memcpy(piece, text, size);
		return size;
	}
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
		if (*text != letters[i][0])
			continue;
		piece[0] = '\\';
		piece[1] = letters[i][1];
		return 2;
	}
	for (size_t i = 0; i < size; i++)
		length += (size_t)snprintf(piece + length, 20 - length, "\\x%02x",
					   (unsigned)(unsigned char)text[i]);
	return length;
}

size_t text_escape(char *out, size_t size, const char *text, size_t length)
{
	size_t at = 0, cut = 0; /* where "..." still fits */
	char piece[20];

	while (length > 0) {
		uint32_t code = 0;
		size_t step = text_decode(text, length, &code), escaped;
		bool plain = step > 0 && text_is_plain(code) && code != '\\';

		if (step == 0)
			step = 1;
		escaped = text_escape_piece(piece, text, step, plain);
		if (at + escaped >= size) {
			memcpy(out + cut, "...", 4);
			return cut + 3;
		}
		memcpy(out + at, piece, escaped);
		at += escaped;
		if (at + 4 <= size)
			cut = at;
		text += step;
		length -= step;
	}
	out[at] = '\0';
	return at;
}

size_t text_distance(const char *a, const char *b)
{
	size_t rows[3][LONGEST_WORD + 1], la = strlen(a), lb = strlen(b);

	if (la > LONGEST_WORD || lb > LONGEST_WORD)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);

			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    above2[j - 2] + 1 < best)
				best = above2[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[la % 3][lb];
}
