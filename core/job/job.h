/* SPDX-License-Identifier: Apache-2.0 */
/* A job: what runs, what it has written, who waits for it. It is over when its first process has
 * ended and nobody holds its pipes any more ("settled"), and goes when an answer about it was read.
 */
#ifndef CORE_JOB_JOB_H
#define CORE_JOB_JOB_H

#include <sys/queue.h>
#include <uv.h>

#include "core/container/container.h"
#include "core/job/job_options.h"
#include "core/job/job_stdin.h"
#include "core/job/output_store.h"

struct request;

struct job {
	TAILQ_ENTRY(job) link;
	struct container *container;
	uint32_t id;
	bool discard; /* output is read and dropped */
	bool keep;    /* answers do not collect it; see requests/collect.c */
	bool terminal;
	bool has_input; /* its standard input comes by JobInput */
	enum output_policy output_policy;
	uint64_t output_limit; /* bytes */
	char *command;         /* its beginning, for people */
	char *user;            /* whose job it is, for people */
	char *log_tag;         /* NULL: its lines do not go to syslog */
	uint64_t started_us;   /* since 1970 */
	int leased_cpu;        /* -1: none */
	struct job_stdin input;
	bool started;    /* its pipes are read */
	bool ended;      /* `end` is known */
	bool settled;    /* ended, and both stores are complete */
	bool over_limit; /* it was killed for its output */
	bool kill_sent;  /* the backend was told so */
	bool end_stored; /* the snapshot holds the end */
	bool collected;  /* an answer was read in full: nobody finds it any more */
	bool answering;  /* the info for the answers is being asked for */
	struct warden_job_end end;
	uint64_t end_sequence; /* counts the ends of all jobs; 0: it has not ended */
	struct output_store stores[STORES];
	TAILQ_HEAD(, job_waiter) waiters;
};

/* How an answer about a job is made. */
enum waiter_kind {
	WAITER_LINK,   /* once, at its end; Run too */
	WAITER_STREAM, /* what it writes as it comes, then its end */
	WAITER_ATTACH, /* likewise, and it is not collected */
};

/* A request that waits for a job. */
struct job_waiter {
	TAILQ_ENTRY(job_waiter) link;
	struct job *job;
	struct request *request;
	enum waiter_kind kind;
	bool sending; /* a chunk is on its way to the client, or is read from its file */
	uint64_t sent[STORES];
};

/* Makes one, in the container's list. NULL: no memory. */
struct job *job_new(struct container *container, uint32_t id);
/* Takes from the options what the job must know of them. False: no memory. */
bool job_configure(struct job *job, const struct job_options *options);
void job_free(struct job *job);

/* The job, unless it was collected. */
struct job *job_find(const struct container *container, uint32_t id);

/* Begins to read the pipes; descriptors (-1: nothing comes) are taken. */
void job_read(struct job *job, int stdout_fd, int stderr_fd);

/* Its first process has ended. */
void job_end(struct job *job, const struct warden_job_end *end);

/* Something has changed: whether it is over, who can be told. */
void job_step(struct job *job);

/* How many are not over. */
size_t jobs_count(const struct container *container);

/* Whether nothing refers to the jobs any more but the container. */
bool jobs_are_idle(const struct container *container);
/* Whether a worker takes output of one. */
bool jobs_have_workers(const struct container *container);

/* Writes the snapshot, which holds the job's end, or the job no more when it was collected; then
 * the backend may forget it. */
void job_store_end(struct container *container, uint32_t id);

/* The container is empty and some keepers say nothing: jobs that are not over have no status. */
void jobs_abandon(struct container *container);

/* The container is destroyed: all that wait are answered with what there is. */
void jobs_finish(struct container *container);

/* Exit status as the protocol has it. */
uint32_t job_exit_status(const struct job *job);

/* Why it ended; see job_end.c. */
enum warden_end_reason job_end_reason(const struct job *job);
/* Fills the message, which refers to the job. */
void job_end_answer(const struct job *job, Warden__JobEnd *answer);

/* Waits for the job; see job_waiter.c. `from_start`: a stream begins with the first byte. -1 and
 * `err`: no memory. */
int job_wait(struct job *job, struct request *request, enum waiter_kind kind, bool from_start,
	     struct warden_error *err);
/* Lets go of a job that is over: nobody finds it any more. May free it. */
void job_collect(struct job *job);
/* For request_handler. */
bool job_waiter_cancel(struct request *request);
void job_waiter_written(struct request *request, bool whole);
/* Sends what there is to those that wait. */
void job_waiters_step(struct job *job);

#endif
