/* SPDX-License-Identifier: Apache-2.0 */
/* Prints lists, events and answers of any kind for people. */
#include <config.h>

#include "client/cli/cli.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

void text_time(char *buffer, size_t size, uint64_t microseconds)
{
	time_t then = (time_t)(microseconds / 1000000), now = time(NULL);
	struct tm broken, today;

	if (!localtime_r(&then, &broken) || !localtime_r(&now, &today)) {
		snprintf(buffer, size, "%" PRIu64, microseconds);
		return;
	}
	if (broken.tm_year == today.tm_year && broken.tm_yday == today.tm_yday)
		strftime(buffer, size, "%H:%M:%S", &broken);
	else
		strftime(buffer, size, "%Y-%m-%d %H:%M", &broken);
}

/* Adds a field of bytes, or a dash if it is absent. */
static void print_lists_add_bytes(struct table *table, const struct warden_message *message,
				  const char *field)
{
	size_t length;
	const char *bytes = warden_message_bytes(message, field, 0, &length);

	table_add(table, bytes ? bytes : "-", bytes ? length : 1);
}

static void print_lists_add_size(struct table *table, const struct warden_message *message,
				 const char *field)
{
	char text[32] = "-";

	if (warden_message_count(message, field))
		text_size(text, sizeof(text), warden_message_number(message, field, 0));
	table_addf(table, "%s", text);
}

/* Adds a job's state: running, or how it ended. */
static void print_lists_add_job_state(struct table *table, const struct warden_message *job)
{
	char reason[32];

	if (warden_message_number(job, "running", 0)) {
		table_addf(table, "running");
		table_colour(table, GREEN);
		return;
	}
	choice_text(reason, sizeof(reason), warden_message_choice(job, "end.reason", 0));
	if (warden_message_number(job, "end.signal", 0))
		table_addf(table, "%s %s", reason,
			   sigabbrev_np((int)warden_message_number(job, "end.signal", 0)));
	else
		table_addf(table, "%s %" PRIu64, *reason ? reason : "ended",
			   warden_message_number(job, "exit_status", 0));
}

static void print_lists_add_job(struct table *table, const struct warden_message *job)
{
	char started[32] = "-", flags[64];

	if (warden_message_count(job, "started_us"))
		text_time(started, sizeof(started), warden_message_number(job, "started_us", 0));
	snprintf(flags, sizeof(flags), "%s%s%s", warden_message_number(job, "stdin", 0) ? "i" : "",
		 warden_message_number(job, "terminal", 0) ? "t" : "",
		 warden_message_number(job, "kept", 0) ? "k" : "");
	table_addf(table, "%" PRIu64, warden_message_number(job, "job_id", 0));
	print_lists_add_job_state(table, job);
	print_lists_add_bytes(table, job, "user");
	table_addf(table, "%s", started);
	print_lists_add_size(table, job, "stdout_bytes");
	print_lists_add_size(table, job, "stderr_bytes");
	table_addf(table, "%s", *flags ? flags : "-");
	print_lists_add_bytes(table, job, "command");
}

void print_jobs(const struct warden_message *answer)
{
	static const char *const titles[] = {">JOB",    "STATE", "USER",    "STARTED", ">STDOUT",
					     ">STDERR", "FLAGS", "COMMAND", NULL};
	struct table *table = table_new(titles);

	for (size_t i = 0; i < warden_message_count(answer, "jobs"); i++)
		print_lists_add_job(table, warden_message_child(answer, "jobs", i));
	table_print(table, stdout, terminal_width(stdout));
}

void print_job_ids(const struct warden_message *answer)
{
	printf("%" PRIu64 "\n%" PRIu64 "\n", warden_message_number(answer, "first_job_id", 0),
	       warden_message_number(answer, "second_job_id", 0));
}

/* Adds the mode as ls(1) prints it: `drwxr-xr-x`. */
static void print_lists_add_mode(struct table *table, const struct warden_message *entry)
{
	static const char letters[] = "rwxrwxrwx";
	const char *type = warden_message_choice(entry, "type", 0);
	uint64_t mode = warden_message_number(entry, "mode", 0);
	char text[11] = "?---------";

	if (type)
		text[0] = strcmp(type, "DIRECTORY") == 0 ? 'd'
			  : strcmp(type, "SYMLINK") == 0 ? 'l'
			  : strcmp(type, "FILE") == 0    ? '-'
							 : '?';
	for (int i = 0; i < 9; i++)
		if (mode & 0400 >> i)
			text[i + 1] = letters[i];
	table_addf(table, "%s", text);
}

void print_files(const struct warden_message *answer)
{
	static const char *const titles[] = {"MODE",     ">UID", ">GID", ">SIZE",
					     "MODIFIED", "NAME", NULL};
	struct table *table = table_new(titles);

	for (size_t i = 0; i < warden_message_count(answer, "entries"); i++) {
		const struct warden_message *entry = warden_message_child(answer, "entries", i);
		const char *target = warden_message_bytes(entry, "target", 0, NULL);
		char time[32] = "-";

		if (warden_message_count(entry, "modified_us"))
			text_time(time, sizeof(time),
				  warden_message_number(entry, "modified_us", 0));
		print_lists_add_mode(table, entry);
		table_addf(table, "%" PRIu64, warden_message_number(entry, "uid", 0));
		table_addf(table, "%" PRIu64, warden_message_number(entry, "gid", 0));
		table_addf(table, "%" PRIu64, warden_message_number(entry, "size", 0));
		table_addf(table, "%s", time);
		table_addf(table, "%s%s%s", warden_message_bytes(entry, "name", 0, NULL),
			   target ? " -> " : "", target ? target : "");
	}
	table_print(table, stdout, terminal_width(stdout));
}

