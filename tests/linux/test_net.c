/* SPDX-License-Identifier: Apache-2.0 */
/* The links of containers and the firewall's rules, with real connections in the world of world.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/linux/world.h"

static void allowed_traffic_has_the_hosts_address(void)
{
	unit_integer(world_connect(world_containers[0].netns_fd, WORLD_ALLOWED, WORLD_HOST), 0);
	unit_integer(world_connect(world_containers[1].netns_fd, WORLD_ALLOWED, WORLD_HOST), 0);
}

static void denied_traffic_is_rejected_with_icmp(void)
{
	int64_t begin = linux_host_now_ms();

	unit_integer(world_connect(world_containers[0].netns_fd, WORLD_NOT_LISTED, NULL),
		     EHOSTUNREACH);
	unit_integer(world_connect(world_containers[0].netns_fd, WORLD_OUTSIDE, NULL),
		     EHOSTUNREACH);
	unit_true(linux_host_now_ms() - begin < WORLD_SILENCE_MS);
}

/* The kernel's limit for ICMP to one host is 6 at once. */
static void even_the_twentieth_denial_comes_at_once(void)
{
	int64_t begin = linux_host_now_ms();

	for (int i = 0; i < 20; i++) {
		unit_true(world_is_refused(world_containers[1].netns_fd, WORLD_NOT_LISTED));
	}
	unit_true(linux_host_now_ms() - begin < 2 * (int64_t)WORLD_SILENCE_MS);
}

static void containers_do_not_reach_each_other(void)
{
	pid_t server = linux_host_start_in(world_containers[1].netns_fd, world_serve, NULL);

	unit_integer(
		world_connect(world_containers[0].netns_fd, world_ip(&world_containers[1]), NULL),
		EHOSTUNREACH);
	unit_integer(world_connect(-1, world_ip(&world_containers[1]), NULL), 0);
	linux_host_kill(server);
}

static void the_host_reaches_a_container(void)
{
	pid_t server = linux_host_start_in(world_containers[1].netns_fd, world_serve, NULL);

	unit_integer(world_connect(-1, world_ip(&world_containers[1]), "10.254.0.5"), 0);
	linux_host_kill(server);
}

static void no_address_of_the_host_is_reached(void)
{
	pid_t server = linux_host_start_in(-1, world_serve, NULL);

	unit_integer(world_connect(-1, WORLD_HOST, NULL), 0);
	unit_true(world_is_refused(world_containers[0].netns_fd, WORLD_HOST));
	unit_true(world_is_refused(world_containers[0].netns_fd, "10.254.0.1"));
	unit_true(world_is_refused(world_containers[0].netns_fd, "10.254.0.5"));
	linux_host_kill(server);
}

static void other_hosts_do_not_reach_a_container(void)
{
	pid_t server = linux_host_start_in(world_containers[1].netns_fd, world_serve, NULL);

	unit_true(world_is_refused(world_outside, world_ip(&world_containers[1])));
	linux_host_kill(server);
}

/* Whether a link exists in the caller's network namespace. */
static int test_net_has_link(void *name)
{
	return if_nametoindex(name) != 0;
}

static int test_net_link_is_up_with_mtu(void *name)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", (const char *)name);
	result = ioctl(fd, SIOCGIFMTU, &request) == 0 &&
		 request.ifr_mtu == (int)linux_settings.mtu &&
		 ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP);
	close(fd);
	return result;
}

static void each_container_has_its_three_links_up_and_with_the_mtu(void)
{
	char host[] = "w-test0000000-0", inside[] = "w-test0000000-1", ifb[] = "w-test0000000-2";

	unit_integer(linux_host_run_in(-1, test_net_link_is_up_with_mtu, host), 1);
	unit_integer(linux_host_run_in(-1, test_net_link_is_up_with_mtu, ifb), 1);
	unit_integer(linux_host_run_in(world_containers[0].netns_fd, test_net_link_is_up_with_mtu,
				       inside),
		     1);
	unit_integer(linux_host_run_in(world_containers[0].netns_fd, test_net_has_link, host), 0);
	unit_integer(linux_host_run_in(-1, test_net_has_link, inside), 0);
}

