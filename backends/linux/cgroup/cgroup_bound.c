/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds of memory that hold without any limit of a client's: of one container, in a group above
 * the one with its processes and its own limit, and of all containers, in CGROUP_PARENT. If one is
 * reached the kernel kills processes below it; the container is not stopped, as its own limit is
 * not reached. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#include "backends/linux/cgroup/cgroup_private.h"
#include "lib/cleanup.h"
#include "lib/units.h"

#define BOUND_NONE "none"

/* A container needs this much to start, in bytes. */
#define BOUND_LEAST (UINT64_C(8) << 20)

static uint64_t cgroup_bound_read(int fd, const char *path, uint64_t missing)
{
	char text[32];

	if (cgroup_file_read(fd, path, text, sizeof(text)) <= 0 || strncmp(text, "max", 3) == 0)
		return missing;
	return strtoull(text, NULL, 10);
}

/* The lowest limit of the groups from `path` up to the mount point, which has none. */
static uint64_t cgroup_bound_read_limit_v2(const struct cgroup_hierarchy *hierarchy)
{
	_cleanup_free_ char *path = strdup(hierarchy->path);
	uint64_t least = CGROUP_NO_MEMORY_LIMIT, limit;
	char *slash = path;

	while (slash && *path) {
		_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

		limit = fd < 0 ? least : cgroup_bound_read(fd, "memory.max", least);
		least = limit < least ? limit : least;
		slash = strrchr(path, '/');
		if (slash)
			*slash = '\0';
	}
	return least;
}

/* v1 also knows the limits of groups above the mount point. */
static uint64_t cgroup_bound_read_limit_v1(const struct cgroup_hierarchy *hierarchy)
{
	char text[8192];
	uint64_t limit;

	if (cgroup_file_read(hierarchy->base_fd, "memory.stat", text, sizeof(text)) < 0)
		return CGROUP_NO_MEMORY_LIMIT;
	limit = cgroup_figure(text, "hierarchical_memory_limit");
	return limit == WARDEN_UNKNOWN ? CGROUP_NO_MEMORY_LIMIT : limit;
}

/* Bytes that the group of CGROUP_PARENT may use. NULL: no hierarchy has memory. */
static uint64_t cgroup_bound_read_whole(const struct cgroup_hierarchy *hierarchy)
{
	uint64_t limit = CGROUP_NO_MEMORY_LIMIT;
	struct sysinfo info;

	if (hierarchy)
		limit = hierarchy->v2 ? cgroup_bound_read_limit_v2(hierarchy)
				      : cgroup_bound_read_limit_v1(hierarchy);
	if (sysinfo(&info) == 0 && (uint64_t)info.totalram * info.mem_unit < limit)
		limit = (uint64_t)info.totalram * info.mem_unit;
	return limit;
}

/* Sets `*bytes` from the option's text: a number of bytes, a share of the `whole`, or none. */
static int cgroup_bound_parse(const struct warden_host *host, const char *name, uint64_t whole,
			      uint64_t *bytes, struct warden_error *err)
{
	const char *text = host->option_string(host, name);
	char *end;

	if (strcmp(text, BOUND_NONE) == 0) {
		*bytes = CGROUP_NO_MEMORY_LIMIT;
		return 0;
	}
	*bytes = strtoull(text, &end, 10);
	if (strcmp(end, "%") == 0 && *bytes >= 1 && *bytes <= 100) {
		*bytes = whole / 100 * *bytes / 4096 * 4096; /* as the kernel rounds it */
		if (*bytes < BOUND_LEAST)
			*bytes = BOUND_LEAST;
		return 0;
	}
	if (units_read_size(text, bytes) == 0 && *bytes >= BOUND_LEAST &&
	    *bytes < CGROUP_NO_MEMORY_LIMIT)
		return 0;
	return warden_error_set(err,
				"linux.%s must be a size of at least %" PRIu64
				" bytes (\"512M\"), a share (\"1%%\" to \"100%%\") or \"" BOUND_NONE
				"\", not \"%.64s\"",
				name, BOUND_LEAST, text);
}

int cgroup_bounds_check(const struct warden_host *host, struct warden_error *err)
{
	uint64_t ignored;

	return cgroup_bound_parse(host, CGROUP_BOUND, 0, &ignored, err) < 0
		       ? -1
		       : cgroup_bound_parse(host, CGROUP_BOUND_ALL, 0, &ignored, err);
}

