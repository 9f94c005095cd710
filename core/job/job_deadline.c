/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's own watch over a job's wall_time. The keeper ends the job in time; root inside the
 * container may hinder it. A job that is not over some seconds later is ended with all processes of
 * its container, by the backend and without help from inside. */
#include <config.h>

#include <signal.h>

#include "core/job/job.h"
#include "core/log.h"
#include "core/server.h"
#include "lib/clock.h"

/* How long the keeper has for its work, on a machine that is busy, too. */
enum { DEADLINE_LATE_MS = 5000 };

static void job_deadline_on_timer(uv_timer_t *timer)
{
	struct job *job = timer->data;
	struct container *c = job->container;

	timer_stop(&job->deadline);
	if (c->paused) { /* the keeper rests as well */
		job_deadline_start(job);
		return;
	}
	log_write(WARDEN_LOG_WARN,
		  "%s: job %u is not over after its wall_time: all processes are killed", c->id,
		  job->id);
	job->overdue = true;
	container_stop(c, SIGKILL, NULL);
}

void job_deadline_start(struct job *job)
{
	uint64_t now = clock_now_us(), left = job->wall_time_us;

	if (job->wall_time_us == 0 || job->settled || job->collected)
		return;
	if (now > job->started_us)
		left = now - job->started_us < left ? left - (now - job->started_us) : 0;
	job->deadline = timer_start(job->container->server, left / 1000 + DEADLINE_LATE_MS,
				    job_deadline_on_timer, job);
}
