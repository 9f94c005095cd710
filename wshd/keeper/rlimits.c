/* SPDX-License-Identifier: Apache-2.0 */
/* Sets resource limits; see rlimits.h. */
#include "wshd/keeper/rlimits.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* In the order of enum warden_rlimit_name. */
static const struct {
	const char *name;
	int resource;
} limits[WSHD_RLIMITS] = {
	{"as", RLIMIT_AS},           {"core", RLIMIT_CORE},
	{"cpu", RLIMIT_CPU},         {"data", RLIMIT_DATA},
	{"fsize", RLIMIT_FSIZE},     {"locks", RLIMIT_LOCKS},
	{"memlock", RLIMIT_MEMLOCK}, {"msgqueue", RLIMIT_MSGQUEUE},
	{"nice", RLIMIT_NICE},       {"nofile", RLIMIT_NOFILE},
	{"nproc", RLIMIT_NPROC},     {"rss", RLIMIT_RSS},
	{"rtprio", RLIMIT_RTPRIO},   {"sigpending", RLIMIT_SIGPENDING},
	{"stack", RLIMIT_STACK},
};

static bool rlimits_set_one(int resource, uint64_t value)
{
	struct rlimit limit = {.rlim_cur = value, .rlim_max = value};

	/* If core_pattern names a helper, the kernel starts it on the host even with a limit of 0,
	 * but not with a limit of 1 byte. No core file is that short. */
	if (resource == RLIMIT_CORE && value == 0)
		limit.rlim_cur = limit.rlim_max = 1;
	return setrlimit(resource, &limit) == 0;
}

/* Raises the soft limit to the hard limit, the largest value that is allowed. */
static void rlimits_clamp_one(int resource)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return; /* the limit stays as it is */
	limit.rlim_cur = limit.rlim_max;
	setrlimit(resource, &limit); /* cannot fail up to the hard limit */
}

static void __attribute__((noreturn)) rlimits_fail(const char *name, uint64_t value)
{
	dprintf(STDERR_FILENO, "cannot set limit %s to %llu: %s\n", name, (unsigned long long)value,
		strerror(errno));
	_exit(255);
}

void rlimits_set_shell(void)
{
	if (!rlimits_set_one(RLIMIT_CORE, 0))
		rlimits_clamp_one(RLIMIT_CORE);
}

void rlimits_set(const struct wshd_spawn *spawn)
{
	for (unsigned i = 0; i < WSHD_RLIMITS; i++) {
		if (rlimits_set_one(limits[i].resource, spawn->rlimits[i]))
			continue;
		if (spawn->requested & (UINT32_C(1) << i))
			rlimits_fail(limits[i].name, spawn->rlimits[i]);
		rlimits_clamp_one(limits[i].resource);
	}
}
