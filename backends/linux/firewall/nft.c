/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions, tables, chains and sets of nf_tables; see nft.h. Rules are in nft_rule.c. */
#include "backends/linux/firewall/nft_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>

struct nlmsghdr *nft_message(struct nft *nft, uint16_t type, uint16_t flags, const char *name)
{
	struct nlmsghdr *nlh =
		netlink_add(&nft->batch, NFNL_SUBSYS_NFTABLES << 8 | type, flags, name);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));

	header->nfgen_family = NFPROTO_INET;
	header->version = NFNETLINK_V0;
	return nlh;
}

/* Marks the beginning or the end of a transaction. */
static void nft_put_border(struct nft *nft, uint16_t type)
{
	struct nlmsghdr *nlh = netlink_add(&nft->batch, type, 0, "firewall transaction");
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));

	header->nfgen_family = AF_UNSPEC;
	header->version = NFNETLINK_V0;
	header->res_id = htons(NFNL_SUBSYS_NFTABLES);
}

int nft_begin(struct nft *nft, const char *table, size_t size, struct warden_error *err)
{
	nft->table = table;
	nft->failed = false;
	if (netlink_batch_init(&nft->batch, size, err) < 0)
		return -1;
	nft_put_border(nft, NFNL_MSG_BATCH_BEGIN);
	return 0;
}

int nft_commit(struct nft *nft, int fd, struct warden_error *err)
{
	if (nft->failed) {
		errno = ENOMEM;
		return warden_error_errno(err, "firewall transaction");
	}
	netlink_ack(&nft->batch);
	nft_put_border(nft, NFNL_MSG_BATCH_END);
	return netlink_send(fd, &nft->batch, err);
}

void nft_free(struct nft *nft)
{
	netlink_batch_free(&nft->batch);
}

/* Allocates a table with its name; NULL on failure. */
static struct nftnl_table *nft_new_table(struct nft *nft)
{
	struct nftnl_table *table = nftnl_table_alloc();

	if (table)
		nftnl_table_set_str(table, NFTNL_TABLE_NAME, nft->table);
	else
		nft->failed = true;
	return table;
}

void nft_add_table(struct nft *nft, uint32_t flags)
{
	struct nftnl_table *table = nft_new_table(nft);

	if (!table)
		return;
	if (flags) /* without them an existing table keeps its own */
		nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, flags);
	nftnl_table_nlmsg_build_payload(
		nft_message(nft, NFT_MSG_NEWTABLE, NLM_F_CREATE, "add table"), table);
	nftnl_table_free(table);
}

void nft_delete_table(struct nft *nft)
{
	struct nftnl_table *table = nft_new_table(nft);

	if (!table)
		return;
	nftnl_table_nlmsg_build_payload(nft_message(nft, NFT_MSG_DELTABLE, 0, "delete table"),
					table);
	nftnl_table_free(table);
}

void nft_add_chain(struct nft *nft, const char *name, const struct nft_hook *hook)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (!chain) {
		nft->failed = true;
		return;
	}
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, nft->table);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name);
	if (hook) {
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, hook->type);
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, hook->hook);
		nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, hook->priority);
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	}
	nftnl_chain_nlmsg_build_payload(nft_message(nft, NFT_MSG_NEWCHAIN, NLM_F_CREATE, name),
					chain);
	nftnl_chain_free(chain);
}

void nft_flush_chain(struct nft *nft, const char *name)
{
	struct nftnl_rule *rule = nft_rule(nft, name);

	if (!rule)
		return;
	nftnl_rule_nlmsg_build_payload(nft_message(nft, NFT_MSG_DELRULE, 0, name), rule);
	nftnl_rule_free(rule);
}

void nft_delete_chain(struct nft *nft, const char *name)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (!chain) {
		nft->failed = true;
		return;
	}
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, nft->table);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name);
	nftnl_chain_nlmsg_build_payload(nft_message(nft, NFT_MSG_DELCHAIN, 0, name), chain);
	nftnl_chain_free(chain);
}

struct nftnl_set *nft_elements(struct nft *nft, const char *name)
{
	struct nftnl_set *set = nftnl_set_alloc();

