/* SPDX-License-Identifier: Apache-2.0 */
/* How a job ended, as clients are told. */
#include <config.h>

#include "core/job/job.h"
#include "proto/warden.pb-c.h"

enum warden_end_reason job_end_reason(const struct job *job)
{
	if (job->over_limit)
		return WARDEN_END_OUTPUT;
	if (!job->ended)
		return WARDEN_END_STOPPED; /* its container was destroyed */
	return job->end.reason;
}

/* Sets a field of the answer unless the figure is unknown. */
#define FIGURE(field, value)                                                                       \
	do {                                                                                       \
		if ((value) != WARDEN_UNKNOWN) {                                                   \
			answer->has_##field = true;                                                \
			answer->field = (value);                                                   \
		}                                                                                  \
	} while (0)

static void job_end_fill_figures(const struct warden_job_end *end, Warden__JobEnd *answer)
{
	FIGURE(wall_us, end->wall_us);
	FIGURE(user_us, end->user_us);
	FIGURE(system_us, end->system_us);
	FIGURE(peak_memory, end->peak_memory);
	FIGURE(minor_faults, end->minor_faults);
	FIGURE(major_faults, end->major_faults);
	FIGURE(voluntary_switches, end->voluntary_switches);
	FIGURE(involuntary_switches, end->involuntary_switches);
	FIGURE(read_bytes, end->read_bytes);
	FIGURE(written_bytes, end->written_bytes);
	FIGURE(peak_processes, end->peak_processes);
	if (end->own_cgroup)
		answer->has_own_cgroup = answer->own_cgroup = true;
}

/* What is missing in the output that is answered, and where. Nothing was promised of output that
 * the client wanted dropped. */
static void job_end_fill_dropped(const struct job *job, Warden__JobEnd *answer)
{
	const struct output_store *out = &job->stores[STORE_STDOUT],
				  *err = &job->stores[STORE_STDERR];
	struct store_range ranges[2];

	if (job->discard)
		return;
	if (output_store_dropped(out) > 0) {
		output_store_kept(out, ranges);
		FIGURE(stdout_dropped, output_store_dropped(out));
		FIGURE(stdout_dropped_at, ranges[0].length);
	}
	if (output_store_dropped(err) > 0) {
		output_store_kept(err, ranges);
		FIGURE(stderr_dropped, output_store_dropped(err));
		FIGURE(stderr_dropped_at, ranges[0].length);
	}
}

void job_end_answer(const struct job *job, Warden__JobEnd *answer)
{
	const struct warden_job_end *end = &job->end;

	warden__job_end__init(answer);
	answer->has_reason = true;
	answer->reason = (Warden__JobEnd__Reason)job_end_reason(job);
	if (job->started_us > 0)
		FIGURE(started_us, job->started_us);
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
	FIGURE(end_sequence, job->end_sequence);
	job_end_fill_figures(end, answer);
}
