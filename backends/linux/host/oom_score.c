/* SPDX-License-Identifier: Apache-2.0 */
/* See oom_score.h. */
#include "backends/linux/host/oom_score.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/cleanup.h"

#define FILE_NAME "/proc/self/oom_score_adj"

/* As much lower as systemd's own services, and higher than what users run. A job is worse than
 * process 1 by 30 % of the memory that ran out: whatever process 1 uses, it is killed last. */
enum { SCORE_DAEMON = -900, SCORE_CONTAINER = 300, SCORE_JOBS_MORE = 300, SCORE_MAX = 1000 };

static int oom_score_read(void)
{
	_cleanup_fclose_ FILE *file = fopen(FILE_NAME, "re");
	int score;

	return file && fscanf(file, "%d", &score) == 1 ? score : 0;
}

int oom_score_of_jobs(int score)
{
	return score < SCORE_MAX - SCORE_JOBS_MORE ? score + SCORE_JOBS_MORE : SCORE_MAX;
}

int oom_score_set(int score, struct warden_error *err)
{
	_cleanup_close_ int fd = open(FILE_NAME, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || dprintf(fd, "%d", score) < 0)
		return warden_error_errno(err, "write %d to " FILE_NAME, score);
	return 0;
}

int oom_score_protect(void)
{
	int score = oom_score_read();
	struct warden_error refused;

	/* Without CAP_SYS_RESOURCE it stays as it is; oom_score_describe reports that. */
	if (score > SCORE_DAEMON)
		(void)oom_score_set(SCORE_DAEMON, &refused);
	return score > SCORE_CONTAINER ? score : SCORE_CONTAINER;
}

void oom_score_describe(const struct host_report *to)
{
	int score = oom_score_read(), container = score > SCORE_CONTAINER ? score : SCORE_CONTAINER;
	char value[64];

	snprintf(value, sizeof(value), "%d, process 1 of containers %d, jobs %d", score, container,
		 oom_score_of_jobs(container));
	if (score < SCORE_CONTAINER)
		host_report_fact(to, "oom score", value, NULL, NULL);
	else
		host_report_fact(to, "oom score", value,
				 "the kernel may kill the daemon before a container's processes",
				 "OOMScoreAdjust=-900 in the daemon's unit");
}
