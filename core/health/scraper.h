/* SPDX-License-Identifier: Apache-2.0 */
/* Makes pages of metrics: asks every container for its figures, a few at a time, and waits for at
 * most a second. The page shows the last known figures of a container that does not answer in time.
 * At most one page is made per second. Loop thread only. */
#ifndef CORE_HEALTH_SCRAPER_H
#define CORE_HEALTH_SCRAPER_H

#include <stdbool.h>

#include "core/health/metrics_page.h"

struct scraper;

/* `ready` is called on the loop thread when a round ends, with or without a page (no memory). NULL:
 * no memory. */
struct scraper *scraper_new(struct server *server, void (*ready)(void *data), void *data);
/* `ready` is not called after this. */
void scraper_free(struct scraper *scraper);

/* Returns a page at most a second old, valid until the caller returns to the loop. NULL if there is
 * none. */
struct metrics_page *scraper_page(const struct scraper *scraper);

/* Starts a round unless one is running. False: no memory. */
bool scraper_begin(struct scraper *scraper);

#endif
