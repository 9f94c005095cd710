/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes snapshot.json; see snapshot.h. */
#include <config.h>

#include "core/state/snapshot.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/limits/limits.h"
#include "core/rules/rules.h"
#include "core/server.h"
#include "core/state/idempotence.h"
#include "core/state/job_json.h"
#include "core/state/job_log.h"
#include "core/state/json_bytes.h"
#include "core/state/state_file.h"
#include "lib/cleanup.h"

enum {
	SNAPSHOT_VERSION = 1,
	JOBS_SHOWN = 16, /* beside the log, so that a job costs the same however many there are */
};

static const char *const known_events[] = {"out of memory", "command exceeded maximum output"};

static json_t *snapshot_bind_mounts_to_json(const struct container *c)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < c->n_bind_mounts; i++) {
		const struct warden_bind_mount *mount = &c->bind_mounts[i];

		if (json_array_append_new(array, json_pack("{s:o, s:o, s:b}", "src_path",
							   json_bytes(mount->src_path), "dst_path",
							   json_bytes(mount->dst_path), "writable",
							   mount->writable)) < 0) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

static json_t *snapshot_events_to_json(const struct container *c)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < c->n_events; i++)
		if (json_array_append_new(array, json_string(c->events[i])) < 0) {
			json_decref(array);
			array = NULL;
		}
	return array;
}

static json_t *snapshot_ports_to_json(const struct container *c)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < c->rules.n_in; i++)
		if (json_array_append_new(array, json_integer(c->rules.in[i].host_port)) < 0) {
			json_decref(array);
			array = NULL;
		}
	return array;
}

/* What scripts look for under these names; our own are elsewhere. */
static json_t *snapshot_resources_to_json(const struct container *c)
{
	char network[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &c->identity.network, network, sizeof(network));
	return json_pack("{s:o, s:s, s:o, s:I}", "handle", json_bytes(c->handle), "network",
			 network, "ports", snapshot_ports_to_json(c), "uid",
			 (json_int_t)c->identity.uid);
}

/* All but the jobs and request ids. NULL: no memory. */
static json_t *snapshot_container_to_json(const struct container *c, enum container_state state)
{
	return json_pack("{s:i, s:s, s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:b, s:b, s:b, "
			 "s:I, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "version", SNAPSHOT_VERSION, "id", c->id, "handle", json_bytes(c->handle),
			 "state", container_state_name(state), "created_us",
			 (json_int_t)c->created_us, "created_clock_us",
			 (json_int_t)c->created_clock_us, "grace_time", (json_int_t)c->grace_time,
			 /* Copies of values in etc/config, in case that is lost. */
			 "network", (json_int_t)ntohl(c->identity.network.s_addr), "uid",
			 (json_int_t)c->identity.uid, "slot", (json_int_t)c->identity.slot,
			 "rootfs", json_bytes(c->rootfs ? c->rootfs : ""), "nested", c->nested,
			 "stopping", c->stop.started, "paused", c->paused,
			 /* Stored because jobs that were collected are not. */
			 "last_end_sequence", (json_int_t)c->server->last_end_sequence,
			 "bind_mounts", snapshot_bind_mounts_to_json(c), "events",
			 snapshot_events_to_json(c), "rules", rules_to_json(&c->rules), "limits",
			 limits_to_json(&c->limits), "options", create_options_to_json(&c->options),
			 "resources", snapshot_resources_to_json(c));
}

/* Frees `json`, which may be NULL. */
static char *snapshot_dump(json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text;
}

char *snapshot_text(const struct container *c)
{
	return snapshot_text_as(c, c->state);
}

/* The log has the jobs; those that are shown here are for scripts of the host. */
char *snapshot_text_as(const struct container *c, enum container_state state)
{
	json_t *json = snapshot_container_to_json(c, state);

	if (json && (json_object_set_new(json, "job_log", json_true()) < 0 ||
		     json_object_set_new(json, "jobs", jobs_to_json(c, JOBS_SHOWN)) < 0)) {
		json_decref(json);
		json = NULL;
	}
	return snapshot_dump(json);
}

char *snapshot_whole_text(const struct container *c)
{
	json_t *json = snapshot_container_to_json(c, c->state);

	if (json && (json_object_set_new(json, "jobs", jobs_to_json(c, SIZE_MAX)) < 0 ||
		     json_object_set_new(json, "request_ids", idempotence_to_json(c)) < 0)) {
		json_decref(json);
		json = NULL;
	}
	return snapshot_dump(json);
}

