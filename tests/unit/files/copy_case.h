/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers of the unit programs of the copy engine: each case has its own directory, which is the
 * working directory, and short functions make and check what lies in it. */
#ifndef TESTS_UNIT_FILES_COPY_CASE_H
#define TESTS_UNIT_FILES_COPY_CASE_H

#include "backends/files/copy.h"
#include "tests/unit/unit.h"

#include <sys/stat.h>

/* Results of the last copy. */
extern struct copy_progress copy_progress;
extern struct warden_error copy_error;
extern char copy_warnings[8192]; /* one per line */

/* Begins a case in an empty directory, with umask 022. */
void copy_case_begin(void);
/* Returns a request between paths of the case's directory, which is the container's root as well.
 */
struct copy_request copy_case_request(const char *source, const char *target);
int copy_case_run(const struct copy_request *request);
int copy_case_copy(const char *source, const char *target);
/* Runs the request in a child and returns its pid. The child exits with 0 or 1. */
int copy_case_fork(const struct copy_request *request);

/* Begins a case with a container's root `root` that has a directory `d`, a directory `t`, and a
 * canary `outside/f` outside both. */
void copy_case_begin_root(void);
/* Returns a request from a path in `root`, a descriptor that the caller closes, to a path in the
 * case's directory. */
struct copy_request copy_case_request_root(const char *source, const char *target);
bool outside_is_unchanged(void);
/* The monotonic clock, in seconds. */
double now(void);
/* Maps memory that forked processes share. */
void *share_memory(size_t size);

/* These end the program if they fail. */
void make_file(const char *path, const char *text, mode_t mode);
void make_directory(const char *path, mode_t mode);
void make_link(const char *path, const char *text);
void make_data(const char *path, size_t size);

/* Assertions. */
bool is_file(const char *path, const char *text, mode_t mode);
bool is_directory(const char *path, mode_t mode);
bool is_link(const char *path, const char *text);
bool is_absent(const char *path);
bool is_same_data(const char *a, const char *b);
/* Counts the entries of a directory; -1 if it is none. */
int count_entries(const char *path);
int count_own_fds(void);

#endif
