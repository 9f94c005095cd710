/* SPDX-License-Identifier: Apache-2.0 */
/* The depot at the daemon's start: what lives is recovered, what is dead or incomplete is removed,
 * what is not understood is set aside. */
#include <config.h>

#include "tests/unit/core/core_case.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/pools/pool.h"
#include "core/pools/ports.h"
#include "core/rules/rules.h"
#include "core/state/recovery.h"
#include "core/state/set_aside.h"
#include "core/state/snapshot.h"
#include "lib/cleanup.h"

/* A container as it was before the daemon ended. */
struct recovery_before {
	struct core_case *test;
	char id[12];
	uint32_t network, uid, slot;
};

static struct recovery_before test_recovery_note_container(struct core_case *test,
							   const struct container *c)
{
	struct recovery_before before = {
		.test = test,
		.network = ntohl(c->identity.network.s_addr),
		.uid = c->identity.uid,
		.slot = c->identity.slot,
	};

	memcpy(before.id, c->id, sizeof(before.id));
	return before;
}

/* Makes a container of a daemon that was killed. */
static struct recovery_before test_recovery_leave_container(const char *handle)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, handle);
	struct recovery_before before = test_recovery_note_container(test, c);

	core_case_save(c);
	core_case_forget(test);
	test->alive = true;
	return before;
}

static void test_recovery_recover(struct core_case *test)
{
	struct warden_error err = {0};

	unit_integer(recovery_run(&test->server, &err), 0);
	unit_string(err.message, "");
}

static struct container *test_recovery_find(const struct recovery_before *before)
{
	return registry_find_id(&before->test->server.registry, before->id);
}

static bool test_recovery_exists(const struct core_case *test, const char *name)
{
	struct stat status;

	return fstatat(test->server.depot_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool test_recovery_tmp_is_empty(const struct core_case *test)
{
	_cleanup_closedir_ DIR *dir = fdopendir(dup(test->server.tmp_fd));
	unsigned entries = 0;

	if (!dir)
		return false;
	rewinddir(dir);
	while (readdir(dir))
		entries++;
	return entries == 2;
}

/* Expects that the container is removed and its resources are free. */
static void test_recovery_expect_gone(const struct recovery_before *before)
{
	struct server *server = &before->test->server;

	unit_true(test_recovery_find(before) == NULL);
	unit_false(test_recovery_exists(before->test, before->id));
	unit_true(test_recovery_tmp_is_empty(before->test));
	unit_integer(pool_take_value(server->networks, 0, before->network), 0);
	unit_integer(pool_take_value(server->uids, 0, before->uid), 0);
	unit_integer(pool_take_value(server->slots, 0, before->slot), 0);
}

static void test_recovery_rename(const struct recovery_before *before, const char *from,
				 const char *to)
{
	int fd = before->test->server.depot_fd;

	unit_integer(renameat(fd, from, fd, to), 0);
}

static void test_recovery_remove_file(const struct recovery_before *before, const char *name)
{
	_cleanup_free_ char *path = NULL;

	unit_true(asprintf(&path, "%s/%s", before->id, name) > 0);
	unit_integer(unlinkat(before->test->server.depot_fd, path, 0), 0);
}

static void test_recovery_write_file(const struct recovery_before *before, const char *name,
				     const char *text)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;

	unit_true(asprintf(&path, "%s/%s", before->id, name) > 0);
	fd = openat(before->test->server.depot_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		    0600);
	unit_integer(write(fd, text, strlen(text)), (int64_t)strlen(text));
}

static void a_living_container_is_recovered_with_its_resources(void)
{
	struct recovery_before before = test_recovery_leave_container("a/b");
	struct server *server = &before.test->server;
	struct container *c;

	test_recovery_recover(before.test);
	c = registry_find_handle(&server->registry, "a/b");
	if (unit_true(c != NULL && c == test_recovery_find(&before))) {
		unit_integer(c->state, STATE_ACTIVE);
		unit_true(c->alive && c->is_listed && c->backend);
		unit_unsigned(ntohl(c->identity.host_ip.s_addr), before.network + 1);
		unit_unsigned(ntohl(c->identity.container_ip.s_addr), before.network + 2);
		unit_unsigned(c->identity.uid, before.uid);
	}
	unit_integer(before.test->state, WARDEN_RESTORE_ACTIVE);
	unit_integer(pool_take_value(server->networks, 0, before.network), -1);
	unit_integer(pool_take_value(server->uids, 0, before.uid), -1);
	unit_integer(pool_take_value(server->slots, 0, before.slot), -1);
	unit_integer(before.test->destroyed, 0);
	core_case_close(before.test);
}

static void a_dead_container_is_destroyed_and_returns_its_resources(void)
{
	struct recovery_before before = test_recovery_leave_container("h");

	before.test->alive = false;
	test_recovery_recover(before.test);
	unit_integer(before.test->destroyed, 1);
	test_recovery_expect_gone(&before);
	core_case_close(before.test);
}

/* Expects that the directory is set aside as `name`, and that nobody gets what it names. */
static void test_recovery_expect_aside(const struct recovery_before *before, const char *name)
{
	struct server *server = &before->test->server;
	_cleanup_free_ char *path = NULL;

	unit_true(asprintf(&path, "damaged/%s", name) > 0);
	unit_true(test_recovery_exists(before->test, path));
	unit_true(set_aside_has_id(server, before->id));
	unit_integer(pool_take_value(server->networks, 0, before->network), -1);
	unit_integer(pool_take_value(server->uids, 0, before->uid), -1);
	unit_integer(pool_take_value(server->slots, 0, before->slot), -1);
}

static void a_container_with_a_damaged_snapshot_is_set_aside(void)
{
	static const char *const damaged[] = {"", "{", "{\"version\":1}", "\xff\xfe", "[]"};

	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		struct recovery_before before = test_recovery_leave_container("h");

		test_recovery_write_file(&before, "snapshot.json", damaged[i]);
		test_recovery_recover(before.test);
		unit_true(test_recovery_find(&before) == NULL);
		unit_integer(before.test->destroyed, 0);
		test_recovery_expect_aside(&before, before.id);
		core_case_close(before.test);
	}
}

