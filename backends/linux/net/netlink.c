/* SPDX-License-Identifier: Apache-2.0 */
/* Netlink in batches; see netlink.h. */
#include "backends/linux/net/netlink.h"

#include <assert.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/cleanup.h"

/* Buffer for replies: acknowledgements are capped, a dump arrives in pieces of a page or two. */
#define ANSWER_SIZE 16384

int netlink_open(int protocol, struct warden_error *err)
{
	int one = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return warden_error_errno(err, "open netlink socket");
	/* Without these options errors are reported with less detail. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	return fd;
}

int netlink_open_numbered(int protocol, uint32_t first, struct warden_error *err)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_pid = first};
	int fd = netlink_open(protocol, err), result = -1;

	if (fd < 0)
		return -1;
	errno = EADDRINUSE;
	for (int tries = 0; tries < 4096 && result < 0 && errno == EADDRINUSE; tries++) {
		result = bind(fd, (struct sockaddr *)&address, sizeof(address));
		address.nl_pid++;
	}
	if (result == 0)
		return fd;
	warden_error_errno(err, "bind netlink socket");
	close(fd);
	return -1;
}

int netlink_batch_init(struct netlink_batch *batch, size_t size, struct warden_error *err)
{
	memset(batch, 0, sizeof(*batch));
	batch->size = size;
	batch->data = malloc(size);
	batch->first = batch->next = 1;
	if (!batch->data)
		return warden_error_errno(err, "allocate netlink messages");
	return 0;
}

void netlink_batch_free(struct netlink_batch *batch)
{
	free(batch->data);
	batch->data = NULL;
}

/* Adds the current message to the length of the batch. */
static void netlink_close_message(struct netlink_batch *batch)
{
	if (batch->current)
		batch->length += MNL_ALIGN(batch->current->nlmsg_len);
	batch->current = NULL;
}

struct nlmsghdr *netlink_add(struct netlink_batch *batch, uint16_t type, uint16_t flags,
			     const char *name)
{
	size_t index = batch->next - batch->first;

	netlink_close_message(batch);
	assert(batch->length + NETLINK_MESSAGE_MAX <= batch->size);
	batch->current = mnl_nlmsg_put_header(batch->data + batch->length);
	batch->current->nlmsg_type = type;
	batch->current->nlmsg_flags = NLM_F_REQUEST | flags;
	batch->current->nlmsg_seq = batch->next++;
	batch->names[index < NETLINK_NAMES ? index : NETLINK_NAMES - 1] = name;
	return batch->current;
}

void netlink_ack(struct netlink_batch *batch)
{
	batch->current->nlmsg_flags |= NLM_F_ACK;
	batch->acked = batch->current->nlmsg_seq;
}

/* The name of a message, for errors. */
static const char *netlink_message_name(const struct netlink_batch *batch, uint32_t sequence)
{
	size_t index = sequence - batch->first;

	return batch->names[index < NETLINK_NAMES ? index : NETLINK_NAMES - 1];
}

/* Enlarges the send buffer, which must hold the whole batch. False if it is large enough already or
 * cannot be enlarged. */
static bool netlink_grow_buffer(int fd, const struct netlink_batch *batch)
{
	int size = 0, needed = (int)batch->length + (int)NETLINK_MESSAGE_MAX;
	socklen_t length = sizeof(size);

	return getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length) == 0 && size < needed &&
	       setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &needed, sizeof(needed)) == 0;
}

static int netlink_send_batch(int fd, const struct netlink_batch *batch, struct warden_error *err)
{
	ssize_t sent;

	do
		sent = send(fd, batch->data, batch->length, 0);
	while (sent < 0 &&
	       (errno == EINTR || (errno == EMSGSIZE && netlink_grow_buffer(fd, batch))));
	if (sent < 0)
		return warden_error_errno(err, "send %zu bytes to the kernel", batch->length);
	return 0;
}

/* Reads a reply of the kernel, ignoring other senders; 0 if there is none. */
static ssize_t netlink_receive(int fd, void *answer, int flags)
{
	struct sockaddr_nl from = {0};
	socklen_t length;
	ssize_t got;

	do {
		length = sizeof(from);
		got = recvfrom(fd, answer, ANSWER_SIZE, flags, (struct sockaddr *)&from, &length);
	} while ((got < 0 && errno == EINTR) || (got >= 0 && from.nl_pid != 0));
	if (got < 0 && errno == EAGAIN)
		return 0;
	return got;
}

static int netlink_read_text(const struct nlattr *attribute, void *data)
{
	const char **text = data;

	if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
		*text = mnl_attr_get_str(attribute);
	return MNL_CB_OK;
}

/* The kernel's extended error text of a failure, or NULL. */
static const char *netlink_find_kernel_text(const struct nlmsghdr *nlh,
					    const struct nlmsgerr *failure)
{
	unsigned offset = sizeof(*failure);
	const char *text = NULL;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		offset += failure->msg.nlmsg_len - sizeof(failure->msg);
	if (mnl_attr_parse(nlh, offset, netlink_read_text, &text) < 0)
		return NULL;
	return text;
}

static void netlink_set_failure(const struct netlink_batch *batch, const struct nlmsghdr *nlh,
				const struct nlmsgerr *failure, struct warden_error *err)
{
	const char *name = netlink_message_name(batch, nlh->nlmsg_seq);
	const char *text = netlink_find_kernel_text(nlh, failure);

	errno = -failure->error;
	if (text)
		warden_error_errno(err, "%s: %s", name, text);
	else
		warden_error_errno(err, "%s", name);
}

