/* SPDX-License-Identifier: Apache-2.0 */
/* The identities with which the copy engine reads and writes, and the owner of what it makes.
 * Changing identity needs root. */
#include <config.h>

#include "tests/unit/files/copy_case.h"

#include <grp.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READER = 12345, WRITER = 23456, OWNER = 34567 };

static const struct copy_identity root = {.set = true, .uid = 0, .gid = 0};
static const struct copy_identity reader = {.set = true, .uid = READER, .gid = READER};
static const struct copy_identity writer = {.set = true, .uid = WRITER, .gid = WRITER};

static bool identity_is_root(void)
{
	if (geteuid() == 0)
		return unit_integer(setgroups(0, NULL), 0);
	printf("  skipped: needs root\n");
	return false;
}

/* Others must be able to enter the runner's directory. */
static void identity_begin_case(void)
{
	copy_case_begin();
	unit_integer(chmod(unit_directory(), 0755), 0);
	make_directory("s", 0755);
	make_directory("s/d", 0755);
	make_file("s/d/f", "text", 0644);
	make_link("s/d/l", "f");
	make_directory("t", 0755);
}

static void identity_set_owner(const char *path, uid_t uid)
{
	unit_integer(lchown(path, uid, uid), 0);
}

static bool identity_is_owned(const char *path, uid_t uid)
{
	struct stat st;

	return unit_integer(lstat(path, &st), 0) && unit_unsigned(st.st_uid, uid) &&
	       unit_unsigned(st.st_gid, uid);
}

static void the_target_s_identity_owns_new_files(void)
{
	struct copy_request request;

	if (!identity_is_root())
		return;
	identity_begin_case();
	unit_integer(chmod("s", 0700), 0);
	unit_integer(chmod("s/d/f", 04600), 0);
	identity_set_owner("t", WRITER);
	request = copy_case_request("s/d", "t/new");
	request.source.as = root;
	request.target.as = writer;
	unit_integer(copy_case_run(&request), 0);
	identity_is_owned("t/new", WRITER);
	identity_is_owned("t/new/d", WRITER);
	identity_is_owned("t/new/d/f", WRITER);
	identity_is_owned("t/new/d/l", WRITER);
	is_file("t/new/d/f", "text", 04600);
	/* Again, over existing files. */
	unit_integer(copy_case_run(&request), 0);
	identity_is_owned("t/new/d/f", WRITER);
}

static void the_target_s_permissions_apply(void)
{
	struct copy_request request;

	if (!identity_is_root())
		return;
	identity_begin_case();
	request = copy_case_request("s/d", "t");
	request.target.as = writer;
	unit_integer(copy_case_run(&request), -1);
	unit_string(copy_error.message, "make directory t/d: Permission denied");
	unit_integer(count_entries("t"), 0);
	/* A writable directory below one that the identity cannot enter. */
	make_directory("t/closed", 0700);
	make_directory("t/closed/open", 0777);
	request.target.path = "t/closed/open";
	unit_integer(copy_case_run(&request), -1);
	unit_string(copy_error.message, "open target t/closed/open: Permission denied");
	unit_integer(count_entries("t/closed/open"), 0);
	/* Another user's file is replaced if the identity owns the directory. */
	identity_set_owner("t", WRITER);
	make_file("t/f", "old", 0600);
	request.source.path = "s/d/f";
	request.target.path = "t";
	unit_integer(copy_case_run(&request), 0);
	is_file("t/f", "text", 0644);
	identity_is_owned("t/f", WRITER);
}

static void the_source_s_permissions_apply(void)
{
	struct copy_request request;

	if (!identity_is_root())
		return;
	identity_begin_case();
	make_file("s/d/secret", "secret", 0600);
	make_directory("s/d/closed", 0700);
	make_file("s/d/closed/f", "secret", 0644);
	request = copy_case_request("s/d", "t");
	request.source.as = reader;
	request.target.as = root;
	unit_integer(copy_case_run(&request), -1);
	unit_contains(copy_error.message, ": Permission denied (and 1 more)");
	unit_contains(copy_warnings, "read s/d/secret: Permission denied\n");
	unit_contains(copy_warnings, "read s/d/closed: Permission denied\n");
	is_file("t/d/f", "text", 0644);
	is_absent("t/d/secret");
	is_absent("t/d/closed");
	identity_is_owned("t/d/f", 0);
}

