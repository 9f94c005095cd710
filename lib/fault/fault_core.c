/* SPDX-License-Identifier: Apache-2.0 */
/* The wrapped functions of jansson and libuv, which only the daemon calls; see fault.h. */
#include <errno.h>
#include <jansson.h>
#include <uv.h>

#include "lib/fault/fault.h"
#include "lib/fault/fault_calls.h"

FAULT_CORE_CALLS(FAULT_DEFINE)
