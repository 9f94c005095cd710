/* SPDX-License-Identifier: Apache-2.0 */
/* Restricts the devices that a container may use and make, root included, to those listed in
 * protocol.md. The rules are set on the group that holds the containers' groups: on v1 a new group
 * copies its parent's rules, on v2 a program applies to all groups below. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup_private.h"
#include "lib/cleanup.h"

#define ANY_MINOR UINT32_MAX

/* Character devices; no block device is allowed. */
static const struct {
	uint32_t major, minor;
} allowed[] = {
	{1, 3},           /* null */
	{1, 5},           /* zero */
	{1, 7},           /* full */
	{1, 8},           /* random */
	{1, 9},           /* urandom */
	{5, 0},           /* tty */
	{5, 2},           /* ptmx */
	{136, ANY_MINOR}, /* pts */
	{10, 229},        /* fuse */
};

static void cgroup_devices_format_rule(size_t i, char *text, size_t size)
{
	if (allowed[i].minor == ANY_MINOR)
		snprintf(text, size, "c %u:* rwm", allowed[i].major);
	else
		snprintf(text, size, "c %u:%u rwm", allowed[i].major, allowed[i].minor);
}

/* Whether the group has our rules and no others. */
static bool cgroup_devices_is_set_v1(int fd)
{
	char list[1024], text[32];
	size_t lines = 0;

	if (cgroup_file_read(fd, "devices.list", list, sizeof(list)) < 0)
		return false;
	for (const char *at = list; (at = strchr(at, '\n')); at++)
		lines++;
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		cgroup_devices_format_rule(i, text, sizeof(text));
		if (!strstr(list, text))
			return false;
	}
	return lines == ARRAY_SIZE(allowed);
}

/* The rules of a group with child groups cannot be changed; those set by an earlier daemon are
 * right already. */
