/* SPDX-License-Identifier: Apache-2.0 */
/* See prepared_source.h. */
#include <config.h>

#include "core/container/prepared_source.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/container/client_rights.h"
#include "core/container/container.h"
#include "core/server.h"
#include "lib/cleanup.h"

/* All zero: there is no such file. */
struct prepared_source {
	dev_t device;
	ino_t inode;
	struct timespec changed;
};

/* Of a layer: what a create reads, or adds to. */
static const char *const parts[] = {"", "/etc", "/etc/passwd", "/etc/group"};

static size_t prepared_sources_count(const struct container *c)
{
	return (c->options.n_layers > 0 ? c->options.n_layers : 1) * ARRAY_SIZE(parts);
}

/* The layer itself may be reached by a link. */
static struct prepared_source prepared_source_read(const char *layer, const char *part)
{
	char text[PATH_MAX];
	struct stat status;

	if (snprintf(text, sizeof(text), "%s%s", layer, part) >= (int)sizeof(text) ||
	    fstatat(AT_FDCWD, text, &status, *part ? AT_SYMLINK_NOFOLLOW : 0) < 0)
		return (struct prepared_source){.device = 0};
	return (struct prepared_source){status.st_dev, status.st_ino, status.st_ctim};
}

static void prepared_sources_fill(const struct container *c, struct prepared_source *sources)
{
	for (size_t i = 0; i < prepared_sources_count(c); i++) {
		const char *layer = c->options.n_layers > 0
					    ? c->options.layers[i / ARRAY_SIZE(parts)]
					    : c->rootfs;

		sources[i] = prepared_source_read(layer, parts[i % ARRAY_SIZE(parts)]);
	}
}

/* Whether the path is the operator's, who has set it, and not the client's. */
static bool prepared_sources_are_configured(const struct container *c)
{
	const char *configured = c->server->settings.rootfs_path;

	return c->options.n_layers == 0 && configured && strcmp(c->rootfs, configured) == 0;
}

int prepared_sources_read(const struct container *c, struct prepared_source **sources,
			  struct warden_error *err)
{
	*sources = calloc(prepared_sources_count(c), sizeof(**sources));
	if (!*sources)
		return warden_error_errno(err, "note what %s is made from", c->id);
	if (prepared_sources_are_configured(c)) {
		prepared_sources_fill(c, *sources);
		return 0;
	}
	if (client_rights_take(c->client_uid, c->client_gid) < 0)
		return warden_error_errno(err, "take the rights of user %u", c->client_uid);
	prepared_sources_fill(c, *sources);
	client_rights_drop();
	return 0;
}

static bool prepared_source_is_same(const struct prepared_source *a,
				    const struct prepared_source *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

int prepared_sources_compare(const struct container *c, const struct container *prepared,
			     struct warden_error *err)
{
	_cleanup_free_ struct prepared_source *now = NULL;
	const char *had = prepared->options.image.working_dir, *has = c->options.image.working_dir;

	if (prepared_sources_read(c, &now, err) < 0)
		return -1;
	for (size_t i = 0; i < prepared_sources_count(c); i++)
		if (!prepared_source_is_same(&now[i], &prepared->sources[i]))
			return warden_error_set(err, "what the prepared container was made from "
						     "has changed");
	if (!has != !had || (has && strcmp(has, had) != 0))
		return warden_error_set(err, "the image's working_dir has changed");
	return 0;
}
