/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes snapshot.json; see snapshot.h. */
#include <config.h>

#include "core/state/snapshot.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/job/cpu_lease.h"
#include "core/job/job.h"
#include "core/job/output_syslog.h"
#include "core/limits/limits.h"
#include "core/rules/rules.h"
#include "core/server.h"
#include "core/state/idempotence.h"
#include "lib/cleanup.h"

enum { SNAPSHOT_VERSION = 1 };

static const char *const known_events[] = {"out of memory", "command exceeded maximum output"};

/* Names of a job's figures, for reading and writing. */
static const struct {
	const char *name;
	size_t offset;
} figures[] = {
	{"wall_us", offsetof(struct warden_job_end, wall_us)},
	{"user_us", offsetof(struct warden_job_end, user_us)},
	{"system_us", offsetof(struct warden_job_end, system_us)},
	{"peak_memory", offsetof(struct warden_job_end, peak_memory)},
	{"minor_faults", offsetof(struct warden_job_end, minor_faults)},
	{"major_faults", offsetof(struct warden_job_end, major_faults)},
	{"voluntary_switches", offsetof(struct warden_job_end, voluntary_switches)},
	{"involuntary_switches", offsetof(struct warden_job_end, involuntary_switches)},
	{"read_bytes", offsetof(struct warden_job_end, read_bytes)},
	{"written_bytes", offsetof(struct warden_job_end, written_bytes)},
	{"peak_processes", offsetof(struct warden_job_end, peak_processes)},
};

static json_t *snapshot_end_to_json(const struct warden_job_end *end)
{
	json_t *json = json_pack("{s:i, s:i, s:i, s:b, s:s}", "reason", (int)end->reason,
				 "exit_status", end->exit_status, "signal", end->signal,
				 "own_cgroup", end->own_cgroup, "start_error", end->start_error);

	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		const void *value = (const char *)end + figures[i].offset;

		/* JSON has no unsigned 64-bit: WARDEN_UNKNOWN is -1 here. */
		json_object_set_new(json, figures[i].name,
				    json_integer((json_int_t) * (const uint64_t *)value));
	}
	return json;
}

/* A job without `end` still runs; after a restart the backend reports its end. */
static json_t *snapshot_job_to_json(const struct job *job)
{
	json_t *json =
		json_pack("{s:I, s:b, s:b, s:b, s:b, s:b, s:i, s:I, s:I, s:i, s:s, s:s, s:s?}",
			  "id", (json_int_t)job->id, "discard_output", job->discard, "over_limit",
			  job->over_limit, "keep", job->keep, "terminal", job->terminal, "stdin",
			  job->has_input, "output_policy", (int)job->output_policy, "output_limit",
			  (json_int_t)job->output_limit, "started_us", (json_int_t)job->started_us,
			  "leased_cpu", job->leased_cpu, "command", job->command, "user", job->user,
			  "log_tag", job->log_tag);

	if (json && job->settled) {
		json_object_set_new(json, "end", snapshot_end_to_json(&job->end));
		json_object_set_new(json, "end_sequence",
				    json_integer((json_int_t)job->end_sequence));
	}
	return json;
}

static json_t *snapshot_jobs_to_json(const struct container *c)
{
	json_t *array = json_array();
	const struct job *job;

	TAILQ_FOREACH(job, &c->jobs, link)
		if (!job->collected)
			json_array_append_new(array, snapshot_job_to_json(job));
	return array;
}

static json_t *snapshot_bind_mounts_to_json(const struct container *c)
{
	json_t *array = json_array();

	for (size_t i = 0; i < c->n_bind_mounts; i++)
		json_array_append_new(array, json_pack("{s:s, s:s, s:b}", "src_path",
						       c->bind_mounts[i].src_path, "dst_path",
						       c->bind_mounts[i].dst_path, "writable",
						       c->bind_mounts[i].writable));
	return array;
}

char *snapshot_text(const struct container *c)
{
	return snapshot_text_as(c, c->state);
}

