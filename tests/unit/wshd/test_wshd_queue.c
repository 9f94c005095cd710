/* SPDX-License-Identifier: Apache-2.0 */
/* The queue to wshd, with a socket that takes few messages and a reader that starts late. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/wshd/wshd_client.h"
#include "proto/packet.h"

struct queue_case {
	int near, far;
	struct wshd_queue queue;
	struct watcher *watcher;
	struct watch *watch;
};

static void queue_case_on_event(void *data, uint32_t events)
{
	struct queue_case *pair = data;

	if (events & EPOLLOUT)
		wshd_queue_flush(&pair->queue);
}

static void queue_case_begin(struct queue_case *pair)
{
	struct warden_error err = {0};
	int fds[2], size = 1;

	unit_integer(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	/* The smallest that the kernel allows. */
	unit_integer(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	pair->near = fds[0];
	pair->far = fds[1];
	wshd_queue_init(&pair->queue, &pair->near);
	pair->watcher = watcher_new(&err);
	pair->watch =
		watcher_add(pair->watcher, pair->near, EPOLLIN, queue_case_on_event, pair, &err);
	unit_true(pair->watcher && pair->watch);
	wshd_queue_set_watch(&pair->queue, pair->watch, EPOLLIN);
}

static void queue_case_end(struct queue_case *pair)
{
	wshd_queue_set_watch(&pair->queue, NULL, 0);
	watch_remove(pair->watch);
	watcher_free(pair->watcher);
	wshd_queue_free(&pair->queue);
	close(pair->near);
	if (pair->far >= 0)
		close(pair->far);
}

/* Reads the next message; its job id. */
static uint32_t queue_case_next(const struct queue_case *pair, int *n_fds)
{
	struct packet packet;

	if (!unit_integer(packet_receive(pair->far, &packet, 0), 1))
		return 0;
	*n_fds = (int)packet.n_fds;
	packet_close(&packet);
	return packet.message.header.job_id;
}

static int queue_case_count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 4096; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* The watcher closes duplicates after it has sent them: waits at most ten seconds for that. */
static int queue_case_settled_fds(int expected)
{
	for (int i = 0; i < 10000 && queue_case_count_fds() != expected; i++)
		usleep(1000);
	return queue_case_count_fds();
}

enum { MANY = 500 };

static void messages_for_a_full_socket_wait_and_arrive_in_order(void)
{
	struct queue_case pair;
	struct warden_error err = {0};
	int n_fds;

	queue_case_begin(&pair);
	for (uint32_t id = 1; id <= MANY; id++)
		unit_integer(wshd_send_forget(&pair.queue, id, &err), 0);
	unit_true(pair.queue.n > 0);
	for (uint32_t id = 1; id <= MANY; id++)
		if (!unit_integer(queue_case_next(&pair, &n_fds), id))
			break;
	queue_case_end(&pair);
}

static struct warden_spawn queue_case_job(uint32_t id, int fd)
{
	return (struct warden_spawn){
		.size = sizeof(struct warden_spawn),
		.job_id = id,
		.script_fd = -1,
		.stdin_read_fd = -1,
		.stdin_write_fd = -1,
		.stdout_read_fd = fd,
		.stdout_write_fd = fd,
		.stderr_read_fd = fd,
		.stderr_write_fd = fd,
	};
}

static void descriptors_of_jobs_that_wait_are_duplicates_and_arrive(void)
{
	enum { JOBS = 30 };
	struct queue_case pair;
	struct warden_error err = {0};
	struct wshd_group none;
	int before, n_fds = 0, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	wshd_group_init(&none);
	queue_case_begin(&pair);
	before = queue_case_count_fds();
	for (uint32_t id = 1; id <= JOBS; id++) {
		struct warden_spawn spawn = queue_case_job(id, null);

		unit_integer(wshd_send_spawn(&pair.queue, &spawn, &none, 0, &err), 0);
	}
	close(null);
	unit_true(pair.queue.n > 0);
	for (uint32_t id = 1; id <= JOBS; id++) {
		unit_integer(queue_case_next(&pair, &n_fds), id);
		unit_integer(n_fds, 4);
	}
	unit_integer(queue_case_settled_fds(before - 1), before - 1);
	queue_case_end(&pair);
}

/* The reader of a full socket ends: the messages are gone, and the next one fails. */
static void what_waits_for_a_reader_that_ends_is_dropped(void)
{
	struct queue_case pair;
	struct warden_error err = {0};

	queue_case_begin(&pair);
	for (uint32_t id = 1; id <= MANY; id++)
		unit_integer(wshd_send_forget(&pair.queue, id, &err), 0);
	close(pair.far);
	pair.far = -1;
	unit_integer(wshd_send_forget(&pair.queue, 1, &err), -1);
	unit_integer(err.number, EPIPE);
	unit_integer(pair.queue.n, 0);
	queue_case_end(&pair);
}

static void signals_have_a_limit_and_what_must_arrive_has_none(void)
{
	struct queue_case pair;
	struct warden_error err = {0};

	queue_case_begin(&pair);
	while (pair.queue.n < WSHD_QUEUE_MAX)
		if (!unit_integer(wshd_send_signal(&pair.queue, 1, SIGTERM, &err), 0))
			break;
	unit_integer(wshd_send_signal(&pair.queue, 1, SIGTERM, &err), -1);
	unit_contains(err.message, "wshd does not read");
	unit_integer(wshd_send_forget(&pair.queue, 1, &err), 0);
	unit_integer(wshd_send_stop(&pair.queue, SIGTERM, &err), 0);
	queue_case_end(&pair);
}

static void a_reader_without_free_descriptors_is_told_so(void)
{
	struct queue_case pair;
	struct warden_error err = {0};
	struct wshd_group none;
	struct rlimit saved, few;
	struct packet packet;
	int got, number, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct warden_spawn spawn = queue_case_job(7, null);

	wshd_group_init(&none);
	queue_case_begin(&pair);
	unit_integer(wshd_send_spawn(&pair.queue, &spawn, &none, 0, &err), 0);
	getrlimit(RLIMIT_NOFILE, &saved);
	few = (struct rlimit){3, saved.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	got = packet_receive(pair.far, &packet, 0);
	number = errno;
	setrlimit(RLIMIT_NOFILE, &saved);
	unit_integer(got, -1);
	unit_integer(number, EMFILE);
	unit_integer(packet.message.header.job_id, 7);
	close(null);
	queue_case_end(&pair);
}

static const struct unit_test tests[] = {
	UNIT_TEST(messages_for_a_full_socket_wait_and_arrive_in_order),
	UNIT_TEST(descriptors_of_jobs_that_wait_are_duplicates_and_arrive),
	UNIT_TEST(what_waits_for_a_reader_that_ends_is_dropped),
	UNIT_TEST(signals_have_a_limit_and_what_must_arrive_has_none),
	UNIT_TEST(a_reader_without_free_descriptors_is_told_so),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "wshd_queue", tests, sizeof(tests) / sizeof(tests[0]));
}
