/* SPDX-License-Identifier: Apache-2.0 */
/* See job_score.h. */
#include "wshd/job_score.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool job_score_init(struct wshd *wshd)
{
	char text[16];
	ssize_t got;

	if (wshd->options.score_fd == 0)
		return true;
	got = pread(wshd->options.score_fd, text, sizeof(text) - 1, 0);
	text[got > 0 ? got : 0] = '\0';
	wshd->score = atoi(text);
	return got > 0;
}

/* The kernel refuses neither; without memory for it the score stays as it is, which harms only the
 * container. */
static void job_score_write(const struct wshd *wshd, int score)
{
	int number = errno;

	if (wshd->options.score_fd > 0)
		(void)dprintf(wshd->options.score_fd, "%d", score);
	errno = number;
}

void job_score_raise(const struct wshd *wshd)
{
	job_score_write(wshd, wshd->options.job_score);
}

void job_score_restore(const struct wshd *wshd)
{
	job_score_write(wshd, wshd->score);
}
