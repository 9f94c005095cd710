/* SPDX-License-Identifier: Apache-2.0 */
/* The fake backend behind its vtable: what the core relies on. */
#include <config.h>

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/wshd/backend_case.h"

static struct backend_case begin(void)
{
	option_text("wshd", WSHD);
	return backend_begin(FAKE);
}

static void end(struct backend_case *fake, struct warden_identity *identity)
{
	close(identity->dir_fd);
	free((char *)identity->path);
	backend_end(fake);
	unit_true(nothing_was_told());
}

static void *create(const struct backend_case *fake, const struct warden_identity *identity)
{
	const struct warden_create request = {.identity = *identity};
	struct warden_error err = {0};
	void *container = NULL;

	if (!unit_integer(fake->container_klass->create(fake->backend, &request, &container, &err),
			  0))
		unit_fail(err.message);
	return container;
}

static pid_t pid_of(const struct warden_identity *identity)
{
	char text[32] = "";
	int fd = openat(identity->dir_fd, "run/wshd.pid", O_RDONLY | O_CLOEXEC);

	unit_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return (pid_t)strtol(text, NULL, 10);
}

/* Not one that has ended and is not reaped: whose child it is depends on the machine. */
static bool is_there(pid_t pid)
{
	char path[32], text[512] = "";
	const char *state;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	state = strrchr(text, ')');
	return state && state[2] != 'Z' && state[2] != 'X';
}

static void destroy(const struct backend_case *fake, const struct warden_identity *identity,
		    void *container)
{
	fake->container_klass->destroy(container);
	unit_true(was_told(TOLD_GONE, identity->id, 0, NULL));
}

static void a_container_lives_runs_a_job_and_goes(void)
{
	struct backend_case fake = begin();
	struct warden_identity identity = identity_make("aaaaaaaaaa1");
	void *container = create(&fake, &identity);
	pid_t pid = pid_of(&identity);
	struct warden_job_end job_end = {0};
	struct warden_spawn job = job_start(&fake, container, 1, "pwd; env | grep HOME; exit 3");

	unit_true(is_there(pid));
	unit_true(was_told(TOLD_JOB_ENDED, identity.id, 1, &job_end));
	unit_integer(job_end.exit_status, 3);
	unit_contains(job_read(job.stdout_read_fd), "/aaaaaaaaaa1/root\n");
	unit_string(job_read(job.stderr_read_fd), "");
	fake.container_klass->job_forget(container, 1);
	destroy(&fake, &identity, container);
	unit_false(is_there(pid));
	end(&fake, &identity);
}

static void stop_tells_when_nothing_is_left(void)
{
	struct backend_case fake = begin();
	struct warden_identity identity = identity_make("aaaaaaaaaa2");
	void *container = create(&fake, &identity);
	struct warden_error err;
	struct warden_job_end job_end = {0};
	struct warden_spawn job =
		job_start(&fake, container, 1, "trap 'exit 5' TERM; echo ready; sleep 3711 & wait");
	char ready[6];

	unit_integer(read(job.stdout_read_fd, ready, sizeof(ready)), sizeof(ready));
	unit_integer(fake.container_klass->stop(container, SIGTERM, &err), 0);
	unit_true(was_told(TOLD_EMPTY, identity.id, 0, NULL));
	unit_true(was_told(TOLD_JOB_ENDED, identity.id, 1, &job_end));
	unit_integer(job_end.exit_status, 5);
	unit_integer(fake.container_klass->stop(container, SIGTERM, &err), 0);
	unit_true(was_told(TOLD_EMPTY, identity.id, 0, NULL));
	close(job.stdout_read_fd);
	close(job.stderr_read_fd);
	destroy(&fake, &identity, container);
	end(&fake, &identity);
}

static void destroy_ends_every_process(void)
{
	struct backend_case fake = begin();
	struct warden_identity identity = identity_make("aaaaaaaaaa3");
	void *container = create(&fake, &identity);
	struct warden_spawn job = job_start(&fake, container, 1,
					    "trap '' TERM; (setsid sh -c 'trap \"\" TERM; sleep "
					    "3721' &); echo ready; sleep 3722");
	char ready[6];

	unit_integer(read(job.stdout_read_fd, ready, sizeof(ready)), sizeof(ready));
	fake.container_klass->destroy(container);
	unit_true(was_told(TOLD_GONE, identity.id, 0, NULL));
	/* All that had its pipe open is gone. */
	unit_string(job_read(job.stdout_read_fd), "");
	job_read(job.stderr_read_fd);
	was_told(TOLD_JOB_ENDED, identity.id, 1, NULL);
	end(&fake, &identity);
}

static void a_frozen_wshd_does_not_hinder_destroy(void)
{
	struct backend_case fake = begin();
	struct warden_identity identity = identity_make("aaaaaaaaaa4");
	void *container = create(&fake, &identity);
	struct warden_spawn job =
		job_start(&fake, container, 1, "setsid sleep 3731 & echo ready; sleep 3732");
	pid_t pid = pid_of(&identity);
	char ready[6];

	unit_integer(read(job.stdout_read_fd, ready, sizeof(ready)), sizeof(ready));
	kill(pid, SIGSTOP);
	destroy(&fake, &identity, container);
	unit_false(is_there(pid));
	unit_string(job_read(job.stdout_read_fd), "");
	job_read(job.stderr_read_fd);
	end(&fake, &identity);
}

