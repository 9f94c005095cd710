// SPDX-License-Identifier: Apache-2.0
// Watches all other processes that it sees: probe_spy END. Until the file END exists it lists the
// descriptors of each process and traces it. Prints `PID TARGET` for each descriptor and `PID
// traced PROGRAM` for each process that it could stop, and last how often it looked.
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void spy_print(int pid, const char *what, const char *path)
{
	char target[512];
	ssize_t length = readlink(path, target, sizeof(target) - 1);

	if (length > 0)
		printf("%d %s%.*s\n", pid, what, (int)length, target);
}

static void spy_look(int pid)
{
	char path[300];
	DIR *fds;
	struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0) {
		spy_print(pid, "traced ", path);
		ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
		waitpid(pid, NULL, __WALL); // detached only once it stands still
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
	}
	snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
	spy_print(pid, "", path);
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	fds = opendir(path);
	while (fds && (entry = readdir(fds))) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, entry->d_name);
		spy_print(pid, "", path);
	}
	if (fds)
		closedir(fds);
}

int main(int argc, char **argv)
{
	unsigned long looks = 0;

	puts("ready");
	fflush(stdout);
	while (argc == 2 && access(argv[1], F_OK) < 0) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;

		while (proc && (entry = readdir(proc))) {
			int pid = atoi(entry->d_name);

			if (pid > 0 && pid != getpid())
				spy_look(pid);
			looks += pid > 0;
		}
		if (proc)
			closedir(proc);
	}
	printf("%lu looks\n", looks);
	return 0;
}
