/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon-wide part of a page of metrics. */
#ifndef CORE_HEALTH_METRICS_HEAD_H
#define CORE_HEALTH_METRICS_HEAD_H

#include <stdio.h>

#include "core/health/process_figures.h"

struct server;

/* Prints it in Prometheus' text format. The caller checks `out` for errors. Loop thread. */
void metrics_head_write(FILE *out, struct server *server, const struct process_figures *process);

#endif
