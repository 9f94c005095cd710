/* SPDX-License-Identifier: Apache-2.0 */
/* How soon a key on `warden shell` is echoed: typed on a terminal of our own, read from it. */
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

/* Reads until `text` has come. */
static void await(int master, const char *text)
{
	char seen[4096] = "";
	size_t length = 0;

	while (!strstr(seen, text)) {
		struct pollfd fd = {.fd = master, .events = POLLIN};
		ssize_t got = -1;

		if (poll(&fd, 1, PATIENCE_MS) == 1)
			got = read(master, seen + length, sizeof(seen) - 1 - length);
		if (got <= 0)
			die("a shell does not print '%s', but '%s'", text, seen);
		length += (size_t)got;
		seen[length] = '\0';
	}
}

/* What echoes is to be the shell, not the terminal in front of it. */
static void check_raw(int master)
{
	struct termios modes;

	if (tcgetattr(master, &modes) < 0 || (modes.c_lflag & ECHO))
		die("the terminal of a shell is not raw");
}

static void type(int master, const char *keys)
{
	if (write(master, keys, strlen(keys)) != (ssize_t)strlen(keys))
		die("a shell takes no keys");
}

static pid_t start_shell(const struct target *target, const char *program, int *master)
{
	struct winsize size = {.ws_row = 24, .ws_col = COLUMNS};
	pid_t pid = forkpty(master, NULL, NULL, &size);

	if (pid < 0)
		die("a terminal cannot be made");
	if (pid == 0) {
		execl(program, "warden", "--socket", target->socket, "shell", "bench", "bash",
		      "--norc", "--noprofile", (char *)NULL);
		_exit(127);
	}
	return pid;
}

static double median_key(const struct target *target, const char *program)
{
	double times[KEYS];
	int master;
	pid_t pid = start_shell(target, program, &master);

	type(master, "PS1='bench''> '\r"); /* the echo of this line is no prompt */
	await(master, PROMPT);
	check_raw(master);
	for (int i = 0; i < KEYS; i++) {
		char key[] = {(char)('a' + i % 26), '\0'};
		double start = now_ms();

		type(master, key);
		await(master, key);
		times[i] = now_ms() - start;
	}
	close(master); /* the shell hangs up */
	if (waitpid(pid, NULL, 0) != pid)
		die("a shell was lost");
	return percentile(times, KEYS, 50);
}

void bench_shell(const struct bench *bench, const char *program)
{
	double medians[MAX_TARGETS];

	for (size_t t = 0; t < bench->n_targets; t++) {
		const struct target *target = &bench->targets[t];

		if (call_create(target->client, "bench") < 0)
			die("%s: %s", target->name, warden_client_error(target->client));
		medians[t] = median_key(target, program);
		if (call_destroy(target->client, "bench") < 0)
			die("%s: %s", target->name, warden_client_error(target->client));
	}
	table_line(bench, "echo of a key on a shell", "ms", medians, "1");
}
