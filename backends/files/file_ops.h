/* SPDX-License-Identifier: Apache-2.0 */
/* Single files and directories of a container, for a process of its own as copy_tree is. In the
 * request both sides have the same path: its source's rights are those to read with, its target's
 * those to write with. Links lead nowhere but below the root; what is made belongs to the target's
 * identity. Each returns 0, or -1 and `err`. */
#ifndef BACKENDS_FILES_FILE_OPS_H
#define BACKENDS_FILES_FILE_OPS_H

#include "backends/files/copy.h"

/* Copies at most `length` bytes from `offset` on to data_fd; `*size` is that of the whole file. */
int file_read(const struct copy_request *request, int data_fd, uint64_t offset, uint64_t length,
	      uint64_t *size, struct warden_error *err);

/* Writes all of data_fd at `offset`, or, with WARDEN_UNKNOWN, in the place of the file. */
int file_write(const struct copy_request *request, int data_fd, uint64_t offset, mode_t mode,
	       struct warden_error *err);

/* Writes a FileListResponse (proto/warden.proto) of at most `length` bytes to data_fd. */
int file_list(const struct copy_request *request, int data_fd, uint64_t length,
	      struct warden_error *err);

int file_remove(const struct copy_request *request, bool recursive, struct warden_error *err);

/* Writes changes to data_fd (struct warden_change) until what is watched is gone. */
int file_watch(const struct copy_request *request, int data_fd, struct warden_error *err);

#endif