static void another_mtu_is_on_all_three(void)
{
	char host[] = "w-test0000002-0", inside[] = "w-test0000002-1", ifb[] = "w-test0000002-2";
	struct world_container container = {.netns_fd = -1};

	/* With an MTU of 1000 there is no IPv6 to turn off. */
	for (linux_settings.mtu = 1400; linux_settings.mtu >= 1000; linux_settings.mtu -= 400) {
		if (!unit_true(world_add(&container, 2)))
			break;
		unit_integer(linux_host_run_in(-1, test_net_link_is_up_with_mtu, host), 1);
		unit_integer(linux_host_run_in(-1, test_net_link_is_up_with_mtu, ifb), 1);
		unit_integer(
			linux_host_run_in(container.netns_fd, test_net_link_is_up_with_mtu, inside),
			1);
		unit_integer(world_connect(container.netns_fd, WORLD_ALLOWED, WORLD_HOST), 0);
		world_remove(&container);
	}
	linux_settings.mtu = 1500;
}

/* Many distributions set this; it must neither replace our rules nor break them. */
static void networking_works_with_a_strict_reverse_path_filter(void)
{
	world_shell("echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter");
	unit_integer(world_connect(world_containers[0].netns_fd, WORLD_ALLOWED, WORLD_HOST), 0);
	unit_true(world_is_refused(world_containers[0].netns_fd, WORLD_NOT_LISTED));
	world_shell("echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter");
}

/* Sends an echo request as an ordinary user, without a raw socket. */
static int test_net_ping(void *to)
{
	struct sockaddr_in address = world_address(to, 0);
	struct icmphdr echo = {.type = ICMP_ECHO};
	struct pollfd wait = {.events = POLLIN};

	if (setgroups(0, NULL) < 0 || setgid(10000) < 0 || setuid(10000) < 0)
		return 200;
	wait.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
	if (wait.fd < 0 || sendto(wait.fd, &echo, sizeof(echo), 0, (struct sockaddr *)&address,
				  sizeof(address)) < 0)
		return errno;
	if (poll(&wait, 1, WORLD_SILENCE_MS) != 1)
		return ETIMEDOUT;
	return recv(wait.fd, &echo, sizeof(echo), 0) < 0 ? errno : 0;
}

static void an_ordinary_user_inside_can_ping(void)
{
	char allowed[] = WORLD_ALLOWED, own[] = "127.0.0.1";

	unit_integer(linux_host_run_in(world_containers[0].netns_fd, test_net_ping, own), 0);
	unit_integer(linux_host_run_in(world_containers[0].netns_fd, test_net_ping, allowed), 0);
}

static void a_container_unknown_to_the_firewall_sends_nothing(void)
{
	unit_integer(firewall_remove(world_firewall, &world_containers[0].identity, &world_error),
		     0);
	unit_integer(world_connect(world_containers[0].netns_fd, WORLD_ALLOWED, NULL), ETIMEDOUT);
	unit_integer(firewall_add(world_firewall, &world_containers[0].identity, &world_error), 0);
	unit_integer(world_connect(world_containers[0].netns_fd, WORLD_ALLOWED, NULL), 0);
}

static void names_and_addresses_can_be_used_again_once_removed(void)
{
	char host[] = "w-test0000003-0", ifb[] = "w-test0000003-2";
	struct world_container container = {.netns_fd = -1};

	for (int i = 0; i < 3; i++) {
		if (!unit_true(world_add(&container, 3)))
			return;
		unit_integer(world_connect(container.netns_fd, WORLD_ALLOWED, WORLD_HOST), 0);
		world_remove(&container);
		unit_integer(test_net_has_link(host), 0);
		unit_integer(test_net_has_link(ifb), 0);
	}
}

/* Counts the connections in the kernel's table that contain an address. */
static int test_net_count_connections(const char *address)
{
	FILE *file = fopen("/proc/thread-self/net/nf_conntrack", "re");
	char line[1024], text[64];
	int n = 0;

	if (!file)
		return -1;
	snprintf(text, sizeof(text), "=%s ", address);
	while (fgets(line, sizeof(line), file))
		n += strstr(line, text) != NULL;
	fclose(file);
	return n;
}

