/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes wshd's end of its protocol: wshd/wshd_connections.c and job_table.c with clients and
 * keepers that send what they like. Nothing is forked and no signal is sent: fork, kill and
 * socketpair are replaced by --wrap of the linker. Input: steps, each a byte and what it takes. */
#include <config.h>

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_packet.h"
#include "wshd/job_table.h"
#include "wshd/keeper/keeper.h"
#include "wshd/wshd_connections.h"
#include "wshd/wshd_stop.h"

enum { CLIENTS = 4, KEEPERS = 16, EVENTS_MAX = 10000, STEPS_MAX = 1000 };

/* No process has such a pid. */
enum { FIRST_PID = 1 << 30 };

static struct wshd wshd;
static struct sockaddr_un address;
static socklen_t address_length;
static int clients[CLIENTS];
static int keepers[KEEPERS]; /* their ends of the sockets to wshd */
static int n_keepers, forked;

int __real_socketpair(int domain, int type, int protocol, int sockets[2]);
int __wrap_socketpair(int domain, int type, int protocol, int sockets[2]);
pid_t __wrap_fork(void);
int __wrap_kill(pid_t pid, int signal);

/* Keeps a copy of the keeper's end. */
int __wrap_socketpair(int domain, int type, int protocol, int sockets[2])
{
	int result = __real_socketpair(domain, type, protocol, sockets);

	if (result == 0 && n_keepers < KEEPERS)
		keepers[n_keepers++] = dup(sockets[1]);
	return result;
}

pid_t __wrap_fork(void)
{
	return FIRST_PID + ++forked;
}

int __wrap_kill(pid_t pid, int signal)
{
	(void)signal;
	FUZZ_CHECK(pid > FIRST_PID);
	return 0;
}

void keeper_explain_failure(struct wshd_ended *end, const char *what, int number, int stderr_fd,
			    int proc_fd)
{
	(void)stderr_fd;
	(void)proc_fd;
	snprintf(end->start_error, sizeof(end->start_error), "%s: error %d", what, number);
}

/* Never called, as nothing is forked. */
void keeper_run(const struct wshd *unused, const struct keeper_start *start, int socket)
{
	(void)unused;
	(void)start;
	(void)socket;
	abort();
}

/* As in wshd.c. */
bool wshd_source_add(struct wshd *unused, struct wshd_source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	(void)unused;
	return epoll_ctl(wshd.epoll_fd, EPOLL_CTL_ADD, source->fd, &event) == 0;
}

void wshd_source_modify(struct wshd *unused, struct wshd_source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	(void)unused;
	FUZZ_CHECK(epoll_ctl(wshd.epoll_fd, EPOLL_CTL_MOD, source->fd, &event) == 0);
}

void wshd_source_close(struct wshd *unused, struct wshd_source *source)
{
	(void)unused;
	FUZZ_CHECK(epoll_ctl(wshd.epoll_fd, EPOLL_CTL_DEL, source->fd, NULL) == 0);
	close(source->fd);
	source->fd = -1;
}

/* Only the part that concerns jobs. */
void wshd_stop_begin(struct wshd *unused, int signal)
{
	(void)unused;
	for (struct wshd_job *job = wshd.jobs; job; job = job->next)
		job_table_signal(&wshd, job, WSHD_STOP, signal);
}

static void fuzz_wshd_open(void)
{
	fuzz_packet_open();
	wshd.listening = (struct wshd_source){.ready = wshd_connections_accept};
	wshd.listening.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	wshd.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	wshd.reserve_from = INT_MAX;
	address.sun_family = AF_UNIX;
	/* A free abstract name. */
	address_length = sizeof(address.sun_family);
	FUZZ_CHECK(bind(wshd.listening.fd, (struct sockaddr *)&address, address_length) == 0);
	address_length = sizeof(address);
	FUZZ_CHECK(getsockname(wshd.listening.fd, (struct sockaddr *)&address, &address_length) ==
		   0);
	FUZZ_CHECK(listen(wshd.listening.fd, CLIENTS) == 0);
	FUZZ_CHECK(wshd_source_add(&wshd, &wshd.listening, EPOLLIN));
	memset(clients, 0xff, sizeof(clients)); /* -1: closed */
}

