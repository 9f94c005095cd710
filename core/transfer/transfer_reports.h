/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of a backend while a transfer runs: entries of a list, changes, progress. The backend's
 * threads put reports into the transfer's box, which is bounded, and the loop thread takes them. */
#ifndef CORE_TRANSFER_TRANSFER_REPORTS_H
#define CORE_TRANSFER_TRANSFER_REPORTS_H

#include <pthread.h>
#include <sys/queue.h>

#include "warden/backend.h"

/* A change in the box of a watch. */
struct change_record {
	uint32_t kind;        /* enum warden_change_kind */
	uint32_t name_length; /* the name follows, without a NUL; 0: none */
};

/* The progress in the box of a copy. */
struct progress_record {
	uint64_t files, bytes;
};

struct report_box;

/* The boxes of all transfers. */
struct transfer_reports {
	pthread_mutex_t lock; /* protects the list and the boxes */
	LIST_HEAD(, report_box) boxes;
};

void transfer_reports_init(struct transfer_reports *reports);

/* Any thread; ignored if no transfer has this id, or has another kind. The latter two return true
 * if the loop must be woken to take the box's content. */
void transfer_reports_add_entry(struct transfer_reports *reports, uint64_t transfer_id,
				const struct warden_file_entry *entry);
bool transfer_reports_add_change(struct transfer_reports *reports, uint64_t transfer_id,
				 const struct warden_file_change *change);
bool transfer_reports_add_progress(struct transfer_reports *reports, uint64_t transfer_id,
				   const struct warden_copy_progress *progress);

/* Makes the box of a transfer. NULL: no memory. */
struct report_box *report_box_open(struct transfer_reports *reports,
				   const struct warden_transfer *transfer);
/* Frees a box; NULL is allowed. */
void report_box_close(struct report_box *box);

/* Moves whole records from the box of a watch or a copy to `out`, at most `room` bytes. Returns
 * their size; 0: the box is empty, or `room` is too small for the next record. */
size_t report_box_take(struct report_box *box, uint8_t *out, size_t room);

/* Takes the list as an encoded FileListResponse, malloc'd; NULL: the list is empty. -1 and `err` if
 * it exceeds the transfer's length, or without memory. */
int report_box_take_list(struct report_box *box, uint8_t **answer, size_t *size,
			 struct warden_error *err);

#endif
