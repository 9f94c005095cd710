/* SPDX-License-Identifier: Apache-2.0 */
/* Resource limits; see rlimits.h. */
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

static bool limit_set(int resource, uint64_t value)
{
	struct rlimit limit = {.rlim_cur = value, .rlim_max = value};

	/* 0 does not keep the kernel from starting a helper on the host where core_pattern names
	 * one; a limit of 1 byte does, and no file is that short. */
	if (resource == RLIMIT_CORE && value == 0)
		limit.rlim_cur = limit.rlim_max = 1;
	return setrlimit(resource, &limit) == 0;
}

/* The hard limit is the largest that may be set. */
static void limit_clamp(int resource)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return; /* it stays as it is */
	limit.rlim_cur = limit.rlim_max;
	setrlimit(resource, &limit); /* no larger than it may be */
}

static void __attribute__((noreturn)) refuse(const char *name, uint64_t value)
{
	dprintf(STDERR_FILENO, "cannot set limit %s to %llu: %s\n", name, (unsigned long long)value,
		strerror(errno));
	_exit(255);
}

void rlimits_set(const struct wshd_spawn *spawn)
{
	for (unsigned i = 0; i < WSHD_RLIMITS; i++) {
		if (limit_set(limits[i].resource, spawn->rlimits[i]))
			continue;
		if (spawn->requested & (UINT32_C(1) << i))
			refuse(limits[i].name, spawn->rlimits[i]);
		limit_clamp(limits[i].resource);
	}
}
