/* SPDX-License-Identifier: Apache-2.0 */
/* Restores the table when another tool has removed it or a part of it (a reload of another firewall
 * may flush everything), and checks foreign chains when they change: a thread that receives the
 * notifications of nf_tables. */
#include "backends/linux/firewall/firewall_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/cleanup.h"

/* A change is reported in many messages; all have arrived this long after the first. */
#define GATHER_MS 10

/* Delay before a retry after a failure. */
#define RETRY_MS 1000

#define MESSAGE_TYPE(type) (NFNL_SUBSYS_NFTABLES << 8 | (type))

/* Filters out element notifications: elements change with each container and are no damage, so a
 * create does not wake the thread. BPF reads in network byte order. */
static int firewall_watch_ignore_elements(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(MESSAGE_TYPE(NFT_MSG_NEWSETELEM)), 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(MESSAGE_TYPE(NFT_MSG_DELSETELEM)), 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(MESSAGE_TYPE(NFT_MSG_NEWGEN)), 1, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = {.len = ARRAY_SIZE(code), .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

/* The table's name is the first attribute of each of these messages. */
static int firewall_watch_read_table(const struct nlattr *attribute, void *data)
{
	bool *ours = data;

	/* NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE and NFTA_SET_TABLE are all 1. */
	if (mnl_attr_get_type(attribute) == NFTA_TABLE_NAME &&
	    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
		*ours = strcmp(mnl_attr_get_str(attribute), FIREWALL_TABLE) == 0;
	return MNL_CB_OK;
}

/* Summary of the notifications read. */
struct table_changes {
	bool damage;  /* a part of our table was removed */
	bool foreign; /* foreign chains were changed */
};

static bool firewall_watch_is_removal(uint16_t type)
{
	return type == MESSAGE_TYPE(NFT_MSG_DELTABLE) || type == MESSAGE_TYPE(NFT_MSG_DELCHAIN) ||
	       type == MESSAGE_TYPE(NFT_MSG_DELRULE) || type == MESSAGE_TYPE(NFT_MSG_DELSET);
}

/* Our own changes are ignored. */
static void firewall_watch_check_change(const struct firewall *firewall, const struct nlmsghdr *nlh,
					struct table_changes *changes)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(nlh);
	bool ours = false;

	if (nlh->nlmsg_pid == firewall->table_port ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*header) ||
	    mnl_attr_parse(nlh, sizeof(*header), firewall_watch_read_table, &ours) < 0)
		return;
	if (!ours || header->nfgen_family != NFPROTO_INET)
		changes->foreign = true;
	else if (firewall_watch_is_removal(nlh->nlmsg_type))
		changes->damage = true;
}

/* Reads all pending messages. Lost messages (ENOBUFS) may have been about anything. */
static void firewall_watch_read_changes(const struct firewall *firewall,
					struct table_changes *changes)
{
	_Alignas(struct nlmsghdr) char buffer[16384];

	for (;;) {
		ssize_t got = recv(firewall->watch.fd, buffer, sizeof(buffer), MSG_DONTWAIT);
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)buffer;
		int length = (int)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == ENOBUFS) {
			*changes = (struct table_changes){true, true};
			continue;
		}
		if (got <= 0)
			return;
		for (; mnl_nlmsg_ok(nlh, length); nlh = mnl_nlmsg_next(nlh, &length))
			firewall_watch_check_change(firewall, nlh, changes);
	}
}

static bool firewall_watch_restore_table(struct firewall *firewall)
{
	const struct warden_host *host = firewall->host;
	struct warden_error err;
	int result;

	pthread_rwlock_wrlock(&firewall->lock);
	result = firewall_table_make(firewall, &err);
	pthread_rwlock_unlock(&firewall->lock);
	if (result == 0)
		host->log(host, WARDEN_LOG_WARN, NULL,
			  "firewall: another program removed table inet " FIREWALL_TABLE
			  " or a part of it; restored");
	else
		host->log(host, WARDEN_LOG_ERROR, NULL,
			  "firewall: another program removed table inet " FIREWALL_TABLE
			  " or a part of it, and it cannot be restored: %s",
			  err.message);
	return result == 0;
}

/* Waits at most `ms`; true if the thread must end. */
static bool firewall_watch_wait_for_end(const struct firewall_watch *watch, int ms)
{
	struct pollfd end = {.fd = watch->end_fd, .events = POLLIN};

	return poll(&end, 1, ms) > 0;
}

static void *firewall_watch_run(void *data)
{
	struct firewall *firewall = data;
	struct firewall_watch *watch = &firewall->watch;
	struct table_changes changes = {0};

	for (;;) {
		struct pollfd fds[] = {
			{.fd = watch->end_fd, .events = POLLIN},
			{.fd = watch->fd, .events = POLLIN},
		};

		if (poll(fds, ARRAY_SIZE(fds), changes.damage ? RETRY_MS : -1) < 0 &&
		    errno != EINTR)
			return NULL;
		if (fds[0].revents)
			return NULL;
		if (fds[1].revents && firewall_watch_wait_for_end(watch, GATHER_MS))
			return NULL;
		firewall_watch_read_changes(firewall, &changes);
		if (changes.damage)
			changes.damage = !firewall_watch_restore_table(firewall);
		if (changes.foreign)
			firewall_foreign_log(firewall);
		changes.foreign = false;
	}
}

static int firewall_watch_open(struct firewall_watch *watch, struct warden_error *err)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	int group = NFNLGRP_NFTABLES;

	watch->end_fd = eventfd(0, EFD_CLOEXEC);
	if (watch->end_fd < 0)
		return warden_error_errno(err, "firewall: create eventfd");
	watch->fd = netlink_open(NETLINK_NETFILTER, err);
	if (watch->fd < 0)
		return -1;
	if (bind(watch->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    firewall_watch_ignore_elements(watch->fd) < 0 ||
	    setsockopt(watch->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return warden_error_errno(err, "firewall: subscribe to changes of nf_tables");
	return 0;
}

int firewall_watch_start(struct firewall *firewall, struct warden_error *err)
{
	struct firewall_watch *watch = &firewall->watch;
	sigset_t all, before;
	int result;

	watch->fd = watch->end_fd = -1;
	if (firewall_watch_open(watch, err) < 0) {
		firewall_watch_end(firewall);
		return -1;
	}
	sigfillset(&all); /* signals belong to the daemon's own threads */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&watch->thread, NULL, firewall_watch_run, firewall);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	watch->started = result == 0;
	if (!watch->started) {
		firewall_watch_end(firewall);
		errno = result;
		return warden_error_errno(err, "firewall: create thread");
	}
	return 0;
}

void firewall_watch_end(struct firewall *firewall)
{
	struct firewall_watch *watch = &firewall->watch;
	uint64_t one = 1;

	if (watch->started) {
		while (write(watch->end_fd, &one, sizeof(one)) < 0 && errno == EINTR)
			;
		pthread_join(watch->thread, NULL);
	}
	if (watch->fd >= 0)
		close(watch->fd);
	if (watch->end_fd >= 0)
		close(watch->end_fd);
	watch->started = false;
	watch->fd = watch->end_fd = -1;
}
