/* SPDX-License-Identifier: Apache-2.0 */
/* Starts jobs: one, or two whose standard output is each other's standard input. They are in the
 * snapshot before the backend is asked to start them, so their ids are never given to others. */
#ifndef CORE_JOB_JOB_START_H
#define CORE_JOB_JOB_START_H

#include "core/job/job.h"
#include "core/state/idempotence.h"
#include "core/wire/request.h"

enum { START_MAX = 2 };

/* Starts `n` jobs, all or none, in the request's container, and calls `started` on the loop thread,
 * where it may answer; a failure is answered here. `entry`: what idempotence_begin gave, or NULL.
 * -1 and `err`: nothing was begun. */
int job_start(struct request *request, const Warden__SpawnRequest *const *messages, size_t n,
	      struct idempotent *entry,
	      void (*started)(struct request *request, struct job *const *jobs),
	      struct warden_error *err);

#endif
