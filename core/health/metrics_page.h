/* SPDX-License-Identifier: Apache-2.0 */
/* What /metrics answers, in Prometheus' text format. A page holds the figures of one moment; its
 * text is put together piece by piece as it is read, so a page of thousands of containers takes the
 * loop no longer at a time than one of none, and a slow reader costs no text. */
#ifndef CORE_HEALTH_METRICS_PAGE_H
#define CORE_HEALTH_METRICS_PAGE_H

#include <stddef.h>

#include "core/health/process_figures.h"

struct server;
struct metrics_page;
struct metrics_reader;

/* The daemon's figures and, where the settings want them, those of each container as they are known
 * now. Its owner has the first reference. NULL: no memory. */
struct metrics_page *metrics_page_new(struct server *server, const struct process_figures *process);
void metrics_page_unref(struct metrics_page *page);

/* Reads the page from its beginning; it has a reference of its own. NULL: no memory. */
struct metrics_reader *metrics_reader_new(struct metrics_page *page);
void metrics_reader_free(struct metrics_reader *reader);

/* The next bytes of the text, at most `size`; 0: that was all. */
size_t metrics_reader_read(struct metrics_reader *reader, char *out, size_t size);

/* `text` as it stands between the quotes of a label's value, from malloc. NULL: no memory. */
char *metrics_escape(const char *text);

#endif
