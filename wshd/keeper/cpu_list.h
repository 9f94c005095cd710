/* SPDX-License-Identifier: Apache-2.0 */
/* The cpus on which a job runs. */
#ifndef WSHD_KEEPER_CPU_LIST_H
#define WSHD_KEEPER_CPU_LIST_H

#include <stdbool.h>

/* Binds this process to the cpus of a list like "0-2,4". False and errno; EINVAL if the text is not
 * a list or names no cpu that the container may use. */
bool cpu_list_bind(const char *list);

#endif
