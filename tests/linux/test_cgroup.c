/* SPDX-License-Identifier: Apache-2.0 */
/* The control groups of the linux backend, with the hierarchies that this machine has mounted. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup.h"
#include "tests/linux/linux_host.h"
#include "tests/unit/unit.h"

#define MIB ((size_t)1024 * 1024)

static struct cgroups *cgroups;
static struct warden_error err;

/* A child in the container's groups, which calls its function once a byte is written to go_fd. */
struct test_child {
	pid_t pid;
	int go_fd;
};

static struct cgroup *test_cgroup_make(unsigned number)
{
	struct cgroup *cgroup = NULL;

	if (!unit_integer(cgroup_make(cgroups, linux_host_identity(number).id, &cgroup, &err), 0))
		unit_fail(err.message);
	return cgroup;
}

static void test_cgroup_remove(struct cgroup *cgroup)
{
	int result = -1;

	for (int i = 0; i < 100 && result < 0; i++) {
		result = cgroup_remove(cgroup, &err);
		if (result < 0)
			usleep(10000);
	}
	if (!unit_integer(result, 0))
		unit_fail(err.message);
	cgroup_free(cgroup);
}

/* Like the spawner: born in the group on v2, moved there on v1. */
static pid_t test_cgroup_fork_into(const struct cgroup *cgroup)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	int fd;
	pid_t pid;

	if (!unit_integer(cgroup_v2_open(cgroup, &fd, &err), 0))
		return -1;
	if (fd >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)fd;
	}
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid != 0 && fd >= 0)
		close(fd);
	return pid;
}

static struct test_child test_cgroup_start_child(const struct cgroup *cgroup, int (*run)(void))
{
	struct test_child child = {-1, -1};
	int go[2];
	char byte;

	if (!unit_integer(pipe(go), 0))
		return child;
	child.pid = test_cgroup_fork_into(cgroup);
	if (child.pid == 0) {
		close(go[1]);
		alarm(60);
		if (read(go[0], &byte, 1) != 1)
			_exit(250);
		_exit(run());
	}
	close(go[0]);
	child.go_fd = go[1];
	if (!unit_integer(cgroup_attach(cgroup, child.pid, &err), 0))
		unit_fail(err.message);
	return child;
}

