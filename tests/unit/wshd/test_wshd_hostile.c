/* SPDX-License-Identifier: Apache-2.0 */
/* Malformed messages harm neither wshd nor its clients. */
#include <config.h>

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/wshd/wshd_case.h"

/* Whether the other end closes within a second; messages before that are ignored. */
static bool wshd_hostile_is_closed(int fd)
{
	struct packet packet;
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	int got;

	for (int i = 0; i < 16; i++) {
		poll(&poll_fd, 1, 1000);
		got = packet_receive(fd, &packet, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return true;
		if (got < 0)
			return false;
		packet_close(&packet);
	}
	return false;
}

static int wshd_hostile_receive(int fd, struct packet *packet)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	poll(&poll_fd, 1, 5000);
	return packet_receive(fd, packet, MSG_DONTWAIT);
}

static unsigned wshd_hostile_count_fds(pid_t pid)
{
	char command[64];
	unsigned n = 0;
	FILE *pipe;

	snprintf(command, sizeof(command), "ls /proc/%d/fd | wc -l", pid);
	pipe = popen(command, "re");
	if (!pipe || fscanf(pipe, "%u", &n) != 1)
		unit_fail("count descriptors");
	if (pipe)
		pclose(pipe);
	return n;
}

/* Checks that wshd works and holds no descriptor that it was sent; ends it. */
static void wshd_hostile_check_and_end(struct wshd_case *wshd, unsigned fds)
{
	struct job_output output = wshd_case_spawn(wshd, 99, "echo well");
	struct warden_error err;

	unit_integer(wshd_case_job_end(wshd, 99).exit_status, 0);
	unit_string(wshd_case_read(output.out), "well\n");
	wshd_case_read(output.err);
	unit_integer(wshd_send_forget(wshd->queue, 99, &err), 0);
	for (int i = 0; i < 100 && wshd_hostile_count_fds(wshd->pid) != fds; i++)
		usleep(10000);
	unit_unsigned(wshd_hostile_count_fds(wshd->pid), fds);
	wshd_case_end(wshd);
}

/* Starts a wshd and lets it answer, so that the number of its descriptors is stable. */
static struct wshd_case wshd_hostile_begin(unsigned *fds)
{
	struct wshd_case wshd = wshd_case_begin();
	struct job_output output = wshd_case_spawn(&wshd, 98, "true");
	struct warden_error err;

	wshd_case_job_end(&wshd, 98);
	wshd_case_read(output.out);
	wshd_case_read(output.err);
	wshd_send_forget(wshd.queue, 98, &err);
	usleep(50000);
	*fds = wshd_hostile_count_fds(wshd.pid);
	return wshd;
}

static void messages_of_a_wrong_length_close_the_connection(void)
{
	static const size_t lengths[] = {0, 1, 7, 9, 15, 16, 151, 153, 400, 100000};
	static const uint32_t types[] = {WSHD_HELLO, WSHD_SPAWN, WSHD_SIGNAL,
					 WSHD_LIST,  WSHD_STOP,  WSHD_SHELL};
	static char message[100000];
	unsigned fds;
	struct wshd_case wshd = wshd_hostile_begin(&fds);

	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			int fd = wshd_case_connect(&wshd);

			if ((types[t] == WSHD_HELLO || types[t] == WSHD_SIGNAL ||
			     types[t] == WSHD_STOP) &&
			    lengths[i] == 16) {
				close(fd);
				continue; /* a valid message */
			}
			memcpy(message, &types[t], sizeof(types[t]));
			unit_true(send(fd, message, lengths[i], MSG_NOSIGNAL) >= 0);
			unit_true(wshd_hostile_is_closed(fd));
			close(fd);
		}
	}
	wshd_hostile_check_and_end(&wshd, fds);
}

/* Whether a WSHD_SPAWN that announces the descriptors `present` and carries `n` closes the
 * connection. */
