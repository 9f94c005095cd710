/* SPDX-License-Identifier: Apache-2.0 */
/* A repeated request is answered as the first one was: when, how long, and by which data. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "core/state/idempotence.h"
#include "lib/cleanup.h"
#include "tests/unit/core/core_case.h"
#include "tests/unit/unit.h"

static const struct request_handler container_klass = {
	.type = WARDEN__MESSAGE__TYPE__Spawn,
	.name = "spawn",
	.message = &warden__spawn_request__descriptor,
};

static unsigned repeats;
static uint32_t repeated_job;

static void test_idempotence_repeat(struct request *request, struct container *c,
				    const ProtobufCMessage *answer)
{
	(void)c;
	repeats++;
	repeated_job = ((const Warden__SpawnResponse *)(const void *)answer)->job_id;
	request_answer(request, answer);
}

static const struct idempotence_use use = {&warden__spawn_response__descriptor,
					   test_idempotence_repeat};

/* A request whose client has left: its answer frees it. */
static struct request *test_idempotence_new_request(struct core_case *test, const char *handle,
						    const char *id)
{
	struct request *request = calloc(1, sizeof(*request));
	Warden__SpawnRequest *message = malloc(sizeof(*message));

	warden__spawn_request__init(message);
	message->handle.data = (uint8_t *)strdup(handle);
	message->handle.len = strlen(handle);
	message->has_request_id = true;
	message->request_id.data = (uint8_t *)strdup(id);
	message->request_id.len = strlen(id);
	request->handler = &container_klass;
	request->server = &test->server;
	request->account = client_account_get(&test->server, 0);
	request->account->requests++;
	request->message = &message->base;
	return request;
}

static int test_idempotence_begin(struct request *request, struct idempotent **entry,
				  struct warden_error *err)
{
	const Warden__SpawnRequest *message = (const void *)request->message;

	return idempotence_begin(request, &message->request_id, &use, entry, err);
}

static int test_idempotence_promise(struct idempotent *entry, struct container *c, uint32_t job_id)
{
	Warden__SpawnResponse answer = WARDEN__SPAWN_RESPONSE__INIT;
	struct warden_error err;

	answer.job_id = job_id;
	return idempotence_promise(entry, c, &answer.base, &err);
}

/* Executes a request as if it had succeeded. */
static void test_idempotence_carry_out(struct core_case *test, struct container *c, const char *id,
				       uint32_t job_id)
{
	struct request *request = test_idempotence_new_request(test, c->handle, id);
	struct warden_error err;
	struct idempotent *entry;

	unit_integer(test_idempotence_begin(request, &entry, &err), 0);
	unit_integer(test_idempotence_promise(entry, c, job_id), 0);
	idempotence_keep(entry);
	request_answer_empty(request);
}

/* Whether a request is known: it is answered by repeat, or was begun and fails. */
static bool test_idempotence_is_known(struct core_case *test, const char *handle, const char *id)
{
	struct request *request = test_idempotence_new_request(test, handle, id);
	struct warden_error err;
	struct idempotent *entry;

	if (test_idempotence_begin(request, &entry, &err) == 1)
		return true;
	warden_error_set(&err, "x");
	idempotence_fail(entry, &err);
	request_fail(request, &err);
	return false;
}

static void a_repeated_request_gives_the_same_answer(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "h");

	repeats = 0;
	test_idempotence_carry_out(test, c, "one", 7);
	unit_true(test_idempotence_is_known(test, "h", "one"));
	unit_true(test_idempotence_is_known(test, "h", "one"));
	unit_unsigned(repeats, 2);
	unit_unsigned(repeated_job, 7);
	unit_false(test_idempotence_is_known(test, "h", "two"));
	idempotence_forget(c);
	unit_false(test_idempotence_is_known(test, "h", "one"));
	core_case_close(test);
}

static void another_request_with_the_same_id_is_an_error(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "h");
	struct request *request = test_idempotence_new_request(test, "other", "one");
	struct warden_error err;
	struct idempotent *entry;

	test_idempotence_carry_out(test, c, "one", 7);
	unit_integer(test_idempotence_begin(request, &entry, &err), -1);
	unit_string(err.message, "request_id one was used for a spawn with other parameters");
	request_fail(request, &err);
	core_case_close(test);
}

static void repeated_requests_wait_for_the_first(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "h");
	struct request *first = test_idempotence_new_request(test, "h", "one");
	struct warden_error err;
	struct idempotent *entry, *none;

	repeats = 0;
	unit_integer(test_idempotence_begin(first, &entry, &err), 0);
	for (int i = 0; i < 3; i++)
		unit_integer(test_idempotence_begin(test_idempotence_new_request(test, "h", "one"),
						    &none, &err),
			     1);
	unit_unsigned(repeats, 0);
	unit_integer(test_idempotence_promise(entry, c, 9), 0);
	unit_integer(
		test_idempotence_begin(test_idempotence_new_request(test, "h", "one"), &none, &err),
		1);
	idempotence_keep(entry);
	unit_unsigned(repeats, 4);
	unit_unsigned(repeated_job, 9);
	request_answer_empty(first);
	core_case_close(test);
}

