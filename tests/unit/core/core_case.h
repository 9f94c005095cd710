/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests of the core share: a server that nobody connects to, with a depot of its own
 * and a backend that does nothing but count and answer. */
#ifndef TESTS_UNIT_CORE_CORE_CASE_H
#define TESTS_UNIT_CORE_CORE_CASE_H

#include "core/container/container.h"
#include "core/job/job.h"
#include "core/server.h"

struct core_case {
	struct config config;
	struct warden_container_klass container_klass;
	struct server server;
	bool alive; /* what the backend's restore says of every container */
	/* What workers were asked for; to be read when they have nothing to do. */
	int forgotten, signals, destroyed; /* calls of job_forget, job_signal, destroy */
	enum warden_restore_state state;   /* that the last restore was given */
};

/* Ready for containers; the case has failed where it is NULL. */
struct core_case *core_case_open(void);
void core_case_close(struct core_case *test);

/* An active container with a directory and a network, in the registry. */
struct container *core_case_container(struct core_case *test, const char *handle);

/* Its snapshot and its etc/config are on disk. */
void core_case_save(const struct container *container);

/* Forgets all containers, as if the daemon had been killed: their directories stay. */
void core_case_forget(struct core_case *test);

/* Runs the loop until no worker has anything to do. */
void core_case_settle(struct core_case *test);

/* A job of a script of nothing. NULL: no memory. */
struct job *core_case_job(struct container *container, uint32_t id, bool discard);

/* Runs the loop until the job is settled, 5 s at most. */
bool core_case_await(struct core_case *test, const struct job *job);

/* The content of a file of the container's directory; to be freed. NULL: there is none. */
char *core_case_read(const struct container *container, const char *path, size_t *size);

#endif
