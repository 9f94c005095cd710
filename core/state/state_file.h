/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes of the files that hold a container's state, on any thread. There is no fsync:
 * they must survive a kill of the daemon, not a crash of the host. */
#ifndef CORE_STATE_STATE_FILE_H
#define CORE_STATE_STATE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "warden/error.h"

/* Replaces the file atomically by way of the file `fresh`, which remains with the old content. */
int state_file_replace(int dir_fd, const char *name, const char *fresh, const char *text,
		       size_t length, struct warden_error *err);

/* Writes at `offset` of a file that exists. */
int state_file_write_at(int dir_fd, const char *name, uint64_t offset, const char *text,
			size_t length, struct warden_error *err);

/* Reads the whole file into memory that the caller frees; a NUL follows, which `*length` does not
 * count. NULL: `err`, with its number (ENOENT: there is no file). */
char *state_file_read(int dir_fd, const char *name, size_t *length, struct warden_error *err);

#endif