static int cgroup_devices_refuse_v1(int fd, struct warden_error *err)
{
	char text[32];

	if (cgroup_devices_is_set_v1(fd))
		return 0;
	if (cgroup_file_write(fd, "devices.deny", "a", err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		cgroup_devices_format_rule(i, text, sizeof(text));
		if (cgroup_file_write(fd, "devices.allow", text, err) < 0)
			return -1;
	}
	return 0;
}

/* BPF instructions, by the names of its manual: 64-bit move, jumps with a constant, 32-bit loads.
 */
static struct bpf_insn cgroup_devices_insn(uint8_t code, uint8_t to, uint8_t from, int16_t offset,
					   int32_t constant)
{
	return (struct bpf_insn){
		.code = code, .dst_reg = to, .src_reg = from, .off = offset, .imm = constant};
}

#define LOAD(to, field)                                                                            \
	cgroup_devices_insn(BPF_LDX | BPF_MEM | BPF_W, to, BPF_REG_1,                              \
			    offsetof(struct bpf_cgroup_dev_ctx, field), 0)
#define JUMP_UNLESS_EQUAL(reg, constant, offset)                                                   \
	cgroup_devices_insn(BPF_JMP | BPF_JNE | BPF_K, reg, 0, offset, (int32_t)(constant))
#define RETURN_VALUE(value) cgroup_devices_insn(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, value)
#define EXIT                cgroup_devices_insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

#define PROGRAM_MAX (8 + 4 * ARRAY_SIZE(allowed))

/* The program returns 1 for a character device of the list, else 0. */
static size_t cgroup_devices_write_program(struct bpf_insn *program)
{
	size_t n = 0;

	program[n++] = LOAD(BPF_REG_2, access_type); /* the type is in the lower half */
	program[n++] = cgroup_devices_insn(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
	program[n++] = LOAD(BPF_REG_3, major);
	program[n++] = LOAD(BPF_REG_4, minor);
	program[n++] = RETURN_VALUE(0);
	program[n++] =
		cgroup_devices_insn(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_2, 0, 1, BPF_DEVCG_DEV_CHAR);
	program[n++] = EXIT;
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		bool any = allowed[i].minor == ANY_MINOR;

		program[n++] = JUMP_UNLESS_EQUAL(BPF_REG_3, allowed[i].major, any ? 2 : 3);
		if (!any)
			program[n++] = JUMP_UNLESS_EQUAL(BPF_REG_4, allowed[i].minor, 2);
		program[n++] = RETURN_VALUE(1);
		program[n++] = EXIT;
	}
	program[n++] = EXIT;
	return n;
}

static int cgroup_devices_bpf(enum bpf_cmd command, union bpf_attr *attributes)
{
	return (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static int cgroup_devices_load_program(struct warden_error *err)
{
	struct bpf_insn program[PROGRAM_MAX];
	char log[2048] = "";
	union bpf_attr attributes = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)program,
		.insn_cnt = (uint32_t)cgroup_devices_write_program(program),
		.license = (uintptr_t) "Apache-2.0",
		.prog_name = "warden_devices",
	};
	int fd = cgroup_devices_bpf(BPF_PROG_LOAD, &attributes);

	if (fd >= 0)
		return fd;
	attributes.log_buf = (uintptr_t)log;
	attributes.log_size = sizeof(log);
	attributes.log_level = 1;
	fd = cgroup_devices_bpf(BPF_PROG_LOAD, &attributes);
	if (fd >= 0)
		return fd;
	return warden_error_errno(err, "load device rules (BPF)%s%s", log[0] ? ": " : "", log);
}

/* Opens the program that an earlier daemon attached; -1 if there is none. */
static int cgroup_devices_find_program(int cgroup_fd)
{
	uint32_t ids[64] = {0};
	union bpf_attr query = {0};

	query.query.target_fd = (uint32_t)cgroup_fd;
	query.query.attach_type = BPF_CGROUP_DEVICE;
	query.query.prog_ids = (uintptr_t)ids;
	query.query.prog_cnt = ARRAY_SIZE(ids);
	if (cgroup_devices_bpf(BPF_PROG_QUERY, &query) < 0)
		return -1;
	for (uint32_t i = 0; i < query.query.prog_cnt && i < ARRAY_SIZE(ids); i++) {
		union bpf_attr by_id = {.prog_id = ids[i]};
		struct bpf_prog_info info = {0};
		union bpf_attr get = {.info = {.info_len = sizeof(info), .info = (uintptr_t)&info}};
		int fd = cgroup_devices_bpf(BPF_PROG_GET_FD_BY_ID, &by_id);

		if (fd < 0)
			continue;
		get.info.bpf_fd = (uint32_t)fd;
		if (cgroup_devices_bpf(BPF_OBJ_GET_INFO_BY_FD, &get) == 0 &&
		    strcmp(info.name, "warden_devices") == 0)
			return fd;
		close(fd);
	}
	return -1;
}

/* Other programs of the group (systemd's, an operator's) stay; our previous one is replaced. */
static int cgroup_devices_refuse_v2(const struct cgroup_hierarchy *hierarchy, int fd,
				    struct warden_error *err)
{
	_cleanup_close_ int program = cgroup_devices_load_program(err);
	_cleanup_close_ int cgroup_fd = -1;
	_cleanup_close_ int before = -1;
	union bpf_attr attach = {0};

	if (program < 0)
		return -1;
	cgroup_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup_fd < 0)
		return warden_error_errno(err, "open %s/" CGROUP_PARENT, hierarchy->path);
	before = cgroup_devices_find_program(cgroup_fd);
	attach.target_fd = (uint32_t)cgroup_fd;
	attach.attach_bpf_fd = (uint32_t)program;
	attach.attach_type = BPF_CGROUP_DEVICE;
	attach.attach_flags = BPF_F_ALLOW_MULTI | (before >= 0 ? BPF_F_REPLACE : 0);
	attach.replace_bpf_fd = before >= 0 ? (uint32_t)before : 0;
	if (cgroup_devices_bpf(BPF_PROG_ATTACH, &attach) < 0)
		return warden_error_errno(err, "attach device rules to %s/" CGROUP_PARENT,
					  hierarchy->path);
	return 0;
}

int cgroup_devices_refuse(const struct cgroup_hierarchy *hierarchy, int fd,
			  struct warden_error *err)
{
	return hierarchy->v2 ? cgroup_devices_refuse_v2(hierarchy, fd, err)
			     : cgroup_devices_refuse_v1(fd, err);
}
