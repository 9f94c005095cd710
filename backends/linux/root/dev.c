/* SPDX-License-Identifier: Apache-2.0 */
/* The container's /dev: a tmpfs with the few nodes that a container may use. They are made on the
 * host's side, not bind mounted, since bound nodes would have an unmapped owner inside. Every other
 * mount of the container is nodev. */
#include "backends/linux/root/dev.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "backends/linux/root/mount_api.h"
#include "lib/cleanup.h"

/* The gid of the group tty in every distribution. */
#define TTY_GROUP 5

/* Files in /dev/shm take a KiB of kernel memory each: one for each page, within these bounds. */
#define SHM_INODES_LEAST 1024
#define SHM_INODES_MOST  65536

static int dev_make_nodes(struct setup *setup, struct warden_error *err)
{
	static const struct {
		const char *name;
		unsigned major, minor;
	} nodes[] = {
		{"null", 1, 3},    {"zero", 1, 5}, {"full", 1, 7},    {"random", 1, 8},
		{"urandom", 1, 9}, {"tty", 5, 0},  {"fuse", 10, 229},
	};
	const struct setup_parameters *p = &setup->parameters;

	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		if (mknodat(setup->dev_fd, nodes[i].name, S_IFCHR | 0666,
			    makedev(nodes[i].major, nodes[i].minor)) < 0)
			return warden_error_errno(err, "make /dev/%s", nodes[i].name);
	if (fchownat(setup->dev_fd, "fuse", p->base, p->base + setup->fuse_gid, 0) < 0)
		return warden_error_errno(err, "give /dev/fuse to its group");
	return 0;
}

static int dev_make_links(struct setup *setup, struct warden_error *err)
{
	static const struct {
		const char *name, *target;
	} links[] = {
		{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"},
		{"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
		{"ptmx", "pts/ptmx"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlinkat(links[i].target, setup->dev_fd, links[i].name) < 0)
			return warden_error_errno(err, "make /dev/%s", links[i].name);
	return 0;
}

int dev_make(struct setup *setup, struct warden_error *err)
{
	static const struct mount_option options[] = {
		{"source", "dev"},     {"mode", "0755"}, {"size", "1m"},
		{"nr_inodes", "1024"}, {NULL, NULL},
	};

	/* The owner is the id that the set-up child acts as. */
	setup->dev_fd = mount_make("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
	if (setup->dev_fd < 0)
		return -1;
	if (dev_make_nodes(setup, err) < 0)
		return -1;
	return dev_make_links(setup, err);
}

static int dev_attach_part(struct setup *setup, const char *name, int mount,
			   struct warden_error *err)
{
	_cleanup_close_ int target = mount_open_directory(setup->dev_fd, name, 0755);

	if (target < 0)
		return warden_error_errno(err, "make /dev/%s", name);
	if (mount_attach(mount, target) < 0)
		return warden_error_errno(err, "mount /dev/%s", name);
	return 0;
}

static int dev_attach_pts(struct setup *setup, struct warden_error *err)
{
	char group[16], most[16];
	const struct mount_option options[] = {
		{"source", "devpts"}, {"newinstance", NULL}, {"gid", group}, {"mode", "0620"},
		{"ptmxmode", "0666"}, {"max", most},         {NULL, NULL},
	};
	_cleanup_close_ int mount = -1;

	snprintf(group, sizeof(group), "%u", setup->parameters.base + TTY_GROUP);
	snprintf(most, sizeof(most), "%" PRIi64, setup->backend->terminals);
	mount = mount_make("devpts", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
	return mount < 0 ? -1 : dev_attach_part(setup, "pts", mount, err);
}

static int dev_attach_shm(struct setup *setup, struct warden_error *err)
{
	uint64_t asked = setup->parameters.shm_bytes;
	uint64_t bytes = asked > 0 ? asked : setup->backend->shm_bytes, files = bytes / 4096;
	char size[24], inodes[24];
	const struct mount_option options[] = {
		{"source", "shm"},     {"mode", "1777"}, {"size", size},
		{"nr_inodes", inodes}, {NULL, NULL},
	};
	_cleanup_close_ int mount = -1;

	if (files < SHM_INODES_LEAST)
		files = SHM_INODES_LEAST;
	snprintf(size, sizeof(size), "%" PRIu64, bytes);
	snprintf(inodes, sizeof(inodes), "%" PRIu64,
		 files < SHM_INODES_MOST ? files : SHM_INODES_MOST);
	mount = mount_make("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
	return mount < 0 ? -1 : dev_attach_part(setup, "shm", mount, err);
}

int dev_attach_parts(struct setup *setup, struct warden_error *err)
{
	if (dev_attach_pts(setup, err) < 0)
		return -1;
	return dev_attach_shm(setup, err);
}
