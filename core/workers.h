/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that run blocking work for the loop thread, in the order in which it was queued. There is
 * a pool for each purpose (server.h), so that a purpose with much work does not delay another.
 * Functions belong to the loop thread unless they say otherwise. */
#ifndef CORE_WORKERS_H
#define CORE_WORKERS_H

#include <sys/queue.h>
#include <uv.h>

#include "warden/backend.h"

struct work {
	STAILQ_ENTRY(work) link;
	void *data;
	void (*run)(struct work *work);  /* a thread of the pool */
	void (*done)(struct work *work); /* loop thread; may free the work */
};

/* Starts `n` threads with the nice value `nice`. NULL and `err` on failure. `name`, static, is that
 * of the threads. */
struct workers *workers_new(uv_loop_t *loop, const char *name, unsigned n, int nice,
			    struct warden_error *err);

void workers_queue(struct workers *workers, struct work *work);

/* Whether some work is not done. The loop runs while there is some. */
bool workers_are_busy(const struct workers *workers);

/* Any thread: whether work waits for a thread of the pool. A glance, which may be late. */
bool workers_are_wanted(const struct workers *workers);

/* How much work was done since the start. */
size_t workers_done(const struct workers *workers);

/* Asks the work of this pool to end early; workers_must_hurry, any thread, tells it. */
void workers_hurry(struct workers *workers);
bool workers_must_hurry(const struct workers *workers);

/* Ends the threads of a pool that is not busy and closes its handle, which the loop then still has
 * to run for. NULL is ignored. */
void workers_free(struct workers *workers);

#endif
