/* SPDX-License-Identifier: Apache-2.0 */
/* The copy engine on trees that are built to harm it, or that change at a chosen moment. */
#include <config.h>

#include "lib/cleanup.h"
#include "tests/unit/files/copy_case.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NESTED = 3000, WIDE = 100000 };

static void a_path_stays_below_the_container_s_root(void)
{
	static const char *const links[] = {"/../outside/f", "../outside/f", "../../outside/f",
					    "d/up/../outside/f"};
	struct copy_request request;

	copy_case_begin_root();
	make_directory("root/outside", 0755);
	make_file("root/outside/f", "inside", 0644);
	make_link("root/d/up", "../../..");
	make_link("root/abs", "/outside");
	for (size_t i = 0; i < 4; i++) {
		request = copy_case_request_root(links[i], "t/f");
		unit_integer(copy_case_run(&request), 0);
		is_file("t/f", "inside", 0644);
		close(request.source.root_fd);
	}
	request = copy_case_request_root("/abs/", "t/abs");
	unit_integer(copy_case_run(&request), 0);
	is_file("t/abs/f", "inside", 0644);
	/* The same holds for a target. */
	make_file("new", "new", 0644);
	request.target = request.source;
	request.target.path = "/d/up/abs/../outside/f";
	request.source = copy_case_request("new", "").source;
	unit_integer(copy_case_run(&request), 0);
	is_file("root/outside/f", "new", 0644);
	close(request.target.root_fd);
	outside_is_unchanged();
}

static void magic_links_are_refused(void)
{
	copy_case_begin();
	make_file("f", "text", 0644);
	unit_integer(copy_case_copy("/proc/self/cwd/f", "t"), -1);
	unit_string(copy_error.message,
		    "open source /proc/self/cwd/f: link /proc/self is not followed: it is one of "
		    "/proc");
	unit_integer(copy_case_copy("f", "/proc/self/cwd/t"), -1);
	is_absent("t");
}

static void a_target_s_links_are_refused_on_request(void)
{
	struct copy_request request;

	copy_case_begin_root();
	make_file("f", "text", 0644);
	make_link("t/x", "../outside");
	request = copy_case_request("f", "t/x");
	request.target.links = COPY_LINKS_REFUSE;
	unit_integer(copy_case_run(&request), -1);
	request.target.path = "t/x/f";
	unit_integer(copy_case_run(&request), -1);
	unit_string(copy_error.message, "open target t/x/f: Too many levels of symbolic links");
	request.target.path = "t/f";
	unit_integer(copy_case_run(&request), 0);
	is_file("t/f", "text", 0644);
	outside_is_unchanged();
}

/* Replaces `d/a` by a link between the listing of the directory and its copy. The engine's warning
 * about a fifo in between calls this. */
static void hostile_replace_by_link(void *data, const char *text)
{
	(void)data;
	(void)text;
	if (rename("root/d/a", "root/d/b") == 0)
		make_link("root/d/a", "../../outside");
}

static void a_directory_that_becomes_a_link_is_not_followed(void)
{
	struct copy_request request;

	copy_case_begin_root();
	make_directory("root/d/a", 0755);
	unit_integer(mkfifo("root/d/fifo", 0644), 0);
	request = copy_case_request_root("d", "t");
	request.warn = hostile_replace_by_link;
	unit_integer(copy_case_run(&request), 0);
	unit_unsigned(copy_progress.vanished, 1);
	is_absent("t/d/a");
	unit_integer(count_entries("t/d"), 0);
	close(request.source.root_fd);
}

