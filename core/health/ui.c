/* SPDX-License-Identifier: Apache-2.0 */
/* The state of the page at /ui, made at most as often as the figures change; see ui.h. */
#include <config.h>

#include "core/health/ui.h"

#include <stdlib.h>

#include "core/health/metrics_page.h"
#include "core/health/status_facts.h"
#include "core/health/ui_state.h"
#include "core/log.h"
#include "core/server.h"
#include "lib/cleanup.h"

enum { FACTS_LIFETIME_MS = 60 * 1000 };

struct ui {
	struct server *server;
	struct history history;
	struct facts facts;
	bool facts_known, asking, closed, history_stopped;
	uint64_t asked;       /* uv_now */
	uint64_t page_number; /* of the page that `text` belongs to */
	char *text;
};

struct ui *ui_new(struct server *server)
{
	struct ui *ui = calloc(1, sizeof(*ui));

	if (!ui)
		return NULL;
	ui->server = server;
	history_start(&ui->history, server);
	return ui;
}

/* Frees it once neither the history nor a worker refers to it. */
static void ui_release(struct ui *ui)
{
	if (!ui->history_stopped || ui->asking)
		return;
	facts_free(&ui->facts);
	free(ui->text);
	free(ui);
}

static void ui_on_history_stopped(void *data)
{
	struct ui *ui = data;

	ui->history_stopped = true;
	ui_release(ui);
}

void ui_close(struct ui *ui)
{
	if (!ui)
		return;
	ui->closed = true;
	history_stop(&ui->history, ui_on_history_stopped, ui);
}

static void ui_on_facts(void *data, const struct facts *facts, const struct warden_error *err)
{
	struct ui *ui = data;

	ui->asking = false;
	if (ui->closed) {
		ui_release(ui);
		return;
	}
	if (!facts) {
		log_write(WARDEN_LOG_DEBUG, "health_check_server: %s", err->message);
		return;
	}
	facts_free(&ui->facts);
	for (size_t i = 0; i < facts->n; i++)
		facts_add(&ui->facts, &(struct warden_fact){.size = sizeof(struct warden_fact),
							    .name = facts->facts[i].name,
							    .value = facts->facts[i].value,
							    .effect = facts->facts[i].effect,
							    .remedy = facts->facts[i].remedy,
							    .good = facts->facts[i].good});
	ui->facts_known = !facts->failed && !ui->facts.failed;
}

/* What the host lacks changes seldom, and costs a worker some milliseconds. */
static void ui_ask_facts(struct ui *ui)
{
	uint64_t now = uv_now(&ui->server->loop);
	struct warden_error err;

	if (ui->asking || (ui->asked > 0 && now - ui->asked < FACTS_LIFETIME_MS))
		return;
	ui->asked = now;
	ui->asking = true;
	if (status_facts_collect(ui->server, ui_on_facts, ui, &err) < 0)
		ui->asking = false; /* no memory: the next state asks again, a minute later */
}

const char *ui_state(struct ui *ui, const struct metrics_page *page)
{
	ui_ask_facts(ui);
	if (ui->text && ui->page_number == metrics_page_number(page))
		return ui->text;
	free(ui->text);
	ui->text = ui_state_text(ui->server, &ui->history, ui->facts_known ? &ui->facts : NULL);
	ui->page_number = metrics_page_number(page);
	return ui->text;
}
