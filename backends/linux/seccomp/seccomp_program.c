/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the programs of system call filters; see seccomp_program.h. */
#include "backends/linux/seccomp/seccomp_program.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/linux/linux.h"
#include "lib/cleanup.h"

/* Numbers of calls are below this on the architectures whose newest call is searched. */
enum { CALLS_MAX = 1024 };

/* The instructions of seccomp_program_append_newer for one architecture. */
enum { NEWER_LENGTH = 5 };

uint32_t seccomp_program_arch(int i)
{
	uint32_t native = seccomp_arch_native();

	if (i == 0)
		return native;
	switch (native) {
	case SCMP_ARCH_X86_64:
		return SCMP_ARCH_X86;
	case SCMP_ARCH_AARCH64:
		return SCMP_ARCH_ARM;
	default:
		return SCMP_ARCH_NATIVE;
	}
}

scmp_filter_ctx seccomp_filter_new(uint32_t default_action, struct warden_error *err)
{
	scmp_filter_ctx filter = seccomp_init(default_action);
	uint32_t second = seccomp_program_arch(1);
	int result = filter ? 0 : -ENOMEM;

	if (result == 0 && second != SCMP_ARCH_NATIVE)
		result = seccomp_arch_add(filter, second);
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree */
	if (result == 0)
		return filter;
	seccomp_release(filter);
	errno = -result;
	warden_error_errno(err, "make a system call filter");
	return NULL;
}

int seccomp_filter_add(scmp_filter_ctx filter, uint32_t action, const char *name,
		       const struct scmp_arg_cmp *args, size_t n_args, struct warden_error *err)
{
	int number = seccomp_syscall_resolve_name(name);
	int result;

	if (number == __NR_SCMP_ERROR)
		return 1;
	result = seccomp_rule_add_array(filter, action, number, (unsigned)n_args, args);
	if (result == 0)
		return 0;
	errno = -result;
	return warden_error_errno(err, "add call %s to a system call filter", name);
}

/* Makes room for `n` more instructions. What has been allowed so far continues there. */
static struct sock_filter *seccomp_program_extend(struct seccomp_program *program, size_t n,
						  struct warden_error *err)
{
	const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_filter *code;

	if (program->length + n > BPF_MAXINSNS) {
		warden_error_set(err, "a system call filter has %zu instructions, at most %d fit",
				 program->length + n, BPF_MAXINSNS);
		return NULL;
	}
	code = reallocarray(program->code, program->length + n, sizeof(*code));
	if (!code) {
		warden_error_errno(err, "make a system call filter");
		return NULL;
	}
	for (size_t i = 0; i < program->length; i++)
		if (code[i].code == allow.code && code[i].k == allow.k)
			code[i] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA,
							       (uint32_t)(program->length - i - 1));
	program->code = code;
	code += program->length;
	program->length += n;
	return code;
}

int seccomp_program_append_copy(struct seccomp_program *program, const struct seccomp_program *more,
				struct warden_error *err)
{
	struct sock_filter *code = seccomp_program_extend(program, more->length, err);

	if (!code)
		return -1;
	memcpy(code, more->code, more->length * sizeof(*code));
	return 0;
}

/* Reads the program that libseccomp has written to a file. */
static int seccomp_program_read(struct seccomp_program *program, int fd, struct warden_error *err)
{
	struct sock_filter *code;
	struct stat status;
	size_t size;

	if (fstat(fd, &status) < 0)
		return warden_error_errno(err, "stat a system call filter");
	size = (size_t)status.st_size;
	code = seccomp_program_extend(program, size / sizeof(*code), err);
	if (!code)
		return -1;
	if (pread(fd, code, size, 0) != status.st_size)
		return warden_error_errno(err, "read a system call filter");
	return 0;
}

int seccomp_program_append(struct seccomp_program *program, scmp_filter_ctx filter,
			   struct warden_error *err)
{
	_cleanup_close_ int fd = -1;
	int result;

	if (!filter)
		return -1;
	fd = memfd_create("filter", MFD_CLOEXEC);
	result = fd < 0 ? -errno : seccomp_export_bpf(filter, fd);
	seccomp_release(filter);
	if (result == 0)
		return seccomp_program_read(program, fd, err);
	errno = -result;
	return warden_error_errno(err, "write a system call filter");
}

/* The highest number of a call of seccomp_program_arch(i) that libseccomp knows; 0: they do not
 * count up from 0. The search takes longer than the rest of a program, so it is done once. Setup
 * thread. */
static uint32_t seccomp_program_newest(int i)
{
	static int newest[2];
	uint32_t arch = seccomp_program_arch(i);
	char *name = NULL;

	if (arch == SCMP_ARCH_ARM) /* has private calls far above */
		return 0;
	if (newest[i] > 0)
		return (uint32_t)newest[i];
	newest[i] = CALLS_MAX;
	while (!name && --newest[i] > 0)
		name = seccomp_syscall_resolve_num_arch(arch, newest[i]);
	free(name);
	return (uint32_t)newest[i];
}

static int seccomp_program_append_newer_than(struct seccomp_program *program, int i,
					     struct warden_error *err)
{
	uint32_t arch = seccomp_program_arch(i), newest = seccomp_program_newest(i);
	/* The numbers of libseccomp's architectures are those of the kernel. */
	const struct sock_filter newer[NEWER_LENGTH] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 0, NEWER_LENGTH - 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, newest, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	struct sock_filter *code;

	if (newest == 0)
		return 0;
	code = seccomp_program_extend(program, NEWER_LENGTH, err);
	if (!code)
		return -1;
	memcpy(code, newer, sizeof(newer));
	return 0;
}

int seccomp_program_append_newer(struct seccomp_program *program, struct warden_error *err)
{
	uint32_t second = seccomp_program_arch(1);

	if (seccomp_program_append_newer_than(program, 0, err) < 0)
		return -1;
	return second == SCMP_ARCH_NATIVE ? 0 : seccomp_program_append_newer_than(program, 1, err);
}

void seccomp_program_finish(struct seccomp_program *program)
{
	for (size_t i = 0; i < program->length; i++)
		if (program->code[i].code == (BPF_RET | BPF_K) &&
		    program->code[i].k == SECCOMP_PROGRAM_DONE)
			program->code[i].k = SECCOMP_RET_ALLOW;
}

void seccomp_program_free(struct seccomp_program *program)
{
	free(program->code);
	*program = (struct seccomp_program){0};
}
