/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guard: policies of the kernel's IPsec part (xfrm) that block each packet with a container's
 * source address unless it has our bit in its mark, both to the host and forwarded. The table sets
 * the bit, so that nothing passes when the table is gone, whoever was killed or has flushed it.
 */
#include "backends/linux/firewall/firewall_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/xfrm.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"

/* Size of a message, and the most blocks of addresses with a common prefix in a range. */
#define GUARD_MESSAGE_SIZE ((size_t)512)
#define GUARD_BLOCKS       64

static const uint8_t directions[] = {XFRM_POLICY_IN, XFRM_POLICY_FWD};

/* A block of addresses, and the bit that their packets need. */
struct guard_block {
	uint32_t first; /* host byte order */
	uint8_t prefix;
	uint32_t mark;
};

static struct xfrm_selector firewall_guard_selector(const struct guard_block *block)
{
	return (struct xfrm_selector){
		.family = AF_INET,
		.saddr.a4 = htonl(block->first),
		.prefixlen_s = block->prefix,
	};
}

static void firewall_guard_put_mark(struct nlmsghdr *nlh, const struct guard_block *block)
{
	const struct xfrm_mark mark = {.v = 0, .m = block->mark};

	mnl_attr_put(nlh, XFRMA_MARK, sizeof(mark), &mark);
}

static void firewall_guard_put_policy(struct netlink_batch *batch, const struct guard_block *block,
				      uint8_t direction)
{
	struct nlmsghdr *nlh = netlink_add(batch, XFRM_MSG_UPDPOLICY, 0,
					   "block packets that no rule has seen (xfrm policy)");
	const struct xfrm_userpolicy_info policy = {
		.sel = firewall_guard_selector(block),
		.lft = {.soft_byte_limit = XFRM_INF,
			.hard_byte_limit = XFRM_INF,
			.soft_packet_limit = XFRM_INF,
			.hard_packet_limit = XFRM_INF},
		.dir = direction,
		.action = XFRM_POLICY_BLOCK,
	};

	/* A message is aligned to 4 bytes, the struct to 8. */
	memcpy(mnl_nlmsg_put_extra_header(nlh, sizeof(policy)), &policy, sizeof(policy));
	firewall_guard_put_mark(nlh, block);
}

static void firewall_guard_put_removal(struct netlink_batch *batch, const struct guard_block *block,
				       uint8_t direction)
{
	struct nlmsghdr *nlh =
		netlink_add(batch, XFRM_MSG_DELPOLICY, 0, "remove xfrm policy of containers");
	struct xfrm_userpolicy_id *policy = mnl_nlmsg_put_extra_header(nlh, sizeof(*policy));

	*policy = (struct xfrm_userpolicy_id){.sel = firewall_guard_selector(block),
					      .dir = direction};
	firewall_guard_put_mark(nlh, block);
}

/* Calls `put` for each direction of each block of the pool. */
static int firewall_guard_send(const struct warden_settings *settings,
			       void (*put)(struct netlink_batch *batch,
					   const struct guard_block *block, uint8_t direction),
			       struct warden_error *err)
{
	uint64_t left = 4 * (uint64_t)settings->pool_networks;
	struct guard_block block = {.first = ntohl(settings->pool_network.s_addr),
				    .mark = settings->connection_mark};
	_cleanup_close_ int fd = netlink_open(NETLINK_XFRM, err);
	_cleanup_batch_ struct netlink_batch batch = {0};

	if (fd < 0 ||
	    netlink_batch_init(&batch, 2 * GUARD_BLOCKS * GUARD_MESSAGE_SIZE + NETLINK_MESSAGE_MAX,
			       err) < 0)
		return -1;
	batch.ignored = ENOENT; /* there is no such policy to remove */
	while (left > 0) {
		uint64_t size = UINT64_C(1) << 32;

		for (block.prefix = 0; size > left || block.first & (size - 1); block.prefix++)
			size /= 2;
		for (size_t i = 0; i < ARRAY_SIZE(directions); i++)
			put(&batch, &block, directions[i]);
		block.first += (uint32_t)size;
		left -= size;
	}
	return netlink_send(fd, &batch, err);
}

int firewall_guard_set(const struct warden_settings *settings, struct warden_error *err)
{
	return firewall_guard_send(settings, firewall_guard_put_policy, err);
}

int firewall_guard_remove(const struct warden_settings *settings, struct warden_error *err)
{
	return firewall_guard_send(settings, firewall_guard_put_removal, err);
}

void firewall_guard_describe(const struct host_report *to)
{
	static const char effect[] = "containers are not filtered if both wardend and "
				     "warden-holder are killed and the table is lost";
	struct warden_error err;
	int fd = netlink_open(NETLINK_XFRM, &err);

	if (!to->host->settings->own_table)
		host_report_fact(to, "firewall guard", "off in the settings", effect,
				 "network.own_table = true");
	else if (fd < 0)
		host_report_fact(to, "firewall guard", err.message, effect,
				 "modprobe xfrm_user, or a kernel with CONFIG_XFRM_USER");
	else
		host_report_fact(to, "firewall guard", "packets need a mark of the table", NULL,
				 NULL);
	if (fd >= 0)
		close(fd);
}
