/* SPDX-License-Identifier: Apache-2.0 */
/* The claim of a network namespace; see host_claim.h. */
#include "backends/linux/host/host_claim.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/cleanup.h"

static socklen_t host_claim_address(struct sockaddr_un *address)
{
	static const char name[] = "warden/linux";

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(address->sun_path + 1, name, sizeof(name) - 1);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(name));
}

/* Asks the owner of the claim: its credentials are the kernel's word, the depot its own. Returns -1
 * and `err` if that is a daemon, 0 if it is not or is gone. */
static int host_claim_ask_owner(const struct warden_host *host, struct warden_error *err)
{
	const struct timeval patience = {.tv_sec = 1};
	struct ucred owner = {0};
	struct sockaddr_un address;
	socklen_t length = host_claim_address(&address), size = sizeof(owner);
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char depot[PATH_MAX];
	ssize_t got;

	if (fd < 0)
		return warden_error_errno(err, "create a socket");
	if (connect(fd, (const struct sockaddr *)&address, length) < 0 && errno == ECONNREFUSED)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &owner, &size) < 0)
		return warden_error_errno(err, "read the credentials of socket @warden/linux");
	if (owner.uid != geteuid()) {
		host->log(host, WARDEN_LOG_WARN, NULL,
			  "process %d of uid %u has taken socket @warden/linux: another daemon in "
			  "this network namespace would not be noticed",
			  owner.pid, owner.uid);
		return 0;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	got = recv(fd, depot, sizeof(depot) - 1, 0);
	depot[got > 0 ? got : 0] = '\0';
	return warden_error_set(err,
				"another wardend has containers in this network namespace: process "
				"%d, depot %s",
				owner.pid, got > 0 ? depot : "unknown");
}

int host_claim_take(struct host_claim *claim, const struct warden_host *host,
		    struct warden_error *err)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;
	socklen_t length = host_claim_address(&address);

	if (fd < 0)
		return warden_error_errno(err, "create a socket");
	claim->host = host;
	/* Again only if the owner has just gone. */
	for (int tries = 0; tries < 3; tries++) {
		if (bind(fd, (const struct sockaddr *)&address, length) == 0) {
			if (listen(fd, SOMAXCONN) < 0)
				return warden_error_errno(err, "listen on socket @warden/linux");
			claim->fd = take_fd(&fd);
			return 0;
		}
		if (errno != EADDRINUSE)
			return warden_error_errno(err, "bind socket @warden/linux");
		if (host_claim_ask_owner(host, err) < 0)
			return -1;
	}
	return 0;
}

static void host_claim_on_connection(void *data, uint32_t events)
{
	const struct host_claim *claim = data;
	const char *depot = claim->host->settings->depot_path;
	_cleanup_close_ int fd = accept4(claim->fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	/* A daemon that does not get it reports the depot as unknown. */
	if (fd >= 0)
		(void)send(fd, depot, strlen(depot), MSG_NOSIGNAL | MSG_DONTWAIT);
}

int host_claim_watch(struct host_claim *claim, struct watcher *watcher, struct warden_error *err)
{
	if (claim->fd < 0 ||
	    watcher_add(watcher, claim->fd, EPOLLIN, host_claim_on_connection, claim, err))
		return 0;
	return -1;
}

void host_claim_release(struct host_claim *claim)
{
	if (claim->fd >= 0)
		close(claim->fd);
	claim->fd = -1;
}