static void a_snapshot_of_another_version_is_set_aside_and_stays_there(void)
{
	struct recovery_before before = test_recovery_leave_container("h");

	test_recovery_write_file(&before, "snapshot.json", "{\"version\":99,\"state\":\"active\"}");
	test_recovery_recover(before.test);
	test_recovery_expect_aside(&before, before.id);
	set_aside_free(&before.test->server);
	test_recovery_recover(before.test); /* as the next daemon */
	unit_unsigned(set_aside_count(&before.test->server), 1);
	test_recovery_expect_aside(&before, before.id);
	unit_integer(before.test->destroyed, 0);
	core_case_close(before.test);
}

/* Leaves a container with the host ports 80, which is in its last two snapshots, and 20005. */
static struct recovery_before test_recovery_leave_ports(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "h");
	struct recovery_before before = test_recovery_note_container(test, c);
	const uint16_t ports[] = {80, 20005};
	_cleanup_free_ char *text = NULL;
	struct warden_error err;
	size_t index;

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		const struct warden_in_rule rule = {.host_port = ports[i], .container_port = 1};

		unit_integer(rules_add_in(&c->rules, &rule, &index, &err), 0);
		unit_integer(ports_take_value(test->server.ports, 0, ports[i]), 0);
		if (i == 0)
			core_case_save(c);
	}
	text = snapshot_text(c);
	unit_integer(snapshot_write(c, text, &err), 0);
	core_case_forget(test);
	test->alive = true;
	return before;
}

static void ports_of_what_is_set_aside_are_given_to_nobody(void)
{
	static const char *const damaged[] = {
		"{", "{\"rules\":{\"in\":[5,{\"protocol\":0,\"host_port\":80,"
		     "\"container_port\":1}]}}"};

	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		struct recovery_before before = test_recovery_leave_ports();
		struct server *server = &before.test->server;

		test_recovery_write_file(&before, "snapshot.json", damaged[i]);
		for (int start = 0; start < 2; start++) {
			test_recovery_recover(before.test);
			unit_unsigned(set_aside_count(server), 1);
			unit_integer(ports_take_value(server->ports, 0, 80), -1);
			ports_release(server->ports, 0, 80);
			set_aside_free(server);
		}
		core_case_close(before.test);
	}
}

static void a_directory_that_is_not_recovered_frees_no_port_of_another(void)
{
	struct recovery_before before = test_recovery_leave_ports();
	struct server *server = &before.test->server;

	test_recovery_rename(&before, before.id, "elsewhere");
	/* Another container has one of its ports. */
	unit_integer(ports_take_value(server->ports, 0, 80), 0);
	test_recovery_recover(before.test);
	unit_integer(ports_take_value(server->ports, 0, 80), -1);
	unit_integer(ports_take_value(server->ports, 0, 20005), -1);
	core_case_close(before.test);
}

