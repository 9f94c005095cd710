/* SPDX-License-Identifier: Apache-2.0 */
/* Collects the containers' figures for a page of metrics; see scraper.h. */
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
	/* Containers asked at the same time: few, to leave workers for requests. */
	ASKED_AT_ONCE = 4,
};

typedef char container_id[sizeof(((struct container *)0)->id)];

/* One round, from the request for a page to the page. It is freed when all containers asked have
 * answered. */
struct scrape {
	struct scraper *scraper; /* NULL: the page is made, or the scraper is freed */
	struct server *server;
	container_id *ids;
	size_t n, next;
	unsigned asked; /* containers that have not answered yet */
	unsigned busy;  /* those of them that had other operations when asked */
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
	container_id last; /* asked last: the next round begins after it */
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

/* Frees the round if no scraper, container or worker refers to it. */
static void scraper_release_scrape(struct scrape *scrape)
{
	if (scrape->scraper || scrape->asked > 0 || !scrape->process_known)
		return;
	free(scrape->ids);
	free(scrape);
}

static void scraper_drop_page(struct scraper *scraper)
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
		scraper_release_scrape(scrape);
	}
	scraper_drop_page(scraper);
	free(scraper);
}

static void scraper_on_expiry(uv_timer_t *timer)
{
	scraper_drop_page(timer->data);
}

/* Makes the page of the figures known now and calls `ready`. */
static void scraper_finish_page(struct scrape *scrape)
{
	struct scraper *scraper = take_pointer(scrape->scraper);

	timer_stop(&scrape->deadline);
	scraper->scrape = NULL;
	scraper->page = metrics_page_new(scrape->server, &scrape->process);
	if (scraper->page)
		scraper->expiry =
			timer_start(scrape->server, LIFETIME_MS, scraper_on_expiry, scraper);
	scraper_release_scrape(scrape);
	scraper->ready(scraper->data);
	if (scraper->page && !scraper->expiry)
		scraper_drop_page(scraper); /* without a timer it would never expire */
}

static void scraper_continue(struct scrape *scrape);

static void scraper_take_answer(struct container *c, struct scrape *scrape)
{
	c->scraped = false;
	scrape->asked--;
	scraper_continue(scrape);
}

static void scraper_on_idle_answer(struct container *c, void *data)
{
	scraper_take_answer(c, data);
}

static void scraper_on_busy_answer(struct container *c, void *data)
{
	struct scrape *scrape = data;

	scrape->busy--;
	scraper_take_answer(c, scrape);
}

/* A container that still owes an answer to a previous round is not asked again. A busy one answers
 * later and does not count against ASKED_AT_ONCE. */
static void scraper_ask_container(struct scrape *scrape, const char *id)
{
	struct container *c = registry_find_id(&scrape->server->registry, id);
	bool busy = c && (c->running || !TAILQ_EMPTY(&c->operations));

	if (!c || !c->is_listed || !c->alive || c->scraped)
		return;
	c->scraped = container_info_ask(c, busy ? scraper_on_busy_answer : scraper_on_idle_answer,
					scrape);
	scrape->asked += c->scraped;
	scrape->busy += busy && c->scraped;
}

static void scraper_continue(struct scrape *scrape)
{
	while (scrape->scraper && scrape->next < scrape->n &&
	       scrape->asked - scrape->busy < ASKED_AT_ONCE) {
		const char *id = scrape->ids[scrape->next++];

		memcpy(scrape->scraper->last, id, sizeof(container_id));
		scraper_ask_container(scrape, id);
	}
	if (scrape->scraper && scrape->process_known && (scrape->asked == 0 || scrape->late))
		scraper_finish_page(scrape);
	else
		scraper_release_scrape(scrape);
}

static void scraper_read_process(uv_work_t *work)
{
	struct scrape *scrape = work->data;

	process_figures_read(&scrape->process);
}

static void scraper_on_process_read(uv_work_t *work, int cancelled)
{
	struct scrape *scrape = work->data;

	(void)cancelled; /* never cancelled */
	scrape->process_known = true;
	scraper_continue(scrape);
}

/* Asks no more containers. The page still waits for the daemon's own figures from a worker. */
static void scraper_on_deadline(uv_timer_t *timer)
{
	struct scrape *scrape = timer->data;

	timer_stop(&scrape->deadline);
	scrape->next = scrape->n;
	scrape->late = true;
	scraper_continue(scrape);
}

/* Lists the containers to ask, beginning after the one asked last, so that each gets its turn even
 * if a round cannot reach all. False: no memory. */
static bool scraper_list_containers(struct scrape *scrape, const char *last)
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
	scrape->deadline = timer_start(server, DEADLINE_MS, scraper_on_deadline, scrape);
	if (!scrape->deadline || !scraper_list_containers(scrape, scraper->last)) {
		timer_stop(&scrape->deadline);
		free(scrape);
		return false;
	}
	scrape->scraper = scraper;
	scraper->scrape = scrape;
	if (uv_queue_work(&server->loop, &scrape->work, scraper_read_process,
			  scraper_on_process_read) < 0)
		abort(); /* fails only without a callback */
	scraper_continue(scrape);
	return true;
}

struct metrics_page *scraper_page(const struct scraper *scraper)
{
	return scraper->page;
}
