/* SPDX-License-Identifier: Apache-2.0 */
/* The messages to be sent to a wshd; see wshd_queue.h. */
#include "backends/wshd/wshd_queue.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/clock.h"
#include "proto/packet.h"

enum {
	CATCH_UP_MS = 1000,
	PATIENCE_MS = 5000, /* before a message fails for which there is no place */
	PAUSE_MS = 5,       /* between two tries when nothing reports the change */
};

struct wshd_queued {
	STAILQ_ENTRY(wshd_queued) link;
	size_t length, n_fds;
	int fds[WSHD_SPAWN_FDS]; /* duplicates */
	char message[];
};

void wshd_queue_init(struct wshd_queue *queue, const int *fd)
{
	*queue = (struct wshd_queue){.fd = fd};
	pthread_mutex_init(&queue->mutex, NULL);
	STAILQ_INIT(&queue->messages);
}

static void wshd_queued_free(struct wshd_queued *queued)
{
	for (size_t i = 0; i < queued->n_fds; i++)
		close(queued->fds[i]);
	free(queued);
}

static void wshd_queue_drop_first(struct wshd_queue *queue)
{
	struct wshd_queued *first = STAILQ_FIRST(&queue->messages);

	STAILQ_REMOVE_HEAD(&queue->messages, link);
	queue->n--;
	wshd_queued_free(first);
}

void wshd_queue_free(struct wshd_queue *queue)
{
	while (queue->n > 0)
		wshd_queue_drop_first(queue);
	pthread_mutex_destroy(&queue->mutex);
}

/* The mutex is held. */
static int wshd_queue_arm(struct wshd_queue *queue, struct warden_error *err)
{
	bool room = queue->n > 0;

	if (watch_modify(queue->watch, queue->events | (room ? EPOLLOUT : 0), err) < 0)
		return -1;
	queue->waits_for_room = room;
	return 0;
}

/* The mutex is held. */
static void wshd_queue_await_room(struct wshd_queue *queue)
{
	struct warden_error ignored; /* the next message tries it again */

	if (queue->watch && queue->waits_for_room != (queue->n > 0))
		wshd_queue_arm(queue, &ignored);
}

void wshd_queue_set_watch(struct wshd_queue *queue, struct watch *watch, uint32_t events)
{
	pthread_mutex_t *locked _cleanup_unlock_ = &queue->mutex;

	pthread_mutex_lock(locked);
	queue->watch = watch;
	queue->events = events;
	queue->waits_for_room = false;
	wshd_queue_await_room(queue);
}

int wshd_queue_rearm(struct wshd_queue *queue, struct warden_error *err)
{
	pthread_mutex_t *locked _cleanup_unlock_ = &queue->mutex;

	pthread_mutex_lock(locked);
	return queue->watch ? wshd_queue_arm(queue, err) : 0;
}

/* The socket will take the message later. */
static bool wshd_queue_is_temporary(int number)
{
	return number == EAGAIN || number == ENOBUFS || number == ENOMEM || number == ETOOMANYREFS;
}

/* The mutex is held. Returns 0 if nothing waits any more, else why not. */
static int wshd_queue_send_waiting(struct wshd_queue *queue)
{
	struct wshd_queued *first;
	int number = 0;

	while (number == 0 && (first = STAILQ_FIRST(&queue->messages))) {
		if (packet_send(*queue->fd, first->message, first->length, first->fds, first->n_fds,
				MSG_DONTWAIT) < 0 &&
		    wshd_queue_is_temporary(errno))
			number = errno;
		else
			wshd_queue_drop_first(queue); /* sent, or nobody reads it any more */
	}
	wshd_queue_await_room(queue);
	return number;
}

/* Waits until a try is worthwhile. epoll and poll report room, but neither memory nor the number
 * of descriptors in flight, so that a socket with room would be tried without a pause. */
static void wshd_queue_pause(const struct wshd_queue *queue, int number)
{
	struct pollfd poll_fd = {.fd = *queue->fd, .events = POLLOUT};

	/* Whether it fails or not, the next try tells. */
	poll(&poll_fd, number == EAGAIN ? 1 : 0, PAUSE_MS);
}

