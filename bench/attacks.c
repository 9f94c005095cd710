/* SPDX-License-Identifier: Apache-2.0 */
/* How a hostile container or client affects its neighbours: whole lives (create, run, destroy)
 * while it attacks, and while it does not, in turns, so that other load of the machine affects
 * both. */
#include <config.h>

#include "bench/bench.h"

#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ATTACK_LIVES = 15 /* of a turn */, ATTACK_CLIENTS = 1000, ATTACK_CREATES = 1000 };

/* The time for an attack to come to its full strength. */
#define ATTACK_BEGIN_US 300000

/* Attacks of jobs, see attack.c; then those of clients, each by a process of its own. */
static const char *const attack_jobs[] = {"fork",  "memory",  "log",         "inotify",
					  "files", "packets", "connections", "init"};

static void attack_fail(const struct bench_target *target)
{
	bench_die("%s: %s", target->name, warden_client_error(target->client));
}

static void attack_measure(const struct bench_target *target, double *times)
{
	for (int i = 0; i < ATTACK_LIVES; i++) {
		double create = bench_call_create(target->client, "neighbour");
		double run = create < 0 ? -1 : bench_call_run(target->client, "neighbour");
		double destroy = run < 0 ? -1 : bench_call_destroy(target->client, "neighbour");

		if (destroy < 0)
			attack_fail(target);
		times[i] = create + run + destroy;
	}
}

/* The address of the host that the container sees. The caller frees it. */
static char *attack_address(const struct bench_target *target)
{
	struct warden_message *request = warden_message_new("info"), *answer;
	char *address;

	if (!request || warden_message_set(request, "handle", "attacker") < 0)
		bench_die("out of memory");
	answer = warden_client_call(target->client, request);
	if (!answer)
		attack_fail(target);
	address = strdup(warden_message_bytes(answer, "host_ip", 0, NULL));
	if (!address)
		bench_die("out of memory");
	warden_message_free(answer);
	warden_message_free(request);
	return address;
}

static void attack_begin_job(const struct bench_target *target, const char *program,
			     const char *name)
{
	struct warden_message *spawn = warden_message_new("spawn"), *answer;
	char script[128], *address;

	if (bench_call_create(target->client, "attacker") < 0 ||
	    bench_call_copy_in(target->client, "attacker", program, "/tmp/attack") < 0)
		attack_fail(target);
	address = attack_address(target);
	snprintf(script, sizeof(script), "while :; do /tmp/attack %s %s; done", name, address);
	free(address);
	if (!spawn || warden_message_set(spawn, "handle", "attacker") < 0 ||
	    warden_message_set(spawn, "script", script) < 0)
		bench_die("out of memory");
	answer = warden_client_call(target->client, spawn);
	if (!answer)
		attack_fail(target);
	warden_message_free(answer);
	warden_message_free(spawn);
}

/* Connections that begin a frame of 16 MiB. Those that the daemon refuses or closes are the
 * defence's work. */
static void attack_connect(const struct bench_target *target)
{
	static const char begin[] = "16777216\r\nx";
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", target->socket);
	for (int i = 0; i < ATTACK_CLIENTS; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
		    send(fd, begin, sizeof(begin) - 1, MSG_NOSIGNAL) < 0)
			break;
	}
	for (;;)
		pause();
}

static void attack_destroyed(void *data, uint64_t id, const struct warden_message *answer,
			     bool last)
{
	(void)data;
	(void)id;
	(void)answer;
	(void)last;
}

static void attack_created(void *data, uint64_t id, const struct warden_message *answer, bool last)
{
	struct warden_client *client = data;
	struct warden_message *destroy = answer ? warden_message_new("destroy") : NULL;

	(void)id;
	(void)last;
	if (!destroy || warden_message_set(destroy, "handle",
					   warden_message_bytes(answer, "handle", 0, NULL)) < 0)
		return; /* refused: the defence's work */
	/* A connection that fails ends the loop of attack_create. */
	(void)warden_client_submit(client, destroy, attack_destroyed, NULL);
	warden_message_free(destroy);
}

