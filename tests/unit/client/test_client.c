/* SPDX-License-Identifier: Apache-2.0 */
/* libwarden without wardend: messages by name, frames in pieces, and answers of a daemon that the
 * test plays. */
#include <config.h>

#include "tests/unit/unit.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/lib/client_frame.h"
#include "warden/client.h"

static void fields_are_set_and_read_by_name(void)
{
	struct warden_message *run = warden_message_new("run");
	size_t length;

	unit_integer(warden_message_set(run, "handle", "first"), 0);
	unit_integer(warden_message_set(run, "handle", "second"), 0);
	unit_integer(warden_message_set_bytes(run, "script", "a\0b", 3), 0);
	unit_integer(warden_message_set(run, "privileged", "true"), 0);
	unit_integer(warden_message_set(run, "rlimits.nofile", "18446744073709551615"), 0);
	unit_string(warden_message_bytes(run, "handle", 0, NULL), "second");
	unit_bytes(warden_message_bytes(run, "script", 0, &length), 3, "a\0b", 3);
	unit_unsigned(length, 3);
	unit_unsigned(warden_message_number(run, "privileged", 0), 1);
	unit_unsigned(warden_message_number(run, "rlimits.nofile", 0), UINT64_MAX);
	unit_unsigned(warden_message_count(run, "rlimits.nofile"), 1);
	warden_message_free(run);
}

static void absent_fields_count_0_and_read_as_empty(void)
{
	struct warden_message *run = warden_message_new("run");

	unit_unsigned(warden_message_count(run, "log_tag"), 0);
	unit_unsigned(warden_message_count(run, "rlimits"), 0);
	unit_unsigned(warden_message_count(run, "rlimits.nofile"), 0);
	unit_unsigned(warden_message_count(run, "nonsense"), 0);
	unit_unsigned(warden_message_count(run, "nonsense.nofile"), 0);
	unit_true(warden_message_bytes(run, "log_tag", 0, NULL) == NULL);
	unit_true(warden_message_child(run, "rlimits", 0) == NULL);
	unit_unsigned(warden_message_number(run, "rlimits.nofile", 0), 0);
	warden_message_free(run);
}

static void repeated_messages_are_added(void)
{
	struct warden_message *create = warden_message_new("create");

	for (int i = 0; i < 3; i++) {
		struct warden_message *mount = warden_message_add(create, "bind_mounts");

		unit_integer(warden_message_set(mount, "src_path", "/a"), 0);
		unit_integer(warden_message_set(mount, "mode", i == 1 ? "rw" : "RO"), 0);
	}
	unit_unsigned(warden_message_count(create, "bind_mounts"), 3);
	unit_string(
		warden_message_choice(warden_message_child(create, "bind_mounts", 0), "mode", 0),
		"RO");
	unit_string(
		warden_message_choice(warden_message_child(create, "bind_mounts", 1), "mode", 0),
		"RW");
	unit_true(warden_message_child(create, "bind_mounts", 3) == NULL);
	warden_message_free(create);
}

static void test_client_expect_refusal(const char *request, const char *field, const char *text,
				       int number)
{
	struct warden_message *message = warden_message_new(request);

	errno = 0;
	unit_integer(warden_message_set(message, field, text), -1);
	unit_integer(errno, number);
	warden_message_free(message);
}

static void values_that_do_not_fit_are_refused(void)
{
	test_client_expect_refusal("link", "job_id", "4294967296", ERANGE);
	test_client_expect_refusal("link", "job_id", "-1", EINVAL);
	test_client_expect_refusal("link", "job_id", " 1", EINVAL);
	test_client_expect_refusal("link", "job_id", "1x", EINVAL);
	test_client_expect_refusal("link", "job_id", "", EINVAL);
	test_client_expect_refusal("run", "rlimits.nofile", "18446744073709551616", ERANGE);
	test_client_expect_refusal("run", "privileged", "yes", EINVAL);
	test_client_expect_refusal("run", "rlimits", "1", EINVAL);
	test_client_expect_refusal("run", "handle.x", "1", EINVAL);
	test_client_expect_refusal("run", "nonsense", "1", ENOENT);
	test_client_expect_refusal("net_out", "icmp_type", "2147483648", ERANGE);
	test_client_expect_refusal("net_out", "protocol", "sctp", EINVAL);
}

