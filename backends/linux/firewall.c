/* SPDX-License-Identifier: Apache-2.0 */
/* The firewall as the backend sees it: the table from start to end, and its members; see
 * firewall.h. The rules are in firewall_table.c. */
#include "backends/linux/firewall.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/common/util.h"
#include "backends/linux/firewall_private.h"
#include "backends/linux/net_link.h"

/* Of a transaction with one element. */
#define ELEMENT_BATCH_SIZE (4 * NETLINK_MESSAGE_MAX)

/* A socket with a number of its own, by which the kernel tells who changed the table. */
static int open_table_socket(struct firewall *firewall, struct warden_error *err)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	socklen_t length = sizeof(address);

	firewall->table_fd = netlink_open(NETLINK_NETFILTER, err);
	if (firewall->table_fd < 0)
		return -1;
	if (bind(firewall->table_fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    getsockname(firewall->table_fd, (struct sockaddr *)&address, &length) != 0)
		return warden_error_errno(err, "bind netlink socket");
	firewall->table_port = address.nl_pid;
	return 0;
}

static void release(struct firewall *firewall)
{
	if (firewall->table_fd >= 0)
		close(firewall->table_fd);
	netlink_pool_free(&firewall->sockets);
	pthread_rwlock_destroy(&firewall->lock);
	pthread_mutex_destroy(&firewall->members_mutex);
	free(firewall->allowed);
	free(firewall->members);
	free(firewall);
}

int firewall_setup(const struct warden_host *host, struct firewall **result,
		   struct warden_error *err)
{
	struct firewall *firewall = calloc(1, sizeof(*firewall));

	if (!firewall)
		return warden_error_errno(err, "firewall");
	firewall->host = host;
	firewall->table_fd = -1;
	netlink_pool_init(&firewall->sockets, NETLINK_NETFILTER);
	pthread_rwlock_init(&firewall->lock, NULL);
	pthread_mutex_init(&firewall->members_mutex, NULL);
	if (firewall_ranges_read(host->settings->allow_networks, &firewall->allowed,
				 &firewall->n_allowed, err) != 0 ||
	    open_table_socket(firewall, err) != 0 || firewall_table_make(firewall, err) != 0 ||
	    firewall_watch_start(firewall, err) != 0) {
		release(firewall);
		return -1;
	}
	firewall_others_log(firewall);
	*result = firewall;
	return 0;
}

static bool has_members(const struct firewall *firewall)
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
	if (!has_members(firewall) && firewall_table_remove(firewall, &err) != 0)
		firewall->host->log(firewall->host, WARDEN_LOG_WARN, NULL, "firewall: %s",
				    err.message);
	release(firewall);
}

static void member_of(const struct warden_identity *identity, struct firewall_member *member)
{
	memset(member, 0, sizeof(*member)); /* all of the name is part of the key */
	net_link_name(member->link, identity->id, NET_HOST_END);
	member->address = identity->container_ip;
}

/* Writes a member down, for when the table has to be put back; NULL takes it out. */
static int remember(struct firewall *firewall, uint32_t slot, const struct firewall_member *member,
		    struct warden_error *err)
{
	int result = 0;

	pthread_mutex_lock(&firewall->members_mutex);
	if (member && slot >= firewall->n_members) {
		size_t size = 2 * (size_t)slot + 16;
		struct firewall_member *grown = realloc(firewall->members, size * sizeof(*grown));

		if (grown) {
			memset(grown + firewall->n_members, 0,
			       (size - firewall->n_members) * sizeof(*grown));
			firewall->members = grown;
			firewall->n_members = size;
		} else {
			result = warden_error_errno(err, "firewall");
		}
	}
	if (slot < firewall->n_members)
		firewall->members[slot] = member ? *member : (struct firewall_member){0};
	pthread_mutex_unlock(&firewall->members_mutex);
	return result;
}

/* Adds or removes one element. */
static int change(struct firewall *firewall, const struct firewall_member *member, bool remove,
		  struct warden_error *err)
{
	_cleanup_nft_ struct nft nft;
	struct nftnl_set *elements;
	uint8_t key[FIREWALL_KEY_SIZE];
	int fd, result;

	if (nft_begin(&nft, FIREWALL_TABLE, ELEMENT_BATCH_SIZE, err) != 0)
		return -1;
	firewall_key(member, key);
	elements = nft_elements(&nft, FIREWALL_CONTAINERS);
	nft_element(&nft, elements, key, sizeof(key), false);
	nft_put_elements(&nft, elements, remove,
			 remove ? "remove container from firewall" : "add container to firewall");
	fd = netlink_take(&firewall->sockets, err);
	if (fd < 0)
		return -1;
	result = nft_commit(&nft, fd, err);
	netlink_give(&firewall->sockets, fd);
	return result;
}

/* Somebody has removed the table, and the watcher has not seen it yet. */
static int put_back(struct firewall *firewall, struct warden_error *err)
{
	int result;

	pthread_rwlock_wrlock(&firewall->lock);
	result = firewall_table_make(firewall, err);
	pthread_rwlock_unlock(&firewall->lock);
	return result;
}

int firewall_add(struct firewall *firewall, const struct warden_identity *identity,
		 struct warden_error *err)
{
	struct firewall_member member;
	int result;

	member_of(identity, &member);
	pthread_rwlock_rdlock(&firewall->lock);
	result = remember(firewall, identity->slot, &member, err);
	if (result == 0)
		result = change(firewall, &member, false, err);
	pthread_rwlock_unlock(&firewall->lock);
	if (result != 0 && err->number == ENOENT)
		result = put_back(firewall, err);
	if (result != 0)
		(void)remember(firewall, identity->slot, NULL, err); /* taking out cannot fail */
	return result;
}

int firewall_remove(struct firewall *firewall, const struct warden_identity *identity,
		    struct warden_error *err)
{
	struct firewall_member member;
	int result;

	member_of(identity, &member);
	pthread_rwlock_rdlock(&firewall->lock);
	(void)remember(firewall, identity->slot, NULL, err); /* taking out cannot fail */
	result = change(firewall, &member, true, err);
	pthread_rwlock_unlock(&firewall->lock);
	return result != 0 && err->number == ENOENT ? 0 : result;
}
