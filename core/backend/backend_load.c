/* SPDX-License-Identifier: Apache-2.0 */
/* Loads the module that holds the backend. libltdl is what loads it, but it says 'file not found'
 * to everything and puts up with functions that are not there until they are called; so dlopen goes
 * first and tells what is wrong. */
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
static char *find_in_path(const struct config *config, struct warden_error *err)
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

static char *find_file(const struct config *config, struct warden_error *err)
{
	const char *container_klass = config->server.container_klass;
	char *file = strchr(container_klass, '/') ? strdup(container_klass) : NULL;
	struct stat st;

	if (!strchr(container_klass, '/'))
		return find_in_path(config, err);
	if (!file) {
		warden_error_errno(err, "find backend %s", container_klass);
	} else if (stat(file, &st) < 0) {
		config_fail(config, key, err, "%s: %s: %s", key, file, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) { /* a FIFO would be waited for */
		config_fail(config, key, err, "%s: %s is no regular file", key, file);
	} else {
		return file;
	}
	free(file);
	return NULL;
}

/* A path from dlerror's texts begins with the file, others do not. */
static void fail_loading(const struct config *config, const char *file, const char *text,
			 struct warden_error *err)
{
	bool named = text && strncmp(text, file, strlen(file)) == 0;

	config_fail(config, key, err, "%s: %s%s%s", key, named ? "" : file, named ? "" : ": ",
		    text ? text : "cannot be loaded");
}

/* Opens the module; its handle is libltdl's. */
static lt_dlhandle open_module(const struct config *config, const char *file,
			       struct warden_error *err)
{
	void *first = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	lt_dlhandle handle;

	if (!first) {
		fail_loading(config, file, dlerror(), err);
		return NULL;
	}
	handle = lt_dlopen(file);
	if (!handle)
		fail_loading(config, file, lt_dlerror(), err);
	dlclose(first); /* libltdl's own reference keeps the module */
	return handle;
}

/* The operations that every backend has. */
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

/* Whether the text can be the name of a group or key of the configuration's. */
static bool is_name(const char *text)
{

	return text && *text && !strchr("0123456789_-", *text) && strlen(text) < CONFIG_NAME_SIZE &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
		       strlen(text);
}

/* Whether an option means something: what is wrong with it, or NULL. */
static const char *judge_option(const struct warden_option *option)
{
	if (!is_name(option->name))
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

/* `KEY: FILE: ` and what is wrong with the module. */
static int __attribute__((format(printf, 4, 5)))
fail_module(const struct config *config, const char *file, struct warden_error *err,
	    const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args); /* names of ours, bounded in length */
	va_end(args);
	return config_fail(config, key, err, "%s: %s: %s", key, file, text);
}

static int check_options(const struct config *config, const char *file,
			 const struct warden_container_klass *container_klass,
			 struct warden_error *err)
{
	for (size_t i = 0; i < container_klass->n_options; i++) {
		const struct warden_option *option = &container_klass->options[i];
		const char *wrong = judge_option(option);

		if (wrong)
			return fail_module(config, file, err, "option %.64s: %s",
					   option->name ? option->name : "", wrong);
	}
	return 0;
}

/* Copies the module's klass and its options into this daemon's layout, and checks first that they
 * can be read. */
static int read_klass(struct backend_module *module, const struct config *config, const char *file,
		      const struct warden_container_klass *theirs, struct warden_error *err)
{
	struct warden_container_klass *own = &module->own;

	if (theirs->size < offsetof(struct warden_container_klass, name))
		return fail_module(config, file, err, "its %s has a size of %zu bytes",
				   WARDEN_BACKEND_SYMBOL, theirs->size);
	if (theirs->abi != WARDEN_BACKEND_ABI)
		return fail_module(config, file, err,
				   "is built for ABI %u, this daemon needs %u; build it against "
				   "this version's warden/backend.h",
				   theirs->abi, WARDEN_BACKEND_ABI);
	backend_struct_read(own, sizeof(*own), theirs, theirs->size);
	if (own->n_options > OPTIONS_MAX || (own->n_options > 0 && own->option_size == 0))
		return fail_module(config, file, err, "has %zu options of %zu bytes",
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
static int check_klass(const struct config *config, const char *file,
		       const struct warden_container_klass *container_klass,
		       struct warden_error *err)
{
	if (!is_name(container_klass->name))
		return fail_module(config, file, err,
				   "its %s has no name (letters, digits, _ and -)",
				   WARDEN_BACKEND_SYMBOL);
	if (config_key_is_group(container_klass->name))
		return fail_module(config, file, err,
				   "its name, %s, is that of a group of the daemon's own settings",
				   container_klass->name);
	for (size_t i = 0; i < ARRAY_SIZE(required); i++) {
		void (*operation)(void);

		memcpy(&operation, (const char *)container_klass + required[i].offset,
		       sizeof(operation));
		if (!operation)
			return fail_module(config, file, err,
					   "lacks the operation %s, which every backend must have",
					   required[i].name);
	}
	if (container_klass->transfer && !container_klass->transfer_cancel)
		return fail_module(config, file, err,
				   "lacks the operation transfer_cancel, which a backend with "
				   "transfer must have");
	return check_options(config, file, container_klass, err);
}

/* Finds the module's klass, reads and checks it. */
static int take_klass(struct backend_module *module, const struct config *config, const char *file,
		      struct warden_error *err)
{
	const struct warden_container_klass *theirs =
		lt_dlsym(module->handle, WARDEN_BACKEND_SYMBOL);

	if (!theirs)
		return fail_module(config, file, err, "exports no %s, so it is no backend",
				   WARDEN_BACKEND_SYMBOL);
	if (read_klass(module, config, file, theirs, err) < 0 ||
	    check_klass(config, file, &module->own, err) < 0)
		return -1;
	module->container_klass = &module->own;
	return 0;
}

struct backend_module *backend_load(const struct config *config, struct warden_error *err)
{
	_cleanup_free_ char *file = find_file(config, err);
	struct backend_module *module;

	if (!file)
		return NULL;
	module = calloc(1, sizeof(*module));
	if (!module || lt_dlinit() != 0) {
		free(module);
		warden_error_set(err, "load %s: libltdl does not start", file);
		return NULL;
	}
	module->handle = open_module(config, file, err);
	if (!module->handle || take_klass(module, config, file, err) < 0) {
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
		(void)lt_dlclose(module->handle); /* a module that stays loaded is no harm */
	(void)lt_dlexit();
	free(module->options);
	free(module->file);
	free(module);
}