static void a_moved_container_that_is_dead_keeps_its_ports(void)
{
	struct recovery_before before = test_recovery_leave_ports();

	before.test->alive = false;
	test_recovery_rename(&before, before.id, "elsewhere");
	test_recovery_recover(before.test);
	test_recovery_expect_aside(&before, "elsewhere");
	unit_integer(ports_take_value(before.test->server.ports, 0, 80), -1);
	unit_integer(ports_take_value(before.test->server.ports, 0, 20005), -1);
	core_case_close(before.test);
}

/* Waits until the container has the state. */
static bool test_recovery_await_state(const struct recovery_before *before,
				      enum container_state state)
{
	struct container *c = test_recovery_find(before);

	for (int i = 0; i < 500 && (!c || c->state != state); i++) {
		usleep(10000);
		uv_run(&before->test->server.loop, UV_RUN_NOWAIT);
		c = test_recovery_find(before);
	}
	return c && c->state == state;
}

static void a_container_is_unreachable_until_it_answers(void)
{
	struct recovery_before before = test_recovery_leave_container("h");
	struct container *c;

	before.test->alive = false;
	before.test->unreachable = 1000;
	test_recovery_recover(before.test);
	c = registry_find_handle(&before.test->server.registry, "h");
	if (unit_true(c != NULL)) {
		unit_integer(c->state, STATE_UNREACHABLE);
		unit_string(c->recovery->reason, "it does not answer");
		unit_true(c->is_listed && !c->is_idle);
	}
	unit_integer(before.test->destroyed, 0);
	before.test->alive = true;
	before.test->unreachable = 0;
	unit_true(test_recovery_await_state(&before, STATE_ACTIVE));
	core_case_close(before.test);
}

static void a_restore_that_fails_is_repeated(void)
{
	struct recovery_before before = test_recovery_leave_container("h");

	before.test->failures = 5;
	test_recovery_recover(before.test);
	unit_true(test_recovery_await_state(&before, STATE_ACTIVE));
	unit_integer(before.test->failures, 0);
	unit_integer(before.test->destroyed, 0);
	core_case_close(before.test);
}

static void a_container_that_dies_while_unreachable_is_destroyed(void)
{
	struct recovery_before before = test_recovery_leave_container("h");
	struct server *server = &before.test->server;

	before.test->alive = false;
	before.test->unreachable = 1000;
	test_recovery_recover(before.test);
	server->host.init_died(&server->host, before.id);
	for (int i = 0; i < 500 && test_recovery_find(&before); i++) {
		usleep(10000);
		uv_run(&server->loop, UV_RUN_NOWAIT);
	}
	unit_integer(before.test->destroyed, 1);
	test_recovery_expect_gone(&before);
	core_case_close(before.test);
}

static void a_container_is_unreachable_until_its_files_can_be_read(void)
{
	struct recovery_before before = test_recovery_leave_container("h");
	struct rlimit limit, low;
	struct container *c;
	int fd = dup(0); /* the lowest free descriptor */

	close(fd);
	getrlimit(RLIMIT_NOFILE, &limit);
	low = (struct rlimit){(rlim_t)fd + 2, limit.rlim_max}; /* its directory, and one more */
	setrlimit(RLIMIT_NOFILE, &low);
	test_recovery_recover(before.test);
	c = test_recovery_find(&before);
	if (unit_true(c != NULL)) {
		unit_integer(c->state, STATE_UNREACHABLE);
		unit_contains(c->recovery->reason, "oo many open files");
	}
	unit_integer(before.test->destroyed, 0);
	setrlimit(RLIMIT_NOFILE, &limit);
	unit_true(test_recovery_await_state(&before, STATE_ACTIVE));
	unit_true(registry_find_handle(&before.test->server.registry, "h") != NULL);
	unit_integer(pool_take_value(before.test->server.networks, 0, before.network), -1);
	unit_unsigned(before.test->server.unidentified, 0);
	core_case_close(before.test);
}

