/* SPDX-License-Identifier: Apache-2.0 */
/* A job's standard input: what clients send is written to its pipe as the job takes it. Requests of
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

/* A piece of input that waits. */
struct input_piece {
	TAILQ_ENTRY(input_piece) link;
	struct job *job;
	struct request *request; /* answered when all of it was written */
	const uint8_t *data;     /* the request's */
	size_t length, written;
	bool end; /* closes the input behind it */
};

struct job_stdin {
	int fd; /* -1: closed, or there is none */
	uv_poll_t *poll;
	bool ending; /* the backend is being told that it is complete */
	TAILQ_HEAD(, input_piece) pieces;
};

void job_stdin_init(struct job_stdin *input);

/* Takes the write end of the job's pipe; -1: there is none. */
void job_stdin_open(struct job *job, int pipe_fd);

/* Queues the request, which is answered when all its data was written; -1 and `err`: it cannot. */
int job_stdin_write(struct job *job, struct request *request, const uint8_t *data, size_t length,
		    bool end, struct warden_error *err);

/* For request_handler: the client has left. */
bool job_stdin_cancel(struct request *request);

/* Closes it; those that wait are refused. */
void job_stdin_close(struct job *job);

#endif
