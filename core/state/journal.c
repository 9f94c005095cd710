/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of events and its readers; see journal.h. */
#include <config.h>

#include "core/state/journal.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/container/container_subject.h"
#include "core/log.h"
#include "core/server.h"
#include "core/wire/message_text.h"
#include "core/wire/request.h"
#include "lib/clock.h"

enum { JOURNAL_ENTRIES = 1024 };

/* A container's properties, each as KEY, newline, VALUE, NUL; then a NUL. */
struct labels {
	size_t references; /* of entries and the container */
	char text[];
};

struct journal_entry {
	uint64_t sequence, time_us;
	Warden__EventsResponse__Kind kind;
	char *handle;          /* NULL: the entry is empty */
	struct labels *labels; /* its container's, a reference */
	uint32_t job_id;       /* 0: none */
	uint32_t exit_status;
	enum warden_end_reason reason; /* 0: none */
	const char *detail;            /* static, or NULL */
};

/* A client that reads the journal. */
struct journal_reader {
	LIST_ENTRY(journal_reader) link;
	struct request *request;
	uint64_t next; /* sequence number of the next entry to check */
	bool sending;  /* an event is not yet written */
};

struct journal {
	uint64_t next;  /* sequence number of the next entry */
	uint64_t first; /* sequence number of the first entry of this daemon */
	LIST_HEAD(, journal_reader) readers;
	struct journal_entry entries[JOURNAL_ENTRIES]; /* number N at N % ENTRIES */
};

struct journal *journal_new(void)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (!journal)
		return NULL;
	LIST_INIT(&journal->readers);
	journal->first = journal->next = clock_now_us();
	return journal;
}

static void journal_clear_entry(struct journal_entry *entry)
{
	free(entry->handle);
	journal_release_labels(entry->labels);
	*entry = (struct journal_entry){0};
}

void journal_free(struct journal *journal)
{
	for (size_t i = 0; journal && i < JOURNAL_ENTRIES; i++)
		journal_clear_entry(&journal->entries[i]);
	free(journal);
}

/* Sequence number of the oldest entry that is kept. */
static uint64_t journal_oldest(const struct journal *journal)
{
	return journal->next - journal->first > JOURNAL_ENTRIES ? journal->next - JOURNAL_ENTRIES
								: journal->first;
}

static bool journal_names_handle(const Warden__EventsRequest *wanted,
				 const struct journal_entry *entry)
{
	for (size_t i = 0; i < wanted->n_handles; i++)
		if (wanted->handles[i].len == strlen(entry->handle) &&
		    memcmp(wanted->handles[i].data, entry->handle, wanted->handles[i].len) == 0)
			return true;
	return wanted->n_handles == 0;
}

/* Keys hold no control characters: see create_options.h. */
static bool journal_has_label(const struct journal_entry *entry, const Warden__Property *wanted)
{
	size_t key = wanted->key.len, value = wanted->value.len;

	for (const char *label = entry->labels->text; *label; label += strlen(label) + 1)
		if (strlen(label) == key + 1 + value && memcmp(label, wanted->key.data, key) == 0 &&
		    label[key] == '\n' && memcmp(label + key + 1, wanted->value.data, value) == 0)
			return true;
	return false;
}

static bool journal_is_wanted(const struct journal_reader *reader,
			      const struct journal_entry *entry)
{
	const Warden__EventsRequest *wanted = (const void *)reader->request->message;

	if (!entry->handle || !journal_names_handle(wanted, entry))
		return false;
	for (size_t i = 0; i < wanted->n_properties; i++)
		if (!journal_has_label(entry, wanted->properties[i]))
			return false;
	return true;
}

static bool journal_send_event(struct journal_reader *reader, const Warden__EventsResponse *event)
{
	struct segment_list list = TAILQ_HEAD_INITIALIZER(list);
	size_t size = warden__events_response__get_packed_size(event);
	uint8_t *bytes = malloc(size);

	if (bytes)
		warden__events_response__pack(event, bytes);
	if (!segment_add_memory(&list, bytes, size))
		return false;
	reader->sending = true;
	request_send_part(reader->request, &list); /* may free the reader */
	return true;
}

static bool journal_send_entry(struct journal_reader *reader, const struct journal_entry *entry)
{
	Warden__EventsResponse event = WARDEN__EVENTS_RESPONSE__INIT;

	event.kind = entry->kind;
	event.sequence = entry->sequence;
	event.has_time_us = true;
	event.time_us = entry->time_us;
	message_set_text(&event.has_handle, &event.handle, entry->handle);
	message_set_text(&event.has_detail, &event.detail, entry->detail);
	event.has_job_id = entry->job_id != 0;
	event.job_id = entry->job_id;
	event.has_exit_status = event.has_reason = entry->reason != 0;
	event.exit_status = entry->exit_status;
	event.reason = (Warden__JobEnd__Reason)entry->reason;
	return journal_send_event(reader, &event);
}

/* Reports that the events `from` to `to` - 1 were missed. Their number is unknown if some are from
 * before this daemon. */
static bool journal_send_missed(struct journal_reader *reader, uint64_t from, uint64_t to,
				uint64_t first)
{
	Warden__EventsResponse event = WARDEN__EVENTS_RESPONSE__INIT;

	event.kind = WARDEN__EVENTS_RESPONSE__KIND__MISSED;
	event.sequence = to - 1;
	event.has_missed = from >= first;
	event.missed = to - from;
	return journal_send_event(reader, &event);
}

