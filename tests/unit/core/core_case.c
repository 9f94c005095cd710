/* SPDX-License-Identifier: Apache-2.0 */
/* A server without clients; see core_case.h. */
#include <config.h>

#include "tests/unit/core/core_case.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/container/container_subject.h"
#include "core/job/cpu_lease.h"
#include "core/log.h"
#include "core/pools/pool.h"
#include "core/state/journal.h"
#include "core/state/snapshot.h"
#include "lib/cleanup.h"
#include "tests/unit/unit.h"

enum { AWAIT_MS = 5000 };

/* A container as the backend knows it. */
struct counted_container {
	struct core_case *test;
	char id[12];
};

static struct counted_container *core_case_new_counted(struct core_case *test, const char *id)
{
	struct counted_container *counted = calloc(1, sizeof(*counted));

	if (!unit_true(counted != NULL))
		exit(EXIT_FAILURE);
	counted->test = test;
	snprintf(counted->id, sizeof(counted->id), "%s", id);
	return counted;
}

static void core_case_count_forget(void *container, uint32_t job_id)
{
	struct counted_container *counted = container;

	(void)job_id;
	counted->test->forgotten++;
}

static int core_case_count_signal(void *container, uint32_t job_id, int signal,
				  struct warden_error *err)
{
	struct counted_container *counted = container;

	(void)job_id;
	(void)signal;
	(void)err;
	counted->test->signals++;
	return 0;
}

static int core_case_reconnect(void *container, struct warden_restored *restored,
			       struct warden_error *err)
{
	const struct counted_container *counted = container;
	struct core_case *test = counted->test;

	(void)err;
	restored->alive = test->alive;
	if (test->unreachable > 0) {
		test->unreachable--;
		restored->alive = false;
		restored->unreachable = true;
		snprintf(restored->reason, sizeof(restored->reason), "it does not answer");
	}
	return 0;
}

static int core_case_restore(void *backend, const struct warden_identity *identity,
			     enum warden_restore_state state, void **container,
			     struct warden_restored *restored, struct warden_error *err)
{
	struct core_case *test = backend;

	if (test->failures > 0) {
		test->failures--;
		return warden_error_set(err, "no memory");
	}
	test->state = state;
	*container = core_case_new_counted(test, identity->id);
	return core_case_reconnect(*container, restored, err);
}

static void core_case_count_destroy(void *container)
{
	struct counted_container *counted = container;
	struct warden_host *host = &counted->test->server.host;

	counted->test->destroyed++;
	host->container_gone(host, counted->id);
	free(counted);
}

/* Each case has its own depot. */
static void core_case_configure(struct core_case *test)
{
	static unsigned cases;
	struct config *config = &test->config;

	config->logging.level = -1;
	config->server.job_output_limit = 1000;
	config->server.container_rootfs_path = (char *)"/";
	config->network.pool_network.s_addr = htonl(0x0afe0000);
	config->network.pool_size = 16;
	config->user.pool_start_uid = 10000;
	config->user.pool_size = 16;
	if (asprintf(&config->server.container_depot_path, "%s/%u", unit_directory(), cases++) < 0)
		exit(EXIT_FAILURE);
	unit_integer(mkdir(config->server.container_depot_path, 0700), 0);
}

struct core_case *core_case_open(void)
{
	struct core_case *test = calloc(1, sizeof(*test));
	struct warden_error err = {0};
	struct server *server;

	if (!test)
		exit(EXIT_FAILURE);
	server = &test->server;
	core_case_configure(test);
	test->container_klass.name = "counting";
	test->container_klass.job_forget = core_case_count_forget;
	test->container_klass.job_signal = core_case_count_signal;
	test->container_klass.restore = core_case_restore;
	test->container_klass.reconnect = core_case_reconnect;
	test->container_klass.destroy = core_case_count_destroy;
	test->container_klass.detach = free;
	server->config = &test->config;
	server->container_klass = &test->container_klass;
	server->subjects = container_subjects;
	server->drain_step = server_drain_step;
	server->backend = test;
	TAILQ_INIT(&server->connections);
	TAILQ_INIT(&server->idle);
	backend_host_init(server);
	uv_loop_init(&server->loop);
	server->journal = journal_new();
	unit_integer(log_open(&test->config, &err), 0);
	unit_integer(pools_open(server, &err), 0);
	unit_integer(backend_events_open(&server->events, &server->loop, backend_host_handle_events,
					 &err),
		     0);
	server->events.wakeup.data = server;
	server->operation_workers = workers_new(&server->loop, "operation", 2, 0, &err);
	server->output_workers = workers_new(&server->loop, "output", 2, 0, &err);
	server->send_workers = workers_new(&server->loop, "send", 2, 0, &err);
	server->remove_workers = workers_new(&server->loop, "remove", 1, 0, &err);
	unit_string(err.message, "");
	return test;
}

