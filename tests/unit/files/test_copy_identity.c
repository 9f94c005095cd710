/* SPDX-License-Identifier: Apache-2.0 */
/* As whom the copy engine reads and writes, and to whom it gives what it makes. Changing identity
 * needs root. */
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

static bool is_root(void)
{
	if (geteuid() == 0)
		return unit_integer(setgroups(0, NULL), 0);
	printf("  skipped: needs root\n");
	return false;
}

/* The runner's directory is open to nobody else. */
static void identity_begin(void)
{
	case_begin();
	unit_integer(chmod(unit_directory(), 0755), 0);
	make_directory("s", 0755);
	make_directory("s/d", 0755);
	make_file("s/d/f", "text", 0644);
	make_link("s/d/l", "f");
	make_directory("t", 0755);
}

static void give(const char *path, uid_t uid)
{
	unit_integer(lchown(path, uid, uid), 0);
}

static bool is_owned(const char *path, uid_t uid)
{
	struct stat st;

	return unit_integer(lstat(path, &st), 0) && unit_unsigned(st.st_uid, uid) &&
	       unit_unsigned(st.st_gid, uid);
}

static void the_target_s_identity_owns_what_is_made(void)
{
	struct copy_request request;

	if (!is_root())
		return;
	identity_begin();
	unit_integer(chmod("s", 0700), 0);
	unit_integer(chmod("s/d/f", 04600), 0);
	give("t", WRITER);
	request = case_request("s/d", "t/new");
	request.source.as = root;
	request.target.as = writer;
	unit_integer(case_run(&request), 0);
	is_owned("t/new", WRITER);
	is_owned("t/new/d", WRITER);
	is_owned("t/new/d/f", WRITER);
	is_owned("t/new/d/l", WRITER);
	is_file("t/new/d/f", "text", 04600);
	/* Once more over what is there. */
	unit_integer(case_run(&request), 0);
	is_owned("t/new/d/f", WRITER);
}

static void the_target_s_permissions_decide(void)
{
	struct copy_request request;

	if (!is_root())
		return;
	identity_begin();
	request = case_request("s/d", "t");
	request.target.as = writer;
	unit_integer(case_run(&request), -1);
	unit_string(copy_error.message, "make directory t/d: Permission denied");
	unit_integer(count_entries("t"), 0);
	/* A directory that may be written to below one that may not be entered. */
	make_directory("t/closed", 0700);
	make_directory("t/closed/open", 0777);
	request.target.path = "t/closed/open";
	unit_integer(case_run(&request), -1);
	unit_string(copy_error.message, "open target t/closed/open: Permission denied");
	unit_integer(count_entries("t/closed/open"), 0);
	/* A file of somebody else's is replaced where the directory is its own. */
	give("t", WRITER);
	make_file("t/f", "old", 0600);
	request.source.path = "s/d/f";
	request.target.path = "t";
	unit_integer(case_run(&request), 0);
	is_file("t/f", "text", 0644);
	is_owned("t/f", WRITER);
}

static void the_source_s_permissions_decide(void)
{
	struct copy_request request;

	if (!is_root())
		return;
	identity_begin();
	make_file("s/d/secret", "secret", 0600);
	make_directory("s/d/closed", 0700);
	make_file("s/d/closed/f", "secret", 0644);
	request = case_request("s/d", "t");
	request.source.as = reader;
	request.target.as = root;
	unit_integer(case_run(&request), -1);
	unit_contains(copy_error.message, ": Permission denied (and 1 more)");
	unit_contains(copy_warnings, "read s/d/secret: Permission denied\n");
	unit_contains(copy_warnings, "read s/d/closed: Permission denied\n");
	is_file("t/d/f", "text", 0644);
	is_absent("t/d/secret");
	is_absent("t/d/closed");
	is_owned("t/d/f", 0);
}