static void the_death_of_wshd_is_told_and_its_jobs_go(void)
{
	struct backend_case fake = begin();
	struct warden_identity identity = identity_make("aaaaaaaaaa5");
	void *container = create(&fake, &identity);
	struct warden_spawn job =
		job_start(&fake, container, 1, "setsid sleep 3741 & echo ready; sleep 3742");
	struct warden_error err;
	char ready[6];

	unit_integer(read(job.stdout_read_fd, ready, sizeof(ready)), sizeof(ready));
	kill(pid_of(&identity), SIGKILL);
	unit_true(was_told(TOLD_INIT_DIED, identity.id, 0, NULL));
	unit_string(job_read(job.stdout_read_fd), "");
	job_read(job.stderr_read_fd);
	unit_integer(fake.container_klass->stop(container, SIGTERM, &err), 0);
	unit_true(was_told(TOLD_EMPTY, identity.id, 0, NULL));
	destroy(&fake, &identity, container);
	end(&fake, &identity);
}

static void *restore(const struct backend_case *fake, const struct warden_identity *identity,
		     const char *state, struct warden_restored *restored)
{
	struct warden_error err = {0};
	void *container = NULL;

	if (!unit_integer(fake->container_klass->restore(fake->backend, identity, state, &container,
							 restored, &err),
			  0))
		unit_fail(err.message);
	return container;
}

/* A daemon in a process of its own, which is killed when its container has two jobs. */
static void daemon_dies(const struct warden_identity *identity)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct backend_case fake = begin();
		void *container = create(&fake, identity);

		job_start(&fake, container, 1, "echo one; exit 7");
		job_start(&fake, container, 2, "echo two; sleep 0.5; echo three; exit 8");
		was_told(TOLD_JOB_ENDED, identity->id, 1, NULL);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	unit_true(WIFSIGNALED(status));
}

static void jobs_are_found_again_after_kill_9(void)
{
	struct warden_identity identity = identity_make("aaaaaaaaaa6");
	struct warden_restored restored;
	struct warden_job_end job_end;
	struct backend_case fake;
	void *container;

	daemon_dies(&identity);
	fake = begin();
	container = restore(&fake, &identity, "active", &restored);
	unit_true(restored.alive);
	if (unit_unsigned(restored.n_jobs, 2)) {
		unit_string(job_read(restored.jobs[0].stdout_fd), "one\n");
		unit_string(job_read(restored.jobs[1].stdout_fd), "two\nthree\n");
		close(restored.jobs[0].stderr_fd);
		close(restored.jobs[1].stderr_fd);
	}
	free(restored.jobs);
	unit_true(was_told(TOLD_JOB_ENDED, identity.id, 1, &job_end));
	unit_integer(job_end.exit_status, 7);
	unit_true(was_told(TOLD_JOB_ENDED, identity.id, 2, &job_end));
	unit_integer(job_end.exit_status, 8);
	destroy(&fake, &identity, container);
	end(&fake, &identity);
}

static void a_container_lives_on_after_detach(void)
{
	struct backend_case fake = begin();
	struct warden_identity identity = identity_make("aaaaaaaaaa7");
	struct warden_restored restored;
	void *container = create(&fake, &identity);
	pid_t pid = pid_of(&identity);

	fake.container_klass->detach(container);
	backend_end(&fake);
	unit_true(is_there(pid));
	fake = begin();
	container = restore(&fake, &identity, "active", &restored);
	unit_true(restored.alive);
	destroy(&fake, &identity, container);
	/* It is a child of this process, as it was of the daemon that has ended in earnest. */
	waitpid(pid, NULL, WNOHANG);
	unit_false(is_there(pid));
	end(&fake, &identity);
}

static void a_reused_pid_is_not_believed(void)
{
	struct warden_identity identity = identity_make("aaaaaaaaaa8");
	struct warden_restored restored;
	struct backend_case fake;
	void *container;
	char text[32];
	pid_t other;
	int fd;

	daemon_dies(&identity);
	fake = begin();
	kill(pid_of(&identity), SIGKILL);
	usleep(50000); /* a number does not come back sooner, and ticks are what tells them apart */
	other = fork();
	if (other == 0) {
		pause();
		_exit(0);
	}
	fd = openat(identity.dir_fd, "run/wshd.pid", O_WRONLY | O_TRUNC | O_CLOEXEC);
	snprintf(text, sizeof(text), "%d\n", other);
	unit_true(write(fd, text, strlen(text)) > 0);
	close(fd);
	container = restore(&fake, &identity, "active", &restored);
	unit_false(restored.alive);
	destroy(&fake, &identity, container);
	unit_true(is_there(other));
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	end(&fake, &identity);
}

