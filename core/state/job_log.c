/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a container's jobs and request ids; see job_log.h. */
#include <config.h>

#include "core/state/job_log.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/backend/backend_call.h"
#include "core/container/container_subject.h"
#include "core/server.h"
#include "core/state/idempotence.h"
#include "core/state/job_json.h"
#include "core/state/state_file.h"
#include "lib/cleanup.h"

enum {
	JOB_LOG_VERSION = 1,
	SIZE_MIN = 65536, /* a smaller log is not replaced */
};

struct job_log_write {
	bool whole; /* replaces the log */
	char *text;
	size_t length;
	uint64_t offset;
	uint32_t *forget; /* jobs that the backend may forget then */
	size_t n_forget;
	struct job_files *remove;
	size_t n_remove;
	bool stored;
};

/* Makes the line of a record; takes `content`, which may be NULL for lack of memory, as is the
 * result. */
static char *job_log_line(const char *kind, json_t *content)
{
	json_t *json = json_pack("{s:o}", kind, content);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	char *line = NULL;

	json_decref(json);
	if (text && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	return line;
}

/* Appends a line, which may be NULL, to the records that wait. */
static void job_log_append(struct container *c, const char *line)
{
	struct job_log *log = &c->job_log;
	size_t length = line ? strlen(line) : 0;
	char *pending = line ? realloc(log->pending, log->length + length) : NULL;

	if (!pending) {
		log->incomplete = true;
		return;
	}
	memcpy(pending + log->length, line, length);
	log->pending = pending;
	log->length += length;
}

void job_log_add(struct container *c, const char *kind, json_t *content)
{
	_cleanup_free_ char *line = job_log_line(kind, content);

	job_log_append(c, line);
}

/* The job keeps its line, so that a whole log is quickly made. */
void job_log_put(struct job *job)
{
	job->container->changed |= job->shown;
	free(job->record);
	job->record = job_log_line("job", job_to_json(job));
	job_log_append(job->container, job->record);
}

void job_log_drop(struct container *c, uint32_t id)
{
	char line[96];

	snprintf(line, sizeof(line), "{\"gone\":%u,\"last_end_sequence\":%lld}\n", id,
		 (long long)c->server->last_end_sequence);
	job_log_append(c, line);
}

void job_log_forget(struct container *c, uint32_t id)
{
	struct job_log *log = &c->job_log;
	uint32_t *forget = realloc(log->forget, (log->n_forget + 1) * sizeof(*forget));

	if (!forget)
		return; /* the backend reports the end again after a restart */
	forget[log->n_forget++] = id;
	log->forget = forget;
}

void job_log_remove_files(struct container *c, const struct job_files *files)
{
	struct job_log *log = &c->job_log;
	struct job_files *remove = realloc(log->remove, (log->n_remove + 1) * sizeof(*remove));

	if (!remove)
		return; /* they go with the container */
	remove[log->n_remove++] = *files;
	log->remove = remove;
}

bool job_log_is_current(const struct container *c)
{
	return c->job_log.current;
}

static bool job_log_print_requests(FILE *out, const struct container *c)
{
	json_t *array = idempotence_to_json(c);
	bool printed = array != NULL;

	for (size_t i = 0; printed && i < json_array_size(array); i++) {
		_cleanup_free_ char *line =
			job_log_line("request", json_incref(json_array_get(array, i)));

		printed = line && fputs(line, out) >= 0;
	}
	json_decref(array);
	return printed;
}

static bool job_log_print_jobs(FILE *out, const struct container *c)
{
	struct job *job;

	TAILQ_FOREACH(job, &c->jobs, link) {
		if (job->collected)
			continue;
		if (!job->record)
			job->record = job_log_line("job", job_to_json(job));
		if (!job->record || fputs(job->record, out) < 0)
			return false;
	}
	return true;
}

/* The text of a whole log. NULL: no memory. */
static char *job_log_whole_text(const struct container *c, size_t *length)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, length);
	bool printed;

	if (!out)
		return NULL;
	printed = fprintf(out, "{\"version\":%d,\"last_end_sequence\":%lld,\"last_job_id\":%u}\n",
			  JOB_LOG_VERSION, (long long)c->server->last_end_sequence,
			  c->server->last_job_id) > 0 &&
		  job_log_print_jobs(out, c) && job_log_print_requests(out, c);
	if (fclose(out) == 0 && printed)
		return text;
	free(text);
	return NULL;
}

static bool job_log_is_due(const struct job_log *log)
{
	uint64_t most = 2 * log->whole > SIZE_MIN ? 2 * log->whole : SIZE_MIN;

	return !log->current || log->incomplete || log->size + log->length > most;
}

/* A whole log has what the records that wait say. If it cannot be made, the next operation tries
 * it again. */
struct job_log_write *job_log_take(struct container *c)
{
	struct job_log *log = &c->job_log;
	struct job_log_write *write = calloc(1, sizeof(*write));

	if (!write)
		return NULL;
	write->whole = job_log_is_due(log);
	write->offset = log->size;
	if (write->whole) {
		write->text = job_log_whole_text(c, &write->length);
		if (!write->text) {
			free(write);
			log->current = false;
			return NULL;
		}
		write->offset = 0;
		free(log->pending);
	} else {
		write->text = log->pending;
		write->length = log->length;
	}
	log->pending = NULL;
	log->length = 0;
	log->incomplete = false;
	write->forget = log->forget;
	write->n_forget = log->n_forget;
	log->forget = NULL;
	log->n_forget = 0;
	write->remove = log->remove;
	write->n_remove = log->n_remove;
	log->remove = NULL;
	log->n_remove = 0;
	return write;
}

