/* SPDX-License-Identifier: Apache-2.0 */
/* Starts jobs: one, or a pair whose standard outputs are each other's standard inputs. The snapshot
 * contains them before the backend is asked, so their ids are never used again. */
#ifndef CORE_JOB_JOB_START_H
#define CORE_JOB_JOB_START_H

#include "core/job/job.h"
#include "core/state/idempotence.h"
#include "core/wire/request.h"

enum { START_MAX = 2 };

/* Starts `n` jobs in the request's container, all or none, and calls `started` on the loop thread,
 * which may answer. A later failure is answered here. `entry`: from idempotence_begin, or NULL. -1
 * and `err`: nothing was started. */
int job_start(struct request *request, const Warden__SpawnRequest *const *messages, size_t n,
	      struct idempotent *entry,
	      void (*started)(struct request *request, struct job *const *jobs),
	      struct warden_error *err);

/* Ends a job that was recorded but never reached its container. If its request had an id the job is
 * freed, and the repeated request starts it anew; else its end says that nothing is known of it. */
void job_start_undo(struct job *job);

#endif
