/* SPDX-License-Identifier: Apache-2.0 */
/* Unix stream sockets: connect, send, receive, each with a deadline. Frames are in
 * client_frame.c. */
#include <config.h>

#include "client/lib/client_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int64_t client_socket_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t client_socket_deadline(const struct socket_wait *wait)
{
	return wait->timeout < 0 ? -1 : client_socket_now_ms() + wait->timeout;
}

static int client_socket_remaining(int64_t deadline)
{
	int64_t rest;

	if (deadline < 0)
		return -1;
	rest = deadline - client_socket_now_ms();
	return rest < 0 ? 0 : (int)rest;
}

/* Waits for the socket. Returns 0 if it is ready or has failed; the next call on it returns the
 * error. */
static int client_socket_wait(int fd, short events, int64_t deadline,
			      const struct socket_wait *wait, enum socket_failure *failure)
{
	struct pollfd fds[] = {
		{.fd = fd, .events = events},
		{.fd = wait->wake_fd, .events = POLLIN}, /* poll ignores a negative one */
		{.fd = wait->cancel_fd, .events = POLLIN},
	};
	uint64_t count;
	int n;

	do {
		n = poll(fds, 3, client_socket_remaining(deadline));
	} while (n < 0 && errno == EINTR);
	*failure = SOCKET_ERRNO;
	if (n < 0)
		return -1;
	if (n == 0)
		*failure = SOCKET_TIMEOUT;
	else if (fds[2].revents && read(wait->cancel_fd, &count, sizeof(count)) > 0)
		*failure = SOCKET_CANCELLED;
	else if (fds[1].revents)
		*failure = SOCKET_WOKEN;
	return *failure == SOCKET_ERRNO ? 0 : -1;
}

int client_socket_pause(int milliseconds, const struct socket_wait *wait,
			enum socket_failure *failure)
{
	int64_t deadline = client_socket_now_ms() + milliseconds;

	if (client_socket_wait(-1, 0, deadline, wait, failure) == 0 || *failure == SOCKET_TIMEOUT)
		return 0;
	return -1;
}

/* poll cannot wait for room in a listener's backlog, so connect is tried again every 10 ms. */
static int client_socket_connect_address(int fd, const struct sockaddr_un *address,
					 const struct socket_wait *wait,
					 enum socket_failure *failure)
{
	const int64_t deadline = client_socket_deadline(wait);

	while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		*failure = SOCKET_ERRNO;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -1;
		if (client_socket_remaining(deadline) == 0) {
			*failure = SOCKET_TIMEOUT;
			return -1;
		}
		if (client_socket_pause(10, wait, failure) < 0)
			return -1;
	}
	return 0;
}

/* Fills the address. A path that is too long for it goes through a descriptor of its directory,
 * which is returned; -1: the path fits. -2 with errno. */
static int client_socket_fill_address(struct sockaddr_un *address, const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd, length;

	address->sun_family = AF_UNIX;
	length = snprintf(address->sun_path, sizeof(address->sun_path), "%s", path);
	if (length < (int)sizeof(address->sun_path))
		return -1;
	if (!slash || slash - path >= (int)sizeof(directory)) {
		errno = ENAMETOOLONG;
		return -2;
	}
	memcpy(directory, path, slash - path + 1);
	directory[slash - path + 1] = '\0';
	fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -2;
	length = snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s", fd,
			  slash + 1);
	if (length < (int)sizeof(address->sun_path))
		return fd;
	close(fd);
	errno = ENAMETOOLONG;
	return -2;
}

int client_socket_connect(const char *path, const struct socket_wait *wait,
			  enum socket_failure *failure)
{
	struct sockaddr_un address;
	int directory, fd, result, number;

	*failure = SOCKET_ERRNO;
	memset(&address, 0, sizeof(address));
	directory = client_socket_fill_address(&address, path);
	if (directory == -2)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	result = fd < 0 ? -1 : client_socket_connect_address(fd, &address, wait, failure);
	number = errno;
	if (directory >= 0)
		close(directory);
	if (result < 0 && fd >= 0)
		close(fd);
	errno = number;
	return result < 0 ? -1 : fd;
}

/* Removes the bytes that were sent from the front of the vector. */
static void client_socket_advance_vector(struct iovec **vector, int *count, size_t sent)
{
	while (*count > 0 && sent >= (*vector)->iov_len) {
		sent -= (*vector)->iov_len;
		(*vector)++;
		(*count)--;
	}
	if (*count > 0) {
		(*vector)->iov_base = (char *)(*vector)->iov_base + sent;
		(*vector)->iov_len -= sent;
	}
}

int client_socket_send(int fd, struct iovec *vector, int count, const struct socket_wait *wait,
		       enum socket_failure *failure)
{
	const int64_t deadline = client_socket_deadline(wait);

	while (count > 0) {
		struct msghdr message = {.msg_iov = vector, .msg_iovlen = (size_t)count};
		ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

		*failure = SOCKET_ERRNO;
		if (sent >= 0)
			client_socket_advance_vector(&vector, &count, (size_t)sent);
		else if (errno == EAGAIN) {
			if (client_socket_wait(fd, POLLOUT, deadline, wait, failure) < 0)
				return -1;
		} else if (errno != EINTR)
			return -1;
	}
	return 0;
}

ssize_t client_socket_receive(int fd, void *buffer, size_t size, const struct socket_wait *wait,
			      enum socket_failure *failure)
{
	const int64_t deadline = client_socket_deadline(wait);

	for (;;) {
		ssize_t got;

		if (client_socket_wait(fd, POLLIN, deadline, wait, failure) < 0)
			return -1;
		got = recv(fd, buffer, size, 0);
		if (got >= 0 || (errno != EAGAIN && errno != EINTR))
			return got;
	}
}
