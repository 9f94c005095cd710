/* SPDX-License-Identifier: Apache-2.0 */
/* Links are followed only where nobody but root and the trusted owners can have made them. */
#include <config.h>

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/trusted_path.h"

enum { OTHER = 1234, MODE_OPEN = 0777, MODE_STICKY = 01777, MODE_OWN = 0755 };

static struct warden_error refusal;

static void test_trusted_path_die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

/* A directory below the program's; its path. */
static const char *test_trusted_path_directory(const char *name, mode_t mode)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", unit_directory(), name);
	if (mkdir(path, mode) < 0 || chmod(path, mode) < 0)
		test_trusted_path_die(path);
	return path;
}

static void test_trusted_path_link(const char *directory, const char *name, const char *target)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (symlink(target, path) < 0)
		test_trusted_path_die(path);
}

/* Opens DIRECTORY/NAME; whether it was opened. */
static bool test_trusted_path_opens(const char *directory, const char *name, uid_t link_owner,
				    uid_t directory_owner)
{
	const struct trusted_owners owners = {link_owner, directory_owner};
	_cleanup_close_ int fd = -1;
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = trusted_path_open(path, 0, &owners, &refusal);
	return fd >= 0;
}

static void paths_without_links_are_opened_whoever_may_write(void)
{
	const char *path = test_trusted_path_directory("plain", MODE_OPEN);

	unit_true(test_trusted_path_opens(path, "", geteuid(), geteuid()));
	unit_true(test_trusted_path_opens(path, "../plain/./..//plain", geteuid(), geteuid()));
	unit_false(test_trusted_path_opens(path, "missing", geteuid(), geteuid()));
	unit_integer(errno, ENOENT);
	unit_string(refusal.message, "");
}

static void links_of_the_owner_are_followed_in_its_directories(void)
{
	const char *path = test_trusted_path_directory("own", MODE_OWN);

	test_trusted_path_link(path, "absolute", unit_directory());
	test_trusted_path_link(path, "relative", "../own/absolute");
	test_trusted_path_link(path, "loop", "loop");
	unit_true(test_trusted_path_opens(path, "relative/own", geteuid(), geteuid()));
	unit_false(test_trusted_path_opens(path, "loop", geteuid(), geteuid()));
	unit_integer(errno, ELOOP);
	unit_string(refusal.message, "");
}

static void links_where_others_may_write_are_refused(void)
{
	const char *path = test_trusted_path_directory("open", MODE_OPEN);

	test_trusted_path_link(path, "link", "/");
	unit_false(test_trusted_path_opens(path, "link", geteuid(), geteuid()));
	unit_integer(errno, ELOOP);
	unit_contains(refusal.message,
		      "/open/link is not followed: others may write in its directory");
	path = test_trusted_path_directory("group", 0770);
	test_trusted_path_link(path, "link", "/");
	unit_false(test_trusted_path_opens(path, "link", geteuid(), geteuid()));
}

static void links_in_sticky_directories_are_followed_if_their_owner_is_trusted(void)
{
	const char *path = test_trusted_path_directory("sticky", MODE_STICKY);

	test_trusted_path_link(path, "link", "/");
	unit_true(test_trusted_path_opens(path, "link", geteuid(), geteuid()));
	if (geteuid() != 0)
		return;
	if (lchown(strcat(strcpy((char[600]){0}, path), "/link"), OTHER, OTHER) < 0)
		test_trusted_path_die(path);
	unit_false(test_trusted_path_opens(path, "link", 0, 0));
	unit_contains(refusal.message, "it belongs to user 1234");
	unit_true(test_trusted_path_opens(path, "link", OTHER, 0));
}

static void links_in_directories_of_others_are_refused(void)
{
	const char *path;

	if (geteuid() != 0)
		return;
	path = test_trusted_path_directory("other", MODE_OWN);
	test_trusted_path_link(path, "link", "/");
	if (chown(path, OTHER, OTHER) < 0)
		test_trusted_path_die(path);
	unit_false(test_trusted_path_opens(path, "link", 0, 0));
	unit_contains(refusal.message,
		      "its directory may be written by containers or by its owner");
	unit_false(test_trusted_path_opens(path, "link", OTHER, 0));
	unit_true(test_trusted_path_opens(path, "link", OTHER, OTHER));
}

static void links_of_proc_are_refused(void)
{
	unit_false(test_trusted_path_opens("/proc/self", "root", geteuid(), geteuid()));
	unit_contains(refusal.message, "it is one of /proc");
}

static void files_are_no_directories(void)
{
	const struct trusted_owners owners = {0, 0};
	const char *file = unit_file("file", "");
	char path[600];

	unit_true(test_trusted_path_opens(file, "/..", 0, 0) == false);
	snprintf(path, sizeof(path), "%s/", file);
	unit_integer(trusted_path_open(path, 0, &owners, &refusal), -1);
	unit_integer(errno, ENOTDIR);
	unit_integer(trusted_path_open(file, O_DIRECTORY, &owners, &refusal), -1);
	unit_integer(errno, ENOTDIR);
	unit_integer(trusted_path_open("", 0, &owners, &refusal), -1);
	unit_integer(errno, ENOENT);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(paths_without_links_are_opened_whoever_may_write),
		UNIT_TEST(links_of_the_owner_are_followed_in_its_directories),
		UNIT_TEST(links_where_others_may_write_are_refused),
		UNIT_TEST(links_in_sticky_directories_are_followed_if_their_owner_is_trusted),
		UNIT_TEST(links_in_directories_of_others_are_refused),
		UNIT_TEST(links_of_proc_are_refused),
		UNIT_TEST(files_are_no_directories),
	};

	return unit_main(argc, argv, "trusted_path", tests, ARRAY_SIZE(tests));
}
