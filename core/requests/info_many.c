/* SPDX-License-Identifier: Apache-2.0 */
/* InfoMany: the answers of Info for many containers in one. Each entry is encoded when its figures
 * arrive, because its container may be freed before the last ones do. */
#include <config.h>

#include <stdlib.h>

#include "core/container/container_info.h"
#include "core/wire/request.h"
#include "lib/cleanup.h"
#include "lib/varint.h"

enum { HANDLE_MAX = 1024, HANDLES_MAX = 16384, HEAD_MAX = 16 };

struct info_many;

struct info_many_entry {
	struct info_many *many;
	uint8_t *bytes; /* encoded; NULL: its figures are pending, or no memory */
	size_t size;
};

struct info_many {
	struct request *request;
	struct info_many_entry *entries;
	size_t n, pending; /* entries, and those without figures */
	bool failed;
	struct warden_error err; /* if failed */
};

static void info_many_answer(struct info_many *many)
{
	struct segment_list payload = TAILQ_HEAD_INITIALIZER(payload);
	bool whole = true;

	for (size_t i = 0; i < many->n && whole; i++) {
		struct info_many_entry *entry = &many->entries[i];
		uint8_t *head = entry->bytes ? malloc(HEAD_MAX) : NULL;
		size_t length = 1;

		if (head) {
			head[0] = 1 << 3 | 2; /* field 1, with a length */
			length += varint_put(head + 1, entry->size);
		}
		whole = segment_add_memory(&payload, head, length) &&
			segment_add_memory(&payload, take_pointer(entry->bytes), entry->size);
	}
	if (whole && !many->failed) {
		request_answer_segments(many->request, &payload);
	} else {
		segments_free(&payload);
		if (!many->failed)
			warden_error_set(&many->err, "no memory for infos");
		request_fail(many->request, &many->err);
	}
	for (size_t i = 0; i < many->n; i++)
		free(many->entries[i].bytes);
	free(many->entries);
	free(many);
}

static void info_many_entry_done(struct info_many *many)
{
	if (--many->pending == 0)
		info_many_answer(many);
}

static void info_many_encode(struct info_many_entry *entry, const char *handle,
			     Warden__InfoResponse *info, const char *error)
{
	Warden__InfoManyResponse__Entry message = WARDEN__INFO_MANY_RESPONSE__ENTRY__INIT;

	message.handle.data = (uint8_t *)handle;
	message.handle.len = strlen(handle);
	message.info = info;
	if (error) {
		message.has_error = true;
		message.error.data = (uint8_t *)error;
		message.error.len = strlen(error);
	}
	entry->size = protobuf_c_message_get_packed_size(&message.base);
	entry->bytes = malloc(entry->size);
	if (entry->bytes)
		protobuf_c_message_pack(&message.base, entry->bytes);
}

static bool info_many_is_visible(const struct container *c)
{
	return c &&
	       c->state & (STATE_ACTIVE | STATE_STOPPED | STATE_DESTROYING | STATE_UNREACHABLE);
}

static void info_many_on_info(struct container *c, void *data)
{
	struct info_many_entry *entry = data;
	struct info_answer answer;

	if (!info_many_is_visible(c)) {
		info_many_encode(entry, c->handle, NULL, "unknown handle");
		info_many_entry_done(entry->many);
		return;
	}
	if (container_info_answer_init(&answer, c, &c->info))
		info_many_encode(entry, c->handle, &answer.message, NULL);
	container_info_answer_free(&answer);
	info_many_entry_done(entry->many);
}

static void info_many_ask(struct info_many_entry *entry, struct container *c)
{
	entry->many->pending++;
	if (c->state == STATE_DESTROYING) /* the backend may not answer any more */
		info_many_on_info(c, entry);
	else if (!container_info_ask(c, info_many_on_info, entry))
		info_many_entry_done(entry->many);
}

static void info_many_ask_handle(struct info_many_entry *entry, const char *handle)
{
	struct request *request = entry->many->request;
	struct container *c = registry_find_handle(&request->server->registry, handle);

	if (!info_many_is_visible(c)) {
		info_many_encode(entry, handle, NULL, "unknown handle");
		return;
	}
	container_reference(c, request->connection);
	info_many_ask(entry, c);
}

static int info_many_alloc_entries(struct info_many *many, size_t n, struct warden_error *err)
{
	many->entries = calloc(n + 1, sizeof(*many->entries));
	if (!many->entries)
		return warden_error_set(err, "no memory for %zu infos", n);
	return 0;
}

static struct info_many_entry *info_many_next_entry(struct info_many *many)
{
	struct info_many_entry *entry = &many->entries[many->n++];

	entry->many = many;
	return entry;
}

static int info_many_ask_handles(struct info_many *many, const Warden__InfoManyRequest *asked,
				 struct warden_error *err)
{
	if (info_many_alloc_entries(many, asked->n_handles, err) < 0)
		return -1;
	for (size_t i = 0; i < asked->n_handles; i++) {
		char *handle = request_text(&asked->handles[i], "handles", HANDLE_MAX, err);

		if (!handle)
			return -1;
		info_many_ask_handle(info_many_next_entry(many), handle);
		free(handle);
	}
	return 0;
}

static int info_many_ask_matching(struct info_many *many, const struct property *wanted, size_t n,
				  struct warden_error *err)
{
	const struct registry *registry = &many->request->server->registry;
	struct container *c;

	if (info_many_alloc_entries(many, registry->n, err) < 0)
		return -1;
	TAILQ_FOREACH(c, &registry->listed, listed)
		if (info_many_is_visible(c) && properties_match(&c->options, wanted, n))
			info_many_ask(info_many_next_entry(many), c);
	return 0;
}

/* Handles and properties exclude each other; with neither all containers are reported. */
static int info_many_ask_requested(struct info_many *many, const Warden__InfoManyRequest *asked,
				   struct warden_error *err)
{
	struct property *wanted = NULL;
	size_t n = 0;
	int result;

	if (asked->n_handles > HANDLES_MAX)
		return warden_error_set(err, "handles: %zu are given, at most %d are allowed",
					asked->n_handles, HANDLES_MAX);
	if (asked->n_handles > 0 && asked->n_properties > 0)
		return warden_error_set(err, "Please specify handles or properties, not both.");
	if (asked->n_handles > 0)
		return info_many_ask_handles(many, asked, err);
	result = properties_take(asked->properties, asked->n_properties, &wanted, &n, err);
	if (result == 0)
		result = info_many_ask_matching(many, wanted, n, err);
	properties_free(wanted, n);
	return result;
}

static int info_many_run(struct request *request, struct warden_error *err)
{
	const Warden__InfoManyRequest *message = (const void *)request->message;
	struct info_many *many = calloc(1, sizeof(*many));

	if (!many)
		return warden_error_set(err, "no memory for infos");
	many->request = request;
	many->pending = 1; /* this function, until it has asked for all figures */
	if (info_many_ask_requested(many, message, err) < 0) {
		many->failed = true;
		many->err = *err;
	}
	info_many_entry_done(many);
	return 0;
}

const struct request_handler info_many_request = {
	.type = WARDEN__MESSAGE__TYPE__InfoMany,
	.name = "info_many",
	.message = &warden__info_many_request__descriptor,
	.needs = ACCESS_READ,
	.run = info_many_run,
};
