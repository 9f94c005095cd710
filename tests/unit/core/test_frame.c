/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: parsed from pieces of any size, refused if invalid, and small in memory while
 * incomplete. */
#include <config.h>

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/frame.h"
#include "lib/cleanup.h"

static void test_frame_feed(struct frame_parser *parser, const char *text, size_t size)
{
	size_t room = 0;
	uint8_t *data = frame_room(parser, &room);

	if (!unit_true(data != NULL && room >= size))
		exit(EXIT_FAILURE);
	memcpy(data, text, size);
	frame_added(parser, size);
}

/* The result of frame_next for this text in a new parser. */
static int test_frame_parse(const char *text, struct warden_error *err)
{
	struct frame_parser parser;
	const uint8_t *payload;
	size_t size;
	int result;

	frame_parser_init(&parser, 1000);
	test_frame_feed(&parser, text, strlen(text));
	result = frame_next(&parser, &payload, &size, err);
	frame_parser_free(&parser);
	return result;
}

static void test_frame_expect(struct frame_parser *parser, const char *expected)
{
	struct warden_error err;
	const uint8_t *payload = NULL;
	size_t size = 0;

	if (unit_integer(frame_next(parser, &payload, &size, &err), 1))
		unit_bytes(payload, size, expected, strlen(expected));
}

static void test_frame_expect_none(struct frame_parser *parser)
{
	struct warden_error err;
	const uint8_t *payload;
	size_t size;

	unit_integer(frame_next(parser, &payload, &size, &err), 0);
}

static void a_whole_frame_is_handed_out(void)
{
	struct frame_parser parser;

	frame_parser_init(&parser, 1000);
	test_frame_feed(&parser, "5\r\nhello\r\n", 10);
	test_frame_expect(&parser, "hello");
	test_frame_expect_none(&parser);
	frame_parser_free(&parser);
}

static void a_frame_may_arrive_byte_by_byte(void)
{
	static const char text[] = "11\r\nhello\r\nboys\r\n";
	struct frame_parser parser;

	frame_parser_init(&parser, 1000);
	for (size_t i = 0; i < strlen(text); i++) {
		test_frame_expect_none(&parser);
		test_frame_feed(&parser, text + i, 1);
	}
	test_frame_expect(&parser, "hello\r\nboys");
	frame_parser_free(&parser);
}

static void many_frames_may_come_at_once(void)
{
	struct frame_parser parser;

	frame_parser_init(&parser, 1000);
	test_frame_feed(&parser, "1\r\na\r\n0\r\n\r\n2\r\nbb\r\n3\r\nc", 22);
	test_frame_expect(&parser, "a");
	test_frame_expect(&parser, "");
	test_frame_expect(&parser, "bb");
	test_frame_expect_none(&parser);
	test_frame_feed(&parser, "cc\r\n", 4);
	test_frame_expect(&parser, "ccc");
	frame_parser_free(&parser);
}

static void a_length_is_digits_alone(void)
{
	static const char *const texts[] = {"x",      "\r\n",    "-1\r\n",    "+1\r\n",
					    " 1\r\n", "1 \r\n",  "0x1",       "1\n",
					    "1\rx",   "1.0\r\n", "GET / HTTP"};
	struct warden_error err;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		unit_integer(test_frame_parse(texts[i], &err), -1);
		unit_string(err.message,
			    "Invalid frame: expected a length in decimal digits and CR LF");
	}
}

static void a_length_over_the_limit_is_refused_at_once(void)
{
	struct warden_error err;

	unit_integer(test_frame_parse("1000", &err), 0);
	unit_integer(test_frame_parse("1001", &err), -1);
	unit_string(err.message, "Invalid frame: its length 1001 is over the limit of 1000 bytes");
	unit_integer(test_frame_parse("0000000000001", &err), -1);
	unit_string(err.message, "Invalid frame: its length has more than 10 digits");
	unit_integer(test_frame_parse("99999999999999999999999", &err), -1);
}

static void a_payload_ends_in_cr_lf(void)
{
	struct warden_error err;

	unit_integer(test_frame_parse("1\r\nab", &err), -1);
	unit_string(err.message, "Invalid frame: its payload of 1 bytes does not end in CR LF");
	unit_integer(test_frame_parse("1\r\na\n", &err), -1);
	unit_integer(test_frame_parse("1\r\na\rx", &err), -1);
	unit_integer(test_frame_parse("1\r\na\r", &err), 0);
}

static void an_announced_length_takes_no_memory(void)
{
	struct frame_parser parser;

	frame_parser_init(&parser, 64U << 20);
	test_frame_feed(&parser, "67108864\r\nx", 11);
	test_frame_expect_none(&parser);
	unit_true(parser.room < 65536);
	frame_parser_free(&parser);
}

static void a_big_frame_keeps_no_memory(void)
{
	enum { SIZE = 1000000, PIECE = 1000 };
	static const char piece[PIECE];
	struct frame_parser parser;
	struct warden_error err;
	const uint8_t *payload;
	size_t size = 0;

	frame_parser_init(&parser, SIZE);
	test_frame_feed(&parser, "1000000\r\n", 9);
	for (unsigned i = 0; i < SIZE / PIECE; i++) {
		test_frame_expect_none(&parser);
		test_frame_feed(&parser, piece, PIECE);
	}
	test_frame_feed(&parser, "\r\n", 2);
	unit_integer(frame_next(&parser, &payload, &size, &err), 1);
	unit_unsigned(size, SIZE);
	unit_true(parser.room < 3UL * SIZE);
	test_frame_feed(&parser, "1\r\na\r\n", 6);
	test_frame_expect(&parser, "a");
	unit_true(parser.room < 65536);
	frame_parser_free(&parser);
}

static void many_small_frames_take_constant_memory(void)
{
	struct frame_parser parser;

	frame_parser_init(&parser, 1000);
	for (unsigned i = 0; i < 100000; i++) {
		test_frame_feed(&parser, "5\r\nhello\r\n5\r\nhel", 16);
		test_frame_expect(&parser, "hello");
		test_frame_feed(&parser, "lo\r\n", 4);
		test_frame_expect(&parser, "hello");
	}
	unit_true(parser.room < 65536);
	frame_parser_free(&parser);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(a_whole_frame_is_handed_out),
		UNIT_TEST(a_frame_may_arrive_byte_by_byte),
		UNIT_TEST(many_frames_may_come_at_once),
		UNIT_TEST(a_length_is_digits_alone),
		UNIT_TEST(a_length_over_the_limit_is_refused_at_once),
		UNIT_TEST(a_payload_ends_in_cr_lf),
		UNIT_TEST(an_announced_length_takes_no_memory),
		UNIT_TEST(a_big_frame_keeps_no_memory),
		UNIT_TEST(many_small_frames_take_constant_memory),
	};

	return unit_main(argc, argv, "frame", tests, ARRAY_SIZE(tests));
}