void core_case_settle(struct core_case *test)
{
	while (workers_are_busy(test->server.operation_workers) ||
	       workers_are_busy(test->server.output_workers) ||
	       workers_are_busy(test->server.send_workers) ||
	       workers_are_busy(test->server.remove_workers))
		uv_run(&test->server.loop, UV_RUN_ONCE);
}

void core_case_forget(struct core_case *test)
{
	struct registry *registry = &test->server.registry;
	struct container *c;

	core_case_settle(test);
	while ((c = TAILQ_FIRST(&registry->listed))) {
		free(c->backend);
		registry_remove(registry, c);
		container_free(c);
	}
}

static void core_case_close_handle(uv_handle_t *handle, void *unused)
{
	(void)unused;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

void core_case_close(struct core_case *test)
{
	struct server *server = &test->server;

	core_case_forget(test);
	unit_unsigned(server->registry.n, 0);
	workers_free(server->operation_workers);
	workers_free(server->output_workers);
	workers_free(server->send_workers);
	workers_free(server->remove_workers);
	uv_walk(&server->loop, core_case_close_handle, NULL);
	while (uv_run(&server->loop, UV_RUN_DEFAULT) != 0)
		;
	unit_integer(uv_loop_close(&server->loop), 0);
	backend_events_close(&server->events);
	pools_close(server);
	cpu_lease_free(server);
	journal_free(server->journal);
	client_accounts_free(server);
	free(test->config.server.container_depot_path);
	free(test);
}

struct container *core_case_container(struct core_case *test, const char *handle)
{
	struct server *server = &test->server;
	struct container *c = container_new(server, NULL, handle);
	uint32_t network = 0;

	if (!unit_true(c != NULL))
		exit(EXIT_FAILURE);
	unit_true(asprintf(&c->path, "%s/%s", server->settings.depot_path, c->id) > 0);
	unit_integer(mkdirat(server->depot_fd, c->id, 0700), 0);
	c->dir_fd = openat(server->depot_fd, c->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unit_integer(mkdirat(c->dir_fd, "etc", 0700), 0);
	c->identity.path = c->path;
	c->identity.dir_fd = c->dir_fd;
	c->owns_network = pool_take(server->networks, 0, &network) == 0;
	c->owns_uid = pool_take(server->uids, 0, &c->identity.uid) == 0;
	c->owns_slot = pool_take(server->slots, 0, &c->identity.slot) == 0;
	unit_true(c->owns_network && c->owns_uid && c->owns_slot);
	identity_set_network(&c->identity, (struct in_addr){htonl(network)});
	c->rootfs = strdup("/");
	c->state = STATE_ACTIVE;
	c->grace_time = GRACE_NEVER;
	c->alive = true;
	c->backend = core_case_new_counted(test, c->id);
	registry_add(&server->registry, c);
	registry_list(&server->registry, c);
	return c;
}

void core_case_save(const struct container *c)
{
	_cleanup_free_ char *text = snapshot_whole_text(c);
	struct warden_error err = {0};

	unit_integer(snapshot_write(c, text, &err), 0);
	unit_integer(identity_write(c, &err), 0);
	unit_string(err.message, "");
}

struct job *core_case_job(struct container *c, uint32_t id, bool discard)
{
	struct job_options options = {
		.script = (uint8_t *)"",
		.discard_output = discard,
		.output_limit = c->server->config->server.job_output_limit,
	};
	struct job *job = job_new(c, id);

	return job && job_configure(job, &options) ? job : NULL;
}

static void core_case_note_timeout(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

bool core_case_await(struct core_case *test, const struct job *job)
{
	bool late = false;
	uv_timer_t *timer = timer_start(&test->server, AWAIT_MS, core_case_note_timeout, &late);

	while (!job->settled && !late)
		uv_run(&test->server.loop, UV_RUN_ONCE);
	timer_stop(&timer);
	core_case_settle(test);
	return job->settled;
}

char *core_case_read(const struct container *c, const char *path, size_t *size)
{
	_cleanup_close_ int fd = openat(c->dir_fd, path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	ssize_t got;
	char *text;

	if (fd < 0 || fstat(fd, &status) < 0)
		return NULL;
	text = calloc(1, (size_t)status.st_size + 1);
	got = text ? read(fd, text, (size_t)status.st_size) : 0;
	*size = got > 0 ? (size_t)got : 0;
	return text;
}
