/* SPDX-License-Identifier: Apache-2.0 */
/* Loads the module that holds the backend. libltdl loads it, but reports every failure as 'file not
 * found' and accepts undefined functions until they are called; so dlopen runs first and reports
 * the reason. */
#include <config.h>

#include "core/backend/backend_load.h"

#include <dlfcn.h>
#include <ltdl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/backend/backend_struct.h"
#include "core/config/config_private.h"
#include "lib/cleanup.h"

static const char key[] = "server.container_klass";

/* More options than this are a mistake. */
enum { OPTIONS_MAX = 1000 };

/* NAME.so in the first directory that has it. */
static char *backend_load_find_in_path(const struct config *config, struct warden_error *err)
{
	const char *name = config->server.container_klass, *at = config->server.backend_path;

	while (*at) {
		size_t length = strcspn(at, ":");
		_cleanup_free_ char *file = NULL;
		struct stat st;

		if (asprintf(&file, "%.*s/%s.so", (int)length, at, name) < 0) {
			file = NULL;
			warden_error_errno(err, "find backend %s", name);
			return NULL;
		}
		if (stat(file, &st) == 0)
			return take_pointer(file);
		at += length + (at[length] == ':');
	}
	config_fail(config, key, err, "%s: there is no %s.so in server.backend_path (%s)", key,
		    name, config->server.backend_path);
	return NULL;
}

static char *backend_load_find_file(const struct config *config, struct warden_error *err)
{
	const char *container_klass = config->server.container_klass;
	char *file = strchr(container_klass, '/') ? strdup(container_klass) : NULL;
	struct stat st;

	if (!strchr(container_klass, '/'))
		return backend_load_find_in_path(config, err);
	if (!file) {
		warden_error_errno(err, "find backend %s", container_klass);
	} else if (stat(file, &st) < 0) {
		config_fail(config, key, err, "%s: %s: %s", key, file, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) { /* opening a FIFO would block */
		config_fail(config, key, err, "%s: %s is not a regular file", key, file);
	} else {
		return file;
	}
	free(file);
	return NULL;
}

/* dlerror's text may already begin with the path of the file. */
static void backend_load_report_failure(const struct config *config, const char *file,
					const char *text, struct warden_error *err)
{
	bool named = text && strncmp(text, file, strlen(file)) == 0;

	config_fail(config, key, err, "%s: %s%s%s", key, named ? "" : file, named ? "" : ": ",
		    text ? text : "cannot be loaded");
}

/* Opens the module; returns libltdl's handle. */
static lt_dlhandle backend_load_open_module(const struct config *config, const char *file,
					    struct warden_error *err)
{
	void *first = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	lt_dlhandle handle;

	if (!first) {
		backend_load_report_failure(config, file, dlerror(), err);
		return NULL;
	}
	handle = lt_dlopen(file);
	if (!handle)
		backend_load_report_failure(config, file, lt_dlerror(), err);
	dlclose(first); /* libltdl's own reference keeps the module */
	return handle;
}

/* The operations that every backend must have. */
static const struct {
	const char *name;
	size_t offset;
} required[] = {
	{"setup", offsetof(struct warden_container_klass, setup)},
	{"create", offsetof(struct warden_container_klass, create)},
	{"restore", offsetof(struct warden_container_klass, restore)},
	{"spawn", offsetof(struct warden_container_klass, spawn)},
	{"stop", offsetof(struct warden_container_klass, stop)},
	{"destroy", offsetof(struct warden_container_klass, destroy)},
};

/* Returns whether the text is a valid name of a group or key in the configuration. */
static bool backend_load_is_name(const char *text)
{
	return text && *text && !strchr("0123456789_-", *text) && strlen(text) < CONFIG_NAME_SIZE &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
		       strlen(text);
}

/* Returns what is wrong with the declaration of an option, or NULL. */
static const char *backend_load_check_option(const struct warden_option *option)
{
	if (!backend_load_is_name(option->name))
		return "its name is not one of letters, digits, _ and -";
	switch (option->type) {
	case WARDEN_OPTION_BOOL:
	case WARDEN_OPTION_STRING:
	case WARDEN_OPTION_STRINGS:
		return NULL;
	case WARDEN_OPTION_INTEGER:
		return option->number >= option->min && option->number <= option->max
			       ? NULL
			       : "its default is not between min and max";
	}
	return "its type is unknown";
}

/* Fails with `KEY: FILE: ` and what is wrong with the module. */
static int __attribute__((format(printf, 4, 5)))
backend_load_refuse_module(const struct config *config, const char *file, struct warden_error *err,
			   const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args); /* bounded: names are checked or cut */
	va_end(args);
	return config_fail(config, key, err, "%s: %s: %s", key, file, text);
}

