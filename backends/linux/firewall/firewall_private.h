/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the firewall. */
#ifndef BACKENDS_LINUX_FIREWALL_FIREWALL_PRIVATE_H
#define BACKENDS_LINUX_FIREWALL_FIREWALL_PRIVATE_H

#include <net/if.h>
#include <pthread.h>

#include "backends/linux/firewall/firewall.h"
#include "backends/linux/firewall/firewall_holder.h"
#include "backends/linux/firewall/firewall_rules.h"
#include "backends/linux/firewall/nft.h"
#include "backends/linux/net/netlink.h"

#define FIREWALL_TABLE "warden"

/* How often a dump is repeated if something changed meanwhile (EINTR). */
#define FIREWALL_READ_TRIES 20

/* Ports of the sockets that change the table: the kernel reports them as the origin of changes. */
#define FIREWALL_PORTS      0x57000000u
#define FIREWALL_PORTS_MASK 0xff000000u

/* The set of containers: the name of a link and the only source address allowed on it. */
#define FIREWALL_CONTAINERS "containers"

/* The chain that marks connections of the host; tables of releases without marks have none. */
#define FIREWALL_MARKING_CHAIN "mark"

/* The map from the address of a container with rules that log to its chain that logs. */
#define FIREWALL_LOGGERS "loggers"

/* Digests of a container's rules for ranges of addresses, and of those of them that contain an
 * address of the host: what has been logged is not logged again. */
struct firewall_noted {
	uint64_t ranges, openings;
};

struct firewall_member {
	char link[IF_NAMESIZE]; /* empty: the slot is free */
	struct in_addr address;
	struct firewall_elements elements; /* of the container's rules */
	bool logs;                         /* it has a chain that logs */
	struct firewall_noted noted;
};

/* Addresses from `first` to `last`, host byte order. */
struct firewall_range {
	uint32_t first, last;
};

/* Maximum number of foreign chains; further ones are ignored. */
#define FIREWALL_FOREIGN_MAX 32

/* Foreign chains that drop, as logged: each is logged once, and again if it disappears and returns.
 */
struct firewall_foreign {
	pthread_mutex_t mutex;
	char logged[FIREWALL_FOREIGN_MAX][192];
	size_t n;
};

/* A digest of the table's chains, sets and rules, which changes if one is removed or replaced, and
 * the number of chains that log with their rules. */
struct firewall_shape {
	uint64_t digest;
	size_t loggers;
};

struct firewall_watch {
	int fd;     /* receives notifications of changes by others */
	int end_fd; /* eventfd; written to end the thread */
	bool started;
	pthread_t thread;
	uint64_t restored_us; /* when the table was last looked at or restored */
	unsigned pause_ms;    /* after that */
};

/* What the kernel's nf_tables has. */
struct firewall_features {
	uint32_t table_flags; /* NFT_TABLE_OWNER, NFT_TABLE_PERSIST */
	bool counts;          /* the connections of an address */
};

struct firewall {
	const struct warden_host *host;
	struct firewall_features features;
	struct firewall_holder holder;
	uint32_t table_flags; /* of our table; 0: anybody may change it */
	/* The socket that makes all changes of the table: it may be the table's owner. One
	 * transaction at a time. */
	int table_fd;
	pthread_mutex_t table_mutex;
	struct firewall_range *allowed; /* ascending, disjoint */
	size_t n_allowed;
	/* Read lock for changes of elements, write lock to restore the table. */
	pthread_rwlock_t lock;
	pthread_mutex_t members_mutex;
	struct firewall_member *members; /* indexed by slot */
	size_t n_members;                /* length of the array */
	/* What was found in the table of an earlier daemon, until its containers are added. */
	struct firewall_elements found;
	struct firewall_clean found_members;
	struct firewall_shape shape; /* of the table as it was made last */
	bool made;                   /* the table was made once: restoring it includes `found` */
	struct firewall_watch watch;
	struct firewall_foreign foreign;
};

/* Makes the whole table with all members in one transaction; existing rules stay in effect until it
 * is committed. The caller holds the lock for writing, or there is no other thread.
 * firewall_table_replace deletes an existing table in the same transaction. */
int firewall_table_make(struct firewall *firewall, struct warden_error *err);
int firewall_table_replace(struct firewall *firewall, struct warden_error *err);

/* Sends a transaction. */
int firewall_commit(struct firewall *firewall, struct nft *nft, struct warden_error *err);
int firewall_table_remove(struct firewall *firewall, struct warden_error *err);

/* Replaces the set of allowed networks in the table by firewall->allowed. The lock as above. */
int firewall_table_replace_allowed(struct firewall *firewall, struct warden_error *err);

