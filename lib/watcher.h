/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that waits for descriptors (connections to wshd, pidfds, eventfds, timerfds) and calls
 * back on their events. Each backend has one. The callbacks run one after the other on that thread,
 * so none may block. */
#ifndef LIB_WATCHER_H
#define LIB_WATCHER_H

#include <stdint.h>
#include <sys/epoll.h>

#include "warden/error.h"

struct watcher;
struct watch;

/* `events`: EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR ..., level-triggered. */
typedef void watcher_fn(void *data, uint32_t events);

/* Starts the thread with all signals blocked. NULL and `err` on failure. */
struct watcher *watcher_new(struct warden_error *err);

/* Ends the thread and frees all remaining watches. Must not be called from a callback. */
void watcher_free(struct watcher *watcher);

/* Waits for `events` on `fd`, which stays the caller's and must stay open until watch_remove. The
 * callback may run before this returns. With EPOLLONESHOT it runs once, until watch_modify. Any
 * thread, including callbacks. NULL and `err` on failure. */
struct watch *watcher_add(struct watcher *watcher, int fd, uint32_t events, watcher_fn *fn,
			  void *data, struct warden_error *err);

/* Changes the events of a watch. Any thread, including callbacks. Returns 0, or -1 and `err`. */
int watch_modify(struct watch *watch, uint32_t events, struct warden_error *err);

/* Removes and frees a watch (NULL is allowed). When it returns, the callback does not run and never
 * runs again: another thread waits for a running callback of this watch, so it must hold no lock
 * that the callback takes. A callback may remove its own watch. Any thread, but only one may remove
 * a given watch. */
void watch_remove(struct watch *watch);

#endif
