// SPDX-License-Identifier: Apache-2.0
// Makes files with setuid and setgid modes in a directory by every call that sets a mode:
// probe_modes DIRECTORY. The files that it made are looked at from outside.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HIGH (1L << 32)

int main(int argc, char **argv)
{
	const mode_t modes[] = {04755, 02755, 06755};
	char name[64];

	if (argc != 2 || chdir(argv[1]) < 0)
		return 2;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		const long mode = modes[i];
		struct open_how how = {.flags = O_CREAT | O_WRONLY, .mode = (unsigned)mode};
		int fd;

		// Each on a file of its own, which exists for those that only change it.
		for (int call = 0; call < 6; call++) {
			snprintf(name, sizeof(name), "changed-%ld-%d", mode, call);
			fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
			if (fd < 0)
				return 2;
			if (call == 0)
				syscall(SYS_chmod, name, mode);
			else if (call == 1)
				syscall(SYS_fchmod, fd, mode);
			else if (call == 2)
				syscall(SYS_fchmodat, AT_FDCWD, name, mode);
			else if (call == 3)
				syscall(452, AT_FDCWD, name, mode, 0); // fchmodat2
			else if (call == 4)
				syscall(SYS_chmod, name, mode | HIGH);
			else
				syscall(SYS_fchmodat, AT_FDCWD, name, mode | HIGH);
			close(fd);
		}
		for (int call = 0; call < 8; call++) {
			snprintf(name, sizeof(name), "made-%ld-%d", mode, call);
			if (call == 0)
				syscall(SYS_open, name, O_CREAT | O_WRONLY, mode);
			else if (call == 1)
				syscall(SYS_openat, AT_FDCWD, name, O_CREAT | O_WRONLY, mode);
			else if (call == 2)
				syscall(SYS_creat, name, mode);
			else if (call == 3)
				syscall(SYS_mknod, name, S_IFREG | mode, 0);
			else if (call == 4)
				syscall(SYS_mknodat, AT_FDCWD, name, S_IFREG | mode, 0);
			else if (call == 5)
				syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof(how));
			else if (call == 6)
				syscall(SYS_openat, AT_FDCWD, name, O_CREAT | O_WRONLY | HIGH,
					mode | HIGH);
			else if ((fd = (int)syscall(SYS_openat, AT_FDCWD, ".", O_TMPFILE | O_WRONLY,
						    mode)) >= 0)
				linkat(fd, "", AT_FDCWD, name, AT_EMPTY_PATH);
		}
	}
	return 0;
}
