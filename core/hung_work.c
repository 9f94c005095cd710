/* SPDX-License-Identifier: Apache-2.0 */
/* Ends a drain that waits for work which hangs in a system call; see hung_work.h. */
#include <config.h>

#include "core/hung_work.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/container/container.h"
#include "core/log.h"
#include "core/server.h"

enum { CHECK_MS = 1000 };

/* How much work the pools have done. */
static size_t hung_work_done(const struct server *server)
{
	return workers_done(server->operation_workers) + workers_done(server->output_workers) +
	       workers_done(server->send_workers) + workers_done(server->remove_workers);
}

static bool hung_work_is_left(const struct server *server)
{
	return workers_are_busy(server->operation_workers) ||
	       workers_are_busy(server->output_workers) || workers_are_busy(server->send_workers) ||
	       workers_are_busy(server->remove_workers);
}

static void hung_work_report(const struct server *server)
{
	const struct container *c;

	log_write(
		WARDEN_LOG_ERROR,
		"draining: no operation has ended for %d s: what hangs is left to the next daemon",
		HUNG_WORK_MS / 1000);
	TAILQ_FOREACH(c, &server->registry.listed, listed)
		if (c->running)
			log_write(WARDEN_LOG_ERROR, "%s: left with an operation that hangs", c->id);
}

/* A thread that cannot be killed keeps the process, but not what the next daemon needs: the lock of
 * the depot and the names of sockets. */
void hung_work_exit(const struct server *server)
{
	log_write(WARDEN_LOG_ERROR, "ends with operations that hang");
	flock(server->depot_fd, LOCK_UN);                    /* fails only without a lock */
	syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0); /* else they are closed with the last
								thread */
	_exit(EXIT_FAILURE);
}

static void hung_work_on_timer(uv_timer_t *timer)
{
	struct server *server = timer->data;
	struct hung_work *hung = &server->hung;
	uint64_t now = uv_now(&server->loop);

	if (!hung_work_is_left(server) || hung_work_done(server) != hung->done) {
		hung->done = hung_work_done(server);
		hung->since = now;
		return;
	}
	if (now - hung->since < HUNG_WORK_MS)
		return;
	if (hung->left || server->stopped) {
		hung_work_report(server);
		hung_work_exit(server);
	}
	hung_work_report(server);
	hung->left = true;
	hung->since = now;
	server->stop(server);
}

void hung_work_watch(struct server *server)
{
	server->hung.done = hung_work_done(server);
	server->hung.since = uv_now(&server->loop);
	uv_timer_init(&server->loop, &server->hung.timer); /* it and the start cannot fail */
	server->hung.timer.data = server;
	uv_timer_start(&server->hung.timer, hung_work_on_timer, CHECK_MS, CHECK_MS);
	uv_unref((uv_handle_t *)&server->hung.timer);
}