static void journal_free_reader(struct journal_reader *reader)
{
	LIST_REMOVE(reader, link);
	reader->request->data = NULL;
	free(reader);
}

/* Sends the next event that the reader wants, if there is one. */
static void journal_step_reader(struct journal *journal, struct journal_reader *reader)
{
	struct request *request = reader->request;
	bool sent = true;

	if (reader->sending)
		return;
	if (reader->next < journal_oldest(journal)) {
		uint64_t from = reader->next;

		reader->next = journal_oldest(journal);
		sent = journal_send_missed(reader, from, reader->next, journal->first);
	} else {
		while (reader->next < journal->next) {
			const struct journal_entry *entry =
				&journal->entries[reader->next++ % JOURNAL_ENTRIES];

			if (!journal_is_wanted(reader, entry))
				continue;
			sent = journal_send_entry(reader, entry);
			break;
		}
	}
	if (!sent) {
		journal_free_reader(reader);
		request_fail_text(request, "no memory for an event");
	}
}

static void journal_step_readers(struct journal *journal)
{
	struct journal_reader *reader, *next;

	for (reader = LIST_FIRST(&journal->readers); reader; reader = next) {
		next = LIST_NEXT(reader, link);
		journal_step_reader(journal, reader);
	}
}

static size_t journal_labels_size(const struct create_options *options)
{
	size_t size = 1;

	for (size_t i = 0; i < options->n_properties; i++)
		size += strlen(options->properties[i].key) + 1 +
			strlen(options->properties[i].value) + 1;
	return size;
}

static struct labels *journal_new_labels(const struct create_options *options)
{
	struct labels *labels = malloc(sizeof(*labels) + journal_labels_size(options));
	char *end = labels ? labels->text : NULL;

	if (!labels)
		return NULL;
	labels->references = 1;
	for (size_t i = 0; i < options->n_properties; i++)
		end += sprintf(end, "%s\n%s", options->properties[i].key,
			       options->properties[i].value) +
		       1;
	*end = '\0';
	return labels;
}

void journal_release_labels(struct labels *labels)
{
	if (labels && --labels->references == 0)
		free(labels);
}

/* Makes the labels at the container's first event; all its entries share them. NULL: no memory. */
static struct labels *journal_ref_labels(struct container *c)
{
	if (!c->labels)
		c->labels = journal_new_labels(&c->options);
	if (c->labels)
		c->labels->references++;
	return c->labels;
}

static struct journal_entry *journal_add(struct container *c, Warden__EventsResponse__Kind kind,
					 const char *detail)
{
	struct journal *journal = c->server->journal;
	struct journal_entry *entry = &journal->entries[journal->next % JOURNAL_ENTRIES];

	journal_clear_entry(entry);
	*entry = (struct journal_entry){.sequence = journal->next++,
					.time_us = clock_now_us(),
					.kind = kind,
					.detail = detail,
					.handle = strdup(c->handle),
					.labels = journal_ref_labels(c)};
	if (!entry->handle || !entry->labels) {
		free(entry->handle);
		/* No client receives the event, nor a MISSED for it; hence the log line. */
		entry->handle = NULL;
		log_write(WARDEN_LOG_ERROR, "%s: no memory for an event", c->id);
	}
	return entry;
}

void journal_container(struct container *c, Warden__EventsResponse__Kind kind, const char *detail)
{
	journal_add(c, kind, detail);
	journal_step_readers(c->server->journal);
}

void journal_job(const struct job *job, Warden__EventsResponse__Kind kind, const char *detail)
{
	struct journal_entry *entry = journal_add(job->container, kind, detail);

	entry->job_id = job->id;
	if (kind == WARDEN__EVENTS_RESPONSE__KIND__JOB_ENDED) {
		entry->reason = job_end_reason(job);
		entry->exit_status = job_exit_status(job);
	}
	journal_step_readers(job->container->server->journal);
}

static bool journal_send_subscribed(struct journal_reader *reader, const struct journal *journal)
{
	Warden__EventsResponse event = WARDEN__EVENTS_RESPONSE__INIT;

	event.kind = WARDEN__EVENTS_RESPONSE__KIND__SUBSCRIBED;
	event.sequence = journal->next - 1;
	return journal_send_event(reader, &event);
}

int journal_subscribe(struct request *request, struct warden_error *err)
{
	const Warden__EventsRequest *message = (const void *)request->message;
	struct journal *journal = request->server->journal;
	struct journal_reader *reader;

	if (message->has_after && message->after >= journal->next)
		return warden_error_set(
			err, "after: there is no event %" PRIu64 " yet, the last is %" PRIu64,
			message->after, journal->next - 1);
	reader = calloc(1, sizeof(*reader));
	if (!reader)
		return warden_error_set(err, "no memory");
	reader->request = request;
	reader->next = message->has_after ? message->after + 1 : journal->next;
	request->data = reader;
	LIST_INSERT_HEAD(&journal->readers, reader, link);
	if (journal_send_subscribed(reader, journal))
		return 0;
	journal_free_reader(reader);
	return warden_error_set(err, "no memory");
}

bool journal_cancel(struct request *request)
{
	if (request->data)
		journal_free_reader(request->data);
	return true;
}

void journal_written(struct request *request, bool whole)
{
	struct journal_reader *reader = request->data;

	(void)whole; /* if false, journal_cancel follows */
	if (!reader)
		return;
	reader->sending = false;
	journal_step_reader(request->server->journal, reader);
}

static void journal_release(struct container *c)
{
	journal_release_labels(c->labels);
}

const struct container_subject journal_subject = {
	.release = journal_release,
};
