/* SPDX-License-Identifier: Apache-2.0 */
/* The `warden` command: reads its arguments and runs what they ask for. */
#include "client/cli/cli.h"

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Without this a closed standard stream's number would go to the socket, and output into the
 * protocol. What takes its place refuses what the stream was for. */
static int warden_open_standard_streams(void)
{
	static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};

	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (open("/dev/null", modes[fd]) != fd) /* the lowest free number is this one */
			return -1;
	}
	return 0;
}

/* What was printed is only known to be written when the stream is closed. */
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
	struct invocation invocation = {0};
	int status;

	if (warden_open_standard_streams() < 0)
		return STATUS_FAILED;
	status = arguments_parse(&invocation, argc, argv);
	if (status == 0)
		status = invocation_run(&invocation);
	status = warden_close_output(&invocation, status);
	invocation_clear(&invocation);
	return status;
}
