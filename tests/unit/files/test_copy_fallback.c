/* SPDX-License-Identifier: Apache-2.0 */
/* The copy engine where a kernel or a file system lacks what it would like to use. A filter of
 * system calls, in a process of its own, plays the kernel that lacks them. */
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
static bool refuse(scmp_filter_ctx filter, int number, int call)
{
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)number), call, 0) == 0;
}

/* Likewise, where an argument has all bits of `bits`. */
static bool refuse_bits(scmp_filter_ctx filter, int number, int call, unsigned argument,
			uint64_t bits)
{
	const struct scmp_arg_cmp has = {argument, SCMP_CMP_MASKED_EQ, bits, bits};

	return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((uint32_t)number), call, 1, &has) == 0;
}

static bool refuse_tmpfile(scmp_filter_ctx filter)
{
	return refuse_bits(filter, EOPNOTSUPP, SCMP_SYS(openat), 2, O_TMPFILE);
}

static bool refuse_empty_path(scmp_filter_ctx filter)
{
	return refuse_bits(filter, ENOENT, SCMP_SYS(linkat), 4, AT_EMPTY_PATH);
}

static bool refuse_copy_file_range(scmp_filter_ctx filter)
{
	return refuse(filter, EXDEV, SCMP_SYS(copy_file_range));
}

static bool refuse_copying(scmp_filter_ctx filter)
{
	return refuse_copy_file_range(filter) && refuse(filter, EINVAL, SCMP_SYS(sendfile));
}

static bool refuse_seeking_data(scmp_filter_ctx filter)
{
	return refuse_bits(filter, EINVAL, SCMP_SYS(lseek), 2, SEEK_DATA) && refuse_copying(filter);
}

static bool refuse_resolving(scmp_filter_ctx filter)
{
	return refuse(filter, ENOSYS, SCMP_SYS(openat2));
}

/* Copies `d` to `t` in a process that lacks something; what copy_tree returned, -2 where the filter
 * could not be made. */
static int copy_without(bool (*lack)(scmp_filter_ctx filter))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

		if (!filter || !lack(filter) || seccomp_load(filter) != 0)
			_exit(2);
		_exit(case_copy("d", "t") == 0 ? 0 : 1);
	}
	unit_integer(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -3;
}

static void tree_begin(void)
{
	struct stat st;

	case_begin();
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

static void is_tree_copied(void)
{
	is_file("t/d/f", "text", 04640);
	is_link("t/d/l", "f");
	is_same_data("t/d/big", "d/big");
	is_same_data("t/d/sparse", "d/sparse");
	unit_integer(count_entries("t/d"), 4);
}

static void check_without(bool (*lack)(scmp_filter_ctx filter))
{
	tree_begin();
	unit_integer(copy_without(lack), 0);
	is_tree_copied();
	/* And over what is there. */
	unit_integer(copy_without(lack), 0);
	is_tree_copied();
}

static void files_without_a_name_are_not_needed(void)
{
	check_without(refuse_tmpfile);
	/* What cannot be put in place leaves no temporary name. */
	case_begin();
	make_directory("d", 0755);
	make_file("d/f", "text", 0644);
	make_directory("t", 0755);
	make_directory("t/d", 0755);
	make_directory("t/d/f", 0755);
	make_directory("t/d/f/full", 0755);
	unit_integer(copy_without(refuse_tmpfile), -1);
	unit_integer(count_entries("t/d"), 1);
}

static void linking_a_descriptor_is_not_needed(void)
{
	check_without(refuse_empty_path);
}

static void copy_file_range_is_not_needed(void)
{
	check_without(refuse_copy_file_range);
}

static void sendfile_is_not_needed(void)
{
	check_without(refuse_copying);
}

static void seeking_for_holes_is_not_needed(void)
{
	check_without(refuse_seeking_data);
}

static void a_kernel_without_openat2_is_an_error(void)
{
	tree_begin();
	unit_integer(copy_without(refuse_resolving), -1);
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
