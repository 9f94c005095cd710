/* SPDX-License-Identifier: Apache-2.0 */
/* Copies one big file and many small ones with the engine of the backends and with rsync, in turns,
 * and prints medians. Usage: copy_bench DIRECTORY [ROUNDS]; what it makes there it removes. */
#include <config.h>

#include "backends/files/copy.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	SMALL_DIRECTORIES = 200,
	SMALL_FILES = 100, /* in each directory */
	SMALL_SIZE = 2048, /* of the first file in a directory; the others are bigger bit by bit */
	BIG_MEBIBYTES = 1024,
	ROUNDS = 7,
	MAX_ROUNDS = 99,
};

static char block[1 << 20];

static void die(const char *what)
{
	fprintf(stderr, "copy_bench: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static double now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void write_file(const char *path, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		die(path);
	while (size > 0) {
		size_t part = size < sizeof(block) ? size : sizeof(block);

		if (write(fd, block, part) != (ssize_t)part)
			die(path);
		size -= part;
	}
	if (close(fd) != 0)
		die(path);
}

static void make_big(void)
{
	write_file("big", (size_t)BIG_MEBIBYTES << 20);
}

static void make_small(void)
{
	char path[64];

	if (mkdir("small", 0755) != 0)
		die("small");
	for (int d = 0; d < SMALL_DIRECTORIES; d++) {
		snprintf(path, sizeof(path), "small/%d", d);
		if (mkdir(path, 0755) != 0)
			die(path);
		for (int f = 0; f < SMALL_FILES; f++) {
			snprintf(path, sizeof(path), "small/%d/%d", d, f);
			write_file(path, SMALL_SIZE + 37 * (size_t)f);
		}
	}
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *place)
{
	(void)st;
	(void)type;
	(void)place;
	return remove(path);
}

static void remove_tree(const char *path)
{
	if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0)
		die(path);
}

/* Waits until the disk is idle, lest one copy pays for what another left behind. */
static void settle(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) != 0)
		die("syncfs");
	close(fd);
}

/* What is measured, each in a process of its own. */
static void run_copy(const char *source, const char *target)
{
	const struct copy_request request = {
		.source = {.root_fd = AT_FDCWD, .path = source, .links = COPY_LINKS_FOLLOW},
		.target = {.root_fd = AT_FDCWD, .path = target, .links = COPY_LINKS_FOLLOW},
	};
	struct warden_error err;

	if (copy_tree(&request, &err) == 0)
		_exit(0);
	fprintf(stderr, "copy_bench: %s\n", err.message);
	_exit(1);
}

static void run_rsync(const char *source, const char *target)
{
	execlp("rsync", "rsync", "-r", "-p", "--links", source, target, (char *)NULL);
	_exit(127);
}

typedef void (*run_function)(const char *source, const char *target);

static double measure(run_function run, const char *source, bool keep)
{
	static unsigned targets;
	char target[32];
	double begin;
	int status = 0;
	pid_t pid;

	snprintf(target, sizeof(target), "out-%u", targets++);
	if (mkdir(target, 0755) != 0)
		die(target);
	settle();
	begin = now_ms();
	pid = fork();
	if (pid == 0)
		run(source, target);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork");
	begin = now_ms() - begin;
	if (!keep)
		remove_tree(target);
	return status == 0 ? begin : -1;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

/* One line of the table. False: something failed, or the engine was the slower one. `keep`: results
 * stay until the end, for ext4 passes over inodes that were just removed one by one, which takes it
 * longer than a copy. */
static bool compare_on(const char *name, const char *source, bool keep, size_t rounds)
{
	double copies[MAX_ROUNDS] = {0}, rsyncs[MAX_ROUNDS] = {0}, copy, rsync;

	for (size_t i = 0; i < rounds; i++) {
		/* Neither always follows the other's traces. */
		if (i % 2 == 0)
			copies[i] = measure(run_copy, source, keep);
		rsyncs[i] = measure(run_rsync, source, keep);
		if (i % 2 != 0)
			copies[i] = measure(run_copy, source, keep);
	}
	copy = median(copies, rounds);
	rsync = median(rsyncs, rounds);
	printf("%-32s %-8s %10.1f %10.1f   below rsync\n", name, "ms", copy, rsync);
	fflush(stdout);
	return copies[0] >= 0 && (rsyncs[0] < 0 || copy < rsync);
}

int main(int argc, char **argv)
{
	char directory[] = "warden-copy-XXXXXX";
	size_t rounds = argc == 3 ? strtoul(argv[2], NULL, 10) : ROUNDS;
	bool held;

	if (argc < 2 || argc > 3 || rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: copy_bench DIRECTORY [ROUNDS, 1 to %d]\n", MAX_ROUNDS);
		return 2;
	}
	if (chdir(argv[1]) != 0 || !mkdtemp(directory) || chdir(directory) != 0)
		die(argv[1]);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)(i * 2654435761u >> 13);
	printf("%-32s %-8s %10s %10s   aim\n", "", "", "copy", "rsync");
	make_small();
	held = compare_on("copy 20,000 small files", "small", true, rounds);
	make_big();
	held = compare_on("copy one file of 1 GiB", "big", false, rounds) && held;
	if (chdir("..") != 0)
		die("..");
	remove_tree(directory);
	return held ? EXIT_SUCCESS : EXIT_FAILURE;
}
