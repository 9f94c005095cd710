/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the links of containers in this network namespace, and removes those that a clean names;
 * see net.h. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#include "backends/linux/net/net_private.h"
#include "lib/cleanup.h"

struct net_clean_dump {
	net_clean_found *found;
	void *data;
};

static int net_clean_take_attribute(const struct nlattr *attribute, void *data)
{
	const struct nlattr **found = data;

	if (mnl_attr_get_type(attribute) <= IFLA_MAX)
		found[mnl_attr_get_type(attribute)] = attribute;
	return MNL_CB_OK;
}

static bool net_clean_is_kind(const struct nlattr *info, const char *kind)
{
	const struct nlattr *attribute;

	if (!info)
		return false;
	mnl_attr_for_each_nested(
		attribute, info) if (mnl_attr_get_type(attribute) ==
				     IFLA_INFO_KIND) return strcmp(mnl_attr_get_str(attribute),
								   kind) == 0;
	return false;
}

bool net_clean_parse_name(const char *name, char id[12], int *end)
{
	if (strlen(name) != 15 || strncmp(name, "w-", 2) != 0 || name[13] != '-' ||
	    strspn(name + 2, "0123456789abcdefghijklmnopqrstuv") != 11)
		return false;
	memcpy(id, name + 2, 11);
	id[11] = '\0';
	*end = name[14] - '0';
	return *end == NET_HOST_END || *end == NET_IFB;
}

static int net_clean_read_link(const struct nlmsghdr *nlh, void *data)
{
	const struct net_clean_dump *dump = data;
	const struct nlattr *found[IFLA_MAX + 1] = {0};
	char id[12];
	int end;

	mnl_attr_parse(nlh, sizeof(struct ifinfomsg), net_clean_take_attribute, found);
	if (!found[IFLA_IFNAME] ||
	    !net_clean_parse_name(mnl_attr_get_str(found[IFLA_IFNAME]), id, &end) ||
	    !net_clean_is_kind(found[IFLA_LINKINFO], end == NET_IFB ? "ifb" : "veth"))
		return MNL_CB_OK;
	dump->found(dump->data, id, end,
		    found[IFLA_IFALIAS] ? mnl_attr_get_str(found[IFLA_IFALIAS]) : "");
	return MNL_CB_OK;
}

int net_clean_find(net_clean_found *found, void *data, struct warden_error *err)
{
	struct net_clean_dump dump = {.found = found, .data = data};
	_cleanup_close_ int fd = netlink_open(NETLINK_ROUTE, err);
	_cleanup_batch_ struct netlink_batch batch = {0};
	struct ifinfomsg *header;

	if (fd < 0 || netlink_batch_init(&batch, NETLINK_MESSAGE_MAX, err) < 0)
		return -1;
	header = mnl_nlmsg_put_extra_header(
		netlink_add(&batch, RTM_GETLINK, NLM_F_DUMP, "list links"), sizeof(*header));
	header->ifi_family = AF_UNSPEC;
	return netlink_ask(fd, &batch, net_clean_read_link, &dump, err);
}

int net_clean_remove(const char *id, int end, struct warden_error *err)
{
	_cleanup_close_ int fd = netlink_open(NETLINK_ROUTE, err);
	_cleanup_batch_ struct netlink_batch batch = {0};
	char name[IF_NAMESIZE];

	if (fd < 0 || netlink_batch_init(&batch, NET_BATCH_SIZE, err) < 0)
		return -1;
	net_link_name(name, id, (enum net_end)end);
	net_put_remove(&batch, name);
	batch.ignored = ENODEV;
	return netlink_send(fd, &batch, err);
}
