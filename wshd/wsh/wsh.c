/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wsh: runs a command, or a shell, in a container by way of its wshd; needs no daemon. On a
 * terminal the command gets a terminal of the container's own. Otherwise it gets pipes: none of our
 * own files or terminals is lent to a container, but for pipes, which are passed as they are.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wshd/relay.h"
#include "wshd/wsh/wsh.h"

/* One for each stream; and how often they move something after the command's end: what it left in
 * its pipes, 1 MiB at most, but not what others go on writing. */
enum { RELAYS = 3, LAST_ROUNDS = 1024 };

struct wsh {
	int connection, signal_fd;
	int master; /* of the command's terminal; -1 */
	struct relay relays[RELAYS];
	size_t n_relays;
	int input; /* which of them brings our input; -1 */
};

void die(const char *what)
{
	fprintf(stderr, "wsh: %s: %s\n", what, strerror(errno));
	exit(255);
}

static void relay_add(struct wsh *wsh, int from, int to)
{
	relay_init(&wsh->relays[wsh->n_relays++], from, to);
}

/* A pipe for one of the command's streams; its other end comes to us. */
static int stream_make(struct wsh *wsh, int stream)
{
	struct stat status;
	int ends[2], ours = stream == STDIN_FILENO ? 1 : 0;

	if (fstat(stream, &status) == 0 && S_ISFIFO(status.st_mode))
		return stream;
	if (pipe2(ends, O_CLOEXEC) < 0)
		die("make a pipe");
	/* Only our end: the flag belongs to an end, not to the pipe. */
	if (fcntl(ends[ours], F_SETFL, O_NONBLOCK) < 0)
		die("set up a pipe");
	if (stream == STDIN_FILENO) {
		wsh->input = (int)wsh->n_relays;
		relay_add(wsh, stream, ends[1]);
		return ends[0];
	}
	relay_add(wsh, ends[0], stream);
	return ends[1];
}

static void start_with_pipes(struct wsh *wsh, const struct wsh_command *command)
{
	int streams[3];

	for (int i = 0; i < 3; i++)
		streams[i] = stream_make(wsh, i);
	wsh_connection_start(wsh->connection, command, streams);
	/* The command's ends are the command's alone: else there is no end of its output. Our own
	 * stderr is needed for our errors. */
	for (int i = 0; i < 3; i++)
		if (streams[i] != STDERR_FILENO)
			close(streams[i]);
}

static void start_with_terminal(struct wsh *wsh, const struct wsh_command *command)
{
	wsh_connection_start(wsh->connection, command, NULL);
	wsh->master = wsh_connection_take_terminal(wsh->connection);
	if (fcntl(wsh->master, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		die("set up the terminal");
	wsh_terminal_raw();
	wsh->input = 0;
	relay_add(wsh, STDIN_FILENO, dup(wsh->master));
	relay_add(wsh, wsh->master, STDOUT_FILENO);
}

/* Signals come through a descriptor; those that would stop us with the terminal raw not at all. */
static int signals_open(void)
{
	static const int numbers[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGWINCH,
				      SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE};
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&set, numbers[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		die("wait for signals");
	return fd;
}

static void signal_take(const struct wsh *wsh)
{
	struct signalfd_siginfo info;

	if (read(wsh->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGWINCH:
		if (wsh->master >= 0)
			wsh_terminal_resize(wsh->master);
		break;
	case SIGINT:
	case SIGTERM:
	case SIGHUP:
	case SIGQUIT:
		/* With a terminal keys are no signals here: it comes from outside, for us. */
		if (wsh->master >= 0)
			exit(128 + (int)info.ssi_signo);
		wsh_connection_signal(wsh->connection, (int)info.ssi_signo);
		break;
	default:
		break;
	}
}

static bool output_is_held(const struct wsh *wsh)
{
	for (size_t i = 0; i < wsh->n_relays; i++)
		if ((int)i != wsh->input && relay_holds(&wsh->relays[i]))
			return true;
	return false;
}

/* Until the command has ended and nothing of its output is left. */
static int loop(struct wsh *wsh)
{
	struct pollfd fds[2 + 2 * RELAYS];
	bool ended = false;
	int status = 255, left = LAST_ROUNDS;

	while (left > 0) {
		int ready;

		fds[0] = (struct pollfd){.fd = wsh->signal_fd, .events = POLLIN};
		fds[1] = (struct pollfd){.fd = ended ? -1 : wsh->connection, .events = POLLIN};
		for (size_t i = 0; i < wsh->n_relays; i++)
			relay_poll(&wsh->relays[i], &fds[2 + 2 * i]);
		if (ended && wsh->input >= 0)
			fds[2 + 2 * wsh->input].fd = fds[3 + 2 * wsh->input].fd = -1;
		ready = poll(fds, 2 + 2 * wsh->n_relays, ended && !output_is_held(wsh) ? 0 : -1);
		if (ready == 0)
			return status;
		if (ready < 0 && errno != EINTR)
			die("wait for the command");
		if (fds[0].revents)
			signal_take(wsh);
		for (size_t i = 0; i < wsh->n_relays; i++)
			relay_move(&wsh->relays[i], &fds[2 + 2 * i]);
		if (fds[1].revents)
			ended = wsh_connection_read(wsh->connection, &status);
		left -= ended ? 1 : 0;
	}
	return status;
}

static void __attribute__((noreturn)) usage(int status)
{
	fprintf(status == 0 ? stdout : stderr,
		"Usage: wsh --socket PATH [--user USER] [COMMAND [ARGUMENT...]]\n"
		"Runs COMMAND, or USER's shell, in the container whose wshd listens on PATH\n"
		"(run/wshd.sock in the container's directory). USER: a name or number of the\n"
		"container's, root if not given. Exits with the command's status; 255: it has "
		"none.\n");
	exit(status);
}

static const char *arguments_parse(int argc, char **argv, struct wsh_command *command)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"user", required_argument, NULL, 'u'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *socket = NULL;
	int option;

	/* What follows the command's name is the command's. */
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1)
		switch (option) {
		case 's':
			socket = optarg;
			break;
		case 'u':
			command->user = optarg;
			break;
		case 'h':
			usage(0);
		default:
			usage(2);
		}
	if (!socket)
		usage(2);
	command->args = argv + optind;
	return socket;
}

int main(int argc, char **argv)
{
	static struct wsh wsh = {.master = -1, .input = -1};
	struct wsh_command command = {.user = ""};
	const char *socket = arguments_parse(argc, argv, &command);

	wsh.signal_fd = signals_open();
	wsh.connection = wsh_connection_open(socket);
	command.terminal = wsh_terminal_is_there();
	if (command.terminal)
		start_with_terminal(&wsh, &command);
	else
		start_with_pipes(&wsh, &command);
	return loop(&wsh);
}
