/* SPDX-License-Identifier: Apache-2.0 */
/* tar streams of a container's files, for a process of its own as copy_tree is: written as ustar
 * with pax headers where a name, a link or a number needs one; read as ustar, pax, GNU and the
 * older format that has no magic. */
#ifndef BACKENDS_FILES_TAR_H
#define BACKENDS_FILES_TAR_H

#include "backends/files/copy.h"

/* Writes the source of the request to `fd`, with what `source.guard` says of ids. Fifos, sockets
 * and devices are left out, hard links become files, holes zeros. A source that ends in `/` stands
 * for its content. 0, or -1 and `err`; the stream is then not complete. */
int tar_write(const struct copy_request *request, int fd, struct warden_error *err);

/* Reads a stream from `fd`, to its end, and makes what is in it below the request's target, whose
 * last component is made when it is missing. No name leads out of that, nor through a link. Owners
 * in the stream do not count; permissions, and the time of files, do. Devices and fifos are left
 * out. 0, or -1 and `err`, which names the first entry that could not be made. */
int tar_read(const struct copy_request *request, int fd, struct warden_error *err);

#endif
