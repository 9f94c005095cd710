/* SPDX-License-Identifier: Apache-2.0 */
/* A world of network namespaces; see world.h. */
#include "tests/linux/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

struct net *world_net;
struct firewall *world_firewall;
struct warden_error world_error;
int world_outside = -1;
struct world_container world_containers[2];

static const char *const allow_networks[] = {"198.51.100.0/24", NULL};

int world_namespace(int *rtnl_fd)
{
	int before = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), made;
	int proc_fd = open("/proc", O_PATH | O_CLOEXEC);

	if (before < 0 || unshare(CLONE_NEWNET) < 0)
		return -1;
	made = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (rtnl_fd && (net_open_inside(rtnl_fd, &world_error) < 0 ||
			net_configure_inside(proc_fd, 0, &world_error) < 0))
		fprintf(stderr, "%s\n", world_error.message);
	close(proc_fd);
	if (setns(before, CLONE_NEWNET) < 0)
		abort();
	close(before);
	return made;
}

void world_shell(const char *command)
{
	if (system(command) != 0)
		fprintf(stderr, "failed: %s\n", command);
}

static int world_configure_outside(void *unused)
{
	(void)unused;
	world_shell("ip link set lo up; ip link set outside up; ip addr add " WORLD_OUTSIDE
		    "/24 dev outside; "
		    "ip addr add " WORLD_ALLOWED "/32 dev lo; ip addr add " WORLD_NOT_LISTED
		    "/32 dev lo; "
		    "ip route add 10.254.0.0/16 via " WORLD_HOST);
	return 0;
}

static int world_make_outside(void)
{
	char command[256];

	world_outside = world_namespace(NULL);
	snprintf(command, sizeof(command),
		 "ip link add host type veth peer name outside netns /proc/%d/fd/%d", getpid(),
		 world_outside);
	world_shell(command);
	world_shell("ip link set lo up; ip link set host up; ip addr add " WORLD_HOST
		    "/24 dev host; "
		    "ip route add 198.51.100.0/24 via " WORLD_OUTSIDE
		    "; ip route add 203.0.113.0/24 via " WORLD_OUTSIDE);
	return linux_host_run_in(world_outside, world_configure_outside, NULL);
}

bool world_add(struct world_container *container, unsigned number)
{
	int rtnl_fd = -1, result;

	container->identity = linux_host_identity(number);
	container->netns_fd = world_namespace(&rtnl_fd);
	result = net_make(world_net, &container->identity, container->netns_fd, rtnl_fd,
			  &world_error);
	if (result == 0)
		result = firewall_add(world_firewall, &container->identity, &world_error);
	if (result < 0)
		fprintf(stderr, "%s\n", world_error.message);
	close(rtnl_fd);
	return result == 0;
}

static atomic_int removed;

static void world_count_removed(void *unused)
{
	(void)unused;
	removed++;
}

static bool world_wait_removed(int n)
{
	for (int64_t end = linux_host_now_ms() + 5000; linux_host_now_ms() < end; usleep(2000))
		if (removed >= n)
			return true;
	return false;
}

void world_remove(struct world_container *container)
{
	removed = 0;
	if (firewall_remove(world_firewall, &container->identity, &world_error) < 0)
		fprintf(stderr, "%s\n", world_error.message);
	if (net_remove(world_net, &container->identity, world_count_removed, NULL, &world_error) <
	    0)
		fprintf(stderr, "%s\n", world_error.message);
	close(container->netns_fd);
	if (!world_wait_removed(1))
		fprintf(stderr, "links of %s are not removed\n", container->identity.id);
}

struct sockaddr_in world_address(const char *text, uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};

	inet_pton(AF_INET, text, &in.sin_addr);
	return in;
}

/* A TCP connection to try. */
struct world_attempt {
	struct sockaddr_in to;
	char expected_peer[INET_ADDRSTRLEN]; /* the address the server must see; empty: any */
};

static int world_wait_connected(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t length = sizeof(error);

	if (poll(&wait, 1, WORLD_SILENCE_MS) == 0)
		return ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		return errno;
	return error;
}

static int world_try_connect(void *data)
{
	const struct world_attempt *attempt = data;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0;
	char seen[INET_ADDRSTRLEN] = "";
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	if (connect(fd, (const struct sockaddr *)&attempt->to, sizeof(attempt->to)) < 0)
		error = errno == EINPROGRESS ? world_wait_connected(fd) : errno;
	if (error || !attempt->expected_peer[0])
		return error;
	if (poll(&wait, 1, WORLD_SILENCE_MS) != 1 || read(fd, seen, sizeof(seen) - 1) <= 0)
		return ENODATA;
	return strcmp(seen, attempt->expected_peer) == 0 ? 0 : EADDRNOTAVAIL;
}

int world_connect(int netns_fd, const char *to, const char *expected_peer)
{
	struct world_attempt attempt = {.to = world_address(to, WORLD_PORT)};

	if (expected_peer)
		snprintf(attempt.expected_peer, sizeof(attempt.expected_peer), "%s", expected_peer);
	return linux_host_run_in(netns_fd, world_try_connect, &attempt);
}

bool world_is_refused(int netns_fd, const char *to)
{
	int error = world_connect(netns_fd, to, NULL);

	return error == EHOSTUNREACH || error == ECONNREFUSED;
}

/* Sends each client the address it connects from. */
int world_serve(int ready_fd, void *unused)
{
	struct sockaddr_in any = world_address("0.0.0.0", WORLD_PORT), peer;
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t length;

	(void)unused;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(fd, 16) < 0 ||
	    write(ready_fd, "x", 1) != 1)
		return 1;
	for (;;) {
		char text[INET_ADDRSTRLEN];
		int client = accept(fd, (struct sockaddr *)&peer, (length = sizeof(peer), &length));

		if (client < 0)
			return 2;
		inet_ntop(AF_INET, &peer.sin_addr, text, sizeof(text));
		(void)!write(client, text, strlen(text));
		close(client);
	}
}

const char *world_ip(const struct world_container *container)
{
	return inet_ntoa(container->identity.container_ip);
}

void *world_shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* Makes the world and starts a server outside, which runs until the end. Returns its pid, or -1. */
static pid_t world_start(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || world_make_outside() != 0) {
		perror("namespaces");
		return -1;
	}
	linux_settings.allow_networks = allow_networks;
	if (net_setup(&linux_host, &world_net, &world_error) < 0 ||
	    firewall_setup(&linux_host, NULL, &world_firewall, &world_error) < 0) {
		fprintf(stderr, "%s\n", world_error.message);
		return -1;
	}
	return linux_host_start_in(world_outside, world_serve, NULL);
}

int world_main(int argc, char **argv, const char *suite, const struct unit_test *tests,
	       size_t count)
{
	int result = EXIT_FAILURE;
	pid_t server;

	linux_host_require_root();
	server = world_start();
	if (server < 0)
		return EXIT_FAILURE;
	if (world_add(&world_containers[0], 0) && world_add(&world_containers[1], 1))
		result = unit_main(argc, argv, suite, tests, count);
	world_remove(&world_containers[0]);
	world_remove(&world_containers[1]);
	linux_host_kill(server);
	net_free(world_net);
	firewall_free(world_firewall);
	return result;
}
