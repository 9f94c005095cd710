/* SPDX-License-Identifier: Apache-2.0 */
/* copy_in and copy_out beside rsync, with the same files on the same file system: one of 1 GiB, and
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
	SMALL_SIZE = 2048, /* of the first file in a directory; the others are bigger bit by bit */
	BIG_MEBIBYTES = 1024,
	ROUNDS = 5,
};

static char block[1 << 20];

static void write_file(const char *path, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	while (fd >= 0 && size > 0) {
		size_t part = size < sizeof(block) ? size : sizeof(block);

		if (write(fd, block, part) != (ssize_t)part)
			break;
		size -= part;
	}
	if (fd < 0 || size > 0 || close(fd) != 0)
		die("%s: %s", path, strerror(errno));
}

static void make_directory(const char *path)
{
	if (mkdir(path, 0755) != 0)
		die("%s: %s", path, strerror(errno));
}

static void make_sources(const char *directory)
{
	char path[4096];

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)(i * 2654435761u >> 13);
	snprintf(path, sizeof(path), "%s/big", directory);
	write_file(path, (size_t)BIG_MEBIBYTES << 20);
	snprintf(path, sizeof(path), "%s/small", directory);
	make_directory(path);
	for (int d = 0; d < SMALL_DIRECTORIES; d++) {
		snprintf(path, sizeof(path), "%s/small/%d", directory, d);
		make_directory(path);
		for (int f = 0; f < SMALL_FILES; f++) {
			snprintf(path, sizeof(path), "%s/small/%d/%d", directory, d, f);
			write_file(path, SMALL_SIZE + 37 * (size_t)f);
		}
	}
}

/* Lest one copy pays for what another left behind. */
static void settle(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) != 0 || close(fd) != 0)
		die("%s: %s", directory, strerror(errno));
}

static int run(const char *const *arguments)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(arguments[0], (char *const *)arguments);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork: %s", strerror(errno));
	return status;
}

static double run_rsync(const char *source, const char *target)
{
	const char *const copy[] = {"rsync", "-r", "-p", "--links", source, target, NULL};
	const char *const removal[] = {"rm", "-rf", target, NULL};
	double time;

	make_directory(target);
	time = now_ms();
	time = run(copy) == 0 ? now_ms() - time : NAN;
	run(removal);
	return time;
}

/* Each into a container of its own: what is there is not copied over. */
static double run_copy_in(const struct target *target, const char *source)
{
	double time;

	if (call_create(target->client, "copies") < 0)
		die("%s: %s", target->name, warden_client_error(target->client));
	time = call_copy_in(target->client, "copies", source, ".");
	if (time < 0)
		die("%s: %s", target->name, warden_client_error(target->client));
	if (call_destroy(target->client, "copies") < 0)
		die("%s: %s", target->name, warden_client_error(target->client));
	return time;
}

static void measure(const struct bench *bench, const char *what, const char *directory,
		    const char *name)
{
	double times[MAX_TARGETS + 1][ROUNDS], medians[MAX_TARGETS];
	char source[4096], target[4096], aim[64];

	snprintf(source, sizeof(source), "%s/%s", directory, name);
	snprintf(target, sizeof(target), "%s/rsync", directory);
	for (size_t round = 0; round < ROUNDS; round++) {
		settle(directory);
		times[MAX_TARGETS][round] = run_rsync(source, target);
		for (size_t i = 0; i < bench->n_targets; i++) {
			settle(directory);
			times[i][round] = run_copy_in(&bench->targets[i], source);
		}
	}
	for (size_t i = 0; i < bench->n_targets; i++)
		medians[i] = percentile(times[i], ROUNDS, 50);
	snprintf(aim, sizeof(aim), "below rsync's %.0f",
		 percentile(times[MAX_TARGETS], ROUNDS, 50));
	table_line(bench, what, "ms", medians, aim);
}

void bench_copies(const struct bench *bench, const char *directory)
{
	make_sources(directory);
	measure(bench, "copy_in of 20,000 small files", directory, "small");
	measure(bench, "copy_in of one file of 1 GiB", directory, "big");
}
