/* SPDX-License-Identifier: Apache-2.0 */
/* copy_in compared with rsync, with the same files on the same file system: one of 1 GiB, and
 * 20,000 small ones. */
#include <config.h>

#include "bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SMALL_DIRECTORIES = 200,
	SMALL_FILES = 100, /* in each directory */
	SMALL_SIZE = 2048, /* of the first file in a directory; each other one is 37 bytes larger */
	BIG_MEBIBYTES = 1024,
	ROUNDS = 5,
};

static char bench_copies_block[1 << 20];

static void bench_copies_write_file(const char *path, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	while (fd >= 0 && size > 0) {
		size_t part = size < sizeof(bench_copies_block) ? size : sizeof(bench_copies_block);

		if (write(fd, bench_copies_block, part) != (ssize_t)part)
			break;
		size -= part;
	}
	if (fd < 0 || size > 0 || close(fd) != 0)
		bench_die("%s: %s", path, strerror(errno));
}

static void bench_copies_mkdir(const char *path)
{
	if (mkdir(path, 0755) != 0)
		bench_die("%s: %s", path, strerror(errno));
}

static void bench_copies_make_sources(const char *directory)
{
	char path[4096];

	for (size_t i = 0; i < sizeof(bench_copies_block); i++)
		bench_copies_block[i] = (char)(i * 2654435761u >> 13);
	snprintf(path, sizeof(path), "%s/big", directory);
	bench_copies_write_file(path, (size_t)BIG_MEBIBYTES << 20);
	snprintf(path, sizeof(path), "%s/small", directory);
	bench_copies_mkdir(path);
	for (int d = 0; d < SMALL_DIRECTORIES; d++) {
		snprintf(path, sizeof(path), "%s/small/%d", directory, d);
		bench_copies_mkdir(path);
		for (int f = 0; f < SMALL_FILES; f++) {
			snprintf(path, sizeof(path), "%s/small/%d/%d", directory, d, f);
			bench_copies_write_file(path, SMALL_SIZE + 37 * (size_t)f);
		}
	}
}

/* Writes all data to the disk, so that a copy does not wait for the data of the previous one. */
static void bench_copies_sync(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) != 0 || close(fd) != 0)
		bench_die("%s: %s", directory, strerror(errno));
}

static int bench_copies_run(const char *const *arguments)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(arguments[0], (char *const *)arguments);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		bench_die("fork: %s", strerror(errno));
	return status;
}

static double bench_copies_rsync(const char *source, const char *target)
{
	const char *const copy[] = {"rsync", "-r", "-p", "--links", source, target, NULL};
	const char *const removal[] = {"rm", "-rf", target, NULL};
	double time;

	bench_copies_mkdir(target);
	time = bench_now_ms();
	time = bench_copies_run(copy) == 0 ? bench_now_ms() - time : NAN;
	bench_copies_run(removal);
	return time;
}

/* Copies into a new container, so that no file is overwritten. */
static double bench_copies_copy_in(const struct bench_target *target, const char *source)
{
	double time;

	if (bench_call_create(target->client, "copies") < 0)
		bench_die("%s: %s", target->name, warden_client_error(target->client));
	time = bench_call_copy_in(target->client, "copies", source, ".");
	if (time < 0)
		bench_die("%s: %s", target->name, warden_client_error(target->client));
	if (bench_call_destroy(target->client, "copies") < 0)
		bench_die("%s: %s", target->name, warden_client_error(target->client));
	return time;
}

static void bench_copies_measure(const struct bench *bench, const char *what, const char *directory,
				 const char *name)
{
	double times[MAX_TARGETS + 1][ROUNDS], medians[MAX_TARGETS];
	char source[4096], target[4096], aim[64];

	snprintf(source, sizeof(source), "%s/%s", directory, name);
	snprintf(target, sizeof(target), "%s/rsync", directory);
	for (size_t round = 0; round < ROUNDS; round++) {
		bench_copies_sync(directory);
		times[MAX_TARGETS][round] = bench_copies_rsync(source, target);
		for (size_t i = 0; i < bench->n_targets; i++) {
			bench_copies_sync(directory);
			times[i][round] = bench_copies_copy_in(&bench->targets[i], source);
		}
	}
	for (size_t i = 0; i < bench->n_targets; i++)
		medians[i] = bench_percentile(times[i], ROUNDS, 50);
	snprintf(aim, sizeof(aim), "below rsync's %.0f",
		 bench_percentile(times[MAX_TARGETS], ROUNDS, 50));
	bench_table_line(bench, what, "ms", medians, aim);
}

void bench_copies(const struct bench *bench, const char *directory)
{
	bench_copies_make_sources(directory);
	bench_copies_measure(bench, "copy_in of 20,000 small files", directory, "small");
	bench_copies_measure(bench, "copy_in of one file of 1 GiB", directory, "big");
}
