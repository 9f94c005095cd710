/* SPDX-License-Identifier: Apache-2.0 */
/* Libraries that a program loads when it needs them, since each costs the start of a process time
 * and memory. The functions of one are listed as X(NAME) in a macro:
 *
 *	#define EDIT_FUNCTIONS(X) X(el_init) X(el_end)
 *
 *	struct edit_library {
 *		EDIT_FUNCTIONS(SHARED_LIBRARY_MEMBER)
 *	};
 */
#ifndef LIB_SHARED_LIBRARY_H
#define LIB_SHARED_LIBRARY_H

#include <stddef.h>

#include "warden/error.h"

#define SHARED_LIBRARY_MEMBER(name) __typeof__(name) *(name);

/* The pointer that takes a function of the library. */
struct shared_library_function {
	const char *name;
	void **function;
};

/* Loads the first of the sonames, which end in NULL, that is there, and finds the functions; the
 * library stays loaded. -1 and `err`: none is there, or a function is missing. */
int shared_library_load(const char *const *sonames, const struct shared_library_function *functions,
			size_t n, struct warden_error *err);

#endif
