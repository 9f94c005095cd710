/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of cpus; see cpu_list.h. */
#include "wshd/keeper/cpu_list.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* NR_CPUS of the largest kernels. */
enum { CPUS_MAX = 8192, WORD_BITS = 8 * sizeof(unsigned long) };

/* Parses a CPU number at the start of the text and advances it. */
static bool cpu_list_parse_number(const char **text, unsigned *number)
{
	char *end;
	unsigned long value;

	if (**text < '0' || **text > '9')
		return false;
	value = strtoul(*text, &end, 10);
	*text = end;
	*number = (unsigned)value;
	return value < CPUS_MAX;
}

static bool cpu_list_parse_range(const char **text, unsigned long *mask)
{
	unsigned first, last;

	if (!cpu_list_parse_number(text, &first))
		return false;
	last = first;
	if (**text == '-') {
		(*text)++;
		if (!cpu_list_parse_number(text, &last) || last < first)
			return false;
	}
	for (unsigned cpu = first; cpu <= last; cpu++)
		mask[cpu / WORD_BITS] |= 1UL << (cpu % WORD_BITS);
	return true;
}

bool cpu_list_bind(const char *list)
{
	unsigned long mask[CPUS_MAX / WORD_BITS] = {0};
	bool goes_on = true;

	while (goes_on) {
		if (!cpu_list_parse_range(&list, mask) || (*list && *list != ',')) {
			errno = EINVAL;
			return false;
		}
		goes_on = *list++ == ',';
	}
	return syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask) == 0;
}
