/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wshd: the first process of a container. Waits for requests on its socket, starts a keeper for
 * each job, remembers how jobs ended, reaps what nobody else does. It lives until its container
 * goes.
 */
#include <errno.h>
#include <fcntl.h>
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

#include "wshd/privileges.h"
#include "wshd/process_title.h"
#include "wshd/wshd.h"
#include "wshd/wshd_connections.h"
#include "wshd/wshd_stop.h"

/* How long to wait before what could not be told is tried again, in milliseconds. */
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
	/* By hand: a fork may hold a copy, and then closing does not take it out. */
	epoll_ctl(wshd->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	close(source->fd);
	source->fd = -1;
}

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "wshd: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Everything in the queue is one SIGCHLD, so one read empties it. */
static void signals_ready(struct wshd *wshd, struct wshd_source *source, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	if (read(source->fd, &info, sizeof(info)) == sizeof(info))
		wshd_stop_reap(wshd);
}

/* No signal ends or disturbs it; children find the defaults and an empty mask of their own making.
 */
static void signals_init(struct wshd *wshd)
{
	const unsigned long fallback[4] = {
		0}; /* the kernel's struct sigaction: SIG_DFL, no flags */
	sigset_t all, child;

	for (int number = 1; number < NSIG; number++)
		/* By system call: a C library keeps some for itself, which its own posix_spawn
		 * leaves ignored. It fails for those that nobody can change. */
		syscall(SYS_rt_sigaction, number, fallback, NULL, sizeof(uint64_t));
	sigfillset(&all);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_SETMASK, &all, NULL);
	wshd->signals.ready = signals_ready;
	wshd->signals.fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (wshd->signals.fd < 0 || !wshd_source_add(wshd, &wshd->signals, EPOLLIN))
		die("wait for signals");
}

/* Nothing that whoever started it left open comes to a job. */
static void descriptors_init(struct wshd_options *options)
{
	enum { LISTENING = STDERR_FILENO + 1 };

	if (options->fd != LISTENING && dup2(options->fd, LISTENING) < 0)
		die("take the listening socket");
	options->fd = LISTENING;
	if (syscall(SYS_close_range, LISTENING + 1, ~0U, 0) < 0)
		die("close descriptors");
	if (fcntl(LISTENING, F_SETFD, FD_CLOEXEC) < 0 || fcntl(LISTENING, F_SETFL, O_NONBLOCK) < 0)
		die("set up the listening socket");
}

/* Opened before any job can put something in its place. */
static void proc_init(struct wshd *wshd)
{
	struct statfs status;

	wshd->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (wshd->proc_fd < 0 || fstatfs(wshd->proc_fd, &status) < 0)
		die("open /proc");
	if (status.f_type != PROC_SUPER_MAGIC) {
		errno = ENODEV;
		die("/proc is no proc file system");
	}
}

/* What jobs inherit, and what it needs for itself. */
static void process_init(const struct wshd_options *options)
{
	struct rlimit files;

	umask(022);
	if (options->nice != 0 && setpriority(PRIO_PROCESS, 0, options->nice) < 0)
		die("set the niceness");
	if (options->subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		die("become a subreaper");
	if (!options->fake && !privileges_limit(options->bounding))
		die("limit the capabilities of jobs");
	if (chdir(options->fake ? options->fake : "/") < 0)
		die("change to the directory of jobs");
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files); /* else there is room for fewer jobs */
	}
}

static void __attribute__((noreturn)) loop(struct wshd *wshd)
{
	for (;;) {
		struct epoll_event event;
		int pause = wshd_stop_continue(wshd);
		int n;

		if (wshd->retry && (pause < 0 || pause > RETRY_MS))
			pause = RETRY_MS;
		/* One at a time: a handler may close the source of the next. */
		n = epoll_wait(wshd->epoll_fd, &event, 1, pause);
		if (n == 1) {
			struct wshd_source *source = event.data.ptr;

			source->ready(wshd, source, event.events);
		} else if (n == 0 && wshd->retry) {
			wshd_connections_retry(wshd);
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
	descriptors_init(&wshd.options);
	process_init(&wshd.options);
	proc_init(&wshd);
	wshd.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (wshd.epoll_fd < 0)
		die("wait for events");
	signals_init(&wshd);
	wshd.listening =
		(struct wshd_source){.fd = wshd.options.fd, .ready = wshd_connections_accept};
	if (!wshd_source_add(&wshd, &wshd.listening, EPOLLIN))
		die("listen");
	loop(&wshd);
}
