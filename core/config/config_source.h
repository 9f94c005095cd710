/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a configuration: the file with its @include lines replaced by what they name, ready
 * for the parser, and where each line of it came from. */
#ifndef CORE_CONFIG_CONFIG_SOURCE_H
#define CORE_CONFIG_CONFIG_SOURCE_H

#include "warden/backend.h"

struct config_source;

/* Reads `file`, an absolute path. Refuses, as `FILE:LINE: what is wrong`, what the parser would
 * misread without a word: numbers that look octal, numbers that it would cut, NUL bytes. */
struct config_source *config_source_read(const char *file, struct warden_error *err);
void config_source_free(struct config_source *source);

const char *config_source_text(const struct config_source *source);

/* Which line of which file the line of the whole text is (from 1 on). Both are the source's. */
void config_source_locate(const struct config_source *source, unsigned line, const char **file,
			  unsigned *number);

#endif
