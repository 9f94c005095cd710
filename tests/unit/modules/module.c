/* SPDX-License-Identifier: Apache-2.0 */
/* A module that does nothing, and its siblings, each with one fault, which a macro chooses: what
 * the daemon must tell apart when it loads a backend. */
#include "warden/backend.h"

#ifdef WITH_UNDEFINED_FUNCTION
int nobody_defines_this(void);
#endif

static int do_setup(const struct warden_host *host, void **backend, struct warden_error *err)
{
	(void)host;
	(void)backend;
#ifdef WITH_UNDEFINED_FUNCTION
	nobody_defines_this();
#endif
	return warden_error_set(err, "this backend is a test's");
}

static int do_create(void *backend, const struct warden_create *create, void **container,
		     struct warden_error *err)
{
	(void)backend;
	(void)create;
	(void)container;
	return warden_error_set(err, "this backend is a test's");
}

static int do_restore(void *backend, const struct warden_identity *identity,
		      enum warden_restore_state state, void **container,
		      struct warden_restored *restored, struct warden_error *err)
{
	(void)backend;
	(void)identity;
	(void)state;
	(void)container;
	(void)restored;
	return warden_error_set(err, "this backend is a test's");
}

static int __attribute__((unused))
do_spawn(void *container, const struct warden_spawn *spawn, struct warden_error *err)
{
	(void)container;
	(void)spawn;
	return warden_error_set(err, "this backend is a test's");
}

static int do_stop(void *container, int signal, struct warden_error *err)
{
	(void)container;
	(void)signal;
	return warden_error_set(err, "this backend is a test's");
}

static void do_destroy(void *container)
{
	(void)container;
}

static int __attribute__((unused))
do_transfer(void *container, const struct warden_transfer *transfer, struct warden_error *err)
{
	(void)container;
	(void)transfer;
	return warden_error_set(err, "this backend is a test's");
}

static void do_detach(void *container)
{
	(void)container;
}

static const struct warden_option options[] = {
	{.name = "loud", .type = WARDEN_OPTION_BOOL, .number = 1},
	{.name = "width",
	 .type = WARDEN_OPTION_INTEGER,
	 .min = 1,
	 .max = 10,
#ifdef WITH_BAD_OPTION
	 .number = 11},
#else
	 .number = 5},
#endif
	{.name = "motto", .type = WARDEN_OPTION_STRING},
	{.name = "colour", .type = WARDEN_OPTION_STRING, .text = "grey"},
	{.name = "friends", .type = WARDEN_OPTION_STRINGS},
};

#ifndef WITH_SYMBOL
#define WITH_SYMBOL warden_container_klass
#endif
#ifndef WITH_ABI
#define WITH_ABI WARDEN_BACKEND_ABI
#endif
#ifndef WITH_SIZE
#define WITH_SIZE sizeof(struct warden_container_klass)
#endif
#ifndef WITH_NAME
#define WITH_NAME "good"
#endif
#ifndef WITH_SPAWN
#define WITH_SPAWN do_spawn
#endif

extern const struct warden_container_klass WITH_SYMBOL __attribute__((visibility("default")));

const struct warden_container_klass WITH_SYMBOL = {
	.size = WITH_SIZE,
	.abi = WITH_ABI,
	.name = WITH_NAME,
	.description = "a test's",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.option_size = sizeof(options[0]),
	.capabilities = WARDEN_CAPABILITIES_NONE,
	.setup = do_setup,
	.create = do_create,
	.restore = do_restore,
	.spawn = WITH_SPAWN,
	.stop = do_stop,
	.destroy = do_destroy,
	.detach = do_detach,
#ifdef WITH_TRANSFER
	.transfer = do_transfer,
#endif
};
