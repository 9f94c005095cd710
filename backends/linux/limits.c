/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of a container: each kind is in the file of its subject; here is the order, and that all
 * are set or none. */
#include "backends/linux/cgroup.h"
#include "backends/linux/container.h"
#include "backends/linux/oom.h"
#include "backends/linux/operations.h"

/* From here on memory has no limit: what v1 tells. */
#define NO_MEMORY UINT64_C(9223372036854771712)

static bool memory_asked(const struct warden_limits *limits)
{
	return limits->memory_bytes != WARDEN_UNKNOWN;
}

/* Watched before it holds. */
static int memory_set(struct container *container, const struct warden_limits *limits,
		      struct warden_error *err)
{
	bool limited = limits->memory_bytes < NO_MEMORY;
	bool was_watched = container->oom.cgroup.fd >= 0;

	if (limited && oom_arm(container, err) < 0)
		return -1;
	if (cgroup_set_memory(container->cgroup, limits, err) < 0) {
		if (!was_watched)
			oom_disarm(container);
		return -1;
	}
	if (!limited)
		oom_disarm(container);
	return 0;
}

static void memory_get(struct container *container, struct warden_limits *limits)
{
	cgroup_get_memory(container->cgroup, limits);
}

static bool cpu_shares_asked(const struct warden_limits *limits)
{
	return limits->cpu_shares != WARDEN_UNKNOWN;
}

static int cpu_shares_set(struct container *container, const struct warden_limits *limits,
			  struct warden_error *err)
{
	return cgroup_set_cpu_shares(container->cgroup, limits, err);
}

static void cpu_shares_get(struct container *container, struct warden_limits *limits)
{
	cgroup_get_cpu_shares(container->cgroup, limits);
}

/* In the order in which they are set; what fails is undone from there back to the first. */
static const struct kind {
	bool (*asked)(const struct warden_limits *limits);
	int (*set)(struct container *container, const struct warden_limits *limits,
		   struct warden_error *err);
	void (*get)(struct container *container, struct warden_limits *limits);
} kinds[] = {
	{memory_asked, memory_set, memory_get},
	{cpu_shares_asked, cpu_shares_set, cpu_shares_get},
};

static void undo(struct container *container, const struct warden_limits *asked,
		 const struct warden_limits *before, size_t n)
{
	const struct warden_host *host = container->backend->host;
	struct warden_error err;

	while (n-- > 0)
		if (kinds[n].asked(asked) && kinds[n].set(container, before, &err) < 0)
			host->log(host, WARDEN_LOG_ERROR, container->id, "%s", err.message);
}

int linux_set_limits(void *data, const struct warden_limits *limits, struct warden_limits *in_force,
		     struct warden_error *err)
{
	struct container *container = data;
	struct warden_limits before;

	warden_limits_init(&before);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].asked(limits))
			kinds[i].get(container, &before);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].asked(limits) && kinds[i].set(container, limits, err) < 0) {
			undo(container, limits, &before, i);
			return -1;
		}
	warden_limits_init(in_force);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		kinds[i].get(container, in_force);
	return 0;
}
