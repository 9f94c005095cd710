/* SPDX-License-Identifier: Apache-2.0 */
/* One daemon with this backend in a network namespace: two would remove each other's firewall rules
 * and links. The claim is a socket in the abstract namespace, which belongs to the network
 * namespace and is gone with the daemon. */
#ifndef BACKENDS_LINUX_HOST_HOST_CLAIM_H
#define BACKENDS_LINUX_HOST_HOST_CLAIM_H

#include "lib/watcher.h"
#include "warden/backend.h"

struct host_claim {
	int fd; /* -1: none */
	const struct warden_host *host;
};

/* Claims the network namespace. -1 and `err`, which names the daemon that has claimed it. After the
 * spawner is forked, so that nothing inherits the claim. */
int host_claim_take(struct host_claim *claim, const struct warden_host *host,
		    struct warden_error *err);

/* Tells other daemons from now on whose depot it is. */
int host_claim_watch(struct host_claim *claim, struct watcher *watcher, struct warden_error *err);

void host_claim_release(struct host_claim *claim);

#endif
