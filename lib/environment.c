/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of NAME=VALUE; see environment.h. */
#include <config.h>

#include "lib/environment.h"

#include <stdlib.h>

#include "lib/text.h"

enum {
	ENTRIES_MAX = 1024,
	TEXTS_MAX = 1 << 19,
};

static int environment_refuse(struct warden_error *err, const ProtobufCBinaryData *entry,
			      const char *why)
{
	char shown[128];

	text_escape(shown, sizeof(shown), (const char *)entry->data, entry->len);
	return warden_error_set(err, "env: \"%s\" %s", shown, why);
}

static int environment_check_entry(const ProtobufCBinaryData *entry, struct warden_error *err)
{
	if (entry->len > 0 && memchr(entry->data, '\0', entry->len))
		return environment_refuse(err, entry, "holds a NUL byte");
	if (entry->len == 0 || entry->data[0] == '=' || !memchr(entry->data, '=', entry->len))
		return environment_refuse(err, entry, "is not NAME=VALUE");
	return 0;
}

int environment_read(char ***list, const ProtobufCBinaryData *entries, size_t n,
		     struct warden_error *err)
{
	size_t size = 0;

	*list = NULL;
	if (n > ENTRIES_MAX)
		return warden_error_set(err, "env has %zu entries, at most %d are allowed", n,
					ENTRIES_MAX);
	for (size_t i = 0; i < n; i++) {
		size += entries[i].len;
		if (environment_check_entry(&entries[i], err) < 0)
			return -1;
	}
	if (size > TEXTS_MAX)
		return warden_error_set(err, "env has %zu bytes, at most %d are allowed", size,
					TEXTS_MAX);
	*list = calloc(n + 1, sizeof(**list));
	for (size_t i = 0; *list && i < n; i++) {
		(*list)[i] = strndup((const char *)entries[i].data, entries[i].len);
		if (!(*list)[i]) {
			environment_free(*list);
			*list = NULL;
		}
	}
	return *list ? 0 : warden_error_set(err, "no memory for env");
}

static bool environment_is_same_name(const char *a, const char *b)
{
	size_t length = strcspn(a, "=");

	return strncmp(a, b, length) == 0 && b[length] == '=';
}

int environment_check(char *const *list, size_t i, const char *field, struct warden_error *err)
{
	const char *equals = strchr(list[i], '=');
	char shown[128];

	text_escape(shown, sizeof(shown), list[i], strlen(list[i]));
	if (!equals || equals == list[i] || text_has_control(list[i], (size_t)(equals - list[i])))
		return warden_error_set(err, "%s must be NAME=VALUE, not '%s'", field, shown);
	for (size_t k = 0; k < i; k++)
		if (environment_is_same_name(list[i], list[k]))
			return warden_error_set(err, "%s: the name in '%s' is set twice", field,
						shown);
	return 0;
}

/* Replaces the entry of that name, or appends it; the list has room for one more. */
static bool environment_set_entry(char **list, const char *entry)
{
	char *copy = strdup(entry);

	if (!copy)
		return false;
	while (*list && !environment_is_same_name(*list, entry))
		list++;
	free(*list);
	*list = copy;
	return true;
}

char **environment_merge(char *const *const *lists, size_t n_lists)
{
	size_t n = 0;
	char **merged;

	for (size_t i = 0; i < n_lists; i++)
		for (size_t k = 0; lists[i] && lists[i][k]; k++)
			n++;
	merged = calloc(n + 1, sizeof(*merged));
	for (size_t i = 0; merged && i < n_lists; i++)
		for (size_t k = 0; lists[i] && lists[i][k]; k++)
			if (!environment_set_entry(merged, lists[i][k])) {
				environment_free(merged);
				return NULL;
			}
	return merged;
}

void environment_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}
