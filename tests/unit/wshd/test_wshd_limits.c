/* SPDX-License-Identifier: Apache-2.0 */
/* Limits on a job's time, which its keeper enforces, and the reported end. */
#include <config.h>

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/wshd/wshd_case.h"

static struct warden_job_end wshd_limits_run_script(const struct wshd_case *wshd,
						    struct warden_spawn *spawn, const char *script)
{
	struct job_output output = wshd_case_spawn_as(wshd, spawn, script);
	struct warden_job_end end = wshd_case_job_end(wshd, spawn->job_id);

	unit_string(wshd_case_read(output.out), ""); /* no process has it open */
	unit_string(wshd_case_read(output.err), "");
	return end;
}

static void reasons_of_ordinary_ends_are_reported(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);

	unit_integer(wshd_limits_run_script(&wshd, &spawn, "exit 4").reason, WARDEN_END_EXITED);
	spawn.job_id++;
	unit_integer(wshd_limits_run_script(&wshd, &spawn, "kill -9 $$").reason, WARDEN_END_SIGNAL);
	wshd_case_end(&wshd);
}

static void a_job_that_takes_too_long_is_killed_with_all_its_processes(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);
	struct warden_job_end end;

	spawn.wall_time_us = 300000;
	end = wshd_limits_run_script(&wshd, &spawn, "setsid sleep 3811 & sleep 3812");
	unit_integer(end.reason, WARDEN_END_WALL_TIME);
	unit_integer(end.signal, SIGKILL);
	unit_true(end.wall_us >= 300000);
	unit_true(wshd_case_await_process(&wshd, "sleep 381", false));
	wshd_case_end(&wshd);
}

static void a_job_that_works_too_long_is_killed(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);
	struct warden_job_end end;

	spawn.cpu_time_us = 200000;
	end = wshd_limits_run_script(&wshd, &spawn, "sleep 0.3; while :; do :; done");
	unit_integer(end.reason, WARDEN_END_CPU_TIME);
	unit_integer(end.signal, SIGKILL);
	unit_true(end.user_us + end.system_us >= 200000);
	wshd_case_end(&wshd);
}

static void cpu_time_is_that_of_all_processes(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);
	struct warden_job_end end;

	/* Each process alone stays below the limit, sequentially and in parallel. */
	spawn.cpu_time_us = 400000;
	end = wshd_limits_run_script(&wshd, &spawn,
				     "work() { i=0; while [ $i -lt $1 ]; do i=$((i+1)); done; }\n"
				     "while :; do (setsid sh -c 'i=0; while [ $i -lt 20000 ]; do "
				     "i=$((i+1)); done' &); (work 20000) & work 20000; wait; done");
	unit_integer(end.reason, WARDEN_END_CPU_TIME);
	wshd_case_end(&wshd);
}

static void processes_that_outlive_a_job_keep_its_limits(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);
	struct warden_error err;

	spawn.wall_time_us = 500000;
	unit_integer(
		wshd_limits_run_script(&wshd, &spawn, "setsid sleep 3821 >/dev/null 2>&1 & exit 0")
			.reason,
		WARDEN_END_EXITED);
	unit_integer(wshd_send_forget(wshd.queue, 1, &err), 0);
	unit_true(wshd_case_await_process(&wshd, "sleep 3821", false));
	wshd_case_end(&wshd);
}

static void limits_hold_without_a_client(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);
	struct job_output output;
	struct warden_error err;

	spawn.wall_time_us = 300000;
	output = wshd_case_spawn_as(&wshd, &spawn, "sleep 3831");
	unit_true(wshd_case_await_process(&wshd, "sleep 3831", true));
	close(wshd.client);
	unit_true(wshd_case_await_process(&wshd, "sleep 3831", false));
	wshd.client = wshd_case_connect(&wshd);
	unit_integer(wshd_send_watch(wshd.client, &err), 0);
	unit_integer(wshd_case_job_end(&wshd, 1).reason, WARDEN_END_WALL_TIME);
	wshd_case_read(output.out);
	wshd_case_read(output.err);
	wshd_case_end(&wshd);
}

static void a_kill_by_the_keeper_is_reported(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_error err;
	struct wshd_event event;

	for (int by_keeper = 0; by_keeper < 2; by_keeper++) {
		uint32_t id = 1 + (uint32_t)by_keeper;
		struct job_output output =
			wshd_case_spawn(&wshd, id, by_keeper ? "exec sleep 3841" : "kill -9 $$");

		if (by_keeper)
			unit_integer(wshd_send_signal(wshd.queue, id, SIGKILL, &err), 0);
		event = wshd_case_next_event(wshd.client);
		unit_integer(event.end.signal, SIGKILL);
		unit_integer(event.end.reason, WARDEN_END_SIGNAL);
		unit_integer(event.killed, by_keeper);
		wshd_case_read(output.out);
		wshd_case_read(output.err);
	}
	wshd_case_end(&wshd);
}

