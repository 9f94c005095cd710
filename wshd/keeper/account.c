/* SPDX-License-Identifier: Apache-2.0 */
/* Reads /etc/passwd and /etc/group; see account.h. */
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

/* A file is read up to this size; the rest is ignored. */
enum { DATABASE_MAX = 64 * 1024 };

/* The text of the file that was read last. */
static char account_file[DATABASE_MAX + 1];

/* Opens a regular file only. Links of /proc do not lead out of the container, a fifo does not
 * block. */
static int account_open_file(const char *path)
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

/* A missing file is read as an empty one. */
static void account_read_file(const char *path)
{
	int fd = account_open_file(path);
	size_t length = 0;
	ssize_t got = 1;

	while (fd >= 0 && got > 0 && length < DATABASE_MAX) {
		got = read(fd, account_file + length, DATABASE_MAX - length);
		length += got > 0 ? (size_t)got : 0;
	}
	account_file[length] = '\0';
	if (fd >= 0)
		close(fd);
}

static bool account_parse_number(const char *text, uint32_t *number)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	*number = (uint32_t)value;
	/* UINT32_MAX, (uid_t)-1, means "unchanged" to the system calls. */
	return *end == '\0' && errno == 0 && value < UINT32_MAX;
}

/* Copies a field. False if it is too long. */
static bool account_copy_field(char *to, size_t size, const char *field)
{
	return (size_t)snprintf(to, size, "%s", field) < size;
}

/* Parses a line of /etc/passwd: NAME:PASSWORD:UID:GID:COMMENT:HOME:SHELL. */
static bool account_parse_line(char *line, struct account *account)
{
	char *fields[7];
	uint32_t uid, gid;

	for (size_t i = 0; i < 7; i++)
		if (!(fields[i] = strsep(&line, ":")))
			return false;
	if (line || !account_parse_number(fields[2], &uid) ||
	    !account_parse_number(fields[3], &gid))
		return false;
	account->uid = uid;
	account->gid = gid;
	return *fields[0] && account_copy_field(account->name, sizeof(account->name), fields[0]) &&
	       *fields[5] == '/' &&
	       account_copy_field(account->home, sizeof(account->home), fields[5]) &&
	       account_copy_field(account->shell, sizeof(account->shell), fields[6]);
}

/* Finds the first line with this uid, or with this name if `uid` is NULL. */
static bool account_find_passwd(const char *name, const uint32_t *uid, struct account *account)
{
	char *rest = account_file, *line;

	account_read_file("etc/passwd");
	while ((line = strsep(&rest, "\n"))) {
		struct account found;

		if (!account_parse_line(line, &found))
			continue;
		if (uid ? found.uid == *uid : strcmp(found.name, name) == 0) {
			*account = found;
			return true;
		}
	}
	return false;
}

/* An account that needs no entry and has a fixed uid. An entry defines its home and shell. */
static bool account_set_builtin(const char *name, const char *home, uid_t uid,
				struct account *account)
{
	if (!account_find_passwd(name, NULL, account)) {
		*account = (struct account){.uid = uid};
		snprintf(account->name, sizeof(account->name), "%s", name);
		snprintf(account->home, sizeof(account->home), "%s", home);
	}
	account->uid = account->gid = uid;
	return true;
}

static bool account_find_user(const char *user, uid_t vcap_uid, struct account *account)
{
	uint32_t number;

	if (strcmp(user, "root") == 0 || strcmp(user, "0") == 0)
		return account_set_builtin("root", "/root", 0, account);
	if (strcmp(user, "vcap") == 0)
		return account_set_builtin("vcap", "/home/vcap", vcap_uid, account);
	if (!account_parse_number(user, &number))
		return account_find_passwd(user, NULL, account);
	if (number == vcap_uid)
		return account_set_builtin("vcap", "/home/vcap", vcap_uid, account);
	if (!account_find_passwd(NULL, &number, account)) {
		*account = (struct account){.uid = number, .gid = number, .home = "/"};
		snprintf(account->name, sizeof(account->name), "%u", number);
	}
	return true;
}

/* Parses a line of /etc/group, NAME:PASSWORD:GID:MEMBERS. False if it is not that of this group. */
static bool account_parse_group(char *line, const char *name, gid_t *gid)
{
	char *found = strsep(&line, ":"), *number;
	uint32_t value;

	strsep(&line, ":"); /* the password */
	number = strsep(&line, ":");
	if (!number || strcmp(found, name) != 0 || !account_parse_number(number, &value))
		return false;
	*gid = value;
	return true;
}

static bool account_find_group(const char *group, uid_t vcap_uid, gid_t *gid)
{
	char *rest = account_file, *line;
	uint32_t number;

	if (account_parse_number(group, &number)) {
		*gid = number;
		return true;
	}
	if (strcmp(group, "root") == 0 || strcmp(group, "vcap") == 0) {
		*gid = *group == 'r' ? 0 : vcap_uid;
		return true;
	}
	account_read_file("etc/group");
	while ((line = strsep(&rest, "\n")))
		if (account_parse_group(line, group, gid))
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
	if (!account_find_user(name, vcap_uid, account))
		return ACCOUNT_NO_USER;
	if (colon && !account_find_group(colon + 1, vcap_uid, &account->gid))
		return ACCOUNT_NO_GROUP;
	return ACCOUNT_FOUND;
}
