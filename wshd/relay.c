/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves bytes between descriptors; see relay.h. Descriptors that other processes share stay
 * blocking, so a write happens only after POLLOUT and is no larger than what a pipe takes then.
 */
#include "wshd/relay.h"

#include <errno.h>
#include <unistd.h>

void relay_init(struct relay *relay, int from, int to)
{
	relay->from = from;
	relay->to = to;
	relay->start = relay->end = 0;
}

bool relay_has_data(const struct relay *relay)
{
	return relay->start < relay->end;
}

void relay_poll(const struct relay *relay, struct pollfd *fds)
{
	bool holds = relay_has_data(relay);

	/* poll(2) reports a closed reader as POLLERR, even if no event is asked for. */
	fds[0] = (struct pollfd){.fd = holds ? -1 : relay->from, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = relay->to, .events = holds ? POLLOUT : 0};
}

static void relay_read(struct relay *relay)
{
	ssize_t got = read(relay->from, relay->buffer, sizeof(relay->buffer));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* Reading a terminal whose other side is closed fails with EIO. */
	if (got <= 0) {
		close(relay->from);
		relay->from = -1;
		return;
	}
	relay->start = 0;
	relay->end = (size_t)got;
}

void relay_close(struct relay *relay)
{
	if (relay->from >= 0)
		close(relay->from);
	if (relay->to >= 0)
		close(relay->to);
	relay_init(relay, -1, -1);
}

/* The reader has closed: drops the data and closes the source, so that its writer gets EPIPE. */
static void relay_discard(struct relay *relay)
{
	if (relay->from >= 0)
		close(relay->from);
	relay->from = -1;
	relay->start = relay->end = 0;
}

static void relay_write(struct relay *relay)
{
	ssize_t put = write(relay->to, relay->buffer + relay->start, relay->end - relay->start);

	if (put >= 0)
		relay->start += (size_t)put;
	else if (errno != EAGAIN && errno != EINTR)
		relay_discard(relay);
}

bool relay_move(struct relay *relay, const struct pollfd *fds)
{
	if (relay->to < 0)
		return false;
	if (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL))
		relay_discard(relay);
	else if (relay_has_data(relay) && fds[1].revents)
		relay_write(relay);
	else if (relay->from >= 0 && fds[0].revents)
		relay_read(relay);
	if (relay->from >= 0 || relay_has_data(relay))
		return true;
	close(relay->to);
	relay->to = -1;
	return false;
}