/* Lets the child run; returns the result of its function. */
static int test_cgroup_finish_child(struct test_child child)
{
	int status = -1;

	if (!unit_integer(write(child.go_fd, "x", 1), 1))
		kill(child.pid, SIGKILL);
	close(child.go_fd);
	waitpid(child.pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int test_cgroup_do_nothing(void)
{
	return 0;
}

static void container_processes_are_listed_with_their_children(void)
{
	struct cgroup *cgroup = test_cgroup_make(1);
	struct test_child child = test_cgroup_start_child(cgroup, test_cgroup_do_nothing);
	pid_t *pids;
	size_t n;

	unit_integer(cgroup_pids(cgroup, &pids, &n, &err), 0);
	unit_integer((int64_t)n, 1);
	unit_integer(n ? pids[0] : 0, child.pid);
	free(pids);
	unit_integer(test_cgroup_finish_child(child), 0);
	unit_integer(cgroup_pids(cgroup, &pids, &n, &err), 0);
	unit_integer((int64_t)n, 0);
	free(pids);
	test_cgroup_remove(cgroup);
}

/* Returns a bit for each operation with the wrong result. */
static int test_cgroup_try_devices(void)
{
	static const char node[] = "node";
	int wrong = 0;

	if (mknod("disk", S_IFBLK | 0600, makedev(8, 0)) == 0)
		wrong |= 1;
	if (mknod("memory", S_IFCHR | 0600, makedev(1, 1)) == 0)
		wrong |= 2;
	if (mknod(node, S_IFCHR | 0600, makedev(1, 3)) < 0)
		wrong |= 4;
	if (open(node, O_RDWR | O_CLOEXEC) < 0 || open("/dev/urandom", O_RDONLY | O_CLOEXEC) < 0)
		wrong |= 8;
	if (open("outside", O_RDONLY | O_CLOEXEC) >= 0)
		wrong |= 16;
	return wrong;
}

static void only_harmless_devices_are_made_and_used(void)
{
	struct cgroup *cgroup = test_cgroup_make(2);

	if (!unit_integer(chdir(unit_directory()), 0))
		return;
	/* /dev/mem, made outside: only the device rules keep root from it. */
	unit_integer(mknod("outside", S_IFCHR | 0600, makedev(1, 1)), 0);
	unit_integer(
		test_cgroup_finish_child(test_cgroup_start_child(cgroup, test_cgroup_try_devices)),
		0);
	unit_integer(chdir("/"), 0);
	test_cgroup_remove(cgroup);
}

/* Returns the number of children that could be forked. */
static int test_cgroup_fork_many(void)
{
	int n = 0;

	while (n < 100) {
		pid_t pid = fork();

		if (pid == 0) {
			pause();
			_exit(0);
		}
		if (pid < 0)
			break;
		n++;
	}
	kill(0, SIGTERM);
	return n;
}

static int test_cgroup_fork_and_ignore_sigterm(void)
{
	setpgid(0, 0);
	signal(SIGTERM, SIG_IGN);
	return test_cgroup_fork_many();
}

static void a_fork_bomb_meets_the_limit(void)
{
	struct cgroup *cgroup;

	linux_host_integer = 16;
	cgroup = test_cgroup_make(3);
	linux_host_integer = 1280;
	unit_integer(test_cgroup_finish_child(
			     test_cgroup_start_child(cgroup, test_cgroup_fork_and_ignore_sigterm)),
		     15);
	for (int i = 0; i < 100; i++) {
		pid_t *pids = NULL;
		size_t n = 0;

		unit_integer(cgroup_pids(cgroup, &pids, &n, &err), 0);
		for (size_t k = 0; k < n; k++)
			kill(pids[k], SIGKILL);
		free(pids);
		if (n == 0)
			break;
		usleep(10000);
	}
	test_cgroup_remove(cgroup);
}

static int test_cgroup_use_memory_and_cpu(void)
{
	char *memory = malloc(32 * MIB);
	volatile unsigned long sum = 0;

	if (!memory)
		return 1;
	memset(memory, 1, 32 * MIB);
	for (unsigned long i = 0; i < 50000000; i++)
		sum += i + (unsigned char)memory[i % (32 * MIB)];
	raise(SIGSTOP);
	free(memory);
	return sum > 0 ? 0 : 1;
}

static void figures_include_memory_and_cpu(void)
{
	struct cgroup *cgroup = test_cgroup_make(4);
	struct test_child child = test_cgroup_start_child(cgroup, test_cgroup_use_memory_and_cpu);
	struct warden_info info;
	int status;

	unit_integer(write(child.go_fd, "x", 1), 1);
	close(child.go_fd);
	waitpid(child.pid, &status, WUNTRACED);
	memset(&info, 0xff, sizeof(info));
	cgroup_info(cgroup, &info);
	unit_true(info.memory[1] >= 32 * MIB && info.memory[1] < 512 * MIB);   /* rss */
	unit_true(info.memory[16] >= 32 * MIB && info.memory[16] < 512 * MIB); /* total_rss */
	unit_unsigned(info.memory[13], UINT64_C(9223372036854771712));
	unit_true(info.cpu_usage_ns > 10000000 && info.cpu_usage_ns != WARDEN_UNKNOWN);
	unit_true(info.cpu_user_ticks >= 1 && info.cpu_user_ticks < 6000);
	unit_true(info.cpu_system_ticks < 6000);
	kill(child.pid, SIGKILL);
	waitpid(child.pid, NULL, 0);
	test_cgroup_remove(cgroup);
}

static void removal_reports_busy_until_the_last_process_ends(void)
{
	struct cgroup *cgroup = test_cgroup_make(5);
	struct test_child child = test_cgroup_start_child(cgroup, test_cgroup_do_nothing);

	unit_integer(cgroup_remove(cgroup, &err), -1);
	unit_integer(err.number, EBUSY);
	unit_integer(test_cgroup_finish_child(child), 0);
	test_cgroup_remove(cgroup);
}

static void a_container_without_groups_is_opened_and_removed(void)
{
	struct cgroup *cgroup = NULL;
	struct warden_info info;
	pid_t *pids;
	size_t n;

	unit_integer(cgroup_open(cgroups, "never-made", &cgroup, &err), 0);
	unit_integer(cgroup_pids(cgroup, &pids, &n, &err), 0);
	unit_integer((int64_t)n, 0);
	memset(&info, 0xff, sizeof(info));
	cgroup_info(cgroup, &info);
	unit_unsigned(info.cpu_usage_ns, WARDEN_UNKNOWN);
	unit_integer(cgroup_remove(cgroup, &err), 0);
	cgroup_free(cgroup);
}

static void the_same_id_twice_is_an_error(void)
{
	struct cgroup *cgroup = test_cgroup_make(6), *again = NULL;

	unit_integer(cgroup_make(cgroups, linux_host_identity(6).id, &again, &err), -1);
	unit_contains(err.message, "instance-test0000006");
	test_cgroup_remove(cgroup);
}

/* Two daemons share the machine and one of them ends. */
static void another_daemon_that_ends_does_not_matter(void)
{
	struct cgroups *other = NULL;
	struct cgroup *cgroup;

	if (!unit_integer(cgroups_setup(&linux_host, &other, &err), 0))
		return;
	cgroups_free(other); /* removes the group that was shared */
	cgroup = test_cgroup_make(7);
	if (!unit_integer(chdir(unit_directory()), 0))
		return;
	unlink("node");
	unit_integer(
		test_cgroup_finish_child(test_cgroup_start_child(cgroup, test_cgroup_try_devices)),
		0);
	unit_integer(chdir("/"), 0);
	test_cgroup_remove(cgroup);
}

/* A killed daemon left its container; the next daemon finds it, with its rules. */
static void a_later_daemon_finds_the_groups(void)
{
	struct cgroup *cgroup = test_cgroup_make(8), *found = NULL;
	struct test_child child = test_cgroup_start_child(cgroup, test_cgroup_do_nothing);
	struct cgroups *later = NULL;
	pid_t *pids = NULL;
	size_t n = 0;

	linux_host_forget();
	if (!unit_integer(cgroups_setup(&linux_host, &later, &err), 0)) {
		unit_fail(err.message);
		return;
	}
	unit_false(linux_host_logged("refused by the user namespace alone"));
	unit_integer(cgroup_open(later, linux_host_identity(8).id, &found, &err), 0);
	unit_integer(cgroup_pids(found, &pids, &n, &err), 0);
	unit_integer(n == 1 ? pids[0] : 0, child.pid);
	free(pids);
	unit_integer(test_cgroup_finish_child(child), 0);
	cgroup_free(cgroup);
	test_cgroup_remove(found);
	cgroups_free(later);
}

static const struct unit_test tests[] = {
	UNIT_TEST(container_processes_are_listed_with_their_children),
	UNIT_TEST(only_harmless_devices_are_made_and_used),
	UNIT_TEST(a_fork_bomb_meets_the_limit),
	UNIT_TEST(figures_include_memory_and_cpu),
	UNIT_TEST(removal_reports_busy_until_the_last_process_ends),
	UNIT_TEST(a_container_without_groups_is_opened_and_removed),
	UNIT_TEST(the_same_id_twice_is_an_error),
	UNIT_TEST(another_daemon_that_ends_does_not_matter),
	UNIT_TEST(a_later_daemon_finds_the_groups),
};

int main(int argc, char **argv)
{
	int result;

	linux_host_require_root();
	if (cgroups_setup(&linux_host, &cgroups, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return EXIT_FAILURE;
	}
	result = unit_main(argc, argv, "cgroup", tests, sizeof(tests) / sizeof(tests[0]));
	cgroups_free(cgroups);
	return result;
}