void wshd_queue_flush(struct wshd_queue *queue)
{
	int number;

	pthread_mutex_lock(&queue->mutex);
	number = wshd_queue_send_waiting(queue);
	pthread_mutex_unlock(&queue->mutex);
	if (number != 0 && number != EAGAIN)
		wshd_queue_pause(queue, number);
}

/* -1 with errno. */
static int wshd_queue_add(struct wshd_queue *queue, const void *message, size_t length,
			  const int *fds, size_t n_fds)
{
	struct wshd_queued *queued = malloc(sizeof(*queued) + length);

	if (!queued)
		return -1;
	memcpy(queued->message, message, length);
	queued->length = length;
	for (queued->n_fds = 0; queued->n_fds < n_fds; queued->n_fds++) {
		int fd = fcntl(fds[queued->n_fds], F_DUPFD_CLOEXEC, 0);

		if (fd < 0) {
			int number = errno;

			wshd_queued_free(queued);
			errno = number;
			return -1;
		}
		queued->fds[queued->n_fds] = fd;
	}
	STAILQ_INSERT_TAIL(&queue->messages, queued, link);
	queue->n++;
	wshd_queue_await_room(queue);
	return 0;
}

/* Others are few: at most one a job, or one that ends the container. */
static bool wshd_queue_is_limited(const void *message)
{
	const struct wshd_header *header = message;

	return header->type == WSHD_SPAWN || header->type == WSHD_SIGNAL ||
	       header->type == WSHD_RESIZE;
}

/* Returns 0, or -1 and errno: EXFULL if too many messages wait. */
static int wshd_queue_try(struct wshd_queue *queue, const void *message, size_t length,
			  const int *fds, size_t n_fds)
{
	pthread_mutex_t *locked _cleanup_unlock_ = &queue->mutex;

	pthread_mutex_lock(locked);
	if (wshd_queue_send_waiting(queue) == 0) {
		if (packet_send(*queue->fd, message, length, fds, n_fds, MSG_DONTWAIT) == 0)
			return 0;
		if (!wshd_queue_is_temporary(errno))
			return -1;
	}
	if (queue->n >= WSHD_QUEUE_MAX && wshd_queue_is_limited(message)) {
		errno = EXFULL;
		return -1;
	}
	return wshd_queue_add(queue, message, length, fds, n_fds);
}

static size_t wshd_queue_count(struct wshd_queue *queue)
{
	pthread_mutex_t *locked _cleanup_unlock_ = &queue->mutex;

	pthread_mutex_lock(locked);
	return queue->n;
}

void wshd_queue_catch_up(struct wshd_queue *queue)
{
	int64_t deadline = clock_monotonic_ms() + CATCH_UP_MS;
	int number;

	do {
		pthread_mutex_lock(&queue->mutex);
		number = wshd_queue_send_waiting(queue);
		pthread_mutex_unlock(&queue->mutex);
		if (number != 0)
			wshd_queue_pause(queue, number);
	} while (number != 0 && clock_monotonic_ms() < deadline);
}

int wshd_queue_send(struct wshd_queue *queue, const void *message, size_t length, const int *fds,
		    size_t n_fds, const char *what, struct warden_error *err)
{
	bool limited = wshd_queue_is_limited(message), waited = wshd_queue_count(queue) > 0;
	int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;

	while (wshd_queue_try(queue, message, length, fds, n_fds) < 0) {
		bool full = errno == EXFULL || errno == EMFILE || errno == ENFILE;

		if (full && limited && clock_monotonic_ms() < deadline) {
			wshd_queue_pause(queue, errno);
			continue;
		}
		if (errno == EXFULL)
			return warden_error_set(err, "%s: wshd does not read: %d messages wait",
						what, WSHD_QUEUE_MAX);
		return warden_error_errno(err, "%s: send to wshd", what);
	}
	if (n_fds > 0 && !waited)
		wshd_queue_catch_up(queue);
	return 0;
}
