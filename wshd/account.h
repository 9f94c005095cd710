/* SPDX-License-Identifier: Apache-2.0 */
/* Who a job runs as, from the container's own /etc/passwd: read here, bounded, in the process that
 * becomes the job, because the file is whatever the container's maker wants it to be. */
#ifndef WSHD_ACCOUNT_H
#define WSHD_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

struct account {
	uid_t uid;
	gid_t gid;
	char name[64];
	char home[256];
	char shell[256]; /* empty: none is told */
};

/* The account of this name or number. vcap is always there and has `vcap_uid`, root always has 0,
 * whatever the file says. False where there is none. */
bool account_find(const char *user, uid_t vcap_uid, struct account *account);

#endif
