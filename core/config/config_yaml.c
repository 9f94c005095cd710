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

/* A document's beginning, or a key alone in its line with an indented one below: groups of
 * libconfig have braces. */
static bool config_yaml_is(FILE *file)
{
	_cleanup_free_ char *line = NULL;
	size_t room = 0, indent;

	if (!config_yaml_read_line(file, &line, &room))
		return false;
	if (strncmp(line, "---", 3) == 0)
		return true;
	if (!config_yaml_is_key(line, true) || !config_yaml_read_line(file, &line, &room))
		return false;
	indent = strspn(line, " \t");
	return indent > 0 && config_yaml_is_key(line + indent, false);
}

void config_yaml_explain(const char *path, struct warden_error *err)
{
	/* Non-blocking, in case it is a fifo. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	_cleanup_fclose_ FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (fd >= 0 && !file)
		close(fd);
	if (file && config_yaml_is(file))
		warden_error_set(err,
				 "%s: this is YAML, as the original Warden reads it; here the "
				 "syntax is that of libconfig, with the same names: "
				 "server: { pidfile = \"/run/warden.pid\"; }; see warden.conf(5)",
				 path);
}
