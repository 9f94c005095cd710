/* SPDX-License-Identifier: Apache-2.0 */
/* Loading a backend: a valid module, and each way in which a module can be invalid. */
#include <config.h>

#include "tests/unit/unit.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/backend/backend_load.h"
#include "core/config/config.h"
#include "lib/cleanup.h"

/* Settings with this container_klass; the backend path is the directory of the test's modules. */
static struct config *test_backend_load_settings(const char *container_klass)
{
	char text[PATH_MAX * 2];
	struct warden_error err = {0};
	struct config *config;

	snprintf(text, sizeof(text),
		 "server: {\n  backend_path = \"/nowhere:%s\";\n  container_klass = \"%s\";\n};\n",
		 MODULE_DIRECTORY, container_klass);
	config = config_load(unit_file("warden.conf", text), &err);
	if (!config)
		unit_fail(err.message);
	return config;
}

/* Expects that loading fails with this message after place and key. `%` stands for the directory of
 * modules. */
static void test_backend_load_expect_error(const char *container_klass, const char *message)
{
	struct config *config = test_backend_load_settings(container_klass);
	struct warden_error err = {0};
	struct backend_module *module = config ? backend_load(config, &err) : NULL;
	const char *mark = strchr(message, '%');
	char expected[PATH_MAX * 2];

	snprintf(expected, sizeof(expected), "%s/warden.conf:3: server.container_klass: %.*s%s%s",
		 unit_directory(), mark ? (int)(mark - message) : 0, message,
		 mark ? MODULE_DIRECTORY : "", mark ? mark + 1 : message);
	unit_true(module == NULL);
	unit_string(err.message, expected);
	backend_unload(module);
	config_free(config);
}

static void test_backend_load_expect_success(const char *container_klass)
{
	struct config *config = test_backend_load_settings(container_klass);
	struct warden_error err = {0};
	struct backend_module *module = config ? backend_load(config, &err) : NULL;

	unit_string(err.message, "");
	if (unit_true(module != NULL)) {
		unit_string(module->container_klass->name, "good");
		unit_string(module->file, MODULE_DIRECTORY "/good.so");
		unit_true(module->container_klass->setup != NULL);
	}
	backend_unload(module);
	config_free(config);
}

static void a_name_is_looked_for_in_the_backend_path(void)
{
	test_backend_load_expect_success("good");
}

static void a_path_is_used_unchanged(void)
{
	test_backend_load_expect_success(MODULE_DIRECTORY "/good.so");
}

static void a_module_can_be_loaded_again_and_again(void)
{
	for (unsigned i = 0; i < 20; i++)
		test_backend_load_expect_success("good");
}

static void a_missing_backend_is_reported_with_the_searched_directories(void)
{
	test_backend_load_expect_error("none",
				       "there is no none.so in server.backend_path (/nowhere:%)");
	test_backend_load_expect_error("/nowhere/none.so",
				       "/nowhere/none.so: No such file or directory");
}

static void a_file_that_is_not_a_module_is_refused(void)
{
	char path[PATH_MAX], expected[PATH_MAX + 64];

	unit_file("text.so", "this is no module\n");
	snprintf(path, sizeof(path), "%s/text.so", unit_directory());
	snprintf(expected, sizeof(expected), "%s: file too short", path);
	test_backend_load_expect_error(path, expected);
	snprintf(path, sizeof(path), "%s/fifo.so", unit_directory());
	unit_integer(mkfifo(path, 0600), 0);
	snprintf(expected, sizeof(expected), "%s is not a regular file", path);
	test_backend_load_expect_error(path, expected);
	snprintf(expected, sizeof(expected), "%s/./. is not a regular file", unit_directory());
	test_backend_load_expect_error("./.", expected);
}

static void a_module_without_the_symbol_is_refused(void)
{
	test_backend_load_expect_error(
		"no_symbol",
		"%/no_symbol.so: exports no warden_container_klass, so it is no backend");
}

static void a_module_with_an_undefined_function_is_refused(void)
{
	test_backend_load_expect_error(
		"undefined_function",
		"%/undefined_function.so: undefined symbol: nobody_defines_this");
}

static void a_module_of_another_abi_is_refused(void)
{
	test_backend_load_expect_error(
		"wrong_abi", "%/wrong_abi.so: is built for ABI 999, this daemon needs 2; build it "
			     "against this version's warden/backend.h");
}

