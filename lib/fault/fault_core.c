/* SPDX-License-Identifier: Apache-2.0 */
/* The wrapped functions of jansson and libuv, which only the daemon calls; see fault.h. */
#include <errno.h>
#include <jansson.h>
#include <uv.h>

#include "lib/fault/fault.h"
#include "lib/fault/fault_calls.h"

#define FAULT_DEFINE(type, name, parameters, arguments, number, failed)                            \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return fault_strikes(#name, __builtin_return_address(0), number)                   \
			       ? (failed)                                                          \
			       : __real_##name arguments;                                          \
	}

FAULT_CORE_CALLS(FAULT_DEFINE)
