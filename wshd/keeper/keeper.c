/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop of a keeper; see keeper.h. keeper_launch.c starts the job, time_budget.c checks
 * its time limits. */
#include "wshd/keeper/keeper.h"

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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/process_tree.h"
#include "proto/packet.h"
#include "wshd/keeper/job_terminal.h"
#include "wshd/keeper/keeper_launch.h"
#include "wshd/keeper/time_budget.h"
#include "wshd/process_title.h"
#include "wshd/wshd_stop.h"

struct keeper {
	int signal_fd;
	int error_fd;   /* the first process writes why it cannot execute the command */
	int report_fd;  /* where the end of the job is reported */
	pid_t first;    /* the job's first process; 0: it has ended */
	bool ended;     /* the first process has ended, and that is reported */
	bool childless; /* no descendants are left */
	bool forgotten; /* neither wshd nor wsh needs the job any more */
	bool killing;   /* SIGKILL is sent in rounds until it is childless */
	unsigned round; /* number of the next round */
	struct time_budget budget;
	enum wshd_reason exceeded; /* the limit that was reached; 0: none */
	bool on_terminal;          /* `keeper_terminal` is in use */
	struct wshd_ended end;
};

/* Static, so that its pages are only allocated if it is used. */
static struct job_terminal keeper_terminal;

static void keeper_set_title(const struct wshd *wshd, const struct keeper_start *start)
{
	const char *id = strchr(wshd->options.title, ' ');
	char title[64];

	if (start->spawn)
		snprintf(title, sizeof(title), "keeper:%s job %u", id ? id : "",
			 start->spawn->header.job_id);
	else
		snprintf(title, sizeof(title), "keeper:%s shell", id ? id : "");
	process_title_set(title);
}

static void keeper_report_end(struct keeper *keeper)
{
	keeper->ended = true;
	keeper->end.header.type = WSHD_ENDED;
	keeper->end.wall_us = time_budget_now_us() - keeper->budget.started_us;
	keeper->end.flags |= keeper->killing ? WSHD_KILLED : 0;
	/* Blocks until it is sent; a peer that does not read it is about to exit. */
	while (packet_send(keeper->report_fd, &keeper->end, sizeof(keeper->end), NULL, 0, 0) < 0 &&
	       packet_is_temporary(errno))
		poll(NULL, 0, WSHD_PAUSE_MS); /* there is no memory */
}

void keeper_explain_failure(struct wshd_ended *end, const char *what, int number, int stderr_fd,
			    int proc_fd)
{
	/* fork(2): the only error that a container's limit causes. */
	const char *limit = number == EAGAIN ? "the limit of processes is reached: " : "";

	snprintf(end->start_error, sizeof(end->start_error), "%s: %s%s", what, limit,
		 strerror(number));
	end->flags |= number == EAGAIN ? WSHD_NO_FORK : 0;
	/* A client that reads only the output learns it too. The pipe is empty: a short text
	 * never blocks, and if nobody can read it any more nothing is lost. */
	if (number == EAGAIN && stderr_fd >= 0 && !wshd_stop_is_marked(proc_fd))
		dprintf(stderr_fd, "wshd: %s\n", end->start_error);
}

static void keeper_start_failed(struct keeper *keeper, const char *what)
{
	keeper_explain_failure(&keeper->end, what, errno, STDERR_FILENO, KEEPER_PROC);
	keeper->end.reason = WSHD_START_FAILED;
	keeper->end.exit_status = -1;
	keeper->childless = true;
	keeper_report_end(keeper);
}

/* Sends the terminal of a shell to wsh; relays that of a job here. */
static bool keeper_attach_terminal(struct keeper *keeper, const struct keeper_start *start,
				   struct pty *terminal)
{
	if (terminal->master < 0)
		return true;
	if (start->shell) {
		pty_hand_over(terminal, KEEPER_CONNECTION);
		return true;
	}
	keeper->on_terminal = true;
	return job_terminal_start(&keeper_terminal, terminal,
				  fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, KEEPER_FDS),
				  fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, KEEPER_FDS));
}

