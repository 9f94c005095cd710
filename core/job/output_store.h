/* SPDX-License-Identifier: Apache-2.0 */
/* What a job writes: from its pipe into a file of the container's directory by splice(2) on a
 * worker, never through a buffer of ours, so that a daemon that is killed in between loses and
 * doubles nothing. The file is made at the first byte; its size is all that must be known to go on
 * after a restart. Where the middle of the output, or its beginning, is dropped, the file still
 * grows: a hole is punched into it, so that its size tells how much there was. */
#ifndef CORE_JOB_OUTPUT_STORE_H
#define CORE_JOB_OUTPUT_STORE_H

#include <uv.h>

#include "warden/backend.h"

struct job;

enum { STORE_STDOUT, STORE_STDERR, STORES };

struct output_store {
	struct job *job;
	int index;     /* STORE_STDOUT or STORE_STDERR */
	int pipe_fd;   /* -1: at its end */
	int file_fd;   /* -1: nothing was written, or all was read */
	uint64_t size; /* bytes in the file */
	bool working;  /* a worker splices */
	uv_poll_t *poll;
	uv_work_t work;
	uint64_t most;    /* for the worker: it may take so many */
	ssize_t taken;    /* by the worker; 0: the pipe's end */
	int number;       /* errno of the worker's */
	uint64_t punched; /* by the worker: there is a hole up to here */
	uint64_t logged;  /* by the worker: syslog has heard it up to here; see output_syslog.h */
};

/* A part of the output that was kept. */
struct store_range {
	uint64_t offset, length;
};

void output_store_init(struct output_store *store, struct job *job, int index);

/* Begins to read the pipe, which is taken; -1: nothing comes. Each change calls job_step. */
void output_store_read(struct output_store *store, int pipe_fd);

/* Stops reading for good; what is still in the pipe is lost. Not while `working`. */
void output_store_close(struct output_store *store);

/* What is kept of the output as it is now, in order; a range may be empty. Between them, or before
 * the second where the first is empty, something was dropped. */
void output_store_kept(const struct output_store *store, struct store_range ranges[2]);

/* What a reader that has had everything before `from` is to get next. False: nothing yet. */
bool output_store_next(const struct output_store *store, uint64_t from, struct store_range *range);

/* How many bytes were dropped. */
uint64_t output_store_dropped(const struct output_store *store);

/* Opens the file for reading; -1 and errno. Size 0: there is none. */
int output_store_open(const struct output_store *store);

/* After a restart: the size of the file that is there. */
void output_store_restore(struct output_store *store);

/* Removes the file. */
void output_store_remove(struct output_store *store);

/* The name of a stream: "stdout", "stderr". */
const char *output_store_name(int index);

#endif
