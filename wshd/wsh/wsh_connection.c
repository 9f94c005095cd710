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

#include "proto/packet.h"
#include "wshd/wsh/wsh.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

static void __attribute__((noreturn)) protocol_broken(void)
{
	errno = EPROTO;
	die("talk to wshd");
}

/* A path of any length: through a descriptor of its directory. */
static struct sockaddr_un address_make(const char *path)
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
		die(path);
	free(directory);
	/* The descriptor stays open: it is part of the name. */
	if (snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d%s", fd, slash) >=
	    (int)sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	return address;
}

int wsh_connection_open(const char *path)
{
	struct sockaddr_un address = address_make(path);
	struct wshd_hello hello = {.header.type = WSHD_HELLO, .version = WSHD_VERSION};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct packet packet;

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die(path);
	if (packet_send(fd, &hello, sizeof(hello), NULL, 0, 0) < 0 ||
	    packet_receive(fd, &packet, 0) != 1)
		die("greet wshd");
	if (packet.message.header.type != WSHD_HELLO || !packet_fits(&packet, sizeof(hello), 0))
		protocol_broken();
	return fd;
}

/* All of it is in memory until it is closed, so writing does not fail but for want of memory. */
static void text_write(int fd, const char *text, size_t *written)
{
	size_t length = strlen(text) + 1;

	*written += length;
	if (*written > WSHD_COMMAND_MAX) {
		errno = E2BIG;
		die("pass the command");
	}
	if (write(fd, text, length) != (ssize_t)length)
		die("pass the command");
}

static int block_make(const struct wsh_command *command, const char *term, struct wshd_shell *shell)
{
	int fd = memfd_create("command", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	size_t written = 0;

	if (fd < 0 && errno == EINVAL) /* a kernel before 6.3 */
		fd = memfd_create("command", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		die("pass the command");
	text_write(fd, command->user, &written);
	text_write(fd, "", &written); /* the home, all cpus */
	text_write(fd, "", &written);
	for (; command->args[shell->command.n_args]; shell->command.n_args++)
		text_write(fd, command->args[shell->command.n_args], &written);
	if (term) {
		char text[128];

		snprintf(text, sizeof(text), "TERM=%s", term);
		text_write(fd, text, &written);
		shell->command.n_env++;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		die("seal the command");
	return fd;
}

void wsh_connection_start(int connection, const struct wsh_command *command, const int *streams)
{
	struct wshd_shell shell = {.header.type = WSHD_SHELL};
	int fds[WSHD_COMMAND_FDS + WSHD_STREAM_FDS];
	size_t n_fds = WSHD_COMMAND_FDS;

	fds[0] = block_make(command, command->terminal ? getenv("TERM") : NULL, &shell);
	if (command->terminal) {
		shell.flags = WSHD_SHELL_TERMINAL;
		wsh_terminal_size(&shell.window);
	} else {
		memcpy(fds + n_fds, streams, sizeof(int) * WSHD_STREAM_FDS);
		n_fds += WSHD_STREAM_FDS;
	}
	if (packet_send(connection, &shell, sizeof(shell), fds, n_fds, 0) < 0)
		die("pass the command");
	close(fds[0]);
}

/* What could not be started. */
static int status_of(const struct wshd_ended *ended)
{
	if (ended->start_error[0] != '\0')
		fprintf(stderr, "wsh: %.*s\n", (int)sizeof(ended->start_error), ended->start_error);
	return ended->exit_status >= 0 && ended->exit_status <= 255 ? ended->exit_status : 255;
}

/* The next message, or the end: wshd or its container has gone. */
static void receive(int connection, struct packet *packet)
{
	int got = packet_receive(connection, packet, 0);

	if (got < 0)
		die("talk to wshd");
	if (got == 0) {
		fprintf(stderr, "wsh: the container has gone\n");
		exit(255);
	}
	if (packet->message.header.type == WSHD_REFUSED &&
	    packet_fits(packet, sizeof(struct wshd_refused), 0)) {
		errno = packet->message.refused.error;
		die("wshd refuses the command");
	}
}

int wsh_connection_take_terminal(int connection)
{
	struct packet packet;

	receive(connection, &packet);
	if (packet.message.header.type == WSHD_ENDED &&
	    packet_fits(&packet, sizeof(struct wshd_ended), 0))
		exit(status_of(&packet.message.ended));
	if (packet.message.header.type != WSHD_TERMINAL ||
	    !packet_fits(&packet, sizeof(struct wshd_request), 1) || !isatty(packet.fds[0]))
		protocol_broken();
	return packet_take(&packet, 0);
}

void wsh_connection_signal(int connection, int signal)
{
	struct wshd_signal message = {.header.type = WSHD_SIGNAL, .signal = signal};

	/* Where it has ended meanwhile that is told by the next message. */
	packet_send(connection, &message, sizeof(message), NULL, 0, MSG_DONTWAIT);
}

bool wsh_connection_read(int connection, int *status)
{
	struct packet packet;

	receive(connection, &packet);
	if (packet.message.header.type != WSHD_ENDED ||
	    !packet_fits(&packet, sizeof(struct wshd_ended), 0))
		protocol_broken();
	*status = status_of(&packet.message.ended);
	return true;
}
