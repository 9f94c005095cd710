/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of calls; see seccomp_builtin.h. A call that is in no list is refused: EPERM, or
 * ENOSYS if it is newer than libseccomp's tables. Names that this libseccomp does not know are
 * skipped: those calls are newer.
 *
 * The kernel ignores the high word of an argument that is an int, so only the low word is compared:
 * else a set bit there would pass a refusal.
 */
#include "backends/linux/seccomp/seccomp_builtin.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "backends/linux/linux.h"
#include "backends/linux/seccomp/seccomp_ranges.h"

#define LOW_WORD UINT64_C(0xffffffff)

/* The type of a socket, without its flags. */
#define TYPE_MASK (LOW_WORD & ~(uint64_t)(SOCK_NONBLOCK | SOCK_CLOEXEC))

/* A bit for each profile that has a list or rule. */
enum {
	IN_DEFAULT = 1 << SECCOMP_DEFAULT,
	IN_JUDGE = 1 << SECCOMP_JUDGE,
	IN_BOTH = IN_DEFAULT | IN_JUDGE,
};

/* Room for a name in the lists. */
enum { NAME_LENGTH = 40 };

/* Calls that are allowed whatever their arguments. */
static const struct {
	unsigned profiles;
	const char *names; /* separated by blanks */
} allowed[] = {
	/* Files. */
	{IN_BOTH, "access chdir chmod chown chown32 close close_range copy_file_range creat "
		  "faccessat faccessat2 fadvise64 fadvise64_64 fallocate fchdir fchmod fchmodat "
		  "fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr "
		  "flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs "
		  "fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64 "
		  "getxattr getxattrat lchown lchown32 lgetxattr link linkat listxattr "
		  "listxattrat llistxattr lremovexattr lseek _llseek lsetxattr lstat lstat64 "
		  "mkdir mkdirat mknod mknodat newfstatat oldfstat oldlstat oldstat open openat "
		  "openat2 readlink readlinkat removexattr removexattrat rename renameat "
		  "renameat2 rmdir setxattr setxattrat stat stat64 statfs statfs64 statx symlink "
		  "symlinkat sync sync_file_range arm_sync_file_range sync_file_range2 syncfs "
		  "truncate truncate64 umask unlink unlinkat utime utimensat utimensat_time64 "
		  "utimes"},
	/* Input, output, events. */
	{IN_BOTH, "dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait "
		  "epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 inotify_add_watch "
		  "inotify_init inotify_init1 inotify_rm_watch ioctl pipe pipe2 poll ppoll "
		  "ppoll_time64 pread64 preadv preadv2 pselect6 pselect6_time64 pwrite64 pwritev "
		  "pwritev2 read readahead readv select _newselect sendfile sendfile64 signalfd "
		  "signalfd4 splice tee vmsplice write writev"},
	{IN_DEFAULT, "io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 "
		     "io_setup io_submit ioprio_get ioprio_set"},
	/* Memory. */
	{IN_BOTH, "brk cachestat madvise map_shadow_stack membarrier memfd_create mincore mlock "
		  "mlock2 mlockall mmap mmap2 mprotect mremap mseal msync munlock munlockall "
		  "munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages"},
	/* Processes and threads. */
	{IN_BOTH, "arch_prctl arm_fadvise64_64 breakpoint cacheflush capget execve execveat exit "
		  "exit_group fork futex futex_requeue futex_time64 futex_wait futex_waitv "
		  "futex_wake getcpu get_robust_list get_thread_area getpgid getpgrp getpid "
		  "getppid getpriority getrandom getrlimit getrusage getsid gettid kill "
		  "landlock_add_rule landlock_create_ruleset landlock_restrict_self pause "
		  "pidfd_open pidfd_send_signal prctl prlimit64 restart_syscall rseq "
		  "sched_get_priority_max sched_get_priority_min sched_getaffinity "
		  "sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval "
		  "sched_rr_get_interval_time64 sched_setaffinity sched_yield seccomp "
		  "set_robust_list set_thread_area set_tid_address set_tls setpgid setpriority "
		  "setrlimit setsid sysinfo ugetrlimit uname vfork wait4 waitid waitpid"},
	{IN_DEFAULT, "chroot pidfd_getfd process_mrelease process_vm_readv process_vm_writev "
		     "ptrace sched_setattr sched_setparam sched_setscheduler"},
	/* Users and groups. */
	{IN_BOTH, "capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups "
		  "getgroups32 getresgid getresgid32 getresuid getresuid32 getuid getuid32 "
		  "setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups "
		  "setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 "
		  "setreuid setreuid32 setuid setuid32"},
	/* Signals. */
	{IN_BOTH, "rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn "
		  "rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo "
		  "sgetmask sigaction sigaltstack signal sigpending sigprocmask sigreturn "
		  "sigsuspend ssetmask tgkill tkill"},
	/* Time. */
	{IN_BOTH, "alarm clock_getres clock_getres_time64 clock_gettime clock_gettime64 "
		  "clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep "
		  "setitimer time timer_create timer_delete timer_getoverrun timer_gettime "
		  "timer_gettime64 timer_settime timer_settime64 timerfd_create "
		  "timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times"},
	{IN_DEFAULT, "adjtimex clock_adjtime clock_adjtime64"}, /* to read, without CAP_SYS_TIME */
	/* Sockets, and what else processes speak through. */
	{IN_BOTH, "accept accept4 bind connect getpeername getsockname getsockopt listen recv "
		  "recvfrom recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto "
		  "setsockopt shutdown"},
	{IN_DEFAULT, "ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 "
		     "mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd "
		     "semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt "
		     "shmget"},
};

