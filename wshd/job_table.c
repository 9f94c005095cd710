/* SPDX-License-Identifier: Apache-2.0 */
/* The list of jobs and the messages to and from their keepers; see job_table.h. */
#include "wshd/job_table.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wshd/job_score.h"
#include "wshd/keeper/keeper.h"
#include "wshd/wshd_connections.h"

/* How often a keeper is continued that somebody stops. */
enum { STOPS_MAX = 10 };

struct wshd_job *job_table_find(const struct wshd *wshd, uint32_t id)
{
	for (struct wshd_job *job = wshd->jobs; job; job = job->next)
		if (!job->shell && job->end.header.job_id == id)
			return job;
	return NULL;
}

bool job_table_is_keeper(pid_t pid, const void *data)
{
	const struct wshd *wshd = data;

	for (const struct wshd_job *job = wshd->jobs; job; job = job->next)
		if (job->keeper == pid)
			return !job->forgotten;
	return false;
}

static void job_table_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void job_table_close_pipes(struct wshd_job *job)
{
	job_table_close_fd(&job->stdin_fd);
	job_table_close_fd(&job->stdout_fd);
	job_table_close_fd(&job->stderr_fd);
}

void job_table_close_input(struct wshd_job *job)
{
	job_table_close_fd(&job->stdin_fd);
}

/* Frees a job whose keeper has ended, if it is a shell or forgotten: no client asks for it again.
 */
static void job_table_remove_if_done(struct wshd *wshd, struct wshd_job *job)
{
	struct wshd_job **link = &wshd->jobs;

	if (job->keeper != 0 || job->unread || !(job->forgotten || job->shell))
		return;
	while (*link != job)
		link = &(*link)->next;
	*link = job->next;
	job_table_close_pipes(job);
	free(job);
}

static void job_table_set_end(struct wshd *wshd, struct wshd_job *job, const struct wshd_ended *end)
{
	uint32_t id = job->end.header.job_id;

	job->end = *end;
	job->end.header = (struct wshd_header){.type = WSHD_ENDED, .job_id = id};
	job->end.flags |= job->own_group ? WSHD_OWN_GROUP : 0;
	job->ended = true;
	wshd_connections_report(wshd);
}

/* Reads one message of the keeper: how the job ended. Returns 1, 0 if there is none, or -1 if there
 * is no memory for it: it is read again later. */
