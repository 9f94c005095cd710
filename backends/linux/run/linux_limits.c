/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of a container: sets all requested kinds in a fixed order, or none. Each kind is
 * implemented in the file of its subject. */
#include <signal.h>

#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/linux_operations.h"
#include "backends/linux/net/net.h"
#include "backends/linux/run/linux_container.h"
#include "backends/linux/run/oom_watch.h"

/* A limit of at least this value is no limit: v1 reports this value. */
#define NO_MEMORY UINT64_C(9223372036854771712)

/* Watches memory before the limit is set, so that no event is missed. */
static int linux_limits_set_memory(struct linux_container *container,
				   const struct warden_limits *limits, struct warden_error *err)
{
	bool limited = limits->memory_bytes < NO_MEMORY;
	bool was_watched = container->oom.cgroup.fd >= 0;

	if (limited && oom_watch_arm(container, err) < 0)
		return -1;
	if (cgroup_set_memory(container->cgroup, limits, err) < 0) {
		if (!was_watched)
			oom_watch_disarm(container);
		return -1;
	}
	if (!limited)
		oom_watch_disarm(container);
	return 0;
}

/* A stop with SIGKILL sets the process limit to forbid forks, also on the watcher's thread; hence
 * the mutex. The new limit is in force when forks are allowed again. */
static int linux_limits_set_processes(struct linux_container *container,
				      const struct warden_limits *limits, struct warden_error *err)
{
	int result;

	pthread_mutex_lock(&container->mutex);
	result = cgroup_set_processes(container->cgroup, limits->processes,
				      container->stop.forbids_forks, err);
	pthread_mutex_unlock(&container->mutex);
	return result;
}

static void linux_limits_get_processes(struct linux_container *container,
				       struct warden_limits *limits)
{
	limits->processes = cgroup_get_processes(container->cgroup);
}

static void linux_limits_get_cpus(struct linux_container *container, struct warden_limits *limits)
{
	cgroup_get_cpus(container->cgroup, limits);
}

static int linux_limits_set_bandwidth(struct linux_container *container,
				      const struct warden_limits *limits, struct warden_error *err)
{
	uint64_t rate = limits->bandwidth_rate, burst = limits->bandwidth_burst;

	if (burst == WARDEN_UNKNOWN)
		burst = container->burst;
	if (net_set_bandwidth(container->backend->net, &container->identity, rate, burst, err) < 0)
		return -1;
	container->rate = rate;
	container->burst = rate == NET_NO_RATE ? NET_NO_RATE : burst;
	return 0;
}

/* The burst is not read from the kernel, which reports it as a time that is not exact. */
static void linux_limits_get_bandwidth(struct linux_container *container,
				       struct warden_limits *limits)
{
	const struct warden_host *host = container->backend->host;
	struct warden_error err;

	limits->bandwidth_burst = container->burst;
	if (net_get_rate(container->backend->net, &container->identity, &limits->bandwidth_rate,
			 &err) == 0)
		return;
	host->log(host, WARDEN_LOG_WARN, container->id, "bandwidth: %s", err.message);
	limits->bandwidth_rate = container->rate;
}

static bool linux_limits_has_disk(const struct warden_limits *limits)
{
	return limits->disk_block_hard != WARDEN_UNKNOWN ||
	       limits->disk_block_soft != WARDEN_UNKNOWN ||
	       limits->disk_inode_hard != WARDEN_UNKNOWN ||
	       limits->disk_inode_soft != WARDEN_UNKNOWN;
}

static int linux_limits_set_disk(struct linux_container *container,
				 const struct warden_limits *limits, struct warden_error *err)
{
	struct warden_error why;

	if (disk_quota_set(&container->backend->quota, container->quota, limits, &why) == 0)
		return 0;
	warden_error_set(err, "disk quota: %s", why.message);
	err->number = why.number;
	return -1;
}

static void linux_limits_get_disk(struct linux_container *container, struct warden_limits *limits)
{
	disk_quota_get(&container->backend->quota, container->quota, limits);
}

static bool linux_limits_has_swap(const struct warden_limits *limits)
{
	return limits->swap_off >= 0;
}

static bool linux_limits_has_cpus(const struct warden_limits *limits)
{
	return limits->cpus;
}

#define NUMBER(field) .number = offsetof(struct warden_limits, field)

