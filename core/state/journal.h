/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of events for clients that subscribe (Events). It keeps the last 1024 entries. A
 * subscriber reads them at its own pace and receives the number of those that it missed, so a slow
 * one costs no memory. All functions run on the loop thread. */
#ifndef CORE_STATE_JOURNAL_H
#define CORE_STATE_JOURNAL_H

#include "core/container/container.h"
#include "core/job/job.h"
#include "proto/warden.pb-c.h"

struct journal;
struct server;

/* Sequence numbers begin at the current time (microseconds), so a restart does not repeat them.
 * NULL: no memory. */
struct journal *journal_new(void);
void journal_free(struct journal *journal);

/* Records an event of a container; `detail` is a static text for people, or NULL. */
void journal_container(struct container *container, Warden__EventsResponse__Kind kind,
		       const char *detail);
/* Records an event of a job. */
void journal_job(const struct job *job, Warden__EventsResponse__Kind kind, const char *detail);

/* Releases a container's reference to its labels; NULL is allowed. */
void journal_release_labels(struct labels *labels);

/* The run, cancel and written of the handler of Events. */
int journal_subscribe(struct request *request, struct warden_error *err);
bool journal_cancel(struct request *request);
void journal_written(struct request *request, bool whole);

#endif
