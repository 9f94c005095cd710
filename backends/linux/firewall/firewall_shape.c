/* SPDX-License-Identifier: Apache-2.0 */
/* The table's shape: a digest of its chains, sets and rules by name and handle. The kernel gives no
 * handle twice, so that two equal shapes are the same table, however its elements and counters have
 * changed. Chains that log for a container are only counted. */
#include "backends/linux/firewall/firewall_private.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "lib/cleanup.h"

static uint64_t firewall_shape_hash(uint64_t hash, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * 1099511628211U;
	return hash;
}

/* Name and handle of a chain or set, chain and handle of a rule. */
struct shape_object {
	uint16_t type;
	const struct nlattr *name, *handle;
};

static int firewall_shape_take_attribute(const struct nlattr *attribute, void *data)
{
	struct shape_object *object = data;
	const uint16_t type = mnl_attr_get_type(attribute);
	const uint16_t name = object->type == NFT_MSG_NEWCHAIN ? NFTA_CHAIN_NAME : NFTA_RULE_CHAIN;
	const uint16_t handle = object->type == NFT_MSG_NEWCHAIN ? NFTA_CHAIN_HANDLE
				: object->type == NFT_MSG_NEWSET ? NFTA_SET_HANDLE
								 : NFTA_RULE_HANDLE;

	if (type == name && mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
		object->name = attribute;
	if (type == handle && mnl_attr_validate(attribute, MNL_TYPE_U64) >= 0)
		object->handle = attribute;
	return MNL_CB_OK;
}

static int firewall_shape_take_table(const struct nlattr *attribute, void *data)
{
	/* NFTA_CHAIN_TABLE, NFTA_SET_TABLE and NFTA_RULE_TABLE are all 1. */
	if (mnl_attr_get_type(attribute) == NFTA_TABLE_NAME &&
	    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
		*(bool *)data = strcmp(mnl_attr_get_str(attribute), FIREWALL_TABLE) == 0;
	return MNL_CB_OK;
}

/* A sum, since the order of a dump does not matter. */
static int firewall_shape_add(const struct nlmsghdr *nlh, void *data)
{
	struct shape_object object = {.type = nlh->nlmsg_type & 0xff};
	struct firewall_shape *shape = data;
	uint64_t hash = 14695981039346656037U;
	bool ours = false;

	if (mnl_attr_parse(nlh, sizeof(struct nfgenmsg), firewall_shape_take_table, &ours) < 0 ||
	    mnl_attr_parse(nlh, sizeof(struct nfgenmsg), firewall_shape_take_attribute, &object) <
		    0)
		return MNL_CB_ERROR;
	if (!ours || !object.name || !object.handle)
		return MNL_CB_OK;
	if (firewall_is_logger(mnl_attr_get_str(object.name))) {
		shape->loggers++;
		return MNL_CB_OK;
	}
	hash = firewall_shape_hash(hash, &object.type, sizeof(object.type));
	hash = firewall_shape_hash(hash, mnl_attr_get_payload(object.name),
				   mnl_attr_get_payload_len(object.name));
	hash = firewall_shape_hash(hash, mnl_attr_get_payload(object.handle), sizeof(uint64_t));
	shape->digest += hash;
	return MNL_CB_OK;
}

static int firewall_shape_dump(int fd, uint16_t type, struct firewall_shape *shape,
			       struct warden_error *err)
{
	_cleanup_batch_ struct netlink_batch batch = {0};
	struct nfgenmsg *header;
	struct nlmsghdr *nlh;

	if (netlink_batch_init(&batch, NETLINK_MESSAGE_MAX, err) < 0)
		return -1;
	nlh = netlink_add(&batch, NFNL_SUBSYS_NFTABLES << 8 | type, NLM_F_DUMP,
			  "read table inet " FIREWALL_TABLE);
	header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));
	header->nfgen_family = NFPROTO_INET;
	header->version = NFNETLINK_V0;
	/* The kernel limits a dump of rules and sets to this table, but not one of chains. */
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, FIREWALL_TABLE);
	return netlink_ask(fd, &batch, firewall_shape_add, shape, err);
}

int firewall_shape_read(struct firewall_shape *shape, struct warden_error *err)
{
	static const uint16_t types[] = {NFT_MSG_GETCHAIN, NFT_MSG_GETSET, NFT_MSG_GETRULE};
	_cleanup_close_ int fd = netlink_open(NETLINK_NETFILTER, err);

	*shape = (struct firewall_shape){0};
	if (fd < 0)
		return -1;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (firewall_shape_dump(fd, types[i], shape, err) < 0)
			return -1;
	return 0;
}

bool firewall_is_whole(struct firewall *firewall)
{
	struct firewall_shape shape;
	struct warden_error ignored; /* what cannot be read is not whole */
	size_t loggers = 0;

	for (size_t i = 0; i < firewall->n_members; i++)
		loggers += firewall->members[i].logs ? 2 : 0; /* a chain with one rule */
	return firewall_shape_read(&shape, &ignored) == 0 &&
	       shape.digest == firewall->shape.digest && shape.loggers == loggers;
}
