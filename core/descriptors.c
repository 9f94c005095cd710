/* SPDX-License-Identifier: Apache-2.0 */
/* The budget of descriptors; see descriptors.h. */
#include <config.h>

#include "core/descriptors.h"

#include <inttypes.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lib/cleanup.h"

/* Bounds of the reserve; in between it is an eighth of the limit. */
enum { RESERVE_MIN = 24, RESERVE_MAX = 512 };

/* How many are open. 0: unknown. */
static uint64_t descriptors_count(void)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct stat status;
	uint64_t n = 0;

	/* The size is their number since Linux 6.2. */
	if (stat("/proc/self/fd", &status) == 0 && status.st_size > 0)
		return (uint64_t)status.st_size;
	dir = opendir("/proc/self/fd");
	while (dir && readdir(dir))
		n++;
	return n > 3 ? n - 3 : 0; /* without ".", ".." and the directory's own */
}

static uint64_t descriptors_reserve(uint64_t limit)
{
	uint64_t reserve = limit / 8;

	if (reserve < RESERVE_MIN)
		return RESERVE_MIN;
	return reserve < RESERVE_MAX ? reserve : RESERVE_MAX;
}

static int descriptors_check_reserve(unsigned needed, unsigned lent, unsigned divisor,
				     struct warden_error *err)
{
	uint64_t used = descriptors_count(), reserve;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return 0;
	reserve = descriptors_reserve(limit.rlim_cur) / divisor;
	if (used + needed + reserve <= limit.rlim_cur + (lent < reserve / 2 ? lent : reserve / 2))
		return 0;
	warden_error_set(err,
			 "too many open files: %" PRIu64 " of %" PRIu64
			 " are open, %u more are needed and %" PRIu64 " are kept in reserve",
			 used, (uint64_t)limit.rlim_cur, needed, reserve);
	err->number = EMFILE;
	return -1;
}

int descriptors_check(unsigned needed, unsigned lent, struct warden_error *err)
{
	return descriptors_check_reserve(needed, lent, 1, err);
}

int descriptors_check_client(unsigned lent, struct warden_error *err)
{
	return descriptors_check_reserve(DESCRIPTORS_CONNECTION, lent, 2, err);
}

bool descriptors_have_part(unsigned part)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return true;
	return descriptors_count() <= limit.rlim_cur - limit.rlim_cur / part;
}
