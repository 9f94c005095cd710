/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads commands, one a line, from a terminal or a pipe. Each runs in its own process, so that
 * an interrupt ends the command alone. One connection stays open for all of them: it is the
 * reference that keeps containers from their grace time.
 */
#include <config.h>

#include "client/cli/cli.h"
#include "client/cli/repl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct repl {
	const struct invocation *global; /* options given on warden's command line */
	struct prompt *prompt;           /* NULL: lines are read from a pipe */
	struct warden_client *client;
	char *line; /* of a pipe */
	size_t line_size;
};

static const char *repl_read_line(struct repl *repl)
{
	if (repl->prompt)
		return prompt_read(repl->prompt);
	return getline(&repl->line, &repl->line_size, stdin) < 0 ? NULL : repl->line;
}

/* Whether the connection is open and has no unread data of another command. */
static bool repl_is_connected(const struct repl *repl)
{
	struct pollfd wait = {.fd = warden_client_fd(repl->client), .events = POLLIN};

	return wait.fd >= 0 && poll(&wait, 1, 0) == 0;
}

/* If no daemon listens the command reports it. */
static void repl_connect(struct repl *repl)
{
	if (!repl->client)
		repl->client = warden_client_new();
	if (!repl->client || repl_is_connected(repl))
		return;
	warden_client_set_timeout(repl->client, 10000);
	(void)warden_client_connect(repl->client, repl->global->socket_path);
}

/* Runs a command line in this child process and exits with its status. */
static void __attribute__((noreturn))
repl_run_words(const struct repl *repl, const struct line_words *words)
{
	struct invocation invocation = {.socket_path = repl->global->socket_path,
					.reconnect = repl->global->reconnect,
					.json = repl->global->json,
					.format = repl->global->format};
	char **argv = calloc(words->n + 2, sizeof(*argv));
	int status;

	signal(SIGINT, SIG_DFL); /* cannot fail for SIGINT */
	if (!argv)
		exit(EXIT_FAILURE);
	argv[0] = (char *)"warden";
	memcpy(argv + 1, words->words, words->n * sizeof(*argv));
	status = arguments_parse(&invocation, (int)words->n + 1, argv);
	/* A command that waits may be interrupted in the middle of an answer, so it uses its own
	 * connection. */
	if (invocation.command && !invocation.command->waits && repl->client &&
	    warden_client_fd(repl->client) >= 0)
		invocation.kept = repl->client;
	if (status == 0 && !invocation.command && !invocation.help && !invocation.version)
		status = usage_error(&invocation, "there is no command");
	if (status == 0)
		status = invocation_run(&invocation);
	if (fflush(stdout) != 0 && status == 0) {
		complain(&invocation, "write the answer: %s", strerror(errno));
		status = STATUS_FAILED;
	}
	_exit(exit_status(&invocation, status));
}

/* Replaces standard input, so that a command does not read the following lines. */
static int repl_close_input(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int result = fd < 0 ? -1 : dup2(fd, STDIN_FILENO);

	if (fd > STDIN_FILENO)
		close(fd);
	return result;
}

static int repl_fork_command(struct repl *repl, const struct line_words *words)
{
	int status = 0;
	pid_t pid;

	repl_connect(repl);
	fflush(stdout); /* else both processes would print it; main checks the stream's error */
	pid = fork();
	if (pid == 0) {
		if (!repl->prompt && repl_close_input() < 0)
			_exit(EXIT_FAILURE);
		repl_run_words(repl, words);
	}
	if (pid < 0) {
		complain(repl->global, "start a process: %s", strerror(errno));
		return STATUS_FAILED;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	/* It may have left a part of an answer on the connection. */
	warden_client_free(repl->client);
	repl->client = NULL;
	if (repl->prompt)
		putchar('\n');
	return 128 + WTERMSIG(status);
}

/* Runs a line and returns its status; -1: quit. */
static int repl_run_line(struct repl *repl, const char *line)
{
	struct line_words words;
	int status = 0;

	if (line_cut(&words, line, strlen(line), false) < 0) {
		complain(repl->global, "out of memory");
		return STATUS_FAILED;
	}
	if (words.open)
		status = usage_error(repl->global, "a quote is not closed");
	else if (words.n > 0 &&
		 (strcmp(words.words[0], "quit") == 0 || strcmp(words.words[0], "exit") == 0))
		status = -1;
	else if (words.n > 0)
		status = repl_fork_command(repl, &words);
	line_free(&words);
	return status;
}

static int repl_run_lines(struct repl *repl)
{
	const char *line;
	bool any = false;

	while ((line = repl_read_line(repl))) {
		int status = repl_run_line(repl, line);

		any = true;
		if (status < 0)
			return 0;
		if (status != 0 && repl->global->exit_on_error)
			return status;
	}
	if (repl->prompt)
		putchar('\n');
	if (any || repl->prompt)
		return 0;
	help_print(stderr, NULL); /* there was no input */
	return STATUS_USAGE;
}

int repl_run(const struct invocation *global)
{
	struct repl repl = {.global = global};
	int status;

	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) {
		repl.prompt = prompt_new();
		if (!repl.prompt) {
			complain(global, "the prompt cannot start");
			return STATUS_FAILED;
		}
	}
	status = repl_run_lines(&repl);
	if (repl.prompt)
		prompt_free(repl.prompt);
	warden_client_free(repl.client);
	free(repl.line);
	return status;
}
