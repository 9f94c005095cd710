/* SPDX-License-Identifier: Apache-2.0 */
/* See digest.h. */
#include <config.h>

#include "client/unpack/digest.h"

#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"

struct algorithm {
	const char *prefix;
	size_t size;
};

static const struct algorithm algorithms[] = {
	{"sha256:", SHA256_DIGEST_SIZE},
	{"sha512:", SHA512_DIGEST_SIZE},
};

struct layer_digest {
	const struct algorithm *algorithm;
	struct sha256_ctx sha256;
	struct sha512_ctx sha512;
};

static const struct algorithm *digest_find_algorithm(const char *digest)
{
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++)
		if (strncmp(digest, algorithms[i].prefix, strlen(algorithms[i].prefix)) == 0)
			return &algorithms[i];
	return NULL;
}

bool digest_is_valid(const char *digest)
{
	const struct algorithm *algorithm = digest_find_algorithm(digest);
	const char *digits;

	if (!algorithm)
		return false;
	digits = digest + strlen(algorithm->prefix);
	return strlen(digits) == 2 * algorithm->size &&
	       strspn(digits, "0123456789abcdef") == 2 * algorithm->size;
}

static int digest_init(struct layer_digest *digest, const char *text, struct warden_error *err)
{
	if (!digest_is_valid(text))
		return warden_error_set(err, "%s is no sha256 or sha512 digest", text);
	digest->algorithm = digest_find_algorithm(text);
	sha256_init(&digest->sha256);
	sha512_init(&digest->sha512);
	return 0;
}

static void digest_update(struct layer_digest *digest, const void *data, size_t size)
{
	if (digest->algorithm->size == SHA256_DIGEST_SIZE)
		sha256_update(&digest->sha256, size, data);
	else
		sha512_update(&digest->sha512, size, data);
}

static int digest_compare(struct layer_digest *digest, const char *text, struct warden_error *err)
{
	size_t size = digest->algorithm->size;
	uint8_t bytes[SHA512_DIGEST_SIZE];
	char digits[2 * SHA512_DIGEST_SIZE + 1];

	if (size == SHA256_DIGEST_SIZE)
		sha256_digest(&digest->sha256, size, bytes);
	else
		sha512_digest(&digest->sha512, size, bytes);
	base16_encode_update(digits, size, bytes);
	digits[2 * size] = '\0';
	if (strcmp(digits, text + strlen(digest->algorithm->prefix)) != 0)
		return warden_error_set(err, "is broken: its digest is %s%s instead of %s",
					digest->algorithm->prefix, digits, text);
	return 0;
}

int digest_check_bytes(const char *digest, const void *data, size_t size, struct warden_error *err)
{
	struct layer_digest state = {.algorithm = algorithms};

	if (digest_init(&state, digest, err) < 0)
		return -1;
	digest_update(&state, data, size);
	return digest_compare(&state, digest, err);
}

static int digest_add_file(struct layer_digest *digest, int fd, struct progress *progress,
			   struct warden_error *err)
{
	char buffer[128 * 1024];
	off_t offset = 0;
	ssize_t size;

	while ((size = pread(fd, buffer, sizeof(buffer), offset)) != 0) {
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return warden_error_errno(err, "cannot be read");
		digest_update(digest, buffer, (size_t)size);
		offset += size;
		progress_show(progress, (uint64_t)offset);
	}
	return 0;
}

static int digest_add_decompressed(struct layer_digest *digest, int fd, struct progress *progress,
				   struct warden_error *err)
{
	struct unpack_source source = {0};
	char buffer[128 * 1024];
	ssize_t size = unpack_source_open_raw(&source, fd, progress, err);

	if (size == 0)
		while ((size = unpack_source_read(&source, buffer, sizeof(buffer), err)) > 0)
			digest_update(digest, buffer, (size_t)size);
	unpack_source_close(&source);
	return size < 0 ? -1 : 0;
}

int digest_check_file(const char *digest, int fd, bool decompress, struct progress *progress,
		      struct warden_error *err)
{
	struct layer_digest state = {.algorithm = algorithms};
	int result;

	if (digest_init(&state, digest, err) < 0)
		return -1;
	result = decompress ? digest_add_decompressed(&state, fd, progress, err)
			    : digest_add_file(&state, fd, progress, err);
	return result < 0 ? -1 : digest_compare(&state, digest, err);
}