int cgroup_bounds_find(struct cgroups *cgroups, struct warden_error *err)
{
	const struct cgroup_hierarchy *memory = cgroup_hierarchy_of(cgroups, CGROUP_MEMORY);
	uint64_t whole = cgroups->whole = cgroup_bound_read_whole(memory);

	if (cgroup_bound_parse(cgroups->host, CGROUP_BOUND, whole, &cgroups->bound, err) < 0 ||
	    cgroup_bound_parse(cgroups->host, CGROUP_BOUND_ALL, whole, &cgroups->bound_all, err) <
		    0)
		return -1;
	if (!memory)
		cgroups->bound = cgroups->bound_all = CGROUP_NO_MEMORY_LIMIT;
	return 0;
}

uint64_t cgroups_bound(const struct cgroups *cgroups)
{
	uint64_t least = cgroups->bound < cgroups->bound_all ? cgroups->bound : cgroups->bound_all;

	return least < cgroups->whole ? least : cgroups->whole;
}

static int cgroup_bound_write_file(int fd, const char *file, uint64_t bytes,
				   struct warden_error *err)
{
	char text[24];

	if (bytes >= CGROUP_NO_MEMORY_LIMIT)
		snprintf(text, sizeof(text), "-1");
	else
		snprintf(text, sizeof(text), "%" PRIu64, bytes);
	return cgroup_file_write(fd, file, text, err);
}

/* v1 limits memory and the sum of memory and swap, which must never be less. Without swap
 * accounting there is no sum. */
static int cgroup_bound_write_v1(int fd, uint64_t bytes, struct warden_error *err)
{
	static const char sum[] = "memory.memsw.limit_in_bytes";
	uint64_t before = cgroup_bound_read(fd, sum, CGROUP_NO_MEMORY_LIMIT);
	struct warden_error reason;

	if (bytes > before && cgroup_bound_write_file(fd, sum, bytes, err) < 0)
		return -1;
	if (cgroup_bound_write_file(fd, "memory.limit_in_bytes", bytes, err) < 0)
		return -1;
	if (bytes < before && cgroup_bound_write_file(fd, sum, bytes, &reason) < 0 &&
	    reason.number != ENOENT) {
		*err = reason;
		return -1;
	}
	return 0;
}

/* v2 would kill what is above a new limit; v1 refuses such a limit. Swap has a limit of its own,
 * if the kernel accounts it. */
static int cgroup_bound_write_v2(int fd, uint64_t bytes, struct warden_error *err)
{
	const char *max = "max";
	char text[24];

	if (bytes < CGROUP_NO_MEMORY_LIMIT) {
		snprintf(text, sizeof(text), "%" PRIu64, bytes);
		max = text;
	}
	if (cgroup_bound_read(fd, "memory.current", 0) > bytes)
		return warden_error_set(err, "more than %s bytes are in use", max);
	if (cgroup_file_write(fd, "memory.max", max, err) < 0)
		return -1;
	return cgroup_file_write(fd, "memory.swap.max", max, err) < 0 && err->number != ENOENT ? -1
											       : 0;
}

int cgroup_bound_tcp(const struct cgroups *cgroups, const struct cgroup_hierarchy *hierarchy,
		     const char *path, struct warden_error *err)
{
	uint64_t bytes = cgroups->bound < CGROUP_NO_MEMORY_LIMIT ? cgroups->bound / 4
								 : CGROUP_NO_MEMORY_LIMIT;
	char file[CGROUP_FILE_SIZE];

	if (hierarchy->v2 || !(hierarchy->controllers & CGROUP_MEMORY) ||
	    bytes == CGROUP_NO_MEMORY_LIMIT)
		return 0;
	snprintf(file, sizeof(file), "%s/memory.kmem.tcp.limit_in_bytes", path);
	/* A kernel may lack the file. */
	return cgroup_bound_write_file(hierarchy->fd, file, bytes, err) < 0 && err->number != ENOENT
		       ? -1
		       : 0;
}

static int cgroup_bound_write(const struct cgroup_hierarchy *hierarchy, int fd, uint64_t bytes,
			      struct warden_error *err)
{
	return hierarchy->v2 ? cgroup_bound_write_v2(fd, bytes, err)
			     : cgroup_bound_write_v1(fd, bytes, err);
}

void cgroup_bound_all(const struct cgroups *cgroups, const struct cgroup_hierarchy *hierarchy,
		      int fd)
{
	struct warden_error err;

	if (hierarchy->controllers & CGROUP_MEMORY &&
	    cgroup_bound_write(hierarchy, fd, cgroups->bound_all, &err) < 0)
		cgroups->host->log(cgroups->host, WARDEN_LOG_WARN, NULL,
				   "memory of all containers is not bounded anew: %s", err.message);
}