/* The kinds in the order in which they are set. If one fails the previous ones are undone. */
static const struct linux_limit_kind {
	const char *name;
	/* Offset of the kind's number in the limits; it is WARDEN_UNKNOWN if not requested. */
	size_t number;
	/* Whether the kind is requested; for kinds without such a number. */
	bool (*asked)(const struct warden_limits *limits);
	int (*set)(struct linux_container *container, const struct warden_limits *limits,
		   struct warden_error *err);
	void (*get)(struct linux_container *container, struct warden_limits *limits);
	/* The same for kinds that only concern the cgroup. */
	int (*set_cgroup)(struct cgroup *cgroup, const struct warden_limits *limits,
			  struct warden_error *err);
	void (*get_cgroup)(const struct cgroup *cgroup, struct warden_limits *limits);
} kinds[] = {
	{"memory_bytes", NUMBER(memory_bytes), .set = linux_limits_set_memory,
	 .get_cgroup = cgroup_get_memory},
	{"swap_off", .asked = linux_limits_has_swap, .set_cgroup = cgroup_set_swap,
	 .get_cgroup = cgroup_get_swap},
	{"cpu_shares", NUMBER(cpu_shares), .set_cgroup = cgroup_set_cpu_shares,
	 .get_cgroup = cgroup_get_cpu_shares},
	{"cpu_quota", NUMBER(cpu_quota), .set_cgroup = cgroup_set_cpu_quota,
	 .get_cgroup = cgroup_get_cpu_quota},
	{"cpus", .asked = linux_limits_has_cpus, .set_cgroup = cgroup_set_cpus,
	 .get = linux_limits_get_cpus},
	{"processes", NUMBER(processes), .set = linux_limits_set_processes,
	 .get = linux_limits_get_processes},
	{"disk_bytes", .asked = linux_limits_has_disk, .set = linux_limits_set_disk,
	 .get = linux_limits_get_disk},
	{"bandwidth_rate", NUMBER(bandwidth_rate), .set = linux_limits_set_bandwidth,
	 .get = linux_limits_get_bandwidth},
	{"io_weight", NUMBER(io_weight), .set_cgroup = cgroup_set_io_weight,
	 .get_cgroup = cgroup_get_io_weight},
	{"io_read_rate", NUMBER(io_read_rate), .set_cgroup = cgroup_set_io_read,
	 .get_cgroup = cgroup_get_io_read},
	{"io_write_rate", NUMBER(io_write_rate), .set_cgroup = cgroup_set_io_write,
	 .get_cgroup = cgroup_get_io_write},
};

static bool linux_limits_has_kind(const struct linux_limit_kind *kind,
				  const struct warden_limits *limits)
{
	const void *number = (const char *)limits + kind->number;

	return kind->asked ? kind->asked(limits) : *(const uint64_t *)number != WARDEN_UNKNOWN;
}

/* Bytes and inodes of the disk are one kind with two names. */
static const char *linux_limits_kind_name(const struct linux_limit_kind *kind,
					  const struct warden_limits *limits)
{
	if (kind->set == linux_limits_set_disk && limits->disk_block_hard == WARDEN_UNKNOWN &&
	    limits->disk_block_soft == WARDEN_UNKNOWN)
		return "disk_inodes";
	return kind->name;
}

static int linux_limits_set_kind(const struct linux_limit_kind *kind,
				 struct linux_container *container,
				 const struct warden_limits *limits, struct warden_error *err)
{
	struct warden_error why;
	int result = kind->set ? kind->set(container, limits, &why)
			       : kind->set_cgroup(container->cgroup, limits, &why);

	if (result < 0) {
		warden_error_set(err, "%s: %s", linux_limits_kind_name(kind, limits), why.message);
		err->number = why.number;
	}
	return result;
}

static void linux_limits_get_kind(const struct linux_limit_kind *kind,
				  struct linux_container *container, struct warden_limits *limits)
{
	if (kind->get)
		kind->get(container, limits);
	else
		kind->get_cgroup(container->cgroup, limits);
}

/* Restores the first `n` kinds. A kind whose previous value could not be read keeps the new one. */
static void linux_limits_undo(struct linux_container *container, const struct warden_limits *asked,
			      const struct warden_limits *before, size_t n)
{
	const struct warden_host *host = container->backend->host;
	struct warden_error err;

	while (n-- > 0)
		if (linux_limits_has_kind(&kinds[n], asked) &&
		    linux_limits_has_kind(&kinds[n], before) &&
		    linux_limits_set_kind(&kinds[n], container, before, &err) < 0)
			host->log(host, WARDEN_LOG_ERROR, container->id, "%s", err.message);
}

int linux_set_limits(void *data, const struct warden_limits *limits, struct warden_limits *in_force,
		     struct warden_error *err)
{
	struct linux_container *container = data;
	struct warden_limits before;

	warden_limits_init(&before);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (linux_limits_has_kind(&kinds[i], limits))
			linux_limits_get_kind(&kinds[i], container, &before);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (linux_limits_has_kind(&kinds[i], limits) &&
		    linux_limits_set_kind(&kinds[i], container, limits, err) < 0) {
			/* A kind is several files, so the one that failed may be set in part. */
			linux_limits_undo(container, limits, &before, i + 1);
			return -1;
		}
	warden_limits_init(in_force);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		linux_limits_get_kind(&kinds[i], container, in_force);
	return 0;
}
