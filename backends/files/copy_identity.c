/* SPDX-License-Identifier: Apache-2.0 */
/* As whom files are touched. Each side may have an identity of its own: the file system user and
 * group are changed, which the kernel follows with the capabilities that override permissions (none
 * for a user other than 0). A change costs more than a microsecond, so callers do much between two
 * of them. */
#include <config.h>

#include "backends/files/copy_private.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a user other than 0 must not have while its permissions are to decide. */
#define OVERRIDING                                                                                 \
	(1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER | \
	 1u << CAP_FSETID)

static bool copy_identity_has_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	return syscall(SYS_capget, &header, data) != 0 || (data[0].effective & OVERRIDING);
}

/* setfsuid and setfsgid tell no error; with -1 they change nothing and tell what is in force. */
static bool copy_identity_is_in_force(uid_t uid, gid_t gid)
{
	return (uid_t)setfsuid((uid_t)-1) == uid && (gid_t)setfsgid((gid_t)-1) == gid;
}

/* A side without an identity of its own is touched as whoever the process is. */
static const struct copy_identity *copy_identity_resolve(const struct copy_state *copy,
							 const struct copy_identity *as)
{
	return as->set ? as : &copy->process;
}

int copy_become(struct copy_state *copy, const struct copy_identity *as)
{
	const struct copy_identity *next = copy_identity_resolve(copy, as),
				   *current = copy->current;

	copy->current = next;
	if (next->uid == current->uid && next->gid == current->gid)
		return 0;
	setfsgid(next->gid);
	setfsuid(next->uid);
	if (!copy_identity_is_in_force(next->uid, next->gid))
		return warden_error_set(copy->err, "copy: cannot act as user %u and group %u",
					(unsigned)next->uid, (unsigned)next->gid);
	return 0;
}

int copy_as_source(struct copy_state *copy)
{
	return copy_become(copy, &copy->request->source.as);
}

int copy_as_target(struct copy_state *copy)
{
	return copy_become(copy, &copy->request->target.as);
}

int copy_identity_restore(struct copy_state *copy)
{
	return copy_become(copy, &copy->process);
}

uid_t copy_target_uid(const struct copy_state *copy)
{
	return copy_identity_resolve(copy, &copy->request->target.as)->uid;
}

/* Capabilities and groups that stay with another user would let it pass where its own permissions
 * do not. */
static int copy_identity_check_side(struct copy_state *copy, const struct copy_side *side)
{
	const struct copy_identity *as = &side->as;

	if (!as->set || as->uid == 0)
		return 0;
	if (copy_become(copy, as) != 0)
		return -1;
	if (copy_identity_has_capabilities())
		return warden_error_set(copy->err, "copy: user %u would keep capabilities",
					(unsigned)as->uid);
	if (as->uid != copy->process.uid && getgroups(0, NULL) != 0)
		return warden_error_set(copy->err, "copy: user %u would keep groups",
					(unsigned)as->uid);
	return 0;
}

/* Finds out who the process is, and that it can become whom the request names. */
int copy_identity_begin(struct copy_state *copy)
{
	copy->process.uid = (uid_t)setfsuid((uid_t)-1);
	copy->process.gid = (gid_t)setfsgid((gid_t)-1);
	copy->current = &copy->process;
	if (copy_identity_check_side(copy, &copy->request->source) != 0)
		return -1;
	return copy_identity_check_side(copy, &copy->request->target);
}
