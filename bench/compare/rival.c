/* SPDX-License-Identifier: Apache-2.0 */
/* See rival.h. */
#include <config.h>

#include "bench/compare/rival.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"

#define RIVAL_UNIFIED "/sys/fs/cgroup/unified"

enum { RIVAL_ARGUMENTS = 16 };

struct rival_order {
	double until; /* of bench_now_ms; 0: once */
};

struct rival_report {
	double ms, n;
};

/* Output of programs is not wanted, their errors are. */
static void rival_silence(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		_exit(126);
}

static bool rival_run_program(enum rival_kind kind, const char *const *argv)
{
	pid_t pid = kind == RIVAL_FORK ? fork() : vfork();
	int status;

	if (pid == 0) {
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Takes orders until the other end is closed. */
static void __attribute__((noreturn))
rival_serve(int fd, enum rival_kind kind, const char *const *argv)
{
	struct rival_order order;

	rival_silence();
	while (recv(fd, &order, sizeof(order), 0) == (ssize_t)sizeof(order)) {
		struct rival_report report = {.ms = bench_now_ms()};
		bool ok;

		do {
			ok = rival_run_program(kind, argv);
			report.n++;
		} while (ok && bench_now_ms() < order.until);
		report.ms = ok ? bench_now_ms() - report.ms : -1;
		if (send(fd, &report, sizeof(report), MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

/* crun refuses a hierarchy of version 2 beside those of version 1. The caller has a mount namespace
 * that shares no mounts. */
static void rival_hide_unified(void)
{
	if (geteuid() == 0 && access(RIVAL_UNIFIED, F_OK) == 0 &&
	    (unshare(CLONE_NEWNS) < 0 || umount2(RIVAL_UNIFIED, MNT_DETACH) < 0))
		_exit(126);
}

static void __attribute__((noreturn))
rival_become(const char *name, enum rival_kind kind, int fd, const char *const *given)
{
	const char *argv[RIVAL_ARGUMENTS + 1] = {NULL};
	char id[32];

	snprintf(id, sizeof(id), "warden-bench-%d", (int)getpid());
	for (size_t i = 0; i < RIVAL_ARGUMENTS && given[i]; i++)
		argv[i] = strcmp(given[i], RIVAL_ID) == 0 ? id : given[i];
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || !bench_cpu_enter(name))
		_exit(126);
	if (kind != RIVAL_SERVICE) {
		rival_hide_unified();
		rival_serve(fd, kind, argv);
	}
	if (dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
		_exit(126);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

void rival_start(struct rival *rival, const char *name, enum rival_kind kind,
		 const char *const *argv)
{
	int type = kind == RIVAL_SERVICE ? SOCK_STREAM : SOCK_SEQPACKET, pair[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0)
		bench_die("a socket pair cannot be made");
	*rival = (struct rival){.name = name, .kind = kind, .fd = pair[0]};
	fflush(NULL);
	rival->pid = fork();
	if (rival->pid < 0)
		bench_die("fork failed");
	if (rival->pid == 0)
		rival_become(name, kind, pair[1], argv);
	close(pair[1]);
}

/* One life of a service, which answers with a line. */
static double rival_ask_service(const struct rival *rival)
{
	double begin = bench_now_ms();
	char line[128];
	size_t length = 0;

	if (send(rival->fd, "\n", 1, MSG_NOSIGNAL) < 0)
		return -1;
	while (length == 0 || line[length - 1] != '\n') {
		ssize_t got = length < sizeof(line)
				      ? recv(rival->fd, line + length, sizeof(line) - length, 0)
				      : -1;

		if (got <= 0)
			return -1;
		length += (size_t)got;
	}
	return bench_now_ms() - begin;
}

static struct rival_report rival_order(const struct rival *rival, double until)
{
	const struct rival_order order = {until};
	struct rival_report report = {.ms = -1};

	if (rival->kind == RIVAL_SERVICE) {
		double begin = bench_now_ms();

		do
			report.ms = rival_ask_service(rival);
		while (++report.n > 0 && report.ms >= 0 && bench_now_ms() < until);
		if (report.ms >= 0)
			report.ms = bench_now_ms() - begin;
	} else if (send(rival->fd, &order, sizeof(order), MSG_NOSIGNAL) < 0 ||
		   recv(rival->fd, &report, sizeof(report), 0) != (ssize_t)sizeof(report)) {
		report.ms = -1;
	}
	return report;
}

double rival_run(const struct rival *rival)
{
	return rival_order(rival, 0).ms;
}

double rival_run_until(const struct rival *rival, double end)
{
	const struct rival_report report = rival_order(rival, end);

	return report.ms < 0 ? -1 : report.n;
}

void rival_end(struct rival *rival)
{
	shutdown(rival->fd, SHUT_RDWR); /* later rivals have copies of it */
	close(rival->fd);
	waitpid(rival->pid, NULL, 0); /* however it ends */
	rival->pid = 0;
}
