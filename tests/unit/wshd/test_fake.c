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

static struct backend_case fake_case_begin(void)
{
	backend_case_set_text("wshd", WSHD);
	return backend_case_begin(FAKE);
}

static void fake_case_end(struct backend_case *fake, struct warden_identity *identity)
{
	close(identity->dir_fd);
	free((char *)identity->path);
	backend_case_end(fake);
	unit_true(backend_case_has_no_events());
}

static void *fake_case_create(const struct backend_case *fake,
			      const struct warden_identity *identity)
{
	const struct warden_create request = {.size = sizeof(request), .identity = identity};
	struct warden_error err = {0};
	void *container = NULL;

	if (!unit_integer(fake->container_klass->create(fake->backend, &request, &container, &err),
			  0))
		unit_fail(err.message);
	return container;
}

static pid_t fake_case_recorded_pid(const struct warden_identity *identity)
{
	char text[32] = "";
	int fd = openat(identity->dir_fd, "run/wshd.pid", O_RDONLY | O_CLOEXEC);

	unit_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return (pid_t)strtol(text, NULL, 10);
}

/* A zombie counts as ended: whose child it is depends on the machine. */
static bool fake_case_is_alive(pid_t pid)
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

static void fake_case_destroy(const struct backend_case *fake,
			      const struct warden_identity *identity, void *container)
{
	fake->container_klass->destroy(container);
	unit_true(backend_case_receives(EVENT_CONTAINER_GONE, identity->id, 0, NULL));
}

static void a_container_runs_a_job_and_is_destroyed(void)
{
	struct backend_case fake = fake_case_begin();
	struct warden_identity identity = backend_case_make_identity("aaaaaaaaaa1");
	void *container = fake_case_create(&fake, &identity);
	pid_t pid = fake_case_recorded_pid(&identity);
	struct warden_job_end job_end = {0};
	struct warden_spawn job =
		backend_case_start_job(&fake, container, 1, "pwd; env | grep HOME; exit 3");

	unit_true(fake_case_is_alive(pid));
	unit_true(backend_case_receives(EVENT_JOB_ENDED, identity.id, 1, &job_end));
	unit_integer(job_end.exit_status, 3);
	unit_contains(backend_case_read(job.stdout_read_fd), "/aaaaaaaaaa1/root\n");
	unit_string(backend_case_read(job.stderr_read_fd), "");
	fake.container_klass->job_forget(container, 1);
	fake_case_destroy(&fake, &identity, container);
	unit_false(fake_case_is_alive(pid));
	fake_case_end(&fake, &identity);
}

static void stop_reports_when_no_process_is_left(void)
{
	struct backend_case fake = fake_case_begin();
	struct warden_identity identity = backend_case_make_identity("aaaaaaaaaa2");
	void *container = fake_case_create(&fake, &identity);
	struct warden_error err;
	struct warden_job_end job_end = {0};
	struct warden_spawn job = backend_case_start_job(
		&fake, container, 1, "trap 'exit 5' TERM; echo ready; sleep 3711 & wait");
	char ready[6];

	unit_integer(read(job.stdout_read_fd, ready, sizeof(ready)), sizeof(ready));
	unit_integer(fake.container_klass->stop(container, SIGTERM, &err), 0);
	unit_true(backend_case_receives(EVENT_CONTAINER_EMPTY, identity.id, 0, NULL));
	unit_true(backend_case_receives(EVENT_JOB_ENDED, identity.id, 1, &job_end));
	unit_integer(job_end.exit_status, 5);
	unit_integer(fake.container_klass->stop(container, SIGTERM, &err), 0);
	unit_true(backend_case_receives(EVENT_CONTAINER_EMPTY, identity.id, 0, NULL));
	close(job.stdout_read_fd);
	close(job.stderr_read_fd);
	fake_case_destroy(&fake, &identity, container);
	fake_case_end(&fake, &identity);
}

