/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of a container; see container_info.h. */
#include <config.h>

#include "core/container/container_info.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "core/backend/backend_call.h"
#include "core/container/container_subject.h"
#include "core/job/job.h"
#include "core/limits/limits.h"
#include "core/log.h"
#include "core/server.h"
#include "core/state/recovery.h"
#include "core/wire/message_text.h"

/* The fields of MemoryStat have the order of warden_info.memory; `has` precedes each value. */
static void info_fill_memory(struct info_answer *answer, const struct warden_info *info)
{
	const ProtobufCMessageDescriptor *all = &warden__info_response__memory_stat__descriptor;
	char *memory = (char *)&answer->memory;

	for (unsigned i = 0; i < all->n_fields && i < WARDEN_MEMORY_STATS; i++) {
		const ProtobufCFieldDescriptor *field = &all->fields[i];

		if (info->memory[i] == WARDEN_UNKNOWN)
			continue;
		*(protobuf_c_boolean *)(void *)(memory + field->quantifier_offset) = true;
		*(uint64_t *)(void *)(memory + field->offset) = info->memory[i];
		answer->message.memory_stat = &answer->memory;
	}
}

#define FILL(message_, part, field, value)                                                         \
	do {                                                                                       \
		if ((value) != WARDEN_UNKNOWN) {                                                   \
			answer->part.has_##field = true;                                           \
			answer->part.field = (value);                                              \
			answer->message.message_ = &answer->part;                                  \
		}                                                                                  \
	} while (0)

static void info_fill_figures(struct info_answer *answer, const struct warden_info *info)
{
	warden__info_response__memory_stat__init(&answer->memory);
	warden__info_response__cpu_stat__init(&answer->cpu);
	warden__info_response__disk_stat__init(&answer->disk);
	warden__info_response__bandwidth_stat__init(&answer->bandwidth);
	info_fill_memory(answer, info);
	FILL(cpu_stat, cpu, usage, info->cpu_usage_ns);
	FILL(cpu_stat, cpu, user, info->cpu_user_ticks);
	FILL(cpu_stat, cpu, system, info->cpu_system_ticks);
	FILL(disk_stat, disk, bytes_used, info->disk_bytes);
	FILL(disk_stat, disk, inodes_used, info->disk_inodes);
	FILL(bandwidth_stat, bandwidth, in_rate, info->in_rate);
	FILL(bandwidth_stat, bandwidth, in_burst, info->in_burst);
	FILL(bandwidth_stat, bandwidth, out_rate, info->out_rate);
	FILL(bandwidth_stat, bandwidth, out_burst, info->out_burst);
}

static void info_fill_network(struct info_answer *answer, const struct warden_info *info)
{
	warden__info_response__network_stat__init(&answer->network);
	FILL(network_stat, network, rx_bytes, info->rx_bytes);
	FILL(network_stat, network, rx_packets, info->rx_packets);
	FILL(network_stat, network, tx_bytes, info->tx_bytes);
	FILL(network_stat, network, tx_packets, info->tx_packets);
}

#define FILL_PRESSURE(name)                                                                        \
	do {                                                                                       \
		warden__info_response__pressure__init(&answer->name);                              \
		FILL(name, name, avg10, info->name.avg10);                                         \
		FILL(name, name, avg60, info->name.avg60);                                         \
		FILL(name, name, avg300, info->name.avg300);                                       \
		FILL(name, name, total, info->name.total);                                         \
	} while (0)

static void info_fill_pressure(struct info_answer *answer, const struct warden_info *info)
{
	FILL_PRESSURE(cpu_some);
	FILL_PRESSURE(memory_some);
	FILL_PRESSURE(memory_full);
	FILL_PRESSURE(io_some);
	FILL_PRESSURE(io_full);
}

#define FILL_NUMBER(field)                                                                         \
	do {                                                                                       \
		if (info->field != WARDEN_UNKNOWN) {                                               \
			answer->message.has_##field = true;                                        \
			answer->message.field = info->field;                                       \
		}                                                                                  \
	} while (0)

