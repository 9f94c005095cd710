/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries one operation inside a container and prints `ok` or the name of the error, for operations
 * that no program of a small root file system performs. Static, so that it runs in any rootfs.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "tests/linux/attempts.h"

static long probe_number(const char *text)
{
	return strtol(text, NULL, 0);
}

/* mount SOURCE TARGET TYPE FLAGS */
static int probe_mount(char **arg)
{
	return mount(arg[0], arg[1], *arg[2] ? arg[2] : NULL, (unsigned long)probe_number(arg[3]),
		     NULL);
}

/* umount TARGET */
static int probe_umount(char **arg)
{
	return umount2(arg[0], MNT_DETACH);
}

/* mknod PATH b|c MAJOR MINOR */
static int probe_mknod(char **arg)
{
	mode_t type = *arg[1] == 'b' ? S_IFBLK : S_IFCHR;

	return mknod(
		arg[0], type | 0666,
		makedev((unsigned int)probe_number(arg[2]), (unsigned int)probe_number(arg[3])));
}

/* open PATH FLAGS */
static int probe_open(char **arg)
{
	return open(arg[0], (int)probe_number(arg[1]) | O_CLOEXEC, 0600);
}

/* upwards PATH NAME: opens NAME by `../../..` from a descriptor of PATH */
static int probe_upwards(char **arg)
{
	int fd = open(arg[0], O_PATH | O_CLOEXEC);
	char path[PATH_MAX];

	if (fd < 0)
		return -1;
	snprintf(path, sizeof(path), "../../../../../../../../%s", arg[1]);
	return openat(fd, path, O_RDONLY | O_CLOEXEC);
}

/* ptrace PID */
static int probe_ptrace(char **arg)
{
	return (int)ptrace(PTRACE_SEIZE, (pid_t)probe_number(arg[0]), NULL, NULL);
}

/* pidfd-getfd PID FD */
static int probe_pidfd_getfd(char **arg)
{
	int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)probe_number(arg[0]), 0);

	if (pidfd < 0)
		return -1;
	return (int)syscall(SYS_pidfd_getfd, pidfd, (int)probe_number(arg[1]), 0);
}

/* unshare FLAGS */
static int probe_unshare(char **arg)
{
	return unshare((int)probe_number(arg[0]));
}

/* setns PATH */
static int probe_setns(char **arg)
{
	int fd = open(arg[0], O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : setns(fd, 0);
}

/* handle PATH NAME: open_by_handle_at of a file found by name_to_handle_at */
static int probe_handle(char **arg)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} buffer;
	int at = open(arg[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int mount_id;

	buffer.handle.handle_bytes = MAX_HANDLE_SZ;
	if (at < 0 || name_to_handle_at(at, arg[1], &buffer.handle, &mount_id, 0) < 0)
		return -1;
	return open_by_handle_at(at, &buffer.handle, O_RDONLY | O_CLOEXEC);
}

/* connect ADDRESS PORT: TCP */
static int probe_connect(char **arg)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)probe_number(arg[1]))};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval limit = {.tv_sec = 3};

	if (fd < 0 || inet_pton(AF_INET, arg[0], &to.sin_addr) != 1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	return connect(fd, (struct sockaddr *)&to, sizeof(to));
}

/* socket FAMILY TYPE PROTOCOL */
static int probe_socket(char **arg)
{
	return socket((int)probe_number(arg[0]), (int)probe_number(arg[1]) | SOCK_CLOEXEC,
		      (int)probe_number(arg[2]));
}

/* udp-from SOURCE DESTINATION PORT: a datagram with any source address, through a raw socket */
static int probe_udp_from(char **arg)
{
	struct {
		struct iphdr ip;
		struct udphdr udp;
		char text[4];
	} packet = {
		.ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP},
		.text = "spoo",
	};
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	if (fd < 0)
		return -1;
	inet_pton(AF_INET, arg[0], &packet.ip.saddr);
	inet_pton(AF_INET, arg[1], &packet.ip.daddr);
	packet.ip.tot_len = htons(sizeof(packet));
	packet.udp.source = htons(4000);
	packet.udp.dest = htons((uint16_t)probe_number(arg[2]));
	packet.udp.len = htons(sizeof(packet.udp) + sizeof(packet.text));
	to.sin_addr.s_addr = packet.ip.daddr;
	return (int)sendto(fd, &packet, sizeof(packet), 0, (struct sockaddr *)&to, sizeof(to));
}

