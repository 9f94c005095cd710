/* SPDX-License-Identifier: Apache-2.0 */
/* See fuzz_packet.h. */
#include <config.h>

#include "tests/fuzz/fuzz_packet.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "proto/wshd_protocol.h"

enum { FDS_MAX = 24, BYTES_MAX = 1024, OWN_LENGTH = 0x80, FITTING = 0xff };

static const struct {
	enum wshd_type type;
	size_t length;
} types[] = {
	{WSHD_HELLO, sizeof(struct wshd_hello)},
	{WSHD_SPAWN, sizeof(struct wshd_spawn)},
	{WSHD_SIGNAL, sizeof(struct wshd_signal)},
	{WSHD_FORGET, sizeof(struct wshd_request)},
	{WSHD_LIST, sizeof(struct wshd_request)},
	{WSHD_WATCH, sizeof(struct wshd_request)},
	{WSHD_STOP, sizeof(struct wshd_signal)},
	{WSHD_END, sizeof(struct wshd_request)},
	{WSHD_SHELL, sizeof(struct wshd_shell)},
	{WSHD_CLOSE_INPUT, sizeof(struct wshd_request)},
	{WSHD_RESIZE, sizeof(struct wshd_resize)},
	{WSHD_FILTER, sizeof(struct wshd_filter)},
	{WSHD_JOB, sizeof(struct wshd_listed_job)},
	{WSHD_LIST_END, sizeof(struct wshd_request)},
	{WSHD_ENDED, sizeof(struct wshd_ended)},
	{WSHD_EMPTY, sizeof(struct wshd_request)},
	{WSHD_REFUSED, sizeof(struct wshd_refused)},
	{WSHD_TERMINAL, sizeof(struct wshd_request)},
};

/* Two ends of a pipe, /dev/null, a socket. */
static int kinds[4];

void fuzz_packet_open(void)
{
	FUZZ_CHECK(pipe2(kinds, O_CLOEXEC | O_NONBLOCK) == 0);
	kinds[2] = open("/dev/null", O_RDWR | O_CLOEXEC);
	kinds[3] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	FUZZ_CHECK(kinds[2] >= 0 && kinds[3] >= 0);
}

/* Fills the message. Returns its length. */
static size_t fuzz_packet_fill(char bytes[BYTES_MAX], struct fuzz_input *input, uint8_t type)
{
	size_t which = type % ARRAY_SIZE(types), length = types[which].length;
	uint32_t number = types[which].type;

	if (type & OWN_LENGTH) {
		length = fuzz_take_short(input) % BYTES_MAX;
		fuzz_take(input, bytes, length);
		return length;
	}
	fuzz_take(input, bytes + sizeof(number), length - sizeof(number));
	memcpy(bytes, &number, sizeof(number));
	return length;
}

/* How many descriptors the message says that it has. */
static size_t fuzz_packet_fitting_fds(const char *bytes)
{
	const union wshd_message *message = (const void *)bytes;

	switch (message->header.type) {
	case WSHD_SPAWN:
		return (size_t)__builtin_popcount(message->spawn.present);
	case WSHD_JOB:
		return (size_t)__builtin_popcount(message->job.present);
	case WSHD_SHELL:
		return message->shell.flags & WSHD_SHELL_TERMINAL ? 1 : 4;
	default:
		return 0;
	}
}

bool fuzz_packet_send(int socket, struct fuzz_input *input)
{
	uint8_t type = fuzz_take_byte(input), shape = fuzz_take_byte(input);
	_Alignas(union wshd_message) char bytes[BYTES_MAX] = "";
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * FDS_MAX)] = "";
	struct iovec part = {.iov_base = bytes, .iov_len = fuzz_packet_fill(bytes, input, type)};
	size_t n = shape == FITTING ? fuzz_packet_fitting_fds(bytes) : shape & 31;
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	n = n > FDS_MAX ? FDS_MAX : n;
	if (n > 0) {
		struct cmsghdr *rights;

		header.msg_control = control;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int) * n);
		for (size_t i = 0; i < n; i++)
			memcpy(CMSG_DATA(rights) + i * sizeof(int),
			       &kinds[shape == FITTING ? 0 : (shape >> 5 | i) & 3], sizeof(int));
	}
	return sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}