static void keeper_start_job(struct keeper *keeper, const struct wshd *wshd,
			     const struct keeper_start *start)
{
	struct keeper_launched launched;
	const char *failed = keeper_launch(wshd, start, &launched);

	keeper->first = launched.first;
	keeper->error_fd = launched.error_fd;
	if (failed)
		keeper_start_failed(keeper, failed);
	else if (!keeper_attach_terminal(keeper, start, &launched.terminal))
		keeper->killing = true; /* no descriptor is free: the job would have no terminal */
}

static void keeper_add_usage(struct wshd_ended *end, const struct rusage *usage)
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

static void keeper_first_ended(struct keeper *keeper, int status)
{
	struct wshd_ended *end = &keeper->end;
	ssize_t got = read(keeper->error_fd, end->start_error, sizeof(end->start_error) - 1);

	close(keeper->error_fd);
	end->start_error[got > 0 ? got : 0] = '\0';
	end->exit_status = got <= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	if (got > 0)
		end->reason = WSHD_START_FAILED;
	else if (keeper->exceeded)
		end->reason = keeper->exceeded;
	else
		end->reason = end->signal ? WSHD_SIGNALLED : WSHD_EXITED;
	keeper->first = 0;
	if (keeper->on_terminal)
		job_terminal_hang_up(&keeper_terminal);
}

static void keeper_reap(struct keeper *keeper)
{
	struct rusage usage;
	bool first = false;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		keeper_add_usage(&keeper->end, &usage);
		if (pid != keeper->first)
			continue;
		keeper_first_ended(keeper, status);
		first = true;
	}
	keeper->childless = pid < 0 && errno == ECHILD;
	if (first)
		keeper_report_end(keeper);
}

static void keeper_signal_job(struct keeper *keeper, enum wshd_type type, int signal)
{
	int n;

	if (signal == SIGKILL) {
		keeper->killing = true; /* the event loop does the rounds */
		keeper->round = 0;
		return;
	}
	n = type == WSHD_STOP ? process_tree_stop(KEEPER_PROC, getpid(), signal, NULL, NULL)
			      : process_tree_signal(KEEPER_PROC, getpid(), signal, NULL, NULL);
	if (n <= 0 && keeper->first > 0)
		kill(keeper->first, signal);
}

/* Does one round of SIGKILL. Returns the milliseconds until the next one. */
static int keeper_kill_round(struct keeper *keeper)
{
	/* The first process at once, as the search for the others takes time. */
	if (keeper->first > 0)
		kill(keeper->first, SIGKILL);
	process_tree_kill(KEEPER_PROC, getpid(), keeper->round, NULL, NULL);
	return process_tree_pause(keeper->round++);
}

static void keeper_handle_message(struct keeper *keeper, const struct packet *packet)
{
	const union wshd_message *message = &packet->message;

	switch (message->header.type) {
	case WSHD_SIGNAL:
	case WSHD_STOP:
		if (packet_fits(packet, sizeof(message->signal), 0))
			keeper_signal_job(keeper, message->header.type, message->signal.signal);
		break;
	case WSHD_RESIZE:
		if (packet_fits(packet, sizeof(message->resize), 0) && keeper->on_terminal)
			job_terminal_resize(&keeper_terminal, &message->resize.window);
		break;
	case WSHD_FORGET:
		keeper->forgotten = true;
		break;
	default:
		break;
	}
}

/* Reads a message of wshd or wsh. False if the peer is closed. */
static bool keeper_read_message(struct keeper *keeper, int socket)
{
	struct packet packet;
	int got = packet_receive(socket, &packet, MSG_DONTWAIT);

	if (got < 0 && packet_is_temporary(errno)) {
		if (errno != EAGAIN)
			poll(NULL, 0, WSHD_PAUSE_MS); /* there is no memory; it is read again */
		return true;
	}
	if (got != 1)
		return false;
	keeper_handle_message(keeper, &packet);
	packet_close(&packet);
	return true;
}

/* wshd or wsh has ended: kills the job. */
static void keeper_peer_closed(struct keeper *keeper, struct pollfd *connection)
{
	connection->fd = -1;
	keeper->forgotten = true;
	keeper_signal_job(keeper, WSHD_SIGNAL, SIGKILL);
}

