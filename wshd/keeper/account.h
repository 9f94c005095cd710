/* SPDX-License-Identifier: Apache-2.0 */
/* The user of a job, from the container's /etc/passwd and /etc/group. The files are not trusted, so
 * the process that becomes the job reads them. They may be large, and so may their lines. */
#ifndef WSHD_KEEPER_ACCOUNT_H
#define WSHD_KEEPER_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

enum { ACCOUNT_TEXT = 4096, ACCOUNT_REASON = 512 };

struct account {
	uid_t uid;
	gid_t gid;
	char name[ACCOUNT_TEXT];
	char home[ACCOUNT_TEXT];
	char shell[ACCOUNT_TEXT]; /* empty: unknown */
};

/* Finds the account of USER or USER:GROUP, each a name or number. vcap always exists and has the id
 * `vcap_uid`, root always has 0, whatever the files say. Other numbers need no entry, but an entry
 * that cannot be read is an error: it may have given other ids. Returns false and the reason. */
bool account_find(const char *user, uid_t vcap_uid, struct account *account,
		  char reason[ACCOUNT_REASON]);

#endif
