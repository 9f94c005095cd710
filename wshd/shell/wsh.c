/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wsh: runs a command or a shell in a container through its wshd; the daemon is not needed. On a
 * terminal the command gets a new terminal in the container, otherwise pipes. The container never
 * gets files or terminals of the caller; pipes of the caller are passed as they are.
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

#include "lib/start_status.h"
#include "wshd/relay.h"
#include "wshd/shell/wsh.h"

/* One relay for each stream. After the command's end they move at most LAST_ROUNDS buffers: all
 * that is in its pipes (1 MiB at most), but not the output of processes that still write. */
enum { RELAYS = 3, LAST_ROUNDS = 1024 };

struct wsh {
	int connection, signal_fd;
	int master; /* of the command's terminal; -1: it has pipes */
	struct relay relays[RELAYS];
	size_t n_relays;
	int input; /* index of the relay that reads standard input; -1: none */
};

void wsh_die(const char *what)
{
	fprintf(stderr, "wsh: %s: %s\n", what, strerror(errno));
	exit(STATUS_REFUSED);
}

static void wsh_add_relay(struct wsh *wsh, int from, int to)
{
	relay_init(&wsh->relays[wsh->n_relays++], from, to);
}

/* Returns the command's end of a stream: our own if it is a pipe, else a new pipe with a relay. */
static int wsh_open_stream(struct wsh *wsh, int stream)
{
	struct stat status;
	int ends[2], ours = stream == STDIN_FILENO ? 1 : 0;

	if (fstat(stream, &status) == 0 && S_ISFIFO(status.st_mode))
		return stream;
	if (pipe2(ends, O_CLOEXEC) < 0)
		wsh_die("make a pipe");
	/* Only our end is non-blocking: each end has its own flag. */
	if (fcntl(ends[ours], F_SETFL, O_NONBLOCK) < 0)
		wsh_die("set up a pipe");
	if (stream == STDIN_FILENO) {
		wsh->input = (int)wsh->n_relays;
		wsh_add_relay(wsh, stream, ends[1]);
		return ends[0];
	}
	wsh_add_relay(wsh, ends[0], stream);
	return ends[1];
}

static void wsh_start_with_pipes(struct wsh *wsh, const struct wsh_command *command)
{
	int streams[3];

	for (int i = 0; i < 3; i++)
		streams[i] = wsh_open_stream(wsh, i);
	wsh_connection_start(wsh->connection, command, streams);
	/* Close the command's ends here, otherwise its output has no end. stderr stays open for our
	 * error messages. */
	for (int i = 0; i < 3; i++)
		if (streams[i] != STDERR_FILENO)
			close(streams[i]);
}

static void wsh_start_with_terminal(struct wsh *wsh, const struct wsh_command *command)
{
	wsh_connection_start(wsh->connection, command, NULL);
	wsh->master = wsh_connection_take_terminal(wsh->connection);
	if (fcntl(wsh->master, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		wsh_die("set up the terminal");
	wsh_terminal_raw();
	wsh->input = 0;
	wsh_add_relay(wsh, STDIN_FILENO, dup(wsh->master));
	wsh_add_relay(wsh, wsh->master, STDOUT_FILENO);
}

/* Signals are read from a signalfd. Job control signals are ignored: they would leave the terminal
 * raw. */
static int wsh_open_signals(void)
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
		wsh_die("wait for signals");
	return fd;
}

static void wsh_read_signal(const struct wsh *wsh)
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
		/* On a raw terminal keys send no signals: another process sent this one to wsh. */
		if (wsh->master >= 0)
			exit(128 + (int)info.ssi_signo);
		wsh_connection_signal(wsh->connection, (int)info.ssi_signo);
		break;
	default:
		break;
	}
}

static bool wsh_has_output(const struct wsh *wsh)
{
	for (size_t i = 0; i < wsh->n_relays; i++)
		if ((int)i != wsh->input && relay_has_data(&wsh->relays[i]))
			return true;
	return false;
}

/* Runs until the command has ended and its output is written. Returns the exit status. */
static int wsh_run_loop(struct wsh *wsh)
{
	struct pollfd fds[2 + 2 * RELAYS];
	bool ended = false;
	int status = STATUS_UNKNOWN, left = LAST_ROUNDS;

	while (left > 0) {
		int ready;

		fds[0] = (struct pollfd){.fd = wsh->signal_fd, .events = POLLIN};
		fds[1] = (struct pollfd){.fd = ended ? -1 : wsh->connection, .events = POLLIN};
		for (size_t i = 0; i < wsh->n_relays; i++)
			relay_poll(&wsh->relays[i], &fds[2 + 2 * i]);
		if (ended && wsh->input >= 0)
			fds[2 + 2 * wsh->input].fd = fds[3 + 2 * wsh->input].fd = -1;
		ready = poll(fds, 2 + 2 * wsh->n_relays, ended && !wsh_has_output(wsh) ? 0 : -1);
		if (ready == 0)
			return status;
		if (ready < 0 && errno != EINTR)
			wsh_die("wait for the command");
		if (fds[0].revents)
			wsh_read_signal(wsh);
		for (size_t i = 0; i < wsh->n_relays; i++)
			relay_move(&wsh->relays[i], &fds[2 + 2 * i]);
		if (fds[1].revents)
			ended = wsh_connection_read(wsh->connection, &status);
		left -= ended ? 1 : 0;
	}
	return status;
}

static void __attribute__((noreturn)) wsh_usage(int status)
{
	fprintf(status == 0 ? stdout : stderr,
		"Usage: wsh --socket PATH [--user USER] [COMMAND [ARGUMENT...]]\n"
		"Runs COMMAND, or USER's shell, in the container whose wshd listens on PATH\n"
		"(run/wshd.sock in the container's directory). USER: a name or number in the\n"
		"container; default root. Exits with the command's status, 128+N if signal N "
		"ended\nit, 126 or 127 if it cannot be executed or is not there, 125 for other "
		"errors.\n");
	exit(status);
}

static const char *wsh_parse_arguments(int argc, char **argv, struct wsh_command *command)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"user", required_argument, NULL, 'u'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *socket = NULL;
	int option;

	/* "+": options after the command's name belong to the command. */
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1)
		switch (option) {
		case 's':
			socket = optarg;
			break;
		case 'u':
			command->user = optarg;
			break;
		case 'h':
			wsh_usage(0);
		default:
			wsh_usage(2);
		}
	if (!socket)
		wsh_usage(2);
	command->args = argv + optind;
	return socket;
}

int main(int argc, char **argv)
{
	static struct wsh wsh = {.master = -1, .input = -1};
	struct wsh_command command = {.user = ""};
	const char *socket = wsh_parse_arguments(argc, argv, &command);

	wsh.signal_fd = wsh_open_signals();
	wsh.connection = wsh_connection_open(socket);
	command.terminal = wsh_terminal_open();
	if (command.terminal)
		wsh_start_with_terminal(&wsh, &command);
	else
		wsh_start_with_pipes(&wsh, &command);
	return wsh_run_loop(&wsh);
}
