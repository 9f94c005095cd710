/* SPDX-License-Identifier: Apache-2.0 */
/* Stores the values of options in the requests. */
#include <config.h>

#include "client/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/units.h"

/* How to write the value of an option; NULL: its name says it. */
static const char *options_forms(const struct option *option)
{
	if (!option->argument)
		return NULL;
	if (strncmp(option->argument, "SIZE", 4) == 0)
		return UNITS_SIZE_FORMS;
	return strncmp(option->argument, "TIME", 4) == 0 ? UNITS_TIME_FORMS : NULL;
}

int value_error(const struct invocation *invocation, const struct option *option, const char *text)
{
	const char *forms = options_forms(option);

	switch (errno) {
	case ENOMEM:
		complain(invocation, "out of memory");
		return STATUS_FAILED;
	case ERANGE:
		return usage_error(invocation, "--%s: '%s' is out of range", option->name, text);
	default:
		return usage_error(invocation, "--%s: '%s' is not a valid %s%s%s", option->name,
				   text, option->argument ? option->argument : "switch",
				   forms ? ": " : "", forms ? forms : "");
	}
}

int set_field(struct invocation *invocation, const struct option *option, const char *text)
{
	struct warden_message *request = option_request(invocation, option);

	if (request && warden_message_set(request, option->field, text) == 0)
		return 0;
	return value_error(invocation, option, text);
}

static int options_set_bytes(struct invocation *invocation, const struct option *option,
			     struct warden_message *message, const char *field, const char *text,
			     size_t length)
{
	if (warden_message_set_bytes(message, field, text, length) == 0)
		return 0;
	return value_error(invocation, option, text);
}

/* Returns an absolute path, as the daemon has another working directory. From malloc; NULL with
 * errno. */
static char *options_absolute_path(const char *path, size_t length)
{
	char *directory, *result = NULL;

	if (path[0] == '/')
		return strndup(path, length);
	directory = getcwd(NULL, 0);
	if (directory && asprintf(&result, "%s/%.*s", strcmp(directory, "/") == 0 ? "" : directory,
				  (int)length, path) < 0)
		result = NULL;
	free(directory);
	return result;
}

int set_path(struct invocation *invocation, const struct option *option, const char *text)
{
	bool is_stream = strcmp(text, "-") == 0; /* standard input or output */
	char *path = is_stream ? strdup(text) : options_absolute_path(text, strlen(text));
	int status;

	if (!path)
		return value_error(invocation, option, text);
	status = options_set_bytes(invocation, option, option_request(invocation, option),
				   option->field, path, strlen(path));
	free(path);
	return status;
}

/* Splits SRC:DST[:ro|:rw]. DST is absolute, so it begins at the last ":/". If its last name has
 * a colon, a mode is required, because the text behind the colon may be a mistyped mode. */
static int options_split_bind_mount(const char *text, size_t *source, size_t *target,
				    const char **mode)
{
	size_t length = strlen(text);
	bool has_mode = false;

	*mode = "RW";
	if (length > 3 &&
	    (strcmp(text + length - 3, ":ro") == 0 || !strcmp(text + length - 3, ":rw"))) {
		*mode = text[length - 1] == 'o' ? "RO" : "RW";
		length -= 3;
		has_mode = true;
	}
	for (size_t i = length; i-- > 1;)
		if (text[i] == ':' && i + 1 < length && text[i + 1] == '/') {
			if (!has_mode && strchr(strrchr(text, '/'), ':'))
				return -1;
			*source = i;
			*target = length - i - 1;
			return 0;
		}
	return -1;
}

/* A source that a container of the linux backend cannot write to, whoever asks inside. */
static void options_note_roots_source(const char *path)
{
	struct stat source;

	if (stat(path, &source) == 0 && source.st_uid == 0 && !(source.st_mode & S_IWOTH))
		fprintf(stderr,
			"warden: %s belongs to root, so nobody in the container may be able to "
			"write there: "
			"chown it to an ordinary user, or append :ro\n",
			path);
}

int set_bind_mount(struct invocation *invocation, const struct option *option, const char *text)
{
	struct warden_message *mount;
	size_t source, target;
	const char *mode;
	char *path;
	int status;

	if (options_split_bind_mount(text, &source, &target, &mode) < 0)
		return usage_error(
			invocation,
			"--%s: '%s' is not a valid %s: DST is absolute, and only ro or rw follows",
			option->name, text, option->argument);
	mount = warden_message_add(option_request(invocation, option), option->field);
	path = options_absolute_path(text, source);
	if (!mount || !path) {
		free(path);
		return value_error(invocation, option, text);
	}
	status = options_set_bytes(invocation, option, mount, "src_path", path, strlen(path));
	if (strcmp(mode, "RW") == 0)
		options_note_roots_source(path);
	free(path);
	if (status == 0)
		status = options_set_bytes(invocation, option, mount, "dst_path", text + source + 1,
					   target);
	if (status == 0 && warden_message_set(mount, "mode", mode) < 0)
		status = value_error(invocation, option, text);
	return status;
}

static int options_reject_rlimit(const struct invocation *invocation,
				 const struct warden_message *limits, const struct option *option,
				 const char *name)
{
	struct warden_field field;
	struct near near;

	near_begin(&near, name);
	for (size_t i = 0; warden_message_field(limits, i, &field); i++)
		near_consider(&near, field.name);
	if (near.best)
		return usage_error(invocation, "--%s: unknown resource '%s'; did you mean '%s'?",
				   option->name, name, near.best);
	return usage_error(invocation, "--%s: unknown resource '%s'", option->name, name);
}

/* A time for cpu, else a size or a number. */
static int options_read_rlimit(const char *name, const char *value, uint64_t *number)
{
	if (strcmp(name, "cpu") != 0)
		return units_read_size(value, number);
	return units_read_time(value, UNITS_SECOND, number);
}

int set_rlimit(struct invocation *invocation, const struct option *option, const char *text)
{
	struct warden_message *limits =
		warden_message_add(option_request(invocation, option), option->field);
	char name[64];
	const char *value = strchr(text, '=');
	uint64_t number;
	int result;

	if (!value || value == text || (size_t)(value - text) >= sizeof(name))
		return usage_error(invocation, "--%s: '%s' is not a valid %s", option->name, text,
				   option->argument);
	if (!limits)
		return value_error(invocation, option, text);
	memcpy(name, text, value - text);
	name[value - text] = '\0';
	value++;
	if (strcmp(value, "unlimited") == 0)
		number = UINT64_MAX;
	else if (options_read_rlimit(name, value, &number) < 0)
		return value_error(invocation, option, text);
	result = warden_message_set_number(limits, name, number);
	if (result < 0 && errno == ENOENT)
		return options_reject_rlimit(invocation, limits, option, name);
	return result == 0 ? 0 : value_error(invocation, option, text);
}

int set_own(struct invocation *invocation, const struct option *option, const char *text)
{
	char *member = (char *)invocation + option->into;

	if (option->argument)
		*(const char **)(void *)member = text;
	else
		*(bool *)member = strcmp(text, "true") == 0;
	return 0;
}
