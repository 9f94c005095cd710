/* SPDX-License-Identifier: Apache-2.0 */
/* Output of a job: moved from its pipe into a file in the container's directory by splice(2) on a
 * worker, without a buffer, so that a killed daemon loses and duplicates nothing. The file is
 * created at the first byte; its size is all that is needed to continue after a restart. If the
 * middle or the beginning of the output is dropped, the file still grows: a hole is punched into
 * it, so that its size remains the total. */
#ifndef CORE_JOB_OUTPUT_STORE_H
#define CORE_JOB_OUTPUT_STORE_H

#include <uv.h>

#include "core/workers.h"
#include "warden/backend.h"

struct container;
struct job;

enum { STORE_STDOUT, STORE_STDERR, STORES };

struct output_store {
	struct job *job;
	int index;     /* STORE_STDOUT or STORE_STDERR */
	int pipe_fd;   /* -1: closed or at its end */
	int file_fd;   /* -1: not open */
	uint64_t size; /* bytes in the file */
	bool working;  /* a worker splices */
	bool large;    /* the pipe counts as one of the container's large ones */
	bool enlarge;  /* for the worker: it becomes one */
	bool roomy;    /* by the worker: it is one */
	uv_poll_t *poll;
	struct work work;
	uint64_t most;    /* for the worker: maximum to read */
	ssize_t taken;    /* by the worker: bytes read; 0: end of the pipe; -1: no data */
	int number;       /* by the worker: errno */
	uint64_t punched; /* by the worker: end of the hole */
	uint64_t logged;  /* by the worker: bytes sent to syslog; see output_syslog.h */
};

/* A range of the output that is kept. */
struct store_range {
	uint64_t offset, length;
};

void output_store_init(struct output_store *store, struct job *job, int index);

/* Starts reading the pipe, which is taken; -1: no pipe. Each change calls job_step. */
void output_store_read(struct output_store *store, int pipe_fd);

/* Stops reading; data that is still in the pipe is lost. Not allowed while `working`. */
void output_store_close(struct output_store *store);

/* The ranges of the output that are kept, in order; either may be empty. Output between them, or
 * before the second if the first is empty, was dropped. */
void output_store_kept(const struct output_store *store, struct store_range ranges[2]);

/* The next range for a reader that has read everything before `from`. False: no more data yet. */
bool output_store_next(const struct output_store *store, uint64_t from, struct store_range *range);

/* The number of bytes that were dropped. */
uint64_t output_store_dropped(const struct output_store *store);

/* Opens the file for reading; -1 and errno. There is no file if `size` is 0. */
int output_store_open(const struct output_store *store);

/* Reads the size of the existing file after a restart. */
void output_store_restore(struct output_store *store);

/* The files of a job that was collected. */
struct job_files {
	uint32_t job_id;
	bool written[STORES]; /* it wrote to stdout and stderr */
	bool logged;          /* what it wrote is sent to syslog */
};

/* Worker thread: removes them from the directory of a container. */
void output_store_unlink(int dir_fd, const struct job_files *files);

/* Removes files of jobs that the container does not know: a daemon was killed before it did. */
void output_store_remove_strays(const struct container *container);

/* The event of a container whose jobs' output cannot be stored, for an errno: a static text. */
const char *output_store_event(int number);

/* The static text of such an event; NULL: `text` is none. */
const char *output_store_known_event(const char *text);

/* Says in the job's end, once it has one, why its output could not be stored. */
void output_store_explain(struct job *job);

/* The name of a stream: "stdout", "stderr". */
const char *output_store_name(int index);

#endif
