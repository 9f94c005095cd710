/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a job as an answer reports it. */
#include <config.h>

#include "core/job/job.h"
#include "proto/warden.pb-c.h"

void job_end_init(struct warden_job_end *end)
{
	memset(end, 0xff, sizeof(*end)); /* WARDEN_UNKNOWN */
	end->size = sizeof(*end);
	end->reason = (enum warden_end_reason)0;
	end->exit_status = -1;
	end->signal = 0;
	memset(end->start_error, 0, sizeof(end->start_error));
	end->own_cgroup = false;
}

enum warden_end_reason job_end_reason(const struct job *job)
{
	if (job->over_limit)
		return WARDEN_END_OUTPUT;
	if (job->overdue)
		return WARDEN_END_WALL_TIME;
	if (!job->ended)
		return WARDEN_END_STOPPED; /* its container was destroyed */
	return job->end.reason;
}

/* Sets a field of the answer if the figure is known. */
#define SET_IF_KNOWN(field, value)                                                                 \
	do {                                                                                       \
		if ((value) != WARDEN_UNKNOWN) {                                                   \
			answer->has_##field = true;                                                \
			answer->field = (value);                                                   \
		}                                                                                  \
	} while (0)

static void job_end_fill_figures(const struct warden_job_end *end, Warden__JobEnd *answer)
{
	SET_IF_KNOWN(wall_us, end->wall_us);
	SET_IF_KNOWN(user_us, end->user_us);
	SET_IF_KNOWN(system_us, end->system_us);
	SET_IF_KNOWN(peak_memory, end->peak_memory);
	SET_IF_KNOWN(minor_faults, end->minor_faults);
	SET_IF_KNOWN(major_faults, end->major_faults);
	SET_IF_KNOWN(voluntary_switches, end->voluntary_switches);
	SET_IF_KNOWN(involuntary_switches, end->involuntary_switches);
	SET_IF_KNOWN(read_bytes, end->read_bytes);
	SET_IF_KNOWN(written_bytes, end->written_bytes);
	SET_IF_KNOWN(peak_processes, end->peak_processes);
	if (end->own_cgroup)
		answer->has_own_cgroup = answer->own_cgroup = true;
}

/* How much output was dropped, and where. A job that discards its output reports nothing. */
static void job_end_fill_dropped(const struct job *job, Warden__JobEnd *answer)
{
	const struct output_store *out = &job->stores[STORE_STDOUT],
				  *err = &job->stores[STORE_STDERR];
	struct store_range ranges[2];

	if (job->discard)
		return;
	if (output_store_dropped(out) > 0) {
		output_store_kept(out, ranges);
		SET_IF_KNOWN(stdout_dropped, output_store_dropped(out));
		SET_IF_KNOWN(stdout_dropped_at, ranges[0].length);
	}
	if (output_store_dropped(err) > 0) {
		output_store_kept(err, ranges);
		SET_IF_KNOWN(stderr_dropped, output_store_dropped(err));
		SET_IF_KNOWN(stderr_dropped_at, ranges[0].length);
	}
}

void job_end_answer(const struct job *job, Warden__JobEnd *answer)
{
	const struct warden_job_end *end = &job->end;

	warden__job_end__init(answer);
	answer->has_reason = true;
	answer->reason = (Warden__JobEnd__Reason)job_end_reason(job);
	if (job->started_us > 0)
		SET_IF_KNOWN(started_us, job->started_us);
	job_end_fill_dropped(job, answer);
	if (!job->ended)
		return;
	if (end->signal != 0) {
		answer->has_signal = true;
		answer->signal = end->signal;
	}
	if (*end->start_error) {
		answer->has_start_error = true;
		answer->start_error.data = (uint8_t *)end->start_error;
		answer->start_error.len = strlen(end->start_error);
	}
	SET_IF_KNOWN(end_sequence, job->end_sequence);
	job_end_fill_figures(end, answer);
}
