/* SPDX-License-Identifier: Apache-2.0 */
/* Copies one large file and many small ones with the copy engine of the backends and with rsync, in
 * turns, and prints medians. Usage: copy_bench DIRECTORY [ROUNDS]; it removes its files. */
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
	SMALL_SIZE = 2048, /* of the first file in a directory; each other one is 37 bytes larger */
	BIG_MEBIBYTES = 1024,
	ROUNDS = 7,
	MAX_ROUNDS = 99,
};

static char copy_bench_block[1 << 20];

static void copy_bench_die(const char *what)
{
	fprintf(stderr, "copy_bench: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static double copy_bench_now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void copy_bench_write_file(const char *path, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		copy_bench_die(path);
	while (size > 0) {
		size_t part = size < sizeof(copy_bench_block) ? size : sizeof(copy_bench_block);

		if (write(fd, copy_bench_block, part) != (ssize_t)part)
			copy_bench_die(path);
		size -= part;
	}
	if (close(fd) != 0)
		copy_bench_die(path);
}

static void copy_bench_make_big(void)
{
	copy_bench_write_file("big", (size_t)BIG_MEBIBYTES << 20);
}

static void copy_bench_make_small(void)
{
	char path[64];

	if (mkdir("small", 0755) != 0)
		copy_bench_die("small");
	for (int d = 0; d < SMALL_DIRECTORIES; d++) {
		snprintf(path, sizeof(path), "small/%d", d);
		if (mkdir(path, 0755) != 0)
			copy_bench_die(path);
		for (int f = 0; f < SMALL_FILES; f++) {
			snprintf(path, sizeof(path), "small/%d/%d", d, f);
			copy_bench_write_file(path, SMALL_SIZE + 37 * (size_t)f);
		}
	}
}

static int copy_bench_remove_entry(const char *path, const struct stat *st, int type,
				   struct FTW *place)
{
	(void)st;
	(void)type;
	(void)place;
	return remove(path);
}

static void copy_bench_remove_tree(const char *path)
{
	if (nftw(path, copy_bench_remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0)
		copy_bench_die(path);
}

/* Writes all data to the disk, so that a copy does not wait for the data of the previous one. */
static void copy_bench_sync(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) != 0)
		copy_bench_die("syncfs");
	close(fd);
}

/* The copies to measure; each runs in its own process and ends it. */
static void copy_bench_run_copy(const char *source, const char *target)
{
	const struct copy_request request = {
		.source = {.root_fd = AT_FDCWD, .path = source, .links = COPY_LINKS_TRUSTED},
		.target = {.root_fd = AT_FDCWD, .path = target, .links = COPY_LINKS_REFUSE},
	};
	struct warden_error err;

	if (copy_tree(&request, &err) == 0)
		_exit(0);
	fprintf(stderr, "copy_bench: %s\n", err.message);
	_exit(1);
}

static void copy_bench_run_rsync(const char *source, const char *target)
{
	execlp("rsync", "rsync", "-r", "-p", "--links", source, target, (char *)NULL);
	_exit(127);
}

typedef void (*copy_bench_function)(const char *source, const char *target);

static double copy_bench_measure(copy_bench_function run, const char *source, bool keep)
{
	static unsigned targets;
	char target[32];
	double begin;
	int status = 0;
	pid_t pid;

	snprintf(target, sizeof(target), "out-%u", targets++);
	if (mkdir(target, 0755) != 0)
		copy_bench_die(target);
	copy_bench_sync();
	begin = copy_bench_now_ms();
	pid = fork();
	if (pid == 0)
		run(source, target);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		copy_bench_die("fork");
	begin = copy_bench_now_ms() - begin;
	if (!keep)
		copy_bench_remove_tree(target);
	return status == 0 ? begin : -1;
}

static int copy_bench_compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double copy_bench_median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), copy_bench_compare_doubles);
	return values[count / 2];
}

/* Measures both and prints a line. False if the engine failed or was slower. `keep`: copies are not
 * removed before the end, as ext4 skips recently removed inodes one by one, which takes longer than
 * a copy. */
static bool copy_bench_compare(const char *name, const char *source, bool keep, size_t rounds)
{
	double copies[MAX_ROUNDS] = {0}, rsyncs[MAX_ROUNDS] = {0}, copy, rsync;

	for (size_t i = 0; i < rounds; i++) {
		/* Alternates the order, as the first copy affects the second. */
		if (i % 2 == 0)
			copies[i] = copy_bench_measure(copy_bench_run_copy, source, keep);
		rsyncs[i] = copy_bench_measure(copy_bench_run_rsync, source, keep);
		if (i % 2 != 0)
			copies[i] = copy_bench_measure(copy_bench_run_copy, source, keep);
	}
	copy = copy_bench_median(copies, rounds);
	rsync = copy_bench_median(rsyncs, rounds);
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
		copy_bench_die(argv[1]);
	for (size_t i = 0; i < sizeof(copy_bench_block); i++)
		copy_bench_block[i] = (char)(i * 2654435761u >> 13);
	printf("%-32s %-8s %10s %10s   aim\n", "", "", "copy", "rsync");
	copy_bench_make_small();
	held = copy_bench_compare("copy 20,000 small files", "small", true, rounds);
	copy_bench_make_big();
	held = copy_bench_compare("copy one file of 1 GiB", "big", false, rounds) && held;
	if (chdir("..") != 0)
		copy_bench_die("..");
	copy_bench_remove_tree(directory);
	return held ? EXIT_SUCCESS : EXIT_FAILURE;
}
