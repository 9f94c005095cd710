/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uses keys of the kernel, on the session keyring: probe_keys add NAME VALUE | read NAME | write
 * NAME VALUE | read-id ID | write-id ID VALUE. Prints what it read, `ok`, or the name of the error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long keys_find(const char *name)
{
	return syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", name, 0);
}

static long keys_read(long id)
{
	char text[64] = "";
	long got = id < 0 ? -1 : syscall(SYS_keyctl, KEYCTL_READ, id, text, sizeof(text) - 1);

	if (got >= 0)
		puts(text);
	return got;
}

static long keys_write(long id, const char *text)
{
	return id < 0 ? -1 : syscall(SYS_keyctl, KEYCTL_UPDATE, id, text, strlen(text));
}

static long keys_add(const char *name, const char *text)
{
	return syscall(SYS_add_key, "user", name, text, strlen(text), KEY_SPEC_SESSION_KEYRING);
}

static long keys_try(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "add") == 0)
		return keys_add(argv[2], argv[3]);
	if (argc == 3 && strcmp(argv[1], "read") == 0)
		return keys_read(keys_find(argv[2]));
	if (argc == 4 && strcmp(argv[1], "write") == 0)
		return keys_write(keys_find(argv[2]), argv[3]);
	if (argc == 3 && strcmp(argv[1], "read-id") == 0)
		return keys_read(atol(argv[2]));
	if (argc == 4 && strcmp(argv[1], "write-id") == 0)
		return keys_write(atol(argv[2]), argv[3]);
	errno = EINVAL;
	return -1;
}

int main(int argc, char **argv)
{
	puts(keys_try(argc, argv) < 0 ? strerrorname_np(errno) : "ok");
	return 0;
}