/* Prints a rule in the syntax of --in and --out. */
static void print_lists_print_rule(const char *option, const struct warden_message *rule)
{
	struct warden_field field;
	bool first = true;

	printf("--%s ", option);
	for (size_t i = 0; warden_message_field(rule, i, &field); i++) {
		size_t length;
		const char *bytes = warden_message_bytes(rule, field.name, 0, &length);
		char choice[32];

		if (strcmp(field.name, "handle") == 0 || !warden_message_count(rule, field.name))
			continue;
		printf("%s%s=", first ? "" : ",", field.name);
		first = false;
		choice_text(choice, sizeof(choice), warden_message_choice(rule, field.name, 0));
		if (field.kind == WARDEN_KIND_BYTES)
			text_safe(stdout, bytes, length, false);
		else if (field.kind == WARDEN_KIND_CHOICE)
			fputs(choice, stdout);
		else if (field.kind == WARDEN_KIND_BOOL)
			fputs(warden_message_number(rule, field.name, 0) ? "true" : "false",
			      stdout);
		else
			printf("%" PRId64, (int64_t)warden_message_number(rule, field.name, 0));
	}
	putchar('\n');
}

void print_rules(const struct warden_message *answer)
{
	for (size_t i = 0; i < warden_message_count(answer, "in"); i++)
		print_lists_print_rule("in", warden_message_child(answer, "in", i));
	for (size_t i = 0; i < warden_message_count(answer, "out"); i++)
		print_lists_print_rule("out", warden_message_child(answer, "out", i));
}

/* The answer lacks the protocol of a forward, so it cannot be printed as a rule. */
void print_forwards(const struct warden_message *answer)
{
	for (size_t i = 0; i < warden_message_count(answer, "in"); i++) {
		const struct warden_message *forward = warden_message_child(answer, "in", i);

		printf("%" PRIu64 " -> %" PRIu64 "\n",
		       warden_message_number(forward, "host_port", 0),
		       warden_message_number(forward, "container_port", 0));
	}
}

void print_event(const struct warden_message *answer)
{
	char text[64], reason[32];
	size_t length;
	const char *bytes;

	text_time(text, sizeof(text), warden_message_number(answer, "time_us", 0));
	printf("%s%-8s%s ", text_colour(stdout, DIM),
	       warden_message_count(answer, "time_us") ? text : "", text_colour(stdout, PLAIN));
	choice_text(text, sizeof(text), warden_message_choice(answer, "kind", 0));
	printf("%6" PRIu64 " %-13s", warden_message_number(answer, "sequence", 0), text);
	bytes = warden_message_bytes(answer, "handle", 0, &length);
	if (bytes) {
		putchar(' ');
		text_safe(stdout, bytes, length, false);
	}
	if (warden_message_count(answer, "job_id"))
		printf(" job %" PRIu64, warden_message_number(answer, "job_id", 0));
	choice_text(reason, sizeof(reason), warden_message_choice(answer, "reason", 0));
	if (*reason)
		printf(" %s", reason);
	if (warden_message_count(answer, "exit_status"))
		printf(" %" PRIu64, warden_message_number(answer, "exit_status", 0));
	if (warden_message_number(answer, "missed", 0))
		printf(" %" PRIu64 " events", warden_message_number(answer, "missed", 0));
	bytes = warden_message_bytes(answer, "detail", 0, &length);
	if (bytes) {
		fputs(": ", stdout);
		text_safe(stdout, bytes, length, false);
	}
	putchar('\n');
}

void print_change(const struct warden_message *answer)
{
	size_t length;
	const char *name = warden_message_bytes(answer, "name", 0, &length);
	char change[32];

	choice_text(change, sizeof(change), warden_message_choice(answer, "change", 0));
	fputs(change, stdout);
	if (name) {
		putchar(' ');
		text_safe(stdout, name, length, false);
	}
	putchar('\n');
}

void print_nothing(const struct warden_message *answer)
{
	(void)answer;
}

static void print_lists_print_value(const struct warden_message *message,
				    const struct warden_field *field, size_t index)
{
	char choice[32];
	size_t length;
	const char *bytes;

	switch (field->kind) {
	case WARDEN_KIND_BYTES:
		bytes = warden_message_bytes(message, field->name, index, &length);
		text_safe(stdout, bytes, length, false);
		break;
	case WARDEN_KIND_CHOICE:
		choice_text(choice, sizeof(choice),
			    warden_message_choice(message, field->name, index));
		fputs(choice, stdout);
		break;
	case WARDEN_KIND_BOOL:
		fputs(warden_message_number(message, field->name, index) ? "true" : "false",
		      stdout);
		break;
	default:
		printf("%" PRIu64, warden_message_number(message, field->name, index));
	}
}

/* Prints every field that is set, a line each; fields of nested messages without a prefix. */
void print_fields(const struct warden_message *answer)
{
	struct warden_field field;

	for (size_t i = 0; warden_message_field(answer, i, &field); i++)
		for (size_t j = 0; j < warden_message_count(answer, field.name); j++) {
			if (field.kind == WARDEN_KIND_MESSAGE) {
				print_fields(warden_message_child(answer, field.name, j));
				continue;
			}
			printf("%s%-16s%s", text_colour(stdout, DIM), field.name,
			       text_colour(stdout, PLAIN));
			print_lists_print_value(answer, &field, j);
			putchar('\n');
		}
}