/* New namespaces: more of the kernel within reach, and all capabilities in a user namespace. */
#define NEW_NAMESPACES                                                                             \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080 /* of unshare alone */
#endif

/* Calls that are allowed if the bits `mask` of the first argument are `value`. */
static const struct {
	const char *name;
	uint64_t mask, value;
} allowed_values[] = {
	{"clone", NEW_NAMESPACES, 0},
	{"unshare", NEW_NAMESPACES | CLONE_NEWTIME, 0},
	{"personality", LOW_WORD, PER_LINUX},
	{"personality", LOW_WORD, PER_LINUX32},
	{"personality", LOW_WORD, UNAME26},
	{"personality", LOW_WORD, UNAME26 | PER_LINUX32},
	{"personality", LOW_WORD, ADDR_NO_RANDOMIZE},
	{"personality", LOW_WORD, LOW_WORD}, /* asks */
	{"socketpair", LOW_WORD, AF_UNIX},
};

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* INTERNET is AF_INET and AF_INET6, which differ in one bit. */
enum { ANY = -1, INTERNET = -2 };
_Static_assert((AF_INET ^ AF_INET6) == 8, "the two families of the Internet differ in one bit");

/* Sockets that are allowed. Others load a module of the kernel (SCTP, DCCP, SMC, CAN ...), see the
 * frames of the link, or are not of the container's network namespace (vsock). */
static const struct {
	unsigned profiles;
	int family, type, protocol;
} sockets[] = {
	{IN_BOTH, AF_UNIX, ANY, ANY},
	{IN_DEFAULT, INTERNET, SOCK_STREAM, 0},
	{IN_DEFAULT, INTERNET, SOCK_STREAM, IPPROTO_TCP},
	{IN_DEFAULT, INTERNET, SOCK_STREAM, IPPROTO_MPTCP},
	{IN_DEFAULT, INTERNET, SOCK_DGRAM, 0},
	{IN_DEFAULT, INTERNET, SOCK_DGRAM, IPPROTO_UDP},
	{IN_DEFAULT, INTERNET, SOCK_DGRAM, IPPROTO_ICMP}, /* ping without privileges */
	{IN_DEFAULT, INTERNET, SOCK_DGRAM, IPPROTO_ICMPV6},
	{IN_DEFAULT, INTERNET, SOCK_RAW, ANY},
	{IN_DEFAULT, AF_NETLINK, ANY, NETLINK_ROUTE},
	{IN_DEFAULT, AF_NETLINK, ANY, NETLINK_KOBJECT_UEVENT},
};

