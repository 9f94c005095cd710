/* SPDX-License-Identifier: Apache-2.0 */
/* Loads a backend's module as the daemon does, with a host that stores the events which the backend
 * reports. */
#ifndef TESTS_UNIT_WSHD_BACKEND_CASE_H
#define TESTS_UNIT_WSHD_BACKEND_CASE_H

#include "warden/backend.h"

/* Which function of the host was called. */
enum backend_event {
	EVENT_JOB_ENDED = 1,
	EVENT_CONTAINER_EMPTY,
	EVENT_OOM,
	EVENT_INIT_DIED,
	EVENT_CONTAINER_GONE
};

struct backend_case {
	const struct warden_container_klass *container_klass;
	void *backend;
};

/* Sets the backend's options, until the next case. */
void backend_case_set_text(const char *name, const char *value);
void backend_case_set_number(const char *name, int64_t value);
void backend_case_set_texts(const char *name, const char *const *values);

/* Loads the module at `path` and sets it up. */
struct backend_case backend_case_begin(const char *path);
/* Tears the backend down, as a daemon that ends does. */
void backend_case_end(struct backend_case *backend);

/* Makes a container's directory below unit_directory, as the core does. */
struct warden_identity backend_case_make_identity(const char *id);

/* Starts a job. Only the read ends of its output, in the returned struct, stay open. */
struct warden_spawn backend_case_start_job(const struct backend_case *backend, void *container,
					   uint32_t id, const char *script);

/* Reads to the end, closes, and returns a text that is valid until the next call. */
const char *backend_case_read(int fd);

/* Waits up to 10 s for this event and removes it. `end` may be NULL. */
bool backend_case_receives(enum backend_event kind, const char *id, uint32_t job_id,
			   struct warden_job_end *end);

/* Whether no event is left. */
bool backend_case_has_no_events(void);

#endif
