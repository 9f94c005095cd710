/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves bytes; see relay.h. Descriptors that others share are left blocking: so one is written to
 * only after poll(2) said so, and no more than it then takes.
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

bool relay_holds(const struct relay *relay)
{
	return relay->start < relay->end;
}

void relay_poll(const struct relay *relay, struct pollfd *fds)
{
	bool holds = relay_holds(relay);

	/* A reader that went away shows as POLLERR, whatever is waited for. */
	fds[0] = (struct pollfd){.fd = holds ? -1 : relay->from, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = relay->to, .events = holds ? POLLOUT : 0};
}

static void fill(struct relay *relay)
{
	ssize_t got = read(relay->from, relay->buffer, sizeof(relay->buffer));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* A terminal whose other side is closed says EIO. */
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

/* Nobody takes it: whoever writes is to learn that too. */
static void give_up(struct relay *relay)
{
	if (relay->from >= 0)
		close(relay->from);
	relay->from = -1;
	relay->start = relay->end = 0;
}

static void drain(struct relay *relay)
{
	ssize_t put = write(relay->to, relay->buffer + relay->start, relay->end - relay->start);

	if (put >= 0)
		relay->start += (size_t)put;
	else if (errno != EAGAIN && errno != EINTR)
		give_up(relay);
}

bool relay_move(struct relay *relay, const struct pollfd *fds)
{
	if (relay->to < 0)
		return false;
	if (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL))
		give_up(relay);
	else if (relay_holds(relay) && fds[1].revents)
		drain(relay);
	else if (relay->from >= 0 && fds[0].revents)
		fill(relay);
	if (relay->from >= 0 || relay_holds(relay))
		return true;
	close(relay->to);
	relay->to = -1;
	return false;
}
