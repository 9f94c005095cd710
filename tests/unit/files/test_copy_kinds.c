/* SPDX-License-Identifier: Apache-2.0 */
/* The copy engine and the contents of trees: permissions, links, holes, sizes, names, and entries
 * that are not regular files. */
#include <config.h>

#include "tests/unit/files/copy_case.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void permissions_are_kept_and_times_are_not(void)
{
	static const mode_t modes[] = {0000, 0444, 0600, 0777, 01644, 02755, 04711, 06777};
	const struct timespec old[2] = {{1000, 0}, {1000, 0}};
	struct stat st;
	char path[16];

	copy_case_begin();
	make_directory("d", 0755);
	for (size_t i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "d/%04o", modes[i]);
		make_file(path, "x", modes[i]);
		utimensat(AT_FDCWD, path, old, 0);
	}
	unit_integer(copy_case_copy("d/", "t"), geteuid() == 0 ? 0 : -1);
	for (size_t i = geteuid() == 0 ? 0 : 1; i < 8; i++) {
		snprintf(path, sizeof(path), "t/%04o", modes[i]);
		unit_integer(stat(path, &st), 0);
		unit_integer(st.st_mode & 07777, modes[i]);
		unit_true(st.st_mtim.tv_sec > 1000);
	}
}

static void setuid_and_setgid_are_dropped_on_request(void)
{
	struct copy_request request;

	copy_case_begin();
	make_directory("d", 03755);
	make_file("d/u", "x", 04755);
	make_file("d/g", "x", 02755);
	request = copy_case_request("d", "t");
	request.strip_privileges = true;
	unit_integer(copy_case_run(&request), 0);
	is_file("t/d/u", "x", 0755);
	is_file("t/d/g", "x", 0755);
	is_directory("t/d", 01755);
}

static void links_are_kept_and_not_followed(void)
{
	copy_case_begin();
	make_directory("d", 0755);
	make_file("d/f", "text", 0644);
	make_link("d/there", "f");
	make_link("d/nowhere", "/no/such/thing");
	make_link("d/up", "../d");
	make_link("link", "d");
	unit_integer(copy_case_copy("d", "t"), 0);
	is_link("t/d/there", "f");
	is_link("t/d/nowhere", "/no/such/thing");
	is_link("t/d/up", "../d");
	unit_unsigned(copy_progress.links, 3);
	unit_integer(copy_case_copy("link", "t"), 0);
	is_link("t/link", "d");
	unit_integer(copy_case_copy("link/", "t2"), 0);
	is_file("t2/f", "text", 0644);
	/* A link that exists with the same target is left alone. */
	unit_integer(copy_case_copy("d", "t"), 0);
	is_link("t/d/there", "f");
}

static void hard_links_become_files(void)
{
	struct stat st;

	copy_case_begin();
	make_directory("d", 0755);
	make_file("d/a", "text", 0644);
	unit_integer(link("d/a", "d/b"), 0);
	unit_integer(copy_case_copy("d", "t"), 0);
	is_file("t/d/b", "text", 0644);
	unit_integer(stat("t/d/a", &st), 0);
	unit_unsigned(st.st_nlink, 1);
}

