// SPDX-License-Identifier: Apache-2.0
// Sends one frame of each kind that a container has no business to send: probe_frames LINK OWN-MAC
// OWN-IP HOST-IP. Each carries the text "canary" behind its header. Prints how many it tried: the
// kernel refuses those that a filter of the link drops.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct frame {
	uint16_t protocol;
	int foreign_source;    // another hardware address
	int foreign_ip;        // another address in the header of IP, or ARP
	int length;            // 0: long enough for any header
	unsigned char head[8]; // behind the protocol
};

static const struct frame frames[] = {
	{.protocol = 0x8863, .head = {0x11, 0x09}},             // PPPoE discovery
	{.protocol = 0x8864, .head = {0x11, 0x00}},             // PPPoE session
	{.protocol = 0x888e, .head = {0x01, 0x01}},             // EAPOL
	{.protocol = 0x88cc, .head = {0x02, 0x07}},             // LLDP
	{.protocol = 0x8847, .head = {0x00, 0x01, 0x01, 0x40}}, // MPLS
	{.protocol = 0x0040, .head = {0x42, 0x42, 0x03}},       // 802.2: its length, spanning tree
	{.protocol = 0x86dd, .head = {0x60}},                   // IPv6
	{.protocol = 0x8100, .head = {0x00, 0x05, 0x08, 0x00}}, // VLAN 5 with IPv4
	{.protocol = 0x88a8, .head = {0x00, 0x05, 0x08, 0x00}}, // VLAN of a provider
	{.protocol = 0x88f7, .head = {0x00}},                   // PTP
	{.protocol = 0x0800, .head = {0x45}, .foreign_source = 1},
	{.protocol = 0x0800, .head = {0x45}, .foreign_ip = 1},
	{.protocol = 0x0800, .head = {0x45}, .length = 20}, // shorter than its header
	{.protocol = 0x0806, .head = {0, 1, 8, 0, 6, 4, 0, 1}, .foreign_source = 1},
	{.protocol = 0x0806, .head = {0, 1, 8, 0, 6, 4, 0, 1}, .foreign_ip = 1},
	{.protocol = 0x0806, .head = {0, 6, 8, 0, 6, 4, 0, 1}}, // ARP of another hardware type
};

static int frame_fill(const struct frame *frame, unsigned char *data, const unsigned char mac[6],
		      uint32_t ip)
{
	memset(data, 0, 100);
	memset(data, 0xff, 6);
	memcpy(data + 6, mac, 6);
	data[11] ^= frame->foreign_source ? 0x10 : 0;
	data[12] = frame->protocol >> 8;
	data[13] = frame->protocol & 0xff;
	memcpy(data + 14, frame->head, sizeof(frame->head));
	ip ^= frame->foreign_ip ? htonl(0x10) : 0;
	if (frame->protocol == 0x0800) {
		memcpy(data + 26, &ip, 4);
	} else if (frame->protocol == 0x0806) {
		memcpy(data + 22, data + 6, 6);
		memcpy(data + 28, &ip, 4);
	}
	memcpy(data + 60, "canary", 6);
	if (frame->length)
		memcpy(data + 14, "canary", 6);
	return frame->length ? frame->length : 100;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_halen = 6,
				 .sll_addr = {255, 255, 255, 255, 255, 255}};
	unsigned char mac[6], data[100];
	int fd = socket(AF_PACKET, SOCK_RAW, 0), tried = 0;

	if (fd < 0 || argc != 4) {
		perror("socket");
		return 1;
	}
	to.sll_ifindex = (int)if_nametoindex(argv[1]);
	if (sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3,
		   mac + 4, mac + 5) != 6)
		return 1;
	for (size_t i = 0; i < sizeof(frames) / sizeof(*frames); i++) {
		int length = frame_fill(&frames[i], data, mac, inet_addr(argv[3]));

		to.sll_protocol = htons(frames[i].protocol);
		if (sendto(fd, data, (size_t)length, 0, (struct sockaddr *)&to, sizeof(to)) !=
			    length &&
		    errno != ENOBUFS) {
			perror("sendto");
			return 1;
		}
		tried++;
	}
	printf("%d tried\n", tried);
	return 0;
}
