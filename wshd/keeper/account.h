/* SPDX-License-Identifier: Apache-2.0 */
/* Who a job runs as, from the container's own /etc/passwd and /etc/group: read here, bounded, in
 * the process that becomes the job, because the files are whatever the container's maker wants. */
#ifndef WSHD_KEEPER_ACCOUNT_H
#define WSHD_KEEPER_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

struct account {
	uid_t uid;
	gid_t gid;
	char name[64];
	char home[256];
	char shell[256]; /* empty: none is told */
};

enum account_found { ACCOUNT_FOUND, ACCOUNT_NO_USER, ACCOUNT_NO_GROUP };

/* The account of USER or USER:GROUP, each a name or number. vcap is always there and has
 * `vcap_uid`, root always has 0, whatever the file says; another number needs no entry. */
enum account_found account_find(const char *user, uid_t vcap_uid, struct account *account);

#endif
