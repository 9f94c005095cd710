/* SPDX-License-Identifier: Apache-2.0 */
/* What single jobs cost, and how exact the limit on a job's cpu time is. */
#include <config.h>

#include "bench/bench.h"

#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	LIMIT_US = 50 * 1000, /* of a busy loop's cpu time */
	LIMITED_JOBS = 200,
	LIMITED_BEST = 99, /* percent of them that the aim is for */
};

enum kind { KIND_SCRIPT, KIND_ARGV, KIND_GROUP, N_KINDS };

static struct warden_message *job_new(void)
{
	struct warden_message *request = warden_message_new("run");

	if (!request || warden_message_set(request, "handle", "bench") < 0)
		die("out of memory");
	return request;
}

static void set(struct warden_message *request, const char *field, const char *text)
{
	if (warden_message_set(request, field, text) < 0)
		die("out of memory");
}

static void set_number(struct warden_message *request, const char *field, uint64_t number)
{
	if (warden_message_set_number(request, field, number) < 0)
		die("out of memory");
}

/* Frees the request. */
static struct warden_message *run(const struct target *target, struct warden_message *request)
{
	struct warden_message *answer = warden_client_call(target->client, request);

	if (!answer)
		die("%s: %s", target->name, warden_client_error(target->client));
	warden_message_free(request);
	return answer;
}

static double time_true(const struct target *target, enum kind kind)
{
	struct warden_message *request = job_new();
	double start;

	set(request, kind == KIND_SCRIPT ? "script" : "argv", "true");
	if (kind == KIND_GROUP)
		set_number(request, "own_cgroup", 1);
	start = now_ms();
	warden_message_free(run(target, request));
	return now_ms() - start;
}

/* How long a program takes that is started from here, without any daemon. */
static double time_program(char *const *argv)
{
	double start = now_ms();
	pid_t pid;
	int status;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid || status != 0)
		die("%s cannot be run", argv[0]);
	return now_ms() - start;
}

/* The part of a shell that `true` takes by itself: what a daemon that costs nothing would reach. */
static double part_of_shell(const struct bench *bench)
{
	static char name[] = "true", bash[] = "bash", option[] = "-c";
	char *program[] = {name, NULL}, *shell[] = {bash, option, name, NULL};
	double *times = calloc(2 * bench->rounds, sizeof(*times));
	double part;

	if (!times)
		die("out of memory");
	for (size_t round = 0; round < bench->rounds; round++) {
		times[round] = time_program(program);
		times[bench->rounds + round] = time_program(shell);
	}
	part = percentile(times, bench->rounds, 50) /
	       percentile(times + bench->rounds, bench->rounds, 50);
	free(times);
	return part;
}

static void bench_true(const struct bench *bench)
{
	static const char *const names[] = {"run(true)", "argv", "argv, own cgroup"};
	double medians[N_KINDS][MAX_TARGETS], parts[MAX_TARGETS], floors[MAX_TARGETS];
	double *times = calloc(N_KINDS * bench->rounds, sizeof(*times));

	if (!times)
		die("out of memory");
	for (size_t t = 0; t < bench->n_targets; t++) {
		for (size_t round = 0; round < bench->rounds; round++)
			for (int kind = 0; kind < N_KINDS; kind++)
				times[(size_t)kind * bench->rounds + round] =
					time_true(&bench->targets[t], (enum kind)kind);
		for (int kind = 0; kind < N_KINDS; kind++)
			medians[kind][t] =
				percentile(times + (size_t)kind * bench->rounds, bench->rounds, 50);
		floors[t] = part_of_shell(bench);
		parts[t] = medians[KIND_ARGV][t] / medians[KIND_SCRIPT][t];
	}
	free(times);
	for (int kind = KIND_ARGV; kind < N_KINDS; kind++)
		table_line(bench, names[kind], "ms", medians[kind], "");
	table_line(bench, "argv against a script", "times", parts, "0.7");
	table_line(bench, "the same without a daemon", "times", floors, "");
}

/* How much more than its limit a busy loop has used, in milliseconds. */
static double overshoot(const struct target *target, bool own_cgroup)
{
	struct warden_message *request = job_new(), *answer;
	const struct warden_message *end;
	double used;

	set(request, "script", "while :; do :; done");
	set_number(request, "cpu_time_us", LIMIT_US);
	if (own_cgroup)
		set_number(request, "own_cgroup", 1);
	answer = run(target, request);
	end = warden_message_child(answer, "end", 0);
	if (!end)
		die("%s: no end of a job is told", target->name);
	used = (double)(warden_message_number(end, "user_us", 0) +
			warden_message_number(end, "system_us", 0));
	warden_message_free(answer);
	return (used - LIMIT_US) / 1000;
}

static void bench_limit(const struct bench *bench, bool own_cgroup, const char *name)
{
	double values[MAX_TARGETS], times[LIMITED_JOBS];

	for (size_t t = 0; t < bench->n_targets; t++) {
		for (size_t i = 0; i < LIMITED_JOBS; i++)
			times[i] = overshoot(&bench->targets[t], own_cgroup);
		values[t] = percentile(times, LIMITED_JOBS, LIMITED_BEST);
	}
	table_line(bench, name, "ms", values, "3");
}

void bench_jobs(const struct bench *bench)
{
	for (size_t t = 0; t < bench->n_targets; t++)
		if (call_create(bench->targets[t].client, "bench") < 0)
			die("%s: %s", bench->targets[t].name,
			    warden_client_error(bench->targets[t].client));
	bench_true(bench);
	bench_limit(bench, false, "cpu limit, late (p99)");
	bench_limit(bench, true, "cpu limit, own cgroup, late (p99)");
	for (size_t t = 0; t < bench->n_targets; t++)
		if (call_destroy(bench->targets[t].client, "bench") < 0)
			die("%s: %s", bench->targets[t].name,
			    warden_client_error(bench->targets[t].client));
}
