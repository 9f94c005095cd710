/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's log: one line per event, to stderr, a file or syslog. Every function except log_open
 * and log_close may be called from any thread at any time. Lines go to stderr before log_open and
 * if the target cannot be written. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdarg.h>
#include <stdbool.h>

#include "warden/backend.h"

struct config;

/* Sets level and target from `config->logging`. On failure the log is unchanged. */
int log_open(const struct config *config, struct warden_error *err);

/* Sets the level alone. */
void log_set_level(int level);

/* Reopens the log file and that of audit lines (after a rotation: SIGHUP); on failure the previous
 * file stays open. Does nothing for what is not a file. */
int log_reopen(struct warden_error *err);

/* Whether a line of this level is written, so that a caller can skip expensive formatting. */
bool log_enabled(enum warden_log_level level);

/* Writes a line. Control characters, backslashes and bytes that are not UTF-8 are escaped (`\n`,
 * `\x1b`), so that a client's text cannot start a second line or control a terminal. A line longer
 * than 4 KiB is cut and ends in "...". Keeps errno. */
void log_write(enum warden_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* As log_write, with `subject` and ": " before the text (NULL: none). Used for the log of struct
 * warden_host, whose subject is a container id. */
void log_vwrite(enum warden_log_level level, const char *subject, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

/* The beginning of a line, `2026-01-02T03:04:05.678901Z LEVEL `; returns its length. */
size_t log_format_header(char *out, size_t size, const char *level);

/* Writes whole lines that have such a beginning to the file for audit lines if there is one, else
 * to the log's targets, whatever the level. */
void log_write_audit(const char *lines, size_t length);

/* Writes a line as it is, with its newline, to the log file if there is one and to stderr. For the
 * handler of a crash: async-signal-safe. */
void log_write_raw(const char *line, size_t length);

/* Closes file or syslog; lines go to stderr again. */
void log_close(void);

/* Converts a level to its name in logging.level ("info"), and a name to its level: -1 for "off", -2
 * if there is no such level. */
const char *log_level_name(enum warden_log_level level);
int log_level_parse(const char *name);

#endif
