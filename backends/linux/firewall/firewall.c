/* SPDX-License-Identifier: Apache-2.0 */
/* The firewall's interface to the backend: the table from set-up to removal, and its members; see
 * firewall.h. The rules are in firewall_table.c. */
#include "backends/linux/firewall/firewall.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/linux/firewall/firewall_private.h"
#include "backends/linux/net/conntrack.h"
#include "backends/linux/net/net_link.h"
#include "lib/cleanup.h"

/* Size of a transaction with one element. */
#define ELEMENT_BATCH_SIZE (4 * NETLINK_MESSAGE_MAX)

/* The core's number of slots. */
#define SLOTS_USUAL 4096

static void firewall_release(struct firewall *firewall)
{
	firewall_holder_leave(&firewall->holder);
	if (firewall->table_fd >= 0)
		close(firewall->table_fd);
	pthread_mutex_destroy(&firewall->table_mutex);
	pthread_rwlock_destroy(&firewall->lock);
	pthread_mutex_destroy(&firewall->members_mutex);
	pthread_mutex_destroy(&firewall->foreign.mutex);
	for (size_t i = 0; i < firewall->n_members; i++)
		free(firewall->members[i].elements.list);
	free(firewall->found.list);
	firewall_clean_free(&firewall->found_members);
	free(firewall->allowed);
	free(firewall->members);
	free(firewall);
}

/* Reads the containers of an earlier daemon and their rules, which stay in force until set_rules
 * replaces them. */
static void firewall_read_rules(struct firewall *firewall)
{
	struct warden_error err;

	if (firewall_members_read(&firewall->found_members, &err) < 0 ||
	    firewall_elements_read(&firewall->found, &err) < 0)
		firewall->host->log(firewall->host, WARDEN_LOG_WARN, NULL,
				    "firewall: cannot read the rules of the existing table: %s",
				    err.message);
}

static const struct firewall_member firewall_free_slot = {.address.s_addr = INADDR_NONE};

/* Grows the array for a slot. The mutex is held, or there is no other thread. Slots are handed out
 * in ascending order, so the array has room for the usual number from the start. */
static int firewall_grow_members(struct firewall *firewall, uint32_t slot, struct warden_error *err)
{
	size_t size = slot < SLOTS_USUAL ? SLOTS_USUAL : 2 * (size_t)slot;
	struct firewall_member *grown;

	if (slot < firewall->n_members)
		return 0;
	grown = reallocarray(firewall->members, size, sizeof(*grown));
	if (!grown)
		return warden_error_errno(err, "firewall");
	for (size_t i = firewall->n_members; i < size; i++)
		grown[i] = firewall_free_slot;
	firewall->members = grown;
	firewall->n_members = size;
	return 0;
}

/* All containers' addresses, and the mark of their connections. */
static struct conntrack_pool firewall_pool(const struct firewall *firewall)
{
	const struct warden_settings *settings = firewall->host->settings;

	return (struct conntrack_pool){
		.first = settings->pool_network,
		.n = 4 * settings->pool_networks,
		.mark = settings->connection_mark,
	};
}

void firewall_on_restored(struct firewall *firewall)
{
	const struct warden_host *host = firewall->host;
	const struct conntrack_pool pool = firewall_pool(firewall);
	struct warden_error err;

	host->log(host, WARDEN_LOG_WARN, NULL,
		  "firewall: another program removed table inet " FIREWALL_TABLE
		  " or a part of it; restored");
	/* Without their entries they do not go on either: they have no mark. */
	if (conntrack_forget_unmarked(&pool, &err) < 0)
		host->log(host, WARDEN_LOG_WARN, NULL,
			  "firewall: connections that were opened meanwhile stay tracked: %s",
			  err.message);
}

/* Opens the socket that will own the table, and has a holder keep it. */
static int firewall_open_owner(struct firewall *firewall, struct linux_spawner *spawner,
			       struct warden_error *err)
{
	firewall->table_fd = netlink_open_numbered(NETLINK_NETFILTER, FIREWALL_PORTS, err);
	if (firewall->table_fd < 0 || firewall->table_flags == 0)
		return firewall->table_fd < 0 ? -1 : 0;
	return firewall_holder_start(&firewall->holder, firewall->host, spawner, firewall->table_fd,
				     err);
}

