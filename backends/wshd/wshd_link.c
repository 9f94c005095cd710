/* SPDX-License-Identifier: Apache-2.0 */
/* bin/wsh in a container's directory, where scripts look for it. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/wshd/wshd_client.h"

int wshd_link_command(int directory_fd, const char *wshd, struct warden_error *err)
{
	const char *slash = strrchr(wshd, '/');
	char command[PATH_MAX];

	/* A build tree has it beside wshd. */
	snprintf(command, sizeof(command), "%.*s/wsh", slash ? (int)(slash - wshd) : 0, wshd);
	if (access(command, X_OK) < 0)
		snprintf(command, sizeof(command), "%s", BINDIR "/wsh");
	if (mkdirat(directory_fd, "bin", 0700) < 0)
		return warden_error_errno(err, "make bin in the container's directory");
	if (symlinkat(command, directory_fd, "bin/wsh") < 0)
		return warden_error_errno(err, "link bin/wsh in the container's directory");
	return 0;
}
