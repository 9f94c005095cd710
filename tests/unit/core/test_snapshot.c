/* SPDX-License-Identifier: Apache-2.0 */
/* A container is read completely from disk; damaged files are refused. */
#include <config.h>

#include "tests/unit/core/core_case.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/job/job.h"
#include "core/pools/ports.h"
#include "core/rules/rules.h"
#include "core/state/snapshot.h"
#include "lib/cleanup.h"

#define ODD_HANDLE "a/b \"q\" \\ \n\t\x01 \xc3\xa4 \xf0\x9f\x98\x80"

/* Writes the snapshot and reads it into another container with the same directory. */
static struct container *test_snapshot_copy(struct core_case *test, const struct container *c)
{
	struct container *copy = container_new(&test->server, c->id, NULL);
	_cleanup_free_ char *text = snapshot_whole_text(c);
	struct warden_error err;

	unit_integer(snapshot_write(c, text, &err), 0);
	copy->path = strdup(c->path);
	copy->dir_fd = fcntl(c->dir_fd, F_DUPFD_CLOEXEC, 0);
	if (!unit_integer(snapshot_read(copy, &err), 0))
		unit_fail(err.message);
	return copy;
}

static void a_container_is_restored_completely(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, ODD_HANDLE), *copy;

	c->state = STATE_STOPPED;
	c->grace_time = 17;
	free(c->rootfs);
	c->rootfs = strdup("/a \xc3\xa4/\"r\"");
	c->bind_mounts = calloc(2, sizeof(*c->bind_mounts));
	c->n_bind_mounts = 2;
	c->bind_mounts[0] = (struct warden_bind_mount){strdup("/s"), strdup("/d"), true};
	c->bind_mounts[1] = (struct warden_bind_mount){strdup("/s2"), strdup("/d2"), false};
	container_note_event(c, "command exceeded maximum output");
	copy = test_snapshot_copy(test, c);
	unit_string(copy->handle, ODD_HANDLE);
	unit_integer(copy->state, STATE_STOPPED);
	unit_unsigned(copy->grace_time, 17);
	unit_string(copy->rootfs, c->rootfs);
	unit_unsigned(copy->n_bind_mounts, 2);
	unit_string(copy->bind_mounts[0].src_path, "/s");
	unit_true(copy->bind_mounts[0].writable);
	unit_string(copy->bind_mounts[1].dst_path, "/d2");
	unit_false(copy->bind_mounts[1].writable);
	unit_unsigned(copy->n_events, 1);
	unit_string(copy->events[0], "command exceeded maximum output");
	container_free(copy);
	core_case_close(test);
}

static void never_and_at_once_are_grace_times(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "a"), *copy;

	c->grace_time = GRACE_NEVER;
	copy = test_snapshot_copy(test, c);
	unit_unsigned(copy->grace_time, GRACE_NEVER);
	container_free(copy);
	c->grace_time = 0;
	copy = test_snapshot_copy(test, c);
	unit_unsigned(copy->grace_time, 0);
	container_free(copy);
	core_case_close(test);
}

static void jobs_are_restored_with_the_state_of_their_end(void)
{
	const struct warden_job_end end = {.exit_status = 9,
					   .signal = 0,
					   .start_error = "no \"shell\"",
					   .wall_us = 12,
					   .peak_memory = WARDEN_UNKNOWN};
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "a"), *copy;
	struct job *runs = core_case_job(c, 4, true), *over = core_case_job(c, 5, false);
	struct job *gone = core_case_job(c, 6, false), *seen;

	over->over_limit = true;
	job_end(over, &end);
	job_read(over, -1, -1);
	gone->collected = true;
	core_case_settle(test);
	copy = test_snapshot_copy(test, c);
	unit_true(job_find(copy, 6) == NULL);
	seen = job_find(copy, runs->id);
	if (unit_true(seen != NULL)) {
		unit_true(seen->discard);
		unit_false(seen->ended || seen->over_limit);
	}
	seen = job_find(copy, over->id);
	if (unit_true(seen != NULL)) {
		unit_true(seen->settled && seen->over_limit && !seen->discard);
		unit_integer(seen->end.exit_status, 9);
		unit_string(seen->end.start_error, "no \"shell\"");
		unit_unsigned(seen->end.wall_us, 12);
		unit_unsigned(seen->end.peak_memory, WARDEN_UNKNOWN);
	}
	container_free(copy);
	core_case_close(test);
}

static void a_write_replaces_existing_files(void)
{
	static const char *const texts[] = {"first", "second, which is longer", "third", "4"};
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "a");
	int fd = openat(c->dir_fd, "snapshot.json.new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	struct warden_error err;

	unit_integer(write(fd, "what a daemon that was killed has left", 38), 38);
	close(fd);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		size_t size = 0;
		char *text;

		unit_integer(snapshot_write(c, texts[i], &err), 0);
		text = core_case_read(c, "snapshot.json", &size);
		unit_string(text, texts[i]);
		free(text);
	}
	core_case_close(test);
}

