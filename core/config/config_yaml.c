/* SPDX-License-Identifier: Apache-2.0 */
/* Recognizes the YAML that the original Warden is configured by. */
#include <config.h>

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/config/config_private.h"
#include "lib/cleanup.h"

/* Reads the next line that is neither empty nor a comment, without blanks at its end. False: there
 * is none. */
static bool config_yaml_read_line(FILE *file, char **line, size_t *room)
{
	ssize_t length;

	while ((length = getline(line, room, file)) >= 0) {
		char *text = *line;

		while (length > 0 && isspace((unsigned char)text[length - 1]))
			text[--length] = '\0';
		text += strspn(text, " \t");
		if (*text != '\0' && *text != '#')
			return true;
	}
	return false;
}

/* Whether the text is `NAME:` with something behind it or not. */
static bool config_yaml_is_key(const char *text, bool alone)
{
	size_t length =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	return length > 0 && text[length] == ':' &&
	       (text[length + 1] == '\0' || (!alone && text[length + 1] == ' '));
}

/* One setting as libconfig has it. */
#define CONFIG_YAML_EXAMPLE "server: { pidfile = \"/run/warden.pid\"; };"
enum { CONFIG_YAML_VALUE_MAX = 128, CONFIG_YAML_EXAMPLE_SIZE = 512 };

/* Whether libconfig reads the value as YAML does, without quotes. It would read 0777 as decimal. */
static bool config_yaml_is_plain(const char *value)
{
	size_t digits = strspn(value, "0123456789");

	return strcmp(value, "true") == 0 || strcmp(value, "false") == 0 ||
	       (value[digits] == '\0' && (digits == 1 || value[0] != '0'));
}

/* Writes `KEY: VALUE` of the group `GROUP:` as libconfig has it; keeps the example if the value is
 * not a word or a number. */
static void config_yaml_translate(const char *group, char *setting,
				  char example[CONFIG_YAML_EXAMPLE_SIZE])
{
	char *value = strchr(setting, ':'), *comment;
	const char *quote;

	*value++ = '\0';
	value += strspn(value, " \t");
	comment = strstr(value, " #");
	if (comment) {
		while (comment > value && isspace((unsigned char)comment[-1]))
			comment--;
		*comment = '\0';
	}
	if (strlen(value) > CONFIG_YAML_VALUE_MAX || value[strcspn(value, "\"\\")] != '\0' ||
	    value[strcspn(value, "[{&*|>'!#")] != '\0' || *value == '\0')
		return;
	quote = config_yaml_is_plain(value) ? "" : "\"";
	snprintf(example, CONFIG_YAML_EXAMPLE_SIZE, "%.128s { %.128s = %s%s%s; };", group, setting,
		 quote, value, quote);
}

/* A document's beginning, or a key alone in its line with an indented one below: groups of
 * libconfig have braces. The example becomes the first setting, if it is a simple one. */
static bool config_yaml_is(FILE *file, char example[CONFIG_YAML_EXAMPLE_SIZE])
{
	_cleanup_free_ char *line = NULL, *group = NULL;
	size_t room = 0, indent;
	bool is_document;

	if (!config_yaml_read_line(file, &line, &room))
		return false;
	is_document = strncmp(line, "---", 3) == 0;
	if (is_document && !config_yaml_read_line(file, &line, &room))
		return true;
	if (!config_yaml_is_key(line, true))
		return is_document;
	group = strdup(line);
	if (!group || !config_yaml_read_line(file, &line, &room))
		return is_document;
	indent = strspn(line, " \t");
	if (indent == 0 || !config_yaml_is_key(line + indent, false))
		return is_document;
	config_yaml_translate(group, line + indent, example);
	return true;
}

void config_yaml_explain(const char *path, struct warden_error *err)
{
	/* Non-blocking, in case it is a fifo. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	_cleanup_fclose_ FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char example[CONFIG_YAML_EXAMPLE_SIZE] = CONFIG_YAML_EXAMPLE;

	if (fd >= 0 && !file)
		close(fd);
	if (file && config_yaml_is(file, example))
		warden_error_set(err,
				 "%s: this is YAML, as the original Warden reads it; here the "
				 "syntax is that of libconfig, with the same names: %s "
				 "see warden.conf(5)",
				 path, example);
}
