/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the backend's end of wshd's protocol, backends/wshd/wshd_client.c: root in a container may
 * have replaced wshd. Input: a byte, odd for wshd_list, and packets as in fuzz_packet.h. */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/wshd/wshd_client.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_packet.h"

static void fuzz_wshd_client_check_end(const struct warden_job_end *end)
{
	FUZZ_CHECK(end->size == sizeof(*end));
	FUZZ_CHECK(end->exit_status >= -1 && end->exit_status <= 255);
	FUZZ_CHECK(end->signal >= 0 && end->signal <= 64);
	FUZZ_CHECK(memchr(end->start_error, '\0', sizeof(end->start_error)));
}

/* Receives all events that there are. False: the connection is of no use any more. */
static bool fuzz_wshd_client_receive(int fd)
{
	struct wshd_event event;
	struct warden_error err = {0};
	int result;

	while ((result = wshd_receive_listed(fd, &event, &err)) > 0) {
		if (event.type == WSHD_JOB)
			wshd_job_close(&event.job);
		else if (event.type == WSHD_ENDED)
			fuzz_wshd_client_check_end(&event.end);
	}
	FUZZ_CHECK(result == 0 || (*err.message && err.number != 0));
	return result == 0;
}

static void fuzz_wshd_client_list(int fd)
{
	struct warden_restored restored = {.size = sizeof(restored)};
	struct warden_error err = {0};
	uint32_t features = 0;

	if (wshd_list_request(fd, &restored, &err) < 0 ||
	    wshd_list_receive(fd, 0, &restored, &features, &err) < 0)
		FUZZ_CHECK(*err.message && restored.n_jobs == 0);
	wshd_list_free(&restored);
}

static void fuzz_wshd_client_run(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	bool list = fuzz_take_byte(&input) & 1, good = true;
	int sockets[2], before = fuzz_next_fd();

	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) == 0);
	while (good && input.left > 0)
		good = fuzz_packet_send(sockets[1], &input) &&
		       (list || fuzz_wshd_client_receive(sockets[0]));
	if (list)
		fuzz_wshd_client_list(sockets[0]);
	close(sockets[1]);
	if (good)
		FUZZ_CHECK(list || !fuzz_wshd_client_receive(sockets[0]));
	close(sockets[0]);
	FUZZ_CHECK(fuzz_next_fd() == before);
}

const struct fuzz_target fuzz_target = {
	.name = "wshd_client",
	.open = fuzz_packet_open,
	.run = fuzz_wshd_client_run,
};
