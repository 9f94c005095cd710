/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes what a client sends, up to the decoded request: core/wire/frame.c with a stream that
 * arrives in pieces, then the message and the request of each frame. Input: a byte, the size of a
 * piece less 1, and the stream. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "core/wire/frame.h"
#include "core/wire/request.h"
#include "tests/fuzz/fuzz.h"

enum { LIMIT = 1 << 20 };

static const struct request_handler *const *handlers;
static size_t n_handlers;

static void fuzz_frames_open(void)
{
	handlers = request_handlers(&n_handlers);
}

static void fuzz_frames_decode(const uint8_t *payload, size_t size)
{
	Warden__Message *message = warden__message__unpack(NULL, size, payload);

	if (!message)
		return;
	for (size_t i = 0; i < n_handlers; i++)
		if (handlers[i]->type == (int)message->type) {
			ProtobufCMessage *request = protobuf_c_message_unpack(
				handlers[i]->message, NULL, message->payload.len,
				message->payload.data);

			if (request)
				protobuf_c_message_free_unpacked(request, NULL);
		}
	warden__message__free_unpacked(message, NULL);
}

/* Takes the frames that are whole. False: the stream is no frame. */
static bool fuzz_frames_take(struct frame_parser *parser, bool decode, size_t *n, size_t *bytes)
{
	const uint8_t *payload;
	struct warden_error err;
	size_t size;
	int result;

	while ((result = frame_next(parser, &payload, &size, &err)) > 0) {
		++*n;
		*bytes += size;
		if (decode)
			fuzz_frames_decode(payload, size);
	}
	return result == 0;
}

/* Parses a stream that arrives in pieces. */
static bool fuzz_frames_parse(struct fuzz_input input, size_t piece, bool decode, size_t *n,
			      size_t *bytes)
{
	struct frame_parser parser;
	bool good = true;

	frame_parser_init(&parser, LIMIT);
	while (good && input.left > 0) {
		size_t room, part;
		uint8_t *to = frame_room(&parser, &room);

		FUZZ_CHECK(to && room > 0);
		part = room < piece ? room : piece;
		part = part < input.left ? part : input.left;
		fuzz_take(&input, to, part);
		frame_added(&parser, part);
		good = fuzz_frames_take(&parser, decode, n, bytes);
	}
	frame_parser_free(&parser);
	return good;
}

/* However a stream is cut, its frames are the same. */
static void fuzz_frames_run(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	size_t piece = (size_t)fuzz_take_byte(&input) + 1, n = 0, bytes = 0, n_cut = 0, cut = 0;
	bool good = fuzz_frames_parse(input, SIZE_MAX, true, &n, &bytes);

	FUZZ_CHECK(fuzz_frames_parse(input, piece, false, &n_cut, &cut) == good);
	FUZZ_CHECK(n == n_cut && bytes == cut);
}

const struct fuzz_target fuzz_target = {
	.name = "frames",
	.open = fuzz_frames_open,
	.run = fuzz_frames_run,
};
