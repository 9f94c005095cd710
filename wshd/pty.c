/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals; see pty.h. It is made inside and its master goes out: whoever runs wsh
 * never lends his own terminal, into which the container could type. */
#include "wshd/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/major.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "proto/packet.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/* The group that terminals belong to, by convention in every distribution. */
enum { TTY_GROUP = 5 };

/* Of all multiplexers, in the kernel's list of devices. */
enum { PTMX_MINOR = 2 };

/* The multiplexer of the container's devpts. Outside of one (fake) it is often closed to users, and
 * /dev/ptmx is there for them. */
static int master_open(void)
{
	struct stat status;
	int fd = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) &&
	    status.st_rdev == makedev(TTYAUX_MAJOR, PTMX_MINOR))
		return fd;
	close(fd);
	errno = ENODEV;
	return -1;
}

bool pty_open(struct pty *terminal, const struct wshd_window *window)
{
	struct winsize size = {.ws_row = window->rows, .ws_col = window->columns};
	int locked = 0;

	terminal->master = master_open();
	if (terminal->master < 0 || ioctl(terminal->master, TIOCSPTLCK, &locked) < 0)
		return false;
	terminal->slave = ioctl(terminal->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return terminal->slave >= 0 && ioctl(terminal->master, TIOCSWINSZ, &size) == 0;
}

void pty_resize(int master, const struct wshd_window *window)
{
	struct winsize size = {.ws_row = window->rows, .ws_col = window->columns};

	ioctl(master, TIOCSWINSZ, &size);
}

void pty_hand_over(struct pty *terminal, int connection)
{
	struct wshd_request message = {.header.type = WSHD_TERMINAL};

	/* Where wsh has gone meanwhile the keeper sees that from the connection. */
	packet_send(connection, &message, sizeof(message), &terminal->master, 1, 0);
	close(terminal->master);
	close(terminal->slave);
	terminal->master = terminal->slave = -1;
}

bool pty_enter(int slave)
{
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return false;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(slave, fd) < 0)
			return false;
	return true;
}

bool pty_give(int slave, uid_t uid)
{
	return fchown(slave, uid, TTY_GROUP) == 0 && fchmod(slave, 0620) == 0;
}
