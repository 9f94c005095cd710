/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to text that strangers wrote: is it UTF-8, make it fit for one line of a log or a
 * terminal, which known word did they mean. */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the UTF-8 character that begins at `text` (1 to 4), or 0: there is none. Overlong
 * forms, surrogates and what is beyond U+10FFFF are none. */
size_t text_character(const char *text, size_t length);

/* Whether the whole is UTF-8. NUL counts as a character. */
bool text_is_utf8(const char *text, size_t length);

/* Whether the whole, UTF-8, holds a control character (C0 and C1, DEL). */
bool text_has_control(const char *text, size_t length);

/* Writes `text` to `out` (which always ends in NUL) so that it stays one line and does nothing to a
 * terminal: control characters, line separators, marks that turn the direction of writing, and
 * bytes that are not UTF-8 as `\n` or `\x1b`, a backslash doubled. What does not fit is cut and
 * "..." stands at the end. Returns the length written. `size` is at least 8. */
size_t text_escape(char *out, size_t size, const char *text, size_t length);

/* How many letters must be changed, put in, taken out or swapped with their neighbour to make `a`
 * of `b`; words longer than 63 bytes are nothing alike. */
size_t text_distance(const char *a, const char *b);

#endif
