/* SPDX-License-Identifier: Apache-2.0 */
/* The backend's end of a connection to wshd; see wshd_client.h. */
#include "backends/wshd/wshd_client.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/clock.h"
#include "proto/packet.h"

/* Messages that one call of wshd_list_receive takes, so that no container holds a worker. */
enum { LIST_AT_ONCE = 512 };

/* Jobs that the core does not know and wshd may list: their end is stored, and the messages that
 * say so were lost with the daemon before. */
enum { LIST_UNKNOWN = 4096 };

/* Builds the path of the socket through the directory's descriptor. */
static struct sockaddr_un wshd_client_socket_address(int container_fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" WSHD_SOCKET,
		 container_fd);
	return address;
}

int wshd_listen(int container_fd, struct warden_error *err)
{
	struct sockaddr_un address = wshd_client_socket_address(container_fd);
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return warden_error_errno(err, "make the socket of wshd");
	if (unlinkat(container_fd, WSHD_SOCKET, 0) < 0 && errno != ENOENT)
		return warden_error_errno(err, "remove an old %s", WSHD_SOCKET);
	/* Its mode does not matter: only a user who may enter the container's directory reaches it.
	 */
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, SOMAXCONN) < 0)
		return warden_error_errno(err, "listen on %s", WSHD_SOCKET);
	return take_fd(&fd);
}

int wshd_send(int fd, const void *message, size_t length, const int *fds, size_t n_fds,
	      const char *what, struct warden_error *err)
{
	if (packet_send(fd, message, length, fds, n_fds, MSG_DONTWAIT) == 0)
		return 0;
	if (errno == EAGAIN)
		return warden_error_set(err, "%s: wshd does not take any more messages", what);
	return warden_error_errno(err, "%s: send to wshd", what);
}

int wshd_connect(int container_fd, struct warden_error *err)
{
	struct sockaddr_un address = wshd_client_socket_address(container_fd);
	struct wshd_hello hello = {.header.type = WSHD_HELLO, .version = WSHD_VERSION};
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return warden_error_errno(err, "connect to %s", WSHD_SOCKET);
	if (wshd_send(fd, &hello, sizeof(hello), NULL, 0, "connect", err) < 0)
		return -1;
	return take_fd(&fd);
}

static int wshd_client_send_signal(struct wshd_queue *queue, enum wshd_type type, uint32_t job_id,
				   int signal, const char *what, struct warden_error *err)
{
	struct wshd_signal message = {
		.header = {.type = type, .job_id = job_id},
		.signal = signal,
	};

	return wshd_queue_send(queue, &message, sizeof(message), NULL, 0, what, err);
}

int wshd_send_signal(struct wshd_queue *queue, uint32_t job_id, int signal,
		     struct warden_error *err)
{
	return wshd_client_send_signal(queue, WSHD_SIGNAL, job_id, signal, "signal the job", err);
}

int wshd_send_stop(struct wshd_queue *queue, int signal, struct warden_error *err)
{
	return wshd_client_send_signal(queue, WSHD_STOP, 0, signal, "stop the container", err);
}

static int wshd_client_send_request(int fd, enum wshd_type type, uint32_t job_id, const char *what,
				    struct warden_error *err)
{
	struct wshd_request message = {.header = {.type = type, .job_id = job_id}};

	return wshd_send(fd, &message, sizeof(message), NULL, 0, what, err);
}

static int wshd_client_queue_request(struct wshd_queue *queue, enum wshd_type type, uint32_t job_id,
				     const char *what, struct warden_error *err)
{
	struct wshd_request message = {.header = {.type = type, .job_id = job_id}};

	return wshd_queue_send(queue, &message, sizeof(message), NULL, 0, what, err);
}

int wshd_send_forget(struct wshd_queue *queue, uint32_t job_id, struct warden_error *err)
{
	return wshd_client_queue_request(queue, WSHD_FORGET, job_id, "forget the job", err);
}

