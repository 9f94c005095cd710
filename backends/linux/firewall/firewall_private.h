/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the firewall share. */
#ifndef BACKENDS_LINUX_FIREWALL_FIREWALL_PRIVATE_H
#define BACKENDS_LINUX_FIREWALL_FIREWALL_PRIVATE_H

#include <net/if.h>
#include <pthread.h>

#include "backends/linux/firewall/firewall.h"
#include "backends/linux/firewall/firewall_rules.h"
#include "backends/linux/firewall/nft.h"
#include "backends/linux/net/netlink.h"

#define FIREWALL_TABLE "warden"

/* The set of the containers: the name of a link and the one address that may come from it. */
#define FIREWALL_CONTAINERS "containers"

/* The map from the address of a container whose rules log to the chain that does. */
#define FIREWALL_LOGGERS "loggers"

struct firewall_member {
	char link[IF_NAMESIZE]; /* empty: nobody has this slot */
	struct in_addr address;
	struct firewall_elements elements; /* of its rules */
	bool logs;                         /* it has a chain that does */
};

/* Addresses from `first` to `last`, host byte order. */
struct firewall_range {
	uint32_t first, last;
};

/* More than any host has; further ones are not looked at. */
#define FIREWALL_OTHERS_MAX 32

/* Chains of others that drop, as they were logged: each once, and again when it had gone. */
struct firewall_others {
	pthread_mutex_t mutex;
	char said[FIREWALL_OTHERS_MAX][192];
	size_t n;
};

struct firewall_watch {
	int fd;     /* hears of changes */
	int end_fd; /* written to when it is to end */
	bool started;
	pthread_t thread;
};

struct firewall {
	const struct warden_host *host;
	struct netlink_pool sockets;
	int table_fd; /* a socket of its own for the whole table: its changes are known by it */
	uint32_t table_port;
	struct firewall_range *allowed; /* ascending, apart from each other */
	size_t n_allowed;
	/* Held for reading while elements change, for writing while the table is put back. */
	pthread_rwlock_t lock;
	pthread_mutex_t members_mutex;
	struct firewall_member *members; /* by slot */
	size_t n_members;                /* of the array */
	/* Rules in the table of an earlier daemon, until their containers are added. */
	struct firewall_elements found;
	bool made; /* the table: what was found in it may have to be put back */
	struct firewall_watch watch;
	struct firewall_others others;
};

/* Makes the table as it has to be, with all members; what is there already stays in effect
 * meanwhile. The lock is held for writing, or there is no other thread. */
int firewall_table_make(struct firewall *firewall, struct warden_error *err);
int firewall_table_remove(struct firewall *firewall, struct warden_error *err);

/* The key of a member in the set of the containers. */
#define FIREWALL_KEY_SIZE (IF_NAMESIZE + sizeof(struct in_addr))
void firewall_key(const struct firewall_member *member, uint8_t key[FIREWALL_KEY_SIZE]);

/* firewall_shards.c: the sets that hold rules; of those with ranges there is one for each shard. */
#define FIREWALL_SHARDS 32u
void firewall_shards_init(void);
unsigned firewall_shard_of(struct in_addr container);
const struct nft_set *firewall_rule_set(enum firewall_rule_set set, unsigned shard);
void firewall_rule_sets_foreach(void (*call)(const struct nft_set *set, void *data), void *data);

/* The chain that a container's packets jump to, by what of its address is under the mask. */
const char *firewall_shard_chain(unsigned shard);
struct in_addr firewall_shard_key(unsigned shard);
struct in_addr firewall_shard_mask(void);

/* firewall_elements.c: puts elements into a transaction, in messages; and the room that it takes.
 */
void firewall_elements_put(struct nft *nft, const struct firewall_elements *elements, bool remove);
size_t firewall_elements_size(const struct firewall_elements *elements);

/* Removes what only `before` has and adds what only `after` has. Returns how many these are. */
size_t firewall_elements_change(struct nft *nft, const struct firewall_elements *before,
				const struct firewall_elements *after);

/* Reads the elements of all rules that are in the table, if there is one. */
int firewall_elements_read(struct firewall_elements *elements, struct warden_error *err);

/* The chain that logs for a container; it stays until the container is removed. */
#define FIREWALL_LOGGER_SIZE (5 * NETLINK_MESSAGE_MAX)
void firewall_logger_put(struct nft *nft, const struct firewall_member *member);
void firewall_logger_remove(struct nft *nft, const struct firewall_member *member);

/* Reads allow_networks. */
int firewall_ranges_read(const char *const *texts, struct firewall_range **ranges, size_t *n,
			 struct warden_error *err);

/* What helps against iptables. */
#define FIREWALL_IPTABLES_REMEDY                                                                   \
	"iptables -I FORWARD -i w-+ -j ACCEPT; iptables -I FORWARD -o w-+ -j ACCEPT; "             \
	"with Docker: in DOCKER-USER"
#define FIREWALL_IPTABLES_HINT " (" FIREWALL_IPTABLES_REMEDY ")"

/* Whether iptables has a chain FORWARD outside of nf_tables whose policy is to drop. */
bool firewall_legacy_drops(void);

/* Logs the chains of others that drop forwarded packets, unless it has done so. */
void firewall_others_log(struct firewall *firewall);
void firewall_legacy_log(struct firewall *firewall);

/* Puts the table back whenever somebody removes a part of it, and looks at the chains of others
 * when they change. */
int firewall_watch_start(struct firewall *firewall, struct warden_error *err);
void firewall_watch_end(struct firewall *firewall);

#endif
