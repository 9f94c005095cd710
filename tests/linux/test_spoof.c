/* SPDX-License-Identifier: Apache-2.0 */
/* Forged packets and frames that root in a container can put on its link: none of them has an
 * effect, in the world of world.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/linux/net/net_link.h"
#include "tests/linux/world.h"

/* Counts datagrams to a UDP port, until none arrive any more. */
static int test_spoof_count_datagrams(int ready_fd, void *data)
{
	struct sockaddr_in any = world_address("0.0.0.0", WORLD_PORT);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), n = 0;
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	char buffer[16];

	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 || write(ready_fd, "x", 1) != 1)
		return 255;
	while (poll(&wait, 1, WORLD_SILENCE_MS) == 1 && recv(fd, buffer, sizeof(buffer), 0) >= 0)
		n++;
	*(atomic_int *)data = n;
	pause();
	return 0;
}

/* The internet checksum; `sum` is the sum so far. */
static uint16_t test_spoof_checksum(uint32_t sum, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* Sends a datagram with any source address through a raw socket. */
static int test_spoof_send_from_address(void *data)
{
	struct {
		struct iphdr ip;
		struct udphdr udp;
		char text[4];
	} __attribute__((packed)) packet = {.ip = {.version = 4, .ihl = 5, .ttl = 64}};
	struct sockaddr_in to = world_address(WORLD_ALLOWED, WORLD_PORT);
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	packet.ip.protocol = IPPROTO_UDP;
	packet.ip.tot_len = htons(sizeof(packet));
	packet.ip.saddr = *(const in_addr_t *)data;
	packet.ip.daddr = to.sin_addr.s_addr;
	packet.ip.check = test_spoof_checksum(0, &packet.ip, sizeof(packet.ip));
	packet.udp.source = packet.udp.dest = htons(WORLD_PORT);
	packet.udp.len = htons(sizeof(packet.udp) + sizeof(packet.text));
	return sendto(fd, &packet, sizeof(packet), 0, (struct sockaddr *)&to, sizeof(to)) ==
			       (ssize_t)sizeof(packet)
		       ? 0
		       : 1;
}

static void a_false_source_address_is_dropped(void)
{
	in_addr_t own = world_containers[0].identity.container_ip.s_addr;
	in_addr_t others[] = {world_containers[1].identity.container_ip.s_addr,
			      world_containers[0].identity.host_ip.s_addr,
			      world_containers[0].identity.network.s_addr,
			      inet_addr(WORLD_HOST),
			      inet_addr(WORLD_OUTSIDE),
			      inet_addr("127.0.0.1")};
	atomic_int *n = world_shared(sizeof(*n));
	pid_t server;

	*n = -1;
	server = linux_host_start_in(world_outside, test_spoof_count_datagrams, n);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		unit_integer(linux_host_run_in(world_containers[0].netns_fd,
					       test_spoof_send_from_address, &others[i]),
			     0);
	unit_integer(
		linux_host_run_in(world_containers[0].netns_fd, test_spoof_send_from_address, &own),
		0);
	for (int i = 0; i < 200 && *n < 0; i++)
		usleep(10000);
	unit_integer(*n, 1);
	linux_host_kill(server);
}

/* Sends a raw frame from the container's end of its link. */
static int test_spoof_send_frame(const void *frame, size_t length)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = ETH_ALEN};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	to.sll_ifindex = NET_CONTAINER_INDEX;
	return fd >= 0 && sendto(fd, frame, length, 0, (struct sockaddr *)&to, sizeof(to)) ==
				       (ssize_t)length
		       ? 0
		       : 1;
}

static void test_spoof_fill_ethernet(struct ether_header *header, uint16_t type)
{
	memset(header->ether_dhost, 0xff, ETH_ALEN);
	memcpy(header->ether_shost, (const uint8_t[]){0x0a, 1, 2, 3, 4, 5}, ETH_ALEN);
	header->ether_type = htons(type);
}

/* Sends an ARP request with a false sender; returns the number of replies. */
static int test_spoof_send_arp_request(void *data)
{
	const char *const *addresses = data; /* sender, target */
	struct {
		struct ether_header ethernet;
		struct ether_arp arp;
	} __attribute__((packed)) frame = {0};
	struct sockaddr_ll any = {.sll_family = AF_PACKET};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETHERTYPE_ARP)), answers = 0;
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	char answer[256];

	any.sll_ifindex = NET_CONTAINER_INDEX;
	any.sll_protocol = htons(ETHERTYPE_ARP);
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return 200;
	test_spoof_fill_ethernet(&frame.ethernet, ETHERTYPE_ARP);
	frame.arp.arp_hrd = htons(ARPHRD_ETHER);
	frame.arp.arp_pro = htons(ETHERTYPE_IP);
	frame.arp.arp_hln = ETH_ALEN;
	frame.arp.arp_pln = 4;
	frame.arp.arp_op = htons(ARPOP_REQUEST);
	memcpy(frame.arp.arp_sha, frame.ethernet.ether_shost, ETH_ALEN);
	inet_pton(AF_INET, addresses[0], frame.arp.arp_spa);
	inet_pton(AF_INET, addresses[1], frame.arp.arp_tpa);
	if (test_spoof_send_frame(&frame, sizeof(frame)) != 0)
		return 201;
	while (poll(&wait, 1, WORLD_SILENCE_MS / 2) == 1 &&
	       recvfrom(fd, answer, sizeof(answer), 0, (struct sockaddr *)&any,
			&(socklen_t){sizeof(any)}) > 0)
		answers += any.sll_pkttype != PACKET_OUTGOING;
	return answers;
}