static void destroy_ends_every_process(void)
{
	struct backend_case fake = fake_case_begin();
	struct warden_identity identity = backend_case_make_identity("aaaaaaaaaa3");
	void *container = fake_case_create(&fake, &identity);
	struct warden_spawn job =
		backend_case_start_job(&fake, container, 1,
				       "trap '' TERM; (setsid sh -c 'trap \"\" TERM; sleep "
				       "3721' &); echo ready; sleep 3722");
	char ready[6];

	unit_integer(read(job.stdout_read_fd, ready, sizeof(ready)), sizeof(ready));
	fake.container_klass->destroy(container);
	unit_true(backend_case_receives(EVENT_CONTAINER_GONE, identity.id, 0, NULL));
	/* No process has the pipe open any more. */
	unit_string(backend_case_read(job.stdout_read_fd), "");
	backend_case_read(job.stderr_read_fd);
	backend_case_receives(EVENT_JOB_ENDED, identity.id, 1, NULL);
	fake_case_end(&fake, &identity);
}

static void a_frozen_wshd_does_not_prevent_destroy(void)
{
	struct backend_case fake = fake_case_begin();
	struct warden_identity identity = backend_case_make_identity("aaaaaaaaaa4");
	void *container = fake_case_create(&fake, &identity);
	struct warden_spawn job = backend_case_start_job(
		&fake, container, 1, "setsid sleep 3731 & echo ready; sleep 3732");
	pid_t pid = fake_case_recorded_pid(&identity);
	char ready[6];

	unit_integer(read(job.stdout_read_fd, ready, sizeof(ready)), sizeof(ready));
	kill(pid, SIGSTOP);
	fake_case_destroy(&fake, &identity, container);
	unit_false(fake_case_is_alive(pid));
	unit_string(backend_case_read(job.stdout_read_fd), "");
	backend_case_read(job.stderr_read_fd);
	fake_case_end(&fake, &identity);
}

static void the_death_of_wshd_is_reported_and_its_jobs_end(void)
{
	struct backend_case fake = fake_case_begin();
	struct warden_identity identity = backend_case_make_identity("aaaaaaaaaa5");
	void *container = fake_case_create(&fake, &identity);
	struct warden_spawn job = backend_case_start_job(
		&fake, container, 1, "setsid sleep 3741 & echo ready; sleep 3742");
	struct warden_error err;
	char ready[6];

	unit_integer(read(job.stdout_read_fd, ready, sizeof(ready)), sizeof(ready));
	kill(fake_case_recorded_pid(&identity), SIGKILL);
	unit_true(backend_case_receives(EVENT_INIT_DIED, identity.id, 0, NULL));
	unit_string(backend_case_read(job.stdout_read_fd), "");
	backend_case_read(job.stderr_read_fd);
	unit_integer(fake.container_klass->stop(container, SIGTERM, &err), 0);
	unit_true(backend_case_receives(EVENT_CONTAINER_EMPTY, identity.id, 0, NULL));
	fake_case_destroy(&fake, &identity, container);
	fake_case_end(&fake, &identity);
}

static void *fake_case_restore(const struct backend_case *fake,
			       const struct warden_identity *identity,
			       enum warden_restore_state state, struct warden_restored *restored)
{
	struct warden_error err = {0};
	void *container = NULL;

	*restored = (struct warden_restored){.size = sizeof(*restored)}; /* as the core does */
	if (!unit_integer(fake->container_klass->restore(fake->backend, identity, state, &container,
							 restored, &err),
			  0))
		unit_fail(err.message);
	return container;
}

/* Starts a daemon in a child, and kills it when its container has two jobs. */
static void fake_case_kill_daemon(const struct warden_identity *identity)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct backend_case fake = fake_case_begin();
		void *container = fake_case_create(&fake, identity);

		backend_case_start_job(&fake, container, 1, "echo one; exit 7");
		backend_case_start_job(&fake, container, 2,
				       "echo two; sleep 0.5; echo three; exit 8");
		backend_case_receives(EVENT_JOB_ENDED, identity->id, 1, NULL);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	unit_true(WIFSIGNALED(status));
}

