/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the calls of a backend's operations: one list for the daemon, and the innermost call
 * of each thread for the handler of crashes; see backend_call.h. */
#include <config.h>

#include "core/backend/backend_call.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"
#include "lib/cleanup.h"
#include "lib/text.h"

/* Stack of the handler, since a module may have used up its thread's. Pages that are never used
 * take no memory. */
enum { CRASH_STACK_SIZE = 64 << 10 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the list and `logged` */
static LIST_HEAD(backend_call_list, backend_call) calls = LIST_HEAD_INITIALIZER(calls);

/* Read by the handler, which runs on the same thread. */
static _Thread_local struct backend_call *volatile innermost;
static _Thread_local bool has_crash_stack;

static const struct crash_signal {
	int number;
	const char *name;
} crash_signals[] = {
	{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
	{SIGILL, "SIGILL"},   {SIGABRT, "SIGABRT"},
};

/* The handler's data; set before it is installed. */
static struct {
	pid_t pid;                                            /* 0: no handler is installed */
	char module[512];                                     /* escaped */
	struct sigaction previous[ARRAY_SIZE(crash_signals)]; /* a sanitizer has handlers too */
} crash;

static uint64_t backend_call_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Gives the thread a stack for the handler, for as long as the thread lives. Without memory the
 * handler shares the thread's stack. */
static void backend_call_make_crash_stack(void)
{
	stack_t stack = {.ss_size = CRASH_STACK_SIZE};

	has_crash_stack = true;
	if (sigaltstack(NULL, &stack) == 0 && !(stack.ss_flags & SS_DISABLE))
		return; /* a sanitizer's */
	stack = (stack_t){.ss_size = CRASH_STACK_SIZE};
	stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack.ss_sp != MAP_FAILED)
		(void)sigaltstack(&stack, NULL); /* cannot fail with this size */
}

void backend_call_begin(struct backend_call *call,
			const struct warden_container_klass *container_klass, const char *id,
			const char *operation, struct warden_error *err)
{
	*call = (struct backend_call){
		.container_klass = container_klass,
		.operation = operation,
		.id = id,
		.err = err,
		.start_ms = backend_call_now_ms(),
		.outer = innermost,
	};
	if (err) {
		err->number = 0;
		err->message[0] = '\0';
	}
	if (crash.pid != 0 && !has_crash_stack)
		backend_call_make_crash_stack();
	pthread_mutex_lock(&lock);
	LIST_INSERT_HEAD(&calls, call, link);
	pthread_mutex_unlock(&lock);
	innermost = call;
}

static void backend_call_log(const struct backend_call *call, const char *what, uint64_t ms)
{
	log_write(WARDEN_LOG_WARN, "%s%sbackend %s: operation %s %s %u s", call->id ? call->id : "",
		  call->id ? ": " : "", call->container_klass->name, call->operation, what,
		  (unsigned)(ms / 1000));
}

int backend_call_end(struct backend_call *call, int result)
{
	uint64_t ms = backend_call_now_ms() - call->start_ms;

	innermost = call->outer;
	pthread_mutex_lock(&lock);
	LIST_REMOVE(call, link);
	pthread_mutex_unlock(&lock);
	if (ms > BACKEND_CALL_SLOW_MS)
		backend_call_log(call, "has returned after", ms);
	if (result < 0 && call->err && call->err->message[0] == '\0')
		warden_error_set(call->err, "backend %s: %s failed without a message",
				 call->container_klass->name, call->operation);
	return result;
}

void backend_call_log_slow(void)
{
	uint64_t now = backend_call_now_ms();
	struct backend_call *call;

	pthread_mutex_lock(&lock);
	LIST_FOREACH(call, &calls, link) {
		uint64_t ms = now > call->start_ms ? now - call->start_ms : 0;

		if (ms <= BACKEND_CALL_SLOW_MS || call->logged)
			continue;
		call->logged = true;
		backend_call_log(call, "has been running for", ms);
	}
	pthread_mutex_unlock(&lock);
}

/* Appends a text to a line as far as it fits. Async-signal-safe. */
static size_t backend_call_append(char *line, size_t size, size_t length, const char *text)
{
	while (*text && length < size)
		line[length++] = *text++;
	return length;
}

/* Writes the line about a crash. Async-signal-safe. */
static void backend_call_report_crash(const struct backend_call *call, const char *name)
{
	char line[1024];
	const char *const parts[] = {
		"fatal: the module ",
		crash.module,
		" crashed (",
		name,
		") in operation ",
		call->operation,
		call->id ? " of container " : "",
		call->id ? call->id : "",
		"\n",
	};
	size_t length = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		length = backend_call_append(line, sizeof(line), length, parts[i]);
	log_write_raw(line, length);
}

/* The handler. A child process that a module has forked and that crashes is not the daemon. */
static void backend_call_on_crash(int number)
{
	const struct backend_call *call = innermost;

	for (size_t i = 0; i < ARRAY_SIZE(crash_signals); i++) {
		if (crash_signals[i].number != number)
			continue;
		if (call && getpid() == crash.pid)
			backend_call_report_crash(call, crash_signals[i].name);
		sigaction(number, &crash.previous[i], NULL);
	}
	raise(number); /* takes effect when the handler returns */
}

int backend_call_watch_crashes(const char *module, struct warden_error *err)
{
	struct sigaction action = {.sa_handler = backend_call_on_crash, .sa_flags = SA_ONSTACK};

	sigemptyset(&action.sa_mask);
	text_escape(crash.module, sizeof(crash.module), module, strlen(module));
	crash.pid = getpid();
	for (size_t i = 0; i < ARRAY_SIZE(crash_signals); i++)
		if (sigaction(crash_signals[i].number, &action, &crash.previous[i]) < 0)
			return warden_error_errno(err, "handle %s", crash_signals[i].name);
	return 0;
}
