/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's own nftables table, `inet warden`: which packets containers may send and receive.
 * Its rules are the same for any number of containers; a container and its permissions are elements
 * of sets.
 *
 * Thread-safe except firewall_setup and firewall_free.
 */
#ifndef BACKENDS_LINUX_FIREWALL_FIREWALL_H
#define BACKENDS_LINUX_FIREWALL_FIREWALL_H

#include <net/if.h>

#include "backends/linux/host/host_report.h"
#include "warden/backend.h"

struct firewall;
struct linux_spawner;
struct watcher;

/* Makes the table, or takes over that of an earlier daemon without interrupting its containers. It
 * belongs to a socket that a process of its own keeps when the daemon ends (firewall_holder.h),
 * started by `spawner`; without settings->own_table, or in a kernel without owners, a thread
 * restores it when it or a part of it is deleted. Logs the chains of other tools that drop
 * forwarded packets. Starts a thread, so call this after helpers are forked. */
int firewall_setup(const struct warden_host *host, struct linux_spawner *spawner,
		   struct firewall **firewall, struct warden_error *err);

/* Fails where the kernel's nf_tables lacks what firewall_setup needs; leaves no table. */
int firewall_check(struct warden_error *err);

/* From now on the holder is started again when it is killed. */
int firewall_watch_holder(struct firewall *firewall, struct linux_spawner *spawner,
			  struct watcher *watcher, struct warden_error *err);

/* Reports what the kernel's nf_tables can do, and which chains of other tools drop forwarded
 * packets. */
void firewall_describe(const struct host_report *to);

/* Removes the table, unless containers are still added. */
void firewall_free(struct firewall *firewall);

/* Allows the container's address on the container's link; may be called again. After a restart each
 * container must be added again. */
int firewall_add(struct firewall *firewall, const struct warden_identity *identity,
		 struct warden_error *err);

/* Sets the rules of a container that was added, all or none. */
int firewall_set_rules(struct firewall *firewall, const struct warden_identity *identity,
		       const struct warden_rules *rules, struct warden_error *err);

/* Replaces settings->allow_networks, all or nothing. */
int firewall_allow_networks(struct firewall *firewall, const char *const *networks,
			    struct warden_error *err);

/* Removes the container and its rules; no failure if they are missing. */
int firewall_remove(struct firewall *firewall, const struct warden_identity *identity,
		    struct warden_error *err);

/* For a clean, without firewall_setup, while no daemon uses the table: the containers in it. */
struct firewall_clean_member {
	char link[IF_NAMESIZE];
	struct in_addr address;
	bool remove; /* set by the caller */
};
struct firewall_clean {
	bool exists; /* there is a table */
	struct firewall_clean_member *members;
	size_t n;
	size_t n_rules; /* elements of rules that belong to no member */
};
int firewall_clean_find(struct firewall_clean *clean, struct warden_error *err);
void firewall_clean_free(struct firewall_clean *clean);

/* Removes the members that the caller has chosen and all rules that belong to none which stays; or
 * the whole table. */
int firewall_clean_remove(const struct firewall_clean *clean, const struct warden_host *host,
			  bool whole, struct warden_error *err);

#endif