void job_log_finish(struct container *c, struct job_log_write *write)
{
	struct job_log *log = &c->job_log;

	if (!write)
		return;
	log->current = write->stored;
	log->size = write->offset + write->length;
	if (write->whole)
		log->whole = write->length;
	for (size_t i = 0; !write->stored && i < write->n_forget; i++)
		job_log_forget(c, write->forget[i]);
	for (size_t i = 0; !write->stored && i < write->n_remove; i++)
		job_log_remove_files(c, &write->remove[i]);
	free(write->remove);
	free(write->forget);
	free(write->text);
	free(write);
}

void job_log_end(struct container *c)
{
	c->job_log.current = false;
}

int job_log_write(const struct container *c, const struct job_log_write *write,
		  struct warden_error *err)
{
	if (write->whole)
		return state_file_replace(c->dir_fd, "jobs.log", "jobs.log.new", write->text,
					  write->length, err);
	if (write->length == 0)
		return 0;
	return state_file_write_at(c->dir_fd, "jobs.log", write->offset, write->text, write->length,
				   err);
}

void job_log_stored(const struct container *c, struct job_log_write *write)
{
	const struct warden_container_klass *container_klass = c->server->container_klass;

	write->stored = true;
	for (size_t i = 0; c->backend && container_klass->job_forget && i < write->n_forget; i++)
		BACKEND_CALL_VOID(container_klass, c->id, job_forget, c->backend, write->forget[i]);
	for (size_t i = 0; i < write->n_remove; i++)
		output_store_unlink(c->dir_fd, &write->remove[i]);
}

/* The rest does not count. */
void job_log_remove(const struct container *c)
{
	unlinkat(c->dir_fd, "jobs.log", 0);
	unlinkat(c->dir_fd, "jobs.log.new", 0);
}

static void job_log_read_numbers(struct server *server, const json_t *record)
{
	uint64_t end = (uint64_t)json_integer_value(json_object_get(record, "last_end_sequence"));
	json_int_t id = json_integer_value(json_object_get(record, "last_job_id"));

	if (end > server->last_end_sequence)
		server->last_end_sequence = end;
	if (id > server->last_job_id && id <= UINT32_MAX)
		server->last_job_id = (uint32_t)id;
}

/* `jobs` maps ids to what the last record says of them, in the order of their first. */
static bool job_log_read_record(struct container *c, json_t *jobs, const json_t *record)
{
	json_t *job = json_object_get(record, "job"), *gone = json_object_get(record, "gone");
	json_t *request = json_object_get(record, "request");
	json_t *request_gone = json_object_get(record, "request_gone");
	const json_t *id = job ? json_object_get(job, "id") : gone;
	char key[32];

	job_log_read_numbers(c->server, record);
	snprintf(key, sizeof(key), "%lld", (long long)json_integer_value(id));
	if (job)
		return json_is_integer(id) && json_object_set(jobs, key, job) == 0;
	if (gone) {
		json_object_del(jobs, key); /* it may have been dropped with an earlier log */
		return json_is_integer(id);
	}
	if (request)
		return idempotence_read(c, request);
	if (request_gone)
		return idempotence_read_gone(c, request_gone);
	return json_integer_value(json_object_get(record, "version")) == JOB_LOG_VERSION;
}

static int job_log_read_lines(struct container *c, json_t *jobs, const char *text,
			      struct warden_error *err)
{
	const char *end;

	for (unsigned line = 1; (end = strchr(text, '\n')); line++, text = end + 1) {
		json_error_t where;
		json_t *record = json_loadb(text, (size_t)(end - text), 0, &where);
		bool known = record && job_log_read_record(c, jobs, record);

		if (!record)
			warden_error_set(err, "jobs.log:%u: %s", line, where.text);
		else if (!known)
			warden_error_set(err, "jobs.log:%u: invalid record", line);
		json_decref(record);
		if (!known)
			return -1;
	}
	return 0;
}

int job_log_read(struct container *c, struct warden_error *err)
{
	size_t length;
	_cleanup_free_ char *text = state_file_read(c->dir_fd, "jobs.log", &length, err);
	json_t *jobs = text ? json_object() : NULL, *job;
	const char *key;
	int result;

	if (!text)
		return -1;
	if (!jobs) {
		warden_error_set(err, "no memory for its jobs");
		err->number = ENOMEM;
		return -1;
	}
	errno = 0;
	if (strlen(text) != length)
		result = warden_error_set(err, "jobs.log contains NUL");
	else
		result = job_log_read_lines(c, jobs, text, err);
	json_object_foreach(jobs, key, job) if (result == 0 && !job_from_json(c, job)) result =
		warden_error_set(err, "jobs.log: job %s is invalid", key);
	/* A log that there is no memory to read is not damaged. */
	if (result < 0 && errno == ENOMEM)
		err->number = ENOMEM;
	json_decref(jobs);
	return result;
}

static void job_log_release(struct container *c)
{
	free(c->job_log.pending);
	free(c->job_log.forget);
	free(c->job_log.remove);
}

const struct container_subject job_log_subject = {
	.release = job_log_release,
};
