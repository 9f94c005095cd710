/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a page of metrics that is about the daemon as a whole. */
#ifndef CORE_HEALTH_METRICS_HEAD_H
#define CORE_HEALTH_METRICS_HEAD_H

#include <stdio.h>

#include "core/health/process_figures.h"

struct server;

void metrics_head_write(FILE *out, struct server *server, const struct process_figures *process);

#endif
