/* SPDX-License-Identifier: Apache-2.0 */
/* See depot_mark.h. */
#include "backends/linux/host/depot_mark.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define PREFIX "warden "

void depot_mark_fill(const char *depot_path, char mark[DEPOT_MARK_SIZE])
{
	struct stat status;
	int length;

	mark[0] = '\0';
	if (stat(depot_path, &status) < 0)
		return;
	length = snprintf(mark, DEPOT_MARK_SIZE, PREFIX "%u:%u:%lu %s", major(status.st_dev),
			  minor(status.st_dev), (unsigned long)status.st_ino, depot_path);
	if (length >= DEPOT_MARK_SIZE)
		mark[0] = '\0';
}

enum depot_mark_match depot_mark_compare(const char *own, const char *found)
{
	const char *own_path, *path;

	if (strncmp(found, PREFIX, strlen(PREFIX)) != 0)
		return DEPOT_MARK_NONE;
	if (*own && strcmp(own, found) == 0)
		return DEPOT_MARK_SAME;
	own_path = strchr(own, '/');
	path = strchr(found, '/');
	return own_path && path && strcmp(own_path, path) == 0 ? DEPOT_MARK_PATH : DEPOT_MARK_OTHER;
}
