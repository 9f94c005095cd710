/* SPDX-License-Identifier: Apache-2.0 */
/* What a hostile job does, for the measurement of its neighbour: `attack NAME ADDRESS`, as long
 * as its container lives. It is static, so that it runs in any container. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>

struct attack {
	const char *name;
	void (*function)(const char *address);
};

static void attack_fork(const char *address)
{
	(void)address;
	for (;;)
		if (fork() < 0)
			usleep(100); /* at the limit; another one makes it when a process ends */
}

/* A child takes memory until the kernel ends it. */
static void attack_memory(const char *address)
{
	enum { PIECE = 1 << 20 };

	(void)address;
	for (;;) {
		pid_t child = fork();
		char *piece;

		while (child == 0)
			if ((piece = mmap(NULL, PIECE, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED)
				memset(piece, 1, PIECE);
		if (child > 0)
			waitpid(child, NULL, 0); /* however it ends */
	}
}

static void attack_log(const char *address)
{
	static char text[1 << 16];

	(void)address;
	memset(text, 'x', sizeof(text));
	while (write(STDOUT_FILENO, text, sizeof(text)) > 0)
		;
}

/* Watches with full queues, in as many instances as there may be. */
static void attack_inotify(const char *address)
{
	enum { INSTANCES = 1000 };

	(void)address;
	for (int i = 0; i < INSTANCES; i++) {
		int fd = inotify_init1(IN_CLOEXEC);

		if (fd < 0 || inotify_add_watch(fd, "/tmp", IN_ALL_EVENTS) < 0)
			break;
	}
	for (;;) {
		int fd = open("/tmp/watched", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		if (fd >= 0)
			close(fd);
		unlink("/tmp/watched");
	}
}

static void attack_files(const char *address)
{
	enum { FILES = 1000 };
	char name[32];

	(void)address;
	for (unsigned i = 0;; i++) {
		int fd;

		snprintf(name, sizeof(name), "/tmp/%u", i % FILES);
		fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 || write(fd, name, sizeof(name)) < 0)
			usleep(100); /* no more files: those that exist are removed below */
		if (fd >= 0)
			close(fd);
		snprintf(name, sizeof(name), "/tmp/%u", (i + FILES / 2) % FILES);
		unlink(name);
	}
}

static void attack_send(const char *address, unsigned ports)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[64] = "";

	if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1)
		exit(1);
	for (unsigned i = 0;; i++) {
		to.sin_port = htons((uint16_t)(1024 + i % ports));
		if (sendto(fd, text, sizeof(text), 0, (struct sockaddr *)&to, sizeof(to)) < 0 &&
		    errno == EPERM)
			usleep(1); /* refused by the host's rules: it goes on trying */
	}
}

static void attack_packets(const char *address)
{
	attack_send(address, 1);
}

static void attack_connections(const char *address)
{
	attack_send(address, 60000);
}

/* Signals for process 1, and orphans that it must collect. */
static void attack_init(const char *address)
{
	(void)address;
	for (;;) {
		pid_t child = fork();

		if (child == 0) {
			if (fork() == 0)
				kill(1, SIGTERM);
			_exit(0);
		}
		kill(1, SIGCONT);
		if (child > 0)
			waitpid(child, NULL, 0); /* however it ends */
	}
}

int main(int argc, char **argv)
{
	static const struct attack attacks[] = {
		{"fork", attack_fork},   {"memory", attack_memory},
		{"log", attack_log},     {"inotify", attack_inotify},
		{"files", attack_files}, {"packets", attack_packets},
		{"init", attack_init},   {"connections", attack_connections},
	};

	if (argc == 3)
		for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
			if (strcmp(argv[1], attacks[i].name) == 0)
				attacks[i].function(argv[2]);
	fprintf(stderr, "Usage: attack NAME ADDRESS\n");
	return 2;
}