static void jobs_are_recovered_after_kill_9(void)
{
	struct warden_identity identity = backend_case_make_identity("aaaaaaaaaa6");
	struct warden_restored restored;
	struct warden_job_end job_end;
	struct backend_case fake;
	void *container;

	fake_case_kill_daemon(&identity);
	fake = fake_case_begin();
	container = fake_case_restore(&fake, &identity, WARDEN_RESTORE_ACTIVE, &restored);
	unit_true(restored.alive);
	if (unit_unsigned(restored.n_jobs, 2)) {
		unit_string(backend_case_read(restored.jobs[0].stdout_fd), "one\n");
		unit_string(backend_case_read(restored.jobs[1].stdout_fd), "two\nthree\n");
		close(restored.jobs[0].stderr_fd);
		close(restored.jobs[1].stderr_fd);
	}
	free(restored.jobs);
	unit_true(backend_case_receives(EVENT_JOB_ENDED, identity.id, 1, &job_end));
	unit_integer(job_end.exit_status, 7);
	unit_true(backend_case_receives(EVENT_JOB_ENDED, identity.id, 2, &job_end));
	unit_integer(job_end.exit_status, 8);
	fake_case_destroy(&fake, &identity, container);
	fake_case_end(&fake, &identity);
}

static void a_container_continues_after_detach(void)
{
	struct backend_case fake = fake_case_begin();
	struct warden_identity identity = backend_case_make_identity("aaaaaaaaaa7");
	struct warden_restored restored;
	void *container = fake_case_create(&fake, &identity);
	pid_t pid = fake_case_recorded_pid(&identity);

	fake.container_klass->detach(container);
	backend_case_end(&fake);
	unit_true(fake_case_is_alive(pid));
	fake = fake_case_begin();
	container = fake_case_restore(&fake, &identity, WARDEN_RESTORE_ACTIVE, &restored);
	unit_true(restored.alive);
	fake_case_destroy(&fake, &identity, container);
	/* wshd is still a child of this process, which did not end as a daemon does: reap it. */
	waitpid(pid, NULL, WNOHANG);
	unit_false(fake_case_is_alive(pid));
	fake_case_end(&fake, &identity);
}

static void a_reused_pid_is_not_believed(void)
{
	struct warden_identity identity = backend_case_make_identity("aaaaaaaaaa8");
	struct warden_restored restored;
	struct backend_case fake;
	void *container;
	char text[32];
	pid_t other;
	int fd;

	fake_case_kill_daemon(&identity);
	fake = fake_case_begin();
	kill(fake_case_recorded_pid(&identity), SIGKILL);
	usleep(50000); /* pids do not repeat sooner, and the start time distinguishes them by ticks
			*/
	other = fork();
	if (other == 0) {
		pause();
		_exit(0);
	}
	fd = openat(identity.dir_fd, "run/wshd.pid", O_WRONLY | O_TRUNC | O_CLOEXEC);
	snprintf(text, sizeof(text), "%d\n", other);
	unit_true(write(fd, text, strlen(text)) > 0);
	close(fd);
	container = fake_case_restore(&fake, &identity, WARDEN_RESTORE_ACTIVE, &restored);
	unit_false(restored.alive);
	fake_case_destroy(&fake, &identity, container);
	unit_true(fake_case_is_alive(other));
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	fake_case_end(&fake, &identity);
}

static void a_container_without_a_recorded_pid_is_ended_by_its_socket(void)
{
	struct warden_identity identity = backend_case_make_identity("aaaaaaaaaa9");
	struct warden_restored restored;
	struct backend_case fake;
	void *container;
	pid_t pid;

	fake_case_kill_daemon(&identity);
	fake = fake_case_begin();
	pid = fake_case_recorded_pid(&identity);
	unit_integer(unlinkat(identity.dir_fd, "run/wshd.pid", 0), 0);
	container = fake_case_restore(&fake, &identity, WARDEN_RESTORE_BORN, &restored);
	unit_false(restored.alive);
	fake_case_destroy(&fake, &identity, container);
	/* wshd closes its socket shortly before it can be reaped. */
	for (int i = 0; i < 100 && fake_case_is_alive(pid); i++)
		usleep(10000);
	unit_false(fake_case_is_alive(pid));
	fake_case_end(&fake, &identity);
}

