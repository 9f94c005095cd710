/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the headers of tar streams, backends/files/tar_entry.c, without files. Input: the stream.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/files/tar_entry.h"
#include "tests/fuzz/fuzz.h"

static struct tar_stream stream;

static void fuzz_tar_entry_run(const uint8_t *data, size_t size)
{
	struct warden_error err = {0};
	struct tar_entry entry;
	int result, skipped;

	stream.fd = fuzz_memfd(data, size);
	stream.at = stream.begin = stream.end = 0;
	while ((result = tar_entry_next(&stream, &entry, &err)) > 0) {
		FUZZ_CHECK(entry.name && entry.link && entry.mtime_ns < 1000000000);
		FUZZ_CHECK(entry.size <= INT64_MAX);
		skipped = tar_stream_skip(&stream, entry.size + tar_padding(entry.size));
		tar_entry_free(&entry);
		if (skipped < 0)
			break;
	}
	FUZZ_CHECK(result >= 0 || *err.message);
	close(stream.fd);
}

const struct fuzz_target fuzz_target = {.name = "tar_entry", .run = fuzz_tar_entry_run};
