/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `warden doctor`: what this host lacks for each backend, and the remedy. The facts of the
 * daemon's backend come from the daemon; those of the other backends, and all if no daemon
 * answers, from `wardend --check-host`.
 */
#include <config.h>

#include "client/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A fact from the daemon or from --check-host. */
struct doctor_fact {
	const char *name, *value, *effect, *remedy;
	bool good;
};

static struct table *cmd_doctor_new_table(void)
{
	static const char *const titles[] = {"", "FACT", "FOUND", "EFFECT", "REMEDY", NULL};

	return table_new(titles);
}

static void cmd_doctor_add_fact(struct table *table, const struct doctor_fact *fact)
{
	table_addf(table, "%s", fact->good ? "ok" : "!!");
	table_colour(table, fact->good ? GREEN : RED);
	table_addf(table, "%s", fact->name);
	table_addf(table, "%s", fact->value);
	table_addf(table, "%s", fact->effect ? fact->effect : "");
	table_addf(table, "%s", fact->remedy ? fact->remedy : "");
}

/* Prints the table, which has good facts only with --all, and the counts. */
static void cmd_doctor_print_facts(struct table *table, size_t good, size_t bad, bool all)
{
	if (bad > 0 || (all && good > 0))
		table_print_wrapped(table, stdout, terminal_width(stdout));
	else
		table_free(table);
	if (good + bad == 0)
		return;
	if (bad == 0)
		printf("%zu facts, all good\n", good);
	else
		printf("%zu facts are good, %zu are not\n", good, bad);
}

static struct doctor_fact cmd_doctor_read_fact(const struct warden_message *message)
{
	return (struct doctor_fact){
		.name = warden_message_bytes(message, "name", 0, NULL),
		.value = warden_message_bytes(message, "value", 0, NULL),
		.effect = warden_message_bytes(message, "effect", 0, NULL),
		.remedy = warden_message_bytes(message, "remedy", 0, NULL),
		.good = warden_message_number(message, "good", 0) != 0,
	};
}

static void cmd_doctor_print_status(const struct warden_message *status, bool all)
{
	struct table *table = cmd_doctor_new_table();
	size_t counts[2] = {0, 0}, n = warden_message_count(status, "facts");

	for (size_t i = 0; i < n; i++) {
		struct doctor_fact fact =
			cmd_doctor_read_fact(warden_message_child(status, "facts", i));

		counts[fact.good]++;
		if (all || !fact.good)
			cmd_doctor_add_fact(table, &fact);
	}
	cmd_doctor_print_facts(table, counts[1], counts[0], all);
}

static void cmd_doctor_print_heading(const char *text)
{
	printf("%s%s%s\n", text_colour(stdout, BOLD), text, text_colour(stdout, PLAIN));
}

void print_status(const struct warden_message *answer)
{
	printf("wardend %s, backend %s\n", warden_message_bytes(answer, "version", 0, NULL),
	       warden_message_bytes(answer, "backend", 0, NULL));
	cmd_doctor_print_status(answer, true);
}

/* Finds wardend beside this program, as installed or in a build tree; else on the PATH. */
static const char *cmd_doctor_find_wardend(char *path, size_t size)
{
	static const char *const places[] = {"/wardend", "/../sbin/wardend", "/../core/wardend",
					     "/../../core/wardend"};
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[length > 0 ? length : 0] = '\0';
	slash = strrchr(self, '/');
	for (size_t i = 0; slash && i < sizeof(places) / sizeof(places[0]); i++) {
		*slash = '\0';
		if (snprintf(path, size, "%s%s", self, places[i]) < (int)size &&
		    access(path, X_OK) == 0)
			return path;
	}
	return "wardend";
}

/* Starts `wardend --check-host` and returns the read end of a pipe with its output; -1 with
 * errno. */
static int cmd_doctor_start_check(const struct invocation *invocation, pid_t *pid)
{
	char path[2 * PATH_MAX];
	const char *program = invocation->wardend ? invocation->wardend
						  : cmd_doctor_find_wardend(path, sizeof(path));
	const char *argv[] = {program, "--check-host", NULL, NULL, NULL};
	posix_spawn_file_actions_t actions;
	int pipe_fds[2], number;

	if (invocation->settings) {
		argv[2] = "-c";
		argv[3] = invocation->settings;
	}
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -1;
	number = posix_spawn_file_actions_init(&actions);
	if (number == 0)
		number = posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
	if (number == 0)
		number = posix_spawnp(pid, program, &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fds[1]);
	if (number == 0)
		return pipe_fds[0];
	close(pipe_fds[0]);
	errno = number;
	return -1;
}

/* Returns the report of `wardend --check-host`; NULL after an error message. */
static json_t *cmd_doctor_check_host(const struct invocation *invocation)
{
	pid_t pid = -1;
	int fd = cmd_doctor_start_check(invocation, &pid), status = -1;
	size_t length = 0;
	json_t *report = NULL;
	char *text;

	if (fd < 0) {
		complain(invocation, "start wardend --check-host: %s (--wardend names it)",
			 strerror(errno));
		return NULL;
	}
	text = read_whole(fd, &length);
	close(fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (text && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		report = json_loadb(text, length, 0, NULL);
	free(text);
	if (!report)
		complain(invocation, "wardend --check-host failed");
	return report;
}

static const char *cmd_doctor_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name)); /* NULL for a JSON null */
}

