/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of images: `sha256:` or `sha512:` and hexadecimal digits. */
#ifndef CLIENT_UNPACK_DIGEST_H
#define CLIENT_UNPACK_DIGEST_H

#include "client/unpack/source.h"

/* Whether the text is a digest that can be checked. Such a text has no '/' and no '.'. */
bool digest_is_valid(const char *digest);
/* Compares the digest of the bytes; -1 if it differs. */
int digest_check_bytes(const char *digest, const void *data, size_t size, struct warden_error *err);
/* Likewise for a file, or with `decompress` for its decompressed content. */
int digest_check_file(const char *digest, int fd, bool decompress, struct progress *progress,
		      struct warden_error *err);

#endif
