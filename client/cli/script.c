/* SPDX-License-Identifier: Apache-2.0 */
/* The script of a job: a text, a file, standard input, or a command line. */
#include <config.h>

#include "client/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST = 1 << 30 }; /* more than any daemon accepts; limits endless input */

static int script_set(struct invocation *invocation, struct warden_message *request,
		      const char *script, size_t length)
{
	if (invocation->has_script)
		return usage_error(invocation, "there can be one script or command line alone");
	invocation->has_script = true;
	if (warden_message_set_bytes(request, "script", script, length) == 0)
		return 0;
	complain(invocation, "out of memory");
	return STATUS_FAILED;
}

int set_script(struct invocation *invocation, const struct option *option, const char *text)
{
	return script_set(invocation, option_request(invocation, option), text, strlen(text));
}

char *read_whole(int fd, size_t *length)
{
	size_t capacity = 0;
	char *bytes = NULL;

	for (*length = 0;;) {
		ssize_t got;

		if (*length == capacity) {
			char *grown = NULL;

			capacity = capacity ? capacity * 2 : 65536;
			errno = EFBIG;
			if (capacity <= LONGEST)
				grown = realloc(bytes, capacity);
			if (!grown)
				break;
			bytes = grown;
		}
		got = read(fd, bytes + *length, capacity - *length);
		if (got == 0)
			return bytes;
		if (got > 0)
			*length += (size_t)got;
		else if (errno != EINTR)
			break;
	}
	free(bytes);
	return NULL;
}

static int script_read(struct invocation *invocation, struct warden_message *request,
		       const char *file)
{
	bool is_stdin = strcmp(file, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t length = 0;
	char *script = fd >= 0 ? read_whole(fd, &length) : NULL;
	int status;

	if (!script)
		complain(invocation, "read the script from %s: %s",
			 is_stdin ? "standard input" : file, strerror(errno));
	if (fd >= 0 && !is_stdin)
		close(fd);
	if (!script)
		return STATUS_FAILED;
	status = script_set(invocation, request, script, length);
	free(script);
	return status;
}

int set_script_file(struct invocation *invocation, const struct option *option, const char *text)
{
	return script_read(invocation, option_request(invocation, option), text);
}

int set_script_words(struct invocation *invocation, struct warden_message *request)
{
	if (invocation->n_words == 0 && !invocation->has_script)
		return usage_error(invocation, "needs a script or a command line");
	if (invocation->n_words == 0)
		return 0;
	if (invocation->n_words == 1 && strcmp(invocation->words[0], "-") == 0)
		return script_read(invocation, request, "-");
	if (invocation->has_script)
		return usage_error(invocation, "there can be one script or command line alone");
	for (size_t i = 0; i < invocation->n_words; i++)
		if (warden_message_set(request, "argv", invocation->words[i]) < 0) {
			complain(invocation, "out of memory");
			return STATUS_FAILED;
		}
	return 0;
}