/* Connections that the last release has allowed have no mark: there is a table without a chain that
 * marks. Otherwise what has no mark was opened while there was no table. */
static int firewall_settle_connections(struct firewall *firewall, struct warden_error *err)
{
	const struct conntrack_pool pool = firewall_pool(firewall);

	if (firewall->found_members.exists && !firewall_has_chain(FIREWALL_MARKING_CHAIN))
		return conntrack_mark(&pool, err);
	return conntrack_forget_unmarked(&pool, err);
}

/* An existing table cannot get or lose an owner. If it has one (EPERM) that is the holder of a
 * depot which is not here any more: no other daemon runs in this network namespace. */
static int firewall_make_or_replace(struct firewall *firewall, bool taken, struct warden_error *err)
{
	bool replace = taken != (firewall->table_flags != 0);
	int result = replace ? firewall_table_replace(firewall, err)
			     : firewall_table_make(firewall, err);

	if (result == 0 || err->number != EPERM)
		return result;
	if (firewall_holder_end_others() == 0)
		return warden_error_set(err,
					"table inet " FIREWALL_TABLE " belongs to another program");
	firewall->host->log(firewall->host, WARDEN_LOG_WARN, NULL,
			    "firewall: took the table over from the daemon of another depot");
	return firewall_table_replace(firewall, err);
}

/* Without the guard the table is the only wall, but one. */
static void firewall_set_guard(struct firewall *firewall)
{
	const struct warden_host *host = firewall->host;
	const struct warden_settings *settings = host->settings;
	struct warden_error err;

	if (settings->own_table && firewall_guard_set(settings, &err) < 0)
		host->log(host, WARDEN_LOG_WARN, NULL,
			  "firewall: nothing guards containers if the table is lost: %s",
			  err.message);
	if (!settings->own_table)
		(void)firewall_guard_remove(settings, &err); /* the kernel may have none */
}

/* Takes the table over from the holder, or makes it. */
static int firewall_take_table(struct firewall *firewall, struct linux_spawner *spawner,
			       struct warden_error *err)
{
	const struct warden_settings *settings = firewall->host->settings;
	bool taken;

	firewall->table_fd = firewall_holder_fetch(&firewall->holder, firewall->host, err);
	taken = firewall->table_fd >= 0;
	if (!taken && err->number != ENOENT)
		return -1;
	if (settings->own_table)
		firewall->table_flags = firewall->features.table_flags;
	/* While a holder kept the table nothing was opened without it. */
	if (!taken && (firewall_open_owner(firewall, spawner, err) < 0 ||
		       firewall_settle_connections(firewall, err) < 0))
		return -1;
	if (firewall_make_or_replace(firewall, taken, err) < 0)
		return -1;
	if (!firewall->table_flags)
		firewall_holder_end(&firewall->holder);
	firewall_set_guard(firewall);
	return 0;
}

static void firewall_init(struct firewall *firewall, const struct warden_host *host)
{
	firewall->host = host;
	firewall->table_fd = firewall->holder.fd = -1;
	pthread_mutex_init(&firewall->table_mutex, NULL);
	pthread_rwlock_init(&firewall->lock, NULL);
	pthread_mutex_init(&firewall->members_mutex, NULL);
	pthread_mutex_init(&firewall->foreign.mutex, NULL);
	firewall_shards_init();
}

int firewall_setup(const struct warden_host *host, struct linux_spawner *spawner,
		   struct firewall **result, struct warden_error *err)
{
	struct firewall *firewall = calloc(1, sizeof(*firewall));

	if (!firewall)
		return warden_error_errno(err, "firewall");
	firewall_init(firewall, host);
	firewall_read_rules(firewall);
	if (firewall_grow_members(firewall, 0, err) < 0 ||
	    firewall_ranges_read(host->settings->allow_networks, &firewall->allowed,
				 &firewall->n_allowed, err) < 0 ||
	    firewall_features_find(&firewall->features, err) < 0 ||
	    firewall_take_table(firewall, spawner, err) < 0 ||
	    firewall_watch_start(firewall, err) < 0) {
		if (firewall->holder.started)
			firewall_holder_end(&firewall->holder);
		firewall_release(firewall);
		return -1;
	}
	firewall_foreign_log(firewall);
	firewall_legacy_log(firewall);
	firewall_openings_log(host, host->settings->allow_networks);
	*result = firewall;
	return 0;
}