static void a_copy_is_set_aside_and_the_original_stays(void)
{
	static const char *const names[] = {"0", "zz", "00000000000", "vvvvvvvvvvv"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct recovery_before before = test_recovery_leave_container("h");
		_cleanup_free_ char *command = NULL;

		unit_true(asprintf(&command, "cd '%s' && cp -a %s %s",
				   before.test->server.settings.depot_path, before.id,
				   names[i]) > 0);
		unit_integer(system(command), 0);
		test_recovery_recover(before.test);
		if (unit_true(test_recovery_find(&before) != NULL))
			unit_string(test_recovery_find(&before)->name, before.id);
		test_recovery_expect_aside(&before, names[i]);
		unit_integer(before.test->destroyed, 0);
		core_case_close(before.test);
	}
}

static void a_container_whose_create_was_not_answered_is_destroyed(void)
{
	struct recovery_before before = test_recovery_leave_container("h");

	test_recovery_remove_file(&before, "snapshot.json");
	test_recovery_recover(before.test);
	unit_integer(before.test->state, WARDEN_RESTORE_BORN);
	unit_integer(before.test->destroyed, 1);
	test_recovery_expect_gone(&before);
	core_case_close(before.test);
}

static void a_container_without_config_is_identified_by_its_snapshot(void)
{
	struct recovery_before before = test_recovery_leave_container("h");
	struct container *c;

	test_recovery_remove_file(&before, "etc/config");
	test_recovery_recover(before.test);
	c = test_recovery_find(&before);
	if (unit_true(c != NULL)) {
		unit_unsigned(ntohl(c->identity.network.s_addr), before.network);
		unit_unsigned(c->identity.uid, before.uid);
		unit_unsigned(c->identity.slot, before.slot);
	}
	core_case_close(before.test);
}

static void an_incomplete_directory_is_destroyed(void)
{
	struct recovery_before before = test_recovery_leave_container("h");

	test_recovery_remove_file(&before, "etc/config");
	test_recovery_remove_file(&before, "snapshot.json");
	test_recovery_recover(before.test);
	unit_integer(before.test->destroyed, 1);
	test_recovery_expect_gone(&before);
	core_case_close(before.test);
}

static void a_moved_container_is_found_in_its_new_directory(void)
{
	struct recovery_before before = test_recovery_leave_container("h");
	struct container *c;

	test_recovery_rename(&before, before.id, "elsewhere");
	test_recovery_recover(before.test);
	c = test_recovery_find(&before);
	if (unit_true(c != NULL))
		unit_contains(c->path, "/elsewhere");
	unit_true(test_recovery_exists(before.test, "elsewhere"));
	core_case_close(before.test);
}

static void a_container_in_tmp_is_removed(void)
{
	struct recovery_before before = test_recovery_leave_container("h");
	_cleanup_free_ char *path = NULL;

	unit_true(asprintf(&path, "tmp/%s", before.id) > 0);
	test_recovery_rename(&before, before.id, path);
	test_recovery_recover(before.test);
	unit_integer(before.test->destroyed, 1);
	test_recovery_expect_gone(&before);
	core_case_close(before.test);
}

static void a_moved_container_that_is_dead_is_set_aside(void)
{
	struct recovery_before before = test_recovery_leave_container("h");

	before.test->alive = false;
	test_recovery_rename(&before, before.id, "elsewhere");
	test_recovery_recover(before.test);
	unit_integer(before.test->destroyed, 0);
	unit_true(test_recovery_find(&before) == NULL);
	test_recovery_expect_aside(&before, "elsewhere");
	core_case_close(before.test);
}

static void files_stay_and_foreign_directories_are_set_aside(void)
{
	struct recovery_before before = test_recovery_leave_container("h");
	int fd = before.test->server.depot_fd;

	unit_integer(mkdirat(fd, "lost+found", 0700), 0);
	unit_integer(mkdirat(fd, "folder", 0700), 0);
	unit_integer(symlinkat("/", fd, "link"), 0);
	close(openat(fd, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)); /* only to create it */
	unit_integer(mkdirat(fd, "tmp/folder", 0700), 0);
	test_recovery_recover(before.test);
	unit_true(test_recovery_exists(before.test, "lost+found"));
	unit_true(test_recovery_exists(before.test, "damaged/folder"));
	unit_false(test_recovery_exists(before.test, "folder"));
	unit_true(test_recovery_exists(before.test, "link"));
	unit_true(test_recovery_exists(before.test, "file"));
	unit_unsigned(set_aside_count(&before.test->server), 1);
	unit_true(test_recovery_tmp_is_empty(before.test));
	unit_true(test_recovery_find(&before) != NULL);
	core_case_close(before.test);
}