static void kinds_make_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, strlen(path) + 1);
	unit_integer(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static void fifos_sockets_and_devices_are_skipped_and_counted(void)
{
	copy_case_begin();
	make_directory("d", 0755);
	make_file("d/f", "text", 0644);
	unit_integer(mkfifo("d/fifo", 0644), 0);
	kinds_make_socket("d/socket");
	unit_integer(copy_case_copy("d", "t"), 0);
	unit_unsigned(copy_progress.skipped, 2);
	unit_contains(copy_warnings, "skipped d/fifo: a fifo\n");
	unit_contains(copy_warnings, "skipped d/socket: a socket\n");
	is_file("t/d/f", "text", 0644);
	unit_integer(count_entries("t/d"), 1);
}

static void a_source_that_is_no_file_is_an_error(void)
{
	copy_case_begin();
	unit_integer(mkfifo("fifo", 0644), 0);
	unit_integer(symlink("/proc/self/fd/0", "stdin"), 0);
	unit_integer(copy_case_copy("/dev/null", "t"), -1);
	unit_string(copy_warnings, "open source /dev/null: it is a device\n");
	unit_integer(copy_case_copy("fifo", "t"), -1);
	unit_string(copy_warnings, "open source fifo: it is a fifo\n");
	unit_integer(copy_case_copy("stdin", "t"), -1);
	unit_contains(copy_warnings, "open source stdin: it is a stream of the process");
	unit_unsigned(copy_progress.skipped, 0);
}

static void a_file_of_proc_comes_whole(void)
{
	char text[256];
	FILE *version = fopen("/proc/version", "re");

	copy_case_begin();
	unit_true(version && fgets(text, sizeof(text), version));
	unit_integer(copy_case_copy("/proc/version", "t"), 0);
	is_file("t", text, 0444);
	if (version)
		fclose(version);
}

static void names_of_any_bytes_are_copied_and_reported_escaped(void)
{
	copy_case_begin();
	make_directory("d", 0755);
	make_directory("d/new\nline", 0755);
	make_file("d/new\nline/\xff\x1b[31m", "1", 0644);
	make_file("d/new\nline/\xc3\xa4 -\"'\\*", "2", 0644);
	unit_integer(mkfifo("d/new\nline/\xc3(\xc3\xa4", 0644), 0);
	unit_integer(copy_case_copy("d", "t"), 0);
	is_file("t/d/new\nline/\xff\x1b[31m", "1", 0644);
	is_file("t/d/new\nline/\xc3\xa4 -\"'\\*", "2", 0644);
	unit_string(copy_warnings, "skipped d/new\\012line/\\303(\xc3\xa4: a fifo\n");
}

static void sizes_around_the_buffer_are_copied_completely(void)
{
	static const size_t sizes[] = {1, 4095, 262143, 262144, 262145, 8388609, 20000000};
	char path[32], copied[32];

	copy_case_begin();
	make_directory("d", 0755);
	for (size_t i = 0; i < 7; i++) {
		snprintf(path, sizeof(path), "d/%zu", sizes[i]);
		make_data(path, sizes[i]);
	}
	unit_integer(copy_case_copy("d/", "t"), 0);
	for (size_t i = 0; i < 7; i++) {
		snprintf(path, sizeof(path), "d/%zu", sizes[i]);
		snprintf(copied, sizeof(copied), "t/%zu", sizes[i]);
		is_same_data(copied, path);
	}
}

static void holes_stay_holes(void)
{
	struct stat st;

	copy_case_begin();
	make_data("f", 3000000);
	unit_integer(truncate("f", 1L << 30), 0);
	unit_integer(copy_case_copy("f", "t"), 0);
	unit_integer(stat("t", &st), 0);
	unit_integer(st.st_size, 1L << 30);
	unit_true(st.st_blocks < 4000000 / 512);
	unit_unsigned(copy_progress.bytes, 1UL << 30);
	unit_integer(truncate("t", 3000000), 0);
	unit_integer(truncate("f", 3000000), 0);
	is_same_data("t", "f");
}

static void test_copy_kinds_shorten(void *data)
{
	unit_integer(truncate(data, 128 << 10), 0);
}

/* SEEK_DATA says the same of the end of a file that became shorter as of a last hole. */
static void a_file_that_shrinks_within_a_hole_is_reported(void)
{
	struct copy_request request;
	struct stat st;
	char path[] = "f";

	copy_case_begin();
	make_data(path, 64 << 10);
	unit_integer(truncate(path, 256 << 10), 0);
	request = copy_case_request(path, "t");
	request.changed = test_copy_kinds_shorten;
	request.changed_data = path;
	unit_integer(copy_case_run(&request), 0);
	unit_unsigned(copy_progress.vanished, 1);
	unit_integer(stat("t", &st), 0);
	unit_integer(st.st_size, 128 << 10);
}

static void a_directory_s_mode_that_bars_the_owner_is_set_at_the_end(void)
{
	copy_case_begin();
	make_directory("d", 0755);
	make_directory("d/a", 0755);
	make_directory("d/a/b", 0755);
	make_file("d/a/b/f", "x", 0644);
	unit_integer(chmod("d/a/b", 0555), 0);
	unit_integer(chmod("d/a", 0555), 0);
	unit_integer(copy_case_copy("d", "t"), 0);
	is_directory("t/d/a", 0555);
	is_directory("t/d/a/b", 0555);
	is_file("t/d/a/b/f", "x", 0644);
	/* The same holds for existing directories with such a mode. */
	unit_integer(copy_case_copy("d", "t"), 0);
	is_directory("t/d/a/b", 0555);
	/* The runner removes the tree afterwards. */
	chmod("d/a", 0755);
	chmod("d/a/b", 0755);
	chmod("t/d/a", 0755);
	chmod("t/d/a/b", 0755);
}

static const struct unit_test tests[] = {
	UNIT_TEST(permissions_are_kept_and_times_are_not),
	UNIT_TEST(setuid_and_setgid_are_dropped_on_request),
	UNIT_TEST(links_are_kept_and_not_followed),
	UNIT_TEST(hard_links_become_files),
	UNIT_TEST(fifos_sockets_and_devices_are_skipped_and_counted),
	UNIT_TEST(a_source_that_is_no_file_is_an_error),
	UNIT_TEST(a_file_of_proc_comes_whole),
	UNIT_TEST(names_of_any_bytes_are_copied_and_reported_escaped),
	UNIT_TEST(sizes_around_the_buffer_are_copied_completely),
	UNIT_TEST(holes_stay_holes),
	UNIT_TEST(a_file_that_shrinks_within_a_hole_is_reported),
	UNIT_TEST(a_directory_s_mode_that_bars_the_owner_is_set_at_the_end),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "copy_kinds", tests, sizeof(tests) / sizeof(*tests));
}
