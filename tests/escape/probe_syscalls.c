// SPDX-License-Identifier: Apache-2.0
// Makes each call that a profile of system calls refuses: as a native one, with high bits set in
// its int arguments, as i386 through int 0x80, as x32. Prints `NAME WAY RESULT` for each: `ok` or
// the name of the error. Arguments are such that a call that reaches the kernel does no harm: most
// are NULL or out of range.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define HIGH (1UL << 32)
#define X32  0x40000000L

struct attempt {
	const char *name;
	int native, i386; // -1: this architecture has none
	long args[3];
	int ints; // bit N: argument N is an int, whose high word the kernel ignores
};

static const struct attempt attempts[] = {
	{"io_uring_setup", 425, 425, {0, 0, 0}, 1},
	{"io_uring_enter", 426, 426, {-1, 0, 0}, 1},
	{"io_uring_register", 427, 427, {-1, 0, 0}, 1},
	{"userfaultfd", 323, 374, {1, 0, 0}, 1},
	{"keyctl", 250, 288, {0, -3, 0}, 1},
	{"add_key", 248, 286, {0, 0, 0}, 0},
	{"request_key", 249, 287, {0, 0, 0}, 0},
	{"memfd_secret", 447, 447, {0, 0, 0}, 1},
	{"modify_ldt", 154, 123, {0, 0, 0}, 1},
	{"kcmp", 312, 349, {0, 0, 99}, 7},
	{"move_pages", 279, 317, {0, 0, 0}, 1},
	{"migrate_pages", 256, 294, {0, 0, 0}, 1},
	{"mbind", 237, 274, {0, 0, 0}, 0},
	{"set_mempolicy", 238, 276, {0, 0, 0}, 1},
	{"perf_event_open", 298, 336, {0, 0, 0}, 0},
	{"bpf", 321, 357, {0, 0, 0}, 1},
	{"name_to_handle_at", 303, 341, {-1, 0, 0}, 1},
	{"open_by_handle_at", 304, 342, {-1, 0, 0}, 1},
	{"setns", 308, 346, {-1, 0, 0}, 1},
	{"unshare-user", 272, 310, {CLONE_NEWUSER, 0, 0}, 1},
	{"unshare-net", 272, 310, {CLONE_NEWNET, 0, 0}, 1},
	{"clone-user", 56, 120, {CLONE_NEWUSER | SIGCHLD, 0, 0}, 1},
	{"clone3", 435, 435, {0, 0, 0}, 0},
	{"personality", 135, 136, {0x0400000, 0, 0}, 1},
	{"ioctl-TIOCSTI", 16, 54, {99, 0x5412, 0}, 3},
	{"ioctl-TIOCLINUX", 16, 54, {99, 0x541c, 0}, 3},
	{"ioctl-TIOCSETD", 16, 54, {99, 0x5423, 0}, 3},
	{"ioctl-SIOCGIFBR", 16, 54, {99, 0x8940, 0}, 3},
	{"ioctl-SIOCGIFVLAN", 16, 54, {99, 0x8982, 0}, 3},
	{"socket-vsock", 41, 359, {40, 1, 0}, 7},
	{"socket-alg", 41, 359, {38, 5, 0}, 7},
	{"socket-packet", 41, 359, {17, 3, 0}, 7},
	{"socket-xdp", 41, 359, {44, 3, 0}, 7},
	{"socket-can", 41, 359, {29, 3, 1}, 7},
	{"socket-tipc", 41, 359, {30, 2, 0}, 7},
	{"socket-smc", 41, 359, {43, 1, 0}, 7},
	{"socket-pppox", 41, 359, {24, 1, 0}, 7},
	{"socket-sctp", 41, 359, {2, 1, 132}, 7},
	{"socket-dccp", 41, 359, {2, 6, 33}, 7},
	{"socket-netfilter", 41, 359, {16, 3, 12}, 7},
	{"socket-xfrm", 41, 359, {16, 3, 6}, 7},
	{"socket-audit", 41, 359, {16, 3, 9}, 7},
	{"socketpair-tipc", 53, 360, {30, 2, 0}, 7},
	{"socketcall-socket", -1, 102, {1, 0, 0}, 1},
	{"socketcall-socketpair", -1, 102, {8, 0, 0}, 1},
	{"mount", 165, 21, {0, 0, 0}, 0},
	{"umount2", 166, 52, {0, 0, 0}, 0},
	{"pivot_root", 155, 217, {0, 0, 0}, 0},
	{"fsopen", 430, 430, {0, 0, 0}, 0},
	{"fsconfig", 431, 431, {-1, 0, 0}, 1},
	{"fsmount", 432, 432, {-1, 0, 0}, 1},
	{"open_tree", 428, 428, {-1, 0, 0}, 1},
	{"move_mount", 429, 429, {-1, 0, -1}, 1},
	{"mount_setattr", 442, 442, {-1, 0, 0}, 1},
	{"fanotify_init", 300, 338, {-1, 0, 0}, 3},
	{"quotactl", 179, 131, {-1, 0, 0}, 1},
	{"swapon", 167, 87, {0, 0, 0}, 0},
	{"swapoff", 168, 115, {0, 0, 0}, 0},
	{"reboot", 169, 88, {0, 0, 0}, 7},
	{"acct", 163, 51, {1, 0, 0}, 0},
	{"settimeofday", 164, 79, {1, 1, 0}, 0},
	{"clock_settime", 227, 264, {-1, 1, 0}, 1},
	{"syslog", 103, 103, {3, 0, -1}, 1},
	{"iopl", 172, 110, {4, 0, 0}, 1},
	{"ioperm", 173, 101, {-1, -1, 0}, 0},
	{"init_module", 175, 128, {0, 0, 0}, 0},
	{"finit_module", 313, 350, {-1, 0, 0}, 1},
	{"delete_module", 176, 129, {0, 0, 0}, 0},
	{"kexec_load", 246, 283, {0, 99, 0}, 0},
	{"kexec_file_load", 320, -1, {-1, -1, 0}, 3},
	{"1000", 1000, 1000, {0, 0, 0}, 0},
};

