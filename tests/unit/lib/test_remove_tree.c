/* SPDX-License-Identifier: Apache-2.0 */
/* Trees with untrusted content are removed completely, and nothing outside of them is. */
#include <config.h>

#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/remove_tree.h"

enum { DEPTH = 5000, ORDINARY_USER = 65534 };

static struct warden_error error;

static void test_remove_tree_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* Each case has its own directory, which is the current one. */
static void test_remove_tree_begin(void)
{
	static unsigned cases;
	char path[32];

	snprintf(path, sizeof(path), "case-%u", cases++);
	if (chdir(unit_directory()) < 0 || mkdir(path, 0777) < 0 || chmod(path, 0777) < 0 ||
	    chdir(path) < 0)
		test_remove_tree_die(path);
	memset(&error, 0, sizeof(error));
}

static void test_remove_tree_make_directory(const char *path)
{
	if (mkdir(path, 0700) < 0)
		test_remove_tree_die(path);
}

static void test_remove_tree_make_file(const char *path)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, "text", 4) != 4)
		test_remove_tree_die(path);
}

static bool test_remove_tree_exists(const char *path)
{
	struct stat status;

	return fstatat(AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static int test_remove_tree_remove(const char *name)
{
	return remove_tree(AT_FDCWD, name, &error);
}

static bool test_remove_tree_is_removed(const char *name)
{
	int result = test_remove_tree_remove(name);

	unit_string(error.message, "");
	return result == 0 && !test_remove_tree_exists(name);
}

/* Runs a check in a child with other rights or mounts. Returns 0, or the number of the check that
 * failed. */
static int test_remove_tree_run_child(int (*run)(void))
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		test_remove_tree_die("fork");
	if (pid == 0)
		_exit(run());
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			test_remove_tree_die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void removing_a_missing_name_succeeds(void)
{
	test_remove_tree_begin();
	unit_true(test_remove_tree_is_removed("missing"));
}

static void a_name_is_one_component(void)
{
	static const char *const wrong[] = {"", "a/b"};

	test_remove_tree_begin();
	test_remove_tree_make_directory("a");
	test_remove_tree_make_directory("a/b");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		unit_integer(test_remove_tree_remove(wrong[i]), -1);
		unit_integer(error.number, EINVAL);
	}
	unit_true(test_remove_tree_exists("a/b"));
}

static void the_whole_content_is_removed(void)
{
	char path[64];

	test_remove_tree_begin();
	test_remove_tree_make_directory("tree");
	for (unsigned i = 0; i < 50; i++) {
		snprintf(path, sizeof(path), "tree/d%u", i);
		test_remove_tree_make_directory(path);
		for (unsigned j = 0; j < 20; j++) {
			snprintf(path, sizeof(path), "tree/d%u/f%u", i, j);
			test_remove_tree_make_file(path);
		}
		snprintf(path, sizeof(path), "tree/d%u/sub", i);
		test_remove_tree_make_directory(path);
	}
	if (mkfifo("tree/fifo", 0600) < 0)
		test_remove_tree_die("mkfifo");
	test_remove_tree_make_directory("sibling");
	unit_true(test_remove_tree_is_removed("tree"));
	unit_true(test_remove_tree_exists("sibling"));
}

/* Makes `tree` with `depth` nested directories, the innermost with a file. */
/* A killed daemon may leave directories that were moved up. */
static void a_removal_that_was_interrupted_is_completed(void)
{
	static const char *const paths[] = {"tree",
					    "tree/a",
					    "tree/a/b",
					    "tree/a/b/c",
					    "tree/.removed-0",
					    "tree/.removed-0/b",
					    "tree/.removed-0/b/c",
					    "tree/.removed-1",
					    "tree/.removed-1/b",
					    "tree/.removed-1/b/c"};

	test_remove_tree_begin();
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		test_remove_tree_make_directory(paths[i]);
	unit_true(test_remove_tree_is_removed("tree"));
}

static void test_remove_tree_make_deep(unsigned depth)
{
	int fd = openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (unsigned i = 0; i <= depth; i++) {
		const char *name = i == 0 ? "tree" : "d";
		int below;

		if (fd < 0 || mkdirat(fd, name, 0700) < 0)
			test_remove_tree_die("make a deep tree");
		below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd); /* opened for reading */
		fd = below;
	}
	if (fd < 0 || symlinkat("/", fd, "root") < 0)
		test_remove_tree_die("make a deep tree");
	close(fd); /* likewise */
}