int firewall_watch_holder(struct firewall *firewall, struct linux_spawner *spawner,
			  struct watcher *watcher, struct warden_error *err)
{
	return firewall_holder_watch(&firewall->holder, spawner, watcher, err);
}

int firewall_commit(struct firewall *firewall, struct nft *nft, struct warden_error *err)
{
	int result;

	pthread_mutex_lock(&firewall->table_mutex);
	result = nft_commit(nft, firewall->table_fd, err);
	if (result < 0)
		netlink_drain(firewall->table_fd);
	pthread_mutex_unlock(&firewall->table_mutex);
	return result;
}

static bool firewall_has_members(const struct firewall *firewall)
{
	for (size_t i = 0; i < firewall->n_members; i++)
		if (firewall->members[i].link[0])
			return true;
	return false;
}

void firewall_free(struct firewall *firewall)
{
	struct warden_error err;

	if (!firewall)
		return;
	firewall_watch_end(firewall);
	if (!firewall_has_members(firewall)) {
		if (firewall_table_remove(firewall, &err) < 0)
			firewall->host->log(firewall->host, WARDEN_LOG_WARN, NULL, "firewall: %s",
					    err.message);
		firewall_holder_end(&firewall->holder);
		(void)firewall_guard_remove(firewall->host->settings, &err); /* as at the start */
	}
	firewall_release(firewall);
}

static void firewall_init_member(const struct warden_identity *identity,
				 struct firewall_member *member)
{
	memset(member, 0, sizeof(*member)); /* the name's padding is part of the key */
	net_link_name(member->link, identity->id, NET_HOST_END);
	member->address = identity->container_ip;
}

/* Forgets what was found of the container itself. The mutex is held. */
static void firewall_claim_found_member(struct firewall *firewall,
					const struct firewall_member *member)
{
	struct firewall_clean *found = &firewall->found_members;
	size_t left = 0;

	for (size_t i = 0; i < found->n; i++)
		if (found->members[i].address.s_addr != member->address.s_addr)
			found->members[left++] = found->members[i];
	found->n = left;
}

/* Moves the found rules of a container, or of an earlier one with its address, to its member. The
 * mutex is held. */
static int firewall_claim_found(struct firewall *firewall, struct firewall_member *member,
				struct warden_error *err)
{
	struct firewall_elements *found = &firewall->found, *own = &member->elements;
	struct firewall_element *grown;
	size_t n = 0, left = 0;

	for (size_t i = 0; i < found->n; i++)
		n += firewall_element_container(&found->list[i]).s_addr == member->address.s_addr;
	if (n == 0)
		return 0;
	grown = reallocarray(own->list, own->n + n, sizeof(*grown));
	if (!grown)
		return warden_error_errno(err, "firewall");
	own->list = grown;
	for (size_t i = 0; i < found->n; i++) {
		const struct firewall_element element = found->list[i];

		if (firewall_element_container(&element).s_addr == member->address.s_addr)
			own->list[own->n++] = element;
		else
			found->list[left++] = element;
	}
	found->n = left;
	qsort(own->list, own->n, sizeof(*own->list), firewall_element_compare);
	return 0;
}

/* Records a member, so that the table can be restored. Its rules stay. */
static int firewall_set_member(struct firewall *firewall, uint32_t slot,
			       const struct firewall_member *member, struct warden_error *err)
{
	int result;

	pthread_mutex_lock(&firewall->members_mutex);
	result = firewall_grow_members(firewall, slot, err);
	if (result == 0) {
		struct firewall_member *own = &firewall->members[slot];

		memcpy(own->link, member->link, sizeof(own->link));
		own->address = member->address;
		firewall_claim_found_member(firewall, own);
		result = firewall_claim_found(firewall, own, err);
	}
	pthread_mutex_unlock(&firewall->members_mutex);
	return result;
}

/* Frees the slot of a member whose rules are removed. */
static void firewall_clear_member(struct firewall *firewall, uint32_t slot)
{
	pthread_mutex_lock(&firewall->members_mutex);
	if (slot < firewall->n_members) {
		free(firewall->members[slot].elements.list);
		firewall->members[slot] = firewall_free_slot;
	}
	pthread_mutex_unlock(&firewall->members_mutex);
}

/* Returns a copy of a member; its rules are borrowed, which is safe because operations on one
 * container never run concurrently. */
