/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that wshd executes: arguments, environment, working directory, standard input. */
#include <config.h>

#include "tests/unit/unit.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/wshd/wshd_case.h"

/* Checks that a job prints `expected` and exits with 0. */
static void command_prints(const struct wshd_case *wshd, struct warden_spawn *spawn,
			   const char *expected)
{
	struct job_output output = wshd_case_spawn_as(wshd, spawn, NULL);
	struct warden_job_end end = wshd_case_job_end(wshd, spawn->job_id);

	unit_string(end.start_error, "");
	unit_integer(end.exit_status, 0);
	unit_string(wshd_case_read(output.out), expected);
	unit_string(wshd_case_read(output.err), "");
}

/* Checks that a job does not start, for a reason that holds this text. */
static void command_fails(const struct wshd_case *wshd, struct warden_spawn *spawn,
			  const char *reason)
{
	struct job_output output = wshd_case_spawn_as(wshd, spawn, NULL);
	struct warden_job_end end = wshd_case_job_end(wshd, spawn->job_id);

	unit_contains(end.start_error, reason);
	unit_integer(end.reason, WARDEN_END_START_FAILED);
	unit_integer(end.exit_status, -1);
	unit_string(wshd_case_read(output.out), "");
	unit_string(wshd_case_read(output.err), "");
}

static void arguments_are_passed_unchanged(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);

	spawn.argv = (const char *[]){"printf", "[%s]", "", "a b", "$HOME", "\n'\"\\", NULL};
	command_prints(&wshd, &spawn, "[][a b][$HOME][\n'\"\\]");
	wshd_case_end(&wshd);
}

static void the_environment_is_the_requested_one(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);

	spawn.argv = (const char *[]){"/usr/bin/env", NULL};
	spawn.env = (const char *[]){"B=1=2", "A=", "LONG NAME=x", NULL};
	command_prints(&wshd, &spawn, "B=1=2\nA=\nLONG NAME=x\n");
	wshd_case_end(&wshd);
}

static void a_script_has_the_environment_too(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);
	struct job_output output;

	spawn.env = (const char *[]){"GREETING=hello", NULL};
	output = wshd_case_spawn_as(&wshd, &spawn, "echo $GREETING");
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 0);
	unit_string(wshd_case_read(output.out), "hello\n");
	wshd_case_read(output.err);
	wshd_case_end(&wshd);
}

static int command_open_root(const struct wshd_case *wshd)
{
	int fd = openat(wshd->dir_fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	unit_true(fd >= 0);
	return fd;
}

static void command_make_program(int dir, const char *path, const char *text)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	unit_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void a_name_is_looked_up_in_the_path_of_the_job(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);
	char path[64], value[128];
	int root = command_open_root(&wshd);

	unit_integer(mkdirat(root, "programs", 0755), 0);
	command_make_program(root, "programs/warden-case", "#!/bin/sh\necho found $1\n");
	unit_true(snprintf(path, sizeof(path), "/proc/%d/cwd/programs", wshd.pid) > 0);
	snprintf(value, sizeof(value), "PATH=/nowhere:%s", path);
	spawn.argv = (const char *[]){"warden-case", "it", NULL};
	spawn.env = (const char *[]){value, NULL};
	command_prints(&wshd, &spawn, "found it\n");
	spawn.job_id = 2;
	spawn.env = NULL;
	command_fails(&wshd, &spawn, "argv warden-case: No such file or directory");
	close(root);
	wshd_case_end(&wshd);
}

static void the_working_directory_is_below_the_root(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);
	int root = command_open_root(&wshd);

	unit_integer(mkdirat(root, "work", 0755), 0);
	command_make_program(root, "work/here", "");
	unit_integer(symlinkat("/", root, "up"), 0);
	spawn.argv = (const char *[]){"ls", NULL};
	spawn.working_dir = "/work";
	command_prints(&wshd, &spawn, "here\n");
	spawn.job_id = 2;
	spawn.working_dir = "/up/../work/../work";
	command_prints(&wshd, &spawn, "here\n");
	close(root);
	wshd_case_end(&wshd);
}

static void an_invalid_value_is_reported_with_its_option(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);
	int root = command_open_root(&wshd);

	command_make_program(root, "file", "");
	spawn.argv = (const char *[]){"true", NULL};
	spawn.working_dir = "/missing";
	command_fails(&wshd, &spawn, "working_dir /missing: No such file or directory");
	spawn.job_id++;
	spawn.working_dir = "/file";
	command_fails(&wshd, &spawn, "working_dir /file: Not a directory");
	spawn.job_id++;
	spawn.working_dir = NULL;
	spawn.cpus = "3-1";
	command_fails(&wshd, &spawn, "cpus 3-1: Invalid argument");
	spawn.job_id++;
	spawn.cpus = "0-99999999999";
	command_fails(&wshd, &spawn, "cpus 0-99999999999: Invalid argument");
	spawn.job_id++;
	spawn.cpus = NULL;
	spawn.argv = (const char *[]){"./file", NULL};
	command_fails(&wshd, &spawn, "argv ./file: Exec format error");
	close(root);
	wshd_case_end(&wshd);
}