static int job_table_read_report(struct wshd *wshd, struct wshd_job *job)
{
	struct packet packet;
	int got = packet_receive(job->socket.fd, &packet, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return 0;
	if (got < 0 && packet_is_temporary(errno)) {
		wshd->retry = true;
		return -1;
	}
	if (got != 1) {
		/* The keeper ends now; job_table_reaped does the rest. */
		wshd_source_close(wshd, &job->socket);
		return 0;
	}
	if (!job->ended && packet_fits(&packet, sizeof(packet.message.ended), 0))
		job_table_set_end(wshd, job, &packet.message.ended);
	packet_close(&packet);
	return 1;
}

static uint64_t job_table_signal_bit(int signal)
{
	return signal >= 1 && signal <= 64 ? UINT64_C(1) << (signal - 1) : 0;
}

/* False if it is to be sent again. A keeper that has ended needs no message. */
static bool job_table_send(struct wshd *wshd, struct wshd_job *job, const void *message,
			   size_t length)
{
	if (packet_send(job->socket.fd, message, length, NULL, 0, MSG_DONTWAIT) == 0 ||
	    !packet_is_temporary(errno))
		return true;
	if (errno == EAGAIN)
		wshd_source_modify(wshd, &job->socket, EPOLLIN | EPOLLOUT);
	else
		wshd->retry = true;
	return false;
}

static bool job_table_send_signals(struct wshd *wshd, struct wshd_job *job, enum wshd_type type,
				   uint64_t *set)
{
	for (int signal = 1; *set != 0; signal++) {
		struct wshd_signal message = {.header.type = type, .signal = signal};

		if (!(*set & job_table_signal_bit(signal)))
			continue;
		if (!job_table_send(wshd, job, &message, sizeof(message)))
			return false;
		*set &= ~job_table_signal_bit(signal);
	}
	return true;
}

/* Sends what waits, as far as the keeper's socket takes it. */
static void job_table_send_unsent(struct wshd *wshd, struct wshd_job *job)
{
	struct wshd_resize resize = {.header.type = WSHD_RESIZE, .window = job->unsent.window};
	struct wshd_request forget = {.header.type = WSHD_FORGET};
	struct wshd_unsent *unsent = &job->unsent;

	if (job->keeper == 0 || job->socket.fd < 0) {
		*unsent = (struct wshd_unsent){.forget = false};
		return;
	}
	if (!job_table_send_signals(wshd, job, WSHD_SIGNAL, &unsent->signals) ||
	    !job_table_send_signals(wshd, job, WSHD_STOP, &unsent->stops))
		return;
	if (unsent->resize && !job_table_send(wshd, job, &resize, sizeof(resize)))
		return;
	unsent->resize = false;
	if (unsent->forget && !job_table_send(wshd, job, &forget, sizeof(forget)))
		return;
	unsent->forget = false;
}

static void job_table_on_report(struct wshd *wshd, struct wshd_source *source, uint32_t events)
{
	struct wshd_job *job =
		(struct wshd_job *)((char *)source - offsetof(struct wshd_job, socket));

	if (events & EPOLLOUT) {
		wshd_source_modify(wshd, source, EPOLLIN);
		job_table_send_unsent(wshd, job);
	}
	/* Reading the socket also finds its end. */
	if (job_table_read_report(wshd, job) < 0)
		poll(NULL, 0, WSHD_PAUSE_MS); /* epoll reports it again at once */
}

static struct wshd_job *job_table_add(struct wshd *wshd, uint32_t id)
{
	struct wshd_job **link = &wshd->jobs;
	struct wshd_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->number = ++wshd->next_number;
	job->end.header.job_id = id;
	job->stdin_fd = job->stdout_fd = job->stderr_fd = -1;
	job->socket = (struct wshd_source){.fd = -1, .ready = job_table_on_report};
	while (*link)
		link = &(*link)->next;
	*link = job;
	return job;
}

/* The lowest free number is given first: if this one is in the reserve, all below are in use. */
static bool job_table_is_reserved(const struct wshd *wshd, int fd)
{
	return fd >= wshd->reserve_from;
}

/* Whether a descriptor that wshd keeps for the job lies in the reserve. */
static bool job_table_takes_reserve(const struct wshd *wshd, const struct wshd_job *job)
{
	return job_table_is_reserved(wshd, job->socket.fd) ||
	       job_table_is_reserved(wshd, job->stdin_fd) ||
	       job_table_is_reserved(wshd, job->stdout_fd) ||
	       job_table_is_reserved(wshd, job->stderr_fd);
}

/* Forks the keeper. False and errno if that fails. */
static bool job_table_fork_keeper(struct wshd *wshd, struct wshd_job *job,
				  const struct keeper_start *start)
{
	int sockets[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return false;
	job->socket.fd = sockets[0];
	if (!wshd_source_add(wshd, &job->socket, EPOLLIN)) {
		close(sockets[0]);
		job->socket.fd = -1;
	} else if (job_table_takes_reserve(wshd, job)) {
		job->keeper = -1;
		errno = EMFILE;
	} else {
		job_score_raise(wshd);
		job->keeper = fork();
		if (job->keeper == 0)
			keeper_run(wshd, start, sockets[1]);
		job_score_restore(wshd);
	}
	close(sockets[1]);
	if (job->keeper > 0)
		return true;
	job->keeper = 0;
	if (job->socket.fd >= 0)
		wshd_source_close(wshd, &job->socket);
	return false;
}

static void job_table_start_failed(struct wshd *wshd, struct wshd_job *job, int number,
				   int stderr_fd)
{
	struct wshd_ended end = {.reason = WSHD_START_FAILED, .exit_status = -1};

	keeper_explain_failure(&end, "start a keeper", number, stderr_fd, wshd->proc_fd);
	job_table_set_end(wshd, job, &end);
}

bool job_table_refuse(struct wshd *wshd, uint32_t id, int number)
{
	struct wshd_job *job = job_table_find(wshd, id) ? NULL : job_table_add(wshd, id);

	if (job)
		job_table_start_failed(wshd, job, number, -1);
	return job != NULL;
}

/* The descriptor for the job's standard input. Without a script or pipe it is that of wshd,
 * /dev/null. */
static int job_table_input_fd(const struct packet *packet)
{
	if (packet->fds[WSHD_FD_SCRIPT] >= 0)
		return packet->fds[WSHD_FD_SCRIPT];
	return packet->fds[WSHD_FD_STDIN_READ] >= 0 ? packet->fds[WSHD_FD_STDIN_READ]
						    : STDIN_FILENO;
}

/* The filter of system calls that the job needs, in `*filter`: NULL if none. False if there is no
 * such. */
static bool job_table_find_filter(const struct wshd *wshd, const struct wshd_spawn *spawn,
				  const struct call_filter **filter)
{
	uint32_t own = wshd->job_filter.message.header.job_id;

	*filter = NULL;
	if (spawn->flags & WSHD_OWN_FILTER)
		*filter = &wshd->job_filter;
	else if (spawn->flags & WSHD_CONFINED)
		*filter = &wshd->filter;
	if (*filter == &wshd->job_filter && own != spawn->header.job_id)
		return false;
	return !*filter || (*filter)->program;
}

int job_table_spawn(struct wshd *wshd, struct packet *packet)
{
	const struct wshd_spawn *spawn = &packet->message.spawn;
	struct keeper_start start = {
		.spawn = spawn,
		.connection = -1,
		.command = packet->fds[WSHD_FD_BLOCK],
		.streams = {job_table_input_fd(packet), packet->fds[WSHD_FD_STDOUT_WRITE],
			    packet->fds[WSHD_FD_STDERR_WRITE]},
		.cgroup = packet->fds + WSHD_FD_CPU,
	};
	struct wshd_job *job;

	if (job_table_find(wshd, spawn->header.job_id))
		return EEXIST;
	if (!job_table_find_filter(wshd, spawn, &start.filter))
		return EPERM;
	job = job_table_add(wshd, spawn->header.job_id);
	if (!job)
		return ENOMEM;
	job->stdin_fd = packet_take(packet, WSHD_FD_STDIN_WRITE);
	job->stdout_fd = packet_take(packet, WSHD_FD_STDOUT_READ);
	job->stderr_fd = packet_take(packet, WSHD_FD_STDERR_READ);
	job->own_group = spawn->present >> WSHD_FD_CPU != 0;
	if (!job_table_fork_keeper(wshd, job, &start)) {
		if (errno == EMFILE)
			job_table_close_pipes(job); /* no text is in them, and others need them */
		job_table_start_failed(wshd, job, errno, packet->fds[WSHD_FD_STDERR_WRITE]);
	}
	call_filter_drop(&wshd->job_filter);
	return 0;
}

int job_table_start_shell(struct wshd *wshd, struct packet *packet, int connection)
{
	struct keeper_start start = {
		.shell = &packet->message.shell,
		.connection = connection,
		.streams = {-1, -1, -1},
		.command = packet->fds[0],
		.filter = wshd->filter.program ? &wshd->filter : NULL,
	};
	struct wshd_job *job = job_table_add(wshd, 0);
	int number;

	if (!job)
		return ENOMEM;
	job->shell = true;
	if (packet->n_fds > WSHD_COMMAND_FDS)
		memcpy(start.streams, packet->fds + WSHD_COMMAND_FDS, sizeof(start.streams));
	if (job_table_fork_keeper(wshd, job, &start))
		return 0;
	number = errno;
	job_table_remove_if_done(wshd, job);
	return number;
}

void job_table_signal(struct wshd *wshd, struct wshd_job *job, enum wshd_type type, int signal)
{
	*(type == WSHD_STOP ? &job->unsent.stops : &job->unsent.signals) |=
		job_table_signal_bit(signal);
	job_table_send_unsent(wshd, job);
	/* Root in the container may have stopped the keeper: SIGCONT makes it read the message. */
	if (job->keeper != 0)
		kill(job->keeper, SIGCONT);
}

void job_table_resize(struct wshd *wshd, struct wshd_job *job, const struct wshd_window *window)
{
	job->unsent.window = *window;
	job->unsent.resize = true;
	job_table_send_unsent(wshd, job);
}

void job_table_forget(struct wshd *wshd, struct wshd_job *job)
{
	job->forgotten = true;
	if (job->ended)
		job_table_close_pipes(job);
	job->unsent.forget = true;
	job_table_send_unsent(wshd, job);
	job_table_remove_if_done(wshd, job);
}

/* Reads what the keeper has sent before its end. If it was killed without a report, reports that.
 * Without memory for that it is done again later. */
static void job_table_keeper_ended(struct wshd *wshd, struct wshd_job *job)
{
	struct wshd_ended end = {.reason = WSHD_START_FAILED, .exit_status = -1};
	int got;

	while (job->socket.fd >= 0 && (got = job_table_read_report(wshd, job)) != 0) {
		job->unread = got < 0;
		if (job->unread)
			return;
	}
	job->unread = false;
	if (job->socket.fd >= 0)
		wshd_source_close(wshd, &job->socket);
	if (WIFSIGNALED(job->status)) {
		end.reason = WSHD_SIGNALLED;
		end.signal = WTERMSIG(job->status);
	} else {
		snprintf(end.start_error, sizeof(end.start_error), "start a keeper: it has ended");
	}
	if (!job->ended && !job->shell)
		job_table_set_end(wshd, job, &end);
	job_table_remove_if_done(wshd, job);
}

void job_table_retry(struct wshd *wshd)
{
	struct wshd_job *job, *next;

	/* The end of a job may free it, so get the next one first. */
	for (job = wshd->jobs; job; job = next) {
		next = job->next;
		job_table_send_unsent(wshd, job);
		if (job->unread)
			job_table_keeper_ended(wshd, job);
	}
}

/* NULL: it is no keeper. */
static struct wshd_job *job_table_find_keeper(const struct wshd *wshd, pid_t pid)
{
	struct wshd_job *job = wshd->jobs;

	while (job && job->keeper != pid)
		job = job->next;
	return job;
}

bool job_table_reaped(struct wshd *wshd, pid_t pid, int status)
{
	struct wshd_job *job = job_table_find_keeper(wshd, pid);

	if (!job)
		return false;
	job->keeper = 0;
	job->status = status;
	job_table_keeper_ended(wshd, job); /* may free the job */
	return WIFSIGNALED(status);
}

void job_table_stopped(struct wshd *wshd, pid_t pid)
{
	struct wshd_job *job = job_table_find_keeper(wshd, pid);

	if (job)
		kill(pid, ++job->stops > STOPS_MAX ? SIGKILL : SIGCONT);
}

bool job_table_has_keeper(pid_t pid, const void *data)
{
	return job_table_find_keeper(data, pid);
}
