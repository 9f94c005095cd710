/* SPDX-License-Identifier: Apache-2.0 */
/* The main of a fuzz target that is built without libFuzzer: runs the files of its corpus, or those
 * of the command line, once each. */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "tests/fuzz/fuzz.h"

static unsigned passed, failed;

/* The name is printed first: an input that fails ends the program. */
static bool replay_file(int dir_fd, const char *name)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ uint8_t *data = NULL;
	struct stat status;

	printf("%s: ", name);
	fflush(stdout);
	if (fd < 0 || fstat(fd, &status) < 0)
		return false;
	/* Exactly as long as the input, so that AddressSanitizer sees a read behind it. */
	data = malloc((size_t)status.st_size + (status.st_size == 0));
	if (!data || read(fd, data, (size_t)status.st_size) != status.st_size)
		return false;
	LLVMFuzzerTestOneInput(data, (size_t)status.st_size);
	return true;
}

static void replay_count(bool done)
{
	printf("%s\n", done ? "ok" : strerror(errno));
	passed += done;
	failed += !done;
}

static int replay_is_input(const struct dirent *entry)
{
	return *entry->d_name != '.';
}

static void replay_corpus(int dir_fd)
{
	struct dirent **entries;
	int n = scandirat(dir_fd, ".", &entries, replay_is_input, alphasort);

	for (int i = 0; i < n; i++) {
		replay_count(replay_file(dir_fd, entries[i]->d_name));
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

int main(int argc, char **argv)
{
	/* Opened by the user who may read it: root becomes nobody. */
	_cleanup_close_ int top_fd = open(FUZZ_CORPUS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int dir_fd =
		openat(top_fd, fuzz_target.name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	LLVMFuzzerInitialize(&argc, &argv);
	if (argc > 1)
		for (int i = 1; i < argc; i++)
			replay_count(replay_file(AT_FDCWD, argv[i]));
	else
		replay_corpus(dir_fd);
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
