/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about the daemon and its use of the host; see status_facts.h. */
#include <config.h>

#include "core/health/status_facts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/backend/backend_call.h"
#include "core/config/config.h"
#include "core/container/container.h"
#include "core/pools/pool.h"
#include "core/server.h"
#include "core/state/set_aside.h"

struct status_query {
	uv_work_t work;
	struct server *server;
	struct facts facts;
	status_facts_function *done;
	void *data;
	int result;
	struct warden_error err;
};

static void __attribute__((format(printf, 4, 5)))
status_facts_add_fact(struct facts *facts, const char *name, bool good, const char *format, ...)
{
	struct warden_fact fact = {.size = sizeof(fact), .name = name, .good = good};
	char *value;
	va_list args;

	va_start(args, format);
	if (vasprintf(&value, format, args) < 0)
		value = NULL;
	va_end(args);
	fact.value = value;
	if (value)
		facts_add(facts, &fact);
	else
		facts->failed = true;
	free(value);
}

/* The free entries of a pool. No container can be created while it is empty. */
static void status_facts_add_pool(struct facts *facts, const char *name, struct pool *pool,
				  uint64_t now)
{
	uint32_t left = pool_available(pool, now), size = pool_size(pool);
	char value[64];
	const struct warden_fact fact = {
		.size = sizeof(fact),
		.name = name,
		.value = value,
		.good = left > 0,
		.effect = left > 0 ? NULL : "no container can be made",
		.remedy =
			left > 0 ? NULL : "destroy containers, or enlarge the pool in the settings",
	};

	snprintf(value, sizeof(value), "%" PRIu32 " of %" PRIu32 " free", left, size);
	facts_add(facts, &fact);
}

/* Containers of an earlier daemon that need somebody's attention. */
static void status_facts_add_recovery(struct facts *facts, const struct server *server)
{
	size_t unreachable = registry_count(&server->registry, STATE_UNREACHABLE);
	size_t aside = set_aside_count(server);
	char value[32];
	struct warden_fact fact = {.size = sizeof(fact), .value = value};

	snprintf(value, sizeof(value), "%zu", unreachable);
	fact.name = "unreachable containers";
	fact.effect = "they run, and can only be destroyed";
	fact.remedy = "see the reason in `warden info`; they are asked again and again";
	if (unreachable > 0)
		facts_add(facts, &fact);
	snprintf(value, sizeof(value), "%zu", aside);
	fact.name = "directories set aside";
	fact.effect = "their networks and user ids are reserved, their processes live on";
	fact.remedy = "repair them and move them back, or remove them, while no daemon runs";
	if (aside > 0)
		facts_add(facts, &fact);
}

/* Owner and mode are read, since a service manager's socket has its own. */
static void status_facts_add_socket(struct facts *facts, const struct config *config)
{
	const char *path = config->server.unix_domain_path;
	struct stat status;

	if (lstat(path, &status) < 0)
		status_facts_add_fact(facts, "socket", false, "%s: %s", path, strerror(errno));
	else
		status_facts_add_fact(facts, "socket", true, "%s, mode %04o, owner %u, group %u",
				      path, (unsigned)status.st_mode & 07777,
				      (unsigned)status.st_uid, (unsigned)status.st_gid);
}

static void status_facts_print_names(FILE *file, const char *what, char *const *names)
{
	for (size_t i = 0; names[i]; i++)
		fprintf(file, "%s%s", i == 0 ? what : ", ", names[i]);
}

/* Who may talk to the daemon. */
static void status_facts_add_clients(struct facts *facts, const struct config *config)
{
	char *value = NULL;
	size_t size;
	FILE *file = open_memstream(&value, &size);

	if (!file) {
		facts->failed = true;
		return;
	}
	fprintf(file, "root, the daemon's user");
	if (config->clients.user_ids.n == 0 && config->clients.group_ids.n == 0)
		fprintf(file, ", whom the socket's mode lets in");
	status_facts_print_names(file, "; users ", config->clients.users);
	status_facts_print_names(file, "; groups ", config->clients.groups);
	status_facts_print_names(file, "; read-only users ", config->clients.read_only_users);
	status_facts_print_names(file, "; read-only groups ", config->clients.read_only_groups);
	fprintf(file, "; never a container's user");
	if (fclose(file) == 0)
		status_facts_add_fact(facts, "who may talk", true, "%s", value);
	else
		facts->failed = true;
	free(value);
}

static void status_facts_add_prepared(struct facts *facts, const struct server *server)
{
	const struct prepared *prepared = &server->prepared;

	if (!prepared_is_on(server))
		status_facts_add_fact(facts, "prepared containers", true, "off");
	else
		status_facts_add_fact(facts, "prepared containers", true,
				      "%u ready, %" PRIu64 " creates were given one, %" PRIu64
				      " found none",
				      prepared->n, prepared->hits, prepared->misses);
}

static void status_facts_add_own(struct facts *facts, const struct server *server)
{
	const struct config *config = server->config;
	uint64_t now = uv_now(&server->loop);
	char bounds[256];

	status_facts_add_fact(facts, "settings", true, "%s",
			      config->file ? config->file : "built-in");
	status_facts_add_socket(facts, config);
	status_facts_add_clients(facts, config);
	client_accounts_describe(server, bounds, sizeof(bounds));
	status_facts_add_fact(facts, "bounds of clients", true, "%s", bounds);
	status_facts_add_fact(facts, "depot", true, "%s", server->settings.depot_path);
	if (server->container_klass->needs_rootfs)
		status_facts_add_fact(facts, "rootfs", true, "%s", server->settings.rootfs_path);
	status_facts_add_fact(facts, "containers", true, "%zu",
			      registry_count_all(&server->registry));
	status_facts_add_prepared(facts, server);
	status_facts_add_recovery(facts, server);
	status_facts_add_pool(facts, "networks", server->networks, now);
	status_facts_add_pool(facts, "uids", server->uids, now);
	status_facts_add_pool(facts, "slots", server->slots, now);
}

static void status_facts_work(uv_work_t *work)
{
	struct status_query *query = work->data;
	const struct server *server = query->server;

	query->result = BACKEND_CALL(server->container_klass, NULL, describe, &query->err,
				     server->backend, &server->host, facts_add, &query->facts);
}

static void status_facts_done(uv_work_t *work, int cancelled)
{
	struct status_query *query = work->data;

	(void)cancelled; /* it is never cancelled */
	query->done(query->data, query->result == 0 ? &query->facts : NULL, &query->err);
	facts_free(&query->facts);
	free(query);
}

int status_facts_collect(struct server *server, status_facts_function *done, void *data,
			 struct warden_error *err)
{
	struct status_query *query = calloc(1, sizeof(*query));

	if (!query)
		return warden_error_set(err, "no memory for the status");
	*query = (struct status_query){.server = server, .done = done, .data = data};
	query->work.data = query;
	status_facts_add_own(&query->facts, server);
	if (!server->container_klass->describe)
		status_facts_done(&query->work, 0);
	else if (uv_queue_work(&server->loop, &query->work, status_facts_work, status_facts_done) <
		 0)
		abort(); /* fails only without a callback */
	return 0;
}
