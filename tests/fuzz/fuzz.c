/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of every fuzz target; see fuzz.h. */
#include <config.h>

#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/remove_tree.h"

enum { NOBODY = 65534, FILE_MAX = 4 * 1024 * 1024 };

static const char marker[] = "=== ";
static const char secret[] = "untouched";
static char directory[PATH_MAX];
static int directory_fd = -1, parent_fd = -1;

static void fuzz_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	_exit(EXIT_FAILURE);
}

uint8_t fuzz_take_byte(struct fuzz_input *input)
{
	uint8_t byte;

	fuzz_take(input, &byte, sizeof(byte));
	return byte;
}

uint16_t fuzz_take_short(struct fuzz_input *input)
{
	uint8_t low = fuzz_take_byte(input);

	return (uint16_t)(low | fuzz_take_byte(input) << 8);
}

void fuzz_take(struct fuzz_input *input, void *bytes, size_t size)
{
	size_t there = size < input->left ? size : input->left;

	memset(bytes, 0, size);
	if (there == 0)
		return;
	memcpy(bytes, input->data, there);
	input->data += there;
	input->left -= there;
}

void fuzz_fail(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

const char *fuzz_directory(void)
{
	return directory;
}

int fuzz_directory_fd(void)
{
	return directory_fd;
}

/* An input may have made directories that their owner may not read. */
static void fuzz_allow_removal(int dir_fd, const char *name)
{
	int fd;
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;

	(void)fchmodat(dir_fd, name, 0700, 0); /* if it fails, the removal does */
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			fuzz_allow_removal(fd, entry->d_name);
}

int fuzz_fresh_directory(const char *name)
{
	struct warden_error err;
	int fd;

	fuzz_allow_removal(directory_fd, name);
	if (remove_tree(directory_fd, name, &err) < 0 || mkdirat(directory_fd, name, 0700) < 0)
		fuzz_die(name);
	fd = openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fuzz_die(name);
	return fd;
}

void fuzz_write_file(int dir_fd, const char *name, const void *data, size_t size)
{
	_cleanup_close_ int fd =
		openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	/* A name of the input may be one that cannot be made. */
	if (fd >= 0 && size > 0 && write(fd, data, size) != (ssize_t)size)
		fuzz_die(name);
}

/* Makes the directories of a name; false if it is no relative path. */
static bool fuzz_make_parents(int dir_fd, char *name)
{
	if (!*name || *name == '/' || strstr(name, ".."))
		return false;
	for (char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdirat(dir_fd, name, 0700); /* if it fails, the file cannot be made */
		*slash = '/';
	}
	return true;
}

/* The next marker at the beginning of a line, or the end. */
static const uint8_t *fuzz_find_marker(const uint8_t *from, const uint8_t *begin,
				       const uint8_t *end)
{
	for (const uint8_t *at = from;
	     (at = memmem(at, (size_t)(end - at), marker, sizeof(marker) - 1)); at++)
		if (at == begin || at[-1] == '\n')
			return at;
	return end;
}

void fuzz_write_files(int dir_fd, const char *first, const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size, *at = data;
	char name[256];

	snprintf(name, sizeof(name), "%s", first);
	while (size > 0) {
		const uint8_t *next = fuzz_find_marker(at, data, end);
		const uint8_t *last = next < end && next > at ? next - 1 : next, *line;
		size_t length;

		if (fuzz_make_parents(dir_fd, name))
			fuzz_write_file(dir_fd, name, at, (size_t)(last - at));
		if (next == end)
			return;
		next += sizeof(marker) - 1;
		line = memchr(next, '\n', (size_t)(end - next));
		length = (size_t)((line ? line : end) - next);
		snprintf(name, sizeof(name), "%.*s", (int)(length < 255 ? length : 255), next);
		at = line ? line + 1 : end;
	}
}

int fuzz_memfd(const void *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || (size > 0 && pwrite(fd, data, size, 0) != (ssize_t)size))
		fuzz_die("memfd");
	return fd;
}

void fuzz_make_outside(void)
{
	_cleanup_close_ int fd = fuzz_fresh_directory("outside");

	fuzz_write_file(fd, "secret", secret, sizeof(secret));
}

void fuzz_check_outside(void)
{
	_cleanup_close_ int fd = openat(directory_fd, "outside/secret", O_RDONLY | O_CLOEXEC);
	char text[sizeof(secret)] = "";
	struct stat status;

	FUZZ_CHECK(fd >= 0 && fstat(fd, &status) == 0);
	FUZZ_CHECK((status.st_mode & 07777) == 0600 && status.st_nlink == 1);
	FUZZ_CHECK(read(fd, text, sizeof(text)) == sizeof(text));
	FUZZ_CHECK(memcmp(text, secret, sizeof(text)) == 0);
}

int fuzz_next_fd(void)
{
	int fd = fcntl(directory_fd, F_DUPFD_CLOEXEC, 0);

	close(fd);
	return fd;
}

/* Left without a report, as the program ends anyway. */
static void fuzz_remove_directory(void)
{
	struct warden_error err;
	const char *name = strrchr(directory, '/') + 1;

	fuzz_allow_removal(parent_fd, name);
	remove_tree(parent_fd, name, &err);
}

static void fuzz_make_directory(void)
{
	const char *parent = getenv("TMPDIR");

	parent = parent && *parent ? parent : "/tmp";
	snprintf(directory, sizeof(directory), "%s/warden-fuzz-XXXXXX", parent);
	parent_fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent_fd < 0 || !mkdtemp(directory))
		fuzz_die(directory);
	directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory_fd < 0 || atexit(fuzz_remove_directory) != 0)
		fuzz_die(directory);
}

/* An input that leads out of the directory must do no harm. */
static void fuzz_drop_root(void)
{
	if (geteuid() != 0)
		return;
	if (fchown(directory_fd, NOBODY, NOBODY) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
		fuzz_die("become nobody");
	/* Else LeakSanitizer cannot read the process. */
	if (prctl(PR_SET_DUMPABLE, 1) < 0)
		fuzz_die("become dumpable");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct rlimit most = {FILE_MAX, FILE_MAX};

	(void)argc;
	(void)argv;
	fuzz_make_directory();
	fuzz_drop_root();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* write fails instead */
	if (setrlimit(RLIMIT_FSIZE, &most) < 0)
		fuzz_die("limit the size of files");
	if (fuzz_target.open)
		fuzz_target.open();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_target.run(data, size);
	return 0;
}
