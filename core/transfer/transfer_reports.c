/* SPDX-License-Identifier: Apache-2.0 */
/* The boxes for the reports of transfers; see transfer_reports.h. */
#include <config.h>

#include "core/transfer/transfer_reports.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "lib/cleanup.h"
#include "lib/varint.h"

/* Bytes of changes that are kept for a client that does not read. */
enum { CHANGES_MAX = 64 * 1024 };

/* The cost of an entry beside its name and target, see WARDEN_FILE_LIST. The encoding of its
 * numbers, keys and lengths is shorter. */
enum { ENTRY_COST = 64 };

/* FileListResponse and its Entry, by their numbers in proto/warden.proto. */
enum { LIST_ENTRIES = 1 };
enum {
	ENTRY_NAME = 1,
	ENTRY_TYPE,
	ENTRY_MODE,
	ENTRY_SIZE,
	ENTRY_MODIFIED,
	ENTRY_UID,
	ENTRY_GID,
	ENTRY_TARGET,
};

struct report_box {
	LIST_ENTRY(report_box) link;
	struct transfer_reports *all;
	uint64_t transfer_id;
	enum warden_transfer_kind kind;
	uint8_t *data;
	size_t used, size;
	size_t last;   /* of a watch: where the newest change begins, if `used` is not 0 */
	uint64_t left; /* of a list's length, bytes */
	int error;     /* of a list: errno, or 0 */
	bool woken;    /* the loop was woken and has not taken the content since */
};

void transfer_reports_init(struct transfer_reports *reports)
{
	pthread_mutex_init(&reports->lock, NULL); /* cannot fail without attributes */
	LIST_INIT(&reports->boxes);
}

/* Called with the lock held, as all functions here that take a box but the exported ones. */
static struct report_box *report_box_find(const struct transfer_reports *reports,
					  uint64_t transfer_id)
{
	struct report_box *box;

	LIST_FOREACH(box, &reports->boxes, link)
		if (box->transfer_id == transfer_id)
			break;
	return box;
}

/* Room for `size` more bytes at the end; NULL: no memory. The caller adds them to `used`. */
static uint8_t *report_box_grow(struct report_box *box, size_t size)
{
	size_t needed = box->used + size, grown = box->size ? box->size : 4096;
	uint8_t *data;

	if (needed > box->size) {
		while (grown < needed)
			grown *= 2;
		data = realloc(box->data, grown);
		if (!data)
			return NULL;
		box->data = data;
		box->size = grown;
	}
	return box->data + box->used;
}

/* True if the loop must be woken. */
static bool report_box_wake(struct report_box *box)
{
	bool wake = !box->woken;

	box->woken = true;
	return wake;
}

static size_t report_put_number(uint8_t *out, unsigned field, uint64_t value)
{
	size_t n = varint_put(out, field << 3);

	return n + varint_put(out + n, value);
}

static size_t report_put_head(uint8_t *out, unsigned field, size_t length)
{
	size_t n = varint_put(out, field << 3 | 2);

	return n + varint_put(out + n, length);
}

static size_t report_put_text(uint8_t *out, unsigned field, const char *text, size_t length)
{
	size_t n = report_put_head(out, field, length);

	memcpy(out + n, text, length);
	return n + length;
}

static size_t report_put_numbers(uint8_t *out, const struct warden_file_entry *entry)
{
	bool known = entry->type >= WARDEN_FILE_TYPE_FILE && entry->type <= WARDEN_FILE_TYPE_OTHER;
	size_t n;

	n = report_put_number(out, ENTRY_TYPE, known ? entry->type : WARDEN_FILE_TYPE_OTHER);
	n += report_put_number(out + n, ENTRY_MODE, entry->mode & 07777);
	n += report_put_number(out + n, ENTRY_SIZE, entry->bytes);
	n += report_put_number(out + n, ENTRY_MODIFIED, (uint64_t)entry->modified_us);
	n += report_put_number(out + n, ENTRY_UID, entry->uid);
	return n + report_put_number(out + n, ENTRY_GID, entry->gid);
}