char *snapshot_text_as(const struct container *c, enum container_state state)
{
	json_t *json =
		json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:b, s:o, s:o}",
			  "version", SNAPSHOT_VERSION, "id", c->id, "handle", c->handle, "state",
			  container_state_name(state), "created_us", (json_int_t)c->created_us,
			  "created_clock_us", (json_int_t)c->created_clock_us, "grace_time",
			  (json_int_t)c->grace_time,
			  /* Copies of values in etc/config, in case that is lost. */
			  "network", (json_int_t)ntohl(c->identity.network.s_addr), "uid",
			  (json_int_t)c->identity.uid, "slot", (json_int_t)c->identity.slot,
			  "rootfs", c->rootfs ? c->rootfs : "", "nested", c->nested, "bind_mounts",
			  snapshot_bind_mounts_to_json(c), "jobs", snapshot_jobs_to_json(c));
	json_t *events = json_array();
	char *text;

	for (size_t i = 0; i < c->n_events; i++)
		json_array_append_new(events, json_string(c->events[i]));
	/* last_end_sequence is stored because jobs that were collected are not. */
	if (!json || json_object_set_new(json, "events", events) < 0 ||
	    json_object_set_new(json, "last_end_sequence",
				json_integer((json_int_t)c->server->last_end_sequence)) < 0 ||
	    json_object_set_new(json, "rules", rules_to_json(&c->rules)) < 0 ||
	    json_object_set_new(json, "limits", limits_to_json(&c->limits)) < 0 ||
	    json_object_set_new(json, "options", create_options_to_json(&c->options)) < 0 ||
	    json_object_set_new(json, "request_ids", idempotence_to_json(c)) < 0 ||
	    json_object_set_new(json, "stopping", json_boolean(c->stop.started)) < 0 ||
	    json_object_set_new(json, "paused", json_boolean(c->paused)) < 0) {
		json_decref(json);
		return NULL;
	}
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