static struct wshd_filter wshd_client_filter_message(uint32_t job_id,
						     const struct wshd_program *program)
{
	return (struct wshd_filter){
		.header = {.type = WSHD_FILTER, .job_id = job_id},
		.flags = program->log ? WSHD_FILTER_LOG : 0,
		.length = program->length,
	};
}

int wshd_send_filter(int fd, const struct wshd_program *program, struct warden_error *err)
{
	struct wshd_filter message = wshd_client_filter_message(0, program);

	if (program->fd < 0)
		return 0;
	return wshd_send(fd, &message, sizeof(message), &program->fd, 1,
			 "set the filter of system calls", err);
}

int wshd_send_job_filter(struct wshd_queue *queue, uint32_t job_id,
			 const struct wshd_program *program, struct warden_error *err)
{
	struct wshd_filter message = wshd_client_filter_message(job_id, program);

	if (program->fd < 0)
		return 0;
	return wshd_queue_send(queue, &message, sizeof(message), &program->fd, 1, "start the job",
			       err);
}

int wshd_send_close_input(struct wshd_queue *queue, uint32_t job_id, struct warden_error *err)
{
	return wshd_client_queue_request(queue, WSHD_CLOSE_INPUT, job_id, "close the job's input",
					 err);
}

int wshd_send_resize(struct wshd_queue *queue, uint32_t job_id, uint16_t rows, uint16_t columns,
		     struct warden_error *err)
{
	struct wshd_resize message = {
		.header = {.type = WSHD_RESIZE, .job_id = job_id},
		.window = {rows, columns},
	};

	return wshd_queue_send(queue, &message, sizeof(message), NULL, 0,
			       "resize the job's terminal", err);
}

int wshd_send_watch(int fd, struct warden_error *err)
{
	return wshd_client_send_request(fd, WSHD_WATCH, 0, "watch the jobs", err);
}

int wshd_send_end(struct wshd_queue *queue, struct warden_error *err)
{
	return wshd_client_queue_request(queue, WSHD_END, 0, "end the container", err);
}

/* F_GETPIPE_SZ comes first: other calls may wait for a FUSE server in the container. A fifo on such
 * a file system is a pipe too, and closing it may hang; the kernel's own pipes lie on pipefs, which
 * has no device (major 0). AT_STATX_DONT_SYNC reads that without a request to the server. */
int wshd_is_pipe(int fd)
{
	struct statx status;

	if (fcntl(fd, F_GETPIPE_SZ) < 0)
		return errno == EBADF ? 0 : -1;
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &status) < 0)
		return -1;
	return S_ISFIFO(status.stx_mode) && status.stx_dev_major == 0;
}

/* Whether it may be a file of a FUSE server, and so wait for it; the own end of a server, a device,
 * may not. */
static bool wshd_client_may_wait(int fd)
{
	struct statx status;

	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &status) == 0 &&
	       !S_ISCHR(status.stx_mode) && !S_ISSOCK(status.stx_mode) &&
	       (status.stx_mode & S_IFMT) != 0;
}

static void *wshd_client_close_late(void *data)
{
	struct packet *packet = data;

	/* First the server's end, if it is among them: as long as it is open a server lives. */
	for (size_t i = 0; i < packet->n_fds; i++)
		if (packet->fds[i] >= 0 && !wshd_client_may_wait(packet->fds[i]))
			close(packet_take(packet, i));
	packet_close(packet);
	free(packet);
	return NULL;
}

/* Closes the descriptors of a wshd that may be hostile on a thread of its own. The caller kills the
 * container, with which its FUSE servers end, or asks it again. */
static void wshd_client_discard(const struct packet *packet)
{
	struct packet *copy = packet->n_fds > 0 ? malloc(sizeof(*copy)) : NULL;
	pthread_t thread;

	if (!copy)
		return; /* without memory they stay open */
	*copy = *packet;
	if (pthread_create(&thread, NULL, wshd_client_close_late, copy) != 0)
		free(copy); /* likewise */
	else
		pthread_detach(thread);
}