static bool wshd_hostile_spawn_closes(const struct wshd_case *wshd, uint32_t present, size_t n)
{
	const struct wshd_spawn spawn = {
		.header = {.type = WSHD_SPAWN, .job_id = 5},
		.present = present,
	};
	int many[WSHD_SPAWN_FDS];
	int fd = wshd_case_connect(wshd);
	bool closed;

	for (size_t i = 0; i < WSHD_SPAWN_FDS; i++)
		many[i] = wshd->dir_fd;
	unit_integer(packet_send(fd, &spawn, sizeof(spawn), many, n, 0), 0);
	closed = wshd_hostile_is_closed(fd);
	close(fd);
	return closed;
}

static void a_wrong_number_of_descriptors_closes_the_connection(void)
{
	const uint32_t present = WSHD_FDS_REQUIRED | 1 << WSHD_FD_BLOCK;
	const size_t right = (size_t)__builtin_popcount(present);
	unsigned fds;
	struct wshd_case wshd = wshd_hostile_begin(&fds);

	for (size_t n = 0; n < WSHD_SPAWN_FDS; n++)
		if (n != right)
			unit_true(wshd_hostile_spawn_closes(&wshd, present, n));
	wshd_hostile_check_and_end(&wshd, fds);
}

static void a_job_without_its_output_or_with_unknown_descriptors_closes_the_connection(void)
{
	unsigned fds;
	struct wshd_case wshd = wshd_hostile_begin(&fds);

	unit_true(wshd_hostile_spawn_closes(&wshd, 0, 0));
	for (unsigned i = 0; i < WSHD_SPAWN_FDS; i++)
		if (WSHD_FDS_REQUIRED & 1 << i)
			unit_true(
				wshd_hostile_spawn_closes(&wshd, WSHD_FDS_REQUIRED & ~(1 << i), 2));
	unit_true(wshd_hostile_spawn_closes(&wshd, WSHD_FDS_REQUIRED | 1 << WSHD_SPAWN_FDS, 4));
	unit_true(wshd_hostile_spawn_closes(&wshd, WSHD_FDS_REQUIRED | UINT32_C(1) << 31, 4));
	wshd_hostile_check_and_end(&wshd, fds);
}

static void two_hundred_descriptors_are_closed(void)
{
	union {
		char buffer[CMSG_SPACE(sizeof(int) * 200)];
		struct cmsghdr align;
	} control = {.buffer = {0}};
	struct wshd_request list = {.header.type = WSHD_LIST};
	struct iovec iov = {.iov_base = &list, .iov_len = sizeof(list)};
	struct msghdr header = {.msg_iov = &iov,
				.msg_iovlen = 1,
				.msg_control = control.buffer,
				.msg_controllen = sizeof(control.buffer)};
	unsigned fds;
	struct wshd_case wshd = wshd_hostile_begin(&fds);
	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
	int fd = wshd_case_connect(&wshd);

	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int) * 200);
	for (size_t i = 0; i < 200; i++)
		memcpy(CMSG_DATA(rights) + i * sizeof(int), &wshd.dir_fd, sizeof(int));
	unit_integer(sendmsg(fd, &header, MSG_NOSIGNAL), sizeof(list));
	unit_true(wshd_hostile_is_closed(fd));
	close(fd);
	wshd_hostile_check_and_end(&wshd, fds);
}

static void a_connection_without_hello_is_closed(void)
{
	unsigned fds;
	struct wshd_case wshd = wshd_hostile_begin(&fds);
	struct wshd_request list = {.header.type = WSHD_LIST};
	int fd = wshd_case_connect_silently(&wshd);

	unit_integer(packet_send(fd, &list, sizeof(list), NULL, 0, 0), 0);
	unit_true(wshd_hostile_is_closed(fd));
	close(fd);
	wshd_hostile_check_and_end(&wshd, fds);
}