static int snapshot_write_all(int fd, const char *text, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = write(fd, text + done, length - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

/* Overwrites the file in place and truncates it to the new length. */
static int snapshot_write_file(int dir_fd, const char *name, const char *text,
			       struct warden_error *err)
{
	_cleanup_close_ int fd =
		openat(dir_fd, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	size_t length = strlen(text);
	struct stat status;

	if (fd < 0)
		return warden_error_errno(err, "open %s", name);
	if (snapshot_write_all(fd, text, length) < 0)
		return warden_error_errno(err, "write %s", name);
	if (fstat(fd, &status) < 0 ||
	    (status.st_size > (off_t)length && ftruncate(fd, (off_t)length) < 0))
		return warden_error_errno(err, "truncate %s", name);
	return 0;
}

/* Exchanges the two files; the next write overwrites the old one. A rename over a file, or a write
 * to a truncated one, makes ext4 write to the disk at once (auto_da_alloc in its manual), which
 * costs a run more than everything else here. */
static int snapshot_replace_file(int dir_fd, const char *name, const char *with)
{
	if (renameat2(dir_fd, with, dir_fd, name, RENAME_EXCHANGE) == 0)
		return 0;
	/* There is no old file yet, or the file system does not support it. */
	return errno == ENOENT || errno == EINVAL ? renameat(dir_fd, with, dir_fd, name) : -1;
}

/* No fsync: the snapshot must survive a kill of the daemon, not a crash of the host. */
int snapshot_write(const struct container *c, const char *text, struct warden_error *err)
{
	if (snapshot_write_file(c->dir_fd, "snapshot.json.new", text, err) < 0)
		return -1;
	if (snapshot_replace_file(c->dir_fd, "snapshot.json", "snapshot.json.new") < 0)
		return warden_error_errno(err, "replace %s/snapshot.json", c->path);
	return 0;
}

int snapshot_store(struct operation *operation, struct warden_error *err)
{
	if (!operation->snapshot)
		return warden_error_set(err, "no memory for its snapshot");
	return snapshot_write(operation->container, operation->snapshot, err);
}

static bool snapshot_read_end(struct job *job, const json_t *json)
{
	const char *start_error;
	int reason, own_cgroup;

	if (json_unpack((json_t *)json, "{s:i, s:i, s:i, s:b, s:s}", "reason", &reason,
			"exit_status", &job->end.exit_status, "signal", &job->end.signal,
			"own_cgroup", &own_cgroup, "start_error", &start_error) < 0)
		return false;
	job->end.reason = (enum warden_end_reason)reason;
	job->end.own_cgroup = own_cgroup;
	snprintf(job->end.start_error, sizeof(job->end.start_error), "%s", start_error);
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		void *value = (char *)&job->end + figures[i].offset;

		*(uint64_t *)value =
			(uint64_t)json_integer_value(json_object_get(json, figures[i].name));
	}
	job->ended = job->started = job->settled = job->end_stored = true;
	return true;
}

static bool snapshot_read_texts(struct job *job, const json_t *json)
{
	const char *log_tag = json_string_value(json_object_get(json, "log_tag"));
	const char *command, *user;

	if (json_unpack((json_t *)json, "{s:s, s:s}", "command", &command, "user", &user) < 0)
		return false;
	job->command = strdup(command);
	job->user = strdup(user);
	job->log_tag = log_tag ? strdup(log_tag) : NULL;
	return job->command && job->user && (job->log_tag || !log_tag);
}

static bool snapshot_read_options(struct job *job, const json_t *json)
{
	int discard, over_limit, keep, terminal, has_input, policy;
	json_int_t limit, started_us;

	if (json_unpack((json_t *)json, "{s:b, s:b, s:b, s:b, s:b, s:i, s:I, s:I, s:i}",
			"discard_output", &discard, "over_limit", &over_limit, "keep", &keep,
			"terminal", &terminal, "stdin", &has_input, "output_policy", &policy,
			"output_limit", &limit, "started_us", &started_us, "leased_cpu",
			&job->leased_cpu) < 0 ||
	    policy < OUTPUT_KILL || policy > OUTPUT_TAIL || limit < 0 || started_us < 0)
		return false;
	job->discard = discard;
	job->over_limit = over_limit;
	job->keep = keep;
	job->terminal = terminal;
	job->has_input = has_input;
	job->output_policy = (enum output_policy)policy;
	job->output_limit = (uint64_t)limit;
	job->started_us = (uint64_t)started_us;
	return snapshot_read_texts(job, json);
}

/* Takes the CPU lease again if the job still runs. */
static void snapshot_take_lease(struct job *job)
{
	if (job->ended || !cpu_lease_take_cpu(job->container->server, job->leased_cpu))
		job->leased_cpu = -1;
}

static bool snapshot_read_job(struct container *c, const json_t *json)
{
	const json_t *end = json_object_get(json, "end");
	struct job *job;
	json_int_t id;

	if (json_unpack((json_t *)json, "{s:I}", "id", &id) < 0 || id < 1 || id > UINT32_MAX ||
	    job_find(c, (uint32_t)id))
		return false;
	job = job_new(c, (uint32_t)id);
	if (!job || !snapshot_read_options(job, json) || (end && !snapshot_read_end(job, end)))
		return false;
	job->end_sequence = (uint64_t)json_integer_value(json_object_get(json, "end_sequence"));
	snapshot_take_lease(job);
	for (int i = 0; i < STORES; i++) {
		output_store_restore(&job->stores[i]);
		if (job->log_tag)
			output_syslog_restore(&job->stores[i]);
	}
	return true;
}

static bool snapshot_read_bind_mount(struct warden_bind_mount *mount, const json_t *json)
{
	const char *src, *dst;
	int writable;

	if (json_unpack((json_t *)json, "{s:s, s:s, s:b}", "src_path", &src, "dst_path", &dst,
			"writable", &writable) < 0)
		return false;
	mount->src_path = strdup(src);
	mount->dst_path = strdup(dst);
	mount->writable = writable;
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
						      STATE_DESTROYED};

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
		}
}

