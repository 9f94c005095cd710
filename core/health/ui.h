/* SPDX-License-Identifier: Apache-2.0 */
/* The page at /ui: one text for a browser, and the state that it asks for every few seconds. Loop
 * thread only. */
#ifndef CORE_HEALTH_UI_H
#define CORE_HEALTH_UI_H

#include <stddef.h>

struct metrics_page;
struct server;
struct ui;

/* The page: ui.html. */
extern const unsigned char ui_page[];
extern const size_t ui_page_length;

/* NULL: no memory. It takes samples of the daemon's figures until ui_close, which frees it. */
struct ui *ui_new(struct server *server);
void ui_close(struct ui *ui);

/* The state as JSON, see ui_state.h; made once for each page of metrics, whose figures it shows.
 * Valid until the next call. NULL: no memory. */
const char *ui_state(struct ui *ui, const struct metrics_page *page);

#endif
