/* SPDX-License-Identifier: Apache-2.0 */
/* The copy engine while a process changes the tree as fast as it can. The canary that must not be
 * reached lies in `outside`, beside the container's root. */
#include <config.h>

#include "lib/cleanup.h"
#include "tests/unit/files/copy_case.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { RACE_SECONDS = 2, RACE_SWAPS = 1000 };

/* Repeats `act` in a child and counts the repetitions. */
static pid_t races_begin_racer(void (*act)(void), _Atomic uint64_t *count)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	for (double end = now() + 30; now() < end;) {
		act();
		(*count)++;
	}
	_exit(0);
}

static void races_end_racer(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int races_exchange(const char *a, const char *b)
{
	return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

static void races_swap_source(void)
{
	races_exchange("root/d/a", "root/link");
	races_exchange("root/d/f", "root/file-link");
}

/* Reads as a copy that resolves names twice would: shows that the race happens. */
static bool races_naive_read_leaks(void)
{
	_cleanup_close_ int fd = open("root/d/f", O_RDONLY | O_CLOEXEC);
	char text[16] = "";

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strcmp(text, "canary") == 0;
}

/* Whether the file holds the canary's text. */
static bool races_has_canary(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char text[16] = "";

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strcmp(text, "canary") == 0;
}

static void swaps_in_the_source_do_not_lead_out(void)
{
	static const char *const sources[] = {"d", "d/a/", "d/a/f", "d/f", "d/a/../a/f"};
	static const char *const results[] = {"t/d/a/f", "t/d/f", "t/f"};
	_Atomic uint64_t *swaps = share_memory(sizeof(*swaps));
	struct copy_request request;
	uint64_t copies = 0, leaks = 0, naive = 0;
	pid_t racer;

	copy_case_begin_root();
	make_directory("root/d/a", 0755);
	make_file("root/d/a/f", "inside", 0644);
	make_file("root/d/f", "inside", 0644);
	make_link("root/link", "../outside");
	make_link("root/file-link", "../../outside/f");
	racer = races_begin_racer(races_swap_source, swaps);
	for (double end = now() + RACE_SECONDS; now() < end; copies++) {
		request = copy_case_request_root(sources[copies % 5], "t");
		copy_case_run(&request);
		close(request.source.root_fd);
		naive += races_naive_read_leaks();
		for (size_t i = 0; i < 3; i++)
			leaks += races_has_canary(results[i]);
	}
	races_end_racer(racer);
	unit_unsigned(leaks, 0);
	unit_true(naive > 0);
	unit_true(copies > 100);
	unit_true(*swaps >= RACE_SWAPS);
	outside_is_unchanged();
	munmap(swaps, sizeof(*swaps));
}

static void races_swap_target(void)
{
	races_exchange("root/d/a", "root/link");
	races_exchange("root/d/a", "root/link");
	races_exchange("root/d", "root/up");
	races_exchange("root/d", "root/up");
}

static void swaps_in_the_target_do_not_lead_out(void)
{
	static const char *const targets[] = {"/", "/d", "/d/a", "/d/a/b/new"};
	static const char *const sources[] = {"s/d", "s/d/", "s/d/a/", "s/d/f"};
	_Atomic uint64_t *swaps = share_memory(sizeof(*swaps));
	struct copy_request request;
	uint64_t copies = 0;
	pid_t racer;

	copy_case_begin_root();
	make_directory("root/d/a", 0755);
	make_directory("outside/b", 0755);
	make_link("root/link", "../../outside");
	make_link("root/up", "../outside");
	make_directory("s", 0755);
	make_directory("s/d", 0755);
	make_file("s/d/f", "evil", 0666);
	make_directory("s/d/a", 0755);
	make_file("s/d/a/f", "evil", 0666);
	racer = races_begin_racer(races_swap_target, swaps);
	for (double end = now() + RACE_SECONDS; now() < end; copies++) {
		request = copy_case_request_root(targets[copies % 4], sources[copies % 4]);
		request.target = request.source;
		request.source = copy_case_request(sources[copies % 4], "").source;
		copy_case_run(&request);
		close(request.target.root_fd);
	}
	races_end_racer(racer);
	unit_true(copies > 100);
	unit_true(4 * *swaps >= RACE_SWAPS);
	is_file("outside/f", "canary", 0600);
	unit_integer(count_entries("outside/b"), 0);
	unit_integer(count_entries("outside"), 2);
	munmap(swaps, sizeof(*swaps));
}

static void races_grow(void)
{
	_cleanup_close_ int fd = open("root/d/f", O_WRONLY | O_APPEND | O_CLOEXEC);
	static char data[65536];

	if (fd >= 0 && lseek(fd, 0, SEEK_END) < 64 << 20 && write(fd, data, sizeof(data)) < 0)
		_exit(1);
}

static void a_growing_file_is_copied_to_the_size_that_it_had(void)
{
	_Atomic uint64_t *count = share_memory(sizeof(*count));
	struct stat st;
	pid_t racer;

	copy_case_begin_root();
	make_data("root/d/f", 20000000);
	racer = races_begin_racer(races_grow, count);
	for (int i = 0; i < 20; i++)
		unit_integer(copy_case_copy("root/d/f", "t"), 0);
	races_end_racer(racer);
	unit_unsigned(copy_progress.vanished, 0);
	unit_integer(stat("t/f", &st), 0);
	unit_unsigned(copy_progress.bytes, (uint64_t)st.st_size);
	unit_true(st.st_size > 20000000);
	munmap(count, sizeof(*count));
}

static void races_shrink(void)
{
	static char data[16 << 20];
	_cleanup_close_ int fd = open("root/d/f", O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, data, sizeof(data)) < 0)
		_exit(1);
}

static void a_file_that_shrinks_is_copied_and_reported(void)
{
	_Atomic uint64_t *count = share_memory(sizeof(*count));
	uint64_t vanished = 0;
	pid_t racer;

	copy_case_begin_root();
	make_data("root/d/f", 16 << 20);
	racer = races_begin_racer(races_shrink, count);
	for (int i = 0; i < 60; i++) {
		unit_integer(copy_case_copy("root/d/f", "t"), 0);
		vanished += copy_progress.vanished;
	}
	races_end_racer(racer);
	unit_integer(count_entries("t"), 1);
	printf("  shrank in %u of 60 copies\n", (unsigned)vanished);
	munmap(count, sizeof(*count));
}

static void races_make_and_remove(void)
{
	char name[32];

	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "root/d/%d", i);
		if (mkdir(name, 0755) != 0)
			rmdir(name);
		snprintf(name, sizeof(name), "root/d/%d", (i + 7) % 50);
		if (symlink("/", name) != 0)
			unlink(name);
		snprintf(name, sizeof(name), "root/d/%d", (i + 19) % 50);
		close(open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644));
	}
}

static void a_vanished_entry_is_reported_and_is_not_a_failure(void)
{
	_Atomic uint64_t *count = share_memory(sizeof(*count));
	uint64_t vanished = 0, copies = 0;
	pid_t racer;

	copy_case_begin_root();
	racer = races_begin_racer(races_make_and_remove, count);
	for (double end = now() + RACE_SECONDS; now() < end; copies++) {
		char target[32];

		snprintf(target, sizeof(target), "t/%u", (unsigned)copies);
		if (!unit_integer(copy_case_copy("root/d/", target), 0))
			printf("  %s\n", copy_error.message);
		vanished += copy_progress.vanished;
	}
	races_end_racer(racer);
	unit_true(vanished > 0);
	munmap(count, sizeof(*count));
}

static const struct unit_test tests[] = {
	UNIT_TEST(swaps_in_the_source_do_not_lead_out),
	UNIT_TEST(swaps_in_the_target_do_not_lead_out),
	UNIT_TEST(a_growing_file_is_copied_to_the_size_that_it_had),
	UNIT_TEST(a_file_that_shrinks_is_copied_and_reported),
	UNIT_TEST(a_vanished_entry_is_reported_and_is_not_a_failure),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "copy_races", tests, sizeof(tests) / sizeof(*tests));
}
