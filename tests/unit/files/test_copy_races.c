/* SPDX-License-Identifier: Apache-2.0 */
/* The copy engine against a process that changes what is copied as fast as it can. What must not be
 * reached lies beside the container's root, in `outside`. */
#include <config.h>

#include "lib/cleanup.h"
#include "tests/unit/files/copy_case.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { RACE_SECONDS = 2, RACE_SWAPS = 1000 };

/* Runs `act` again and again in a process of its own, counting. */
static pid_t begin_racer(void (*act)(void), _Atomic uint64_t *count)
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

static void end_racer(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int exchange(const char *a, const char *b)
{
	return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

static void swap_source(void)
{
	exchange("root/d/a", "root/link");
	exchange("root/d/f", "root/file-link");
}

/* What a copy that looks at names twice would have read: shows that the race is one. */
static bool naive_read_leaks(void)
{
	_cleanup_close_ int fd = open("root/d/f", O_RDONLY | O_CLOEXEC);
	char text[16] = "";

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strcmp(text, "canary") == 0;
}

/* Wherever in the tree a canary has come to. */
static bool has_canary(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char text[16] = "";

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strcmp(text, "canary") == 0;
}

static void swaps_in_the_source_do_not_lead_out(void)
{
	static const char *const sources[] = {"d", "d/a/", "d/a/f", "d/f", "d/a/../a/f"};
	static const char *const results[] = {"t/d/a/f", "t/d/f", "t/f"};
	_Atomic uint64_t *swaps = shared(sizeof(*swaps));
	struct copy_request request;
	uint64_t copies = 0, leaks = 0, naive = 0;
	pid_t racer;

	root_begin();
	make_directory("root/d/a", 0755);
	make_file("root/d/a/f", "inside", 0644);
	make_file("root/d/f", "inside", 0644);
	make_link("root/link", "../outside");
	make_link("root/file-link", "../../outside/f");
	racer = begin_racer(swap_source, swaps);
	for (double end = now() + RACE_SECONDS; now() < end; copies++) {
		request = root_request(sources[copies % 5], "t");
		case_run(&request);
		close(request.source.root_fd);
		naive += naive_read_leaks();
		for (size_t i = 0; i < 3; i++)
			leaks += has_canary(results[i]);
	}
	end_racer(racer);
	unit_unsigned(leaks, 0);
	unit_true(naive > 0);
	unit_true(copies > 100);
	unit_true(*swaps >= RACE_SWAPS);
	is_outside_whole();
	munmap(swaps, sizeof(*swaps));
}

static void swap_target(void)
{
	exchange("root/d/a", "root/link");
	exchange("root/d/a", "root/link");
	exchange("root/d", "root/up");
	exchange("root/d", "root/up");
}

static void swaps_in_the_target_do_not_lead_out(void)
{
	static const char *const targets[] = {"/", "/d", "/d/a", "/d/a/b/new"};
	static const char *const sources[] = {"s/d", "s/d/", "s/d/a/", "s/d/f"};
	_Atomic uint64_t *swaps = shared(sizeof(*swaps));
	struct copy_request request;
	uint64_t copies = 0;
	pid_t racer;

	root_begin();
	make_directory("root/d/a", 0755);
	make_directory("outside/b", 0755);
	make_link("root/link", "../../outside");
	make_link("root/up", "../outside");
	make_directory("s", 0755);
	make_directory("s/d", 0755);
	make_file("s/d/f", "evil", 0666);
	make_directory("s/d/a", 0755);
	make_file("s/d/a/f", "evil", 0666);
	racer = begin_racer(swap_target, swaps);
	for (double end = now() + RACE_SECONDS; now() < end; copies++) {
		request = root_request(targets[copies % 4], sources[copies % 4]);
		request.target = request.source;
		request.source = case_request(sources[copies % 4], "").source;
		case_run(&request);
		close(request.target.root_fd);
	}
	end_racer(racer);
	unit_true(copies > 100);
	unit_true(4 * *swaps >= RACE_SWAPS);
	is_file("outside/f", "canary", 0600);
	unit_integer(count_entries("outside/b"), 0);
	unit_integer(count_entries("outside"), 2);
	munmap(swaps, sizeof(*swaps));
}

static void grow(void)
{
	_cleanup_close_ int fd = open("root/d/f", O_WRONLY | O_APPEND | O_CLOEXEC);
	static char data[65536];

	if (fd >= 0 && lseek(fd, 0, SEEK_END) < 64 << 20 && write(fd, data, sizeof(data)) < 0)
		_exit(1);
}

static void a_growing_file_is_copied_to_the_size_that_it_had(void)
{
	_Atomic uint64_t *count = shared(sizeof(*count));
	struct stat st;
	pid_t racer;

	root_begin();
	make_data("root/d/f", 20000000);
	racer = begin_racer(grow, count);
	for (int i = 0; i < 20; i++)
		unit_integer(case_copy("root/d/f", "t"), 0);
	end_racer(racer);
	unit_unsigned(copy_progress.vanished, 0);
	unit_integer(stat("t/f", &st), 0);
	unit_unsigned(copy_progress.bytes, (uint64_t)st.st_size);
	unit_true(st.st_size > 20000000);
	munmap(count, sizeof(*count));
}

static void shrink(void)
{
	static char data[16 << 20];
	_cleanup_close_ int fd = open("root/d/f", O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, data, sizeof(data)) < 0)
		_exit(1);
}

static void a_file_that_shrinks_is_copied_and_told(void)
{
	_Atomic uint64_t *count = shared(sizeof(*count));
	uint64_t vanished = 0;
	pid_t racer;

	root_begin();
	make_data("root/d/f", 16 << 20);
	racer = begin_racer(shrink, count);
	for (int i = 0; i < 60; i++) {
		unit_integer(case_copy("root/d/f", "t"), 0);
		vanished += copy_progress.vanished;
	}
	end_racer(racer);
	unit_integer(count_entries("t"), 1);
	printf("  shrank in %u of 60 copies\n", (unsigned)vanished);
	munmap(count, sizeof(*count));
}

static void make_and_remove(void)
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

static void what_vanishes_is_told_and_no_failure(void)
{
	_Atomic uint64_t *count = shared(sizeof(*count));
	uint64_t vanished = 0, copies = 0;
	pid_t racer;

	root_begin();
	racer = begin_racer(make_and_remove, count);
	for (double end = now() + RACE_SECONDS; now() < end; copies++) {
		char target[32];

		snprintf(target, sizeof(target), "t/%u", (unsigned)copies);
		if (!unit_integer(case_copy("root/d/", target), 0))
			printf("  %s\n", copy_error.message);
		vanished += copy_progress.vanished;
	}
	end_racer(racer);
	unit_true(vanished > 0);
	munmap(count, sizeof(*count));
}

static const struct unit_test tests[] = {
	UNIT_TEST(swaps_in_the_source_do_not_lead_out),
	UNIT_TEST(swaps_in_the_target_do_not_lead_out),
	UNIT_TEST(a_growing_file_is_copied_to_the_size_that_it_had),
	UNIT_TEST(a_file_that_shrinks_is_copied_and_told),
	UNIT_TEST(what_vanishes_is_told_and_no_failure),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "copy_races", tests, sizeof(tests) / sizeof(*tests));
}
