/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small world of network namespaces for tests of the network and the firewall: the program's own
 * namespace is the host, two more are containers, one is a machine outside.
 *
 *   container 0, container 1 -- host 192.0.2.1 -- outside 192.0.2.77, also 198.51.100.5 and
 *   203.0.113.5; only 198.51.100.0/24 is allowed
 *
 * Container 0 is 10.254.0.2, its end on the host 10.254.0.1; container 1 is 10.254.0.6 and
 * 10.254.0.5.
 */
#ifndef TESTS_LINUX_WORLD_H
#define TESTS_LINUX_WORLD_H

#include <netinet/in.h>

#include "backends/linux/firewall/firewall.h"
#include "backends/linux/net/net.h"
#include "tests/linux/linux_host.h"
#include "tests/unit/unit.h"

#define WORLD_HOST       "192.0.2.1"
#define WORLD_OUTSIDE    "192.0.2.77"
#define WORLD_ALLOWED    "198.51.100.5"
#define WORLD_NOT_LISTED "203.0.113.5"
#define WORLD_PORT       8080

/* How long to wait for a reply that must not arrive; on these links a reply takes far less. */
#define WORLD_SILENCE_MS 400L

struct world_container {
	struct warden_identity identity;
	int netns_fd;
};

extern struct net *world_net;
extern struct firewall *world_firewall;
extern struct warden_error world_error;
extern int world_outside; /* its network namespace */
extern struct world_container world_containers[2];

/* Moves the program into its own network and mount namespaces, makes the world, runs the cases, and
 * returns the program's exit status. Exits with 77 and a line if it does not run as root. */
int world_main(int argc, char **argv, const char *suite, const struct unit_test *tests,
	       size_t count);

/* Runs a shell command on the host. */
void world_shell(const char *command);

/* Makes a network namespace; unless `rtnl_fd` is NULL, also opens the socket inside that net_make
 * needs. */
int world_namespace(int *rtnl_fd);

/* Adds another container; removes one; returns its address. */
bool world_add(struct world_container *container, unsigned number);
void world_remove(struct world_container *container);
const char *world_ip(const struct world_container *container);

struct sockaddr_in world_address(const char *text, uint16_t port);

/* Connects by TCP from a namespace (-1: the host's) to WORLD_PORT. Returns 0 or the errno;
 * ETIMEDOUT if there is no reply. `expected_peer`, unless NULL, is the address that the server must
 * see. */
int world_connect(int netns_fd, const char *to, const char *expected_peer);

/* Whether a connection is refused at once: by ICMP, or by a reset beyond the limit of ICMP. The
 * case must have a server there, or this proves nothing. */
bool world_is_refused(int netns_fd, const char *to);

/* A server on WORLD_PORT, for linux_host_start_in. */
int world_serve(int ready_fd, void *unused);

/* Allocates memory that child processes share; NULL on failure. */
void *world_shared(size_t size);

#endif
