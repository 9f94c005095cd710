/* SPDX-License-Identifier: Apache-2.0 */
/* A keeper's life; see keeper.h. */
#include "wshd/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "wshd/first.h"
#include "wshd/message.h"
#include "wshd/processes.h"
#include "wshd/terminal.h"
#include "wshd/title.h"

struct keeper {
	int signal_fd;
	int error_fd;   /* says why the first process could not start */
	int report_fd;  /* who is told how it ended */
	pid_t first;    /* the first process; 0: ended */
	bool ended;     /* and that is told */
	bool childless; /* nothing is left below */
	bool forgotten; /* nobody wants anything of the job any more */
	bool killing;
	unsigned round; /* of killing */
	uint64_t started_us;
	struct wshd_ended end;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool close_from(unsigned first)
{
	return syscall(SYS_close_range, first, ~0U, 0) == 0;
}

/* Moves what it needs to the numbers of enum keeper_fd and closes everything else: above all the
 * connections and the pipes of other jobs, which would stay open with it. */
static bool arrange_fds(const struct wshd *wshd, const struct keeper_start *start, int socket)
{
	int fds[KEEPER_FDS] = {
		start->streams[0], start->streams[1], start->streams[2], socket,
		wshd->proc_fd,     start->connection, start->command,
	};

	for (int i = 0; i < KEEPER_FDS; i++) {
		/* A number that must not stay free gets something harmless. */
		int fd = fds[i] >= 0 ? fds[i] : wshd->proc_fd;

		fds[i] = fcntl(fd, F_DUPFD_CLOEXEC, KEEPER_FDS);
		if (fds[i] < 0)
			return false;
	}
	for (int i = 0; i < KEEPER_FDS; i++)
		if (dup3(fds[i], i, i < KEEPER_STREAMS ? 0 : O_CLOEXEC) < 0)
			return false;
	return close_from(KEEPER_FDS);
}

static void name_itself(const struct wshd *wshd, const struct keeper_start *start)
{
	const char *id = strchr(wshd->options.title, ' ');
	char title[64];

	if (start->spawn)
		snprintf(title, sizeof(title), "keeper:%s job %u", id ? id : "",
			 start->spawn->header.job_id);
	else
		snprintf(title, sizeof(title), "keeper:%s shell", id ? id : "");
	title_set(title);
}

static void report(struct keeper *keeper)
{
	keeper->ended = true;
	keeper->end.header.type = WSHD_ENDED;
	keeper->end.wall_us = now_us() - keeper->started_us;
	/* Waits until it is taken; whoever does not read it is ending. */
	packet_send(keeper->report_fd, &keeper->end, sizeof(keeper->end), NULL, 0, 0);
}

static void start_failed(struct keeper *keeper, const char *what)
{
	snprintf(keeper->end.start_error, sizeof(keeper->end.start_error), "%s: %s", what,
		 strerror(errno));
	keeper->end.exit_status = -1;
	keeper->childless = true;
	report(keeper);
}

static void start_first(struct keeper *keeper, const struct wshd *wshd,
			const struct keeper_start *start)
{
	struct terminal terminal = {.master = -1, .slave = -1};
	int errors[2];

	if (pipe2(errors, O_CLOEXEC | O_NONBLOCK) < 0) {
		start_failed(keeper, "make a pipe");
		return;
	}
	keeper->error_fd = errors[0];
	if (start->shell && (start->shell->flags & WSHD_SHELL_TERMINAL) &&
	    !terminal_open(&terminal, start->shell)) {
		start_failed(keeper, "make a terminal");
		return;
	}
	keeper->first = fork();
	if (keeper->first < 0) {
		keeper->first = 0;
		start_failed(keeper, "fork");
		return;
	}
	if (keeper->first == 0)
		first_run(wshd, start, &terminal, errors[1]);
	close(errors[1]);
	if (terminal.master >= 0)
		terminal_hand_over(&terminal, KEEPER_CONNECTION);
}

static void add_figures(struct wshd_ended *end, const struct rusage *usage)
{
	end->user_us += (uint64_t)usage->ru_utime.tv_sec * 1000000 + usage->ru_utime.tv_usec;
	end->system_us += (uint64_t)usage->ru_stime.tv_sec * 1000000 + usage->ru_stime.tv_usec;
	if (end->peak_memory < (uint64_t)usage->ru_maxrss * 1024)
		end->peak_memory = (uint64_t)usage->ru_maxrss * 1024;
	end->minor_faults += (uint64_t)usage->ru_minflt;
	end->major_faults += (uint64_t)usage->ru_majflt;
	end->voluntary_switches += (uint64_t)usage->ru_nvcsw;
	end->involuntary_switches += (uint64_t)usage->ru_nivcsw;
	end->input_blocks += (uint64_t)usage->ru_inblock;
	end->output_blocks += (uint64_t)usage->ru_oublock;
}

static void first_ended(struct keeper *keeper, int status)
{
	struct wshd_ended *end = &keeper->end;
	ssize_t got = read(keeper->error_fd, end->start_error, sizeof(end->start_error) - 1);

	close(keeper->error_fd);
	end->start_error[got > 0 ? got : 0] = '\0';
	end->exit_status = got <= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	keeper->first = 0;
}

static void reap(struct keeper *keeper)
{
	struct rusage usage;
	bool first = false;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		add_figures(&keeper->end, &usage);
		if (pid != keeper->first)
			continue;
		first_ended(keeper, status);
		first = true;
	}
	keeper->childless = pid < 0 && errno == ECHILD;
	if (first)
		report(keeper);
}

