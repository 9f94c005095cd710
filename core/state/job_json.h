/* SPDX-License-Identifier: Apache-2.0 */
/* A job as JSON: what a later daemon needs to know of it, in the log of jobs and in a whole
 * snapshot. */
#ifndef CORE_STATE_JOB_JSON_H
#define CORE_STATE_JOB_JSON_H

#include <jansson.h>

#include "core/job/job.h"

/* NULL: no memory. A job without `end` still runs; after a restart the backend reports its end. */
json_t *job_to_json(const struct job *job);

/* The last `most` of the container's jobs that were not collected, an object by id; NULL: no
 * memory. */
json_t *jobs_to_json(const struct container *container, size_t most);

/* Makes the job that `json` tells of in the container. False: it is invalid, or no memory. */
bool job_from_json(struct container *container, const json_t *json);

#endif
