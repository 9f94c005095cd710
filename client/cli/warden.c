/* SPDX-License-Identifier: Apache-2.0 */
/* The `warden` command: parses its arguments and runs the command. */
#include "client/cli/cli.h"

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Opens closed standard streams, else the socket would get the number of one and output would go
 * to the daemon. They are opened for the opposite direction, so that their use fails. */
static int warden_open_standard_streams(void)
{
	static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};

	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (open("/dev/null", modes[fd]) != fd) /* open returns the lowest free number */
			return -1;
	}
	return 0;
}

/* Closes standard output, because write errors may be reported only then. */
static int warden_close_output(const struct invocation *invocation, int status)
{
	bool failed = ferror(stdout) != 0;

	errno = 0;
	if (fclose(stdout) == 0 && !failed)
		return status;
	complain(invocation, "write the answer: %s", strerror(errno ? errno : EIO));
	return status ? status : STATUS_FAILED;
}

int main(int argc, char **argv)
{
	struct invocation invocation = {.reconnect = -1};
	int status;

	if (warden_open_standard_streams() < 0)
		return EXIT_FAILURE;
	status = arguments_parse(&invocation, argc, argv);
	if (status == 0)
		status = invocation_run(&invocation);
	status = exit_status(&invocation, warden_close_output(&invocation, status));
	invocation_clear(&invocation);
	return status;
}