static enum warden_end_reason wshd_client_end_reason(const struct wshd_ended *message)
{
	switch (message->reason) {
	case WSHD_SIGNALLED:
		return WARDEN_END_SIGNAL;
	case WSHD_WALL_TIME:
		return WARDEN_END_WALL_TIME;
	case WSHD_CPU_TIME:
		return WARDEN_END_CPU_TIME;
	case WSHD_START_FAILED:
		return WARDEN_END_START_FAILED;
	default:
		return WARDEN_END_EXITED;
	}
}

/* Copies an end and corrects what wshd may have sent wrong: a text without NUL, an impossible
 * status. */
static void wshd_client_read_end(struct warden_job_end *end, const struct wshd_ended *message)
{
	int status = message->exit_status;

	*end = (struct warden_job_end){
		.size = sizeof(*end),
		.exit_status = status >= 0 && status <= 255 ? status : -1,
		.signal = message->signal > 0 && message->signal <= 64 ? message->signal : 0,
		.wall_us = message->wall_us,
		.user_us = message->user_us,
		.system_us = message->system_us,
		.peak_memory = message->peak_memory,
		.minor_faults = message->minor_faults,
		.major_faults = message->major_faults,
		.voluntary_switches = message->voluntary_switches,
		.involuntary_switches = message->involuntary_switches,
		.read_bytes = message->input_blocks * 512, /* getrusage(2) */
		.written_bytes = message->output_blocks * 512,
		.peak_processes = WARDEN_UNKNOWN,
	};
	end->reason = wshd_client_end_reason(message);
	snprintf(end->start_error, sizeof(end->start_error), "%.*s",
		 (int)sizeof(message->start_error), message->start_error);
}

static int wshd_client_check_hello(const struct packet *packet, struct warden_error *err)
{
	if (packet->message.hello.version == WSHD_VERSION)
		return 0;
	warden_error_set(err, "wshd speaks version %u of its protocol, not %u",
			 packet->message.hello.version, WSHD_VERSION);
	err->number = EPROTO;
	return -1;
}

/* Only a refused spawn matters: no other message will report the end of that job. */
static int wshd_client_read_refused(const struct packet *packet, struct wshd_event *event)
{
	const struct wshd_refused *refused = &packet->message.refused;

	if (refused->refused != WSHD_SPAWN)
		return 0;
	event->type = WSHD_ENDED;
	event->killed = event->own_group = event->no_fork = false;
	event->end = (struct warden_job_end){
		.size = sizeof(event->end), .reason = WARDEN_END_START_FAILED, .exit_status = -1};
	snprintf(event->end.start_error, sizeof(event->end.start_error), "wshd refuses the job: %s",
		 strerror(refused->error));
	return 1;
}

/* Refuses a message that no wshd sends. */
static int wshd_client_refuse(struct packet *packet, struct warden_error *err)
{
	int number = packet->n_fds > 0 ? EBADMSG : EPROTO;

	wshd_client_discard(packet);
	packet->n_fds = 0;
	errno = number;
	return warden_error_errno(err, "receive from wshd");
}

/* As wshd_is_pipe, for all descriptors of the packet. */
static int wshd_client_has_pipes(const struct packet *packet)
{
	int result = 1;

	for (size_t i = 0; i < packet->n_fds && result == 1; i++)
		if (packet->fds[i] >= 0)
			result = wshd_is_pipe(packet->fds[i]);
	return result;
}

/* The kernel did not say what they are: wshd may be fine, and is asked again. */
static int wshd_client_put_off(struct packet *packet, struct warden_error *err)
{
	int number = errno;

	wshd_client_discard(packet);
	packet->n_fds = 0;
	errno = number;
	return warden_error_errno(err, "look at a descriptor from wshd");
}

static int wshd_client_read_job(struct packet *packet, struct warden_restored_job *job,
				struct warden_error *err)
{
	int pipes = wshd_client_has_pipes(packet);

