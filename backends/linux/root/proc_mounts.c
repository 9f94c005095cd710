/* SPDX-License-Identifier: Apache-2.0 */
/* A container's /proc and /sys; see root_mounts.h. Processes in the host's user namespace open
 * them, so that the kernel does not refuse them when parts of the host's /proc are masked. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/linux/root/mount_api.h"
#include "backends/linux/root/root_mounts.h"
#include "lib/cleanup.h"

#define ATTR_KERNEL (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

struct proc_call {
	int fd;
	struct warden_error *err;
};

static int proc_mounts_make_proc(void *data)
{
	static const struct mount_option options[] = {{"source", "proc"}, {NULL, NULL}};
	struct proc_call *call = data;

	call->fd = mount_make("proc", options, ATTR_KERNEL, call->err);
	return 0;
}

/* A proc shows the pid namespace of the process that opens it, so a child in the container's pid
 * namespace does; it shares memory and descriptors. */
static int proc_mounts_open_proc(struct setup *setup, struct warden_error *err)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct proc_call call = {.fd = -1, .err = err};
	pid_t pid;

	if (setns(setup->init_pidfd, CLONE_NEWPID) < 0)
		return warden_error_errno(err, "enter the container's pid namespace");
	warden_error_set(err, "the helper that opens /proc was killed");
	pid = clone(proc_mounts_make_proc, stack + sizeof(stack),
		    CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &call);
	if (pid < 0)
		return warden_error_errno(err, "fork the helper that opens /proc");
	waitpid(pid, NULL, 0); /* its result is in `call` */
	setup->proc_fd = call.fd;
	return call.fd < 0 ? -1 : 0;
}

int proc_mounts_make(struct setup *setup, struct warden_error *err)
{
	static const struct mount_option options[] = {{"source", "sysfs"}, {NULL, NULL}};

	if (proc_mounts_open_proc(setup, err) < 0)
		return -1;
	setup->sys_fd = mount_make("sysfs", options, ATTR_KERNEL | MOUNT_ATTR_RDONLY, err);
	return setup->sys_fd < 0 ? -1 : 0;
}

static int proc_mounts_attach_one(struct setup *setup, int mount, const char *name,
				  struct warden_error *err)
{
	_cleanup_close_ int target = mount_open_directory(setup->root_fd, name, 0755);

	if (target < 0)
		return warden_error_errno(err, "open /%s of rootfs %s (it must be a directory)",
					  name, setup->parameters.rootfs);
	if (mount_attach(mount, target) < 0)
		return warden_error_errno(err, "mount /%s", name);
	return 0;
}