/* Reads the acknowledgements in one reply; the first failure is stored in `err`. Returns whether
 * the awaited message is among them. */
static bool netlink_read_acks(const struct netlink_batch *batch, const void *answer, int length,
			      bool *failed, struct warden_error *err)
{
	const struct nlmsghdr *nlh = answer;
	bool done = false;

	for (; mnl_nlmsg_ok(nlh, length); nlh = mnl_nlmsg_next(nlh, &length)) {
		const struct nlmsgerr *failure = mnl_nlmsg_get_payload(nlh);

		if (nlh->nlmsg_type != NLMSG_ERROR || nlh->nlmsg_seq < batch->first ||
		    nlh->nlmsg_seq >= batch->next ||
		    mnl_nlmsg_get_payload_len(nlh) < sizeof(*failure))
			continue;
		if (failure->error && -failure->error != batch->ignored && !*failed) {
			netlink_set_failure(batch, nlh, failure, err);
			*failed = true;
		}
		if (nlh->nlmsg_seq == batch->acked)
			done = true;
	}
	return done;
}

/* There is no reply, or it cannot be read. */
static int netlink_set_doubt(const struct netlink_batch *batch, ssize_t length,
			     struct warden_error *err)
{
	if (length < 0)
		warden_error_errno(err, "read the kernel's reply");
	else
		warden_error_set(err, "%s: no reply from the kernel",
				 netlink_message_name(batch, batch->acked));
	err->number = EINPROGRESS;
	return -1;
}

int netlink_send(int fd, struct netlink_batch *batch, struct warden_error *err)
{
	_Alignas(struct nlmsghdr) char answer[ANSWER_SIZE];
	bool failed = false, done = false;
	ssize_t length;

	if (!batch->acked)
		netlink_ack(batch);
	netlink_close_message(batch);
	if (netlink_send_batch(fd, batch, err) < 0)
		return -1;
	while (!done) {
		length = netlink_receive(fd, answer, MSG_DONTWAIT);
		if (length < 0 && errno == ENOBUFS) /* so many messages have failed */
			continue;
		if (length <= 0)
			return failed ? -1 : netlink_set_doubt(batch, length, err);
		done = netlink_read_acks(batch, answer, (int)length, &failed, err);
	}
	return failed ? -1 : 0;
}

void netlink_drain(int fd)
{
	char byte;

	while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) >= 0 || errno == EINTR ||
	       errno == ENOBUFS)
		;
}

int netlink_ask(int fd, struct netlink_batch *batch, mnl_cb_t found, void *data,
		struct warden_error *err)
{
	_Alignas(struct nlmsghdr) char answer[ANSWER_SIZE];
	uint32_t sequence = batch->next - 1;
	ssize_t length;
	int more;

	netlink_close_message(batch);
	if (netlink_send_batch(fd, batch, err) < 0)
		return -1;
	do {
		length = netlink_receive(fd, answer, 0);
		if (length <= 0)
			return warden_error_errno(err, "%s", netlink_message_name(batch, sequence));
		more = mnl_cb_run(answer, (size_t)length, sequence, 0, found, data);
		if (more < 0)
			return warden_error_errno(err, "%s", netlink_message_name(batch, sequence));
	} while (more > MNL_CB_STOP);
	return 0;
}

void netlink_pool_init(struct netlink_pool *pool, int protocol)
{
	pthread_mutex_init(&pool->mutex, NULL);
	pool->protocol = protocol;
	pool->n = 0;
}

void netlink_pool_free(struct netlink_pool *pool)
{
	while (pool->n > 0)
		close(pool->fds[--pool->n]);
	pthread_mutex_destroy(&pool->mutex);
}

int netlink_pool_take(struct netlink_pool *pool, struct warden_error *err)
{
	int fd = -1;

	pthread_mutex_lock(&pool->mutex);
	if (pool->n > 0)
		fd = pool->fds[--pool->n];
	pthread_mutex_unlock(&pool->mutex);
	if (fd >= 0)
		return fd;
	return netlink_open(pool->protocol, err);
}

void netlink_pool_return(struct netlink_pool *pool, int fd)
{
	pthread_mutex_lock(&pool->mutex);
	if (pool->n < ARRAY_SIZE(pool->fds)) {
		pool->fds[pool->n++] = fd;
		fd = -1;
	}
	pthread_mutex_unlock(&pool->mutex);
	if (fd >= 0)
		close(fd);
}

int netlink_pool_send(struct netlink_pool *pool, struct netlink_batch *batch,
		      struct warden_error *err)
{
	int fd = netlink_pool_take(pool, err), result;

	if (fd < 0)
		return -1;
	result = netlink_send(fd, batch, err);
	netlink_pool_return(pool, fd);
	return result;
}

int netlink_pool_ask(struct netlink_pool *pool, struct netlink_batch *batch, mnl_cb_t found,
		     void *data, struct warden_error *err)
{
	int fd = netlink_pool_take(pool, err), result;

	if (fd < 0)
		return -1;
	result = netlink_ask(fd, batch, found, data, err);
	netlink_pool_return(pool, fd);
	return result;
}
