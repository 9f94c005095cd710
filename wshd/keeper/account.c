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

/* More is no database of users: it could be a file of holes that is read for hours. */
#define DATABASE_MAX (UINT64_C(256) * 1024 * 1024)

/* The fields of a line: NAME:PASSWORD:UID:GID:COMMENT:HOME:SHELL, or NAME:PASSWORD:GID:MEMBERS. */
enum { NAME, PASSWORD, UID, GID, COMMENT, HOME, SHELL, FIELDS, GROUP_GID = 2 };

/* The file that is read, and its current line. */
static struct account_file {
	int fd;
	uint64_t total;
	size_t at, end;
	char buffer[64 * 1024];
	char fields[FIELDS][ACCOUNT_TEXT];
	bool cut[FIELDS]; /* too long, or with a NUL: only its beginning is there */
	unsigned n;       /* fields of the line, at most FIELDS */
} account_file;

enum account_found { ACCOUNT_FOUND, ACCOUNT_MISSING, ACCOUNT_DAMAGED, ACCOUNT_FAILED };

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
	errno = EINVAL;
	return -1;
}

/* A missing file is an empty one. */
static bool account_begin(const char *path)
{
	account_file.fd = account_open_file(path);
	account_file.total = account_file.at = account_file.end = 0;
	return account_file.fd >= 0 || errno == ENOENT || errno == ENOTDIR;
}

static void account_end(void)
{
	if (account_file.fd >= 0)
		close(account_file.fd); /* was only read */
}

/* Returns the next byte, EOF at the end, or -2 with errno. */
static int account_next_byte(void)
{
	struct account_file *file = &account_file;
	ssize_t got = 0;

	if (file->at == file->end && file->fd >= 0) {
		do
			got = read(file->fd, file->buffer, sizeof(file->buffer));
		while (got < 0 && errno == EINTR);
		file->total += got > 0 ? (uint64_t)got : 0;
		if (file->total > DATABASE_MAX)
			errno = EFBIG;
		if (got < 0 || file->total > DATABASE_MAX)
			return -2;
		file->at = 0;
		file->end = (size_t)got;
	}
	return file->at < file->end ? (unsigned char)file->buffer[file->at++] : EOF;
}

/* Appends a byte to the last field. */
static void account_add_byte(char byte, size_t *length)
{
	struct account_file *file = &account_file;

	if (file->n > FIELDS)
		return;
	if (*length + 1 < ACCOUNT_TEXT && byte != '\0')
		file->fields[file->n - 1][(*length)++] = byte;
	else
		file->cut[file->n - 1] = true;
}

static void account_begin_field(size_t length)
{
	struct account_file *file = &account_file;

	if (file->n > 0 && file->n <= FIELDS)
		file->fields[file->n - 1][length] = '\0';
	if (file->n++ < FIELDS)
		file->cut[file->n - 1] = false;
}

