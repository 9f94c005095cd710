/* SPDX-License-Identifier: Apache-2.0 */
/* wshd and its keepers: jobs, the events about them, signals, reconnection. */
#include <config.h>

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/wshd/wshd_case.h"

static void a_job_has_its_output_and_status(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output output = wshd_case_spawn(&wshd, 7, "echo out; echo err >&2; exit 3");
	struct warden_job_end end = wshd_case_job_end(&wshd, 7);

	unit_integer(end.exit_status, 3);
	unit_integer(end.signal, 0);
	unit_string(end.start_error, "");
	unit_true(end.wall_us > 0 && end.wall_us < 5000000);
	unit_true(end.peak_memory > 0 && end.minor_faults > 0);
	unit_string(wshd_case_read(output.out), "out\n");
	unit_string(wshd_case_read(output.err), "err\n");
	wshd_case_end(&wshd);
}

static void a_signal_that_ends_a_job_is_reported(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output output = wshd_case_spawn(&wshd, 1, "kill -SEGV $$");
	struct warden_job_end end = wshd_case_job_end(&wshd, 1);

	unit_integer(end.exit_status, -1);
	unit_integer(end.signal, SIGSEGV);
	wshd_case_read(output.out);
	wshd_case_read(output.err);
	wshd_case_end(&wshd);
}

static void a_job_has_three_descriptors_no_environment_and_a_session(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output output = wshd_case_spawn(
		&wshd, 1,
		"for fd in $(seq 3 64); do test -e /proc/$$/fd/$fd && echo open $fd; done\n"
		"tr '\\0' '\\n' < /proc/$$/environ\n"
		"set -- $(cut -d')' -f2 /proc/$$/stat); test $4 = $$ && echo tty $5\n"
		"umask; grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\n\\t'\n");

	wshd_case_job_end(&wshd, 1);
	unit_string(wshd_case_read(output.out),
		    "tty 0\n0022\nSigBlk:0000000000000000SigIgn:0000000000000000");
	unit_string(wshd_case_read(output.err), "");
	wshd_case_end(&wshd);
}

static void figures_cover_descendants(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output output = wshd_case_spawn(
		&wshd, 1,
		"(setsid sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done') & wait");
	struct warden_job_end end = wshd_case_job_end(&wshd, 1);

	unit_true(end.user_us + end.system_us > 10000);
	wshd_case_read(output.out);
	wshd_case_read(output.err);
	wshd_case_end(&wshd);
}

static void sigkill_reaches_those_that_left_the_session(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output output =
		wshd_case_spawn(&wshd, 1,
				"setsid sleep 3611 & (setsid setsid sleep 3612 &) & "
				"(trap '' TERM; exec sleep 3613) & sleep 3614");
	struct warden_error err;

	for (int i = 3611; i <= 3614; i++) {
		char argument[32];

		snprintf(argument, sizeof(argument), "sleep %d", i);
		unit_true(wshd_case_await_process(&wshd, argument, true));
	}
	unit_integer(wshd_send_signal(wshd.queue, 1, SIGKILL, &err), 0);
	unit_integer(wshd_case_job_end(&wshd, 1).signal, SIGKILL);
	unit_string(wshd_case_read(output.out), ""); /* no process has it open */
	wshd_case_read(output.err);
	unit_false(wshd_case_has_process(&wshd, "sleep 361"));
	wshd_case_end(&wshd);
}

/* Bounded, should the kill fail: at most 3,661 processes, each of which ends after a minute. */
static void a_fork_bomb_is_ended(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output output = wshd_case_spawn(
		&wshd, 1,
		"cat > bomb <<'E'\nn=$1; i=0; while [ $n -gt 0 ] && [ $i -lt 60 ]; do "
		"sh ./bomb $((n-1)) & i=$((i+1)); sleep 0.02; done; sleep 60\nE\nsh ./bomb 2");
	struct warden_error err;

	usleep(300000);
	unit_integer(wshd_send_signal(wshd.queue, 1, SIGKILL, &err), 0);
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, -1);
	wshd_case_read(output.out);
	wshd_case_read(output.err);
	unit_true(wshd_case_await_process(&wshd, "./bomb", false));
	wshd_case_end(&wshd);
}

