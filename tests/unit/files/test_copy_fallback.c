/* SPDX-License-Identifier: Apache-2.0 */
/* The copy engine on a kernel or file system that lacks what it prefers to use. A seccomp filter in
 * a child simulates the missing system calls. */
#include <config.h>

#include "tests/unit/files/copy_case.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Makes a system call fail with `number`. */
static bool fallback_refuse(scmp_filter_ctx filter, int number, int call)
{
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)number), call, 0) == 0;
}

/* Likewise, if an argument has all bits of `bits`. */
static bool fallback_refuse_bits(scmp_filter_ctx filter, int number, int call, unsigned argument,
				 uint64_t bits)
{
	const struct scmp_arg_cmp has = {argument, SCMP_CMP_MASKED_EQ, bits, bits};

	return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((uint32_t)number), call, 1, &has) == 0;
}

static bool fallback_refuse_tmpfile(scmp_filter_ctx filter)
{
	return fallback_refuse_bits(filter, EOPNOTSUPP, SCMP_SYS(openat), 2, O_TMPFILE);
}

static bool fallback_refuse_empty_path(scmp_filter_ctx filter)
{
	return fallback_refuse_bits(filter, ENOENT, SCMP_SYS(linkat), 4, AT_EMPTY_PATH);
}

static bool fallback_refuse_copy_file_range(scmp_filter_ctx filter)
{
	return fallback_refuse(filter, EXDEV, SCMP_SYS(copy_file_range));
}

static bool fallback_refuse_copying(scmp_filter_ctx filter)
{
	return fallback_refuse_copy_file_range(filter) &&
	       fallback_refuse(filter, EINVAL, SCMP_SYS(sendfile));
}

static bool fallback_refuse_seeking_data(scmp_filter_ctx filter)
{
	return fallback_refuse_bits(filter, EINVAL, SCMP_SYS(lseek), 2, SEEK_DATA) &&
	       fallback_refuse_copying(filter);
}

static bool fallback_refuse_resolving(scmp_filter_ctx filter)
{
	return fallback_refuse(filter, ENOSYS, SCMP_SYS(openat2));
}

/* Copies `d` to `t` in a child under a filter. Returns the result of copy_tree, or -2 if the filter
 * cannot be made. */
static int fallback_copy_without(bool (*lack)(scmp_filter_ctx filter))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

		if (!filter || !lack(filter) || seccomp_load(filter) != 0)
			_exit(2);
		_exit(copy_case_copy("d", "t") == 0 ? 0 : 1);
	}
	unit_integer(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -3;
}

static void fallback_begin_tree(void)
{
	struct stat st;

	copy_case_begin();
	make_directory("d", 0755);
	make_file("d/f", "text", 04640);
	make_link("d/l", "f");
	make_data("d/big", 9000000);
	make_data("d/sparse", 300000);
	unit_integer(truncate("d/sparse", 5000000), 0);
	unit_integer(stat("d/sparse", &st), 0);
	unit_true(st.st_blocks < 5000000 / 512);
	make_directory("t", 0755);
}

static void fallback_tree_is_copied(void)
{
	is_file("t/d/f", "text", 04640);
	is_link("t/d/l", "f");
	is_same_data("t/d/big", "d/big");
	is_same_data("t/d/sparse", "d/sparse");
	unit_integer(count_entries("t/d"), 4);
}

static void fallback_check_without(bool (*lack)(scmp_filter_ctx filter))
{
	fallback_begin_tree();
	unit_integer(fallback_copy_without(lack), 0);
	fallback_tree_is_copied();
	/* Again, over existing files. */
	unit_integer(fallback_copy_without(lack), 0);
	fallback_tree_is_copied();
}

static void files_without_a_name_are_not_needed(void)
{
	fallback_check_without(fallback_refuse_tmpfile);
	/* A file that cannot get its name leaves no temporary name. */
	copy_case_begin();
	make_directory("d", 0755);
	make_file("d/f", "text", 0644);
	make_directory("t", 0755);
	make_directory("t/d", 0755);
	make_directory("t/d/f", 0755);
	make_directory("t/d/f/full", 0755);
	unit_integer(fallback_copy_without(fallback_refuse_tmpfile), -1);
	unit_integer(count_entries("t/d"), 1);
}

static void linking_a_descriptor_is_not_needed(void)
{
	fallback_check_without(fallback_refuse_empty_path);
}

static void copy_file_range_is_not_needed(void)
{
	fallback_check_without(fallback_refuse_copy_file_range);
}

static void sendfile_is_not_needed(void)
{
	fallback_check_without(fallback_refuse_copying);
}

static void seeking_for_holes_is_not_needed(void)
{
	fallback_check_without(fallback_refuse_seeking_data);
}

static void a_kernel_without_openat2_is_an_error(void)
{
	fallback_begin_tree();
	unit_integer(fallback_copy_without(fallback_refuse_resolving), -1);
	unit_integer(count_entries("t"), 0);
}

static const struct unit_test tests[] = {
	UNIT_TEST(files_without_a_name_are_not_needed),
	UNIT_TEST(linking_a_descriptor_is_not_needed),
	UNIT_TEST(copy_file_range_is_not_needed),
	UNIT_TEST(sendfile_is_not_needed),
	UNIT_TEST(seeking_for_holes_is_not_needed),
	UNIT_TEST(a_kernel_without_openat2_is_an_error),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "copy_fallback", tests, sizeof(tests) / sizeof(*tests));
}
