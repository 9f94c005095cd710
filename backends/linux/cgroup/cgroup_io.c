/* SPDX-License-Identifier: Apache-2.0 */
/* A container's share of the depot's disk: a weight, if the kernel's I/O scheduler has weights, and
 * a maximum rate in bytes per second. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup_private.h"
#include "lib/cleanup.h"

/* Files of weights in order of preference, the text before the number, and the largest weight. */
static const struct cgroup_weight {
	bool v2;
	const char *file, *before;
	uint64_t most;
} weights[] = {
	{true, "io.weight", "default ", 10000},
	{true, "io.bfq.weight", "default ", 1000},
	{false, "blkio.weight", "", 1000},
	{false, "blkio.bfq.weight", "", 1000},
};

#define WEIGHT_DEFAULT UINT64_C(100)

/* The root group has no such file, so check the daemon's group. */
void cgroup_find_io_weight(struct cgroups *cgroups)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_hierarchy_of(cgroups, CGROUP_IO);

	for (size_t i = 0; hierarchy && !cgroups->io_weight && i < ARRAY_SIZE(weights); i++)
		if (weights[i].v2 == hierarchy->v2 &&
		    faccessat(hierarchy->fd, weights[i].file, F_OK, 0) == 0)
			cgroups->io_weight = &weights[i];
}

int cgroup_set_io_weight(struct cgroup *cgroup, const struct warden_limits *limits,
			 struct warden_error *err)
{
	const struct cgroup_weight *weight = cgroup->cgroups->io_weight;
	uint64_t number = limits->io_weight;
	char text[40];

	if (!weight)
		return warden_error_set(err, "%" PRIu64 ": this kernel has no weights of block I/O",
					number);
	if (number > weight->most)
		number = weight->most;
	if (cgroup_join(cgroup, CGROUP_IO, err) < 0)
		return -1;
	snprintf(text, sizeof(text), "%s%" PRIu64, weight->before, number);
	return cgroup_write(cgroup, CGROUP_IO, weight->file, text, err);
}

void cgroup_get_io_weight(const struct cgroup *cgroup, struct warden_limits *limits)
{
	const struct cgroup_weight *weight = cgroup->cgroups->io_weight;
	size_t skip = weight ? strlen(weight->before) : 0;
	char text[512];

	limits->io_weight = WARDEN_UNKNOWN;
	if (!weight)
		return;
	limits->io_weight = WEIGHT_DEFAULT; /* of a group that does not exist yet */
	if (cgroup_read(cgroup, CGROUP_IO, weight->file, text, sizeof(text)) > (ssize_t)skip)
		limits->io_weight = strtoull(text + skip, NULL, 10);
}

/* Rates apply to whole disks: for a partition, find its disk. */
static int cgroup_io_find_disk(const char *path, unsigned *major_number, unsigned *minor_number,
			       struct warden_error *err)
{
	char path_of_disk[64], numbers[32];
	struct stat status;

	if (stat(path, &status) < 0)
		return warden_error_errno(err, "stat %s", path);
	*major_number = major(status.st_dev);
	*minor_number = minor(status.st_dev);
	if (*major_number == 0)
		return warden_error_set(err, "%s lies on no block device", path);
	snprintf(path_of_disk, sizeof(path_of_disk), "/sys/dev/block/%u:%u/partition",
		 *major_number, *minor_number);
	if (access(path_of_disk, F_OK) < 0)
		return 0;
	snprintf(path_of_disk, sizeof(path_of_disk), "/sys/dev/block/%u:%u/../dev", *major_number,
		 *minor_number);
	if (cgroup_file_read(AT_FDCWD, path_of_disk, numbers, sizeof(numbers)) < 0 ||
	    sscanf(numbers, "%u:%u", major_number, minor_number) != 2)
		return warden_error_set(err, "cannot find the disk of %s", path);
	return 0;
}

/* File and key of one direction. */
struct cgroup_io_rate {
	const char *v1, *v2;
};

static const struct cgroup_io_rate reads = {"blkio.throttle.read_bps_device", "rbps"};
static const struct cgroup_io_rate writes = {"blkio.throttle.write_bps_device", "wbps"};

/* Reads the rate from the line of the depot's disk; a missing line means no limit (0). */
static uint64_t cgroup_io_get_rate(const struct cgroup *cgroup, const struct cgroup_io_rate *rate)
{
	const char *depot = cgroup->cgroups->host->settings->depot_path;
	bool v2 = cgroup_is_v2(cgroup, CGROUP_IO);
	unsigned major_number = 0, minor_number = 0;
	struct warden_error none;
	char text[4096], disk[32];
	const char *line, *value;

	if (!cgroup_hierarchy_of(cgroup->cgroups, CGROUP_IO))
		return WARDEN_UNKNOWN;
	if (cgroup_io_find_disk(depot, &major_number, &minor_number, &none) < 0 ||
	    cgroup_read(cgroup, CGROUP_IO, v2 ? "io.max" : rate->v1, text, sizeof(text)) < 0)
		return 0;
	snprintf(disk, sizeof(disk), "%u:%u ", major_number, minor_number);
	for (line = text; line && strncmp(line, disk, strlen(disk)) != 0;) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	value = line ? line + strlen(disk) : NULL;
	if (value && v2)
		value = strstr(value, rate->v2);
	if (value && v2)
		value += strlen(rate->v2) + 1;
	return value ? strtoull(value, NULL, 10) : 0; /* "max" reads as 0 */
}

static int cgroup_io_set_rate(const struct cgroup *cgroup, const struct cgroup_io_rate *rate,
			      uint64_t bytes, struct warden_error *err)
{
	const char *depot = cgroup->cgroups->host->settings->depot_path;
	bool v2 = cgroup_is_v2(cgroup, CGROUP_IO);
	unsigned major_number = 0, minor_number = 0;
	char text[96];

	if (bytes == 0 && cgroup_io_get_rate(cgroup, rate) == 0)
		return 0; /* also if the depot has no disk to limit */
	if (cgroup_io_find_disk(depot, &major_number, &minor_number, err) < 0 ||
	    cgroup_join(cgroup, CGROUP_IO, err) < 0)
		return -1;
	if (!v2)
		snprintf(text, sizeof(text), "%u:%u %" PRIu64, major_number, minor_number, bytes);
	else if (bytes > 0)
		snprintf(text, sizeof(text), "%u:%u %s=%" PRIu64, major_number, minor_number,
			 rate->v2, bytes);
	else
		snprintf(text, sizeof(text), "%u:%u %s=max", major_number, minor_number, rate->v2);
	return cgroup_write(cgroup, CGROUP_IO, v2 ? "io.max" : rate->v1, text, err);
}

int cgroup_set_io_read(struct cgroup *cgroup, const struct warden_limits *limits,
		       struct warden_error *err)
{
	return cgroup_io_set_rate(cgroup, &reads, limits->io_read_rate, err);
}

int cgroup_set_io_write(struct cgroup *cgroup, const struct warden_limits *limits,
			struct warden_error *err)
{
	return cgroup_io_set_rate(cgroup, &writes, limits->io_write_rate, err);
}

void cgroup_get_io_read(const struct cgroup *cgroup, struct warden_limits *limits)
{
	limits->io_read_rate = cgroup_io_get_rate(cgroup, &reads);
}

void cgroup_get_io_write(const struct cgroup *cgroup, struct warden_limits *limits)
{
	limits->io_write_rate = cgroup_io_get_rate(cgroup, &writes);
}