/* The keeper of the case's only job. */
static pid_t wshd_limits_find_keeper(const struct wshd_case *wshd)
{
	char path[64], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", wshd->pid, wshd->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (!unit_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0))
		exit(EXIT_FAILURE); /* pid 0 would be the runner's group */
	close(fd);
	return (pid_t)atoi(text);
}

/* Sends what waits for wshd, as the watcher of a backend does. */
static void wshd_limits_flush(const struct wshd_case *wshd)
{
	for (int i = 0; i < 5000 && wshd->queue->n > 0; i++) {
		wshd_queue_flush(wshd->queue);
		usleep(1000);
	}
	unit_unsigned(wshd->queue->n, 0);
}

/* Stops the keeper and sends it more than its socket holds. */
static pid_t wshd_limits_stop_and_fill_keeper(const struct wshd_case *wshd, uint32_t id)
{
	enum { RESIZES = 600 };
	pid_t keeper = wshd_limits_find_keeper(wshd);
	struct warden_error err;

	kill(keeper, SIGSTOP);
	for (int i = 0; i < RESIZES; i++)
		unit_integer(wshd_send_resize(wshd->queue, id, 24, (uint16_t)(i + 1), &err), 0);
	wshd_limits_flush(wshd);
	return keeper;
}

static void a_signal_to_a_keeper_with_a_full_socket_is_kept(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output output = wshd_case_spawn(&wshd, 1,
						   "trap 'exit 9' USR1; echo ready; "
						   "while :; do sleep 0.05; done");
	struct warden_error err;
	char ready[6];

	unit_integer(read(output.out, ready, sizeof(ready)), 6);
	wshd_limits_stop_and_fill_keeper(&wshd, 1);
	unit_integer(wshd_send_signal(wshd.queue, 1, SIGUSR1, &err), 0);
	wshd_limits_flush(&wshd);
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 9);
	close(output.out);
	close(output.err);
	wshd_case_end(&wshd);
}

static void a_keeper_with_a_full_socket_forgets_its_job_later(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output output = wshd_case_spawn(&wshd, 1, "sleep 3861 >/dev/null 2>&1 & exit 3");
	struct warden_error err;
	pid_t keeper;

	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 3);
	keeper = wshd_limits_stop_and_fill_keeper(&wshd, 1);
	unit_integer(wshd_send_forget(wshd.queue, 1, &err), 0);
	wshd_limits_flush(&wshd);
	usleep(200000); /* wshd reads it while the socket is full */
	kill(keeper, SIGCONT);
	unit_true(wshd_case_await_process(&wshd, "keeper: case job 1", false));
	unit_true(wshd_case_has_process(&wshd, "3861"));
	close(output.out);
	close(output.err);
	wshd_case_end(&wshd);
}

/* Limits the descriptors of this program and of each later wshd, so it is the last case. */
static void jobs_leave_wshd_descriptors_for_connections(void)
{
	enum { LIMIT = 128, JOBS = 45, CLIENTS = 12 };
	const struct rlimit limit = {.rlim_cur = LIMIT, .rlim_max = LIMIT};
	struct warden_restored restored;
	struct warden_error err;
	struct wshd_event event;
	struct wshd_case wshd;
	int clients[CLIENTS];

	unit_integer(setrlimit(RLIMIT_NOFILE, &limit), 0);
	wshd = wshd_case_begin();
	for (uint32_t id = 1; id <= JOBS; id++) {
		struct job_output output = wshd_case_spawn(&wshd, id, "exec sleep 3871");

		close(output.out);
		close(output.err);
	}
	event = wshd_case_next_event(wshd.client);
	unit_integer(event.end.reason, WARDEN_END_START_FAILED);
	unit_true(strstr(event.end.start_error, "descriptors") !=
		  NULL); /* EMFILE, as musl says it */
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = wshd_case_connect(&wshd);
		unit_true(wshd_case_list(clients[i], &restored));
		unit_unsigned(restored.n_jobs, JOBS);
		wshd_list_free(&restored);
	}
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
	unit_integer(wshd_send_signal(wshd.queue, 1, SIGKILL, &err), 0);
	while (event.type != 0 && event.job_id != 1)
		event = wshd_case_next_event(wshd.client);
	unit_integer(event.end.signal, SIGKILL);
	wshd_case_end(&wshd);
}

static const struct unit_test tests[] = {
	UNIT_TEST(reasons_of_ordinary_ends_are_reported),
	UNIT_TEST(a_job_that_takes_too_long_is_killed_with_all_its_processes),
	UNIT_TEST(a_job_that_works_too_long_is_killed),
	UNIT_TEST(cpu_time_is_that_of_all_processes),
	UNIT_TEST(processes_that_outlive_a_job_keep_its_limits),
	UNIT_TEST(limits_hold_without_a_client),
	UNIT_TEST(a_kill_by_the_keeper_is_reported),
	UNIT_TEST(a_signal_to_a_keeper_with_a_full_socket_is_kept),
	UNIT_TEST(a_keeper_with_a_full_socket_forgets_its_job_later),
	UNIT_TEST(jobs_leave_wshd_descriptors_for_connections),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "limits of wshd's jobs", tests,
			 sizeof(tests) / sizeof(tests[0]));
}