// The answer of the kernel: a result, or a negative error.
static long probe_call(long number, const long *args, int ints)
{
	long full[3], result;

	for (int i = 0; i < 3; i++)
		full[i] = ints >> i & 1 ? (long)((unsigned long)args[i] | HIGH) : args[i];
	result = syscall(number, full[0], full[1], full[2], 0L, 0L, 0L);
	return result < 0 ? -errno : result;
}

static long probe_call_i386(long number, const long *args)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(args[0]), "c"(args[1]), "d"(args[2]), "S"(0L), "D"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

// Whether this kernel has calls of i386: else int 0x80 kills.
static int probe_has_i386(void)
{
	const long args[3] = {0};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		probe_call_i386(20, args); // getpid
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void probe_print(const char *name, const char *way, long result)
{
	printf("%s %s %s\n", name, way, result < 0 ? strerrorname_np((int)-result) : "ok");
}

int main(void)
{
	int i386 = probe_has_i386();

	setvbuf(stdout, NULL, _IONBF, 0); // a clone must not print it again
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		const struct attempt *attempt = &attempts[i];
		long results[4] = {0};
		pid_t self = getpid();

		if (attempt->native >= 0) {
			results[0] = probe_call(attempt->native, attempt->args, 0);
			results[1] = probe_call(attempt->native, attempt->args, attempt->ints);
			results[2] = probe_call(attempt->native | X32, attempt->args, 0);
		}
		if (i386 && attempt->i386 >= 0)
			results[3] = probe_call_i386(attempt->i386, attempt->args);
		if (getpid() != self)
			_exit(0); // it was a clone, and this is the child
		if (attempt->native >= 0) {
			probe_print(attempt->name, "native", results[0]);
			probe_print(attempt->name, "high", results[1]);
			probe_print(attempt->name, "x32", results[2]);
		}
		if (i386 && attempt->i386 >= 0)
			probe_print(attempt->name, "i386", results[3]);
	}
	return 0;
}
