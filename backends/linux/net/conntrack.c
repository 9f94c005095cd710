/* SPDX-License-Identifier: Apache-2.0 */
/* Deletes or marks connections in the kernel's table: one socket lists it, another one changes the
 * entries found. */
#include "backends/linux/net/conntrack.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/linux/net/netlink.h"
#include "lib/cleanup.h"

/* Changes that are sent together, and the maximum size of each. */
#define CHANGES     64
#define CHANGE_SIZE 512

struct conntrack_entry;

struct conntrack_search {
	/* whether to delete an entry */
	bool (*wants)(const struct conntrack_search *search, const struct conntrack_entry *entry);
	const struct in_addr *addresses; /* for conntrack_forget */
	size_t n;
	const struct conntrack_forwards *forwards; /* for conntrack_forget_forwarded */
	const struct conntrack_pool *pool;         /* for the functions of a pool */
	uint32_t mark;                             /* to be set; 0: the entries are deleted */
	int change_fd;
	struct netlink_batch changes;
	size_t n_changes;
	struct warden_error *err;
};

/* The fields of an entry that are compared. */
struct conntrack_entry {
	const struct nlattr *original; /* the tuple that names the entry */
	const struct nlattr *id, *zone;
	struct in_addr source, target; /* of the original direction */
	uint8_t protocol;
	uint16_t port; /* destination port */
	uint32_t mark;
	struct in_addr answerer, address; /* source and destination of the reply direction */
};

#define MESSAGE_TYPE(type) (NFNL_SUBSYS_CTNETLINK << 8 | (type))

static struct nlmsghdr *conntrack_add_message(struct netlink_batch *batch, uint16_t type,
					      uint16_t flags, const char *name)
{
	struct nlmsghdr *nlh = netlink_add(batch, MESSAGE_TYPE(type), flags, name);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));

	header->nfgen_family = AF_INET;
	header->version = NFNETLINK_V0;
	return nlh;
}

static int conntrack_send_changes(struct conntrack_search *search)
{
	int result = 0;

	if (search->n_changes > 0)
		result = netlink_send(search->change_fd, &search->changes, search->err);
	netlink_batch_free(&search->changes);
	search->n_changes = 0;
	return result;
}

static int conntrack_prepare_changes(struct conntrack_search *search)
{
	size_t size = (size_t)CHANGES * CHANGE_SIZE + NETLINK_MESSAGE_MAX;

	if (search->n_changes > 0)
		return 0;
	if (netlink_batch_init(&search->changes, size, search->err) < 0)
		return -1;
	search->changes.ignored = ENOENT; /* it may have ended meanwhile */
	return 0;
}

static void conntrack_copy_attribute(struct nlmsghdr *nlh, const struct nlattr *attribute)
{
	if (attribute)
		mnl_attr_put(nlh, attribute->nla_type, mnl_attr_get_payload_len(attribute),
			     mnl_attr_get_payload(attribute));
}

/* Deletes by tuple and id, so that a newer entry with the same tuple stays. */
static int conntrack_add_change(struct conntrack_search *search,
				const struct conntrack_entry *entry)
{
	struct nlmsghdr *nlh;

	if (conntrack_prepare_changes(search) < 0)
		return -1;
	nlh = search->mark ? conntrack_add_message(&search->changes, IPCTNL_MSG_CT_NEW, 0,
						   "mark connection")
			   : conntrack_add_message(&search->changes, IPCTNL_MSG_CT_DELETE, 0,
						   "delete connection");
	conntrack_copy_attribute(nlh, entry->original);
	conntrack_copy_attribute(nlh, entry->id);
	conntrack_copy_attribute(nlh, entry->zone);
	if (search->mark) {
		mnl_attr_put_u32(nlh, CTA_MARK, htonl(search->mark));
		mnl_attr_put_u32(nlh, CTA_MARK_MASK, htonl(search->mark));
	}
	return ++search->n_changes == CHANGES ? conntrack_send_changes(search) : 0;
}

/* The nested attribute of a type, or NULL. */
static const struct nlattr *conntrack_find_nested(const struct nlattr *outer, uint16_t type)
{
	const struct nlattr *attribute;

	if (outer)
		mnl_attr_for_each_nested(attribute, outer) if (mnl_attr_get_type(attribute) ==
							       type) return attribute;
	return NULL;
}

