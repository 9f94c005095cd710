/* SPDX-License-Identifier: Apache-2.0 */
/* Packets with descriptors; see packet.h. */
#include "proto/packet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Aligned for struct cmsghdr. */
union control {
	char buffer[CMSG_SPACE(sizeof(int) * WSHD_SPAWN_FDS)];
	struct cmsghdr align;
};

static void packet_attach_fds(struct msghdr *header, union control *control, const int *fds,
			      size_t n_fds)
{
	struct cmsghdr *rights;

	memset(control, 0, sizeof(*control));
	header->msg_control = control->buffer;
	header->msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
	rights = CMSG_FIRSTHDR(header);
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
	memcpy(CMSG_DATA(rights), fds, sizeof(int) * n_fds);
}

int packet_send(int socket, const void *message, size_t length, const int *fds, size_t n_fds,
		int flags)
{
	struct iovec iov = {.iov_base = (void *)message, .iov_len = length};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control;
	ssize_t sent;

	if (n_fds > WSHD_SPAWN_FDS) {
		errno = EINVAL;
		return -1;
	}
	if (fds && n_fds > 0)
		packet_attach_fds(&header, &control, fds, n_fds);
	do
		sent = sendmsg(socket, &header, flags | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -1 : 0;
}

/* Takes the descriptors of one control message; closes those that do not fit. False if there were
 * any. */
static bool packet_take_fds(struct packet *packet, const struct cmsghdr *part)
{
	size_t n = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	bool fits = true;

	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
		if (packet->n_fds < WSHD_SPAWN_FDS) {
			packet->fds[packet->n_fds++] = fd;
		} else {
			close(fd);
			fits = false;
		}
	}
	return fits;
}

/* Whether all but descriptors arrived, for which this process had no number left. */
static bool packet_is_short_of_fds(const struct packet *packet, const struct msghdr *header)
{
	return packet->length >= sizeof(struct wshd_header) && packet->n_fds < WSHD_SPAWN_FDS &&
	       (header->msg_flags & MSG_CTRUNC) && !(header->msg_flags & MSG_TRUNC);
}

bool packet_is_temporary(int number)
{
	return number == EAGAIN || number == EINTR || number == ENOMEM || number == ENOBUFS;
}

int packet_receive(int socket, struct packet *packet, int flags)
{
	return packet_receive_as(socket, packet, flags, PACKET_CLOSES);
}

int packet_receive_as(int socket, struct packet *packet, int flags, enum packet_descriptors what)
{
	struct iovec iov = {.iov_base = &packet->message, .iov_len = sizeof(packet->message)};
	union control control;
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = what == PACKET_REFUSES ? NULL : control.buffer,
		/* Without the padding of CMSG_SPACE, which has room for one more: the kernel drops
		 * what is too much. */
		.msg_controllen = what == PACKET_REFUSES ? 0 : CMSG_LEN(sizeof(packet->fds)),
	};
	bool fits = true, lost;
	ssize_t got;

	packet->n_fds = 0;
	/* If the other end closes with unread data the first recvmsg reports ECONNRESET; the
	 * messages that it had sent, and then its end, follow. */
	do
		got = recvmsg(socket, &header, flags | MSG_CMSG_CLOEXEC);
	while (got < 0 && (errno == EINTR || errno == ECONNRESET));
	if (got < 0)
		return -1;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part))
		if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS)
			fits = packet_take_fds(packet, part) && fits;
	if (got == 0 && packet->n_fds == 0)
		return 0;
	packet->length = (size_t)got;
	if (fits && packet->length >= sizeof(struct wshd_header) &&
	    !(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return 1;
	/* With room in the buffer, the kernel drops descriptors only if it cannot install them. */
	lost = what != PACKET_REFUSES && packet_is_short_of_fds(packet, &header);
	if (what != PACKET_KEEPS)
		packet_close(packet);
	errno = lost ? EMFILE : EPROTO;
	return -1;
}

bool packet_fits(const struct packet *packet, size_t length, size_t n_fds)
{
	return packet->length == length && packet->n_fds == n_fds;
}

size_t packet_gather_fds(const int *all, int *fds, uint32_t *present)
{
	size_t n = 0;

	*present = 0;
	for (unsigned i = 0; i < WSHD_SPAWN_FDS; i++) {
		if (all[i] < 0)
			continue;
		*present |= UINT32_C(1) << i;
		fds[n++] = all[i];
	}
	return n;
}

bool packet_place(struct packet *packet, uint32_t present, uint32_t required)
{
	size_t n = packet->n_fds;

	if ((present & required) != required || present >> WSHD_SPAWN_FDS ||
	    (size_t)__builtin_popcount(present) != n)
		return false;
	/* From the last one: no descriptor overwrites one that is not moved yet. */
	for (size_t i = WSHD_SPAWN_FDS; i-- > 0;)
		packet->fds[i] = present & UINT32_C(1) << i ? packet->fds[--n] : -1;
	packet->n_fds = WSHD_SPAWN_FDS;
	return true;
}

int packet_take(struct packet *packet, size_t i)
{
	int fd = packet->fds[i];

	packet->fds[i] = -1;
	return fd;
}

void packet_close(struct packet *packet)
{
	for (size_t i = 0; i < packet->n_fds; i++)
		if (packet->fds[i] >= 0)
			close(packet->fds[i]);
	packet->n_fds = 0;
}
