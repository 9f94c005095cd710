/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, for the clients that subscribe to it (Events). The last thousand entries are kept;
 * a subscriber reads them at its own pace and is told when some went before it came to them, so a
 * slow one costs no memory. */
#ifndef CORE_STATE_JOURNAL_H
#define CORE_STATE_JOURNAL_H

#include "core/container/container.h"
#include "core/job/job.h"
#include "proto/warden.pb-c.h"

struct journal;
struct server;

/* Numbers go on from the time of the start, so they never come twice. NULL: no memory. */
struct journal *journal_new(void);
void journal_free(struct journal *journal);

/* Notes what happened to a container; `detail` (NULL: none) is a text for people. */
void journal_container(struct container *container, Warden__EventsResponse__Kind kind,
		       const char *detail);
/* And to a job of it. */
void journal_job(const struct job *job, Warden__EventsResponse__Kind kind, const char *detail);

/* The container goes, and with it its share of what journal_container remembers in it. */
void journal_release_labels(struct labels *labels);

/* For the request Events. */
int journal_subscribe(struct request *request, struct warden_error *err);
bool journal_cancel(struct request *request);
void journal_written(struct request *request, bool whole);

#endif
