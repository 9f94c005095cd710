/* SPDX-License-Identifier: Apache-2.0 */
/* The findings of a clean about a container's id: where it was found, whose it is, and whether it
 * goes. */
#ifndef BACKENDS_LINUX_CLEAN_CLEAN_SUBJECT_H
#define BACKENDS_LINUX_CLEAN_CLEAN_SUBJECT_H

#include "backends/linux/host/depot_mark.h"
#include "warden/backend.h"

enum clean_decision {
	CLEAN_LEAVE, /* another depot's, or a living container of this one: it is not reported */
	CLEAN_KEEP,  /* reported with the reason */
	CLEAN_REMOVE,
};

struct clean_subject {
	char id[12];
	bool in_depot; /* it has a directory */
	bool lives;    /* a process of it does, or that cannot be told */
	bool links[3]; /* w-ID-0 and w-ID-2 */
	bool element;  /* it is in the firewall's table */
	char **groups; /* paths */
	size_t n_groups;
	enum depot_mark_match mark; /* the best of its objects */
	enum clean_decision decision;
	const char *reason;
};

struct linux_clean {
	const struct warden_host *host;
	const struct warden_clean *to;
	char mark[DEPOT_MARK_SIZE]; /* of this depot */
	struct clean_subject *subjects;
	size_t n;
	bool failed; /* out of memory: nothing may be removed */
};

/* The subject with this id, which is made if there is none; NULL: no memory, `failed` is set. Valid
 * until the next call. */
struct clean_subject *clean_subject_get(struct linux_clean *clean, const char *id);

/* Finds all: first the directories, then what the kernel has. */
int clean_subjects_find(struct linux_clean *clean, struct warden_error *err);
void clean_subjects_decide(struct linux_clean *clean);
void clean_subjects_free(struct linux_clean *clean);

/* The directory `i` of the depot. */
struct warden_clean_container *clean_container(const struct warden_clean *to, size_t i);

/* Ends the process 1 that is recorded in the directory, and waits for it. */
int clean_container_end(const struct warden_clean_container *container, struct warden_error *err);

#endif