/* Appends an entry, encoded. Returns 0, or an errno. */
static int report_box_put_entry(struct report_box *box, const struct warden_file_entry *entry)
{
	size_t name = strlen(entry->name), target = entry->target ? strlen(entry->target) : 0;
	uint8_t numbers[ENTRY_COST], head[ENTRY_COST];
	size_t n_numbers = report_put_numbers(numbers, entry), size = n_numbers + name + target;
	size_t cost = name + target + ENTRY_COST;
	uint8_t *out;

	if (cost > box->left)
		return EFBIG;
	out = report_box_grow(box, cost);
	if (!out)
		return ENOMEM;
	box->left -= cost;
	size += report_put_head(head, ENTRY_NAME, name);
	size += entry->target ? report_put_head(head, ENTRY_TARGET, target) : 0;
	out += report_put_head(out, LIST_ENTRIES, size);
	out += report_put_text(out, ENTRY_NAME, entry->name, name);
	memcpy(out, numbers, n_numbers);
	out += n_numbers;
	if (entry->target)
		out += report_put_text(out, ENTRY_TARGET, entry->target, target);
	box->used = (size_t)(out - box->data);
	return 0;
}

void transfer_reports_add_entry(struct transfer_reports *reports, uint64_t transfer_id,
				const struct warden_file_entry *entry)
{
	pthread_mutex_t *locked _cleanup_unlock_ = &reports->lock;
	struct report_box *box;

	pthread_mutex_lock(locked);
	box = report_box_find(reports, transfer_id);
	if (box && box->kind == WARDEN_FILE_LIST && box->error == 0)
		box->error = entry->name ? report_box_put_entry(box, entry) : EINVAL;
}

/* Whether the newest change is the same, and not yet taken. */
static bool report_box_ends_with(const struct report_box *box, const struct change_record *change,
				 const char *name)
{
	const uint8_t *last = box->data + box->last;

	return box->used > 0 && memcmp(last, change, sizeof(*change)) == 0 &&
	       memcmp(last + sizeof(*change), name, change->name_length) == 0;
}

/* Appends a change, unless it repeats the newest. False: no room. */
static bool report_box_put_change(struct report_box *box, uint32_t kind, const char *name,
				  size_t length)
{
	const struct change_record record = {.kind = kind, .name_length = (uint32_t)length};
	uint8_t *out;

	if (report_box_ends_with(box, &record, name))
		return true;
	if (box->used + sizeof(record) + length > CHANGES_MAX)
		return false;
	out = report_box_grow(box, sizeof(record) + length);
	if (!out)
		return false;
	memcpy(out, &record, sizeof(record));
	memcpy(out + sizeof(record), name, length);
	box->last = box->used;
	box->used += sizeof(record) + length;
	return true;
}

static bool report_change_is_known(const struct warden_file_change *change)
{
	return ((change->kind >= WARDEN_CHANGE_CREATED && change->kind <= WARDEN_CHANGE_MISSED) ||
		change->kind == WARDEN_CHANGE_WATCHING) &&
	       (!change->name || strlen(change->name) <= NAME_MAX);
}

/* Drops the oldest changes, not the newest, so that the client receives the last change of a burst.
 * WATCHING, which comes first and once, stays: a client waits for it. */
static void report_box_drop_changes(struct report_box *box)
{
	struct change_record first = {0};

	memcpy(&first, box->data, sizeof(first)); /* a change did not fit, so there is one */
	box->used = 0;
	if (first.kind == WARDEN_CHANGE_WATCHING)
		report_box_put_change(box, WARDEN_CHANGE_WATCHING, "", 0);
	report_box_put_change(box, WARDEN_CHANGE_MISSED, "", 0);
}