/* What is refused before the lists are looked at: calls with these low words. */
static const struct {
	const char *name;
	unsigned arg;
	uint64_t value;
} refused_values[] = {
	/* To type into a terminal that somebody else reads. */
	{"ioctl", 1, TIOCSTI},
	{"ioctl", 1, TIOCLINUX},
	/* A line discipline, a bridge and a VLAN load their modules for anybody who has a terminal
	 * or a socket. */
	{"ioctl", 1, TIOCSETD},
	{"ioctl", 1, SIOCGIFBR},
	{"ioctl", 1, SIOCSIFBR},
	{"ioctl", 1, SIOCBRADDBR},
	{"ioctl", 1, SIOCBRDELBR},
	{"ioctl", 1, SIOCGIFVLAN},
	{"ioctl", 1, SIOCSIFVLAN},
	/* 32-bit x86, socket and socketpair: the family is in memory, where it cannot be looked at,
	 * and libseccomp allows them with any family. C libraries have used the direct calls since
	 * Linux 4.3. */
	{"socketcall", 0, 1},
	{"socketcall", 0, 8},
};

#ifndef __O_TMPFILE
#define __O_TMPFILE 020000000
#endif

/* The calls that set the mode of a file, and the place of the mode among their arguments. */
static const struct {
	const char *name;
	unsigned mode;
	bool opens; /* the mode matters with certain flags, which are the argument before */
} modes[] = {
	{"chmod", 1, false},     {"fchmod", 1, false}, {"fchmodat", 2, false},
	{"fchmodat2", 2, false}, {"creat", 1, false},  {"mkdir", 1, false},
	{"mkdirat", 2, false},   {"mknod", 1, false},  {"mknodat", 2, false},
	{"open", 2, true},       {"openat", 3, true},
};

/* What no process of a container needs, whatever its profile: it is for the whole machine, or for
 * what the daemon has set up. */
static const char refused_for_all[] =
	"acct clock_settime clock_settime64 create_module delete_module finit_module "
	"get_kernel_syms init_module ioperm iopl kexec_file_load kexec_load lookup_dcookie "
	"nfsservctl open_by_handle_at query_module quotactl quotactl_fd reboot settimeofday stime "
	"swapoff swapon syslog uselib vhangup vm86 vm86old";

const char *seccomp_builtin_name(enum seccomp_builtin profile)
{
	return profile == SECCOMP_JUDGE ? "judge" : "default";
}

/* Whether an earlier rule looks at the arguments of an allowed call. */
static bool seccomp_builtin_is_checked(const char *name, bool no_setid)
{
	if (strcmp(name, "ioctl") == 0)
		return true;
	for (size_t i = 0; no_setid && i < ARRAY_SIZE(modes); i++)
		if (strcmp(name, modes[i].name) == 0)
			return true;
	return no_setid && strcmp(name, "openat2") == 0;
}

/* Adds the calls of a list. */
static int seccomp_builtin_add_names(scmp_filter_ctx filter, uint32_t action, const char *names,
				     struct warden_error *err)
{
	char name[NAME_LENGTH];
	int length, result = 0;

	for (; result >= 0 && sscanf(names, "%39s%n", name, &length) == 1; names += length)
		result = seccomp_filter_add(filter, action, name, NULL, 0, err);
	return result < 0 ? -1 : 0;
}

/* Allows the calls of a list: by ranges, which come first, or by a rule. */
static int seccomp_builtin_allow_names(struct seccomp_calls *calls, scmp_filter_ctx filter,
				       const char *names, bool no_setid, struct warden_error *err)
{
	char name[NAME_LENGTH];
	int length, result = 0;

	for (; result >= 0 && sscanf(names, "%39s%n", name, &length) == 1; names += length)
		if (seccomp_builtin_is_checked(name, no_setid))
			result = seccomp_filter_add(filter, SCMP_ACT_ALLOW, name, NULL, 0, err);
		else
			seccomp_ranges_add(calls, name);
	return result < 0 ? -1 : 0;
}

/* Adds a rule for a call whose argument `arg` has the bits `value` under `mask`. */
static int seccomp_builtin_add_value(scmp_filter_ctx filter, uint32_t action, const char *name,
				     unsigned arg, uint64_t mask, uint64_t value,
				     struct warden_error *err)
{
	const struct scmp_arg_cmp is = {arg, SCMP_CMP_MASKED_EQ, mask, value};