static void a_signal_reaches_all_of_a_job_and_no_other_job(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output one = wshd_case_spawn(
		&wshd, 1, "trap 'echo term; exit 5' TERM; sleep 3621 & echo ready; wait");
	struct job_output two = wshd_case_spawn(&wshd, 2, "sleep 3622");
	struct warden_error err;

	unit_true(wshd_case_await_process(&wshd, "sleep 3621", true) &&
		  wshd_case_await_process(&wshd, "sleep 3622", true));
	unit_integer(wshd_send_signal(wshd.queue, 1, SIGTERM, &err), 0);
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 5);
	unit_string(wshd_case_read(one.out), "ready\nterm\n");
	unit_true(wshd_case_await_process(&wshd, "sleep 3621", false));
	unit_true(wshd_case_has_process(&wshd, "sleep 3622"));
	wshd_case_read(one.err);
	wshd_case_end(&wshd);
	unit_false(wshd_case_has_process(&wshd, "sleep 3622"));
	wshd_case_read(two.out);
	wshd_case_read(two.err);
}

static void a_new_connection_gets_every_job_that_is_not_forgotten(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output ended = wshd_case_spawn(&wshd, 1, "echo kept; exit 4");
	struct job_output runs = wshd_case_spawn(&wshd, 2, "read x; sleep 3631; echo late");
	struct job_output forgotten = wshd_case_spawn(&wshd, 3, "true");
	struct warden_restored restored;
	struct warden_error err;
	int client;

	/* Two of them end, in any order; the second job does not. */
	wshd_case_next_event(wshd.client);
	wshd_case_next_event(wshd.client);
	unit_integer(wshd_send_forget(wshd.queue, 3, &err), 0);
	close(ended.out);
	close(wshd.client); /* the daemon dies */
	client = wshd_case_connect(&wshd);
	if (wshd_case_list(client, &restored) && unit_unsigned(restored.n_jobs, 2)) {
		unit_unsigned(restored.jobs[0].job_id, 1);
		unit_unsigned(restored.jobs[1].job_id, 2);
		unit_string(wshd_case_read(restored.jobs[0].stdout_fd), "kept\n");
		close(restored.jobs[0].stderr_fd);
		close(restored.jobs[1].stdout_fd);
		close(restored.jobs[1].stderr_fd);
	}
	free(restored.jobs);
	wshd.client = client;
	unit_integer(wshd_send_watch(client, &err), 0);
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 4);
	close(ended.err);
	close(runs.out);
	close(runs.err);
	wshd_case_read(forgotten.out);
	wshd_case_read(forgotten.err);
	wshd_case_end(&wshd);
}

static void a_pipe_stays_whole_without_a_reader(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output output =
		wshd_case_spawn(&wshd, 1, "sleep 0.3; echo still; echo there; exit 6");
	struct warden_restored restored;
	struct warden_error err;

	close(output.out);
	close(output.err);
	close(wshd.client);
	usleep(500000);
	wshd.client = wshd_case_connect(&wshd);
	if (wshd_case_list(wshd.client, &restored) && unit_unsigned(restored.n_jobs, 1)) {
		unit_string(wshd_case_read(restored.jobs[0].stdout_fd), "still\nthere\n");
		close(restored.jobs[0].stderr_fd);
	}
	free(restored.jobs);
	unit_integer(wshd_send_watch(wshd.client, &err), 0);
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 6);
	wshd_case_end(&wshd);
}

static void every_watching_connection_receives_an_end_once(void)
{
	struct wshd_case wshd = wshd_case_begin();
	int second = wshd_case_connect(&wshd);
	struct wshd_event event;
	struct warden_error err;
	struct job_output output;

	unit_integer(wshd_send_watch(second, &err), 0);
	output = wshd_case_spawn(&wshd, 1, "true");
	wshd_case_job_end(&wshd, 1);
	event = wshd_case_next_event(second);
	unit_integer(event.type, WSHD_ENDED);
	usleep(50000);
	unit_integer(wshd_receive(second, &event, &err), 0);
	unit_integer(wshd_receive(wshd.client, &event, &err), 0);
	close(second);
	wshd_case_read(output.out);
	wshd_case_read(output.err);
	wshd_case_end(&wshd);
}

