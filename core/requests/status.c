/* SPDX-License-Identifier: Apache-2.0 */
/* Status: facts about the daemon and its use of the host. The core's facts are collected on the
 * loop thread, the backend's on a worker. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/backend/backend_call.h"
#include "core/backend/facts.h"
#include "core/pools/pool.h"
#include "core/state/set_aside.h"
#include "core/wire/request.h"

struct status_query {
	uv_work_t work;
	struct request *request;
	struct facts facts;
	int result;
	struct warden_error err;
};

static void __attribute__((format(printf, 4, 5)))
status_add_fact(struct facts *facts, const char *name, bool good, const char *format, ...)
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
static void status_add_pool(struct facts *facts, const char *name, struct pool *pool, uint64_t now)
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
static void status_add_recovery(struct facts *facts, const struct server *server)
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
static void status_add_socket(struct facts *facts, const struct config *config)
{
	const char *path = config->server.unix_domain_path;
	struct stat status;

	if (lstat(path, &status) < 0)
		status_add_fact(facts, "socket", false, "%s: %s", path, strerror(errno));
	else
		status_add_fact(facts, "socket", true, "%s, mode %04o, owner %u, group %u", path,
				(unsigned)status.st_mode & 07777, (unsigned)status.st_uid,
				(unsigned)status.st_gid);
}

static void status_print_names(FILE *file, const char *what, char *const *names)
{
	for (size_t i = 0; names[i]; i++)
		fprintf(file, "%s%s", i == 0 ? what : ", ", names[i]);
}

/* Who may talk to the daemon. */
static void status_add_clients(struct facts *facts, const struct config *config)
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
	status_print_names(file, "; users ", config->clients.users);
	status_print_names(file, "; groups ", config->clients.groups);
	status_print_names(file, "; read-only users ", config->clients.read_only_users);
	status_print_names(file, "; read-only groups ", config->clients.read_only_groups);
	fprintf(file, "; never a container's user");
	if (fclose(file) == 0)
		status_add_fact(facts, "who may talk", true, "%s", value);
	else
		facts->failed = true;
	free(value);
}

static void status_add_core_facts(struct facts *facts, const struct server *server)
{
	const struct config *config = server->config;
	uint64_t now = uv_now(&server->loop);
	char bounds[256];

	status_add_fact(facts, "settings", true, "%s", config->file ? config->file : "built-in");
	status_add_socket(facts, config);
	status_add_clients(facts, config);
	client_accounts_describe(server, bounds, sizeof(bounds));
	status_add_fact(facts, "bounds of clients", true, "%s", bounds);
	status_add_fact(facts, "depot", true, "%s", server->settings.depot_path);
	if (server->container_klass->needs_rootfs)
		status_add_fact(facts, "rootfs", true, "%s", server->settings.rootfs_path);
	status_add_fact(facts, "containers", true, "%zu", server->registry.n);
	status_add_recovery(facts, server);
	status_add_pool(facts, "networks", server->networks, now);
	status_add_pool(facts, "uids", server->uids, now);
	status_add_pool(facts, "slots", server->slots, now);
}

static Warden__StatusResponse__Fact *status_encode_fact(const struct fact_copy *fact)
{
	Warden__StatusResponse__Fact *message = malloc(sizeof(*message));

	if (!message)
		return NULL;
	warden__status_response__fact__init(message);
	message->name = (ProtobufCBinaryData){strlen(fact->name), (uint8_t *)fact->name};
	message->value = (ProtobufCBinaryData){strlen(fact->value), (uint8_t *)fact->value};
	message->good = fact->good;
	message->has_effect = fact->effect != NULL;
	if (fact->effect)
		message->effect =
			(ProtobufCBinaryData){strlen(fact->effect), (uint8_t *)fact->effect};
	message->has_remedy = fact->remedy != NULL;
	if (fact->remedy)
		message->remedy =
			(ProtobufCBinaryData){strlen(fact->remedy), (uint8_t *)fact->remedy};
	return message;
}

static void status_answer(struct request *request, const struct facts *facts)
{
	static const char version[] = PACKAGE_VERSION;
	const char *backend = request->server->container_klass->name;
	Warden__StatusResponse message = WARDEN__STATUS_RESPONSE__INIT;
	bool complete = !facts->failed;

	message.version = (ProtobufCBinaryData){strlen(version), (uint8_t *)version};
	message.backend = (ProtobufCBinaryData){strlen(backend), (uint8_t *)backend};
	message.facts = calloc(facts->n + 1, sizeof(Warden__StatusResponse__Fact *));
	for (size_t i = 0; message.facts && i < facts->n; i++) {
		message.facts[i] = status_encode_fact(&facts->facts[i]);
		if (!message.facts[i])
			break;
		message.n_facts++;
	}
	if (complete && message.facts && message.n_facts == facts->n)
		request_answer(request, &message.base);
	else
		request_fail_text(request, "no memory for the status");
	for (size_t i = 0; i < message.n_facts; i++)
		free(message.facts[i]);
	free(message.facts);
}

static void status_describe_work(uv_work_t *work)
{
	struct status_query *status = work->data;
	const struct server *server = status->request->server;

	status->result = BACKEND_CALL(server->container_klass, NULL, describe, &status->err,
				      server->backend, &server->host, facts_add, &status->facts);
}

static void status_describe_done(uv_work_t *work, int cancelled)
{
	struct status_query *status = work->data;

	(void)cancelled; /* it is never cancelled */
	if (status->result < 0)
		request_fail(status->request, &status->err);
	else
		status_answer(status->request, &status->facts);
	facts_free(&status->facts);
	free(status);
}

static int status_run(struct request *request, struct warden_error *err)
{
	struct status_query *status = calloc(1, sizeof(*status));

	if (!status)
		return warden_error_set(err, "no memory for the status");
	status->request = request;
	status->work.data = status;
	status_add_core_facts(&status->facts, request->server);
	if (!request->server->container_klass->describe)
		status_describe_done(&status->work, 0);
	else if (uv_queue_work(&request->server->loop, &status->work, status_describe_work,
			       status_describe_done) < 0)
		abort(); /* fails only without a callback */
	return 0;
}

const struct request_handler status_request = {
	.type = WARDEN__MESSAGE__TYPE__Status,
	.name = "status",
	.message = &warden__status_request__descriptor,
	.needs = ACCESS_READ,
	.run = status_run,
};
