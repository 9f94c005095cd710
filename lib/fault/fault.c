/* SPDX-License-Identifier: Apache-2.0 */
/* The shared state of fault injection; see fault.h. Takes no lock and no memory: it runs after
 * fork, too. */
#include "lib/fault/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifndef FAULT_MODULE
#include <dlfcn.h>
#endif

/* The linker's name for the start of this program or module. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));

static struct fault_state *fault_state;
static const char *fault_module;
static long fault_first_pid;

/* These are not wrapped, since syscall(2) by its number is what the wrapped functions would call.
 */
extern long __real_syscall(long number, ...);
extern void *__real_mmap(void *address, size_t size, int protection, int flags, int fd,
			 off_t offset);

static void fault_name_module(void)
{
#ifdef FAULT_MODULE
	fault_module = FAULT_MODULE;
#else
	const char *slash;
	Dl_info info;

	fault_module = dladdr(__ehdr_start, &info) != 0 && info.dli_fname ? info.dli_fname : "?";
	slash = strrchr(fault_module, '/');
	fault_module = slash ? slash + 1 : fault_module;
#endif
}

/* Opens the file: the daemon by its path, and keeps the descriptor for wshd; a module and wshd by
 * that. */
static int fault_open(void)
{
	const char *path = getenv(FAULT_VARIABLE);
	int fd;

	if (!path)
		return FAULT_FD;
	fd = (int)__real_syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
	if (fd >= 0 && __real_syscall(SYS_dup3, fd, FAULT_FD, 0) >= 0)
		__real_syscall(SYS_close, fd);
	return FAULT_FD;
}

__attribute__((constructor)) static void fault_begin(void)
{
	int fd = fault_open();
	void *memory =
		__real_mmap(NULL, sizeof(*fault_state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	fault_name_module();
	fault_first_pid = __real_syscall(SYS_getpid);
	if (memory == MAP_FAILED)
		return;
	fault_state = memory;
	if (fault_state->magic != FAULT_MAGIC) {
		fault_state = NULL;
		return;
	}
	if (strcmp(fault_module, "wshd") == 0)
		__real_syscall(SYS_close, FAULT_FD); /* jobs do not get it */
	else if (strcmp(fault_module, "wardend") == 0)
		fault_state->daemon = (uint32_t)fault_first_pid;
}

static void fault_name_process(char *name)
{
	long pid = __real_syscall(SYS_getpid);

	memset(name, 0, 16);
	if (strcmp(fault_module, "wshd") == 0)
		strcpy(name, pid == fault_first_pid                           ? "wshd"
			     : __real_syscall(SYS_getppid) == fault_first_pid ? "keeper"
									      : "job");
	else if (pid == (long)fault_state->daemon)
		strcpy(name, "wardend");
	else
		__real_syscall(SYS_prctl, PR_GET_NAME, name, 0, 0, 0);
	/* A child that the daemon has forked for a while has its name. */
	if (pid != (long)fault_state->daemon && strcmp(name, "wardend") == 0)
		strcpy(name, "wardend-child");
}

static uint64_t fault_hash(uint64_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash;
}

/* The index of a point, which is added at its first call. */
static uint32_t fault_find(uint64_t key, const char *call, const char *process, uint64_t offset,
			   int number)
{
	for (uint32_t i = 0, at = (uint32_t)(key % FAULT_POINTS); i < FAULT_POINTS;
	     i++, at = (at + 1) % FAULT_POINTS) {
		struct fault_point *point = &fault_state->points[at];
		uint64_t unused = 0;

		if (!__atomic_compare_exchange_n(&point->key, &unused, key, false, __ATOMIC_SEQ_CST,
						 __ATOMIC_SEQ_CST)) {
			if (unused == key)
				return at;
			continue;
		}
		point->offset = offset;
		point->can_fail = number != 0;
		memcpy(point->module, fault_module,
		       strnlen(fault_module, sizeof(point->module) - 1));
		memcpy(point->process, process, strnlen(process, sizeof(point->process) - 1));
		memcpy(point->call, call, strnlen(call, sizeof(point->call) - 1));
		return at;
	}
	return FAULT_POINTS - 1;
}

/* Process 1 of a pid namespace takes no SIGKILL of its own; to others its exit looks alike. */
static void fault_kill(void)
{
	__real_syscall(SYS_kill, __real_syscall(SYS_getpid), SIGKILL);
	__real_syscall(SYS_exit_group, 128 + SIGKILL);
}

bool fault_strikes(const char *call, const void *caller, int number)
{
	int saved = errno;
	char process[16];
	uint64_t offset, key;
	uint32_t at, mode;

	if (!fault_state)
		return false;
	mode = __atomic_load_n(&fault_state->mode, __ATOMIC_SEQ_CST);
	if (mode == FAULT_OFF)
		return false;
	fault_name_process(process);
	offset = (uint64_t)((const char *)caller - __ehdr_start);
	key = fault_hash(
		fault_hash(fault_hash(UINT64_C(14695981039346656037) ^ offset, call), process),
		fault_module);
	key += key == 0;
	at = fault_find(key, call, process, offset, number);
	__atomic_add_fetch(&fault_state->points[at].seen, 1, __ATOMIC_SEQ_CST);
	errno = saved;
	if (mode == FAULT_RECORD || (mode == FAULT_FAIL && number == 0))
		return false;
	if (fault_state->only != 0 && fault_state->only != key)
		return false;
	if (__atomic_add_fetch(&fault_state->counter, 1, __ATOMIC_SEQ_CST) != fault_state->wanted)
		return false;
	fault_state->fired = at + 1;
	if (mode == FAULT_KILL)
		fault_kill();
	errno = fault_state->number != 0 ? (int)fault_state->number : number;
	return true;
}