static void info_fill_limits(struct info_answer *answer, const struct container *c)
{
	answer->message.has_paused = true;
	answer->message.paused = c->paused;
	if (!c->in_force_known)
		return;
	limits_to_message(&answer->limits, &c->in_force);
	answer->message.limits = &answer->limits;
}

static bool info_fill_jobs(struct info_answer *answer, const struct container *c)
{
	const struct job *job;
	size_t n = jobs_count(c);

	if (n == 0)
		return true;
	answer->message.job_ids = malloc(n * sizeof(uint64_t));
	if (!answer->message.job_ids)
		return false;
	TAILQ_FOREACH(job, &c->unsettled_jobs, unsettled)
		answer->message.job_ids[answer->message.n_job_ids++] = job->id;
	return true;
}

static bool info_fill_properties(struct info_answer *answer, const struct container *c)
{
	Warden__InfoResponse *message = &answer->message;
	size_t n = c->options.n_properties;

	if (n == 0)
		return true;
	message->properties = calloc(n, sizeof(Warden__Property *));
	answer->properties = calloc(n, sizeof(*answer->properties));
	if (!message->properties || !answer->properties)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct property *property = &c->options.properties[i];
		Warden__Property *out = &answer->properties[i];

		warden__property__init(out);
		message_set_bytes(&out->key, property->key);
		message_set_bytes(&out->value, property->value);
		message->properties[message->n_properties++] = out;
	}
	return true;
}

static bool info_fill_env(struct info_answer *answer, const struct container *c)
{
	Warden__InfoResponse *message = &answer->message;

	if (c->options.n_env == 0)
		return true;
	message->env = calloc(c->options.n_env, sizeof(*message->env));
	if (!message->env)
		return false;
	for (size_t i = 0; i < c->options.n_env; i++)
		message_set_bytes(&message->env[message->n_env++], c->options.env[i]);
	return true;
}

/* The options of the create. */
static bool info_fill_options(struct info_answer *answer, const struct container *c)
{
	Warden__InfoResponse *message = &answer->message;
	const char *hostname = c->options.hostname ? c->options.hostname : c->id;

	message_set_text(&message->has_hostname, &message->hostname, hostname);
	if (c->rootfs)
		message_set_text(&message->has_rootfs, &message->rootfs, c->rootfs);
	message->has_created_us = c->created_us > 0;
	message->created_us = c->created_us;
	message->has_ttl_left = c->options.ttl > 0;
	if (c->options.ttl > 0)
		message->ttl_left = (uint32_t)((ttl_left_us(c) + 999999) / 1000000);
	if (c->destroy.started && c->waits_for[0])
		message_set_text(&message->has_destroy_waits_for, &message->destroy_waits_for,
				 c->waits_for);
	message->has_no_new_privs = c->options.knows_no_new_privs;
	message->no_new_privs = c->options.no_new_privs;
	message->has_nested = true;
	message->nested = c->nested;
	if (c->info.seccomp)
		message_set_text(&message->has_seccomp, &message->seccomp, c->info.seccomp);
	return info_fill_properties(answer, c) && info_fill_env(answer, c);
}

static void info_fill_bounds(struct info_answer *answer, const struct container *c,
			     const struct warden_info *info)
{
	const struct config *config = c->server->config;
	uint64_t files = config->server.container_rlimits[WARDEN_RLIMIT_NOFILE].value;
	Warden__InfoResponse *message = &answer->message;

	FILL_NUMBER(memory_bound);
	FILL_NUMBER(terminals);
	FILL_NUMBER(shm_bytes);
	FILL_NUMBER(inode_bound);
	if (c->options.shm_bytes > 0)
		message->shm_bytes = c->options.shm_bytes;
	message->has_open_files = files != WARDEN_RLIMIT_INFINITY;
	message->open_files = files;
	message->has_output_limit = true;
	message->output_limit = config->server.job_output_limit;
}