/* CTA_IP_V4_SRC or CTA_IP_V4_DST of a tuple. */
static struct in_addr conntrack_read_address(const struct nlattr *tuple, uint16_t end)
{
	const struct nlattr *found =
		conntrack_find_nested(conntrack_find_nested(tuple, CTA_TUPLE_IP), end);
	struct in_addr address = {INADDR_ANY};

	if (found && mnl_attr_get_payload_len(found) == sizeof(address))
		memcpy(&address, mnl_attr_get_payload(found), sizeof(address));
	return address;
}

static void conntrack_read_original(const struct nlattr *tuple, struct conntrack_entry *entry)
{
	const struct nlattr *protocol =
		conntrack_find_nested(conntrack_find_nested(tuple, CTA_TUPLE_PROTO), CTA_PROTO_NUM);
	const struct nlattr *port = conntrack_find_nested(
		conntrack_find_nested(tuple, CTA_TUPLE_PROTO), CTA_PROTO_DST_PORT);

	entry->original = tuple;
	entry->source = conntrack_read_address(tuple, CTA_IP_V4_SRC);
	entry->target = conntrack_read_address(tuple, CTA_IP_V4_DST);
	if (protocol && mnl_attr_get_payload_len(protocol) == sizeof(uint8_t))
		entry->protocol = mnl_attr_get_u8(protocol);
	if (port && mnl_attr_get_payload_len(port) == sizeof(uint16_t))
		entry->port = ntohs(mnl_attr_get_u16(port));
}

static void conntrack_read_entry(const struct nlmsghdr *nlh, struct conntrack_entry *entry)
{
	const struct nlattr *attribute;

	memset(entry, 0, sizeof(*entry));
	mnl_attr_for_each(attribute, nlh, sizeof(struct nfgenmsg))
	{
		switch (mnl_attr_get_type(attribute)) {
		case CTA_TUPLE_ORIG:
			conntrack_read_original(attribute, entry);
			break;
		case CTA_TUPLE_REPLY:
			entry->answerer = conntrack_read_address(attribute, CTA_IP_V4_SRC);
			entry->address = conntrack_read_address(attribute, CTA_IP_V4_DST);
			break;
		case CTA_ID:
			entry->id = attribute;
			break;
		case CTA_ZONE:
			entry->zone = attribute;
			break;
		case CTA_MARK:
			if (mnl_attr_get_payload_len(attribute) == sizeof(entry->mark))
				entry->mark = ntohl(mnl_attr_get_u32(attribute));
			break;
		default:
			break;
		}
	}
}

static bool conntrack_is_of_container(const struct conntrack_search *search,
				      const struct conntrack_entry *entry)
{
	for (size_t i = 0; i < search->n; i++)
		if (entry->source.s_addr == search->addresses[i].s_addr ||
		    entry->answerer.s_addr == search->addresses[i].s_addr)
			return true;
	return false;
}

static int conntrack_check_entry(const struct nlmsghdr *nlh, void *data)
{
	struct conntrack_search *search = data;
	struct conntrack_entry entry;

	conntrack_read_entry(nlh, &entry);
	if (!entry.original || !search->wants(search, &entry))
		return MNL_CB_OK;
	return conntrack_add_change(search, &entry) == 0 ? MNL_CB_OK : MNL_CB_ERROR;
}

static int conntrack_list_entries(int fd, struct conntrack_search *search)
{
	_cleanup_batch_ struct netlink_batch batch;

	if (netlink_batch_init(&batch, NETLINK_MESSAGE_MAX, search->err) < 0)
		return -1;
	conntrack_add_message(&batch, IPCTNL_MSG_CT_GET, NLM_F_DUMP, "list connections");
	return netlink_ask(fd, &batch, conntrack_check_entry, search, search->err);
}

static int conntrack_read_count(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attribute;
	uint32_t *count = data;

	mnl_attr_for_each(attribute, nlh, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attribute) == CTA_STATS_GLOBAL_ENTRIES &&
		    mnl_attr_get_payload_len(attribute) == sizeof(*count))
			*count = ntohl(mnl_attr_get_u32(attribute));
	}
	return MNL_CB_OK;
}

