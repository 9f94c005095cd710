/* SPDX-License-Identifier: Apache-2.0 */
/* The system call filters that are part of warden: the profiles `default` and `judge`, what stands
 * beside any profile, and wshd's own. */
#ifndef BACKENDS_LINUX_SECCOMP_SECCOMP_BUILTIN_H
#define BACKENDS_LINUX_SECCOMP_SECCOMP_BUILTIN_H

#include <stdbool.h>

#include "backends/linux/seccomp/seccomp_program.h"

enum seccomp_builtin {
	SECCOMP_DEFAULT, /* what compilers, interpreters, the JVM and databases need */
	SECCOMP_JUDGE,   /* what a program needs that reads, computes and writes */
	SECCOMP_BUILTINS,
};

/* The name of a profile. */
const char *seccomp_builtin_name(enum seccomp_builtin profile);

/* Makes the program of a profile, an allow list; with `no_setid` it also refuses modes with a
 * setuid or setgid bit. */
int seccomp_builtin_append(struct seccomp_program *program, enum seccomp_builtin profile,
			   bool no_setid, struct warden_error *err);

/* Appends the refusal of modes with a setuid or setgid bit. */
int seccomp_builtin_append_setid(struct seccomp_program *program, struct warden_error *err);

/* Appends the filter of wshd, which all jobs inherit: what nobody in a container needs. */
int seccomp_builtin_append_wshd(struct seccomp_program *program, struct warden_error *err);

#endif
