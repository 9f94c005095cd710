/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A system call filter as the kernel takes it: a program of classic BPF. libseccomp builds the
 * parts, as binary trees. What it cannot express is here: parts that follow one another, and ENOSYS
 * for calls that are newer than its tables.
 */
#ifndef BACKENDS_LINUX_SECCOMP_SECCOMP_PROGRAM_H
#define BACKENDS_LINUX_SECCOMP_SECCOMP_PROGRAM_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

#include "warden/error.h"

struct seccomp_program {
	struct sock_filter *code; /* from malloc(3) */
	size_t length;            /* instructions, at most BPF_MAXINSNS */
};

/* Allows a call for good, while SECCOMP_RET_ALLOW leaves it to the parts that follow. Not for the
 * kernel, which remembers only calls that get SECCOMP_RET_ALLOW. */
#define SECCOMP_PROGRAM_DONE (SECCOMP_RET_ALLOW | 1)

/* The architectures whose calls this kernel may run: 0 is the native one, 1 the 32-bit one beside
 * it; SCMP_ARCH_NATIVE: there is none. */
uint32_t seccomp_program_arch(int i);

/* Makes a filter without rules, for the native architecture and the 32-bit one beside it. All calls
 * of x32 answer ENOSYS. NULL and `err` on failure. */
scmp_filter_ctx seccomp_filter_new(uint32_t default_action, struct warden_error *err);

/* Adds a rule for a call, on each architecture that has it. Returns 1 and changes nothing if
 * libseccomp does not know the name. */
int seccomp_filter_add(scmp_filter_ctx filter, uint32_t action, const char *name,
		       const struct scmp_arg_cmp *args, size_t n_args, struct warden_error *err);

/* Appends a filter, which may be NULL: the failed result of seccomp_filter_new. Calls that the
 * program allows so far are judged by the filter. Frees the filter, also on failure. */
int seccomp_program_append(struct seccomp_program *program, scmp_filter_ctx filter,
			   struct warden_error *err);

/* Appends a copy of `more`, likewise. */
int seccomp_program_append_copy(struct seccomp_program *program, const struct seccomp_program *more,
				struct warden_error *err);

/* Appends instructions that answer ENOSYS to calls newer than libseccomp's tables, so that C
 * libraries use older ones. */
int seccomp_program_append_newer(struct seccomp_program *program, struct warden_error *err);

/* Ends the program: it is ready for the kernel, and nothing may be appended. */
void seccomp_program_finish(struct seccomp_program *program);

void seccomp_program_free(struct seccomp_program *program);

#endif