static void a_failure_answers_all_that_wait_and_is_not_stored(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "h");
	struct request *first = test_idempotence_new_request(test, "h", "one");
	struct warden_error err;
	struct idempotent *entry, *none;

	repeats = 0;
	unit_integer(test_idempotence_begin(first, &entry, &err), 0);
	unit_integer(test_idempotence_promise(entry, c, 9), 0);
	unit_integer(
		test_idempotence_begin(test_idempotence_new_request(test, "h", "one"), &none, &err),
		1);
	warden_error_set(&err, "no");
	idempotence_fail(entry, &err);
	request_fail(first, &err);
	unit_unsigned(repeats, 0);
	unit_integer((int64_t)c->n_request_ids, 0);
	unit_false(test_idempotence_is_known(test, "h", "one"));
	core_case_close(test);
}

static void a_destroyed_container_fails_requests_that_wait(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "h");
	struct request *first = test_idempotence_new_request(test, "h", "one");
	struct warden_error err;
	struct idempotent *entry, *none;

	repeats = 0;
	unit_integer(test_idempotence_begin(first, &entry, &err), 0);
	unit_integer(test_idempotence_promise(entry, c, 9), 0);
	unit_integer(
		test_idempotence_begin(test_idempotence_new_request(test, "h", "one"), &none, &err),
		1);
	idempotence_forget(c);
	idempotence_keep(entry);
	request_answer_empty(first);
	unit_unsigned(repeats, 0);
	unit_false(test_idempotence_is_known(test, "h", "one"));
	core_case_close(test);
}

static void a_container_stores_its_last_256_ids(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "h");
	char id[16];

	for (uint32_t i = 0; i < 300; i++) {
		snprintf(id, sizeof(id), "%u", i);
		test_idempotence_carry_out(test, c, id, i + 1);
	}
	unit_integer((int64_t)c->n_request_ids, REQUEST_IDS_MAX);
	unit_false(test_idempotence_is_known(test, "h", "43"));
	unit_true(test_idempotence_is_known(test, "h", "44"));
	unit_unsigned(repeated_job, 45);
	unit_true(test_idempotence_is_known(test, "h", "299"));
	core_case_close(test);
}

static void ids_are_restored_from_the_snapshot(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "h");
	json_t *json;

	repeats = 0;
	test_idempotence_carry_out(test, c, "\xc3\xa4 \"1\"", 7);
	test_idempotence_carry_out(test, c, "2", 8);
	json = idempotence_to_json(c);
	idempotence_forget(c);
	unit_true(idempotence_from_json(c, json));
	unit_true(test_idempotence_is_known(test, "h", "\xc3\xa4 \"1\""));
	unit_unsigned(repeated_job, 7);
	unit_true(idempotence_from_json(c, json)); /* they take the place of the same */
	unit_integer((int64_t)c->n_request_ids, 2);
	json_decref(json);
	json = json_loads(
		"[{\"type\": 21, \"id\": \"x\", \"digest\": \"zz\", \"answer\": \"0807\"}]", 0,
		NULL);
	unit_false(idempotence_from_json(c, json));
	json_decref(json);
	core_case_close(test);
}

static void an_invalid_id_is_refused(void)
{
	struct core_case *test = core_case_open();
	char text[REQUEST_ID_MAX + 2];
	struct request *request;
	struct warden_error err;
	struct idempotent *entry;

	memset(text, 'x', sizeof(text));
	text[REQUEST_ID_MAX + 1] = '\0';
	request = test_idempotence_new_request(test, "h", text);
	unit_integer(test_idempotence_begin(request, &entry, &err), -1);
	unit_contains(err.message, "request_id");
	request_fail(request, &err);
	request = test_idempotence_new_request(test, "h", "");
	unit_integer(test_idempotence_begin(request, &entry, &err), 0);
	unit_true(entry == NULL);
	idempotence_keep(entry);
	request_answer_empty(request);
	core_case_close(test);
}

static const struct unit_test tests[] = {
	UNIT_TEST(a_repeated_request_gives_the_same_answer),
	UNIT_TEST(another_request_with_the_same_id_is_an_error),
	UNIT_TEST(repeated_requests_wait_for_the_first),
	UNIT_TEST(a_failure_answers_all_that_wait_and_is_not_stored),
	UNIT_TEST(a_destroyed_container_fails_requests_that_wait),
	UNIT_TEST(a_container_stores_its_last_256_ids),
	UNIT_TEST(ids_are_restored_from_the_snapshot),
	UNIT_TEST(an_invalid_id_is_refused),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "idempotence", tests, ARRAY_SIZE(tests));
}