void cgroup_bound_describe(const struct cgroups *cgroups, const struct host_report *to)
{
	char value[96];

	if (cgroups->bound >= CGROUP_NO_MEMORY_LIMIT) {
		host_report_fact(to, "memory bound", "off",
				 "a container without a limit can use all memory",
				 "linux.memory_bound = \"50%\", with control groups for memory");
		return;
	}
	if (cgroups->bound_all >= CGROUP_NO_MEMORY_LIMIT)
		snprintf(value, sizeof(value), "%" PRIu64 " MiB a container", cgroups->bound >> 20);
	else
		snprintf(value, sizeof(value),
			 "%" PRIu64 " MiB a container, %" PRIu64 " MiB in all",
			 cgroups->bound >> 20, cgroups->bound_all >> 20);
	host_report_fact(to, "memory bound", value, NULL, NULL);
}

static int cgroup_bound_open(const struct cgroup *cgroup, const struct cgroup_hierarchy *hierarchy,
			     struct warden_error *err)
{
	int fd = openat(hierarchy->fd, cgroup->name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 ? fd : warden_error_errno(err, "open control group %s", cgroup->name);
}

int cgroup_bound_make(const struct cgroup *cgroup, const struct cgroup_hierarchy *hierarchy,
		      struct warden_error *err)
{
	_cleanup_close_ int fd = cgroup_bound_open(cgroup, hierarchy, err);
	char inner[CGROUP_FILE_SIZE];

	if (fd < 0 || cgroup_bound_write(hierarchy, fd, cgroup->cgroups->bound, err) < 0)
		return -1;
	/* A job's group counts processes, too. */
	if (hierarchy->v2 &&
	    cgroup_v2_enable(fd, hierarchy->controllers & (CGROUP_MEMORY | CGROUP_PIDS), err) < 0)
		return -1;
	if (mkdirat(fd, CGROUP_INNER, 0755) < 0)
		return warden_error_errno(err, "make control group %s/" CGROUP_INNER, cgroup->name);
	snprintf(inner, sizeof(inner), "%s/" CGROUP_INNER, cgroup->name);
	if (cgroup_bound_tcp(cgroup->cgroups, hierarchy, cgroup->name, err) < 0)
		return -1;
	return cgroup_bound_tcp(cgroup->cgroups, hierarchy, inner, err);
}

/* The bound with a client's limit: higher than that, so that the limit is reached first, as the
 * group of the bound also counts what removed groups have left. */
static uint64_t cgroup_bound_above(uint64_t bound, uint64_t limit)
{
	if (limit >= CGROUP_NO_MEMORY_LIMIT || limit + limit / 16 <= bound)
		return bound;
	return limit + limit / 16;
}

static const char *cgroup_bound_file(const struct cgroup_hierarchy *hierarchy)
{
	return hierarchy->v2 ? "memory.max" : "memory.limit_in_bytes";
}

uint64_t cgroup_bound_get(const struct cgroup *cgroup)
{
	const struct cgroup_hierarchy *memory = cgroup_hierarchy_of(cgroup->cgroups, CGROUP_MEMORY);
	struct warden_error gone;
	_cleanup_close_ int fd = cgroup->bounded ? cgroup_bound_open(cgroup, memory, &gone) : -1;

	return fd < 0 ? WARDEN_UNKNOWN
		      : cgroup_bound_read(fd, cgroup_bound_file(memory), WARDEN_UNKNOWN);
}

int cgroup_bound_follow(const struct cgroup *cgroup, uint64_t bytes, struct warden_error *err)
{
	const struct cgroup_hierarchy *memory = cgroup_hierarchy_of(cgroup->cgroups, CGROUP_MEMORY);
	uint64_t wanted = cgroup_bound_above(cgroup->cgroups->bound, bytes), before;
	_cleanup_close_ int fd = cgroup_bound_open(cgroup, memory, err);
	struct warden_error busy;

	if (fd < 0)
		return -1;
	before = cgroup_bound_read(fd, cgroup_bound_file(memory), CGROUP_NO_MEMORY_LIMIT);
	if (wanted > before)
		return cgroup_bound_write(memory, fd, wanted, err);
	/* If more than the bound is in use, the bound stays where the client's limit has raised it.
	 */
	if (wanted < before)
		(void)cgroup_bound_write(memory, fd, wanted, &busy);
	return 0;
}
