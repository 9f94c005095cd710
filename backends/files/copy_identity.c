/* SPDX-License-Identifier: Apache-2.0 */
/* The identity with which files are accessed. Each side may have its own: the file system user and
 * group are changed, and the kernel adjusts the capabilities that override permissions (none for a
 * user other than 0). A change costs more than a microsecond, so callers batch their work between
 * two. */
#include <config.h>

#include "backends/files/copy_private.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Capabilities that a user other than 0 must not have if its permissions are to decide. */
#define OVERRIDING                                                                                 \
	(1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER | \
	 1u << CAP_FSETID)

static bool copy_identity_has_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	return syscall(SYS_capget, &header, data) != 0 || (data[0].effective & OVERRIDING);
}

/* setfsuid and setfsgid report no error. With -1 they change nothing and return the current id. */
static bool copy_identity_is_in_force(uid_t uid, gid_t gid)
{
	return (uid_t)setfsuid((uid_t)-1) == uid && (gid_t)setfsgid((gid_t)-1) == gid;
}

/* A side without its own identity uses the one of the process. */
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

/* Capabilities or groups that another user kept would grant it more than its own permissions. */
static int copy_identity_check_side(struct copy_state *copy, const struct copy_side *side)
{
	const struct copy_identity *as = &side->as;

	if (!as->set || as->uid == 0)
		return 0;
	if (copy_become(copy, as) < 0)
		return -1;
	if (copy_identity_has_capabilities())
		return warden_error_set(copy->err, "copy: user %u would keep capabilities",
					(unsigned)as->uid);
	if (as->uid != copy->process.uid && getgroups(0, NULL) != 0)
		return warden_error_set(copy->err, "copy: user %u would keep groups",
					(unsigned)as->uid);
	return 0;
}

/* Reads the identity of the process and checks that it can take those of the request. */
int copy_identity_begin(struct copy_state *copy)
{
	copy->process.uid = (uid_t)setfsuid((uid_t)-1);
	copy->process.gid = (gid_t)setfsgid((gid_t)-1);
	copy->current = &copy->process;
	if (copy_identity_check_side(copy, &copy->request->source) < 0)
		return -1;
	return copy_identity_check_side(copy, &copy->request->target);
}
