/* SPDX-License-Identifier: Apache-2.0 */
/* Digests as images write them: `sha256:` or `sha512:` and hexadecimal digits. */
#ifndef CLIENT_UNPACK_DIGEST_H
#define CLIENT_UNPACK_DIGEST_H

#include "client/unpack/source.h"

/* Whether it is one that can be checked. Such a text has no '/' and no '.'. */
bool digest_is_valid(const char *digest);
/* -1 where the bytes have another one. */
int digest_check_bytes(const char *digest, const void *data, size_t size, struct warden_error *err);
/* Likewise for a file, or for what it is without its compression. */
int digest_check_file(const char *digest, int fd, bool decompress, struct progress *progress,
		      struct warden_error *err);

#endif
