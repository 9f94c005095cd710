/* SPDX-License-Identifier: Apache-2.0 */
/* `warden shell`: executes wsh, which talks to the container's first process. */
#include <config.h>

#include "client/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Returns the path of the container's socket. From malloc; NULL after an error message. */
static char *cmd_shell_socket_path(struct invocation *invocation)
{
	struct warden_message *info =
		warden_client_call(invocation->client, invocation->requests[0]);
	const char *directory = info ? warden_message_bytes(info, "container_path", 0, NULL) : NULL;
	char *path = NULL;

	if (!info)
		client_failed(invocation);
	else if (!directory)
		complain(invocation, "the daemon does not say where the container lies");
	else if (asprintf(&path, "%s/run/wshd.sock", directory) < 0) {
		complain(invocation, "out of memory");
		path = NULL;
	}
	warden_message_free(info);
	return path;
}

static int cmd_shell_check_access(const struct invocation *invocation, const char *path)
{
	if (access(path, R_OK | W_OK) == 0)
		return 0;
	if (errno == EACCES)
		complain(invocation,
			 "%s: Permission denied; a shell needs the rights of the "
			 "daemon's user, usually root",
			 path);
	else
		complain(invocation, "%s: %s", path, strerror(errno));
	return STATUS_FAILED;
}

/* Executes the wsh beside this program or in the build tree, else the one on the PATH. */
static void cmd_shell_exec_wsh(char **argv)
{
	static const char *const places[] = {"/wsh", "/../wshd/wsh", "/../../wshd/wsh"};
	char self[PATH_MAX], path[PATH_MAX + sizeof("/../../wshd/wsh")];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[length > 0 ? length : 0] = '\0';
	slash = strrchr(self, '/');
	for (size_t i = 0; slash && i < sizeof(places) / sizeof(places[0]); i++) {
		*slash = '\0';
		snprintf(path, sizeof(path), "%s%s", self, places[i]);
		execv(path, argv);
	}
	execvp("wsh", argv);
}

static int cmd_shell_start_wsh(const struct invocation *invocation, char *path)
{
	char **argv = calloc(invocation->n_words + 6, sizeof(*argv));
	size_t n = 0;

	if (!argv) {
		complain(invocation, "out of memory");
		return STATUS_FAILED;
	}
	argv[n++] = (char *)"wsh";
	argv[n++] = (char *)"--socket";
	argv[n++] = path;
	if (invocation->user) {
		argv[n++] = (char *)"--user";
		argv[n++] = (char *)invocation->user;
	}
	for (size_t i = 0; i < invocation->n_words; i++)
		argv[n++] = invocation->words[i];
	/* The connection stays open across exec: while it is open the container's grace time
	 * does not begin. */
	if (fcntl(warden_client_fd(invocation->client), F_SETFD, 0) == 0)
		cmd_shell_exec_wsh(argv);
	complain(invocation, "start wsh: %s", strerror(errno));
	free(argv);
	return STATUS_FAILED;
}

int cmd_shell(struct invocation *invocation)
{
	char *path;
	int status = client_open(invocation);

	if (status != 0)
		return status;
	path = cmd_shell_socket_path(invocation);
	if (!path)
		return STATUS_FAILED;
	status = cmd_shell_check_access(invocation, path);
	if (status == 0)
		status = cmd_shell_start_wsh(invocation, path);
	free(path);
	return status;
}
