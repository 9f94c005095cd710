/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities by system call: there is no libcap for a static musl program. See privileges.h. */
#include "wshd/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool privileges_drop_bounding(uint64_t bounding)
{
	for (unsigned long number = 0; number < 64; number++) {
		if (bounding & (UINT64_C(1) << number))
			continue;
		if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0)
			return errno == EINVAL; /* the kernel has no more capabilities */
	}
	return true;
}

static bool privileges_drop_inheritable(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].inheritable = 0;
	return syscall(SYS_capset, &header, data) == 0;
}

bool privileges_limit(uint64_t bounding)
{
	/* The daemon's securebits may be changed; jobs get the default. */
	if (prctl(PR_GET_SECUREBITS) != 0 && prctl(PR_SET_SECUREBITS, 0) < 0)
		return false;
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 &&
	       privileges_drop_inheritable() && privileges_drop_bounding(bounding) &&
	       prctl(PR_SET_DUMPABLE, 0) == 0;
}
