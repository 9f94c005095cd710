/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uses up one resource from inside a container: probe_exhaust KIND COUNT [SIZE [SECONDS]]. Makes at
 * most COUNT things of SIZE KiB, keeps them SECONDS and prints how many it got and the error that
 * ended it, or `ok`.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHUNK ((size_t)65536)

enum { KEEPERS = 200 };

static size_t size; /* bytes */
static unsigned seconds;
static char chunk[CHUNK];

static void exhaust_rest(void)
{
	for (unsigned i = 0; i < seconds * 10; i++)
		nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
}

/* A process that keeps memory. */
static int exhaust_memory(unsigned i)
{
	pid_t pid = fork();

	(void)i;
	if (pid != 0)
		return pid < 0 ? -1 : 0;
	char *memory = malloc(size);

	for (size_t at = 0; memory && at < size; at += 4096)
		memory[at] = 'x';
	exhaust_rest();
	_exit(0);
}

/* A process that makes processes, without an end of its own; its time is limited. */
static int exhaust_fork(unsigned i)
{
	pid_t pid = fork();

	(void)i;
	if (pid != 0)
		return pid < 0 ? -1 : 0;
	alarm(seconds);
	for (;;)
		if (fork() == 0)
			alarm(seconds);
}

/* A process that lives a millisecond, as do its child, and the child of that, for some seconds. */
static int exhaust_hop(unsigned i)
{
	pid_t pid = fork();
	struct timespec now, start;

	(void)i;
	if (pid != 0)
		return pid < 0 ? -1 : 0;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if (fork() > 0) {
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
			_exit(0);
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < (time_t)seconds);
	_exit(0);
}

static int exhaust_fill(int fd)
{
	for (size_t done = 0; done < size; done += CHUNK)
		if (write(fd, chunk, size - done < CHUNK ? size - done : CHUNK) < 0)
			return -1;
	return 0;
}

static int exhaust_memfd(unsigned i)
{
	int fd = memfd_create("x", 0);

	(void)i;
	return fd < 0 ? -1 : exhaust_fill(fd);
}

/* A process that keeps memory which is not its own, so that it is smaller than others, and starts
 * the next one. The kernel kills the first of them, and the rest goes on. */
static int exhaust_keepers(unsigned i)
{
	pid_t pid = fork();

	(void)i;
	if (pid != 0)
		return pid < 0 ? -1 : 0;
	for (unsigned next = 0; next < KEEPERS && pid == 0; next++) {
		int fd = memfd_create("x", 0);

		if (fd < 0 || exhaust_fill(fd) < 0)
			_exit(1);
		pid = fork();
		if (pid == 0)
			close(fd);
	}
	exhaust_rest();
	_exit(0);
}

static int exhaust_file_in(const char *directory, unsigned i)
{
	char path[64];
	int fd, result;

	snprintf(path, sizeof(path), "%s/%u", directory, i);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	result = exhaust_fill(fd);
	close(fd);
	return result;
}

static int exhaust_shm(unsigned i)
{
	return exhaust_file_in("/dev/shm", i);
}

static int exhaust_files(unsigned i)
{
	return exhaust_file_in(".", i);
}

static int exhaust_pipe(unsigned i)
{
	int ends[2];

	(void)i;
	if (pipe2(ends, O_NONBLOCK) < 0)
		return -1;
	return write(ends[1], chunk, sizeof(chunk)) < 0 ? -1 : 0;
}

static int exhaust_socket(unsigned i)
{
	int ends[2];

	(void)i;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0)
		return -1;
	while (write(ends[1], chunk, sizeof(chunk)) > 0)
		;
	return errno == EAGAIN ? 0 : -1;
}

/* A connection to itself, whose buffers are filled. */
static int exhaust_tcp(unsigned i)
{
	static int listening = -1;
	static struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	int to, from;

	(void)i;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listening < 0) {
		listening = socket(AF_INET, SOCK_STREAM, 0);
		if (bind(listening, (struct sockaddr *)&address, length) < 0 ||
		    listen(listening, 8) < 0 ||
		    getsockname(listening, (struct sockaddr *)&address, &length) < 0)
			return -1;
	}
	to = socket(AF_INET, SOCK_STREAM, 0);
	if (to < 0 || connect(to, (struct sockaddr *)&address, length) < 0)
		return -1;
	from = accept(listening, NULL, NULL);
	if (from < 0)
		return -1;
	while (send(to, chunk, sizeof(chunk), MSG_DONTWAIT) > 0)
		;
	return errno == EAGAIN ? 0 : -1;
}

static int exhaust_pty(unsigned i)
{
	(void)i;
	return open("/dev/ptmx", O_RDWR | O_NOCTTY);
}

static int exhaust_inotify(unsigned i)
{
	(void)i;
	return inotify_init1(0);
}

static int exhaust_mqueue(unsigned i)
{
	struct mq_attr attributes = {.mq_maxmsg = 10, .mq_msgsize = 8192};
	char name[32];

	snprintf(name, sizeof(name), "/%u", i);
	return mq_open(name, O_CREAT | O_RDWR, 0600, &attributes);
}

static int exhaust_sysvshm(unsigned i)
{
	int id = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);
	char *memory;

	(void)i;
	if (id < 0)
		return -1;
	memory = shmat(id, NULL, 0);
	if (memory == (char *)-1)
		return -1;
	memset(memory, 'x', size);
	return shmdt(memory);
}

static int exhaust_sysvmsg(unsigned i)
{
	struct {
		long type;
		char text[8192];
	} message = {.type = 1};
	int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);

	(void)i;
	if (id < 0)
		return -1;
	while (msgsnd(id, &message, sizeof(message.text), IPC_NOWAIT) == 0)
		;
	return errno == EAGAIN ? 0 : -1;
}

static int exhaust_sysvsem(unsigned i)
{
	(void)i;
	return semget(IPC_PRIVATE, 200, IPC_CREAT | 0600);
}

static const struct {
	const char *name;
	int (*make)(unsigned i);
} kinds[] = {
	{"memory", exhaust_memory},   {"fork", exhaust_fork},       {"memfd", exhaust_memfd},
	{"shm", exhaust_shm},         {"files", exhaust_files},     {"pipe", exhaust_pipe},
	{"socket", exhaust_socket},   {"pty", exhaust_pty},         {"inotify", exhaust_inotify},
	{"mqueue", exhaust_mqueue},   {"sysvshm", exhaust_sysvshm}, {"sysvmsg", exhaust_sysvmsg},
	{"sysvsem", exhaust_sysvsem}, {"hop", exhaust_hop},         {"keepers", exhaust_keepers},
	{"tcp", exhaust_tcp},
};

int main(int argc, char **argv)
{
	unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : 0, made = 0;
	int number = 0;

	size = argc > 3 ? (size_t)atoi(argv[3]) << 10 : 0;
	seconds = argc > 4 ? (unsigned)atoi(argv[4]) : 0;
	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kinds[i].name, argv[1]) != 0)
			continue;
		while (made < count && number == 0) {
			if (kinds[i].make(made) < 0)
				number = errno;
			else
				made++;
		}
		printf("%u %s\n", made, number ? strerrorname_np(number) : "ok");
		fflush(stdout);
		exhaust_rest();
		while (wait(NULL) > 0)
			;
		return 0;
	}
	return 2;
}
