/* SPDX-License-Identifier: Apache-2.0 */
/* Submitted requests of libwarden, against a daemon that the test plays. */
#include <config.h>

#include "tests/unit/unit.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "warden/client.h"

/* Both ends of a connection. */
struct test_pair {
	struct warden_client *client;
	int fd; /* the daemon's */
};

static void test_async_open(struct test_pair *pair)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", unit_directory());
	unlink(address.sun_path);
	unit_integer(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	unit_integer(listen(listener, 1), 0);
	pair->client = warden_client_new();
	unit_integer(warden_client_connect(pair->client, address.sun_path), 0);
	pair->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	unit_true(pair->fd >= 0);
	close(listener);
	unlink(address.sun_path);
}

static void test_async_close(struct test_pair *pair)
{
	if (pair->fd >= 0)
		close(pair->fd);
	warden_client_free(pair->client);
}

/* The answers in their order: the request's number, with ! before it if it failed, + or . behind it
 * (more follow, or the last one). */
struct test_log {
	char text[256];
	struct warden_client *client; /* to submit a further request */
};

static void test_async_on_answer(void *data, uint64_t id, const struct warden_message *answer,
				 bool last)
{
	struct test_log *log = data;
	size_t length = strlen(log->text);

	snprintf(log->text + length, sizeof(log->text) - length, "%s%u%s", answer ? "" : "!",
		 (unsigned)id, last ? "." : "+");
}

static uint64_t test_async_submit(struct warden_client *client, const char *name,
				  struct test_log *log)
{
	struct warden_message *request = warden_message_new(name);
	uint64_t id = warden_client_submit(client, request, test_async_on_answer, log);

	warden_message_free(request);
	return id;
}

static void test_async_write(const struct test_pair *pair, const char *bytes, size_t length)
{
	unit_integer(write(pair->fd, bytes, length), (ssize_t)length);
}

#define TEST_WRITE(pair, text) test_async_write(pair, text, sizeof(text) - 1)
#define PONG                   "4\r\n\x08\x5b\x12\x00\r\n"

static void answers_reach_their_functions_in_order(void)
{
	struct test_log log = {.text = ""};
	struct test_pair pair;
	char bytes[64];

	test_async_open(&pair);
	unit_unsigned(test_async_submit(pair.client, "ping", &log), 1);
	unit_unsigned(test_async_submit(pair.client, "ping", &log), 2);
	unit_integer(warden_client_events(pair.client), POLLIN | POLLOUT);
	unit_unsigned(warden_client_pending(pair.client), 2);
	unit_integer(warden_client_process(pair.client), 0);
	unit_integer(warden_client_events(pair.client), POLLIN);
	unit_integer(read(pair.fd, bytes, sizeof(bytes)), 18);
	TEST_WRITE(&pair, PONG);
	unit_integer(warden_client_process(pair.client), 0);
	unit_string(log.text, "1.");
	TEST_WRITE(&pair, PONG);
	unit_integer(warden_client_process(pair.client), 0);
	unit_string(log.text, "1.2.");
	unit_unsigned(warden_client_pending(pair.client), 0);
	test_async_close(&pair);
}

static void submitting_does_not_block(void)
{
	struct test_log log = {.text = ""};
	struct test_pair pair;

	test_async_open(&pair);
	test_async_submit(pair.client, "ping", &log);
	for (int i = 0; i < 3; i++)
		unit_integer(warden_client_process(pair.client), 0);
	TEST_WRITE(&pair, "4\r\n\x08\x5b");
	unit_integer(warden_client_process(pair.client), 0);
	unit_string(log.text, "");
	TEST_WRITE(&pair, "\x12");
	test_async_write(&pair, "\0\r\n", 3);
	unit_integer(warden_client_process(pair.client), 0);
	unit_string(log.text, "1.");
	test_async_close(&pair);
}

static void a_stream_has_several_answers(void)
{
	struct test_log log = {.text = ""};
	struct warden_message *request = warden_message_new("stream");
	struct test_pair pair;

	test_async_open(&pair);
	warden_message_set(request, "handle", "h");
	warden_message_set(request, "job_id", "1");
	warden_client_submit(pair.client, request, test_async_on_answer, &log);
	warden_message_free(request);
	TEST_WRITE(&pair, "17\r\n\x08\x18\x12\x0d\x0a\x06stdout\x12\x03"
			  "abc\r\n");
	TEST_WRITE(&pair, "6\r\n\x08\x18\x12\x02\x18\x07\r\n");
	unit_integer(warden_client_process(pair.client), 0);
	unit_string(log.text, "1+1.");
	test_async_close(&pair);
}

