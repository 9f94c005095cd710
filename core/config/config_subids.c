/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that no user of the host may use the containers' ids in user namespaces of its own:
 * subuid(5), subgid(5). */
#include <config.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/config/config_private.h"
#include "lib/cleanup.h"
#include "lib/text.h"

/* Reads digits that `end` follows; moves `*text` behind it. */
static bool config_subids_read_number(const char **text, char end, uint64_t *number)
{
	char *after;

	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	*number = strtoull(*text, &after, 10);
	if (errno != 0 || *number > UINT32_MAX || (*after != end && (end || *after != '\n')))
		return false;
	*text = after + 1;
	return true;
}

/* Splits NAME:FIRST:COUNT. False: it is no such line, and gives nobody ids. */
static bool config_subids_read_line(char *line, uint64_t *first, uint64_t *count)
{
	char *colon = strchr(line, ':');
	const char *text = colon ? colon + 1 : NULL;

	if (!text)
		return false;
	*colon = '\0';
	return config_subids_read_number(&text, ':', first) &&
	       config_subids_read_number(&text, '\0', count) && *count > 0;
}

/* Root has all ids in any case: its ranges keep tools from giving the ids to a user. */
static bool config_subids_is_root(const char *name)
{
	return strcmp(name, "root") == 0 || strcmp(name, "0") == 0;
}

static int config_subids_check_line(const struct config *config, char *line, const char *file,
				    struct warden_error *err)
{
	uint64_t begin = config->user.range_start, first, count;
	char name[64];

	if (!config_subids_read_line(line, &first, &count) || config_subids_is_root(line) ||
	    first >= begin + CONFIG_HOST_IDS || first + count <= begin)
		return 0;
	text_escape(name, sizeof(name), line, strlen(line));
	return config_fail(config, "user.range_start", err,
			   "the containers' host ids, %" PRIu64 " to %" PRIu64
			   ", overlap with those of %s in %s, %" PRIu64 " to %" PRIu64
			   ": set user.range_start to ids that no user has",
			   begin, begin + CONFIG_HOST_IDS - 1, name, file, first,
			   first + count - 1);
}

int config_check_subids(const struct config *config, const char *file, struct warden_error *err)
{
	_cleanup_fclose_ FILE *stream = fopen(file, "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	if (!stream && errno == ENOENT)
		return 0; /* a host without the file gives no user ids */
	if (!stream)
		return warden_error_errno(err, "open %s", file);
	for (errno = 0; getline(&line, &size, stream) >= 0; errno = 0)
		if (config_subids_check_line(config, line, file, err) < 0)
			return -1;
	return errno == 0 ? 0 : warden_error_errno(err, "read %s", file);
}
