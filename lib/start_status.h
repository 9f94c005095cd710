/* SPDX-License-Identifier: Apache-2.0 */
/* Exit statuses of commands that run a job, as a shell has them. */
#ifndef LIB_START_STATUS_H
#define LIB_START_STATUS_H

#include <errno.h>
#include <string.h>

enum {
	STATUS_REFUSED = 125,        /* as docker's: the daemon or the system reported an error */
	STATUS_CANNOT_EXECUTE = 126, /* the program is there */
	STATUS_NOT_FOUND = 127,      /* it is not */
	STATUS_SIGNAL = 128,         /* and the signal's number */
	STATUS_UNKNOWN = 255,        /* the job has no exit status, as in the protocol */
};

/* How a start_error about the command line begins. */
#define START_OF_ARGV "argv "

/* The status of a job with this start_error. STATUS_REFUSED: it is not about the command line. */
static inline int start_status(const char *error)
{
	const char *missing = strerror(ENOENT);
	size_t length = strlen(error), end = strlen(missing);

	if (strncmp(error, START_OF_ARGV, strlen(START_OF_ARGV)) != 0)
		return STATUS_REFUSED;
	return length > end && strcmp(error + length - end, missing) == 0 ? STATUS_NOT_FOUND
									  : STATUS_CANNOT_EXECUTE;
}

#endif
