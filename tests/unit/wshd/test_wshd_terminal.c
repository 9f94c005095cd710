/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs on a terminal; the daemon sees only pipes. */
#include <config.h>

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "tests/unit/wshd/wshd_case.h"

enum { PATIENCE_MS = 5000 };

struct typist {
	struct job_output output;
	int keys; /* write end of the job's input */
};

static struct typist terminal_start(const struct wshd_case *wshd, uint32_t id, const char *script)
{
	struct warden_spawn spawn = wshd_case_job(id);
	struct typist typist;
	int ends[2];

	unit_integer(pipe2(ends, O_CLOEXEC), 0);
	spawn.argv = (const char *[]){"/bin/sh", "-c", script, NULL};
	spawn.terminal = true;
	spawn.rows = 33;
	spawn.columns = 77;
	spawn.stdin_read_fd = ends[0];
	spawn.stdin_write_fd = ends[1];
	typist.output = wshd_case_spawn_as(wshd, &spawn, NULL);
	typist.keys = ends[1];
	close(ends[0]);
	return typist;
}

static void terminal_type(const struct typist *typist, const char *text)
{
	unit_integer(write(typist->keys, text, strlen(text)), (long)strlen(text));
}

/* Reads until the output holds `text`. */
static bool terminal_shows(const struct typist *typist, const char *text)
{
	char seen[4096];
	size_t length = 0;

	while (length < sizeof(seen) - 1) {
		struct pollfd poll_fd = {.fd = typist->output.out, .events = POLLIN};
		ssize_t got;

		if (poll(&poll_fd, 1, PATIENCE_MS) <= 0)
			break;
		got = read(typist->output.out, seen + length, sizeof(seen) - 1 - length);
		if (got <= 0)
			break;
		length += (size_t)got;
		seen[length] = '\0';
		if (strstr(seen, text))
			return true;
	}
	return false;
}

static void terminal_finish(const struct typist *typist, const char *rest)
{
	unit_string(wshd_case_read(typist->output.out), rest);
	unit_string(wshd_case_read(typist->output.err), "");
	close(typist->keys);
}

static void the_three_streams_are_one_terminal_of_the_requested_size(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct typist typist = terminal_start(
		&wshd, 1,
		"for fd in 0 1 2; do test -t $fd && echo tty; done; stty size; "
		"echo err >&2; test $(readlink /proc/self/fd/0) = $(tty) && echo same; "
		"echo controlling >/dev/tty");

	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 0);
	terminal_finish(&typist, "tty\r\ntty\r\ntty\r\n33 77\r\nerr\r\nsame\r\ncontrolling\r\n");
	wshd_case_end(&wshd);
}

static void typed_text_is_echoed_and_read(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct typist typist = terminal_start(&wshd, 1, "read a; echo got $a; read b; echo end $b");

	terminal_type(&typist, "one\n");
	unit_true(terminal_shows(&typist, "one\r\ngot one\r\n"));
	terminal_type(&typist, "two");
	unit_true(terminal_shows(&typist, "two"));
	terminal_type(&typist, "\x04\x04"); /* end of file, twice: the line, then nothing */
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 0);
	terminal_finish(&typist, "end two\r\n");
	wshd_case_end(&wshd);
}

static void control_c_is_a_signal(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct typist typist = terminal_start(&wshd, 1,
					      "trap 'echo caught; exit 9' INT; echo ready; "
					      "while :; do sleep 0.05; done");

	unit_true(terminal_shows(&typist, "ready"));
	terminal_type(&typist, "\x03");
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 9);
	terminal_finish(&typist, "^Ccaught\r\n");
	wshd_case_end(&wshd);
}

static void the_size_changes(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct typist typist = terminal_start(&wshd, 1,
					      "trap 'stty size; exit 0' WINCH; echo ready; "
					      "while :; do sleep 0.05; done");
	struct warden_error err;

	unit_true(terminal_shows(&typist, "ready\r\n"));
	unit_integer(wshd_send_resize(wshd.queue, 1, 44, 99, &err), 0);
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 0);
	terminal_finish(&typist, "44 99\r\n");
	wshd_case_end(&wshd);
}

