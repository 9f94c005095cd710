/* SPDX-License-Identifier: Apache-2.0 */
/* Messages with descriptors; see fd_message.h. */
#include "lib/fd_message.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr header; /* for its alignment */
	char bytes[CMSG_SPACE(MESSAGE_FDS * sizeof(int))];
};

int fd_message_pair(int pair[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static void fd_message_put_fds(struct msghdr *message, union control *control, const int *fds,
			       size_t n_fds)
{
	struct cmsghdr *header;

	memset(control, 0, sizeof(*control));
	message->msg_control = control->bytes;
	message->msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	memcpy(CMSG_DATA(header), fds, n_fds * sizeof(int));
}

int fd_message_send(int socket, const void *data, size_t size, const int *fds, size_t n_fds)
{
	struct iovec part = {.iov_base = (void *)data, .iov_len = size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	union control control;
	ssize_t sent;

	assert(size > 0 && n_fds <= MESSAGE_FDS);
	if (fds && n_fds > 0)
		fd_message_put_fds(&message, &control, fds, n_fds);
	do
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -1 : 0; /* SOCK_SEQPACKET sends all or nothing */
}

/* Moves the received descriptors to the caller and closes those for which `fds` has no room. */
static void fd_message_take_fds(struct msghdr *message, int *fds, size_t n_fds)
{
	struct cmsghdr *header;
	size_t taken = 0;

	for (header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		size_t received = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < received; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(fd));
			if (taken < n_fds)
				fds[taken++] = fd;
			else
				close(fd);
		}
	}
}

static void fd_message_close_fds(int *fds, size_t n_fds)
{
	for (size_t i = 0; i < n_fds; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

/* Why the kernel did not pass all descriptors: there is room for them in the message, so there was
 * none in the table of this process or of the system. */
static int fd_message_find_limit(int socket)
{
	int fd = fcntl(socket, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	close(fd);
	return EMFILE;
}

ssize_t fd_message_receive(int socket, void *data, size_t size, int *fds, size_t n_fds)
{
	struct iovec part = {.iov_base = data, .iov_len = size};
	union control control;
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t received;

	for (size_t i = 0; i < n_fds; i++)
		fds[i] = -1;
	/* If the other end closes with unread data the first recvmsg reports ECONNRESET; what it
	 * had sent, and then its end, follow. */
	do
		received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (received < 0 && (errno == EINTR || errno == ECONNRESET));
	if (received < 0)
		return -1;
	fd_message_take_fds(&message, fds, n_fds);
	if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		fd_message_close_fds(fds, n_fds);
		errno = message.msg_flags & MSG_TRUNC ? EMSGSIZE : fd_message_find_limit(socket);
		return -1;
	}
	return received;
}