static void a_connection_that_never_reads_delays_no_other(void)
{
	enum { JOBS = 600 };
	struct wshd_case wshd = wshd_case_begin();
	int stuck = wshd_case_connect(&wshd);
	struct warden_error err;
	struct wshd_event event;
	unsigned told = 0;

	unit_integer(wshd_send_watch(stuck, &err), 0);
	for (uint32_t i = 1; i <= JOBS; i++) {
		struct job_output output = wshd_case_spawn(&wshd, i, "exit 0");

		unit_integer(wshd_case_job_end(&wshd, i).exit_status, 0);
		close(output.out);
		close(output.err);
	}
	/* It reads late and still receives all. */
	while (told < JOBS) {
		event = wshd_case_next_event(stuck);
		if (event.type == 0)
			break;
		told++;
		unit_unsigned(event.job_id, told);
	}
	unit_unsigned(told, JOBS);
	close(stuck);
	wshd_case_end(&wshd);
}

static void stop_answers_when_no_process_is_left(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output output = wshd_case_spawn(
		&wshd, 1, "(trap '' TERM; setsid sleep 3641 & sleep 3642) & exit 0");
	struct wshd_event event;
	struct warden_error err;

	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 0);
	unit_true(wshd_case_await_process(&wshd, "sleep 3641", true));
	unit_integer(wshd_send_stop(wshd.queue, SIGTERM, &err), 0);
	usleep(200000);
	unit_integer(wshd_receive(wshd.client, &event, &err), 0); /* they ignore it */
	unit_true(wshd_case_has_process(&wshd, "sleep 3642"));
	unit_integer(wshd_send_stop(wshd.queue, SIGKILL, &err), 0);
	unit_integer(wshd_case_next_event(wshd.client).type, WSHD_EMPTY);
	unit_false(wshd_case_has_process(&wshd, "sleep 364"));
	unit_integer(wshd_send_stop(wshd.queue, SIGTERM, &err), 0);
	unit_integer(wshd_case_next_event(wshd.client).type, WSHD_EMPTY); /* again, at once */
	wshd_case_read(output.out);
	wshd_case_read(output.err);
	wshd_case_end(&wshd);
}

/* Stops jobs at every point of their start, while they fork. */
static void stop_reaches_processes_that_are_forked_meanwhile(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_error err;

	for (uint32_t i = 1; i <= 60; i++) {
		struct job_output output = wshd_case_spawn(&wshd, i, "sleep 3646; sleep 3647");
		enum wshd_type first, second;

		usleep(i * 60);
		unit_integer(wshd_send_stop(wshd.queue, SIGTERM, &err), 0);
		first = wshd_case_next_event(wshd.client).type;
		second = wshd_case_next_event(wshd.client).type;
		if (!unit_true((first == WSHD_ENDED && second == WSHD_EMPTY) ||
			       (first == WSHD_EMPTY && second == WSHD_ENDED)))
			break;
		wshd_case_read(output.out);
		wshd_case_read(output.err);
	}
	unit_false(wshd_case_has_process(&wshd, "sleep 364"));
	wshd_case_end(&wshd);
}

static void a_signal_handler_may_finish_after_a_stop(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output output = wshd_case_spawn(
		&wshd, 1,
		"trap 'for i in 1 2 3 4 5; do sleep 0.01 || exit 9; done; echo done; exit 5' TERM; "
		"echo ready; sleep 3648 & wait");
	char ready[6];
	struct warden_error err;
	struct wshd_event event;

	unit_integer(read(output.out, ready, sizeof(ready)), sizeof(ready));
	unit_integer(wshd_send_stop(wshd.queue, SIGTERM, &err), 0);
	event = wshd_case_next_event(wshd.client);
	unit_integer(event.type, WSHD_ENDED);
	unit_integer(event.end.exit_status, 5);
	unit_integer(wshd_case_next_event(wshd.client).type, WSHD_EMPTY);
	unit_string(wshd_case_read(output.out), "done\n");
	wshd_case_read(output.err);
	wshd_case_end(&wshd);
}

