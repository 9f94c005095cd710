/* SPDX-License-Identifier: Apache-2.0 */
/* The list of jobs and the messages to and from their keepers; see job_table.h. */
#include "wshd/job_table.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wshd/keeper/keeper.h"
#include "wshd/wshd_connections.h"

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

	if (job->keeper != 0 || !(job->forgotten || job->shell))
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

/* Reads one message of the keeper: how the job ended. False if there is none now. */
static bool job_table_read_report(struct wshd *wshd, struct wshd_job *job)
{
	struct packet packet;
	int got = packet_receive(job->socket.fd, &packet, MSG_DONTWAIT);

	if (got < 0 && packet_is_temporary(errno))
		return false; /* epoll reports it again */
	if (got != 1) {
		/* The keeper ends now; job_table_reaped does the rest. */
		wshd_source_close(wshd, &job->socket);
		return false;
	}
	if (!job->ended && packet_fits(&packet, sizeof(packet.message.ended), 0))
		job_table_set_end(wshd, job, &packet.message.ended);
	packet_close(&packet);
	return true;
}

static void job_table_on_report(struct wshd *wshd, struct wshd_source *source, uint32_t events)
{
	(void)events; /* reading the socket also finds its end */
	job_table_read_report(
		wshd, (struct wshd_job *)((char *)source - offsetof(struct wshd_job, socket)));
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
	} else {
		job->keeper = fork();
	}
	if (job->socket.fd >= 0 && job->keeper == 0)
		keeper_run(wshd, start, sockets[1]);
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

	keeper_explain_failure(&end, "start a keeper", number, stderr_fd);
	job_table_set_end(wshd, job, &end);
}

void job_table_refuse(struct wshd *wshd, uint32_t id, int number)
{
	struct wshd_job *job = job_table_find(wshd, id) ? NULL : job_table_add(wshd, id);

	if (job)
		job_table_start_failed(wshd, job, number, -1);
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
	job = job_table_add(wshd, spawn->header.job_id);
	if (!job)
		return ENOMEM;
	job->stdin_fd = packet_take(packet, WSHD_FD_STDIN_WRITE);
	job->stdout_fd = packet_take(packet, WSHD_FD_STDOUT_READ);
	job->stderr_fd = packet_take(packet, WSHD_FD_STDERR_READ);
	job->own_group = spawn->present >> WSHD_FD_CPU != 0;
	if (!job_table_fork_keeper(wshd, job, &start))
		job_table_start_failed(wshd, job, errno, packet->fds[WSHD_FD_STDERR_WRITE]);
	return 0;
}

int job_table_start_shell(struct wshd *wshd, struct packet *packet, int connection)
{
	struct keeper_start start = {
		.shell = &packet->message.shell,
		.connection = connection,
		.streams = {-1, -1, -1},
		.command = packet->fds[0],
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

void job_table_signal(const struct wshd_job *job, enum wshd_type type, int signal)
{
	struct wshd_signal message = {.header.type = type, .signal = signal};

	if (job->keeper == 0 || job->socket.fd < 0)
		return;
	/* Root in the container may have stopped the keeper: SIGCONT makes it read the message. */
	packet_send(job->socket.fd, &message, sizeof(message), NULL, 0, MSG_DONTWAIT);
	kill(job->keeper, SIGCONT);
}

void job_table_resize(const struct wshd_job *job, const struct wshd_window *window)
{
	struct wshd_resize message = {.header.type = WSHD_RESIZE, .window = *window};

	if (job->keeper != 0 && job->socket.fd >= 0)
		packet_send(job->socket.fd, &message, sizeof(message), NULL, 0, MSG_DONTWAIT);
}

void job_table_forget(struct wshd *wshd, struct wshd_job *job)
{
	struct wshd_request message = {.header.type = WSHD_FORGET};

	job->forgotten = true;
	if (job->ended)
		job_table_close_pipes(job);
	if (job->keeper != 0 && job->socket.fd >= 0)
		packet_send(job->socket.fd, &message, sizeof(message), NULL, 0, MSG_DONTWAIT);
	job_table_remove_if_done(wshd, job);
}

/* Reads what the keeper has sent before its end. If it was killed without a report, reports that.
 */
static void job_table_keeper_ended(struct wshd *wshd, struct wshd_job *job, int status)
{
	struct wshd_ended end = {.reason = WSHD_START_FAILED, .exit_status = -1};

	job->keeper = 0;
	while (job->socket.fd >= 0 && job_table_read_report(wshd, job))
		;
	if (job->socket.fd >= 0)
		wshd_source_close(wshd, &job->socket);
	if (WIFSIGNALED(status)) {
		end.reason = WSHD_SIGNALLED;
		end.signal = WTERMSIG(status);
	} else {
		snprintf(end.start_error, sizeof(end.start_error), "start a keeper: it has ended");
	}
	if (!job->ended && !job->shell)
		job_table_set_end(wshd, job, &end);
	job_table_remove_if_done(wshd, job);
}

void job_table_reaped(struct wshd *wshd, pid_t pid, int status)
{
	for (struct wshd_job *job = wshd->jobs; job; job = job->next)
		if (job->keeper == pid) {
			job_table_keeper_ended(wshd, job, status);
			return;
		}
}
