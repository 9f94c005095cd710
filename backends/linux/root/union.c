/* SPDX-License-Identifier: Apache-2.0 */
/* See union.h. */
#include "backends/linux/root/union.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/linux/root/mount_api.h"
#include "backends/linux/root/tree_copy.h"
#include "lib/cleanup.h"

/* The limit of fsconfig(2) for a value. Layer names are short enough for all layers to fit. */
enum { OPTION_MAX = 256 };

static const char *const names[UNION_KINDS] = {
	[UNION_OVERLAY] = "overlay",
	[UNION_AUFS] = "aufs",
	[UNION_BIND] = "bind",
};

const char *union_name(enum union_kind kind)
{
	return names[kind];
}

struct union_layer_name union_layer_name(size_t i)
{
	struct union_layer_name name;

	snprintf(name.text, sizeof(name.text), "%zu", i);
	return name;
}

/* Mounts an overlay of directories in the working directory; relative names do not expose host
 * paths inside. */
static int union_make_overlay(const char *lower, const char *upper, const char *work,
			      struct warden_error *err)
{
	const struct mount_option options[] = {
		{"source", "warden"}, {"lowerdir", lower}, {"upperdir", upper},
		{"workdir", work},    {"volatile", NULL},  {"redirect_dir", "nofollow"},
		{"metacopy", "off"},  {"index", "off"},    {"xino", "off"},
		{NULL, NULL},
	};

	/* The super block belongs to the host's user namespace, so device nodes would work without
	 * NODEV. */
	return mount_make("overlay", options, MOUNT_ATTR_NODEV, err);
}

static int union_make_aufs(const char *branches, const char *target, struct warden_error *err)
{
	if (mount("warden", target, "aufs", MS_NODEV, branches) < 0)
		return warden_error_errno(err, "mount aufs (%s)", branches);
	return 0;
}

static int union_try_overlay(struct warden_error *err)
{
	int mount = union_make_overlay("l", "u", "w", err);

	if (mount < 0)
		return -1;
	close(mount);
	return 0;
}

static int union_try_aufs(const struct warden_host *host, struct warden_error *err)
{
	if (linux_user_namespace(host->settings))
		return warden_error_set(err, "aufs cannot be mapped to the ids of a user "
					     "namespace; set server.user_namespace = false");
	if (union_make_aufs("br:u=rw:l=ro+wh", "w", err) < 0)
		return -1;
	umount2("w", MNT_DETACH); /* the mount namespace ends with this process in any case */
	return 0;
}

static int union_try_kind(const struct warden_host *host, enum union_kind kind,
			  struct warden_error *err)
{
	switch (kind) {
	case UNION_OVERLAY:
		return union_try_overlay(err);
	case UNION_AUFS:
		return union_try_aufs(host, err);
	default:
		return 0; /* its needs are covered by earlier checks */
	}
}

static int union_choose(const struct warden_host *host, enum union_kind *kind,
			struct warden_error *err)
{
	const char *wanted = host->option_string(host, "union");
	bool any = strcmp(wanted, "auto") == 0;
	struct warden_error reason;

	for (int i = 0; i < UNION_KINDS; i++) {
		*kind = (enum union_kind)i;
		if (!any && strcmp(wanted, names[i]) != 0)
			continue;
		if (union_try_kind(host, *kind, &reason) == 0)
			return 0;
		if (!any)
			return warden_error_set(err, "linux.union = \"%s\": %.512s", wanted,
						reason.message);
		host->log(host, WARDEN_LOG_WARN, NULL, "%s cannot be used: %s", names[i],
			  reason.message);
	}
	return warden_error_set(err,
				"linux.union must be \"auto\", \"overlay\", "
				"\"aufs\" or \"bind\", not \"%.64s\"",
				wanted);
}

/* The probe runs in the depot: whether a directory can be a layer depends on its file system. */
static int union_enter_directory(int above, const char *name, struct warden_error *err)
{
	static const char *const parts[] = {"l", "u", "w"};

	if (mkdirat(above, name, 0700) < 0)
		return warden_error_errno(err, "make %s in the depot's tmp", name);
	if (fchdir(above) < 0 || chdir(name) < 0)
		return warden_error_errno(err, "change to %s", name);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (mkdir(parts[i], 0700) < 0)
			return warden_error_errno(err, "make %s/%s", name, parts[i]);
	return 0;
}

/* The daemon's next sweep of the depot's tmp removes what is left. */
static void union_remove_directory(int above, const char *name)
{
	static const char *const parts[] = {
		"w/work/incompat/volatile/dirty",
		"w/work/incompat/volatile",
		"w/work/incompat",
		"w/work",
		"w",
		"u",
		"l",
	};

	if (fchdir(above) < 0)
		return;
	if (chdir(name) == 0)
		for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
			remove(parts[i]); /* not all of them were made */
	if (fchdir(above) == 0)
		unlinkat(above, name, AT_REMOVEDIR);
	if (chdir("/") < 0)
		return;
}

