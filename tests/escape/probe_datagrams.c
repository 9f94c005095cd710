/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends datagrams and ARP frames to many addresses. Each attempt prints how many were sent, or the
 * name of the error that ended it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/linux/attempts.h"

static int probe_open(const char *source)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(source)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), one = 1;

	return fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one)) < 0 ||
			       bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0
		       ? -1
		       : fd;
}

/* datagrams SOURCE FIRST COUNT PORT: one to each address from FIRST on */
static int probe_datagrams(char **arg)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arg[3]))};
	uint32_t first = ntohl(inet_addr(arg[1])), n = (uint32_t)strtoul(arg[2], NULL, 10);
	int fd = probe_open(arg[0]), sent = 0;

	if (fd < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		to.sin_addr.s_addr = htonl(first + i);
		sent += sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1;
	}
	printf("%d\n", sent);
	return ATTEMPT_TOLD;
}

static int probe_read_mac(const char *text, unsigned char *mac)
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3,
		      mac + 4, mac + 5) == 6;
}

static int probe_send_frame(int fd, const char *link, const void *frame, size_t length)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = ETH_ALEN};

	to.sll_ifindex = (int)if_nametoindex(link);
	return sendto(fd, frame, length, 0, (struct sockaddr *)&to, sizeof(to)) == (ssize_t)length;
}

static uint16_t probe_checksum(const struct iphdr *ip)
{
	const uint16_t *words = (const void *)ip;
	uint32_t sum = 0;

	for (size_t i = 0; i < sizeof(*ip) / 2; i++)
		sum += words[i];
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t) ~(sum + (sum >> 16));
}

/* frame LINK OWN-MAC HOST-MAC OWN-IP DESTINATION PORT: a datagram that no route of the container
 * sees, so that it leaves by the link whatever its destination is */
static int probe_frame(char **arg)
{
	struct {
		struct ether_header ethernet;
		struct iphdr ip;
		struct udphdr udp;
		char text[4];
	} __attribute__((packed)) frame = {.ethernet.ether_type = htons(ETHERTYPE_IP)};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	struct iphdr ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP};

	if (fd < 0 || !probe_read_mac(arg[1], frame.ethernet.ether_shost) ||
	    !probe_read_mac(arg[2], frame.ethernet.ether_dhost))
		return -1;
	ip.saddr = inet_addr(arg[3]);
	ip.daddr = inet_addr(arg[4]);
	ip.tot_len = htons(sizeof(frame) - sizeof(frame.ethernet));
	ip.check = probe_checksum(&ip);
	frame.ip = ip;
	frame.udp.source = htons(4000);
	frame.udp.dest = htons((uint16_t)atoi(arg[5]));
	frame.udp.len = htons(sizeof(frame.udp) + sizeof(frame.text));
	return probe_send_frame(fd, arg[0], &frame, sizeof(frame)) ? 0 : -1;
}

/* arp LINK OWN-MAC SENDER-MAC OWN-IP COUNT: requests and replies about COUNT addresses from OWN-IP
 * on, half of them gratuitous */
static int probe_arp(char **arg)
{
	struct {
		struct ether_header ethernet;
		struct ether_arp arp;
	} __attribute__((packed)) frame = {.ethernet.ether_type = htons(ETHERTYPE_ARP)};
	int fd = socket(AF_PACKET, SOCK_RAW, 0), n = atoi(arg[4]), sent = 0;
	uint32_t own = inet_addr(arg[3]);

	if (fd < 0 || !probe_read_mac(arg[1], frame.ethernet.ether_shost) ||
	    !probe_read_mac(arg[2], frame.arp.arp_sha))
		return -1;
	memset(frame.ethernet.ether_dhost, 0xff, ETH_ALEN);
	frame.arp.arp_hrd = htons(ARPHRD_ETHER);
	frame.arp.arp_pro = htons(ETHERTYPE_IP);
	frame.arp.arp_hln = ETH_ALEN;
	frame.arp.arp_pln = 4;
	for (int i = 0; i < n; i++) {
		uint32_t address = htonl(ntohl(own) + (uint32_t)i);

		memcpy(frame.arp.arp_spa, i % 4 < 2 ? &own : &address, 4);
		memcpy(frame.arp.arp_tpa, &address, 4);
		frame.arp.arp_op = htons(i % 2 ? ARPOP_REQUEST : ARPOP_REPLY);
		sent += probe_send_frame(fd, arg[0], &frame, sizeof(frame));
	}
	printf("%d\n", sent);
	return ATTEMPT_TOLD;
}

static const struct attempt_kind attempts[] = {
	{"datagrams", 4, probe_datagrams},
	{"frame", 6, probe_frame},
	{"arp", 5, probe_arp},
};

int main(int argc, char **argv)
{
	return attempts_run(attempts, sizeof(attempts) / sizeof(*attempts), argc, argv);
}
