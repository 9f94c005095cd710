/* SPDX-License-Identifier: Apache-2.0 */
/* The wrapped functions with variable arguments, and those that let wshd inherit the shared file;
 * see fault.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/fault/fault.h"

#define STRIKES(call, number) fault_strikes(call, __builtin_return_address(0), number)

int __real_close_range(unsigned first, unsigned last, int flags);
int __real_clone(int (*function)(void *), void *stack, int flags, void *argument, void *a, void *b,
		 void *c);
int __real_epoll_ctl(int fd, int operation, int other, struct epoll_event *event);
int __real_fclose(FILE *file);
int __real_fcntl(int fd, int operation, ...);
int __real_ioctl(int fd, unsigned long request, ...);
int __real_open(const char *path, int flags, ...);
int __real_openat(int fd, const char *path, int flags, ...);
int __real_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const *argv,
		       char *const *environment);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
			  void *data);
struct dirent *__real_readdir(DIR *directory);
long __real_syscall(long number, ...);
int __real_vasprintf(char **text, const char *format, va_list arguments);

int __wrap_asprintf(char **text, const char *format, ...);
int __wrap_close_range(unsigned first, unsigned last, int flags);
int __wrap_clone(int (*function)(void *), void *stack, int flags, void *argument, void *a, void *b,
		 void *c);
int __wrap_dprintf(int fd, const char *format, ...);
int __wrap_epoll_ctl(int fd, int operation, int other, struct epoll_event *event);
int __wrap_fclose(FILE *file);
int __wrap_fcntl(int fd, int operation, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...);
int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const *argv,
		       char *const *environment);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
			  void *data);
struct dirent *__wrap_readdir(DIR *directory);
long __wrap_syscall(long number, ...);

int __wrap_asprintf(char **text, const char *format, ...)
{
	va_list arguments;
	int length;

	if (STRIKES("asprintf", ENOMEM))
		return -1;
	va_start(arguments, format);
	length = __real_vasprintf(text, format, arguments);
	va_end(arguments);
	return length;
}

/* Leaves the shared file open, also over the exec of wshd. */
int __wrap_close_range(unsigned first, unsigned last, int flags)
{
	if (STRIKES("close_range", ENOMEM))
		return -1;
	if (first > FAULT_FD || last < FAULT_FD)
		return __real_close_range(first, last, flags);
	if (first < FAULT_FD && __real_close_range(first, FAULT_FD - 1, flags) < 0)
		return -1;
	return last > FAULT_FD ? __real_close_range(FAULT_FD + 1, last, flags) : 0;
}

int __wrap_clone(int (*function)(void *), void *stack, int flags, void *argument, void *a, void *b,
		 void *c)
{
	return STRIKES("clone", EAGAIN) ? -1
					: __real_clone(function, stack, flags, argument, a, b, c);
}

int __wrap_dprintf(int fd, const char *format, ...)
{
	va_list arguments;
	int length;

	if (STRIKES("dprintf", ENOSPC))
		return -1;
	va_start(arguments, format);
	length = vdprintf(fd, format, arguments);
	va_end(arguments);
	return length;
}

/* Only an addition needs memory. */
int __wrap_epoll_ctl(int fd, int operation, int other, struct epoll_event *event)
{
	if (STRIKES("epoll_ctl", operation == EPOLL_CTL_ADD ? ENOMEM : 0))
		return -1;
	return __real_epoll_ctl(fd, operation, other, event);
}

int __wrap_fclose(FILE *file)
{
	int number, result;
	bool strikes = STRIKES("fclose", ENOSPC);

	number = errno;
	result = __real_fclose(file);
	if (!strikes)
		return result;
	errno = number;
	return EOF;
}

int __wrap_fcntl(int fd, int operation, ...)
{
	va_list arguments;
	long argument;

	va_start(arguments, operation);
	argument = va_arg(arguments, long);
	va_end(arguments);
	return STRIKES("fcntl", operation == F_DUPFD_CLOEXEC ? EMFILE : 0)
		       ? -1
		       : __real_fcntl(fd, operation, argument);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return STRIKES("ioctl", ENOMEM) ? -1 : __real_ioctl(fd, request, argument);
}

int __wrap_open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = va_arg(arguments, mode_t);
	va_end(arguments);
	return STRIKES("open", EMFILE) ? -1 : __real_open(path, flags, mode);
}

int __wrap_openat(int fd, const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = va_arg(arguments, mode_t);
	va_end(arguments);
	return STRIKES("openat", EMFILE) ? -1 : __real_openat(fd, path, flags, mode);
}

int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const *argv,
		       char *const *environment)
{
	if (STRIKES("posix_spawn", EAGAIN))
		return errno;
	return __real_posix_spawn(pid, path, actions, attributes, argv, environment);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
			  void *data)
{
	return STRIKES("pthread_create", EAGAIN)
		       ? errno
		       : __real_pthread_create(thread, attributes, run, data);
}

struct dirent *__wrap_readdir(DIR *directory)
{
	return STRIKES("readdir", EIO) ? NULL : __real_readdir(directory);
}

/* The errno that suits a system call without a function of its own; 0 if it cannot fail. */
static int fault_syscall_number(long number)
{
	switch (number) {
	case SYS_clone3:
		return EAGAIN;
	case SYS_openat2:
	case SYS_pidfd_open:
		return EMFILE;
	case SYS_gettid:
	case SYS_close_range:
	case SYS_pidfd_send_signal:
		return 0;
	default:
		return ENOMEM;
	}
}

long __wrap_syscall(long number, ...)
{
	va_list arguments;
	long a[6], result;

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	if (STRIKES("syscall", fault_syscall_number(number)))
		return -1;
	result = __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number == SYS_close_range && (a[2] & CLOSE_RANGE_CLOEXEC))
		__real_fcntl(FAULT_FD, F_SETFD, 0);
	return result;
}