static void processes_that_outlive_a_forgotten_job_are_stopped(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output output =
		wshd_case_spawn(&wshd, 1, "setsid sleep 3651 >/dev/null 2>&1 & exit 0");
	struct warden_error err;

	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 0);
	unit_integer(wshd_send_forget(wshd.queue, 1, &err), 0);
	wshd_case_read(output.out);
	wshd_case_read(output.err);
	unit_true(wshd_case_await_process(&wshd, "keeper: case job 1", false));
	unit_true(wshd_case_await_process(&wshd, "sleep 3651", true));
	unit_integer(wshd_send_stop(wshd.queue, SIGTERM, &err), 0);
	unit_integer(wshd_case_next_event(wshd.client).type, WSHD_EMPTY);
	unit_false(wshd_case_has_process(&wshd, "sleep 3651"));
	wshd_case_end(&wshd);
}

static void a_killed_keeper_ends_its_job(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output output = wshd_case_spawn(&wshd, 1, "kill -9 $PPID; sleep 3661");
	struct warden_job_end end = wshd_case_job_end(&wshd, 1);

	unit_integer(end.exit_status, -1);
	unit_integer(end.signal, SIGKILL);
	wshd_case_end(&wshd); /* also the processes that the keeper left */
	unit_false(wshd_case_has_process(&wshd, "sleep 3661"));
	wshd_case_read(output.out);
	wshd_case_read(output.err);
}

static void keepers_end_their_jobs_when_wshd_is_killed(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output output = wshd_case_spawn(&wshd, 1, "setsid sleep 3671 & sleep 3672");

	unit_true(wshd_case_await_process(&wshd, "sleep 3671", true));
	kill(wshd.pid, SIGKILL);
	unit_true(wshd_case_await_process(&wshd, "sleep 367", false));
	wshd_case_read(output.out);
	wshd_case_read(output.err);
	wshd_case_end(&wshd);
}

static void a_job_is_killed_while_its_keeper_is_stopped(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output output = wshd_case_spawn(&wshd, 1, "kill -STOP $PPID; sleep 3681");
	struct warden_error err;

	unit_true(wshd_case_await_process(&wshd, "sleep 3681", true));
	unit_integer(wshd_send_signal(wshd.queue, 1, SIGKILL, &err), 0);
	unit_integer(wshd_case_job_end(&wshd, 1).signal, SIGKILL);
	wshd_case_read(output.out);
	wshd_case_read(output.err);
	wshd_case_end(&wshd);
}

/* wshd passes on the limits that it was started with. */
static void a_requested_limit_that_cannot_be_set_ends_the_job(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);
	struct warden_rlimit rlimits[WARDEN_RLIMITS];
	struct job_output output;

	wshd_case_no_rlimits(rlimits);
	/* No kernel allows as many. */
	rlimits[WARDEN_RLIMIT_NOFILE] = (struct warden_rlimit){UINT64_C(1) << 40, true};
	spawn.rlimits = rlimits;
	spawn.n_rlimits = WARDEN_RLIMIT_NOFILE + 1;
	output = wshd_case_spawn_as(&wshd, &spawn, "echo never");
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 255);
	unit_string(wshd_case_read(output.out), "");
	unit_contains(wshd_case_read(output.err), "cannot set limit nofile to 1099511627776");
	wshd_case_end(&wshd);
}

