/* SPDX-License-Identifier: Apache-2.0 */
/* A drain does not wait for ever for work that hangs in a system call, of the kernel or of a
 * backend: a file system that does not answer, for example. If no work of the pools has ended for
 * HUNG_WORK_MS the daemon stores what it can and exits; the rest is on disk. */
#ifndef CORE_HUNG_WORK_H
#define CORE_HUNG_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct server;

enum { HUNG_WORK_MS = 30000 };

struct hung_work {
	uv_timer_t timer;
	size_t done;    /* work of the pools at `since` */
	uint64_t since; /* uv_now */
	bool left;      /* the drain waits for nothing that hangs */
};

/* Watches the work from now on: a drain has begun. */
void hung_work_watch(struct server *server);

/* Ends the process at once. */
void hung_work_exit(const struct server *server) __attribute__((noreturn));

#endif
