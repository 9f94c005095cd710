/* SPDX-License-Identifier: Apache-2.0 */
/* The limit of memory and swap of a container. v1 limits memory and the sum of both, v2 each
 * separately; on v2 a container with limited memory gets no swap. */
#include <errno.h>
#include <inttypes.h>

#include "backends/linux/cgroup/cgroup_private.h"

#define V1_MEMORY "memory.limit_in_bytes"
#define V1_SUM    "memory.memsw.limit_in_bytes"

/* v1: 0 means never swap. */
#define SWAPPINESS "memory.swappiness"

static int cgroup_memory_write_v1(const struct cgroup *cgroup, const char *name, uint64_t bytes,
				  struct warden_error *err)
{
	if (bytes >= CGROUP_NO_MEMORY_LIMIT)
		return cgroup_write(cgroup, CGROUP_MEMORY, name, "-1", err);
	return cgroup_write_number(cgroup, CGROUP_MEMORY, name, bytes, err);
}

/* The sum must never be less than memory alone, so the order of the writes depends on the direction
 * of the change. Without swap accounting there is no sum. */
static int cgroup_memory_set_v1(const struct cgroup *cgroup, uint64_t bytes,
				struct warden_error *err)
{
	uint64_t sum = cgroup_read_number(cgroup, CGROUP_MEMORY, V1_SUM, 0);
	uint64_t memory = cgroup_read_number(cgroup, CGROUP_MEMORY, V1_MEMORY, 0);
	bool sum_first = sum != WARDEN_UNKNOWN && bytes >= sum;
	struct warden_error undo;

	if (sum_first && cgroup_memory_write_v1(cgroup, V1_SUM, bytes, err) < 0)
		return -1;
	if (cgroup_memory_write_v1(cgroup, V1_MEMORY, bytes, err) < 0) {
		if (sum_first)
			(void)cgroup_memory_write_v1(cgroup, V1_SUM, sum,
						     &undo); /* best effort: the old value */
		return -1;
	}
	if (sum == WARDEN_UNKNOWN || sum_first ||
	    cgroup_memory_write_v1(cgroup, V1_SUM, bytes, err) == 0)
		return 0;
	(void)cgroup_memory_write_v1(cgroup, V1_MEMORY, memory,
				     &undo); /* best effort: the old value */
	return -1;
}

/* v2 would kill processes if the limit is below the usage; v1 refuses such a limit. So reclaim the
 * difference first. */
static int cgroup_memory_reclaim(const struct cgroup *cgroup, uint64_t bytes,
				 struct warden_error *err)
{
	uint64_t used = cgroup_read_number(cgroup, CGROUP_MEMORY, "memory.current", 0);

	if (used == WARDEN_UNKNOWN || used <= bytes)
		return 0;
	/* EAGAIN: not all of it could be reclaimed. */
	if (cgroup_write_number(cgroup, CGROUP_MEMORY, "memory.reclaim", used - bytes, err) < 0 &&
	    err->number != EAGAIN && err->number != ENOENT)
		return -1;
	if (cgroup_read_number(cgroup, CGROUP_MEMORY, "memory.current", 0) <= bytes)
		return 0;
	errno = EBUSY;
	return warden_error_errno(err, "write %" PRIu64 " to control group's memory.max", bytes);
}

static int cgroup_memory_set_swap_v2(const struct cgroup *cgroup, bool off,
				     struct warden_error *err)
{
	if (cgroup_write(cgroup, CGROUP_MEMORY, "memory.swap.max", off ? "0" : "max", err) == 0)
		return 0;
	/* Without swap accounting this is an error only if the client asked for no swap. */
	return err->number == ENOENT && !cgroup->swap_off ? 0 : -1;
}

static int cgroup_memory_set_v2(const struct cgroup *cgroup, uint64_t bytes,
				struct warden_error *err)
{
	bool limited = bytes < CGROUP_NO_MEMORY_LIMIT;

	if (limited && cgroup_memory_reclaim(cgroup, bytes, err) < 0)
		return -1;
	if (cgroup_memory_set_swap_v2(cgroup, limited || cgroup->swap_off, err) < 0)
		return -1;
	if (!limited)
		return cgroup_write(cgroup, CGROUP_MEMORY, "memory.max", "max", err);
	return cgroup_write_number(cgroup, CGROUP_MEMORY, "memory.max", bytes, err);
}

static void cgroup_memory_explain(const struct cgroup *cgroup, uint64_t bytes,
				  struct warden_error *err)
{
	const char *name =
		cgroup_is_v2(cgroup, CGROUP_MEMORY) ? "memory.current" : "memory.usage_in_bytes";
	uint64_t used = cgroup_read_number(cgroup, CGROUP_MEMORY, name, 0);

	if (err->number == EBUSY)
		warden_error_set(err,
				 "%" PRIu64 " is less than the %" PRIu64
				 " bytes that are in use and cannot be freed",
				 bytes, used);
}

int cgroup_set_memory(struct cgroup *cgroup, const struct warden_limits *limits,
		      struct warden_error *err)
{
	uint64_t bytes = limits->memory_bytes;
	int result = cgroup_is_v2(cgroup, CGROUP_MEMORY) ? cgroup_memory_set_v2(cgroup, bytes, err)
							 : cgroup_memory_set_v1(cgroup, bytes, err);

	if (result < 0)
		cgroup_memory_explain(cgroup, bytes, err);
	else if (!*cgroup->job && cgroup->bounded)
		result = cgroup_bound_follow(cgroup, bytes, err);
	return result;
}

int cgroup_set_swap(struct cgroup *cgroup, const struct warden_limits *limits,
		    struct warden_error *err)
{
	const struct cgroup_hierarchy *hierarchy =
		cgroup_hierarchy_of(cgroup->cgroups, CGROUP_MEMORY);
	bool off = limits->swap_off > 0, before = cgroup->swap_off;
	char usual[16] = "";
	uint64_t bytes;

	if (!cgroup_is_v2(cgroup, CGROUP_MEMORY)) {
		if (hierarchy)
			(void)cgroup_file_read(hierarchy->fd, SWAPPINESS, usual, sizeof(usual));
		return cgroup_write(cgroup, CGROUP_MEMORY, SWAPPINESS, off ? "0" : usual, err);
	}
	bytes = cgroup_read_number(cgroup, CGROUP_MEMORY, "memory.max", CGROUP_NO_MEMORY_LIMIT);
	cgroup->swap_off = off;
	if (cgroup_memory_set_swap_v2(cgroup, off || bytes < CGROUP_NO_MEMORY_LIMIT, err) == 0)
		return 0;
	cgroup->swap_off = before;
	return -1;
}

void cgroup_get_swap(const struct cgroup *cgroup, struct warden_limits *limits)
{
	uint64_t swappiness;

	if (cgroup_is_v2(cgroup, CGROUP_MEMORY)) {
		limits->swap_off = cgroup->swap_off;
		return;
	}
	swappiness = cgroup_read_number(cgroup, CGROUP_MEMORY, SWAPPINESS, 0);
	limits->swap_off = swappiness == WARDEN_UNKNOWN ? -1 : swappiness == 0;
}

void cgroup_get_memory(const struct cgroup *cgroup, struct warden_limits *limits)
{
	const char *name = cgroup_is_v2(cgroup, CGROUP_MEMORY) ? "memory.max" : V1_MEMORY;

	limits->memory_bytes =
		cgroup_read_number(cgroup, CGROUP_MEMORY, name, CGROUP_NO_MEMORY_LIMIT);
}
