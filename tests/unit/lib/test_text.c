/* SPDX-License-Identifier: Apache-2.0 */
/* Untrusted text: UTF-8, escapes, edit distance. */
#include <config.h>

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/text.h"

/* Escapes into 64 bytes. */
static const char *test_text_escape(const char *text, size_t length)
{
	static char out[64];
	size_t written = text_escape(out, sizeof(out), text, length);

	unit_unsigned(written, strlen(out));
	return out;
}

static void invalid_utf8_is_detected(void)
{
	static const char *const right[] = {"",
					    "a",
					    "\x7f",
					    "é",
					    "€",
					    "\xf0\x9f\x98\x80",
					    "\xf4\x8f\xbf\xbf",
					    "\xed\x9f\xbf",
					    "\xee\x80\x80"};
	static const char *const wrong[] = {"\x80",
					    "\xc3",
					    "\xc3\x28",
					    "\xc0\x80",
					    "\xc1\xbf",
					    "\xe0\x80\x80",
					    "\xed\xa0\x80",
					    "\xf0\x80\x80\x80",
					    "\xf4\x90\x80\x80",
					    "\xf5\x80\x80\x80",
					    "\xff",
					    "a\xfe",
					    "\xe2\x82"};

	for (size_t i = 0; i < ARRAY_SIZE(right); i++)
		unit_true(text_is_utf8(right[i], strlen(right[i])));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		unit_false(text_is_utf8(wrong[i], strlen(wrong[i])));
	unit_true(text_is_utf8("a\0b", 3));
}

static void control_characters_are_found(void)
{
	unit_false(text_has_control("plain é €", strlen("plain é €")));
	unit_true(text_has_control("a\nb", 3));
	unit_true(text_has_control("a\0b", 3));
	unit_true(text_has_control("\x7f", 1));
	unit_true(text_has_control("\xc2\x9b", 2));
}

static void ordinary_text_is_unchanged(void)
{
	unit_string(test_text_escape("plain 'text' \"é\" €", strlen("plain 'text' \"é\" €")),
		    "plain 'text' \"é\" €");
}

static void control_characters_are_escaped(void)
{
	unit_string(test_text_escape("a\nb\rc\td", 7), "a\\nb\\rc\\td");
	unit_string(test_text_escape("\x1b[2J\x07", 5), "\\x1b[2J\\x07");
	unit_string(test_text_escape("a\0b", 3), "a\\x00b");
	unit_string(test_text_escape("a\\n", 3), "a\\\\n");
	unit_string(test_text_escape("\xc2\x9b"
				     "31m",
				     5),
		    "\\xc2\\x9b31m");
	unit_string(test_text_escape("\xe2\x80\xa8", 3), "\\xe2\\x80\\xa8");
	unit_string(test_text_escape("\xe2\x80\xae"
				     "abc",
				     6),
		    "\\xe2\\x80\\xaeabc");
	unit_string(test_text_escape("\xff\xc3", 2), "\\xff\\xc3");
}

/* The first and last of each range, and its neighbours. */
static void characters_that_are_not_seen_are_escaped(void)
{
	static const uint32_t hidden[] = {0,      0x1f,   0x7f,   0x80,   0x9f,    0xad,   0x61c,
					  0x180e, 0x200b, 0x200d, 0x200f, 0x2028,  0x202a, 0x202e,
					  0x2060, 0x2066, 0x2069, 0xfeff, 0xe0001, 0xe007f};
	static const uint32_t seen[] = {' ',    '~',    0xa0,   0xae,   0x61b,   0x200a,
					0x2010, 0x2027, 0x202f, 0x2070, 0x1f600, 0xe0100};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		unit_false(text_is_plain(hidden[i]));
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++)
		unit_true(text_is_plain(seen[i]));
	unit_string(test_text_escape("a\xe2\x80\x8d\xef\xbb\xbf"
				     "b",
				     8),
		    "a\\xe2\\x80\\x8d\\xef\\xbb\\xbf"
		    "b");
}

static void long_text_is_truncated_and_marked(void)
{
	char out[12];

	unit_unsigned(text_escape(out, sizeof(out), "12345678901", 11), 11);
	unit_string(out, "12345678901");
	unit_unsigned(text_escape(out, sizeof(out), "123456789012", 12), 11);
	unit_string(out, "12345678...");
	text_escape(out, sizeof(out), "1234567\nabcd", 12);
	unit_string(out, "1234567...");
	text_escape(out, sizeof(out), "1234567€€€", 16);
	unit_string(out, "1234567...");
}

static void any_bytes_in_a_buffer_of_any_size_give_clean_text(void)
{
	srand(7);
	for (unsigned round = 0; round < 20000; round++) {
		char in[40], *out;
		size_t length = (size_t)rand() % sizeof(in), size = 8 + (size_t)rand() % 60,
		       written;

		for (size_t i = 0; i < length; i++)
			in[i] = (char)(rand() % 3 ? rand() : rand() % 4 + 0xbf);
		out = malloc(
			size); /* of exactly this size, so that the sanitizer detects an overflow */
		written = text_escape(out, size, in, length);
		if (written >= size || written != strlen(out) || !text_is_utf8(out, written) ||
		    text_has_control(out, written))
			unit_fail("an escape went wrong");
		free(out);
	}
}

static void the_distance_counts_changes(void)
{
	unit_unsigned(text_distance("", ""), 0);
	unit_unsigned(text_distance("abc", "abc"), 0);
	unit_unsigned(text_distance("abc", ""), 3);
	unit_unsigned(text_distance("pidfil", "pidfile"), 1);
	unit_unsigned(text_distance("sevrer", "server"), 1);
	unit_unsigned(text_distance("kitten", "sitting"), 3);
}

static void a_long_word_is_not_similar_to_any(void)
{
	char word[65];

	memset(word, 'a', 64);
	word[64] = '\0';
	unit_unsigned(text_distance(word, word), SIZE_MAX);
	unit_unsigned(text_distance(word + 1, word + 1), 0);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(invalid_utf8_is_detected),
		UNIT_TEST(control_characters_are_found),
		UNIT_TEST(ordinary_text_is_unchanged),
		UNIT_TEST(control_characters_are_escaped),
		UNIT_TEST(characters_that_are_not_seen_are_escaped),
		UNIT_TEST(long_text_is_truncated_and_marked),
		UNIT_TEST(any_bytes_in_a_buffer_of_any_size_give_clean_text),
		UNIT_TEST(the_distance_counts_changes),
		UNIT_TEST(a_long_word_is_not_similar_to_any),
	};

	return unit_main(argc, argv, "text", tests, ARRAY_SIZE(tests));
}
