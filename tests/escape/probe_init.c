/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile process 1 in place of wshd. What it does is named by the host name of its container:
 * KIND or KIND-NUMBER. It speaks proto/wshd_protocol.h by hand, so that it can break it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/wshd_protocol.h"

enum { CONNECTIONS = 8, FDS = 253 };

static char kind[64];
static unsigned number;

static void init_send(int to, const void *message, size_t length, const int *fds, size_t n)
{
	union {
		char buffer[CMSG_SPACE(sizeof(int) * FDS)];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = (void *)message, .iov_len = length};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n > 0) {
		memset(&control, 0, sizeof(control));
		header.msg_control = control.buffer;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		CMSG_FIRSTHDR(&header)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&header)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&header)->cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&header)), fds, sizeof(int) * n);
	}
	while (sendmsg(to, &header, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

static size_t init_size(uint32_t type)
{
	switch (type) {
	case WSHD_HELLO:
		return sizeof(struct wshd_hello);
	case WSHD_JOB:
		return sizeof(struct wshd_listed_job);
	case WSHD_ENDED:
		return sizeof(struct wshd_ended);
	case WSHD_REFUSED:
		return sizeof(struct wshd_refused);
	default:
		return sizeof(struct wshd_request);
	}
}

/* A message of this type with the length that is right for it. */
static void init_say(int to, uint32_t type, uint32_t job_id)
{
	union wshd_message message = {.header = {type, job_id}};

	if (type == WSHD_REFUSED)
		message.refused.refused = WSHD_SPAWN;
	init_send(to, &message, init_size(type), NULL, 0);
}

/* Answers what opens a file on FUSE, and then nothing any more: a flush waits for ever. */
static void init_serve_fuse(int fuse)
{
	static union {
		struct fuse_in_header header;
		char bytes[1 << 17];
	} request;

	while (read(fuse, &request, sizeof(request)) > 0) {
		struct {
			struct fuse_out_header header;
			union {
				struct fuse_init_out init;
				struct fuse_open_out open;
				struct fuse_attr_out attr;
			};
		} answer = {.header.unique = request.header.unique};
		size_t length = sizeof(answer.header);

		if (request.header.opcode == FUSE_INIT) {
			answer.init =
				(struct fuse_init_out){.major = 7, .minor = 31, .max_write = 4096};
			length += sizeof(answer.init);
		} else if (request.header.opcode == FUSE_OPEN) {
			length += sizeof(answer.open);
		} else if (request.header.opcode == FUSE_GETATTR) {
			answer.attr.attr =
				(struct fuse_attr){.ino = 1, .mode = S_IFREG | 0666, .nlink = 1};
			length += sizeof(answer.attr);
		} else {
			continue;
		}
		answer.header.len = (uint32_t)length;
		if (write(fuse, &answer, length) < 0)
			return;
	}
}

/* A file whose server falls silent; -1 if it cannot be had. It is made once: to open another one
 * this process would wait for the first server. */
static int init_open_fuse(void)
{
	static int file = -2;
	int fuse = file == -2 ? open("/dev/fuse", O_RDWR) : -1;
	char options[100];

	if (file != -2)
		return file < 0 ? -1 : dup(file);
	file = -1;
	snprintf(options, sizeof(options), "fd=%d,rootmode=100000,user_id=0,group_id=0", fuse);
	close(open("/fuse", O_CREAT | O_WRONLY, 0600));
	if (fuse < 0 || mount("fuse", "/fuse", "fuse", 0, options) < 0)
		return -1;
	if (fork() == 0) {
		init_serve_fuse(fuse);
		pause();
	}
	close(fuse);
	file = open("/fuse", O_RDWR);
	return file < 0 ? -1 : dup(file);
}

static int init_open(unsigned what)
{
	int ends[2] = {-1, -1};

	switch (what) {
	case 0:
		return open("/etc/passwd", O_RDONLY);
	case 1:
		return open("/", O_RDONLY | O_DIRECTORY);
	case 2:
		return open("/etc", O_PATH);
	case 3:
		return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ? -1 : ends[0];
	case 4:
		return memfd_create("x", 0);
	case 5:
		return open("/dev/ptmx", O_RDWR | O_NOCTTY);
	case 6:
		return epoll_create1(0);
	case 7: /* the wrong end */
		return pipe(ends) < 0 ? -1 : ends[1];
	case 8:
		mknod("/fifo", S_IFIFO | 0600, 0);
		return open("/fifo", O_RDWR);
	case 9:
		return open("/dev/zero", O_RDWR);
	case 10:
		return open("/dev/fuse", O_RDWR);
	case 12:
	case 13:
		return init_open_fuse();
	default: /* a pipe that blocks, whose other end is kept */
		return pipe(ends) < 0 ? -1 : ends[0];
	}
}

/* Jobs with descriptors of every kind, more and fewer than announced. */
static void init_send_descriptors(int to)
{
	struct wshd_listed_job job = {.header.type = WSHD_JOB};
	const uint32_t present[] = {0, 1 << 6, 1 << 6 | 1 << 7, 1 << 3 | 1 << 6 | 1 << 7, ~0U};
	int fds[FDS];

	fds[0] = init_open(number);
	for (unsigned i = 1; i < FDS; i++)
		fds[i] = number < 12 ? init_open(number) : dup(fds[0]);
	if (number == 13) { /* one more than a message may have, which the padding has room for */
		init_send(to, &job, sizeof(job), fds, WSHD_SPAWN_FDS + 1);
		return;
	}
	/* Each kind that is announced as it should be; the last message breaks the protocol. */
	for (size_t i = 0; i < sizeof(present) / sizeof(present[0]); i++) {
		job.header.job_id++;
		job.present = present[i];
		init_send(to, &job, sizeof(job), fds, i < 4 ? i : FDS);
	}
}

static void init_list(int to, unsigned n, uint32_t first, uint32_t step)
{
	for (unsigned i = 0; i < n; i++)
		init_say(to, WSHD_JOB, first + i * step);
}

static void init_greet(int to)
{
	char bytes[4096] = {0};

	if (strcmp(kind, "empty") == 0)
		init_send(to, "", 0, NULL, 0);
	else if (strcmp(kind, "short") == 0)
		init_send(to, "\1\0", 2, NULL, 0);
	else if (strcmp(kind, "long") == 0)
		init_send(to, bytes, sizeof(bytes), NULL, 0);
	else if (strcmp(kind, "unknown") == 0)
		init_say(to, number, 1);
	else if (strcmp(kind, "unasked") == 0)
		for (uint32_t i = 0; i < 100; i++)
			for (uint32_t type = WSHD_JOB; type <= WSHD_TERMINAL; type++)
				init_say(to, type, i);
	else if (strcmp(kind, "flood") == 0)
		for (uint32_t i = 0; i < number; i++)
			init_say(to, WSHD_ENDED, i);
	else if (strcmp(kind, "descriptors") == 0 && number != 13) /* that is for a list alone */
		init_send_descriptors(to);
	else if (strcmp(kind, "hello") == 0)
		init_say(to, WSHD_HELLO, 0);
}

/* Answers a message of the daemon. False: the connection is over. */
static int init_answer(int to)
{
	union wshd_message message;
	ssize_t got = recv(to, &message, sizeof(message), 0);

	if (got <= 0 || strcmp(kind, "close") == 0)
		return 0;
	if (message.header.type != WSHD_LIST)
		return 1;
	if (strcmp(kind, "numbers") == 0) {
		init_say(to, WSHD_JOB, UINT32_MAX);
		init_say(to, WSHD_JOB, UINT32_MAX - 1);
		init_say(to, WSHD_JOB, 0);
		init_say(to, WSHD_LIST_END, 0);
	} else if (strcmp(kind, "list") == 0) {
		init_list(to, number, 1, 1);
		init_say(to, WSHD_LIST_END, 0);
	} else if (strcmp(kind, "steps") == 0) { /* each number a little ahead of the one before */
		init_list(to, number, 60000, 60000);
		init_say(to, WSHD_LIST_END, 0);
	} else if (strcmp(kind, "endless") == 0) {
		for (;;)
			init_list(to, 1000, 1, 1);
	} else if (strcmp(kind, "pipes") == 0) {
		struct wshd_listed_job job = {
			.header = {WSHD_JOB, 0},
			.present = 1 << WSHD_FD_STDOUT_READ | 1 << WSHD_FD_STDERR_READ,
		};
		int ends[2];

		while (job.header.job_id++ < number && pipe(ends) == 0) {
			init_send(to, &job, sizeof(job), (int[]){ends[0], ends[0]}, 2);
			close(ends[0]);
			close(ends[1]);
		}
		init_say(to, WSHD_LIST_END, 0);
	} else if (strcmp(kind, "descriptors") == 0) {
		init_send_descriptors(to);
	}
	return 1;
}

static void init_parse(void)
{
	char *dash;

	gethostname(kind, sizeof(kind) - 1);
	dash = strchr(kind, '-');
	if (dash) {
		*dash = '\0';
		number = (unsigned)strtoul(dash + 1, NULL, 10);
	}
}

int main(int argc, char **argv)
{
	struct pollfd polls[1 + CONNECTIONS];
	nfds_t n = 1;

	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "--fd") == 0)
			polls[0] = (struct pollfd){.fd = atoi(argv[i + 1]), .events = POLLIN};
	init_parse();
	for (;;) {
		poll(polls, n, -1);
		if ((polls[0].revents & POLLIN) && n <= CONNECTIONS) {
			int to = accept(polls[0].fd, NULL, NULL);

			polls[n++] = (struct pollfd){.fd = to, .events = POLLIN};
			init_greet(to);
		}
		for (nfds_t i = 1; i < n; i++)
			if ((polls[i].revents & (POLLIN | POLLHUP)) && strcmp(kind, "deaf") != 0 &&
			    !init_answer(polls[i].fd)) {
				close(polls[i].fd);
				polls[i--] = polls[--n];
			}
	}
}
