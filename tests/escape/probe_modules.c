/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes every call for which a kernel looks for a module that is not loaded yet, without any other
 * effect. Prints how many were tried.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAMILIES = 48, DISCIPLINES = 31, TABLES = 64 };

static int tried;

static void modules_open_socket(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	tried++;
	if (fd >= 0)
		close(fd);
}

static void modules_open_sockets(void)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET, 6};
	static const int protocols[] = {33, 115, 132, 136, 255, 262};

	for (int family = 0; family < FAMILIES; family++)
		for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
			modules_open_socket(family, types[i], 0);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		for (size_t k = 0; k < sizeof(protocols) / sizeof(*protocols); k++) {
			modules_open_socket(AF_INET, types[i], protocols[k]);
			modules_open_socket(AF_INET6, types[i], protocols[k]);
		}
	for (int protocol = 0; protocol < 32; protocol++)
		modules_open_socket(AF_NETLINK, SOCK_RAW, protocol);
}

/* Requests and options of sockets that anybody has. */
static void modules_ask_sockets(void)
{
	static const unsigned long requests[] = {
		SIOCGIFBR,   SIOCSIFBR,    SIOCBRADDBR,   SIOCBRDELBR, SIOCGIFVLAN,
		SIOCSIFVLAN, SIOCGIFINDEX, SIOCGIFHWADDR, SIOCETHTOOL, SIOCWANDEV};
	static const char *const names[] = {"bbr", "dctcp", "vegas", "tls", "warden_canary"};
	int families[] = {AF_INET, AF_INET6, AF_UNIX};
	char argument[256], table[TABLES] = "nat";
	socklen_t length = sizeof(table);

	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++) {
		int fd = socket(families[i], SOCK_STREAM | SOCK_CLOEXEC, 0);

		for (size_t k = 0; k < sizeof(requests) / sizeof(*requests); k++, tried++) {
			memset(argument, 0, sizeof(argument));
			strcpy(argument, "warden_canary");
			ioctl(fd, requests[k], argument);
		}
		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++, tried++) {
			setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, names[k],
				   (socklen_t)strlen(names[k]));
			setsockopt(fd, IPPROTO_TCP, TCP_ULP, names[k], (socklen_t)strlen(names[k]));
		}
		getsockopt(fd, IPPROTO_IP, 64, table, &length);   /* of iptables */
		getsockopt(fd, IPPROTO_IPV6, 64, table, &length); /* of ip6tables */
		getsockopt(fd, IPPROTO_IP, 96, table, &length);   /* of arptables */
		getsockopt(fd, IPPROTO_IP, 128, table, &length);  /* of ebtables */
		close(fd);
	}
}

static void modules_set_disciplines(void)
{
	int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	for (int discipline = 1; fd >= 0 && discipline < DISCIPLINES; discipline++, tried++)
		ioctl(fd, TIOCSETD, &discipline);
	close(fd);
}

static void modules_mount(void)
{
	static const char *const kinds[] = {
		"btrfs", "xfs",   "f2fs",          "nfs",  "cifs",    "hfsplus", "squashfs",
		"udf",   "minix", "warden_canary", "ext4", "fuseblk", "binder",  "autofs"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++, tried++)
		mount("none", "/mnt", kinds[i], 0, NULL);
}

int main(void)
{
	modules_open_sockets();
	modules_ask_sockets();
	modules_set_disciplines();
	modules_mount();
	printf("%d\n", tried);
	return 0;
}