static void destroy_copes_with_missing_parts(void)
{
	struct warden_identity identity = backend_case_make_identity("aaaaaaaaab1");
	struct warden_restored restored;
	struct backend_case fake = fake_case_begin();
	void *container = fake_case_restore(&fake, &identity, WARDEN_RESTORE_ACTIVE, &restored);

	unit_false(restored.alive);
	fake_case_destroy(&fake, &identity, container);
	fake_case_end(&fake, &identity);
}

static void a_create_that_fails_leaves_nothing(void)
{
	struct warden_identity identity = backend_case_make_identity("aaaaaaaaab2");
	const struct warden_create request = {.size = sizeof(request), .identity = &identity};
	struct backend_case fake;
	struct warden_error err = {0};
	void *container;
	struct stat status;

	backend_case_set_text("wshd", "/bin/true"); /* ends at once */
	fake = backend_case_begin(FAKE);
	unit_integer(unlinkat(identity.dir_fd, "run", AT_REMOVEDIR), 0);
	unit_integer(fake.container_klass->create(fake.backend, &request, &container, &err), -1);
	unit_contains(err.message, "run/wshd.sock");
	unit_true(fstatat(identity.dir_fd, "root", &status, 0) < 0 && errno == ENOENT);
	fake_case_end(&fake, &identity);
}

static void requests_fail_as_configured(void)
{
	static const char *const names[] = {"spawn", "destroy", NULL};
	struct warden_error err = {0};
	struct backend_case fake;

	backend_case_set_texts("fail", names);
	fake = fake_case_begin();
	unit_integer(fake.container_klass->admit(fake.backend, NULL, "create", &err), 0);
	unit_integer(fake.container_klass->admit(fake.backend, NULL, "spawn", &err), -1);
	unit_string(err.message, "fake: spawn fails as configured");
	unit_integer(fake.container_klass->admit(fake.backend, NULL, "destroy", &err), -1);
	unit_string(err.message, "fake: destroy fails as configured");
	backend_case_set_texts("fail", NULL);
	backend_case_end(&fake);
}

static void a_configured_delay_is_applied(void)
{
	struct warden_error err;
	struct backend_case fake;
	struct timespec before, after;

	backend_case_set_number("delay_ms", 150);
	fake = fake_case_begin();
	clock_gettime(CLOCK_MONOTONIC, &before);
	unit_integer(fake.container_klass->admit(fake.backend, NULL, "info", &err), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	unit_true((after.tv_sec - before.tv_sec) * 1000 +
			  (after.tv_nsec - before.tv_nsec) / 1000000 >=
		  149);
	backend_case_set_number("delay_ms", 0);
	backend_case_end(&fake);
}

static void figures_are_complete_and_stable(void)
{
	struct backend_case fake = fake_case_begin();
	struct warden_identity identity = backend_case_make_identity("aaaaaaaaab3");
	void *container = fake_case_create(&fake, &identity);
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
	fake_case_destroy(&fake, &identity, container);
	fake_case_end(&fake, &identity);
}

static const struct unit_test tests[] = {
	UNIT_TEST(a_container_runs_a_job_and_is_destroyed),
	UNIT_TEST(stop_reports_when_no_process_is_left),
	UNIT_TEST(destroy_ends_every_process),
	UNIT_TEST(a_frozen_wshd_does_not_prevent_destroy),
	UNIT_TEST(the_death_of_wshd_is_reported_and_its_jobs_end),
	UNIT_TEST(jobs_are_recovered_after_kill_9),
	UNIT_TEST(a_container_continues_after_detach),
	UNIT_TEST(a_reused_pid_is_not_believed),
	UNIT_TEST(a_container_without_a_recorded_pid_is_ended_by_its_socket),
	UNIT_TEST(destroy_copes_with_missing_parts),
	UNIT_TEST(a_create_that_fails_leaves_nothing),
	UNIT_TEST(requests_fail_as_configured),
	UNIT_TEST(a_configured_delay_is_applied),
	UNIT_TEST(figures_are_complete_and_stable),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "fake", tests, sizeof(tests) / sizeof(tests[0]));
}
