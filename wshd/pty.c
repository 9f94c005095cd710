/* SPDX-License-Identifier: Apache-2.0 */
/* Pseudo terminals; see pty.h. The pair is made in the container and its master is sent to wsh. The
 * container never gets the terminal of the user who runs wsh: it could type into it. */
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

/* The group tty, which owns terminals; its number is the same in every distribution. */
enum { TTY_GROUP = 5 };

/* The minor device number of every ptmx. */
enum { PTMX_MINOR = 2 };

/* Opens the multiplexer of the container's devpts. In a fake container users often may not open it;
 * they use /dev/ptmx. */
static int pty_open_master(void)
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

	terminal->master = pty_open_master();
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

	/* If wsh has ended, the keeper finds the connection closed. */
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

bool pty_set_owner(int slave, uid_t uid)
{
	return fchown(slave, uid, TTY_GROUP) == 0 && fchmod(slave, 0620) == 0;
}
