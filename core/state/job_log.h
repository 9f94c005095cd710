/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a container's jobs and request ids, `jobs.log`: one JSON object a line, appended by a
 * worker, so that a job costs the same however many there are. A record replaces what earlier ones
 * say of the same job or request id:
 *
 *	{"version":1,...}    the first line
 *	{"job":{...}}        a job as it is now; see job_json.h
 *	{"gone":ID,...}      the job was collected or did not start
 *	{"request":{...}}    a request id and its promised answer; see idempotence.h
 *	{"request_gone":{…}} its request failed
 *
 * Records wait in memory for the next operation of the container that stores something, which
 * writes all of them at once. When the log has grown to twice its contents, a new one replaces it.
 * A daemon writes a new log before it appends for the first time. snapshot.json says whether the
 * log counts ("job_log"): a snapshot of an older release, or of a daemon that ended in order,
 * contains the jobs itself. The last line counts only if it is complete: what a daemon was killed
 * over was not answered. */
#ifndef CORE_STATE_JOB_LOG_H
#define CORE_STATE_JOB_LOG_H

#include <jansson.h>

#include "core/job/job.h"

struct job_log_write; /* what one operation writes */

/* Loop thread. Each adds a record, which waits to be written. Without memory the next write is of a
 * whole log. */
void job_log_put(struct job *job);
void job_log_drop(struct container *container, uint32_t id);
/* Takes `content`. */
void job_log_add(struct container *container, const char *kind, json_t *content);
/* The backend may forget the job when the records before this are written. */
void job_log_forget(struct container *container, uint32_t id);
/* Its files are removed then: a kill before leaves a job whose output can be read. */
void job_log_remove_files(struct container *container, const struct job_files *files);

/* Loop thread. Whether snapshot.json names the log and the log is as expected. */
bool job_log_is_current(const struct container *container);
/* Loop thread. The records that wait, or the whole log if that is due. NULL: no memory. */
struct job_log_write *job_log_take(struct container *container);
/* Loop thread: the end of the operation; frees `write`, which may be NULL. */
void job_log_finish(struct container *container, struct job_log_write *write);
/* Loop thread: a snapshot takes the log's place. */
void job_log_end(struct container *container);

/* Worker thread. */
int job_log_write(const struct container *container, const struct job_log_write *write,
		  struct warden_error *err);
/* Worker thread: log and snapshot are written. */
void job_log_stored(const struct container *container, struct job_log_write *write);
void job_log_remove(const struct container *container);

/* Reads the log into a container without jobs. */
int job_log_read(struct container *container, struct warden_error *err);

#endif
