/* SPDX-License-Identifier: Apache-2.0 */
/* libwarden over a restart of the daemon, which the test plays: it answers each request by the next
 * entry of a list, or closes the connection instead. */
#include <config.h>

#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/lib/client_frame.h"
#include "proto/warden.pb-c.h"
#include "warden/client.h"

enum { MAX_STEPS = 8, MAX_FRAME = 256 };

/* The bytes sent after a request; without bytes the connection is closed before that. */
struct played_step {
	uint8_t bytes[MAX_FRAME];
	size_t length;
	bool closes; /* afterwards */
};

struct played_daemon {
	pthread_t thread;
	int listener;
	struct played_step steps[MAX_STEPS];
	size_t n_steps;
	bool repeats_last;
	/* The payloads of the requests, in order. */
	Warden__Message *requests[MAX_STEPS];
	size_t n_requests;
	char output[64];
	size_t output_length;
};

static void played_daemon_add_frame(struct played_step *step, int type,
				    const ProtobufCMessage *base)
{
	uint8_t payload[MAX_FRAME], frame[MAX_FRAME];
	Warden__Message message = WARDEN__MESSAGE__INIT;
	size_t length;

	message.type = type;
	message.payload.data = payload;
	message.payload.len = protobuf_c_message_pack(base, payload);
	length = warden__message__pack(&message, frame);
	step->length += (size_t)sprintf((char *)step->bytes + step->length, "%zu\r\n", length);
	memcpy(step->bytes + step->length, frame, length);
	memcpy(step->bytes + step->length + length, "\r\n", 2);
	step->length += length + 2;
}

static void played_daemon_add_piece(struct played_step *step, const char *text, int64_t offset)
{
	Warden__StreamResponse piece = WARDEN__STREAM_RESPONSE__INIT;

	piece.has_name = piece.has_data = true;
	piece.name = (ProtobufCBinaryData){6, (uint8_t *)(uintptr_t) "stdout"};
	piece.data = (ProtobufCBinaryData){strlen(text), (uint8_t *)(uintptr_t)text};
	piece.has_offset = offset >= 0;
	piece.offset = (uint64_t)offset;
	played_daemon_add_frame(step, WARDEN__MESSAGE__TYPE__Stream, &piece.base);
}

static void played_daemon_add_stream_end(struct played_step *step)
{
	Warden__StreamResponse end = WARDEN__STREAM_RESPONSE__INIT;

	end.has_exit_status = true;
	end.exit_status = 5;
	played_daemon_add_frame(step, WARDEN__MESSAGE__TYPE__Stream, &end.base);
}

static void played_daemon_add_link(struct played_step *step)
{
	Warden__LinkResponse answer = WARDEN__LINK_RESPONSE__INIT;

	answer.has_exit_status = true;
	answer.exit_status = 5;
	played_daemon_add_frame(step, WARDEN__MESSAGE__TYPE__Link, &answer.base);
}

static void played_daemon_add_error(struct played_step *step, const char *text)
{
	Warden__ErrorResponse error = WARDEN__ERROR_RESPONSE__INIT;

	error.has_message = true;
	error.message = (ProtobufCBinaryData){strlen(text), (uint8_t *)(uintptr_t)text};
	played_daemon_add_frame(step, WARDEN__MESSAGE__TYPE__Error, &error.base);
}

/* Reads a request; false: the client has left. */
static bool played_daemon_read(struct played_daemon *daemon, int fd)
{
	struct client_frame input = {0};
	const uint8_t *payload;
	size_t length;
	int found = 0;

	while (found == 0) {
		size_t room = client_frame_room(&input);
		ssize_t got = read(fd, input.bytes + input.end, room);

		if (got <= 0)
			break;
		input.end += (size_t)got;
		found = client_frame_take(&input, MAX_FRAME, &payload, &length);
	}
	if (found > 0 && daemon->n_requests < MAX_STEPS)
		daemon->requests[daemon->n_requests] =
			warden__message__unpack(NULL, length, payload);
	daemon->n_requests += found > 0;
	client_frame_clear(&input);
	return found > 0;
}

/* Serves a connection; returns the next step. */
static size_t played_daemon_serve(struct played_daemon *daemon, int fd, size_t at)
{
	while (at < daemon->n_steps && played_daemon_read(daemon, fd)) {
		const struct played_step *step = &daemon->steps[at];

		if (!daemon->repeats_last || at + 1 < daemon->n_steps)
			at++;
		if (step->length > 0 && write(fd, step->bytes, step->length) < 0)
			unit_fail("the answer could not be sent");
		if (step->length == 0 || step->closes)
			break;
	}
	return at;
}

