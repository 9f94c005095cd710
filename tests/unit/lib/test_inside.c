/* SPDX-License-Identifier: Apache-2.0 */
/* Names are cleaned, and what is missing is made, inside a root that nothing leaves. */
#include <config.h>

#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/inside.h"

static int root_fd = -1;

/* Begins a case with an empty root, beside a directory that nothing may reach. */
static void inside_case_begin(const char *name)
{
	_cleanup_close_ int above = open(unit_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	cleanup_close(&root_fd);
	unit_integer(mkdirat(above, name, 0755), 0);
	root_fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unit_true(root_fd >= 0);
}

static int inside_case_make(void *data, int directory_fd, const char *name, bool last)
{
	return last && data ? mknodat(directory_fd, name, S_IFREG | 0644, 0)
			    : mkdirat(directory_fd, name, 0755);
}

/* Opens or makes a path; returns 0 or an errno. */
static int inside_case_open(const char *path, uint64_t resolve, bool file, bool replace)
{
	const struct inside_maker maker = {
		.make = inside_case_make,
		.data = file ? &root_fd : NULL,
		.replace = replace,
	};
	int fd = inside_open_or_make(root_fd, path, resolve, &maker);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* The type of what is at a path, no link followed; 0: nothing. */
static mode_t inside_case_type(const char *path)
{
	struct stat status;

	return fstatat(root_fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_mode & S_IFMT
									 : 0;
}

static void names_are_cleaned_and_stop_at_the_root(void)
{
	static const char *const names[][2] = {
		{"", ""},
		{"/", ""},
		{"./", ""},
		{"..", ""},
		{"../..", ""},
		{"a/..", ""},
		{"/a//b/", "a/b"},
		{"a/./b/../c", "a/c"},
		{"../a", "a"},
		{"a/../../b", "b"},
		{"..a/b..", "..a/b.."},
		{".../a", ".../a"},
		{"a/b/../../c", "c"},
	};
	char text[32];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		strcpy(text, names[i][0]);
		unit_unsigned(inside_clean_name(text), strlen(names[i][1]));
		unit_string(text, names[i][1]);
	}
}

static void missing_directories_are_made_behind_links_to_nothing(void)
{
	inside_case_begin("links");
	unit_integer(symlinkat("var/home", root_fd, "home"), 0);
	unit_integer(symlinkat("/../../abs", root_fd, "etc"), 0);
	unit_integer(inside_case_open("home/me", RESOLVE_IN_ROOT, false, false), 0);
	unit_integer(inside_case_open("etc/x/../y", RESOLVE_IN_ROOT, false, false), 0);
	unit_unsigned(inside_case_type("var/home/me"), S_IFDIR);
	unit_unsigned(inside_case_type("home"), S_IFLNK);
	unit_unsigned(inside_case_type("abs/y"), S_IFDIR);
	unit_integer(inside_case_open("etc", RESOLVE_BENEATH, false, false), EXDEV);
}

static void a_last_part_is_made_where_its_link_points(void)
{
	inside_case_begin("last");
	unit_integer(symlinkat("../run/resolv.conf", root_fd, "resolv.conf"), 0);
	unit_integer(inside_case_open("resolv.conf", RESOLVE_IN_ROOT, true, false), 0);
	unit_unsigned(inside_case_type("run/resolv.conf"), S_IFREG);
	unit_unsigned(inside_case_type("resolv.conf"), S_IFLNK);
}

static void beneath_nothing_leads_out(void)
{
	inside_case_begin("beneath");
	unit_integer(symlinkat("/tmp", root_fd, "absolute"), 0);
	unit_integer(symlinkat("../nowhere", root_fd, "up"), 0);
	unit_integer(inside_case_open("absolute/x", RESOLVE_BENEATH, false, false), EXDEV);
	unit_integer(inside_case_open("up/x", RESOLVE_BENEATH, false, false), EXDEV);
	unit_integer(inside_case_open("a/../../x", RESOLVE_BENEATH, false, false), EXDEV);
	unit_unsigned(inside_case_type("../nowhere"), 0);
}

static void loops_and_files_in_the_way_are_errors(void)
{
	char name[NAME_MAX + 8] = "";

	inside_case_begin("errors");
	memset(name, 'n', NAME_MAX + 1);
	unit_integer(symlinkat("loop/x", root_fd, "loop"), 0);
	unit_integer(mknodat(root_fd, "file", S_IFREG | 0644, 0), 0);
	unit_integer(inside_case_open("loop", RESOLVE_IN_ROOT, false, false), ELOOP);
	unit_integer(inside_case_open("file/x", RESOLVE_IN_ROOT, false, false), ENOTDIR);
	unit_integer(inside_case_open(name, RESOLVE_IN_ROOT, false, false), ENAMETOOLONG);
	unit_integer(inside_case_open("new/../file/x", RESOLVE_IN_ROOT, false, false), ENOTDIR);
	unit_integer(inside_case_open("file/x", RESOLVE_IN_ROOT, false, true), 0);
	unit_unsigned(inside_case_type("file/x"), S_IFDIR);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(names_are_cleaned_and_stop_at_the_root),
		UNIT_TEST(missing_directories_are_made_behind_links_to_nothing),
		UNIT_TEST(a_last_part_is_made_where_its_link_points),
		UNIT_TEST(beneath_nothing_leads_out),
		UNIT_TEST(loops_and_files_in_the_way_are_errors),
	};

	return unit_main(argc, argv, "inside", tests, ARRAY_SIZE(tests));
}
