/* SPDX-License-Identifier: Apache-2.0 */
/* Time until `warden shell` echoes a key that is typed on a pseudo terminal. */
#include <config.h>

#include "bench/bench.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum {
	KEYS = 200,
	COLUMNS = 1000, /* so that the line does not wrap */
	PATIENCE_MS = 5000,
};

#define PROMPT "bench> "

/* Reads until the output contains `text`. */
static void bench_shell_await(int master, const char *text)
{
	char seen[4096] = "";
	size_t length = 0;

	while (!strstr(seen, text)) {
		struct pollfd fd = {.fd = master, .events = POLLIN};
		ssize_t got = -1;

		if (poll(&fd, 1, PATIENCE_MS) == 1)
			got = read(master, seen + length, sizeof(seen) - 1 - length);
		if (got <= 0)
			bench_die("a shell does not print '%s', but '%s'", text, seen);
		length += (size_t)got;
		seen[length] = '\0';
	}
}

/* Checks that the terminal itself does not echo, so that the shell in the container does. */
static void bench_shell_check_raw(int master)
{
	struct termios modes;

	if (tcgetattr(master, &modes) < 0 || (modes.c_lflag & ECHO))
		bench_die("the terminal of a shell is not raw");
}

static void bench_shell_type(int master, const char *keys)
{
	if (write(master, keys, strlen(keys)) != (ssize_t)strlen(keys))
		bench_die("a shell takes no keys");
}

static pid_t bench_shell_start(const struct bench_target *target, const char *program, int *master)
{
	struct winsize size = {.ws_row = 24, .ws_col = COLUMNS};
	pid_t pid = forkpty(master, NULL, NULL, &size);

	if (pid < 0)
		bench_die("a terminal cannot be made");
	if (pid == 0) {
		execl(program, "warden", "--socket", target->socket, "shell", "bench", "bash",
		      "--norc", "--noprofile", (char *)NULL);
		_exit(127);
	}
	return pid;
}

static double bench_shell_median_echo(const struct bench_target *target, const char *program)
{
	double times[KEYS];
	int master;
	pid_t pid = bench_shell_start(target, program, &master);

	bench_shell_type(master, "PS1='bench''> '\r"); /* the echo of this line is no prompt */
	bench_shell_await(master, PROMPT);
	bench_shell_check_raw(master);
	for (int i = 0; i < KEYS; i++) {
		char key[] = {(char)('a' + i % 26), '\0'};
		double start = bench_now_ms();

		bench_shell_type(master, key);
		bench_shell_await(master, key);
		times[i] = bench_now_ms() - start;
	}
	close(master); /* the shell gets a hang-up and exits */
	if (waitpid(pid, NULL, 0) != pid)
		bench_die("a shell was lost");
	return bench_percentile(times, KEYS, 50);
}

void bench_shell(const struct bench *bench, const char *program)
{
	double medians[MAX_TARGETS];

	for (size_t t = 0; t < bench->n_targets; t++) {
		const struct bench_target *target = &bench->targets[t];

		if (bench_call_create(target->client, "bench") < 0)
			bench_die("%s: %s", target->name, warden_client_error(target->client));
		medians[t] = bench_shell_median_echo(target, program);
		if (bench_call_destroy(target->client, "bench") < 0)
			bench_die("%s: %s", target->name, warden_client_error(target->client));
	}
	bench_table_line(bench, "echo of a key on a shell", "ms", medians, "1");
}
