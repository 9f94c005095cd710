/* SPDX-License-Identifier: Apache-2.0 */
/* The table of request ids; see idempotence.h. */
#include <config.h>

#include "core/state/idempotence.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/container/container_subject.h"
#include "core/state/job_log.h"
#include "core/state/json_bytes.h"
#include "lib/cleanup.h"
#include "lib/text.h"

/* A request with an id whose first request is still running. It waits for that one's answer. */
struct repeated {
	TAILQ_ENTRY(repeated) link;
	struct request *request;
	const struct idempotence_use *use;
};

struct request_digest {
	uint64_t a, b;
};

struct idempotent {
	LIST_ENTRY(idempotent) by_id;
	TAILQ_ENTRY(idempotent) of_container;
	struct container
		*container; /* NULL: no answer is promised yet, or the container was destroyed */
	int type;           /* of the request */
	char *id;
	struct request_digest digest;
	uint8_t *answer; /* promised, encoded */
	size_t answer_size;
	bool kept; /* the first request succeeded: the answer may be repeated */
	TAILQ_HEAD(, repeated) waiting;
};

/* A protobuf-c buffer that stores only a digest of what is appended. */
struct digest_buffer {
	ProtobufCBuffer base;
	struct request_digest digest;
};

/* Each step is invertible, so two words never collide in one step. The digest need not be
 * cryptographic: a collision harms only the client that makes it. */
static uint64_t idempotence_mix(uint64_t state, uint64_t word, uint64_t factor)
{
	state = (state ^ word) * factor;
	return state ^ (state >> 29);
}

static void idempotence_append_digest(ProtobufCBuffer *buffer, size_t length, const uint8_t *data)
{
	struct request_digest *digest = &((struct digest_buffer *)buffer)->digest;

	for (size_t at = 0; at < length; at += sizeof(uint64_t)) {
		size_t left = length - at;
		uint64_t word = 0;

		memcpy(&word, data + at, left < sizeof(word) ? left : sizeof(word));
		digest->a = idempotence_mix(digest->a, word, 0x9e3779b97f4a7c15U);
		digest->b = idempotence_mix(digest->b, word, 0xc2b2ae3d27d4eb4fU);
	}
	digest->a = idempotence_mix(digest->a, length, 0x9e3779b97f4a7c15U);
}

/* Digest of the message as protobuf-c encodes it, so that the order of fields on the wire does not
 * matter. */
static struct request_digest idempotence_digest_of(const ProtobufCMessage *message)
{
	struct digest_buffer buffer = {
		.base.append = idempotence_append_digest,
		.digest = {14695981039346656037U, 1099511628211U},
	};

	protobuf_c_message_pack_to_buffer(message, &buffer.base);
	return buffer.digest;
}

static struct idempotent_list *idempotence_bucket_of(struct server *server, int type,
						     const char *id)
{
	uint64_t value = (uint64_t)type;

	for (; *id; id++)
		value = idempotence_mix(value, (uint8_t)*id, 1099511628211U);
	return &server->request_ids[value % REQUEST_ID_BUCKETS];
}

static struct idempotent *idempotence_find(struct server *server, int type, const char *id)
{
	struct idempotent *entry;

	LIST_FOREACH(entry, idempotence_bucket_of(server, type, id), by_id)
		if (entry->type == type && strcmp(entry->id, id) == 0)
			return entry;
	return NULL;
}

/* Adds an entry; takes `id`, which may be NULL. NULL: no memory. */
static struct idempotent *idempotence_add(struct server *server, int type, char *id)
{
	struct idempotent *entry = id ? calloc(1, sizeof(*entry)) : NULL;

	if (!entry) {
		free(id);
		return NULL;
	}
	entry->type = type;
	entry->id = id;
	TAILQ_INIT(&entry->waiting);
	LIST_INSERT_HEAD(idempotence_bucket_of(server, type, id), entry, by_id);
	return entry;
}

static void idempotence_attach(struct idempotent *entry, struct container *c)
{
	entry->container = c;
	c->n_request_ids++;
	TAILQ_INSERT_TAIL(&c->request_ids, entry, of_container);
}

static void idempotence_detach(struct idempotent *entry)
{
	if (!entry->container)
		return;
	entry->container->n_request_ids--;
	TAILQ_REMOVE(&entry->container->request_ids, entry, of_container);
	entry->container = NULL;
}

static void idempotence_free_entry(struct idempotent *entry)
{
	free(entry->answer);
	free(entry->id);
	free(entry);
}

static void idempotence_drop(struct idempotent *entry)
{
	idempotence_detach(entry);
	LIST_REMOVE(entry, by_id);
	idempotence_free_entry(entry);
}