static void snapshot_read_last_end(struct server *server, const json_t *json)
{
	uint64_t last = (uint64_t)json_integer_value(json);

	if (last > server->last_end_sequence)
		server->last_end_sequence = last;
}

static bool snapshot_read_all(struct container *c, const json_t *json)
{
	const json_t *jobs = json_object_get(json, "jobs");
	const char *handle, *state, *rootfs;
	json_int_t grace_time, created = 0, created_clock = 0; /* absent in old snapshots */
	char *handle_copy, *rootfs_copy;
	int version;

	if (json_unpack((json_t *)json, "{s:i, s:s, s:s, s?I, s?I, s:I, s:s}", "version", &version,
			"handle", &handle, "state", &state, "created_us", &created,
			"created_clock_us", &created_clock, "grace_time", &grace_time, "rootfs",
			&rootfs) < 0 ||
	    version != SNAPSHOT_VERSION || grace_time < 0 || grace_time > UINT32_MAX || !*handle)
		return false;
	handle_copy = strdup(handle);
	rootfs_copy = strdup(rootfs);
	if (!handle_copy || !rootfs_copy) {
		free(handle_copy);
		free(rootfs_copy);
		return false;
	}
	free(c->handle);
	c->handle = handle_copy;
	free(c->rootfs);
	c->rootfs = rootfs_copy;
	c->grace_time = (uint32_t)grace_time;
	c->nested = json_is_true(json_object_get(json, "nested"));
	c->created_us = (uint64_t)created;
	c->created_clock_us = (uint64_t)created_clock;
	snapshot_read_last_end(c->server, json_object_get(json, "last_end_sequence"));
	snapshot_read_events(c, json_object_get(json, "events"));
	limits_read(&c->limits, json_object_get(json, "limits"));
	c->stop.interrupted = json_is_true(json_object_get(json, "stopping"));
	c->paused = json_is_true(json_object_get(json, "paused"));
	if (!snapshot_read_state(c, state) ||
	    !snapshot_read_bind_mounts(c, json_object_get(json, "bind_mounts")) ||
	    !rules_from_json(&c->rules, json_object_get(json, "rules")) ||
	    !create_options_from_json(&c->options, json_object_get(json, "options")) ||
	    !idempotence_from_json(c, json_object_get(json, "request_ids")))
		return false;
	for (size_t i = 0; i < json_array_size(jobs); i++)
		if (!snapshot_read_job(c, json_array_get(jobs, i)))
			return false;
	return true;
}

static json_t *snapshot_load(int dir_fd, json_error_t *where)
{
	_cleanup_close_ int fd =
		openat(dir_fd, "snapshot.json", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		return json_loadfd(fd, 0, where);
	snprintf(where->text, sizeof(where->text), "%s", strerror(errno));
	where->line = 0;
	return NULL;
}

bool snapshot_read_identity(int dir_fd, struct warden_identity *identity)
{
	json_int_t network, uid, slot;
	json_error_t where;
	json_t *json = snapshot_load(dir_fd, &where);
	bool whole = json && json_unpack(json, "{s:I, s:I, s:I}", "network", &network, "uid", &uid,
					 "slot", &slot) == 0;

	json_decref(json);
	if (!whole || network < 0 || network > UINT32_MAX || uid < 0 || uid > UINT32_MAX ||
	    slot < 0 || slot > UINT32_MAX)
		return false;
	identity->uid = (uint32_t)uid;
	identity->slot = (uint32_t)slot;
	identity_set_network(identity, (struct in_addr){htonl((uint32_t)network)});
	return true;
}

int snapshot_read(struct container *c, struct warden_error *err)
{
	json_error_t where;
	json_t *json = snapshot_load(c->dir_fd, &where);
	bool whole;

	if (!json)
		return warden_error_set(err, "%s/snapshot.json:%d: %s", c->path, where.line,
					where.text);
	whole = snapshot_read_all(c, json);
	json_decref(json);
	if (!whole)
		return warden_error_set(err, "%s/snapshot.json is incomplete or invalid", c->path);
	return 0;
}