static struct firewall_member firewall_get_member(struct firewall *firewall, uint32_t slot)
{
	struct firewall_member member = {0};

	pthread_mutex_lock(&firewall->members_mutex);
	if (slot < firewall->n_members)
		member = firewall->members[slot];
	pthread_mutex_unlock(&firewall->members_mutex);
	return member;
}

/* Adds or removes a member's element in the set of containers. */
static int firewall_change_element(struct firewall *firewall, const struct firewall_member *member,
				   bool remove, struct warden_error *err)
{
	_cleanup_nft_ struct nft nft;
	struct nftnl_set *elements;
	uint8_t key[FIREWALL_KEY_SIZE];

	if (nft_begin(&nft, FIREWALL_TABLE, ELEMENT_BATCH_SIZE, err) < 0)
		return -1;
	firewall_key(member, key);
	elements = nft_elements(&nft, FIREWALL_CONTAINERS);
	nft_element(&nft, elements, key, sizeof(key), false);
	nft_put_elements(&nft, elements, remove,
			 remove ? "remove container from firewall" : "add container to firewall");
	return firewall_commit(firewall, &nft, err);
}

/* Restores the table if another tool has removed it and the watcher has not noticed yet. A set or
 * an element may be all that is missing, so it is restored without a look. */
static int firewall_restore_table(struct firewall *firewall, struct warden_error *err)
{
	int result;

	pthread_rwlock_wrlock(&firewall->lock);
	result = firewall_table_make(firewall, err);
	pthread_rwlock_unlock(&firewall->lock);
	if (result == 0)
		firewall_on_restored(firewall);
	return result;
}

/* Whether a change failed because a part of the table is missing, or may have been made although it
 * failed: then the whole table is made as it must be. */
static bool firewall_is_in_doubt(const struct warden_error *err)
{
	return err->number == ENOENT || err->number == EINPROGRESS;
}

int firewall_add(struct firewall *firewall, const struct warden_identity *identity,
		 struct warden_error *err)
{
	struct firewall_member member;
	int result;

	firewall_init_member(identity, &member);
	pthread_rwlock_rdlock(&firewall->lock);
	result = firewall_set_member(firewall, identity->slot, &member, err);
	if (result == 0)
		result = firewall_change_element(firewall, &member, false, err);
	pthread_rwlock_unlock(&firewall->lock);
	if (result < 0 && firewall_is_in_doubt(err))
		result = firewall_restore_table(firewall, err);
	if (result < 0)
		firewall_clear_member(firewall, identity->slot);
	return result;
}

/* Takes from the found rules of removed containers the forwards of the same host ports. Returns
 * them, to be freed. */
static struct firewall_elements firewall_take_stale(struct firewall *firewall,
						    const struct firewall_elements *wanted)
{
	struct firewall_elements stale = {0};
	size_t left = 0;

	pthread_mutex_lock(&firewall->members_mutex);
	if (firewall->found.n > 0)
		stale.list = calloc(firewall->found.n, sizeof(*stale.list));
	for (size_t i = 0; stale.list && i < firewall->found.n; i++) {
		const struct firewall_element element = firewall->found.list[i];
		bool same = false;

		for (size_t k = 0; element.set == FIREWALL_FORWARDS && k < wanted->n; k++)
			same |= wanted->list[k].set == FIREWALL_FORWARDS &&
				memcmp(wanted->list[k].first, element.first,
				       sizeof(element.first)) == 0;
		if (same)
			stale.list[stale.n++] = element;
		else
			firewall->found.list[left++] = element;
	}
	if (stale.list)
		firewall->found.n = left;
	pthread_mutex_unlock(&firewall->members_mutex);
	return stale;
}

/* Changes a member's rules in one transaction. Chains are added and removed with the lock for
 * writing: their number is a part of the table's shape. */
static int firewall_change_rules(struct firewall *firewall, const struct firewall_member *member,
				 const struct firewall_elements *wanted,
				 const struct firewall_elements *stale, bool add_logger,
				 struct warden_error *err)
{
	_cleanup_nft_ struct nft nft;
	size_t size = 4 * NETLINK_MESSAGE_MAX + firewall_elements_size(&member->elements) +
		      firewall_elements_size(wanted) + firewall_elements_size(stale) +
		      (add_logger ? FIREWALL_LOGGER_SIZE : 0);
	size_t n;

