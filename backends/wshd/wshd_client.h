/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend's end of the protocol of wshd (proto/wshd_protocol.h): one connection per container.
 * Only wshd_list_receive and the queue wait, up to a limit. The container may have taken over the
 * other end: every length, number and descriptor is checked.
 *
 * A connection is a plain descriptor, non-blocking. Any thread may send; only one at a time may
 * receive. The requests of a container that runs go through its wshd_queue, which keeps those that
 * the socket does not take now.
 *
 * A function that returns int returns 0, or -1 and `err`, unless its comment says otherwise.
 */
#ifndef BACKENDS_WSHD_WSHD_CLIENT_H
#define BACKENDS_WSHD_WSHD_CLIENT_H

#include "backends/wshd/wshd_queue.h"
#include "proto/wshd_protocol.h"
#include "warden/backend.h"

/* Parameters of wshd; see its command line in proto/wshd_protocol.h. */
struct wshd_start {
	const char *id;       /* of the container */
	int listen_fd;        /* its number in wshd, where it is not close-on-exec */
	uint32_t uid;         /* of vcap; ignored with fake_dir */
	uint64_t bounding;    /* capabilities that jobs can have, bit N for number N; ignored with
				 fake_dir */
	int nice;             /* 0: inherited */
	const char *lang;     /* NULL: the default */
	const char *fake_dir; /* not NULL: no isolation, jobs run there */
	bool subreaper, no_new_privs;
	int score_fd;  /* its own oom_score_adj, open for reading and writing; 0: none */
	int job_score; /* oom_score_adj of the jobs; ignored without score_fd */
};

/* The arguments, and a buffer for their texts. */
struct wshd_arguments {
	char *argv[24];
	char text[4608];
};

/* Fills `arguments`; argv[0] is "wshd". Fails if a text is too long. */
int wshd_arguments_fill(struct wshd_arguments *arguments, const struct wshd_start *start,
			struct warden_error *err);

/* Makes the listening socket run/wshd.sock below the container's directory, replacing an old one.
 * Returns it, close-on-exec, or -1. Uses /proc/self/fd, so that the length of the depot's path does
 * not matter. */
int wshd_listen(int container_fd, struct warden_error *err);

/* Connects to run/wshd.sock below the container's directory and sends the hello. wshd need not run
 * yet: the listening socket is enough, and messages wait there. Returns the descriptor, or -1. */
int wshd_connect(int container_fd, struct warden_error *err);

/* Sends a message of proto/wshd_protocol.h, whole or not at all, without waiting or a queue: the
 * first messages of a connection. `what` names the operation in errors. */
int wshd_send(int fd, const void *message, size_t length, const int *fds, size_t n_fds,
	      const char *what, struct warden_error *err);

/* Descriptors of a job's own control groups, -1 if there is none: the cpu time, which its keeper
 * reads; the directory on v2; the files `tasks` on v1. */
struct wshd_group {
	int cpu_fd, group_fd;
	int tasks_fds[WSHD_TASKS];
};

void wshd_group_init(struct wshd_group *group);
void wshd_group_close(struct wshd_group *group);

/* A filter of system calls: a sealed memfd with a program. */
struct wshd_program {
	int fd; /* -1: no filter */
	uint32_t length;
	bool log;
};

/* Sends the container's filter, without waiting or a queue; with `queue` that of a job, whose start
 * is to be sent next. Without a filter nothing is sent. */
int wshd_send_filter(int fd, const struct wshd_program *program, struct warden_error *err);
int wshd_send_job_filter(struct wshd_queue *queue, uint32_t job_id,
			 const struct wshd_program *program, struct warden_error *err);

/* Starts a job; `filter` is WSHD_CONFINED, WSHD_OWN_FILTER or 0. The caller keeps all descriptors.
 * In wshd_spawn.c. */
int wshd_send_spawn(struct wshd_queue *queue, const struct warden_spawn *spawn,
		    const struct wshd_group *group, uint32_t filter, struct warden_error *err);

/* Sends a signal to every process of a job; SIGKILL leaves none. */
int wshd_send_signal(struct wshd_queue *queue, uint32_t job_id, int signal,
		     struct warden_error *err);

