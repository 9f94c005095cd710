/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's side of the holder: starts one, takes its socket over, ends it; see
 * firewall_holder.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include "backends/linux/firewall/firewall_holder.h"
#include "backends/linux/firewall/firewall_holder_private.h"
#include "backends/linux/net/netlink.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/fd_message.h"

/* The holder's socket in the depot. */
#define SOCKET_NAME ".firewall.sock"

/* A holder that ends so soon is not started again. */
#define SHORT_LIFE_US 1000000

/* An address below a descriptor of the depot: its path may be longer than an address. */
static struct sockaddr_un firewall_holder_address(int depot_fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/thread-self/fd/%d/%s", depot_fd,
		 SOCKET_NAME);
	return address;
}

static int firewall_holder_open_depot(const struct warden_host *host, struct warden_error *err)
{
	const char *path = host->settings->depot_path;
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? warden_error_errno(err, "open depot %s", path) : fd;
}

static int firewall_holder_limit_waits(int fd, struct warden_error *err)
{
	const struct timeval patience = {.tv_sec = FIREWALL_HOLDER_PATIENCE_S};

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		return warden_error_errno(err, "limit waits for the firewall's holder");
	return 0;
}

/* Returns a connection to the holder of the depot; ENOENT: there is none. */
static int firewall_holder_connect(const struct warden_host *host, struct warden_error *err)
{
	_cleanup_close_ int depot_fd = firewall_holder_open_depot(host, err);
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (depot_fd < 0)
		return -1;
	if (fd < 0)
		return warden_error_errno(err, "create a socket");
	address = firewall_holder_address(depot_fd);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno == ECONNREFUSED) /* it was killed */
			errno = ENOENT;
		return warden_error_errno(err, "connect to %s/%s", host->settings->depot_path,
					  SOCKET_NAME);
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return warden_error_errno(err, "read the credentials of %s/%s",
					  host->settings->depot_path, SOCKET_NAME);
	if (peer.uid != geteuid())
		return warden_error_set(err, "%s/%s is a socket of uid %u",
					host->settings->depot_path, SOCKET_NAME, peer.uid);
	return firewall_holder_limit_waits(fd, err) < 0 ? -1 : take_fd(&fd);
}

static int firewall_holder_receive(int fd, struct firewall_holder_answer *answer, int *netlink_fd,
				   struct warden_error *err)
{
	ssize_t got =
		fd_message_receive(fd, answer, sizeof(*answer), netlink_fd, netlink_fd ? 1 : 0);

	if (got < 0)
		return warden_error_errno(err, "read the answer of the firewall's holder");
	if (got != sizeof(*answer) || (netlink_fd && *netlink_fd < 0))
		return warden_error_set(err, "the firewall's holder does not answer");
	return 0;
}

static bool firewall_holder_is_here(int netlink_fd)
{
	_cleanup_close_ int netns_fd = ioctl(netlink_fd, SIOCGSKNS);
	struct stat own, other;

	return netns_fd >= 0 && fstat(netns_fd, &other) == 0 &&
	       stat("/proc/thread-self/ns/net", &own) == 0 && own.st_ino == other.st_ino;
}

int firewall_holder_fetch(struct firewall_holder *holder, const struct warden_host *host,
			  struct warden_error *err)
{
	const char request = FIREWALL_HOLDER_GIVE;
	_cleanup_close_ int fd = firewall_holder_connect(host, err);
	_cleanup_close_ int netlink_fd = -1;
	struct firewall_holder_answer answer;

	*holder = (struct firewall_holder){.host = host, .netlink_fd = -1, .fd = -1};
	if (fd < 0)
		return -1;
	if (fd_message_send(fd, &request, sizeof(request), NULL, 0) < 0)
		return warden_error_errno(err, "ask the firewall's holder");
	if (firewall_holder_receive(fd, &answer, &netlink_fd, err) < 0)
		return -1;
	if (!firewall_holder_is_here(netlink_fd))
		return warden_error_set(err,
					"process %d keeps the firewall of this depot in another "
					"network namespace: start the daemon there, or end that "
					"process",
					answer.pid);
	netlink_drain(netlink_fd); /* an earlier daemon may have been killed before it read that */
	holder->fd = take_fd(&fd);
	holder->netlink_fd = netlink_fd;
	return take_fd(&netlink_fd);
}