/* The key of a member in the set of containers. */
#define FIREWALL_KEY_SIZE (IF_NAMESIZE + sizeof(struct in_addr))
void firewall_key(const struct firewall_member *member, uint8_t key[FIREWALL_KEY_SIZE]);

/* firewall_shards.c: the sets that hold rules; those with ranges exist once per shard. */
#define FIREWALL_SHARDS 32u
void firewall_shards_init(void);
unsigned firewall_shard_of(struct in_addr container);
const struct nft_set *firewall_rule_set(enum firewall_rule_set set, unsigned shard);
void firewall_rule_sets_foreach(void (*call)(const struct nft_set *set, void *data), void *data);

/* The chain that a container's packets jump to; the masked bits of its address select it. */
const char *firewall_shard_chain(unsigned shard);
struct in_addr firewall_shard_key(unsigned shard);
struct in_addr firewall_shard_mask(void);

/* firewall_elements.c: puts elements into a transaction as messages; and the size that these need.
 */
void firewall_elements_put(struct nft *nft, const struct firewall_elements *elements, bool remove);
size_t firewall_elements_size(const struct firewall_elements *elements);

/* Removes the elements that only `before` has and adds those that only `after` has. Returns the
 * number of both. */
size_t firewall_elements_change(struct nft *nft, const struct firewall_elements *before,
				const struct firewall_elements *after);

/* Puts the request for all elements of a set. */
void firewall_elements_put_dump(struct netlink_batch *batch, const char *set);

/* Reads the elements of all rules in the existing table; none if there is no table. */
int firewall_elements_read(struct firewall_elements *elements, struct warden_error *err);

/* Whether a chain of the existing table has this name. */
bool firewall_has_chain(const char *name);

/* Reads the containers of the existing table. */
int firewall_members_read(struct firewall_clean *members, struct warden_error *err);

/* firewall_features.c: what the kernel has, and what that means for an operator. */
int firewall_features_find(struct firewall_features *features, struct warden_error *err);
void firewall_features_describe(const struct firewall_features *features,
				const struct host_report *to);

/* firewall_guard.c: blocks what no rule has seen, while there is no table. */
int firewall_guard_set(const struct warden_settings *settings, struct warden_error *err);
int firewall_guard_remove(const struct warden_settings *settings, struct warden_error *err);
void firewall_guard_describe(const struct host_report *to);

/* The chain that logs for a container; it exists until the container is removed. */
#define FIREWALL_LOGGER_SIZE (5 * NETLINK_MESSAGE_MAX)
void firewall_logger_put(struct nft *nft, const struct firewall_member *member);
void firewall_logger_remove(struct nft *nft, const struct firewall_member *member);
bool firewall_is_logger(const char *chain);

/* firewall_shape.c: the shape of the existing table, and whether it still is that of the table that
 * was made last. The caller holds the lock for writing, or there is no other thread. */
int firewall_shape_read(struct firewall_shape *shape, struct warden_error *err);
bool firewall_is_whole(struct firewall *firewall);

/* Parses allow_networks into ascending, disjoint ranges, to be freed. */
int firewall_ranges_read(const char *const *texts, struct firewall_range **ranges, size_t *n,
			 struct warden_error *err);

/* Logs which of allow_networks let containers reach each other or the host. */
void firewall_openings_log(const struct warden_host *host, const char *const *networks);

/* Logs the newest rule of a container for a range of addresses that contains the host's, if the
 * rules are other ones than those that are noted. */
void firewall_openings_log_rules(const struct warden_host *host,
				 const struct warden_identity *identity,
				 const struct warden_rules *rules, struct firewall_noted *noted);

/* Remedy for iptables rules that drop, and the same as a hint in parentheses. */
#define FIREWALL_IPTABLES_REMEDY                                                                   \
	"iptables -I FORWARD -i w-+ -j ACCEPT; iptables -I FORWARD -o w-+ -j ACCEPT; "             \
	"with Docker: in DOCKER-USER"
#define FIREWALL_IPTABLES_HINT " (" FIREWALL_IPTABLES_REMEDY ")"

/* Whether legacy iptables, outside of nf_tables, has a chain FORWARD with policy DROP. */
bool firewall_legacy_drops(void);

/* Log the foreign chains that drop forwarded packets: the first only those not logged before, the
 * second legacy iptables. */
void firewall_foreign_log(struct firewall *firewall);
void firewall_legacy_log(struct firewall *firewall);

/* Starts and ends the thread that restores the table when a part of it is removed, and checks
 * foreign chains when they change. */
int firewall_watch_start(struct firewall *firewall, struct warden_error *err);
void firewall_watch_end(struct firewall *firewall);

/* Logs that the table was restored, and forgets the connections that were opened without it. */
void firewall_on_restored(struct firewall *firewall);

#endif