static void an_error_affects_only_its_request(void)
{
	struct test_log log = {.text = ""};
	struct test_pair pair;

	test_async_open(&pair);
	test_async_submit(pair.client, "ping", &log);
	test_async_submit(pair.client, "ping", &log);
	TEST_WRITE(&pair, "15\r\n\x08\x01\x12\x0b\x12\x09no can do\r\n" PONG);
	unit_integer(warden_client_process(pair.client), 0);
	unit_string(log.text, "!1.2.");
	test_async_close(&pair);
}

static void a_connection_that_closes_fails_all(void)
{
	struct test_log log = {.text = ""};
	struct test_pair pair;

	test_async_open(&pair);
	test_async_submit(pair.client, "ping", &log);
	test_async_submit(pair.client, "ping", &log);
	close(pair.fd);
	pair.fd = -1;
	unit_integer(warden_client_process(pair.client), -1);
	unit_string(log.text, "!1.!2.");
	unit_integer(warden_client_fd(pair.client), -1);
	unit_integer(warden_client_failure(pair.client), WARDEN_FAILURE_CONNECTION);
	unit_unsigned(test_async_submit(pair.client, "ping", &log), 0);
	unit_integer(warden_client_process(pair.client), -1);
	test_async_close(&pair);
}

static void an_unsolicited_answer_ends_the_connection(void)
{
	struct test_pair pair;

	test_async_open(&pair);
	TEST_WRITE(&pair, PONG);
	unit_integer(warden_client_process(pair.client), -1);
	unit_integer(warden_client_failure(pair.client), WARDEN_FAILURE_PROTOCOL);
	test_async_close(&pair);
}

static void calls_that_wait_are_refused_meanwhile(void)
{
	struct test_log log = {.text = ""};
	struct warden_message *request = warden_message_new("ping");
	struct test_pair pair;

	test_async_open(&pair);
	test_async_submit(pair.client, "ping", &log);
	unit_true(warden_client_call(pair.client, request) == NULL);
	unit_integer(warden_client_failure(pair.client), WARDEN_FAILURE_ARGUMENT);
	unit_integer(warden_client_connect(pair.client, "/nowhere"), -1);
	unit_integer(warden_client_failure(pair.client), WARDEN_FAILURE_ARGUMENT);
	warden_message_free(request);
	test_async_close(&pair); /* the function of the pending request is not called */
	unit_string(log.text, "");
}

static void test_async_submit_next(void *data, uint64_t id, const struct warden_message *answer,
				   bool last)
{
	struct test_log *log = data;

	test_async_on_answer(data, id, answer, last);
	if (id < 3) {
		struct warden_message *request = warden_message_new("ping");

		unit_unsigned(
			warden_client_submit(log->client, request, test_async_submit_next, log),
			id + 1);
		warden_message_free(request);
	}
}

static void a_function_may_submit_the_next_request(void)
{
	struct test_log log = {.text = ""};
	struct warden_message *request = warden_message_new("ping");
	struct test_pair pair;

	test_async_open(&pair);
	log.client = pair.client;
	warden_client_submit(pair.client, request, test_async_submit_next, &log);
	warden_message_free(request);
	TEST_WRITE(&pair, PONG PONG PONG);
	unit_integer(warden_client_process(pair.client), 0);
	unit_string(log.text, "1.2.3.");
	test_async_close(&pair);
}

static void a_request_of_any_size_is_sent_as_the_daemon_reads(void)
{
	enum { SIZE = 4 << 20 };
	struct test_log log = {.text = ""};
	struct warden_message *request = warden_message_new("echo");
	char *bytes = calloc(1, SIZE);
	size_t came = 0;
	struct test_pair pair;

	test_async_open(&pair);
	warden_message_set_bytes(request, "message", bytes, SIZE);
	warden_client_submit(pair.client, request, test_async_on_answer, &log);
	warden_message_free(request);
	while (warden_client_events(pair.client) & POLLOUT) {
		ssize_t got;

		unit_integer(warden_client_process(pair.client), 0);
		while ((got = read(pair.fd, bytes, SIZE)) > 0)
			came += (size_t)got;
	}
	unit_true(came > SIZE && came < SIZE + 64);
	free(bytes);
	test_async_close(&pair);
}

static void a_request_past_its_deadline_fails_alone(void)
{
	struct test_log log = {.text = ""};
	struct test_pair pair;

	test_async_open(&pair);
	unit_integer(warden_client_wait_time(pair.client), -1);
	test_async_submit(pair.client, "ping", &log);
	test_async_submit(pair.client, "ping", &log);
	unit_integer(warden_client_set_deadline(pair.client, 1, 20), 0);
	unit_integer(warden_client_set_deadline(pair.client, 2, 60000), 0);
	unit_true(warden_client_wait_time(pair.client) <= 20);
	unit_integer(warden_client_process(pair.client), 0);
	unit_string(log.text, "");
	usleep(30000);
	unit_integer(warden_client_wait_time(pair.client), 0);
	unit_integer(warden_client_process(pair.client), 0);
	unit_string(log.text, "!1.");
	unit_unsigned(warden_client_pending(pair.client), 1);
	unit_true(warden_client_wait_time(pair.client) > 50000);
	test_async_close(&pair);
}