static void of_two_containers_with_one_handle_the_older_stays(void)
{
	struct core_case *test = core_case_open();
	struct container *one = core_case_container(test, "one"),
			 *two = core_case_container(test, "two");
	struct recovery_before older = test_recovery_note_container(test, one),
			       newer = test_recovery_note_container(test, two);

	free(two->handle);
	two->handle = strdup("one");
	core_case_save(one);
	core_case_save(two);
	free(two->handle); /* the registry's key */
	two->handle = strdup("two");
	core_case_forget(test);
	test->alive = true;
	test_recovery_recover(test);
	unit_true(registry_find_handle(&test->server.registry, "one") ==
		  test_recovery_find(&older));
	unit_true(test_recovery_find(&older) != NULL);
	unit_integer(test->destroyed, 0);
	test_recovery_expect_aside(&newer, newer.id);
	core_case_close(test);
}

static void the_list_is_in_the_order_of_creation_in_any_directory(void)
{
	struct core_case *test = core_case_open();
	struct recovery_before before[3];
	struct container *c;
	size_t i = 0;

	for (; i < ARRAY_SIZE(before); i++) {
		static const char *const handles[] = {"c", "b", "a"};

		c = core_case_container(test, handles[i]);
		core_case_save(c);
		before[i] = test_recovery_note_container(test, c);
	}
	core_case_forget(test);
	test->alive = true;
	test_recovery_rename(&before[0], before[0].id, "zz");
	test_recovery_recover(test);
	i = 0;
	TAILQ_FOREACH(c, &test->server.registry.listed, listed)
		unit_string(c->id, i < ARRAY_SIZE(before) ? before[i++].id : "");
	unit_unsigned(i, ARRAY_SIZE(before));
	core_case_close(test);
}

static void ids_of_jobs_continue_and_a_lost_job_has_no_status(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "h");
	struct recovery_before before = test_recovery_note_container(test, c);
	struct job *job = core_case_job(c, 41, false);

	if (!unit_true(job != NULL))
		return;
	core_case_save(c);
	core_case_forget(test);
	test->alive = true;
	test_recovery_recover(test);
	c = test_recovery_find(&before);
	job = c ? job_find(c, 41) : NULL;
	if (unit_true(job != NULL)) {
		unit_true(core_case_await(test, job));
		unit_unsigned(job_exit_status(job), 255);
		unit_unsigned(job->end.wall_us, WARDEN_UNKNOWN);
		unit_unsigned(job->end.peak_memory, WARDEN_UNKNOWN);
	}
	unit_unsigned(test->server.last_job_id, 41);
	core_case_close(test);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(a_living_container_is_recovered_with_its_resources),
		UNIT_TEST(a_dead_container_is_destroyed_and_returns_its_resources),
		UNIT_TEST(a_container_with_a_damaged_snapshot_is_set_aside),
		UNIT_TEST(a_snapshot_of_another_version_is_set_aside_and_stays_there),
		UNIT_TEST(ports_of_what_is_set_aside_are_given_to_nobody),
		UNIT_TEST(a_directory_that_is_not_recovered_frees_no_port_of_another),
		UNIT_TEST(a_moved_container_that_is_dead_keeps_its_ports),
		UNIT_TEST(a_container_is_unreachable_until_it_answers),
		UNIT_TEST(a_restore_that_fails_is_repeated),
		UNIT_TEST(a_container_that_dies_while_unreachable_is_destroyed),
		UNIT_TEST(a_container_is_unreachable_until_its_files_can_be_read),
		UNIT_TEST(a_copy_is_set_aside_and_the_original_stays),
		UNIT_TEST(a_moved_container_that_is_dead_is_set_aside),
		UNIT_TEST(a_container_whose_create_was_not_answered_is_destroyed),
		UNIT_TEST(a_container_without_config_is_identified_by_its_snapshot),
		UNIT_TEST(an_incomplete_directory_is_destroyed),
		UNIT_TEST(a_moved_container_is_found_in_its_new_directory),
		UNIT_TEST(a_container_in_tmp_is_removed),
		UNIT_TEST(files_stay_and_foreign_directories_are_set_aside),
		UNIT_TEST(of_two_containers_with_one_handle_the_older_stays),
		UNIT_TEST(the_list_is_in_the_order_of_creation_in_any_directory),
		UNIT_TEST(ids_of_jobs_continue_and_a_lost_job_has_no_status),
	};

	return unit_main(argc, argv, "recovery", tests, ARRAY_SIZE(tests));
}
