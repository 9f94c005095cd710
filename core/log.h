/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's log: one line an event, to stderr, a file or syslog. Every function but log_open and
 * log_close may be called from any thread at any time. Before log_open, and where the file cannot
 * be written any more, lines go to stderr. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdarg.h>
#include <stdbool.h>

#include "warden/backend.h"

struct config;

/* Takes level and target from `config->logging`. On failure the log stays as it was. */
int log_open(const struct config *config, struct warden_error *err);

/* Opens the log's file anew (after a rotation: SIGHUP); the old one stays when that fails. Does
 * nothing where the log is no file. */
int log_reopen(struct warden_error *err);

/* Whether a line of this level is written: to spare the work of putting together a costly one. */
bool log_enabled(enum warden_log_level level);

/* Writes a line. Control characters, backslashes and bytes that are not UTF-8 come out escaped
 * (`\n`, `\x1b`), so that no text of a client's makes a second line or acts on a terminal. A line
 * longer than 4 KiB is cut and ends in "...". errno stays as it was. */
void log_write(enum warden_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* As log_write, with `subject` and ": " before the text; NULL: none. For struct warden_host's log,
 * whose subject is a container's id. */
void log_vwrite(enum warden_log_level level, const char *subject, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

/* Closes file or syslog; lines go to stderr again. */
void log_close(void);

/* The name of a level as in logging.level ("info"), and back: -1 for off, -2 for no such level. */
const char *log_level_name(enum warden_log_level level);
int log_level_parse(const char *name);

#endif
