/* SPDX-License-Identifier: Apache-2.0 */
/* Makes pages of metrics: asks every container for its figures, a few at a time, and waits for them
 * at most a second; of those that do not answer in time the last known figures are shown. However
 * often it is asked, a page is made once a second at most. */
#ifndef CORE_HEALTH_SCRAPER_H
#define CORE_HEALTH_SCRAPER_H

#include <stdbool.h>

#include "core/health/metrics_page.h"

struct scraper;

/* `ready` is called on the loop thread when a page that was not there has been made, or could not
 * be. NULL: no memory. */
struct scraper *scraper_new(struct server *server, void (*ready)(void *data), void *data);
/* `ready` is not called any more. */
void scraper_free(struct scraper *scraper);

/* A page that is at most a second old, valid until the caller returns to the loop. NULL: there is
 * none. */
struct metrics_page *scraper_page(const struct scraper *scraper);

/* Begins to make one, unless that is under way. False: no memory. */
bool scraper_begin(struct scraper *scraper);

#endif
