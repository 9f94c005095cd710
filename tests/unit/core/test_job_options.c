/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a job: valid values, refused ones with their errors; environments. */
#include <config.h>

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/job/cpu_lease.h"
#include "core/job/job_options.h"
#include "lib/cleanup.h"
#include "lib/environment.h"

static struct warden_rlimit rlimits[WARDEN_RLIMITS];

static const struct job_defaults defaults = {.rlimits = rlimits, .output_limit = 1000};

static ProtobufCBinaryData test_job_options_bytes(const char *text)
{
	return (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)text};
}

/* A request with a script, and one with a command. */
static Warden__SpawnRequest test_job_options_script(void)
{
	Warden__SpawnRequest request = WARDEN__SPAWN_REQUEST__INIT;

	request.has_script = true;
	request.script = test_job_options_bytes("exit 0\n");
	return request;
}

static ProtobufCBinaryData words[2];

static Warden__SpawnRequest test_job_options_command(void)
{
	Warden__SpawnRequest request = WARDEN__SPAWN_REQUEST__INIT;

	words[0] = test_job_options_bytes("ls");
	words[1] = test_job_options_bytes("-l");
	request.n_argv = 2;
	request.argv = words;
	return request;
}

/* The text of the error, or "fine". */
static const char *test_job_options_error(const Warden__SpawnRequest *request)
{
	static struct warden_error err;
	struct job_options options;

	if (job_options_read(&options, request, &defaults, &err) < 0)
		return err.message;
	job_options_free(&options);
	return "fine";
}

static void a_script_has_the_default_options(void)
{
	Warden__SpawnRequest request = test_job_options_script();
	struct job_options options;
	struct warden_error err;

	if (!unit_integer(job_options_read(&options, &request, &defaults, &err), 0))
		return;
	unit_bytes(options.script, options.script_length, "exit 0\n", 7);
	unit_true(!options.argv && !options.working_dir && !options.user && !options.input);
	unit_unsigned(options.output_limit, 1000);
	unit_true(options.env && !options.env[0]);
	job_options_free(&options);
}

static void it_is_either_a_script_or_a_command(void)
{
	Warden__SpawnRequest both = test_job_options_command(), none = WARDEN__SPAWN_REQUEST__INIT;
	Warden__SpawnRequest empty = test_job_options_command();

	both.has_script = true;
	unit_string(test_job_options_error(&both), "Please specify either script or argv.");
	unit_string(test_job_options_error(&none), "Please specify script or argv.");
	words[0] = test_job_options_bytes("");
	unit_contains(test_job_options_error(&empty), "argv: the first word is empty");
}

static void a_nul_byte_is_no_argument(void)
{
	Warden__SpawnRequest request = test_job_options_command();

	words[1] = (ProtobufCBinaryData){.len = 3, .data = (uint8_t *)"a\0b"};
	unit_string(test_job_options_error(&request), "argv: \"a\\x00b\" holds a NUL byte");
}

static void paths_users_and_cpus_are_checked(void)
{
	static const struct {
		const char *cpus;
		bool fine;
	} lists[] = {
		{"0", true},   {"0-3", true},    {"0,2-3,7", true}, {"", false},     {",", false},
		{"1,", false}, {"3-1", false},   {"-1", false},     {"1--2", false}, {"a", false},
		{"1 ", false}, {"99999", false}, {"0-8191", true},  {"8192", false},
	};
	Warden__SpawnRequest request = test_job_options_command();

	request.has_working_dir = true;
	request.working_dir = test_job_options_bytes("tmp");
	unit_string(test_job_options_error(&request),
		    "working_dir: \"tmp\" is not an absolute path");
	request.has_working_dir = false;
	request.has_user = true;
	request.user = test_job_options_bytes("a/b");
	unit_string(test_job_options_error(&request), "user: \"a/b\" is not a USER or USER:GROUP");
	request.user = test_job_options_bytes("root");
	request.privileged = true;
	unit_string(test_job_options_error(&request), "user: privileged already means root");
	request.has_user = false;
	request.has_cpus = true;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		request.cpus = test_job_options_bytes(lists[i].cpus);
		if (!unit_true((strcmp(test_job_options_error(&request), "fine") == 0) ==
			       lists[i].fine))
			unit_fail(lists[i].cpus);
	}
}

static void numbers_have_their_ranges(void)
{
	Warden__SpawnRequest request = test_job_options_command();

	request.has_nice = true;
	request.nice = -21;
	unit_string(test_job_options_error(&request),
		    "nice: -21 is out of range, -20 to 19 are allowed");
	request.nice = 19;
	request.has_rows = true;
	request.rows = 65536;
	unit_string(test_job_options_error(&request),
		    "rows: 65536 is out of range, 1 to 65535 are allowed");
	request.rows = 1;
	request.has_wall_time_us = true;
	request.wall_time_us = UINT64_MAX;
	unit_contains(test_job_options_error(&request),
		      "wall_time_us: 18446744073709551615 is out of range");
	request.wall_time_us = 0;
	request.has_memory_limit = true;
	request.memory_limit = UINT64_MAX;
	unit_contains(test_job_options_error(&request),
		      "memory_limit: 18446744073709551615 is out of range");
	request.memory_limit = 0;
	request.has_output_policy = true;
	request.output_policy = (Warden__OutputPolicy)-1;
	unit_contains(test_job_options_error(&request), "output_policy: ");
	request.output_policy = WARDEN__OUTPUT_POLICY__TAIL;
	unit_string(test_job_options_error(&request), "fine");
}