	if (pipes < 0)
		return wshd_client_put_off(packet, err);
	if (pipes == 0 || !packet_place(packet, packet->message.job.present, 0))
		return wshd_client_refuse(packet, err);
	job->stdin_fd = packet_take(packet, WSHD_FD_STDIN_WRITE);
	job->stdout_fd = packet_take(packet, WSHD_FD_STDOUT_READ);
	job->stderr_fd = packet_take(packet, WSHD_FD_STDERR_READ);
	return 1;
}

/* Whether wshd may send this message, with this length and number of descriptors. */
static bool wshd_client_event_fits(const struct packet *packet)
{
	switch (packet->message.header.type) {
	case WSHD_HELLO:
		return packet_fits(packet, sizeof(struct wshd_hello), 0);
	case WSHD_REFUSED:
		return packet_fits(packet, sizeof(struct wshd_refused), 0);
	case WSHD_ENDED:
		return packet_fits(packet, sizeof(struct wshd_ended), 0);
	case WSHD_JOB:
		return packet->length == sizeof(struct wshd_listed_job);
	case WSHD_LIST_END:
	case WSHD_EMPTY:
		return packet_fits(packet, sizeof(struct wshd_request), 0);
	default:
		return false;
	}
}

/* Returns 1 if `event` is filled, 0 if the message is no event, or -1. */
static int wshd_client_read_event(struct packet *packet, struct wshd_event *event,
				  struct warden_error *err)
{
	event->type = packet->message.header.type;
	event->job_id = packet->message.header.job_id;
	event->job = (struct warden_restored_job){event->job_id, -1, -1, -1};
	switch (packet->message.header.type) {
	case WSHD_HELLO:
		event->features = packet->message.hello.features;
		return wshd_client_check_hello(packet, err);
	case WSHD_REFUSED:
		return wshd_client_read_refused(packet, event);
	case WSHD_ENDED:
		wshd_client_read_end(&event->end, &packet->message.ended);
		event->killed = packet->message.ended.flags & WSHD_KILLED;
		event->own_group = packet->message.ended.flags & WSHD_OWN_GROUP;
		event->no_fork = packet->message.ended.flags & WSHD_NO_FORK;
		return 1;
	case WSHD_JOB:
		return wshd_client_read_job(packet, &event->job, err);
	default:
		return 1;
	}
}

/* The kernel has no memory at the moment. What waits for the socket is told at once that it is
 * readable, so it would try again without a pause. */
static void wshd_client_pause(void)
{
	poll(NULL, 0, 5);
}

static bool wshd_client_is_listed_job(const struct packet *packet)
{
	return packet->message.header.type == WSHD_JOB;
}

/* `lists`: jobs may come, with descriptors. */
static int wshd_client_receive(int fd, bool lists, struct wshd_event *event,
			       struct warden_error *err)
{
	int result = 0;

	while (result == 0) {
		struct packet packet;
		int got = packet_receive_as(fd, &packet, MSG_DONTWAIT,
					    lists ? PACKET_KEEPS : PACKET_REFUSES);

		if (got < 0 && packet_is_temporary(errno)) {
			if (errno != EAGAIN)
				wshd_client_pause();
			return 0;
		}
		if (got < 0 && errno == EMFILE) {
			wshd_client_discard(&packet);
			errno = EMFILE;
			if (wshd_client_is_listed_job(&packet))
				return warden_error_errno(err, "receive from wshd");
			continue; /* no other message has descriptors that matter */
		}
		if (got == 0)
			errno = ECONNRESET;
		if (got < 0 && errno == EPROTO)
			return wshd_client_refuse(&packet, err);
		if (got != 1)
			return warden_error_errno(err, "receive from wshd");
		if (!wshd_client_event_fits(&packet) ||
		    (!lists && wshd_client_is_listed_job(&packet)))
			return wshd_client_refuse(&packet, err);
		result = wshd_client_read_event(&packet, event, err);
		packet_close(&packet);
	}
	return result;
}

int wshd_receive(int fd, struct wshd_event *event, struct warden_error *err)
{
	return wshd_client_receive(fd, false, event, err);
}

int wshd_receive_listed(int fd, struct wshd_event *event, struct warden_error *err)
{
	return wshd_client_receive(fd, true, event, err);
}

