/* SPDX-License-Identifier: Apache-2.0 */
/* The copy engine on trees that do not change: which path is copied where, and what it replaces. */
#include <config.h>

#include "tests/unit/files/copy_case.h"

#include <unistd.h>

static void a_directory_goes_below_the_target_under_its_own_name(void)
{
	copy_case_begin();
	make_directory("d", 0750);
	make_directory("d/sub", 0711);
	make_file("d/sub/f", "text", 0640);
	make_directory("t", 0755);
	unit_integer(copy_case_copy("d", "t"), 0);
	is_directory("t", 0755);
	is_directory("t/d", 0750);
	is_directory("t/d/sub", 0711);
	is_file("t/d/sub/f", "text", 0640);
	unit_unsigned(copy_progress.directories, 2);
	unit_unsigned(copy_progress.files, 1);
	unit_unsigned(copy_progress.bytes, 4);
}

static void a_source_that_ends_in_a_slash_gives_its_content_and_mode(void)
{
	static const char *const sources[] = {"d/", "d//", "d/.", "d/sub/.."};

	for (size_t i = 0; i < 4; i++) {
		copy_case_begin();
		make_directory("d", 0750);
		make_directory("d/sub", 0755);
		make_file("d/f", "text", 0644);
		make_directory("t", 0755);
		unit_integer(copy_case_copy(sources[i], "t"), 0);
		is_file("t/f", "text", 0644);
		is_directory("t/sub", 0755);
		is_directory("t", 0750);
		is_absent("t/d");
	}
}

static void the_target_s_last_component_is_made_its_parents_are_not(void)
{
	copy_case_begin();
	make_directory("d", 0700);
	make_file("d/f", "text", 0644);
	unit_integer(copy_case_copy("d/", "new"), 0);
	is_directory("new", 0700);
	is_file("new/f", "text", 0644);
	unit_integer(copy_case_copy("d", "other"), 0);
	is_directory("other", 0755);
	is_directory("other/d", 0700);
	unit_integer(copy_case_copy("d", "no/such"), -1);
	unit_string(copy_error.message, "open parent of target no/such: No such file or directory");
	unit_integer(copy_error.number, ENOENT);
	is_absent("no");
}

static void a_file_goes_into_a_directory_or_to_a_name(void)
{
	copy_case_begin();
	make_file("f", "text", 0604);
	make_directory("t", 0755);
	unit_integer(copy_case_copy("f", "t"), 0);
	is_file("t/f", "text", 0604);
	unit_integer(copy_case_copy("f", "t/name"), 0);
	is_file("t/name", "text", 0604);
	unit_integer(copy_case_copy("f", "t/made/"), 0);
	is_file("t/made/f", "text", 0604);
	is_directory("t/made", 0755);
	unit_integer(copy_case_copy("f", "no/such"), -1);
	unit_integer(copy_case_copy("f", "f/"), -1);
	unit_string(copy_error.message, "open target f/: Not a directory");
	unit_integer(copy_case_copy("f/", "t"), -1);
	unit_string(copy_error.message, "open source f/: Not a directory");
}

static void an_existing_file_is_replaced_and_not_written_to(void)
{
	copy_case_begin();
	make_directory("t", 0755);
	make_file("f", "new", 0600);
	make_file("t/f", "a longer old text", 0644);
	unit_integer(link("t/f", "old"), 0);
	unit_integer(copy_case_copy("f", "t"), 0);
	is_file("t/f", "new", 0600);
	is_file("old", "a longer old text", 0644);
	unit_integer(count_entries("t"), 1);
	/* A link under the name of the file is replaced likewise. */
	unit_integer(unlink("t/f"), 0);
	make_link("t/f", "../old");
	unit_integer(copy_case_copy("f", "t/f"), 0);
	is_file("t/f", "new", 0600);
	is_file("old", "a longer old text", 0644);
}

static void a_file_replaces_an_empty_directory_and_no_other(void)
{
	copy_case_begin();
	make_directory("d", 0755);
	make_file("d/empty", "1", 0644);
	make_file("d/full", "2", 0644);
	make_link("d/link", "empty");
	make_file("d/z", "3", 0644);
	make_directory("t", 0755);
	make_directory("t/empty", 0755);
	make_directory("t/link", 0755);
	make_directory("t/full", 0755);
	make_file("t/full/f", "kept", 0644);
	unit_integer(copy_case_copy("d/", "t"), -1);
	unit_string(copy_error.message, "write t/full: Directory not empty");
	is_file("t/empty", "1", 0644);
	is_link("t/link", "empty");
	is_file("t/full/f", "kept", 0644);
	is_file("t/z", "3", 0644);
	unit_integer(count_entries("t"), 4);
	unit_unsigned(copy_progress.failed, 1);
	unit_unsigned(copy_progress.files, 2);
}

static void a_directory_replaces_a_file_and_a_link(void)
{
	copy_case_begin();
	make_directory("out", 0755);
	make_directory("d", 0755);
	make_directory("d/file", 0755);
	make_file("d/file/f", "1", 0644);
	make_directory("d/link", 0755);
	make_file("d/link/f", "2", 0644);
	make_directory("t", 0755);
	make_file("t/file", "old", 0644);
	make_link("t/link", "../out");
	unit_integer(copy_case_copy("d/", "t"), 0);
	is_file("t/file/f", "1", 0644);
	is_directory("t/link", 0755);
	is_file("t/link/f", "2", 0644);
	unit_integer(count_entries("out"), 0);
	/* The top of the target is not replaced. */
	make_file("plain", "old", 0644);
	unit_integer(copy_case_copy("d", "plain"), -1);
	unit_string(copy_error.message, "make target directory plain: File exists");
	is_file("plain", "old", 0644);
}

