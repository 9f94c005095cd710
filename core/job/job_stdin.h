/* SPDX-License-Identifier: Apache-2.0 */
/* Standard input of a job: data of clients is written to its pipe as the job reads it. Requests of
 * several clients are written one after the other, each whole. */
#ifndef CORE_JOB_JOB_STDIN_H
#define CORE_JOB_JOB_STDIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "warden/backend.h"

struct job;
struct request;

/* Data of one request that is not written yet. */
struct input_piece {
	TAILQ_ENTRY(input_piece) link;
	struct job *job;
	struct request *request; /* answered when all data is written */
	const uint8_t *data;     /* owned by the request */
	size_t length, written;
	bool end; /* closes the input after this data */
};

struct job_stdin {
	int fd; /* -1: closed, or no input */
	uv_poll_t *poll;
	bool ending; /* the backend is closing its copy */
	TAILQ_HEAD(, input_piece) pieces;
};

void job_stdin_init(struct job_stdin *input);

/* Takes the write end of the job's pipe; -1: no input. */
void job_stdin_open(struct job *job, int pipe_fd);

/* Queues the data of a request, which is answered when all of it is written. -1 and `err`: the job
 * has no input, or it is closed. */
int job_stdin_write(struct job *job, struct request *request, const uint8_t *data, size_t length,
		    bool end, struct warden_error *err);

/* The `cancel` of request_handler: the client has left. */
bool job_stdin_cancel(struct request *request);

/* Takes a request back that was queued, without an answer; returns how many of its bytes the job's
 * pipe has accepted. */
size_t job_stdin_withdraw(struct request *request);

/* Closes the input; requests that wait are answered with an error. */
void job_stdin_close(struct job *job);

#endif
