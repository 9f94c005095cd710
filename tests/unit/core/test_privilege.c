/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's capabilities after their reduction. Each case reduces them in a child process and
 * reads the kernel's report. */
#include <config.h>

#include "tests/unit/unit.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/privilege.h"
#include "lib/cleanup.h"

/* The sets of /proc/self/status. */
struct privilege_sets {
	uint64_t inheritable, permitted, effective, bounding, ambient;
	uint64_t missing; /* reported by privilege_reduce */
	int result;
};

static uint64_t test_privilege_read_set(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	size_t length = strlen(name);
	uint64_t value = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			value = strtoull(line + length + 1, NULL, 16);
	if (file)
		fclose(file);
	return value;
}

static struct privilege_sets test_privilege_read_sets(void)
{
	return (struct privilege_sets){.inheritable = test_privilege_read_set("CapInh"),
				       .permitted = test_privilege_read_set("CapPrm"),
				       .effective = test_privilege_read_set("CapEff"),
				       .bounding = test_privilege_read_set("CapBnd"),
				       .ambient = test_privilege_read_set("CapAmb")};
}

/* Reduces to `keep` in a child; returns the resulting sets. */
static struct privilege_sets test_privilege_reduce(uint64_t keep)
{
	struct privilege_sets sets = {.result = -1};
	struct warden_error err;
	int ends[2], status;
	pid_t pid;

	if (!unit_integer(pipe(ends), 0))
		return sets;
	pid = fork();
	if (pid == 0) {
		uint64_t missing = 0;
		int result = privilege_reduce(keep, &missing, &err);

		sets = test_privilege_read_sets();
		sets.result = result;
		sets.missing = missing;
		_exit(write(ends[1], &sets, sizeof(sets)) == (ssize_t)sizeof(sets) ? 0 : 1);
	}
	close(ends[1]);
	unit_integer(read(ends[0], &sets, sizeof(sets)), sizeof(sets));
	close(ends[0]);
	unit_true(waitpid(pid, &status, 0) == pid && status == 0);
	return sets;
}

#define BIT(capability) (UINT64_C(1) << (capability))

static void other_capabilities_are_dropped(void)
{
	struct privilege_sets before = test_privilege_read_sets();
	uint64_t keep = BIT(CAP_KILL) | BIT(CAP_CHOWN) | BIT(CAP_SYS_ADMIN);
	struct privilege_sets after = test_privilege_reduce(keep);

	unit_integer(after.result, 0);
	unit_unsigned(after.permitted, before.permitted & keep);
	unit_unsigned(after.effective, before.permitted & keep);
	unit_unsigned(after.inheritable, 0);
	unit_unsigned(after.ambient, 0);
	unit_unsigned(after.missing, keep & ~before.permitted);
}

static void the_bounding_set_is_dropped_too(void)
{
	struct privilege_sets before = test_privilege_read_sets();
	uint64_t keep = BIT(CAP_KILL);
	struct privilege_sets after = test_privilege_reduce(keep);
	bool may = before.effective & BIT(CAP_SETPCAP);

	unit_unsigned(after.bounding, may ? before.bounding & keep : before.bounding);
}

static void none_keeps_none(void)
{
	struct privilege_sets after = test_privilege_reduce(WARDEN_CAPABILITIES_NONE);

	unit_integer(after.result, 0);
	unit_unsigned(after.permitted, 0);
	unit_unsigned(after.effective, 0);
	unit_unsigned(after.missing, 0);
}

static void a_missing_capability_is_reported(void)
{
	struct privilege_sets before = test_privilege_read_sets(),
			      after = test_privilege_reduce(UINT64_MAX);

	unit_integer(after.result, 0);
	unit_unsigned(after.permitted, before.permitted);
	unit_unsigned(after.missing & before.permitted, 0);
}

static void a_program_executed_by_root_gains_no_capabilities(void)
{
	uint64_t missing, keep = BIT(CAP_KILL), seen = UINT64_MAX;
	struct warden_error err;
	int ends[2], status;
	char text[64] = "";
	pid_t pid;

	if (!(test_privilege_read_sets().effective & BIT(CAP_SETPCAP)))
		return; /* nothing to drop */
	if (!unit_integer(pipe(ends), 0))
		return;
	pid = fork();
	if (pid == 0) {
		if (privilege_reduce(keep, &missing, &err) == 0 && dup2(ends[1], 1) == 1)
			execl("/bin/sh", "sh", "-c",
			      "while read -r n v; do [ $n = CapPrm: ] && echo 0x$v; done "
			      "< /proc/self/status; :",
			      (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	if (unit_true(read(ends[0], text, sizeof(text) - 1) > 0))
		seen = strtoull(text, NULL, 16);
	close(ends[0]);
	unit_true(waitpid(pid, &status, 0) == pid && status == 0);
	unit_unsigned(seen & ~keep, 0);
}

static void names_are_those_of_libcap(void)
{
	char names[256], small[8];

	privilege_names(BIT(CAP_CHOWN) | BIT(CAP_SYS_ADMIN), names, sizeof(names));
	unit_string(names, "cap_chown cap_sys_admin");
	privilege_names(0, names, sizeof(names));
	unit_string(names, "");
	privilege_names(UINT64_MAX, small, sizeof(small));
	unit_unsigned(strlen(small), 7);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(other_capabilities_are_dropped),
		UNIT_TEST(the_bounding_set_is_dropped_too),
		UNIT_TEST(none_keeps_none),
		UNIT_TEST(a_missing_capability_is_reported),
		UNIT_TEST(a_program_executed_by_root_gains_no_capabilities),
		UNIT_TEST(names_are_those_of_libcap),
	};

	return unit_main(argc, argv, "privilege", tests, ARRAY_SIZE(tests));
}