	if (nft_begin(&nft, FIREWALL_TABLE, size, err) < 0)
		return -1;
	if (add_logger)
		firewall_logger_put(&nft, member);
	firewall_elements_put(&nft, stale, true);
	n = firewall_elements_change(&nft, &member->elements, wanted);
	if (!add_logger && n == 0 && stale->n == 0)
		return 0;
	return firewall_commit(firewall, &nft, err);
}

/* Replaces a member's rules; the firewall owns the new ones, the caller the returned old ones. */
static struct firewall_elements firewall_swap_rules(struct firewall *firewall, uint32_t slot,
						    const struct firewall_elements *elements,
						    bool logs)
{
	struct firewall_elements before;

	pthread_mutex_lock(&firewall->members_mutex);
	before = firewall->members[slot].elements;
	firewall->members[slot].elements = *elements;
	firewall->members[slot].logs = logs;
	pthread_mutex_unlock(&firewall->members_mutex);
	return before;
}

static bool firewall_has_log(const struct warden_rules *rules)
{
	for (size_t i = 0; i < rules->n_out; i++) {
		const struct warden_out_rule *rule = WARDEN_ELEMENT(rules->out, rules->out_size, i);

		if (rule->log)
			return true;
	}
	return false;
}

/* Sets a member's rules. If another tool has removed a part of the table, or the outcome is
 * unknown, records the new rules and restores the whole table. */
static int firewall_set_elements(struct firewall *firewall, uint32_t slot,
				 struct firewall_elements *elements, bool log,
				 struct warden_error *err)
{
	struct firewall_elements stale = firewall_take_stale(firewall, elements);
	struct firewall_member member = firewall_get_member(firewall, slot);
	bool logs = member.logs || log;
	int result = firewall_change_rules(firewall, &member, elements, &stale,
					   logs && !member.logs, err);

	if (result == 0 || firewall_is_in_doubt(err)) {
		*elements = firewall_swap_rules(firewall, slot, elements, logs);
		if (result < 0) {
			pthread_rwlock_unlock(&firewall->lock);
			result = firewall_restore_table(firewall, err);
			pthread_rwlock_rdlock(&firewall->lock);
		}
		if (result < 0)
			*elements = firewall_swap_rules(firewall, slot, elements, member.logs);
	}
	free(stale.list);
	return result;
}

/* Collects the UDP ports that `after` forwards and `before` does not. */
static size_t firewall_new_udp_ports(const struct firewall_elements *before,
				     const struct firewall_elements *after, uint16_t *ports)
{
	size_t n = 0;

	for (size_t i = 0; i < after->n; i++) {
		const struct firewall_element *element = &after->list[i];

		if (element->set == FIREWALL_FORWARDS && element->first[0] == IPPROTO_UDP &&
		    (before->n == 0 || !bsearch(element, before->list, before->n, sizeof(*element),
						firewall_element_compare)))
			ports[n++] = (uint16_t)(element->first[4] << 8 | element->first[5]);
	}
	return n;
}

/* The rules are in force, so a failure is only logged. */
static void firewall_forget_datagrams(struct firewall *firewall,
				      const struct warden_identity *identity,
				      const struct firewall_elements *before,
				      const struct firewall_elements *after)
{
	const struct warden_settings *settings = firewall->host->settings;
	_cleanup_free_ uint16_t *ports = calloc(after->n + 1, sizeof(*ports));
	const struct conntrack_forwards forwards = {
		.container = identity->container_ip,
		.ports = ports,
		.n = ports ? firewall_new_udp_ports(before, after, ports) : 0,
		.pool = settings->pool_network,
		.pool_addresses = 4 * settings->pool_networks,
	};
	struct warden_error err;

	if (forwards.n > 0 && conntrack_forget_forwarded(&forwards, &err) < 0)
		firewall->host->log(firewall->host, WARDEN_LOG_WARN, identity->id,
				    "cannot delete tracked UDP flows to new forwards, so their "
				    "datagrams may still go to the old destination: %s",
				    err.message);
}

