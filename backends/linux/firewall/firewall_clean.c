/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the containers in the existing table, and removes those that a clean names; see firewall.h.
 * No daemon uses the table meanwhile. */
#include "backends/linux/firewall/firewall_private.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/linux/net/conntrack.h"
#include "lib/cleanup.h"

/* Size of the messages with one element. */
#define ELEMENT_SIZE ((size_t)256)

static int firewall_clean_read_element(struct nftnl_set_elem *from, void *data)
{
	struct firewall_clean *clean = data;
	struct firewall_clean_member *grown, *member;
	uint32_t length = 0;
	const uint8_t *key = nftnl_set_elem_get(from, NFTNL_SET_ELEM_KEY, &length);

	if (!key || length != FIREWALL_KEY_SIZE)
		return 0;
	grown = reallocarray(clean->members, clean->n + 1, sizeof(*grown));
	if (!grown)
		return -1;
	clean->members = grown;
	member = &grown[clean->n++];
	*member = (struct firewall_clean_member){0};
	memcpy(member->link, key, IF_NAMESIZE);
	member->link[IF_NAMESIZE - 1] = '\0';
	memcpy(&member->address, key + IF_NAMESIZE, sizeof(member->address));
	return 0;
}

static int firewall_clean_read_message(const struct nlmsghdr *nlh, void *data)
{
	struct nftnl_set *set = nftnl_set_alloc();
	int result = MNL_CB_ERROR;

	if (!set)
		return MNL_CB_ERROR;
	if (nftnl_set_elems_nlmsg_parse(nlh, set) == 0 &&
	    nftnl_set_elem_foreach(set, firewall_clean_read_element, data) == 0)
		result = MNL_CB_OK;
	nftnl_set_free(set);
	return result;
}

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
	_cleanup_close_ int fd = netlink_open(NETLINK_NETFILTER, err);
	_cleanup_batch_ struct netlink_batch batch = {0};
	struct firewall_elements rules = {0};
	int result;

	*clean = (struct firewall_clean){0};
	firewall_shards_init();
	if (fd < 0 || netlink_batch_init(&batch, NETLINK_MESSAGE_MAX, err) < 0)
		return -1;
	firewall_elements_put_dump(&batch, FIREWALL_CONTAINERS);
	if (netlink_ask(fd, &batch, firewall_clean_read_message, clean, err) < 0)
		return err->number == ENOENT ? 0 : -1;
	clean->exists = true;
	result = firewall_clean_find_rules(clean, &rules, err);
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

int firewall_clean_remove(const struct firewall_clean *clean, bool whole, struct warden_error *err)
{
	_cleanup_close_ int fd = netlink_open(NETLINK_NETFILTER, err);
	struct firewall table = {.table_fd = fd};

	if (fd < 0)
		return -1;
	if (whole) {
		if (firewall_table_remove(&table, err) < 0)
			return -1;
	} else {
		if (firewall_clean_remove_elements(fd, clean, err) < 0)
			return -1;
		firewall_clean_remove_loggers(fd, clean);
	}
	return firewall_clean_forget(clean, err);
}