static void the_end_of_the_input_is_not_the_end_of_the_terminal(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct typist typist =
		terminal_start(&wshd, 1, "read a; sleep 0.2; echo still $a; test -t 1");
	struct warden_error err;

	terminal_type(&typist, "here\n");
	close(typist.keys);
	typist.keys = -1;
	unit_integer(wshd_send_close_input(wshd.queue, 1, &err), 0);
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 0);
	terminal_finish(&typist, "here\r\nstill here\r\n");
	wshd_case_end(&wshd);
}

static void much_output_arrives_completely(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct typist typist = terminal_start(&wshd, 1, "seq 1 100000");
	size_t total = 0;
	char buffer[65536];
	ssize_t got;

	while ((got = read(typist.output.out, buffer, sizeof(buffer))) > 0)
		total += (size_t)got;
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 0);
	unit_unsigned(total, 588895 + 100000); /* with a carriage return each */
	terminal_finish(&typist, "");
	wshd_case_end(&wshd);
}

static void processes_that_outlive_a_job_are_hung_up(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct typist typist =
		terminal_start(&wshd, 1, "trap '' HUP; sleep 3851 & echo started; exit 0");

	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 0);
	terminal_finish(&typist, "started\r\n"); /* although a process still has it open */
	wshd_case_end(&wshd);
	unit_false(wshd_case_has_process(&wshd, "sleep 3851"));
}

static void a_terminal_continues_without_the_daemon(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct typist typist =
		terminal_start(&wshd, 1, "read a; sleep 0.3; echo got $a; read b; echo $b");
	struct warden_restored restored;
	struct warden_error err;

	terminal_type(&typist, "one\n");
	unit_true(terminal_shows(&typist, "one\r\n"));
	close(typist.keys);
	close(typist.output.out);
	close(wshd.client);
	wshd.client = wshd_case_connect(&wshd);
	if (wshd_case_list(wshd.client, &restored) && unit_unsigned(restored.n_jobs, 1)) {
		typist.keys = fcntl(restored.jobs[0].stdin_fd, F_DUPFD_CLOEXEC, 0);
		typist.output.out = fcntl(restored.jobs[0].stdout_fd, F_DUPFD_CLOEXEC, 0);
	}
	wshd_list_free(&restored);
	unit_integer(wshd_send_watch(wshd.client, &err), 0);
	unit_true(terminal_shows(&typist, "got one\r\n"));
	terminal_type(&typist, "two\n");
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 0);
	terminal_finish(&typist, "two\r\ntwo\r\n");
	wshd_case_end(&wshd);
}

static void a_killed_job_with_a_full_pipe_ends(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct typist typist = terminal_start(&wshd, 1, "trap '' TERM HUP; yes");
	struct warden_error err;

	unit_true(terminal_shows(&typist, "y\r\ny\r\n"));
	usleep(100000); /* until the pipe is full */
	unit_integer(wshd_send_signal(wshd.queue, 1, SIGKILL, &err), 0);
	unit_integer(wshd_case_job_end(&wshd, 1).signal, SIGKILL);
	wshd_case_read(typist.output.out);
	wshd_case_read(typist.output.err);
	close(typist.keys);
	wshd_case_end(&wshd);
}

static const struct unit_test tests[] = {
	UNIT_TEST(the_three_streams_are_one_terminal_of_the_requested_size),
	UNIT_TEST(typed_text_is_echoed_and_read),
	UNIT_TEST(control_c_is_a_signal),
	UNIT_TEST(the_size_changes),
	UNIT_TEST(the_end_of_the_input_is_not_the_end_of_the_terminal),
	UNIT_TEST(much_output_arrives_completely),
	UNIT_TEST(processes_that_outlive_a_job_are_hung_up),
	UNIT_TEST(a_terminal_continues_without_the_daemon),
	UNIT_TEST(a_killed_job_with_a_full_pipe_ends),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "terminals of wshd's jobs", tests,
			 sizeof(tests) / sizeof(tests[0]));
}
