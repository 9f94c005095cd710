/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wshd: the first process of a container. It reads requests from its socket, starts a keeper for
 * each job, stores how jobs ended and reaps orphans. It lives as long as its container.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/clock.h"
#include "wshd/job_score.h"
#include "wshd/job_table.h"
#include "wshd/privileges.h"
#include "wshd/process_title.h"
#include "wshd/wshd.h"
#include "wshd/wshd_connections.h"
#include "wshd/wshd_stop.h"

/* Milliseconds until what failed for want of memory or descriptors is done again. */
enum { RETRY_MS = 100 };

bool wshd_source_add(struct wshd *wshd, struct wshd_source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	return epoll_ctl(wshd->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) == 0;
}

void wshd_source_modify(struct wshd *wshd, struct wshd_source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	epoll_ctl(wshd->epoll_fd, EPOLL_CTL_MOD, source->fd, &event); /* it is registered */
}

void wshd_source_close(struct wshd *wshd, struct wshd_source *source)
{
	/* close(2) alone does not remove it from epoll while a forked keeper has a copy. */
	epoll_ctl(wshd->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	close(source->fd);
	source->fd = -1;
}

static void __attribute__((noreturn)) wshd_die(const char *what)
{
	fprintf(stderr, "wshd: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* At most one SIGCHLD is pending, so one read empties the queue. */
static void wshd_on_signal(struct wshd *wshd, struct wshd_source *source, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	if (read(source->fd, &info, sizeof(info)) == sizeof(info))
		wshd_stop_reap(wshd);
}

/* Blocks all signals and resets all handlers to the defaults, which children inherit; a job clears
 * its signal mask before exec. */
static void wshd_init_signals(struct wshd *wshd)
{
	/* The kernel's struct sigaction: SIG_DFL, no flags. */
	const unsigned long fallback[4] = {0};
	sigset_t all, child;

	for (int number = 1; number < NSIG; number++)
		/* By system call, as the C library refuses its internal signals, which a
		 * posix_spawn may have left ignored. Fails for SIGKILL and SIGSTOP. */
		syscall(SYS_rt_sigaction, number, fallback, NULL, sizeof(uint64_t));
	sigfillset(&all);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_SETMASK, &all, NULL);
	wshd->signals.ready = wshd_on_signal;
	wshd->signals.fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (wshd->signals.fd < 0 || !wshd_source_add(wshd, &wshd->signals, EPOLLIN))
		wshd_die("wait for signals");
}

/* Moves the listening socket to descriptor 3, that of the score to 4, and closes all others, so
 * that no job inherits them. */
static void wshd_init_descriptors(struct wshd_options *options)
{
	enum { LISTENING = STDERR_FILENO + 1, SCORE, OTHERS };
	int score = -1;

	if (options->score_fd > 0 &&
	    (score = fcntl(options->score_fd, F_DUPFD_CLOEXEC, OTHERS)) < 0)
		wshd_die("take oom_score_adj");
	if (options->fd != LISTENING && dup2(options->fd, LISTENING) < 0)
		wshd_die("take the listening socket");
	options->fd = LISTENING;
	if (score >= 0 && dup3(score, SCORE, O_CLOEXEC) < 0)
		wshd_die("take oom_score_adj");
	options->score_fd = score >= 0 ? SCORE : 0;
	if (syscall(SYS_close_range, score >= 0 ? OTHERS : SCORE, ~0U, 0) < 0)
		wshd_die("close descriptors");
	if (fcntl(LISTENING, F_SETFD, FD_CLOEXEC) < 0 || fcntl(LISTENING, F_SETFL, O_NONBLOCK) < 0)
		wshd_die("set up the listening socket");
}

/* Opens /proc before a job can mount something over it. */
static void wshd_open_proc(struct wshd *wshd)
{
	struct statfs status;

	wshd->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (wshd->proc_fd < 0 || fstatfs(wshd->proc_fd, &status) < 0)
		wshd_die("open /proc");
	if (status.f_type != PROC_SUPER_MAGIC) {
		errno = ENODEV;
		wshd_die("/proc is no proc file system");
	}
}

/* Raises the limit of descriptors as far as it goes and keeps a reserve of them. */
static void wshd_init_limit(struct wshd *wshd)
{
	struct rlimit files;
	int limit;

	wshd->reserve_from = INT_MAX; /* if the limit cannot be read */
	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	files.rlim_cur = files.rlim_max;
	/* If it fails, fewer jobs fit. */
	if (setrlimit(RLIMIT_NOFILE, &files) < 0 && getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	limit = files.rlim_cur < INT_MAX ? (int)files.rlim_cur : INT_MAX;
	wshd->reserve_from = limit > 2 * WSHD_RESERVE ? limit - WSHD_RESERVE : limit;
}

/* Sets the process attributes that jobs inherit. */
static void wshd_init_process(const struct wshd_options *options)
{
	umask(022);
	/* EACCES: the daemon's own niceness is higher, and stays. */
	if (options->nice != 0 && setpriority(PRIO_PROCESS, 0, options->nice) < 0 &&
	    errno != EACCES)
		wshd_die("set the niceness");
	if (options->subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		wshd_die("become a subreaper");
	if (!options->fake && !privileges_limit(options->bounding))
		wshd_die("limit the capabilities of jobs");
	if (chdir(options->fake ? options->fake : "/") < 0)
		wshd_die("change to the directory of jobs");
}

/* Does again what failed, RETRY_MS after the failure was seen. `at` is that time, or 0. */
static void wshd_retry_if_due(struct wshd *wshd, int64_t *at)
{
	if (!wshd->retry)
		return;
	if (*at == 0)
		*at = clock_monotonic_ms() + RETRY_MS;
	if (clock_monotonic_ms() < *at)
		return;
	*at = 0;
	wshd->retry = false;
	job_table_retry(wshd);
	wshd_connections_retry(wshd);
}

static void __attribute__((noreturn)) wshd_run_loop(struct wshd *wshd)
{
	int64_t retry_at = 0;

	for (;;) {
		struct epoll_event event;
		int pause = wshd_stop_continue(wshd);
		int n;

		wshd_retry_if_due(wshd, &retry_at);
		if (wshd->retry && (pause < 0 || pause > RETRY_MS))
			pause = RETRY_MS;
		/* One event at a time, as a handler may close the source of the next one. */
		n = epoll_wait(wshd->epoll_fd, &event, 1, pause);
		if (n == 1) {
			struct wshd_source *source = event.data.ptr;

			source->ready(wshd, source, event.events);
		}
	}
}

int main(int argc, char **argv)
{
	struct wshd wshd = {.next_number = 0};

	(void)argc;
	if (!wshd_options_parse(&wshd.options, argv + 1)) {
		fprintf(stderr, "wshd is started by wardend; see proto/wshd_protocol.h\n");
		return 2;
	}
	process_title_init(argv);
	process_title_set(wshd.options.title);
	wshd_init_descriptors(&wshd.options);
	wshd_init_process(&wshd.options);
	if (!job_score_init(&wshd))
		wshd_die("read oom_score_adj");
	wshd_init_limit(&wshd);
	wshd_open_proc(&wshd);
	wshd.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (wshd.epoll_fd < 0)
		wshd_die("wait for events");
	wshd_init_signals(&wshd);
	wshd.listening =
		(struct wshd_source){.fd = wshd.options.fd, .ready = wshd_connections_accept};
	if (!wshd_source_add(&wshd, &wshd.listening, EPOLLIN))
		wshd_die("listen");
	wshd_run_loop(&wshd);
}
