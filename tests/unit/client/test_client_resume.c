/* SPDX-License-Identifier: Apache-2.0 */
/* libwarden over a restart of the daemon, which the test plays: it answers each request by the next
 * entry of a list, or closes the connection instead. */
#include <config.h>

#include "tests/unit/unit.h"

#include <poll.h>
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
static bool played_daemon_read(struct played_daemon *daemon, int fd, struct client_frame *input)
{
	const uint8_t *payload;
	size_t length;
	int found = client_frame_take(input, MAX_FRAME, &payload, &length);

	while (found == 0) {
		size_t room = client_frame_room(input);
		ssize_t got = read(fd, input->bytes + input->end, room);

		if (got <= 0)
			break;
		input->end += (size_t)got;
		found = client_frame_take(input, MAX_FRAME, &payload, &length);
	}
	if (found > 0 && daemon->n_requests < MAX_STEPS)
		daemon->requests[daemon->n_requests] =
			warden__message__unpack(NULL, length, payload);
	daemon->n_requests += found > 0;
	return found > 0;
}

/* Serves a connection; returns the next step. */
static size_t played_daemon_serve(struct played_daemon *daemon, int fd, size_t at)
{
	struct client_frame input = {0};

	while (at < daemon->n_steps && played_daemon_read(daemon, fd, &input)) {
		const struct played_step *step = &daemon->steps[at];

		if (!daemon->repeats_last || at + 1 < daemon->n_steps)
			at++;
		if (step->length > 0 && write(fd, step->bytes, step->length) < 0)
			unit_fail("the answer could not be sent");
		if (step->length == 0 || step->closes)
			break;
	}
	client_frame_clear(&input);
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

static void a_run_whose_job_never_began_is_started_again(void)
{
	struct played_daemon daemon = {.n_steps = 5};
	Warden__SpawnResponse spawned = WARDEN__SPAWN_RESPONSE__INIT;
	struct warden_client *client;
	uint64_t job = 0;

	spawned.job_id = 7;
	played_daemon_add_frame(&daemon.steps[0], WARDEN__MESSAGE__TYPE__Spawn, &spawned.base);
	/* The daemon ends without an answer to the first link. */
	played_daemon_add_error(&daemon.steps[2], "no such job");
	spawned.job_id = 8;
	played_daemon_add_frame(&daemon.steps[3], WARDEN__MESSAGE__TYPE__Spawn, &spawned.base);
	played_daemon_add_link(&daemon.steps[4]);
	client = played_daemon_start(&daemon);
	unit_integer(test_resume_call(client, "run", &job), 5);
	unit_unsigned(job, 8);
	unit_unsigned(daemon.n_requests, 5);
	unit_bytes(daemon.requests[0]->payload.data, daemon.requests[0]->payload.len,
		   daemon.requests[3]->payload.data, daemon.requests[3]->payload.len);
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

/* The arguments that the function of a submitted request was called with. */
struct heard_answers {
	struct played_daemon *daemon;
	unsigned n, n_failed, n_last;
	uint64_t statuses[4], jobs[4], sequences[4];
	char error[128];
};

static void test_resume_on_answer(void *data, uint64_t id, const struct warden_message *answer,
				  bool last)
{
	struct heard_answers *heard = data;
	const char *name, *bytes;
	size_t length = 0;

	(void)id;
	heard->n_last += last;
	if (!answer) {
		heard->n_failed++;
		return;
	}
	name = warden_message_bytes(answer, "name", 0, NULL);
	bytes = warden_message_bytes(answer, "data", 0, &length);
	if (name)
		test_resume_on_output(heard->daemon, name, bytes, length);
	if (name || !unit_true(heard->n < 4))
		return;
	heard->statuses[heard->n] = warden_message_number(answer, "exit_status", 0);
	heard->jobs[heard->n] = warden_message_number(answer, "job_id", 0);
	heard->sequences[heard->n++] = warden_message_number(answer, "sequence", 0);
}

/* Keeps the error of a request that fails, too. */
static void test_resume_on_failure(void *data, uint64_t id, const struct warden_message *answer,
				   bool last)
{
	struct heard_answers *heard = ((void **)data)[0];
	struct warden_client *client = ((void **)data)[1];

	test_resume_on_answer(heard, id, answer, last);
	snprintf(heard->error, sizeof(heard->error), "%s", warden_client_error(client));
}

static void test_resume_submit(struct warden_client *client, const char *name,
			       warden_answer_function function, void *data)
{
	struct warden_message *request = test_resume_new_request(name);

	unit_true(warden_client_submit(client, request, function, data) > 0);
	warden_message_free(request);
}

/* The loop of client.h; returns the result of the last warden_client_process. */
static int test_resume_process(struct warden_client *client)
{
	int result = 0;

	while (result == 0 && warden_client_pending(client) > 0) {
		struct pollfd wait = {warden_client_fd(client), warden_client_events(client), 0};

		if (!unit_true(poll(&wait, 1, warden_client_wait_time(client)) >= 0))
			return -1;
		result = warden_client_process(client);
	}
	return result;
}

static void a_submitted_stream_goes_on_at_the_byte_where_it_broke(void)
{
	struct played_daemon daemon = {.n_steps = 2};
	struct heard_answers heard = {.daemon = &daemon};
	struct warden_client *client;

	played_daemon_add_piece(&daemon.steps[0], "abc", 0);
	daemon.steps[0].closes = true;
	played_daemon_add_piece(&daemon.steps[1], "bcdef", 1);
	played_daemon_add_stream_end(&daemon.steps[1]);
	client = played_daemon_start(&daemon);
	warden_client_set_resume(client, true);
	test_resume_submit(client, "stream", test_resume_on_answer, &heard);
	unit_integer(test_resume_process(client), 0);
	unit_string(daemon.output, "abcdef");
	unit_unsigned(heard.statuses[0], 5);
	unit_unsigned(heard.n_last, 1);
	unit_unsigned(daemon.n_requests, 2);
	played_daemon_end(&daemon, client);
}

static void submitted_runs_and_links_are_answered_in_their_order(void)
{
	struct played_daemon daemon = {.n_steps = 6};
	Warden__SpawnResponse spawned = WARDEN__SPAWN_RESPONSE__INIT;
	struct heard_answers heard = {.daemon = &daemon};
	struct warden_client *client;

	/* spawn: breaks, spawn, link: breaks, link, and the link that waited behind. */
	spawned.job_id = 9;
	played_daemon_add_frame(&daemon.steps[1], WARDEN__MESSAGE__TYPE__Spawn, &spawned.base);
	played_daemon_add_error(&daemon.steps[3], UNREACHABLE);
	daemon.steps[3].closes = true;
	played_daemon_add_link(&daemon.steps[4]);
	played_daemon_add_link(&daemon.steps[5]);
	client = played_daemon_start(&daemon);
	warden_client_set_resume(client, true);
	test_resume_submit(client, "run", test_resume_on_answer, &heard);
	test_resume_submit(client, "link", test_resume_on_answer, &heard);
	unit_integer(test_resume_process(client), 0);
	unit_unsigned(heard.n, 2);
	unit_unsigned(heard.jobs[0], 9);
	unit_unsigned(heard.statuses[0], 5);
	unit_unsigned(heard.statuses[1], 5);
	unit_unsigned(heard.n_failed, 0);
	if (unit_unsigned(daemon.n_requests, 6))
		unit_bytes(daemon.requests[0]->payload.data, daemon.requests[0]->payload.len,
			   daemon.requests[1]->payload.data, daemon.requests[1]->payload.len);
	played_daemon_end(&daemon, client);
}

static void played_daemon_add_event(struct played_step *step, int kind, uint64_t sequence)
{
	Warden__EventsResponse event = WARDEN__EVENTS_RESPONSE__INIT;

	event.kind = (Warden__EventsResponse__Kind)kind;
	event.sequence = sequence;
	played_daemon_add_frame(step, WARDEN__MESSAGE__TYPE__Events, &event.base);
}

static void events_go_on_behind_the_last_one(void)
{
	struct played_daemon daemon = {.n_steps = 2};
	struct heard_answers heard = {.daemon = &daemon};
	struct warden_message *request = warden_message_new("events");
	struct warden_client *client;
	Warden__EventsRequest *again;

	played_daemon_add_event(&daemon.steps[0], WARDEN__EVENTS_RESPONSE__KIND__SUBSCRIBED, 40);
	played_daemon_add_event(&daemon.steps[0], WARDEN__EVENTS_RESPONSE__KIND__CREATED, 42);
	daemon.steps[0].closes = true;
	played_daemon_add_event(&daemon.steps[1], WARDEN__EVENTS_RESPONSE__KIND__SUBSCRIBED, 99);
	played_daemon_add_event(&daemon.steps[1], WARDEN__EVENTS_RESPONSE__KIND__MISSED, 98);
	client = played_daemon_start(&daemon);
	warden_client_set_resume(client, true);
	unit_true(warden_client_submit(client, request, test_resume_on_answer, &heard) > 0);
	warden_message_free(request);
	while (heard.n < 3 && warden_client_process(client) == 0)
		usleep(1000);
	unit_unsigned(heard.sequences[0], 40);
	unit_unsigned(heard.sequences[1], 42);
	unit_unsigned(heard.sequences[2], 98);
	if (unit_unsigned(daemon.n_requests, 2)) {
		again = warden__events_request__unpack(NULL, daemon.requests[1]->payload.len,
						       daemon.requests[1]->payload.data);
		unit_unsigned(again->after, 42);
		warden__events_request__free_unpacked(again, NULL);
	}
	played_daemon_end(&daemon, client);
}

#define WATCH_LOST                                                                                 \
	"file_watch: the connection to the daemon was lost while it ran; it may be repeated"

static void a_watch_says_that_it_may_be_repeated(void)
{
	struct played_daemon daemon = {.n_steps = 4};
	struct heard_answers heard = {.daemon = &daemon};
	struct warden_message *request = warden_message_new("file_watch");
	struct warden_client *client;
	void *data[2];

	played_daemon_add_link(&daemon.steps[2]);
	client = played_daemon_start(&daemon);
	data[0] = &heard;
	data[1] = client;
	unit_integer(warden_message_set(request, "handle", "h"), 0);
	unit_integer(warden_message_set(request, "path", "p"), 0);
	unit_true(warden_client_call(client, request) == NULL);
	unit_string(warden_client_error(client), WATCH_LOST);
	unit_true(warden_client_is_interrupted(client));
	unit_integer(warden_client_reconnect(client), 0);
	warden_client_set_resume(client, true);
	unit_true(warden_client_submit(client, request, test_resume_on_failure, data) > 0);
	test_resume_submit(client, "link", test_resume_on_answer, &heard);
	unit_integer(test_resume_process(client), 0); /* the link goes on */
	unit_string(heard.error, WATCH_LOST);
	unit_unsigned(heard.n_failed, 1);
	unit_unsigned(heard.statuses[0], 5);
	warden_message_free(request);
	played_daemon_end(&daemon, client);
}

static void submitted_requests_end_with_the_connection_unless_they_are_resumed(void)
{
	struct played_daemon daemon = {.n_steps = 1};
	struct heard_answers heard = {.daemon = &daemon};
	struct warden_client *client = played_daemon_start(&daemon);

	test_resume_submit(client, "link", test_resume_on_answer, &heard);
	unit_integer(test_resume_process(client), -1);
	unit_unsigned(heard.n_failed, 1);
	unit_integer(warden_client_fd(client), -1);
	played_daemon_end(&daemon, client);
}

static void a_submitted_request_is_given_up_when_the_time_is_over(void)
{
	struct played_daemon daemon = {.n_steps = 1, .repeats_last = true};
	struct heard_answers heard = {.daemon = &daemon};
	struct warden_client *client = played_daemon_start(&daemon);

	warden_client_set_reconnect(client, 300);
	warden_client_set_resume(client, true);
	test_resume_submit(client, "link", test_resume_on_answer, &heard);
	unit_integer(test_resume_process(client), -1);
	unit_unsigned(heard.n_failed, 1);
	unit_unsigned(heard.n_last, 1);
	unit_true(daemon.n_requests > 1);
	played_daemon_end(&daemon, client);
}

static void a_deadline_holds_while_nobody_listens(void)
{
	struct played_daemon daemon = {.n_steps = 1};
	struct heard_answers heard = {.daemon = &daemon};
	struct warden_client *client = played_daemon_start(&daemon);
	struct warden_message *request = test_resume_new_request("link");
	uint64_t id;

	warden_client_set_resume(client, true);
	id = warden_client_submit(client, request, test_resume_on_answer, &heard);
	unit_integer(warden_client_set_deadline(client, id, 200), 0);
	warden_message_free(request);
	/* The listener exists, but nobody answers. */
	unit_integer(test_resume_process(client), 0);
	unit_unsigned(heard.n_failed, 1);
	unit_integer(warden_client_failure(client), WARDEN_FAILURE_TIMEOUT);
	played_daemon_end(&daemon, client);
}

static const struct unit_test tests[] = {
	UNIT_TEST(a_stream_goes_on_at_the_byte_where_it_broke),
	UNIT_TEST(output_that_an_older_daemon_sends_again_is_dropped),
	UNIT_TEST(a_run_is_repeated_with_one_id),
	UNIT_TEST(a_run_whose_job_never_began_is_started_again),
	UNIT_TEST(a_container_that_is_not_reached_yet_is_asked_again),
	UNIT_TEST(without_a_restart_such_a_refusal_stands),
	UNIT_TEST(a_daemon_that_dies_of_each_repetition_is_given_up),
	UNIT_TEST(nothing_is_repeated_if_that_is_switched_off),
	UNIT_TEST(a_submitted_stream_goes_on_at_the_byte_where_it_broke),
	UNIT_TEST(submitted_runs_and_links_are_answered_in_their_order),
	UNIT_TEST(events_go_on_behind_the_last_one),
	UNIT_TEST(a_watch_says_that_it_may_be_repeated),
	UNIT_TEST(submitted_requests_end_with_the_connection_unless_they_are_resumed),
	UNIT_TEST(a_submitted_request_is_given_up_when_the_time_is_over),
	UNIT_TEST(a_deadline_holds_while_nobody_listens),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "client_resume", tests, sizeof(tests) / sizeof(tests[0]));
}
