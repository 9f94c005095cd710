/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are sent to a socket, and what the larger send buffers of a user may take. */
#include <config.h>

#include "tests/unit/unit.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/wire/client_account.h"
#include "core/wire/file_sender.h"
#include "lib/cleanup.h"

enum { SIZE = 3 << 20 };

struct sender_case {
	uv_loop_t loop;
	struct workers *workers;
	struct file_sender sender;
	int sockets[2], file;
	uint8_t bytes[SIZE], seen[SIZE];
	size_t received;
	bool done;
};

static struct sender_case *test_file_sender_open(void)
{
	struct sender_case *test = calloc(1, sizeof(*test));
	struct warden_error err;

	uv_loop_init(&test->loop);
	test->workers = workers_new(&test->loop, "send", 1, 0, &err);
	unit_integer(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, test->sockets),
		0);
	test->file = memfd_create("output", MFD_CLOEXEC);
	for (size_t i = 0; i < SIZE; i++)
		test->bytes[i] = (uint8_t)(i * 7 + i / 251);
	unit_integer(write(test->file, test->bytes, SIZE), SIZE);
	test->sender = (struct file_sender){.data = test,
					    .workers = test->workers,
					    .socket_fd = test->sockets[0],
					    .file_fd = test->file,
					    .left = SIZE};
	return test;
}

static void test_file_sender_close(struct sender_case *test)
{
	workers_free(test->workers);
	while (uv_run(&test->loop, UV_RUN_DEFAULT) != 0)
		;
	uv_loop_close(&test->loop);
	close(test->file);
	for (int i = 0; i < 2; i++)
		if (test->sockets[i] >= 0)
			close(test->sockets[i]);
	free(test);
}

static void test_file_sender_done(struct work *work)
{
	struct file_sender *sender = work->data;
	struct sender_case *test = sender->data;

	test->done = true;
}

static void test_file_sender_run(struct sender_case *test)
{
	test->done = false;
	file_sender_start(&test->sender, test_file_sender_done);
	while (!test->done)
		uv_run(&test->loop, UV_RUN_ONCE);
}

static void test_file_sender_receive(struct sender_case *test)
{
	ssize_t n;

	while ((n = read(test->sockets[1], test->seen + test->received, SIZE - test->received)) > 0)
		test->received += (size_t)n;
}

static void a_client_that_does_not_read_ends_the_run_and_loses_nothing(void)
{
	struct sender_case *test = test_file_sender_open();

	test_file_sender_run(test);
	unit_integer(test->sender.number, EAGAIN);
	unit_true(test->sender.left > 0 && test->sender.sent > 0);
	test_file_sender_run(test);
	unit_integer(test->sender.number, EAGAIN);
	unit_unsigned(test->sender.sent, 0);
	for (int i = 0; i < SIZE && test->received < SIZE; i++) {
		test_file_sender_receive(test);
		if (test->sender.left > 0)
			test_file_sender_run(test);
	}
	unit_unsigned(test->sender.left, 0);
	unit_bytes(test->seen, test->received, test->bytes, SIZE);
	test_file_sender_close(test);
}

static void a_file_that_is_too_short_is_an_error(void)
{
	struct sender_case *test = test_file_sender_open();

	test->sender.offset = SIZE - 10;
	test->sender.left = 11;
	test_file_sender_run(test);
	test_file_sender_run(test);
	unit_integer(test->sender.number, ENODATA);
	unit_unsigned(test->sender.left, 1);
	test_file_sender_close(test);
}

static void a_client_that_has_left_is_an_error(void)
{
	struct sender_case *test = test_file_sender_open();

	signal(SIGPIPE, SIG_IGN);
	close(take_fd(&test->sockets[1]));
	test_file_sender_run(test);
	unit_integer(test->sender.number, EPIPE);
	test_file_sender_close(test);
}

static void a_piece_is_read_at_once_or_not_at_all(void)
{
	struct sender_case *test = test_file_sender_open();

	/* Files in memory may not know RWF_NOWAIT: then nothing is read, and a worker sends. */
	if (file_sender_read_now(test->file, 5, test->seen, 1000))
		unit_bytes(test->seen, 1000, test->bytes + 5, 1000);
	unit_false(file_sender_read_now(test->file, SIZE - 5, test->seen, 6));
	test_file_sender_close(test);
}

static void larger_send_buffers_take_half_of_what_a_user_may_hold(void)
{
	struct config config = {.clients.buffer_limit = 1000};
	struct client_account account = {.uid = geteuid() + 1}, own = {.uid = geteuid()};

	unit_true(client_account_take_send_buffer(&config, &account, 400));
	unit_false(client_account_take_send_buffer(&config, &account, 101));
	unit_true(client_account_take_send_buffer(&config, &account, 100));
	unit_unsigned(account.send_buffers, 500);
	unit_unsigned(account.bytes, 0);
	unit_true(client_account_take_send_buffer(&config, &own, 8000));
	unit_false(client_account_take_send_buffer(&config, &own, 1));
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(a_client_that_does_not_read_ends_the_run_and_loses_nothing),
		UNIT_TEST(a_file_that_is_too_short_is_an_error),
		UNIT_TEST(a_client_that_has_left_is_an_error),
		UNIT_TEST(a_piece_is_read_at_once_or_not_at_all),
		UNIT_TEST(larger_send_buffers_take_half_of_what_a_user_may_hold),
	};

	return unit_main(argc, argv, "file_sender", tests, ARRAY_SIZE(tests));
}
