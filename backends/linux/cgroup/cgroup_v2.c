/* SPDX-License-Identifier: Apache-2.0 */
/* The v2 hierarchy. A group with processes cannot enable controllers for the groups below it, so
 * the daemon moves into a leaf of its own group or, if other processes share that group, puts
 * CGROUP_PARENT into the nearest ancestor that can enable them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup_private.h"
#include "lib/cleanup.h"

/* "+memory +cpu", or "-memory -cpu". */
static const char *cgroup_v2_format_controllers(char sign, unsigned controllers, char *text,
						size_t size)
{
	size_t length = 0;
	char name[16];

	text[0] = '\0';
	for (unsigned bit = 1; bit < CGROUP_ALL && length < size; bit <<= 1)
		if (controllers & bit)
			length +=
				(size_t)snprintf(text + length, size - length, "%c%s ", sign,
						 cgroup_controllers_text(bit, name, sizeof(name)));
	return text;
}

int cgroup_v2_enable(int fd, unsigned controllers, struct warden_error *err)
{
	char text[64];

	controllers &= ~(unsigned)CGROUP_V2_CORE;
	if (!controllers)
		return 0;
	return cgroup_file_write(fd, "cgroup.subtree_control",
				 cgroup_v2_format_controllers('+', controllers, text, sizeof(text)),
				 err);
}

/* Moves the daemon itself ("0"); it has no threads or children yet. */
static int cgroup_v2_enter_leaf(struct cgroup_hierarchy *hierarchy, struct warden_error *err)
{
	if (mkdirat(hierarchy->base_fd, CGROUP_LEAF, 0755) < 0 && errno != EEXIST)
		return warden_error_errno(err, "make %s/" CGROUP_LEAF, hierarchy->path);
	if (cgroup_file_write(hierarchy->base_fd, CGROUP_LEAF "/cgroup.procs", "0", err) < 0) {
		(void)unlinkat(hierarchy->base_fd, CGROUP_LEAF, AT_REMOVEDIR);
		return -1;
	}
	hierarchy->in_leaf = true;
	return 0;
}

static void cgroup_v2_remove_leaf(const struct cgroup_hierarchy *hierarchy)
{
	struct warden_error ignored;

	/* A leaf that cannot be removed now does no harm. */
	(void)cgroup_file_write(hierarchy->base_fd, "cgroup.procs", "0", &ignored);
	(void)unlinkat(hierarchy->base_fd, CGROUP_LEAF, AT_REMOVEDIR);
}

void cgroup_v2_leave_leaf(const struct cgroup_hierarchy *hierarchy)
{
	unsigned controllers = hierarchy->controllers & ~(unsigned)CGROUP_V2_CORE;
	struct warden_error ignored;
	char text[64];

	if (!hierarchy->in_leaf)
		return;
	(void)cgroup_file_write(hierarchy->base_fd, "cgroup.subtree_control",
				cgroup_v2_format_controllers('-', controllers, text, sizeof(text)),
				&ignored);
	cgroup_v2_remove_leaf(hierarchy);
}

/* Enables the controllers in the group at base_fd. If that is the daemon's own group, its processes
 * may have to leave it first. */
static int cgroup_v2_enable_at_base(struct cgroup_hierarchy *hierarchy, bool own,
				    struct warden_error *err)
{
	if (cgroup_v2_enable(hierarchy->base_fd, hierarchy->controllers, err) == 0)
		return 0;
	if (!own || err->number != EBUSY || cgroup_v2_enter_leaf(hierarchy, err) < 0)
		return -1;
	if (cgroup_v2_enable(hierarchy->base_fd, hierarchy->controllers, err) == 0)
		return 0;
	cgroup_v2_remove_leaf(hierarchy);
	hierarchy->in_leaf = false;
	return -1;
}

/* Tries to use the group at hierarchy->path as the base of CGROUP_PARENT. */
static int cgroup_v2_try_base(struct cgroup_hierarchy *hierarchy, bool own,
			      struct warden_error *err)
{
	unsigned there;
	char text[256];

	hierarchy->base_fd = open(hierarchy->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (hierarchy->base_fd < 0)
		return warden_error_errno(err, "open %s", hierarchy->path);
	if (cgroup_file_read(hierarchy->base_fd, "cgroup.controllers", text, sizeof(text)) < 0)
		return warden_error_errno(err, "read %s/cgroup.controllers", hierarchy->path);
	there = cgroup_controllers_parse(text);
	if (hierarchy->controllers & ~(unsigned)CGROUP_V2_CORE & ~there & ~(unsigned)CGROUP_LATE)
		return warden_error_set(err, "%s has no controllers", hierarchy->path);
	hierarchy->controllers &= there | ~(unsigned)CGROUP_LATE;
	if (cgroup_v2_enable_at_base(hierarchy, own, err) < 0)
		return -1;
	hierarchy->fd = cgroup_parent_open(hierarchy, err);
	return hierarchy->fd < 0 ? -1 : 0;
}

static void cgroup_v2_close_base(struct cgroup_hierarchy *hierarchy)
{
	if (hierarchy->base_fd >= 0)
		close(hierarchy->base_fd);
	hierarchy->base_fd = -1;
}

/* Tries the daemon's own group and then its ancestors up to the top of the mount. A daemon that was
 * started in a leaf (DelegateSubgroup= of systemd) begins above that leaf. */
static int cgroup_v2_find_base(struct cgroup_hierarchy *hierarchy, size_t top, bool *own,
			       struct warden_error *err)
{
	char *leaf = strrchr(hierarchy->path, '/');

	*own = true;
	if (leaf && leaf >= hierarchy->path + top && strcmp(leaf + 1, CGROUP_LEAF) == 0)
		*leaf = '\0';
	for (;;) {
		char *parent;

		if (cgroup_v2_try_base(hierarchy, *own, err) == 0)
			return 0;
		cgroup_v2_close_base(hierarchy);
		parent = strrchr(hierarchy->path, '/');
		if (!parent || parent < hierarchy->path + top)
			return -1;
		*parent = '\0';
		*own = false;
	}
}

/* The wanted controllers that the kernel offers on v2. */
static unsigned cgroup_v2_read_offered(const struct cgroup_mount *mount, unsigned wanted)
{
	_cleanup_close_ int fd = open(mount->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char text[256];

	if (fd < 0 || cgroup_file_read(fd, "cgroup.controllers", text, sizeof(text)) < 0)
		return 0;
	return wanted & (cgroup_controllers_parse(text) | CGROUP_V2_CORE);
}

int cgroup_v2_setup(struct cgroup_hierarchy *hierarchy, const struct cgroup_mount *mount,
		    unsigned wanted, const struct warden_host *host, struct warden_error *err)
{
	size_t top = strlen(mount->mount_point);
	bool own;

	hierarchy->v2 = true;
	hierarchy->controllers = cgroup_v2_read_offered(mount, wanted);
	if (asprintf(&hierarchy->path, "%s%s", mount->mount_point, mount->own) < 0) {
		hierarchy->path = NULL;
		return warden_error_errno(err, "control groups at %s", mount->mount_point);
	}
	if (cgroup_v2_find_base(hierarchy, top, &own, err) < 0)
		return -1;
	if (!own)
		host->log(host, WARDEN_LOG_INFO, NULL,
			  "control groups: other processes share the daemon's group %s%s, so the "
			  "containers' groups are made in %s/" CGROUP_PARENT,
			  mount->mount_point, mount->own, hierarchy->path);
	return 0;
}