static void the_owner_gets_only_new_files(void)
{
	struct copy_request request;

	if (!identity_is_root())
		return;
	identity_begin_case();
	unit_integer(chmod("s/d/f", 06755), 0);
	unit_integer(chmod("s/d", 02755), 0);
	make_directory("s/d/sub", 0700);
	make_directory("t/new", 0755);
	make_directory("t/new/d", 0755);
	make_file("t/new/d/other", "x", 0644);
	make_link("t/new/d/l", "other");
	request = copy_case_request("s/d", "t/new");
	request.owner = (struct copy_identity){.set = true, .uid = OWNER, .gid = OWNER};
	unit_integer(copy_case_run(&request), 0);
	identity_is_owned("t/new", 0);
	identity_is_owned("t/new/d", 0);
	identity_is_owned("t/new/d/other", 0);
	identity_is_owned("t/new/d/sub", OWNER);
	identity_is_owned("t/new/d/f", OWNER);
	identity_is_owned("t/new/d/l", OWNER);
	is_link("t/new/d/l", "f");
	is_file("t/new/d/f", "text", 06755);
	/* The owner also gets a target directory that the copy makes, for any kind of source. */
	request.target.path = "t/made";
	unit_integer(copy_case_run(&request), 0);
	identity_is_owned("t/made", OWNER);
	identity_is_owned("t/made/d", OWNER);
	is_directory("t/made/d", 02755);
	request.source.path = "s/d/l";
	request.target.path = "t/also/";
	unit_integer(copy_case_run(&request), 0);
	identity_is_owned("t/also", OWNER);
	identity_is_owned("t/also/l", OWNER);
}

static void the_process_is_itself_again_afterwards(void)
{
	struct copy_request request;

	if (!identity_is_root())
		return;
	identity_begin_case();
	request = copy_case_request("s/d", "t");
	request.source.as = reader;
	request.target.as = writer;
	unit_integer(copy_case_run(&request), -1);
	unit_integer(setfsuid((uid_t)-1), 0);
	unit_integer(setfsgid((gid_t)-1), 0);
	make_directory("t/closed", 0000);
	make_file("t/closed/f", "x", 0644);
}

/* Checks in a child that a copy as another user is refused. */
static void identity_is_refused(bool (*prepare)(void), const char *message)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct copy_request request = copy_case_request("s/d", "t");

		request.target.as = writer;
		_exit(prepare() && copy_case_run(&request) == -1 &&
				      strcmp(copy_error.message, message) == 0
			      ? 0
			      : 1);
	}
	unit_integer(waitpid(pid, &status, 0), pid);
	unit_integer(status, 0);
}

static bool identity_keep_capabilities(void)
{
	return setgroups(0, NULL) == 0 && prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) == 0;
}

static bool identity_keep_groups(void)
{
	const gid_t group = OWNER;

	return setgroups(1, &group) == 0;
}

static void what_overrides_an_identity_s_permissions_is_refused(void)
{
	if (!identity_is_root())
		return;
	identity_begin_case();
	identity_is_refused(identity_keep_capabilities, "copy: user 23456 would keep capabilities");
	identity_is_refused(identity_keep_groups, "copy: user 23456 would keep groups");
	unit_integer(count_entries("t"), 0);
}

static void an_identity_that_cannot_be_taken_is_an_error(void)
{
	struct copy_request request;

	if (geteuid() == 0) {
		printf("  skipped: needs an ordinary user\n");
		return;
	}
	identity_begin_case();
	request = copy_case_request("s/d", "t");
	request.target.as = writer;
	unit_integer(copy_case_run(&request), -1);
	unit_contains(copy_error.message, "cannot act as user 23456 and group 23456");
	unit_integer(count_entries("t"), 0);
	/* The process's own identity works. */
	request.target.as = (struct copy_identity){true, geteuid(), getegid()};
	unit_integer(copy_case_run(&request), 0);
	request.owner = writer;
	request.target.path = "t/given";
	unit_integer(copy_case_run(&request), -1);
	unit_contains(copy_error.message, "set the owner of target t/given");
}

static const struct unit_test tests[] = {
	UNIT_TEST(the_target_s_identity_owns_new_files),
	UNIT_TEST(the_target_s_permissions_apply),
	UNIT_TEST(the_source_s_permissions_apply),
	UNIT_TEST(the_owner_gets_only_new_files),
	UNIT_TEST(the_process_is_itself_again_afterwards),
	UNIT_TEST(what_overrides_an_identity_s_permissions_is_refused),
	UNIT_TEST(an_identity_that_cannot_be_taken_is_an_error),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "copy_identity", tests, sizeof(tests) / sizeof(*tests));
}