static void an_unknown_type_is_refused_and_the_connection_stays(void)
{
	unsigned fds;
	struct wshd_case wshd = wshd_hostile_begin(&fds);
	struct wshd_request unknown = {.header = {.type = 1000, .job_id = 12}};
	struct packet packet;
	int fd = wshd_case_connect(&wshd);

	unit_integer(packet_send(fd, &unknown, sizeof(unknown), NULL, 0, 0), 0);
	unit_integer(wshd_hostile_receive(fd, &packet), 1); /* its hello */
	if (unit_integer(wshd_hostile_receive(fd, &packet), 1)) {
		unit_unsigned(packet.message.header.type, WSHD_REFUSED);
		unit_unsigned(packet.message.header.job_id, 12);
		unit_unsigned(packet.message.refused.refused, 1000);
	}
	unknown.header.type = WSHD_LIST;
	unit_integer(packet_send(fd, &unknown, sizeof(unknown), NULL, 0, 0), 0);
	if (unit_integer(wshd_hostile_receive(fd, &packet), 1))
		unit_unsigned(packet.message.header.type, WSHD_LIST_END);
	close(fd);
	wshd_hostile_check_and_end(&wshd, fds);
}

static void descriptors_of_any_kind_start_a_job_or_fail_it(void)
{
	unsigned fds;
	struct wshd_case wshd = wshd_hostile_begin(&fds);
	struct warden_spawn spawn = wshd_case_job(5);
	struct wshd_group group;
	struct warden_error err;
	int kinds[2] = {wshd.dir_fd, open("/dev/null", O_PATH | O_CLOEXEC)};

	wshd_group_init(&group);
	for (int i = 0; i < 2; i++) {
		spawn.job_id = 5 + (uint32_t)i;
		spawn.script_fd = spawn.stdout_write_fd = spawn.stderr_write_fd = kinds[i];
		spawn.stdout_read_fd = spawn.stderr_read_fd = kinds[i];
		group.cpu_fd = group.tasks_fds[1] = kinds[i];
		unit_integer(wshd_send_spawn(wshd.queue, &spawn, &group, 0, &err), 0);
		wshd_case_job_end(&wshd, spawn.job_id);
		unit_integer(wshd_send_forget(wshd.queue, spawn.job_id, &err), 0);
	}
	close(kinds[1]);
	wshd_hostile_check_and_end(&wshd, fds);
}

static void many_connections_leave_it_working(void)
{
	enum { MANY = 200 };
	unsigned fds;
	struct wshd_case wshd = wshd_hostile_begin(&fds);
	int connections[MANY];

	for (int i = 0; i < MANY; i++)
		connections[i] = wshd_case_connect_silently(&wshd);
	for (int i = 0; i < MANY; i++)
		close(connections[i]);
	wshd_hostile_check_and_end(&wshd, fds);
}

static void invalid_signals_do_nothing(void)
{
	static const int numbers[] = {-1, 0, 65, 100000, INT32_MIN};
	unsigned fds;
	struct wshd_case wshd = wshd_hostile_begin(&fds);
	struct job_output output = wshd_case_spawn(&wshd, 1, "sleep 0.2; exit 7");
	struct warden_error err;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		unit_integer(wshd_send_signal(wshd.queue, 1, numbers[i], &err), 0);
	unit_integer(wshd_send_signal(wshd.queue, 4711, SIGKILL, &err), 0);
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 7);
	wshd_case_read(output.out);
	wshd_case_read(output.err);
	unit_integer(wshd_send_forget(wshd.queue, 1, &err), 0);
	wshd_hostile_check_and_end(&wshd, fds);
}

/* Makes a connection: the returned end for the client under test, the other for a hostile wshd. */
static int wshd_hostile_make_pair(int *hostile)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		abort();
	*hostile = pair[1];
	return pair[0];
}

