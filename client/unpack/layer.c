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
/* The directory in which aufs has the files of hard links. */
#define WHITEOUT_LINKS ".wh..wh.plnk"

static bool layer_has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Returns the first part of the name that is a mark, or NULL. */
static const char *layer_find_mark(const char *name)
{
	for (const char *part = name; *part; part += *part == '/') {
		if (layer_has_prefix(part, WHITEOUT))
			return part;
		part += strcspn(part, "/");
	}
	return NULL;
}

/* Overlay hides a name by a character device 0:0. */
static bool layer_is_overlay_whiteout(struct archive_entry *entry)
{
	return archive_entry_filetype(entry) == AE_IFCHR && !archive_entry_hardlink(entry) &&
	       archive_entry_rdevmajor(entry) == 0 && archive_entry_rdevminor(entry) == 0;
}

/* Overlay marks an opaque directory by an attribute. */
static bool layer_is_overlay_opaque(struct archive_entry *entry)
{
	const void *value;
	const char *name;
	size_t size;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
		if ((strcmp(name, "trusted.overlay.opaque") == 0 ||
		     strcmp(name, "user.overlay.opaque") == 0) &&
		    size > 0 && *(const char *)value == 'y')
			return true;
	return false;
}

/* ".wh.NAME" hides NAME; ".wh..wh..opq" hides everything in its directory; other marks belong to
 * union mounts and are ignored, as is what lies below a mark. */
static int layer_apply_whiteout(struct unpack_tree *tree, const char *name, const char *mark,
				struct warden_error *err)
{
	const char *hidden = mark + strlen(WHITEOUT);
	char target[PATH_MAX];
	size_t above = (size_t)(mark - name);

	if (strchr(mark, '/'))
		return 0;
	memcpy(target, name, above);
	if (strcmp(mark, WHITEOUT_OPAQUE) == 0) {
		target[above > 0 ? above - 1 : 0] = '\0';
		return unpack_tree_empty(tree, target, err);
	}
	if (layer_has_prefix(mark, WHITEOUT_MARK))
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
	const char *mark = layer_find_mark(name);

	(void)source;
	if (mark)
		return layer_apply_whiteout(tree, name, mark, err);
	if (*name && layer_is_overlay_whiteout(entry))
		return unpack_tree_remove(tree, name, err);
	if (archive_entry_filetype(entry) != AE_IFDIR)
		return 0;
	if (*name && unpack_tree_make_way(tree, name, err) < 0)
		return -1;
	return layer_is_overlay_opaque(entry) ? unpack_tree_empty(tree, name, err) : 0;
}

static int layer_add_entry(struct unpack_tree *tree, struct unpack_source *source,
			   struct archive_entry *entry, const char *name, struct warden_error *err)
{
	bool is_mark = layer_find_mark(name) && !layer_has_prefix(name, WHITEOUT_LINKS "/");

	if (is_mark || layer_is_overlay_whiteout(entry))
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
	    layer_read(tree, fd, progress, layer_add_entry, err) < 0 ||
	    unpack_tree_remove(tree, WHITEOUT_LINKS, err) < 0)
		return -1;
	return unpack_tree_finish(tree, err);
}
