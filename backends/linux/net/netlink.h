/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netlink in batches: several messages in one sendmsg, one acknowledgement for all of them, and an
 * error text that names the failed message and quotes the kernel's extended error. Independent of
 * the meaning of the messages.
 */
#ifndef BACKENDS_LINUX_NET_NETLINK_H
#define BACKENDS_LINUX_NET_NETLINK_H

#include <libmnl/libmnl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "warden/backend.h"

/* Room that is guaranteed for a message that was begun. */
#define NETLINK_MESSAGE_MAX ((size_t)4096)

/* Messages of a batch that have a name for errors; later ones use the last name. */
#define NETLINK_NAMES 96

struct netlink_batch {
	char *data;
	size_t size;
	size_t length;            /* excluding the current message */
	struct nlmsghdr *current; /* NULL before the first */
	uint32_t first, next;     /* sequence numbers */
	uint32_t acked;           /* sequence number of the message that is acknowledged */
	int ignored;              /* errno that counts as success; 0: none */
	const char *names[NETLINK_NAMES];
};

/* Opens a socket in the caller's network namespace. Returns -1 and sets `err` on failure. */
int netlink_open(int protocol, struct warden_error *err);

/* As netlink_open; its port is the first free one from `first` on, so that the kernel's notices of
 * its changes can be recognised. The kernel itself chooses the pid, or ports from 2^31 on. */
int netlink_open_numbered(int protocol, uint32_t first, struct warden_error *err);

/* Prepares a batch of at most `size` bytes. */
int netlink_batch_init(struct netlink_batch *batch, size_t size, struct warden_error *err);
void netlink_batch_free(struct netlink_batch *batch);

#define _cleanup_batch_ __attribute__((cleanup(netlink_batch_free)))

/* Begins a message, which extends until the next one. `name` says what it does, for errors, and is
 * not copied. Put header and attributes with libmnl. The caller must size the batch so that the
 * message fits (assert). */
struct nlmsghdr *netlink_add(struct netlink_batch *batch, uint16_t type, uint16_t flags,
			     const char *name);

/* Requests an acknowledgement of the current message instead of the last one. */
void netlink_ack(struct netlink_batch *batch);

/* Sends the batch and reads the replies; the kernel processes the whole batch before send returns.
 * The error is that of the first message that failed: "NAME: kernel's text: text of errno".
 * Messages after it may have been carried out. If the reply cannot be read, whether anything was is
 * unknown, and the error's number is EINPROGRESS. */
int netlink_send(int fd, struct netlink_batch *batch, struct warden_error *err);

/* Drops replies that were not read, so that they are not taken for those of the next batch. */
void netlink_drain(int fd);

/* Sends the batch, one request with NLM_F_DUMP or NLM_F_ACK, and calls `found` for each message of
 * the reply. `found` returns MNL_CB_OK to continue or MNL_CB_ERROR to stop. */
int netlink_ask(int fd, struct netlink_batch *batch, mnl_cb_t found, void *data,
		struct warden_error *err);

/* Open sockets that are not in use, so that each thread can use one exclusively. netlink_pool_take
 * opens a new one if the pool is empty; netlink_pool_return closes it if the pool is full.
 * Thread-safe. */
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

/* Sends a batch, or asks, with a socket of the pool; see netlink_send and netlink_ask. */
int netlink_pool_send(struct netlink_pool *pool, struct netlink_batch *batch,
		      struct warden_error *err);
int netlink_pool_ask(struct netlink_pool *pool, struct netlink_batch *batch, mnl_cb_t found,
		     void *data, struct warden_error *err);

#endif
