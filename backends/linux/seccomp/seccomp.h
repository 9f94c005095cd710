/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System call filters of containers: named profiles, built once when the daemon starts. A job's
 * filter is sent to wshd, which loads it right before the job's exec. wshd has one of its own,
 * which its jobs inherit; it is loose enough for jobs without a profile, since filters only add up.
 */
#ifndef BACKENDS_LINUX_SECCOMP_SECCOMP_H
#define BACKENDS_LINUX_SECCOMP_SECCOMP_H

#include <stdbool.h>

#include "backends/linux/host/host_report.h"
#include "backends/wshd/wshd_client.h"

#define SECCOMP_OPTIONS                                                                            \
	{                                                                                          \
		.name = "seccomp_default",                                                         \
		.type = WARDEN_OPTION_STRING,                                                      \
		.text = "default",                                                                 \
		.meaning = "the profile of system calls of jobs that name none",                   \
	},                                                                                         \
		{                                                                                  \
			.name = "seccomp_profiles",                                                \
			.type = WARDEN_OPTION_STRINGS,                                             \
			.meaning = "NAME=FILE each: profiles of system calls, as OCI runtimes "    \
				   "have them",                                                    \
		},                                                                                 \
		{                                                                                  \
			.name = "seccomp_log",                                                     \
			.type = WARDEN_OPTION_BOOL,                                                \
			.meaning = "whether the kernel logs the system calls that are refused",    \
		},                                                                                 \
	{                                                                                          \
		.name = "setuid_modes", .type = WARDEN_OPTION_STRING, .text = "without_binds",     \
		.meaning = "when jobs may make setuid and setgid files: \"always\", \"never\" or " \
			   "\"without_binds\", in containers without writable bind mounts",        \
	}

/* Why a container has no filter, if its wshd is of a release that knew none. */
#define SECCOMP_OLD_WSHD "the container was made by a release without system call filters"

struct seccomp;
struct seccomp_profile;

/* Builds all filters. If this kernel has none, or containers may run a warden, they are off. */
int seccomp_setup(const struct warden_host *host, struct seccomp **result,
		  struct warden_error *err);
void seccomp_free(struct seccomp *seccomp);

/* Finds a profile by its name; NULL: the configured default. NULL and `err`, which lists those that
 * there are, if there is none of that name. */
const struct seccomp_profile *seccomp_find(const struct seccomp *seccomp, const char *name,
					   struct warden_error *err);

/* The program of a profile, which may be NULL, for a container with or without writable bind
 * mounts. Its descriptor is the profile's; -1: no filter. */
struct wshd_program seccomp_get_program(const struct seccomp *seccomp,
					const struct seccomp_profile *profile,
					bool writable_mounts);

/* The name of a profile, which may be NULL; "off: " and the reason if filters are off. */
const char *seccomp_tell(const struct seccomp *seccomp, const struct seccomp_profile *profile);

/* Puts the calling process, which becomes wshd, under the filter of wshd. */
int seccomp_load_wshd(const struct seccomp *seccomp, struct warden_error *err);

/* Reports whether jobs are filtered. `seccomp` may be NULL: not set up. */
void seccomp_describe(const struct seccomp *seccomp, const struct host_report *to);

#endif