static void the_owner_gets_what_is_made_and_nothing_else(void)
{
	struct copy_request request;

	if (!is_root())
		return;
	identity_begin();
	unit_integer(chmod("s/d/f", 06755), 0);
	unit_integer(chmod("s/d", 02755), 0);
	make_directory("s/d/sub", 0700);
	make_directory("t/new", 0755);
	make_directory("t/new/d", 0755);
	make_file("t/new/d/other", "x", 0644);
	make_link("t/new/d/l", "other");
	request = case_request("s/d", "t/new");
	request.owner = (struct copy_identity){.set = true, .uid = OWNER, .gid = OWNER};
	unit_integer(case_run(&request), 0);
	is_owned("t/new", 0);
	is_owned("t/new/d", 0);
	is_owned("t/new/d/other", 0);
	is_owned("t/new/d/sub", OWNER);
	is_owned("t/new/d/f", OWNER);
	is_owned("t/new/d/l", OWNER);
	is_link("t/new/d/l", "f");
	is_file("t/new/d/f", "text", 06755);
	/* A target that is made is given too, whatever is copied. */
	request.target.path = "t/made";
	unit_integer(case_run(&request), 0);
	is_owned("t/made", OWNER);
	is_owned("t/made/d", OWNER);
	is_directory("t/made/d", 02755);
	request.source.path = "s/d/l";
	request.target.path = "t/also/";
	unit_integer(case_run(&request), 0);
	is_owned("t/also", OWNER);
	is_owned("t/also/l", OWNER);
}

static void the_process_is_itself_again_afterwards(void)
{
	struct copy_request request;

	if (!is_root())
		return;
	identity_begin();
	request = case_request("s/d", "t");
	request.source.as = reader;
	request.target.as = writer;
	unit_integer(case_run(&request), -1);
	unit_integer(setfsuid((uid_t)-1), 0);
	unit_integer(setfsgid((gid_t)-1), 0);
	make_directory("t/closed", 0000);
	make_file("t/closed/f", "x", 0644);
}

/* Checks that a copy as another user is refused; in a process of its own. */
static void refuses(bool (*prepare)(void), const char *message)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct copy_request request = case_request("s/d", "t");

		request.target.as = writer;
		_exit(prepare() && case_run(&request) == -1 &&
				      strcmp(copy_error.message, message) == 0
			      ? 0
			      : 1);
	}
	unit_integer(waitpid(pid, &status, 0), pid);
	unit_integer(status, 0);
}

static bool keep_capabilities(void)
{
	return setgroups(0, NULL) == 0 && prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) == 0;
}

static bool keep_groups(void)
{
	const gid_t group = OWNER;

	return setgroups(1, &group) == 0;
}

static void what_overrides_an_identity_s_permissions_is_refused(void)
{
	if (!is_root())
		return;
	identity_begin();
	refuses(keep_capabilities, "copy: user 23456 would keep capabilities");
	refuses(keep_groups, "copy: user 23456 would keep groups");
	unit_integer(count_entries("t"), 0);
}

static void an_identity_that_cannot_be_taken_is_an_error(void)
{
	struct copy_request request;

	if (geteuid() == 0) {
		printf("  skipped: needs an ordinary user\n");
		return;
	}
	identity_begin();
	request = case_request("s/d", "t");
	request.target.as = writer;
	unit_integer(case_run(&request), -1);
	unit_contains(copy_error.message, "cannot act as user 23456 and group 23456");
	unit_integer(count_entries("t"), 0);
	/* Its own it has. */
	request.target.as = (struct copy_identity){true, geteuid(), getegid()};
	unit_integer(case_run(&request), 0);
	request.owner = writer;
	request.target.path = "t/given";
	unit_integer(case_run(&request), -1);
	unit_contains(copy_error.message, "set the owner of target t/given");
}

static const struct unit_test tests[] = {
	UNIT_TEST(the_target_s_identity_owns_what_is_made),
	UNIT_TEST(the_target_s_permissions_decide),
	UNIT_TEST(the_source_s_permissions_decide),
	UNIT_TEST(the_owner_gets_what_is_made_and_nothing_else),
	UNIT_TEST(the_process_is_itself_again_afterwards),
	UNIT_TEST(what_overrides_an_identity_s_permissions_is_refused),
	UNIT_TEST(an_identity_that_cannot_be_taken_is_an_error),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "copy_identity", tests, sizeof(tests) / sizeof(*tests));
}