static void limits_are_set_and_defaults_are_clamped(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);
	struct warden_rlimit rlimits[WARDEN_RLIMITS];
	struct job_output output;

	wshd_case_no_rlimits(rlimits);
	rlimits[WARDEN_RLIMIT_NOFILE].value = UINT64_C(1) << 40; /* clamped */
	rlimits[WARDEN_RLIMIT_STACK] = (struct warden_rlimit){4 << 20, true};
	rlimits[WARDEN_RLIMIT_CORE].value = 0;
	spawn.rlimits = rlimits;
	spawn.n_rlimits = WARDEN_RLIMITS;
	output = wshd_case_spawn_as(&wshd, &spawn,
				    "ulimit -s; ulimit -Hs; ulimit -c; "
				    "test $(ulimit -n) = $(ulimit -Hn) && echo clamped");
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 0);
	unit_string(wshd_case_read(output.out), "4096\n4096\n0\nclamped\n");
	wshd_case_read(output.err);
	wshd_case_end(&wshd);
}

static void a_long_script_needs_no_reader(void)
{
	struct wshd_case wshd = wshd_case_begin();
	size_t size = 1 << 20;
	char *script = malloc(size + 1);
	struct job_output output;

	memset(script, '#', size);
	memcpy(script + size - 10, "\necho end\n", 10);
	script[size] = '\0';
	output = wshd_case_spawn(&wshd, 1, script);
	free(script);
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 0);
	unit_string(wshd_case_read(output.out), "end\n");
	wshd_case_read(output.err);
	wshd_case_end(&wshd);
}

static void a_job_id_that_is_taken_is_refused(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output first = wshd_case_spawn(&wshd, 1, "sleep 3691");
	struct job_output second = wshd_case_spawn(&wshd, 1, "echo second");
	struct warden_job_end end = wshd_case_job_end(&wshd, 1);

	unit_contains(end.start_error, "File exists");
	unit_string(wshd_case_read(second.out), "");
	wshd_case_read(second.err);
	wshd_case_end(&wshd);
	wshd_case_read(first.out);
	wshd_case_read(first.err);
}

static void wshd_sets_its_title(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output output = wshd_case_spawn(&wshd, 1, "true");
	char path[64], text[64];
	int fd;

	wshd_case_job_end(&wshd, 1);
	snprintf(path, sizeof(path), "/proc/%d/cmdline", wshd.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	unit_integer(read(fd, text, sizeof(text)), sizeof("wshd: case"));
	unit_string(text, "wshd: case");
	close(fd);
	wshd_case_read(output.out);
	wshd_case_read(output.err);
	wshd_case_end(&wshd);
}

static const struct unit_test tests[] = {
	UNIT_TEST(a_job_has_its_output_and_status),
	UNIT_TEST(a_signal_that_ends_a_job_is_reported),
	UNIT_TEST(a_job_has_three_descriptors_no_environment_and_a_session),
	UNIT_TEST(figures_cover_descendants),
	UNIT_TEST(sigkill_reaches_those_that_left_the_session),
	UNIT_TEST(a_fork_bomb_is_ended),
	UNIT_TEST(a_signal_reaches_all_of_a_job_and_no_other_job),
	UNIT_TEST(a_new_connection_gets_every_job_that_is_not_forgotten),
	UNIT_TEST(a_pipe_stays_whole_without_a_reader),
	UNIT_TEST(every_watching_connection_receives_an_end_once),
	UNIT_TEST(a_connection_that_never_reads_delays_no_other),
	UNIT_TEST(stop_answers_when_no_process_is_left),
	UNIT_TEST(stop_reaches_processes_that_are_forked_meanwhile),
	UNIT_TEST(a_signal_handler_may_finish_after_a_stop),
	UNIT_TEST(processes_that_outlive_a_forgotten_job_are_stopped),
	UNIT_TEST(a_killed_keeper_ends_its_job),
	UNIT_TEST(keepers_end_their_jobs_when_wshd_is_killed),
	UNIT_TEST(a_job_is_killed_while_its_keeper_is_stopped),
	UNIT_TEST(a_requested_limit_that_cannot_be_set_ends_the_job),
	UNIT_TEST(limits_are_set_and_defaults_are_clamped),
	UNIT_TEST(a_long_script_needs_no_reader),
	UNIT_TEST(a_job_id_that_is_taken_is_refused),
	UNIT_TEST(wshd_sets_its_title),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "wshd", tests, sizeof(tests) / sizeof(tests[0]));
}