/* Closes wshd's write end of the job's standard input. */
int wshd_send_close_input(struct wshd_queue *queue, uint32_t job_id, struct warden_error *err);

/* Sets the size of the job's terminal. */
int wshd_send_resize(struct wshd_queue *queue, uint32_t job_id, uint16_t rows, uint16_t columns,
		     struct warden_error *err);

/* Lets wshd forget a job whose end is stored. */
int wshd_send_forget(struct wshd_queue *queue, uint32_t job_id, struct warden_error *err);

/* Makes wshd report the end of each job on this connection, also of jobs that have ended before.
 * Without it wshd only answers. */
int wshd_send_watch(int fd, struct warden_error *err);

/* Sends a signal to every process but wshd's own; WSHD_EMPTY answers when none is left. */
int wshd_send_stop(struct wshd_queue *queue, int signal, struct warden_error *err);

/* Ends every process, then wshd itself; the connection closes after that. */
int wshd_send_end(struct wshd_queue *queue, struct warden_error *err);

/* Requests all jobs that are not forgotten, with their pipes, and empties `restored`, where
 * wshd_list_receive collects them. Call it before wshd_send_watch. */
int wshd_list_request(int fd, struct warden_restored *restored, struct warden_error *err);

/* Takes the jobs that the core knows for calls of wshd_list_receive; NULL: none any more. */
void wshd_list_set_known(struct warden_restored *list, const struct warden_restored *core);

/* Adds the jobs that arrive to jobs and n_jobs of `restored` (an array from malloc(3)); descriptors
 * that are not pipes, and those of jobs that are not in known_jobs, if that is set, are closed and
 * set to -1. So many unknown jobs that no wshd has them break the protocol. Sets `*features` (enum
 * wshd_features) when wshd's hello arrives. Returns 1 if the list is complete; 0 if no message came
 * for `patience_ms`: call it again, nothing is lost; -1 if wshd is gone, broke the protocol or this
 * process lacks memory or descriptors: the list is empty then and the connection of no use. */
int wshd_list_receive(int fd, int patience_ms, struct warden_restored *restored, uint32_t *features,
		      struct warden_error *err);

/* Closes the descriptors of a job; frees a list and closes all of its descriptors. */
void wshd_job_close(const struct warden_restored_job *job);
void wshd_list_free(struct warden_restored *restored);

/* An event that wshd reports. */
struct wshd_event {
	enum wshd_type type; /* WSHD_JOB, WSHD_LIST_END, WSHD_ENDED or WSHD_EMPTY */
	uint32_t job_id;
	uint32_t features; /* enum wshd_features; changed only when the hello is received, which is
			      no event */
	struct warden_job_end end;      /* of WSHD_ENDED */
	bool killed;                    /* of WSHD_ENDED: killed by its keeper */
	bool own_group;                 /* of WSHD_ENDED: it had its own control groups */
	bool no_fork;                   /* of WSHD_ENDED: WSHD_NO_FORK */
	struct warden_restored_job job; /* of WSHD_JOB; the caller owns its descriptors */
};

/* Receives one event. Returns 1 and `*event`; 0 if there is none now; -1 if wshd is gone
 * (err->number ECONNRESET) or broke the protocol (EPROTO), or if the pipes of a listed job are lost
 * as this process has too many descriptors (EMFILE): a new list has them. A spawn that wshd refuses
 * is a WSHD_ENDED with a start_error. */
int wshd_receive(int fd, struct wshd_event *event, struct warden_error *err);

/* Likewise, for an answer to wshd_list_request: WSHD_JOB comes this way alone. EBADMSG: wshd sent
 * descriptors that are no pipes. Another thread closes them, which may wait for the container: it
 * is to be killed. */
int wshd_receive_listed(int fd, struct wshd_event *event, struct warden_error *err);

/* Whether a descriptor that a container sent is a pipe of the kernel's pipefs: 1 or 0; -1 and errno
 * if the kernel does not say. The check cannot hang, whatever the descriptor is; a close may. */
int wshd_is_pipe(int fd);

/* wshd_link.c: makes bin/wsh in a container's directory, a link to the command that is installed
 * with this program. */
int wshd_link_command(int directory_fd, const char *wshd, struct warden_error *err);

#endif
