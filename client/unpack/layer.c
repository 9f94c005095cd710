/* SPDX-License-Identifier: Apache-2.0 */
/* A whiteout hides files of lower layers, never of its own layer, at any position in the tar.
 * So the tar is read twice: first to remove the hidden files, then to add the new ones. See
 * layer.h. */
#include <config.h>

#include "client/unpack/layer.h"

#include <string.h>

#define WHITEOUT        ".wh."
#define WHITEOUT_MARK   ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

static bool layer_has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const char *layer_base_name(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

/* ".wh.NAME" hides NAME; ".wh..wh..opq" hides everything in its directory; other marks belong to
 * union mounts and are ignored. */
static int layer_apply_whiteout(struct unpack_tree *tree, const char *name,
				struct warden_error *err)
{
	const char *base = layer_base_name(name), *hidden = base + strlen(WHITEOUT);
	char target[PATH_MAX];
	size_t above = (size_t)(base - name);

	memcpy(target, name, above);
	if (strcmp(base, WHITEOUT_OPAQUE) == 0) {
		target[above > 0 ? above - 1 : 0] = '\0';
		return unpack_tree_empty(tree, target, err);
	}
	if (layer_has_prefix(base, WHITEOUT_MARK))
		return 0;
	if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
		return warden_error_set(err, "%s: a whiteout of no name", name);
	memcpy(target + above, hidden, strlen(hidden) + 1);
	return unpack_tree_remove(tree, target, err);
}

typedef int (*layer_step)(struct unpack_tree *tree, struct unpack_source *source,
			  struct archive_entry *entry, const char *name, struct warden_error *err);

/* A directory replaces a link first, so that a whiteout in it is not applied behind the link. */
static int layer_hide_entry(struct unpack_tree *tree, struct unpack_source *source,
			    struct archive_entry *entry, const char *name, struct warden_error *err)
{
	(void)source;
	if (layer_has_prefix(layer_base_name(name), WHITEOUT))
		return layer_apply_whiteout(tree, name, err);
	if (*name && archive_entry_filetype(entry) == AE_IFDIR)
		return unpack_tree_make_way(tree, name, err);
	return 0;
}

static int layer_add_entry(struct unpack_tree *tree, struct unpack_source *source,
			   struct archive_entry *entry, const char *name, struct warden_error *err)
{
	if (layer_has_prefix(layer_base_name(name), WHITEOUT))
		return 0;
	return unpack_tree_add(tree, source, entry, name, err);
}

static int layer_each_entry(struct unpack_tree *tree, struct unpack_source *source, layer_step step,
			    struct warden_error *err)
{
	struct archive_entry *entry;
	char name[PATH_MAX];
	int more;

	while ((more = unpack_source_next(source, &entry, err)) > 0) {
		const char *raw = archive_entry_pathname(entry);

		if (!raw)
			return warden_error_set(err, "an entry has no name");
		if (place_name(raw, name, err) < 0 || step(tree, source, entry, name, err) < 0)
			return -1;
	}
	return more;
}

static int layer_read(struct unpack_tree *tree, int fd, struct progress *progress, layer_step step,
		      struct warden_error *err)
{
	struct unpack_source source = {0};
	int result = unpack_source_open_layer(&source, fd, progress, err);

	if (result == 0)
		result = layer_each_entry(tree, &source, step, err);
	unpack_source_close(&source);
	return result;
}

int layer_apply(struct unpack_tree *tree, int fd, struct progress *progress,
		struct warden_error *err)
{
	if (layer_read(tree, fd, progress, layer_hide_entry, err) < 0 ||
	    layer_read(tree, fd, progress, layer_add_entry, err) < 0)
		return -1;
	return unpack_tree_finish(tree, err);
}