static void depth_takes_no_descriptors(void)
{
	struct rlimit before, few;

	test_remove_tree_begin();
	test_remove_tree_make_deep(DEPTH);
	if (getrlimit(RLIMIT_NOFILE, &before) < 0)
		test_remove_tree_die("getrlimit");
	few = before;
	few.rlim_cur = 24;
	if (setrlimit(RLIMIT_NOFILE, &few) < 0)
		test_remove_tree_die("setrlimit");
	unit_true(test_remove_tree_is_removed("tree"));
	if (setrlimit(RLIMIT_NOFILE, &before) < 0)
		test_remove_tree_die("setrlimit");
}

static unsigned test_remove_tree_count_descriptors(void)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	if (!dir)
		test_remove_tree_die("/proc/self/fd");
	while (readdir(dir))
		count++;
	return count;
}

static void no_descriptor_is_left(void)
{
	unsigned before = test_remove_tree_count_descriptors();

	test_remove_tree_begin();
	test_remove_tree_make_deep(10);
	unit_true(test_remove_tree_is_removed("tree"));
	unit_integer(remove_tree(-1, "tree", &error), -1);
	unit_unsigned(test_remove_tree_count_descriptors(), before);
}

static void links_are_removed_and_not_followed(void)
{
	test_remove_tree_begin();
	test_remove_tree_make_directory("outside");
	test_remove_tree_make_file("outside/file");
	test_remove_tree_make_directory("tree");
	if (symlink("../outside", "tree/directory") < 0 ||
	    symlink("../outside/file", "tree/file") < 0 || symlink("nowhere", "tree/broken") < 0 ||
	    symlink("outside", "itself") < 0)
		test_remove_tree_die("symlink");
	unit_true(test_remove_tree_is_removed("tree"));
	unit_true(test_remove_tree_is_removed("itself"));
	unit_true(test_remove_tree_exists("outside/file"));
}

static void a_hard_link_outside_stays(void)
{
	test_remove_tree_begin();
	test_remove_tree_make_directory("tree");
	test_remove_tree_make_file("outside");
	if (link("outside", "tree/inside") < 0)
		test_remove_tree_die("link");
	unit_true(test_remove_tree_is_removed("tree"));
	unit_true(test_remove_tree_exists("outside"));
}

static void names_may_be_anything(void)
{
	static const char *const names[] = {"\n", "a\nb",     "-rf",  " ",       "...",
					    "*",  "\xff\xfe", "%s%n", "\x1b[2J", "\\"};
	char path[64];

	test_remove_tree_begin();
	test_remove_tree_make_directory("tree");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "tree/%s", names[i]);
		test_remove_tree_make_directory(path);
		snprintf(path, sizeof(path), "tree/%s/%s", names[i], names[i]);
		test_remove_tree_make_file(path);
	}
	unit_true(test_remove_tree_is_removed("tree"));
	test_remove_tree_make_directory("a\nb");
	unit_true(test_remove_tree_is_removed("a\nb"));
}

static int test_remove_tree_remove_locked(void)
{
	if (geteuid() == 0 && (setgid(ORDINARY_USER) < 0 || setuid(ORDINARY_USER) < 0))
		return 2;
	test_remove_tree_make_directory("tree");
	test_remove_tree_make_directory("tree/none");
	test_remove_tree_make_directory("tree/none/inner");
	test_remove_tree_make_file("tree/none/inner/file");
	test_remove_tree_make_directory("tree/read");
	test_remove_tree_make_file("tree/read/file");
	test_remove_tree_make_directory("tree/empty");
	if (chmod("tree/none/inner", 0) < 0 || chmod("tree/none", 0) < 0 ||
	    chmod("tree/read", 0500) < 0 || chmod("tree/empty", 0) < 0 || chmod("tree", 0) < 0)
		return 3;
	return test_remove_tree_remove("tree") == 0 && !test_remove_tree_exists("tree") ? 0 : 1;
}

static void an_ordinary_user_removes_directories_without_permission(void)
{
	test_remove_tree_begin();
	if (chmod(unit_directory(), 0755) < 0)
		test_remove_tree_die("chmod");
	unit_integer(test_remove_tree_run_child(test_remove_tree_remove_locked), 0);
}

static void an_open_file_is_removed(void)
{
	_cleanup_close_ int fd = -1;
	char text[8] = "";

	test_remove_tree_begin();
	test_remove_tree_make_directory("tree");
	test_remove_tree_make_file("tree/file");
	fd = open("tree/file", O_RDONLY | O_CLOEXEC);
	unit_true(test_remove_tree_is_removed("tree"));
	unit_integer(read(fd, text, sizeof(text) - 1), 4);
	unit_string(text, "text");
}

