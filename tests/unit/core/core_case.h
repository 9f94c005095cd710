/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the unit tests of the core: a server without clients, with its own depot and a backend
 * that only counts calls and answers. */
#ifndef TESTS_UNIT_CORE_CORE_CASE_H
#define TESTS_UNIT_CORE_CORE_CASE_H

#include "core/container/container.h"
#include "core/job/job.h"
#include "core/server.h"

struct core_case {
	struct config config;
	struct warden_container_klass container_klass;
	struct server server;
	bool alive; /* the backend's restore and reconnect report this for every container */
	int unreachable, failures; /* how many of these calls report that, or fail, first */
	/* Counters of workers' calls; to be read after core_case_settle. */
	int forgotten, signals, destroyed; /* calls of job_forget, job_signal, destroy */
	enum warden_restore_state state;   /* the state given to the last restore */
};

/* Opens a server that is ready for containers. NULL: the case has failed. */
struct core_case *core_case_open(void);
void core_case_close(struct core_case *test);

/* Makes an active container with a directory and a network, in the registry. */
struct container *core_case_container(struct core_case *test, const char *handle);

/* Writes the container's snapshot and etc/config. */
void core_case_save(const struct container *container);

/* Forgets all containers, as if the daemon had been killed: their directories stay. */
void core_case_forget(struct core_case *test);

/* Runs the loop until no worker is busy. */
void core_case_settle(struct core_case *test);

/* Makes a job of an empty script. NULL: no memory. */
struct job *core_case_job(struct container *container, uint32_t id, bool discard);

/* Runs the loop until the job is settled, 5 s at most. */
bool core_case_await(struct core_case *test, const struct job *job);

/* Reads a file in the container's directory; the caller frees the result. NULL: it does not
 * exist. */
char *core_case_read(const struct container *container, const char *path, size_t *size);

#endif
