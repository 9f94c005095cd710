/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit programs of the copy engine share: a directory of its own for each case, which is
 * the working directory, and short ways to make and check what lies in it. */
#ifndef TESTS_UNIT_FILES_COPY_CASE_H
#define TESTS_UNIT_FILES_COPY_CASE_H

#include "backends/files/copy.h"
#include "tests/unit/unit.h"

#include <sys/stat.h>

/* Of the last copy. */
extern struct copy_progress copy_progress;
extern struct warden_error copy_error;
extern char copy_warnings[8192]; /* each line as told */

/* Begins a case: in an empty directory, with umask 022. */
void case_begin(void);
/* A request from and to paths of the case's directory, which is the container's root as well. */
struct copy_request case_request(const char *source, const char *target);
int case_run(const struct copy_request *request);
int case_copy(const char *source, const char *target);
/* Runs the request in a child; its pid. It exits with 0 or 1. */
int case_fork(const struct copy_request *request);

/* Begins a case that has a container's root with a directory, `root/d`, a directory `t`, and
 * outside of both a canary, `outside/f`. */
void root_begin(void);
/* A request from a path in `root`, which the caller closes, to one of the case's directory. */
struct copy_request root_request(const char *source, const char *target);
bool is_outside_whole(void);
double now(void); /* seconds */
/* Memory that forked processes share. */
void *shared(size_t size);

/* These end the program where they fail. */
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
/* How many entries a directory has; -1: it is none. */
int count_entries(const char *path);
int count_descriptors(void);

#endif
