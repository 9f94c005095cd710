/* SPDX-License-Identifier: Apache-2.0 */
/* The report of what this host offers each installed backend; see check_host.h. Each module is
 * loaded with the settings it would have as the backend in effect. */
#include <config.h>

#include "core/backend/check_host.h"

#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>

#include "core/backend/backend_call.h"
#include "core/backend/backend_load.h"
#include "core/backend/facts.h"
#include "core/config/config.h"
#include "core/privilege.h"
#include "core/server.h"
#include "lib/cleanup.h"
#include "lib/text.h"

/* A set of backends: names, or the path of the configured module. */
struct names {
	char **names;
	size_t n;
	bool failed; /* one is missing for want of memory */
};

static void check_host_add_name(struct names *names, const char *name, size_t length)
{
	char **grown, *copy;

	for (size_t i = 0; i < names->n; i++)
		if (strlen(names->names[i]) == length && memcmp(names->names[i], name, length) == 0)
			return;
	grown = reallocarray(names->names, names->n + 1, sizeof(*grown));
	copy = grown ? strndup(name, length) : NULL;
	if (grown)
		names->names = grown;
	names->failed = names->failed || !copy;
	if (copy)
		names->names[names->n++] = copy;
}

static void check_host_free_names(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->names[i]);
	free(names->names);
}

static void check_host_add_directory(struct names *names, const char *path)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		size_t length = strlen(entry->d_name);

		if (length > 3 && strcmp(entry->d_name + length - 3, ".so") == 0)
			check_host_add_name(names, entry->d_name, length - 3);
	}
}

/* Lists the backend in effect, then the others in the backend path. */
static void check_host_find_names(struct names *names, const struct config *config)
{
	const char *at = config->server.backend_path;

	check_host_add_name(names, config->server.container_klass,
			    strlen(config->server.container_klass));
	while (*at) {
		size_t length = strcspn(at, ":");
		_cleanup_free_ char *directory = strndup(at, length);

		if (directory)
			check_host_add_directory(names, directory);
		at += length + (at[length] == ':');
	}
}

static void __attribute__((format(printf, 4, 5)))
check_host_discard_log(const struct warden_host *host, enum warden_log_level level, const char *id,
		       const char *format, ...)
{
	(void)host;
	(void)level;
	(void)id;
	(void)format; /* the report has the facts instead */
}

static void check_host_add_capabilities(struct facts *facts, uint64_t wanted)
{
	struct warden_fact fact = {
		.size = sizeof(fact), .name = "capabilities", .value = "all that it uses"};
	struct warden_error err;
	uint64_t missing = 0;
	char text[1200], names[1024];

	fact.good = privilege_missing(wanted, &missing, &err) == 0 && missing == 0;
	if (!fact.good) {
		privilege_names(missing, names, sizeof(names));
		snprintf(text, sizeof(text), "missing: %s", names);
		fact.value = text;
		fact.effect = "what needs them fails";
		fact.remedy = "run wardend as root with all of these";
	}
	facts_add(facts, &fact);
}

/* Lets the backend report, without setup. */
static int check_host_ask(struct config *config,
			  const struct warden_container_klass *container_klass, struct facts *facts,
			  struct warden_error *err)
{
	_cleanup_free_ struct server *server = calloc(1, sizeof(*server));

	if (!server)
		return warden_error_set(err, "no memory");
	if (!container_klass->describe)
		return 0;
	server->config = config;
	server->container_klass = container_klass;
	backend_host_init(server);
	server->host.log = check_host_discard_log;
	return BACKEND_CALL(container_klass, NULL, describe, err, NULL, &server->host, facts_add,
			    facts);
}

int check_host_check_config(struct config *config,
			    const struct warden_container_klass *container_klass,
			    struct warden_error *err)
{
	struct facts facts = {0};
	int result = check_host_ask(config, container_klass, &facts, err);

	facts_free(&facts);
	return result < 0 ? config_fail_backend(config, container_klass, err) : 0;
}

/* Collects the facts. Returns -1 and `err` if the backend cannot run here. */
static int check_host_describe(struct config *config,
			       const struct warden_container_klass *container_klass,
			       struct facts *facts, struct warden_error *err)
{
	struct warden_error reason;
	int settings = config_check_backend(config, container_klass, err), result;

