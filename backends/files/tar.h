/* SPDX-License-Identifier: Apache-2.0 */
/* tar streams of a container's files. The caller is a short-lived process, as for copy_tree.
 * Written as ustar, with pax headers if a name, a link or a number needs one; read as ustar, pax,
 * GNU and the older format without magic. */
#ifndef BACKENDS_FILES_TAR_H
#define BACKENDS_FILES_TAR_H

#include "backends/files/copy.h"

/* Writes the source of the request to `fd`, with ids as `source.guard` maps them. Fifos, sockets
 * and devices are left out, hard links become files, holes become zeros. A file that shrinks
 * meanwhile is an error. A source that ends in `/` stands for its content. Returns 0, or -1 and
 * `err`; the stream is then incomplete. */
int tar_write(const struct copy_request *request, int fd, struct warden_error *err);

/* Reads a stream from `fd` to its end and makes its entries below the request's target, whose last
 * component is made if it is missing. No name and no link leads out of the target. Owners in the
 * stream are ignored; permissions, and the times of files, are set. Devices and fifos are left out:
 * `warn` gets a line with their number. Members are treated as by client/unpack, so that a tar
 * becomes the same files in both ways. Returns 0, or -1 and `err`, which names the first entry that
 * could not be made. */
int tar_read(const struct copy_request *request, int fd, struct warden_error *err);

#endif
