/* SPDX-License-Identifier: Apache-2.0 */
/* The user of a job, from the container's /etc/passwd and /etc/group. The files are not trusted, so
 * the process that becomes the job reads them, up to a limit. */
#ifndef WSHD_KEEPER_ACCOUNT_H
#define WSHD_KEEPER_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

struct account {
	uid_t uid;
	gid_t gid;
	char name[64];
	char home[256];
	char shell[256]; /* empty: unknown */
};

enum account_found { ACCOUNT_FOUND, ACCOUNT_NO_USER, ACCOUNT_NO_GROUP };

/* Finds the account of USER or USER:GROUP, each a name or number. vcap always exists and has the id
 * `vcap_uid`, root always has 0, whatever the files say. Other numbers need no entry. */
enum account_found account_find(const char *user, uid_t vcap_uid, struct account *account);

#endif