	return seccomp_filter_add(filter, action, name, &is, 1, err);
}

static int seccomp_builtin_add_sockets(scmp_filter_ctx filter, unsigned profile,
				       struct warden_error *err)
{
	int result = 0;

	for (size_t i = 0; result >= 0 && i < ARRAY_SIZE(sockets); i++) {
		struct scmp_arg_cmp args[3] = {
			{0, SCMP_CMP_MASKED_EQ, LOW_WORD, (uint64_t)sockets[i].family}};
		size_t n = 1;

		if (!(sockets[i].profiles & profile))
			continue;
		if (sockets[i].family == INTERNET) {
			args[0].datum_a = LOW_WORD & ~(uint64_t)(AF_INET ^ AF_INET6);
			args[0].datum_b = AF_INET & AF_INET6;
		}
		if (sockets[i].type != ANY)
			args[n++] = (struct scmp_arg_cmp){1, SCMP_CMP_MASKED_EQ, TYPE_MASK,
							  (uint64_t)sockets[i].type};
		if (sockets[i].protocol != ANY)
			args[n++] = (struct scmp_arg_cmp){2, SCMP_CMP_MASKED_EQ, LOW_WORD,
							  (uint64_t)sockets[i].protocol};
		result = seccomp_filter_add(filter, SCMP_ACT_ALLOW, "socket", args, n, err);
	}
	return result < 0 ? -1 : 0;
}

static int seccomp_builtin_add_allowed(scmp_filter_ctx filter, struct seccomp_calls *calls,
				       unsigned profile, bool no_setid, struct warden_error *err)
{
	/* C libraries use clone then, whose flags can be looked at. */
	int result = seccomp_filter_add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", NULL, 0, err);

	for (size_t i = 0; result >= 0 && i < ARRAY_SIZE(allowed); i++)
		if (allowed[i].profiles & profile)
			result = seccomp_builtin_allow_names(calls, filter, allowed[i].names,
							     no_setid, err);
	for (size_t i = 0; result >= 0 && i < ARRAY_SIZE(allowed_values); i++)
		result = seccomp_builtin_add_value(filter, SCMP_ACT_ALLOW, allowed_values[i].name,
						   0, allowed_values[i].mask,
						   allowed_values[i].value, err);
	return result < 0 ? -1 : seccomp_builtin_add_sockets(filter, profile, err);
}

/* Appends the filter, or frees it if its rules could not be added. */
static int seccomp_builtin_finish(struct seccomp_program *program, scmp_filter_ctx filter,
				  int result, struct warden_error *err)
{
	if (result >= 0)
		return seccomp_program_append(program, filter, err);
	seccomp_release(filter);
	return -1;
}

static int seccomp_builtin_append_refused(struct seccomp_program *program, struct warden_error *err)
{
	scmp_filter_ctx filter = seccomp_filter_new(SCMP_ACT_ALLOW, err);
	int result = filter ? 0 : -1;

	for (size_t i = 0; result >= 0 && i < ARRAY_SIZE(refused_values); i++)
		result = seccomp_builtin_add_value(filter, SCMP_ACT_ERRNO(EPERM),
						   refused_values[i].name, refused_values[i].arg,
						   LOW_WORD, refused_values[i].value, err);
	return seccomp_builtin_finish(program, filter, result, err);
}

/* Tells useradd(8) and su(1) that there is no audit system: EPERM would end them. And answers as
 * the kernel does for raw sockets without a protocol, for which it looks for a module first. A
 * filter of its own, as libseccomp adds each rule for socket to socketcall too. */