static void signal_job(struct keeper *keeper, enum wshd_type type, int signal)
{
	int n;

	if (signal == SIGKILL) {
		keeper->killing = true; /* in rounds, from the loop */
		keeper->round = 0;
		return;
	}
	n = type == WSHD_STOP ? processes_stop(KEEPER_PROC, getpid(), signal, NULL, NULL)
			      : processes_signal(KEEPER_PROC, getpid(), signal, NULL, NULL);
	if (n <= 0 && keeper->first > 0)
		kill(keeper->first, signal);
}

/* One round: how long to wait for the next one. */
static int kill_round(struct keeper *keeper)
{
	if (processes_kill(KEEPER_PROC, getpid(), keeper->round, NULL, NULL) <= 0 &&
	    keeper->first > 0)
		kill(keeper->first, SIGKILL);
	return processes_pause(keeper->round++);
}

/* Takes a message of wshd or wsh; false when that end is closed. */
static bool take_message(struct keeper *keeper, int socket)
{
	struct packet packet;
	int got = packet_receive(socket, &packet, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return true;
	if (got != 1)
		return false;
	if ((packet.message.header.type == WSHD_SIGNAL ||
	     packet.message.header.type == WSHD_STOP) &&
	    packet_fits(&packet, sizeof(packet.message.signal), 0))
		signal_job(keeper, packet.message.header.type, packet.message.signal.signal);
	else if (packet.message.header.type == WSHD_FORGET)
		keeper->forgotten = true;
	packet_close(&packet);
	return true;
}

static void __attribute__((noreturn)) loop(struct keeper *keeper, bool shell)
{
	struct pollfd fds[] = {
		{.fd = keeper->signal_fd, .events = POLLIN},
		{.fd = KEEPER_SOCKET, .events = POLLIN},
		{.fd = shell ? KEEPER_CONNECTION : -1, .events = POLLIN},
	};
	struct signalfd_siginfo info;

	/* After `forgotten` what is left below goes to wshd, unless it is to be killed. */
	while (!keeper->ended || !(keeper->childless || (keeper->forgotten && !keeper->killing))) {
		poll(fds, 3, keeper->killing ? kill_round(keeper) : -1);
		/* The queue holds one SIGCHLD at most. */
		if (read(keeper->signal_fd, &info, sizeof(info)) == sizeof(info))
			reap(keeper);
		for (int i = 1; i < 3; i++)
			if (fds[i].fd >= 0 && fds[i].revents && !take_message(keeper, fds[i].fd)) {
				fds[i].fd = -1; /* nobody is there whose job it would be */
				signal_job(keeper, WSHD_SIGNAL, SIGKILL);
			}
	}
	_exit(0);
}

void keeper_run(const struct wshd *wshd, const struct keeper_start *start, int socket)
{
	struct keeper keeper = {.report_fd = start->spawn ? KEEPER_SOCKET : KEEPER_CONNECTION};
	sigset_t child;

	name_itself(wshd, start);
	keeper.started_us = now_us();
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	if (!arrange_fds(wshd, start, socket) || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		_exit(1); /* wshd reports it */
	keeper.signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (keeper.signal_fd < 0)
		_exit(1);
	start_first(&keeper, wshd, start);
	close(STDIN_FILENO); /* the job's alone from here on */
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	close(KEEPER_COMMAND);
	loop(&keeper, start->shell != NULL);
}
