/* SPDX-License-Identifier: Apache-2.0 */
/* Times of single jobs, and by how much jobs exceed a limit on cpu time. */
#include <config.h>

#include "bench/bench.h"

#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	LIMIT_US = 50 * 1000, /* cpu time of a busy loop, in microseconds */
	LIMITED_JOBS = 200,
	LIMITED_BEST = 99, /* the percentile that is printed */
};

enum kind { KIND_SCRIPT, KIND_ARGV, KIND_GROUP, N_KINDS };

static struct warden_message *bench_jobs_request(void)
{
	struct warden_message *request = warden_message_new("run");

	if (!request || warden_message_set(request, "handle", "bench") < 0)
		bench_die("out of memory");
	return request;
}

static void bench_jobs_set(struct warden_message *request, const char *field, const char *text)
{
	if (warden_message_set(request, field, text) < 0)
		bench_die("out of memory");
}

static void bench_jobs_set_number(struct warden_message *request, const char *field,
				  uint64_t number)
{
	if (warden_message_set_number(request, field, number) < 0)
		bench_die("out of memory");
}

/* Sends the request and frees it. Returns the answer; the caller frees it. */
static struct warden_message *bench_jobs_run(const struct bench_target *target,
					     struct warden_message *request)
{
	struct warden_message *answer = warden_client_call(target->client, request);

	if (!answer)
		bench_die("%s: %s", target->name, warden_client_error(target->client));
	warden_message_free(request);
	return answer;
}

static double bench_jobs_time_true(const struct bench_target *target, enum kind kind)
{
	struct warden_message *request = bench_jobs_request();
	double start;

	bench_jobs_set(request, kind == KIND_SCRIPT ? "script" : "argv", "true");
	if (kind == KIND_GROUP)
		bench_jobs_set_number(request, "own_cgroup", 1);
	start = bench_now_ms();
	warden_message_free(bench_jobs_run(target, request));
	return bench_now_ms() - start;
}

/* Milliseconds that a program takes without a daemon. */
static double bench_jobs_time_program(char *const *argv)
{
	double start = bench_now_ms();
	pid_t pid;
	int status;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid || status != 0)
		bench_die("%s cannot be run", argv[0]);
	return bench_now_ms() - start;
}

/* The time of `true` divided by that of `bash -c true`: what a daemon without overhead would reach.
 */
static double bench_jobs_shell_share(const struct bench *bench)
{
	static char name[] = "true", bash[] = "bash", option[] = "-c";
	char *program[] = {name, NULL}, *shell[] = {bash, option, name, NULL};
	double *times = calloc(2 * bench->rounds, sizeof(*times));
	double part;

	if (!times)
		bench_die("out of memory");
	for (size_t round = 0; round < bench->rounds; round++) {
		times[round] = bench_jobs_time_program(program);
		times[bench->rounds + round] = bench_jobs_time_program(shell);
	}
	part = bench_percentile(times, bench->rounds, 50) /
	       bench_percentile(times + bench->rounds, bench->rounds, 50);
	free(times);
	return part;
}

static void bench_jobs_true(const struct bench *bench)
{
	static const char *const names[] = {"run(true)", "argv", "argv, own cgroup"};
	double medians[N_KINDS][MAX_TARGETS], parts[MAX_TARGETS], floors[MAX_TARGETS];
	double *times = calloc(N_KINDS * bench->rounds, sizeof(*times));

	if (!times)
		bench_die("out of memory");
	for (size_t t = 0; t < bench->n_targets; t++) {
		for (size_t round = 0; round < bench->rounds; round++)
			for (int kind = 0; kind < N_KINDS; kind++)
				times[(size_t)kind * bench->rounds + round] =
					bench_jobs_time_true(&bench->targets[t], (enum kind)kind);
		for (int kind = 0; kind < N_KINDS; kind++)
			medians[kind][t] = bench_percentile(times + (size_t)kind * bench->rounds,
							    bench->rounds, 50);
		floors[t] = bench_jobs_shell_share(bench);
		parts[t] = medians[KIND_ARGV][t] / medians[KIND_SCRIPT][t];
	}
	free(times);
	for (int kind = KIND_ARGV; kind < N_KINDS; kind++)
		bench_table_line(bench, names[kind], "ms", medians[kind], "");
	bench_table_line(bench, "argv against a script", "times", parts, "0.7");
	bench_table_line(bench, "the same without a daemon", "times", floors, "");
}

/* By how many milliseconds a busy loop exceeds its limit. */
static double bench_jobs_overshoot(const struct bench_target *target, bool own_cgroup)
{
	struct warden_message *request = bench_jobs_request(), *answer;
	const struct warden_message *end;
	double used;

	bench_jobs_set(request, "script", "while :; do :; done");
	bench_jobs_set_number(request, "cpu_time_us", LIMIT_US);
	if (own_cgroup)
		bench_jobs_set_number(request, "own_cgroup", 1);
	answer = bench_jobs_run(target, request);
	end = warden_message_child(answer, "end", 0);
	if (!end)
		bench_die("%s: the answer has no end of the job", target->name);
	used = (double)(warden_message_number(end, "user_us", 0) +
			warden_message_number(end, "system_us", 0));
	warden_message_free(answer);
	return (used - LIMIT_US) / 1000;
}

static void bench_jobs_limit(const struct bench *bench, bool own_cgroup, const char *name)
{
	double values[MAX_TARGETS], times[LIMITED_JOBS];

	for (size_t t = 0; t < bench->n_targets; t++) {
		for (size_t i = 0; i < LIMITED_JOBS; i++)
			times[i] = bench_jobs_overshoot(&bench->targets[t], own_cgroup);
		values[t] = bench_percentile(times, LIMITED_JOBS, LIMITED_BEST);
	}
	bench_table_line(bench, name, "ms", values, "3");
}

void bench_jobs(const struct bench *bench)
{
	for (size_t t = 0; t < bench->n_targets; t++)
		if (bench_call_create(bench->targets[t].client, "bench") < 0)
			bench_die("%s: %s", bench->targets[t].name,
				  warden_client_error(bench->targets[t].client));
	bench_jobs_true(bench);
	bench_jobs_limit(bench, false, "cpu limit, late (p99)");
	bench_jobs_limit(bench, true, "cpu limit, own cgroup, late (p99)");
	for (size_t t = 0; t < bench->n_targets; t++)
		if (bench_call_destroy(bench->targets[t].client, "bench") < 0)
			bench_die("%s: %s", bench->targets[t].name,
				  warden_client_error(bench->targets[t].client));
}
