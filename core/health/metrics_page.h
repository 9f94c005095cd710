/* SPDX-License-Identifier: Apache-2.0 */
/* The content of /metrics in Prometheus' text format. A page holds the figures of one moment. Its
 * text is formatted piece by piece as it is read, so thousands of containers do not block the loop,
 * and a slow reader holds no text in memory. */
#ifndef CORE_HEALTH_METRICS_PAGE_H
#define CORE_HEALTH_METRICS_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "core/health/process_figures.h"

struct server;
struct warden_info;
struct metrics_page;
struct metrics_reader;

/* Makes a page of the daemon's figures and, if health_check_server.container_metrics is set, of
 * each container's last known figures. The caller owns the first reference. NULL: no memory. */
struct metrics_page *metrics_page_new(struct server *server, const struct process_figures *process);
/* The page's number, which no other page of this process has; never 0. */
uint64_t metrics_page_number(const struct metrics_page *page);
/* Drops a reference; the last one frees the page. NULL is allowed. */
void metrics_page_unref(struct metrics_page *page);

/* Makes a reader at the beginning of the page; it holds a reference. NULL: no memory. */
struct metrics_reader *metrics_reader_new(struct metrics_page *page);
void metrics_reader_free(struct metrics_reader *reader);

/* Copies the next bytes of the text, at most `size`, to `out`; returns their number, 0 at the end.
 */
size_t metrics_reader_read(struct metrics_reader *reader, char *out, size_t size);

/* Anonymous memory of a container, with child cgroups if known. */
uint64_t metrics_page_rss(const struct warden_info *info);

/* Returns `text` escaped for a quoted label value; the caller frees it. NULL: no memory. */
char *metrics_escape(const char *text);

#endif
