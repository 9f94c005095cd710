/* SPDX-License-Identifier: Apache-2.0 */
/* Where the table has no owner, restores it when another tool has removed it or a part of it (a
 * reload of another firewall may flush everything); and checks foreign chains when they change: a
 * thread that receives the notifications of nf_tables. */
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
#include "lib/clock.h"

/* A change is reported in many messages; all have arrived this long after the first. */
#define GATHER_MS 10

/* Pause after an attempt to restore the table: twice as long each time, until no attempt was needed
 * for CALM_MS. So a program that removes the table again and again does not keep the host busy. */
#define PAUSE_MS     50
#define PAUSE_MAX_MS 5000
#define CALM_MS      10000

/* Room for the notifications of a large transaction of others. */
#define RECEIVE_BUFFER (4 * 1024 * 1024)

#define MESSAGE_TYPE(type) (NFNL_SUBSYS_NFTABLES << 8 | (type))

/* Filters out the notifications of our own changes, whose number can exceed the buffer. All
 * messages in a packet are of one transaction. BPF reads in network byte order. */
static int firewall_watch_ignore_own(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, htonl(FIREWALL_PORTS_MASK)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(FIREWALL_PORTS), 1, 0),
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
	bool watched; /* others can remove a part of our table */
	bool damage;  /* they did, or may have done so */
	bool foreign; /* foreign chains were changed */
};

static bool firewall_watch_is_removal(uint16_t type)
{
	return type == MESSAGE_TYPE(NFT_MSG_DELTABLE) || type == MESSAGE_TYPE(NFT_MSG_DELCHAIN) ||
	       type == MESSAGE_TYPE(NFT_MSG_DELRULE) || type == MESSAGE_TYPE(NFT_MSG_DELSET);
}

/* Elements are not checked: in the tables of others they change often, as in ours. */
static bool firewall_watch_is_of_elements(uint16_t type)
{
	return type == MESSAGE_TYPE(NFT_MSG_NEWSETELEM) ||
	       type == MESSAGE_TYPE(NFT_MSG_DELSETELEM) || type == MESSAGE_TYPE(NFT_MSG_NEWGEN);
}

static void firewall_watch_check_change(const struct nlmsghdr *nlh, struct table_changes *changes)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(nlh);
	bool ours = false;

	if (firewall_watch_is_of_elements(nlh->nlmsg_type) ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*header) ||
	    mnl_attr_parse(nlh, sizeof(*header), firewall_watch_read_table, &ours) < 0)
		return;
	if (!ours || header->nfgen_family != NFPROTO_INET)
		changes->foreign = true;
	else if (changes->watched && firewall_watch_is_removal(nlh->nlmsg_type))
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
			changes->damage = changes->watched;
			changes->foreign = true;
			continue;
		}
		if (got <= 0)
			return;
		for (; mnl_nlmsg_ok(nlh, length); nlh = mnl_nlmsg_next(nlh, &length))
			firewall_watch_check_change(nlh, changes);
	}
}

static bool firewall_watch_restore_table(struct firewall *firewall)
{
	const struct warden_host *host = firewall->host;
	struct warden_error err;
	bool whole;
	int result = 0;

	pthread_rwlock_wrlock(&firewall->lock);
	/* A create may have restored it, and lost messages may have been about other tables. */
	whole = firewall_is_whole(firewall);
	if (!whole)
		result = firewall_table_make(firewall, &err);
	pthread_rwlock_unlock(&firewall->lock);
	if (whole)
		return true;
	if (result == 0)
		firewall_on_restored(firewall);
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

/* Milliseconds until the table may be restored again. */
static int firewall_watch_pause_left(const struct firewall_watch *watch)
{
	uint64_t next_us = watch->restored_us + watch->pause_ms * (uint64_t)1000;
	uint64_t now_us = clock_monotonic_us();

	return now_us < next_us ? (int)((next_us - now_us) / 1000 + 1) : 0;
}

/* Restores the table if it is damaged, unless there is a pause. Returns whether it is whole. */
static bool firewall_watch_mend(struct firewall *firewall)
{
	struct firewall_watch *watch = &firewall->watch;
	uint64_t calm_us = clock_monotonic_us() - watch->restored_us;
	bool whole;

	if (firewall_watch_pause_left(watch) > 0)
		return false;
	if (calm_us > CALM_MS * (uint64_t)1000)
		watch->pause_ms = PAUSE_MS;
	else if (watch->pause_ms < PAUSE_MAX_MS)
		watch->pause_ms *= 2;
	whole = firewall_watch_restore_table(firewall);
	watch->restored_us = clock_monotonic_us();
	return whole;
}

static void *firewall_watch_run(void *data)
{
	struct firewall *firewall = data;
	struct firewall_watch *watch = &firewall->watch;
	struct table_changes changes = {.watched = firewall->table_flags == 0};

	for (;;) {
		struct pollfd fds[] = {
			{.fd = watch->end_fd, .events = POLLIN},
			{.fd = watch->fd, .events = POLLIN},
		};

		if (poll(fds, ARRAY_SIZE(fds),
			 changes.damage ? firewall_watch_pause_left(watch) : -1) < 0 &&
		    errno != EINTR)
			return NULL;
		if (fds[0].revents)
			return NULL;
		if (fds[1].revents && firewall_watch_wait_for_end(watch, GATHER_MS))
			return NULL;
		firewall_watch_read_changes(firewall, &changes);
		if (changes.damage)
			changes.damage = !firewall_watch_mend(firewall);
		if (changes.foreign)
			firewall_foreign_log(firewall);
		changes.foreign = false;
	}
}

static int firewall_watch_open(struct firewall_watch *watch, struct warden_error *err)
{
	const int size = RECEIVE_BUFFER;
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	int group = NFNLGRP_NFTABLES;

	watch->end_fd = eventfd(0, EFD_CLOEXEC);
	if (watch->end_fd < 0)
		return warden_error_errno(err, "firewall: create eventfd");
	watch->fd = netlink_open(NETLINK_NETFILTER, err);
	if (watch->fd < 0)
		return -1;
	/* With less room more may be lost, which only costs a look at the table. */
	(void)setsockopt(watch->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(watch->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    firewall_watch_ignore_own(watch->fd) < 0 ||
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
