/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a container's first process: what is believed, and what is not. */
#include <config.h>

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/pid_record.h"

/* A process, its record, and the directory that the record lies in. */
struct pid_case {
	pid_t pid;
	int directory_fd;
};

static void pid_case_write(const struct pid_case *recorded, const char *path, const char *text)
{
	int fd = openat(recorded->directory_fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	unit_integer(write(fd, text, strlen(text)), (int64_t)strlen(text));
	close(fd);
}

static void pid_case_read(const struct pid_case *recorded, const char *path, char text[128])
{
	int fd = openat(recorded->directory_fd, path, O_RDONLY);
	ssize_t length = read(fd, text, 127);

	text[length > 0 ? length : 0] = '\0';
	close(fd);
}

static struct pid_case pid_case_begin(void)
{
	struct pid_case recorded;
	struct warden_error err = {0};
	int pidfd;

	recorded.directory_fd = open(unit_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdirat(recorded.directory_fd, "run", 0700); /* left by the previous case, or new */
	recorded.pid = fork();
	if (recorded.pid == 0) {
		pause();
		_exit(0);
	}
	pidfd = pidfd_open(recorded.pid, 0);
	unit_integer(pid_record_write(recorded.directory_fd, recorded.pid, pidfd, &err), 0);
	unit_string(err.message, "");
	close(pidfd);
	return recorded;
}

static void pid_case_end(const struct pid_case *recorded)
{
	kill(recorded->pid, SIGKILL);
	waitpid(recorded->pid, NULL, 0);
	pid_record_remove(recorded->directory_fd);
	close(recorded->directory_fd);
}

static bool pid_case_is_believed(const struct pid_case *recorded)
{
	struct warden_error err = {0};
	pid_t pid = -1;
	int pidfd = pid_record_open(recorded->directory_fd, &pid, &err);

	if (pidfd < 0)
		return unit_integer(pid, 0) && false;
	close(pidfd);
	return unit_integer(pid, recorded->pid);
}

/* Writes run/wshd.start with its parts changed; `inode` NULL leaves that out. */
static void pid_case_forge(const struct pid_case *recorded, unsigned more_ticks, const char *boot,
			   const char *inode)
{
	char text[128], true_boot[64];
	uint64_t ticks = 0;

	pid_case_read(recorded, "run/wshd.start", text);
	unit_integer(sscanf(text, "%" SCNu64 " %63s", &ticks, true_boot), 2);
	snprintf(text, sizeof(text), "%" PRIu64 " %s%s%s\n", ticks + more_ticks,
		 boot ? boot : true_boot, inode ? " " : "", inode ? inode : "");
	pid_case_write(recorded, "run/wshd.start", text);
}

static bool pid_case_has_inode(const struct pid_case *recorded)
{
	char text[128], boot[64];
	uint64_t ticks, inode;

	pid_case_read(recorded, "run/wshd.start", text);
	return sscanf(text, "%" SCNu64 " %63s %" SCNu64, &ticks, boot, &inode) == 3;
}

static int pid_case_error(const struct pid_case *recorded)
{
	struct warden_error err = {0};
	pid_t pid;

	unit_integer(pid_record_open(recorded->directory_fd, &pid, &err), -1);
	return err.number;
}

static void a_process_that_lives_is_believed(void)
{
	struct pid_case recorded = pid_case_begin();

	unit_true(pid_case_is_believed(&recorded));
	pid_case_end(&recorded);
}

static void a_process_that_has_ended_is_not_believed(void)
{
	struct pid_case recorded = pid_case_begin();
	siginfo_t info;

	kill(recorded.pid, SIGKILL);
	waitid(P_PID, (id_t)recorded.pid, &info, WEXITED | WNOWAIT);
	unit_false(pid_case_is_believed(&recorded)); /* it is a zombie */
	waitpid(recorded.pid, NULL, 0);
	unit_false(pid_case_is_believed(&recorded));
	unit_integer(pid_case_error(&recorded), ESRCH);
	close(recorded.directory_fd);
}

static void a_lack_of_descriptors_is_not_the_end_of_the_process(void)
{
	struct pid_case recorded = pid_case_begin();
	struct rlimit saved, few;
	int number;

	getrlimit(RLIMIT_NOFILE, &saved);
	few = (struct rlimit){3, saved.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	number = pid_case_error(&recorded);
	setrlimit(RLIMIT_NOFILE, &saved);
	unit_integer(number, EMFILE);
	pid_case_write(&recorded, "run/wshd.start", "nonsense");
	unit_integer(pid_case_error(&recorded), EBADMSG);
	pid_record_remove(recorded.directory_fd);
	unit_integer(pid_case_error(&recorded), ESRCH);
	pid_case_end(&recorded);
}

static void a_process_that_has_ended_is_not_recorded(void)
{
	struct pid_case recorded = pid_case_begin();
	int pidfd = pidfd_open(recorded.pid, 0);
	struct warden_error err;
	siginfo_t info;

	kill(recorded.pid, SIGKILL);
	waitid(P_PID, (id_t)recorded.pid, &info, WEXITED | WNOWAIT);
	unit_integer(pid_record_write(recorded.directory_fd, recorded.pid, pidfd, &err), -1);
	unit_string(err.message, "the container's first process has ended early");
	close(pidfd);
	pid_case_end(&recorded);
}

static void another_start_boot_or_inode_is_not_believed(void)
{
	struct pid_case recorded = pid_case_begin();

	pid_case_forge(&recorded, 1, NULL, NULL);
	unit_false(pid_case_is_believed(&recorded));
	pid_case_end(&recorded);
	recorded = pid_case_begin();
	pid_case_forge(&recorded, 0, "00000000-0000-0000-0000-000000000000", NULL);
	unit_false(pid_case_is_believed(&recorded));
	pid_case_end(&recorded);
	recorded = pid_case_begin();
	if (pid_case_has_inode(&recorded)) {
		pid_case_forge(&recorded, 0, NULL, "1");
		unit_false(pid_case_is_believed(&recorded));
	}
	pid_case_end(&recorded);
}

static void a_record_without_an_inode_is_believed(void)
{
	struct pid_case recorded = pid_case_begin();

	pid_case_forge(&recorded, 0, NULL, NULL);
	unit_true(pid_case_is_believed(&recorded));
	pid_case_end(&recorded);
}

static void an_incomplete_or_odd_record_is_not_believed(void)
{
	static const char *const odd[] = {"", "x\n", "0\n", "1\n", "-1\n"};
	struct pid_case recorded = pid_case_begin();
	char text[128];

	pid_case_read(&recorded, "run/wshd.pid", text);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		pid_case_write(&recorded, "run/wshd.pid", odd[i]);
		unit_false(pid_case_is_believed(&recorded));
	}
	pid_case_write(&recorded, "run/wshd.pid", text);
	unit_true(pid_case_is_believed(&recorded));
	pid_case_write(&recorded, "run/wshd.start", "12\n");
	unit_false(pid_case_is_believed(&recorded));
	unlinkat(recorded.directory_fd, "run/wshd.start", 0);
	unit_false(pid_case_is_believed(&recorded));
	pid_case_end(&recorded);
}

static void no_link_is_followed(void)
{
	struct pid_case recorded = pid_case_begin();
	struct warden_error err;
	int pidfd = pidfd_open(recorded.pid, 0);

	unit_integer(renameat(recorded.directory_fd, "run/wshd.pid", recorded.directory_fd, "pid"),
		     0);
	unit_integer(symlinkat("../pid", recorded.directory_fd, "run/wshd.pid"), 0);
	unit_false(pid_case_is_believed(&recorded));
	unit_integer(symlinkat("../victim", recorded.directory_fd, "run/wshd.start.new"), 0);
	unit_integer(pid_record_write(recorded.directory_fd, recorded.pid, pidfd, &err), -1);
	unit_contains(err.message, "run/wshd.start.new");
	unit_integer(faccessat(recorded.directory_fd, "victim", F_OK, 0), -1);
	unlinkat(recorded.directory_fd, "run/wshd.start.new", 0);
	/* The name is replaced, not what the link leads to. */
	unit_integer(pid_record_write(recorded.directory_fd, recorded.pid, pidfd, &err), 0);
	unit_true(pid_case_is_believed(&recorded));
	close(pidfd);
	pid_case_end(&recorded);
}

static const struct unit_test tests[] = {
	UNIT_TEST(a_process_that_lives_is_believed),
	UNIT_TEST(a_process_that_has_ended_is_not_believed),
	UNIT_TEST(a_lack_of_descriptors_is_not_the_end_of_the_process),
	UNIT_TEST(a_process_that_has_ended_is_not_recorded),
	UNIT_TEST(another_start_boot_or_inode_is_not_believed),
	UNIT_TEST(a_record_without_an_inode_is_believed),
	UNIT_TEST(an_incomplete_or_odd_record_is_not_believed),
	UNIT_TEST(no_link_is_followed),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "pid_record", tests, sizeof(tests) / sizeof(tests[0]));
}