static int firewall_holder_listen(const struct warden_host *host, struct warden_error *err)
{
	_cleanup_close_ int depot_fd = firewall_holder_open_depot(host, err);
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;

	if (depot_fd < 0)
		return -1;
	if (fd < 0)
		return warden_error_errno(err, "create a socket");
	address = firewall_holder_address(depot_fd);
	if (unlinkat(depot_fd, SOCKET_NAME, 0) < 0 && errno != ENOENT)
		return warden_error_errno(err, "remove %s/%s", host->settings->depot_path,
					  SOCKET_NAME);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		return warden_error_errno(err, "listen on %s/%s", host->settings->depot_path,
					  SOCKET_NAME);
	return take_fd(&fd);
}

int firewall_holder_start(struct firewall_holder *holder, const struct warden_host *host,
			  struct linux_spawner *spawner, int netlink_fd, struct warden_error *err)
{
	_cleanup_close_ int listen_fd = firewall_holder_listen(host, err), fd = -1;
	struct firewall_holder_answer answer;

	holder->host = host;
	holder->spawner = spawner;
	holder->netlink_fd = netlink_fd;
	holder->fd = -1;
	if (listen_fd < 0)
		return -1;
	fd = linux_spawner_hold(spawner, netlink_fd, listen_fd, err);
	if (fd < 0 || firewall_holder_limit_waits(fd, err) < 0 ||
	    firewall_holder_receive(fd, &answer, NULL, err) < 0)
		return -1;
	holder->fd = take_fd(&fd);
	holder->started = true;
	holder->started_us = clock_monotonic_us();
	return 0;
}

static int firewall_holder_add_watch(struct firewall_holder *holder, struct warden_error *err);

/* The daemon has the socket too, so the table is still there. */
static void firewall_holder_on_end(void *data, uint32_t events)
{
	struct firewall_holder *holder = data;
	const struct warden_host *host = holder->host;
	struct warden_error err;

	(void)events;
	watch_remove(holder->watch);
	holder->watch = NULL;
	close(holder->fd);
	holder->fd = -1;
	if (clock_monotonic_us() - holder->started_us < SHORT_LIFE_US)
		warden_error_set(&err, "it has ended at once");
	else if (firewall_holder_start(holder, host, holder->spawner, holder->netlink_fd, &err) ==
			 0 &&
		 firewall_holder_add_watch(holder, &err) == 0) {
		host->log(host, WARDEN_LOG_WARN, NULL,
			  "firewall: the process warden-holder was killed; started another");
		return;
	}
	host->log(host, WARDEN_LOG_ERROR, NULL,
		  "firewall: the process warden-holder was killed, so the table is not kept after "
		  "this daemon: %s",
		  err.message);
}

static int firewall_holder_add_watch(struct firewall_holder *holder, struct warden_error *err)
{
	holder->watch = watcher_add(holder->watcher, holder->fd, EPOLLIN, firewall_holder_on_end,
				    holder, err);
	return holder->watch ? 0 : -1;
}

int firewall_holder_watch(struct firewall_holder *holder, struct linux_spawner *spawner,
			  struct watcher *watcher, struct warden_error *err)
{
	holder->spawner = spawner;
	holder->watcher = watcher;
	return holder->fd < 0 ? 0 : firewall_holder_add_watch(holder, err);
}

void firewall_holder_leave(struct firewall_holder *holder)
{
	if (holder->fd >= 0)
		close(holder->fd);
	holder->fd = -1;
}

void firewall_holder_end(struct firewall_holder *holder)
{
	const char request = FIREWALL_HOLDER_END;
	struct warden_error ignored; /* a holder that is gone needs no end */
	_cleanup_close_ int fd = -1, depot_fd = -1;

	if (holder->fd < 0)
		return;
	firewall_holder_leave(holder);
	fd = firewall_holder_connect(holder->host, &ignored);
	depot_fd = firewall_holder_open_depot(holder->host, &ignored);
	if (fd >= 0 && fd_message_send(fd, &request, sizeof(request), NULL, 0) == 0)
		(void)!recv(fd, &(char){0}, 1, 0); /* until it has ended */
	if (depot_fd >= 0)
		unlinkat(depot_fd, SOCKET_NAME, 0);
}