/* Otherwise the next container with this address would be let through as established. */
static void connections_are_forgotten_with_their_container(void)
{
	struct world_container container = {.netns_fd = -1};

	if (!unit_true(world_add(&container, 6)))
		return;
	unit_integer(world_connect(container.netns_fd, WORLD_ALLOWED, WORLD_HOST), 0);
	unit_integer(test_net_count_connections(world_ip(&container)), 1);
	unit_integer(world_connect(world_containers[0].netns_fd, WORLD_ALLOWED, WORLD_HOST), 0);
	world_remove(&container);
	unit_integer(test_net_count_connections(world_ip(&container)), 0);
	unit_true(test_net_count_connections(world_ip(&world_containers[0])) > 0);
}

static void a_make_that_fails_leaves_nothing(void)
{
	char host[] = "w-test0000004-0", ifb[] = "w-test0000004-2";
	struct warden_identity identity = linux_host_identity(4);
	int rtnl_fd = -1, netns_fd = world_namespace(&rtnl_fd), wrong_fd = open("/", O_PATH);

	unit_integer(net_make(world_net, &identity, wrong_fd, rtnl_fd, &world_error), -1);
	unit_contains(world_error.message, "veth");
	/* No netlink socket: the host's side works, the container's does not. */
	unit_integer(net_make(world_net, &identity, netns_fd, wrong_fd, &world_error), -1);
	unit_integer(test_net_has_link(host), 0);
	unit_integer(test_net_has_link(ifb), 0);
	close(rtnl_fd);
	close(netns_fd);
	close(wrong_fd);
}

#define THREADS 4
#define ROUNDS  10

static atomic_int gone, failures;

static void test_net_count_removed(void *unused)
{
	(void)unused;
	gone++;
}

static void *test_net_make_and_remove(void *data)
{
	unsigned first = *(const unsigned *)data;
	struct warden_error err;

	for (unsigned i = first; i < first + ROUNDS; i++) {
		struct warden_identity identity = linux_host_identity(i);
		int rtnl_fd = -1, netns_fd = world_namespace(&rtnl_fd);

		if (net_make(world_net, &identity, netns_fd, rtnl_fd, &err) < 0 ||
		    firewall_add(world_firewall, &identity, &err) < 0 ||
		    firewall_remove(world_firewall, &identity, &err) < 0) {
			fprintf(stderr, "%s\n", err.message);
			failures++;
		}
		if (net_remove(world_net, &identity, test_net_count_removed, NULL, &err) < 0)
			failures++;
		close(rtnl_fd);
		close(netns_fd);
	}
	return NULL;
}

static void many_threads_make_and_remove_at_once(void)
{
	pthread_t threads[THREADS];
	unsigned first[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		first[i] = 100 + i * ROUNDS;
		unit_integer(pthread_create(&threads[i], NULL, test_net_make_and_remove, &first[i]),
			     0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 500 && gone < THREADS * ROUNDS; i++)
		usleep(10000);
	unit_integer(gone, (int64_t)THREADS * ROUNDS);
	unit_integer(failures, 0);
	for (unsigned i = 100; i < 100 + THREADS * ROUNDS; i++) {
		char name[IF_NAMESIZE];

		snprintf(name, sizeof(name), "w-%s-0", linux_host_identity(i).id);
		unit_integer(test_net_has_link(name), 0);
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(each_container_has_its_three_links_up_and_with_the_mtu),
	UNIT_TEST(another_mtu_is_on_all_three),
	UNIT_TEST(allowed_traffic_has_the_hosts_address),
	UNIT_TEST(denied_traffic_is_rejected_with_icmp),
	UNIT_TEST(even_the_twentieth_denial_comes_at_once),
	UNIT_TEST(containers_do_not_reach_each_other),
	UNIT_TEST(the_host_reaches_a_container),
	UNIT_TEST(no_address_of_the_host_is_reached),
	UNIT_TEST(other_hosts_do_not_reach_a_container),
	UNIT_TEST(an_ordinary_user_inside_can_ping),
	UNIT_TEST(a_container_unknown_to_the_firewall_sends_nothing),
	UNIT_TEST(names_and_addresses_can_be_used_again_once_removed),
	UNIT_TEST(networking_works_with_a_strict_reverse_path_filter),
	UNIT_TEST(connections_are_forgotten_with_their_container),
	UNIT_TEST(a_make_that_fails_leaves_nothing),
	UNIT_TEST(many_threads_make_and_remove_at_once),
};

int main(int argc, char **argv)
{
	return world_main(argc, argv, "net", tests, sizeof(tests) / sizeof(tests[0]));
}