	if (!set || nftnl_set_set_str(set, NFTNL_SET_TABLE, nft->table) < 0 ||
	    nftnl_set_set_str(set, NFTNL_SET_NAME, name) < 0)
		nft->failed = true;
	return set;
}

void nft_add_set(struct nft *nft, const struct nft_set *description)
{
	struct nftnl_set *set = nft_elements(nft, description->name);
	uint32_t flags = description->interval ? NFT_SET_INTERVAL : 0;

	if (!set)
		return;
	if (description->data_type) {
		flags |= NFT_SET_MAP;
		nftnl_set_set_u32(set, NFTNL_SET_DATA_TYPE, description->data_type);
		nftnl_set_set_u32(set, NFTNL_SET_DATA_LEN, description->data_length);
	}
	nftnl_set_set_u32(set, NFTNL_SET_ID, nft->batch.next);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, description->key_type);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, description->key_length);
	if (description->by_rules) {
		flags |= NFT_SET_EVAL;
		nftnl_set_set_u32(set, NFTNL_SET_DESC_SIZE, description->size);
	}
	if (description->timeout_ms) {
		flags |= NFT_SET_TIMEOUT;
		nftnl_set_set_u64(set, NFTNL_SET_TIMEOUT, description->timeout_ms);
		nftnl_set_set_u32(set, NFTNL_SET_GC_INTERVAL, (uint32_t)description->timeout_ms);
	}
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, flags);
	nftnl_set_nlmsg_build_payload(
		nft_message(nft, NFT_MSG_NEWSET, NLM_F_CREATE, description->name), set);
	nftnl_set_free(set);
}

void nft_flush_set(struct nft *nft, const char *name)
{
	nft_put_elements(nft, nft_elements(nft, name), true, name);
}

/* Adds a new element with its key; the set owns it. NULL on failure. */
static struct nftnl_set_elem *nft_new_element(struct nft *nft, struct nftnl_set *elements,
					      const void *key, uint32_t length)
{
	struct nftnl_set_elem *element = elements ? nftnl_set_elem_alloc() : NULL;

	if (!element || nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key, length) < 0) {
		if (element)
			nftnl_set_elem_free(element);
		nft->failed = true;
		return NULL;
	}
	nftnl_set_elem_add(elements, element);
	return element;
}

void nft_element(struct nft *nft, struct nftnl_set *elements, const void *key, uint32_t length,
		 bool last)
{
	struct nftnl_set_elem *element = nft_new_element(nft, elements, key, length);

	if (element && last)
		nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
}

void nft_map_element(struct nft *nft, struct nftnl_set *elements, const void *key, uint32_t length,
		     const void *data, uint32_t data_length)
{
	struct nftnl_set_elem *element = nft_new_element(nft, elements, key, length);

	if (element && nftnl_set_elem_set(element, NFTNL_SET_ELEM_DATA, data, data_length) < 0)
		nft->failed = true;
}

void nft_jump_element(struct nft *nft, struct nftnl_set *elements, const void *key, uint32_t length,
		      const char *chain)
{
	struct nftnl_set_elem *element = nft_new_element(nft, elements, key, length);

	if (!element)
		return;
	nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_VERDICT, (uint32_t)NFT_JUMP);
	if (nftnl_set_elem_set_str(element, NFTNL_SET_ELEM_CHAIN, chain) < 0)
		nft->failed = true;
}

void nft_put_elements(struct nft *nft, struct nftnl_set *elements, bool remove, const char *name)
{
	uint16_t type = remove ? NFT_MSG_DELSETELEM : NFT_MSG_NEWSETELEM;

	if (!elements)
		return;
	nftnl_set_elems_nlmsg_build_payload(nft_message(nft, type, remove ? 0 : NLM_F_CREATE, name),
					    elements);
	nftnl_set_free(elements);
}

int nft_read_elements(const struct nlmsghdr *nlh,
		      int (*each)(struct nftnl_set_elem *element, void *data), void *data)
{
	struct nftnl_set *set = nftnl_set_alloc();
	int result = MNL_CB_ERROR;

	if (!set)
		return MNL_CB_ERROR;
	if (nftnl_set_elems_nlmsg_parse(nlh, set) == 0 &&
	    nftnl_set_elem_foreach(set, each, data) == 0)
		result = MNL_CB_OK;
	nftnl_set_free(set);
	return result;
}
