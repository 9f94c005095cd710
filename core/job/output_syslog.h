/* SPDX-License-Identifier: Apache-2.0 */
/* Sends a job's output to syslog line by line: tag warden.TAG, facility user, level info for stdout
 * and err for stderr. The lines are read from the store's file after the splice, on the same
 * worker. A file beside it keeps the position, so that a restart continues there. */
#ifndef CORE_JOB_OUTPUT_SYSLOG_H
#define CORE_JOB_OUTPUT_SYSLOG_H

#include "core/job/output_store.h"

/* Worker thread: sends all complete lines of the first `size` bytes that were not sent before; at
 * the end also an incomplete line. A line of more than 8 KiB is split. Lines that syslog does not
 * accept within a tenth of a second are skipped, and this is logged. */
void output_syslog_send(struct output_store *store, uint64_t size, bool at_end);

/* Reads the position after a restart. */
void output_syslog_restore(struct output_store *store);

/* Removes the file with the position from the directory of a container. */
void output_syslog_unlink(int dir_fd, uint32_t job_id, int index);

#endif
