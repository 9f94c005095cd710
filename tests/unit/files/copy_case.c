/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers of the unit programs of the copy engine; see copy_case.h. */
#include <config.h>

#include "tests/unit/files/copy_case.h"

#include "lib/cleanup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct copy_progress copy_progress;
struct warden_error copy_error;
char copy_warnings[8192];

static void copy_case_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

void copy_case_begin(void)
{
	static unsigned cases;
	char path[32];

	snprintf(path, sizeof(path), "case-%u", cases++);
	if (chdir(unit_directory()) != 0 || mkdir(path, 0755) != 0 || chdir(path) != 0)
		copy_case_die(path);
	umask(022);
}

static void copy_case_keep_warning(void *data, const char *text)
{
	size_t used = strlen(copy_warnings);

	(void)data;
	snprintf(copy_warnings + used, sizeof(copy_warnings) - used, "%s\n", text);
}

struct copy_request copy_case_request(const char *source, const char *target)
{
	return (struct copy_request){
		.source = {.root_fd = AT_FDCWD, .path = source, .links = COPY_LINKS_TRUSTED},
		.target = {.root_fd = AT_FDCWD, .path = target, .links = COPY_LINKS_IN_ROOT},
		.progress = &copy_progress,
		.warn = copy_case_keep_warning,
	};
}

int copy_case_run(const struct copy_request *request)
{
	memset(&copy_progress, 0, sizeof(copy_progress));
	memset(&copy_error, 0, sizeof(copy_error));
	copy_warnings[0] = '\0';
	return copy_tree(request, &copy_error);
}

int copy_case_copy(const char *source, const char *target)
{
	struct copy_request request = copy_case_request(source, target);

	return copy_case_run(&request);
}

int copy_case_fork(const struct copy_request *request)
{
	pid_t pid = fork();

	if (pid < 0)
		copy_case_die("fork");
	if (pid == 0)
		_exit(copy_tree(request, &copy_error) == 0 ? 0 : 1);
	return pid;
}

void make_file(const char *path, const char *text, mode_t mode)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t length = strlen(text);

	if (fd < 0 || write(fd, text, length) != (ssize_t)length || fchmod(fd, mode) != 0)
		copy_case_die(path);
}

void make_directory(const char *path, mode_t mode)
{
	if (mkdir(path, 0700) != 0 || chmod(path, mode) != 0)
		copy_case_die(path);
}

void make_link(const char *path, const char *text)
{
	if (symlink(text, path) != 0)
		copy_case_die(path);
}

void make_data(const char *path, size_t size)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	uint32_t block[16384], state = 2463534242u;

	if (fd < 0)
		copy_case_die(path);
	while (size > 0) {
		size_t part = size < sizeof(block) ? size : sizeof(block);

		for (size_t i = 0; i < 16384; i++)
			block[i] = state = state * 1664525u + 1013904223u;
		if (write(fd, block, part) != (ssize_t)part)
			copy_case_die(path);
		size -= part;
	}
}

/* Returns the type and permissions of a path, links not followed, or 0 if there is none. */
static mode_t copy_case_mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode : 0;
}

static bool copy_case_is_mode(const char *path, mode_t expected)
{
	char seen_text[300], expected_text[300];

	snprintf(seen_text, sizeof(seen_text), "%.250s: mode %o", path, copy_case_mode_of(path));
	snprintf(expected_text, sizeof(expected_text), "%.250s: mode %o", path, expected);
	return unit_string(seen_text, expected_text);
}

bool is_file(const char *path, const char *text, mode_t mode)
{
	char content[4096] = "";
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, content, sizeof(content) - 1);

	return unit_true(length >= 0) && unit_string(content, text) &&
	       copy_case_is_mode(path, S_IFREG | mode);
}

bool is_directory(const char *path, mode_t mode)
{
	return copy_case_is_mode(path, S_IFDIR | mode);
}

bool is_link(const char *path, const char *text)
{
	char seen[4096] = "";

	return unit_true(readlink(path, seen, sizeof(seen) - 1) >= 0) && unit_string(seen, text);
}

bool is_absent(const char *path)
{
	return copy_case_is_mode(path, 0);
}

static void *copy_case_map_file(const char *path, size_t *size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *memory;

	if (fd < 0 || fstat(fd, &st) != 0)
		return NULL;
	*size = (size_t)st.st_size;
	memory = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

bool is_same_data(const char *a, const char *b)
{
	size_t a_size = 0, b_size = 0;
	void *a_data = copy_case_map_file(a, &a_size), *b_data = copy_case_map_file(b, &b_size);
	bool same = unit_true(a_data && b_data) && unit_bytes(a_data, a_size, b_data, b_size);

	if (a_data)
		munmap(a_data, a_size);
	if (b_data)
		munmap(b_data, b_size);
	return same;
}

int count_entries(const char *path)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	int count = 0;

	if (!dir)
		return -1;
	while (readdir(dir))
		count++;
	return count - 2;
}

int count_own_fds(void)
{
	return count_entries("/proc/self/fd");
}

struct copy_request copy_case_request_root(const char *source, const char *target)
{
	struct copy_request request = copy_case_request(source, target);

	request.source.root_fd = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	request.source.links = COPY_LINKS_IN_ROOT;
	return request;
}

void copy_case_begin_root(void)
{
	copy_case_begin();
	make_directory("outside", 0755);
	make_file("outside/f", "canary", 0600);
	make_directory("root", 0755);
	make_directory("root/d", 0755);
	make_directory("t", 0755);
}

bool outside_is_unchanged(void)
{
	return is_file("outside/f", "canary", 0600) && is_directory("outside", 0755) &&
	       unit_integer(count_entries("outside"), 1);
}

double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void *share_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}