/* Sends a peer its own address. */
static void probe_answer(int fd, const struct sockaddr_in *peer)
{
	char text[INET_ADDRSTRLEN + 1];

	inet_ntop(AF_INET, &peer->sin_addr, text, INET_ADDRSTRLEN);
	strcat(text, "\n");
	sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)peer, sizeof(*peer));
}

static int probe_listen(const char *port, int type)
{
	struct sockaddr_in own = {.sin_family = AF_INET,
				  .sin_port = htons((uint16_t)probe_number(port))};
	int fd = socket(AF_INET, type, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 16) < 0))
		return -1;
	puts("ready");
	fflush(stdout);
	return fd;
}

/* serve-tcp PORT: sends each client the address it connects from */
static int probe_serve_tcp(char **arg)
{
	int fd = probe_listen(arg[0], SOCK_STREAM);

	for (;;) {
		struct sockaddr_in peer;
		socklen_t length = sizeof(peer);
		int connection = accept(fd, (struct sockaddr *)&peer, &length);

		if (connection < 0)
			return -1;
		probe_answer(connection, &peer);
		close(connection);
	}
}

/* serve-udp PORT: replies to each datagram with the address of its sender */
static int probe_serve_udp(char **arg)
{
	int fd = probe_listen(arg[0], SOCK_DGRAM);

	for (;;) {
		struct sockaddr_in peer;
		socklen_t length = sizeof(peer);
		char byte;

		if (recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&peer, &length) < 0)
			return -1;
		probe_answer(fd, &peer);
	}
}

/* Opens a UDP socket that is connected to the address and waits two seconds for a reply. */
static int probe_open_udp(char **arg)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)probe_number(arg[1]))};
	struct timeval limit = {.tv_sec = 2};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	inet_pton(AF_INET, arg[0], &to.sin_addr);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -1;
	return fd;
}

static int probe_exchange_datagram(int fd)
{
	char byte = '?';

	return fd < 0 || send(fd, &byte, 1, 0) < 0 || recv(fd, &byte, 1, 0) < 0 ? -1 : 0;
}

/* ask-udp ADDRESS PORT: sends a datagram and waits for a reply */
static int probe_ask_udp(char **arg)
{
	return probe_exchange_datagram(probe_open_udp(arg));
}

/* ask-udp-again ADDRESS PORT FILE: the same, prints `ready`, and sends again once FILE exists */
static int probe_ask_udp_again(char **arg)
{
	int fd = probe_open_udp(arg);

	if (probe_exchange_datagram(fd) < 0)
		return -1;
	puts("ready");
	fflush(stdout);
	while (access(arg[2], F_OK) < 0)
		usleep(1000);
	return probe_exchange_datagram(fd);
}

/* swap ONE OTHER SECONDS: exchanges two names as fast as it can; prints the number of times */
static int probe_swap(char **arg)
{
	struct timespec start, now;
	long count = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if (syscall(SYS_renameat2, AT_FDCWD, arg[0], AT_FDCWD, arg[1], 2) < 0)
			return -1;
		count++;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < probe_number(arg[2]));
	printf("%ld\n", count);
	return 0;
}

/* keyctl: reads the session keyring's id */
static int probe_keyctl(char **arg)
{
	(void)arg;
	return syscall(SYS_keyctl, 0, -3, 0) < 0 ? -1 : 0;
}

/* type TEXT: TIOCSTI, types on the terminal of standard input */
static int probe_type(char **arg)
{
	for (const char *at = arg[0]; *at; at++)
		if (ioctl(STDIN_FILENO, TIOCSTI, at) < 0)
			return -1;
	return 0;
}

static const struct attempt_kind attempts[] = {
	{"mount", 4, probe_mount},         {"umount", 1, probe_umount},
	{"mknod", 4, probe_mknod},         {"open", 2, probe_open},
	{"upwards", 2, probe_upwards},     {"ptrace", 1, probe_ptrace},
	{"unshare", 1, probe_unshare},     {"pidfd-getfd", 2, probe_pidfd_getfd},
	{"setns", 1, probe_setns},         {"handle", 2, probe_handle},
	{"connect", 2, probe_connect},     {"socket", 3, probe_socket},
	{"swap", 3, probe_swap},           {"udp-from", 3, probe_udp_from},
	{"keyctl", 0, probe_keyctl},       {"type", 1, probe_type},
	{"serve-tcp", 1, probe_serve_tcp}, {"serve-udp", 1, probe_serve_udp},
	{"ask-udp", 2, probe_ask_udp},     {"ask-udp-again", 3, probe_ask_udp_again},
};

int main(int argc, char **argv)
{
	return attempts_run(attempts, sizeof(attempts) / sizeof(*attempts), argc, argv);
}
