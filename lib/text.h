/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on untrusted text: checks UTF-8, escapes it for one line of a log or a terminal, and
 * measures how similar two words are. */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length (1 to 4) of the UTF-8 character that begins at `text`, or 0 if there is none. Overlong
 * forms, surrogates and code points beyond U+10FFFF are invalid. */
size_t text_character(const char *text, size_t length);

/* As text_character; also returns the code point. */
size_t text_decode(const char *text, size_t length, uint32_t *code);

/* Whether the character may be written to a terminal or a log as it is: it is no control character,
 * line separator, mark that changes the direction of writing, or format character that is not seen.
 */
bool text_is_plain(uint32_t code);

/* Whether the whole text is UTF-8. NUL counts as a character. */
bool text_is_utf8(const char *text, size_t length);

/* Whether the text, which is UTF-8, contains a control character (C0, C1 or DEL). */
bool text_has_control(const char *text, size_t length);

/* Writes `text` to `out`, escaped so that it stays one line and cannot control a terminal.
 * Characters that are not plain, and bytes that are not UTF-8, are written as `\n` or `\x1b`, a
 * backslash is doubled. If `out` is too small the text is cut and ends in "...". `out` always ends
 * in NUL. Returns the length written. `size` is at least 8. */
size_t text_escape(char *out, size_t size, const char *text, size_t length);

/* The edit distance of two words: how many characters must be changed, inserted, deleted or swapped
 * with their neighbour. SIZE_MAX if a word is longer than 63 bytes. */
size_t text_distance(const char *a, const char *b);

#endif