/* Makes a chain of nested directories that is too deep for a path. */
static bool hostile_make_chain(const char *top, int levels)
{
	int fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < levels && fd >= 0; i++) {
		int next = mkdirat(fd, "n", 0755) == 0
				   ? openat(fd, "n", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
				   : -1;

		close(fd);
		fd = next;
	}
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Opens the deepest directory of a chain and counts its levels. */
static int hostile_descend(const char *top, int *levels)
{
	int fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (*levels = 0; fd >= 0; (*levels)++) {
		int next = openat(fd, "n", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (next < 0)
			break;
		close(fd);
		fd = next;
	}
	return fd;
}

static int hostile_remove_chain(const char *top)
{
	int levels, fd = hostile_descend(top, &levels);

	for (int i = 0; i < levels && fd >= 0; i++) {
		int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		close(fd);
		fd = parent;
		unlinkat(fd, "n", AT_REMOVEDIR);
	}
	if (fd >= 0)
		close(fd);
	return levels;
}

static void thousands_of_nested_directories_are_copied(void)
{
	int before = count_own_fds();

	copy_case_begin_root();
	unit_true(hostile_make_chain("root/d", NESTED));
	unit_integer(copy_case_copy("root/d/", "t"), 0);
	unit_unsigned(copy_progress.directories, NESTED + 1);
	unit_integer(count_own_fds(), before);
	unit_integer(hostile_remove_chain("t"), NESTED);
	unit_integer(hostile_remove_chain("root/d"), NESTED);
}

/* Moves a directory of the chain, so that its `..` becomes another directory. */
static void hostile_move_away(void *data, const char *text)
{
	const char *path = data;

	(void)text;
	rename(path, "root/moved");
}

static void a_directory_that_moves_while_it_is_copied_ends_the_copy(void)
{
	struct copy_request request;
	char path[256];
	int levels, fd;

	copy_case_begin_root();
	unit_true(hostile_make_chain("root/d", 300));
	fd = hostile_descend("root/d", &levels);
	unit_integer(mkfifoat(fd, "fifo", 0644), 0);
	snprintf(path, sizeof(path), "root/d");
	for (size_t i = 0; i < 100; i++)
		snprintf(path + 6 + 2 * i, 3, "/n");
	request = copy_case_request("root/d/", "t");
	request.warn = hostile_move_away;
	request.warn_data = path;
	unit_integer(copy_case_run(&request), -1);
	unit_contains(copy_error.message, "return from root/d/");
	unit_integer(copy_error.number, ESTALE);
	unit_integer(unlinkat(fd, "fifo", 0), 0);
	close(fd);
	hostile_remove_chain("root/moved");
	hostile_remove_chain("root/d");
	hostile_remove_chain("t");
}

static void a_directory_of_a_hundred_thousand_entries_is_copied(void)
{
	char name[64];
	bool made = true;

	copy_case_begin_root();
	for (int i = 0; i < WIDE; i++) {
		_cleanup_close_ int fd = -1;

		snprintf(name, sizeof(name), "root/d/%d", i);
		if (i % 1000 == 0) {
			made = made && mkdir(name, 0755) == 0;
			continue;
		}
		fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		made = made && fd >= 0;
	}
	unit_true(made);
	unit_integer(copy_case_copy("root/d/", "t"), 0);
	unit_unsigned(copy_progress.files, WIDE - WIDE / 1000);
	unit_unsigned(copy_progress.directories, WIDE / 1000 + 1);
	unit_integer(count_entries("t"), WIDE);
}

static void a_sparse_file_of_eight_exbibytes_is_copied_or_refused(void)
{
	char source[] = "/dev/shm/warden-unit-XXXXXX", target[64];
	int fd = mkostemp(source, O_CLOEXEC);
	struct copy_request request;
	struct stat st;

	if (fd < 0 || ftruncate(fd, INT64_MAX) != 0 || pwrite(fd, "x", 1, 1L << 40) != 1) {
		printf("skipped: no file of that size in /dev/shm\n");
		return;
	}
	close(fd);
	snprintf(target, sizeof(target), "%s-copy", source);
	copy_case_begin();
	request = copy_case_request(source, target);
	request.target.links = COPY_LINKS_REFUSE; /* outside the working directory */
	unit_integer(copy_case_run(&request), 0);
	unit_integer(stat(target, &st), 0);
	unit_integer(st.st_size, INT64_MAX);
	unit_true(st.st_blocks < 10000);
	unlink(target);
	/* On a file system that cannot hold such a file. */
	if (copy_case_copy(source, "t") != 0) {
		unit_string(copy_error.message, "write t: File too large");
		is_absent("t");
		unit_integer(count_entries("."), 0);
	}
	unlink(source);
}

static const struct unit_test tests[] = {
	UNIT_TEST(a_path_stays_below_the_container_s_root),
	UNIT_TEST(magic_links_are_refused),
	UNIT_TEST(a_target_s_links_are_refused_on_request),
	UNIT_TEST(a_directory_that_becomes_a_link_is_not_followed),
	UNIT_TEST(thousands_of_nested_directories_are_copied),
	UNIT_TEST(a_directory_that_moves_while_it_is_copied_ends_the_copy),
	UNIT_TEST(a_directory_of_a_hundred_thousand_entries_is_copied),
	UNIT_TEST(a_sparse_file_of_eight_exbibytes_is_copied_or_refused),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "copy_hostile", tests, sizeof(tests) / sizeof(*tests));
}
