/* SPDX-License-Identifier: Apache-2.0 */
/* wsh's connection to wshd; see wsh.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/start_status.h"
#include "proto/packet.h"
#include "wshd/shell/wsh.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

static void __attribute__((noreturn)) wsh_connection_fail_protocol(void)
{
	errno = EPROTO;
	wsh_die("talk to wshd");
}

/* The address of a path. One that is too long is addressed through a descriptor of its directory.
 */
static struct sockaddr_un wsh_connection_make_address(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *slash = strrchr(path, '/');
	char *directory;
	int fd;

	if (strlen(path) < sizeof(address.sun_path)) {
		snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
		return address;
	}
	directory = slash ? strndup(path, (size_t)(slash - path) + 1) : NULL;
	fd = directory ? open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0)
		wsh_die(path);
	free(directory);
	/* The descriptor stays open, as it is part of the path. */
	if (snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d%s", fd, slash) >=
	    (int)sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		wsh_die(path);
	}
	return address;
}

int wsh_connection_open(const char *path)
{
	struct sockaddr_un address = wsh_connection_make_address(path);
	struct wshd_hello hello = {.header.type = WSHD_HELLO, .version = WSHD_VERSION};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct packet packet;

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		wsh_die(path);
	if (packet_send(fd, &hello, sizeof(hello), NULL, 0, 0) < 0 ||
	    packet_receive(fd, &packet, 0) != 1)
		wsh_die("greet wshd");
	if (packet.message.header.type != WSHD_HELLO || !packet_fits(&packet, sizeof(hello), 0))
		wsh_connection_fail_protocol();
	return fd;
}

/* Appends a text to the memfd; it can only fail if memory is short. */
static void wsh_connection_write_text(int fd, const char *text, size_t *written)
{
	size_t length = strlen(text) + 1;

	*written += length;
	if (*written > WSHD_COMMAND_MAX) {
		errno = E2BIG;
		wsh_die("pass the command");
	}
	if (write(fd, text, length) != (ssize_t)length)
		wsh_die("pass the command");
}

static int wsh_connection_make_block(const struct wsh_command *command, const char *term,
				     struct wshd_shell *shell)
{
	int fd = memfd_create("command", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	size_t written = 0;

	if (fd < 0 && errno == EINVAL) /* a kernel before 6.3 */
		fd = memfd_create("command", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		wsh_die("pass the command");
	wsh_connection_write_text(fd, command->user, &written);
	wsh_connection_write_text(fd, "", &written); /* directory: the home; cpus: all */
	wsh_connection_write_text(fd, "", &written);
	for (; command->args[shell->command.n_args]; shell->command.n_args++)
		wsh_connection_write_text(fd, command->args[shell->command.n_args], &written);
	if (term) {
		char text[128];

		snprintf(text, sizeof(text), "TERM=%s", term);
		wsh_connection_write_text(fd, text, &written);
		shell->command.n_env++;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		wsh_die("seal the command");
	return fd;
}

void wsh_connection_start(int connection, const struct wsh_command *command, const int *streams)
{
	struct wshd_shell shell = {.header.type = WSHD_SHELL};
	int fds[WSHD_COMMAND_FDS + WSHD_STREAM_FDS];
	size_t n_fds = WSHD_COMMAND_FDS;

	fds[0] = wsh_connection_make_block(command, command->terminal ? getenv("TERM") : NULL,
					   &shell);
	if (command->terminal) {
		shell.flags = WSHD_SHELL_TERMINAL;
		wsh_terminal_size(&shell.window);
	} else {
		memcpy(fds + n_fds, streams, sizeof(int) * WSHD_STREAM_FDS);
		n_fds += WSHD_STREAM_FDS;
	}
	if (packet_send(connection, &shell, sizeof(shell), fds, n_fds, 0) < 0)
		wsh_die("pass the command");
	close(fds[0]);
}

/* Prints why the command did not start, if so. Returns the exit status of wsh. */
static int wsh_connection_exit_status(const struct wshd_ended *ended)
{
	char error[sizeof(ended->start_error) + 1] = "";

	memcpy(error, ended->start_error, sizeof(ended->start_error));
	if (*error) {
		int status = start_status(error);

		fprintf(stderr, "wsh: %s\n",
			error + (status == STATUS_REFUSED ? 0 : strlen(START_OF_ARGV)));
		return status;
	}
	if (ended->signal > 0)
		return STATUS_SIGNAL + (ended->signal & 0x7f);
	return ended->exit_status >= 0 && ended->exit_status <= 255 ? ended->exit_status
								    : STATUS_UNKNOWN;
}

/* Receives the next message. Exits if wshd has ended or refuses the command. */
static void wsh_connection_receive(int connection, struct packet *packet)
{
	int got = packet_receive(connection, packet, 0);

	if (got < 0)
		wsh_die("talk to wshd");
	if (got == 0) {
		fprintf(stderr, "wsh: the container has gone\n");
		exit(STATUS_REFUSED);
	}
	if (packet->message.header.type == WSHD_REFUSED &&
	    packet_fits(packet, sizeof(struct wshd_refused), 0)) {
		errno = packet->message.refused.error;
		wsh_die("wshd refuses the command");
	}
}

int wsh_connection_take_terminal(int connection)
{
	struct packet packet;

	wsh_connection_receive(connection, &packet);
	if (packet.message.header.type == WSHD_ENDED &&
	    packet_fits(&packet, sizeof(struct wshd_ended), 0))
		exit(wsh_connection_exit_status(&packet.message.ended));
	if (packet.message.header.type != WSHD_TERMINAL ||
	    !packet_fits(&packet, sizeof(struct wshd_request), 1) || !isatty(packet.fds[0]))
		wsh_connection_fail_protocol();
	return packet_take(&packet, 0);
}

void wsh_connection_signal(int connection, int signal)
{
	struct wshd_signal message = {.header.type = WSHD_SIGNAL, .signal = signal};

	/* If this fails, the command has ended and the next message is WSHD_ENDED. */
	packet_send(connection, &message, sizeof(message), NULL, 0, MSG_DONTWAIT);
}

bool wsh_connection_read(int connection, int *status)
{
	struct packet packet;

	wsh_connection_receive(connection, &packet);
	if (packet.message.header.type != WSHD_ENDED ||
	    !packet_fits(&packet, sizeof(struct wshd_ended), 0))
		wsh_connection_fail_protocol();
	*status = wsh_connection_exit_status(&packet.message.ended);
	return true;
}
