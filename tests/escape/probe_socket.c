/* SPDX-License-Identifier: Apache-2.0 */
/* Talks to a Unix socket from inside a container: `probe_socket PATH HEX` sends the bytes and
 * prints what comes back, also in hex; or the error's number. `@NAME` is a socket without a file.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	unsigned char bytes[4096];
	size_t n = 0;
	ssize_t got;

	if (argc != 3 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 2;
	memcpy(address.sun_path, argv[1], strlen(argv[1]));
	if (*argv[1] == '@')
		address.sun_path[0] = '\0';
	if (fd < 0 || connect(fd, (struct sockaddr *)&address,
			      offsetof(struct sockaddr_un, sun_path) + strlen(argv[1])) < 0) {
		printf("errno %d\n", errno);
		return 0;
	}
	for (const char *at = argv[2]; n < sizeof(bytes) && sscanf(at, "%2hhx", &bytes[n]) == 1;
	     at += 2)
		n++;
	/* The daemon may have refused and closed the connection already: its answer is read all the
	 * same. */
	(void)send(fd, bytes, n, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		for (ssize_t i = 0; i < got; i++)
			printf("%02x", bytes[i]);
	putchar('\n');
	return 0;
}