/* Sets `*count` to how many entries there are, those that are just being made included. */
static int conntrack_count_entries(int fd, uint32_t *count, struct warden_error *err)
{
	_cleanup_batch_ struct netlink_batch batch;

	*count = UINT32_MAX;
	if (netlink_batch_init(&batch, NETLINK_MESSAGE_MAX, err) < 0)
		return -1;
	conntrack_add_message(&batch, IPCTNL_MSG_CT_GET_STATS, NLM_F_ACK, "count connections");
	return netlink_ask(fd, &batch, conntrack_read_count, count, err);
}

/* The list walks all buckets of the table, which an empty one is spared. */
static int conntrack_change_found(int fd, struct conntrack_search *search)
{
	uint32_t count;
	int result = conntrack_count_entries(fd, &count, search->err);

	if (result < 0 || count == 0)
		return result;
	result = conntrack_list_entries(fd, search);
	if (result == 0)
		result = conntrack_send_changes(search);
	netlink_batch_free(&search->changes);
	return result;
}

static int conntrack_change_wanted(struct conntrack_search *search)
{
	int fd = netlink_open(NETLINK_NETFILTER, search->err), result = -1;

	search->change_fd = netlink_open(NETLINK_NETFILTER, search->err);
	if (fd >= 0 && search->change_fd >= 0)
		result = conntrack_change_found(fd, search);
	if (fd >= 0)
		close(fd);
	if (search->change_fd >= 0)
		close(search->change_fd);
	return result;
}

int conntrack_forget(const struct in_addr *addresses, size_t n, struct warden_error *err)
{
	struct conntrack_search search = {
		.wants = conntrack_is_of_container, .addresses = addresses, .n = n, .err = err};

	return conntrack_change_wanted(&search);
}

static bool conntrack_has_port(const struct conntrack_forwards *forwards, uint16_t port)
{
	for (size_t i = 0; i < forwards->n; i++)
		if (forwards->ports[i] == port)
			return true;
	return false;
}

/* Entries that another tool has translated stay. */
static bool conntrack_is_misdirected(const struct conntrack_search *search,
				     const struct conntrack_entry *entry)
{
	const struct conntrack_forwards *forwards = search->forwards;
	uint32_t answerer = ntohl(entry->answerer.s_addr);

	if (entry->protocol != IPPROTO_UDP || !conntrack_has_port(forwards, entry->port) ||
	    entry->answerer.s_addr == forwards->container.s_addr)
		return false;
	if (answerer - ntohl(forwards->pool.s_addr) < forwards->pool_addresses)
		return true;
	return entry->answerer.s_addr == entry->target.s_addr &&
	       entry->address.s_addr == entry->source.s_addr;
}

int conntrack_forget_forwarded(const struct conntrack_forwards *forwards, struct warden_error *err)
{
	struct conntrack_search search = {
		.wants = conntrack_is_misdirected, .forwards = forwards, .err = err};

	return conntrack_change_wanted(&search);
}

static bool conntrack_is_in_pool(const struct conntrack_pool *pool, struct in_addr address)
{
	return ntohl(address.s_addr) - ntohl(pool->first.s_addr) < pool->n;
}

static bool conntrack_is_unmarked(const struct conntrack_search *search,
				  const struct conntrack_entry *entry)
{
	const struct conntrack_pool *pool = search->pool;

	return !(entry->mark & pool->mark) && (conntrack_is_in_pool(pool, entry->source) ||
					       conntrack_is_in_pool(pool, entry->answerer));
}

int conntrack_forget_unmarked(const struct conntrack_pool *pool, struct warden_error *err)
{
	struct conntrack_search search = {.wants = conntrack_is_unmarked, .pool = pool, .err = err};

	return conntrack_change_wanted(&search);
}

int conntrack_mark(const struct conntrack_pool *pool, struct warden_error *err)
{
	struct conntrack_search search = {
		.wants = conntrack_is_unmarked, .pool = pool, .mark = pool->mark, .err = err};

	return conntrack_change_wanted(&search);
}