bool transfer_reports_add_change(struct transfer_reports *reports, uint64_t transfer_id,
				 const struct warden_file_change *change)
{
	pthread_mutex_t *locked _cleanup_unlock_ = &reports->lock;
	bool known = report_change_is_known(change);
	const char *name = known && change->name ? change->name : "";
	uint32_t kind = known ? change->kind : WARDEN_CHANGE_MISSED;
	struct report_box *box;

	pthread_mutex_lock(locked);
	box = report_box_find(reports, transfer_id);
	if (!box || box->kind != WARDEN_FILE_WATCH)
		return false;
	if (!report_box_put_change(box, kind, name, strlen(name))) {
		report_box_drop_changes(box);
		report_box_put_change(box, kind, name, strlen(name));
	}
	return report_box_wake(box);
}

bool transfer_reports_add_progress(struct transfer_reports *reports, uint64_t transfer_id,
				   const struct warden_copy_progress *progress)
{
	const struct progress_record record = {.files = progress->files, .bytes = progress->bytes};
	pthread_mutex_t *locked _cleanup_unlock_ = &reports->lock;
	struct report_box *box;
	uint8_t *out;

	pthread_mutex_lock(locked);
	box = report_box_find(reports, transfer_id);
	if (!box || (box->kind != WARDEN_COPY_IN && box->kind != WARDEN_COPY_OUT))
		return false;
	box->used = 0; /* only the latest counts */
	out = report_box_grow(box, sizeof(record));
	if (!out)
		return false;
	memcpy(out, &record, sizeof(record));
	box->used = sizeof(record);
	return report_box_wake(box);
}

struct report_box *report_box_open(struct transfer_reports *reports,
				   const struct warden_transfer *transfer)
{
	struct report_box *box = calloc(1, sizeof(*box));

	if (!box)
		return NULL;
	box->all = reports;
	box->transfer_id = transfer->id;
	box->kind = transfer->kind;
	box->left = transfer->length;
	/* A watch reports with what it has, also when there is no memory any more. */
	if (!report_box_grow(box, box->kind == WARDEN_FILE_WATCH ? CHANGES_MAX : 1)) {
		free(box);
		return NULL;
	}
	pthread_mutex_lock(&reports->lock);
	LIST_INSERT_HEAD(&reports->boxes, box, link);
	pthread_mutex_unlock(&reports->lock);
	return box;
}

void report_box_close(struct report_box *box)
{
	if (!box)
		return;
	pthread_mutex_lock(&box->all->lock);
	LIST_REMOVE(box, link);
	pthread_mutex_unlock(&box->all->lock);
	free(box->data);
	free(box);
}

static size_t report_box_record_size(const struct report_box *box, size_t at)
{
	struct change_record record;

	if (box->kind != WARDEN_FILE_WATCH)
		return sizeof(struct progress_record);
	memcpy(&record, box->data + at, sizeof(record));
	return sizeof(record) + record.name_length;
}

size_t report_box_take(struct report_box *box, uint8_t *out, size_t room)
{
	pthread_mutex_t *locked _cleanup_unlock_ = &box->all->lock;
	size_t taken = 0;

	pthread_mutex_lock(locked);
	box->woken = false;
	while (taken < box->used && taken + report_box_record_size(box, taken) <= room)
		taken += report_box_record_size(box, taken);
	memcpy(out, box->data, taken);
	box->used -= taken;
	box->last -= taken; /* meaningless, and unused, if all was taken */
	memmove(box->data, box->data + taken, box->used);
	return taken;
}

int report_box_take_list(struct report_box *box, uint8_t **answer, size_t *size,
			 struct warden_error *err)
{
	pthread_mutex_t *locked _cleanup_unlock_ = &box->all->lock;

	pthread_mutex_lock(locked);
	errno = box->error;
	if (box->error != 0)
		return warden_error_errno(err, "collect the entries of the list");
	*size = box->used;
	if (box->used > 0) {
		*answer = box->data;
		box->data = NULL;
		box->used = box->size = 0;
	}
	return 0;
}
