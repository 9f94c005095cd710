/* SPDX-License-Identifier: Apache-2.0 */
/* Answers about a job, encoded piece by piece, so that its output goes from its file to the client
 * without being in memory as a whole. */
#ifndef CORE_JOB_JOB_ANSWER_H
#define CORE_JOB_JOB_ANSWER_H

#include "core/job/job.h"
#include "core/wire/connection.h"

/* Adds a StreamResponse with this part of the output. False, with errno in the log: it cannot be
 * read, or no memory. */
bool job_answer_chunk(struct segment_list *list, const struct output_store *store,
		      struct store_range range);

/* Adds a LinkResponse, RunResponse, or the last of StreamResponse and AttachResponse: what the type
 * of the request asks for. False as above. */
bool job_answer_end(struct segment_list *list, const struct job *job, int type);

#endif