/* A link that the first copy made is a directory in the second. */
static void a_second_copy_does_not_write_through_a_link_of_the_first(void)
{
	copy_case_begin();
	make_directory("out", 0755);
	make_file("out/passwd", "canary", 0600);
	make_directory("d", 0755);
	make_link("d/x", "../out");
	make_link("d/passwd", "../out/passwd");
	make_directory("t", 0755);
	unit_integer(copy_case_copy("d/", "t"), 0);
	is_link("t/x", "../out");
	unit_integer(unlink("d/x"), 0);
	unit_integer(unlink("d/passwd"), 0);
	make_directory("d/x", 0777);
	make_file("d/x/passwd", "evil", 0666);
	make_file("d/passwd", "evil", 0666);
	unit_integer(copy_case_copy("d/", "t"), 0);
	is_file("t/x/passwd", "evil", 0666);
	is_file("t/passwd", "evil", 0666);
	is_file("out/passwd", "canary", 0600);
	is_directory("out", 0755);
	unit_integer(count_entries("out"), 1);
}

static void a_failure_names_the_path_and_the_rest_is_copied(void)
{
	struct copy_request request;

	copy_case_begin();
	unit_integer(copy_case_copy("no/such", "t"), -1);
	unit_string(copy_error.message, "open source no/such: No such file or directory");
	unit_integer(copy_case_copy("", "t"), -1);
	unit_integer(copy_case_copy("t", ""), -1);
	make_directory("d", 0755);
	make_directory("d/a", 0755);
	make_directory("t", 0755);
	make_directory("t/d", 0755);
	make_directory("t/d/a", 0755);
	make_directory("t/d/a/busy", 0755);
	make_file("t/d/a/busy/f", "kept", 0644);
	make_directory("t/d/a/also", 0755);
	make_file("t/d/a/also/f", "kept", 0644);
	make_file("d/a/busy", "x", 0644);
	make_file("d/a/also", "x", 0644);
	make_file("d/a/z", "x", 0644);
	request = copy_case_request("d", "t");
	unit_integer(copy_case_run(&request), -1);
	unit_contains(copy_error.message, "write t/d/a/");
	unit_contains(copy_error.message, ": Directory not empty (and 1 more)");
	unit_contains(copy_warnings, "write t/d/a/busy: Directory not empty\n");
	unit_contains(copy_warnings, "write t/d/a/also: Directory not empty\n");
	unit_integer(copy_error.number, ENOTEMPTY);
	is_file("t/d/a/z", "x", 0644);
	unit_integer(count_entries("t/d/a"), 3);
}

static void a_copy_into_itself_ends(void)
{
	copy_case_begin();
	make_directory("d", 0755);
	make_directory("d/sub", 0755);
	make_file("d/f", "x", 0644);
	unit_integer(copy_case_copy("d", "d/sub"), -1);
	unit_contains(copy_error.message, "copy into itself d/sub/d: ");
	is_file("d/sub/d/f", "x", 0644);
	is_absent("d/sub/d/sub/d");
	unit_integer(copy_case_copy("d/", "d/sub"), -1);
	unit_contains(copy_error.message, "copy into itself d/sub: ");
	/* A file onto itself is the same file. */
	unit_integer(copy_case_copy("d/f", "d"), 0);
	is_file("d/f", "x", 0644);
}

static void descriptors_and_umask_are_as_before(void)
{
	int before = count_own_fds();

	copy_case_begin();
	make_directory("d", 0755);
	make_file("d/f", "x", 0644);
	make_directory("t", 0755);
	make_directory("t/d", 0755);
	make_directory("t/d/f", 0755);
	make_file("t/d/f/full", "x", 0644);
	unit_integer(copy_case_copy("d", "t"), -1);
	unit_integer(copy_case_copy("d", "t2"), 0);
	unit_integer(copy_case_copy("d/f", "t3/x"), -1);
	unit_integer(count_own_fds(), before);
	unit_integer(umask(022), 022);
}

static const struct unit_test tests[] = {
	UNIT_TEST(a_directory_goes_below_the_target_under_its_own_name),
	UNIT_TEST(a_source_that_ends_in_a_slash_gives_its_content_and_mode),
	UNIT_TEST(the_target_s_last_component_is_made_its_parents_are_not),
	UNIT_TEST(a_file_goes_into_a_directory_or_to_a_name),
	UNIT_TEST(an_existing_file_is_replaced_and_not_written_to),
	UNIT_TEST(a_file_replaces_an_empty_directory_and_no_other),
	UNIT_TEST(a_directory_replaces_a_file_and_a_link),
	UNIT_TEST(a_second_copy_does_not_write_through_a_link_of_the_first),
	UNIT_TEST(a_failure_names_the_path_and_the_rest_is_copied),
	UNIT_TEST(a_copy_into_itself_ends),
	UNIT_TEST(descriptors_and_umask_are_as_before),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "copy", tests, sizeof(tests) / sizeof(*tests));
}