/* Answers with the promised answer. Decoding can fail: the answer may be from a snapshot file that
 * was changed. */
static void idempotence_repeat(const struct idempotent *entry, const struct idempotence_use *use,
			       struct request *request)
{
	ProtobufCMessage *answer =
		protobuf_c_message_unpack(use->answer, NULL, entry->answer_size, entry->answer);

	if (!answer) {
		request_fail_text(request, "cannot decode the stored answer for its request_id");
		return;
	}
	use->repeat(request, entry->container, answer);
	protobuf_c_message_free_unpacked(answer, NULL);
}

static int idempotence_wait_for(struct idempotent *entry, struct request *request,
				const struct idempotence_use *use, struct warden_error *err)
{
	struct repeated *repeated = malloc(sizeof(*repeated));

	if (!repeated)
		return warden_error_set(err, "no memory for a request that waits");
	*repeated = (struct repeated){.request = request, .use = use};
	TAILQ_INSERT_TAIL(&entry->waiting, repeated, link);
	return 1;
}

static int idempotence_begin_again(struct idempotent *entry, struct request *request,
				   const struct idempotence_use *use, struct warden_error *err)
{
	struct request_digest digest = idempotence_digest_of(request->message);
	char id[REQUEST_ID_MAX * 4 + 8];

	if (digest.a != entry->digest.a || digest.b != entry->digest.b) {
		text_escape(id, sizeof(id), entry->id, strlen(entry->id));
		return warden_error_set(err,
					"request_id %s was used for a %s with other parameters", id,
					request->handler->name);
	}
	if (!entry->kept)
		return idempotence_wait_for(entry, request, use, err);
	idempotence_repeat(entry, use, request);
	return 1;
}

int idempotence_begin(struct request *request, const ProtobufCBinaryData *id,
		      const struct idempotence_use *use, struct idempotent **result,
		      struct warden_error *err)
{
	struct idempotent *known;
	char *text;

	*result = NULL;
	if (!id || id->len == 0)
		return 0;
	text = request_text(id, "request_id", REQUEST_ID_MAX, err);
	if (!text)
		return -1;
	known = idempotence_find(request->server, request->handler->type, text);
	if (known) {
		free(text);
		return idempotence_begin_again(known, request, use, err);
	}
	*result = idempotence_add(request->server, request->handler->type, text);
	if (!*result)
		return warden_error_set(err, "no memory for a request_id");
	(*result)->digest = idempotence_digest_of(request->message);
	return 0;
}

static void idempotence_record_gone(const struct idempotent *entry)
{
	job_log_add(entry->container, "request_gone",
		    json_pack("{s:i, s:o}", "type", entry->type, "id", json_bytes(entry->id)));
}

/* Drops the oldest entries whose requests have ended, so that one more fits. */
static void idempotence_make_room(struct container *c)
{
	struct idempotent *entry, *next;

	for (entry = TAILQ_FIRST(&c->request_ids); entry && c->n_request_ids >= REQUEST_IDS_MAX;
	     entry = next) {
		next = TAILQ_NEXT(entry, of_container);
		if (!entry->kept)
			continue;
		idempotence_record_gone(entry);
		idempotence_drop(entry);
	}
}

/* NULL: no memory. */
static json_t *idempotence_entry_to_json(const struct idempotent *entry)
{
	_cleanup_free_ char *answer = json_bytes_to_hex(entry->answer, entry->answer_size);
	char digest[40];

	if (!answer)
		return NULL;
	snprintf(digest, sizeof(digest), "%016" PRIx64 "%016" PRIx64, entry->digest.a,
		 entry->digest.b);
	return json_pack("{s:i, s:o, s:s, s:s}", "type", entry->type, "id", json_bytes(entry->id),
			 "digest", digest, "answer", answer);
}

int idempotence_promise(struct idempotent *entry, struct container *c,
			const ProtobufCMessage *answer, struct warden_error *err)
{
	if (!entry)
		return 0;
	entry->answer_size = protobuf_c_message_get_packed_size(answer);
	entry->answer = malloc(entry->answer_size + 1);
	if (!entry->answer)
		return warden_error_set(err, "no memory for a request_id");
	protobuf_c_message_pack(answer, entry->answer);
	idempotence_make_room(c);
	idempotence_attach(entry, c);
	job_log_add(c, "request", idempotence_entry_to_json(entry));
	return 0;
}

static struct repeated *idempotence_take_waiting(struct idempotent *entry)
{
	struct repeated *repeated = TAILQ_FIRST(&entry->waiting);