static int backend_load_check_options(const struct config *config, const char *file,
				      const struct warden_container_klass *container_klass,
				      struct warden_error *err)
{
	for (size_t i = 0; i < container_klass->n_options; i++) {
		const struct warden_option *option = &container_klass->options[i];
		const char *wrong = backend_load_check_option(option);

		if (wrong)
			return backend_load_refuse_module(config, file, err, "option %.64s: %s",
							  option->name ? option->name : "", wrong);
	}
	return 0;
}

/* Copies the module's klass and its options into this daemon's layout, and checks first that they
 * can be read. */
static int backend_load_read_klass(struct backend_module *module, const struct config *config,
				   const char *file, const struct warden_container_klass *theirs,
				   struct warden_error *err)
{
	struct warden_container_klass *own = &module->own;

	if (theirs->size < offsetof(struct warden_container_klass, name))
		return backend_load_refuse_module(config, file, err,
						  "its %s has a size of %zu bytes",
						  WARDEN_BACKEND_SYMBOL, theirs->size);
	if (theirs->abi != WARDEN_BACKEND_ABI)
		return backend_load_refuse_module(
			config, file, err,
			"is built for ABI %u, this daemon needs %u; build it against "
			"this version's warden/backend.h",
			theirs->abi, WARDEN_BACKEND_ABI);
	backend_struct_read(own, sizeof(*own), theirs, theirs->size);
	if (own->n_options > OPTIONS_MAX || (own->n_options > 0 && own->option_size == 0))
		return backend_load_refuse_module(config, file, err, "has %zu options of %zu bytes",
						  own->n_options, own->option_size);
	module->options = calloc(own->n_options + 1, sizeof(*module->options));
	if (!module->options)
		return warden_error_set(err, "%s: no memory for %zu options", file, own->n_options);
	for (size_t i = 0; i < own->n_options; i++)
		memcpy(&module->options[i], WARDEN_ELEMENT(own->options, own->option_size, i),
		       own->option_size < sizeof(*own->options) ? own->option_size
								: sizeof(*own->options));
	own->options = module->options;
	own->option_size = sizeof(*own->options);
	return 0;
}

/* Whether the daemon can work with the klass. */
static int backend_load_check_klass(const struct config *config, const char *file,
				    const struct warden_container_klass *container_klass,
				    struct warden_error *err)
{
	if (!backend_load_is_name(container_klass->name))
		return backend_load_refuse_module(config, file, err,
						  "its %s has no name (letters, digits, _ and -)",
						  WARDEN_BACKEND_SYMBOL);
	if (config_key_is_group(container_klass->name))
		return backend_load_refuse_module(
			config, file, err,
			"its name, %s, is that of a group of the daemon's own settings",
			container_klass->name);
	for (size_t i = 0; i < ARRAY_SIZE(required); i++) {
		void (*operation)(void);

		memcpy(&operation, (const char *)container_klass + required[i].offset,
		       sizeof(operation));
		if (!operation)
			return backend_load_refuse_module(
				config, file, err,
				"lacks the operation %s, which every backend must have",
				required[i].name);
	}
	if (container_klass->transfer && !container_klass->transfer_cancel)
		return backend_load_refuse_module(
			config, file, err,
			"lacks the operation transfer_cancel, which a backend with "
			"transfer must have");
	return backend_load_check_options(config, file, container_klass, err);
}

/* Finds the module's klass, reads and checks it. */
static int backend_load_take_klass(struct backend_module *module, const struct config *config,
				   const char *file, struct warden_error *err)
{
	const struct warden_container_klass *theirs =
		lt_dlsym(module->handle, WARDEN_BACKEND_SYMBOL);

	if (!theirs)
		return backend_load_refuse_module(config, file, err,
						  "exports no %s, so it is no backend",
						  WARDEN_BACKEND_SYMBOL);
	if (backend_load_read_klass(module, config, file, theirs, err) < 0 ||
	    backend_load_check_klass(config, file, &module->own, err) < 0)
		return -1;
	module->container_klass = &module->own;
	return 0;
}

struct backend_module *backend_load(const struct config *config, struct warden_error *err)
{
	_cleanup_free_ char *file = backend_load_find_file(config, err);
	struct backend_module *module;

	if (!file)
		return NULL;
	module = calloc(1, sizeof(*module));
	if (!module || lt_dlinit() != 0) {
		free(module);
		warden_error_set(err, "load %s: libltdl does not start", file);
		return NULL;
	}
	module->handle = backend_load_open_module(config, file, err);
	if (!module->handle || backend_load_take_klass(module, config, file, err) < 0) {
		backend_unload(module);
		return NULL;
	}
	module->file = take_pointer(file);
	return module;
}

void backend_unload(struct backend_module *module)
{
	if (!module)
		return;
	if (module->handle)
		(void)lt_dlclose(module->handle); /* a module that stays loaded does no harm */
	(void)lt_dlexit();
	free(module->options);
	free(module->file);
	free(module);
}
