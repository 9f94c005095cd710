/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that waits for descriptors (connections to wshd, pidfds, eventfds, timerfds) and calls
 * back when something happened. One a backend. The callbacks run one after the other on that
 * thread, so none may block.
 */
#ifndef LIB_WATCHER_H
#define LIB_WATCHER_H

#include <stdint.h>
#include <sys/epoll.h>

#include "warden/error.h"

struct watcher;
struct watch;

/* `events`: EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR ..., level-triggered. */
typedef void watcher_fn(void *data, uint32_t events);

/* Starts the thread, with all signals blocked. NULL and `err` when it cannot. */
struct watcher *watcher_new(struct warden_error *err);

/* Ends the thread and forgets all watches that are left. Not from a callback. */
void watcher_free(struct watcher *watcher);

/* Waits for `events` on `fd`, which stays the caller's and must stay open until watch_remove.
 * A callback may come before this returns. With EPOLLONESHOT in events it comes once, until
 * watch_modify. Any thread, callbacks included. NULL and `err` when it cannot. */
struct watch *watcher_add(struct watcher *watcher, int fd, uint32_t events, watcher_fn *fn,
			  void *data, struct warden_error *err);

/* Waits for other events from now on. Any thread, callbacks included. */
int watch_modify(struct watch *watch, uint32_t events, struct warden_error *err);

/* When it returns, the callback is not running and never runs again; `watch` is freed (NULL does
 * nothing). Any thread: from another one it waits for a callback of this watch that runs, so hold
 * no lock that the callback takes; a callback may remove its own watch. Only one thread may remove
 * a watch. */
void watch_remove(struct watch *watch);

#endif