static void one_without_a_pid_is_ended_by_its_socket(void)
{
	struct warden_identity identity = identity_make("aaaaaaaaaa9");
	struct warden_restored restored;
	struct backend_case fake;
	void *container;
	pid_t pid;

	daemon_dies(&identity);
	fake = begin();
	pid = pid_of(&identity);
	unit_integer(unlinkat(identity.dir_fd, "run/wshd.pid", 0), 0);
	container = restore(&fake, &identity, "born", &restored);
	unit_false(restored.alive);
	destroy(&fake, &identity, container);
	/* Its last end is a close, perhaps an instant before it can be reaped. */
	for (int i = 0; i < 100 && is_there(pid); i++)
		usleep(10000);
	unit_false(is_there(pid));
	end(&fake, &identity);
}

static void destroy_copes_with_missing_parts(void)
{
	struct warden_identity identity = identity_make("aaaaaaaaab1");
	struct warden_restored restored;
	struct backend_case fake = begin();
	void *container = restore(&fake, &identity, "active", &restored);

	unit_false(restored.alive);
	destroy(&fake, &identity, container);
	end(&fake, &identity);
}

static void a_create_that_fails_leaves_nothing(void)
{
	struct warden_identity identity = identity_make("aaaaaaaaab2");
	const struct warden_create request = {.identity = identity};
	struct backend_case fake;
	struct warden_error err = {0};
	void *container;
	struct stat status;

	option_text("wshd", "/bin/true"); /* ends at once */
	fake = backend_begin(FAKE);
	unit_integer(unlinkat(identity.dir_fd, "run", AT_REMOVEDIR), 0);
	unit_integer(fake.container_klass->create(fake.backend, &request, &container, &err), -1);
	unit_contains(err.message, "run/wshd.sock");
	unit_true(fstatat(identity.dir_fd, "root", &status, 0) < 0 && errno == ENOENT);
	end(&fake, &identity);
}

static void requests_fail_as_configured(void)
{
	static const char *const names[] = {"spawn", "destroy", NULL};
	struct warden_error err = {0};
	struct backend_case fake;

	option_texts("fail", names);
	fake = begin();
	unit_integer(fake.container_klass->admit(fake.backend, NULL, "create", &err), 0);
	unit_integer(fake.container_klass->admit(fake.backend, NULL, "spawn", &err), -1);
	unit_string(err.message, "fake: spawn fails as configured");
	unit_integer(fake.container_klass->admit(fake.backend, NULL, "destroy", &err), -1);
	unit_string(err.message, "fake: destroy fails as configured");
	option_texts("fail", NULL);
	backend_end(&fake);
}

static void a_delay_is_kept(void)
{
	struct warden_error err;
	struct backend_case fake;
	struct timespec before, after;

	option_number("delay_ms", 150);
	fake = begin();
	clock_gettime(CLOCK_MONOTONIC, &before);
	unit_integer(fake.container_klass->admit(fake.backend, NULL, "info", &err), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	unit_true((after.tv_sec - before.tv_sec) * 1000 +
			  (after.tv_nsec - before.tv_nsec) / 1000000 >=
		  149);
	option_number("delay_ms", 0);
	backend_end(&fake);
}

static void figures_are_complete_and_stable(void)
{
	struct backend_case fake = begin();
	struct warden_identity identity = identity_make("aaaaaaaaab3");
	void *container = create(&fake, &identity);
	struct warden_info one, two;
	struct warden_error err;

	memset(&one, 0xff, sizeof(one));
	memset(&two, 0xff, sizeof(two));
	unit_integer(fake.container_klass->info(container, &one, &err), 0);
	unit_integer(fake.container_klass->info(container, &two, &err), 0);
	unit_bytes(&one, sizeof(one), &two, sizeof(two));
	for (int i = 0; i < WARDEN_MEMORY_STATS; i++)
		unit_true(one.memory[i] != WARDEN_UNKNOWN);
	unit_unsigned(one.in_rate, 4294967295);
	destroy(&fake, &identity, container);
	end(&fake, &identity);
}

static const struct unit_test tests[] = {
	UNIT_TEST(a_container_lives_runs_a_job_and_goes),
	UNIT_TEST(stop_tells_when_nothing_is_left),
	UNIT_TEST(destroy_ends_every_process),
	UNIT_TEST(a_frozen_wshd_does_not_hinder_destroy),
	UNIT_TEST(the_death_of_wshd_is_told_and_its_jobs_go),
	UNIT_TEST(jobs_are_found_again_after_kill_9),
	UNIT_TEST(a_container_lives_on_after_detach),
	UNIT_TEST(a_reused_pid_is_not_believed),
	UNIT_TEST(one_without_a_pid_is_ended_by_its_socket),
	UNIT_TEST(destroy_copes_with_missing_parts),
	UNIT_TEST(a_create_that_fails_leaves_nothing),
	UNIT_TEST(requests_fail_as_configured),
	UNIT_TEST(a_delay_is_kept),
	UNIT_TEST(figures_are_complete_and_stable),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "fake", tests, sizeof(tests) / sizeof(tests[0]));
}
