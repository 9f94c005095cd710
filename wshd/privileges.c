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

/* What wshd, its keepers and jobs before their exec use. Exec gives root the bounding set, whatever
 * wshd has. */
static const struct {
	unsigned number;
	const char *use;
} used[] = {
	{CAP_CHOWN, "owners of jobs' pipes and terminals"},
	{CAP_FOWNER, "modes of terminals that belong to a job's user"},
	{CAP_DAC_OVERRIDE, "passwd, group and root's working directories of any mode"},
	{CAP_KILL, "signals to processes of every user"},
	{CAP_SETUID, "becoming a job's user"},
	{CAP_SETGID, "becoming a job's group, without supplementary groups"},
	{CAP_SYS_ADMIN, "system call filters without no_new_privs"},
	{CAP_SYS_NICE, "priorities above the container's; without a user namespace only"},
	{CAP_SYS_RESOURCE, "resource limits above the container's; likewise"},
};

/* Keeps of the capabilities those in `used`, and no inheritable ones. Those of the bounding set
 * stay permitted: if root gained one by exec, the kernel would make its program undumpable, so that
 * root could neither see its own /proc/PID nor debug it. */
static bool privileges_drop_unused(uint64_t bounding)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint32_t keep[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++)
		keep[CAP_TO_INDEX(used[i].number)] |= CAP_TO_MASK(used[i].number);
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= keep[i] | (uint32_t)(bounding >> (32 * i));
		data[i].effective = data[i].permitted & keep[i];
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) == 0;
}

bool privileges_limit(uint64_t bounding)
{
	/* The daemon's securebits may be changed; jobs get the default. */
	if (prctl(PR_GET_SECUREBITS) != 0 && prctl(PR_SET_SECUREBITS, 0) < 0)
		return false;
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 &&
	       privileges_drop_bounding(bounding) && privileges_drop_unused(bounding) &&
	       prctl(PR_SET_DUMPABLE, 0) == 0;
}