/* Creates without end, ATTACK_CREATES at once. */
static void attack_create(const struct bench_target *target)
{
	struct warden_client *client = bench_call_connect(target->socket);
	struct warden_message *create = warden_message_new("create");

	for (int i = 0; create && i < ATTACK_CREATES; i++)
		/* A connection that fails ends the loop below. */
		(void)warden_client_submit(client, create, attack_created, client);
	while (warden_client_pending(client) > 0) {
		struct pollfd wait = {warden_client_fd(client), warden_client_events(client), 0};

		if (poll(&wait, 1, warden_client_wait_time(client)) < 0 ||
		    warden_client_process(client) < 0)
			break;
	}
	warden_message_free(create);
	warden_client_free(client);
	_exit(0);
}

static const struct attack_client {
	const char *name;
	void (*function)(const struct bench_target *target);
	bool ends; /* it ends by itself, and leaves nothing then */
} attack_clients[] = {
	{"1000 connections", attack_connect, false},
	{"1000 creates at once", attack_create, true},
};

static pid_t attack_begin_client(const struct bench_target *target,
				 const struct attack_client *client)
{
	pid_t pid = fork();

	if (pid < 0)
		bench_die("fork failed");
	if (pid == 0) {
		client->function(target);
		_exit(0);
	}
	return pid;
}

static void attack_end_client(const struct attack_client *client, pid_t pid)
{
	if (!client->ends)
		kill(pid, SIGKILL);
	waitpid(pid, NULL, 0); /* however it ended */
}

/* `job` or `client` attacks. Returns the ratio of the medians. */
static double attack_compare(const struct bench_target *target, size_t turns, const char *program,
			     const char *job, const struct attack_client *client)
{
	double *quiet = calloc(2 * turns * ATTACK_LIVES, sizeof(*quiet)), *busy, ratio;

	if (!quiet)
		bench_die("out of memory");
	busy = quiet + turns * ATTACK_LIVES;
	for (size_t turn = 0; turn < turns; turn++) {
		pid_t pid = -1;

		attack_measure(target, quiet + turn * ATTACK_LIVES);
		if (job)
			attack_begin_job(target, program, job);
		else
			pid = attack_begin_client(target, client);
		usleep(ATTACK_BEGIN_US);
		attack_measure(target, busy + turn * ATTACK_LIVES);
		if (!job)
			attack_end_client(client, pid);
		else if (bench_call_destroy(target->client, "attacker") < 0)
			attack_fail(target);
	}
	ratio = bench_percentile(busy, turns * ATTACK_LIVES, 50) /
		bench_percentile(quiet, turns * ATTACK_LIVES, 50);
	free(quiet);
	return ratio;
}

static void attack_line(const struct bench *bench, size_t turns, const char *program,
			const char *job, const struct attack_client *client)
{
	double ratios[MAX_TARGETS];
	char name[64];

	/* The fake backend does not confine its jobs: they would attack the machine. */
	for (size_t t = 0; t < bench->n_targets; t++)
		ratios[t] =
			strcmp(bench->targets[t].name, "linux") == 0
				? attack_compare(&bench->targets[t], turns, program, job, client)
				: NAN;
	snprintf(name, sizeof(name), "beside %s", client ? client->name : job);
	bench_table_line(bench, name, "times", ratios, "2");
}

void bench_attacks(const struct bench *bench, const char *program, size_t turns)
{
	for (size_t i = 0; i < sizeof(attack_jobs) / sizeof(attack_jobs[0]); i++)
		attack_line(bench, turns, program, attack_jobs[i], NULL);
	for (size_t i = 0; i < sizeof(attack_clients) / sizeof(attack_clients[0]); i++)
		attack_line(bench, turns, program, NULL, &attack_clients[i]);
}