/* Built against a header that ended before `detach`. */
static void operations_missing_from_an_older_module_are_null(void)
{
	struct config *config = test_backend_load_settings("older");
	struct warden_error err = {0};
	struct backend_module *module = backend_load(config, &err);

	if (unit_true(module != NULL)) {
		unit_true(module->container_klass->destroy != NULL);
		unit_true(module->container_klass->detach == NULL);
		unit_true(module->container_klass->info == NULL);
		unit_unsigned(module->container_klass->size, sizeof(struct warden_container_klass));
	} else {
		unit_fail(err.message);
	}
	backend_unload(module);
	config_free(config);
}

static void the_tail_of_a_newer_module_is_ignored(void)
{
	struct config *config = test_backend_load_settings("newer");
	struct warden_error err = {0};
	struct backend_module *module = backend_load(config, &err);

	if (!unit_true(module != NULL))
		unit_fail(err.message);
	backend_unload(module);
	config_free(config);
}

/* As a backend asks about a struct of an older daemon. */
static void a_member_beyond_the_writers_size_is_absent(void)
{
	struct warden_limits limits;

	warden_limits_init(&limits);
	unit_true(WARDEN_HAS(&limits, io_write_rate));
	limits.size = offsetof(struct warden_limits, io_weight);
	unit_true(WARDEN_HAS(&limits, bandwidth_burst));
	unit_false(WARDEN_HAS(&limits, io_weight));
}

static void a_module_of_an_impossible_size_is_refused(void)
{
	test_backend_load_expect_error(
		"tiny", "%/tiny.so: its warden_container_klass has a size of 8 bytes");
}

static void a_module_whose_transfers_cannot_be_cancelled_is_refused(void)
{
	test_backend_load_expect_error(
		"no_cancel",
		"%/no_cancel.so: lacks the operation transfer_cancel, which a backend with "
		"transfer must have");
}

static void a_module_without_a_required_operation_is_refused(void)
{
	test_backend_load_expect_error(
		"missing_operation",
		"%/missing_operation.so: lacks the operation spawn, which every backend must have");
}

static void a_module_without_its_own_name_is_refused(void)
{
	test_backend_load_expect_error(
		"no_name",
		"%/no_name.so: its warden_container_klass has no name (letters, digits, _ "
		"and -)");
	test_backend_load_expect_error(
		"reserved_name", "%/reserved_name.so: its name, server, is that of a group of the "
				 "daemon's own settings");
}

static void a_module_with_invalid_options_is_refused(void)
{
	test_backend_load_expect_error(
		"bad_option",
		"%/bad_option.so: option width: its default is not between min and max");
}

static void a_refused_module_leaves_nothing_loaded(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	bool found = false;

	if (unit_true(maps != NULL)) {
		char line[PATH_MAX];

		while (fgets(line, sizeof(line), maps))
			found |= strstr(line, MODULE_DIRECTORY) != NULL;
		fclose(maps);
	}
	unit_false(found);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(a_name_is_looked_for_in_the_backend_path),
		UNIT_TEST(a_path_is_used_unchanged),
		UNIT_TEST(a_module_can_be_loaded_again_and_again),
		UNIT_TEST(a_missing_backend_is_reported_with_the_searched_directories),
		UNIT_TEST(a_file_that_is_not_a_module_is_refused),
		UNIT_TEST(a_module_without_the_symbol_is_refused),
		UNIT_TEST(a_module_with_an_undefined_function_is_refused),
		UNIT_TEST(a_module_of_another_abi_is_refused),
		UNIT_TEST(operations_missing_from_an_older_module_are_null),
		UNIT_TEST(the_tail_of_a_newer_module_is_ignored),
		UNIT_TEST(a_member_beyond_the_writers_size_is_absent),
		UNIT_TEST(a_module_of_an_impossible_size_is_refused),
		UNIT_TEST(a_module_whose_transfers_cannot_be_cancelled_is_refused),
		UNIT_TEST(a_module_without_a_required_operation_is_refused),
		UNIT_TEST(a_module_without_its_own_name_is_refused),
		UNIT_TEST(a_module_with_invalid_options_is_refused),
		UNIT_TEST(a_refused_module_leaves_nothing_loaded),
	};

	return unit_main(argc, argv, "klass", tests, ARRAY_SIZE(tests));
}