/* A program whose headers a container has forged. */
struct command_forgery {
	uint64_t segments_at, loader_at, loader_size;
	uint16_t n_segments;
};

static void command_forge(int dir, const char *path, const struct command_forgery *forgery)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segment;
		char loader[16];
	} file = {
		.header = {.e_type = ET_DYN,
			   .e_version = EV_CURRENT,
			   .e_phoff = forgery->segments_at,
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = forgery->n_segments},
		.segment = {.p_type = PT_INTERP,
			    .p_offset = forgery->loader_at,
			    .p_filesz = forgery->loader_size},
		.loader = "/no/such/loader",
	};
	int own = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	Elf64_Ehdr header;

	/* The machine is this one, so that the kernel reads the rest. */
	unit_integer(pread(own, &header, sizeof(header), 0), sizeof(header));
	memcpy(file.header.e_ident, header.e_ident, sizeof(header.e_ident));
	file.header.e_machine = header.e_machine;
	unit_integer(write(fd, &file, sizeof(file)), sizeof(file));
	close(own);
	close(fd);
}

static void forged_headers_of_a_program_lead_nowhere(void)
{
	enum { SEGMENT = sizeof(Elf64_Ehdr), LOADER = SEGMENT + sizeof(Elf64_Phdr) };
	static const struct command_forgery forgeries[] = {
		{0, 0, 0, 0},
		{UINT64_MAX, 0, 0, 1},
		{UINT64_MAX - 40, 0, 0, UINT16_MAX},
		{1ULL << 40, LOADER, 16, 1},
		{SEGMENT, UINT64_MAX, 16, 1},
		{SEGMENT, INT64_MAX, 16, 1},
		{SEGMENT, LOADER, UINT64_MAX, 1},
		{SEGMENT, LOADER, 1ULL << 32, 1},
		{SEGMENT, LOADER, 4096, 1},
		{SEGMENT, LOADER, 15, 1}, /* without its NUL */
		{SEGMENT, LOADER + 15, 1, 1},
		{SEGMENT, LOADER, 0, 1},
	};
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);
	int root = command_open_root(&wshd);

	spawn.argv = (const char *[]){"./forged", NULL};
	for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++) {
		command_forge(root, "forged", &forgeries[i]);
		command_fails(&wshd, &spawn, "argv ./forged: ");
		spawn.job_id++;
	}
	command_forge(root, "forged",
		      &(struct command_forgery){SEGMENT, LOADER, sizeof("/no/such/loader"), 1});
	command_fails(&wshd, &spawn, "argv ./forged: its interpreter /no/such/loader is not there");
	close(root);
	wshd_case_end(&wshd);
}

static void a_command_has_no_input_unless_it_asks_for_it(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);

	spawn.argv = (const char *[]){"readlink", "/proc/self/fd/0", NULL};
	command_prints(&wshd, &spawn, "/dev/null\n");
	wshd_case_end(&wshd);
}

/* Gives a job a pipe as input and returns its write end. */
static int command_make_input(struct warden_spawn *spawn)
{
	int ends[2];

	unit_integer(pipe2(ends, O_CLOEXEC), 0);
	spawn->stdin_read_fd = ends[0];
	spawn->stdin_write_fd = ends[1];
	return ends[1];
}

static void input_ends_when_it_is_closed(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);
	struct job_output output;
	struct warden_error err;
	struct wshd_event event;
	int input = command_make_input(&spawn);

	spawn.argv = (const char *[]){"cat", NULL};
	output = wshd_case_spawn_as(&wshd, &spawn, NULL);
	close(spawn.stdin_read_fd);
	unit_integer(write(input, "some", 4), 4);
	close(input); /* wshd keeps its own */
	usleep(100000);
	unit_integer(wshd_receive(wshd.client, &event, &err), 0);
	unit_integer(wshd_send_close_input(wshd.queue, 1, &err), 0);
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 0);
	unit_string(wshd_case_read(output.out), "some");
	wshd_case_read(output.err);
	wshd_case_end(&wshd);
}

