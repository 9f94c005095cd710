/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of system calls of the operator, in the form of OCI runtimes and Docker. */
#ifndef BACKENDS_LINUX_SECCOMP_SECCOMP_OCI_H
#define BACKENDS_LINUX_SECCOMP_SECCOMP_OCI_H

#include "backends/linux/seccomp/seccomp_program.h"

/* Appends the profile that a file holds. All architectures of this machine are filtered, whatever
 * it says of them. -1 and `err`, which names the file and what in it. */
int seccomp_oci_append(struct seccomp_program *program, const char *path, struct warden_error *err);

#endif