/* Opens the depot's tmp, or a new tmpfs if there is no depot yet. */
static int union_open_probe_parent(const char *depot, struct warden_error *err)
{
	static const struct mount_option none[] = {{"source", "probe"}, {NULL, NULL}};
	_cleanup_close_ int mount = -1, target = -1;
	char path[PATH_MAX + 8];
	int parent;

	snprintf(path, sizeof(path), "%s/tmp", depot);
	parent = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (parent >= 0)
		return parent;
	mount = mount_make("tmpfs", none, 0, err);
	target = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mount < 0)
		return -1;
	if (target < 0 || mount_attach(mount, target) < 0)
		return warden_error_errno(err, "mount a tmpfs on /tmp");
	return take_fd(&mount);
}

int union_find(const struct warden_host *host, enum union_kind *kind, struct warden_error *err)
{
	_cleanup_close_ int parent = union_open_probe_parent(host->settings->depot_path, err);
	char name[32];
	int result = -1;

	if (parent < 0)
		return -1;
	snprintf(name, sizeof(name), "union-%d", getpid());
	if (union_enter_directory(parent, name, err) == 0)
		result = union_choose(host, kind, err);
	union_remove_directory(parent, name);
	return result;
}

/* Prints the layers, separated by `before` and each followed by `after`: "0:1:2". */
static void union_print_layers(const struct setup *setup, const char *before, const char *after,
			       char *text, size_t size)
{
	size_t n = setup->parameters.n_layers, length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		length += (size_t)snprintf(text + length, size - length, "%s%s%s",
					   i > 0 ? before : "",
					   n == 1 ? UNION_MOUNT : union_layer_name(i).text, after);
}

static int union_attach_overlay(struct setup *setup, struct warden_error *err)
{
	_cleanup_close_ int target = -1;
	char lower[OPTION_MAX];

	union_print_layers(setup, ":", "", lower, sizeof(lower));
	setup->root_fd = union_make_overlay(lower, UNION_UPPER, UNION_WORK, err);
	if (setup->root_fd < 0)
		return -1;
	target = open(UNION_MOUNT, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0 || mount_attach(setup->root_fd, target) < 0)
		return warden_error_errno(err, "attach the container's root");
	return 0;
}

static int union_attach_aufs(struct setup *setup, struct warden_error *err)
{
	char lower[SETUP_LAYERS_MAX * 16], branches[sizeof(lower) + 32];

	union_print_layers(setup, ":", "=ro+wh", lower, sizeof(lower));
	snprintf(branches, sizeof(branches), "br:" UNION_UPPER "=rw:%s", lower);
	if (union_make_aufs(branches, UNION_WORK, err) < 0)
		return -1;
	setup->root_fd = open(UNION_WORK, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (setup->root_fd < 0)
		return warden_error_errno(err, "open the container's root");
	return 0;
}

/* Copies a directory of the root and mounts the copy over it. Skips it if it is absent or a link.
 * */
static int union_attach_folder(struct setup *setup, int upper, const char *name,
			       struct warden_error *err)
{
	const struct setup_parameters *p = &setup->parameters;
	_cleanup_close_ int target =
		openat(setup->root_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int copy = -1;

	if (target < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			       ? 0
			       : warden_error_errno(err, "open /%s of rootfs %s", name, p->rootfs);
	if (tree_copy(setup->root_fd, upper, name, p->base, p->base > 0 ? ID_RANGE : UINT32_MAX,
		      setup_progress, setup, err) < 0)
		return -1;
	copy = mount_clone(upper, name, false);
	if (copy < 0 || mount_set(copy, MOUNT_ATTR_NODEV, -1, false) < 0 ||
	    mount_attach(copy, target) < 0)
		return warden_error_errno(err, "mount a copy of /%s", name);
	return 0;
}

static int union_attach_binds(struct setup *setup, struct warden_error *err)
{
	static const char *const folders[] = {"etc", "home", "root", "run", "sbin", "tmp", "var"};
	_cleanup_close_ int upper =
		open(UNION_UPPER, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (setup->parameters.n_layers > 1)
		return warden_error_set(err, "several layers need overlay or aufs, and this host "
					     "uses bind mounts (linux.union)");
	if (upper < 0)
		return warden_error_errno(err, "open the directory of the writable layer");
	/* If the daemon dies the spawner ends too, and the next daemon removes these files: no
	 * process may still copy into them. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return warden_error_errno(err, "set the parent death signal");
	setup->root_fd = setup->layer_fds[0];
	if (mount_set(setup->root_fd, MOUNT_ATTR_NODEV, -1, false) < 0)
		return warden_error_errno(err, "set the attributes of rootfs %s",
					  setup->parameters.rootfs);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (union_attach_folder(setup, upper, folders[i], err) < 0)
			return -1;
	return 0;
}

int union_attach(struct setup *setup, struct warden_error *err)
{
	switch (setup->backend->union_kind) {
	case UNION_OVERLAY:
		return union_attach_overlay(setup, err);
	case UNION_AUFS:
		return union_attach_aufs(setup, err);
	default:
		return union_attach_binds(setup, err);
	}
}