static void a_new_connection_gets_the_input_back(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);
	struct warden_restored restored = {0};
	struct job_output output;
	struct warden_error err;
	int input = command_make_input(&spawn);

	spawn.argv = (const char *[]){"cat", NULL};
	output = wshd_case_spawn_as(&wshd, &spawn, NULL);
	close(spawn.stdin_read_fd);
	unit_true(wshd_case_list(wshd.client, &restored)); /* so the job has started */
	wshd_list_free(&restored);
	close(input); /* the daemon dies */
	close(wshd.client);
	wshd.client = wshd_case_connect(&wshd);
	if (wshd_case_list(wshd.client, &restored) && unit_unsigned(restored.n_jobs, 1))
		unit_integer(write(restored.jobs[0].stdin_fd, "more", 4), 4);
	wshd_list_free(&restored);
	unit_integer(wshd_send_watch(wshd.client, &err), 0);
	unit_integer(wshd_send_close_input(wshd.queue, 1, &err), 0);
	unit_integer(wshd_case_job_end(&wshd, 1).exit_status, 0);
	if (wshd_case_list(wshd.client, &restored) && unit_unsigned(restored.n_jobs, 1))
		unit_integer(restored.jobs[0].stdin_fd, -1); /* it is closed */
	wshd_list_free(&restored);
	unit_string(wshd_case_read(output.out), "more");
	wshd_case_read(output.err);
	wshd_case_end(&wshd);
}

static void a_job_has_three_descriptors_whatever_it_was_started_with(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);
	int input = command_make_input(&spawn);

	/* The last descriptor is the directory that ls reads. */
	spawn.argv = (const char *[]){"ls", "/proc/self/fd", NULL};
	spawn.env = (const char *[]){"A=b", NULL};
	spawn.working_dir = "/";
	command_prints(&wshd, &spawn, "0\n1\n2\n3\n");
	close(spawn.stdin_read_fd);
	close(input);
	wshd_case_end(&wshd);
}

static void niceness_cpus_and_addresses_are_as_requested(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);
	struct warden_rlimit rlimits[WARDEN_RLIMITS];
	static char first[65536];

	spawn.argv = (const char *[]){"sh", "-c",
				      "nice; grep -o 'Cpus_allowed_list.*' /proc/self/status; "
				      "cat /proc/self/personality; ulimit -s; ulimit -Hs",
				      NULL};
	spawn.nice = 7;
	spawn.cpus = "0,0-0";
	spawn.no_aslr = true;
	spawn.stack_unlimited = true;
	wshd_case_no_rlimits(rlimits);
	rlimits[WARDEN_RLIMIT_STACK].value = 1 << 20;
	spawn.rlimits = rlimits;
	spawn.n_rlimits = WARDEN_RLIMITS;
	snprintf(first, sizeof(first),
		 "%d\nCpus_allowed_list:\t0\n00040000\nunlimited\nunlimited\n", nice(0) + 7);
	command_prints(&wshd, &spawn, first);
	wshd_case_end(&wshd);
}

static void too_long_a_command_is_an_error(void)
{
	struct wshd_case wshd = wshd_case_begin();
	struct warden_spawn spawn = wshd_case_job(1);
	char *big = malloc((8 << 20) + 1);
	struct wshd_group none;
	struct warden_error err = {0};

	wshd_group_init(&none);
	memset(big, 'x', 8 << 20);
	big[8 << 20] = '\0';
	spawn.argv = (const char *[]){"true", big, NULL};
	unit_integer(wshd_send_spawn(wshd.queue, &spawn, &none, 0, &err), -1);
	unit_contains(err.message, "argv, env and the like of job 1: Argument list too long");
	free(big);
	wshd_case_end(&wshd);
}

static const struct unit_test tests[] = {
	UNIT_TEST(arguments_are_passed_unchanged),
	UNIT_TEST(the_environment_is_the_requested_one),
	UNIT_TEST(a_script_has_the_environment_too),
	UNIT_TEST(a_name_is_looked_up_in_the_path_of_the_job),
	UNIT_TEST(the_working_directory_is_below_the_root),
	UNIT_TEST(an_invalid_value_is_reported_with_its_option),
	UNIT_TEST(forged_headers_of_a_program_lead_nowhere),
	UNIT_TEST(a_command_has_no_input_unless_it_asks_for_it),
	UNIT_TEST(input_ends_when_it_is_closed),
	UNIT_TEST(a_new_connection_gets_the_input_back),
	UNIT_TEST(a_job_has_three_descriptors_whatever_it_was_started_with),
	UNIT_TEST(niceness_cpus_and_addresses_are_as_requested),
	UNIT_TEST(too_long_a_command_is_an_error),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "wshd's commands", tests, sizeof(tests) / sizeof(tests[0]));
}
