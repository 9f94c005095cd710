/* SPDX-License-Identifier: Apache-2.0 */
/* Reports to operators what this machine offers and lacks (the operation describe). Features that
 * can only be tested by use are checked by host_probe.c; those that the backend already uses are
 * known to work. */
#include "backends/linux/host/host_report.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/quota.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>

#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/firewall/firewall.h"
#include "backends/linux/host/core_limit.h"
#include "backends/linux/host/host_check.h"
#include "backends/linux/host/host_confinement.h"
#include "backends/linux/host/host_probe.h"
#include "backends/linux/host/oom_score.h"
#include "backends/linux/linux.h"
#include "backends/linux/linux_operations.h"
#include "backends/linux/root/union.h"
#include "backends/linux/seccomp/seccomp.h"
#include "lib/cleanup.h"

/* The default limit of a process. */
#define OPEN_FILES 1024

/* Reads a number from a file below /proc/sys; -1 if that fails. */
static int64_t host_report_read_sysctl(const char *path)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	int64_t value;

	return file && fscanf(file, "%" SCNd64, &value) == 1 ? value : -1;
}

static void host_report_describe_kernel(const struct host_report *to)
{
	struct utsname name;
	unsigned major = 0, minor = 0;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		host_report_fact(to, "kernel", "unknown", "missing features are unknown", NULL);
	else if (major > 6 || (major == 6 && minor >= 1))
		host_report_fact(to, "kernel", name.release, NULL, NULL);
	else
		host_report_fact(to, "kernel", name.release, "older than any tested kernel",
				 "Linux 6.1 or newer");
}

static void host_report_describe_user_namespaces(const struct host_report *to)
{
	const struct warden_settings *settings = to->host->settings;
	int64_t most = host_report_read_sysctl("/proc/sys/user/max_user_namespaces");
	char value[64];

	snprintf(value, sizeof(value), "%s, at most %" PRId64,
		 linux_user_namespace(settings) ? "used" : "not used", most);
	if (settings->allow_nested_warden)
		host_report_fact(to, "user namespaces", value,
				 "root in a container is root of this host, so that it can run a "
				 "warden",
				 "server.allow_nested_warden = false");
	else if (!settings->user_namespace)
		host_report_fact(
			to, "user namespaces", value,
			"root in a container is root: capabilities, masks and device rules "
			"alone hold it back",
			"server.user_namespace = true");
	else if (most >= 0 && most < 1024)
		host_report_fact(to, "user namespaces", value, "limits the number of containers",
				 "sysctl -w user.max_user_namespaces=16384");
	else
		host_report_fact(to, "user namespaces", value, NULL, NULL);
}

static void host_report_describe_memfd(const struct host_report *to)
{
	int64_t noexec = host_report_read_sysctl("/proc/sys/vm/memfd_noexec");

	if (noexec >= 2)
		host_report_fact(to, "memfd_noexec", "2: no memory file can be executed",
				 "process 1 of a container runs from a mount instead",
				 "sysctl -w vm.memfd_noexec=1");
	else
		host_report_fact(to, "memfd_noexec", "memory files can be executed", NULL, NULL);
}

static void host_report_describe_forwarding(const struct host_report *to)
{
	bool on = host_report_read_sysctl("/proc/sys/net/ipv4/ip_forward") == 1;

	/* Off is good as well: the daemon turns it on when it starts. */
	host_report_fact(to, "ip forwarding", on ? "on" : "off; wardend turns it on", NULL, NULL);
}

static void host_report_describe_pressure(const struct host_report *to)
{
	if (access("/proc/pressure/cpu", F_OK) == 0)
		host_report_fact(to, "pressure", "available", NULL, NULL);
	else
		host_report_fact(to, "pressure", "not available in this kernel",
				 "info has no pressure figures",
				 "psi=1 on the kernel's command line");
}

static void host_report_describe_terminals(const struct host_report *to)
{
	int64_t most = host_report_read_sysctl("/proc/sys/kernel/pty/max");
	char value[64];

	snprintf(value, sizeof(value), "%" PRId64 " on this host", most);
	if (most >= 0 && most < 1024)
		host_report_fact(to, "terminals", value, "few jobs can have a terminal at once",
				 "sysctl -w kernel.pty.max=4096");
	else
		host_report_fact(to, "terminals", value, NULL, NULL);
}