static int seccomp_builtin_append_unsupported(struct seccomp_program *program,
					      struct warden_error *err)
{
	static const struct scmp_arg_cmp audit[] = {
		{0, SCMP_CMP_MASKED_EQ, LOW_WORD, AF_NETLINK},
		{2, SCMP_CMP_MASKED_EQ, LOW_WORD, NETLINK_AUDIT},
	};
	static const struct scmp_arg_cmp raw[] = {
		{0, SCMP_CMP_MASKED_EQ, LOW_WORD & ~(uint64_t)(AF_INET ^ AF_INET6),
		 AF_INET & AF_INET6},
		{1, SCMP_CMP_MASKED_EQ, TYPE_MASK, SOCK_RAW},
		{2, SCMP_CMP_MASKED_EQ, LOW_WORD, 0},
	};
	const uint32_t action = SCMP_ACT_ERRNO(EPROTONOSUPPORT);
	scmp_filter_ctx filter = seccomp_filter_new(SCMP_ACT_ALLOW, err);
	int result =
		filter ? seccomp_filter_add(filter, action, "socket", audit, ARRAY_SIZE(audit), err)
		       : -1;

	if (result >= 0)
		result = seccomp_filter_add(filter, action, "socket", raw, ARRAY_SIZE(raw), err);
	return seccomp_builtin_finish(program, filter, result, err);
}

/* Refuses one of the bits in the mode of a call. */
static int seccomp_builtin_add_mode(scmp_filter_ctx filter, size_t i, uint64_t bit,
				    struct warden_error *err)
{
	static const uint64_t makes[] = {O_CREAT, __O_TMPFILE}; /* else the mode is undefined */
	struct scmp_arg_cmp args[] = {
		{modes[i].mode, SCMP_CMP_MASKED_EQ, bit, bit},
		{modes[i].mode - 1, SCMP_CMP_MASKED_EQ, 0, 0},
	};

	if (!modes[i].opens)
		return seccomp_filter_add(filter, SCMP_ACT_ERRNO(EPERM), modes[i].name, args, 1,
					  err);
	for (size_t k = 0; k < ARRAY_SIZE(makes); k++) {
		args[1].datum_a = args[1].datum_b = makes[k];
		if (seccomp_filter_add(filter, SCMP_ACT_ERRNO(EPERM), modes[i].name, args, 2, err) <
		    0)
			return -1;
	}
	return 0;
}

int seccomp_builtin_append_setid(struct seccomp_program *program, struct warden_error *err)
{
	scmp_filter_ctx filter = seccomp_filter_new(SCMP_ACT_ALLOW, err);
	int result = filter ? 0 : -1;

	for (size_t i = 0; result >= 0 && i < ARRAY_SIZE(modes); i++) {
		result = seccomp_builtin_add_mode(filter, i, S_ISUID, err);
		if (result >= 0)
			result = seccomp_builtin_add_mode(filter, i, S_ISGID, err);
	}
	if (result >= 0) /* its mode is in memory, where it cannot be looked at */
		result =
			seccomp_filter_add(filter, SCMP_ACT_ERRNO(ENOSYS), "openat2", NULL, 0, err);
	return seccomp_builtin_finish(program, filter, result, err);
}

/* Most calls are allowed by the ranges, so these come first: when a program is loaded, the kernel
 * runs it once for each call. */
int seccomp_builtin_append(struct seccomp_program *program, enum seccomp_builtin profile,
			   bool no_setid, struct warden_error *err)
{
	struct seccomp_calls calls;
	scmp_filter_ctx filter = seccomp_filter_new(SCMP_ACT_ERRNO(EPERM), err);
	int result;

	seccomp_ranges_begin(&calls);
	result = filter ? seccomp_builtin_add_allowed(filter, &calls, 1U << profile, no_setid, err)
			: -1;
	if (result == 0)
		result = seccomp_ranges_append(program, &calls, err);
	seccomp_ranges_free(&calls);
	if (result == 0)
		result = seccomp_program_append_newer(program, err);
	if (result == 0)
		result = seccomp_builtin_append_refused(program, err);
	if (result == 0)
		result = seccomp_builtin_append_unsupported(program, err);
	if (result == 0 && no_setid)
		result = seccomp_builtin_append_setid(program, err);
	return seccomp_builtin_finish(program, filter, result, err);
}

int seccomp_builtin_append_wshd(struct seccomp_program *program, struct warden_error *err)
{
	scmp_filter_ctx filter = seccomp_filter_new(SCMP_ACT_ALLOW, err);

	return seccomp_builtin_finish(program, filter,
				      filter ? seccomp_builtin_add_names(filter,
									 SCMP_ACT_ERRNO(EPERM),
									 refused_for_all, err)
					     : -1,
				      err);
}
