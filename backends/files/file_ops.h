/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on single files and directories of a container. The caller is a short-lived process,
 * as for copy_tree. Both sides of the request have the same path: the source's identity reads, the
 * target's writes and owns what is made. Links lead nowhere but below the root. Each function
 * returns 0, or -1 and `err`. */
#ifndef BACKENDS_FILES_FILE_OPS_H
#define BACKENDS_FILES_FILE_OPS_H

#include "backends/files/copy.h"

/* Copies at most `length` bytes from `offset` to data_fd; `*size` is the size of the whole file. */
int file_read(const struct copy_request *request, int data_fd, uint64_t offset, uint64_t length,
	      uint64_t *size, struct warden_error *err);

/* Writes the content of data_fd at `offset`, or replaces the file if that is WARDEN_UNKNOWN. A new
 * file gets `mode`. */
int file_write(const struct copy_request *request, int data_fd, uint64_t offset, mode_t mode,
	       struct warden_error *err);

/* Receives an entry or a change. -1 with errno ends the operation. */
typedef int file_entry_fn(const struct warden_file_entry *entry);
typedef int file_change_fn(const struct warden_file_change *change);

/* Reports the entries of a directory, or the file itself, in strcmp order of the names. If names
 * and targets plus 64 bytes per entry exceed `length` bytes the error is EFBIG. */
int file_list(const struct copy_request *request, uint64_t length, file_entry_fn *report,
	      struct warden_error *err);

/* Removes a file, a link, an empty directory or, if `recursive`, a tree. */
int file_remove(const struct copy_request *request, bool recursive, struct warden_error *err);

/* Reports changes until the watched path is gone; the first is WARDEN_CHANGE_WATCHING. SIGIO must
 * interrupt `report`, which fails with ECANCELED if the request is cancelled. */
int file_watch(const struct copy_request *request, file_change_fn *report,
	       struct warden_error *err);

#endif