	if (repeated)
		TAILQ_REMOVE(&entry->waiting, repeated, link);
	return repeated;
}

/* Answering may begin the client's next request at once. If that one has the same id it waits too,
 * until `kept` is set. */
void idempotence_keep(struct idempotent *entry)
{
	struct repeated *repeated;
	struct warden_error err;

	if (!entry)
		return;
	if (!entry->container) {
		warden_error_set(&err, "unknown handle");
		idempotence_fail(entry, &err);
		return;
	}
	while ((repeated = idempotence_take_waiting(entry))) {
		idempotence_repeat(entry, repeated->use, repeated->request);
		free(repeated);
	}
	entry->kept = true;
}

/* The entry is removed first, so that a client that reads the error can retry. */
void idempotence_fail(struct idempotent *entry, const struct warden_error *err)
{
	struct repeated *repeated;

	if (!entry)
		return;
	if (entry->container)
		idempotence_record_gone(entry);
	idempotence_detach(entry);
	LIST_REMOVE(entry, by_id);
	while ((repeated = idempotence_take_waiting(entry))) {
		request_fail(repeated->request, err);
		free(repeated);
	}
	idempotence_free_entry(entry);
}

bool idempotence_withdraw(struct container *c, const ProtobufCMessage *answer)
{
	size_t size = protobuf_c_message_get_packed_size(answer);
	_cleanup_free_ uint8_t *encoded = malloc(size + 1);
	struct idempotent *entry;

	if (!encoded)
		return false;
	protobuf_c_message_pack(answer, encoded);
	TAILQ_FOREACH(entry, &c->request_ids, of_container) {
		if (!entry->kept || entry->answer_size != size ||
		    memcmp(entry->answer, encoded, size) != 0)
			continue;
		idempotence_record_gone(entry);
		idempotence_drop(entry);
		return true;
	}
	return false;
}

void idempotence_forget(struct container *c)
{
	struct idempotent *entry;

	/* An entry whose request still runs is ended by that request. */
	while ((entry = TAILQ_FIRST(&c->request_ids))) {
		if (entry->kept)
			idempotence_drop(entry);
		else
			idempotence_detach(entry);
	}
}

json_t *idempotence_to_json(const struct container *c)
{
	const struct idempotent *entry;
	json_t *array = json_array();

	TAILQ_FOREACH(entry, &c->request_ids, of_container)
		if (array && json_array_append_new(array, idempotence_entry_to_json(entry)) < 0) {
			json_decref(array);
			array = NULL;
		}
	return array;
}

/* The container's entry that `json` names, or NULL. `*id` is for the caller to free; NULL: there is
 * none, or no memory. */
static struct idempotent *idempotence_find_named(const struct container *c, const json_t *json,
						 int *type, char **id)
{
	*type = (int)json_integer_value(json_object_get(json, "type"));
	*id = json_bytes_text(json_object_get(json, "id"));
	return *id ? idempotence_find(c->server, *type, *id) : NULL;
}

/* An id that another container has was dropped here, which a daemon that was killed did not record.
 */
bool idempotence_read(struct container *c, const json_t *json)
{
	const char *digest, *answer;
	_cleanup_free_ char *id = NULL;
	struct idempotent *entry;
	int type;

	entry = idempotence_find_named(c, json, &type, &id);
	if (!id ||
	    json_unpack((json_t *)json, "{s:s, s:s}", "digest", &digest, "answer", &answer) < 0)
		return false;
	if (entry && entry->container != c)
		return true;
	if (entry)
		idempotence_drop(entry);
	entry = idempotence_add(c->server, type, take_pointer(id));
	if (!entry)
		return false;
	idempotence_attach(entry, c);
	entry->kept = true;
	entry->answer = json_bytes_from_hex(answer, &entry->answer_size);
	return entry->answer &&
	       sscanf(digest, "%16" SCNx64 "%16" SCNx64, &entry->digest.a, &entry->digest.b) == 2;
}

bool idempotence_read_gone(struct container *c, const json_t *json)
{
	_cleanup_free_ char *id = NULL;
	struct idempotent *entry;
	int type;

	entry = idempotence_find_named(c, json, &type, &id);
	if (entry && entry->container == c)
		idempotence_drop(entry);
	return id != NULL;
}

bool idempotence_from_json(struct container *c, const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!idempotence_read(c, json_array_get(array, i)))
			return false;
	return true;
}

static void idempotence_init(struct container *c)
{
	TAILQ_INIT(&c->request_ids);
}

const struct container_subject idempotence_subject = {
	.init = idempotence_init,
	.release = idempotence_forget,
};
