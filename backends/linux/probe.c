/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this machine can run containers; see probe.h. It is tried in a child, whose namespaces go
 * with it. */
#include "backends/linux/probe.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/common/fork.h"
#include "backends/common/message.h"
#include "backends/common/util.h"
#include "backends/linux/linux.h"
#include "backends/linux/mount_api.h"
#include "backends/linux/user.h"

static int check_root(const struct warden_host *host, struct warden_error *err)
{
	(void)host;
	if (geteuid() != 0)
		return warden_error_set(err, "the linux backend needs root; the fake backend does "
					     "not (server.container_klass = \"fake\")");
	return 0;
}

static int check_namespaces(const struct warden_host *host, struct warden_error *err)
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

/* In a user namespace that is not the host's, masks of the outer /proc hold for each inner one. */
static int check_proc(const struct warden_host *host, struct warden_error *err)
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

/* A user namespace like a container's can be made, and both layers be mapped with it. */
static int check_layers(const struct warden_host *host, struct warden_error *err)
{
	const struct warden_settings *settings = host->settings;
	const struct user_map map = {settings->range_start, ID_RANGE, 0, 0};
	const char *const paths[] = {settings->rootfs_path, settings->depot_path};
	_cleanup_close_ int user = -1;
	struct warden_error reason;

	if (!settings->user_namespace)
		return 0;
	user = user_namespace_for_mount(&map, &map, &reason);
	if (user < 0)
		return warden_error_set(err,
					"%.512s (see sysctl user.max_user_namespaces; or set "
					"server.user_namespace = false, which isolates less)",
					reason.message);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_close_ int copy = paths[i] ? mount_clone(AT_FDCWD, paths[i], false) : -1;

		if (!paths[i])
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

static int check_overlay(const struct warden_host *host, struct warden_error *err)
{
	int fd = fsopen("overlay", FSOPEN_CLOEXEC);

	(void)host;
	if (fd < 0)
		return warden_error_errno(err, "open file system overlay (module overlay?)");
	close(fd);
	return 0;
}

static int (*const checks[])(const struct warden_host *host, struct warden_error *err) = {
	check_root, check_namespaces, check_proc, check_overlay, check_layers,
};

static void __attribute__((noreturn)) try(const struct warden_host *host, int socket)
{
	struct warden_error err;

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		if (checks[i](host, &err) < 0) {
			message_send(socket, &err, sizeof(err), NULL, 0); /* seen as it is closed */
			_exit(1);
		}
	_exit(0);
}

int probe_host(const struct warden_host *host, struct warden_error *err)
{
	_cleanup_close_ int near = -1;
	int pair[2], status = -1;
	ssize_t came;
	pid_t pid;

	if (message_pair(pair) < 0)
		return warden_error_errno(err, "make a socket pair");
	near = pair[0];
	pid = fork_plainly();
	if (pid == 0)
		try(host, pair[1]);
	close(pair[1]);
	if (pid < 0)
		return warden_error_errno(err, "fork a process that tries this machine");
	came = message_receive(near, err, sizeof(*err), NULL, 0);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (came == sizeof(*err))
		return -1;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return warden_error_set(err, "the process that tries this machine was killed");
	return 0;
}
