/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The holder: a process that keeps the netlink socket which owns the firewall's table, because the
 * kernel ties the table to it. It outlives the daemon, gives the socket to the next one, and holds
 * nothing else but a Unix socket in the depot and a connection to the daemon, which sees its end.
 */
#ifndef BACKENDS_LINUX_FIREWALL_FIREWALL_HOLDER_H
#define BACKENDS_LINUX_FIREWALL_FIREWALL_HOLDER_H

#include "backends/linux/create/linux_spawner.h"
#include "lib/watcher.h"
#include "warden/backend.h"

struct firewall_holder {
	const struct warden_host *host;
	struct linux_spawner *spawner;
	int netlink_fd;      /* the socket that it keeps; borrowed */
	int fd;              /* the connection to it; -1: none */
	bool started;        /* by this daemon */
	uint64_t started_us; /* when */
	struct watcher *watcher;
	struct watch *watch;
};

/* The whole of the process. The descriptors are its connection to the daemon, the netlink socket
 * and the Unix socket that listens. */
void __attribute__((noreturn)) firewall_holder_run(int daemon_fd, int netlink_fd, int listen_fd);

/* Takes over the netlink socket that a holder keeps for this depot. Returns a descriptor of it, or
 * -1 and `err`; its number is 0 for an error, ENOENT if there is no holder. */
int firewall_holder_fetch(struct firewall_holder *holder, const struct warden_host *host,
			  struct warden_error *err);

/* Starts one that keeps `netlink_fd`. */
int firewall_holder_start(struct firewall_holder *holder, const struct warden_host *host,
			  struct linux_spawner *spawner, int netlink_fd, struct warden_error *err);

/* From now on another one is started when it is killed. */
int firewall_holder_watch(struct firewall_holder *holder, struct linux_spawner *spawner,
			  struct watcher *watcher, struct warden_error *err);

/* Kills the holders in this network namespace whose depot was moved or is another one, while no
 * other daemon runs. Returns their number. */
int firewall_holder_end_others(void);

/* Leaves it to itself; ends it. The watcher must have been freed before. */
void firewall_holder_leave(struct firewall_holder *holder);
void firewall_holder_end(struct firewall_holder *holder);

#endif
