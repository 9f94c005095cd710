/* SPDX-License-Identifier: Apache-2.0 */
/* Checks whether this machine can run containers; see host_probe.h. The checks run in a child, so
 * its namespaces vanish when it exits. */
#include "backends/linux/host/host_probe.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/linux/create/user_namespace.h"
#include "backends/linux/linux.h"
#include "backends/linux/net/net.h"
#include "backends/linux/root/mount_api.h"
#include "backends/linux/root/union.h"
#include "lib/cleanup.h"
#include "lib/fd_message.h"
#include "lib/fork.h"

static int host_probe_check_root(const struct warden_host *host, struct warden_error *err)
{
	(void)host;
	if (geteuid() != 0)
		return warden_error_set(err, "the linux backend needs root; the fake backend does "
					     "not (server.container_klass = \"fake\")");
	return 0;
}

static int host_probe_check_namespaces(const struct warden_host *host, struct warden_error *err)
{
	(void)host;
	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) < 0)
		return warden_error_errno(err,
					  "make namespaces (the daemon needs CAP_SYS_ADMIN and a "
					  "kernel with namespaces for mounts, processes, IPC, host "
					  "names and control groups)");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return warden_error_errno(err, "make all mounts private");
	return 0;
}

/* Outside the initial user namespace the kernel refuses a new proc mount if parts of the existing
 * /proc are masked. */
static int host_probe_check_proc(const struct warden_host *host, struct warden_error *err)
{
	static const struct mount_option none[] = {{NULL, NULL}};
	struct warden_error reason;
	int fd = mount_make("proc", none, 0, &reason);

	(void)host;
	if (fd < 0)
		return warden_error_set(err,
					"%.512s (where the daemon itself runs in a container with "
					"a user namespace, parts of its /proc must not be masked)",
					reason.message);
	close(fd);
	return 0;
}

/* Filters the frames of a link of its own, as of each container's. */
static int host_probe_check_link_filter(const struct warden_host *host, struct warden_error *err)
{
	(void)host;
	if (unshare(CLONE_NEWNET) < 0)
		return warden_error_errno(err, "make a network namespace");
	return net_probe_filter(err);
}

/* Makes a user namespace like a container's and id-maps a mount of each of the two layers with it.
 */
static int host_probe_check_layers(const struct warden_host *host, struct warden_error *err)
{
	const struct warden_settings *settings = host->settings;
	const struct user_map map = {settings->range_start, ID_RANGE, 0, 0};
	const char *const paths[] = {settings->rootfs_path, settings->depot_path};
	_cleanup_close_ int user = -1;
	struct warden_error reason;

	if (!linux_user_namespace(settings))
		return 0;
	user = user_namespace_for_mount(&map, &map, &reason);
	if (user < 0)
		return warden_error_set(err,
					"%.512s (see sysctl user.max_user_namespaces; or set "
					"server.user_namespace = false, which isolates less)",
					reason.message);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_close_ int copy = paths[i] ? mount_clone(AT_FDCWD, paths[i], false) : -1;

		if (!paths[i] ||
		    (copy < 0 && errno == ENOENT)) /* not made yet: the daemon has never run */
			continue;
		if (copy < 0)
			return warden_error_errno(err, "copy the mount of %s", paths[i]);
		if (mount_set(copy, 0, user, false) < 0)
			return warden_error_errno(
				err,
				"%s lies on a file system whose ids cannot be mapped (an overlay, "
				"as inside Docker?): move it to another one, a volume for "
				"instance, "
				"or set server.user_namespace = false, which isolates less",
				paths[i]);
	}
	return 0;
}

/* Set in the child by host_probe_check_union, sent with each result. */
static enum union_kind host_probe_union;

static int host_probe_check_union(const struct warden_host *host, struct warden_error *err)
{
	return union_find(host, &host_probe_union, err);
}

/* The checks in order: each relies on the previous ones. */
static const struct {
	const char *name;
	int (*run)(const struct warden_host *host, struct warden_error *err);
	const char *remedy;
} checks[] = {
	{"root", host_probe_check_root, "start wardend as root"},
	{"namespaces", host_probe_check_namespaces,
	 "CAP_SYS_ADMIN, and a kernel with these namespaces"},
	{"link filter", host_probe_check_link_filter, "modprobe ifb, sch_ingress and cls_bpf"},
	{"proc", host_probe_check_proc, "unmask /proc where the daemon itself runs in a container"},
	{"union", host_probe_check_union, "modprobe overlay, or another file system for the depot"},
	{"id-mapped layers", host_probe_check_layers, "another file system for rootfs and depot"},
};

/* The result of a check, as the child sends it. */
struct host_probe_result {
	bool failed;
	enum union_kind union_kind; /* valid from the union check on */
	struct warden_error err;
};

/* Runs the checks and sends each result. Stops at the first failure: later checks rely on it. */
static void __attribute__((noreturn))
host_probe_run_checks(const struct warden_host *host, int socket)
{
	struct host_probe_result result = {0};

	for (size_t i = 0; i < ARRAY_SIZE(checks) && !result.failed; i++) {
		result.failed = checks[i].run(host, &result.err) < 0;
		result.union_kind = host_probe_union;
		/* If the send fails the receiver reports the missing result. */
		fd_message_send(socket, &result, sizeof(result), NULL, 0);
	}
	_exit(0);
}

/* Receives results until the child exits. Returns their number. */
static size_t host_probe_receive_results(int socket, struct host_probe_result *results)
{
	size_t n = 0;

	while (n < ARRAY_SIZE(checks) && fd_message_receive(socket, &results[n], sizeof(*results),
							    NULL, 0) == sizeof(*results))
		n++;
	return n;
}

/* Runs all checks in a child. Sets `*n` to the number of results; the last one may be a failure. */
static int host_probe_fork(const struct warden_host *host, struct host_probe_result *results,
			   size_t *n, struct warden_error *err)
{
	_cleanup_close_ int near = -1;
	int pair[2], status = -1;
	pid_t pid;

	if (fd_message_pair(pair) < 0)
		return warden_error_errno(err, "make a socket pair");
	near = pair[0];
	pid = fork_plainly();
	if (pid == 0)
		host_probe_run_checks(host, pair[1]);
	close(pair[1]);
	if (pid < 0)
		return warden_error_errno(err, "fork the process that checks this host");
	*n = host_probe_receive_results(near, results);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (*n > 0 && results[*n - 1].failed) {
		*err = results[*n - 1].err;
		return -1;
	}
	if (*n < ARRAY_SIZE(checks))
		return warden_error_set(err, "the process that checks this host was killed");
	return 0;
}

int host_probe(const struct warden_host *host, int *union_kind, struct warden_error *err)
{
	struct host_probe_result results[ARRAY_SIZE(checks)];
	size_t n = 0;

	if (host_probe_fork(host, results, &n, err) < 0)
		return -1;
	*union_kind = (int)results[n - 1].union_kind;
	return 0;
}

int host_probe_describe(const struct host_report *to, bool works, struct warden_error *err)
{
	struct host_probe_result results[ARRAY_SIZE(checks)];
	size_t n = 0;
	int result = works ? 0 : host_probe_fork(to->host, results, &n, err);

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		if (works || (i < n && !results[i].failed))
			host_report_fact(to, checks[i].name, "works", NULL, NULL);
		else if (i < n)
			host_report_fact(to, checks[i].name, results[i].err.message,
					 "no container can be made", checks[i].remedy);
		else
			host_report_fact(to, checks[i].name, "not tried", "unknown",
					 "fix the failed check first");
	}
	return result;
}
