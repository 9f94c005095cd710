/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ps shows: the area of the arguments is overwritten. When its last byte is not NUL the
 * kernel takes what is there up to the first NUL, instead of the whole area.
 */
#include "wshd/process_title.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

static char *area_start, *area_end;

void process_title_init(char **argv)
{
	area_start = area_end = argv[0];
	/* The arguments lie one behind the other. */
	while (*argv && *argv == area_end)
		area_end += strlen(*argv++) + 1;
}

void process_title_set(const char *title)
{
	size_t size = (size_t)(area_end - area_start);

	prctl(PR_SET_NAME, title); /* cut to 15 bytes by the kernel; cannot fail */
	if (size < 3)
		return;
	memset(area_start, 0, size);
	snprintf(area_start, size - 1, "%s", title);
	area_start[size - 1] = 1;
}
