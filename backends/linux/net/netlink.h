/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netlink in batches: several messages in one sendmsg, one acknowledgement for all of them, and an
 * error text that names the message that failed and the kernel's own words. Nothing here knows what
 * the messages mean.
 */
#ifndef BACKENDS_LINUX_NET_NETLINK_H
#define BACKENDS_LINUX_NET_NETLINK_H

#include <libmnl/libmnl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "warden/backend.h"

/* Room that is sure to be there for a message that was begun. */
#define NETLINK_MESSAGE_MAX ((size_t)4096)

/* How many messages of a batch have a name in errors; the last name goes for all beyond. */
#define NETLINK_NAMES 96

struct netlink_batch {
	char *data;
	size_t size;
	size_t length;            /* without the current message */
	struct nlmsghdr *current; /* NULL before the first */
	uint32_t first, next;     /* sequence numbers */
	uint32_t acked;           /* sequence number of the message that is acknowledged */
	int ignored;              /* errno that counts as success; 0: none */
	const char *names[NETLINK_NAMES];
};

/* A socket of the namespace of the caller. -1 and `err` on failure. */
int netlink_open(int protocol, struct warden_error *err);

/* Prepares a batch of at most `size` bytes. */
int netlink_batch_init(struct netlink_batch *batch, size_t size, struct warden_error *err);
void netlink_batch_free(struct netlink_batch *batch);

#define _cleanup_batch_ __attribute__((cleanup(netlink_batch_free)))

/* Begins a message, which goes on until the next one; `name` says what it does, for errors, and is
 * not copied. Header and attributes are put with libmnl. It is a programmer's error when it does
 * not fit. */
struct nlmsghdr *netlink_add(struct netlink_batch *batch, uint16_t type, uint16_t flags,
			     const char *name);

/* Asks for the acknowledgement of the current message instead of the last one. */
void netlink_ack(struct netlink_batch *batch);

/* Sends the batch and waits for its end; the kernel does all of a batch before send returns. The
 * error is that of the first message that failed: "NAME: what the kernel says: errno's text".
 * Messages after it may have been carried out. */
int netlink_send(int fd, struct netlink_batch *batch, struct warden_error *err);

/* Sends the batch, one request with NLM_F_DUMP or NLM_F_ACK, and calls `found` for each message of
 * the answer. `found` returns MNL_CB_OK, or MNL_CB_ERROR to end it. */
int netlink_ask(int fd, struct netlink_batch *batch, mnl_cb_t found, void *data,
		struct warden_error *err);

/* Sockets that are open and in nobody's use, so that each thread has one of its own while it needs
 * it. */
struct netlink_pool {
	pthread_mutex_t mutex;
	int protocol;
	int fds[16];
	size_t n;
};

void netlink_pool_init(struct netlink_pool *pool, int protocol);
void netlink_pool_free(struct netlink_pool *pool);
int netlink_pool_take(struct netlink_pool *pool, struct warden_error *err);
void netlink_pool_return(struct netlink_pool *pool, int fd);

#endif
