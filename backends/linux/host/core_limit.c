/* SPDX-License-Identifier: Apache-2.0 */
/* See core_limit.h. */
#include "backends/linux/host/core_limit.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/cleanup.h"

static bool core_limit_is_zero(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0;
}

void core_limit_raise(void)
{
	const struct rlimit one = {.rlim_cur = 1, .rlim_max = 1};

	/* Without CAP_SYS_RESOURCE it stays 0; core_limit_describe reports that. */
	if (core_limit_is_zero())
		(void)setrlimit(RLIMIT_CORE, &one);
}

/* Whether the host's core_pattern is a program. */
static bool core_limit_has_program(void)
{
	_cleanup_close_ int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY | O_CLOEXEC);
	char first;

	return fd >= 0 && read(fd, &first, 1) == 1 && first == '|';
}

void core_limit_describe(const struct host_report *to)
{
	if (!core_limit_is_zero())
		host_report_fact(to, "core dumps", "of containers start no program of the host",
				 NULL, NULL);
	else if (!core_limit_has_program())
		host_report_fact(to, "core dumps", "the host's core_pattern is no program", NULL,
				 NULL);
	else
		host_report_fact(to, "core dumps", "of containers start the host's core_pattern",
				 "a crash in a container runs a program as root of this host",
				 "LimitCORE=1 in the daemon's unit, not 0");
}