	if (settings < 0)
		facts_add(facts, &(struct warden_fact){.size = sizeof(struct warden_fact),
						       .name = "settings",
						       .value = err->message,
						       .effect = "wardend does not start",
						       .remedy = "see warden.conf(5)"});
	if (container_klass->capabilities != 0 &&
	    container_klass->capabilities != WARDEN_CAPABILITIES_NONE)
		check_host_add_capabilities(facts, container_klass->capabilities);
	result = check_host_ask(config, container_klass, facts, &reason);
	if (settings == 0 && result < 0)
		*err = reason;
	return settings < 0 ? settings : result;
}

/* What is not UTF-8, as JSON must be, is escaped as in the log. NULL: no memory. */
static json_t *check_host_text_or_null(const char *text)
{
	size_t length = text ? strlen(text) : 0, size = 4 * length + 8;
	_cleanup_free_ char *escaped = NULL;

	if (!text)
		return json_null();
	if (text_is_utf8(text, length))
		return json_stringn_nocheck(text, length);
	escaped = malloc(size);
	return escaped ? json_stringn_nocheck(escaped, text_escape(escaped, size, text, length))
		       : NULL;
}

static json_t *check_host_fact_json(const struct fact_copy *fact)
{
	return json_pack("{s:o, s:o, s:b, s:o, s:o}", "name", check_host_text_or_null(fact->name),
			 "value", check_host_text_or_null(fact->value), "good", (int)fact->good,
			 "effect", check_host_text_or_null(fact->effect), "remedy",
			 check_host_text_or_null(fact->remedy));
}

static json_t *check_host_facts_json(const struct facts *facts)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < facts->n; i++)
		if (json_array_append_new(array, check_host_fact_json(&facts->facts[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

/* Loads the settings with `name` as the backend. NULL and `err` if they are wrong. */
static struct config *check_host_load_config(const char *file, const char *name,
					     struct warden_error *err)
{
	struct config *config = config_load(file, err);
	char *copy = config ? strdup(name) : NULL;

	if (copy) {
		free(config->server.container_klass);
		config->server.container_klass = copy;
	}
	return config;
}

static json_t *check_host_check_backend(const char *file, const char *name, bool in_effect)
{
	struct facts facts = {0};
	struct warden_error err;
	struct config *config = check_host_load_config(file, name, &err);
	struct backend_module *module = config ? backend_load(config, &err) : NULL;
	int result =
		module ? check_host_describe(config, module->container_klass, &facts, &err) : -1;
	json_t *object = json_pack(
		"{s:o, s:o, s:b, s:o, s:o}", "name",
		check_host_text_or_null(module ? module->container_klass->name : name),
		"description",
		check_host_text_or_null(module ? module->container_klass->description : NULL),
		"in_effect", (int)in_effect, "error",
		check_host_text_or_null(result < 0 ? err.message : NULL), "facts",
		check_host_facts_json(&facts));

	facts_free(&facts);
	backend_unload(module);
	config_free(config);
	return object;
}

static json_t *check_host_check_backends(const char *file, const struct config *config)
{
	json_t *array;
	struct names names = {0};

	check_host_find_names(&names, config);
	array = names.failed ? NULL : json_array();
	for (size_t i = 0; array && i < names.n; i++)
		if (json_array_append_new(
			    array, check_host_check_backend(file, names.names[i], i == 0)) < 0) {
			json_decref(array);
			array = NULL;
		}
	check_host_free_names(&names);
	return array;
}

int check_host_run(const char *file, FILE *to, struct warden_error *err)
{
	struct warden_error wrong;
	struct config *config = config_load(file, &wrong);
	bool built_in = !config;
	json_t *report = NULL;
	int result = 0;

	if (!config)
		config = config_load(NULL, err);
	if (!config)
		return -1;
	report = json_pack("{s:s, s:o, s:o, s:o}", "version", PACKAGE_VERSION, "settings",
			   check_host_text_or_null(file), "error",
			   check_host_text_or_null(built_in ? wrong.message : NULL), "backends",
			   check_host_check_backends(built_in ? NULL : file, config));
	config_free(config);
	if (!report)
		return warden_error_set(err, "no memory for the report on this host");
	if (json_dumpf(report, to, JSON_COMPACT) < 0 || putc('\n', to) == EOF || fflush(to) != 0)
		result = warden_error_errno(err, "print what this host offers");
	json_decref(report);
	return result;
}
