/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend's side of the wire to wshd (proto/wshd_protocol.h): one connection a container, nothing
 * that waits but wshd_list, which has a deadline. Whoever is at the other end may have been taken
 * over by the container: every length, number and descriptor is checked.
 *
 * A connection is a plain descriptor, non-blocking. Sends may come from any thread; receives from
 * one at a time. A send that wshd does not take fails with an error, nothing is queued.
 */
#ifndef BACKENDS_WSHD_WSHD_CLIENT_H
#define BACKENDS_WSHD_WSHD_CLIENT_H

#include "proto/wshd_protocol.h"
#include "warden/backend.h"

/* How wshd is started; see its command line in proto/wshd_protocol.h. */
struct wshd_start {
	const char *id;       /* of the container */
	int listen_fd;        /* its number in wshd, not close-on-exec there */
	uint32_t uid;         /* vcap's; not used with fake_dir */
	uint64_t bounding;    /* capabilities that jobs can have, bit N for number N; not used with
				 fake_dir */
	int nice;             /* 0: as whoever starts it */
	const char *lang;     /* NULL: the default */
	const char *fake_dir; /* not NULL: no isolation, jobs run there */
	bool subreaper;
};

/* The arguments, with the texts in a buffer of their own. */
struct wshd_arguments {
	char *argv[20];
	char text[4608];
};

/* Fills `arguments`; argv[0] is "wshd". Fails where a text is too long. */
int wshd_arguments_fill(struct wshd_arguments *arguments, const struct wshd_start *start,
			struct warden_error *err);

/* Makes the listening socket run/wshd.sock below the container's directory (an old one is
 * replaced) and returns it, close-on-exec, or -1. Goes through /proc/self/fd, so that the length of
 * the depot's path does not matter. */
int wshd_listen(int container_fd, struct warden_error *err);

/* Connects to run/wshd.sock below the container's directory and says hello. wshd need not run yet:
 * the listening socket is enough, and all that is sent waits for it there. Returns the descriptor,
 * or -1. */
int wshd_connect(int container_fd, struct warden_error *err);

/* Sends a message of proto/wshd_protocol.h, all or nothing, at once; `what` is what it is for. */
int wshd_send(int fd, const void *message, size_t length, const int *fds, size_t n_fds,
	      const char *what, struct warden_error *err);

/* Descriptors of a job's own control groups, each -1 where there is none: of its cpu time, by which
 * its keeper watches that; of its directory on v2; of its files `tasks` on v1. */
struct wshd_group {
	int cpu_fd, group_fd;
	int tasks_fds[WSHD_TASKS];
};

void wshd_group_init(struct wshd_group *group);
void wshd_group_close(struct wshd_group *group);

/* Starts a job. All descriptors stay the caller's. In wshd_spawn.c. */
int wshd_send_spawn(int fd, const struct warden_spawn *spawn, const struct wshd_group *group,
		    struct warden_error *err);

/* A signal to every process of a job; SIGKILL leaves none. */
int wshd_send_signal(int fd, uint32_t job_id, int signal, struct warden_error *err);

/* The job's standard input is complete. */
int wshd_send_close_input(int fd, uint32_t job_id, struct warden_error *err);

/* The job's terminal has another size. */
int wshd_send_resize(int fd, uint32_t job_id, uint16_t rows, uint16_t columns,
		     struct warden_error *err);

/* The end of a job is stored. */
int wshd_send_forget(int fd, uint32_t job_id, struct warden_error *err);

/* From now on the end of each job is told on this connection, also of those that ended before.
 * Nothing but answers comes without it. */
int wshd_send_watch(int fd, struct warden_error *err);

/* A signal to every process but wshd's own; WSHD_EMPTY answers when none is left. */
int wshd_send_stop(int fd, int signal, struct warden_error *err);

/* Ends every process, then wshd itself; the connection closes when that is done. */
int wshd_send_end(int fd, struct warden_error *err);

/* Asks for all remembered jobs with their pipes and waits at most `timeout_ms`. To be called before
 * wshd_send_watch. Fills jobs and n_jobs of `restored` (an array from malloc(3)); descriptors that
 * are not pipes are closed and left out (-1). Fails with nothing in `restored` when wshd does not
 * answer in time or breaks the protocol. */
int wshd_list(int fd, int timeout_ms, struct warden_restored *restored, struct warden_error *err);

/* Closes what a job brought, and all of a list. */
void wshd_job_close(const struct warden_restored_job *job);
void wshd_list_free(struct warden_restored *restored);

/* What wshd told. */
struct wshd_event {
	enum wshd_type type; /* WSHD_JOB, WSHD_LIST_END, WSHD_ENDED or WSHD_EMPTY */
	uint32_t job_id;
	struct warden_job_end end;      /* of WSHD_ENDED */
	bool killed;                    /* likewise: by its keeper */
	bool own_group;                 /* likewise: it had control groups of its own */
	struct warden_restored_job job; /* of WSHD_JOB; its descriptors are the caller's */
};

/* Takes one message: 1 and `*event`; 0 when nothing is there now; -1 when wshd is gone (err->number
 * ECONNRESET) or broke the protocol (EPROTO). A spawn that wshd refused comes as WSHD_ENDED with a
 * start_error. */
int wshd_receive(int fd, struct wshd_event *event, struct warden_error *err);

/* Closes a descriptor that came from a container unless it is surely a pipe of the kernel's own;
 * returns it, or -1. Nothing here can hang, whatever the descriptor is (closing may: see the
 * source). */
int wshd_check_pipe(int fd);

#endif