int snapshot_write(const struct container *c, const char *text, struct warden_error *err)
{
	return state_file_replace(c->dir_fd, "snapshot.json", "snapshot.json.new", text,
				  strlen(text), err);
}

void snapshot_prepare(struct operation *operation)
{
	struct container *c = operation->container;
	char *(*make)(const struct container *container) = operation->make_snapshot;

	if (!make && !operation->snapshot && !operation->stores_jobs)
		return;
	if (!make && !operation->snapshot && c->changed)
		make = snapshot_text;
	if (make)
		c->changed = false;
	if (make == snapshot_whole_text) {
		job_log_end(c);
	} else {
		/* Until snapshot.json names the log, its own jobs count. */
		if (!make && !operation->snapshot && !job_log_is_current(c))
			make = snapshot_text;
		operation->log = job_log_take(c);
		operation->no_memory = !operation->log;
	}
	if (make)
		operation->snapshot = make(c);
	operation->no_memory |= make && !operation->snapshot;
}

int snapshot_store(struct operation *operation, struct warden_error *err)
{
	struct container *c = operation->container;

	if (operation->no_memory)
		return warden_error_set(err, "no memory for its snapshot");
	if (!operation->log && !operation->snapshot)
		return 0;
	if (operation->log && job_log_write(c, operation->log, err) < 0)
		return -1;
	if (operation->snapshot && snapshot_write(c, operation->snapshot, err) < 0)
		return -1;
	if (operation->log)
		job_log_stored(c, operation->log);
	else
		job_log_remove(c);
	return 0;
}

static bool snapshot_read_bind_mount(struct warden_bind_mount *mount, const json_t *json)
{
	mount->src_path = json_bytes_text(json_object_get(json, "src_path"));
	mount->dst_path = json_bytes_text(json_object_get(json, "dst_path"));
	mount->writable = json_is_true(json_object_get(json, "writable"));
	return mount->src_path && mount->dst_path;
}

static bool snapshot_read_bind_mounts(struct container *c, const json_t *array)
{
	size_t n = json_array_size(array);

	c->bind_mounts = calloc(n + 1, sizeof(*c->bind_mounts));
	if (!c->bind_mounts)
		return false;
	for (size_t i = 0; i < n; i++) {
		c->n_bind_mounts++;
		if (!snapshot_read_bind_mount(&c->bind_mounts[i], json_array_get(array, i)))
			return false;
	}
	return true;
}

static bool snapshot_read_state(struct container *c, const char *name)
{
	static const enum container_state states[] = {STATE_BORN, STATE_ACTIVE, STATE_STOPPED,
						      STATE_DESTROYING, STATE_DESTROYED};

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(name, container_state_name(states[i])) == 0) {
			c->state = states[i];
			return true;
		}
	return false;
}

static void snapshot_read_events(struct container *c, const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		for (size_t k = 0; k < ARRAY_SIZE(known_events); k++) {
			const char *text = json_string_value(json_array_get(array, i));

			if (text && strcmp(text, known_events[k]) == 0)
				container_note_event(c, known_events[k]);
			else if (text && output_store_known_event(text))
				container_note_event(c, output_store_known_event(text));
		}
}

static void snapshot_read_last_end(struct server *server, const json_t *json)
{
	uint64_t last = (uint64_t)json_integer_value(json);

	if (last > server->last_end_sequence)
		server->last_end_sequence = last;
}

/* The jobs and request ids, which are in the snapshot or in the log. 0.1.0 wrote an array. */
static bool snapshot_read_jobs(struct container *c, const json_t *json)
{
	json_t *jobs = json_object_get(json, "jobs"), *job;
	const char *id;

	if (json_is_true(json_object_get(json, "job_log")))
		return true;
	for (size_t i = 0; i < json_array_size(jobs); i++)
		if (!job_from_json(c, json_array_get(jobs, i)))
			return false;
	json_object_foreach(jobs, id, job) if (!job_from_json(c, job)) return false;
	return idempotence_from_json(c, json_object_get(json, "request_ids"));
}

static bool snapshot_read_names(struct container *c, const json_t *json)
{
	char *handle = json_bytes_text(json_object_get(json, "handle"));
	char *rootfs = json_bytes_text(json_object_get(json, "rootfs"));

	if (!handle || !*handle || !rootfs) {
		free(handle);
		free(rootfs);
		return false;
	}
	free(c->handle);
	c->handle = handle;
	free(c->rootfs);
	c->rootfs = rootfs;
	return true;
}