/* The loop of wshd, until it would wait. */
static void fuzz_wshd_loop(void)
{
	struct epoll_event event;

	for (int i = 0; epoll_wait(wshd.epoll_fd, &event, 1, 0) == 1; i++) {
		struct wshd_source *source = event.data.ptr;

		FUZZ_CHECK(i < EVENTS_MAX);
		source->ready(&wshd, source, event.events);
	}
	if (!wshd.retry)
		return;
	wshd.retry = false;
	job_table_retry(&wshd);
	wshd_connections_retry(&wshd);
}

static void fuzz_wshd_close_client(int *client)
{
	if (*client >= 0)
		close(*client);
	*client = -1;
}

static int fuzz_wshd_client(int *client)
{
	if (*client >= 0)
		return *client;
	*client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	FUZZ_CHECK(*client >= 0);
	FUZZ_CHECK(connect(*client, (struct sockaddr *)&address, address_length) == 0);
	return *client;
}

/* Reads all that wshd has sent. */
static void fuzz_wshd_read(int *client)
{
	struct packet packet;

	while (*client >= 0 && packet_receive(*client, &packet, MSG_DONTWAIT) == 1)
		packet_close(&packet);
}

static void fuzz_wshd_reap(uint8_t which)
{
	if (forked > 0)
		job_table_reaped(&wshd, FIRST_PID + 1 + which % forked, which & 1 ? SIGKILL : 0);
}

static void fuzz_wshd_step(struct fuzz_input *input)
{
	uint8_t step = fuzz_take_byte(input), which = step >> 3;
	int *client = &clients[which % CLIENTS];

	switch (step & 7) {
	case 0:
	case 1:
	case 2:
		(void)fuzz_packet_send(fuzz_wshd_client(client), input); /* it may be full */
		break;
	case 3:
		fuzz_wshd_read(client);
		break;
	case 4:
		fuzz_wshd_close_client(client);
		break;
	case 5:
		if (n_keepers > 0) /* it may have been closed by wshd */
			(void)fuzz_packet_send(keepers[which % n_keepers], input);
		break;
	case 6:
		fuzz_wshd_reap(which);
		break;
	default:
		wshd_connections_report_empty(&wshd);
		break;
	}
	fuzz_wshd_loop();
}

/* Every keeper ends, and every client leaves. */
static void fuzz_wshd_end(void)
{
	for (int i = 0; i < CLIENTS; i++)
		fuzz_wshd_close_client(&clients[i]);
	fuzz_wshd_loop();
	for (int i = 0; i < n_keepers; i++)
		close(keepers[i]);
	for (int i = 1; i <= forked; i++)
		job_table_reaped(&wshd, FIRST_PID + i, 0);
	for (struct wshd_job *job = wshd.jobs, *next; job; job = next) {
		next = job->next;
		job_table_forget(&wshd, job);
	}
	FUZZ_CHECK(!wshd.jobs);
	for (int i = 0; i < WSHD_CONNECTIONS; i++)
		FUZZ_CHECK(!wshd.connections[i]);
	n_keepers = forked = 0;
	wshd.ending = wshd.retry = false;
	wshd.next_number = 0;
}

static void fuzz_wshd_run(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	int before = fuzz_next_fd();

	for (int i = 0; i < STEPS_MAX && input.left > 0; i++)
		fuzz_wshd_step(&input);
	fuzz_wshd_end();
	FUZZ_CHECK(fuzz_next_fd() == before);
}

const struct fuzz_target fuzz_target = {
	.name = "wshd",
	.open = fuzz_wshd_open,
	.run = fuzz_wshd_run,
};
