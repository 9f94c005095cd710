/* SPDX-License-Identifier: Apache-2.0 */
/* The depot at the daemon's start: living containers are recovered, all else is removed. */
#include <config.h>

#include "tests/unit/core/core_case.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/pools/pool.h"
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

static void a_living_container_with_a_damaged_snapshot_is_destroyed(void)
{
	static const char *const damaged[] = {"", "{", "{\"version\":1}", "\xff\xfe"};

	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		struct recovery_before before = test_recovery_leave_container("h");

		test_recovery_write_file(&before, "snapshot.json", damaged[i]);
		test_recovery_recover(before.test);
		unit_integer(before.test->state, WARDEN_RESTORE_BORN);
		unit_integer(before.test->destroyed, 1);
		test_recovery_expect_gone(&before);
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

static void foreign_entries_are_removed_except_lost_found(void)
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
	unit_false(test_recovery_exists(before.test, "folder"));
	unit_false(test_recovery_exists(before.test, "link"));
	unit_false(test_recovery_exists(before.test, "file"));
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
	unit_integer(test->destroyed, 1);
	test_recovery_expect_gone(&newer);
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
		UNIT_TEST(a_living_container_with_a_damaged_snapshot_is_destroyed),
		UNIT_TEST(a_container_whose_create_was_not_answered_is_destroyed),
		UNIT_TEST(a_container_without_config_is_identified_by_its_snapshot),
		UNIT_TEST(an_incomplete_directory_is_destroyed),
		UNIT_TEST(a_moved_container_is_found_in_its_new_directory),
		UNIT_TEST(a_container_in_tmp_is_removed),
		UNIT_TEST(foreign_entries_are_removed_except_lost_found),
		UNIT_TEST(of_two_containers_with_one_handle_the_older_stays),
		UNIT_TEST(the_list_is_in_the_order_of_creation_in_any_directory),
		UNIT_TEST(ids_of_jobs_continue_and_a_lost_job_has_no_status),
	};

	return unit_main(argc, argv, "recovery", tests, ARRAY_SIZE(tests));
}
