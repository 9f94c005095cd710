/* SPDX-License-Identifier: Apache-2.0 */
/* What confines the daemon itself; see host_confinement.h. */
#include "backends/linux/host/host_confinement.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/cleanup.h"

/* Reads the first line of a file. False: it cannot be read, or is empty. */
static bool host_confinement_read(const char *path, char *line, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd >= 0 ? read(fd, line, size - 1) : -1;

	if (length <= 0)
		return false;
	line[length] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return *line != '\0';
}

/* "docker-default (enforce)", for example; see apparmor(7). */
static void host_confinement_describe_profile(const struct host_report *to)
{
	char profile[256], restricted[8];

	if (!host_confinement_read("/proc/self/attr/apparmor/current", profile, sizeof(profile)) &&
	    !host_confinement_read("/proc/self/attr/current", profile, sizeof(profile)))
		host_report_fact(to, "AppArmor", "does not confine wardend", NULL, NULL);
	else if (strncmp(profile, "unconfined", strlen("unconfined")) != 0)
		host_report_fact(to, "AppArmor", profile,
				 "its profile can refuse namespaces and mounts of containers",
				 "run wardend unconfined; in Docker --security-opt "
				 "apparmor=unconfined");
	else if (host_confinement_read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
				       restricted, sizeof(restricted)) &&
		 *restricted == '1')
		/* This holds for processes without CAP_SYS_ADMIN, so not for the daemon. */
		host_report_fact(to, "AppArmor",
				 "restricts user namespaces of ordinary users, not wardend's", NULL,
				 NULL);
	else
		host_report_fact(to, "AppArmor", "does not confine wardend", NULL, NULL);
}

static void host_confinement_describe_filter(const struct host_report *to)
{
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) > 0)
		host_report_fact(to, "own system calls", "filtered: wardend runs in a container",
				 "the filter can refuse namespaces and mounts of containers",
				 "in Docker --security-opt seccomp=unconfined, or --privileged");
	else
		host_report_fact(to, "own system calls", "not filtered", NULL, NULL);
}

void host_confinement_describe(const struct host_report *to)
{
	host_confinement_describe_profile(to);
	host_confinement_describe_filter(to);
}
