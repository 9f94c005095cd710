/* SPDX-License-Identifier: Apache-2.0 */
/* See scraper.h. */
#include <config.h>

#include "core/health/scraper.h"

#include <stdlib.h>

#include "core/container/container.h"
#include "core/container/container_info.h"
#include "core/server.h"
#include "lib/cleanup.h"

enum {
	DEADLINE_MS = 1000,
	LIFETIME_MS = 1000, /* of a page */
	/* How many containers are asked at once: few, so that workers are left for requests. */
	ASKED_AT_ONCE = 4,
};

typedef char container_id[sizeof(((struct container *)0)->id)];

/* One round: from a request for a page to the page. Lives on until all who were asked have
 * answered. */
struct scrape {
	struct scraper *scraper; /* NULL: the page is made, or nobody wants it any more */
	struct server *server;
	container_id *ids;
	size_t n, next;
	unsigned asked, busy; /* the second: those of the first that had something else to do */
	uv_timer_t *deadline;
	bool late;
	uv_work_t work;
	bool process_known;
	struct process_figures process;
};

struct scraper {
	struct server *server;
	void (*ready)(void *data);
	void *data;
	struct metrics_page *page;
	uv_timer_t *expiry;
	struct scrape *scrape;
	container_id last; /* that was asked: the next round begins behind it */
};

struct scraper *scraper_new(struct server *server, void (*ready)(void *data), void *data)
{
	struct scraper *scraper = calloc(1, sizeof(*scraper));

	if (!scraper)
		return NULL;
	scraper->server = server;
	scraper->ready = ready;
	scraper->data = data;
	return scraper;
}

/* Frees it when nobody refers to it any more. */
static void scrape_release(struct scrape *scrape)
{
	if (scrape->scraper || scrape->asked > 0 || !scrape->process_known)
		return;
	free(scrape->ids);
	free(scrape);
}

static void drop_page(struct scraper *scraper)
{
	timer_stop(&scraper->expiry);
	metrics_page_unref(take_pointer(scraper->page));
}

void scraper_free(struct scraper *scraper)
{
	struct scrape *scrape;

	if (!scraper)
		return;
	scrape = scraper->scrape;
	if (scrape) {
		timer_stop(&scrape->deadline);
		scrape->scraper = NULL;
		scrape_release(scrape);
	}
	drop_page(scraper);
	free(scraper);
}

static void expire(uv_timer_t *timer)
{
	drop_page(timer->data);
}

/* The page is made of what is known now. */
static void finish(struct scrape *scrape)
{
	struct scraper *scraper = take_pointer(scrape->scraper);

	timer_stop(&scrape->deadline);
	scraper->scrape = NULL;
	scraper->page = metrics_page_new(scrape->server, &scrape->process);
	if (scraper->page)
		scraper->expiry = timer_start(scrape->server, LIFETIME_MS, expire, scraper);
	scrape_release(scrape);
	scraper->ready(scraper->data);
	if (scraper->page && !scraper->expiry)
		drop_page(scraper); /* nothing would make it go */
}

static void step(struct scrape *scrape);

static void came(struct container *c, struct scrape *scrape)
{
	c->scraped = false;
	scrape->asked--;
	step(scrape);
}

static void came_at_once(struct container *c, void *data)
{
	came(c, data);
}

static void came_later(struct container *c, void *data)
{
	struct scrape *scrape = data;

	scrape->busy--;
	came(c, scrape);
}

/* One that has not answered an earlier round is not asked again; one that is busy answers when it
 * can, and keeps none of the others waiting. */
static void ask(struct scrape *scrape, const char *id)
{
	struct container *c = registry_find_id(&scrape->server->registry, id);
	bool busy = c && (c->running || !TAILQ_EMPTY(&c->operations));

	if (!c || !c->is_listed || !c->alive || c->scraped)
		return;
	c->scraped = container_info_ask(c, busy ? came_later : came_at_once, scrape);
	scrape->asked += c->scraped;
	scrape->busy += busy && c->scraped;
}

static void step(struct scrape *scrape)
{
	while (scrape->scraper && scrape->next < scrape->n &&
	       scrape->asked - scrape->busy < ASKED_AT_ONCE) {
		const char *id = scrape->ids[scrape->next++];

		memcpy(scrape->scraper->last, id, sizeof(container_id));
		ask(scrape, id);
	}
	if (scrape->scraper && scrape->process_known && (scrape->asked == 0 || scrape->late))
		finish(scrape);
	else
		scrape_release(scrape);
}

static void read_process(uv_work_t *work)
{
	struct scrape *scrape = work->data;

	process_figures_read(&scrape->process);
}

static void process_read(uv_work_t *work, int cancelled)
{
	struct scrape *scrape = work->data;

	(void)cancelled; /* nobody cancels */
	scrape->process_known = true;
	step(scrape);
}

/* The daemon's own figures need a worker as well; without them there is no page. */
static void too_late(uv_timer_t *timer)
{
	struct scrape *scrape = timer->data;

	timer_stop(&scrape->deadline);
	scrape->next = scrape->n;
	scrape->late = true;
	step(scrape);
}

/* All that are listed, beginning behind the one that was asked last: so each has its turn, however
 * many there are. */
static bool list_containers(struct scrape *scrape, const char *last)
{
	const struct registry *registry = &scrape->server->registry;
	const struct container *c;
	container_id *ids;
	size_t first = 0;

	if (!scrape->server->config->health_check_server.container_metrics ||
	    !scrape->server->container_klass->info || registry->n == 0)
		return true;
	ids = calloc(2 * registry->n, sizeof(*ids));
	if (!ids)
		return false;
	TAILQ_FOREACH(c, &registry->listed, listed) {
		memcpy(ids[scrape->n++], c->id, sizeof(*ids));
		if (strcmp(c->id, last) == 0)
			first = scrape->n;
	}
	memcpy(ids + scrape->n, ids, first * sizeof(*ids));
	memmove(ids, ids + first, scrape->n * sizeof(*ids));
	scrape->ids = ids;
	return true;
}

bool scraper_begin(struct scraper *scraper)
{
	struct server *server = scraper->server;
	struct scrape *scrape;

	if (scraper->scrape)
		return true;
	scrape = calloc(1, sizeof(*scrape));
	if (!scrape)
		return false;
	scrape->server = server;
	scrape->work.data = scrape;
	scrape->deadline = timer_start(server, DEADLINE_MS, too_late, scrape);
	if (!scrape->deadline || !list_containers(scrape, scraper->last)) {
		timer_stop(&scrape->deadline);
		free(scrape);
		return false;
	}
	scrape->scraper = scraper;
	scraper->scrape = scrape;
	if (uv_queue_work(&server->loop, &scrape->work, read_process, process_read) < 0)
		abort(); /* only without a callback */
	step(scrape);
	return true;
}

struct metrics_page *scraper_page(const struct scraper *scraper)
{
	return scraper->page;
}
