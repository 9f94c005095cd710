/* SPDX-License-Identifier: Apache-2.0 */
/* The state of the daemon as JSON; see ui_state.h. */
#include <config.h>

#include "core/health/ui_state.h"

#include "core/container/container.h"
#include "core/health/metrics_page.h"
#include "core/job/job.h"
#include "core/pools/pool.h"
#include "core/pools/ports.h"
#include "core/server.h"
#include "core/wire/request.h"
#include "lib/cleanup.h"

/* A figure; null if it is not known. */
static json_t *ui_state_figure(uint64_t figure)
{
	return figure == WARDEN_UNKNOWN ? json_null() : json_integer((json_int_t)figure);
}

/* Appends the item and takes it; without memory for either the list is freed and becomes NULL. */
static void ui_state_append(json_t **list, json_t *item)
{
	if (*list && json_array_append_new(*list, item) == 0)
		return;
	json_decref(*list);
	*list = NULL;
}

/* Bytes of a client. If they are not UTF-8 each that is not ASCII becomes a question mark. */
static json_t *ui_state_bytes(const char *text)
{
	json_t *json = text ? json_string(text) : json_null();
	char *shown, *end;

	if (json)
		return json;
	end = shown = malloc(strlen(text) + 1);
	if (!shown)
		return NULL;
	for (; *text; text++)
		*end++ = (unsigned char)*text < 0x80 ? *text : '?';
	*end = '\0';
	json = json_string(shown);
	free(shown);
	return json;
}

static json_t *ui_state_container(const struct container *c)
{
	return json_pack(
		"{s:o, s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "handle",
		ui_state_bytes(c->handle), "state", container_state_name(c->state), "owner",
		(json_int_t)c->client_uid, "created_us", (json_int_t)c->created_us, "jobs",
		(json_int_t)jobs_count(c), "memory", ui_state_figure(metrics_page_rss(&c->info)),
		"cpu_ns", ui_state_figure(c->info.cpu_usage_ns), "processes",
		ui_state_figure(c->info.processes), "rx_bytes", ui_state_figure(c->info.rx_bytes),
		"tx_bytes", ui_state_figure(c->info.tx_bytes));
}

static json_t *ui_state_containers(const struct server *server)
{
	json_t *list = json_array();
	const struct container *c;

	if (!server->config->health_check_server.container_metrics)
		return list;
	TAILQ_FOREACH(c, &server->registry.listed, listed) {
		if (!list || json_array_size(list) == UI_CONTAINERS)
			break;
		ui_state_append(&list, ui_state_container(c));
	}
	return list;
}

static json_t *ui_state_pools(struct server *server)
{
	const struct {
		const char *name;
		struct pool *pool;
	} pools[] = {
		{"networks", server->networks},
		{"uids", server->uids},
		{"slots", server->slots},
		{"ports", ports_pool(server->ports)},
	};
	json_t *list = json_array();

	for (size_t i = 0; list && i < ARRAY_SIZE(pools); i++)
		ui_state_append(&list, json_pack("{s:s, s:I, s:I}", "name", pools[i].name, "size",
						 (json_int_t)pool_size(pools[i].pool), "free",
						 (json_int_t)pool_available(
							 pools[i].pool, uv_now(&server->loop))));
	return list;
}

/* The bound of the bucket that has the answer number `part` of 100; null if it is in none, or there
 * is no answer. */
static json_t *ui_state_percentile(const struct metrics_requests *requests, uint64_t part)
{
	uint64_t wanted = (requests->answered * part + 99) / 100, sum = 0;

	for (size_t i = 0; wanted > 0 && i < METRICS_BUCKETS; i++) {
		sum += requests->buckets[i];
		if (sum >= wanted)
			return json_real((double)metrics_bounds_ns[i] / 1e6);
	}
	return json_null();
}

static json_t *ui_state_requests(const struct server *server)
{
	json_t *list = json_array();
	size_t n;
	const struct request_handler *const *handlers = request_handlers(&n);

	for (size_t i = 0; list && i < n; i++) {
		const struct metrics_requests *requests =
			&server->metrics.requests[handlers[i]->type];

		if (requests->begun == 0)
			continue;
		ui_state_append(&list, json_pack("{s:s, s:I, s:I, s:I, s:o, s:o}", "name",
						 handlers[i]->name, "answered",
						 (json_int_t)requests->answered, "failed",
						 (json_int_t)requests->failed, "running",
						 (json_int_t)(requests->begun - requests->ended),
						 "p50_ms", ui_state_percentile(requests, 50),
						 "p99_ms", ui_state_percentile(requests, 99)));
	}
	return list;
}

/* null until the facts are known. */
static json_t *ui_state_lacking(const struct facts *facts)
{
	json_t *list = facts ? json_array() : json_null();

	for (size_t i = 0; list && facts && i < facts->n; i++)
		if (!facts->facts[i].good)
			ui_state_append(&list,
					json_pack("{s:o, s:o, s:o, s:o}", "name",
						  ui_state_bytes(facts->facts[i].name), "value",
						  ui_state_bytes(facts->facts[i].value), "effect",
						  ui_state_bytes(facts->facts[i].effect), "remedy",
						  ui_state_bytes(facts->facts[i].remedy)));
	return list;
}

char *ui_state_text(struct server *server, const struct history *history, const struct facts *facts)
{
	json_t *state =
		json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "version",
			  PACKAGE_VERSION, "backend", server->container_klass->name, "started_us",
			  (json_int_t)server->metrics.started_us, "now_us",
			  (json_int_t)(server->metrics.started_us +
				       (uv_hrtime() - server->metrics.started_ns) / 1000),
			  "n_containers", (json_int_t)registry_count_all(&server->registry),
			  "containers", ui_state_containers(server), "pools",
			  ui_state_pools(server), "requests", ui_state_requests(server), "lacking",
			  ui_state_lacking(facts), "history", history_json(history));
	char *text = state ? json_dumps(state, JSON_COMPACT) : NULL;

	json_decref(state);
	return text;
}
