/* SPDX-License-Identifier: Apache-2.0 */
/* Fault injection, in a test build alone (configure --enable-fault-injection): the linker's --wrap
 * puts the functions of fault_calls.h between the daemon, its modules and wshd and their libraries.
 * The test and all threads and processes share a file that says which call fails or kills its
 * process, and collects where calls come from. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The variable with the file's path, and the descriptor by which wshd, which has no environment,
 * gets it. */
#define FAULT_VARIABLE "WARDEN_FAULTS"
enum { FAULT_FD = 777 };

#define FAULT_MAGIC 0x7761666cU
enum { FAULT_POINTS = 8192 };

enum fault_mode { FAULT_OFF, FAULT_RECORD, FAULT_FAIL, FAULT_KILL };

/* A point: a call site in a kind of process. tests/faults/faults.py has the same layout. */
struct fault_point {
	uint64_t key;    /* 0: unused */
	uint64_t offset; /* of the return address in the module */
	uint32_t seen;
	uint32_t can_fail; /* 0: the call has no error that a correct caller meets */
	char module[24];
	char process[16];
	char call[32];
};

struct fault_state {
	uint32_t magic;
	uint32_t mode;
	uint64_t only;   /* the key of the point that counts; 0: every point */
	uint32_t wanted; /* the call that fails, from 1 */
	uint32_t counter;
	uint32_t number; /* errno; 0: the one that suits the call */
	uint32_t fired;  /* the struck point's index + 1 */
	uint32_t daemon; /* its pid */
	uint32_t unused;
	struct fault_point points[FAULT_POINTS];
};

/* Counts a call; returns whether it fails, with errno set. `number` 0: it may only be where a
 * process is killed. */
bool fault_strikes(const char *call, const void *caller, int number);

/* Defines the wrapper of a call of fault_calls.h. */
#define FAULT_DEFINE(type, name, parameters, arguments, number, failed)                            \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return fault_strikes(#name, __builtin_return_address(0), number)                   \
			       ? (failed)                                                          \
			       : __real_##name arguments;                                          \
	}
