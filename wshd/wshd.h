/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of wshd share: its state, which lives in main's frame, and the descriptors that it
 * waits for. It is one thread; a handler runs to its end before the next one.
 */
#ifndef WSHD_WSHD_H
#define WSHD_WSHD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/wshd_protocol.h"
#include "wshd/wshd_options.h"

/* Connections at a time; a shell's is not counted once it has its keeper. */
enum { WSHD_CLIENTS = 16 };

struct wshd;
struct wshd_job;
struct client;

/* Something that the loop waits for. The struct must outlive its registration. */
struct wshd_source {
	int fd; /* -1: none */
	void (*ready)(struct wshd *wshd, struct wshd_source *source, uint32_t events);
};

struct wshd {
	struct wshd_options options;
	int epoll_fd;
	int proc_fd; /* /proc as it was before any job ran */
	struct wshd_source listening, signals;
	struct wshd_job *jobs; /* in the order of their start */
	uint64_t next_number;
	struct client *clients[WSHD_CLIENTS];
	bool retry;     /* something could not be told */
	bool killing;   /* everything goes, until nothing is left */
	unsigned round; /* of killing */
	bool ending;    /* leaves as soon as nothing is left */
};

/* Waits for `events` (of epoll) on a source. False and errno when it cannot. */
bool wshd_source_add(struct wshd *wshd, struct wshd_source *source, uint32_t events);

void wshd_source_modify(struct wshd *wshd, struct wshd_source *source, uint32_t events);

/* Forgets the source and closes its descriptor. */
void wshd_source_close(struct wshd *wshd, struct wshd_source *source);

#endif
