/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between a holder and a daemon, which may be of different versions. */
#ifndef BACKENDS_LINUX_FIREWALL_FIREWALL_HOLDER_PRIVATE_H
#define BACKENDS_LINUX_FIREWALL_FIREWALL_HOLDER_PRIVATE_H

#include <sys/types.h>

/* Its name, shown by ps. */
#define FIREWALL_HOLDER_NAME "warden-holder"

/* How long an answer of a holder, or its end, is waited for. */
#define FIREWALL_HOLDER_PATIENCE_S 10

/* A request is one byte. */
enum firewall_holder_request {
	FIREWALL_HOLDER_GIVE = 'g', /* answered with the netlink socket; the connection stays */
	FIREWALL_HOLDER_END = 'e',  /* the holder exits */
};

/* The answer to GIVE, and the first message to the daemon that has started it. */
struct firewall_holder_answer {
	pid_t pid;
};

#endif
