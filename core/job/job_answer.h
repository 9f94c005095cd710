/* SPDX-License-Identifier: Apache-2.0 */
/* Answers about a job, encoded in segments, so that output is sent from its file and never is in
 * memory as a whole. */
#ifndef CORE_JOB_JOB_ANSWER_H
#define CORE_JOB_JOB_ANSWER_H

#include "core/job/job.h"
#include "core/wire/connection.h"

/* Adds a StreamResponse with this part of the output. False: the file cannot be read, which is
 * logged, or no memory. */
bool job_answer_chunk(struct segment_list *list, const struct output_store *store,
		      struct store_range range);

/* Adds the final answer for the type of the request: a LinkResponse, a RunResponse, or the last
 * StreamResponse or AttachResponse. False as above. */
bool job_answer_end(struct segment_list *list, const struct job *job, int type);

#endif