bool container_info_answer_init(struct info_answer *answer, const struct container *c,
				const struct warden_info *info)
{
	Warden__InfoResponse *message = &answer->message;

	warden__info_response__init(message);
	answer->properties = NULL;
	inet_ntop(AF_INET, &c->identity.host_ip, answer->host_ip, sizeof(answer->host_ip));
	inet_ntop(AF_INET, &c->identity.container_ip, answer->container_ip,
		  sizeof(answer->container_ip));
	message_set_text(&message->has_state, &message->state, container_state_name(c->state));
	if (c->state == STATE_UNREACHABLE)
		message_set_text(&message->has_state_reason, &message->state_reason,
				 c->recovery->reason);
	message_set_text(&message->has_host_ip, &message->host_ip, answer->host_ip);
	message_set_text(&message->has_container_ip, &message->container_ip, answer->container_ip);
	message_set_text(&message->has_container_path, &message->container_path, c->path);
	for (size_t i = 0; i < c->n_events; i++)
		answer->events[i] = (ProtobufCBinaryData){.data = (uint8_t *)c->events[i],
							  .len = strlen(c->events[i])};
	message->n_events = c->n_events;
	message->events = answer->events;
	info_fill_figures(answer, info);
	info_fill_network(answer, info);
	info_fill_pressure(answer, info);
	FILL_NUMBER(peak_memory);
	FILL_NUMBER(oom_kills);
	FILL_NUMBER(processes);
	info_fill_limits(answer, c);
	info_fill_bounds(answer, c, info);
	return info_fill_options(answer, c) && info_fill_jobs(answer, c);
}

void container_info_answer_free(struct info_answer *answer)
{
	free(answer->message.job_ids);
	free(answer->message.properties);
	free(answer->message.env);
	free(answer->properties);
}

struct info_query {
	struct operation operation;
	void (*done)(struct container *, void *);
	void *data;
	struct warden_info info;
	bool asks_limits; /* the limits in force are not known yet */
	struct warden_limits in_force;
};

/* Sets every member to "not known". */
static void container_info_init(struct warden_info *info)
{
	memset(info, 0xff, sizeof(*info));
	info->size = sizeof(*info);
	info->seccomp = NULL;
}

static int info_query_run(struct operation *operation, struct warden_error *err)
{
	struct info_query *query = (struct info_query *)operation;
	struct container *c = operation->container;

	container_info_init(&query->info);
	query->asks_limits = query->asks_limits && c->alive;
	if (!c->alive)
		return 0;
	if (query->asks_limits && limits_ask(c, &query->in_force, err) < 0)
		return -1;
	if (!c->server->container_klass->info)
		return 0;
	return BACKEND_CALL(c->server->container_klass, c->id, info, err, c->backend, &query->info);
}

static void info_query_done(struct operation *operation, int result, struct warden_error *err)
{
	struct info_query *query = (struct info_query *)operation;
	struct container *c = operation->container;

	if (result == 0)
		c->info = query->info;
	if (result == 0 && query->asks_limits && !c->in_force_known) {
		c->in_force = query->in_force; /* owns its text from now on */
		c->in_force_known = true;
	} else {
		limits_free(&query->in_force);
	}
	if (result < 0 && !c->destroy.started)
		log_write(WARDEN_LOG_WARN, "%s: info: %s", c->id, err->message);
	query->done(c, query->data);
	free(query);
}

bool container_info_ask(struct container *c, void (*done)(struct container *, void *), void *data)
{
	struct info_query *query = calloc(1, sizeof(*query));

	if (!query)
		return false;
	query->operation.run = info_query_run;
	query->operation.done = info_query_done;
	query->asks_limits =
		!c->in_force_known && c->alive && c->server->container_klass->set_limits;
	warden_limits_init(&query->in_force);
	query->done = done;
	query->data = data;
	container_queue(c, &query->operation);
	return true;
}

static void info_init(struct container *c)
{
	container_info_init(&c->info);
}

const struct container_subject info_subject = {
	.init = info_init,
};
