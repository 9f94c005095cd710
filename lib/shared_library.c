/* SPDX-License-Identifier: Apache-2.0 */
/* Loads libraries on demand; see shared_library.h. */
#include <config.h>

#include "lib/shared_library.h"

#include <dlfcn.h>

int shared_library_load(const char *const *sonames, const struct shared_library_function *functions,
			size_t n, struct warden_error *err)
{
	void *handle = NULL;

	for (size_t i = 0; !handle && sonames[i]; i++) {
		handle = dlopen(sonames[i], RTLD_NOW | RTLD_LOCAL);
		if (!handle && i == 0)
			warden_error_set(err, "%s", dlerror());
	}
	for (size_t i = 0; handle && i < n; i++) {
		*functions[i].function = dlsym(handle, functions[i].name);
		if (!*functions[i].function)
			return warden_error_set(err, "%s has no %s", sonames[0], functions[i].name);
	}
	return handle ? 0 : -1;
}
