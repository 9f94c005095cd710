/* SPDX-License-Identifier: Apache-2.0 */
/* Maps and loads filters of system calls; see call_filter.h. */
#include "wshd/call_filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(WSHD_FILTER_MAX == BPF_MAXINSNS, "a filter of the wire is one of the kernel's");

static size_t call_filter_size(const struct wshd_filter *message)
{
	return message->length * sizeof(struct sock_filter);
}

bool call_filter_take(struct call_filter *filter, const struct wshd_filter *message, int fd)
{
	size_t size = call_filter_size(message);
	struct stat status;
	void *program;

	if (message->length == 0 || message->length > WSHD_FILTER_MAX) {
		errno = EINVAL;
		return false;
	}
	/* Beyond the end of the file the mapping would fault. */
	if (fstat(fd, &status) < 0 || status.st_size < (off_t)size) {
		errno = EINVAL;
		return false;
	}
	program = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (program == MAP_FAILED)
		return false;
	call_filter_drop(filter);
	*filter = (struct call_filter){program, *message};
	return true;
}

void call_filter_drop(struct call_filter *filter)
{
	if (filter->program)
		munmap((void *)filter->program, call_filter_size(&filter->message));
	filter->program = NULL;
}

bool call_filter_load(const struct call_filter *filter)
{
	unsigned flags = filter->message.flags & WSHD_FILTER_LOG ? SECCOMP_FILTER_FLAG_LOG : 0;
	struct sock_fprog program = {
		.len = (unsigned short)filter->message.length,
		.filter = (struct sock_filter *)filter->program,
	};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) == 0;
}
