/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the containers in the existing table, and removes those that a clean names; see firewall.h.
 * No daemon uses the table meanwhile. */
#include "backends/linux/firewall/firewall_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/linux/net/conntrack.h"
#include "lib/cleanup.h"

/* Size of the messages with one element. */
#define ELEMENT_SIZE ((size_t)256)

void firewall_clean_free(struct firewall_clean *clean)
{
	free(clean->members);
}

/* Whether a container with this address stays. */
static bool firewall_clean_keeps(const struct firewall_clean *clean, struct in_addr address)
{
	for (size_t i = 0; i < clean->n; i++)
		if (!clean->members[i].remove && clean->members[i].address.s_addr == address.s_addr)
			return true;
	return false;
}

/* Leaves in the list the elements of rules that belong to no container which stays. */
static int firewall_clean_find_rules(const struct firewall_clean *clean,
				     struct firewall_elements *elements, struct warden_error *err)
{
	size_t n = 0;

	if (firewall_elements_read(elements, err) < 0)
		return -1;
	for (size_t i = 0; i < elements->n; i++)
		if (!firewall_clean_keeps(clean, firewall_element_container(&elements->list[i])))
			elements->list[n++] = elements->list[i];
	elements->n = n;
	return 0;
}

int firewall_clean_find(struct firewall_clean *clean, struct warden_error *err)
{
	struct firewall_elements rules = {0};
	int result;

	firewall_shards_init();
	if (firewall_members_read(clean, err) < 0)
		return -1;
	result = clean->exists ? firewall_clean_find_rules(clean, &rules, err) : 0;
	clean->n_rules = rules.n;
	free(rules.list);
	return result;
}

static int firewall_clean_remove_elements(int fd, const struct firewall_clean *clean,
					  struct warden_error *err)
{
	struct firewall_elements rules = {0};
	struct nftnl_set *elements;
	uint8_t key[FIREWALL_KEY_SIZE];
	struct nft nft;
	int result = firewall_clean_find_rules(clean, &rules, err);

	if (result == 0)
		result = nft_begin(&nft, FIREWALL_TABLE,
				   4 * NETLINK_MESSAGE_MAX + clean->n * ELEMENT_SIZE +
					   firewall_elements_size(&rules),
				   err);
	if (result < 0) {
		free(rules.list);
		return -1;
	}
	firewall_elements_put(&nft, &rules, true);
	for (size_t i = 0; i < clean->n; i++) {
		struct firewall_member member = {.address = clean->members[i].address};

		if (!clean->members[i].remove)
			continue;
		memcpy(member.link, clean->members[i].link, sizeof(member.link));
		firewall_key(&member, key);
		elements = nft_elements(&nft, FIREWALL_CONTAINERS);
		nft_element(&nft, elements, key, sizeof(key), false);
		nft_put_elements(&nft, elements, true, "remove container from firewall");
	}
	result = nft_commit(&nft, fd, err);
	nft_free(&nft);
	free(rules.list);
	return result;
}

/* Most containers have no chain that logs. */
static void firewall_clean_remove_loggers(int fd, const struct firewall_clean *clean)
{
	struct warden_error ignored;

	for (size_t i = 0; i < clean->n; i++) {
		struct firewall_member member = {.address = clean->members[i].address};
		struct nft nft;

		if (!clean->members[i].remove ||
		    nft_begin(&nft, FIREWALL_TABLE, FIREWALL_LOGGER_SIZE, &ignored) < 0)
			continue;
		firewall_logger_remove(&nft, &member);
		(void)nft_commit(&nft, fd, &ignored);
		nft_free(&nft);
	}
}

/* The next container with the address must not go on with these connections. */
static int firewall_clean_forget(const struct firewall_clean *clean, struct warden_error *err)
{
	_cleanup_free_ struct in_addr *addresses = calloc(clean->n + 1, sizeof(*addresses));
	size_t n = 0;

	if (!addresses)
		return warden_error_errno(err, "delete tracked connections");
	for (size_t i = 0; i < clean->n; i++)
		if (clean->members[i].remove)
			addresses[n++] = clean->members[i].address;
	return n > 0 ? conntrack_forget(addresses, n, err) : 0;
}

/* The socket that may change the table: that of the holder, if there is one for this depot. */
static int firewall_clean_open(struct firewall *table, const struct warden_host *host,
			       struct warden_error *err)
{
	int fd = firewall_holder_fetch(&table->holder, host, err);

	return fd >= 0 || err->number != ENOENT ? fd : netlink_open(NETLINK_NETFILTER, err);
}

int firewall_clean_remove(const struct firewall_clean *clean, const struct warden_host *host,
			  bool whole, struct warden_error *err)
{
	struct firewall table = {.table_mutex = PTHREAD_MUTEX_INITIALIZER};
	_cleanup_close_ int fd = firewall_clean_open(&table, host, err);
	int result;

	if (fd < 0)
		return -1;
	table.table_fd = fd;
	result = whole ? firewall_table_remove(&table, err)
		       : firewall_clean_remove_elements(fd, clean, err);
	/* The holder of a depot that is not here any more. */
	if (result < 0 && whole && err->number == EPERM && firewall_holder_end_others() > 0)
		result = firewall_table_remove(&table, err);
	if (result == 0 && !whole)
		firewall_clean_remove_loggers(fd, clean);
	if (result == 0 && whole) {
		struct warden_error ignored; /* the kernel may have no guard */

		firewall_holder_end(&table.holder);
		(void)firewall_guard_remove(host->settings, &ignored);
	} else {
		firewall_holder_leave(&table.holder);
	}
	return result < 0 ? -1 : firewall_clean_forget(clean, err);
}
