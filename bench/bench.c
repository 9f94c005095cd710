/* SPDX-License-Identifier: Apache-2.0 */
/* The benchmark's main: `bench NAME=SOCKET:PID...`. Environment variables (BENCH_...) set the
 * amount of work. bench/run starts daemons and runs it on them. */
#include <config.h>

#include "bench/bench.h"
#include "bench/compare/results.h"
#include "bench/compare/subjects.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bench_die(const char *format, ...)
{
	va_list args;

	fflush(stdout); /* an error does not matter any more */
	fprintf(stderr, "bench: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

static double bench_read_environment(const char *name, double value, double max)
{
	const char *text = getenv(name);
	char *end;

	if (!text || !*text)
		return value;
	value = strtod(text, &end);
	if (*end != '\0' || !(value >= 1 && value <= max))
		bench_die("%s is '%s', and must be a number from 1 to %.0f", name, text, max);
	return value;
}

static void bench_parse_target(struct bench_target *target, char *text)
{
	char *socket = strchr(text, '=');
	char *pid = strrchr(text, ':');

	if (!socket || !pid || pid < socket || atoi(pid + 1) <= 0)
		bench_die("'%s' is not NAME=SOCKET:PID", text);
	*socket = '\0';
	*pid = '\0';
	target->name = text;
	target->socket = socket + 1;
	target->pid = atoi(pid + 1);
	target->client = bench_call_connect(target->socket);
}

/* Words, separated by spaces, of BENCH_STANDING. */
static void bench_read_standing(struct bench *bench)
{
	const char *text = getenv("BENCH_STANDING");
	char *end;

	for (text = text ? text : "100 1000"; *text && bench->n_standing < STANDING_MAX;
	     text = end + strspn(end, " ")) {
		unsigned long n = strtoul(text, &end, 10);

		if (end == text || (*end && *end != ' ') || n > 4000)
			bench_die("BENCH_STANDING has '%s', and must have numbers up to 4000",
				  text);
		bench->standing[bench->n_standing++] = n;
	}
}

/* A group of measurements that BENCH_ONLY can name. */
static const char *const bench_groups[] = {
	"memory", "life",     "pipe",     "jobs",   "uncollected", "shell", "start",
	"lives",  "requests", "parallel", "output", "command",     "load",
};

static bool bench_is_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (; text; text = strchr(text, ' ')) {
		text += strspn(text, " ");
		if (strncmp(text, word, length) == 0 && strchr(" ", text[length]))
			return true;
	}
	return false;
}

static void bench_check_groups(void)
{
	const char *only = getenv("BENCH_ONLY");
	char *words = only ? strdup(only) : NULL, *save = NULL;

	for (char *word = words ? strtok_r(words, " ", &save) : NULL; word;
	     word = strtok_r(NULL, " ", &save)) {
		size_t i = 0, n = sizeof(bench_groups) / sizeof(bench_groups[0]);

		while (i < n && strcmp(bench_groups[i], word) != 0)
			i++;
		if (i == n)
			bench_die("BENCH_ONLY has '%s', which is no group", word);
	}
	free(words);
}

static bool bench_wants(const char *group)
{
	const char *only = getenv("BENCH_ONLY");

	return !only || !*only || bench_is_word(only, group);
}

/* What the daemons are compared with. */
static void bench_compare(struct bench *bench)
{
	static struct subjects subjects;
	const char *program = getenv("BENCH_TRUE");

	if (bench_wants("lives") || bench_wants("parallel")) {
		subjects_start(&subjects, bench);
		if (bench_wants("lives"))
			bench_lives(bench, &subjects);
		if (bench_wants("parallel") && program)
			bench_parallel(bench, &subjects, program);
		subjects_end(&subjects);
	}
	if (bench_wants("requests") && program)
		bench_units(bench, program);
	if (bench_wants("output"))
		bench_output(bench);
	if (bench_wants("command") && getenv("BENCH_WARDEN"))
		bench_commands(bench, getenv("BENCH_WARDEN"));
}

/* Measures the daemons alone. */
static void bench_measure_daemons(struct bench *bench)
{
	static const struct {
		const char *group;
		void (*measure)(const struct bench *bench);
	} parts[] = {
		{"pipe", bench_pipe}, {"jobs", bench_jobs}, {"uncollected", bench_uncollected}};
	char *warden = getenv("BENCH_WARDEN");

	if (bench_wants("memory"))
		bench_memory_idle(bench);
	if (bench_wants("life"))
		bench_life(bench);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (bench_wants(parts[i].group))
			parts[i].measure(bench);
	if (warden && bench_wants("shell"))
		bench_shell(bench, warden);
	if (warden && bench_wants("start"))
		bench_start(bench, warden);
	if (bench_wants("memory")) {
		bench_memory_containers(bench);
		bench_shares(bench);
	}
	if (getenv("BENCH_COPIES"))
		bench_copies(bench, getenv("BENCH_COPIES"));
}

/* Measures all but the removal of files, which takes a minute. Returns the number of errors. */
static size_t bench_measure(struct bench *bench)
{
	size_t errors = 0;

	bench_measure_daemons(bench);
	bench_compare(bench);
	if (bench_wants("load"))
		errors = bench_load(bench);
	bench_goals(bench);
	if (getenv("BENCH_JSON"))
		results_write(bench, getenv("BENCH_JSON"));
	return errors;
}

int main(int argc, char **argv)
{
	struct bench bench = {0};
	size_t errors = 0;

	bench.rounds = (size_t)bench_read_environment("BENCH_ROUNDS", 100, 100000);
	bench.containers = (size_t)bench_read_environment("BENCH_CONTAINERS", 300, 4000);
	bench.clients = (size_t)bench_read_environment("BENCH_CLIENTS", 8, 64);
	bench.seconds = bench_read_environment("BENCH_SECONDS", 5, 3600);
	bench_read_standing(&bench);
	bench_check_groups();
	if (argc < 2 || argc > MAX_TARGETS + 1)
		bench_die("takes 1 to %d NAME=SOCKET:PID", MAX_TARGETS);
	for (int i = 1; i < argc; i++)
		bench_parse_target(&bench.targets[bench.n_targets++], argv[i]);
	bench_table_begin(&bench);
	if (getenv("BENCH_REMOVAL"))
		bench_removal(&bench, (int)bench_read_environment("BENCH_REMOVAL", 10, 1000));
	else if (getenv("BENCH_ATTACK_PROGRAM"))
		bench_attacks(&bench, getenv("BENCH_ATTACK_PROGRAM"),
			      (size_t)bench_read_environment("BENCH_ATTACKS", 5, 1000));
	else
		errors = bench_measure(&bench);
	for (size_t i = 0; i < bench.n_targets; i++)
		warden_client_free(bench.targets[i].client);
	return errors == 0 && fflush(stdout) == 0 ? 0 : 1;
}
