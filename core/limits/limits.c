/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on limits as values and their JSON; see limits.h. */
#include <config.h>

#include "core/limits/limits.h"

#include <stdlib.h>

#include "core/backend/backend_call.h"
#include "core/container/container_subject.h"
#include "core/server.h"
#include "core/state/json_bytes.h"
#include "lib/cleanup.h"

/* The numbers by name: one table for all operations. */
static const struct {
	const char *name;
	size_t offset;
} numbers[] = {
	{"memory_bytes", offsetof(struct warden_limits, memory_bytes)},
	{"cpu_shares", offsetof(struct warden_limits, cpu_shares)},
	{"cpu_quota", offsetof(struct warden_limits, cpu_quota)},
	{"processes", offsetof(struct warden_limits, processes)},
	{"disk_block_soft", offsetof(struct warden_limits, disk_block_soft)},
	{"disk_block_hard", offsetof(struct warden_limits, disk_block_hard)},
	{"disk_inode_soft", offsetof(struct warden_limits, disk_inode_soft)},
	{"disk_inode_hard", offsetof(struct warden_limits, disk_inode_hard)},
	{"bandwidth_rate", offsetof(struct warden_limits, bandwidth_rate)},
	{"bandwidth_burst", offsetof(struct warden_limits, bandwidth_burst)},
	{"io_weight", offsetof(struct warden_limits, io_weight)},
	{"io_read_rate", offsetof(struct warden_limits, io_read_rate)},
	{"io_write_rate", offsetof(struct warden_limits, io_write_rate)},
};

static uint64_t limits_get_number(const struct warden_limits *limits, size_t i)
{
	return *(const uint64_t *)(const void *)((const char *)limits + numbers[i].offset);
}

static void limits_set_number(struct warden_limits *limits, size_t i, uint64_t value)
{
	*(uint64_t *)(void *)((char *)limits + numbers[i].offset) = value;
}

bool limits_is_name(const char *text, size_t length)
{
	static const char *const others[] = {"swap_off", "cpus", "disk_bytes", "disk_inodes"};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (strlen(numbers[i].name) == length && memcmp(text, numbers[i].name, length) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (strlen(others[i]) == length && memcmp(text, others[i], length) == 0)
			return true;
	return false;
}

void limits_free(struct warden_limits *limits)
{
	free((char *)limits->cpus);
	warden_limits_init(limits);
}

bool limits_merge(struct warden_limits *limits, const struct warden_limits *from)
{
	char *cpus = from->cpus ? strdup(from->cpus) : NULL;

	if (from->cpus && !cpus)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (limits_get_number(from, i) != WARDEN_UNKNOWN)
			limits_set_number(limits, i, limits_get_number(from, i));
	if (from->swap_off >= 0)
		limits->swap_off = from->swap_off;
	if (cpus) {
		free((char *)limits->cpus);
		limits->cpus = cpus;
	}
	return true;
}

void limits_mask(struct warden_limits *limits, const struct warden_limits *other)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (limits_get_number(other, i) == WARDEN_UNKNOWN)
			limits_set_number(limits, i, WARDEN_UNKNOWN);
	if (other->swap_off < 0)
		limits->swap_off = -1;
	if (!other->cpus) {
		free((char *)limits->cpus);
		limits->cpus = NULL;
	}
}

bool limits_any(const struct warden_limits *limits)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (limits_get_number(limits, i) != WARDEN_UNKNOWN)
			return true;
	return limits->swap_off >= 0 || limits->cpus;
}

bool limits_memory(const struct warden_limits *limits)
{
	return limits->memory_bytes < LIMITS_NO_MEMORY;
}

/* False: no memory. */
static bool limits_fill_json(const struct warden_limits *limits, json_t *json)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uint64_t number = limits_get_number(limits, i);

		if (number != WARDEN_UNKNOWN &&
		    json_object_set_new(json, numbers[i].name, json_integer((json_int_t)number)) <
			    0)
			return false;
	}
	if (limits->swap_off >= 0 &&
	    json_object_set_new(json, "swap_off", json_boolean(limits->swap_off)) < 0)
		return false;
	return !limits->cpus || json_object_set_new(json, "cpus", json_bytes(limits->cpus)) == 0;
}

json_t *limits_to_json(const struct warden_limits *limits)
{
	json_t *json = json_object();

	if (json && limits_fill_json(limits, json))
		return json;
	json_decref(json);
	return NULL;
}

bool limits_read(struct warden_limits *limits, const json_t *json)
{
	const json_t *swap_off = json_object_get(json, "swap_off");
	const json_t *cpus = json_object_get(json, "cpus");

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const json_t *number = json_object_get(json, numbers[i].name);

		if (json_is_integer(number))
			limits_set_number(limits, i, (uint64_t)json_integer_value(number));
	}
	if (json_is_boolean(swap_off))
		limits->swap_off = json_is_true(swap_off);
	if (cpus)
		limits->cpus = json_bytes_text(cpus);
	return limits->cpus || !json_is_string(cpus);
}

int limits_ask(struct container *c, struct warden_limits *in_force, struct warden_error *err)
{
	struct warden_limits nothing, reported;

	warden_limits_init(in_force);
	warden_limits_init(&nothing);
	warden_limits_init(&reported);
	if (BACKEND_CALL(c->server->container_klass, c->id, set_limits, err, c->backend, &nothing,
			 &reported) < 0)
		return -1;
	if (!limits_merge(in_force, &reported))
		return warden_error_set(err, "no memory for limits");
	return 0;
}

int limits_apply(struct container *c, struct warden_error *err)
{
	struct warden_limits in_force;

	if (!limits_any(&c->limits))
		return 0;
	if (!c->server->container_klass->set_limits)
		return warden_error_set(err, "limits: not supported by the backend");
	warden_limits_init(&in_force);
	return BACKEND_CALL(c->server->container_klass, c->id, set_limits, err, c->backend,
			    &c->limits, &in_force);
}

static void limits_init(struct container *c)
{
	warden_limits_init(&c->limits);
	warden_limits_init(&c->in_force);
}

static void limits_release(struct container *c)
{
	limits_free(&c->limits);
	limits_free(&c->in_force);
}

const struct container_subject limits_subject = {
	.init = limits_init,
	.release = limits_release,
};