/* Kills the job if it has used up its time. Returns the microseconds until the next check. */
static uint64_t keeper_check_budget(struct keeper *keeper)
{
	uint64_t reaped_us = keeper->end.user_us + keeper->end.system_us, wait_us = BUDGET_NEVER;

	if (keeper->killing || keeper->childless || !time_budget_is_limited(&keeper->budget))
		return BUDGET_NEVER;
	keeper->exceeded = time_budget_check(&keeper->budget, reaped_us, &wait_us);
	if (!keeper->exceeded)
		return wait_us;
	keeper_signal_job(keeper, WSHD_SIGNAL, SIGKILL);
	return BUDGET_NEVER;
}

static void keeper_wait(struct keeper *keeper, struct pollfd *fds, nfds_t n)
{
	uint64_t us = keeper_check_budget(keeper);
	struct timespec wait;

	if (keeper->killing)
		us = (uint64_t)keeper_kill_round(keeper) * 1000;
	wait = (struct timespec){
		.tv_sec = (time_t)(us / 1000000),
		.tv_nsec = (long)(us % 1000000) * 1000,
	};
	ppoll(fds, n, us == BUDGET_NEVER ? NULL : &wait, NULL);
}

/* Whether the keeper may exit. Descendants of a forgotten job become children of wshd, unless they
 * are being killed or have a time limit. */
static bool keeper_is_done(const struct keeper *keeper)
{
	if (!keeper->ended)
		return false;
	if (keeper->on_terminal && !keeper->forgotten && job_terminal_is_open(&keeper_terminal))
		return false;
	return keeper->childless ||
	       (keeper->forgotten && !keeper->killing && !time_budget_is_limited(&keeper->budget));
}

static void __attribute__((noreturn)) keeper_run_loop(struct keeper *keeper, bool shell)
{
	struct pollfd fds[3 + SESSION_POLLS] = {
		{.fd = keeper->signal_fd, .events = POLLIN},
		{.fd = KEEPER_SOCKET, .events = POLLIN},
		{.fd = shell ? KEEPER_CONNECTION : -1, .events = POLLIN},
	};
	nfds_t n = keeper->on_terminal ? 3 + SESSION_POLLS : 3;
	struct signalfd_siginfo info;

	while (!keeper_is_done(keeper)) {
		if (keeper->on_terminal)
			job_terminal_poll(&keeper_terminal, fds + 3);
		keeper_wait(keeper, fds, n);
		/* At most one SIGCHLD is pending. */
		if (read(keeper->signal_fd, &info, sizeof(info)) == sizeof(info))
			keeper_reap(keeper);
		for (int i = 1; i < 3; i++)
			if (fds[i].fd >= 0 && fds[i].revents &&
			    !keeper_read_message(keeper, fds[i].fd))
				keeper_peer_closed(keeper, &fds[i]);
		if (keeper->on_terminal)
			job_terminal_move(&keeper_terminal, fds + 3);
	}
	_exit(0);
}

static struct time_budget keeper_make_budget(const struct keeper_start *start)
{
	struct time_budget budget = {
		.started_us = time_budget_now_us(),
		.cpu_fd = start->cgroup && start->cgroup[0] >= 0 ? KEEPER_CPU : -1,
		.proc_fd = KEEPER_PROC,
	};

	if (start->spawn) {
		budget.wall_us = start->spawn->wall_time_us;
		budget.cpu_us = start->spawn->cpu_time_us;
	}
	return budget;
}

/* Closes the descriptors that only the job needs. */
static void keeper_close_job_fds(void)
{
	for (int fd = 0; fd < KEEPER_STREAMS; fd++)
		close(fd);
	for (int fd = KEEPER_GROUP; fd < KEEPER_FDS; fd++)
		close(fd);
	close(KEEPER_COMMAND);
}

void keeper_run(const struct wshd *wshd, const struct keeper_start *start, int socket)
{
	struct keeper keeper = {
		.report_fd = start->spawn ? KEEPER_SOCKET : KEEPER_CONNECTION,
		.budget = keeper_make_budget(start),
	};
	sigset_t child;

	keeper_set_title(wshd, start);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	if (!keeper_launch_prepare(wshd, start, socket) || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		_exit(1); /* wshd reports it */
	keeper.signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (keeper.signal_fd < 0)
		_exit(1);
	keeper_start_job(&keeper, wshd, start);
	keeper_close_job_fds();
	if (time_budget_is_limited(&keeper.budget))
		time_budget_raise_priority();
	keeper_run_loop(&keeper, start->shell != NULL);
}