static void a_damaged_snapshot_is_an_error(void)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"null",
		"{}",
		"{\"version\":2,\"handle\":\"h\",\"state\":\"active\",\"grace_time\":1,\"rootfs\":"
		"\"/\"}",
		"{\"version\":1,\"handle\":7,\"state\":\"active\",\"grace_time\":1,\"rootfs\":\"/"
		"\"}",
		"{\"version\":1,\"handle\":\"\",\"state\":\"active\",\"grace_time\":1,\"rootfs\":"
		"\"/\"}",
		"{\"version\":1,\"handle\":\"h\",\"state\":\"odd\",\"grace_time\":1,\"rootfs\":\"/"
		"\"}",
		"{\"version\":1,\"handle\":\"h\",\"state\":\"active\",\"grace_time\":-2,\"rootfs\":"
		"\"/\"}",
		"{\"version\":1,\"handle\":\"h\",\"state\":\"active\",\"grace_time\":1,\"rootfs\":"
		"\"/\","
		"\"jobs\":[{\"id\":0,\"discard_output\":false,\"over_limit\":false}]}",
		"{\"version\":1,\"handle\":\"h\",\"state\":\"active\",\"grace_time\":1,\"rootfs\":"
		"\"/\","
		"\"jobs\":[7]}",
	};
	struct core_case *test = core_case_open();
	struct warden_error err;

	unit_integer(snapshot_read(core_case_container(test, "none"), &err), -1);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct container *c = core_case_container(test, texts[i]);

		unit_integer(snapshot_write(c, texts[i], &err), 0);
		if (!unit_integer(snapshot_read(c, &err), -1))
			unit_fail(texts[i]);
		else
			unit_contains(err.message, c->path);
	}
	core_case_close(test);
}

static void the_identity_is_restored_from_either_file(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "a");
	struct warden_identity seen = {0};
	struct snapshot_claims claims;
	struct warden_error err;
	_cleanup_free_ char *text = NULL;
	char id[12];

	c->identity.uid = 10007;
	c->identity.slot = 4095;
	identity_set_network(&c->identity, (struct in_addr){htonl(0x0afe0010)});
	text = snapshot_whole_text(c);
	unit_integer(snapshot_write(c, text, &err), 0);
	unit_integer(identity_write(c, &err), 0);
	unit_integer(identity_read(c->dir_fd, id, &seen, &err), 0);
	unit_string(id, c->id);
	for (int i = 0; i < 2; i++) {
		unit_unsigned(seen.uid, 10007);
		unit_unsigned(seen.slot, 4095);
		unit_unsigned(ntohl(seen.network.s_addr), 0x0afe0010);
		unit_unsigned(ntohl(seen.host_ip.s_addr), 0x0afe0011);
		unit_unsigned(ntohl(seen.container_ip.s_addr), 0x0afe0012);
		snapshot_read_claims(c->dir_fd, &claims);
		unit_true(claims.has_identity);
		seen = claims.identity;
		rules_free(&claims.rules);
	}
	core_case_close(test);
}

/* As 0.1.0 wrote them. */
static void jobs_in_an_array_are_read(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "a"), *copy;
	_cleanup_free_ char *whole = NULL, *text = NULL;
	json_t *json, *array = json_array(), *jobs;
	struct warden_error err;

	for (uint32_t i = 7; i < 9; i++) {
		struct job *made = job_new(c, i);

		made->command = strdup("true");
		made->user = strdup("vcap");
	}
	whole = snapshot_whole_text(c);
	json = json_loads(whole, 0, NULL);
	jobs = json_object_get(json, "jobs");
	for (void *at = json_object_iter(jobs); at; at = json_object_iter_next(jobs, at))
		json_array_append(array, json_object_iter_value(at));
	unit_unsigned(json_array_size(array), 2);
	json_object_set_new(json, "jobs", array);
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	unit_integer(snapshot_write(c, text, &err), 0);
	copy = container_new(&test->server, c->id, NULL);
	copy->path = strdup(c->path);
	copy->dir_fd = fcntl(c->dir_fd, F_DUPFD_CLOEXEC, 0);
	if (!unit_integer(snapshot_read(copy, &err), 0))
		unit_fail(err.message);
	unit_true(job_find(copy, 7) && job_find(copy, 8));
	container_free(copy);
	core_case_close(test);
}

static void an_invalid_snapshot_releases_no_port_of_another_container(void)
{
	static const char text[] =
		"{\"version\": 1, \"handle\": \"b\", \"state\": \"active\", \"grace_time\": 1,"
		" \"rootfs\": \"/\", \"options\": {\"env\": [5]}, \"rules\": {\"out\": [], \"in\":"
		" [{\"protocol\": 0, \"host_port\": 80, \"container_port\": 80}]}}";
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "a"), *copy;
	struct warden_error err = {0};

	unit_integer(ports_take_value(test->server.ports, 0, 80), 0);
	unit_integer(snapshot_write(c, text, &err), 0);
	copy = container_new(&test->server, c->id, NULL);
	copy->path = strdup(c->path);
	copy->dir_fd = fcntl(c->dir_fd, F_DUPFD_CLOEXEC, 0);
	unit_integer(snapshot_read(copy, &err), -1);
	unit_contains(err.message, "is incomplete, invalid");
	container_free(copy);
	unit_integer(ports_take_value(test->server.ports, 0, 80), -1);
	core_case_close(test);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(a_container_is_restored_completely),
		UNIT_TEST(never_and_at_once_are_grace_times),
		UNIT_TEST(jobs_are_restored_with_the_state_of_their_end),
		UNIT_TEST(a_write_replaces_existing_files),
		UNIT_TEST(a_damaged_snapshot_is_an_error),
		UNIT_TEST(the_identity_is_restored_from_either_file),
		UNIT_TEST(jobs_in_an_array_are_read),
		UNIT_TEST(an_invalid_snapshot_releases_no_port_of_another_container),
	};

	return unit_main(argc, argv, "snapshot", tests, ARRAY_SIZE(tests));
}