static void cmd_doctor_print_backend(const json_t *backend, bool has_daemon, bool all)
{
	struct table *table = cmd_doctor_new_table();
	const json_t *facts = json_object_get(backend, "facts");
	const char *effect = ", the one in effect,";
	size_t counts[2] = {0, 0};
	char heading[512];

	/* The daemon may have other settings than --check-host has read. */
	if (has_daemon || !json_is_true(json_object_get(backend, "in_effect")))
		effect = "";
	snprintf(heading, sizeof(heading), "Backend %s%s on this host",
		 cmd_doctor_text(backend, "name"), effect);
	cmd_doctor_print_heading(heading);
	for (size_t i = 0; i < json_array_size(facts); i++) {
		const json_t *entry = json_array_get(facts, i);
		const struct doctor_fact fact = {
			cmd_doctor_text(entry, "name"), cmd_doctor_text(entry, "value"),
			cmd_doctor_text(entry, "effect"), cmd_doctor_text(entry, "remedy"),
			json_is_true(json_object_get(entry, "good"))};

		counts[fact.good]++;
		if (all || !fact.good)
			cmd_doctor_add_fact(table, &fact);
	}
	cmd_doctor_print_facts(table, counts[1], counts[0], all);
	if (cmd_doctor_text(backend, "error"))
		printf("%sIt cannot run here:%s %s\n", text_colour(stdout, RED),
		       text_colour(stdout, PLAIN), cmd_doctor_text(backend, "error"));
	putchar('\n');
}

/* Whether the backend in effect cannot run on this host. */
static bool cmd_doctor_cannot_run(const json_t *report)
{
	const json_t *backends = json_object_get(report, "backends");

	for (size_t i = 0; i < json_array_size(backends); i++) {
		const json_t *backend = json_array_get(backends, i);

		if (json_is_true(json_object_get(backend, "in_effect")))
			return cmd_doctor_text(backend, "error") != NULL;
	}
	return true;
}

/* Returns the daemon's status, or NULL if none answers, which is no failure here. */
static struct warden_message *cmd_doctor_call_daemon(struct invocation *invocation)
{
	struct warden_client *client = warden_client_new();
	struct warden_message *answer = NULL;

	if (!client)
		return NULL;
	warden_client_set_timeout(client, 5000);
	if (warden_client_connect(client, invocation->socket_path) == 0)
		answer = warden_client_call(client, invocation->requests[0]);
	if (!answer)
		fprintf(stderr, "No daemon answers: %s\n", warden_client_error(client));
	warden_client_free(client);
	return answer;
}

static void cmd_doctor_print_report(const struct warden_message *status, const json_t *report,
				    bool all)
{
	const json_t *backends = json_object_get(report, "backends");
	char heading[512];

	if (status) {
		snprintf(heading, sizeof(heading), "The daemon, wardend %s with backend %s",
			 warden_message_bytes(status, "version", 0, NULL),
			 warden_message_bytes(status, "backend", 0, NULL));
		cmd_doctor_print_heading(heading);
		cmd_doctor_print_status(status, all);
		putchar('\n');
	}
	if (cmd_doctor_text(report, "error"))
		printf("The settings are wrong: %s\n\n", cmd_doctor_text(report, "error"));
	for (size_t i = 0; i < json_array_size(backends); i++) {
		const json_t *backend = json_array_get(backends, i);

		/* The facts of the daemon's backend are printed already; others matter to those who
		 * choose one. */
		if (status && !all)
			continue;
		if (!status || strcmp(cmd_doctor_text(backend, "name"),
				      warden_message_bytes(status, "backend", 0, NULL)) != 0)
			cmd_doctor_print_backend(backend, status != NULL, all);
	}
}

static int cmd_doctor_print_json(const struct invocation *invocation,
				 const struct warden_message *status, json_t *report)
{
	json_t *daemon = status ? json_of_answer(status) : json_null();
	json_t *object = json_pack("{s:o, s:O?}", "daemon", daemon, "host", report);
	int result = json_write(stdout, object);

	json_decref(object);
	putchar('\n');
	if (result == 0)
		return 0;
	complain(invocation, "the report cannot be written as JSON");
	return STATUS_FAILED;
}

int cmd_doctor(struct invocation *invocation)
{
	struct warden_message *status = cmd_doctor_call_daemon(invocation);
	json_t *report = cmd_doctor_check_host(invocation);
	int result = 0;

	if (invocation->json)
		result = cmd_doctor_print_json(invocation, status, report);
	else
		cmd_doctor_print_report(status, report, invocation->all);
	/* If a daemon answers its backend works. */
	if (!status && (!report || cmd_doctor_cannot_run(report)))
		result = STATUS_FAILED;
	warden_message_free(status);
	json_decref(report);
	return result;
}
