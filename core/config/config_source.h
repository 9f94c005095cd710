/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a configuration for the parser: @include lines are replaced by the content of their
 * files, and the origin of each line is recorded. */
#ifndef CORE_CONFIG_CONFIG_SOURCE_H
#define CORE_CONFIG_CONFIG_SOURCE_H

#include "warden/backend.h"

struct config_source;

/* Reads `file`, an absolute path. Refuses, as `FILE:LINE: reason`, text that the parser would
 * misread silently: numbers that look octal, numbers that it would cut, NUL bytes. NULL and `err`
 * on failure. */
struct config_source *config_source_read(const char *file, struct warden_error *err);
void config_source_free(struct config_source *source);

const char *config_source_text(const struct config_source *source);

/* Maps a line of the text (from 1 on) to its file and the line in it. The strings belong to the
 * source. */
void config_source_locate(const struct config_source *source, unsigned line, const char **file,
			  unsigned *number);

#endif