/* Enters a private mount namespace; false if that is not allowed here. */
static bool test_remove_tree_can_mount(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static int test_remove_tree_remove_around_mounts(void)
{
	if (!test_remove_tree_can_mount())
		return 0; /* without privileges the case is skipped */
	if (mount("outside", "tree/bind", NULL, MS_BIND, NULL) < 0 ||
	    mount("tmpfs", "tree/tmpfs", "tmpfs", 0, "size=64k") < 0)
		return 2;
	test_remove_tree_make_file("tree/tmpfs/file");
	if (test_remove_tree_remove("tree") != -1 || error.number == 0)
		return 3;
	if (!test_remove_tree_exists("outside/file"))
		return 4;
	if (!test_remove_tree_exists("tree/tmpfs/file"))
		return 5;
	return test_remove_tree_exists("tree/other") ? 6 : 0;
}

static void a_mount_is_not_entered_and_the_rest_is_removed(void)
{
	test_remove_tree_begin();
	test_remove_tree_make_directory("outside");
	test_remove_tree_make_file("outside/file");
	test_remove_tree_make_directory("tree");
	test_remove_tree_make_directory("tree/bind");
	test_remove_tree_make_directory("tree/tmpfs");
	test_remove_tree_make_directory("tree/other");
	test_remove_tree_make_file("tree/other/file");
	unit_integer(test_remove_tree_run_child(test_remove_tree_remove_around_mounts), 0);
	unit_true(test_remove_tree_is_removed("tree"));
	unit_true(test_remove_tree_exists("outside/file"));
}

static int test_remove_tree_remove_mounted(void)
{
	if (!test_remove_tree_can_mount())
		return 0; /* as above */
	if (mount("outside", "tree", NULL, MS_BIND, NULL) < 0)
		return 2;
	if (test_remove_tree_remove("tree") != -1)
		return 3;
	return test_remove_tree_exists("outside/file") ? 0 : 4;
}

static void the_name_itself_may_be_a_mount(void)
{
	test_remove_tree_begin();
	test_remove_tree_make_directory("outside");
	test_remove_tree_make_file("outside/file");
	test_remove_tree_make_directory("tree");
	unit_integer(test_remove_tree_run_child(test_remove_tree_remove_mounted), 0);
	unit_true(test_remove_tree_is_removed("tree"));
}

/* False if the file system or missing rights prevent it. */
static bool test_remove_tree_set_attributes(const char *path, int flags)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	int now;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &now) < 0)
		return false;
	now |= flags;
	return ioctl(fd, FS_IOC_SETFLAGS, &now) == 0;
}

static void attributes_do_not_prevent_removal(void)
{
	test_remove_tree_begin();
	test_remove_tree_make_directory("tree");
	test_remove_tree_make_directory("tree/append");
	test_remove_tree_make_file("tree/append/file");
	test_remove_tree_make_directory("tree/empty");
	test_remove_tree_make_directory("tree/fixed");
	test_remove_tree_make_directory("tree/fixed/inner");
	test_remove_tree_make_file("tree/fixed/inner/file");
	if (chmod("tree/fixed", 0) < 0)
		test_remove_tree_die("chmod");
	if (test_remove_tree_set_attributes("tree/append/file", FS_APPEND_FL)) {
		unit_true(
			test_remove_tree_set_attributes("tree/fixed/inner/file", FS_IMMUTABLE_FL));
		unit_true(test_remove_tree_set_attributes("tree/append", FS_APPEND_FL));
		unit_true(test_remove_tree_set_attributes("tree/empty", FS_IMMUTABLE_FL));
		unit_true(test_remove_tree_set_attributes("tree/fixed", FS_IMMUTABLE_FL));
		unit_true(test_remove_tree_set_attributes("tree", FS_APPEND_FL));
	}
	unit_true(test_remove_tree_is_removed("tree"));
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(removing_a_missing_name_succeeds),
		UNIT_TEST(a_name_is_one_component),
		UNIT_TEST(the_whole_content_is_removed),
		UNIT_TEST(a_removal_that_was_interrupted_is_completed),
		UNIT_TEST(depth_takes_no_descriptors),
		UNIT_TEST(no_descriptor_is_left),
		UNIT_TEST(links_are_removed_and_not_followed),
		UNIT_TEST(a_hard_link_outside_stays),
		UNIT_TEST(names_may_be_anything),
		UNIT_TEST(an_ordinary_user_removes_directories_without_permission),
		UNIT_TEST(an_open_file_is_removed),
		UNIT_TEST(a_mount_is_not_entered_and_the_rest_is_removed),
		UNIT_TEST(the_name_itself_may_be_a_mount),
		UNIT_TEST(attributes_do_not_prevent_removal),
	};

	return unit_main(argc, argv, "remove", tests, ARRAY_SIZE(tests));
}
