/* SPDX-License-Identifier: Apache-2.0 */
/* Which users and profiles of system calls may be specified: a fake container has only the daemon's
 * user, under its own name and number and under the names that every container has, and filters no
 * system calls. */
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "backends/fake/fake.h"

enum { ENTRY_MAX = 4096 };

static bool fake_user_is_known(const char *name)
{
	return strcmp(name, "vcap") == 0 || strcmp(name, "root") == 0 || strcmp(name, "0") == 0;
}

static bool fake_user_is_number(const char *text, unsigned number)
{
	char *end;

	return *text >= '0' && *text <= '9' && strtoull(text, &end, 10) == number && !*end;
}

static bool fake_user_is_own_user(const char *name)
{
	char buffer[ENTRY_MAX];
	struct passwd entry, *found = NULL;

	return fake_user_is_number(name, geteuid()) ||
	       (getpwuid_r(geteuid(), &entry, buffer, sizeof(buffer), &found) == 0 && found &&
		strcmp(found->pw_name, name) == 0);
}

static bool fake_user_is_own_group(const char *name)
{
	char buffer[ENTRY_MAX];
	struct group entry, *found = NULL;

	return fake_user_is_number(name, getegid()) ||
	       (getgrgid_r(getegid(), &entry, buffer, sizeof(buffer), &found) == 0 && found &&
		strcmp(found->gr_name, name) == 0);
}

int fake_user_check(const char *user, struct warden_error *err)
{
	const char *group = user ? strchr(user, ':') : NULL;
	size_t length = user ? strcspn(user, ":") : 0;
	char name[256] = "";

	if (!user)
		return 0;
	if (length < sizeof(name)) /* no user has a longer name */
		memcpy(name, user, length);
	if (!fake_user_is_known(name) && !fake_user_is_own_user(name))
		return warden_error_set(
			err, "user: a fake container has only the daemon's user, not %s", user);
	if (group && !fake_user_is_known(group + 1) && !fake_user_is_own_group(group + 1))
		return warden_error_set(
			err, "user: a fake container has only the daemon's group, not %s", user);
	return 0;
}

int fake_user_check_profile(const char *seccomp, struct warden_error *err)
{
	if (!seccomp || strcmp(seccomp, "default") == 0)
		return 0;
	return warden_error_set(err,
				"seccomp: a fake container filters no system calls, so it has no "
				"profile %s",
				seccomp);
}
