/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's own table of nftables, `inet warden`: what containers may send and receive. Its
 * rules are the same for any number of containers; a container and what it may do are elements of
 * sets.
 *
 * Every function but firewall_setup and firewall_free may be called from several threads at once.
 */
#ifndef BACKENDS_LINUX_FIREWALL_FIREWALL_H
#define BACKENDS_LINUX_FIREWALL_FIREWALL_H

#include "backends/linux/create/host_report.h"
#include "warden/backend.h"

struct firewall;

/* Makes the table, or completes that of an earlier daemon without a gap for its containers. Logs
 * the chains of others that drop what we forward. Starts a thread, so call it after helpers were
 * forked: when somebody deletes the table or a part of it, it is put back. */
int firewall_setup(const struct warden_host *host, struct firewall **firewall,
		   struct warden_error *err);

/* Tells whether the kernel has nf_tables, and which chains of others drop what we forward. */
void firewall_describe(const struct description *to);

/* Removes the table, unless containers that were added live on. */
void firewall_free(struct firewall *firewall);

/* Lets the container's link carry the container's address; allowed twice. After a restart, too,
 * each container is to be added. */
int firewall_add(struct firewall *firewall, const struct warden_identity *identity,
		 struct warden_error *err);

/* Sets the rules of a container that was added, all of them or none. */
int firewall_set_rules(struct firewall *firewall, const struct warden_identity *identity,
		       const struct warden_rules *rules, struct warden_error *err);

/* Takes all of that back; no failure where it is not there. */
int firewall_remove(struct firewall *firewall, const struct warden_identity *identity,
		    struct warden_error *err);

#endif