/* Mounts a read-only copy of a path over itself. */
static int proc_mounts_protect(int mount, const char *path, struct warden_error *err)
{
	_cleanup_close_ int target = openat(mount, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int copy = -1;

	if (target < 0)
		return errno == ENOENT ? 0 : warden_error_errno(err, "open %s", path);
	copy = mount_clone(target, "", false);
	if (copy < 0 || mount_set(copy, ATTR_KERNEL | MOUNT_ATTR_RDONLY, -1, false) < 0 ||
	    mount_attach(copy, target) < 0)
		return warden_error_errno(err, "make %s read-only", path);
	return 0;
}

/* The mounts that cover hidden paths. */
struct proc_cover {
	int null;  /* the container's null device, for files */
	int empty; /* a read-only file system, for directories */
	bool used; /* `empty` is attached: Linux 6.1 copies attached mounts alone */
};

static int proc_mounts_cover_directory(struct proc_cover *cover, int target)
{
	_cleanup_close_ int copy = -1;

	if (!cover->used) {
		cover->used = true;
		return mount_attach(cover->empty, target);
	}
	copy = mount_clone(cover->empty, "", false);
	return copy < 0 ? -1 : mount_attach(copy, target);
}

static int proc_mounts_cover_file(const struct proc_cover *cover, int target)
{
	_cleanup_close_ int copy = mount_clone(cover->null, "", false);

	return copy < 0 ? -1 : mount_attach(copy, target);
}

static int proc_mounts_hide(int mount, const char *path, struct proc_cover *cover,
			    struct warden_error *err)
{
	_cleanup_close_ int target = openat(mount, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (target < 0)
		return errno == ENOENT ? 0 : warden_error_errno(err, "open %s", path);
	if (fstat(target, &status) < 0)
		return warden_error_errno(err, "stat %s", path);
	if ((S_ISDIR(status.st_mode) ? proc_mounts_cover_directory(cover, target)
				     : proc_mounts_cover_file(cover, target)) < 0)
		return warden_error_errno(err, "hide %s", path);
	return 0;
}

static int proc_mounts_make_cover(struct setup *setup, struct proc_cover *cover,
				  struct warden_error *err)
{
	static const struct mount_option options[] = {
		{"source", "empty"}, {"mode", "0555"}, {"size", "4k"},
		{"nr_inodes", "1"},  {NULL, NULL},
	};

	cover->used = false;
	cover->null = openat(setup->dev_fd, "null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (cover->null < 0)
		return warden_error_errno(err, "open the container's /dev/null");
	cover->empty = mount_make("tmpfs", options, ATTR_KERNEL | MOUNT_ATTR_RDONLY, err);
	return cover->empty < 0 ? -1 : 0;
}

/* Hides the counters by which containers on one cpu could measure each other; without them on the
 * first cpu there are none. */
static int proc_mounts_hide_throttling(struct setup *setup, struct proc_cover *cover,
				       struct warden_error *err)
{
	static const char first[] = "devices/system/cpu/cpu0/thermal_throttle";
	char path[64];
	long cpus;

	if (faccessat(setup->sys_fd, first, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : warden_error_errno(err, "find %s", first);
	cpus = sysconf(_SC_NPROCESSORS_CONF);
	for (long cpu = 0; cpu < cpus; cpu++) {
		snprintf(path, sizeof(path), "devices/system/cpu/cpu%ld/thermal_throttle", cpu);
		if (proc_mounts_hide(setup->sys_fd, path, cover, err) < 0)
			return -1;
	}
	return 0;
}

/* Hides or protects the paths in /proc and /sys that expose the host or change it. */
static int proc_mounts_mask(struct setup *setup, struct warden_error *err)
{
	static const char *const protected_proc[] = {"bus", "fs", "irq", "sys", "sysrq-trigger"};
	static const char *const hidden_proc[] = {
		"acpi",          "asound",      "interrupts", "kcore",      "keys",
		"latency_stats", "sched_debug", "scsi",       "timer_list", "timer_stats",
	};
	static const char *const hidden_sys[] = {"dev/block", "devices/virtual/powercap",
						 "firmware", "fs/selinux"};
	struct proc_cover cover;

	if (proc_mounts_make_cover(setup, &cover, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(protected_proc); i++)
		if (proc_mounts_protect(setup->proc_fd, protected_proc[i], err) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(hidden_proc); i++)
		if (proc_mounts_hide(setup->proc_fd, hidden_proc[i], &cover, err) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(hidden_sys); i++)
		if (proc_mounts_hide(setup->sys_fd, hidden_sys[i], &cover, err) < 0)
			return -1;
	return proc_mounts_hide_throttling(setup, &cover, err);
}

int proc_mounts_attach(struct setup *setup, struct warden_error *err)
{
	if (proc_mounts_attach_one(setup, setup->dev_fd, "dev", err) < 0 ||
	    proc_mounts_attach_one(setup, setup->proc_fd, "proc", err) < 0 ||
	    proc_mounts_attach_one(setup, setup->sys_fd, "sys", err) < 0)
		return -1;
	/* A nested warden sets sysctls of its network and makes its own masks. */
	return setup->parameters.nested ? 0 : proc_mounts_mask(setup, err);
}
