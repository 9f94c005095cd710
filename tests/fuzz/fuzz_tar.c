/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the unpacking of tar streams, backends/files/tar_read.c. Input: the stream. It must not
 * change a file outside of its target. */
#include <config.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/files/tar.h"
#include "tests/fuzz/fuzz.h"

static void fuzz_tar_run(const uint8_t *data, size_t size)
{
	struct warden_error err = {0};
	struct copy_progress progress = {0};
	int before = fuzz_next_fd();
	int top = fuzz_fresh_directory("top");
	int fd = fuzz_memfd(data, size);
	struct copy_request request = {
		.source = {.root_fd = AT_FDCWD, .path = ""},
		.target = {.root_fd = top, .path = "/in", .links = COPY_LINKS_IN_ROOT},
		.progress = &progress,
	};

	/* Links that lead out are there already. */
	fuzz_make_outside();
	FUZZ_CHECK(mkdirat(top, "in", 0700) == 0);
	FUZZ_CHECK(symlinkat("../../outside", top, "in/out") == 0);
	FUZZ_CHECK(symlinkat("../../outside/secret", top, "in/file") == 0);
	if (tar_read(&request, fd, &err) < 0)
		FUZZ_CHECK(*err.message);
	fuzz_check_outside();
	close(top);
	close(fd);
	FUZZ_CHECK(fuzz_next_fd() == before);
}

const struct fuzz_target fuzz_target = {.name = "tar", .run = fuzz_tar_run};
