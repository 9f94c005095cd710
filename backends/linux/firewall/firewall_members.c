/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what the existing table knows: its containers, and whether it has a chain. */
#include "backends/linux/firewall/firewall_private.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"

static int firewall_members_read_element(struct nftnl_set_elem *from, void *data)
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

static int firewall_members_read_message(const struct nlmsghdr *nlh, void *data)
{
	return nft_read_elements(nlh, firewall_members_read_element, data);
}

int firewall_members_read(struct firewall_clean *members, struct warden_error *err)
{
	_cleanup_close_ int fd = netlink_open(NETLINK_NETFILTER, err);
	_cleanup_batch_ struct netlink_batch batch = {0};

	*members = (struct firewall_clean){0};
	if (fd < 0 || netlink_batch_init(&batch, NETLINK_MESSAGE_MAX, err) < 0)
		return -1;
	firewall_elements_put_dump(&batch, FIREWALL_CONTAINERS);
	if (netlink_ask(fd, &batch, firewall_members_read_message, members, err) < 0)
		return err->number == ENOENT ? 0 : -1;
	members->exists = true;
	return 0;
}

static int firewall_members_ignore_message(const struct nlmsghdr *nlh, void *data)
{
	(void)nlh;
	(void)data;
	return MNL_CB_OK;
}

bool firewall_has_chain(const char *name)
{
	struct warden_error ignored;
	_cleanup_close_ int fd = netlink_open(NETLINK_NETFILTER, &ignored);
	_cleanup_batch_ struct netlink_batch batch = {0};
	struct nfgenmsg *header;
	struct nlmsghdr *nlh;

	if (fd < 0 || netlink_batch_init(&batch, NETLINK_MESSAGE_MAX, &ignored) < 0)
		return false;
	nlh = netlink_add(&batch, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, NLM_F_ACK, name);
	header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));
	header->nfgen_family = NFPROTO_INET;
	header->version = NFNETLINK_V0;
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, FIREWALL_TABLE);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, name);
	return netlink_ask(fd, &batch, firewall_members_ignore_message, NULL, &ignored) == 0;
}
