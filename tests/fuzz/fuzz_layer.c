/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes layers of images, client/unpack/layer.c, on a tree that has links which lead out. Input:
 * the layer, compressed or not. It must not change a file outside of the tree. */
#include <config.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/unpack/layer.h"
#include "tests/fuzz/fuzz.h"

static void fuzz_layer_run(const uint8_t *data, size_t size)
{
	struct warden_error err = {0};
	struct progress progress = {0};
	int before = fuzz_next_fd();
	int root = fuzz_fresh_directory("root");
	int fd = fuzz_memfd(data, size);
	struct unpack_tree tree = {.root_fd = root};

	fuzz_make_outside();
	FUZZ_CHECK(mkdirat(root, "d", 0700) == 0);
	FUZZ_CHECK(symlinkat("../outside", root, "out") == 0);
	FUZZ_CHECK(symlinkat("../../outside/secret", root, "d/file") == 0);
	fuzz_write_file(root, "d/f", "", 0);
	if (layer_apply(&tree, fd, &progress, &err) < 0)
		FUZZ_CHECK(*err.message);
	unpack_tree_free(&tree);
	fuzz_check_outside();
	close(root);
	close(fd);
	FUZZ_CHECK(fuzz_next_fd() == before);
}

const struct fuzz_target fuzz_target = {.name = "layer", .run = fuzz_layer_run};