static void limits_of_a_job_need_a_cgroup(void)
{
	Warden__SpawnRequest request = test_job_options_command();
	struct job_options options;
	struct warden_error err;

	request.has_process_limit = true;
	request.process_limit = 3;
	if (!unit_integer(job_options_read(&options, &request, &defaults, &err), 0))
		return;
	unit_true(options.own_cgroup);
	unit_unsigned(options.process_limit, 3);
	job_options_free(&options);
}

static void a_script_cannot_have_standard_input(void)
{
	Warden__SpawnRequest request = test_job_options_script();

	request.stdin = true;
	unit_contains(test_job_options_error(&request),
		      "stdin: a script is its job's standard input");
	request.terminal = true;
	unit_contains(test_job_options_error(&request),
		      "terminal: a script is its job's standard input");
	request = test_job_options_command();
	request.terminal = true;
	unit_string(test_job_options_error(&request), "fine");
}

static void the_image_sets_the_defaults_of_commands_and_scripts(void)
{
	char *image[] = {(char *)"A=image", (char *)"B=image", NULL};
	char *container[] = {(char *)"B=container", (char *)"C=container", NULL};
	const struct job_defaults rich = {.rlimits = rlimits,
					  .output_limit = 1,
					  .env = {image, container},
					  .working_dir = "/srv",
					  .user = "app"};
	ProtobufCBinaryData own[] = {test_job_options_bytes("C=own"),
				     test_job_options_bytes("D=x=y")};
	Warden__SpawnRequest request = test_job_options_command();
	struct job_options options;
	struct warden_error err;

	request.n_env = 2;
	request.env = own;
	if (!unit_integer(job_options_read(&options, &request, &rich, &err), 0))
		return;
	unit_string(options.working_dir, "/srv");
	unit_string(options.user, "app");
	for (size_t i = 0; i < 4; i++) {
		static const char *const expected[] = {"A=image", "B=container", "C=own", "D=x=y"};

		if (!unit_true(options.env[i] != NULL))
			break;
		unit_string(options.env[i], expected[i]);
	}
	unit_true(!options.env[4]);
	job_options_free(&options);
	request = test_job_options_script();
	if (unit_integer(job_options_read(&options, &request, &rich, &err), 0)) {
		unit_string(options.working_dir, "/srv");
		unit_string(options.user, "app");
		job_options_free(&options);
	}
	request.privileged = true;
	if (unit_integer(job_options_read(&options, &request, &rich, &err), 0)) {
		unit_string(options.working_dir, "/srv");
		unit_true(!options.user);
		job_options_free(&options);
	}
}

static void an_entry_of_the_environment_has_a_name(void)
{
	static const char *const bad[] = {"", "=x", "NAME", "=", "=A=B"};
	Warden__SpawnRequest request = test_job_options_command();
	ProtobufCBinaryData entry;

	request.n_env = 1;
	request.env = &entry;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		entry = test_job_options_bytes(bad[i]);
		unit_contains(test_job_options_error(&request), "is not NAME=VALUE");
	}
	entry = (ProtobufCBinaryData){.len = 4, .data = (uint8_t *)"A=\0b"};
	unit_string(test_job_options_error(&request), "env: \"A=\\x00b\" holds a NUL byte");
	entry = test_job_options_bytes("A=");
	unit_string(test_job_options_error(&request), "fine");
}

static void names_with_a_common_prefix_are_different(void)
{
	char *first[] = {(char *)"AB=1", (char *)"A=2", NULL};
	char *second[] = {(char *)"A=3", (char *)"ABC=4", NULL};
	_cleanup_environment_ char **merged =
		environment_merge((char *const *const[]){first, NULL, second}, 3);

	if (!unit_true(merged && merged[0] && merged[1] && merged[2]))
		return;
	unit_string(merged[0], "AB=1");
	unit_string(merged[1], "A=3");
	unit_string(merged[2], "ABC=4");
	unit_true(!merged[3]);
}

static void a_command_is_shown_in_one_line(void)
{
	Warden__SpawnRequest request = test_job_options_script();
	struct job_options options;
	struct warden_error err;
	char *shown;

	request.script = test_job_options_bytes("echo \033[1m\necho more\n");
	if (!unit_integer(job_options_read(&options, &request, &defaults, &err), 0))
		return;
	shown = job_options_command(&options);
	unit_string(shown, "echo \\x1b[1m");
	free(shown);
	job_options_free(&options);
	request = test_job_options_command();
	if (!unit_integer(job_options_read(&options, &request, &defaults, &err), 0))
		return;
	shown = job_options_command(&options);
	unit_string(shown, "ls -l");
	free(shown);
	job_options_free(&options);
}

static void a_list_names_its_cpus(void)
{
	bool flags[6] = {false};

	unit_true(cpu_list_read("1,3-9", flags, 6));
	unit_true(!flags[0] && flags[1] && !flags[2] && flags[3] && flags[4] && flags[5]);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(a_script_has_the_default_options),
		UNIT_TEST(it_is_either_a_script_or_a_command),
		UNIT_TEST(a_nul_byte_is_no_argument),
		UNIT_TEST(paths_users_and_cpus_are_checked),
		UNIT_TEST(numbers_have_their_ranges),
		UNIT_TEST(limits_of_a_job_need_a_cgroup),
		UNIT_TEST(a_script_cannot_have_standard_input),
		UNIT_TEST(the_image_sets_the_defaults_of_commands_and_scripts),
		UNIT_TEST(an_entry_of_the_environment_has_a_name),
		UNIT_TEST(names_with_a_common_prefix_are_different),
		UNIT_TEST(a_command_is_shown_in_one_line),
		UNIT_TEST(a_list_names_its_cpus),
	};

	return unit_main(argc, argv, "job_options", tests, ARRAY_SIZE(tests));
}