static void a_client_accepts_only_pipes_from_wshd(void)
{
	struct wshd_listed_job job = {
		.header = {.type = WSHD_JOB, .job_id = 3},
		.present = 1 << WSHD_FD_STDOUT_READ | 1 << WSHD_FD_STDERR_READ,
	};
	struct wshd_event event = {0};
	struct warden_error err;
	int hostile, client = wshd_hostile_make_pair(&hostile);
	int pipe_fds[2], fds[2];

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		abort();
	fds[0] = pipe_fds[0];
	fds[1] = hostile; /* a socket */
	unit_integer(packet_send(hostile, &job, sizeof(job), fds, 2, 0), 0);
	unit_integer(wshd_receive_listed(client, &event, &err), -1);
	unit_integer(err.number, EBADMSG);
	fds[1] = pipe_fds[0];
	unit_integer(packet_send(hostile, &job, sizeof(job), fds, 2, 0), 0);
	unit_integer(wshd_receive_listed(client, &event, &err), 1);
	unit_unsigned(event.job_id, 3);
	unit_true(event.job.stdout_fd >= 0 && event.job.stderr_fd >= 0);
	wshd_job_close(&event.job);
	job.present |= 1 << WSHD_FD_STDIN_WRITE; /* more than come */
	unit_integer(packet_send(hostile, &job, sizeof(job), fds, 2, 0), 0);
	unit_integer(wshd_receive_listed(client, &event, &err), -1);
	unit_integer(err.number, EBADMSG);
	unit_integer(packet_send(hostile, &job, sizeof(job), fds, 2, 0), 0);
	unit_integer(wshd_receive(client, &event, &err), -1); /* nothing was asked */
	unit_integer(err.number, EPROTO);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	close(hostile);
	close(client);
}

static void a_client_refuses_what_wshd_must_not_send(void)
{
	static const uint32_t types[] = {0, WSHD_SPAWN, WSHD_JOB, WSHD_ENDED, WSHD_TERMINAL, 4096};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct wshd_request message = {.header.type = types[i]};
		struct wshd_event event;
		struct warden_error err = {0};
		int hostile, client = wshd_hostile_make_pair(&hostile);

		unit_integer(packet_send(hostile, &message, sizeof(message), NULL, 0, 0), 0);
		unit_integer(wshd_receive(client, &event, &err), -1);
		unit_integer(err.number, EPROTO);
		close(hostile);
		close(client);
	}
}

static void a_client_corrects_invalid_figures_of_wshd(void)
{
	struct wshd_ended message = {
		.header = {.type = WSHD_ENDED, .job_id = 1}, .exit_status = 100000, .signal = -7};
	struct wshd_event event = {0};
	struct warden_error err;
	int hostile, client = wshd_hostile_make_pair(&hostile);

	memset(message.start_error, 'x', sizeof(message.start_error)); /* without an end */
	unit_integer(packet_send(hostile, &message, sizeof(message), NULL, 0, 0), 0);
	unit_integer(wshd_receive(client, &event, &err), 1);
	unit_integer(event.end.exit_status, -1);
	unit_integer(event.end.signal, 0);
	unit_unsigned(strnlen(event.end.start_error, 256), 255);
	close(hostile);
	close(client);
}

static void a_list_waits_for_no_answer_longer_than_its_patience(void)
{
	struct warden_restored restored = {.size = sizeof(restored)};
	struct warden_error err;
	uint32_t features = 0;
	int hostile, client = wshd_hostile_make_pair(&hostile);

	unit_integer(wshd_list_request(client, &restored, &err), 0);
	unit_integer(wshd_list_receive(client, 100, &restored, &features, &err), 0);
	unit_unsigned(restored.n_jobs, 0);
	close(hostile);
	close(client);
}

static const struct unit_test tests[] = {
	UNIT_TEST(messages_of_a_wrong_length_close_the_connection),
	UNIT_TEST(a_wrong_number_of_descriptors_closes_the_connection),
	UNIT_TEST(a_job_without_its_output_or_with_unknown_descriptors_closes_the_connection),
	UNIT_TEST(two_hundred_descriptors_are_closed),
	UNIT_TEST(a_connection_without_hello_is_closed),
	UNIT_TEST(an_unknown_type_is_refused_and_the_connection_stays),
	UNIT_TEST(descriptors_of_any_kind_start_a_job_or_fail_it),
	UNIT_TEST(many_connections_leave_it_working),
	UNIT_TEST(invalid_signals_do_nothing),
	UNIT_TEST(a_client_accepts_only_pipes_from_wshd),
	UNIT_TEST(a_client_refuses_what_wshd_must_not_send),
	UNIT_TEST(a_client_corrects_invalid_figures_of_wshd),
	UNIT_TEST(a_list_waits_for_no_answer_longer_than_its_patience),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "wshd_hostile", tests, sizeof(tests) / sizeof(tests[0]));
}
