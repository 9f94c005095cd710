/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets the process title by overwriting the arguments in memory. If the last byte of that area is
 * not NUL, /proc/PID/cmdline ends at the first NUL instead of the end of the area.
 */
#include "wshd/process_title.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

static char *area_start, *area_end;

void process_title_init(char **argv)
{
	area_start = area_end = argv[0];
	/* The arguments are contiguous in memory. */
	while (*argv && *argv == area_end)
		area_end += strlen(*argv++) + 1;
}

void process_title_set(const char *title)
{
	size_t size = (size_t)(area_end - area_start);

	prctl(PR_SET_NAME, title); /* the kernel truncates it to 15 bytes; cannot fail */
	if (size < 3)
		return;
	memset(area_start, 0, size);
	snprintf(area_start, size - 1, "%s", title);
	area_start[size - 1] = 1;
}