/* Counts the lines of a command's output. */
static int test_spoof_count_lines(const char *command)
{
	FILE *output = popen(command, "re");
	int lines = 0, c;

	if (!output)
		return -1;
	while ((c = fgetc(output)) != EOF)
		lines += c == '\n';
	pclose(output);
	return lines;
}

/* As root with CAP_NET_ADMIN in a container may: the host's end has a filter of its own. */
static int test_spoof_remove_inner_filter(void *unused)
{
	(void)unused;
	world_shell("tc qdisc del dev w-test0000000-1 clsact 2>/dev/null || true");
	return 0;
}

static void the_host_ignores_arp(void)
{
	/* Container 0 has 10.254.0.2, its host's end 10.254.0.1. */
	const char *questions[][2] = {
		{"10.254.0.2", WORLD_HOST},
		{"10.254.0.2", "10.254.0.1"},
		{"10.254.0.6", "10.254.0.1"},
		{WORLD_OUTSIDE, "10.254.0.1"},
	};
	int before = test_spoof_count_lines("ip neigh show nud all | grep w-test");

	linux_host_run_in(world_containers[0].netns_fd, test_spoof_remove_inner_filter, NULL);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		unit_integer(linux_host_run_in(world_containers[0].netns_fd,
					       test_spoof_send_arp_request, questions[i]),
			     0);
	unit_integer(test_spoof_count_lines("ip neigh show nud all | grep w-test"), before);
	unit_integer(test_spoof_count_lines("ip neigh show nud all | grep 0a:01:02:03:04:05"), 0);
	unit_integer(world_connect(world_containers[0].netns_fd, WORLD_ALLOWED, WORLD_HOST), 0);
}

/* Sends one router advertisement, which would give a listening host an address and a default route.
 */
static int test_spoof_advertise_router(void *unused)
{
	struct {
		struct ether_header ethernet;
		struct ip6_hdr ip;
		struct nd_router_advert advert;
		struct nd_opt_prefix_info prefix;
	} __attribute__((packed)) frame = {0};

	(void)unused;
	test_spoof_fill_ethernet(&frame.ethernet, ETHERTYPE_IPV6);
	memcpy(frame.ethernet.ether_dhost, (const uint8_t[]){0x33, 0x33, 0, 0, 0, 1}, ETH_ALEN);
	frame.ip.ip6_vfc = 6 << 4;
	frame.ip.ip6_plen = htons(sizeof(frame.advert) + sizeof(frame.prefix));
	frame.ip.ip6_nxt = IPPROTO_ICMPV6;
	frame.ip.ip6_hlim = 255;
	inet_pton(AF_INET6, "fe80::1", &frame.ip.ip6_src);
	inet_pton(AF_INET6, "ff02::1", &frame.ip.ip6_dst);
	frame.advert.nd_ra_type = ND_ROUTER_ADVERT;
	frame.advert.nd_ra_router_lifetime = htons(1800);
	frame.prefix.nd_opt_pi_type = ND_OPT_PREFIX_INFORMATION;
	frame.prefix.nd_opt_pi_len = 4;
	frame.prefix.nd_opt_pi_prefix_len = 64;
	frame.prefix.nd_opt_pi_flags_reserved = ND_OPT_PI_FLAG_ONLINK | ND_OPT_PI_FLAG_AUTO;
	frame.prefix.nd_opt_pi_valid_time = frame.prefix.nd_opt_pi_preferred_time = htonl(3600);
	inet_pton(AF_INET6, "2001:db8::", &frame.prefix.nd_opt_pi_prefix);
	/* The addresses of the pseudo header are right before the message. */
	frame.advert.nd_ra_cksum = test_spoof_checksum(
		IPPROTO_ICMPV6 + sizeof(frame.advert) + sizeof(frame.prefix), &frame.ip.ip6_src,
		2 * sizeof(frame.ip.ip6_src) + sizeof(frame.advert) + sizeof(frame.prefix));
	return test_spoof_send_frame(&frame, sizeof(frame));
}

static void ipv6_is_not_reachable(void)
{
	linux_host_run_in(world_containers[0].netns_fd, test_spoof_remove_inner_filter, NULL);
	unit_integer(test_spoof_count_lines("ip -6 addr show | grep -A3 w-test"), 0);
	unit_integer(
		linux_host_run_in(world_containers[0].netns_fd, test_spoof_advertise_router, NULL),
		0);
	usleep(50000);
	unit_integer(test_spoof_count_lines("ip -6 addr show | grep -i 2001:db8"), 0);
	unit_integer(test_spoof_count_lines("ip -6 route show | grep -e default -e w-test"), 0);
	unit_integer(test_spoof_count_lines("ip -6 neigh show nud all | grep w-test"), 0);
}

static const struct unit_test tests[] = {
	UNIT_TEST(a_false_source_address_is_dropped),
	UNIT_TEST(the_host_ignores_arp),
	UNIT_TEST(ipv6_is_not_reachable),
};

int main(int argc, char **argv)
{
	return world_main(argc, argv, "spoof", tests, sizeof(tests) / sizeof(tests[0]));
}
