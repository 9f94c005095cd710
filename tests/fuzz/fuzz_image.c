/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the files that describe an image, client/unpack/oci.c, docker.c and image.c, and its
 * defaults. Input: after each line `=== NAME` a file; the image is of `docker save` if there is a
 * manifest.json. Digests are computed, but may differ: else no changed input would pass. */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "client/unpack/digest.h"
#include "client/unpack/image.h"
#include "tests/fuzz/fuzz.h"

/* In place of the functions of digest.c, by --wrap of the linker. */
int __real_digest_check_bytes(const char *digest, const void *data, size_t size,
			      struct warden_error *err);
int __wrap_digest_check_bytes(const char *digest, const void *data, size_t size,
			      struct warden_error *err);
int __real_digest_check_file(const char *digest, int fd, bool decompress, struct progress *progress,
			     struct warden_error *err);
int __wrap_digest_check_file(const char *digest, int fd, bool decompress, struct progress *progress,
			     struct warden_error *err);

int __wrap_digest_check_bytes(const char *digest, const void *data, size_t size,
			      struct warden_error *err)
{
	if (__real_digest_check_bytes(digest, data, size, err) < 0)
		FUZZ_CHECK(*err->message);
	return 0;
}

int __wrap_digest_check_file(const char *digest, int fd, bool decompress, struct progress *progress,
			     struct warden_error *err)
{
	if (__real_digest_check_file(digest, fd, decompress, progress, err) < 0)
		FUZZ_CHECK(*err->message);
	return 0;
}

static void fuzz_image_warn(const char *entry)
{
	FUZZ_CHECK(entry);
}

static void fuzz_image_unpack(struct image *image, bool docker)
{
	struct warden_error err = {0};
	struct progress progress = {0};
	struct unpack_tree tree = {.root_fd = fuzz_fresh_directory("root")};
	char defaults[512];
	int result = docker ? docker_read(image, &err) : oci_read(image, &err);

	snprintf(defaults, sizeof(defaults), "%s/defaults.json", fuzz_directory());
	if (result == 0)
		result = defaults_write(image->config, defaults, fuzz_image_warn, &err);
	if (result == 0)
		result = image_unpack(image, &tree, &progress, &err);
	FUZZ_CHECK(result == 0 || *err.message);
	unpack_tree_free(&tree);
	close(tree.root_fd);
}

static void fuzz_image_run(const uint8_t *data, size_t size)
{
	int before = fuzz_next_fd();
	struct image image = {.fd = fuzz_fresh_directory("image")};

	fuzz_write_files(image.fd, "oci-layout", data, size);
	fuzz_image_unpack(&image, faccessat(image.fd, "manifest.json", F_OK, 0) == 0);
	image_free(&image);
	FUZZ_CHECK(fuzz_next_fd() == before);
}

const struct fuzz_target fuzz_target = {.name = "image", .run = fuzz_image_run};
