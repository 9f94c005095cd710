/* SPDX-License-Identifier: Apache-2.0 */
/* A job: its process, its output and the requests that wait for it. It is settled when its first
 * process has ended and its pipes are closed by all. It is freed when a client has read an answer
 * about it. */
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
	TAILQ_ENTRY(job) link, unsettled;
	struct container *container;
	uint32_t id;
	bool discard; /* output is read and discarded */
	bool keep;    /* answers do not collect it; see requests/jobs.c */
	bool terminal;
	bool has_input; /* JobInput writes its standard input */
	enum output_policy output_policy;
	uint64_t output_limit; /* bytes */
	char *command;         /* its beginning, for display */
	char *user;            /* for display */
	char *log_tag;         /* NULL: its lines do not go to syslog */
	char *record;          /* its last record in the log of jobs, or NULL */
	uint64_t started_us;   /* since 1970 */
	uint64_t wall_time_us; /* its limit; 0: none */
	uv_timer_t *deadline;  /* NULL: it does not run */
	int leased_cpu;        /* -1: none */
	struct job_stdin input;
	bool started;    /* its pipes are read */
	bool ended;      /* `end` is known */
	bool settled;    /* ended, and both stores are complete; see job_set_settled */
	bool over_limit; /* its output exceeds the limit or cannot be stored: it is killed */
	int store_error; /* errno: why its output cannot be stored; 0: it can */
	bool kill_sent;  /* the kill was queued */
	bool overdue;    /* it did not end by its wall_time: the container's processes are killed */
	bool end_stored; /* a record of the end is written or waits */
	bool shown;      /* the snapshot names it, so it has to be changed with the job */
	bool collected;  /* an answer was read in full: job_find does not find it any more */
	bool answering;  /* keeps the job while the info for answers is read and answers are sent */
	struct warden_job_end end;
	uint64_t end_sequence; /* counts the ends of all jobs; 0: not ended */
	struct output_store stores[STORES];
	TAILQ_HEAD(, job_waiter) waiters;
};

/* How a job is answered. */
enum waiter_kind {
	WAITER_LINK,   /* one answer at its end; also Run */
	WAITER_STREAM, /* output as it is written, then the end */
	WAITER_ATTACH, /* as WAITER_STREAM, but the answer does not collect the job */
};

/* A request that waits for a job. */
struct job_waiter {
	TAILQ_ENTRY(job_waiter) link;
	struct job *job;
	struct request *request;
	enum waiter_kind kind;
	bool sending; /* a chunk is being read from its file or sent to the client */
	uint64_t sent[STORES];
};

/* Makes a job and adds it to the container's list. NULL: no memory. */
struct job *job_new(struct container *container, uint32_t id);
/* Copies those options that the job keeps. False: no memory. */
bool job_configure(struct job *job, const struct job_options *options);
void job_free(struct job *job);

/* Takes the job from the container's list of those that are not settled. */
void job_set_settled(struct job *job);

/* Returns NULL if there is none or it was collected. */
struct job *job_find(const struct container *container, uint32_t id);

/* Starts reading the pipes and takes the descriptors; -1: no pipe. May free the job. */
void job_read(struct job *job, int stdout_fd, int stderr_fd);

/* Ends the job with its container some seconds after its wall_time, unless it is settled before. */
void job_deadline_start(struct job *job);

/* Records the end of its first process. May free the job. */
void job_end(struct job *job, const struct warden_job_end *end);

/* Checks after a change whether the job is over and which waiters can be answered. May free the
 * job. */
void job_step(struct job *job);

/* The number of jobs that are not settled. */
size_t jobs_count(const struct container *container);
/* Likewise, of all containers. */
size_t jobs_count_all(const struct server *server);

/* Whether no request and no worker refers to a job. */
bool jobs_are_idle(const struct container *container);

/* Fills the end of a job of which nothing is known. */
void job_end_init(struct warden_job_end *end);

/* Settles all jobs of an empty container whose keepers do not report an end; these have no exit
 * status. */
void jobs_abandon(struct container *container);

/* Settles all jobs of a destroyed container and answers their waiters. */
void jobs_finish(struct container *container);

/* The exit status in the protocol; 255 if there is none. */
uint32_t job_exit_status(const struct job *job);

/* The reason of the end; see job_end.c. */
enum warden_end_reason job_end_reason(const struct job *job);
/* Fills the message, which refers to the job's texts. */
void job_end_answer(const struct job *job, Warden__JobEnd *answer);

/* Adds a waiter; see job_waiter.c. `from`: the offsets in stdout and stderr at which a
 * stream begins; NULL: the first bytes. -1 and `err`: no memory. */
int job_wait(struct job *job, struct request *request, enum waiter_kind kind,
	     const uint64_t from[STORES], struct warden_error *err);
/* Releases a settled job: job_find does not find it any more. May free it. */
void job_collect(struct job *job);
/* The `cancel` and `written` of request_handler. */
bool job_waiter_cancel(struct request *request);
void job_waiter_written(struct request *request, bool whole);
/* Sends available output and answers to the waiters. May free the job. */
void job_waiters_step(struct job *job);

#endif
