/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the users and groups that the configuration names: the socket's owner, and its clients. */
#include <config.h>

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

#include "core/config/config_number.h"
#include "core/config/config_private.h"
#include "lib/cleanup.h"

/* The name of a user or group in errors. */
#define CONFIG_ACCESS_KIND(is_group) ((is_group) ? "group" : "user")

/* Finds a user or group by its name or number. */
static int config_access_find(const struct config *config, const char *key, const char *name,
			      bool is_group, uint32_t *id, struct warden_error *err)
{
	const struct passwd *user = NULL;
	const struct group *group = NULL;
	int64_t number;

	if (config_number_decimal(name, &number)) {
		if (number < 0 || number >= UINT32_MAX)
			return config_fail(config, key, err, "%s: %s is not the id of a %s", key,
					   name, CONFIG_ACCESS_KIND(is_group));
		*id = (uint32_t)number;
		return 0;
	}
	errno = 0;
	if (is_group)
		group = getgrnam(name);
	else
		user = getpwnam(name);
	if (!user && !group && errno != 0 && errno != ENOENT && errno != ESRCH)
		return config_fail(config, key, err, "%s: look up %s %s: %s", key,
				   CONFIG_ACCESS_KIND(is_group), name, strerror(errno));
	if (!user && !group)
		return config_fail(config, key, err, "%s: there is no %s %s", key,
				   CONFIG_ACCESS_KIND(is_group), name);
	*id = is_group ? group->gr_gid : user->pw_uid;
	return 0;
}

/* Finds a name that may be missing; then the id is -1. */
static int config_access_take(const struct config *config, const char *key, const char *name,
			      bool is_group, uint32_t *id, struct warden_error *err)
{
	*id = UINT32_MAX;
	return name ? config_access_find(config, key, name, is_group, id, err) : 0;
}

static int config_access_take_list(const struct config *config, const char *key, char *const *names,
				   bool is_group, struct config_ids *ids, struct warden_error *err)
{
	size_t n = 0;

	while (names[n])
		n++;
	ids->ids = calloc(n + 1, sizeof(*ids->ids));
	if (!ids->ids)
		return warden_error_errno(err, "read %s", key);
	for (; ids->n < n; ids->n++)
		if (config_access_find(config, key, names[ids->n], is_group, &ids->ids[ids->n],
				       err) < 0)
			return -1;
	return 0;
}

int config_take_access(struct config *config, struct warden_error *err)
{
	const struct {
		const char *key;
		char *const *names;
		bool is_group;
		struct config_ids *ids;
	} lists[] = {
		{"clients.users", config->clients.users, false, &config->clients.user_ids},
		{"clients.groups", config->clients.groups, true, &config->clients.group_ids},
		{"clients.read_only_users", config->clients.read_only_users, false,
		 &config->clients.read_only_user_ids},
		{"clients.read_only_groups", config->clients.read_only_groups, true,
		 &config->clients.read_only_group_ids},
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (config_access_take_list(config, lists[i].key, lists[i].names, lists[i].is_group,
					    lists[i].ids, err) < 0)
			return -1;
	if (config_access_take(config, "server.unix_domain_owner", config->server.unix_domain_owner,
			       false, &config->server.unix_domain_uid, err) < 0)
		return -1;
	return config_access_take(config, "server.unix_domain_group",
				  config->server.unix_domain_group, true,
				  &config->server.unix_domain_gid, err);
}

void config_free_access(struct config *config)
{
	free(config->clients.user_ids.ids);
	free(config->clients.group_ids.ids);
	free(config->clients.read_only_user_ids.ids);
	free(config->clients.read_only_group_ids.ids);
}