static void a_signed_field_takes_a_negative_number(void)
{
	struct warden_message *rule = warden_message_new("net_out");

	unit_integer(warden_message_set(rule, "icmp_type", "-1"), 0);
	unit_integer((int64_t)warden_message_number(rule, "icmp_type", 0), -1);
	warden_message_free(rule);
}

static void an_unknown_request_is_refused(void)
{
	errno = 0;
	unit_true(warden_message_new("nonsense") == NULL);
	unit_integer(errno, EINVAL);
	for (size_t i = 0; warden_request_name(i); i++) {
		struct warden_message *message = warden_message_new(warden_request_name(i));

		unit_true(message != NULL);
		warden_message_free(message);
	}
}

/* Feeds bytes one at a time; writes the payloads of the frames to `seen`, each in brackets. */
static void test_client_feed(const char *bytes, size_t length, size_t limit, char *seen)
{
	struct client_frame buffer = {0};

	*seen = '\0';
	for (size_t i = 0; i < length; i++) {
		const uint8_t *payload;
		size_t size;
		int found;

		if (!unit_true(client_frame_room(&buffer) > 0))
			break;
		buffer.bytes[buffer.end++] = (uint8_t)bytes[i];
		found = client_frame_take(&buffer, limit, &payload, &size);
		if (found < 0) {
			memcpy(seen + strlen(seen), "!", 2);
			break;
		}
		if (found > 0)
			sprintf(seen + strlen(seen), "[%.*s]", (int)size, payload);
	}
	client_frame_clear(&buffer);
}

static void frames_may_come_in_pieces(void)
{
	const char bytes[] = "3\r\nabc\r\n0\r\n\r\n10\r\n0123456789\r\n";
	char seen[128];

	test_client_feed(bytes, sizeof(bytes) - 1, 100, seen);
	unit_string(seen, "[abc][][0123456789]");
}

static void an_invalid_frame_is_reported(void)
{
	static const char *const wrong[] = {
		"x",
		"-1\r\n",
		"+1\r\n",
		" 1\r\n",
		"\r\n",
		"1\nabc",
		"1\rx",
		"3\r\nabcd",
		"101\r\n",
		"99999999999999999999999\r\n",
		"00000000000000000000000001\r\n",
	};
	char seen[128];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		test_client_feed(wrong[i], strlen(wrong[i]), 100, seen);
		/* The CR LF behind a payload is checked when both bytes are there. */
		if (strcmp(wrong[i], "3\r\nabcd") == 0)
			test_client_feed("3\r\nabcde", 9, 100, seen);
		unit_string(seen, "!");
	}
}

/* A daemon for one connection: waits for the first bytes, sends its answer, and closes. */
struct test_daemon {
	pthread_t thread;
	int listener;
	char path[108];
	const char *answer;
	size_t length;
	bool silent;
};

static void *test_client_daemon_run(void *data)
{
	struct test_daemon *daemon = data;
	int fd = accept4(daemon->listener, NULL, NULL, SOCK_CLOEXEC);
	char buffer[4096];

	if (fd < 0)
		return NULL;
	/* A silent one waits until the client closes. */
	while (read(fd, buffer, sizeof(buffer)) > 0 && daemon->silent)
		;
	if (!daemon->silent && write(fd, daemon->answer, daemon->length) < 0)
		unit_fail("the answer could not be sent");
	close(fd);
	return NULL;
}

