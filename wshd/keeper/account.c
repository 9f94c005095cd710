/* SPDX-License-Identifier: Apache-2.0 */
/* Looks into /etc/passwd and /etc/group; see account.h. */
#include "wshd/keeper/account.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What is behind the first so many bytes of the file is not looked at. */
enum { DATABASE_MAX = 64 * 1024 };

/* One of the two files. */
static char database[DATABASE_MAX + 1];

/* A plain file or nothing: no way out through a descriptor's link, no waiting for a fifo. */
static int database_open(const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;
	struct stat status;

	if (root < 0)
		return -1;
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	close(root);
	if (fd < 0 || (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)))
		return fd;
	close(fd);
	return -1;
}

/* Without the file nobody is in it. */
static void database_read(const char *path)
{
	int fd = database_open(path);
	size_t length = 0;
	ssize_t got = 1;

	while (fd >= 0 && got > 0 && length < DATABASE_MAX) {
		got = read(fd, database + length, DATABASE_MAX - length);
		length += got > 0 ? (size_t)got : 0;
	}
	database[length] = '\0';
	if (fd >= 0)
		close(fd);
}

static bool number_parse(const char *text, uint32_t *number)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	*number = (uint32_t)value;
	/* The last one means 'unchanged' to the system calls. */
	return *end == '\0' && errno == 0 && value < UINT32_MAX;
}

/* Copies a field, unless it is too long. */
static bool field_take(char *to, size_t size, const char *field)
{
	return (size_t)snprintf(to, size, "%s", field) < size;
}

/* Cuts a line of seven fields up. */
static bool line_parse(char *line, struct account *account)
{
	char *fields[7];
	uint32_t uid, gid;

	for (size_t i = 0; i < 7; i++)
		if (!(fields[i] = strsep(&line, ":")))
			return false;
	if (line || !number_parse(fields[2], &uid) || !number_parse(fields[3], &gid))
		return false;
	account->uid = uid;
	account->gid = gid;
	return *fields[0] && field_take(account->name, sizeof(account->name), fields[0]) &&
	       *fields[5] == '/' && field_take(account->home, sizeof(account->home), fields[5]) &&
	       field_take(account->shell, sizeof(account->shell), fields[6]);
}

/* The first line that bears the name, or, where there is none, the number. */
static bool passwd_find(const char *name, const uint32_t *uid, struct account *account)
{
	char *rest = database, *line;

	database_read("etc/passwd");
	while ((line = strsep(&rest, "\n"))) {
		struct account found;

		if (!line_parse(line, &found))
			continue;
		if (uid ? found.uid == *uid : strcmp(found.name, name) == 0) {
			*account = found;
			return true;
		}
	}
	return false;
}

/* An account that is there in any case; the file may tell its home and shell. */
static bool account_known(const char *name, const char *home, uid_t uid, struct account *account)
{
	if (!passwd_find(name, NULL, account)) {
		*account = (struct account){.uid = uid};
		snprintf(account->name, sizeof(account->name), "%s", name);
		snprintf(account->home, sizeof(account->home), "%s", home);
	}
	account->uid = account->gid = uid;
	return true;
}

static bool user_find(const char *user, uid_t vcap_uid, struct account *account)
{
	uint32_t number;

	if (strcmp(user, "root") == 0 || strcmp(user, "0") == 0)
		return account_known("root", "/root", 0, account);
	if (strcmp(user, "vcap") == 0)
		return account_known("vcap", "/home/vcap", vcap_uid, account);
	if (!number_parse(user, &number))
		return passwd_find(user, NULL, account);
	if (number == vcap_uid)
		return account_known("vcap", "/home/vcap", vcap_uid, account);
	if (!passwd_find(NULL, &number, account)) {
		*account = (struct account){.uid = number, .gid = number, .home = "/"};
		snprintf(account->name, sizeof(account->name), "%u", number);
	}
	return true;
}

/* Whether a line of /etc/group, NAME:PASSWORD:NUMBER:MEMBERS, is that of this group. */
static bool group_parse(char *line, const char *name, gid_t *gid)
{
	char *found = strsep(&line, ":"), *number;
	uint32_t value;

	strsep(&line, ":"); /* the password */
	number = strsep(&line, ":");
	if (!number || strcmp(found, name) != 0 || !number_parse(number, &value))
		return false;
	*gid = value;
	return true;
}

static bool group_find(const char *group, uid_t vcap_uid, gid_t *gid)
{
	char *rest = database, *line;
	uint32_t number;

	if (number_parse(group, &number)) {
		*gid = number;
		return true;
	}
	if (strcmp(group, "root") == 0 || strcmp(group, "vcap") == 0) {
		*gid = *group == 'r' ? 0 : vcap_uid;
		return true;
	}
	database_read("etc/group");
	while ((line = strsep(&rest, "\n")))
		if (group_parse(line, group, gid))
			return true;
	return false;
}

enum account_found account_find(const char *user, uid_t vcap_uid, struct account *account)
{
	const char *colon = strchr(user, ':');
	size_t length = colon ? (size_t)(colon - user) : strlen(user);
	char name[sizeof(account->name)];

	if (length >= sizeof(name))
		return ACCOUNT_NO_USER;
	memcpy(name, user, length);
	name[length] = '\0';
	if (!user_find(name, vcap_uid, account))
		return ACCOUNT_NO_USER;
	if (colon && !group_find(colon + 1, vcap_uid, &account->gid))
		return ACCOUNT_NO_GROUP;
	return ACCOUNT_FOUND;
}
