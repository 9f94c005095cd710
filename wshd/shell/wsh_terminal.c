/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal of wsh; see wsh.h. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "wshd/shell/wsh.h"

static struct termios saved;
static int terminal = -1; /* a copy, as standard input is closed at its end */

bool wsh_terminal_open(void)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return false;
	terminal = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (terminal < 0)
		wsh_die("keep the terminal");
	return true;
}

static void wsh_terminal_restore(void)
{
	tcsetattr(terminal, TCSADRAIN, &saved); /* the terminal may be closed */
}

void wsh_terminal_raw(void)
{
	struct termios raw;

	if (tcgetattr(terminal, &saved) < 0)
		wsh_die("read the terminal's settings");
	raw = saved;
	cfmakeraw(&raw);
	if (atexit(wsh_terminal_restore) != 0 || tcsetattr(terminal, TCSADRAIN, &raw) < 0)
		wsh_die("change the terminal's settings");
}

void wsh_terminal_size(struct wshd_window *window)
{
	struct winsize size;

	if (ioctl(terminal, TIOCGWINSZ, &size) < 0)
		return; /* it has no size: 0 and 0 */
	window->rows = size.ws_row;
	window->columns = size.ws_col;
}

void wsh_terminal_resize(int master)
{
	struct winsize size;

	if (ioctl(terminal, TIOCGWINSZ, &size) == 0)
		ioctl(master, TIOCSWINSZ, &size); /* fails if the master is closed */
}
