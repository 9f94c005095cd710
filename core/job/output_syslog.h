/* SPDX-License-Identifier: Apache-2.0 */
/* A job's output, line by line, to syslog: as warden.TAG, facility user, info for stdout and err
 * for stderr. Read from the store's file behind the splice, on the same worker; how far syslog has
 * heard it stands in a file beside it, so that it goes on after a restart. */
#ifndef CORE_JOB_OUTPUT_SYSLOG_H
#define CORE_JOB_OUTPUT_SYSLOG_H

#include "core/job/output_store.h"

/* Worker thread: sends what is whole lines of the first `size` bytes and was not sent before; at
 * the end, the rest too. A line of more than 8 KiB goes in pieces. What syslog does not take in a
 * tenth of a second is left out, and said in the daemon's log. */
void output_syslog_send(struct output_store *store, uint64_t size, bool at_end);

/* After a restart: how far it was. */
void output_syslog_restore(struct output_store *store);

/* Removes the file of the position. */
void output_syslog_remove(const struct output_store *store);

#endif