static struct warden_client *test_client_daemon_start(struct test_daemon *daemon)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct warden_client *client = warden_client_new();

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", unit_directory());
	snprintf(daemon->path, sizeof(daemon->path), "%s", address.sun_path);
	unlink(daemon->path);
	daemon->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unit_integer(bind(daemon->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	unit_integer(listen(daemon->listener, 1), 0);
	unit_integer(pthread_create(&daemon->thread, NULL, test_client_daemon_run, daemon), 0);
	unit_integer(warden_client_connect(client, daemon->path), 0);
	return client;
}

static void test_client_daemon_end(struct test_daemon *daemon, struct warden_client *client)
{
	warden_client_free(client);
	pthread_join(daemon->thread, NULL);
	close(daemon->listener);
	unlink(daemon->path);
}

/* Calls ping; returns the failure. */
static enum warden_failure test_client_ping(struct warden_client *client)
{
	struct warden_message *request = warden_message_new("ping");
	struct warden_message *answer = warden_client_call(client, request);

	warden_message_free(answer);
	warden_message_free(request);
	return warden_client_failure(client);
}

static void an_error_of_the_daemon_is_the_clients_text(void)
{
	static const char answer[] = "15\r\n\x08\x01\x12\x0b\x12\x09no can do\r\n";
	struct test_daemon daemon = {.answer = answer, .length = sizeof(answer) - 1};
	struct warden_client *client = test_client_daemon_start(&daemon);

	unit_integer(test_client_ping(client), WARDEN_FAILURE_REFUSED);
	unit_string(warden_client_error(client), "no can do");
	unit_true(warden_client_fd(client) >= 0);
	test_client_daemon_end(&daemon, client);
}

static void test_client_expect_failure(const char *answer, size_t length,
				       enum warden_failure failure)
{
	struct test_daemon daemon = {.answer = answer, .length = length};
	struct warden_client *client = test_client_daemon_start(&daemon);

	unit_integer(test_client_ping(client), failure);
	unit_integer(warden_client_fd(client), -1);
	unit_integer(test_client_ping(client), WARDEN_FAILURE_CONNECTION);
	test_client_daemon_end(&daemon, client);
}

static void an_invalid_answer_ends_the_connection(void)
{
	test_client_expect_failure("", 0, WARDEN_FAILURE_CONNECTION);
	test_client_expect_failure("4\r\n\x08", 4, WARDEN_FAILURE_CONNECTION);
	test_client_expect_failure("HTTP/1.1 200 OK\r\n", 17, WARDEN_FAILURE_PROTOCOL);
	test_client_expect_failure("3\r\n\xff\xff\xff\r\n", 8, WARDEN_FAILURE_PROTOCOL);
	test_client_expect_failure("5\r\n\x08\xc8\x01\x12\x00\r\n", 10, WARDEN_FAILURE_PROTOCOL);
	test_client_expect_failure("9999999999\r\n", 12, WARDEN_FAILURE_PROTOCOL);
}

static void a_wait_ends_with_its_time(void)
{
	struct test_daemon daemon = {.silent = true};
	struct warden_client *client = test_client_daemon_start(&daemon);

	warden_client_set_timeout(client, 50);
	unit_integer(test_client_ping(client), WARDEN_FAILURE_TIMEOUT);
	unit_contains(warden_client_error(client), "no answer for 0.05 seconds");
	test_client_daemon_end(&daemon, client);
}

static void a_wait_ends_when_it_is_woken_and_can_go_on(void)
{
	struct test_daemon daemon = {.silent = true};
	struct warden_client *client = test_client_daemon_start(&daemon);
	int wake[2];

	unit_integer(pipe(wake), 0);
	unit_integer(write(wake[1], "x", 1), 1);
	warden_client_set_wake_fd(client, wake[0]);
	unit_integer(test_client_ping(client), WARDEN_FAILURE_WOKEN);
	unit_true(warden_client_fd(client) >= 0);
	close(wake[0]);
	close(wake[1]);
	test_client_daemon_end(&daemon, client);
}

/* Cancels a call that waits in another thread. */
static void *test_client_cancel_later(void *data)
{
	usleep(50000);
	warden_client_cancel(data);
	return NULL;
}

static void another_thread_cancels_a_wait(void)
{
	struct test_daemon daemon = {.silent = true};
	struct warden_client *client = test_client_daemon_start(&daemon);
	pthread_t thread;

	unit_integer(pthread_create(&thread, NULL, test_client_cancel_later, client), 0);
	unit_integer(test_client_ping(client), WARDEN_FAILURE_CANCELLED);
	unit_string(warden_client_error(client), "wait for the daemon's answer: cancelled");
	unit_true(warden_client_fd(client) >= 0);
	pthread_join(thread, NULL);
	test_client_daemon_end(&daemon, client);
}

static struct warden_client *test_client_of_signal;

static void test_client_on_signal(int number)
{
	(void)number;
	errno = 0;
	warden_client_cancel(test_client_of_signal);
}

static void a_signal_handler_cancels_a_wait(void)
{
	struct sigaction action = {.sa_handler = test_client_on_signal, .sa_flags = SA_RESTART};
	const struct itimerval soon = {.it_value = {.tv_usec = 50000}};
	struct test_daemon daemon = {.silent = true};
	struct warden_client *client = test_client_daemon_start(&daemon);

	test_client_of_signal = client;
	unit_integer(sigaction(SIGALRM, &action, NULL), 0);
	unit_integer(setitimer(ITIMER_REAL, &soon, NULL), 0);
	unit_integer(test_client_ping(client), WARDEN_FAILURE_CANCELLED);
	signal(SIGALRM, SIG_DFL);
	test_client_daemon_end(&daemon, client);
}

static void a_cancellation_before_the_wait_ends_it_once(void)
{
	struct test_daemon daemon = {.silent = true};
	struct warden_client *client = test_client_daemon_start(&daemon);

	warden_client_cancel(client);
	warden_client_cancel(client);
	unit_integer(test_client_ping(client), WARDEN_FAILURE_CANCELLED);
	warden_client_set_timeout(client, 50);
	unit_integer(test_client_ping(client), WARDEN_FAILURE_TIMEOUT);
	test_client_daemon_end(&daemon, client);
}

static int test_client_cancel_stream(void *data, const char *name, const void *bytes, size_t length)
{
	unit_string(name, "stdout");
	unit_bytes(bytes, length, "abc", 3);
	warden_client_cancel(data);
	return 0;
}

static void the_function_of_a_stream_cancels_it_and_the_connection_stays(void)
{
	static const char answer[] = "17\r\n\x08\x18\x12\x0d\x0a\x06stdout\x12\x03"
				     "abc\r\n"
				     "6\r\n\x08\x18\x12\x02\x18\x07\r\n";
	struct test_daemon daemon = {.answer = answer, .length = sizeof(answer) - 1};
	struct warden_client *client = test_client_daemon_start(&daemon);
	struct warden_message *request = warden_message_new("stream"), *last;

	warden_message_set(request, "handle", "h");
	warden_message_set(request, "job_id", "1");
	/* Both answers may be in the buffer: then there is no wait to cancel. */
	last = warden_client_stream(client, request, test_client_cancel_stream, client);
	if (!last) {
		unit_integer(warden_client_failure(client), WARDEN_FAILURE_CANCELLED);
		last = warden_client_receive(client);
	}
	unit_unsigned(last ? warden_message_number(last, "exit_status", 0) : 0, 7);
	warden_message_free(last);
	warden_message_free(request);
	test_client_daemon_end(&daemon, client);
}

static void connecting_fails_if_no_daemon_listens(void)
{
	struct warden_client *client = warden_client_new();

	unit_integer(warden_client_connect(client, "/nonexistent/socket"), -1);
	unit_string(warden_client_error(client),
		    "connect to /nonexistent/socket: No such file or directory");
	unit_integer(test_client_ping(client), WARDEN_FAILURE_CONNECTION);
	warden_client_free(client);
	warden_client_free(NULL);
}

static const struct unit_test tests[] = {
	UNIT_TEST(fields_are_set_and_read_by_name),
	UNIT_TEST(absent_fields_count_0_and_read_as_empty),
	UNIT_TEST(repeated_messages_are_added),
	UNIT_TEST(values_that_do_not_fit_are_refused),
	UNIT_TEST(a_signed_field_takes_a_negative_number),
	UNIT_TEST(an_unknown_request_is_refused),
	UNIT_TEST(frames_may_come_in_pieces),
	UNIT_TEST(an_invalid_frame_is_reported),
	UNIT_TEST(an_error_of_the_daemon_is_the_clients_text),
	UNIT_TEST(an_invalid_answer_ends_the_connection),
	UNIT_TEST(a_wait_ends_with_its_time),
	UNIT_TEST(a_wait_ends_when_it_is_woken_and_can_go_on),
	UNIT_TEST(another_thread_cancels_a_wait),
	UNIT_TEST(a_signal_handler_cancels_a_wait),
	UNIT_TEST(a_cancellation_before_the_wait_ends_it_once),
	UNIT_TEST(the_function_of_a_stream_cancels_it_and_the_connection_stays),
	UNIT_TEST(connecting_fails_if_no_daemon_listens),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "client", tests, sizeof(tests) / sizeof(tests[0]));
}