static void *played_daemon_run(void *data)
{
	struct played_daemon *daemon = data;
	size_t at = 0;

	while (at < daemon->n_steps) {
		int fd = accept4(daemon->listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			break;
		at = played_daemon_serve(daemon, fd, at);
		close(fd);
	}
	return NULL;
}

static struct warden_client *played_daemon_start(struct played_daemon *daemon)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct warden_client *client = warden_client_new();

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/resume", unit_directory());
	unlink(address.sun_path);
	daemon->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unit_integer(bind(daemon->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	unit_integer(listen(daemon->listener, 8), 0);
	unit_integer(pthread_create(&daemon->thread, NULL, played_daemon_run, daemon), 0);
	unit_integer(warden_client_connect(client, address.sun_path), 0);
	return client;
}

static void played_daemon_end(struct played_daemon *daemon, struct warden_client *client)
{
	warden_client_free(client);
	shutdown(daemon->listener, SHUT_RDWR); /* ends accept */
	pthread_join(daemon->thread, NULL);
	close(daemon->listener);
	for (size_t i = 0; i < daemon->n_requests && i < MAX_STEPS; i++)
		warden__message__free_unpacked(daemon->requests[i], NULL);
}

static struct warden_message *test_resume_new_request(const char *name)
{
	struct warden_message *request = warden_message_new(name);

	unit_integer(warden_message_set(request, "handle", "h"), 0);
	if (strcmp(name, "run") == 0)
		unit_integer(warden_message_set(request, "script", "true"), 0);
	else
		unit_integer(warden_message_set(request, "job_id", "7"), 0);
	return request;
}

static int test_resume_on_output(void *data, const char *name, const void *bytes, size_t length)
{
	struct played_daemon *daemon = data;

	unit_string(name, "stdout");
	if (!unit_true(daemon->output_length + length < sizeof(daemon->output)))
		return -1;
	memcpy(daemon->output + daemon->output_length, bytes, length);
	daemon->output_length += length;
	return 0;
}

/* Streams; the output must be "abcdef", and the last request must ask for it behind 3 bytes. */
static void test_resume_stream(struct played_daemon *daemon)
{
	struct warden_client *client = played_daemon_start(daemon);
	struct warden_message *request = test_resume_new_request("stream");
	struct warden_message *answer =
		warden_client_stream(client, request, test_resume_on_output, daemon);
	Warden__StreamRequest *last;

	unit_string(warden_client_error(client), "");
	if (unit_true(answer != NULL))
		unit_unsigned(warden_message_number(answer, "exit_status", 0), 5);
	unit_string(daemon->output, "abcdef");
	if (!unit_unsigned(daemon->n_requests, 2))
		return;
	last = warden__stream_request__unpack(NULL, daemon->requests[1]->payload.len,
					      daemon->requests[1]->payload.data);
	unit_unsigned(last->stdout_offset, 3);
	unit_false(last->has_stderr_offset);
	warden__stream_request__free_unpacked(last, NULL);
	warden_message_free(answer);
	warden_message_free(request);
	played_daemon_end(daemon, client);
}

static void a_stream_goes_on_at_the_byte_where_it_broke(void)
{
	struct played_daemon daemon = {.n_steps = 2};

	played_daemon_add_piece(&daemon.steps[0], "abc", 0);
	daemon.steps[0].length += 3; /* the beginning of a frame is dropped */
	memcpy(daemon.steps[0].bytes + daemon.steps[0].length - 3, "99\r", 3);
	daemon.steps[0].closes = true;
	played_daemon_add_piece(&daemon.steps[1], "def", 3);
	played_daemon_add_stream_end(&daemon.steps[1]);
	test_resume_stream(&daemon);
}

static void output_that_an_older_daemon_sends_again_is_dropped(void)
{
	struct played_daemon daemon = {.n_steps = 2};

	played_daemon_add_piece(&daemon.steps[0], "abc", -1);
	daemon.steps[0].closes = true;
	played_daemon_add_piece(&daemon.steps[1], "a", -1);
	played_daemon_add_piece(&daemon.steps[1], "bcd", -1);
	played_daemon_add_piece(&daemon.steps[1], "ef", -1);
	played_daemon_add_stream_end(&daemon.steps[1]);
	test_resume_stream(&daemon);
}

/* Calls; returns the exit status, or the failure as a negative number. */
static int test_resume_call(struct warden_client *client, const char *name, uint64_t *job)
{
	struct warden_message *request = test_resume_new_request(name);
	struct warden_message *answer = warden_client_call(client, request);
	int status = answer ? (int)warden_message_number(answer, "exit_status", 0)
			    : -(int)warden_client_failure(client);

	if (answer && job)
		*job = warden_message_number(answer, "job_id", 0);
	warden_message_free(answer);
	warden_message_free(request);
	return status;
}

static void a_run_is_repeated_with_one_id(void)
{
	struct played_daemon daemon = {.n_steps = 4};
	Warden__SpawnResponse spawned = WARDEN__SPAWN_RESPONSE__INIT;
	struct warden_client *client;
	uint64_t job = 0;

	spawned.job_id = 7;
	played_daemon_add_frame(&daemon.steps[1], WARDEN__MESSAGE__TYPE__Spawn, &spawned.base);
	played_daemon_add_link(&daemon.steps[3]);
	client = played_daemon_start(&daemon);
	unit_integer(test_resume_call(client, "run", &job), 5);
	unit_unsigned(job, 7);
	unit_unsigned(daemon.n_requests, 4);
	unit_integer(daemon.requests[0]->type, WARDEN__MESSAGE__TYPE__Spawn);
	unit_bytes(daemon.requests[0]->payload.data, daemon.requests[0]->payload.len,
		   daemon.requests[1]->payload.data, daemon.requests[1]->payload.len);
	unit_integer(daemon.requests[2]->type, WARDEN__MESSAGE__TYPE__Link);
	played_daemon_end(&daemon, client);
}

#define UNREACHABLE "Container state must be one of 'active', current state is 'unreachable'"

static void a_container_that_is_not_reached_yet_is_asked_again(void)
{
	struct played_daemon daemon = {.n_steps = 4};
	struct warden_client *client;

	played_daemon_add_error(&daemon.steps[1], UNREACHABLE);
	played_daemon_add_error(&daemon.steps[2], UNREACHABLE);
	played_daemon_add_link(&daemon.steps[3]);
	client = played_daemon_start(&daemon);
	unit_integer(test_resume_call(client, "link", NULL), 5);
	unit_unsigned(daemon.n_requests, 4);
	played_daemon_end(&daemon, client);
}

static void without_a_restart_such_a_refusal_stands(void)
{
	struct played_daemon daemon = {.n_steps = 1};
	struct warden_client *client;

	played_daemon_add_error(&daemon.steps[0], UNREACHABLE);
	client = played_daemon_start(&daemon);
	unit_integer(test_resume_call(client, "link", NULL), -WARDEN_FAILURE_REFUSED);
	unit_false(warden_client_is_interrupted(client));
	unit_string(warden_client_error(client), UNREACHABLE);
	played_daemon_end(&daemon, client);
}

static void a_daemon_that_dies_of_each_repetition_is_given_up(void)
{
	struct played_daemon daemon = {.n_steps = 1, .repeats_last = true};
	struct warden_client *client = played_daemon_start(&daemon);

	warden_client_set_reconnect(client, 300);
	unit_integer(test_resume_call(client, "link", NULL), -WARDEN_FAILURE_CONNECTION);
	unit_string(warden_client_error(client),
		    "the daemon closed the connection before it answered");
	unit_true(daemon.n_requests > 1);
	played_daemon_end(&daemon, client);
}

static void nothing_is_repeated_if_that_is_switched_off(void)
{
	struct played_daemon daemon = {.n_steps = 1};
	struct warden_client *client = played_daemon_start(&daemon);

	warden_client_set_reconnect(client, 0);
	unit_integer(test_resume_call(client, "run", NULL), -WARDEN_FAILURE_CONNECTION);
	unit_unsigned(daemon.n_requests, 1);
	unit_integer(daemon.requests[0]->type, WARDEN__MESSAGE__TYPE__Run);
	played_daemon_end(&daemon, client);
}

static const struct unit_test tests[] = {
	UNIT_TEST(a_stream_goes_on_at_the_byte_where_it_broke),
	UNIT_TEST(output_that_an_older_daemon_sends_again_is_dropped),
	UNIT_TEST(a_run_is_repeated_with_one_id),
	UNIT_TEST(a_container_that_is_not_reached_yet_is_asked_again),
	UNIT_TEST(without_a_restart_such_a_refusal_stands),
	UNIT_TEST(a_daemon_that_dies_of_each_repetition_is_given_up),
	UNIT_TEST(nothing_is_repeated_if_that_is_switched_off),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "client_resume", tests, sizeof(tests) / sizeof(tests[0]));
}
