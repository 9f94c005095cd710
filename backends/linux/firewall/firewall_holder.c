/* SPDX-License-Identifier: Apache-2.0 */
/* The process that keeps the socket which owns the table; see firewall_holder.h. The daemon's side
 * is in firewall_holder_client.c. */
#include "backends/linux/firewall/firewall_holder.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "backends/linux/firewall/firewall_holder_private.h"
#include "lib/cleanup.h"
#include "lib/fd_message.h"

/* Pause after a connection could not be accepted, for want of memory for instance. */
#define PAUSE_MS 100

/* Closes all descriptors but the standard streams and these. */
static void firewall_holder_keep_fds(int fds[3])
{
	unsigned first = 3;

	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 2; k++)
			if (fds[k] > fds[k + 1]) {
				int higher = fds[k];

				fds[k] = fds[k + 1];
				fds[k + 1] = higher;
			}
	/* A descriptor that could not be closed stays open, which costs memory alone. */
	for (int i = 0; i < 3; i++) {
		if ((unsigned)fds[i] > first)
			close_range(first, (unsigned)fds[i] - 1, 0);
		first = (unsigned)fds[i] + 1;
	}
	close_range(first, ~0U, 0);
}

/* Nothing but SIGKILL ends it, and the kernel should look for other victims first. */
static void firewall_holder_prepare(void)
{
	_cleanup_close_ int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	cap_t none;
	sigset_t all;

	prctl(PR_SET_NAME, FIREWALL_HOLDER_NAME);
	setsid();
	(void)!chdir("/");
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (score >= 0)
		(void)!write(score, "-1000", 5); /* not permitted without CAP_SYS_RESOURCE */
	none = cap_init();
	if (none) {
		cap_set_proc(none);
		cap_free(none);
	}
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* A daemon of another user must not have the socket. */
static bool firewall_holder_trusts(int fd)
{
	const struct timeval patience = {.tv_sec = 1};
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       peer.uid == geteuid() &&
	       setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0;
}

void firewall_holder_run(int daemon_fd, int netlink_fd, int listen_fd)
{
	const struct firewall_holder_answer answer = {.pid = getpid()};

	firewall_holder_keep_fds((int[]){daemon_fd, netlink_fd, listen_fd});
	firewall_holder_prepare();
	/* If this fails the daemon sees the end of the connection. */
	fd_message_send(daemon_fd, &answer, sizeof(answer), NULL, 0);
	for (;;) {
		_cleanup_close_ int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		char request = 0;

		if (fd < 0)
			poll(NULL, 0, PAUSE_MS);
		if (fd < 0 || !firewall_holder_trusts(fd) ||
		    fd_message_receive(fd, &request, sizeof(request), NULL, 0) != sizeof(request))
			continue;
		if (request == FIREWALL_HOLDER_END)
			_exit(0);
		if (request != FIREWALL_HOLDER_GIVE ||
		    fd_message_send(fd, &answer, sizeof(answer), &netlink_fd, 1) < 0)
			continue;
		close(daemon_fd);
		daemon_fd = take_fd(&fd);
	}
}
