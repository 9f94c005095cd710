/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the configuration in force with one that was read again, and takes over what may change
 * while the daemon runs. */
#include <config.h>

#include <arpa/inet.h>
#include <inttypes.h>

#include "core/config/config_private.h"
#include "core/log.h"
#include "lib/cleanup.h"
#include "lib/text.h"

enum { VALUE_SIZE = 512 };

static int64_t config_reload_number(const void *member, size_t size)
{
	switch (size) {
	case sizeof(uint8_t):
		return *(const uint8_t *)member;
	case sizeof(uint16_t):
		return *(const uint16_t *)member;
	case sizeof(uint32_t):
		return *(const uint32_t *)member;
	default:
		return *(const int64_t *)member;
	}
}

static void config_reload_print_texts(char *const *texts, char *out, size_t size)
{
	size_t at = (size_t)snprintf(out, size, "[");

	for (size_t i = 0; texts && texts[i] && at < size; i++)
		at += (size_t)snprintf(out + at, size - at, "%s\"%s\"", i > 0 ? ", " : "",
				       texts[i]);
	if (at < size)
		snprintf(out + at, size - at, "]");
}

/* The value as the file would hold it; one that is too long is cut. */
static void config_reload_print(const void *base, const struct config_key *key, char *out)
{
	const void *member = (const char *)base + key->offset;
	const struct warden_rlimit *limit = member;
	const char *text;

	switch (key->type) {
	case KEY_BOOL:
		snprintf(out, VALUE_SIZE, "%s",
			 config_reload_number(member, key->size) ? "true" : "false");
		break;
	case KEY_RLIMIT:
		snprintf(out, VALUE_SIZE, "%" PRId64, (int64_t)limit->value);
		break;
	case KEY_MODE:
		snprintf(out, VALUE_SIZE, "\"%04o\"", (unsigned)*(const mode_t *)member);
		break;
	case KEY_LEVEL:
		snprintf(out, VALUE_SIZE, "\"%s\"",
			 *(const int *)member < 0 ? "off" : log_level_name(*(const int *)member));
		break;
	case KEY_STRING:
	case KEY_PATH:
		text = *(char *const *)member;
		snprintf(out, VALUE_SIZE, text ? "\"%s\"" : "none", text);
		break;
	case KEY_STRINGS:
		config_reload_print_texts(*(char **const *)member, out, VALUE_SIZE);
		break;
	default:
		snprintf(out, VALUE_SIZE, "%" PRId64, config_reload_number(member, key->size));
		break;
	}
}

static bool config_reload_texts_differ(char *const *before, char *const *after)
{
	static char *const none[] = {NULL};
	size_t i = 0;

	before = before ? before : none;
	after = after ? after : none;
	while (before[i] && after[i] && strcmp(before[i], after[i]) == 0)
		i++;
	return before[i] || after[i];
}

/* Arrays are compared whole, since the printed values are cut. */
static bool config_reload_differs(const void *base, const void *fresh, const struct config_key *key,
				  const char *before, const char *after)
{
	if (key->type == KEY_STRINGS)
		return config_reload_texts_differ(
			*(char **const *)((const char *)base + key->offset),
			*(char **const *)((const char *)fresh + key->offset));
	return strcmp(before, after) != 0;
}

/* Exchanges the values, so that each is freed with the struct that has it. */
static void config_reload_exchange(void *base, void *fresh, const struct config_key *key)
{
	struct warden_rlimit value; /* the largest member */

	memcpy(&value, (char *)base + key->offset, key->size);
	memcpy((char *)base + key->offset, (char *)fresh + key->offset, key->size);
	memcpy((char *)fresh + key->offset, &value, key->size);
}

/* Compares a key and takes it over if it may change. */
static void config_reload_key(void *base, void *fresh, const struct config_key *key,
			      bool backend_reloads, struct config_changes *changes)
{
	bool reloads = key->reloads && (!key->by_backend || backend_reloads);
	char before[VALUE_SIZE], after[VALUE_SIZE];

	config_reload_print(base, key, before);
	config_reload_print(fresh, key, after);
	if (!config_reload_differs(base, fresh, key, before, after))
		return;
	if (reloads) {
		config_reload_exchange(base, fresh, key);
		changes->taken++;
	} else {
		changes->refused++;
	}
	log_write(reloads ? WARDEN_LOG_INFO : WARDEN_LOG_WARN, "%s: %s -> %s%s", key->path, before,
		  after, reloads ? "" : " (needs a restart)");
}

static void config_reload_options(const struct config *config, struct config *fresh,
				  struct config_changes *changes)
{
	for (size_t i = 0; i < config->n_options; i++) {
		struct config_option before = config->options[i];
		char path[2 * CONFIG_NAME_SIZE];
		const struct config_key key = config_backend_make_key(before.option, path);

		snprintf(path, sizeof(path), "%s.%s", config->server.container_klass,
			 before.option->name);
		config_reload_key(&before, &fresh->options[i], &key, false, changes);
	}
}

/* The pool of networks has two forms in the file and one in memory. */
static void config_reload_networks(const struct config *config, const struct config *fresh,
				   struct config_changes *changes)
{
	char before[INET_ADDRSTRLEN], after[INET_ADDRSTRLEN];

	if (config->network.pool_network.s_addr == fresh->network.pool_network.s_addr &&
	    config->network.pool_size == fresh->network.pool_size)
		return;
	inet_ntop(AF_INET, &config->network.pool_network, before, sizeof(before));
	inet_ntop(AF_INET, &fresh->network.pool_network, after, sizeof(after));
	log_write(WARDEN_LOG_WARN,
		  "network.pool_network: %" PRIu32 " networks from %s -> %" PRIu32
		  " networks from %s (needs a restart)",
		  config->network.pool_size, before, fresh->network.pool_size, after);
	changes->refused++;
}

bool config_networks_differ(const struct config *config, const struct config *fresh)
{
	return config_reload_texts_differ(config->network.allow_networks,
					  fresh->network.allow_networks);
}

/* The ids that belong to the lists of names, also where an unchanged name has another one. */
static void config_reload_access(struct config *config, struct config *fresh)
{
	struct config_ids *const before[] = {&config->clients.user_ids, &config->clients.group_ids,
					     &config->clients.read_only_user_ids,
					     &config->clients.read_only_group_ids};
	struct config_ids *const after[] = {&fresh->clients.user_ids, &fresh->clients.group_ids,
					    &fresh->clients.read_only_user_ids,
					    &fresh->clients.read_only_group_ids};

	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		struct config_ids ids = *before[i];

		*before[i] = *after[i];
		*after[i] = ids;
	}
}

void config_take_changes(struct config *config, struct config *fresh, bool backend_reloads,
			 struct config_changes *changes)
{
	*changes = (struct config_changes){0};
	for (size_t i = 0; i < config_n_keys; i++)
		if (config_keys[i].offset != CONFIG_NOT_STORED)
			config_reload_key(config, fresh, &config_keys[i], backend_reloads, changes);
	config_reload_access(config, fresh);
	config_reload_networks(config, fresh, changes);
	config_reload_options(config, fresh, changes);
}
