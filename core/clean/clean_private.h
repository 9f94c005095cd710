/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of a clean. */
#ifndef CORE_CLEAN_CLEAN_PRIVATE_H
#define CORE_CLEAN_CLEAN_PRIVATE_H

#include <jansson.h>

#include "core/clean/clean.h"

/* The report of what was found, for people or as JSON. */
struct clean_report {
	FILE *to;
	json_t *objects; /* NULL: lines of text */
	size_t n, failed;
	bool incomplete; /* an object is missing for want of memory */
};

/* Reports an object; the function of struct warden_clean, `data` is a struct clean_report. */
void clean_report_add(void *data, enum warden_clean_result result, const char *kind,
		      const char *name, const char *id, const char *reason);

/* Prints the end of the report. -1 and `err` also if something was reported as failed. */
int clean_report_finish(struct clean_report *report, struct warden_error *err);

/* An entry of the depot, or of one of its folders. */
struct clean_entry {
	int parent_fd;
	char *name;
	char *path;  /* without symbolic links */
	char id[12]; /* empty: unknown */
	int fd;      /* -1: no directory */
};

/* The folders of the depot whose entries can be containers' directories; the first is the depot. */
enum { CLEAN_FOLDERS = 3 };

struct clean_depot {
	char *path;             /* without symbolic links */
	int fds[CLEAN_FOLDERS]; /* -1: there is none */
	struct clean_entry *entries;
	size_t n;
};

/* Locks the depot and finds the entries that are or were containers'. To be closed also after a
 * failure. */
int clean_depot_open(struct clean_depot *depot, const char *path, struct warden_error *err);
void clean_depot_close(struct clean_depot *depot);

/* Removes an entry and the mounts in it, and reports both. */
void clean_depot_remove(const struct clean_entry *entry, bool dry_run, struct clean_report *report);

#endif