/* Waits for the next message. Returns 0 if there is none after `patience_ms`. */
static int wshd_client_await(int fd, int patience_ms, struct wshd_event *event,
			     struct warden_error *err)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	int got, ready = 1;

	/* Some messages are no events: the hello. */
	while ((got = wshd_receive_listed(fd, event, err)) == 0 && ready > 0) {
		ready = poll(&poll_fd, 1, patience_ms);
		if (ready < 0 && errno != EINTR)
			return warden_error_errno(err, "wait for wshd");
	}
	return got;
}

void wshd_job_close(const struct warden_restored_job *job)
{
	cleanup_close(&job->stdin_fd);
	cleanup_close(&job->stdout_fd);
	cleanup_close(&job->stderr_fd);
}

void wshd_list_free(struct warden_restored *restored)
{
	for (size_t i = 0; i < restored->n_jobs; i++)
		wshd_job_close(&restored->jobs[i]);
	free(restored->jobs);
	restored->jobs = NULL;
	restored->n_jobs = 0;
}

/* Whether the core knows this job, and it was not listed before. */
static bool wshd_client_is_known(const struct warden_restored *restored, uint32_t job_id)
{
	bool known = restored->known_jobs == NULL;

	for (size_t i = 0; i < restored->n_known_jobs && !known; i++)
		known = restored->known_jobs[i] == job_id;
	for (size_t i = 0; i < restored->n_jobs && known; i++)
		known = restored->jobs[i].job_id != job_id;
	return known;
}

/* The pipes of other jobs have no reader. */
static void wshd_client_drop_unknown(const struct warden_restored *restored,
				     struct warden_restored_job *job)
{
	if (wshd_client_is_known(restored, job->job_id))
		return;
	wshd_job_close(job);
	*job = (struct warden_restored_job){job->job_id, -1, -1, -1};
}

static int wshd_client_add_restored(struct warden_restored *restored,
				    const struct warden_restored_job *job, struct warden_error *err)
{
	struct warden_restored_job *jobs;

	if (restored->n_jobs >= restored->n_known_jobs + LIST_UNKNOWN) {
		wshd_job_close(job);
		warden_error_set(err, "wshd lists more than %zu jobs", restored->n_jobs);
		err->number = EPROTO;
		return -1;
	}
	jobs = reallocarray(restored->jobs, restored->n_jobs + 1, sizeof(*jobs));
	if (!jobs) {
		wshd_job_close(job);
		return warden_error_errno(err, "list the jobs of wshd");
	}
	jobs[restored->n_jobs++] = *job;
	restored->jobs = jobs;
	return 0;
}

void wshd_list_set_known(struct warden_restored *list, const struct warden_restored *core)
{
	list->known_jobs = core ? core->known_jobs : NULL;
	list->n_known_jobs = core ? core->n_known_jobs : 0;
}

int wshd_list_request(int fd, struct warden_restored *restored, struct warden_error *err)
{
	restored->jobs = NULL;
	restored->n_jobs = 0;
	restored->job_size = sizeof(*restored->jobs);
	return wshd_client_send_request(fd, WSHD_LIST, 0, "list the jobs", err);
}

int wshd_list_receive(int fd, int patience_ms, struct warden_restored *restored, uint32_t *features,
		      struct warden_error *err)
{
	struct wshd_event event = {.features = *features};
	int result = 1;

	for (int i = 0; i < LIST_AT_ONCE && result == 1; i++) {
		result = wshd_client_await(fd, patience_ms, &event, err);
		*features = event.features;
		if (result == 1 && event.type == WSHD_LIST_END)
			return 1;
		if (result == 1 && event.type == WSHD_JOB)
			wshd_client_drop_unknown(restored, &event.job);
		if (result == 1 && event.type == WSHD_JOB &&
		    wshd_client_add_restored(restored, &event.job, err) < 0)
			result = -1;
	}
	if (result < 0)
		wshd_list_free(restored);
	return result < 0 ? -1 : 0;
}
