/* SPDX-License-Identifier: Apache-2.0 */
/* Copies that end early: cancelled, killed, on a full disk, or waiting for a file server that never
 * answers. */
#include <config.h>

#include "tests/unit/files/copy_case.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static void ends_cancel_from_warning(void *data, const char *text)
{
	(void)data;
	(void)text;
	copy_progress.cancel = true;
}

static void a_cancelled_copy_ends(void)
{
	struct copy_request request;

	copy_case_begin_root();
	make_directory("root/d/sub", 0755);
	make_file("root/d/sub/f", "x", 0644);
	unit_integer(mkfifo("root/d/fifo", 0644), 0);
	request = copy_case_request("root/d", "t");
	request.warn = ends_cancel_from_warning;
	unit_integer(copy_case_run(&request), -1);
	unit_integer(copy_error.number, ECANCELED);
	unit_contains(copy_error.message, ": Operation canceled");
	is_absent("t/d/sub/f");
}

/* Starts a copy of a big file in a child and waits until it is under way. */
static pid_t ends_begin_big_copy(struct copy_request *request)
{
	pid_t pid;

	copy_case_begin_root();
	make_data("root/d/f", 256 << 20);
	*request = copy_case_request("root/d/f", "t");
	request->progress = share_memory(sizeof(*request->progress));
	pid = copy_case_fork(request);
	while (request->progress->bytes == 0)
		;
	return pid;
}

static void a_cancelled_file_leaves_nothing(void)
{
	struct copy_request request;
	pid_t pid = ends_begin_big_copy(&request);
	int status = 0;

	request.progress->cancel = true;
	unit_integer(waitpid(pid, &status, 0), pid);
	unit_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	unit_true(request.progress->bytes < 256 << 20);
	unit_integer(count_entries("t"), 0);
	munmap(request.progress, sizeof(*request.progress));
}

static void a_killed_copy_leaves_no_half_file(void)
{
	struct copy_request request;
	pid_t pid = ends_begin_big_copy(&request);
	int status = 0;

	kill(pid, SIGKILL);
	unit_integer(waitpid(pid, &status, 0), pid);
	unit_true(WIFSIGNALED(status));
	unit_true(request.progress->bytes < 256 << 20);
	unit_integer(count_entries("t"), 0);
	munmap(request.progress, sizeof(*request.progress));
}

/* Calls `run` in a child with its own mount namespace; the exit status is 0 if it passes. */
static void ends_run_in_mount_namespace(int (*run)(void))
{
	int status = 0;
	pid_t pid;

	if (geteuid() != 0) {
		printf("  skipped: needs root\n");
		return;
	}
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) != 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
			_exit(99);
		_exit(run());
	}
	unit_integer(waitpid(pid, &status, 0), pid);
	unit_integer(status, 0);
}

static int ends_copy_to_small_disk(void)
{
	if (mount("tmpfs", "t", "tmpfs", 0, "size=1m") != 0)
		return 1;
	if (copy_case_copy("root/d", "t") != -1)
		return 2;
	if (copy_error.number != ENOSPC || !strstr(copy_error.message, "write t/d/big: No space"))
		return 3;
	if (count_entries("t/d") != 0)
		return 4;
	return 0;
}

static void a_full_disk_ends_the_copy(void)
{
	copy_case_begin_root();
	make_data("root/d/big", 4 << 20);
	make_directory("root/d/sub", 0755);
	make_file("root/d/sub/f", "x", 0644);
	ends_run_in_mount_namespace(ends_copy_to_small_disk);
}

/* Mounts a FUSE file system whose server never answers. Returns the server's descriptor, or -1 if
 * FUSE is not available. */
static int ends_mount_silent(const char *path)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[128];

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (fd < 0 || mount("silent", path, "fuse", 0, options) != 0)
		return -1;
	return fd;
}

/* Waits for a child; false if it does not end within `seconds`. */
static bool ends_exits_within(pid_t pid, double seconds)
{
	for (double end = now() + seconds; now() < end; usleep(1000))
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return true;
	return false;
}

static int ends_copy_from_silent_server(void)
{
	struct copy_request request = copy_case_request("root/d", "t");
	int server = ends_mount_silent("root/d");
	char message[65536];
	pid_t pid;

	if (server < 0)
		return 0;
	/* The server has not read the request: a kill ends the copy. */
	pid = copy_case_fork(&request);
	if (ends_exits_within(pid, 0.2))
		return 1;
	kill(pid, SIGKILL);
	if (!ends_exits_within(pid, 2))
		return 2;
	/* The server has read the request: the copy ends when the server does. */
	pid = copy_case_fork(&request);
	if (read(server, message, sizeof(message)) <= 0)
		return 3;
	usleep(100000);
	kill(pid, SIGKILL);
	close(server);
	return ends_exits_within(pid, 2) ? 0 : 4;
}

static void a_silent_file_server_holds_a_copy_no_longer_than_it_lives(void)
{
	copy_case_begin_root();
	if (access("/dev/fuse", R_OK | W_OK) == 0)
		ends_run_in_mount_namespace(ends_copy_from_silent_server);
	else
		printf("  skipped: needs /dev/fuse\n");
}

static const struct unit_test tests[] = {
	UNIT_TEST(a_cancelled_copy_ends),
	UNIT_TEST(a_cancelled_file_leaves_nothing),
	UNIT_TEST(a_killed_copy_leaves_no_half_file),
	UNIT_TEST(a_full_disk_ends_the_copy),
	UNIT_TEST(a_silent_file_server_holds_a_copy_no_longer_than_it_lives),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "copy_ends", tests, sizeof(tests) / sizeof(*tests));
}