static void firewall_log_openings(struct firewall *firewall, const struct warden_identity *identity,
				  const struct warden_rules *rules)
{
	struct firewall_noted noted = firewall_get_member(firewall, identity->slot).noted;

	firewall_openings_log_rules(firewall->host, identity, rules, &noted);
	pthread_mutex_lock(&firewall->members_mutex);
	firewall->members[identity->slot].noted = noted;
	pthread_mutex_unlock(&firewall->members_mutex);
}

int firewall_set_rules(struct firewall *firewall, const struct warden_identity *identity,
		       const struct warden_rules *rules, struct warden_error *err)
{
	struct firewall_elements elements = {0}, after;
	struct firewall_member member;
	int result;

	firewall_init_member(identity, &member);
	if (firewall_rules_compile(rules, identity->container_ip, &elements, err) < 0)
		return -1;
	if (firewall_has_log(rules) && !firewall_get_member(firewall, identity->slot).logs)
		pthread_rwlock_wrlock(&firewall->lock);
	else
		pthread_rwlock_rdlock(&firewall->lock);
	result = firewall_set_member(firewall, identity->slot, &member, err);
	if (result == 0)
		result = firewall_set_elements(firewall, identity->slot, &elements,
					       firewall_has_log(rules), err);
	after = firewall_get_member(firewall, identity->slot)
			.elements; /* no other thread changes them */
	pthread_rwlock_unlock(&firewall->lock);
	if (result == 0) {
		firewall_forget_datagrams(firewall, identity, &elements, &after);
		firewall_log_openings(firewall, identity, rules);
	}
	free(elements.list);
	return result;
}

static void firewall_swap_allowed(struct firewall *firewall, struct firewall_range **ranges,
				  size_t *n)
{
	struct firewall_range *before = firewall->allowed;
	size_t n_before = firewall->n_allowed;

	firewall->allowed = *ranges;
	firewall->n_allowed = *n;
	*ranges = before;
	*n = n_before;
}

int firewall_allow_networks(struct firewall *firewall, const char *const *networks,
			    struct warden_error *err)
{
	struct firewall_range *ranges;
	size_t n;
	int result;

	if (firewall_ranges_read(networks, &ranges, &n, err) < 0)
		return -1;
	pthread_rwlock_wrlock(&firewall->lock);
	firewall_swap_allowed(firewall, &ranges, &n);
	result = firewall_table_replace_allowed(firewall, err);
	pthread_rwlock_unlock(&firewall->lock);
	if (result < 0 && firewall_is_in_doubt(err))
		result = firewall_restore_table(firewall, err);
	if (result < 0) {
		pthread_rwlock_wrlock(&firewall->lock);
		firewall_swap_allowed(firewall, &ranges, &n);
		pthread_rwlock_unlock(&firewall->lock);
	} else {
		firewall_openings_log(firewall->host, networks);
	}
	free(ranges);
	return result;
}

/* Removes the chain that logs for a container; see firewall_change_rules. */
static int firewall_remove_log_chain(struct firewall *firewall, uint32_t slot,
				     const struct firewall_member *member, struct warden_error *err)
{
	_cleanup_nft_ struct nft nft;
	int result;

	if (nft_begin(&nft, FIREWALL_TABLE, FIREWALL_LOGGER_SIZE, err) < 0)
		return -1;
	firewall_logger_remove(&nft, member);
	pthread_rwlock_wrlock(&firewall->lock);
	result = firewall_commit(firewall, &nft, err);
	if (result < 0 && err->number == ENOENT)
		result = 0;
	if (result == 0)
		firewall->members[slot].logs = false;
	pthread_rwlock_unlock(&firewall->lock);
	return result;
}

int firewall_remove(struct firewall *firewall, const struct warden_identity *identity,
		    struct warden_error *err)
{
	const struct warden_rules none = {0};
	struct firewall_member member;
	int result = firewall_set_rules(firewall, identity, &none, err);

	firewall_init_member(identity, &member);
	if (result == 0 && firewall_get_member(firewall, identity->slot).logs)
		result = firewall_remove_log_chain(firewall, identity->slot, &member, err);
	pthread_rwlock_rdlock(&firewall->lock);
	if (result == 0) {
		result = firewall_change_element(firewall, &member, true, err);
		if (result < 0 && err->number == ENOENT)
			result = 0;
	}
	if (result == 0) /* else its elements may remain, and the next attempt needs their list */
		firewall_clear_member(firewall, identity->slot);
	pthread_rwlock_unlock(&firewall->lock);
	return result;
}