/* Without a quota by project nothing bounds the number of files outside of a tmpfs. */
static void host_report_describe_inodes(const struct host_report *to)
{
	const struct warden_settings *settings = to->host->settings;
	_cleanup_close_ int fd = open(settings->depot_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	int64_t bound = to->host->option_integer(to->host, OPTION_INODES);
	bool quota = settings->disk_quota_enabled && fd >= 0 && disk_quota_type(fd) == PRJQUOTA;
	char value[64];

	snprintf(value, sizeof(value), "%" PRId64 " a container", bound);
	if (quota && bound > 0)
		host_report_fact(to, "inode bound", value, NULL, NULL);
	else
		host_report_fact(to, "inode bound",
				 quota ? "off in the settings" : "off: no project quota",
				 "a container can use all inodes of the depot's file system",
				 quota ? "linux.inode_bound = 1000000"
				       : "ext4 or xfs with prjquota; or create with a tmpfs and "
					 "tmpfs_inodes");
}

/* The kernel counts open files of all users together. */
static void host_report_describe_files(const struct host_report *to)
{
	int64_t most = host_report_read_sysctl("/proc/sys/fs/file-max");
	int64_t each = to->host->option_integer(to->host, "process_limit") * OPEN_FILES;
	char value[96];

	snprintf(value, sizeof(value), "%" PRId64 " on this host", most);
	if (most >= 0 && most < 4 * each)
		host_report_fact(to, "open files", value, "a few containers can open all of them",
				 "sysctl -w fs.file-max=9223372036854775807");
	else
		host_report_fact(to, "open files", value, NULL, NULL);
}

/* A root file system without a shell runs commands, but no script. */
static void host_report_describe_rootfs(const struct host_report *to)
{
	static const char *const shells[] = {"bin/bash", "usr/bin/bash", "bin/sh", "usr/bin/sh"};
	const char *path = to->host->settings->rootfs_path;
	_cleanup_close_ int fd = path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0) {
		host_report_fact(to, "rootfs", path ? path : "not set", "no container can be made",
				 "warden-rootfs DIRECTORY");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		/* Do not follow: an absolute link is only valid inside the container. */
		if (faccessat(fd, shells[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
			host_report_fact(to, "rootfs", path, NULL, NULL);
			return;
		}
	host_report_fact(to, "rootfs", path, "it has no shell, so no script runs in it",
			 "warden-rootfs DIRECTORY");
}

static void host_report_describe_quota(const struct host_report *to)
{
	const struct warden_settings *settings = to->host->settings;
	_cleanup_close_ int fd = open(settings->depot_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (!settings->disk_quota_enabled)
		host_report_fact(to, "disk quota", "off in the settings",
				 "limit_disk limits nothing",
				 "server.quota.disk_quota_enabled = true");
	else if (fd < 0)
		host_report_fact(to, "disk quota", "the depot does not exist yet", NULL, NULL);
	else if (disk_quota_type(fd) == PRJQUOTA)
		host_report_fact(to, "disk quota", "by project", NULL, NULL);
	else if (disk_quota_type(fd) == USRQUOTA)
		host_report_fact(to, "disk quota", "by user",
				 "limits bind the user vcap, not root of a container",
				 "mount the depot's file system with prjquota");
	else
		host_report_fact(to, "disk quota", "none on the depot's file system",
				 "limit_disk is refused",
				 "ext4 or xfs with prjquota; or create with a tmpfs of a size");
}

static void host_report_describe_program(const struct host_report *to)
{
	const char *path = to->host->option_string(to->host, "wshd");

	if (path && access(path, X_OK) == 0)
		host_report_fact(to, "wshd", path, NULL, NULL);
	else
		host_report_fact(to, "wshd", path ? path : "not set", "no container can be made",
				 "install it, or set linux.wshd");
}

/* `kind` was determined when the daemon started. */
static void host_report_describe_union(const struct host_report *to, enum union_kind kind)
{
	if (kind == UNION_BIND)
		host_report_fact(
			to, "layers", "joined by bind mounts",
			"each create copies the directories that are written to; a root has one "
			"layer",
			"modprobe overlay; linux.union = \"auto\"");
	else
		host_report_fact(to, "layers",
				 kind == UNION_AUFS ? "joined by aufs" : "joined by overlay", NULL,
				 NULL);
}

static void (*const parts[])(const struct host_report *to) = {
	host_report_describe_kernel,    host_report_describe_user_namespaces,
	host_report_describe_program,   host_report_describe_rootfs,
	host_report_describe_memfd,     host_report_describe_quota,
	host_report_describe_inodes,    host_report_describe_files,
	host_report_describe_pressure,  host_report_describe_forwarding,
	host_report_describe_terminals, oom_score_describe,
	host_confinement_describe,      core_limit_describe,
};

int linux_describe(void *data, const struct warden_host *host, warden_fact_function report,
		   void *report_data, struct warden_error *err)
{
	const struct linux_backend *backend = data;
	const struct host_report to = {host, report, report_data};
	struct warden_error second;
	int result = backend ? 0 : host_check(host, err);

	if (host_probe_describe(&to, backend != NULL, result < 0 ? &second : err) < 0)
		result = -1;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		parts[i](&to);
	if (backend)
		host_report_describe_union(&to, (enum union_kind)backend->union_kind);
	seccomp_describe(backend ? backend->seccomp : NULL, &to);
	cgroups_describe(backend ? backend->cgroups : NULL, &to);
	firewall_describe(&to);
	if (!backend && result == 0)
		result = host_check_network(err);
	return result;
}
