/* SPDX-License-Identifier: Apache-2.0 */
/* What this host offers each installed backend; see check_host.h. Every module is loaded with the
 * settings as they would be if it were the one in effect. */
#include <config.h>

#include "core/backend/check_host.h"

#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>

#include "core/backend/backend_load.h"
#include "core/backend/facts.h"
#include "core/config/config.h"
#include "core/privilege.h"
#include "core/server.h"
#include "lib/cleanup.h"

enum { BACKENDS_MAX = 32 };

/* Names of backends, or one path of a module; each is there once. */
struct names {
	char *names[BACKENDS_MAX];
	size_t n;
};

static void names_add(struct names *names, const char *name, size_t length)
{
	for (size_t i = 0; i < names->n; i++)
		if (strlen(names->names[i]) == length && memcmp(names->names[i], name, length) == 0)
			return;
	if (names->n == BACKENDS_MAX)
		return;
	names->names[names->n] = strndup(name, length);
	if (names->names[names->n])
		names->n++;
}

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->names[i]);
}

static void names_add_directory(struct names *names, const char *path)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		size_t length = strlen(entry->d_name);

		if (length > 3 && strcmp(entry->d_name + length - 3, ".so") == 0)
			names_add(names, entry->d_name, length - 3);
	}
}

/* The backend in effect, then the others of the backend path. */
static void names_find(struct names *names, const struct config *config)
{
	const char *at = config->server.backend_path;

	names_add(names, config->server.container_klass, strlen(config->server.container_klass));
	while (*at) {
		size_t length = strcspn(at, ":");
		_cleanup_free_ char *directory = strndup(at, length);

		if (directory)
			names_add_directory(names, directory);
		at += length + (at[length] == ':');
	}
}

static void __attribute__((format(printf, 4, 5)))
log_nothing(const struct warden_host *host, enum warden_log_level level, const char *id,
	    const char *format, ...)
{
	(void)host;
	(void)level;
	(void)id;
	(void)format; /* what matters is told as a fact */
}

static void tell_capabilities(struct facts *facts, uint64_t wanted)
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

/* 0, or -1 and `err`: it cannot run here. */
static int describe(struct config *config, const struct warden_container_klass *container_klass,
		    struct facts *facts, struct warden_error *err)
{
	_cleanup_free_ struct server *server = calloc(1, sizeof(*server));
	struct warden_error reason;
	int settings = config_check_backend(config, container_klass, err), result = 0;

	if (!server)
		return warden_error_set(err, "no memory");
	server->config = config;
	server->container_klass = container_klass;
	backend_host_init(server);
	server->host.log = log_nothing;
	if (settings < 0)
		facts_add(facts, &(struct warden_fact){.size = sizeof(struct warden_fact),
						       .name = "settings",
						       .value = err->message,
						       .effect = "wardend does not start",
						       .remedy = "see warden.conf(5)"});
	if (container_klass->capabilities != 0 &&
	    container_klass->capabilities != WARDEN_CAPABILITIES_NONE)
		tell_capabilities(facts, container_klass->capabilities);
	if (container_klass->describe)
		result = container_klass->describe(NULL, &server->host, facts_add, facts, &reason);
	if (settings == 0 && result < 0)
		*err = reason;
	return settings < 0 ? settings : result;
}

static json_t *text_or_null(const char *text)
{
	return text ? json_stringn_nocheck(text, strlen(text)) : json_null();
}

static json_t *json_of_fact(const struct fact *fact)
{
	return json_pack("{s:o, s:o, s:b, s:o, s:o}", "name", text_or_null(fact->name), "value",
			 text_or_null(fact->value), "good", (int)fact->good, "effect",
			 text_or_null(fact->effect), "remedy", text_or_null(fact->remedy));
}

static json_t *json_of_facts(const struct facts *facts)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < facts->n; i++)
		if (json_array_append_new(array, json_of_fact(&facts->facts[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

/* The settings for another backend than theirs: NULL and `err` when they are wrong. */
static struct config *load_for(const char *file, const char *name, struct warden_error *err)
{
	struct config *config = config_load(file, err);
	char *copy = config ? strdup(name) : NULL;

	if (copy) {
		free(config->server.container_klass);
		config->server.container_klass = copy;
	}
	return config;
}

static json_t *check_backend(const char *file, const char *name, bool in_effect)
{
	struct facts facts = {0};
	struct warden_error err;
	struct config *config = load_for(file, name, &err);
	struct backend_module *module = config ? backend_load(config, &err) : NULL;
	int result = module ? describe(config, module->container_klass, &facts, &err) : -1;
	json_t *object = json_pack(
		"{s:o, s:o, s:b, s:o, s:o}", "name",
		text_or_null(module ? module->container_klass->name : name), "description",
		text_or_null(module ? module->container_klass->description : NULL), "in_effect",
		(int)in_effect, "error", text_or_null(result < 0 ? err.message : NULL), "facts",
		json_of_facts(&facts));

	facts_free(&facts);
	backend_unload(module);
	config_free(config);
	return object;
}

static json_t *check_backends(const char *file, const struct config *config)
{
	json_t *array = json_array();
	struct names names = {0};

	names_find(&names, config);
	for (size_t i = 0; array && i < names.n; i++)
		if (json_array_append_new(array, check_backend(file, names.names[i], i == 0)) < 0) {
			json_decref(array);
			array = NULL;
		}
	names_free(&names);
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
			   text_or_null(file), "error",
			   text_or_null(built_in ? wrong.message : NULL), "backends",
			   check_backends(built_in ? NULL : file, config));
	config_free(config);
	if (!report || json_dumpf(report, to, JSON_COMPACT) < 0 || putc('\n', to) == EOF)
		result = warden_error_errno(err, "print what this host offers");
	json_decref(report);
	return result;
}