static void a_late_answer_is_discarded(void)
{
	struct test_log log = {.text = ""};
	struct warden_message *request = warden_message_new("ping");
	struct test_pair pair;

	test_async_open(&pair);
	test_async_submit(pair.client, "ping", &log);
	test_async_submit(pair.client, "ping", &log);
	unit_integer(warden_client_set_deadline(pair.client, 1, 0), 0);
	unit_integer(warden_client_process(pair.client), 0);
	unit_string(log.text, "!1.");
	TEST_WRITE(&pair, PONG PONG);
	unit_integer(warden_client_process(pair.client), 0);
	unit_string(log.text, "!1.2.");
	unit_unsigned(warden_client_pending(pair.client), 0);
	/* All answers have come, so calls that wait are possible again. */
	TEST_WRITE(&pair, PONG);
	warden_client_set_timeout(pair.client, 1000);
	unit_integer(warden_client_send(pair.client, request), 0);
	warden_message_free(request);
	request = warden_client_receive(pair.client);
	unit_true(request != NULL);
	warden_message_free(request);
	test_async_close(&pair);
}

static void calls_that_wait_are_refused_until_a_late_answer_has_come(void)
{
	struct test_log log = {.text = ""};
	struct warden_message *request = warden_message_new("ping");
	struct test_pair pair;

	test_async_open(&pair);
	test_async_submit(pair.client, "ping", &log);
	unit_integer(warden_client_set_deadline(pair.client, 1, 0), 0);
	unit_integer(warden_client_process(pair.client), 0);
	unit_unsigned(warden_client_pending(pair.client), 0);
	unit_integer(warden_client_send(pair.client, request), -1);
	unit_integer(warden_client_failure(pair.client), WARDEN_FAILURE_ARGUMENT);
	unit_integer(warden_client_connect(pair.client, "/nonexistent/socket"), -1);
	unit_integer(warden_client_failure(pair.client), WARDEN_FAILURE_CONNECTION);
	warden_message_free(request);
	test_async_close(&pair);
}

static void a_deadline_can_be_replaced_while_the_request_is_pending(void)
{
	struct test_log log = {.text = ""};
	struct test_pair pair;

	test_async_open(&pair);
	test_async_submit(pair.client, "ping", &log);
	unit_integer(warden_client_set_deadline(pair.client, 1, 0), 0);
	unit_integer(warden_client_set_deadline(pair.client, 1, -1), 0);
	unit_integer(warden_client_wait_time(pair.client), -1);
	unit_integer(warden_client_process(pair.client), 0);
	unit_string(log.text, "");
	unit_integer(warden_client_set_deadline(pair.client, 2, 0), -1);
	unit_integer(warden_client_failure(pair.client), WARDEN_FAILURE_ARGUMENT);
	test_async_close(&pair);
}

static void a_connection_that_closes_does_not_report_an_expired_request_again(void)
{
	struct test_log log = {.text = ""};
	struct test_pair pair;

	test_async_open(&pair);
	test_async_submit(pair.client, "ping", &log);
	test_async_submit(pair.client, "ping", &log);
	unit_integer(warden_client_set_deadline(pair.client, 1, 0), 0);
	unit_integer(warden_client_process(pair.client), 0);
	close(pair.fd);
	pair.fd = -1;
	unit_integer(warden_client_process(pair.client), -1);
	unit_string(log.text, "!1.!2.");
	test_async_close(&pair);
}

static const struct unit_test tests[] = {
	UNIT_TEST(answers_reach_their_functions_in_order),
	UNIT_TEST(submitting_does_not_block),
	UNIT_TEST(a_stream_has_several_answers),
	UNIT_TEST(an_error_affects_only_its_request),
	UNIT_TEST(a_connection_that_closes_fails_all),
	UNIT_TEST(an_unsolicited_answer_ends_the_connection),
	UNIT_TEST(calls_that_wait_are_refused_meanwhile),
	UNIT_TEST(a_function_may_submit_the_next_request),
	UNIT_TEST(a_request_past_its_deadline_fails_alone),
	UNIT_TEST(a_late_answer_is_discarded),
	UNIT_TEST(calls_that_wait_are_refused_until_a_late_answer_has_come),
	UNIT_TEST(a_deadline_can_be_replaced_while_the_request_is_pending),
	UNIT_TEST(a_connection_that_closes_does_not_report_an_expired_request_again),
	UNIT_TEST(a_request_of_any_size_is_sent_as_the_daemon_reads),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "client_async", tests, sizeof(tests) / sizeof(tests[0]));
}