static bool snapshot_read_all(struct container *c, const json_t *json)
{
	json_int_t grace_time, created = 0, created_clock = 0; /* absent in old snapshots */
	const char *id, *state;
	int version;

	if (json_unpack((json_t *)json, "{s:i, s:s, s:s, s?I, s?I, s:I}", "version", &version, "id",
			&id, "state", &state, "created_us", &created, "created_clock_us",
			&created_clock, "grace_time", &grace_time) < 0 ||
	    version != SNAPSHOT_VERSION || strcmp(id, c->id) != 0 || grace_time < 0 ||
	    grace_time > UINT32_MAX || !snapshot_read_names(c, json))
		return false;
	c->grace_time = (uint32_t)grace_time;
	c->nested = json_is_true(json_object_get(json, "nested"));
	c->created_us = (uint64_t)created;
	c->created_clock_us = (uint64_t)created_clock;
	snapshot_read_last_end(c->server, json_object_get(json, "last_end_sequence"));
	snapshot_read_events(c, json_object_get(json, "events"));
	c->stop.interrupted = json_is_true(json_object_get(json, "stopping"));
	c->paused = json_is_true(json_object_get(json, "paused"));
	return snapshot_read_state(c, state) &&
	       limits_read(&c->limits, json_object_get(json, "limits")) &&
	       snapshot_read_bind_mounts(c, json_object_get(json, "bind_mounts")) &&
	       rules_from_json(&c->rules, json_object_get(json, "rules")) &&
	       create_options_from_json(&c->options, json_object_get(json, "options")) &&
	       snapshot_read_jobs(c, json);
}

/* NULL and `err`; err->number is 0 if the file is no JSON. */
static json_t *snapshot_load(int dir_fd, const char *name, struct warden_error *err)
{
	size_t length;
	_cleanup_free_ char *text = state_file_read(dir_fd, name, &length, err);
	json_error_t where;
	json_t *json;

	if (!text)
		return NULL;
	json = json_loadb(text, length, 0, &where);
	if (!json) {
		warden_error_set(err, "%s:%d: %s", name, where.line, where.text);
		err->number = json_error_code(&where) == json_error_out_of_memory ? ENOMEM : 0;
	}
	return json;
}

static bool snapshot_parse_identity(const json_t *json, struct warden_identity *identity)
{
	json_int_t network, uid, slot;

	if (json_unpack((json_t *)json, "{s:I, s:I, s:I}", "network", &network, "uid", &uid, "slot",
			&slot) < 0 ||
	    network < 0 || network > UINT32_MAX || uid < 0 || uid > UINT32_MAX || slot < 0 ||
	    slot > UINT32_MAX)
		return false;
	identity->uid = (uint32_t)uid;
	identity->slot = (uint32_t)slot;
	identity_set_network(identity, (struct in_addr){htonl((uint32_t)network)});
	return true;
}

void snapshot_read_claims(int dir_fd, struct snapshot_claims *claims)
{
	struct warden_error ignored; /* what cannot be read claims nothing */
	json_t *json = snapshot_load(dir_fd, "snapshot.json", &ignored);

	if (!json)
		json = snapshot_load(dir_fd, "snapshot.json.new", &ignored);
	*claims = (struct snapshot_claims){0};
	claims->has_identity = json && snapshot_parse_identity(json, &claims->identity);
	rules_in_from_damaged_json(&claims->rules, json_object_get(json, "rules"));
	json_decref(json);
}

int snapshot_read(struct container *c, struct warden_error *err)
{
	struct warden_error cause = {0};
	json_t *json = snapshot_load(c->dir_fd, "snapshot.json", &cause);
	bool whole = false;

	if (json) {
		errno = 0;
		whole = snapshot_read_all(c, json);
		if (!whole) {
			int number = errno == ENOMEM ? ENOMEM : 0; /* the first failure counts */

			warden_error_set(&cause, "snapshot.json is incomplete, invalid or of "
						 "another version");
			cause.number = number;
		}
	}
	if (whole && c->identity.network.s_addr == 0)
		(void)snapshot_parse_identity(json, &c->identity); /* then it has none */
	if (whole && json_is_true(json_object_get(json, "job_log")))
		whole = job_log_read(c, &cause) == 0;
	if (json && !whole && cause.number == ENOENT)
		cause.number = 0; /* the log is missing: damaged, while ENOENT means no snapshot */
	json_decref(json);
	if (whole)
		return 0;
	/* It holds none of their ports, which would be released with the container. */
	rules_free(&c->rules);
	warden_error_set(err, "%s: %.800s", c->path, cause.message);
	err->number = cause.number;
	return -1;
}