/* Reads a line into its fields. Returns 1, 0 at the end, or -1 with errno. */
static int account_next_line(void)
{
	size_t length = 0;
	bool any = false;
	int byte;

	account_file.n = 0;
	account_begin_field(0);
	while ((byte = account_next_byte()) >= 0 && byte != '\n') {
		any = true;
		if (byte == ':') {
			account_begin_field(length);
			length = 0;
		} else {
			account_add_byte((char)byte, &length);
		}
	}
	account_begin_field(length);
	account_file.n--; /* it only ended the last one */
	if (account_file.n > FIELDS)
		account_file.n = FIELDS;
	if (byte == -2)
		return -1;
	return any || byte == '\n';
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

/* Reads a field of the line as a number. */
static bool account_field_number(unsigned field, uint32_t *number)
{
	return field < account_file.n && !account_file.cut[field] &&
	       account_parse_number(account_file.fields[field], number);
}

static bool account_field_is(unsigned field, const char *text)
{
	return field < account_file.n && !account_file.cut[field] &&
	       strcmp(account_file.fields[field], text) == 0;
}

/* Whether the field begins with this number, whatever follows: the line may be damaged. */
static bool account_field_begins(unsigned field, uint32_t number)
{
	const char *text = field < account_file.n ? account_file.fields[field] : "";
	char *end;

	return strtoul(text, &end, 10) == number && end != text;
}

static bool account_copy_field(char *to, unsigned field)
{
	*to = '\0';
	if (field >= account_file.n)
		return true;
	memcpy(to, account_file.fields[field], ACCOUNT_TEXT);
	return !account_file.cut[field];
}

/* Takes an account from the line. False if it cannot be read. A line may lack its last fields: the
 * caller knows which home that means. */
static bool account_take_line(struct account *account)
{
	return account_field_number(UID, &account->uid) &&
	       account_field_number(GID, &account->gid) && *account_file.fields[NAME] &&
	       account_copy_field(account->name, NAME) && account_copy_field(account->home, HOME) &&
	       account_copy_field(account->shell, SHELL);
}

static void account_set_home(struct account *account, const char *fallback)
{
	if (*account->home != '/')
		snprintf(account->home, sizeof(account->home), "%s", fallback);
}

/* Finds the first line with this uid, or with this name if `uid` is NULL. */
static enum account_found account_search_passwd(const char *name, const uint32_t *uid,
						struct account *account)
{
	int result;

	if (!account_begin("etc/passwd"))
		return ACCOUNT_FAILED;
	while ((result = account_next_line()) > 0)
		if (uid ? account_field_begins(UID, *uid) : account_field_is(NAME, name))
			return account_take_line(account) ? ACCOUNT_FOUND : ACCOUNT_DAMAGED;
	return result < 0 ? ACCOUNT_FAILED : ACCOUNT_MISSING;
}

static enum account_found account_find_passwd(const char *name, const uint32_t *uid,
					      struct account *account)
{
	enum account_found found = account_search_passwd(name, uid, account);

	account_end();
	return found;
}

/* An account that needs no entry and has a fixed uid. An entry defines its home, if it has one, and
 * shell. */
static enum account_found account_set_builtin(const char *name, const char *home, uid_t uid,
					      struct account *account)
{
	if (account_find_passwd(name, NULL, account) != ACCOUNT_FOUND) {
		*account = (struct account){.uid = uid};
		snprintf(account->name, sizeof(account->name), "%s", name);
	}
	account_set_home(account, home);
	account->uid = account->gid = uid;
	return ACCOUNT_FOUND;
}

static enum account_found account_find_number(uint32_t number, struct account *account)
{
	enum account_found found = account_find_passwd(NULL, &number, account);

	if (found != ACCOUNT_MISSING)
		return found;
	*account = (struct account){.uid = number, .gid = number};
	snprintf(account->name, sizeof(account->name), "%u", number);
	return ACCOUNT_FOUND;
}

static enum account_found account_find_user(const char *user, uid_t vcap_uid,
					    struct account *account)
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
	return account_find_number(number, account);
}

static enum account_found account_search_group(const char *group, gid_t *gid)
{
	int result;

	if (!account_begin("etc/group"))
		return ACCOUNT_FAILED;
	while ((result = account_next_line()) > 0)
		if (account_field_is(NAME, group))
			return account_field_number(GROUP_GID, gid) ? ACCOUNT_FOUND
								    : ACCOUNT_DAMAGED;
	return result < 0 ? ACCOUNT_FAILED : ACCOUNT_MISSING;
}

static enum account_found account_find_group(const char *group, uid_t vcap_uid, gid_t *gid)
{
	enum account_found found;
	uint32_t number;

	if (account_parse_number(group, &number)) {
		*gid = number;
		return ACCOUNT_FOUND;
	}
	if (strcmp(group, "root") == 0 || strcmp(group, "vcap") == 0) {
		*gid = *group == 'r' ? 0 : vcap_uid;
		return ACCOUNT_FOUND;
	}
	found = account_search_group(group, gid);
	account_end();
	return found;
}

/* Writes why the user, or with `group` its group, was not found. */
static bool account_explain(enum account_found found, bool group, const char *user,
			    char reason[ACCOUNT_REASON])
{
	const char *file = group ? "/etc/group" : "/etc/passwd";

	switch (found) {
	case ACCOUNT_FOUND:
		return true;
	case ACCOUNT_MISSING:
		snprintf(reason, ACCOUNT_REASON, "there is no %s %.128s",
			 group ? "group as in" : "user", user);
		break;
	case ACCOUNT_DAMAGED:
		snprintf(reason, ACCOUNT_REASON, "the line of %s in %s is damaged: user %.128s",
			 group ? "the group" : "the user", file, user);
		break;
	case ACCOUNT_FAILED:
		snprintf(reason, ACCOUNT_REASON, "read %s: %s", file, strerror(errno));
		break;
	}
	return false;
}

bool account_find(const char *user, uid_t vcap_uid, struct account *account,
		  char reason[ACCOUNT_REASON])
{
	const char *colon = strchr(user, ':');
	size_t length = colon ? (size_t)(colon - user) : strlen(user);
	char name[ACCOUNT_TEXT];

	if (length >= sizeof(name))
		return account_explain(ACCOUNT_MISSING, false, user, reason);
	memcpy(name, user, length);
	name[length] = '\0';
	if (!account_explain(account_find_user(name, vcap_uid, account), false, user, reason))
		return false;
	account_set_home(account, "/");
	return !colon || account_explain(account_find_group(colon + 1, vcap_uid, &account->gid),
					 true, user, reason);
}
