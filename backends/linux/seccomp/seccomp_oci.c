/* SPDX-License-Identifier: Apache-2.0 */
/* Reads profiles of the operator; see seccomp_oci.h. */
#include "backends/linux/seccomp/seccomp_oci.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "backends/linux/linux.h"

enum { ARGS_MAX = 6, ERRNO_MAX = 4095 };

struct seccomp_oci {
	scmp_filter_ctx filter;
	uint32_t default_action;
};

static const struct {
	const char *name;
	uint32_t action;
} actions[] = {
	{"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD},
	{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
	{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
	{"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
	{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
	{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},
	{"SCMP_ACT_LOG", SCMP_ACT_LOG},
	{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
};

static const struct {
	const char *name;
	enum scmp_compare op;
} comparisons[] = {
	{"SCMP_CMP_NE", SCMP_CMP_NE},
	{"SCMP_CMP_LT", SCMP_CMP_LT},
	{"SCMP_CMP_LE", SCMP_CMP_LE},
	{"SCMP_CMP_EQ", SCMP_CMP_EQ},
	{"SCMP_CMP_GE", SCMP_CMP_GE},
	{"SCMP_CMP_GT", SCMP_CMP_GT},
	{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

/* The capabilities that a condition may name and that root in a container has. */
static const char *const capabilities[] = {
	"CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FOWNER",  "CAP_FSETID",           "CAP_KILL",
	"CAP_SETGID",  "CAP_SETUID",       "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW",
	"CAP_SETFCAP", "CAP_SYS_CHROOT",
};

static int seccomp_oci_read_action(const json_t *name, const json_t *number, uint32_t *action,
				   struct warden_error *err)
{
	const char *text = json_string_value(name);
	json_int_t value = number ? json_integer_value(number) : EPERM;

	/* An error of 0 would be success. */
	if (number && (!json_is_integer(number) || value < 1 || value > ERRNO_MAX))
		return warden_error_set(err, "errnoRet is no number from 1 to %d", ERRNO_MAX);
	for (size_t i = 0; text && i < ARRAY_SIZE(actions); i++) {
		if (strcmp(text, actions[i].name) != 0)
			continue;
		*action = actions[i].action;
		if (*action == SCMP_ACT_ERRNO(0) || *action == SCMP_ACT_TRACE(0))
			*action |= (uint32_t)value & 0xffff;
		return 0;
	}
	return warden_error_set(err, "action %s is unknown or not supported",
				text ? text : "(missing)");
}

static int seccomp_oci_read_arg(const json_t *json, struct scmp_arg_cmp *arg,
				struct warden_error *err)
{
	const char *op = json_string_value(json_object_get(json, "op"));
	json_int_t index = json_integer_value(json_object_get(json, "index"));
	const json_t *second = json_object_get(json, "valueTwo");

	if (!json_is_integer(json_object_get(json, "index")) || index < 0 || index >= ARGS_MAX)
		return warden_error_set(err, "an argument has no index from 0 to %d", ARGS_MAX - 1);
	if (!json_is_integer(json_object_get(json, "value")) ||
	    (second && !json_is_integer(second)))
		return warden_error_set(err, "value or valueTwo of argument %d is no number",
					(int)index);
	arg->arg = (unsigned)index;
	arg->datum_a = (uint64_t)json_integer_value(json_object_get(json, "value"));
	arg->datum_b = (uint64_t)json_integer_value(second);
	for (size_t i = 0; op && i < ARRAY_SIZE(comparisons); i++)
		if (strcmp(op, comparisons[i].name) == 0) {
			arg->op = comparisons[i].op;
			return 0;
		}
	return warden_error_set(err, "op %s is unknown", op ? op : "(missing)");
}

static int seccomp_oci_add(struct seccomp_oci *oci, uint32_t action, const char *name,
			   const struct scmp_arg_cmp *args, size_t n, struct warden_error *err)
{
	int result;

	if (action == oci->default_action)
		return 0;
	result = seccomp_filter_add(oci->filter, action, name, args, n, err);
	/* A call that is allowed by default would stay allowed. */
	if (result == 1 && oci->default_action == SCMP_ACT_ALLOW)
		return warden_error_set(err, "call %s is not known to libseccomp", name);
	return result < 0 ? -1 : 0;
}

/* Adds a call with its conditions on arguments: all must hold, but of several on one argument, one
 * must, as runc has it. */
static int seccomp_oci_add_call(struct seccomp_oci *oci, uint32_t action, const char *name,
				const struct scmp_arg_cmp *args, size_t n, struct warden_error *err)
{
	bool twice = false;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			twice |= args[i].arg == args[k].arg;
	if (!twice)
		return seccomp_oci_add(oci, action, name, args, n, err);
	for (size_t i = 0; i < n; i++)
		if (seccomp_oci_add(oci, action, name, &args[i], 1, err) < 0)
			return -1;
	return 0;
}

static bool seccomp_oci_has_capability(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(capabilities); i++)
		if (strcmp(name, capabilities[i]) == 0)
			return true;
	return false;
}

/* Whether this kernel is at least "MAJOR.MINOR". */
static bool seccomp_oci_is_kernel(const char *text)
{
	unsigned major = 0, minor = 0, least_major = 0, least_minor = 0;
	struct utsname name;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2 ||
	    sscanf(text, "%u.%u", &least_major, &least_minor) != 2)
		return false;
	return major > least_major || (major == least_major && minor >= least_minor);
}

static bool seccomp_oci_is_arch(const char *name)
{
	uint32_t native = seccomp_program_arch(0);

	return name && ((native == SCMP_ARCH_X86_64 && strcmp(name, "amd64") == 0) ||
			(native == SCMP_ARCH_AARCH64 && strcmp(name, "arm64") == 0));
}

/* Docker's conditions: of `includes` all must hold, of `excludes` none may. */
static bool seccomp_oci_applies(const json_t *entry)
{
	const json_t *in = json_object_get(entry, "includes");
	const json_t *out = json_object_get(entry, "excludes");
	const char *kernel = json_string_value(json_object_get(in, "minKernel"));
	const char *newer = json_string_value(json_object_get(out, "minKernel"));
	const json_t *archs = json_object_get(in, "arches");
	bool here = json_array_size(archs) == 0;
	json_t *value;
	size_t i;

	json_array_foreach(archs, i, value)
		here |= seccomp_oci_is_arch(json_string_value(value));
	if (!here || (kernel && !seccomp_oci_is_kernel(kernel)) ||
	    (newer && seccomp_oci_is_kernel(newer)))
		return false;
	json_array_foreach(json_object_get(out, "arches"), i, value)
		if (seccomp_oci_is_arch(json_string_value(value)))
			return false;
	json_array_foreach(json_object_get(in, "caps"), i, value)
		if (!seccomp_oci_has_capability(json_string_value(value)))
			return false;
	json_array_foreach(json_object_get(out, "caps"), i, value)
		if (seccomp_oci_has_capability(json_string_value(value)))
			return false;
	return true;
}

static int seccomp_oci_add_entry(struct seccomp_oci *oci, const json_t *entry,
				 struct warden_error *err)
{
	const json_t *names = json_object_get(entry, "names"), *name;
	const char *single = json_string_value(json_object_get(entry, "name"));
	struct scmp_arg_cmp args[ARGS_MAX];
	uint32_t action;
	size_t n = 0, i;
	json_t *arg;

	if (!json_is_array(names) && !single)
		return warden_error_set(err, "it has no names");
	if (seccomp_oci_read_action(json_object_get(entry, "action"),
				    json_object_get(entry, "errnoRet"), &action, err) < 0)
		return -1;
	if (json_array_size(json_object_get(entry, "args")) > ARGS_MAX)
		return warden_error_set(err, "it has more than %d args", ARGS_MAX);
	json_array_foreach(json_object_get(entry, "args"), i, arg)
		if (seccomp_oci_read_arg(arg, &args[n++], err) < 0)
			return -1;
	if (!seccomp_oci_applies(entry))
		return 0;
	if (single && seccomp_oci_add_call(oci, action, single, args, n, err) < 0)
		return -1;
	for (i = 0; (name = json_array_get(names, i)); i++) {
		if (!json_is_string(name))
			return warden_error_set(err, "name %zu is no text", i);
		if (seccomp_oci_add_call(oci, action, json_string_value(name), args, n, err) < 0)
			return -1;
	}
	return 0;
}

/* Keys that ask for what is not done here. */
static int seccomp_oci_check(const json_t *json, struct warden_error *err)
{
	const json_t *flag;

	if (!json_is_object(json))
		return warden_error_set(err, "it is no object");
	if (json_object_get(json, "listenerPath"))
		return warden_error_set(err, "listenerPath is not supported");
	for (size_t i = 0; (flag = json_array_get(json_object_get(json, "flags"), i)); i++)
		if (!json_is_string(flag) ||
		    strcmp(json_string_value(flag), "SECCOMP_FILTER_FLAG_TSYNC") != 0)
			return warden_error_set(err, "flag %s is not supported",
						json_is_string(flag) ? json_string_value(flag)
								     : "(no text)");
	if (!json_is_array(json_object_get(json, "syscalls")))
		return warden_error_set(err, "syscalls is no array");
	return 0;
}

static int seccomp_oci_read(struct seccomp_oci *oci, const json_t *json, struct warden_error *err)
{
	struct warden_error reason;
	json_t *entry;
	size_t i;

	if (seccomp_oci_check(json, err) < 0 ||
	    seccomp_oci_read_action(json_object_get(json, "defaultAction"),
				    json_object_get(json, "defaultErrnoRet"), &oci->default_action,
				    err) < 0)
		return -1;
	oci->filter = seccomp_filter_new(oci->default_action, err);
	if (!oci->filter)
		return -1;
	json_array_foreach(json_object_get(json, "syscalls"), i, entry)
		if (seccomp_oci_add_entry(oci, entry, &reason) < 0)
			return warden_error_set(err, "syscalls[%zu]: %s", i, reason.message);
	return 0;
}

int seccomp_oci_append(struct seccomp_program *program, const char *path, struct warden_error *err)
{
	struct seccomp_oci oci = {NULL, 0};
	struct warden_error reason;
	json_error_t where;
	json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
	int result;

	if (!json)
		return warden_error_set(err, "%s:%d: %s", path, where.line, where.text);
	result = seccomp_oci_read(&oci, json, &reason);
	json_decref(json);
	/* Else calls that are newer than this profile and libseccomp get an error that C libraries
	 * do not take for an absent call. */
	if (result == 0 && (oci.default_action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
		result = seccomp_program_append_newer(program, &reason);
	if (result == 0)
		return seccomp_program_append(program, oci.filter, err);
	seccomp_release(oci.filter);
	return warden_error_set(err, "%s: %s", path, reason.message);
}
